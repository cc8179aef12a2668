"""The chat on somebody else's website, in a real browser: another origin, under a strict policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapters.web.widget.gate import Widget
from tests.platforms.browsing import (
    AXE,
    BROWSER,
    DESK,
    PHONE,
    RULES,
    held,
    playwright,
)
from tests.platforms.web_application import Served, served

SMALL = {"width": 320, "height": 568}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Acme</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<main><h1>Acme garden tools</h1><p>Everything for your garden.</p></main>
<script src="{bot}/widget.js" data-token="acme-help" async></script></html>"""
POLICY = (
    "default-src 'none'; script-src {bot}; connect-src {bot}; require-trusted-types-for 'script'"
)

pytestmark = BROWSER


class Website(ThreadingHTTPServer):
    """A page that holds the script, on an origin of its own."""

    daemon_threads = True
    bot = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    server: Website

    def do_GET(self) -> None:
        body = PAGE.format(bot=self.server.bot).encode()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-security-policy", POLICY.format(bot=self.server.bot))
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing is said about it."""


@contextmanager
def website() -> Iterator[Website]:
    server = Website(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Website, Website]]:
    """A bot, a website that may ask it, and one that may not."""
    with website() as mine, website() as foreign:
        widget = Widget({"acme-help": (mine.origin,)}, "Ask Acme", "Hello! What do you need?")
        with served(tmp_path_factory.mktemp("widget"), widget=widget) as bot:
            mine.bot = foreign.bot = bot.address
            yield bot, mine, foreign


def opened(
    chromium: playwright.Browser, site: Website, size: dict[str, int], scheme: str = "light"
) -> tuple[playwright.Page, list[str]]:
    """The website, and what its console says."""
    context = chromium.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page, said = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(site.origin)
    page.get_by_role("button", name="Ask Acme").wait_for()
    return page, said


def held_to_the_rules(page: playwright.Page) -> None:
    """What axe finds, from outside of the page's own policy; and nothing is wider than it."""
    session = page.context.new_cdp_session(page)
    session.send("Page.setBypassCSP", {"enabled": True})
    frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "rules"})[
        "executionContextId"
    ]
    session.send("Runtime.evaluate", {"expression": AXE, "contextId": world})
    told = session.send(
        "Runtime.evaluate",
        {
            "expression": f"axe.run({{runOnly: {RULES}}}).then(r => r.violations.map("
            "v => v.id + ': ' + v.nodes[0].html.slice(0, 120)))",
            "contextId": world,
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    assert told["result"].get("value") == [], told
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark"), (SMALL, "light")], ids=str
)
def test_a_visitor_asks_reads_and_rates_by_keyboard_alone(
    chromium: playwright.Browser,
    places: tuple[Served, Website, Website],
    size: dict[str, int],
    scheme: str,
) -> None:
    """Opened, asked, answered with sources, rated with a better answer, closed again: the focus
    goes in and comes back, and neither the policy nor axe finds anything."""
    bot, mine, _foreign = places
    page, said = opened(chromium, mine, size, scheme)
    held_to_the_rules(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Ask Acme")
    playwright.expect(dialog).to_contain_text("Hello! What do you need?")
    field = dialog.get_by_label("Your question")
    playwright.expect(field).to_be_focused()
    held_to_the_rules(page)
    page.keyboard.type("How do I reset the hub?")
    page.keyboard.press("Enter")
    up = dialog.get_by_role("button", name="Thumbs up")
    up.wait_for()
    source = dialog.get_by_role("link", name="Source 2: What the lights mean").last
    assert source.get_attribute("href") == "https://docs.example.com/lights"
    announced = dialog.get_by_role("status").filter(has_text="answered: Hold the power button")
    playwright.expect(announced).to_have_count(1)
    held_to_the_rules(page)
    dialog.get_by_role("button", name="Source 1: Resetting the hub").first.focus()
    page.keyboard.press("Enter")
    playwright.expect(dialog.locator("details blockquote")).to_be_visible()
    down = dialog.get_by_role("button", name="Thumbs down")
    down.focus()
    page.keyboard.press("Space")
    playwright.expect(dialog.get_by_label("A better answer")).to_be_focused()
    page.keyboard.type("Hold it for twelve seconds.")
    held_to_the_rules(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    playwright.expect(dialog).to_contain_text("Thank you.")
    playwright.expect(down).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    playwright.expect(dialog).to_have_count(0)
    playwright.expect(page.get_by_role("button", name="Ask Acme")).to_be_focused()
    assert said == []
    assert page.context.cookies() == []
    assert bot.application.engine.asked[-1].channel == "widget"
    page.context.close()


def test_the_conversation_goes_along_to_the_next_page_and_can_be_begun_anew(
    chromium: playwright.Browser, places: tuple[Served, Website, Website]
) -> None:
    """A question that is quicker than the window is kept, by one visitor; what is not known is said
    kindly; the thread is there after a reload, until a new one."""
    _bot, mine, _foreign = places
    page, _said = opened(chromium, mine, DESK)
    with held(page, "**/api/widget/session"):
        page.get_by_role("button", name="Ask Acme").click()
        page.get_by_label("Your question").fill("Who won the match?")
        page.keyboard.press("Enter")
        page.get_by_text("Reading the documents…").wait_for()
    page.get_by_text("Not in the documents").wait_for()
    page.get_by_text("Please ask an admin.").wait_for()
    page.reload()
    page.get_by_role("button", name="Ask Acme").click()
    page.get_by_role("heading", name="You asked: Who won the match?").wait_for()
    page.get_by_role("button", name="New conversation").click()
    page.get_by_text("Hello! What do you need?").wait_for()
    page.context.set_offline(True)
    page.get_by_text("You are offline.").wait_for()
    page.context.set_offline(False)
    playwright.expect(page.get_by_text("You are offline.")).to_have_count(0)
    page.context.close()


def test_a_conversation_is_left_while_its_answer_is_written(
    chromium: playwright.Browser, places: tuple[Served, Website, Website]
) -> None:
    """Nothing of the old answer comes into the new conversation, which takes questions at once;
    after a reload only the new one is there."""
    bot, mine, _foreign = places
    page, said = opened(chromium, mine, DESK)
    page.get_by_role("button", name="Ask Acme").click()
    dialog = page.get_by_role("dialog", name="Ask Acme")
    dialog.get_by_text("Hello! What do you need?").wait_for()
    bot.application.engine.pause = 0.5
    try:
        dialog.get_by_label("Your question").fill("How do I reset the hub?")
        page.keyboard.press("Enter")
        dialog.locator(".prose", has_text="Hold").wait_for()
        dialog.get_by_role("button", name="New conversation").click()
        dialog.get_by_text("Hello! What do you need?").wait_for()
        playwright.expect(dialog.locator("article")).to_have_count(0)
    finally:
        bot.application.engine.pause = 0.0
    playwright.expect(dialog.get_by_label("Your question")).to_be_focused()
    page.keyboard.type("Who won the match?")
    page.keyboard.press("Enter")
    dialog.get_by_text("Not in the documents").wait_for()
    playwright.expect(dialog.locator("article")).to_have_count(1)
    playwright.expect(dialog.get_by_text("reset the hub", exact=False)).to_have_count(0)
    first, second = bot.application.engine.asked[-2:]
    assert first.thread != second.thread
    page.reload()
    page.get_by_role("button", name="Ask Acme").click()
    page.get_by_role("heading", name="You asked: Who won the match?").wait_for()
    playwright.expect(dialog.locator("article")).to_have_count(1)
    assert said == []
    page.context.close()


def test_a_question_that_is_quicker_than_a_new_conversation_belongs_to_it(
    chromium: playwright.Browser, places: tuple[Served, Website, Website]
) -> None:
    """Also where the window was opened a moment ago, and where the button is pressed twice."""
    bot, mine, _foreign = places
    page, _said = opened(chromium, mine, DESK)
    page.get_by_role("button", name="Ask Acme").click()
    dialog = page.get_by_role("dialog", name="Ask Acme")
    field = dialog.get_by_label("Your question")
    field.fill("How do I reset the hub?")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Thumbs up").wait_for()
    page.reload()
    asked_first: list[playwright.Route] = []

    def hold(route: playwright.Route) -> None:
        if asked_first:
            route.continue_()
        asked_first.append(route)

    page.route("**/api/widget/session", hold)
    page.get_by_role("button", name="Ask Acme").click()
    while not asked_first:
        page.wait_for_timeout(20)
    anew = dialog.get_by_role("button", name="New conversation")
    anew.click()
    field.fill("Who won the match?")
    page.keyboard.press("Enter")
    dialog.get_by_text("Reading the documents…").wait_for()
    asked_first[0].continue_()
    dialog.get_by_text("Not in the documents").wait_for()
    playwright.expect(dialog.locator("article")).to_have_count(1)
    first, second = bot.application.engine.asked[-2:]
    assert first.thread != second.thread
    with held(page, "**/api/widget/feedback"):
        dialog.get_by_role("button", name="Thumbs down").click()
        field.focus()
        page.keyboard.type("And who")
    playwright.expect(dialog.get_by_label("A better answer")).to_be_visible()
    page.keyboard.type(" lost?")
    playwright.expect(field).to_have_value("And who lost?")
    anew.dblclick(force=True)
    dialog.get_by_text("Hello! What do you need?").wait_for()
    playwright.expect(dialog.locator("article")).to_have_count(0)
    page.context.close()


def test_a_website_that_is_not_listed_gets_no_answer_and_is_told_why(
    chromium: playwright.Browser, places: tuple[Served, Website, Website]
) -> None:
    """Its console names the setting; its visitors read one kind sentence."""
    bot, _mine, foreign = places
    before = len(bot.application.engine.asked)
    page, said = opened(chromium, foreign, DESK)
    page.get_by_role("button", name="Ask Acme").click()
    page.get_by_role("alert").filter(has_text="could not be reached").wait_for()
    assert any(f"Is {foreign.origin} listed" in words for words in said)
    assert len(bot.application.engine.asked) == before
    page.context.close()
