"""``wellspoken routing`` as a process of its own, beside the home that it is about."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.conversation import Route, RouteDecision
from bot.routing import SHIPPED
from bot.routing.policy import decided_by
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.history import History
from bot.store.routing_tables import route_labels
from tests.platforms.command import environment, run_command
from tests.platforms.turns import turn_of

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            *arguments,
            cwd=tmp_path,
            env=environment(tmp_path, WELLSPOKEN_HOME=str(tmp_path / "home")),
            timeout=60,
        )

    return run


def fill(home: Path, *, labelled: int, edge: float = 0.85) -> None:
    """A home with turns of the classifier, labelled as if small talk began at ``edge``."""
    home.mkdir(exist_ok=True)

    def op(connection: sa.Connection, history: History) -> None:
        labels = []
        for i in range(labelled):
            voice = (i * 37 % 100) / 100
            odds = (("voice", voice), ("handoff", 0.0), ("question", 1 - voice))
            route = Route.VOICE if voice >= SHIPPED.voice else Route.HYBRID
            decision = RouteDecision(route, 0.6, ("so it seems",), (*odds, (decided_by(), 1.0)))
            turn = turn_of(id=f"turn{i}", thread=f"thread{i}", route=decision)
            history.record_in(connection, turn)
            right = Route.VOICE if voice >= edge else Route.HYBRID
            labels.append(
                {"turn_id": turn.id, "route": right.value, "by": "web:operator", "at": turn.at}
            )
        connection.execute(sa.insert(route_labels), labels)

    async def work() -> None:
        database = await Database.open(f"sqlite:///{home / 'wellspoken.db'}")
        try:
            await database.write(partial(op, history=History(database)))
        finally:
            await database.close()

    asyncio.run(work())


def test_thresholds_are_learned_shown_and_rolled_back(cli: Cli, tmp_path: Path) -> None:
    """From labels to a live version that `route` goes by, and back; all of it audited."""
    fill(tmp_path / "home", labelled=160)
    tried = json.loads(cli("routing", "learn", "--dry-run", "--json").stdout)
    assert (tried["better"], tried["version"]) == (True, None)

    learned = json.loads(cli("routing", "learn", "--json").stdout)
    assert (learned["adopted"], learned["version"], learned["signs"]) == (True, 1, {"label": 160})
    assert learned["after"]["macro_f1"] > learned["before"]["macro_f1"]
    assert learned["learned"]["voice"] > 0.55
    (version,) = json.loads(cli("routing", "versions", "--json").stdout)
    assert (version["live"], version["before"], version["by"]) == (True, 0, "terminal:operator")

    back = json.loads(cli("routing", "rollback", "--json").stdout)
    assert (back["version"], back["origin"]) == (0, "shipped")

    async def entries() -> list[str]:
        database = await Database.open(f"sqlite:///{tmp_path / 'home' / 'wellspoken.db'}")
        try:
            found = await AuditTrail(database).listing(kind="operator")
            return [str(entry.content["action"]) for entry in found]
        finally:
            await database.close()

    assert asyncio.run(entries())[-2:] == ["routing learned", "routing rolled back"]


def test_labels_make_the_matrix(cli: Cli, tmp_path: Path) -> None:
    """A label by hand joins the matrix; what is no turn or no route is one clear sentence."""
    fill(tmp_path / "home", labelled=1)
    assert (
        cli("routing", "label", "turn0", "voice").stdout == "turn0 should have been voice; noted\n"
    )
    matrix = json.loads(cli("routing", "confusion", "--json").stdout)
    assert matrix["rows"]["voice"]["hybrid"] == 1
    assert matrix["shipped"]["macro_f1"] > 0.9
    for arguments, sentence in (
        (("nobody", "voice"), 'There is no turn "nobody"'),
        (("turn0", "moon"), "is no route"),
    ):
        done = cli("routing", "label", *arguments)
        assert done.returncode == 2
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


def test_too_little_is_told_and_nothing_kept(cli: Cli, tmp_path: Path) -> None:
    """A young bot keeps the shipped thresholds and says what is missing."""
    fill(tmp_path / "home", labelled=3)
    done = cli("routing", "learn")
    assert done.returncode == 0
    assert "Learning takes 30 labelled turns" in done.stdout
    shown = json.loads(cli("routing", "show", "--json").stdout)
    assert shown["thresholds"]["version"] == 0
    assert [(row["route"], row["turns"]) for row in shown["routes"]] == [
        ("hybrid", 2),
        ("voice", 1),
    ]


def test_route_alone_makes_no_home(cli: Cli, tmp_path: Path) -> None:
    """One stage alone runs without a home and leaves none behind."""
    done = cli("route", "hello")
    assert done.stdout.startswith("voice")
    assert not (tmp_path / "home").exists()
