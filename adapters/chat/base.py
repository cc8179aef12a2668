"""What a chat platform is to the rest of the house: messages in, one visible answer out.

The words here are the same for all platforms; each platform's folder turns its own events into
them and carries out :class:`ChatAdapter`. Everything that is put into the inbox goes through
:func:`to_payload` and comes back through :func:`heard_of`. The words for where something is:

- a *place* is where something is said: a channel, a thread in it, or a direct message;
- a message's *home* is the place where it is answered: its thread, or the one that it begins;
- a *conversation* is what the engine remembers together (``Turn.thread``); most threads have one
  of their own, in direct messages it goes on from one home to the next;
- a *surface* is one answer on its way into its home;
- a *placement* is the note of which messages were posted, so that none is posted twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from starlette.routing import BaseRoute

from adapters.chat.tenure import in_hand
from bot.conversation import Attachment, Author, Platform, Principal, Turn
from bot.errors import LeaseLostError


class ChannelKind(StrEnum):
    """Who reads along: a channel's members, one person, or a few people."""

    CHANNEL = "channel"
    DIRECT = "direct"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said, in the platform's own ids.

    ``workspace`` is the Slack team or the Discord guild. ``thread`` is the id of the thread
    (Slack: the ts of its first message); empty at the top of a channel. ``parent`` is the channel
    whose settings and rights a thread inherits where the platform gives threads ids of their own.
    """

    platform: Platform
    workspace: str
    channel: str
    thread: str = ""
    kind: ChannelKind = ChannelKind.CHANNEL
    parent: str = ""

    @property
    def channel_key(self) -> str:
        """The channel as ``[channels]`` names it, like ``slack:C0G9QF9GZ``."""
        return f"{self.platform}:{self.parent or self.channel}"

    @property
    def key(self) -> str:
        """The name of the place as a thread: order is kept and history is shared within it."""
        return ":".join((self.platform, self.workspace, self.channel, self.thread))


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that came with a message: how to fetch it, and what it says it is."""

    id: str
    name: str
    media_type: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as any platform gives it.

    ``text`` is plain Markdown: unescaped, without the mention of the bot. ``for_bot`` says that
    the bot is mentioned; ``mentions`` are the ids of other people who are, ``replies_to`` is the
    author of the message that is replied to, where a platform knows that, and ``answer`` that
    message where it is the bot's. An ``edited`` one was changed after it was written. A
    ``private`` one is answered to its author alone (a command). ``extra`` is the platform's own:
    what it needs to answer, like the address for a command's response.
    """

    place: Place
    message: str
    author: Author
    text: str
    at: datetime
    for_bot: bool = False
    mentions: tuple[str, ...] = ()
    replies_to: str = ""
    answer: str = ""
    edited: bool = False
    files: tuple[FileRef, ...] = ()
    private: bool = False
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def home(self) -> Place:
        """The thread in which it is answered: its own, or the one that it begins."""
        if self.place.thread:
            return self.place
        return replace(self.place, thread=self.message)


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message that was deleted, by its author or by who may."""

    place: Place
    message: str

    @property
    def home(self) -> Place:
        """The thread in which it was answered."""
        return self.place if self.place.thread else replace(self.place, thread=self.message)


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji put on a message, or taken off it again. ``up`` is ``None`` for no thumb."""

    place: Place
    message: str
    author: Author
    up: bool
    added: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A question for a person, as it is posted into the handoff channel."""

    handoff: str
    asker: Author
    question: str
    context: tuple[tuple[str, str], ...]
    """What was said before in the thread: who and what, oldest first."""
    tried: str
    """What the bot answered, or why it did not."""
    link: str


class Offer(StrEnum):
    """What stands under a message to be pressed."""

    NOTHING = ""
    PERSON = "person"


class Surface(Protocol):
    """One answer on its way into a chat. Raises the ``Chat…`` errors of :mod:`bot.errors`."""

    async def open(self) -> None:
        """Post the placeholder, or find the one that an earlier attempt posted."""
        ...

    async def show(self, text: str) -> None:
        """Take a checked piece. It appears when the platform's pace allows; a refusal is no error:
        :meth:`close` delivers the whole answer in any case."""
        ...

    async def close(self, turn: Turn, offer: Offer, note: str = "") -> None:
        """Bring the messages into their final form: the answer with sources, thumbs and the offer.

        ``note`` is a sentence of the house below the answer (a file that could not be read).
        """
        ...

    async def fail(self, sentence: str) -> None:
        """End with one friendly sentence instead of an answer."""
        ...


