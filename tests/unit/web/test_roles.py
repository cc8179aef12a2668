"""Who may do what in the console: every route, every role, every page."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from adapters.web.app import create_app
from adapters.web.auth.roles import LEAST, OPEN, Role, least_for_address, without_forbidden_forms
from adapters.web.auth.sessions import Access
from adapters.web.security import HEADERS
from bot.settings import load_settings
from tests.platforms.web_application import TOKEN, WebApplication
from tests.unit.web.test_chat import ask

VIEWER, REVIEWER = "the-viewer's-token", "the-reviewer's-token"
TOKENS = {Role.VIEWER: VIEWER, Role.REVIEWER: REVIEWER, Role.ADMIN: TOKEN}
_FITTING = {"verdict": "rejected", "to": "1", "percent": "10", "page": "1"}
_IN_PARTS = "POST /console/knowledge/upload"
"""Takes a form only as it is sent with files."""


def all_routes(routes: list[BaseRoute]) -> Iterator[tuple[str, APIRoute]]:
    """Every registered route with a method, also below included routers."""
    for route in routes:
        inside = getattr(route, "original_router", None)
        if inside is not None:
            yield from all_routes(inside.routes)
        elif isinstance(route, APIRoute):
            yield from ((method, route) for method in sorted(route.methods))
        else:
            assert isinstance(route, Mount) or getattr(route, "methods", None) == {"GET", "HEAD"}


@pytest.fixture
def app(application: WebApplication) -> FastAPI:
    return create_app(application, access=Access(VIEWER, REVIEWER))


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    ) as client:
        yield client


async def sign_in_as(client: httpx2.AsyncClient, role: Role) -> None:
    client.cookies.clear()
    answer = await client.post("/console/login", data={"token": TOKENS[role]})
    assert answer.status_code == 303


async def csrf_of(client: httpx2.AsyncClient) -> str:
    return re.search(r'name="csrf" value="([0-9a-f]+)"', (await client.get("/console")).text)[1]


def concrete(path: str) -> str:
    return re.sub(r"\{\w+\}", "x", path)


def test_every_route_of_the_console_has_a_least_role(app: FastAPI) -> None:
    """A route that is written without an entry in the table fails here, and a stale entry too."""
    found = {f"{method} {route.path}" for method, route in all_routes(app.routes)}
    console = {name for name in found if name.split()[1].startswith("/console")}
    assert console - OPEN == set(LEAST)
    assert console >= OPEN


async def test_no_room_opens_without_a_session(app: FastAPI, client: httpx2.AsyncClient) -> None:
    """Every route but the doors leads a stranger to the form, whatever is sent along."""
    for method, route in all_routes(app.routes):
        if not route.path.startswith("/console") or f"{method} {route.path}" in OPEN:
            continue
        answer = await client.request(method, concrete(route.path), data={"csrf": "x"})
        assert answer.status_code == 303, (method, route.path)
        assert answer.headers["location"].startswith("/console/login")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
async def test_a_direct_request_above_the_role_is_refused(
    app: FastAPI, client: httpx2.AsyncClient, role: Role
) -> None:
    """With a right form value: 403 and a sentence for what is above, never for what is not."""
    await sign_in_as(client, role)
    csrf = await csrf_of(client)
    refused = 0
    for method, route in all_routes(app.routes):
        name = f"{method} {route.path}"
        if name not in LEAST or route.path == "/console/logout":
            continue
        fields = {field.alias: "x" for field in route.dependant.body_params}
        sent = {field: _FITTING.get(field, value) for field, value in fields.items()}
        form = {**sent, "csrf": csrf} if method == "POST" else {}
        body = (
            {"files": {field: (None, value) for field, value in form.items()}}
            if name == _IN_PARTS
            else {"data": form or None}
        )
        answer = await client.request(method, concrete(route.path), **body)
        above = LEAST[name] > role
        assert (answer.status_code == 403) is above, (name, answer.status_code)
        if above:
            refused += 1
            assert f"This needs the role {LEAST[name].word}" in answer.text
            assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]
    assert refused >= 14


async def test_pages_show_only_forms_that_may_be_sent(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Over all pages that can be reached: no form of a viewer's leads to a refusal; an admin has
    more of them. Nothing on any page needs what the content security policy forbids."""
    shown = {}
    for role in Role:
        turn = await ask(client, "reset?")  # one for each: a card is open at one person's
        await client.post(f"/turns/{turn}/correction", data={"correction": "Hold it 12 s."})
        await sign_in_as(client, role)
        forms: set[str] = set()
        for page in await pages_of(client):
            for form in re.findall(r'<form\b[^>]*method="post"[^>]*>', page):
                forms.add(html.unescape(re.search(r'action="([^"]*)"', form)[1]))
        console = {address for address in forms if address.startswith("/console")}
        assert all(role >= least_for_address("POST", address) for address in console), role
        shown[role] = console
    assert shown[Role.VIEWER] < shown[Role.REVIEWER] < shown[Role.ADMIN]
    assert "/console/logout" in shown[Role.VIEWER]
    assert "/console/people/erase" in shown[Role.ADMIN]


