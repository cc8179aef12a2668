"""The jobs room: what is under way, found, cancelled and resumed by admins alone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2

from adapters.assembly import assemble
from adapters.jobs.desk import KINDS, TUNING, line_of
from adapters.jobs.kinds import kinds_of
from adapters.web.console.jobs import left_alone
from bot.settings import load_settings
from bot.work.claims import Claims, Patience
from bot.work.jobs import Job, Jobs, Status, Wanted
from tests.platforms.web_application import HANDBOOK, WebApplication
from tests.unit.web.test_chat import sign_in
from tests.unit.web.test_training_room import csrf_of, job_in


async def running(application: WebApplication, title: str = "Read docs") -> tuple[Claims, Job]:
    """A job that is under way, 30 of 120 documents far."""
    await Jobs(application.database).put(Wanted("sync", title, {"source": "docs"}, by="web:ada"))
    worker = Claims(application.database, "one")
    (job,) = await worker.claim("sync", 1, Patience())
    await worker.advance(job, 30, 120, "documents")
    return worker, job


async def test_an_empty_room_says_what_will_be_there(browser: httpx2.AsyncClient) -> None:
    """Nobody without the token gets in; nothing there yet is said with the way to it."""
    assert (await browser.get("/console/jobs")).status_code == 303
    await sign_in(browser)
    assert "No jobs yet" in (await browser.get("/console/jobs")).text
    assert "No such jobs" in (await browser.get("/console/jobs?status=failed")).text


async def test_what_runs_shows_how_far_it_is(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The list and the page of a job ask again by themselves while it runs; rounds of fine-tuning
    stand in the same list."""
    worker, job = await running(application)
    round_ = await job_in(application)
    await sign_in(browser)
    page = (await browser.get("/console/jobs")).text
    for words in ("Read docs", "30 of 120 documents", 'value="0.250"', "every 2s", round_.id):
        assert words in page, words
    page = (await browser.get(f"/console/jobs/{job.id}")).text
    assert f'hx-get="/console/jobs/{job.id}"' in page
    assert "<dd>ada, " in page
    await worker.succeed(job, {"added": 120})
    page = (await browser.get(f"/console/jobs/{job.id}")).text
    assert "Succeeded" in page
    assert "<dd>120</dd>" in page
    assert 'hx-get="/console/jobs/' not in page


async def test_a_job_that_nobody_works_on_says_so(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """One whose worker is gone, and one that no worker takes up: what to look at; a moment after a
    lease or a due time nothing is said."""
    dead = Claims(application.database, "dead", lease_seconds=-60)
    await Jobs(application.database).put(Wanted("sync", "Read docs"))
    (job,) = await dead.claim("sync", 1, Patience())
    await sign_in(browser)
    page = (await browser.get(f"/console/jobs/{job.id}")).text
    assert "Its worker is gone" in page
    assert "<code>wellspoken serve</code> running with its worker?" in page
    waits, _ = await Jobs(application.database).put(Wanted("evaluation", "Ask a suite"))
    line, moments = line_of(waits), [timedelta(seconds=n) for n in (0, 29, 31)]
    told = [left_alone(line, waits.due + later) for later in moments]
    assert told == ["", "", "It waits for its turn, or no worker has taken it up"]
    held = replace(line_of(job), lease_until=waits.due)
    assert [bool(left_alone(held, waits.due + later)) for later in moments] == [False, True, True]
    assert left_alone(replace(held, status=Status.SUCCEEDED), waits.due + moments[2]) == ""


async def test_filters_and_pages(browser: httpx2.AsyncClient, application: WebApplication) -> None:
    """By kind and status; a word that is none is a sentence; older ones on the next page."""
    jobs = Jobs(application.database)
    for number in range(52):
        await jobs.put(Wanted("sync", f"Read number {number:02}"))
    await sign_in(browser)
    first = (await browser.get("/console/jobs?kind=sync")).text
    assert "Read number 51" in first
    assert "Read number 01" not in first
    older = re.search(r'href="(/console/jobs\?kind=sync&amp;before=job\w+)"', first)
    assert older is not None
    assert "Read number 01" in (await browser.get(older[1].replace("&amp;", "&"))).text
    assert "Read number" not in (await browser.get("/console/jobs?status=failed")).text
    wrong = await browser.get("/console/jobs?status=asleep")
    assert wrong.status_code == 422
    assert "There is no status" in wrong.text
    assert (await browser.get("/console/jobs/nope")).status_code == 404


async def test_an_admin_cancels_and_resumes(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A running one is asked to end, an ended one goes on; what is over already says so."""
    worker, job = await running(application)
    await sign_in(browser)
    csrf = csrf_of((await browser.get(f"/console/jobs/{job.id}")).text)
    for action, wanted in (("cancel", 303), ("resume", 422)):
        answer = await browser.post(f"/console/jobs/{job.id}/{action}", data={"csrf": csrf})
        assert answer.status_code == wanted
    assert "Being cancelled" in (await browser.get(f"/console/jobs/{job.id}")).text
    await worker.cancelled(job)
    late = await browser.post(f"/console/jobs/{job.id}/cancel", data={"csrf": csrf})
    assert late.status_code == 422
    assert "is over already (cancelled)" in late.text
    assert "Go on with it" in late.text
    answer = await browser.post(f"/console/jobs/{job.id}/resume", data={"csrf": csrf})
    assert answer.status_code == 303
    assert (await Jobs(application.database).get(job.id)).status is Status.QUEUED
    said = [entry.content.get("action") for entry in await application.audit.listing()]
    assert {"job cancelled", "job resumed"} <= set(said)


async def test_a_job_that_failed_says_what_comes_first(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Going on with it is for afterwards and stands back, the room where it is mended stands out;
    one that was cancelled just goes on. Who asked is named."""
    job, _ = await Jobs(application.database).put(
        Wanted("sync", "Read docs", {"source": "docs"}, by="web:operator")
    )
    worker = Claims(application.database, "one")
    (held,) = await worker.claim("sync", 1, Patience())
    await worker.fail(held, "The folder is not there.", Patience(tries=1))
    await sign_in(browser)
    page = (await browser.get(f"/console/jobs/{job.id}")).text
    assert "As long as what it names is not mended, it ends the same." in page
    assert 'class="quiet" id="resume-job"' in page
    assert 'id="job-page" href="/console/knowledge" class="outlined"' in page
    assert "<dd>operator, " in page
    jobs = Jobs(application.database)
    await jobs.resume(job.id)
    await jobs.cancel(job.id, "web:operator")
    page = (await browser.get(f"/console/jobs/{job.id}")).text
    assert "it ends the same" not in page
    assert 'class="outlined" id="resume-job"' in page


async def test_sync_now_puts_a_job_with_who_asked(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """One job, however often the button is pressed."""
    await sign_in(browser)
    csrf = csrf_of((await browser.get("/console/knowledge")).text)
    for _ in range(2):
        form = {"csrf": csrf, "source": HANDBOOK.name}
        assert (await browser.post("/console/knowledge/sync", data=form)).status_code == 303
    (job,) = await Jobs(application.database).page()
    assert (job.kind, job.arguments, job.asked_by) == (
        "sync", {"source": HANDBOOK.name}, "web:operator",
    )  # fmt: skip


async def test_every_kind_of_job_has_its_words(tmp_path: Path) -> None:
    """What a worker takes up, and rounds of fine-tuning, are named in words of people."""
    async with assemble(load_settings(WELLSPOKEN_HOME=tmp_path), warm=False) as app:
        worked = {kind.name for kind in kinds_of(app)}
    assert worked | {TUNING} == KINDS.keys()
