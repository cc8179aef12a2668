"""The models room: versions, the canary's figures, and changes by the page's own forms alone."""

from __future__ import annotations

import json
import re

import httpx2

from persona.registry import Registry
from tests.platforms.web_application import WebApplication
from tests.unit.persona.test_canary_figures import answered
from tests.unit.persona.test_registry import gated
from tests.unit.web.test_chat import sign_in
from tests.unit.web.test_review import fields

BY = "terminal:operator"
ROOM = "/console/models"


async def versions(application: WebApplication, *models: str) -> Registry:
    """Candidates of these models."""
    registry = Registry(application.database)
    for model in models:
        await registry.register(model=model, base="tiny", by=BY)
    return registry


async def test_room_is_for_operators(browser: httpx2.AsyncClient) -> None:
    """Without the token it asks for it; with an empty home it says how a version is made."""
    assert (await browser.get(ROOM)).status_code in (303, 307, 401)
    await sign_in(browser)
    page = (await browser.get(ROOM)).text
    assert "No versions yet" in page
    assert "Versions of the voice" in page
    assert "The general model" not in page, "without a model server the reader answers"
    assert 'aria-current="page">Models</a>' in page
    assert (await browser.get(f"{ROOM}/v7")).status_code == 404


async def test_version_is_promoted_for_a_reason_and_rolled_back(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Without a pass it is refused in one sentence; with force and a reason it is live, on the
    record as the operator's; one button takes it back."""
    registry = await versions(application, "<b>one</b>")
    await sign_in(browser)
    page = (await browser.get(f"{ROOM}/v1")).text
    assert "&lt;b&gt;one&lt;/b&gt;" in page
    assert "<dt>Persona</dt><dd>not recorded</dd>" in page
    form = fields(page, f"{ROOM}/v1/promote")
    refused = await browser.post(f"{ROOM}/v1/promote", data=form)
    assert refused.status_code == 422
    assert "has not passed the gate" in refused.text
    assert "--force" not in refused.text
    assert '<details class="confirm" open><summary class="outlined">Promote v1' in refused.text
    unsaid = await browser.post(f"{ROOM}/v1/promote", data={**form, "force": "yes"})
    assert "a reason is needed" in unsaid.text
    done = await browser.post(
        f"{ROOM}/v1/promote", data={**form, "force": "yes", "reason": "the launch"}
    )
    assert done.status_code in (200, 303)
    live = await registry.live()
    assert live is not None
    assert live.version == "v1"
    page = (await browser.get(ROOM)).text
    assert "Promoted by force" in page
    assert "the launch" in page
    for address in (ROOM, f"{ROOM}/v1"):
        page = (await browser.get(address)).text
        assert "by operator</span>" in page
        assert "web:operator" not in page
    page = (await browser.get(ROOM)).text
    await browser.post(f"{ROOM}/rollback", data=fields(page, f"{ROOM}/rollback"))
    assert await registry.live() is None
    changes = await registry.promotions()
    assert {p.by for p in changes} != {BY}
    again = await browser.post(f"{ROOM}/rollback", data=fields(page, f"{ROOM}/rollback"))
    assert again.status_code == 422
    assert "nothing to roll back" in again.text


async def test_canary_is_shown_beside_what_is_live(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Its measures stand side by side with intervals; its share can be changed."""
    registry = await versions(application, "one", "two")
    await registry.promote("v1", by=BY, force=True, reason="x")
    await sign_in(browser)
    form = fields((await browser.get(f"{ROOM}/v2")).text, f"{ROOM}/v2/canary")
    await browser.post(f"{ROOM}/v2/canary", data={**form, "percent": "25"})
    assert (await registry.release()).share == 0.25
    for number in range(6):
        await answered(application.database, number, model="two" if number % 2 else "one")
    page = (await browser.get(ROOM)).text
    assert "Canary: v2 against v1" in page
    assert "3 turns of its own, 3 of the other" in page
    assert "Model errors" in page
    assert "Too few turns yet" in page
    plots = [json.loads(p) for p in re.findall(r'class="plotted-data">(.+?)</script>', page)]
    assert [p["kind"] for p in plots] == ["trend"], "of thumbs and claims nothing was seen"
    assert plots[0]["labels"] == ["1", "2", "3", "4", "5", "6"]
    canary, live = plots[0]["series"]
    assert (canary["name"], live["name"]) == ("v2", "v1")
    assert [p["n"] for p in canary["points"]] == [0, 1, 1, 2, 2, 3]
    assert canary["points"][0]["y"] is None
    assert live["points"][-1]["low"] <= live["points"][-1]["y"] < live["points"][-1]["high"]
    assert re.search(r'<th scope="row">6</th><td>0\.0% \(0\.0% to \d+\.\d%\)</td>', page)
    wrong = await browser.post(f"{ROOM}/v2/canary", data={**form, "percent": "0"})
    assert wrong.status_code == 422
    assert (await registry.release()).share == 0.25


async def test_canary_that_was_rolled_back_by_itself_is_told(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The room says so, with the reason, until something is released again."""
    registry = await versions(application, "one", "two")
    await registry.start_canary("v1", 0.5, by=BY)
    await registry.end_canary(by="wellspoken", why="worse: <i>thumbs</i> down", reject=True)
    await sign_in(browser)
    page = (await browser.get(ROOM)).text
    assert "was rolled back by itself" in page
    assert "worse: &lt;i&gt;thumbs&lt;/i&gt; down" in page
    await registry.promote("v2", by=BY, force=True, reason="x")
    assert "was rolled back by itself" not in (await browser.get(ROOM)).text


async def test_what_did_worse_as_a_canary_is_refused_in_the_pages_words(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Also after a pass of the gate, and the box that lets it through is there; no option of the
    command line is named."""
    registry = await versions(application, "one")
    await registry.start_canary("v1", 0.5, by=BY)
    await registry.end_canary(by="wellspoken", why="more thumbs <down>", reject=True)
    await gated(application.database, "v1", "pass")
    await registry.set_state("v1", "gated", why="passed", by=BY)
    await sign_in(browser)
    page = (await browser.get(f"{ROOM}/v1")).text
    assert "It passed the gate, but did worse as a canary" in page
    for deed in ("promote", "canary"):
        form = fields(page, f"{ROOM}/v1/{deed}")
        refused = await browser.post(f"{ROOM}/v1/{deed}", data=form)
        assert refused.status_code == 422
        assert "rejected as a canary: more thumbs &lt;down&gt;." in refused.text
        assert "--force" not in refused.text
        assert refused.text.count("<span>Also though it did worse as a canary;") == 2
    forced = {**fields(page, f"{ROOM}/v1/promote"), "force": "yes", "reason": "by mistake"}
    assert (await browser.post(f"{ROOM}/v1/promote", data=forced)).status_code == 303


async def test_changes_need_the_pages_own_form(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A form without the page's token changes nothing."""
    registry = await versions(application, "one")
    await sign_in(browser)
    for address in ("v1/promote", "v1/canary", "rollback"):
        refused = await browser.post(
            f"{ROOM}/{address}", data={"csrf": "x", "force": "yes", "reason": "y"}
        )
        assert refused.status_code == 403
    assert await registry.live() is None
