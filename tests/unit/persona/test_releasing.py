"""Who speaks just now: a release is taken up in seconds, a canary by its share of threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from bot.conversation import Route
from bot.errors import ModelRefusedError, ReleaseError, StorageError
from bot.evidence import Unknown
from bot.ports import Brief, Spoken
from bot.store.base import Database, Operation, T
from persona.registry import ModelVersion, Registry
from persona.releasing import VoiceReleases

BY = "console:operator"
BRIEF = Brief("Hi", "Hi", (), (), Route.VOICE)


class Server:
    """A model server that knows the adapters that were loaded."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)
        self.loads: list[str] = []
        self.unloads: list[str] = []
        self.refuses = False
        self.hold: asyncio.Event | None = None

    async def load(self, model: str, adapter: Path) -> None:
        assert adapter.name
        if self.hold is not None:
            await self.hold.wait()
        if self.refuses:
            raise ReleaseError(reason="the server loads nothing")
        self.loads.append(model)
        self.known.add(model)

    async def unload(self, model: str) -> None:
        self.unloads.append(model)
        self.known.discard(model)


class Speaks:
    """A voice behind a server."""

    persona = "Juniper@1"

    def __init__(self, server: Server, model: str) -> None:
        self.model = model
        self._server = server

    async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        assert brief.question
        if self.model not in self._server.known:
            raise ModelRefusedError(status=404, reason="unknown model id")
        yield Spoken(f"I am {self.model}")

    def decline(self, brief: Brief, why: Unknown | None = None) -> str:
        assert brief.question
        return f"{self.model} does not know {why or 'it'}"


class Hands:
    """A clock in seconds that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def released(registry: Registry, *models: str, adapters: bool = False) -> None:
    """Versions of models."""
    for model in models:
        await registry.register(model=model, by=BY, adapter=Path("/a") if adapters else None)


def releases_of(
    registry: Registry, server: Server, watch: Hands, *, deploys: bool = False
) -> VoiceReleases:
    def voice_of(version: ModelVersion) -> Speaks:
        return Speaks(server, version.model)

    deployment = server if deploys else None
    return VoiceReleases(registry.release, voice_of, deployment, watch=watch, unload_s=0.0)


async def spoken(releases: VoiceReleases, thread: str = "t") -> str | None:
    """The model that speaks in a thread."""
    voice = await releases.voice(thread)
    return None if voice is None else voice.model


async def until(holds: Callable[[], object]) -> None:
    """Wait for what a task behind the scenes does."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - what is waited for knows no event
            await asyncio.sleep(0.01)


async def test_release_is_taken_up_within_its_seconds(database: Database) -> None:
    """Promotion and rollback reach a running process in a second, with one read in between."""
    registry, watch = Registry(database), Hands()
    releases = releases_of(registry, Server(), watch)
    assert await spoken(releases) is None
    await released(registry, "one")
    await registry.promote("v1", by=BY, force=True, reason="x")
    watch.now += 0.9
    assert await spoken(releases) is None
    watch.now += 0.2
    assert await spoken(releases) == "one"
    await registry.roll_back(by=BY)
    watch.now += 1.1
    assert await spoken(releases) is None


async def test_canary_keeps_its_threads_while_its_share_grows(database: Database) -> None:
    """A thread that the canary answered stays with it; the voices are the same objects."""
    registry, watch = Registry(database), Hands()
    releases = releases_of(registry, Server(), watch)
    await released(registry, "one", "two")
    await registry.promote("v1", by=BY, force=True, reason="x")
    threads = [f"thread{n}" for n in range(400)]
    before: set[str] = set()
    for share in (0.1, 0.5, 1.0):
        await registry.start_canary("v2", share, by=BY)
        watch.now += 3
        with_canary = {t for t in threads if await spoken(releases, t) == "two"}
        assert before <= with_canary
        assert (
            abs(len(with_canary) / len(threads) - share) < 0.12
        )  # of 400 by chance: five deviations
        before = with_canary
    assert await releases.voice("a") is await releases.voice("b")


async def test_lost_database_leaves_the_release_that_is_known(database: Database) -> None:
    """A database that is gone changes nothing, and raises nothing."""

    class Gone(Database):
        lost = False

        async def read(self, op: Operation[T]) -> T:
            if self.lost:
                raise StorageError("the database is gone")
            return await database.read(op)

    gone, watch = Gone.__new__(Gone), Hands()
    await released(Registry(database), "one")
    await Registry(database).promote("v1", by=BY, force=True, reason="x")
    releases = releases_of(Registry(gone), Server(), watch)
    assert await spoken(releases) == "one"
    gone.lost = True
    watch.now += 10
    assert await spoken(releases) == "one"


