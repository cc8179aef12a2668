"""A home is saved while it is written to, and what was restored answers."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from adapters.backing_up import LIST, BackupDamagedError, back_up, restore
from bot.errors import DatabaseNewerError, MissingFileError, UsageError
from bot.store import migrations
from tests.platforms.command import Cli
from tests.platforms.served_bot import serving

QUESTION = "How long is the warranty of the pump?"


@pytest.fixture
def bot(tmp_path: Path) -> Cli:
    """A bot with one document and one turn."""
    folder = tmp_path / "bot"
    folder.mkdir()
    (folder / "docs").mkdir()
    (folder / "docs" / "pump.md").write_text("# Pump\n\nThe warranty of the pump is five years.\n")
    cli = Cli(folder)
    assert cli("ingest", "docs").returncode == 0
    return cli


def _elsewhere(cli: Cli, tmp_path: Path) -> Cli:
    """The same command in an empty folder."""
    folder = tmp_path / "elsewhere"
    folder.mkdir(exist_ok=True)
    return Cli(folder, cli.more)


def test_a_backup_taken_under_writes_is_restored_and_answers(bot: Cli, tmp_path: Path) -> None:
    """Turns are stored all the while; the restored home knows those of before, answers from its
    documents, and its audit trail is whole."""
    saved = tmp_path / "saved"
    with serving(bot.folder, {}) as api:
        first = api.ask(QUESTION)["turn"]
        stop = threading.Event()
        asked: list[str] = []

        def go_on() -> None:
            while not stop.is_set():
                asked.append(api.ask(QUESTION)["turn"])

        asking = threading.Thread(target=go_on)
        asking.start()
        report = bot.json("backup", str(saved))
        stop.set()
        asking.join()
    assert asked
    assert report["database"] is True
    new = _elsewhere(bot, tmp_path)
    new.json("restore", str(saved))
    kept = {turn["turn"] for turn in new.json("audit", "list")}
    assert first in kept
    assert "five years" in new.json("ask", QUESTION)["answer"]
    verified = new("audit", "verify")
    assert verified.returncode == 0, verified.stdout
    home = new.folder / ".wellspoken"
    assert not (home / "secret-key").exists()
    assert (home / "wellspoken.db").stat().st_mode & 0o077 == 0


@pytest.fixture
def home(sqlite_database_url: str, tmp_path: Path) -> Path:
    """A home with a database, an index, a data set and a secret."""
    home = tmp_path / "home"
    (home / "datasets").mkdir(parents=True)
    (home / "wellspoken.db").write_bytes(Path(sqlite_database_url[10:]).read_bytes())
    (home / "knowledge.live").write_text("{}")
    (home / "datasets" / "one.jsonl").write_text("{}")
    (home / "console-token").write_text("the-token-of-the-console")
    return home


def test_a_backup_is_for_its_owner_and_holds_no_secret(home: Path, tmp_path: Path) -> None:
    """Files are 0600, the folder 0700; the console's token is not in it."""
    saved = tmp_path / "saved"
    report = back_up(home, home / "wellspoken.db", saved)
    assert (report.files, report.revision) == (3, migrations.head())
    assert saved.stat().st_mode & 0o777 == 0o700
    files = [path for path in saved.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert not any(b"the-token-of-the-console" in path.read_bytes() for path in files)
    listed = json.loads((saved / LIST).read_text())["files"]
    assert {path.relative_to(saved).as_posix() for path in files} == {*listed, LIST}


def test_an_interrupted_backup_never_looks_whole(home: Path, tmp_path: Path) -> None:
    """Stopped at any file there is no folder of that name, and the next one is whole."""
    saved = tmp_path / "saved"
    for number in (1, 2, 3):

        def stop(what: str, done: int, total: int | None, left: list[int] = [number]) -> None:  # noqa: B006
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            back_up(home, home / "wellspoken.db", saved, stop)
        assert not saved.exists()
    back_up(home, home / "wellspoken.db", saved)
    assert restore(saved, tmp_path / "new", tmp_path / "new" / "wellspoken.db").files == 3


def _break(saved: Path, how: str) -> None:
    head: dict[str, Any] = json.loads((saved / LIST).read_text())
    path = saved / "wellspoken.db"
    if how == "unfinished":
        (saved / LIST).unlink()
    elif how == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    elif how == "missing":
        path.unlink()
    else:
        if how == "outside":
            head["files"]["../../evil"] = {"bytes": 1, "sha256": ""}
        else:
            head[how] = 9999 if how == "format" else "9999"
        (saved / LIST).write_text(json.dumps(head))


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("unfinished", "never finished"),
        ("changed", "is not as it was saved"),
        ("missing", "is missing"),
        ("outside", "names a file outside"),
        ("format", "newer version"),
        ("revision", "newer than this program"),
    ],
)
def test_a_broken_backup_is_refused_before_anything_is_written(
    home: Path, tmp_path: Path, how: str, told: str
) -> None:
    """One sentence says what is wrong with it, and the home stays as it is."""
    saved, new = tmp_path / "saved", tmp_path / "new"
    back_up(home, home / "wellspoken.db", saved)
    _break(saved, how)
    with pytest.raises((BackupDamagedError, DatabaseNewerError), match=told):
        restore(saved, new, new / "wellspoken.db")
    assert not new.exists()


def test_nothing_that_is_there_is_overwritten(home: Path, tmp_path: Path) -> None:
    """A backup of a name that is taken or inside of the home, a restore into a home in use, and one
    of a SQLite database where DATABASE_URL is a server's, are refused."""
    saved, database = tmp_path / "saved", home / "wellspoken.db"
    back_up(home, database, saved)
    with pytest.raises(UsageError, match="exists already"):
        back_up(home, database, saved)
    with pytest.raises(UsageError, match="outside of"):
        back_up(home, database, home / "saved")
    with pytest.raises(UsageError, match="move it away"):
        restore(saved, home, database)
    with pytest.raises(UsageError, match="wellspoken db move"):
        restore(saved, home, None)
    database.unlink()
    (home / "datasets" / "one.jsonl").write_text("another")
    with pytest.raises(UsageError, match="is another"):
        restore(saved, home, database)
    with pytest.raises(MissingFileError):
        restore(tmp_path / "none", home, database)


def test_an_interrupted_restore_goes_on(home: Path, tmp_path: Path) -> None:
    """The database comes last: until it is there nothing answers, and the same command ends it."""
    saved, new = tmp_path / "saved", tmp_path / "new"
    back_up(home, home / "wellspoken.db", saved)

    def stop(what: str, done: int, total: int | None) -> None:
        if what == "restore":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(saved, new, new / "wellspoken.db", stop)
    assert not (new / "wellspoken.db").exists()
    restore(saved, new, new / "wellspoken.db")
    assert (new / "datasets" / "one.jsonl").read_text() == "{}"
    assert not (new / "console-token").exists()


def test_without_a_database_file_the_home_alone_is_saved(home: Path, tmp_path: Path) -> None:
    """Where the database lies on a server, its part is the server's tool's."""
    (home / "wellspoken.db").unlink()
    saved, new = tmp_path / "saved", tmp_path / "new"
    assert back_up(home, None, saved).database is False
    assert restore(saved, new, None).files == 2
