"""Governance from the command line: the trail, retention, a person's data, consent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.platforms.command import COMMAND, Cli, environment


@pytest.fixture(scope="module")
def _asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose home was asked one question."""
    folder = tmp_path_factory.mktemp("asked")
    assert Cli(folder)("ask", "hello there").returncode == 0
    return folder


@pytest.fixture
def cli(_asked: Path, tmp_path: Path) -> Cli:
    """The command in a home where one question was asked."""
    return Cli(Path(shutil.copytree(_asked, tmp_path, dirs_exist_ok=True)))


def database(cli: Cli) -> sqlite3.Connection:
    return sqlite3.connect(cli.folder / ".wellspoken" / "wellspoken.db")


def age(cli: Cli, days: int) -> None:
    """Make the turns older."""
    with database(cli) as connection:
        connection.execute(f"UPDATE turns SET at = datetime(at, '-{days} days') || '.000000'")
        connection.execute(f"UPDATE messages SET at = datetime(at, '-{days} days') || '.000000'")


def test_the_trail_is_listed_anchored_and_given_out(cli: Cli) -> None:
    """Filters, a head that fits, a file for its owner alone; a wrong word is one sentence."""
    (entry,) = cli.json("audit", "list", "--kind", "turn", "--author", "terminal:local")
    assert entry["claims"] == []
    assert entry["usage"]["cost_usd"] == 0
    assert cli.json("audit", "list", "--from", "2099-01-01") == []
    head = cli("audit", "head").stdout.strip()
    assert head == f"{entry['hash']}@1"
    out = cli.folder / "audit.csv"
    assert cli("audit", "export", "--format", "csv", "--out", str(out)).returncode == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert out.read_text().count("\n") == 2
    lines = cli("audit", "export", "--kind", "operator").stdout.splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["audit exported"]
    checked = cli.json("audit", "verify", "--head", head)
    assert checked == {"ok": True, "broken": None, "entries": 3, "anchors": 2}
    for wrong in (
        ("audit", "list", "--from", "soon"),
        ("audit", "list", "--to", "9999-12-31"),
        ("audit", "list", "--from", "0001-01-01T00:00+14:00"),
        ("audit", "list", "--kind", "x"),
        ("audit", "export", "--format", "pdf"),
        ("audit", "verify", "--head", "x"),
    ):
        done = cli(*wrong)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_cut_tail_is_found_with_the_head_rewritten(cli: Cli) -> None:
    """The anchor in the home tells what the database alone cannot."""
    assert cli("ask", "good morning").returncode == 0
    assert cli("audit", "head").returncode == 0
    with database(cli) as connection:
        for table in ("audit", "audit_contents"):
            connection.execute(f"DELETE FROM {table} WHERE sequence > 1")
        connection.execute("UPDATE audit_heads SET sequence = 1, hash = (SELECT hash FROM audit)")
    done = cli("audit", "verify")
    assert done.returncode == 1
    assert "entry 2" in done.stdout
    assert "cut off" in done.stdout


def test_what_is_too_old_goes(cli: Cli) -> None:
    """Counted first, then gone with its bytes; the trail holds and tells."""
    assert cli("ask", "hello again, said the marmoset from the mountains").returncode == 0
    age(cli, 400)
    due = cli.json("retention", "run", "--dry-run")
    assert (due["turns"], due["dry_run"]) == (2, True)
    assert cli.json("retention", "run")["messages"] == 4
    files = (path for path in (cli.folder / ".wellspoken").rglob("*") if path.is_file())
    assert not any(b"marmoset" in path.read_bytes() for path in files)
    assert cli("audit", "verify").returncode == 0
    assert cli.json("audit", "list", "--action", "retention")[0]["turns"] == 2
    assert "Nothing is too old" in cli("retention", "run").stdout


