from __future__ import annotations

import asyncio
import json

import httpx2
import pytest

from bot.conversation import Rating
from bot.errors import DatabaseUnavailableError
from tests.platforms.web_application import WebApplication


def events(body: str) -> list[tuple[str, dict]]:
    """Server-sent events as (name, data)."""
    found = []
    for block in body.strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def test_answers_with_the_object_of_ask(api: httpx2.AsyncClient) -> None:
    """A question gets the whole object of the contract, nothing more."""
    body = (await api.post("/api/ask", json={"question": "How do I reset it?"})).json()
    assert set(body) == {
        *("answer", "outcome", "route", "citations", "grounding", "model", "usage"),
        *("timings_ms", "turn"),
    }
    assert body["outcome"] == "answered"
    assert body["route"] == "rag"
    assert body["citations"][0] == {
        "n": 1,
        "document": "hardware/reset.md",
        "title": "Resetting the hub",
        "uri": "hardware/reset.md",
        "quote": "Hold the power button for ten seconds until the light turns amber.",
    }
    assert body["grounding"] == {"score": 1.0, "supported": True, "unsupported": []}


async def test_groups_and_thread_reach_the_engine(
    api: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Groups are trusted with the token, and a thread stays the caller's own."""
    body = {"question": "How are nights paid?", "groups": ["staff"], "thread": "t1"}
    answer = (await api.post("/api/ask", json=body)).json()
    assert answer["citations"][0]["document"] == "staff/pay.md"
    asked = application.engine.asked[-1]
    assert asked.principal.groups == {"staff"}
    assert asked.thread == "api:t1"
    assert asked.author.key == "api:operator"


async def test_without_groups_only_public_documents_are_asked_for(
    api: httpx2.AsyncClient, application: WebApplication
) -> None:
    """No groups, or null, means public only."""
    for body in ({"question": "paid?"}, {"question": "paid?", "groups": None, "thread": None}):
        assert (await api.post("/api/ask", json=body)).status_code == 200
        assert application.engine.asked[-1].principal.groups == frozenset()


async def test_a_repeated_idempotency_key_gives_the_same_turn(api: httpx2.AsyncClient) -> None:
    """The second request is not a second turn, and streams all the same."""
    send = {"json": {"question": "reset?"}, "headers": {"Idempotency-Key": "k-1"}}
    first = (await api.post("/api/ask", **send)).json()
    assert (await api.post("/api/ask", **send)).json()["turn"] == first["turn"]
    other = {"json": {"question": "reset?"}, "headers": {"Idempotency-Key": "k-2"}}
    assert (await api.post("/api/ask", **other)).json()["turn"] != first["turn"]
    streamed = await api.post(
        "/api/ask", json={"question": "reset?", "stream": True}, headers=send["headers"]
    )
    assert events(streamed.text)[-1][1]["turn"] == first["turn"]


@pytest.mark.parametrize(
    "other",
    [
        {"question": "lights?", "groups": ["staff"]},
        {"question": "reset?"},
        {"question": "reset?", "groups": ["board"]},
        {"question": "reset?", "groups": ["staff"], "thread": "t"},
    ],
    ids=["question", "no groups", "groups", "thread"],
)
async def test_a_key_answers_one_question_for_one_audience(
    api: httpx2.AsyncClient, application: WebApplication, other: dict
) -> None:
    """What staff were told does not come back to a request that only repeats the key."""
    key = {"Idempotency-Key": "k"}
    body = {"question": "reset?", "groups": ["staff"]}
    await api.post("/api/ask", json=body, headers=key)
    for stream in (False, True):
        response = await api.post("/api/ask", json=other | {"stream": stream}, headers=key)
        assert (response.status_code, set(response.json())) == (422, {"error"})
    application.engine.pause = 0.02
    key = {"Idempotency-Key": "at once"}
    both = await asyncio.gather(
        *(api.post("/api/ask", json=sent, headers=key) for sent in (body, other))
    )
    assert sorted(response.status_code for response in both) == [200, 422]


async def test_a_request_repeated_at_once_is_one_turn(
    api: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Whoever comes second follows the answer that is on its way."""
    application.engine.pause = 0.02
    body, key = {"question": "reset?", "stream": True}, {"Idempotency-Key": "k"}
    responses = await asyncio.gather(
        *(api.post("/api/ask", json=body, headers=key) for _ in range(8))
    )
    assert len({r.text for r in responses}) == 1
    assert len(application.engine.asked) == 1


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_that_is_not_called_json_is_415(
    api: httpx2.AsyncClient, kind: str | None
) -> None:
    """What ``curl -d`` sends by itself is told apart from broken JSON."""
    headers = {"content-type": kind} if kind else {}
    response = await api.post("/api/ask", content=b'{"question": "reset?"}', headers=headers)
    assert response.status_code == 415
    assert "application/json" in response.json()["error"]


async def test_a_stream_is_tokens_and_one_answer(api: httpx2.AsyncClient) -> None:
    """Joined tokens are the answer, and the last event is the whole object."""
    response = await api.post("/api/ask", json={"question": "reset?", "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    *tokens, (name, answer) = events(response.text)
    assert name == "answer"
    assert len(tokens) > 3
    assert {n for n, _ in tokens} == {"token"}
    assert "".join(data["text"] for _, data in tokens) == answer["answer"]


async def test_a_stream_that_fails_ends_with_one_sentence(
    api: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Our own errors are told in their words, all others in a general sentence."""
    application.engine.fails = DatabaseUnavailableError(url="postgresql://db", reason="refused")
    response = await api.post("/api/ask", json={"question": "reset?", "stream": True})
    assert events(response.text) == [("error", {"error": str(application.engine.fails)})]
    application.engine.fails = ZeroDivisionError("internal detail")
    response = await api.post("/api/ask", json={"question": "reset?", "stream": True})
    [(name, data)] = events(response.text)
    assert name == "error"
    assert "internal detail" not in data["error"]


async def test_failures_are_json_without_details(
    api: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A missing database is 503 with its sentence, a bug is 500 with a general one."""
    application.engine.fails = DatabaseUnavailableError(url="postgresql://db", reason="refused")
    response = await api.post("/api/ask", json={"question": "reset?"})
    assert (response.status_code, response.json()["error"]) == (503, str(application.engine.fails))
    application.engine.fails = ZeroDivisionError("internal detail")
    response = await api.post("/api/ask", json={"question": "reset?"})
    assert response.status_code == 500
    assert "internal detail" not in response.text
    assert "content-security-policy" in response.headers


@pytest.mark.parametrize("path", ["/api/ask", "/api/feedback"])
@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", "Bearer ", "Basic a-token-for-tests", "Bearer clé"]
)
async def test_without_the_token_nothing_is_read(
    browser: httpx2.AsyncClient, path: str, header: str | None
) -> None:
    """A missing or wrong token is 401 in JSON, whatever the body holds."""
    headers = {"authorization": header.encode()} if header else {}
    for body in (b'{"question": "reset?"}', b"{broken"):
        response = await browser.post(path, content=body, headers=headers)
        assert response.status_code == 401
        assert set(response.json()) == {"error"}


BAD = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b'{"question": null}',
    b'{"question": 7}',
    b'{"question": ""}',
    b'{"question": "  \\n "}',
    b'{"question": ["a"]}',
    b'{"question": "a\\u0000b"}',
    b'{"question": "a\\ud800b"}',
    b'{"question": "\xff"}',
    b'{"question": "ok", "groups": "staff"}',
    b'{"question": "ok", "groups": [1]}',
    b'{"question": "ok", "groups": ["\\ud800"]}',
    b'{"question": "ok", "groups": ["a\\nb"]}',
    b'{"question": "ok", "thread": 5}',
    b'{"question": "ok", "thread": "\\u0000"}',
    b'{"question": "ok", "stream": "maybe"}',
    b'{"question": "' + b"x" * 9000 + b'"}',
    b'{"question": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"question": "ok", "thread": ' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
async def test_a_bad_body_is_a_4xx_with_one_sentence(api: httpx2.AsyncClient, body: bytes) -> None:
    """Whatever is wrong with a body, the answer is a JSON error and never 500."""
    response = await api.post(
        "/api/ask", content=body, headers={"content-type": "application/json"}
    )
    assert 400 <= response.status_code < 500
    assert set(response.json()) == {"error"}


async def test_a_body_over_a_megabyte_is_413(api: httpx2.AsyncClient) -> None:
    """Also where its length is not told."""

    async def pieces():
        yield b'{"question": "'
        for _ in range(12):
            yield b"x" * 100_000
        yield b'"}'

    headers = {"content-type": "application/json"}
    told = await api.post("/api/ask", content=b"x" * 1_000_001, headers=headers)
    untold = await api.post("/api/ask", content=pieces(), headers=headers)
    for response in (told, untold):
        assert response.status_code == 413
        assert set(response.json()) == {"error"}


async def test_feedback_is_kept_as_an_operators(
    api: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The last word counts, with reason and correction, from who holds the token."""
    turn = (await api.post("/api/ask", json={"question": "reset?"})).json()["turn"]
    await api.post("/api/feedback", json={"turn": turn, "rating": "up"})
    response = await api.post(
        "/api/feedback",
        json={"turn": turn, "rating": "down", "reason": "old", "correction": "Hold it 12 s."},
    )
    assert response.json() == {"turn": turn, "rating": "down"}
    [kept] = await application.feedback.of(turn)
    assert (kept.rating, kept.reason, kept.correction) == (Rating.DOWN, "old", "Hold it 12 s.")
    assert kept.expert
    assert (
        'wellspoken_feedback_total{platform="api",rating="down"} 1.0'
        in (await api.get("/metrics")).text
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"turn": "nowhere", "rating": "up"}, 404),
        ({"turn": "nowhere", "rating": "sideways"}, 422),
        ({"turn": 5, "rating": "up"}, 422),
        ({"turn": "a\0", "rating": "up"}, 422),
        ({"rating": "up"}, 422),
    ],
)
async def test_feedback_that_cannot_be_kept_says_why(
    api: httpx2.AsyncClient, body: dict, status: int
) -> None:
    """An unknown turn is 404, an unfit body 422."""
    response = await api.post("/api/feedback", json=body)
    assert response.status_code == status
    assert set(response.json()) == {"error"}


async def test_openapi_and_its_page_are_served_without_other_hosts(
    browser: httpx2.AsyncClient,
) -> None:
    """The schema names both operations, the page shows them and loads nothing from elsewhere."""
    schema = (await browser.get("/api/openapi.json")).json()
    assert set(schema["paths"]) == {"/api/ask", "/api/feedback"}
    page = (await browser.get("/api/docs")).text
    assert "/api/ask" in page
    assert 'src="http' not in page
    assert 'href="http' not in page
