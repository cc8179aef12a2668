"""What people delete or edit is followed: not answered, not stored, at most said anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.chat.base import Deleted, Heard
from bot.conversation import Attachment, Author, Feedback, Platform, Rating
from bot.errors import ChatUnavailableError
from bot.handoff import HandoffBook
from bot.store.answer_cache import AnswerCache
from bot.store.taken_back import TakenBack
from bot.work.tables import inbox
from tests.platforms.chat_desk import Office, office
from tests.platforms.chat_fake import CHANNEL, FakeChat, said

SECRET = "the quince marmalade of aunt Zwetschge is too sweet"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, desk={"places": 8}) as found:
        yield found


def bytes_of(home: Path) -> bytes:
    """All that lies in the home, as one."""
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


def deleted(heard: Heard) -> Deleted:
    """That a message was deleted."""
    return Deleted(heard.place, heard.message)


def edited(heard: Heard, text: str, seconds: float = 1.0) -> Heard:
    """A message with other words."""
    return replace(heard, text=text, edited=True, at=heard.at + timedelta(seconds=seconds))


async def texts(here: Office) -> list[tuple[str, str]]:
    """Questions and answers that are stored, oldest first."""
    return [(t.question, t.answer) for t in reversed(await here.app.history.recent())]


async def test_what_is_deleted_before_its_answer_is_never_answered(
    here: Office, tmp_path: Path
) -> None:
    """Nothing is posted, nothing stored, and the others in the thread are answered."""
    first = said("How often?", for_bot=True)
    await here.hear(first)
    gone = said(SECRET, for_bot=True, place=first.home)
    await here.desk.take(gone)
    await here.desk.take(said("And in winter?", for_bot=True, place=first.home))
    await here.desk.drop(deleted(gone))
    await here.desk.drop(deleted(gone))
    assert not await here.desk.take(gone)
    await here.work()
    assert [q.text for q in here.engine.asked] == ["How often?", "And in winter?"]
    await here.app.database.scrub((), ())
    assert b"quince" not in bytes_of(tmp_path)


async def test_a_placeholder_that_stands_there_says_so(here: Office) -> None:
    """An attempt that failed left one; it ends in a sentence, and no answer comes."""
    gone = said(SECRET, for_bot=True)
    here.engine.fault = ChatUnavailableError(platform="slack", method="post", reason="away")
    await here.desk.take(gone)
    working = asyncio.create_task(here.desk.run())
    while not (await here.desk.inbox.counts()).get("waiting") or not here.engine.asked:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await here.desk.drop(deleted(gone))
    here.engine.fault = None
    while await here.desk.inbox.open_count():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    (post,) = here.chat.posts.values()
    assert (post.text, post.final) == ("This message was deleted before I could answer it.", True)
    assert len(here.engine.asked) == 1
    assert await texts(here) == []


async def test_what_is_deleted_while_it_is_answered_is_answered_and_erased(
    here: Office, tmp_path: Path
) -> None:
    """The answer comes to its end, once; the words go right behind it."""
    gone = said(SECRET, for_bot=True)
    here.engine.delay = 0.3
    await here.desk.take(gone)
    working = asyncio.create_task(here.work())
    while not here.engine.asked:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await here.desk.drop(deleted(gone))
    await working
    assert len(here.chat.posts) == len(here.engine.asked) == 1
    assert await texts(here) == [("", "")]
    assert b"quince" not in bytes_of(tmp_path)


async def test_what_is_deleted_after_its_answer_is_in_no_byte(here: Office, tmp_path: Path) -> None:
    """Turn, history, follow-ups, handoff, cache, file names: the figures stay, the answer stays
    in the chat, and the trail verifies and says what was done without a word."""
    here.chat.files = ((Attachment("marmalade.txt", "sugar, quince"),), "")
    gone = said(SECRET, for_bot=True)
    await here.hear(gone)
    here.chat.files = ((), "")
    (turn,) = await here.app.history.recent()
    cache = AnswerCache(here.app.database, here.app.clock)
    await cache.keep("key", turn)
    book = HandoffBook(here.app.database)
    await book.open(turn.id, gone.author, {}, SECRET)
    ben = Author(Platform.SLACK, "U2", "Ben")
    await here.app.feedback.rate(Feedback(turn.id, ben, Rating.DOWN, "no"))
    await here.hear(said("And in winter?", for_bot=True, place=gone.home))
    assert b"quince" in bytes_of(tmp_path)
    await here.desk.drop(deleted(gone))
    await here.work()
    await here.desk.drop(deleted(gone))
    await here.hear(gone)
    after = await here.app.history.turn(turn.id)
    assert (after.question, after.answer, after.query) == ("", "", "")
    assert (after.at, after.author.key, after.usage) == (turn.at, turn.author.key, turn.usage)
    assert await cache.find("key") is None
    for word in (b"quince", b"Zwetschge", b"marmalade"):
        assert word not in bytes_of(tmp_path)
    assert len(here.engine.asked) == len(here.chat.posts) == 2
    assert await here.app.audit.verify() is None
    (told,) = [e.content for e in await here.app.audit.newest(20) if e.kind == "operator"]
    said_of = {name: told[name] for name in ("action", "actor", "subject")}
    assert said_of == {"action": "message deleted", "actor": "slack", "subject": turn.id}


async def test_a_kill_between_erasing_and_cleaning_is_made_good(
    here: Office, tmp_path: Path
) -> None:
    """Whoever takes over cleans the file without knowing the words."""
    gone = said(SECRET, for_bot=True)
    await here.hear(gone)
    await here.desk.drop(deleted(gone))
    cut = sa.update(inbox).where(inbox.c.event_id.endswith(":deleted")).values(step="erased")
    (turn,) = await here.app.history.recent()
    names = [f"slack:T1:C1:{gone.message}"]
    taken = TakenBack(here.app.database, here.app.audit)
    await here.app.database.write(lambda c: taken.erase_in(c, names, "slack"))
    await here.app.database.write(lambda c: c.execute(cut).rowcount)
    await here.work()
    assert b"quince" not in bytes_of(tmp_path)
    assert (await here.app.history.turn(turn.id)).question == ""


async def test_an_edit_before_the_answer_is_what_is_answered(here: Office) -> None:
    """The newest words, once; an older edit that comes late changes nothing."""
    asked = said("How oftn?", for_bot=True)
    await here.desk.take(asked)
    await here.desk.amend(edited(asked, "How often?", 2), "e2")
    await here.desk.amend(edited(asked, "How ofen?", 1), "e1")
    await here.work()
    assert await texts(here) == [("How often?", "Answer to How often?")]
    assert len(here.chat.posts) == 1


async def test_an_edit_after_the_answer_replaces_the_words(here: Office, tmp_path: Path) -> None:
    """No second answer; the old words are in no byte, the new ones are what a follow-up finds."""
    here.engine.reply = lambda _: "Yes."
    asked = said(SECRET, for_bot=True)
    await here.hear(asked)
    (turn,) = await here.app.history.recent()
    for _ in range(2):
        await here.desk.amend(edited(asked, "Is it too sweet for a child?"), "e1")
        await here.work()
    assert await texts(here) == [("Is it too sweet for a child?", "Yes.")]
    assert len(here.chat.posts) == len(here.engine.asked) == 1
    assert (await here.app.history.turn(turn.id)).query == "Is it too sweet for a child?"
    assert b"quince" not in bytes_of(tmp_path)
    await here.desk.drop(deleted(asked))
    await here.desk.amend(edited(asked, "late", 9), "e2")
    await here.work()
    assert await texts(here) == [("", "")]


async def test_an_edit_while_it_is_answered_is_what_is_stored(here: Office) -> None:
    """The answer is to the old words and the only one; stored are the new ones."""
    asked = said("How oftn?", for_bot=True)
    here.engine.delay = 0.3
    await here.desk.take(asked)
    working = asyncio.create_task(here.work())
    while not here.engine.asked:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await here.desk.amend(edited(asked, "How often?"), "e1")
    await working
    assert await texts(here) == [("How often?", "Answer to How oftn?")]
    assert len(here.chat.posts) == 1


async def test_what_nobody_knows_leaves_no_row(here: Office) -> None:
    """Deletions and edits of messages that the bot was never meant by are nothing."""
    await here.desk.drop(Deleted(CHANNEL, "1699.1"))
    await here.desk.amend(edited(said("Lunch, anyone?"), "Dinner?"), "e1")
    assert await here.desk.inbox.counts() == {}


async def test_a_deleted_answer_is_not_given_again(here: Office) -> None:
    """A moderator deletes what the bot said: it leaves the answer cache, the turn stays."""
    await here.hear(said("How often?", for_bot=True))
    (turn,) = await here.app.history.recent()
    cache = AnswerCache(here.app.database, here.app.clock)
    await cache.keep("key", turn)
    await here.desk.drop(Deleted(CHANNEL, "m1"))
    await here.work()
    assert await cache.find("key") is None
    assert (await here.app.history.turn(turn.id)).question == "How often?"


@pytest.mark.parametrize("after_effect", [False, True])
async def test_killed_anywhere_a_deleted_message_leaves_no_word(
    tmp_path: Path, after_effect: bool
) -> None:
    """Cut off at each operation of the answer, deleted, and taken up by another process."""
    for at in range(1, 6):
        home = tmp_path / str(at)
        home.mkdir()
        chat = FakeChat(die_at=at, after_effect=after_effect)
        gone = said(SECRET, for_bot=True)
        async with office(home, chat, desk={"owner": "gone/1/a"}) as first:
            await first.hear(gone)
        chat.dead, chat.die_at = False, None
        async with office(home, chat, desk={"owner": "here/2/b"}) as second:
            await second.desk.drop(deleted(gone))
            await second.app.database.write(
                lambda c: c.execute(sa.update(inbox).values(lease_until=sa.null())).rowcount
            )
            await second.desk.inbox.release(lambda owner: owner == "gone/1/a")
            await second.work()
            assert len(chat.posts) <= 1
            assert b"quince" not in bytes_of(home)


async def test_the_newest_of_a_flood_is_dropped_when_it_is_deleted(tmp_path: Path) -> None:
    """It is held until they are quiet; deleted meanwhile, nobody answers it."""
    limits = {"burst": "2/10s"}
    async with office(tmp_path, limits=limits) as here:
        flood = [said(f"Question number {n}?", for_bot=True) for n in range(5)]
        for each in flood:
            await here.desk.take(each)
        await here.desk.drop(deleted(flood[-1]))
        await here.work()
        await asyncio.sleep(3.5)
        await here.work()
        assert flood[-1].text not in [q.text for q in here.engine.asked]
