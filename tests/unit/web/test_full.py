"""A server whose places are all taken: who asks is told so, and what is under way is answered."""

from __future__ import annotations

import asyncio

import httpx2

from adapters.web.app import create_app
from tests.platforms.web_application import TOKEN, WebApplication

_SENTENCE = (
    "So many questions are being answered that there is no place for another one; please try again "
    "in 5 s."
)


async def test_a_question_without_a_place_is_refused_in_a_sentence(
    application: WebApplication,
) -> None:
    """Scripts get 503, the sentence and when to come back; people keep what they wrote; what is
    under way is answered, and then there is a place again."""
    application.engine.hold = asyncio.Event()
    app = create_app(application, places=1)
    transport = httpx2.ASGITransport(app=app)
    bearer = {"authorization": f"Bearer {TOKEN}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:

        def ask() -> asyncio.Task[httpx2.Response]:
            asked = client.post("/api/ask", json={"question": "reset?"}, headers=bearer)
            return asyncio.create_task(asked)

        first = ask()
        async with asyncio.timeout(60):
            while not application.engine.asked:  # noqa: ASYNC110 - another task
                await asyncio.sleep(0.01)
        refused = await ask()
        assert (refused.status_code, refused.json()) == (503, {"error": _SENTENCE})
        assert refused.headers["retry-after"] == "5"
        await client.get("/")
        page = await client.post("/ask", data={"question": "reset again?"})
        assert page.status_code == 503
        assert _SENTENCE in page.text
        assert ">reset again?</textarea>" in page.text

        application.engine.hold.set()
        assert (await first).status_code == 200
        assert (await ask()).status_code == 200


async def test_a_stored_answer_is_given_again_though_all_places_are_taken(
    application: WebApplication,
) -> None:
    """Who repeats a key after a lost reply has the answer at once."""
    app = create_app(application, places=1)
    transport = httpx2.ASGITransport(app=app)
    bearer = {"authorization": f"Bearer {TOKEN}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:

        async def ask(key: str) -> httpx2.Response:
            headers = bearer | {"idempotency-key": key}
            return await client.post("/api/ask", json={"question": "reset?"}, headers=headers)

        before = await ask("one")
        application.engine.hold = asyncio.Event()
        busy = asyncio.create_task(ask("two"))
        async with asyncio.timeout(60):
            while len(application.engine.asked) < 2:  # noqa: ASYNC110 - another task
                await asyncio.sleep(0.01)
        again = await ask("one")
        assert (again.status_code, again.json()) == (200, before.json())
        assert (await ask("three")).status_code == 503
        application.engine.hold.set()
        assert (await busy).status_code == 200
