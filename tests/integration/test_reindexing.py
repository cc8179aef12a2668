"""Another index beside the live one: built, compared, switched to, and back, with questions asked
all the while."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from bot.conversation import Principal
from bot.errors import NotFoundError, StorageError, StoreMismatchError, UsageError
from bot.lexical import terms
from bot.ports import Embedder, Vectors
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge import chunking
from knowledge.exclusive import Exclusive
from knowledge.indexes import LiveIndex, LiveRetriever, LiveStore
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.reindexing import Probe, Reindexer, ReindexRunningError, drop
from knowledge.sources.folder import FolderSource
from knowledge.stores.base import DocumentKey, VectorStore
from knowledge.stores.files import EmbeddedShelf
from knowledge.stores.shelf import IndexShelf, IndexSpec
from tests.platforms.weaviate_server import WeaviateProcess

STAFF = frozenset({"staff"})
_numbers = count(1)


class WordVectors:
    """Unit vectors of the words of a text; models differ in where they put them."""

    def __init__(self, model: str, dimensions: int, means: Mapping[str, str] | None = None) -> None:
        self.model = model
        self.dimensions = dimensions
        self.embedded = 0
        self._means = means or {}

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += len(texts)
        await asyncio.sleep(0.01)
        return np.stack([self._vector(text) for text in texts])

    async def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self._vector(text)
        return vector

    def _vector(self, text: str) -> Vectors:
        vector = np.full(self.dimensions, 1e-3, np.float32)
        for term in (self._means.get(t, t) for t in terms(text)):
            vector[zlib.crc32(f"{self.model} {term}".encode()) % self.dimensions] += 1
        return vector / np.float32(np.linalg.norm(vector))


ONE, TWO = WordVectors("one", 32), WordVectors("two", 48)


def spec(embedder: Embedder) -> IndexSpec:
    return IndexSpec(embedder.model, embedder.dimensions, chunking.VERSION)


@dataclass
class House:
    """A knowledge base with model one, and what reindexes it."""

    docs: Path
    shelf: IndexShelf
    ledger: Ledger
    exclusive: Exclusive
    leases: Leases
    known: dict[str, Embedder]
    opened: list[LiveIndex] = field(default_factory=list)

    async def embedder(self, wanted: IndexSpec) -> Embedder:
        if wanted.model not in self.known:
            raise StoreMismatchError(found=wanted.model, wanted=", ".join(self.known))
        return self.known[wanted.model]

    async def live(self, wanted: Embedder = ONE) -> LiveIndex:
        """The live index, as one more process opens it."""
        index = LiveIndex(self.shelf, self.embedder, spec(wanted))
        await index.open()
        self.opened.append(index)
        return index

    def reindexer(self) -> Reindexer:
        return Reindexer(self.shelf, self.ledger, self.exclusive, self.embedder)

    def write(self, name: str, text: str) -> None:
        (self.docs / name).write_text(text)

    async def ingest(self, index: LiveIndex) -> None:
        async def current() -> tuple[VectorStore, Embedder]:
            now = await index.current(0)
            return now.store, now.embedder

        ingestor = Ingestor(self.ledger, LiveStore(index), self.leases, current=current)
        await ingestor.ingest(FolderSource(self.docs, name="docs"))
        await ingestor.embed_waiting()

    async def live_model(self) -> str:
        name = await self.shelf.live()
        return next(r.spec.model for r in await self.shelf.records() if r.name == name)


@pytest.fixture(params=["embedded", pytest.param("weaviate", marks=pytest.mark.weaviate)])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[IndexShelf]:
    """A shelf of each kind, without any index yet."""
    if request.param == "embedded":
        embedded = EmbeddedShelf(tmp_path)
        yield embedded
        await embedded.close()
        return
    from knowledge.stores.weaviate import WeaviateServer, WeaviateShelf

    process: WeaviateProcess = request.getfixturevalue("weaviate")
    server = WeaviateServer(process.url, process.grpc_url, process.key, timeout_s=20)
    await server.open()
    weaviate = WeaviateShelf(server, collection=f"Reindexing{next(_numbers)}")
    yield weaviate
    for record in await weaviate.records():
        if record.state != "live":
            await weaviate.drop(record.name)
    await weaviate.close()


@pytest.fixture
async def house(
    shelf: IndexShelf, sqlite_database: Database, tmp_path: Path
) -> AsyncIterator[House]:
    """Twelve pages, read in with model one."""
    docs = tmp_path / "docs"
    docs.mkdir()
    leases = Leases(sqlite_database)
    made = House(
        docs, shelf, Ledger(sqlite_database), Exclusive(leases), leases, {"one": ONE, "two": TWO}
    )
    for n in range(12):
        made.write(f"p{n}.md", f"# How do I oil pump {n}?\n\nPump {n} takes oil number {n * 7}.\n")
    await made.ingest(await made.live())
    yield made
    for index in made.opened:
        await index.close()


async def found(index: LiveIndex, question: str, *groups: str) -> list[str]:
    retrieval = await LiveRetriever(index).retrieve(question, Principal(frozenset(groups)), 3)
    assert not retrieval.degraded
    return [p.chunk.document for p in retrieval.passages]


async def test_another_model_takes_over_without_downtime(house: House) -> None:
    """The new index is built beside, found as good, and switched to; processes that are open
    follow, and the old index is kept."""
    mine, other = await house.live(), await house.live()
    done = await house.reindexer().reindex(spec(TWO))
    assert done.switched and done.documents == 12
    assert done.comparison is not None and done.comparison.questions == 12
    assert not done.comparison.worse
    for index in (mine, other):
        assert (await index.current(0)).embedder is TWO
        assert (await found(index, "oil of pump 7"))[0] == "p7.md"
    states = {r.spec.model: r.state for r in await house.shelf.records()}
    assert states == {"one": "previous", "two": "live"}


async def test_questions_are_answered_all_the_while(house: House) -> None:
    """Building, comparing, switching and rolling back never fail a question, nor miss its page."""
    index = await house.live()
    stop, asked = asyncio.Event(), 0

    async def ask() -> None:
        nonlocal asked
        while not stop.is_set():
            n = asked % 12
            assert (await found(index, f"Which oil does pump {n} take?"))[0] == f"p{n}.md"
            asked += 1
            await asyncio.sleep(0)

    asking = asyncio.create_task(ask())
    await house.reindexer().reindex(spec(TWO))
    await index.current(0)
    await house.reindexer().roll_back()
    await index.current(0)
    stop.set()
    await asking
    assert asked > 12


async def test_what_changes_meanwhile_is_in_the_new_index(house: House) -> None:
    """Documents that are added, changed and removed, and rights that change while the new index is
    built and compared, are there after the switch."""
    index = await house.live()
    changed = asyncio.Event()
    tasks: set[asyncio.Task[None]] = set()

    async def change() -> None:
        house.write("p3.md", "# Pump 3\n\nPump 3 was rebuilt and takes grease.\n")
        house.write("p4.md", "---\ngroups: [staff]\n---\n# Pump 4\n\nPump 4 is secret now.\n")
        house.write("new.md", "# A new valve\n\nThe valve has a spring.\n")
        (house.docs / "p5.md").unlink()
        await house.ingest(index)
        changed.set()

    def progress(what: str, done: int, total: int | None) -> None:
        if what == "questions" and not tasks:
            tasks.add(asyncio.create_task(change()))

    class Waiting(Reindexer):
        async def _compare(self, *arguments: object) -> object:  # type: ignore[override]  # waits
            result = await super()._compare(*arguments)  # type: ignore[arg-type]  # as handed in
            await changed.wait()
            return result

    waiting = Waiting(house.shelf, house.ledger, house.exclusive, house.embedder)
    await waiting.reindex(spec(TWO), progress=progress)
    assert await house.live_model() == "two"
    await index.current(0)
    assert (await found(index, "Which pump takes grease?"))[0] == "p3.md"
    assert (await found(index, "Has the valve a spring?"))[0] == "new.md"
    assert "p4.md" not in await found(index, "Is pump 4 secret?")
    assert "p4.md" in await found(index, "Is pump 4 secret?", "staff")
    store = (await index.current(0)).store
    assert DocumentKey("docs", "p5.md") not in await store.documents()
    assert (await store.stats()).waiting == 0


async def test_an_interrupted_run_goes_on_where_it_was(house: House) -> None:
    """What was built and embedded before the interruption is not made again."""
    first = WordVectors("three", 16)
    house.known["three"] = first

    def stop(what: str, done: int, total: int | None) -> None:
        if what == "questions":
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        await house.reindexer().reindex(spec(first), progress=stop)
    assert await house.live_model() == "one"
    assert first.embedded == 12
    done = await house.reindexer().reindex(spec(first))
    assert done.switched
    assert first.embedded == 12
    assert len(await house.shelf.records()) == 2


async def test_an_index_that_finds_less_is_not_switched_to(house: House) -> None:
    """The live one goes on answering; whoever insists gets the other."""
    clever = WordVectors("clever", 64, means={"kwyjibo": "zebra"})
    house.known["clever"] = clever
    house.write("zebra.md", "# Zebra\n\nA zebra has a zebra's stripes, says the zebra.\n")
    await house.ingest(await house.live())
    probes = [Probe("kwyjibo", frozenset({"zebra.md"}))]
    assert (await house.reindexer().reindex(spec(clever), probes=probes)).switched
    worse = await house.reindexer().reindex(spec(TWO), probes=probes)
    assert worse.comparison is not None
    assert (worse.comparison.live, worse.comparison.new) == (1, 0)
    assert not worse.switched
    assert await house.live_model() == "clever"
    assert (await house.reindexer().reindex(spec(TWO), probes=probes, force=True)).switched
    assert await house.live_model() == "two"


async def test_the_way_back_is_up_to_date(house: House) -> None:
    """The index before answers again, with what was read in since."""
    index = await house.live()
    await house.reindexer().reindex(spec(TWO))
    house.write("late.md", "# Late\n\nThe latecomer has a blue hat.\n")
    await house.ingest(index)
    record = await house.reindexer().roll_back()
    assert record.spec.model == "one"
    assert (await index.current(0)).embedder is ONE
    assert (await found(index, "Who has a blue hat?"))[0] == "late.md"
    assert {r.spec.model: r.state for r in await house.shelf.records()} == {
        "one": "live",
        "two": "previous",
    }


async def test_without_an_index_before_there_is_no_way_back(house: House) -> None:
    """One sentence, and nothing changes."""
    with pytest.raises(NotFoundError, match="no index before"):
        await house.reindexer().roll_back()
    assert await house.live_model() == "one"


async def test_a_switch_is_on_record_before_it_is_made(house: House) -> None:
    """A crash right after it loses no entry: what was live is live while the entry is written."""
    noted: list[tuple[str, str]] = []

    async def note(name: str) -> None:
        noted.append((name, await house.live_model()))

    async def refuse(_: str) -> None:
        raise StorageError("The trail cannot be written.")

    with pytest.raises(StorageError):
        await house.reindexer().reindex(spec(TWO), before=refuse)
    assert await house.live_model() == "one"
    done = await house.reindexer().reindex(spec(TWO), before=note)
    back = await house.reindexer().roll_back(before=note)
    assert await house.live_model() == "one"
    with pytest.raises(UsageError):
        await drop(house.shelf, house.exclusive, back.name, note)
    with pytest.raises(StorageError):
        await drop(house.shelf, house.exclusive, done.index.name, refuse)
    await drop(house.shelf, house.exclusive, done.index.name, note)
    assert noted == [(done.index.name, "one"), (back.name, "two"), (done.index.name, "one")]


async def test_two_do_not_reindex_at_once(house: House) -> None:
    """The second gets one sentence."""
    second: list[BaseException] = []

    def progress(what: str, done: int, total: int | None) -> None:
        if not second:
            second.append(RuntimeError())
            tasks.add(asyncio.create_task(attempt()))

    async def attempt() -> None:
        try:
            await house.reindexer().reindex(spec(TWO))
        except ReindexRunningError as error:
            second[0] = error

    tasks: set[asyncio.Task[None]] = set()
    await house.reindexer().reindex(spec(TWO), progress=progress)
    await asyncio.gather(*tasks)
    assert isinstance(second[0], ReindexRunningError)


async def test_no_index_is_dropped_while_one_is_built(house: House) -> None:
    """It could be the one that is being built, or undo the switch; afterwards it may go."""
    refused: list[str] = []

    async def attempt() -> None:
        for record in await house.shelf.records():
            with suppress(ReindexRunningError):
                await drop(house.shelf, house.exclusive, record.name)
                continue
            refused.append(record.state)

    def progress(what: str, done: int, total: int | None) -> None:
        if not tasks:
            tasks.append(asyncio.create_task(attempt()))

    tasks: list[asyncio.Task[None]] = []
    await house.reindexer().reindex(spec(TWO), progress=progress)
    await asyncio.gather(*tasks)
    assert sorted(refused) == ["building", "live"]
    (before,) = [r.name for r in await house.shelf.records() if r.state == "previous"]
    await drop(house.shelf, house.exclusive, before)
    assert [r.state for r in await house.shelf.records()] == ["live"]


async def test_an_index_whose_model_is_gone_can_be_replaced(house: House) -> None:
    """Nothing to compare with, so the new one is switched to."""
    del house.known["one"]
    done = await house.reindexer().reindex(spec(TWO))
    assert done.comparison is None
    assert done.switched


async def test_another_model_that_is_set_does_not_stop_the_answers(house: House) -> None:
    """A process that starts with another model set answers from the index as it is."""
    index = await house.live(TWO)
    assert (await index.current()).embedder is ONE
    assert (await found(index, "Which oil does pump 9 take?"))[0] == "p9.md"


async def test_an_empty_index_gives_way_to_the_model_that_is_set(
    shelf: IndexShelf, sqlite_database: Database, tmp_path: Path
) -> None:
    """Before anything is read in, changing the model needs no reindexing."""
    leases = Leases(sqlite_database)
    house = House(
        tmp_path,
        shelf,
        Ledger(sqlite_database),
        Exclusive(leases),
        leases,
        {"one": ONE, "two": TWO},
    )
    first = await house.live(ONE)
    await first.close()
    second = await house.live(TWO)
    assert (await second.current()).embedder is TWO
    assert await house.live_model() == "two"
    await second.close()


async def test_a_process_without_the_new_model_searches_by_words(house: House) -> None:
    """It answers from the new index all the same, so that nothing removed there is answered, and
    says what is wrong."""

    async def only_one(wanted: IndexSpec) -> Embedder:
        if wanted.model != "one":
            raise StoreMismatchError(found=wanted.model, wanted="one")
        return ONE

    index = LiveIndex(house.shelf, only_one, spec(ONE))
    await index.open()
    house.opened.append(index)
    assert index.trouble is None
    await house.reindexer().reindex(spec(TWO))
    (house.docs / "p7.md").unlink()
    await house.ingest(await house.live())
    retrieval = await LiveRetriever(index).retrieve("Which oil does pump 7 take?", Principal())
    assert "p7.md" not in [p.chunk.document for p in retrieval.passages]
    assert retrieval.passages
    assert "words alone" in retrieval.degraded[0]
    assert "two" in str(index.trouble)


async def test_an_empty_index_of_a_model_that_is_gone_stops_nobody(
    shelf: IndexShelf, sqlite_database: Database, tmp_path: Path
) -> None:
    """Whoever comes with another model gets an index for it."""
    leases = Leases(sqlite_database)
    house = House(tmp_path, shelf, Ledger(sqlite_database), Exclusive(leases), leases, {"one": ONE})
    await (await house.live(ONE)).close()
    house.known = {"two": TWO}
    second = await house.live(TWO)
    assert (await second.current()).embedder is TWO
    await second.close()
