"""Buttons that put long work: it is seen at once, and done by a worker."""

from __future__ import annotations

import httpx2

from bot.work.jobs import Jobs
from tests.platforms.web_application import WebApplication
from tests.unit.web.test_chat import sign_in
from tests.unit.web.test_training_room import csrf_of


async def test_a_data_set_is_asked_for(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The button leads to the job, which names who asked; a format that is none is refused."""
    await sign_in(browser)
    page = (await browser.get("/console/datasets")).text
    assert 'aria-label="Build a data set (dpo)"' in page
    form = {"csrf": csrf_of(page), "format": "dpo"}
    sent = await browser.post("/console/datasets/build", data=form)
    (job,) = await Jobs(application.database).page()
    assert (sent.status_code, sent.headers["location"]) == (303, f"/console/jobs/{job.id}")
    assert (job.kind, job.arguments, job.asked_by) == (
        "dataset", {"format": "dpo", "out": None}, "web:operator",
    )  # fmt: skip
    assert "Building a data set" in (await browser.get(f"/console/jobs/{job.id}")).text
    refused = await browser.post("/console/datasets/build", data={**form, "format": "xml"})
    assert refused.status_code == 422
    assert "is no format" in refused.text
    forged = await browser.post("/console/datasets/build", data={**form, "csrf": "x"})
    assert forged.status_code == 403
    assert len(await Jobs(application.database).page()) == 1


async def test_the_index_is_built_anew_once(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Pressed twice, one job is there."""
    await sign_in(browser)
    token = csrf_of((await browser.get("/console/datasets")).text)
    for _ in range(2):
        sent = await browser.post("/console/knowledge/reindex", data={"csrf": token})
        (job,) = await Jobs(application.database).page()
        assert (sent.status_code, sent.headers["location"]) == (303, f"/console/jobs/{job.id}")
    assert job.kind == "reindex"
