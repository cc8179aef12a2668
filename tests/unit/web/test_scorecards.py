"""The scorecards room: the list, one run, its cases, what differs, files, and the end of a run."""

from __future__ import annotations

import os
import re

import httpx2
import orjson

from adapters.evaluation.standing import Order, Standing, StandingFile
from bot.store.audit import OPERATOR, Wanted
from tests.platforms.scorecard_runs import AT, NASTY, keep_run
from tests.platforms.web_application import WebApplication
from tests.unit.web.test_chat import sign_in

ROOM = "/console/scorecards"


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


async def keep(application: WebApplication, run: str, **more: object) -> None:
    await keep_run(application.database, application.home, run, **more)  # type: ignore[arg-type]  # by name


async def test_an_empty_home_says_what_a_suite_is(browser: httpx2.AsyncClient) -> None:
    """The command, a line of a suite, and the sample to choose; without the token nothing."""
    assert (await browser.get(ROOM)).status_code in (303, 307, 401)
    await sign_in(browser)
    page = (await browser.get(ROOM)).text
    assert "Nothing was measured yet" in page
    assert "wellspoken evaluate" in page
    assert '<option value="sample"' in page


async def test_every_run_is_listed_by_pages(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Newest first with figures and interval, older ones behind, those of a suite with a trend."""
    for n in range(52):
        await keep(application, f"run{n:02}", many=4, wrong=n % 3, refused=0, hours=n)
    await keep(application, "other", suite="hoses", many=4, hours=-1)
    await sign_in(browser)
    page = (await browser.get(ROOM)).text
    listed = re.findall(r'class="row" href="/console/scorecards/(\w+)"', page)
    assert listed == [f"run{n:02}" for n in range(51, 1, -1)]
    assert "Accuracy over the runs of pumps" in page
    older = re.search(r'href="([^"]+)" rel="next"', page)
    assert older
    rest = (await browser.get(older[1].replace("&amp;", "&"))).text
    assert re.findall(r'class="row" href="/console/scorecards/(\w+)"', rest) == [
        "run01", "run00", "other"
    ]  # fmt: skip
    of_one = (await browser.get(f"{ROOM}?suite=hoses")).text
    assert re.findall(r'class="row" href="/console/scorecards/(\w+)"', of_one) == ["other"]
    assert (await browser.get(f"{ROOM}?before=nonsense")).status_code == 404


async def test_a_run_shows_figures_and_what_differs(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Its baseline's differences; another run on demand; one that was deleted still told of."""
    await keep(application, "first", wrong=12, refused=0)
    await keep(application, "second", wrong=2, refused=1, hours=1, baseline="first")
    await keep(application, "third", wrong=2, refused=2, hours=2)
    await sign_in(browser)
    page = (await browser.get(f"{ROOM}/second")).text
    for words in ("Hallucination rate", "90.0%", "Better", "Modes side by side", "Over time"):
        assert words in page
    other = (await browser.get(f"{ROOM}/second?against=third")).text
    assert "Cannot tell" in other
    assert "more questions would tell" in other
    assert (await browser.get(f"{ROOM}/second?against=gone")).status_code == 404
    await application.scorecards.remove("first", "test")
    assert "was deleted" in (await browser.get(f"{ROOM}/second")).text
    assert (await browser.get(f"{ROOM}/first")).status_code == 404


async def test_cases_are_chosen_and_opened(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """By what became of them, by words, page by page; one down to claims and marked sources."""
    await keep(application, "first", wrong=4, refused=0)
    await keep(application, "second", wrong=2, refused=1, hours=1)
    await sign_in(browser)
    address = f"{ROOM}/second/cases"
    every = (await browser.get(address)).text
    assert every.count('class="row-main"') == 25
    assert (await browser.get(f"{address}?page=2")).text.count('class="row-main"') == 5
    counts = {"wrong:rag": 3, "wrong:hybrid": 0, "unheld": 2, "refused": 1}
    for mark, many in counts.items():
        page = (await browser.get(address, params={"show": mark})).text
        assert page.count('class="row-main"') == many, mark
    changed = (await browser.get(address, params={"show": "changed", "against": "first"})).text
    assert changed.count("was wrong") == 1
    found = (await browser.get(address, params={"words": "PUMP 17"})).text
    assert found.count('class="row-main"') == 1
    assert "Nothing fits" in (await browser.get(address, params={"words": "zebra"})).text
    link = re.search(r'class="row" href="([^"]+)"', found)
    assert link
    case = (await browser.get(link[1].replace("&amp;", "&"))).text
    for words in (
        "<mark>It has a warranty of 24 months.</mark>", "carried", "Kept back by the check",
        "In other words", "carries rag, hybrid", "retrieve 9 ms", "$0.00120",
    ):  # fmt: skip
        assert words in case
    assert 'rel="next"' not in case  # the only one of its list
    of_many = await browser.get(f"{ROOM}/second/case", params={"id": "p/1", "show": "unheld"})
    assert ">Before</a>" in of_many.text
    nasty = (await browser.get(f"{ROOM}/second/case", params={"id": "moon"})).text
    assert NASTY not in nasty
    assert "&lt;b&gt;the moon" in nasty
    assert (await browser.get(f"{ROOM}/second/case?id=none")).status_code == 404


async def test_a_run_is_downloaded_and_deleted(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Page and JSON are files; deleting needs a form of ours, takes the page, and is audited."""
    await keep(application, "first", many=4)
    await sign_in(browser)
    page = await browser.get(f"{ROOM}/first/page")
    assert page.headers["content-disposition"].startswith("attachment")
    told = orjson.loads((await browser.get(f"{ROOM}/first/json")).content)
    assert (told["run"], len(told["cases"]["rag"])) == ("first", 4)
    refused = await browser.post(f"{ROOM}/first/delete", data={"csrf": "wrong"})
    assert refused.status_code in (400, 403, 422)
    csrf = csrf_of((await browser.get(f"{ROOM}/first")).text)
    gone = await browser.post(f"{ROOM}/first/delete", data={"csrf": csrf})
    assert gone.status_code == 303
    assert not (application.home / "evaluations" / "first.html").exists()
    assert (await browser.get(f"{ROOM}/first")).status_code == 404
    deeds = Wanted(kind=OPERATOR, action="evaluation deleted")
    (entry,) = [each async for each in application.audit.each(deeds)]
    assert (entry.content["subject"], entry.content["suite"]) == ("first", "pumps")


async def test_a_form_that_is_wrong_says_so(browser: httpx2.AsyncClient) -> None:
    """An unknown suite, no mode, nothing to cancel: one sentence above the form, kept as it was."""
    await sign_in(browser)
    csrf = csrf_of((await browser.get(ROOM)).text)
    unknown = await browser.post(ROOM, data={"csrf": csrf, "suite": "../etc", "mode": "rag"})
    assert unknown.status_code == 422
    assert "There is no suite" in unknown.text
    nobody = await browser.post(ROOM, data={"csrf": csrf, "suite": "sample"})
    assert "Choose at least one mode" in nobody.text
    idle = await browser.post(f"{ROOM}/cancel", data={"csrf": csrf})
    assert "No run goes on" in idle.text


async def test_a_run_that_was_cancelled_says_that_it_ends(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """No second button until it is over; then the page is loaded anew, as it was asked for."""
    file = StandingFile(application.home)
    lock = file.take()
    assert lock is not None
    order = Order("start1", "pumps", ("rag",), "", "web:operator")
    file.write(Standing(order, AT, done=7, total=60))
    await sign_in(browser)
    page = (await browser.get(ROOM)).text
    assert 'id="cancel-run"' in page
    form = {"csrf": csrf_of(page)}
    assert (await browser.post(f"{ROOM}/cancel", data=form)).status_code == 303
    seen = await browser.get(f"{ROOM}/live")
    assert "It was cancelled, and ends" in seen.text
    assert 'id="cancel-run"' not in seen.text
    assert "hx-redirect" not in seen.headers
    os.close(lock)
    here = {"hx-request": "true", "hx-current-url": f"http://bot{ROOM}?suite=pumps"}
    over = await browser.get(f"{ROOM}/live", headers=here)
    assert over.headers["hx-redirect"] == f"{ROOM}?suite=pumps"
    elsewhere = {"hx-current-url": "https://example.org/console/scorecards/run1"}
    assert (await browser.get(f"{ROOM}/live", headers=elsewhere)).headers["hx-redirect"] == ROOM


async def test_what_is_not_there_leads_back_to_the_console(browser: httpx2.AsyncClient) -> None:
    """A wrong address of a room is answered with a way back into the console."""
    await sign_in(browser)
    missing = await browser.get(f"{ROOM}/nope", headers={"accept": "text/html"})
    assert missing.status_code == 404
    assert '<a href="/console/scorecards">Go to Scorecards</a>' in missing.text
    assert '<a href="/console">back to the console</a>' in missing.text


async def test_a_page_that_was_deleted_is_said_to_be_gone(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The run stays, and the sentence says where its figures are."""
    await keep(application, "run1", many=4)
    for file in (application.home / "evaluations").glob("run1*.html"):
        file.unlink()
    await sign_in(browser)
    gone = await browser.get(f"{ROOM}/run1/page", headers={"accept": "text/html"})
    assert gone.status_code == 404
    assert "its figures and cases are in the console" in gone.text
    assert (await browser.get(f"{ROOM}/run1")).status_code == 200
