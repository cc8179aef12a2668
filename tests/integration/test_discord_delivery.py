"""Answers on their way into Discord: the real discord.py against the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.chat.base import Offer
from adapters.discord.wording import PLACEHOLDER
from bot.errors import ChatRefusedError
from tests.platforms.discord_delivery import ANSWER, SOURCE, Desk, garden, heard_of, turn_of


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with garden() as found:
        yield found


def thumbs(desk: Desk) -> list[str]:
    return desk.messages[-1].buttons[:2]


# -- where it stands ----------------------------------------------------------------------------


async def test_an_answer_stands_in_a_thread_of_its_own(desk: Desk) -> None:
    """A thread on the question, named after it; in it one message with sources and thumbs."""
    await desk.answer(ANSWER, SOURCE)
    (message,) = desk.messages
    assert message.channel == desk.heard.message
    assert desk.server.world.channels[message.channel].name == "How do I water roses?"
    assert "at night" in message.shown
    assert "https://garden.example/roses" in message.shown
    assert message.buttons == ["👍", "👎"]
    assert desk.made("create_message") == 1


async def test_where_no_thread_is_wanted_it_replies_in_the_channel(desk: Desk) -> None:
    """`thread = false`: a reply to the question, which pings nobody."""
    desk.threads = False
    await desk.answer()
    (message,) = desk.messages
    assert (message.channel, message.reference) == (desk.roses.id, desk.heard.message)
    assert message.pings == set()


async def test_a_thread_that_is_there_already_is_used(desk: Desk) -> None:
    """Somebody opened a thread on the question before us: the answer stands in it."""
    asked = desk.server.message(desk.heard.message)
    await desk.server.thread(desk.ada, asked, "mine")
    await desk.answer()
    assert [message.channel for message in desk.messages] == [asked.id]


async def test_where_threads_are_forbidden_it_stands_in_the_channel(desk: Desk) -> None:
    """Without the permission to make threads the answer is a reply; an admin hears its name."""
    guild = desk.server.world.guilds[desk.roses.guild or ""]
    desk.server.permit(desk.roses, guild, deny=["CREATE_PUBLIC_THREADS"])
    await desk.answer()
    (message,) = desk.messages
    assert message.channel == desk.roses.id
    assert thumbs(desk) == ["👍", "👎"]
    ((channel, error),) = desk.refused
    assert channel == desk.roses.id
    assert error.data["needed"] == "Create Public Threads"


async def test_a_thread_that_cannot_be_written_in_gives_way_to_the_channel(desk: Desk) -> None:
    """Threads can be made but not written in: the answer comes to the channel."""
    guild = desk.server.world.guilds[desk.roses.guild or ""]
    desk.server.permit(desk.roses, guild, deny=["SEND_MESSAGES_IN_THREADS"])
    await desk.answer()
    (message,) = desk.messages
    assert message.channel == desk.roses.id
    assert [error.data["needed"] for _, error in desk.refused] == ["Send Messages in Threads"]


async def test_a_question_that_was_deleted_is_answered_in_the_channel(desk: Desk) -> None:
    """No thread can be made on it any more and nothing be replied to; the words still come."""
    desk.server.message(desk.heard.message).deleted = True
    await desk.answer()
    (message,) = desk.server.answers(desk.roses)
    assert "at night" in message.shown
    assert message.reference == ""


async def test_a_direct_message_is_answered_there(desk: Desk) -> None:
    """No thread and no reply between two who are alone."""
    await desk.asks(desk.server.dm(desk.ada))
    await desk.answer()
    (message,) = desk.messages
    assert (message.channel, message.reference) == (desk.heard.place.channel, "")
    assert desk.made("start_thread_from_message") == 0


async def test_a_forum_post_is_answered_in_itself(desk: Desk) -> None:
    """The post is the thread; below the answer stands the button that marks it as solved."""
    guild = desk.server.world.guilds[desk.roses.guild or ""]
    post = await desk.server.forum_post(
        desk.ada, desk.server.forum(guild, "help"), "Roses", "How do I water them?"
    )
    first = desk.server.message(post.id)
    heard = heard_of(first, desk.server, extra={"post": "first"})
    place = heard.place
    desk.heard = type(heard)(
        type(place)(place.platform, place.workspace, place.channel),
        *(heard.message, heard.author, heard.text, heard.at),
        extra=heard.extra,
    )
    await desk.answer()
    (message,) = desk.server.answers(post)
    assert message.buttons == ["👍", "👎", "Solved"]
    assert desk.made("start_thread_from_message") == 0


# -- while it is written ------------------------------------------------------------------------


async def test_the_first_words_show_before_the_end(desk: Desk) -> None:
    """A placeholder at once; what is shown appears while the rest is still being written."""
    surface = desk.surface()
    await surface.open()
    (message,) = desk.messages
    assert message.content == PLACEHOLDER
    await surface.show("Water roses **at night**. ")
    await desk.server.until(lambda: "at night" in message.content)
    assert message.content.endswith("…")
    await surface.close(turn_of(), Offer.NOTHING)
    assert not message.content.endswith("…")


async def test_showing_never_waits_for_discord(desk: Desk) -> None:
    """A Discord that takes its time with edits does not hold up the words behind them."""
    desk.server.fault("edit_message", delay=0.5)
    surface = desk.surface()
    await surface.open()
    async with asyncio.timeout(5):
        for _ in range(50):
            await surface.show("Water at night. ")
    await surface.close(turn_of("Water at night. " * 50), Offer.NOTHING)
    assert desk.messages[0].shown.count("Water at night.") == 50


async def test_a_long_answer_grows_over_several_messages(desk: Desk) -> None:
    """What no longer fits a message goes on in the next while it is written."""
    surface = desk.surface()
    await surface.open()
    text = "\n\n".join(f"Paragraph {n}: " + "water the roses. " * 30 for n in range(8))
    await surface.show(text)
    await desk.server.until(lambda: len(desk.messages) > 1)
    await surface.close(turn_of(text, SOURCE), Offer.NOTHING)
    shown = "".join(message.shown for message in desk.messages)
    assert [shown.count(f"Paragraph {n}:") for n in range(8)] == [1] * 8


async def test_a_long_answer_is_split_with_thumbs_on_its_last_part(desk: Desk) -> None:
    """Every part within the limit, in order; sources and thumbs on the last, all of them noted."""
    text = "\n\n".join(f"Paragraph {n}: " + "water the roses. " * 30 for n in range(9))
    surface = desk.surface()
    await surface.open()
    await surface.close(turn_of(text, SOURCE), Offer.PERSON, "I can't see images yet.")
    parts = desk.messages
    assert len(parts) > 2
    assert [bool(message.buttons) for message in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].buttons == ["👍", "👎", "Ask a person"]
    shown = "".join(message.shown for message in parts)
    assert [shown.count(f"Paragraph {n}:") for n in range(9)] == [1] * 9
    assert "I can't see images yet." in shown
    assert "garden.example/roses" in parts[-1].shown
    assert desk.state is not None
    assert desk.state["messages"] == [message.id for message in parts]


async def test_nobody_is_ever_pinged(desk: Desk) -> None:
    """Not by a post, a draft, the end or a sentence; every call says so to Discord itself."""
    surface = desk.surface()
    await surface.open()
    await surface.show(f"@everyone <@{desk.ada.id}> look. ")
    (message,) = desk.messages
    await desk.server.until(lambda: "look" in message.content)
    await surface.close(turn_of(f"@everyone and <@{desk.ada.id}>"), Offer.NOTHING)
    assert message.pings == set()
    written = [c for c in desk.server.calls if c.name in ("create_message", "edit_message")]
    assert len(written) >= 3
    for call in written:
        assert call.args["allowed_mentions"] == {"parse": [], "replied_user": False}


async def test_an_answer_that_turns_out_otherwise_replaces_the_drafts(desk: Desk) -> None:
    """When the check takes back what was shown, the final text is what stands there."""
    surface = desk.surface()
    await surface.open()
    await surface.show("\n\n".join("Water at noon, always at noon. " * 20 for _ in range(6)))
    await desk.server.until(lambda: len(desk.messages) > 1)
    await surface.close(turn_of("I do not know."), Offer.NOTHING)
    (message,) = desk.messages
    assert message.shown.strip() == "I do not know."


# -- refusals -----------------------------------------------------------------------------------


async def test_components_that_discord_refuses_are_left_out(desk: Desk) -> None:
    """When the form is refused the words still arrive."""
    surface = desk.surface()
    await surface.open()
    desk.server.fault("edit_message", code=50035)
    await surface.close(turn_of(), Offer.NOTHING)
    assert "at night" in desk.messages[0].shown


async def test_where_the_bot_may_not_write_the_asker_is_told_alone(desk: Desk) -> None:
    """The desk hears of the refusal; the sentence comes as a direct message that says why."""
    guild = desk.server.world.guilds[desk.roses.guild or ""]
    desk.server.permit(desk.roses, guild, deny=["SEND_MESSAGES", "CREATE_PUBLIC_THREADS"])
    surface = desk.surface()
    with pytest.raises(ChatRefusedError) as refused:
        await surface.open()
    assert refused.value.data["needed"] == "Send Messages"
    await surface.fail("Sorry, I could not answer that.")
    (told,) = desk.server.answers(desk.server.dm(desk.ada))
    assert "Sorry, I could not answer that." in told.content
    assert "Send Messages" in told.content


async def test_in_a_locked_thread_the_asker_is_told_alone(desk: Desk) -> None:
    """What was asked in a thread is not said outside it, but its asker hears that it failed."""
    asked = desk.server.message(desk.heard.message)
    thread = await desk.server.thread(desk.ada, asked, "roses")
    await desk.asks(thread)
    guild = desk.server.world.guilds[desk.roses.guild or ""]
    desk.server.permit(desk.roses, desk.server.bot_role(guild), deny=["MANAGE_THREADS"])
    surface = desk.surface()
    await surface.open()
    thread.archived = thread.locked = True
    with pytest.raises(ChatRefusedError):
        await surface.close(turn_of(), Offer.NOTHING)
    await surface.fail("Sorry.")
    assert [m.content.startswith("Sorry.") for m in desk.server.answers(desk.server.dm(desk.ada))]
    assert desk.server.answers(desk.roses) == []


async def test_an_archived_thread_is_woken(desk: Desk) -> None:
    """Archived while the answer was written: it is opened again, and completed in place."""
    surface = desk.surface()
    await surface.open()
    thread = desk.server.world.channels[desk.heard.message]
    thread.archived = True
    await surface.close(turn_of(), Offer.NOTHING)
    (message,) = desk.messages
    assert "at night" in message.shown
    assert not thread.archived


async def test_a_message_that_was_deleted_is_posted_anew_once(desk: Desk) -> None:
    """Somebody deletes the placeholder: the answer comes in a new message, and is noted."""
    surface = desk.surface()
    await surface.open()
    (first,) = desk.messages
    first.deleted = True
    await surface.close(turn_of(), Offer.NOTHING)
    (second,) = desk.messages
    assert second.id != first.id
    assert second.buttons
    assert desk.state is not None
    assert desk.state["messages"] == [second.id]


async def test_a_deleted_thread_gives_way_to_the_channel(desk: Desk) -> None:
    """A moderator deletes the thread in the meantime: the answer is a reply in the channel."""
    surface = desk.surface()
    await surface.open()
    desk.server.world.channels[desk.heard.message].deleted = True
    await surface.close(turn_of(), Offer.NOTHING)
    (message,) = desk.server.answers(desk.roses)
    assert "at night" in message.shown
    assert desk.state is not None
    assert desk.state["messages"] == [message.id]


async def test_a_failure_says_so_below_what_was_written(desk: Desk) -> None:
    """One friendly sentence; what was there stays above it, without buttons."""
    surface = desk.surface()
    await surface.open()
    await surface.show("Water roses at night. ")
    await surface.fail("Sorry, this took too long.")
    (message,) = desk.messages
    assert message.content == "Water roses at night.\n\nSorry, this took too long."
    assert message.buttons == []
