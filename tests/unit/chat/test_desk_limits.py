"""What people see who ask more than there is room for."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.chat.base import Heard
from tests.platforms.chat_desk import Office, office
from tests.platforms.chat_fake import DIRECT, FakeChat, said

TWO = {"person": "2/1m"}
SORRY = "I can't take that many questions"


def questions(number: int, by: str = "U1", text: str = "Question") -> list[Heard]:
    """Several of one person at one moment, each in a thread of its own."""
    now = datetime.now(UTC)
    return [
        said(f"{text} {n}", by=by, for_bot=True, at=now + timedelta(milliseconds=n))
        for n in range(number)
    ]


def shown(here: Office) -> list[str]:
    return [post.text for post in here.chat.posts.values()]


async def test_one_question_too_many_gets_one_kind_sentence(tmp_path: Path) -> None:
    """It names when to try again; what follows meanwhile is left alone, others are answered."""
    async with office(tmp_path, limits=TWO) as here:
        await here.hear(*questions(6), *questions(1, by="U2"))
        texts = shown(here)
        assert sum(text.startswith("Answer") for text in texts) == 3
        (sentence,) = [text for text in texts if SORRY in text]
        assert re.search(r"try again in \d\d seconds", sentence)
        assert len(texts) == 4
        counted = here.app.metrics.exposition().decode()
        assert 'wellspoken_limited_total{kind="person",platform="slack"} 4.0' in counted


async def test_german_is_answered_in_german(tmp_path: Path) -> None:
    """The sentence is in the language of the question where the persona speaks it."""
    persona = tmp_path / "p.yaml"
    persona.write_text("name: Juniper\nlanguages: [en, de]\n")
    async with office(tmp_path, limits=TWO, bot={"persona": persona}) as here:
        await here.hear(*questions(3, text="Wie lange dauert die Lieferung von Nummer"))
        assert re.search(r"bitte in \d\d Sekunden noch einmal", shown(here)[-1])


async def test_a_redelivered_question_over_the_limit_hears_of_it_once(tmp_path: Path) -> None:
    """Also where the process that took it in is gone, and another one never counted."""
    asked = questions(3)
    chat = FakeChat()
    async with office(tmp_path, chat, limits=TWO) as here:
        for _ in range(2):
            await here.hear(*asked)
    async with office(tmp_path, chat, limits=TWO) as here:
        await here.hear(*asked)
        assert len(chat.posts) == 3
        assert sum(SORRY in text for text in shown(here)) == 1


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_a_kill_while_it_is_said_leaves_one_sentence(
    tmp_path: Path, at: int, after_effect: bool
) -> None:
    """Killed before or after any step, the next process says it, and says it once."""
    chat = FakeChat()
    asked = questions(3)
    async with office(tmp_path, chat, limits=TWO) as here:
        await here.hear(*asked[:2])
        await here.desk.take(asked[2])
        chat.die_at, chat.after_effect = chat.operations + at, after_effect
        await here.work()
    chat.dead, chat.die_at = False, None
    async with office(tmp_path, chat, limits=TWO) as here:
        await here.hear(asked[2])
        texts = [post.text for post in chat.posts.values()]
        assert len(texts) == 3
        assert sum(SORRY in text for text in texts) == 1


async def test_two_processes_say_it_once(tmp_path: Path) -> None:
    """Each counts what the other has answered, and one of them speaks."""
    chat = FakeChat()
    async with (
        office(tmp_path, chat, limits=TWO) as one,
        office(tmp_path, chat, limits=TWO) as two,
    ):
        asked = questions(6)
        await one.hear(*asked[:2])
        await two.hear(asked[2])
        await one.hear(asked[3])
        await two.hear(*asked[4:])
        texts = [post.text for post in chat.posts.values()]
        assert sum(text.startswith("Answer") for text in texts) == 2
        assert sum(SORRY in text for text in texts) == 1


async def test_the_same_words_over_and_over_are_not_answered_each_time(tmp_path: Path) -> None:
    """A few answers, one sentence, then silence."""
    async with office(tmp_path, limits={"repeats": "3/1m"}) as here:
        same = [said("Is it on?", for_bot=True) for _ in range(10)]
        await here.hear(*same)
        texts = shown(here)
        assert texts[:3] == ["Answer to Is it on?"] * 3
        assert len(texts) == 4
        assert "the same message several times" in texts[3]


async def test_a_flood_is_one_sentence_and_then_its_newest_message(tmp_path: Path) -> None:
    """10,000 messages in a second: others are answered, the newest is answered once it is
    quiet, and hardly any of the rest."""
    async with office(tmp_path, limits={"burst": "10/5s"}) as here:
        flood, other = questions(10_000), questions(1, by="U2", text="Mine")
        await asyncio.gather(*(here.desk.take(heard) for heard in (*flood, *other)))
        await here.work()
        texts = shown(here)
        assert "Answer to Mine 0" in texts
        assert sum("a lot at once" in text for text in texts) == 1
        assert len(texts) <= 12
        assert here.desk.trouble is not None
        async with asyncio.timeout(90):
            while not await here.desk.inbox.open_count():  # noqa: ASYNC110 - it comes by itself
                await asyncio.sleep(0.05)
        await here.work()
        assert shown(here)[-1] == "Answer to Question 9999"


async def test_who_talks_in_a_thread_hears_nothing_of_limits(tmp_path: Path) -> None:
    """Colleagues may talk as fast as they like where the bot only listens."""
    async with office(tmp_path, limits={"person": "1/1m", "burst": "5/10s"}) as here:
        first = said("How often?", for_bot=True)
        await here.hear(first)
        talk = [
            said(f"@ben look {n}", by="U2", place=first.home, mentions=("U3",)) for n in range(9)
        ]
        await here.hear(*talk)
        assert shown(here) == ["Answer to How often?"]


async def test_a_private_question_over_the_limit_is_told_in_private(tmp_path: Path) -> None:
    """In direct messages the sentence stands there as well."""
    async with office(tmp_path, limits=TWO) as here:
        await here.hear(*(said(f"Q{n}", place=DIRECT) for n in range(4)))
        assert [SORRY in text for text in shown(here)] == [False, False, True]
