"""The database and the knowledge are moved while ``serve`` answers questions."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.history import History
from tests.platforms.command import Cli, Process, environment, start_command
from tests.platforms.ports import free_port
from tests.platforms.served_bot import TOKEN, Api, until
from tests.platforms.weaviate_server import WeaviateProcess

QUESTION = "How long is the warranty of the pump?"


@pytest.fixture
def bot(tmp_path: Path) -> Cli:
    """A bot with one document."""
    folder = tmp_path / "bot"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "pump.md").write_text("# Pump\n\nThe warranty of the pump is five years.\n")
    cli = Cli(folder)
    assert cli("ingest", "docs").returncode == 0
    return cli


class Kept:
    """``serve`` as a service manager keeps it: started again whenever it ends, with the settings
    that hold then."""

    def __init__(self, folder: Path, more: dict[str, str]) -> None:
        self.port = free_port()
        self.more = more
        self.ends: list[int] = []
        self._folder = folder
        self._over = False
        self._process: Process | None = None
        self._thread = threading.Thread(target=self._keep)

    def _keep(self) -> None:
        while not self._over:
            settings = {"WELLSPOKEN_CONSOLE_TOKEN": TOKEN, **self.more}
            with (self._folder / "serve.log").open("ab") as log:
                self._process = start_command(
                    "serve",
                    "--only",
                    "web",
                    "--port",
                    str(self.port),
                    cwd=self._folder,
                    env=environment(self._folder, **settings),
                    out=log,
                )
                self.ends.append(self._process.wait())

    def ready(self) -> bool:
        """Whether questions can be asked."""
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False

    def restart(self) -> None:
        """Have it stop, as a service manager does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    @contextmanager
    def running(self) -> Iterator[Api]:
        self._thread.start()
        try:
            until(self.ready, "serve", 90)
            yield Api(f"http://127.0.0.1:{self.port}")
        finally:
            self._over = True
            if self._process is not None:
                self._process.send_signal(signal.SIGTERM)
            self._thread.join(60)


class Asker:
    """Asks one question after the other, each until it is answered."""

    def __init__(self, api: Api) -> None:
        self.turns: dict[str, str] = {}
        self.again = 0
        self.refused: list[str] = []
        """What was answered, and not from the document."""
        self._api = api
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on)

    def _go_on(self) -> None:
        while not self._over.is_set():
            key = f"question-{len(self.turns)}"
            while not self._over.is_set() and key not in self.turns:
                if (turn := self._asked(key)) is not None:
                    self.turns[key] = turn
                else:
                    self.again += 1
                    self._over.wait(0.2)

    def _asked(self, key: str) -> str | None:
        headers = {"authorization": f"Bearer {self._api.token}", "idempotency-key": key}
        try:
            answer = httpx2.post(
                f"{self._api.address}/api/ask",
                json={"question": QUESTION},
                headers=headers,
                timeout=60,
            )
        except httpx2.TransportError:
            return None
        if answer.status_code != 200:  # it is about to stop, and says to try again
            return None
        if "five years" not in answer.json()["answer"]:
            self.refused.append(answer.text)
            return None
        return str(answer.json()["turn"])

    @contextmanager
    def asking(self) -> Iterator[Callable[[int], None]]:
        """Ask for a block; the value waits until so many more are answered."""

        def more(number: int) -> None:
            wanted = len(self.turns) + number
            until(lambda: len(self.turns) >= wanted, f"{number} more answers", 90)

        self._thread.start()
        try:
            yield more
        finally:
            self._over.set()
            self._thread.join(90)


@pytest.mark.slow
@pytest.mark.postgres
async def test_sqlite_goes_to_postgresql_without_a_lost_question(
    bot: Cli, postgres_url: str, request: pytest.FixtureRequest
) -> None:
    """DATABASE_URL is set for the next start, the move is made, the running process stops by itself
    and comes back with the new database: every answer that was given is kept there."""
    cluster = request.getfixturevalue("postgres")
    target = cluster.url(cluster.create())
    old = f"sqlite:///{bot.folder / '.wellspoken' / 'wellspoken.db'}"
    kept = Kept(bot.folder, {})
    with kept.running() as api:
        asker = Asker(api)
        with asker.asking() as more:
            more(3)
            kept.more = {"DATABASE_URL": target}
            moved = bot.json("db", "move", "--from", old, "--to", target, timeout=110)
            until(lambda: kept.ends, "the process that was left to stop", 60)
            more(3)
        assert kept.ends == [1]
    assert moved["tables"] > 40
    assert moved["target"] == target
    database = await Database.open(target)
    kept_there = await History(database).turns(list(asker.turns.values()))
    assert set(kept_there) == set(asker.turns.values())
    assert await AuditTrail(database).verify_all() is None
    await database.close()
    refused = bot("ask", QUESTION)
    assert refused.returncode == 2
    assert "was moved to postgresql://wellspoken@127.0.0.1" in refused.stderr


@pytest.mark.slow
@pytest.mark.weaviate
async def test_the_knowledge_goes_to_weaviate_without_a_lost_question(
    bot: Cli, weaviate: WeaviateProcess
) -> None:
    """WEAVIATE_URL is set for the next start, the copy is made while questions are answered from
    the file and documents are read in, and once more before the process is started again: the same
    answers, from Weaviate, of a document that is new meanwhile too and none of one that went."""
    settings = {
        "WEAVIATE_URL": weaviate.url,
        "WEAVIATE_GRPC_URL": weaviate.grpc_url,
        "WEAVIATE_API_KEY": weaviate.key,
    }
    name = f"Moved{weaviate.url.rsplit(':', 1)[1]}"
    (bot.folder / "wellspoken.toml").write_text(f'[weaviate]\ncollection = "{name}"\n')
    docs = bot.folder / "docs"
    (docs / "hose.md").write_text("# Hose\n\nThe hose of the garden is ninety metres long.\n")
    assert bot("ingest", "docs").returncode == 0
    kept = Kept(bot.folder, {})
    with kept.running() as api:
        asker = Asker(api)
        with asker.asking() as more:
            more(2)
            kept.more = settings
            there = Cli(bot.folder, settings)
            copy = ("knowledge", "copy", "--from", "embedded", "--to", "weaviate")
            (docs / "hose.md").unlink()
            (docs / "valve.md").write_text("# Valve\n\nThe valve opens at seven bars.\n")
            with ThreadPoolExecutor(1) as beside:
                reading = beside.submit(bot, "ingest", "docs")
                there.json(*copy)
                assert reading.result().returncode == 0
            copied = there.json(*copy)
            more(2)
            kept.restart()
            until(lambda: kept.ends, "the old process to stop", 60)
            (bot.folder / ".wellspoken" / "knowledge.db").unlink()
            more(2)
            assert "seven bars" in api.ask("At how many bars does the valve open?")["answer"]
            assert "ninety" not in api.ask("How long is the hose of the garden?")["answer"]
        assert kept.ends == [0]
    assert copied["documents"] == 2
    assert asker.refused == []
