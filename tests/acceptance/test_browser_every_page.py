"""Every page of the console in a real browser, of a house that is full and of one that is empty.

All links are followed from the first page on. One page of each kind is looked at closely: at a
desk and on a phone, light and dark, with scripts and without. Pictures are kept (CONTRIBUTING.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.platforms.browsing import (
    BROWSER,
    DESK,
    PHONE,
    SCREENSHOTS,
    aside,
    broken_rules,
    playwright,
    visit,
    wide,
)
from tests.platforms.command import Cli
from tests.platforms.crawling import Crawled, crawl
from tests.platforms.full_house import furnish
from tests.platforms.served_bot import TOKEN, Api, serving

PICTURES = {("desk", "light"), ("phone", "dark")}
MOST_BYTES = 150_000
MOST_SHIFT = 0.1
MOST_OF_A_SHAPE = 3
SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  const seen = (list) => list.getEntries().forEach((entry) => { sum += entry.value; });
  const watch = new PerformanceObserver(seen);
  watch.observe({type: "layout-shift", buffered: true});
  const frames = (n) => n ? requestAnimationFrame(() => frames(n - 1)) : done(sum);
  frames(3);
})"""
READ = """() => {
  document.querySelectorAll("main details").forEach((fold) => { fold.open = true; });
  document.querySelectorAll("main time, .plotted-figures summary").forEach((e) => e.remove());
  const waiting = [...document.querySelectorAll("main [hidden]")].map((e) => e.textContent);
  return [document.querySelector("main").innerText, waiting.join(" ")];
}"""
"""What stands in a room, every fold open, but for times, which scripts write as the reader's own
zone has them, and for the names of folds that are no folds without scripts; and what waits for a
script, like the keys that do something only with one."""

pytestmark = [
    *BROWSER,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]


@dataclass
class House:
    """A bot that serves, and what was found from its console on."""

    name: str
    api: Api
    cookies: dict[str, str]
    """Of one session: who holds the cards of the review may take them again."""
    pages: list[Crawled] = field(default_factory=list)

    def of_each_kind(self) -> list[Crawled]:
        """One page of the console of each kind, the first that was found."""
        found: dict[str, Crawled] = {}
        for page in self.pages:
            if page.is_page and page.path.startswith("/console"):
                found.setdefault(page.kind, page)
        return list(found.values())


def browse(name: str, api: Api) -> House:
    """Sign in as an admin and follow every link."""
    with httpx2.Client(base_url=api.address, timeout=120) as client:
        client.get("/console/login")
        client.post("/console/login", data={"token": TOKEN, "next": "/console"})
        pages = crawl(client, "/console", MOST_OF_A_SHAPE)
        cookies = {c.name: c.value or "" for c in client.cookies.jar}
        return House(name, api, cookies, pages)


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[House]]:
    """One that is full, and one that was set up a minute ago."""
    full, empty = tmp_path_factory.mktemp("full"), tmp_path_factory.mktemp("empty")
    for folder, arguments in ((full, ["--sample"]), (empty, [])):
        done = Cli(folder)("init", *arguments, ".")
        assert done.returncode == 0, done.stderr
    assert Cli(full)("ingest").returncode == 0
    aside(furnish(full / ".wellspoken"))
    with serving(full, {}) as bot, serving(empty, {}) as other:
        yield [browse("full", bot), browse("empty", other)]


@dataclass
class Look:
    """A page that is looked at: what went over the line, and what its console said."""

    page: playwright.Page
    errors: list[str] = field(default_factory=list)
    carried: list[float] = field(default_factory=list)

    def open(self, address: str) -> None:
        """Go there without anything kept from before."""
        self.errors.clear()
        self.carried.clear()
        self.page.goto(address, wait_until="load")


