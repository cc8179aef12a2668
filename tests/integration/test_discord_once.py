"""Exactly one answer in Discord, whatever is cut off, refused for a while, or killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import pytest

from adapters.chat.base import Offer, Place, Placement
from adapters.discord.posting import Poster
from adapters.discord.seats import Seat
from bot.conversation import Platform
from bot.errors import ChatLimitedError, ChatUnavailableError
from tests.platforms.discord_delivery import ANSWER, SOURCE, Desk, garden, turn_of
from tests.platforms.standing_settings import StandingSettings


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with garden() as found:
        yield found


FAULTS = [{"cut": True}, {"hang": True}, {"refuse": True}, {"status": 503}]


@pytest.mark.parametrize("route", ["create_message", "start_thread_from_message", "edit_message"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_call_whose_fate_is_unknown_is_made_again_without_harm(
    desk: Desk, fault: dict[str, Any], route: str
) -> None:
    """Cut, hung, refused or failed once: one thread and one message with the whole answer."""
    desk.server.fault(route, **fault)
    await desk.answer(ANSWER, SOURCE)
    (message,) = desk.messages
    assert message.channel == desk.heard.message
    assert message.shown.count("at noon") == 1
    assert message.buttons


@pytest.mark.parametrize("fault", FAULTS)
async def test_parts_of_a_long_answer_are_not_doubled(desk: Desk, fault: dict[str, Any]) -> None:
    """A further part that was cut off is there once, in its place."""
    text = "\n\n".join(f"Paragraph {n}: " + "water the roses. " * 30 for n in range(9))
    desk.server.fault("create_message", after=2, **fault)
    surface = desk.surface()
    await surface.open()
    await surface.close(turn_of(text, SOURCE), Offer.NOTHING)
    shown = "".join(message.shown for message in desk.messages)
    assert [shown.count(f"Paragraph {n}:") for n in range(9)] == [1] * 9


@pytest.mark.parametrize("threads", [True, False])
async def test_every_cut_in_the_life_of_an_answer_leaves_one_answer(
    desk: Desk, threads: bool
) -> None:
    """Killed after any request, the next attempt completes the same message."""
    for at in range(6):
        await desk.asks(desk.roses, "again?")
        desk.threads = threads
        task = asyncio.create_task(desk.answer(ANSWER, SOURCE))
        begun = len(desk.server.calls)
        while len(desk.server.calls) < begun + at and not task.done():  # noqa: ASYNC110 - each step counts
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        kept = deepcopy(desk.state)
        await asyncio.sleep(0.05)
        desk.state = kept
        await desk.answer(ANSWER, SOURCE)
        (message,) = desk.messages
        assert message.shown.count("at noon") == 1, at
        assert message.buttons


@pytest.mark.parametrize("nonces", [True, False])
@pytest.mark.parametrize("threads", [True, False])
async def test_a_post_that_was_not_noted_is_found_after_any_time(
    desk: Desk, threads: bool, nonces: bool
) -> None:
    """When Discord has forgotten the nonce, the history tells; also where it shows no nonces."""
    desk.threads = threads
    await desk.surface().open()
    (placeholder,) = desk.messages
    assert desk.state is not None
    desk.state |= {"messages": [], "pending": True}
    desk.server.shift_time(3600)
    if not nonces:
        placeholder.nonce = None
    await desk.answer()
    assert desk.messages == [placeholder]
    assert "at night" in placeholder.shown


async def test_another_answers_placeholder_is_left_alone(desk: Desk) -> None:
    """What looks the same and carries another turn, or replies to another, is not taken."""
    desk.threads = False
    other = await desk.asks(desk.roses, "another?")
    await desk.surface().open()
    await desk.asks(desk.roses, "mine?")
    desk.state = {"pending": True, "marks": {"seat": desk.roses.id, "reply": desk.heard.message}}
    for message in desk.server.answers(desk.roses):
        message.nonce = None
    await desk.answer()
    (mine,) = desk.messages
    (left,) = desk.server.answers(other)
    assert mine.id != left.id


async def test_in_a_channel_without_history_it_is_still_answered(desk: Desk) -> None:
    """Without the permission to read the history it cannot be looked up; the nonce keeps it one."""
    desk.threads = False
    surface = desk.surface()
    await surface.open()
    assert desk.state is not None
    desk.state |= {"messages": [], "pending": True}
    guild = desk.server.world.guilds[desk.roses.guild or ""]
    desk.server.permit(desk.roses, guild, deny=["READ_MESSAGE_HISTORY"])
    await desk.answer()
    (message,) = desk.messages
    assert "at night" in message.shown


async def test_who_was_stopped_does_not_write_over_the_next_attempt(desk: Desk) -> None:
    """A cancelled attempt draws nothing more, though words were waiting to be shown."""
    first = desk.surface()
    opened = asyncio.Event()

    async def attempt() -> None:
        await first.open()
        await first.show("Water at noon. ")
        opened.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(attempt())
    await opened.wait()
    await first.show("Always at noon. ")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await desk.answer()
    await asyncio.sleep(1.5)
    (message,) = desk.messages
    assert "Always" not in message.shown
    assert "at night" in message.shown


async def test_a_nonce_of_a_deleted_message_does_not_swallow_the_answer(desk: Desk) -> None:
    """Discord gives back or refuses what was deleted: it is posted under another nonce."""
    desk.server.fault("create_message", code=10008)
    await desk.answer()
    (message,) = desk.messages
    assert "at night" in message.shown
    assert desk.made("create_message") == 2


# -- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("everything", [True, False])
async def test_a_limit_is_waited_for(desk: Desk, everything: bool) -> None:
    """429 of the bucket or of everything: the answer comes when Discord takes it."""
    desk.server.fault("create_message", retry_after=0.4, everything=everything)
    await desk.answer()
    (message,) = desk.messages
    assert message.buttons


async def test_a_short_ban_is_waited_for_without_asking(desk: Desk) -> None:
    """Cloudflare's 429: nothing at all is called until it is over, then it goes on."""
    desk.server.fault("create_message", ban=True, retry_after=1)
    answering = asyncio.create_task(desk.answer())
    await desk.server.until(lambda: desk.made("create_message") == 1)
    calls = len(desk.server.calls)
    with pytest.raises(ChatLimitedError):
        await desk.rest.typing(desk.roses.id)
    assert len(desk.server.calls) == calls
    await answering
    (message,) = desk.messages
    assert message.buttons


