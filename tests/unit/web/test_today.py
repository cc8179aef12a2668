"""Today: figures against the week before, what needs a look, in the reader's zone."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2
import pytest

from adapters.web.console.needs_a_look import looks_of
from adapters.web.console.today import Cut, columns_of, comparison, stats_of
from adapters.web.zones import midnight, zone_of
from bot.conversation import Author, Outcome, Platform, Question, Usage
from bot.errors import StorageError
from bot.store.alerts import Alert, AlertBook
from bot.store.endings import Ending
from bot.store.today import Period
from bot.work.jobs import Jobs, Wanted
from knowledge.stores.base import StoreStats
from tests.platforms.web_application import RESET_ANSWER, WebApplication, stand_in_turn
from tests.unit.web.test_chat import sign_in

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)  # a Tuesday, two days after Europe's clocks changed
BERLIN = ZoneInfo("Europe/Berlin")


async def stored(application: WebApplication, at: datetime, outcome: Outcome) -> None:
    question = Question("How do I reset it?", Author(Platform.WEB, "a"))
    turn = replace(stand_in_turn(question, RESET_ANSWER), at=at, outcome=outcome)
    await application.history.record(replace(turn, usage=Usage(1, 1, 0.25)))


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_days_are_those_of_the_zone_and_weekdays_stand_against_weekdays() -> None:
    """Also over a change of the clocks: the wall's time a week before is what ends that period."""
    cut = Cut.of(NOW, BERLIN, 7)
    assert cut.start == datetime(2026, 3, 24, 23, tzinfo=UTC)
    assert cut.start_before == datetime(2026, 3, 17, 23, tzinfo=UTC)
    assert cut.end_before == datetime(2026, 3, 24, 10, 30, tzinfo=UTC)
    assert Cut.of(NOW, UTC, 1) == Cut(
        datetime(2026, 3, 31, tzinfo=UTC),
        NOW,
        datetime(2026, 3, 24, tzinfo=UTC),
        NOW - timedelta(days=7),
    )
    assert midnight(NOW, BERLIN, -1) - midnight(NOW, BERLIN, -2) == timedelta(hours=23)


@pytest.mark.parametrize(
    "name", ["", "../etc/passwd", "Mars/Olympus", "a" * 200, "Europe", "posix"]
)
def test_a_zone_that_is_none_is_utc(name: str) -> None:
    """Whatever the cookie says."""

    class Asking:
        cookies = {"wellspoken_zone": name}  # noqa: RUF012 - read only

    assert zone_of(Asking())[1] == "UTC"  # type: ignore[arg-type]  # cookies are all it has


@pytest.mark.parametrize(
    ("first", "comparable", "said"),
    [
        (None, False, "nothing is kept to compare with"),
        (NOW - timedelta(days=2), False, "nothing is kept to compare with"),
        (NOW - timedelta(days=9), True, "of those only a part is kept"),
        (NOW - timedelta(days=90), True, "up to the same time of day."),
    ],
)
def test_the_week_before_is_compared_where_it_is_kept(
    first: datetime | None, comparable: bool, said: str
) -> None:
    """And it is said where it is not, or not all of it."""
    told = comparison(first, Cut.of(NOW, UTC, 7), 7)
    assert told[0] is comparable
    assert said in told[1]


def test_figures_stand_beside_those_of_the_week_before() -> None:
    """Counts with their change, shares with shares; estimates are called so."""
    now = Period(
        200, 5.0, 3, 1, 100, {Ending.ANSWERED: 80, Ending.UNSURE: 15, Ending.HANDED_OVER: 5},
        tuple(float(n) for n in range(1, 101)),
    )  # fmt: skip
    before = Period(160, 4.0, 0, 0, 160, {Ending.ANSWERED: 120, Ending.UNSURE: 40}, (50.0,))
    told = [(s.title, s.value, s.share, s.before) for s in stats_of(now, before, "2026-03-25")]
    assert told == [
        ("Questions", "200", "", "before: 160 (+25%)"),
        ("Answered", "about 160", "80%", "before: 75%"),
        ("Unsure", "about 30", "15%", "before: 25%"),
        ("Handed over", "about 10", "5%", "before: 0%"),
        ("Thumbs", "3 up, 1 down", "", "before: none"),
        ("Cost", "$5.00", "$0.0250 each", "before: $4.00"),
        ("Half within", "50 ms", "", "before: 50 ms"),
        ("19 of 20 within", "95 ms", "", "before: 50 ms"),
    ]
    listed = [s.address for s in stats_of(now, before, "2026-03-25")][1:4]
    assert listed == [
        f"/console/conversations?ended={ending}&from=2026-03-25"
        for ending in ("answered", "unsure", "handed%20over")
    ]
    alone = stats_of(Period(), None, "2026-03-25")
    assert [s.before for s in alone] == [""] * 8
    assert alone[-1].value == "–"


