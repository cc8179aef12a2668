"""Answers to one person alone in Discord: within 15 minutes, after them, and with closed doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.chat.base import Offer
from adapters.discord.events import APPLICATION, TOKEN
from bot.errors import ChatRefusedError
from tests.platforms.discord_delivery import ANSWER, SOURCE, Desk, garden, turn_of
from tests.platforms.discord_interactions import DEFER
from tests.platforms.discord_messages import put
from tests.platforms.discord_state import EPHEMERAL, LOADING, Interaction, Message

LONG = "\n\n".join(f"Paragraph {n}: " + "water the roses. " * 30 for n in range(7))


def acknowledge(desk: Desk, interaction: Interaction) -> None:
    """As the edge does: "is thinking …", which only the asker sees."""
    world = desk.server.world
    interaction.answer, interaction.private = DEFER, True
    thinking = Message(world.new_id(), interaction.channel, world.bot, webhook=world.application)
    thinking.flags, thinking.only_for = EPHEMERAL | LOADING, interaction.user
    interaction.original = put(world, thinking)


def ask(desk: Desk, *, acknowledged: bool = True) -> Interaction:
    """Ada asks with a command."""
    world = desk.server.world
    interaction = Interaction(
        world.new_id(), f"token-{world.new_id()}", 2, desk.ada.id, desk.roses.id, world.now(), {}
    )
    world.interactions[interaction.token] = interaction
    if acknowledged:
        acknowledge(desk, interaction)
    extra = {TOKEN: interaction.token, APPLICATION: world.application}
    desk.heard = replace(desk.heard, message=interaction.id, private=True, extra=extra)
    desk.event = f"E{interaction.id}"
    return interaction


def later(desk: Desk, minutes: float) -> None:
    """So much time passes until it is answered."""
    desk.server.shift_time(minutes * 60)
    desk.heard = replace(desk.heard, at=desk.heard.at - timedelta(minutes=minutes))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with garden() as found:
        ask(found)
        yield found


def seen(desk: Desk) -> list[str]:
    """What Ada alone sees in the channel."""
    return [message.shown for message in desk.server.ephemerals(desk.ada)]


def direct(desk: Desk) -> list[Message]:
    return desk.server.answers(desk.server.dm(desk.ada))


async def test_only_the_asker_sees_the_answer(desk: Desk) -> None:
    """It takes the place of "is thinking", with sources and thumbs; the channel sees nothing."""
    await desk.answer(ANSWER, SOURCE)
    (message,) = desk.server.ephemerals(desk.ada)
    assert "at night" in message.shown
    assert not message.loading
    assert message.buttons == ["👍", "👎"]
    assert desk.server.answers(desk.roses) == []


async def test_it_grows_while_it_is_written(desk: Desk) -> None:
    """The first words show before the end."""
    surface = desk.private()
    await surface.open()
    await surface.show("Water at night. ")
    await desk.server.until(lambda: "Water at night." in seen(desk)[0])
    assert seen(desk)[0].endswith("…")
    await surface.close(turn_of(), Offer.NOTHING)
    assert not seen(desk)[0].endswith("…")


async def test_a_long_answer_is_followed_up(desk: Desk) -> None:
    """Further parts come as further messages for the asker alone, once, also when tried again."""
    await desk.answer(LONG, SOURCE)
    await desk.answer(LONG, SOURCE)
    shown = seen(desk)
    assert len(shown) > 1
    assert ["".join(shown).count(f"Paragraph {n}:") for n in range(7)] == [1] * 7
    assert desk.server.ephemerals(desk.ada)[-1].buttons == ["👍", "👎"]


async def test_after_15_minutes_it_is_a_direct_message(desk: Desk) -> None:
    """The token has lapsed: the whole answer comes directly, with its thumbs."""
    later(desk, 16)
    await desk.answer(LONG, SOURCE)
    assert "".join(m.shown for m in direct(desk)).count("Paragraph 6:") == 1
    assert direct(desk)[-1].buttons == ["👍", "👎"]
    assert desk.server.answers(desk.roses) == []


@pytest.mark.parametrize("code", [10015, 50027, 10062])
async def test_an_interaction_that_is_refused_is_answered_directly(desk: Desk, code: int) -> None:
    """Whatever became of the token: the answer still comes."""
    later(desk, 1)
    desk.server.fault("edit_webhook_message", code=code, times=99)
    await desk.answer()
    assert "at night" in direct(desk)[0].shown


@pytest.mark.parametrize(
    "fault", [{"cut": True}, {"hang": True}, {"refuse": True}, {"status": 503}]
)
async def test_direct_messages_are_not_doubled(desk: Desk, fault: dict[str, Any]) -> None:
    """A part that was cut off is there once; a second attempt adds nothing."""
    later(desk, 16)
    desk.server.fault("create_message", **fault)
    await desk.answer(LONG, SOURCE)
    await desk.answer(LONG, SOURCE)
    shown = "".join(m.shown for m in direct(desk))
    assert [shown.count(f"Paragraph {n}:") for n in range(7)] == [1] * 7


async def test_where_direct_messages_are_closed_the_channel_may_read_what_it_may_see(
    desk: Desk,
) -> None:
    """An answer from what everybody there may see stands in the channel, and names nobody."""
    later(desk, 16)
    desk.ada.dms_open = False
    await desk.answer(ANSWER, SOURCE)
    (message,) = desk.server.answers(desk.roses)
    assert "at night" in message.shown
    assert "Ada" not in message.shown
    assert message.pings == set()


async def test_what_the_channel_may_not_see_is_not_shown_there(desk: Desk) -> None:
    """With direct messages closed a private answer stays private: one sentence says what to do."""
    later(desk, 16)
    desk.ada.dms_open, desk.public = False, False
    await desk.answer(ANSWER, SOURCE)
    (message,) = desk.server.answers(desk.roses)
    assert "night" not in message.shown
    assert "ask again" in message.shown


async def test_it_may_be_worked_on_before_it_is_acknowledged(desk: Desk) -> None:
    """The desk may be quicker than the acknowledgement: it waits a moment for that."""
    interaction = ask(desk, acknowledged=False)

    async def soon() -> None:
        await asyncio.sleep(0.4)
        acknowledge(desk, interaction)

    acknowledging = asyncio.create_task(soon())
    await desk.answer()
    await acknowledging
    assert ["at night" in text for text in seen(desk)] == [False, True]  # the first never answered
    assert direct(desk) == []


async def test_a_response_that_was_put_away_comes_again(desk: Desk) -> None:
    """The asker dismissed "is thinking": the answer is a further message."""
    (thinking,) = desk.server.ephemerals(desk.ada)
    thinking.flags &= ~LOADING
    thinking.deleted = True
    await desk.answer()
    assert ["at night" in text for text in seen(desk)] == [True]


async def test_a_failure_is_said_to_the_asker_alone(desk: Desk) -> None:
    """The sentence takes the place of the answer."""
    await desk.private().fail("Sorry, this took too long.")
    assert seen(desk) == ["Sorry, this took too long."]


async def test_a_form_that_is_refused_becomes_plainer(desk: Desk) -> None:
    """Without its buttons the answer still arrives."""
    desk.server.fault("edit_webhook_message", code=50035)
    surface = desk.private()
    await surface.open()
    await surface.close(turn_of(), Offer.NOTHING)
    assert "at night" in seen(desk)[0]


async def test_with_all_doors_closed_the_desk_hears_of_it(desk: Desk) -> None:
    """No token, no direct messages, no channel: a refusal, not silence in the log."""
    later(desk, 16)
    desk.ada.dms_open = False
    guild = desk.server.world.guilds[desk.roses.guild or ""]
    desk.server.permit(desk.roses, guild, deny=["SEND_MESSAGES"])
    with pytest.raises(ChatRefusedError):
        await desk.answer()
