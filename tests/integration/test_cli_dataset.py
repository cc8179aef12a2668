"""``dataset`` on the command line: what it prints, what fails and how."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Rating,
    Route,
    RouteDecision,
    Turn,
    Usage,
)
from bot.evidence import Grounding
from bot.settings import load_settings
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from tests.platforms.command import Cli

_READER = Author(Platform.WEB, "reader")
_TALK = (
    ("thanks a lot Ottilie here", "You're welcome."),
    ("hello it is me Ottilie", "Hello! What can I help you with?"),
    ("bye bye from Ottilie", "Goodbye, and come back any time."),
)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command in an empty home."""
    (tmp_path / "home").mkdir()
    return Cli(tmp_path, {"WELLSPOKEN_HOME": str(tmp_path / "home")})


async def _with_database(cli: Cli, op: Callable[[Database], Awaitable[None]]) -> None:
    home = Path(cli.more["WELLSPOKEN_HOME"])
    database = await Database.open(load_settings(WELLSPOKEN_HOME=home).database)
    try:
        await op(database)
    finally:
        await database.close()


async def _talk(database: Database) -> None:
    """Three liked replies to small talk, in threads of their own."""
    for n, (said, reply) in enumerate(_TALK):
        turn = Turn(
            id=f"t{n}", thread=f"th{n}", question=said, query=said,
            author=Author(Platform.WEB, f"v{n}", "Ottilie"), channel="web", audience=frozenset(),
            route=RouteDecision(Route.VOICE, 0.9, ()), answer=reply, outcome=Outcome.ANSWERED,
            citations=(), grounding=Grounding(), passages=(), withheld=(), model="m",
            persona="p@1", usage=Usage(), timings_ms={}, at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        await History(database).record(turn)
        await FeedbackBook(database).rate(Feedback(turn.id, _READER, Rating.UP))


def test_a_set_is_built_shown_and_listed(cli: Cli, tmp_path: Path) -> None:
    """As the contract names it; the remark about too few goes to stderr."""
    asyncio.run(_with_database(cli, _talk))
    out = tmp_path / "talk.jsonl"
    done = cli("dataset", "build", "--format", "sft", "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    assert "3 examples so far, and training needs 10: approve or rate 7 more." in done.stderr
    made = json.loads(done.stdout)
    assert made["format"] == "sft"
    assert (made["examples"], made["train"], made["validation"]) == (3, 2, 1)
    assert made["dropped"] == {}
    assert made["files"] == [str(out), str(tmp_path / "talk.validation.jsonl")]
    assert len(out.read_text().splitlines()) == 2
    shown = cli.json("dataset", "show")
    assert sorted(shown["turns"]) == ["t0", "t1", "t2"]
    assert shown["dataset"] == made["dataset"]
    assert [each["dataset"] for each in cli.json("dataset", "list")] == [made["dataset"]]
    assert "Ottilie" not in cli("dataset", "show").stdout


def test_an_empty_home_fails_with_one_sentence(cli: Cli) -> None:
    """Nothing to build of is work that failed; no traceback."""
    done = cli("dataset", "build", "--json")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "no answer was rated" in done.stderr
    assert "Traceback" not in done.stderr
    assert cli.json("dataset", "list") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "--format", "rlhf"),
        ("build", "--out", "missing/folder/train.jsonl"),
        ("show", "dataset9"),
        ("show",),
    ],
)
def test_wrong_usage_exits_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    """One sentence that says what to do."""
    done = cli("dataset", *arguments)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