@pytest.mark.parametrize(
    ("up", "down", "width"), [(69, 21, "few"), (1234, 987, "many"), (12_345, 12_345, "most")]
)
def test_thumbs_are_set_smaller_the_more_there_are(up: int, down: int, width: str) -> None:
    """Both figures stay on one line; the words are there for those who hear them."""
    (thumbs,) = [s for s in stats_of(Period(up=up, down=down), None, "2026-03-25") if s.thumbs]
    assert (thumbs.thumbs, thumbs.width) == ((f"{up:,}", f"{down:,}"), width)
    assert thumbs.value == f"{up:,} up, {down:,} down"


def test_the_highest_day_fills_the_plot() -> None:
    """And a fortnight without questions is flat."""
    starts = [NOW + timedelta(days=n) for n in range(14)]
    columns = columns_of(starts, [*range(13), 24])
    assert [c.height for c in columns[-2:]] == [50, 100]
    assert [c.earlier for c in columns] == [True] * 7 + [False] * 7
    assert {c.height for c in columns_of(starts, [0] * 14)} == {0}


async def test_the_console_opens_with_the_last_days(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Days of the zone that the browser told; a period of one day; every figure leads on."""
    now = datetime.now(UTC)
    for outcome in (Outcome.ANSWERED, Outcome.ANSWERED, Outcome.ABSTAINED, Outcome.ERROR):
        await stored(application, now, outcome)
    for _ in range(3):
        await stored(application, now - timedelta(days=8), Outcome.ANSWERED)
    await sign_in(browser)
    browser.cookies.set("wellspoken_zone", "Asia/Tokyo")
    page = (await browser.get("/console")).text
    told = words(page)
    assert "Questions 4 before: 3" in told
    assert "Answered 2 50% before: 100%" in told
    assert "Unsure 1 25%" in told
    assert "Cost $1.00 $0.25 each before: $0.75" in told
    assert "Days are those of Asia/Tokyo" in told
    assert "One question failed" in told
    assert "<h1>Today</h1>" in page
    alone = words((await browser.get("/console/today?days=1")).text)
    assert "Questions 4" in alone
    assert (await browser.get("/console/today?days=3")).status_code == 422
    for address in set(re.findall(r'<dt><a href="([^"]+)"', page)):
        assert (await browser.get(html.unescape(address))).status_code == 200, address


async def test_what_needs_a_look_leads_to_where_it_is_mended(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Jobs that failed and figures that got worse come first; nothing to do is said, too."""
    await sign_in(browser)
    await stored(application, datetime.now(UTC), Outcome.ANSWERED)
    assert "Nothing waits for you" in (await browser.get("/console")).text
    jobs = Jobs(application.database)
    job, _ = await jobs.put(Wanted("reindex", "the index", by="web:a"))
    await application.database.write(
        lambda c: c.exec_driver_sql(
            "UPDATE jobs SET status = 'failed', error = 'The disk is full.'"
        )
    )
    week = datetime.now(UTC).replace(microsecond=0)
    alert = Alert("a1", week, week, "grounded_share", "all", {}, "fewer sentences are carried")
    await AlertBook(application.database).add([alert])
    page = (await browser.get("/console/today")).text
    assert f'href="/console/jobs/{job.id}"' in page
    assert "The disk is full." in page
    assert page.count("fewer sentences are carried") == 1
    assert "Nothing waits for you" not in page


async def test_a_house_without_documents_is_told_so(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Also once it was asked: with the way to where they are read in; with documents it is not."""
    await sign_in(browser)
    await stored(application, datetime.now(UTC), Outcome.ABSTAINED)
    assert "No document" not in (await browser.get("/console/today")).text
    application.store.found = StoreStats(0, 0, 0)
    page = (await browser.get("/console/today")).text
    assert "No document has been read in" in page
    assert re.search(r'<a href="/console/knowledge">Knowledge<span[^>]*>: No document', page)
    assert "Nothing waits for you" not in page


async def test_a_room_that_cannot_be_asked_is_a_thing_to_look_at(
    application: WebApplication,
) -> None:
    """The rest of the page is there."""

    class Broken:
        async def standings(self) -> None:
            raise StorageError(reason="it is locked")

    class Behind:
        def __init__(self) -> None:
            application.sources = Broken()  # type: ignore[assignment]  # fails as a port may
            self.application = application

    (look, *_) = await looks_of(Behind(), 0, "2026-03-25", "web:operator")  # type: ignore[arg-type]  # all it needs
    assert (look.title, look.address, look.bad) == (
        "Knowledge cannot be read",
        "/console/knowledge",
        True,
    )
