"""The console's alerts: what is not ready stands on every page, with since when, until it is."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx2

from adapters.web.console.attention import Attention
from tests.platforms.web_application import TOKEN, WebApplication

DOWN = "The knowledge store at http://weaviate:8080 cannot be reached <b>(refused)</b>."
PAGES = ("/console", "/console/feedback", "/console/knowledge", "/console/review")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


async def _open(browser: httpx2.AsyncClient) -> None:
    await browser.post("/console/login", data={"token": TOKEN})


async def test_an_alert_says_since_when_and_goes_when_all_is_well(
    application: WebApplication,
) -> None:
    """The moment of the first sight stays while a part is down, also where its words change."""
    clock = Clock()
    attention = Attention(application, clock=clock)
    await attention.check()
    assert attention.alerts() == ()
    application.not_ready["knowledge"] = "refused"
    begun = clock.now
    for minutes, words in ((0, "refused"), (5, "did not answer within 5 s")):
        clock.now = begun + timedelta(minutes=minutes)
        application.not_ready["knowledge"] = words
        await attention.check()
        [alert] = attention.alerts()
        assert (alert.part, alert.sentence, alert.since) == ("knowledge", words, begun)
    before = attention.mark
    application.not_ready["database"] = "is locked"
    await attention.check()
    assert [a.part for a in attention.alerts()] == ["database", "knowledge"]
    assert attention.mark != before
    application.not_ready.clear()
    await attention.check()
    assert attention.alerts() == ()


async def test_chat_platforms_in_trouble_are_alerts_too(application: WebApplication) -> None:
    """A platform that nobody can be heard on stands beside the other parts."""
    attention = Attention(application, lambda: {"slack": "the token is refused", "discord": None})
    await attention.check()
    assert [(a.part, a.sentence) for a in attention.alerts()] == [("slack", "the token is refused")]


async def test_every_page_of_the_console_says_what_is_not_ready(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Escaped, above the page's own heading; a console where all is well shows none."""
    await _open(browser)
    assert 'id="attention-title"' not in (await browser.get("/console")).text
    application.not_ready["knowledge"] = DOWN
    await browser.get("/readyz")
    for page in PAGES:
        text = (await browser.get(page)).text
        assert "<strong>Knowledge</strong>, not ready since" in text
        assert "cannot be reached &lt;b&gt;(refused)&lt;/b&gt;." in text
        assert text.index('role="alert"') < text.index("<h1")
    application.not_ready.clear()
    await browser.get("/readyz")
    assert 'id="attention-title"' not in (await browser.get("/console")).text


async def test_an_open_page_asks_again_and_is_told_what_changed(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Nothing while nothing changed, so that no screen reader says it twice; then the new state."""
    await _open(browser)
    page = (await browser.get("/console")).text
    address = re.findall(r'hx-get="(/console/attention[^"]+)"', page)[0]
    assert (await browser.get(address)).status_code == 204
    application.not_ready["knowledge"] = DOWN
    await browser.get("/readyz")
    told = await browser.get(address)
    assert told.status_code == 200
    assert ", not ready since" in told.text
    assert "<h1" not in told.text


async def test_nobody_without_a_session_reads_the_alerts(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """They lead to the token form, or where a page asked whose session ended, to nothing."""
    application.not_ready["knowledge"] = DOWN
    await browser.get("/readyz")
    assert (await browser.get("/console/attention")).status_code == 303
    fragment = await browser.get("/console/attention", headers={"hx-request": "true"})
    assert (fragment.status_code, fragment.text) == (204, "")
    assert "cannot be reached" not in (await browser.get("/console/login")).text


class Stuck:
    """An application with a part that does not answer until it is let go."""

    def __init__(self) -> None:
        self.held = asyncio.Event()

    async def readiness(self) -> dict[str, str | None]:
        await self.held.wait()
        return {"knowledge": DOWN}


async def test_a_part_that_does_not_answer_holds_no_page_up() -> None:
    """A page comes with what is known; what the slow look finds is for the next one."""
    stuck = Stuck()
    attention = Attention(stuck)
    await attention.refresh()
    assert attention.alerts() == ()
    stuck.held.set()
    await attention.refresh()
    assert [a.part for a in attention.alerts()] == ["knowledge"]
    await attention.aclose()
