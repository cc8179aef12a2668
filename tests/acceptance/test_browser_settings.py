"""Changing channels and groups in a real browser: by keyboard, on a phone, in the dark, without
scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.platforms.browsing import (
    BROWSER,
    DESK,
    PHONE,
    faults,
    playwright,
    sign_in,
    visit,
)
from tests.platforms.web_application import TOKEN, Served, served

SIZES = {"phone": PHONE, "desk": DESK}
ENTRY = "/console/settings/entry"

pytestmark = BROWSER


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A bot of which nothing was set."""
    with served(tmp_path_factory.mktemp("settings")) as bot:
        yield bot


def opened(
    chromium: playwright.Browser,
    bot: Served,
    size: str = "desk",
    scheme: str = "light",
    **more: Any,
) -> playwright.Page:
    """The console, open."""
    return sign_in(visit(chromium, bot.address, SIZES[size], scheme, **more), TOKEN)


def add(page: playwright.Page, table: str, name: str, groups: str) -> None:
    """A right, from the settings page on, by keyboard."""
    page.goto("/console/settings")
    page.get_by_role("link", name=f"Add an entry to [{table}]").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Which").fill(name)
    page.keyboard.press("Tab")
    page.keyboard.type(groups)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("Saved.").wait_for()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_right_is_given_and_taken_back_by_keyboard(
    chromium: playwright.Browser, bot: Served, *, scripts: bool
) -> None:
    """The settings page says since when and by whom; one key press takes it away again."""
    page = opened(chromium, bot, java_script_enabled=scripts)
    add(page, "access.slack.channels", "C0GARDEN", "staff")
    page.goto("/console/settings")
    row = page.get_by_role("row").filter(has_text="C0GARDEN")
    assert "staff" in row.inner_text()
    assert "console, by operator" in row.inner_text()
    row.get_by_role("link", name="C0GARDEN").press("Enter")
    page.get_by_role("button", name="Remove this entry").press("Enter")
    page.get_by_role("heading", name="Settings", level=1).wait_for()
    assert page.get_by_text("C0GARDEN").count() == 0


def test_a_mistake_is_told_where_it_was_made(chromium: playwright.Browser, bot: Served) -> None:
    """In one sentence, with what was typed still there."""
    page = opened(chromium, bot)
    page.goto(f"{ENTRY}?table=channels")
    page.get_by_label("Which").fill("slack:C0GARDEN")
    page.get_by_label("reply_when").select_option("always")
    page.get_by_label("handoff").fill("the humans")
    page.get_by_role("button", name="Save").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "slack:C0HUMANS" in alert.inner_text()
    assert page.get_by_label("Which").input_value() == "slack:C0GARDEN"
    assert page.get_by_label("handoff").input_value() == "the humans"
    assert page.get_by_label("reply_when").input_value() == "always"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_the_pages_pass_axe_and_fit(
    chromium: playwright.Browser, bot: Served, size: str, scheme: str
) -> None:
    """Both forms and the settings with changed entries: nothing for axe to name, nothing that
    sticks out to the side."""
    page = opened(chromium, bot, size, scheme)
    name = f"slack:U0{size}{scheme}".upper().replace("SLACK", "slack")
    add(page, "access.users", name, "staff")
    for address in (page.url, f"{ENTRY}?table=channels", "/console/settings"):
        page.goto(address)
        assert faults(page) == []
