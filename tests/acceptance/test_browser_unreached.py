"""What a page of the console asked for and did not get, in a real browser: it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.platforms.browsing import (
    BROWSER,
    DESK,
    PHONE,
    faults,
    picture,
    playwright,
    sign_in,
    visit,
)
from tests.platforms.web_application import TOKEN, Served, served

AWAY = "The bot could not be reached. Try again in a moment."
FULL = "The disk is full. Make room, and try again."
PERSONA = "name: Juniper\nvoice: warm and brief\ndo: [Begin with the answer.]\n"

pytestmark = BROWSER


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A bot with a persona's file, a model that is set up and does not answer, and one gap."""
    folder = tmp_path_factory.mktemp("unreached")
    (folder / "persona.yaml").write_text(PERSONA)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        environment.setenv("WELLSPOKEN_MODEL", "a-model")
        with served(folder) as bot:
            headers = {"authorization": f"Bearer {TOKEN}"}
            with httpx2.Client(base_url=bot.address, headers=headers, timeout=60) as script:
                question = {"question": "Who holds the key of the pump house?"}
                script.post("/api/ask", json=question).raise_for_status()
            yield bot


def answering(status: int, body: str) -> Callable[[playwright.Route], None]:
    """What stands in the bot's place."""
    return lambda route: route.fulfill(status=status, body=body, content_type="text/html")


def away(route: playwright.Route) -> None:
    """No network."""
    route.abort()


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_a_gap_that_could_not_be_taken_is_told(
    chromium: playwright.Browser, bot: Served, size: dict[str, int], scheme: str
) -> None:
    """No network, a failure of ours and one of a gateway: each is one sentence, ours in its own
    words; the button can be pressed again, and when that works, nothing is told any more."""
    page = sign_in(visit(chromium, bot.address, size, scheme), TOKEN, "/console/gaps")
    told, take = page.locator("#unreached"), page.get_by_role("button", name="I take it")
    ours = f'<p class="trouble" role="alert">{FULL} &lt;b&gt;</p>'
    for stands_in, words in (
        (away, AWAY),
        (answering(500, ours), f"{FULL} <b>"),
        (answering(500, "<h1>Oh no</h1>"), "the server answered 500. Try again"),
        (answering(502, "<h1>Bad gateway</h1>"), AWAY),
    ):
        page.route("**/owner", stands_in)
        take.click()
        playwright.expect(told).to_contain_text(words)
        playwright.expect(take).to_be_enabled()
        page.unroute("**/owner")
    assert faults(page) == []
    picture(page, f"unreached-gap-{scheme}")
    take.click()
    back = page.get_by_role("button", name="Give it back")
    playwright.expect(back).to_be_visible()
    playwright.expect(told).to_have_text("")
    page.route("**/owner", away)
    back.click()
    playwright.expect(told).to_have_text(AWAY)
    page.unroute("**/owner")
    back.click()
    playwright.expect(take).to_be_visible()
    playwright.expect(told).to_have_text("")
    page.context.close()


def test_who_is_signed_out_is_told_at_the_next_press(
    chromium: playwright.Browser, bot: Served
) -> None:
    """A button that is pressed after the session ended says so; the page leads to signing in."""
    page = sign_in(visit(chromium, bot.address), TOKEN, "/console/gaps")
    page.context.clear_cookies()
    page.get_by_role("button", name="I take it").click()
    told = page.locator("#unreached")
    playwright.expect(told).to_have_text(
        "You are signed out. Copy what you wrote, and load the page again."
    )
    page.reload()
    playwright.expect(page.get_by_label("Console token")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize(
    ("stands_in", "words", "size"),
    [
        (away, AWAY.replace("Try again in a moment", "Load the page again"), PHONE),
        (answering(500, "<h1>Oh no</h1>"), "the server answered 500", DESK),
    ],
)
def test_the_check_of_the_first_run_ends_in_words(
    chromium: playwright.Browser,
    bot: Served,
    stands_in: Callable[[playwright.Route], None],
    words: str,
    size: dict[str, int],
) -> None:
    """A step that could not be checked says that, not that it is being checked; looked at again
    when the bot is there, it says how it stands."""
    page = sign_in(visit(chromium, bot.address, size), TOKEN)
    page.route("**/first-run/steps", stands_in)
    page.goto("/console/first-run")
    playwright.expect(page.locator("#unreached")).to_contain_text(words)
    model = page.locator(".step", has_text="A model")
    playwright.expect(model.locator(".tag")).to_have_text("Not checked")
    playwright.expect(model).to_contain_text("could not be asked")
    playwright.expect(page.get_by_text("Checking")).to_have_count(0)
    assert faults(page) == []
    picture(page, f"unreached-first-run-{size['width']}")
    page.unroute("**/first-run/steps")
    page.reload()
    playwright.expect(model.locator(".tag")).to_have_text("Trouble")
    playwright.expect(page.locator("#unreached")).to_have_text("")
    page.context.close()


def test_a_persona_that_was_not_checked_is_not_called_fine(
    chromium: playwright.Browser, bot: Served
) -> None:
    """What was found of the text before goes, and why it was not checked is told, also where too
    many ask; the next change that is checked says what is found."""
    page = sign_in(visit(chromium, bot.address), TOKEN, "/console/persona")
    text, findings = page.get_by_label("persona.yaml", exact=True), page.locator("#findings")
    told, score = page.locator("#unreached"), page.locator("#scored")
    page.get_by_label("A text in this voice").fill("Hold the button.")
    playwright.expect(score).to_contain_text("in the voice")
    playwright.expect(findings).to_have_text("This text is fine.")
    full = '<p class="trouble" role="alert">Too many texts are being looked through.</p>'
    for stands_in, words in (
        (away, AWAY),
        (answering(429, full), "Too many texts are being looked through."),
    ):
        page.route("**/persona/look", stands_in)
        text.press("ControlOrMeta+End")
        text.press_sequentially("#")
        playwright.expect(told).to_have_text(words)
        playwright.expect(findings).to_have_text("This text was not checked.")
        playwright.expect(score).to_have_text("")
        page.unroute("**/persona/look")
    assert faults(page) == []
    picture(page, "unreached-persona")
    text.press_sequentially(" done")
    playwright.expect(findings).to_have_text("This text is fine.")
    playwright.expect(score).to_contain_text("in the voice")
    playwright.expect(told).to_have_text("")
    page.context.close()
