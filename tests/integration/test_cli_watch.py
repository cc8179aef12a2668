"""``wellspoken watch``: weeks, what got worse, alerts that somebody has seen; doctor and suites."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.conversation import Author, Feedback, Platform, Question, Rating
from bot.store.alerts import Alert, AlertBook, alert_id
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.watch_figures import WEEK, Measure, monday
from tests.platforms.command import environment, run_command
from tests.platforms.web_application import RESET_ANSWER, stand_in_turn

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def last() -> datetime:
    """The week before this one. Where a new one is about to begin that is waited for: the command
    asks for the time itself."""
    soon = timedelta(minutes=3)
    while monday(datetime.now(UTC) + soon) != monday(datetime.now(UTC)):
        time.sleep(1)
    return monday(datetime.now(UTC)) - WEEK


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            *arguments,
            cwd=tmp_path,
            env=environment(tmp_path, WELLSPOKEN_HOME=str(tmp_path / "home")),
            timeout=90,
        )

    return run


def seed(home: Path, last: datetime) -> str:
    """Three weeks of 60 thumbs; the last one is worse. The id of an alert that is there."""

    async def fill() -> str:
        database = await Database.open(f"sqlite:///{home / 'wellspoken.db'}")
        for back in range(3):
            for n in range(60):
                turn = stand_in_turn(Question("q", Author(Platform.WEB, f"p{n}")), RESET_ANSWER)
                turn = replace(turn, at=last - back * WEEK + timedelta(hours=n))
                await History(database).record(turn)
                rating = Rating.DOWN if n % 10 < (6 if back == 0 else 1) else Rating.UP
                await FeedbackBook(database).rate(Feedback(turn.id, turn.author, rating))
        alert = Alert(alert_id(), last + WEEK, last, "satisfaction", "all", {}, "Satisfaction fell")
        await AlertBook(database).add([alert])
        await database.close()
        return alert.id

    home.mkdir()
    return asyncio.run(fill())


def test_an_empty_home_has_nothing_to_watch(cli: Cli) -> None:
    """For scripts every measure is null; a wrong option is said in a sentence."""
    told = cli("watch")
    assert told.returncode == 0, told.stderr
    assert "Nothing was asked in these weeks." in told.stderr
    found = json.loads(cli("watch", "--weeks", "3", "--json").stdout)
    assert [week["running"] for week in found["weeks"]] == [False, False, True]
    for week in found["weeks"]:
        assert week["turns"] == 0
        for measure in Measure:
            assert week[measure] is None
            assert week[f"{measure}_ci95"] is None
            assert week[f"{measure}_n"] == 0
    assert (found["by"], found["drops"], found["alerts"]) == ({}, [], [])
    assert json.loads(cli("watch", "alerts", "--json").stdout) == []
    for wrong in (("--weeks", "0"), ("--by", "person"), ("seen", "al0")):
        ended = cli("watch", *wrong)
        assert ended.returncode == 2
        assert "Traceback" not in ended.stderr


def test_weeks_drops_and_alerts_are_told(cli: Cli, tmp_path: Path, last: datetime) -> None:
    """What got worse in a sentence; an alert is there until somebody has seen it."""
    id_ = seed(tmp_path / "home", last)
    told = cli("watch", "--by", "route")
    assert told.returncode == 0, told.stderr
    assert "Worse: Satisfaction fell from 90.0%" in told.stdout
    assert "route rag" in told.stdout
    assert "1 new alert" in told.stderr
    found = json.loads(cli("watch", "--by", "model", "--json").stdout)
    assert list(found["by"]) == ["model:extractive"]
    (drop,) = found["drops"]
    assert (drop["measure"], drop["scope"], drop["week"]) == (
        "satisfaction", "all", last.date().isoformat(),
    )  # fmt: skip
    assert drop["now"]["value"] == pytest.approx(0.4)
    assert drop["p"] < 0.001
    assert "Satisfaction fell" in cli("watch", "alerts").stdout
    assert cli("watch", "seen", id_).returncode == 0
    assert "No new alerts" in cli("watch", "alerts").stderr
    (alert,) = json.loads(cli("watch", "alerts", "--all", "--json").stdout)
    assert (alert["id"], alert["seen_by"]) == (id_, "terminal:operator")


def test_doctor_names_a_suite_that_cannot_be_read(cli: Cli, tmp_path: Path) -> None:
    """And what mends it; one that can be read is counted."""
    settings = tmp_path / "wellspoken.toml"
    settings.write_text('[watch]\nsuites = ["sample", "nowhere"]\n')
    checks = {check["check"]: check for check in json.loads(cli("doctor", "--json").stdout)}
    assert not checks["watch"]["ok"]
    assert "nowhere" in checks["watch"]["detail"]
    assert "[watch]" in checks["watch"]["fix"]
    settings.write_text('[watch]\nsuites = ["sample"]\nevery = "7d"\n')
    checks = {check["check"]: check for check in json.loads(cli("doctor", "--json").stdout)}
    assert checks["watch"]["ok"]
    assert "every 7d: sample (" in checks["watch"]["detail"]
