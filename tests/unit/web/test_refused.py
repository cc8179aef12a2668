"""Sign-ins that failed: on record with their address, one entry a minute."""

from __future__ import annotations

import httpx2

from adapters.web.auth.refused import REFUSED, Refusals
from bot.store.audit import Wanted
from tests.platforms.web_application import TOKEN, WebApplication

WRONG = {"token": "quince-and-medlar"}


async def test_wrong_tokens_are_on_record_without_the_token(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """One entry for each address and minute, whichever door it was; a right one makes none."""
    for _ in range(3):
        assert (await browser.post("/console/login", data=WRONG)).status_code == 401
    (entry,) = await application.audit.listing(wanted=Wanted(action=REFUSED))
    told = {name: entry.content[name] for name in ("actor", "subject", "times")}
    assert told == {"actor": "web:unknown", "subject": "console", "times": 1}
    assert entry.content["address"]
    assert "quince" not in str(entry.content)
    await browser.post("/console/login", data={"token": TOKEN})
    assert len(await application.audit.listing(wanted=Wanted(action=REFUSED))) == 1


async def test_a_script_with_a_wrong_token_is_on_record(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """One that sends none is only told to send one."""
    question = {"question": "How do I reset the hub?"}
    assert (await browser.post("/api/ask", json=question)).status_code == 401
    assert await application.audit.listing(wanted=Wanted(action=REFUSED)) == []
    headers = {"authorization": "Bearer quince"}
    done = await browser.post("/api/ask", json=question, headers=headers)
    assert done.status_code == 401
    (entry,) = await application.audit.listing(wanted=Wanted(action=REFUSED))
    assert entry.content["subject"] == "api"


def test_a_flood_makes_few_entries_and_each_refusal_is_counted() -> None:
    """One a minute for an address, sixty for all of them; the next tells how many there were."""
    now = 0.0
    refusals = Refusals(lambda: now)
    assert [refusals.of("a") for _ in range(100)] == [1] + [0] * 99
    now = 60.0
    assert refusals.of("a") == 100
    assert sum(refusals.of(f"b{n}") for n in range(500)) == 59
    now = 120.0
    assert refusals.of("b499") == 2
