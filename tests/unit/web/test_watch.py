"""The watch room: weeks, plots with their tables, alerts that somebody sees, and the gauges."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import pytest

from adapters.watch.gauges import Gauges
from bot.conversation import Author, Feedback, Platform, Question, Rating
from bot.metrics import Metrics
from bot.store.alerts import Alert, AlertBook, alert_id
from bot.store.watch_figures import ALL, Measure, Ratio, Tally, Week, monday
from tests.platforms.web_application import RESET_ANSWER, WebApplication, stand_in_turn
from tests.unit.web.test_chat import sign_in

WEEK = datetime(2026, 3, 16, tzinfo=UTC)


async def fell(application: WebApplication, why: str = "Satisfaction fell from 85% to 65%") -> str:
    """An alert that is there; its id."""
    alert = Alert(alert_id(), datetime.now(UTC), WEEK, "satisfaction", "all", {}, why)
    await AlertBook(application.database).add([alert])
    return alert.id


async def asked(application: WebApplication, rating: Rating) -> None:
    turn = stand_in_turn(Question("q", Author(Platform.WEB, "a")), RESET_ANSWER)
    await application.history.record(turn)
    await application.feedback.rate(Feedback(turn.id, turn.author, rating))


async def test_an_empty_home_says_so(
    application: WebApplication, browser: httpx2.AsyncClient
) -> None:
    """No table of dashes."""
    await sign_in(browser)
    page = (await browser.get("/console/watch")).text
    assert "Nothing was asked in these weeks" in page
    assert "New alerts" not in page
    assert "asks them every 30 days" in page


async def test_weeks_are_shown_with_plots_and_tables(
    application: WebApplication, browser: httpx2.AsyncClient
) -> None:
    """Of all turns, and by route; every plot has its figures as a table."""
    await asked(application, Rating.UP)
    await sign_in(browser)
    page = (await browser.get("/console/watch")).text
    assert page.count('<canvas role="img"') == len(Measure)
    assert page.count('class="plotted-figures"') == len(Measure)
    assert "100.0%" in page
    assert "NaN" not in page
    by_route = (await browser.get("/console/watch?weeks=13&by=route")).text
    assert "Route <code>rag</code>" in by_route
    assert "Model <code>extractive</code>" in (await browser.get("/console/watch?by=model")).text
    assert (await browser.get("/console/watch?weeks=0")).status_code in (400, 422)
    assert (await browser.get("/console/watch?by=person")).status_code in (400, 422)


async def test_an_alert_is_on_every_page_until_somebody_has_seen_it(
    application: WebApplication, browser: httpx2.AsyncClient
) -> None:
    """The button takes it away at once, and says who pressed it."""
    id_ = await fell(application)
    await sign_in(browser)
    assert "Satisfaction fell" in (await browser.get("/console/costs")).text
    page = (await browser.get("/console/watch")).text
    assert "New alerts" in page
    assert 'id="attention-title"' not in page  # the room says it itself, once
    assert 'id="attention-title"' in (await browser.get("/console/costs")).text
    asks = re.findall(r'hx-get="(/console/attention[^"]+)"', page)[0].replace("&amp;", "&")
    again = await browser.get(asks.replace("shown=", "shown=old"))
    assert 'id="attention-title"' not in again.text
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    form = {"csrf": found[1]}
    address = f"/console/watch/alerts/{id_}/seen"
    assert (await browser.post(address, data={"csrf": "x"})).status_code in (400, 403)
    assert (await browser.post(address, data=form)).status_code == 303
    page = (await browser.get("/console/watch")).text
    assert "New alerts" not in page
    assert "seen by operator" in page
    assert "web:operator" not in page
    assert "Satisfaction fell" not in (await browser.get("/console/costs")).text
    missing = await browser.post("/console/watch/alerts/al0/seen", data=form)
    assert missing.status_code == 404


async def test_the_room_is_closed_without_the_token(browser: httpx2.AsyncClient) -> None:
    """Figures of live turns are the operators'."""
    assert (await browser.get("/console/watch")).status_code == 303


async def test_metrics_tell_both_weeks(
    application: WebApplication, browser: httpx2.AsyncClient
) -> None:
    """By measure and route, and how many alerts wait; nothing is told of what was not counted."""
    await asked(application, Rating.UP)
    await fell(application)
    text = (await browser.get("/metrics")).text
    running = 'measure="satisfaction",route="all",week="running"'
    assert f"wellspoken_watch{{{running}}} 1.0" in text
    assert f"wellspoken_watch_counted{{{running}}} 1.0" in text
    assert 'wellspoken_watch{measure="satisfaction",route="rag",week="running"} 1.0' in text
    assert 'wellspoken_watch{measure="satisfaction",route="all",week="last"}' not in text
    assert "wellspoken_watch_alerts 1.0" in text
    assert "NaN" not in text


class Counting:
    """A watch that counts how often it is asked."""

    def __init__(self) -> None:
        self.looks = {"running": 0, "over": 0}
        self.share = 4

    def _week(self, name: str) -> Week:
        self.looks[name] += 1
        tally = Tally(4, {Measure.SATISFACTION: Ratio.of([(1.0, 1.0)] * self.share)})
        return Week(monday(WEEK), {ALL: tally, "model:small": tally})

    async def running(self) -> Week:
        return self._week("running")

    async def over(self) -> Week:
        return self._week("over")

    async def unseen(self) -> tuple[Alert, ...]:
        return ()


@pytest.fixture
def clock() -> Callable[[float], None]:
    """Moves on by hand; ``now`` is its attribute."""

    class Hand:
        now = 1_000.0

        def __call__(self, seconds: float) -> None:
            self.now += seconds

    return Hand()


async def test_gauges_are_looked_up_once_a_minute_at_most(clock: Callable[[float], None]) -> None:
    """The week that is over far less often; what is not counted any more has no series left."""
    desk, metrics = Counting(), Metrics()
    gauges = Gauges(desk, metrics, lambda: clock.now)  # type: ignore[attr-defined]  # of the hand
    for _ in range(5):
        await gauges.refresh()
    assert desk.looks == {"running": 1, "over": 1}
    assert 'week="running"} 1.0' in metrics.exposition().decode()
    assert "small" not in metrics.exposition().decode()
    clock(61)
    desk.share = 0
    await gauges.refresh()
    assert desk.looks == {"running": 2, "over": 1}
    told = metrics.exposition().decode()
    assert 'wellspoken_watch{measure="satisfaction",route="all",week="running"}' not in told
    clock(1_000)
    await gauges.refresh()
    assert desk.looks == {"running": 3, "over": 2}
    await gauges.aclose()
