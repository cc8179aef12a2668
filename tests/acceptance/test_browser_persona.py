"""The voice's rooms in a real browser: a persona that is edited, curves that are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.base import Database
from persona.book import PersonaBook
from persona.profile import Persona, load_persona
from persona.registry import Registry
from persona.tuning.base import Backend, Method, Progress, Report, Status
from persona.tuning.jobs import JobBook
from persona.tuning.trainer.folder import JobFolder
from tests.platforms.browsing import (
    BROWSER,
    DESK,
    PHONE,
    aside,
    faults,
    playwright,
    sign_in,
    visit,
)
from tests.platforms.web_application import TOKEN, Served, served
from tests.unit.persona.test_canary_figures import answered

FILE = """name: Juniper
voice: warm and brief
do: [Begin with the answer.]
words_to_avoid: [unfortunately]
samples:
  - question: Can it stay outside?
    on_voice: Bring it in before the first frost.
    off_voice: One should endeavour to relocate it.
"""
# Whether anything but the background was drawn on every canvas of the page.
DRAWN = """() => [...document.querySelectorAll("figure.plotted canvas")].map(canvas => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return data.some(byte => byte !== 0);
})"""
CHOSEN = """() => { const text = document.activeElement;
  return text.value.slice(text.selectionStart, text.selectionEnd); }"""

pytestmark = BROWSER


async def _lived_in(folder: Path) -> str:
    """An earlier persona, a round that runs, and a canary beside what is live; the round's id."""
    database = await Database.open(f"sqlite:///{folder / 'web.db'}")
    try:
        await PersonaBook(database).keep(Persona("Juniper", do=("Be brief.",)))
        await PersonaBook(database).keep(load_persona(folder / "persona.yaml"))
        book = JobBook(database)
        job = await book.add(
            backend=Backend.LOCAL, method=Method.SFT, base="small", dataset="d", by="me", options={}
        )
        await book.begun(job.id, "17")
        await book.seen(job.id, Report(Status.RUNNING, progress=Progress(40, 100, 1.2, 60.0)))
        registry = Registry(database)
        for model in ("one", "two"):
            await registry.register(model=model, by="me")
        await registry.promote("v1", by="me", force=True, reason="x")
        await registry.start_canary("v2", 0.5, by="me", force=True, reason="x")
        for number in range(30):
            await answered(database, number, model="two" if number % 2 else "one")
        return job.id
    finally:
        await database.close()


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """A bot with a persona's file, and the id of its round."""
    folder = tmp_path_factory.mktemp("voice")
    (folder / "persona.yaml").write_text(FILE)
    job = aside(_lived_in(folder))
    measured(folder, job, 1, 40)
    with served(folder) as bot:
        yield bot, job


def measured(folder: Path, job: str, first: int, last: int) -> None:
    """The trainer of a round measures these steps."""
    made = JobFolder(folder / "tuning" / job)
    made.path.mkdir(parents=True, exist_ok=True)
    for step in range(first, last + 1):
        made.measured(step, loss=40.0 / (step + 10))
    made.measured(last, validation=40.0 / (last + 8))


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_a_persona_is_edited_heard_and_compared(
    chromium: playwright.Browser,
    bot: tuple[Served, str],
    size: dict[str, int],
    scheme: str,
) -> None:
    """A slip is found while it is typed and its link leads to its line; a text is marked, a
    question answered, the file downloaded, and two versions stand beside each other."""
    there, _ = bot
    page, found = visit(chromium, there.address, size, scheme), list[str]()
    sign_in(page, TOKEN, "/console/persona")
    page.get_by_role("heading", name="Who it is").wait_for()
    found += faults(page)

    text = page.get_by_label("persona.yaml", exact=True)
    findings = page.locator("#findings")
    playwright.expect(findings).to_contain_text("This text is fine.")
    text.press("ControlOrMeta+End")
    text.press_sequentially("nonsense: 1\n")
    playwright.expect(findings).to_contain_text('unknown key "nonsense"', timeout=60_000)
    findings.get_by_role("link", name="line 9").click()
    assert page.evaluate(CHOSEN) == "nonsense: 1"
    found += faults(page)

    text.fill(FILE.replace("unfortunately", "kindly"))
    playwright.expect(findings).to_contain_text("This text is fine.", timeout=60_000)
    page.get_by_label("A text in this voice").fill("Kindly hold the button.")
    playwright.expect(page.locator("#scored mark")).to_have_text("Kindly", timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download persona.yaml").click()
    assert download.value.suggested_filename == "persona.yaml"
    assert download.value.path().read_text() == FILE.replace("unfortunately", "kindly")

    page.get_by_label("A question to it").fill("How do I reset the hub?")
    page.get_by_role("button", name="Say it").click()
    said = page.get_by_role("region", name="What it said")
    playwright.expect(said).to_contain_text("ten seconds")
    playwright.expect(page.locator("#scored mark")).to_have_text("Kindly")
    found += faults(page)

    page.goto("/console/persona")
    page.get_by_role("button", name="Compare").click()
    lines = page.get_by_role("group", name="Lines that differ")
    playwright.expect(lines.locator("del", has_text="Be brief.")).to_be_visible()
    playwright.expect(lines.locator("ins", has_text="Begin with the answer.")).to_be_visible()
    found += faults(page)
    page.context.close()
    assert found == []


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_curves_are_drawn_and_grow_with_the_round(
    chromium: playwright.Browser,
    bot: tuple[Served, str],
    size: dict[str, int],
    scheme: str,
) -> None:
    """A round's losses and a canary's measures are drawn; new steps come without a click while the
    open table stays open; promoting is asked twice."""
    there, job = bot
    folder = there.application.home
    page, found = visit(chromium, there.address, size, scheme), list[str]()
    sign_in(page, TOKEN, f"/console/training/{job}")
    page.get_by_role("heading", name="Loss").wait_for()
    page.wait_for_function(f"({DRAWN})().every(Boolean)")
    page.get_by_text("Figures of Loss").click()
    rows = page.get_by_role("group", name="Loss, as a table").get_by_role("row")
    before = rows.count()
    found += faults(page)
    last = int(rows.nth(1).get_by_role("rowheader").inner_text())
    measured(folder, job, last + 1, last + 20)
    playwright.expect(rows).to_have_count(before + 20, timeout=60_000)
    playwright.expect(rows.nth(1)).to_be_visible()
    page.wait_for_function(f"({DRAWN})().every(Boolean)")

    page.goto("/console/models")
    page.get_by_role("heading", name="Not known").wait_for()
    page.wait_for_function(f"({DRAWN})().length && ({DRAWN})().every(Boolean)")
    found += faults(page)

    page.goto("/console/models/v2")
    promote = page.get_by_role("button", name="Yes, make v2 live")
    playwright.expect(promote).to_be_hidden()
    page.get_by_text("Promote v2", exact=True).click()
    playwright.expect(promote).to_be_visible()
    page.get_by_text("Hold it to the gate", exact=True).click()
    playwright.expect(page.get_by_label("Held to")).to_be_visible()
    found += faults(page)
    page.context.close()
    assert found == []