def look(chromium: playwright.Browser, house: House, size: dict[str, int], **more: Any) -> Look:
    """Signed in, at a size."""
    page = visit(chromium, house.api.address, size, **more)
    context = page.context
    context.add_cookies(
        [
            {"name": name, "value": value, "url": house.api.address}
            for name, value in house.cookies.items()
        ]
    )
    found = Look(page)
    page.on("console", lambda said: found.errors.append(said.text) if said.type == "error" else 0)
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line.on("Network.loadingFinished", lambda end: found.carried.append(end["encodedDataLength"]))
    return found


def words_of(page: playwright.Page) -> tuple[set[str], set[str]]:
    """The words that can be read in the room, and those that wait for a script."""
    read, waiting = (re.findall(r"[^\W\d_]{2,}", text.lower()) for text in page.evaluate(READ))
    return set(read), set(waiting)


def looked_at(at: Look, house: House, page: Crawled, size: str) -> list[str]:
    """A page as it comes, then light and dark; a picture of it is kept."""
    at.open(page.address)
    shifted = at.page.evaluate(SHIFTS)
    found = [*at.errors, *wide(at.page)]
    if sum(at.carried) >= MOST_BYTES:
        found.append(f"it weighs {sum(at.carried):,.0f} bytes")
    if shifted >= MOST_SHIFT:
        found.append(f"it moved by {shifted:.3f}")
    folder = SCREENSHOTS / house.name
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        at.page.emulate_media(color_scheme=scheme)
        if (size, scheme) in PICTURES:
            at.page.screenshot(path=folder / f"{page.file_name}-{size}.png", full_page=True)
        found += broken_rules(at.page, "" if scheme == "light" else "color-contrast")
    at.page.emulate_media(color_scheme="light")
    return [f"{house.name}, {size}: {page.address}: {fault}" for fault in found]


def test_no_link_is_dead(houses: list[House]) -> None:
    """Every address that a page names answers, and every place on a page that is named is there;
    every page has a title of its own and one heading of the first rank."""
    for house in houses:
        faults = [fault for page in house.pages for fault in page.faults()]
        places = {page.address: page for page in house.pages}
        for page in house.pages:
            for to, place in page.places:
                aim = places.get(to)
                if aim is not None and aim.is_page and place not in aim.ids:
                    faults.append(f"{page.address}: there is no #{place} on {to}")
        assert not faults, f"{house.name}:\n" + "\n".join(faults)
    assert len(houses[0].of_each_kind()) >= 35
    assert len(houses[1].of_each_kind()) >= 20


@pytest.mark.parametrize(("which", "size"), [(0, "desk"), (0, "phone"), (1, "phone")], ids=str)
def test_every_kind_of_page_is_light_still_and_accessible(
    chromium: playwright.Browser, houses: list[House], which: int, size: str
) -> None:
    """Under its own policy: no error in the browser's console, under 150 KB with all that it loads,
    nothing moves or is wider than the screen, no rule of accessibility is broken, light and
    dark."""
    house, found = houses[which], []
    at = look(chromium, house, DESK if size == "desk" else PHONE)
    for page in house.of_each_kind():
        found += looked_at(at, house, page, size)
    at.page.context.close()
    assert not found, "\n".join(found)


def test_every_kind_of_page_can_be_read_without_scripts(
    chromium: playwright.Browser, houses: list[House]
) -> None:
    """Whatever words a page has with scripts stand there without, too."""
    house, found = houses[0], []
    scripted = look(chromium, house, DESK)
    plain = look(chromium, house, DESK, java_script_enabled=False)
    scripted.open("/console")  # a script tells the server the reader's zone
    plain.page.context.add_cookies(scripted.page.context.cookies())
    for page in house.of_each_kind():
        for at in (scripted, plain):
            at.open(page.address)
        read, waiting = words_of(plain.page)
        if missing := words_of(scripted.page)[0] - read - waiting:
            found.append(f"{page.address}: {sorted(missing)[:20]}")
    for at in (scripted, plain):
        at.page.context.close()
    assert not found, "\n".join(found)
