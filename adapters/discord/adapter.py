"""Discord as the desk uses it: implements :class:`adapters.chat.base.ChatAdapter`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from adapters.amended import CurrentSettings
from adapters.chat.base import Card, ChannelKind, Heard, Offer, Place, Placement, Surface
from adapters.chat.ports import Replies
from adapters.discord import wording
from adapters.discord.buttons import Component, knowledge_row, person_row, under_answer
from adapters.discord.cards import card_name, card_text
from adapters.discord.directory import Directory, Guilds, Ours
from adapters.discord.events import APPLICATION, POST, TOKEN
from adapters.discord.faults import UNKNOWN_CHANNEL, code_of
from adapters.discord.files import attachments_of
from adapters.discord.forum import Tagging
from adapters.discord.notices import post_in, post_in_forum, post_with_thread
from adapters.discord.private import PrivateSurface
from adapters.discord.rest import DiscordRest, nonce_of
from adapters.discord.seating import Seating
from adapters.discord.seats import Seat, seats_of, written_in
from adapters.discord.surface import DiscordSurface
from bot.conversation import Attachment, Author, Platform, Principal, Turn
from bot.errors import ChatRefusedError, WellspokenError
from bot.names import safe_name
from bot.store.ids import new_id
from bot.telemetry import log

WEB: Final = "https://discord.com/channels"
_WAITING: Final = "Still working on it …"
_TYPING_S: Final = 5.0
_TYPED_MOST: Final = 2_000
_SOMEBODY: Final = "Somebody"


class DiscordAdapter:
    """All guilds in which the bot is, and its direct messages. Raises the ``Chat…`` errors of
    :mod:`bot.errors`. ``guilds`` gives what the gateway told of them, where it has, and
    ``ours`` those whose names can be trusted."""

    platform = Platform.DISCORD

    def __init__(
        self,
        rest: DiscordRest,
        amended: CurrentSettings,
        replies: Replies,
        *,
        guilds: Guilds = lambda: None,
        ours: Ours = frozenset,
    ) -> None:
        self._rest, self._replies = rest, replies
        self._amended = amended
        self.directory = Directory(rest, known=guilds, ours=ours)
        self._seating = Seating(rest, self._wants_thread)
        self._typed: dict[str, float] = {}

    # -- who may see what ---------------------------------------------------------------------

    async def principal(self, heard: Heard) -> Principal:
        """What everybody who reads the answer may see."""
        place = heard.place
        if heard.private or place.kind is ChannelKind.DIRECT:
            return Principal(await self._of_person(heard.author.id))
        return await self._of_channel(place)

    async def _of_channel(self, place: Place) -> Principal:
        if place.kind is not ChannelKind.CHANNEL:
            return Principal()
        access = (await self._amended.now()).access
        return await self.directory.in_channel(access, place.parent or place.channel)

    async def _of_person(self, author: str) -> frozenset[str]:
        return await self.directory.groups_of((await self._amended.now()).access, author)

    async def groups_of(self, author: Author, workspace: str) -> frozenset[str]:
        """The groups of one person, whichever guild gives them."""
        del workspace
        if author.platform is not Platform.DISCORD:
            return frozenset()
        return await self._of_person(author.id)

    async def name_of(self, author: Author, workspace: str) -> str:
        """What people call somebody; empty where that is not known. Never raises."""
        if author.platform is not Platform.DISCORD:
            return author.name
        return await self.directory.name(workspace, author.id) or author.name

    # -- answering ----------------------------------------------------------------------------

    async def begin(self, heard: Heard, sentence: str = "") -> None:
        """Show that the bot is typing where the question stands. To who asked in private the
        response says already that work began. Never raises."""
        try:
            if not heard.private:
                await self._typing(written_in(heard))
            elif sentence:
                await self._rest.edit_original(
                    heard.extra.get(APPLICATION, ""),
                    heard.extra.get(TOKEN, ""),
                    _WAITING,
                    patient=False,
                )
        except WellspokenError as error:
            log.info("Discord: it is not shown that work began", error=str(error))

    async def _typing(self, channel: str) -> None:
        """Type, unless people see that already: it shows for ten seconds, for all who asked."""
        now = time.monotonic()
        if now - self._typed.get(channel, float("-inf")) < _TYPING_S:
            return
        if len(self._typed) >= _TYPED_MOST:
            self._typed.clear()
        self._typed[channel] = now
        await self._rest.typing(channel)

    async def surface(self, heard: Heard, placement: Placement) -> Surface:
        """Where the answer goes."""
        known = partial(self._replies.known, self.platform, heard.place.channel)
        if heard.private:
            return PrivateSurface(
                self._rest,
                heard,
                placement,
                controls=under_answer,
                known=known,
                may_show=partial(self._may_show, heard.place),
            )
        post = written_in(heard) if heard.extra.get(POST) else ""
        surface = DiscordSurface(
            self._rest,
            heard,
            placement,
            sit=self._seating.of,
            controls=partial(under_answer, post=post),
            known=known,
        )
        return Tagging(surface, self._rest, post) if post else surface

    async def _may_show(self, place: Place, turn: Turn) -> bool:
        readers = await self._of_channel(place)
        return readers.groups.issuperset(turn.audience)

    async def _wants_thread(self, place: Place) -> bool:
        """Whether an answer gets a thread of its own: where nothing is set, it does."""
        channels = (await self._amended.now()).of_channel(place.channel_key)
        return next((channel.thread for channel in channels if channel.thread is not None), True)

    async def attachments(self, heard: Heard) -> tuple[tuple[Attachment, ...], str]:
        """The text files that came along, and a sentence about those that cannot be read."""
        return await attachments_of(self._rest, heard) if heard.files else ((), "")

    async def tell(
        self, heard: Heard, text: str, offer: Offer = Offer.NOTHING, turn: str = ""
    ) -> None:
        """Say a sentence of the house where ``heard`` is answered."""
        below = person_row(turn) if offer is Offer.PERSON and turn else []
        if heard.private:
            await self._tell_alone(heard, text, below)
        else:
            await self._say(_where_answered(heard), text, below)

    async def _tell_alone(self, heard: Heard, text: str, below: Sequence[Component]) -> None:
        token, application = heard.extra.get(TOKEN, ""), heard.extra.get(APPLICATION, "")
        said = wording.said(text)[0]
        if token:
            try:
                await self._rest.follow_up(application, token, said, components=below)
            except ChatRefusedError as error:
                log.info("Discord: an interaction is no longer answered", error=str(error))
            else:
                return
        direct = await self._rest.open_dm(heard.author.id)
        await self._rest.send(direct, said, nonce=nonce_of(f"tell:{new_id()}"), components=below)

    async def _say(self, seats: Sequence[Seat], text: str, below: Sequence[Component]) -> None:
        """One message in the first seat that there is."""
        for seat in seats:
            try:
                await self._rest.send(
                    seat.channel,
                    wording.said(text)[0],
                    nonce=nonce_of(f"tell:{new_id()}"),
                    components=below,
                    reply_to=seat.reply_to,
                    in_thread=not seat.reply_to,
                )
            except ChatRefusedError as error:
                if code_of(error) != UNKNOWN_CHANNEL or seat is seats[-1]:
                    raise
            else:
                return

    # -- the handoff --------------------------------------------------------------------------

    async def post(self, place: Place, text: str, placement: Placement) -> str:
        """Post Markdown into a place, once; the id of its first message."""
        await post_in(self._rest, seats_of(place), wording.said(text), placement)
        return placement.messages[0]

    async def post_card(self, channel: str, card: Card, placement: Placement) -> Place:
        """Post a question for a person, and open a thread below it. In a forum it is a post."""
        where = await self.directory.channel(channel)
        name = await self.name_of(card.asker, where.guild) or card.asker.name
        asker = safe_name(name) or _SOMEBODY
        text, name = card_text(card, asker), card_name(card, asker)
        post = post_in_forum if where.forum else post_with_thread
        thread = await post(self._rest, where, name, text, placement)
        return Place(Platform.DISCORD, where.guild, channel, thread=thread)

    async def offer_knowledge(
        self, place: Place, handoff: str, text: str, placement: Placement
    ) -> None:
        """Say once that the answer was carried back, with a button that proposes it as
        knowledge."""
        said, below = wording.said(text), knowledge_row(handoff)
        await post_in(self._rest, seats_of(place), said, placement, below)

    async def link(self, place: Place, message: str) -> str:
        """The web address of a message; none of a direct one, which nobody else can open."""
        if not message or place.kind is not ChannelKind.CHANNEL:
            return ""
        if message != place.thread:
            return f"{WEB}/{place.workspace}/{place.thread or place.channel}/{message}"
        if await self.directory.is_forum(place.parent or place.channel):
            return f"{WEB}/{place.workspace}/{place.thread}"
        return f"{WEB}/{place.workspace}/{place.parent or place.channel}/{message}"


def _where_answered(heard: Heard) -> tuple[Seat, ...]:
    """The seats of what is said about a message: those of the place where it is answered."""
    return seats_of(heard.home if heard.place.kind is ChannelKind.CHANNEL else heard.place)
