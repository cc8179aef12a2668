"""The web adapter behind a real server, with connections that break."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from adapters.web.answers import Answers
from bot.conversation import Author, Platform, Question, Turn
from tests.platforms.web_application import TOKEN, Served, served, web_application

HEADERS = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as running:
        yield running


def test_tokens_arrive_before_the_answer_is_complete(bot: Served) -> None:
    """Nothing between the engine and the client holds pieces back."""
    bot.application.engine.pause = 0.3
    begun = time.monotonic()
    arrived: list[tuple[str, float]] = []
    with httpx2.stream(
        "POST",
        f"{bot.address}/api/ask",
        json={"question": "reset?", "stream": True},
        headers=HEADERS,
    ) as response:
        for line in response.iter_lines():
            if line.startswith("event: "):
                arrived.append((line.removeprefix("event: "), time.monotonic() - begun))
    names = [name for name, _ in arrived]
    assert names[-1] == "answer"
    assert arrived[0][1] < arrived[-1][1] / 2


def test_a_client_that_leaves_does_not_lose_the_turn(bot: Served) -> None:
    """The answer is finished and stored though nobody reads it any more."""
    bot.application.engine.pause = 0.2
    with httpx2.stream(
        "POST",
        f"{bot.address}/ask",
        data={"question": "reset?"},
        headers={"accept": STREAM},
        timeout=60,
    ) as response:
        next(response.iter_lines())
        jar = response.headers["set-cookie"].partition(";")[0]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        page = httpx2.get(f"{bot.address}/", headers={"cookie": jar}, timeout=60).text
        if 'id="turn-' in page:
            return
        time.sleep(0.1)
    pytest.fail("the turn was not stored")


STREAM = "text/event-stream"


def test_a_large_upload_is_told_413_and_not_cut_off(bot: Served) -> None:
    """The client gets to read the answer, although it was still sending."""
    for size in (1_000_001, 5_000_000):
        response = httpx2.post(
            f"{bot.address}/api/ask", content=b"x" * size, headers=HEADERS, timeout=60
        )
        assert response.status_code == 413
        assert json.loads(response.text)["error"].startswith("The request is larger")


def test_many_readers_at_once_get_their_own_answers(bot: Served) -> None:
    """Streams do not mix."""

    async def one(client: httpx2.AsyncClient, n: int) -> tuple[int, str]:
        question = f"{'reset' if n % 2 else 'unknown'} {n}?"
        response = await client.post(
            f"{bot.address}/api/ask", json={"question": question, "stream": True}, headers=HEADERS
        )
        return n, response.text.rstrip().rpartition("data: ")[2]

    async def all_of_them() -> list[tuple[int, str]]:
        async with httpx2.AsyncClient(timeout=120) as client:
            return await asyncio.gather(*(one(client, n) for n in range(20)))

    turns = set()
    for n, data in asyncio.run(all_of_them()):
        answer = json.loads(data)
        turns.add(answer["turn"])
        assert answer["outcome"] == ("answered" if n % 2 else "abstained")
    assert len(turns) == 20


async def test_shutting_down_waits_for_answers_on_their_way(tmp_path: Path) -> None:
    """What is in flight is finished; what is stuck is cancelled after the time given."""
    async with web_application(tmp_path) as application:
        engine = application.engine
        engine.pause = 0.05
        answers = Answers(engine, application.history)
        running = await answers.start(_question("reset?"))
        await answers.drain(10)
        assert isinstance(running.task.result(), Turn)
        engine.hold = asyncio.Event()
        stuck = await answers.start(_question("reset?"))
        await answers.drain(0.2)
        assert stuck.task.cancelled()


async def test_every_reader_of_an_answer_gets_all_of_it(tmp_path: Path) -> None:
    """A reader that comes late follows from the beginning."""
    async with web_application(tmp_path) as application:
        application.engine.pause = 0.02
        answers = Answers(application.engine, application.history)
        running = await answers.start(_question("reset?"))
        early = asyncio.create_task(_joined(running))
        await asyncio.sleep(0.06)
        late = await _joined(running)
        turn = await running.turn()
        assert await early == late == turn.answer


async def _joined(running) -> str:
    return "".join([piece async for piece in running.pieces()])


def _question(text: str) -> Question:
    return Question(text, Author(Platform.WEB, "reader"))
