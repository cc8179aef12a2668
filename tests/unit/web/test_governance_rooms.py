"""The rooms Audit and People: what operators see and do there, and what is put on record."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
import zipfile
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx2
import pytest

from adapters.web.console import people
from adapters.web.console.audit_filter import Asked
from adapters.web.zones import COOKIE
from bot.conversation import Author, Platform, Question
from bot.store import people_list
from bot.store.consent import ConsentLedger
from bot.store.tables import audit
from tests.platforms.web_application import RESET_ANSWER, WebApplication, stand_in_turn
from tests.unit.web.test_chat import sign_in

ANN = Author(Platform.SLACK, "U024BE7LH", "=Ann Zwetschge")


async def _asked(application: WebApplication, words: str = "How do I reset the hub?") -> str:
    turn = stand_in_turn(Question(words, ANN), RESET_ANSWER)
    await application.history.record(turn)
    return turn.id


async def _csrf(browser: httpx2.AsyncClient, page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', (await browser.get(page)).text)
    assert found
    return found[1]


async def test_the_rooms_are_closed_without_the_token(browser: httpx2.AsyncClient) -> None:
    """Neither a page nor a deed is for strangers."""
    for page in ("/console/audit", "/console/audit/1", "/console/people"):
        assert (await browser.get(page)).status_code == 303
    for deed in ("audit/verify", "audit/export", "people/erase", "people/export"):
        assert (await browser.post(f"/console/{deed}")).status_code == 303


async def test_entries_are_listed_filtered_and_opened(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Newest first; filters by kind and author; an entry with all that it holds."""
    turn = await _asked(application)
    await application.audit.operator("promote", "web:operator", subject="v3")
    await sign_in(browser)
    page = (await browser.get("/console/audit")).text
    assert page.index("promote v3") < page.index("answered, rag")
    only = (await browser.get("/console/audit", params={"kind": "turn"})).text
    assert "promote v3" not in only
    assert "Nothing fits" in (await browser.get("/console/audit?author=slack:U1")).text
    (entry,) = await application.audit.listing(kind="turn")
    opened = (await browser.get(f"/console/audit/{entry.sequence}")).text
    assert entry.hash in opened
    assert "hardware/reset.md" in opened
    assert f"/console/turns/{turn}" in opened
    for nothing in (0, 999, 10**30):
        assert (await browser.get(f"/console/audit/{nothing}")).status_code == 404


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"since": "31.3.2026"}, "A day is written like 2026-03-31"),
        ({"until": "2026-02-30"}, "A day is written like 2026-03-31"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "The period ends before it begins"),
        ({"kind": "y"}, "The trail has no entries of this kind"),
    ],
)
async def test_a_filter_that_is_none_shows_and_gives_out_nothing(
    browser: httpx2.AsyncClient, application: WebApplication, filters: dict[str, str], told: str
) -> None:
    """It is said in one sentence, with what was written left in the form, and not on record as an
    export."""
    await application.audit.operator("promote", "web:operator", subject="v3")
    await sign_in(browser)
    token = await _csrf(browser, "/console/audit")
    look = await browser.get("/console/audit", params=filters)
    export = await browser.post("/console/audit/export", data={"csrf": token, **filters})
    for page in (look, export):
        assert page.status_code == 422
        assert told in page.text
        assert "promote v3" not in page.text
        assert "Nothing fits" not in page.text
        assert all(f'name="{name}" value="{day}"' in page.text for name, day in filters.items()
                   if name != "kind")  # fmt: skip
    deeds = [e.content["action"] for e in await application.audit.listing(kind="operator")]
    assert "audit exported" not in deeds


