"""A person's browser at the console: at a desk or on a phone, in light or dark, with its rules.

A module of browser tests begins with ``pytestmark = BROWSER``; its tests open pages with
:func:`visit` and :func:`sign_in` in the browser of the fixture ``chromium``, hold what they see to
:func:`faults`, and keep pictures of states with :func:`picture`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from tests.platforms.command import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")
BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium (Debian: chromium)"),
]
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
ZONE = "Asia/Tokyo"
AXE = (Path(str(files("axe_playwright_python"))) / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENSHOTS = Path(os.environ.get("SCREENSHOTS") or ROOT / "build" / "screenshots")

Result = TypeVar("Result")


def aside(work: Coroutine[Any, Any, Result]) -> Result:
    """Do something on a loop of its own: the browser has the one of this thread."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, work).result()


def visit(
    chromium: Browser, address: str, size: dict[str, int] = DESK, scheme: str = "light", **more: Any
) -> Page:
    """A page of somebody who was never there, at ``address``; ``more`` goes to the context."""
    context = chromium.new_context(
        viewport=size,  # type: ignore[arg-type]  # width and height
        base_url=address,
        color_scheme=scheme,  # type: ignore[arg-type]  # light or dark
        timezone_id=ZONE,
        **more,
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    return page


def sign_in(page: Page, token: str, room: str = "/console") -> Page:
    """Open a room of the console with a token, by keyboard."""
    page.goto(room)
    page.get_by_label("Console token").fill(token)
    page.keyboard.press("Enter")
    page.get_by_role("navigation", name="Console").wait_for()
    page.wait_for_load_state()  # the navigation stands before the room does
    return page


@contextmanager
def held(page: Page, address: str) -> Iterator[None]:
    """Within, what the page asks of ``address`` waits on its way, as on a slow line."""
    waiting: list[Route] = []

    def wait(route: Route) -> None:
        waiting.append(route)

    page.route(address, wait)
    try:
        yield
        while not waiting:
            page.wait_for_timeout(10)
    finally:
        for request in waiting:
            request.continue_()
        page.unroute(address)


def broken_rules(page: Page, only: str = "") -> list[str]:
    """What axe has to say of a page, under the page's own policy."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE)
    told = page.evaluate("asked => axe.run({runOnly: asked})", [only] if only else RULES)
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in told["violations"]]


def wide(page: Page) -> list[str]:
    """Whether a page has to be scrolled sideways."""
    fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return [] if fits else ["it is wider than the screen"]


def faults(page: Page) -> list[str]:
    """Both of a page as it stands, with its address."""
    return [f"{page.url}: {fault}" for fault in (*broken_rules(page), *wide(page))]


def picture(page: Page, name: str) -> None:
    """Keep how a page looks now, among the states that no link leads to."""
    folder = SCREENSHOTS / "states"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


@dataclass
class Album:
    """The states that a story passes through: a picture of each, and what is wrong with any."""

    name: str
    found: list[str] = field(default_factory=list)

    def keep(self, page: Page, state: str) -> None:
        """Look at a page as it stands; ``state`` names the picture."""
        picture(page, f"{self.name}-{state}")
        self.found += faults(page)


def press_until(page: Page, key: str, wanted: str, most: int = 80) -> None:
    """Go on by keyboard until what has the focus is called ``wanted``."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate(_FOCUSED) == wanted:
            return
    pytest.fail(f"{key} never led to {wanted} on {page.url}")


_FOCUSED = """() => {
  const at = document.activeElement;
  const label = at.labels && at.labels.length ? at.labels[0] : at;
  return label.textContent.trim().replace(/\\s+/g, " ");
}"""


def hidden_field(page: Page, name: str) -> str:
    """The value of the first hidden field of a name, as a script of the reader would find it."""
    return page.locator(f"input[type=hidden][name={name}]").first.get_attribute("value") or ""
