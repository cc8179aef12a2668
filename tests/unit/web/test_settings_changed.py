"""Changing channels and groups in the settings room: who may, what is refused, what it says."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from adapters.web.app import create_app
from adapters.web.auth.sessions import Access
from tests.platforms.web_application import TOKEN, WebApplication

VIEWER, REVIEWER = "the-viewer's-token", "the-reviewer's-token"
ROOM, ENTRY = "/console/settings", "/console/settings/entry"
CHANNELS, USERS = "access.slack.channels", "access.users"
FILE = """\
[access.slack.channels]
C0STAFF = ["staff"]

[access.users]
"slack:U024BE7LH" = ["hr"]

[channels."slack:C0STAFF"]
handoff = "slack:C0OFFICE"
"""


@pytest_asyncio.fixture
async def client(
    application: WebApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser of a console with roles, over a file with rights in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wellspoken.toml").write_text(FILE, "utf-8")
    app = create_app(application, access=Access(VIEWER, REVIEWER))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    ) as client:
        yield client


async def sign_in(client: httpx2.AsyncClient, token: str = TOKEN) -> None:
    client.cookies.clear()
    assert (await client.post("/console/login", data={"token": token})).status_code == 303


async def form_of(client: httpx2.AsyncClient, table: str, name: str = "") -> dict[str, str]:
    """The hidden fields of an entry's page."""
    page = await client.get(ENTRY, params={"table": table, **({"name": name} if name else {})})
    assert page.status_code == 200, page.text
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    return {key: html.unescape(value) for key, value in fields.items()}


async def save(client: httpx2.AsyncClient, table: str, name: str = "", **fields: Any) -> Any:
    sent = {**await form_of(client, table, name), **fields}
    return await client.post(ENTRY, data=sent)


def row(page: str, name: str) -> str:
    """What the settings page says of an entry, without the tags."""
    found = next(part for part in page.split("<tr")[1:] if f"<code>{name}</code>" in part)
    return " ".join(re.sub(r"<[^>]+>", " ", found.partition("</tr>")[0].partition(">")[2]).split())


async def test_an_entry_says_where_it_comes_from_and_can_be_taken_back(
    client: httpx2.AsyncClient,
) -> None:
    """The file with its line; the console with who and when; one click, and the file counts."""
    await sign_in(client)
    page = (await client.get(ROOM)).text
    assert row(page, "C0STAFF") == "C0STAFF staff wellspoken.toml, line 2"
    assert row(page, "slack:C0STAFF").endswith("wellspoken.toml, line 7")

    done = await save(client, CHANNELS, "C0STAFF", groups="garden\n staff \n\n")
    assert done.status_code == 303
    page = (await client.get(ROOM)).text
    assert re.fullmatch(r"C0STAFF garden, staff console, by operator, .+", row(page, "C0STAFF"))
    entry = (await client.get(done.headers["location"])).text
    assert "Saved." in entry
    assert "The file says: staff." in entry

    back = await client.post(f"{ENTRY}/back", data=await form_of(client, CHANNELS, "C0STAFF"))
    assert back.headers["location"] == f"{ROOM}#access-slack-channels"
    assert row((await client.get(ROOM)).text, "C0STAFF").endswith("wellspoken.toml, line 2")


async def test_new_entries_are_made_and_removed(client: httpx2.AsyncClient) -> None:
    """A person's groups and a channel's manners, neither of which the file names."""
    await sign_in(client)
    made = await save(client, USERS, named=" slack:U0NEW ", groups="staff")
    assert made.status_code == 303
    made = await save(client, "channels", named="slack:C0NEW", reply_when="always", thread="false")
    assert made.status_code == 303
    page = (await client.get(ROOM)).text
    assert "staff console" in row(page, "slack:U0NEW")
    assert "reply_when: always; thread: false" in row(page, "slack:C0NEW")
    assert "Remove this entry" in (await client.get(f"{ENTRY}?table={USERS}&name=slack:U0NEW")).text
    sent = await form_of(client, USERS, "slack:U0NEW")
    assert (await client.post(f"{ENTRY}/back", data=sent)).status_code == 303
    assert "slack:U0NEW" not in (await client.get(ROOM)).text


