"""The gate's button on a version's page: what is put, and what keeps it from being put."""

from __future__ import annotations

import httpx2
import pytest

from adapters.jobs.gating import kind_of
from bot.settings import load_settings
from bot.work.claims import Claims
from bot.work.jobs import Jobs
from bot.work.runner import RefusedError, Running
from persona.registry import Registry
from tests.platforms.web_application import WebApplication
from tests.unit.web.test_chat import sign_in
from tests.unit.web.test_review import fields

ADDRESS = "/console/models/v1/gate"


async def version(application: WebApplication) -> None:
    """A candidate."""
    await Registry(application.database).register(model="one", base="tiny", by="me")


async def test_a_version_is_held_to_the_gate_by_a_button(
    browser: httpx2.AsyncClient,
    application: WebApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Behind a confirmation; the job says who asked, of which version and suite, and pressed twice
    it is there once."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("WELLSPOKEN_MODEL", "general")
    await version(application)
    await sign_in(browser)
    page = (await browser.get("/console/models/v1")).text
    assert '<details class="confirm"><summary class="solid">Hold it to the gate' in page
    form = {**fields(page, ADDRESS), "suite": "sample"}
    for _ in range(2):
        sent = await browser.post(ADDRESS, data=form)
        (job,) = await Jobs(application.database).page()
        assert (sent.status_code, sent.headers["location"]) == (303, f"/console/jobs/{job.id}")
    assert (job.kind, job.arguments, job.asked_by) == (
        "gate", {"version": "v1", "suites": ["sample"]}, "web:operator",
    )  # fmt: skip
    told = (await browser.get(f"/console/jobs/{job.id}")).text
    assert "Holding a version to the gate" in told
    assert f'action="/console/jobs/{job.id}/cancel"' in told


async def test_what_keeps_it_from_the_gate_is_said_on_its_page(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """No model server, no suite, one that is not in the list: one sentence each, and no job."""
    await version(application)
    await sign_in(browser)
    form = fields((await browser.get("/console/models/v1")).text, ADDRESS)
    for suite, words in (
        ("sample", "set OPENAI_BASE_URL"),
        ("", "Choose a suite"),
        ("/etc/passwd", "There is no suite"),
    ):
        page = await browser.post(ADDRESS, data={**form, "suite": suite})
        assert page.status_code == 422
        assert words in page.text
        assert '<details class="confirm" open><summary class="solid">Hold it' in page.text
    gone = await browser.post("/console/models/v7/gate", data={**form, "suite": "sample"})
    assert gone.status_code == 404
    assert (await browser.post(ADDRESS, data={"csrf": "x", "suite": "sample"})).status_code == 403
    assert await Jobs(application.database).page() == []


async def test_a_job_that_cannot_be_done_is_refused_in_one_sentence(
    application: WebApplication,
) -> None:
    """What no other try changes ends the job with its reason."""
    await version(application)
    settings = load_settings(
        WELLSPOKEN_HOME=application.home, DATABASE_URL=f"sqlite:///{application.home / 'web.db'}"
    )
    line = await application.jobs.hold_to_gate("v1", ["sample"], "web:operator")
    job = await Jobs(application.database).get(line.id)
    running = Running(job, Claims(application.database, "test"))
    with pytest.raises(RefusedError, match="OPENAI_BASE_URL"):
        await kind_of(settings, lambda _story: "").handler(running)
