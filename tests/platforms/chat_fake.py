"""A chat platform in memory: what the desk needs of one, with people who look at it.

It can be cut off before or after any of its operations, as a killed process is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from adapters.chat.base import Card, ChannelKind, Heard, Offer, Place, Placement
from bot.conversation import Attachment, Author, Platform, Principal, Turn

CHANNEL = Place(Platform.SLACK, "T1", "C1")
DIRECT = Place(Platform.SLACK, "T1", "D1", kind=ChannelKind.DIRECT)


class Killed(BaseException):
    """The process is gone."""


@dataclass(slots=True)
class Post:
    """A message of the bot as people see it."""

    place: Place
    text: str
    event: str
    offer: Offer = Offer.NOTHING
    turn: str = ""
    handoff: str = ""
    final: bool = False
    edits: int = 0


@dataclass
class FakeChat:
    """The platform. ``die_at`` is the number of the operation at which the process ends: with
    ``after_effect`` once it was carried out, else before. ``faults`` are raised one a call."""

    platform: Platform = Platform.SLACK
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    channel_groups: dict[str, frozenset[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    die_at: int | None = None
    after_effect: bool = False
    faults: list[Exception] = field(default_factory=list)
    files: tuple[tuple[Attachment, ...], str] = ((), "")
    posts: dict[str, Post] = field(default_factory=dict)
    told: list[tuple[Heard, str, Offer, str]] = field(default_factory=list)
    begun: list[tuple[str, str]] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    operations: int = 0
    dead: bool = False

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def in_thread(self, place: Place) -> list[Post]:
        """What the bot said in a thread, oldest first."""
        return [post for post in self.posts.values() if post.place.key == place.key]

    @property
    def proposals(self) -> list[tuple[Place, str]]:
        """Where it was offered to propose the answer of which handoff."""
        return [(post.place, post.handoff) for post in self.posts.values() if post.handoff]

    def _before(self) -> bool:
        """Count an operation; whether the process ends once it is carried out."""
        self.operations += 1
        if self.faults:
            raise self.faults.pop(0)
        if self.die_at == self.operations:
            self.dead = True
            if not self.after_effect:
                raise Killed
            return True
        return False

    def write(self, post: Post) -> str:
        """Post a message; its id."""
        dies = self._before()
        message = f"m{next(self._numbers)}"
        self.posts[message] = post
        if dies:
            raise Killed
        return message

    def edit(self, message: str, text: str, **changes: object) -> None:
        """Change a message."""
        dies = self._before()
        post = self.posts[message]
        post.text = text
        post.edits += 1
        for name, value in changes.items():
            setattr(post, name, value)
        if dies:
            raise Killed

    def find(self, event: str, others: Sequence[str]) -> str | None:
        """The message of an event that is not one of these."""
        self._before()
        for message, post in self.posts.items():
            if post.event == event and message not in others:
                return message
        return None

    # -- the port ---------------------------------------------------------------------------

    async def principal(self, heard: Heard) -> Principal:
        if heard.private or heard.place.kind is ChannelKind.DIRECT:
            return Principal(self.groups.get(heard.author.id, frozenset()))
        return Principal(self.channel_groups.get(heard.place.channel, frozenset()))

    async def groups_of(self, author: Author, workspace: str) -> frozenset[str]:
        return self.groups.get(author.id, frozenset())

    async def name_of(self, author: Author, workspace: str) -> str:
        return author.name or self.names.get(author.id, "")

    async def begin(self, heard: Heard, sentence: str = "") -> None:
        self.begun.append((heard.message, sentence))

    async def surface(self, heard: Heard, placement: Placement) -> FakeSurface:
        return FakeSurface(self, heard, placement)

    async def attachments(self, heard: Heard) -> tuple[tuple[Attachment, ...], str]:
        return self.files

    async def tell(
        self, heard: Heard, text: str, offer: Offer = Offer.NOTHING, turn: str = ""
    ) -> None:
        self._before()
        self.told.append((heard, text, offer, turn))

    async def post(self, place: Place, text: str, placement: Placement) -> str:
        return await self._post(Post(place, text, placement.event_id, final=True), placement)

    async def _post(self, post: Post, placement: Placement) -> str:
        async def send() -> str:
            return self.write(post)

        async def find(others: Sequence[str]) -> str | None:
            return self.find(placement.event_id, others)

        if placement.messages:
            return placement.messages[0]
        return await placement.post(send, find)

    async def post_card(self, channel: str, card: Card, placement: Placement) -> Place:
        place = Place(self.platform, "T1", channel)
        if not placement.messages:
            self.cards.append(card)
        message = await self.post(place, card.question, placement)
        return Place(self.platform, "T1", channel, message)

    async def offer_knowledge(
        self, place: Place, handoff: str, text: str, placement: Placement
    ) -> None:
        event = placement.event_id
        await self._post(Post(place, text, event, handoff=handoff, final=True), placement)

    async def link(self, place: Place, message: str) -> str:
        return f"https://chat.example/{place.channel}/{message}" if message else ""


class FakeSurface:
    """One answer: a placeholder that is edited."""

    def __init__(self, chat: FakeChat, heard: Heard, placement: Placement) -> None:
        self._chat = chat
        self._heard = heard
        self._placement = placement
        self._shown = ""

    async def open(self) -> None:
        if self._placement.messages:
            return

        async def send() -> str:
            return self._chat.write(Post(self._heard.home, "…", self._placement.event_id))

        async def find(others: Sequence[str]) -> str | None:
            return self._chat.find(self._placement.event_id, others)

        await self._placement.post(send, find)

    async def show(self, text: str) -> None:
        self._shown += text
        self._chat.edit(self._placement.messages[0], self._shown)

    async def close(self, turn: Turn, offer: Offer, note: str = "") -> None:
        text = "\n".join(filter(None, (turn.answer, note)))
        self._chat.edit(self._placement.messages[0], text, offer=offer, turn=turn.id, final=True)

    async def fail(self, sentence: str) -> None:
        await self.open()
        self._chat.edit(self._placement.messages[0], sentence, final=True)


_stamps = count(1)


def said(
    text: str,
    *,
    by: str = "U1",
    place: Place = CHANNEL,
    message: str = "",
    at: datetime | None = None,
    **more: object,
) -> Heard:
    """A message of a person."""
    name = {"U1": "Ada", "U2": "Ben", "U3": "Cleo"}.get(by, by)
    return Heard(
        place=place,
        message=message or f"1700.{next(_stamps):06}",
        author=Author(place.platform, by, name),
        text=text,
        at=at or datetime.now(UTC),
        **more,  # type: ignore[arg-type]  # the fields of Heard, by name
    )
