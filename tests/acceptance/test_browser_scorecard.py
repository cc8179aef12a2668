"""The page of a scorecard in a real browser: readable on a desk and on a phone, by everybody."""

from __future__ import annotations

import asyncio
import json
from importlib.resources import files
from pathlib import Path

import pytest

from adapters.evaluating import evaluate, named_suites
from adapters.evaluation_report import report_page
from bot.settings import load_settings

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(str(files("axe_playwright_python"))) / "axe.min.js"
SIZES = ((1280, "light"), (390, "dark"))

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium (Debian: chromium)"),
]


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
    (suite,) = named_suites(settings, [str(folder / "two.jsonl")])

    async def twice() -> Path:
        first, _ = await evaluate(settings, suite, ["rag"], by="test", page=report_page)
        _, report = await evaluate(
            settings, suite, ["rag", "voice", "hybrid", "auto"], by="test", page=report_page,
            baseline=first.run,
        )  # fmt: skip
        return report

    return asyncio.run(twice())


@pytest.mark.parametrize(("width", "scheme"), SIZES, ids=["desk", "phone"])
def test_it_fits_and_is_accessible(page_file: Path, width: int, scheme: str) -> None:
    """No axe finding and nothing to scroll sideways, with every case open; the keyboard opens one;
    what a suite says is text."""
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True
        )
        page = context.new_page()
        page.goto(page_file.as_uri())
        page.locator("details.case > summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("details.case .mode").first.is_visible()
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.get_by_text("Who painted <b>the moon</b>?").first.is_visible()
        page.add_script_tag(content=AXE.read_text())
        found = page.evaluate("async () => (await axe.run()).violations.map(v => v.id)")
        assert found == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
