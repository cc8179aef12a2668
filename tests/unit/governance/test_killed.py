"""Whoever is killed in the middle leaves no half file, and no words that the next one leaves."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.governance.files import private_file, remove_exports
from adapters.governance.people import ForgottenError, PeopleDesk
from adapters.governance.retention import RetentionDesk
from bot.conversation import Author, Platform
from bot.errors import StorageError
from bot.settings import load_settings
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.drivers import driver_for
from bot.store.erasure import Erasure
from bot.store.forgetting import Person
from bot.store.history import History
from bot.store.ids import new_id
from tests.platforms.command import ROOT
from tests.platforms.turns import turn_of

ANN = "slack:U024BE7LH"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
_WRITES = """
import sys, time
from pathlib import Path
from adapters.governance.files import private_file
with private_file(Path(sys.argv[1])) as file:
    file.write("quince marmalade of aunt Zwetschge")
    file.flush()
    print("written", flush=True)
    time.sleep(600)
"""


async def ask(database: Database, words: str, days: int = 0) -> None:
    author = Author(Platform.SLACK, ANN.partition(":")[2], "Ann")
    turn = replace(turn_of("Hold it."), id=new_id("turn"), author=author, question=words)
    await History(database).record(replace(turn, at=NOW - timedelta(days=days)))


def papers(folder: Path) -> list[Path]:
    """What was given out, wherever in a folder."""
    return [path for path in folder.rglob("*") if path.suffix in (".jsonl", ".md")]


def test_a_file_that_was_being_written_is_not_there(tmp_path: Path) -> None:
    """Nor anything of it, once it was written again; what another one is writing is left alone."""
    out = tmp_path / "audit.csv"
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITES, str(out)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"written\n"
    with private_file(out) as file:
        file.write("one")
    assert len(list(tmp_path.iterdir())) == 2  # the other one's draft too
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert out.read_text() == "one"
    with private_file(out) as file:
        file.write("two")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("audit.csv", "two")]


async def test_drafts_of_the_dead_go_with_the_next_export(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Of folders that somebody still writes to nothing is touched."""
    await ask(sqlite_database, "marmoset")
    exports = tmp_path / "exports"
    for name in ("dead", "alive"):
        (exports / f".draft-{name}").mkdir(parents=True)
        (exports / f".draft-{name}" / "messages.jsonl").write_text("quince")
    holder = os.open(exports / ".draft-alive", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    desk = PeopleDesk(sqlite_database, AuditTrail(sqlite_database), tmp_path, lambda: NOW)
    done = await desk.export(ANN, by="terminal:operator")
    os.close(holder)
    assert {path.name for path in exports.iterdir()} == {".draft-alive", done.folder.name}


@pytest.mark.parametrize("there", [False, True])
async def test_who_is_forgotten_meanwhile_is_not_given_out(
    sqlite_database: Database, tmp_path: Path, there: bool
) -> None:
    """The erasure finds the draft; the copy that it could not know of goes too."""
    await ask(sqlite_database, "marmoset")
    out = tmp_path / "elsewhere"
    if there:
        out.mkdir()

    class Meanwhile(AuditTrail):
        """Put on record just before it is published."""

        async def operator(self, action: str, actor: str, **details: object) -> str:
            remove_exports(tmp_path, Person.of(ANN))
            return await super().operator(action, actor, **details)

    desk = PeopleDesk(sqlite_database, Meanwhile(sqlite_database), tmp_path, lambda: NOW)
    with pytest.raises(ForgottenError):
        await desk.export(ANN, by="terminal:operator", to=out)
    assert papers(tmp_path) == []


class Killed(Database):
    """Whoever works on it is killed before the bytes are looked at."""

    async def scrub(self, tables: Sequence[str], traces: Sequence[str]) -> None:
        raise StorageError("killed")


@pytest.mark.parametrize("what", ["erasure", "retention"])
async def test_bytes_go_though_nobody_knows_the_words_any_more(
    sqlite_database_url: str, tmp_path: Path, what: str
) -> None:
    """Rows are gone, and the one who knew which words they held: the next one writes anew."""
    settings = load_settings(WELLSPOKEN_HOME=tmp_path / "home", retention={"messages": "30d"})
    (tmp_path / "home").mkdir()

    async def work(database: Database) -> None:
        trail = AuditTrail(database)
        if what == "erasure":
            await Erasure(database, trail).forget(ANN)
        else:
            await RetentionDesk(settings, database, trail, lambda: NOW).run(by="terminal:operator")

    def found() -> bool:
        return any(b"marmoset" in each.read_bytes() for each in tmp_path.glob("*.db*"))

    driver = driver_for(sqlite_database_url)
    await driver.start()
    killed = Killed(driver)
    for n in range(30):
        await ask(killed, f"marmoset {n} " + "long " * 400, days=60)
    with pytest.raises(StorageError, match="killed"):
        await work(killed)
    assert found()
    await killed.close()
    database = await Database.open(sqlite_database_url)
    await work(database)
    assert not found()
    await database.close()