@pytest.mark.parametrize(
    ("table", "fields", "said"),
    [
        (CHANNELS, {"named": "#staff", "groups": "staff"}, "C0G9QF9GZ"),
        (CHANNELS, {"named": "C0STAFF", "groups": "x"}, "it is there already"),
        (USERS, {"named": "slack:U1", "groups": "x" * 201}, "200 characters"),
        ("channels", {"named": "slack:C1", "reply_when": "loudly"}, "mentioned"),
        ("channels", {"named": "", "thread": "true"}, "name a channel"),
    ],
)
async def test_what_the_settings_do_not_take_is_said_beside_what_was_typed(
    client: httpx2.AsyncClient, table: str, fields: dict[str, str], said: str
) -> None:
    """One sentence; what was typed stands there still, and nothing is kept."""
    await sign_in(client)
    page = await save(client, table, **fields)
    assert page.status_code == 422
    (alert,) = re.findall(r'role="alert">([^<]+)<', page.text)
    assert said in html.unescape(alert)
    assert f'value="{fields["named"]}"' in page.text
    assert "console, by" not in (await client.get(ROOM)).text


async def test_who_looked_at_an_older_state_is_told(client: httpx2.AsyncClient) -> None:
    """The second of two who change the same entry sees a sentence, and the first one's value."""
    await sign_in(client)
    old = await form_of(client, CHANNELS, "C0STAFF")
    assert (await client.post(ENTRY, data={**old, "groups": "garden"})).status_code == 303
    late = await client.post(ENTRY, data={**old, "groups": "everything"})
    assert "Somebody else changed this entry meanwhile" in late.text
    assert "C0STAFF garden console" in row((await client.get(ROOM)).text, "C0STAFF")


async def test_only_admins_change_rights_and_see_their_names(
    client: httpx2.AsyncClient,
) -> None:
    """Others see that something is set, no name of a place or person, and are refused by the
    server; a forged form is refused."""
    await sign_in(client)
    sent = {**await form_of(client, CHANNELS, "C0STAFF"), "groups": ""}
    assert (await client.post(ENTRY, data={**sent, "csrf": "0" * 64})).status_code in (403, 409)
    for token in (VIEWER, REVIEWER):
        await sign_in(client, token)
        page = (await client.get(ROOM)).text
        for name in ("C0STAFF", "U024BE7LH", "C0OFFICE", ENTRY):
            assert name not in page
        assert "[access.users]" in page
        assert (await client.get(f"{ENTRY}?table={CHANNELS}")).status_code == 403
        for address in (ENTRY, f"{ENTRY}/back"):
            assert (await client.post(address, data=sent)).status_code == 403
    await sign_in(client)
    kept = await form_of(client, CHANNELS, "C0STAFF")
    assert (await client.post(ENTRY, data={**kept, "groups": "garden"})).status_code == 303
    for token, may in ((VIEWER, False), (REVIEWER, False), (TOKEN, True)):
        await sign_in(client, token)
        listed = (await client.get("/console/audit")).text
        deed = re.search(r'href="(/console/audit/\d+)"[^>]*><span class="row-main">setting', listed)
        assert deed, listed
        assert ("C0STAFF" in (await client.get(deed[1])).text) is may
        assert "C0STAFF" not in listed
    await client.post(f"{ENTRY}/back", data=await form_of(client, CHANNELS, "C0STAFF"))
    assert row((await client.get(ROOM)).text, "C0STAFF").endswith("wellspoken.toml, line 2")


async def test_what_is_not_there_is_said_in_a_sentence(client: httpx2.AsyncClient) -> None:
    """Another table, an entry that nobody made, words that are no text."""
    await sign_in(client)
    for address in (
        "?table=models",
        f"?table={CHANNELS}&name=C0NOBODY",
        f"?table={USERS}&name=%00",
    ):
        page = await client.get(f"{ENTRY}{address}")
        assert page.status_code in (404, 422), address
        assert "Traceback" not in page.text