async def test_a_day_at_the_end_of_the_calendar_is_no_limit(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Neither for the list nor for the export."""
    await application.audit.operator("promote", "web:operator", subject="v3")
    await sign_in(browser)
    token = await _csrf(browser, "/console/audit")
    days = {"since": "0001-01-01", "until": "9999-12-31"}
    look = await browser.get("/console/audit", params=days)
    assert (look.status_code, "promote v3" in look.text) == (200, True)
    export = await browser.post("/console/audit/export", data={"csrf": token, **days})
    assert (export.status_code, "v3" in export.text) == (200, True)


def test_days_of_the_trail_are_the_readers() -> None:
    """A day in Berlin begins and ends an hour before one of UTC."""
    asked = Asked.of({"since": "2026-01-05", "until": "2026-01-05"}, ZoneInfo("Europe/Berlin"))
    assert asked.wanted.since == datetime(2026, 1, 4, 23, tzinfo=UTC)
    assert asked.wanted.until == datetime(2026, 1, 5, 23, tzinfo=UTC)


async def test_the_audit_room_says_whose_days_it_takes(browser: httpx2.AsyncClient) -> None:
    """Those of the browser's zone; of UTC where it is not known."""
    await sign_in(browser)
    assert "Days are those of UTC." in (await browser.get("/console/audit")).text
    browser.cookies.set(COOKIE, "Asia%2FTokyo")
    assert "Days are those of Asia/Tokyo." in (await browser.get("/console/audit")).text


async def test_the_trail_is_checked(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The button says that it holds, and where it does not."""
    await _asked(application)
    await sign_in(browser)
    token = await _csrf(browser, "/console/audit")
    assert (
        "The trail is whole"
        in (await browser.post("/console/audit/verify", data={"csrf": token})).text
    )
    change = audit.update().where(audit.c.sequence == 1).values(kind="forged")
    await application.database.write(lambda c: c.execute(change).rowcount)
    broken = (await browser.post("/console/audit/verify", data={"csrf": token})).text
    assert "The trail is broken at entry 1" in broken


async def test_the_check_keeps_the_filters(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """What was looked for stands in the page with what came of the check."""
    await _asked(application)
    await sign_in(browser)
    filters = {"kind": "operator", "author": "nobody:1", "since": "2026-01-02"}
    page = (await browser.get("/console/audit", params=filters)).text
    form = page[page.index('action="/console/audit/verify"') :]
    form = form[: form.index("</form>")]
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert filters.items() <= sent.items()
    checked = (await browser.post("/console/audit/verify", data=sent)).text
    assert "The trail is whole" in checked and "No entry fits these filters" in checked
    assert 'value="nobody:1"' in checked and 'value="2026-01-02"' in checked


async def test_the_trail_is_checked_once_at_a_time(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Whoever presses again meanwhile is told so: a long trail takes a while."""
    for _ in range(3):
        await _asked(application)
    await sign_in(browser)
    form = {"csrf": await _csrf(browser, "/console/audit")}
    pressed = (browser.post("/console/audit/verify", data=form) for _ in range(4))
    pages = await asyncio.gather(*pressed)
    assert sum("The trail is whole" in page.text for page in pages) == 1
    assert sum("being checked just now" in page.text for page in pages) == 3


async def test_an_export_is_on_record(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """CSV that a spreadsheet takes for text, with a file name; the deed is an entry."""
    await _asked(application)
    await application.audit.operator("=cmd|' /C calc'!A0", "web:operator")
    await sign_in(browser)
    token = await _csrf(browser, "/console/audit")
    done = await browser.post("/console/audit/export", data={"csrf": token, "format": "csv"})
    assert "attachment" in done.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(done.text)))
    assert all(len(row) == len(rows[0]) for row in rows)
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)
    deeds = [e.content["action"] for e in await application.audit.listing(kind="operator")]
    assert "audit exported" in deeds