class ChatAdapter(Protocol):
    """A chat platform, as the desk uses it."""

    platform: Platform

    async def principal(self, heard: Heard) -> Principal:
        """What an answer to it may use: everybody who will read it may see that."""
        ...

    async def groups_of(self, author: Author, workspace: str) -> frozenset[str]:
        """The groups of one person."""
        ...

    async def name_of(self, author: Author, workspace: str) -> str:
        """What people call somebody; empty where that is not known. Never raises."""
        ...

    async def begin(self, heard: Heard, sentence: str = "") -> None:
        """Show that work began (a status, typing), or how it stands. Never raises."""
        ...

    async def surface(self, heard: Heard, placement: Placement) -> Surface:
        """Where the answer goes; ``placement`` remembers what was posted already."""
        ...

    async def attachments(self, heard: Heard) -> tuple[tuple[Attachment, ...], str]:
        """The text files that came along, and a sentence about those that cannot be read."""
        ...

    async def tell(
        self, heard: Heard, text: str, offer: Offer = Offer.NOTHING, turn: str = ""
    ) -> None:
        """Say a sentence of the house (Markdown) where ``heard`` is answered; to its author alone
        where it is private. The ``offer`` is about ``turn``."""
        ...

    async def post(self, place: Place, text: str, placement: Placement) -> str:
        """Post Markdown into a place, once; the message's id."""
        ...

    async def post_card(self, channel: str, card: Card, placement: Placement) -> Place:
        """Post a question for a person into a channel; the thread that it opens."""
        ...

    async def offer_knowledge(
        self, place: Place, handoff: str, text: str, placement: Placement
    ) -> None:
        """Say in the handoff's thread, once, that the answer was carried back; with a button
        that proposes it as knowledge."""
        ...

    async def link(self, place: Place, message: str) -> str:
        """The web address of a message; empty where there is none."""
        ...


class ChatService(Protocol):
    """A chat platform as ``serve`` runs it."""

    @property
    def adapter(self) -> ChatAdapter: ...

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What it hears over HTTP, for the web server."""
        ...

    @property
    def trouble(self) -> str | None:
        """Why nobody can be heard or answered there just now, in one sentence; ``None`` where
        nothing is known to be wrong."""
        ...

    async def run(self) -> None:
        """Hear the platform until cancelled; answers still go out afterwards."""
        ...

    async def aclose(self) -> None:
        """Close all connections: nothing goes out any more."""
        ...


Checkpoint = Callable[[Mapping[str, Any]], Awaitable[None]]


class Placement:
    """Which messages carry an answer, remembered across crashes.

    Before a post its intent is noted, after it the message's id. Who takes over in between looks
    for the message on the platform first, so that none is posted twice.
    """

    def __init__(self, event_id: str, state: Mapping[str, Any] | None, save: Checkpoint) -> None:
        state = state or {}
        self.event_id = event_id
        """Goes into the message's metadata or nonce, so that it can be found again."""
        self.messages: list[str] = list(state.get("messages", ()))
        """The ids of the posted messages, in order."""
        self.marks: dict[str, Any] = dict(state.get("marks", {}))
        """What the platform notes beside them, like whether the first is a stream."""
        self._pending: bool = bool(state.get("pending", False))
        self._save = save

    @property
    def resumed(self) -> bool:
        """Whether an earlier attempt posted something, or may have."""
        return self._pending or bool(self.messages)

    async def post(
        self,
        send: Callable[[], Awaitable[str]],
        find: Callable[[Sequence[str]], Awaitable[str | None]],
        **marks: Any,
    ) -> str:
        """The id of a message posted once: by ``send``, or found by ``find`` where an earlier
        attempt was cut off. ``find`` is given the ids that are known to be others. Raises
        LeaseLostError where another worker may have taken over meanwhile."""
        message = await find(self.messages) if self._pending else None
        if message is None:
            self._pending = True
            self.marks |= marks
            await self._note()
            if not in_hand.get()():  # it stood still after that: somebody else may post by now
                raise LeaseLostError(what=f"event {self.event_id}")
            message = await send()
        self._pending = False
        self.messages.append(message)
        await self._note()
        return message

    async def mark(self, **marks: Any) -> None:
        """Note something about the messages."""
        self.marks |= marks
        await self._note()

    async def _note(self) -> None:
        await self._save({"messages": self.messages, "marks": self.marks, "pending": self._pending})


def to_payload(heard: Heard) -> dict[str, Any]:
    """As JSON for the inbox."""
    payload = asdict(heard)
    payload["at"] = heard.at.isoformat()
    return payload


def heard_of(payload: Mapping[str, Any]) -> Heard:
    """Back from the inbox."""
    return Heard(
        **{
            **payload,
            "place": place_of(payload["place"]),
            "author": author_of(payload["author"]),
            "at": datetime.fromisoformat(payload["at"]),
            "mentions": tuple(payload["mentions"]),
            "files": tuple(FileRef(**file) for file in payload["files"]),
        }
    )


def place_of(payload: Mapping[str, Any]) -> Place:
    """Back from JSON."""
    return Place(
        **{
            **payload,
            "platform": Platform(payload["platform"]),
            "kind": ChannelKind(payload["kind"]),
        }
    )


def author_of(payload: Mapping[str, Any]) -> Author:
    """Back from JSON."""
    return Author(Platform(payload["platform"]), payload["id"], payload["name"])