async def test_adapter_is_loaded_before_it_gets_traffic(sqlite_database: Database) -> None:
    """Until the server has the new version the one before goes on, and a retired one is
    unloaded."""
    registry, server, watch = Registry(sqlite_database), Server(), Hands()
    await released(registry, "one", "two", adapters=True)
    await registry.promote("v1", by=BY, force=True, reason="x")
    releases = releases_of(registry, server, watch, deploys=True)
    assert await spoken(releases) == "one"
    server.hold = asyncio.Event()
    await registry.promote("v2", by=BY, force=True, reason="x")
    watch.now += 3
    assert await spoken(releases) == "one"
    server.hold.set()
    await until(lambda: "two" in server.loads)
    await asyncio.sleep(0.01)
    assert await spoken(releases) == "two"
    assert server.loads == ["one", "two"]
    await releases.aclose()


async def test_version_that_cannot_be_loaded_gets_no_traffic(sqlite_database: Database) -> None:
    """A server that refuses an adapter leaves the general model speaking; it is tried again."""
    registry, server, watch = Registry(sqlite_database), Server(), Hands()
    server.refuses = True
    await released(registry, "one", adapters=True)
    await registry.promote("v1", by=BY, force=True, reason="x")
    releases = releases_of(registry, server, watch, deploys=True)
    assert await spoken(releases) is None
    server.refuses = False
    watch.now += 31
    await spoken(releases)
    await until(lambda: server.loads)
    await asyncio.sleep(0.01)
    assert await spoken(releases) == "one"


async def test_a_fault_in_loading_is_not_repeated_at_every_look(sqlite_database: Database) -> None:
    """What goes wrong in the program itself waits as long as a server's refusal."""
    registry, server, watch = Registry(sqlite_database), _Faulty(), Hands()
    releases = releases_of(registry, server, watch, deploys=True)
    await released(registry, "one", adapters=True)
    await registry.promote("v1", by=BY, force=True, reason="x")
    for _ in range(5):
        assert await spoken(releases) is None
        watch.now += 2.1
        await asyncio.sleep(0)
    assert server.tried == 1
    watch.now += 30
    await spoken(releases)
    await asyncio.sleep(0)
    assert server.tried == 2
    await releases.aclose()


class _Faulty(Server):
    """A deployment with a fault in its program."""

    tried = 0

    async def load(self, model: str, adapter: Path) -> None:
        self.tried += 1
        raise KeyError(model, adapter)


async def test_retired_version_is_unloaded(sqlite_database: Database) -> None:
    """What was rolled back leaves the server after a while."""
    registry, server, watch = Registry(sqlite_database), Server(), Hands()
    await released(registry, "one", adapters=True)
    await registry.promote("v1", by=BY, force=True, reason="x")
    releases = releases_of(registry, server, watch, deploys=True)
    await spoken(releases)
    await registry.roll_back(by=BY)
    watch.now += 3
    assert await spoken(releases) is None
    await until(lambda: server.unloads)
    assert server.unloads == ["one"]


async def test_what_was_rolled_back_speaks_no_more(sqlite_database: Database) -> None:
    """Where the version before has to be loaded first, the general model speaks meanwhile."""
    registry, server, watch = Registry(sqlite_database), Server(), Hands()
    await released(registry, "one", "two", adapters=True)
    for version in ("v1", "v2"):
        await registry.promote(version, by=BY, force=True, reason="x")
    releases = releases_of(registry, server, watch, deploys=True)
    assert await spoken(releases) == "two"
    server.hold = asyncio.Event()
    await registry.roll_back(by=BY)
    watch.now += 3
    assert await spoken(releases) is None
    server.hold.set()
    await until(lambda: "one" in server.loads)
    await asyncio.sleep(0.01)
    assert await spoken(releases) == "one"
    await releases.aclose()


async def test_adapter_is_loaded_again_after_the_server_was_started_anew(
    sqlite_database: Database,
) -> None:
    """A model that the server no longer knows is loaded, and the answer is spoken."""
    registry, server, watch = Registry(sqlite_database), Server(), Hands()
    await released(registry, "one", adapters=True)
    await registry.promote("v1", by=BY, force=True, reason="x")
    releases = releases_of(registry, server, watch, deploys=True)
    voice = await releases.voice("t")
    assert voice is not None
    server.known.clear()
    assert [piece.text async for piece in voice.speak(BRIEF)] == ["I am one"]
    assert server.loads == ["one", "one"]


async def test_askers_at_once_wait_for_the_first_look(sqlite_database: Database) -> None:
    """Nobody is answered before it is known who speaks."""
    registry, watch = Registry(sqlite_database), Hands()
    await released(registry, "one")
    await registry.promote("v1", by=BY, force=True, reason="x")
    releases = releases_of(registry, Server(), watch)
    found = await asyncio.gather(*(spoken(releases, f"t{n}") for n in range(20)))
    assert set(found) == {"one"}
