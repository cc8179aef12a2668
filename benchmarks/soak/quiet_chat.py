"""A chat platform that forgets: it takes every post and keeps none, so that all memory that grows
beside it is the product's."""

# ruff: noqa: ARG001, ARG002 - a port is implemented, and most of it says nothing here

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from itertools import count

from adapters.chat.base import Card, ChannelKind, Heard, Offer, Place, Placement
from bot.conversation import Attachment, Author, Platform, Principal, Turn

_MOST_FOUND = 64
STAFF = frozenset({"staff"})


class QuietChat:
    """Implements :class:`adapters.chat.base.ChatAdapter`. ``closed`` hears of each
    answer, of one that failed with ``None``."""

    platform = Platform.SLACK

    def __init__(self, closed: Callable[[Heard, str, Turn | None], None]) -> None:
        self.closed = closed
        self._numbers = count(1)
        self._last: OrderedDict[str, str] = OrderedDict()

    def write(self, event: str) -> str:
        """Post a message; its id."""
        message = f"m{next(self._numbers)}"
        self._last[event] = message
        while len(self._last) > _MOST_FOUND:
            self._last.popitem(last=False)
        return message

    async def principal(self, heard: Heard) -> Principal:
        if heard.private or heard.place.kind is ChannelKind.DIRECT:
            return Principal(await self.groups_of(heard.author, heard.place.workspace))
        return Principal(STAFF if heard.place.channel.startswith("CS") else frozenset())

    async def groups_of(self, author: Author, workspace: str) -> frozenset[str]:
        return STAFF if author.id.startswith("US") else frozenset()

    async def name_of(self, author: Author, workspace: str) -> str:
        return author.name

    async def begin(self, heard: Heard, sentence: str = "") -> None:
        return None

    async def surface(self, heard: Heard, placement: Placement) -> QuietSurface:
        return QuietSurface(self, heard, placement)

    async def attachments(self, heard: Heard) -> tuple[tuple[Attachment, ...], str]:
        return (), ""

    async def tell(
        self, heard: Heard, text: str, offer: Offer = Offer.NOTHING, turn: str = ""
    ) -> None:
        return None

    async def post(self, place: Place, text: str, placement: Placement) -> str:
        if placement.messages:
            return placement.messages[0]
        return await self.posted(placement)

    async def posted(self, placement: Placement) -> str:
        """Post once for an event."""

        async def send() -> str:
            return self.write(placement.event_id)

        async def find(others: object) -> str | None:
            return self._last.get(placement.event_id)

        return await placement.post(send, find)

    async def post_card(self, channel: str, card: Card, placement: Placement) -> Place:
        place = Place(self.platform, "T1", channel)
        return Place(self.platform, "T1", channel, await self.post(place, "", placement))

    async def offer_knowledge(
        self, place: Place, handoff: str, text: str, placement: Placement
    ) -> None:
        await self.post(place, text, placement)

    async def link(self, place: Place, message: str) -> str:
        return f"https://chat.example/{place.channel}/{message}"


class QuietSurface:
    """One answer on its way to nobody."""

    def __init__(self, chat: QuietChat, heard: Heard, placement: Placement) -> None:
        self._chat = chat
        self._heard = heard
        self._placement = placement

    async def open(self) -> None:
        if not self._placement.messages:
            await self._chat.posted(self._placement)

    async def show(self, text: str) -> None:
        return None

    async def close(self, turn: Turn, offer: Offer, note: str = "") -> None:
        self._chat.closed(self._heard, self._placement.messages[0], turn)

    async def fail(self, sentence: str) -> None:
        await self.open()
        self._chat.closed(self._heard, self._placement.messages[0], None)
