"""Documents are dropped in a real browser, read in by the real service, and cited in its chat."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platforms.browsing import (
    BROWSER,
    PHONE,
    faults,
    playwright,
    sign_in,
    visit,
)
from tests.platforms.command import Process, environment, start_command

TOKEN = "a-token-for-tests"
DROP = """files => {
  const brought = new DataTransfer();
  for (const [name, text] of files) brought.items.add(new File([text], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const options = {dataTransfer: brought, bubbles: true, cancelable: true};
    document.getElementById("upload").dispatchEvent(new DragEvent(kind, options));
  }
}"""
SEEN = """() => {
  window.seen = [];
  new MutationObserver(() => {
    for (const words of document.querySelectorAll("#upload-way .muted")) {
      window.seen.push(words.textContent);
    }
  }).observe(document.getElementById("upload-way"),
             {childList: true, subtree: true, characterData: true});
}"""

pytestmark = BROWSER


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with nothing in it, as a process of its own."""
    folder = tmp_path_factory.mktemp("upload")
    env = environment(folder, WELLSPOKEN_CONSOLE_TOKEN=TOKEN, WELLSPOKEN_HOME=str(folder / "home"))
    with (folder / "log").open("wb") as log:
        serve = ("serve", "--port", "0", "--only", "web,worker")
        process = start_command(*serve, cwd=folder, env=env, out=log)
    try:
        yield _address(process, folder / "log")
    finally:
        process.terminate()
        process.wait(60)


def _address(process: Process, log: Path) -> str:
    until = time.monotonic() + 90
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r" is at (http://\S+)", log.read_text("utf-8", "replace")):
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(log.read_text("utf-8", "replace"))


def test_two_files_are_dropped_read_in_asked_of_and_removed(
    chromium: playwright.Browser, address: str
) -> None:
    """Dropping shows how far each is and what came of it, what cannot be read says why, the chat
    cites one of them, and a removed one is gone; every page keeps the rules, on a desk in light."""
    page = visit(chromium, address)
    context = page.context
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    sign_in(page, TOKEN, "/console/knowledge")
    page.evaluate(SEEN)
    page.get_by_label("Everybody").uncheck()
    parking = "# Parking\n\nThe blue badge opens the barrier of the north car park.\n"
    lift = "Lift B goes to the roof terrace. " * 20_000
    page.evaluate(DROP, [["parking.md", parking]])
    page.evaluate(DROP, [["lift.txt", lift], ["song.mp3", "x"]])
    playwright.expect(page.get_by_role("alert")).to_have_text(
        "3 files wait: choose who may read them, then press Upload."
    )
    page.get_by_label("Everybody").check()
    page.get_by_role("button", name="Upload", exact=True).click()

    way = page.get_by_role("list", name="On their way")
    rows = page.get_by_role("list", name="Last uploads").get_by_role("listitem")
    playwright.expect(rows).to_have_count(2)
    for name in ("parking.md", "lift.txt"):
        playwright.expect(rows.filter(has_text=name)).to_contain_text("Read in: ")
    playwright.expect(way).to_contain_text("A file that ends in .mp3 is not read")
    playwright.expect(way.get_by_role("listitem")).to_have_count(1)
    assert any(words.endswith("% uploaded") for words in page.evaluate("window.seen"))
    found = faults(page)

    page.goto("/")
    page.get_by_label("Your question").fill("What opens the barrier of the north car park?")
    page.get_by_label("Your question").press("Enter")
    answer = page.locator(".answer").first
    playwright.expect(answer).to_contain_text("blue badge")
    answer.get_by_role("link", name=re.compile("Source 1")).first.click()
    playwright.expect(page.get_by_role("dialog")).to_contain_text("Parking")

    page.goto("/console/knowledge")
    page.get_by_role("link", name="All uploaded files").click()
    files = page.get_by_role("list", name="Uploaded files").get_by_role("listitem")
    playwright.expect(files).to_have_count(2)
    page.locator("summary", has_text="Remove").nth(1).click()
    found += faults(page)
    page.get_by_role("button", name="Remove parking.md for good").click()
    playwright.expect(files).to_have_count(1)
    context.close()
    assert (found, errors) == ([], [])