async def pages_of(client: httpx2.AsyncClient) -> list[str]:
    """Every page within reach, each checked for its headers and for what stands inline."""
    waiting, seen, pages = ["/", "/console", "/console/nowhere", "/console/turns/no"], set(), []
    while waiting:
        address = waiting.pop()
        if address in seen or address.startswith("/static"):
            continue
        seen.add(address)
        response = await client.get(address)
        assert response.status_code in (200, 404), address
        check_fences(response)
        if response.headers["content-type"].startswith("text/html"):
            pages.append(response.text)
            found = re.findall(r'(?:href|src)="(/[^"#]*)', response.text)
            waiting += [html.unescape(link) for link in found]
    assert len(pages) > 20
    return pages


def check_fences(response: httpx2.Response) -> None:
    for name, value in HEADERS.items():
        assert response.headers[name] == value, (response.url, name)
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    text = response.text
    assert TOKEN not in text
    if response.headers["content-type"].startswith("text/html"):
        runs = r"<script(?![^>]*\b(?:src=|type=.application/json.))"
        assert not re.search(runs, text), response.url
        assert not re.search(r"<[a-z][^>]*\s(?:style|on[a-z]+)=", text), response.url
        assert "<style" not in text
        assert not re.search(r"(?:href|src|action)=\"\s*javascript:", text, re.IGNORECASE)


async def test_error_pages_are_fenced_in_too(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """404, 405, 413, 422, 401, 429 and 500 carry the same headers as every page."""
    application.engine.fails = RuntimeError("a fault of ours")
    answers = [
        await client.get("/nowhere"),
        await client.delete("/"),
        await client.post("/ask", content=b"x" * 1_100_000),
        await client.post("/turns/x/rating", data={"rating": "sideways"}),
        await client.post("/api/ask", json={"question": "q"}),
        await client.post("/ask", data={"question": "q"}),
        *[await client.post("/console/login", data={"token": "wrong"}) for _ in range(12)],
    ]
    assert {a.status_code for a in answers} == {404, 405, 413, 422, 401, 500, 429}
    for answer in answers:
        check_fences(answer)


async def test_no_post_is_taken_from_another_site(app: FastAPI, client: httpx2.AsyncClient) -> None:
    """Over all routes: a browser on another site's page is refused; the API takes no cookie."""
    await sign_in_as(client, Role.ADMIN)
    for method, route in all_routes(app.routes):
        if method in ("GET", "HEAD"):
            continue
        path = concrete(route.path)
        for origin in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://evil.example"},
            {"origin": "null"},
        ):
            answer = await client.request(method, path, headers=origin, json={})
            expected = 401 if path.startswith("/api/") else 403
            assert answer.status_code == expected, (path, origin)


async def test_a_lesser_token_does_not_open_the_api(client: httpx2.AsyncClient) -> None:
    """Scripts need the console token; the others are for people."""
    for token in (VIEWER, REVIEWER):
        headers = {"authorization": f"Bearer {token}"}
        asked = await client.post("/api/ask", json={"question": "q"}, headers=headers)
        assert asked.status_code == 401


