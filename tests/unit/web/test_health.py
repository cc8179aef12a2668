from __future__ import annotations

from functools import partial

import httpx2
import pytest

from adapters.web.app import create_app, create_intake
from bot.errors import DatabaseUnavailableError
from tests.platforms.web_application import WebApplication


async def test_health_ready_and_metrics_are_open(browser: httpx2.AsyncClient) -> None:
    """Nobody needs a token to see whether the server works."""
    assert (await browser.get("/healthz")).status_code == 200
    assert (await browser.get("/readyz")).json()["ready"] is True
    response = await browser.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")


async def test_readyz_names_what_is_not_ready(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A part that is down makes it 503 with the part's name and a sentence."""
    application.not_ready["database"] = "did not answer within 5 s"
    response = await browser.get("/readyz")
    assert response.status_code == 503
    assert response.json()["not_ready"] == {"database": "did not answer within 5 s"}


@pytest.mark.parametrize(
    ("pages", "discord", "ready"), [(True, None, True), (False, None, True), (False, "away", False)]
)
async def test_readyz_names_a_chat_that_is_in_trouble(
    application: WebApplication, pages: bool, discord: str | None, ready: bool
) -> None:
    """As a note while people can ask in another way; where that is the only one, it is 503."""
    chats: dict[str, str | None] = {"slack": "the token is refused", "discord": discord}
    make = create_app if pages else partial(create_intake, routes=())
    transport = httpx2.ASGITransport(make(application, chats=lambda: chats))
    async with httpx2.AsyncClient(transport=transport, base_url="http://bot.test") as client:
        response = await client.get("/readyz")
    assert response.status_code == (200 if ready else 503)
    named = response.json()["notes" if ready else "not_ready"]
    assert named == {name: why for name, why in chats.items() if why}


async def test_answers_are_counted_by_outcome_route_and_platform(
    browser: httpx2.AsyncClient, api: httpx2.AsyncClient
) -> None:
    """Each new turn counts once, wherever it came from."""
    await browser.post("/ask", data={"question": "reset?"})
    await api.post("/api/ask", json={"question": "who won?"})
    text = (await browser.get("/metrics")).text
    name = "wellspoken_answers_total"
    assert f'{name}{{outcome="answered",platform="web",route="rag"}} 1.0' in text
    assert f'{name}{{outcome="abstained",platform="api",route="rag"}} 1.0' in text
    assert 'wellspoken_stage_seconds_count{stage="retrieve"} 2.0' in text


async def test_every_response_is_fenced_in(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Pages, errors and static files carry a strict policy, and pages are not cached."""
    application.engine.fails = DatabaseUnavailableError(url="db", reason="gone")
    for response in (
        await browser.get("/"),
        await browser.get("/nowhere"),
        await browser.get("/static/chat.js?v=1"),
        await browser.post("/ask", data={"question": "reset?"}),
    ):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
    assert (await browser.get("/")).headers["cache-control"] == "no-store"
    assert "immutable" in (await browser.get("/static/chat.js?v=1")).headers["cache-control"]


async def test_what_a_page_loads_is_packed_for_who_takes_that(browser: httpx2.AsyncClient) -> None:
    """The same file in a fraction of the bytes, kept apart by caches, and asked for once."""
    file = "/static/vendor/chart.min.js"
    whole = await browser.get(file, headers={"accept-encoding": "identity"})
    packed = await browser.get(file, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in whole.headers
    assert packed.content == whole.content
    assert int(packed.headers["content-length"]) < int(whole.headers["content-length"]) / 2
    assert whole.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    again = {"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]}
    assert (await browser.get(file, headers=again)).status_code == 304
    part = {"accept-encoding": "gzip", "range": "bytes=0-9"}
    assert (await browser.get(file, headers=part)).content == whole.content[:10]


async def test_a_packed_page_tells_nothing_by_its_length(browser: httpx2.AsyncClient) -> None:
    """It is the same page, fenced in the same way, and no two are of the same length for sure."""
    whole = await browser.get("/api/docs", headers={"accept-encoding": "identity"})
    packed = [await browser.get("/api/docs", headers={"accept-encoding": "gzip"}) for _ in range(9)]
    lengths = {int(page.headers["content-length"]) for page in packed}
    assert len(lengths) > 1
    assert max(lengths) < int(whole.headers["content-length"])
    assert {page.content for page in packed} == {whole.content}
    assert "default-src 'none'" in packed[0].headers["content-security-policy"]
    assert "accept-encoding" in packed[0].headers["vary"]
    head = await browser.head("/api/docs", headers={"accept-encoding": "gzip"})
    assert (head.status_code, head.content) == (200, b"")


async def test_what_can_be_read_can_be_asked_for_its_head(browser: httpx2.AsyncClient) -> None:
    """HEAD is GET without a body, as uptime checks ask."""
    for address in ("/", "/healthz", "/readyz", "/metrics", "/api/docs", "/static/base.css"):
        response = await browser.head(address)
        assert (response.status_code, response.content) == (200, b""), address
    assert (await browser.head("/api/ask")).status_code == 405


async def test_an_unknown_address_is_a_page_or_json(browser: httpx2.AsyncClient) -> None:
    """People get a page, scripts an object, both 404."""
    page = await browser.get("/nowhere")
    assert page.status_code == 404
    assert "<h1>" in page.text
    script = await browser.get("/nowhere", headers={"accept": "application/json"})
    assert (script.status_code, set(script.json())) == (404, {"error"})
    assert (await browser.get("/api/nowhere")).json().keys() == {"error"}
    assert (await browser.get("/static/../app.py")).status_code == 404