async def test_people_are_shown_page_by_page(
    browser: httpx2.AsyncClient, application: WebApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left out is said: where a look ended, and that there are more questions than are
    counted; the links lead to everybody."""
    monkeypatch.setattr(people_list, "FAR", 2)
    monkeypatch.setattr(people_list, "FAR_PEOPLE", 1)
    monkeypatch.setattr(people_list, "MOST_COUNTED", 1)
    monkeypatch.setattr(people, "MOST_COUNTED", 1)
    for name in ("Ada", "Bea", "Cleo"):
        turn = stand_in_turn(Question("How?", Author(Platform.SLACK, name, name)), RESET_ANSWER)
        await application.history.record(turn)
    for _ in range(3):
        await _asked(application)
    await sign_in(browser)
    for page, known in (("/console/people", "Ada"), ("/console/people?words=cleo", "Cleo")):
        told, found = (await browser.get(page)).text, ""
        while further := re.search(r'href="([^"]+)" rel="next">Look further', told):
            found, told = found + told, (await browser.get(html.unescape(further[1]))).text
        assert f"author=slack%3A{known}" in found + told
        assert found
    assert "1+ questions" in (await browser.get("/console/people")).text
    assert (await browser.get("/console/people?before=yesterday")).status_code == 404


async def test_who_has_no_name_is_named_in_words(browser: httpx2.AsyncClient) -> None:
    """The platform and their id there; the key stands below it, as it has to be written."""
    await sign_in(browser)
    page = (await browser.get("/console/people/person?author=terminal:operator")).text
    assert "<h1>Terminal, operator</h1>" in page
    assert "Write <code>terminal:operator</code> to confirm" in page


async def test_consent_is_kept(browser: httpx2.AsyncClient, application: WebApplication) -> None:
    """For everywhere or one channel, with the console as its source."""
    await _asked(application)
    await sign_in(browser)
    assert "=Ann Zwetschge" in (await browser.get("/console/people?words=zwetsch")).text
    room = f"/console/people/person?author={ANN.key}"
    token = await _csrf(browser, room)
    form = {"csrf": token, "author": ANN.key, "choice": "opt-out", "channel": "slack:C1"}
    done = await browser.post("/console/people/consent", data=form)
    assert done.status_code == 303
    assert "The choice is kept" in (await browser.get(done.headers["location"])).text
    (choice,) = await ConsentLedger(application.database).listing(ANN.key)
    assert (choice.allowed, choice.channel, choice.source) == (False, "slack:C1", "console")


async def test_a_choice_for_no_channel_is_not_kept(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A name in place of the id is refused in one sentence, and stays in the form with the choice;
    the channels where the person asked are offered."""
    turn = stand_in_turn(Question("How?", ANN, channel="slack:C0G9QF9GZ"), RESET_ANSWER)
    await application.history.record(turn)
    await sign_in(browser)
    room = f"/console/people/person?author={ANN.key}"
    form = {"csrf": await _csrf(browser, room), "author": ANN.key, "choice": "opt-in"}
    refused = await browser.post("/console/people/consent", data={**form, "channel": "#support"})
    assert refused.status_code == 422
    assert "Name the channel by its id, like slack:C0G9QF9GZ or discord:1234;" in refused.text
    assert 'value="#support"' in refused.text
    assert '<option value="opt-in" selected>' in refused.text
    assert '<option value="slack:C0G9QF9GZ">Slack, C0G9QF9GZ</option>' in refused.text
    assert await ConsentLedger(application.database).listing() == []


async def test_a_person_is_given_their_data(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A ZIP with their words and no title that was kept back from them."""
    await _asked(application, "how do I feed the marmoset?")
    await sign_in(browser)
    token = await _csrf(browser, f"/console/people/person?author={ANN.key}")
    done = await browser.post("/console/people/export", data={"csrf": token, "author": ANN.key})
    with zipfile.ZipFile(io.BytesIO(done.content)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "marmoset" in texts["messages.jsonl"]
    assert "marmoset" in texts["index.md"]
    assert "withheld" not in texts["audit.jsonl"]
    deeds = [e.content["action"] for e in await application.audit.listing(kind="operator")]
    assert "person exported" in deeds


@pytest.mark.parametrize("confirmed", ["", "yes", "slack:U1"])
async def test_erasing_wants_the_id(
    browser: httpx2.AsyncClient, application: WebApplication, confirmed: str
) -> None:
    """Without it nothing is erased."""
    turn = await _asked(application)
    await sign_in(browser)
    token = await _csrf(browser, f"/console/people/person?author={ANN.key}")
    form = {"csrf": token, "author": ANN.key, "confirmed": confirmed}
    done = await browser.post("/console/people/erase", data=form)
    assert done.status_code == 422
    assert (await application.history.turn(turn)).author.key == ANN.key


async def test_a_person_is_erased(browser: httpx2.AsyncClient, application: WebApplication) -> None:
    """What was theirs is gone, the trail holds, and that it happened is on record without who."""
    turn = await _asked(application)
    await sign_in(browser)
    token = await _csrf(browser, f"/console/people/person?author={ANN.key}")
    form = {"csrf": token, "author": ANN.key, "confirmed": ANN.key}
    done = await browser.post("/console/people/erase", data=form)
    assert "<dt>Messages</dt><dd>1</dd>" in done.text
    assert (await application.history.turn(turn)).question == ""
    assert await application.audit.verify() is None
    entries = await application.audit.listing()
    assert any(e.content.get("action") == "person forgotten" for e in entries)
    assert not any(ANN.id in str(e.content) for e in entries)