def test_uploads_that_will_not_be_read_in_go(cli: Cli) -> None:
    """Counted first, then gone as with the worker's daily job; what came today stays."""
    arriving = cli.folder / ".wellspoken" / "uploads" / ".arriving"
    arriving.mkdir(mode=0o700, parents=True)
    old, fresh = (arriving / f"{digit * 16}.partial" for digit in "0f")
    for path in (old, fresh):
        path.write_text("Lift B goes to the roof.", "utf-8")
    long_ago = time.time() - 8 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    due = cli.json("retention", "run", "--dry-run")
    assert (due["unread"], old.exists()) == (1, True)
    assert "1 upload that will not be read in" in cli("retention", "run").stdout
    assert (old.exists(), fresh.exists()) == (False, True)
    assert cli.json("audit", "list", "--action", "retention")[0]["unread"] == 1


def test_a_killed_run_is_finished_by_the_next(cli: Cli) -> None:
    """Whatever was done stays done, nothing is broken, and the rest goes."""
    copies = 1500
    with database(cli) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(turns)")]
        others = ", ".join(name for name in columns if name not in ("id", "key"))
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            f"INSERT INTO turns (id, {others}) "
            f"SELECT 'copy' || i, {others} FROM turns, n",
            (copies,),
        )
    age(cli, 400)
    process = subprocess.Popen(
        [*COMMAND, "retention", "run"], cwd=cli.folder, env=environment(cli.folder)
    )

    def left() -> int:
        with database(cli) as connection:
            number: int = connection.execute("SELECT count(*) FROM turns").fetchone()[0]
            return number

    until = time.monotonic() + 60
    while left() > copies and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert cli("audit", "verify").returncode == 0
    done = cli("retention", "run", timeout=90)
    while "Another process" in done.stderr and time.monotonic() < until:
        time.sleep(1)  # the lease of the killed one is still held
        done = cli("retention", "run", timeout=90)
    assert done.returncode == 0, done.stderr
    assert left() == 0
    assert cli("audit", "verify").returncode == 0


def test_a_person_is_given_their_data_and_forgotten(cli: Cli) -> None:
    """Files for their owner alone; after forgetting no export of the home names the person."""
    done = cli.json("export", "--author", "terminal:local")
    folder = cli.folder / done["folder"]
    assert (done["messages"], done["audit"]) == (1, 1)
    assert "hello there" in (folder / "index.md").read_text()
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    nobody = cli("export", "--author", "slack:U024BE7LH")
    assert (nobody.returncode, nobody.stderr.count("\n")) == (2, 1)
    assert cli("forget", "--author", "terminal:local").returncode == 0
    assert not folder.exists()
    told = cli.json("audit", "list", "--action", "person forgotten")
    assert told[0]["messages"] == 1
    assert cli("audit", "verify").returncode == 0


def test_consent_is_kept(cli: Cli) -> None:
    """With channel and source, newest first, and on record."""
    arguments = ("--author", "slack:U024BE7LH", "--source", "e-mail of 3 May")
    assert cli("consent", "set", "opt-out", *arguments).returncode == 0
    channel = ("--channel", "slack:C0G9QF9GZ")
    assert cli("consent", "set", "opt-in", *arguments[:2], *channel).returncode == 0
    found = cli.json("consent", "list", "--author", "slack:U024BE7LH")
    assert [(c["choice"], c["channel"], c["source"]) for c in found] == [
        ("opt-in", "slack:C0G9QF9GZ", "command line"),
        ("opt-out", "", "e-mail of 3 May"),
    ]
    assert len(cli.json("audit", "list", "--action", "consent set")) == 2
    assert cli("consent", "set", "maybe", *arguments[:2]).returncode == 2
    assert cli("consent", "set", "opt-in", "--author", "nobody").returncode == 2
    for name in ("#support", "slack:support", "slack:T1:C1", "discord:lobby"):
        refused = cli("consent", "set", "opt-out", *arguments[:2], "--channel", name)
        assert (refused.returncode, refused.stdout) == (2, ""), name
        assert "Name the channel by its id, like slack:C0G9QF9GZ" in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert len(cli.json("consent", "list")) == 2
