"""The training room: rounds as they stand, started, cancelled and taken up by operators alone."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2

from persona.tuning.base import Backend, Event, Method, Progress, Report, Status, TuningJob
from persona.tuning.jobs import JobBook
from tests.platforms.web_application import WebApplication
from tests.unit.web.test_chat import sign_in


def csrf_of(page: str) -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


async def job_in(application: WebApplication) -> TuningJob:
    """A round that was begun on another machine: what is known of it stays as it is."""
    book = JobBook(application.database)
    job = await book.add(
        backend=Backend.LOCAL,
        method=Method.SFT,
        base="models/small",
        dataset="d1",
        by="me",
        options={},
    )
    await book.begun(job.id, "17")
    events = [
        Event(
            str(step),
            "loss",
            f"step {step} of 10, loss {4 / step}",
            {"step": step, "loss": 4 / step},
        )
        for step in (1, 2, 4)
    ]
    progress = Progress(4, 10, 1.0, 95.0)
    return await book.seen(job.id, Report(Status.RUNNING, progress=progress, events=events))


async def test_the_room_is_closed_without_the_token(browser: httpx2.AsyncClient) -> None:
    """Training is the operator's business."""
    for address in ("/console/training", "/console/training/j1", "/console/training/j1/live"):
        assert (await browser.get(address)).status_code == 303


async def test_an_empty_room_says_how_to_begin(browser: httpx2.AsyncClient) -> None:
    """No rounds yet: the way from thumbs to a round."""
    await sign_in(browser)
    page = await browser.get("/console/training")
    assert page.status_code == 200
    assert "No rounds yet" in page.text


async def test_a_round_that_runs_shows_steps_loss_and_time(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The page asks for itself again while the round runs, and draws the loss."""
    job = await job_in(application)
    await sign_in(browser)
    page = (await browser.get("/console/training")).text
    assert "step 4 of 10" in page
    page = (await browser.get(f"/console/training/{job.id}")).text
    for words in ("step 4 of 10", "loss 1.0000", "2 min left", "<polyline", "loss 4.0"):
        assert words in page
    live = (await browser.get(f"/console/training/{job.id}/live")).text
    assert f'hx-get="/console/training/{job.id}/live"' in live
    assert "<html" not in live


async def test_a_round_that_is_over_is_not_asked_for_again(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Its sentence is shown, and a button where it can go on."""
    job = await job_in(application)
    report = Report(Status.FAILED, error="The trainer was killed at step 4.", resumable=True)
    await JobBook(application.database).seen(job.id, report)
    await sign_in(browser)
    page = (await browser.get(f"/console/training/{job.id}")).text
    assert "The trainer was killed at step 4." in page
    assert "Go on from the last checkpoint" in page
    assert 'hx-get="/console/training' not in page


async def test_a_round_is_cancelled_once_and_only_from_the_page(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A form without the page's token changes nothing."""
    job = await job_in(application)
    await sign_in(browser)
    address = f"/console/training/{job.id}"
    assert (await browser.post(f"{address}/cancel", data={"csrf": "x"})).status_code == 403
    csrf = csrf_of((await browser.get(address)).text)
    assert (await browser.post(f"{address}/cancel", data={"csrf": csrf})).status_code == 303
    assert "Cancelled" in (await browser.get(address)).text


async def test_what_keeps_a_round_from_beginning_is_said_on_the_page(
    browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    """No data set yet: the sentence says how one is built, and the form stays."""
    await sign_in(browser)
    csrf = csrf_of((await browser.get("/console/training")).text)
    form = {"csrf": csrf, "method": "dpo", "backend": "local", "base": str(tmp_path)}
    page = await browser.post("/console/training", data=form)
    assert page.status_code == 422
    assert "dataset build --format dpo" in page.text
    assert f'value="{tmp_path}"' in page.text
    assert 'value="dpo" selected' in page.text
    form["method"] = "magic"
    assert (await browser.post("/console/training", data=form)).status_code == 422


async def test_a_round_that_is_not_there(browser: httpx2.AsyncClient) -> None:
    """One sentence."""
    await sign_in(browser)
    assert (await browser.get("/console/training/j404")).status_code == 404
