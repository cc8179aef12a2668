"""The audit trail names the role in which somebody did something, beside who it was."""

from __future__ import annotations

import re

import httpx2
import pytest

from adapters.web.app import create_app
from adapters.web.auth.sessions import Access
from bot.store.acting import role_of
from tests.platforms.web_application import TOKEN, WebApplication


@pytest.mark.parametrize(
    ("token", "actor", "role"),
    [
        ("the-viewer's-token", "web:viewer-token", "viewer"),
        ("the-reviewer's-token", "web:reviewer-token", "reviewer"),
        (TOKEN, "web:operator", "admin"),
    ],
)
async def test_a_deed_in_the_console_has_a_role(
    application: WebApplication, token: str, actor: str, role: str
) -> None:
    """Whatever it is, not only the signing in."""
    app = create_app(application, access=Access("the-viewer's-token", "the-reviewer's-token"))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app),
        base_url="http://bot.test",
        headers={"accept": "text/html"},
    ) as client:
        assert (await client.post("/console/login", data={"token": token})).status_code == 303
        page = (await client.get("/console")).text
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
        assert found is not None
        await client.post("/console/logout", data={"csrf": found[1]})
    (told,) = [
        entry.content
        for entry in await application.audit.newest(20)
        if entry.content.get("action") == "console closed"
    ]
    assert (told["actor"], told["role"]) == (actor, role)


def test_who_acts_outside_of_the_console() -> None:
    """The terminal has every right; a platform, a schedule or a person in a chat has no role."""
    assert role_of("terminal:operator") == "admin"
    for nobody in ("system:retention", "slack", "slack:U024BE7LH", "web:stranger", "", None):
        assert role_of(nobody) == ""
