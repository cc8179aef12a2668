"""The page of a scorecard in a real browser: readable on a desk and on a phone, by everybody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.evaluation.finding import found_suite
from adapters.evaluation.report import report_page
from adapters.evaluation.running import evaluate
from bot.settings import load_settings
from tests.platforms.browsing import AXE, BROWSER, aside, playwright
from tests.platforms.scorecards import scorecard

INK = """() => [...document.querySelectorAll("canvas")].filter((canvas) => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] > 200) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  }
  return colours.size < 3;
}).map((canvas) => canvas.ariaLabel)"""
"""The canvases on which nothing was drawn."""
PIXELS = "() => document.querySelector('canvas').toDataURL()"
SIZES = ((1280, "light"), (390, "dark"))

pytestmark = BROWSER


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run over an empty knowledge base, compared with the run before."""
    folder = tmp_path_factory.mktemp("scorecard")
    lines = [
        {"id": "1", "question": "How long is the warranty?", "answers": ["24 months"],
         "gold": ["w.md"], "paraphrases": ["For how long is it under warranty?"]},
        {"id": "2", "question": "Who painted <b>the moon</b>?", "answers": [], "answerable": False},
    ]  # fmt: skip
    (folder / "two.jsonl").write_text("\n".join(map(json.dumps, lines)))
    settings = load_settings(WELLSPOKEN_HOME=folder / "home")

    async def twice() -> Path:
        suite = await found_suite(settings, folder / "two.jsonl")
        first, _ = await evaluate(settings, suite, ["rag"], by="test", page=report_page)
        _, report = await evaluate(
            settings, suite, ["rag", "voice", "hybrid", "auto"], by="test", page=report_page,
            baseline=first.run,
        )  # fmt: skip
        return report

    return aside(twice())


@pytest.fixture(scope="module")
def full_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with every plot, over documents that would like to be code."""
    text = "It holds for 24 months. </script><script>document.title = 'taken'</script>"
    place = tmp_path_factory.mktemp("full") / "run.html"
    place.write_text(report_page(scorecard(40, text=text, question="<b>How long</b>")), "utf-8")
    return place


@pytest.mark.parametrize(("width", "scheme"), SIZES, ids=["desk", "phone"])
def test_it_fits_and_is_accessible(
    chromium: playwright.Browser, page_file: Path, full_page: Path, width: int, scheme: str
) -> None:
    """No axe finding and nothing to scroll sideways, with every case open; the keyboard opens one;
    what a suite says is text."""
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True
    )
    for file, question in ((page_file, "Who painted <b>the moon</b>?"), (full_page, "<b>How")):
        page = context.new_page()
        page.goto(file.as_uri())
        show_all(page)
        page.locator("details.case > summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("details.case .mode").first.is_visible()
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.get_by_text(question).first.is_visible()
        page.add_script_tag(content=AXE)
        found = page.evaluate("async () => (await axe.run()).violations.map(v => v.id)")
        assert found == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_plot_is_drawn_and_nothing_else_runs(
    chromium: playwright.Browser, full_page: Path, scheme: str
) -> None:
    """Each canvas has ink in the colours of the page, nothing is asked of the network, no line of
    a document runs, and the policy has nothing to complain of."""
    context = chromium.new_context(viewport={"width": 1280, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(full_page.as_uri())
    page.wait_for_function(f"!({INK})().length")
    assert page.locator("canvas").count() >= 10
    assert page.title() == "Scorecard: pumps – Acme"
    assert [url for url in asked if not url.startswith("file:")] == []
    assert complaints == []
    context.close()


def test_plots_follow_the_colours_of_the_page(
    chromium: playwright.Browser, full_page: Path
) -> None:
    """When the room gets dark, the plots are drawn anew; nothing on the page moves."""
    context = chromium.new_context(viewport={"width": 1280, "height": 844}, color_scheme="light")
    page = context.new_page()
    page.goto(full_page.as_uri())
    page.wait_for_function(f"!({INK})().length")
    light, height = page.evaluate(PIXELS), page.evaluate("document.body.scrollHeight")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"light => ({PIXELS})() !== light", arg=light)
    assert page.evaluate("document.body.scrollHeight") == height
    context.close()


def test_it_is_whole_without_script(chromium: playwright.Browser, full_page: Path) -> None:
    """Tables stand where plots would be, cases can be chosen and opened."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 844}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(full_page.as_uri())
    assert not page.locator("canvas").first.is_visible()
    assert page.get_by_role("cell", name="100.0% (").first.is_visible()
    show_all(page)
    assert page.locator("details.case:visible").count() == 40
    page.locator("label:has(#show-look)").click()
    assert 0 < page.locator("details.case:visible").count() < 40
    page.locator("details.case:visible > summary").first.click()
    assert page.get_by_text("not carried").first.is_visible()
    context.close()


def test_paper_is_light_and_has_every_table(chromium: playwright.Browser, full_page: Path) -> None:
    """Printed out of a dark room, the ink is dark, and what was folded lies open."""
    context = chromium.new_context(viewport={"width": 720, "height": 900}, color_scheme="dark")
    page = context.new_page()
    page.goto(full_page.as_uri())
    table = page.locator(".plotted-table").first
    assert not table.is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    assert table.is_visible()
    assert page.locator("details.case:visible .mode").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 35, 33)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    context.close()


def show_all(page: Any) -> None:
    """Choose every case, where there is a choice."""
    choice = page.locator("label:has(#show-all)")
    if choice.count():
        choice.click()
