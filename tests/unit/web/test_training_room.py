"""The training room: rounds as they stand, started, cancelled and taken up by operators alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx2

from persona.tuning.base import Backend, Event, Method, Progress, Report, Status, TuningJob
from persona.tuning.jobs import JobBook
from persona.tuning.trainer.folder import JobFolder
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
    for words in ("step 4 of 10", "loss 1.0000", "2 min left", "<canvas"):
        assert words in page
    drawn = re.search(r'class="plotted-data">(.+?)</script>', page)
    assert drawn is not None
    (line,) = json.loads(drawn[1])["series"]
    assert line["name"] == "Training"
    assert [(p["x"], p["y"]) for p in line["points"]] == [(1, 4.0), (2, 2.0), (4, 1.0)]
    live = (await browser.get(f"/console/training/{job.id}/live")).text
    assert f'hx-get="/console/training/{job.id}/live"' in live
    assert "<html" not in live


async def test_the_curve_is_what_the_trainer_measured(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Every step of the trainer's own file, with the validation beside it, and a table of both."""
    job = await job_in(application)
    folder = JobFolder(application.home / "tuning" / job.id)
    folder.path.mkdir(parents=True)
    for step in range(1, 301):
        folder.measured(step, loss=300.0 / step)
    folder.measured(150, validation=2.5)
    folder.measured(300, validation=1.25)
    await sign_in(browser)
    live = (await browser.get(f"/console/training/{job.id}/live")).text
    drawn = re.search(r'class="plotted-data">(.+?)</script>', live)
    assert drawn is not None
    training, validation = json.loads(drawn[1])["series"]
    assert [(p["x"], p["y"]) for p in validation["points"]] == [(150, 2.5), (300, 1.25)]
    assert len(training["points"]) == 100
    assert training["points"][-1]["x"] == 300
    assert "100 of 300 measured steps are drawn" in live
    assert re.search(r'<th scope="row">300</th><td>1\.00\d\d</td><td>1\.2500</td>', live)
    ended = await JobBook(application.database).cancelled(job.id, "me")
    page = (await browser.get(f"/console/training/{ended.id}")).text
    assert "plotted-data" in page, "the curve stays when the round is over"


async def test_a_round_without_losses_says_so(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A service that tells none leaves no curve, and one sentence."""
    book = JobBook(application.database)
    job = await book.add(
        backend=Backend.OPENAI, method=Method.SFT, base="m", dataset="d", by="me", options={}
    )
    await book.cancelled(job.id, "me")
    await sign_in(browser)
    page = (await browser.get(f"/console/training/{job.id}")).text
    assert "No losses are known of it; the service told none." in page
    assert "<canvas" not in page


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
    """No data set yet: the sentence leads to the room where one is built, and the form stays."""
    await sign_in(browser)
    csrf = csrf_of((await browser.get("/console/training")).text)
    form = {"csrf": csrf, "method": "dpo", "backend": "local", "base": str(tmp_path)}
    page = await browser.post("/console/training", data=form)
    assert page.status_code == 422
    assert (
        "There is no data set of the better of two (DPO) yet."
        ' <a href="/console/datasets">Build one under Data sets</a>' in page.text
    )
    assert "wellspoken dataset" not in page.text
    assert f'value="{tmp_path}"' in page.text
    assert 'value="dpo" selected' in page.text
    form["method"] = "magic"
    assert (await browser.post("/console/training", data=form)).status_code == 422


async def test_a_round_that_is_not_there(browser: httpx2.AsyncClient) -> None:
    """One sentence."""
    await sign_in(browser)
    assert (await browser.get("/console/training/j404")).status_code == 404