async def test_a_long_ban_hands_the_question_back(desk: Desk) -> None:
    """A ban that lasts longer than our patience is an error at once, and nothing more is asked."""
    desk.server.fault("create_message", ban=True, retry_after=600)
    with pytest.raises(ChatLimitedError) as limited:
        await desk.surface().open()
    assert float(str(limited.value.data["seconds"])) > 500
    calls = len(desk.server.calls)
    with pytest.raises(ChatLimitedError):
        await desk.surface().open()
    assert len(desk.server.calls) == calls


async def test_a_discord_that_is_down_hands_the_question_back(desk: Desk) -> None:
    """503 for longer than our patience: an error that is tried again, and then one answer."""
    desk.server.fault("create_message", status=503, times=99)
    with pytest.raises(ChatUnavailableError):
        await desk.surface().open()
    desk.server.heal()
    await desk.answer()
    assert len(desk.messages) == 1


async def test_drafts_that_are_limited_are_left_out(desk: Desk) -> None:
    """A failing Discord costs drafts, never words."""
    desk.server.fault("edit_message", status=503, times=2)
    surface = desk.surface()
    await surface.open()
    await surface.show("Water at night. ")
    await asyncio.sleep(0.3)
    await surface.close(turn_of(), Offer.NOTHING)
    assert desk.messages[0].shown.count("at night") == 1


# -- what is posted beside answers --------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_sentence_is_posted_once(desk: Desk, fault: dict[str, Any]) -> None:
    """A post of the handoff whose fate is unknown is there once."""
    from adapters.discord.adapter import DiscordAdapter

    adapter = DiscordAdapter(desk.rest, StandingSettings(), _Nobody())
    desk.server.fault("create_message", **fault)
    place = Place(Platform.DISCORD, desk.roses.guild or "", desk.roses.id)
    first = await adapter.post(place, "Passed on.", desk.placement())
    again = await adapter.post(place, "Passed on.", desk.placement())
    assert first == again
    assert [m.content for m in desk.server.answers(desk.roses)] == ["Passed on."]


async def test_a_part_too_many_is_taken_back(desk: Desk) -> None:
    """An attempt that had more to say than the next leaves nothing behind."""

    async def known(_messages: object) -> set[str]:
        return set()

    placement = desk.placement()
    poster = Poster(desk.rest, placement, Seat(desk.roses.id), after="0", known=known)
    for n in range(3):
        await poster.put(n, f"part {n}")
    await poster.shorten(1)
    assert [m.content for m in desk.server.answers(desk.roses)] == ["part 0"]
    assert len(placement.messages) == 1
    assert isinstance(placement, Placement)


class _Nobody:
    async def known(self, _platform: Platform, _channel: str, _messages: object) -> set[str]:
        return set()