async def test_a_viewer_is_no_expert(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Neither counts a viewer's better answer as approved, nor may a viewer ask for others."""
    await sign_in_as(client, Role.VIEWER)
    turn = await ask(client, "reset?")
    await client.post(f"/turns/{turn}/correction", data={"correction": "Hold it 12 s."})
    (given,) = await application.feedback.of(turn)
    assert not given.expert
    await client.post("/audience", data={"groups": ["staff"]})
    await ask(client, "How much are night shifts paid?")
    assert application.engine.asked[-1].principal.groups == frozenset()
    await sign_in_as(client, Role.REVIEWER)
    await client.post("/audience", data={"groups": ["staff"]})
    await ask(client, "How much are night shifts paid?")
    assert application.engine.asked[-1].principal.groups == {"staff"}


async def test_the_trail_says_who_came_and_how(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Each role's token is an actor of its own."""
    for role in Role:
        await sign_in_as(client, role)
    entries = await application.audit.listing()
    told = {(e.content["actor"], e.content["role"], e.content["how"]) for e in entries}
    assert told == {
        ("web:viewer-token", "viewer", "token"),
        ("web:reviewer-token", "reviewer", "token"),
        ("web:operator", "admin", "token"),
    }


async def test_a_copied_cookie_ends_with_its_session(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    """After logging out the same cookie opens nothing, on no server of this database."""
    await sign_in_as(client, Role.ADMIN)
    copied = client.cookies.get("wellspoken_console")
    await client.post("/console/logout", data={"csrf": await csrf_of(client)})
    client.cookies.clear()
    again = await client.get("/console", headers={"cookie": f"wellspoken_console={copied}"})
    assert again.status_code == 303


async def test_signing_in_begins_a_session_of_its_own(client: httpx2.AsyncClient) -> None:
    """A new sign-in in the same browser ends the session before it."""
    await sign_in_as(client, Role.ADMIN)
    first = client.cookies.get("wellspoken_console")
    await client.post("/console/login", data={"token": VIEWER})
    second = client.cookies.get("wellspoken_console")
    assert first != second
    client.cookies.clear()
    headers = {"cookie": f"wellspoken_console={first}"}
    assert (await client.get("/console", headers=headers)).status_code == 303


async def test_signing_out_everywhere_ends_all_of_ones_sessions(
    app: FastAPI, application: WebApplication
) -> None:
    """Other browsers of the same person are out, other people are not, and one may come back."""
    other = create_app(application, access=Access(VIEWER, REVIEWER))  # another server
    held = []
    for server, role in ((app, Role.ADMIN), (other, Role.ADMIN), (other, Role.VIEWER)):
        transport = httpx2.ASGITransport(server, raise_app_exceptions=False)
        client = httpx2.AsyncClient(transport=transport, base_url="http://bot.test")
        await sign_in_as(client, role)
        held.append(client)
    form = {"csrf": await csrf_of(held[0]), "everywhere": "yes"}
    assert (await held[0].post("/console/logout", data=form)).status_code == 303
    assert [(await client.get("/console")).status_code for client in held] == [303, 303, 200]
    await sign_in_as(held[0], Role.ADMIN)
    assert (await held[0].get("/console")).status_code == 200
    for client in held:
        await client.aclose()


async def test_what_is_not_known_opens_nothing(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """While the database cannot say whether a session was ended, the console says so."""
    await sign_in_as(client, Role.ADMIN)
    await application.database.close()
    answer = await client.get("/console")
    assert answer.status_code in (500, 503)
    assert "csrf" not in answer.text


async def test_a_changed_token_ends_its_sessions(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A viewer's cookie is worth nothing where the viewers' token is another one."""
    await sign_in_as(client, Role.VIEWER)
    kept = client.cookies.get("wellspoken_console")
    for token in ("another-token", ""):
        server = create_app(application, access=Access(token, REVIEWER))
        transport = httpx2.ASGITransport(server, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://bot.test") as other:
            headers = {"cookie": f"wellspoken_console={kept}"}
            assert (await other.get("/console", headers=headers)).status_code == 303


async def test_cookies_and_headers_behind_https(app: FastAPI) -> None:
    """Secure cookies and HSTS there, neither over plain HTTP; what a stranger's proxy header says
    changes nothing."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    for base, secure in (("https://bot.test", True), ("http://bot.test", False)):
        async with httpx2.AsyncClient(
            transport=transport, base_url=base, headers={"x-forwarded-proto": "https"}
        ) as client:
            answer = await client.post("/console/login", data={"token": TOKEN})
            (cookie,) = answer.headers.get_list("set-cookie")
            assert ("; Secure" in cookie) is secure
            assert "HttpOnly" in cookie
            assert "SameSite=strict" in cookie
            assert ("strict-transport-security" in answer.headers) is secure
            assert TOKEN not in answer.headers["location"]


def test_a_form_in_a_confirmation_goes_with_it() -> None:
    """The summary does not stay behind, other forms and searches do."""
    page = (
        '<details class="confirm"><summary>Delete</summary>'
        '<form class="editor" method="post" action="/console/scorecards/r1/delete">x</form>'
        '</details><form method="get" action="/console/audit">y</form>'
        '<form method="post" action="/console/review/words">z</form>'
    )
    assert without_forbidden_forms(page, Role.ADMIN) == page
    reviewer = without_forbidden_forms(page, Role.REVIEWER)
    assert "Delete" not in reviewer
    assert "z</form>" in reviewer
    assert without_forbidden_forms(page, Role.VIEWER) == (
        '<form method="get" action="/console/audit">y</form>'
    )


def test_two_roles_cannot_share_a_token(tmp_path) -> None:
    """One word for two roles would make everybody the greater one."""
    from bot.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="each role has its own"):
        load_settings(
            WELLSPOKEN_HOME=tmp_path,
            WELLSPOKEN_CONSOLE_TOKEN="t1",
            WELLSPOKEN_CONSOLE_VIEWER_TOKEN="t1",
        )


async def test_what_was_ended_is_forgotten_in_time(application: WebApplication) -> None:
    """A row stays only while a cookie could still name it."""
    from bot.store.console_ends import ConsoleEnds

    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    ends = ConsoleEnds(application.database, clock=lambda: now[0])
    assert await ends.use_once("s")
    assert not await ends.use_once("s")
    await ends.end_all("web:a")
    assert not await ends.stands("x", "web:a", now[0])
    assert await ends.stands("x", "web:a", now[0] + timedelta(milliseconds=1))
    now[0] += timedelta(hours=14)
    assert await ends.use_once("s")
