"""A desk that notes what the edge of Slack hands in, and answers what it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from adapters.chat.base import Deleted, Heard, Place, Reaction
from adapters.chat.ports import About
from bot.conversation import Author, Principal, Rating
from bot.errors import NotFoundError
from knowledge.overview import SourceSummary
from knowledge.suggesting import Suggestion

ABOUT = About(
    name="Juniper",
    about="I answer <questions> & more.",
    sources=(SourceSummary("hand*book", 1), SourceSummary("faq", 7)),
    suggestions=(Suggestion("Roses", "How do I water roses?"),),
    opted_out=False,
)
"""How the bot introduces itself."""


@dataclass
class NotingDesk:
    """Fulfils :class:`adapters.chat.ports.Desk`. ``faults`` are raised one a call; turns that are
    not in ``turns`` are unknown, ``None`` knows all."""

    faults: list[Exception] = field(default_factory=list)
    turns: set[str] | None = None
    heard: list[Heard] = field(default_factory=list)
    reactions: list[tuple[Reaction, str]] = field(default_factory=list)
    deleted: list[Deleted] = field(default_factory=list)
    edited: list[Heard] = field(default_factory=list)
    ratings: list[tuple[str, str, Rating, str, str]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    handed_off: list[tuple[str, str]] = field(default_factory=list)
    proposed: list[tuple[str, str]] = field(default_factory=list)
    commands: list[tuple[str, str, Place]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    near: list[tuple[Principal, str]] = field(default_factory=list)
    opted_out: bool = False
    _keys: set[str] = field(default_factory=set)

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.pop(0)

    async def take(self, heard: Heard) -> bool:
        self._fail()
        key = f"{heard.place.workspace}:{heard.place.channel}:{heard.message}"
        new = key not in self._keys
        self._keys.add(key)
        if new:
            self.heard.append(heard)
        return new

    async def react(self, reaction: Reaction, event_id: str) -> None:
        self._fail()
        self.reactions.append((reaction, event_id))

    async def drop(self, deleted: Deleted) -> None:
        self._fail()
        self.deleted.append(deleted)

    async def amend(self, heard: Heard, event_id: str) -> None:
        self._fail()
        self.edited.append(heard)

    async def rate(
        self,
        turn: str,
        author: Author,
        rating: Rating,
        place: Place,
        *,
        reason: str = "",
        correction: str = "",
    ) -> None:
        self._fail()
        if self.turns is not None and turn not in self.turns:
            raise NotFoundError(kind="turn", id=turn)
        self.ratings.append((turn, author.id, rating, reason, correction))
        self.places.append(place)

    async def hand_off(self, turn: str, author: Author, place: Place) -> str:
        self._fail()
        known = any(handed == turn for handed, _ in self.handed_off)
        self.handed_off.append((turn, author.id))
        self.places.append(place)
        return "A colleague has that question already." if known else ""

    async def propose(self, handoff: str, author: Author) -> str:
        self._fail()
        self.proposed.append((handoff, author.id))
        return "Proposed."

    async def command(self, name: str, author: Author, place: Place) -> str:
        self._fail()
        self.commands.append((name, author.id, place))
        if name in ("opt-out", "opt-in"):
            self.opted_out = name == "opt-out"
        return f"**{name}** it is."

    async def forget(self, author: Author) -> str:
        self._fail()
        self.forgotten.append(author.id)
        return "Done: all of yours is erased."

    async def suggestions(self, principal: Principal, near: str = "") -> tuple[Suggestion, ...]:
        self.near.append((principal, near))
        return tuple(Suggestion(f"Question {n}", f"What is {n}?") for n in range(6))

    async def about(self, author: Author, workspace: str) -> About:
        self._fail()
        return replace(ABOUT, opted_out=self.opted_out)
