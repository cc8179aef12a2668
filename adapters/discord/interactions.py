"""What people press and type: commands, buttons, forms. Kept before it is acknowledged."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import discord

from adapters.chat.base import ChannelKind
from adapters.chat.ports import sentence_for
from adapters.discord.buttons import FORGET, KNOWLEDGE, PERSON, RATE, SOLVED, forget_row
from adapters.discord.edge import Edge
from adapters.discord.events import asked, author_of, files_of, place_of_link, plain_text
from adapters.discord.faults import ACKNOWLEDGED, code_of
from adapters.discord.forms import correction_form, submission_of
from adapters.discord.reply import Reply
from adapters.discord.solving import Solving
from bot.conversation import Rating
from bot.errors import ChatRefusedError, WellspokenError
from bot.telemetry import log

Interaction = discord.Interaction[Any]
Work = Callable[[Reply], Awaitable[None]]

_SOON_S: Final = 1.5
_NO_TEXT: Final = "That message has no text that I could answer."
_THANKS: Final = "Thank you, that's noted."
_THANKS_FOR_WORDS: Final = (
    "Thank you. Your word is noted. A person looks at better answers before I use them."
)
_NOTHING_SENT: Final = "Thank you, your thumb is noted."
_NO_CONTENT: Final = (
    "\n\nMy message content intent is off here: in threads, too, I read only what mentions me."
)
_NO_LINK: Final = "That is no link to a message in this server."
_IN_DIRECT: Final = (
    "You'll hear from me in our direct messages; allow them from members of this server."
)
_FORGET: Final = (
    "This erases what I keep of you: your questions, ratings and corrections. It cannot be undone."
)


class Interactions:
    """Answers what people press and type, each to who did. Whatever happens inside, they read one
    sentence."""

    def __init__(self, edge: Edge, solving: Solving) -> None:
        self._edge, self._solving = edge, solving

    # -- commands -------------------------------------------------------------------------------

    async def ask(self, interaction: Interaction, question: str) -> None:
        """``/ask``: kept, then acknowledged; the answer follows."""

        async def work(reply: Reply) -> None:
            place = self._edge.place_of_interaction(interaction)
            await self._edge.desk.take(asked(interaction, place, question.strip()))
            await reply.think()

        await self._answer(interaction, work)

    async def about_message(self, interaction: Interaction, message: discord.Message) -> None:
        """ "Ask about this message": answered to who asked alone."""

        async def work(reply: Reply) -> None:
            text, files = plain_text(message, self._edge.client.us), files_of(message.attachments)
            if not text and not files:
                await reply.say(_NO_TEXT)
                return
            place = self._edge.place_of_interaction(interaction)
            await self._edge.desk.take(replace(asked(interaction, place, text), files=files))
            await reply.think()

        await self._answer(interaction, work)

    async def command(self, interaction: Interaction, name: str, argument: str = "") -> None:
        """``/wellspoken NAME``."""

        async def work(reply: Reply) -> None:
            if name == "forget-me":
                await reply.say(_FORGET, forget_row())
                return
            place = self._edge.place_of_interaction(interaction)
            if argument:
                linked = place_of_link(argument, place, self._parent_of)
                if linked is None:
                    await reply.say(_NO_LINK)
                    return
                place = linked
            author = author_of(interaction.user)
            said = self._edge.desk.command(name, author, place)
            await _in_time(reply, self._with_limits(said) if name == "help" else said)

        await self._answer(interaction, work)

    async def _with_limits(self, said: Awaitable[str]) -> str:
        """The help, and what we cannot read here."""
        return f"{await said}{'' if self._edge.client.content else _NO_CONTENT}"

    def _parent_of(self, channel: int) -> int | None:
        found = self._edge.client.get_channel(channel)
        return found.parent_id if isinstance(found, discord.Thread) else None

    # -- buttons and forms ------------------------------------------------------------------------

    async def on_interaction(self, interaction: Interaction) -> None:
        """A press, or a form that was sent; commands are the tree's."""
        if interaction.type is discord.InteractionType.component:
            await self._answer(interaction, lambda reply: self._pressed(interaction, reply))
        elif interaction.type is discord.InteractionType.modal_submit:
            await self._answer(interaction, lambda reply: self._sent(interaction, reply))

    async def _pressed(self, interaction: Interaction, reply: Reply) -> None:
        name = str(_data(interaction).get("custom_id") or "")
        author, place = author_of(interaction.user), self._edge.place_of_interaction(interaction)
        if found := re.fullmatch(RATE, name):
            rating = Rating(found["rating"])
            await self._edge.desk.rate(found["turn"], author, rating, place)
            if rating is Rating.DOWN:
                await reply.form(correction_form(found["turn"]))
            else:
                await reply.say(_THANKS)
        elif found := re.fullmatch(PERSON, name):
            await self._hand_off(interaction, reply, found["turn"])
        elif found := re.fullmatch(KNOWLEDGE, name):
            await reply.say(await self._edge.desk.propose(found["handoff"], author))
        elif found := re.fullmatch(SOLVED, name):
            await reply.think()
            await reply.say(await self._solving.pressed(interaction, found["thread"]))
        elif re.fullmatch(FORGET, name):
            await _in_time(reply, self._edge.desk.forget(author))
        else:
            log.warning("Discord: an unknown button was pressed")
            await reply.seen()

    async def _hand_off(self, interaction: Interaction, reply: Reply, turn: str) -> None:
        """Yes to the offer of a person. What was asked in private goes on in private."""
        author, place = author_of(interaction.user), self._edge.place_of_interaction(interaction)
        if place.kind is ChannelKind.DIRECT or not _is_ephemeral(interaction.message):
            said = await self._edge.desk.hand_off(turn, author, place)
            await (reply.say(said) if said else reply.seen())
            return

        async def alone() -> str:
            direct = await self._edge.rest.open_dm(author.id)
            where = replace(
                place,
                channel=direct,
                thread="",
                kind=ChannelKind.DIRECT,
                parent=place.channel,  # whose handoff channel it is
            )
            return await self._edge.desk.hand_off(turn, author, where) or _IN_DIRECT

        await _in_time(reply, alone())

    async def _sent(self, interaction: Interaction, reply: Reply) -> None:
        """The form behind a thumb down."""
        sent = submission_of(_data(interaction))
        if sent is None:
            log.warning("Discord: an unknown form was sent")
            await reply.seen()
            return
        if sent.reason or sent.correction:
            await self._edge.desk.rate(
                sent.turn,
                author_of(interaction.user),
                Rating.DOWN,
                self._edge.place_of_interaction(interaction),
                reason=sent.reason,
                correction=sent.correction,
            )
        await reply.say(_THANKS_FOR_WORDS if sent.reason or sent.correction else _NOTHING_SENT)

    # -- never silence ----------------------------------------------------------------------------

    async def _answer(self, interaction: Interaction, work: Work) -> None:
        reply = Reply(self._edge.rest, interaction)
        try:
            await work(reply)
        except ChatRefusedError as error:  # told twice, or its 3 seconds are over
            told_twice = code_of(error) == ACKNOWLEDGED  # after RESUME, or to another process
            (log.info if told_twice else log.warning)(
                "Discord: an interaction failed", error=str(error)
            )
            if not reply.given:
                await reply.tell(sentence_for(error))
        except WellspokenError as error:
            log.warning("Discord: an interaction failed", error=str(error))
            await reply.tell(sentence_for(error))
        except Exception as error:  # noqa: BLE001 - told to the person, logged in full
            log.error("Discord: an interaction failed", exc_info=error)
            await reply.tell(sentence_for(WellspokenError()))


def _is_ephemeral(message: discord.Message | None) -> bool:
    return message is not None and message.flags.ephemeral


def _data(interaction: Interaction) -> Mapping[str, Any]:
    """What was pressed or sent, as Discord writes it."""
    data: Any = interaction.data
    return data or {}


async def _in_time(reply: Reply, work: Awaitable[str]) -> None:
    """Say what comes of it; where that takes long, show before that it goes on."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait([task], timeout=_SOON_S)
    if not done:
        await reply.think()
    await reply.say(await task)