def test_an_answer_on_the_way_is_told_as_what_it_is(
    chromium: playwright.Browser, address: str
) -> None:
    """A proxy's refusal names its number, and only who is signed out is told so."""
    page = visit(chromium, address)
    context = page.context
    sign_in(page, TOKEN, "/console/knowledge")
    page.get_by_label("Everybody").check()
    way = page.get_by_role("list", name="On their way")
    for status, words in ((413, "refused on the way (413)"), (502, "refused on the way (502)")):
        page.route(
            "**/console/knowledge/upload",
            lambda route, *, status=status: route.fulfill(status=status, body="<h1>No</h1>"),
        )
        page.evaluate(DROP, [["roof.md", "# Roof\n\nIt is closed.\n"]])
        playwright.expect(way).to_contain_text(words)
        playwright.expect(way).not_to_contain_text("signed out")
        page.unroute("**/console/knowledge/upload")
    context.clear_cookies()
    page.evaluate(DROP, [["roof.md", "# Roof\n\nIt is closed.\n"]])
    playwright.expect(way).to_contain_text("You are signed out; load the page again.")
    context.close()


def test_the_last_uploads_stay_as_they_were_made(
    chromium: playwright.Browser, address: str
) -> None:
    """While something is open the list is loaded again and again: closed it stays closed, and what
    had the focus keeps it."""
    page = visit(chromium, address)
    context = page.context
    sign_in(page, TOKEN, "/console/knowledge")
    page.get_by_label("Everybody").check()
    page.evaluate(DROP, [["stairs.md", "# Stairs\n\nThey are wet.\n"]])
    rows = page.get_by_role("list", name="Last uploads").get_by_role("listitem")
    playwright.expect(rows.filter(has_text="stairs.md")).to_contain_text("Read in: ")
    words = page.locator("#last-uploads > summary")
    words.focus()
    page.keyboard.press("Enter")
    playwright.expect(rows.first).to_be_hidden()
    page.evaluate("""() => {
      document.getElementById("uploads").dataset.before = "yes";
      return htmx.ajax("GET", "/console/knowledge/uploads",
                       {target: "#uploads", swap: "outerHTML settle:0ms"});
    }""")
    playwright.expect(page.locator("#uploads[data-before]")).to_have_count(0)
    playwright.expect(rows.first).to_be_hidden()
    playwright.expect(words).to_be_focused()
    page.keyboard.press("Enter")
    playwright.expect(rows.first).to_be_visible()
    context.close()


def test_a_file_is_sent_on_a_phone_and_without_script(
    chromium: playwright.Browser, address: str
) -> None:
    """The form alone does it, and says which files it did not take; dark keeps the rules."""
    page = visit(chromium, address, PHONE, "dark")
    context = page.context
    sign_in(page, TOKEN, "/console/knowledge")
    found = faults(page)
    plain = chromium.new_context(
        viewport=PHONE,
        base_url=address,
        java_script_enabled=False,
        storage_state=context.storage_state(),
    ).new_page()
    plain.goto("/console/knowledge")
    plain.get_by_label("Everybody").check()
    sent = {"name": "canteen.md", "mimeType": "text/markdown", "buffer": b"# Canteen\n\nSoup.\n"}
    other = {"name": "movie.mov", "mimeType": "video/quicktime", "buffer": b"x"}
    plain.locator("input[type=file]").set_input_files([sent, other])
    plain.get_by_role("button", name="Upload", exact=True).click()
    playwright.expect(plain.get_by_role("region", name="Not taken")).to_contain_text("movie.mov")
    rows = page.get_by_role("list", name="Last uploads").get_by_role("listitem")
    page.goto("/console/knowledge")
    playwright.expect(rows.filter(has_text="canteen.md")).to_contain_text("Read in: 1 chunk.")
    found += faults(page)
    plain.context.close()
    context.close()
    assert found == []
