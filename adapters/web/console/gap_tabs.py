"""The list of gaps as it was asked for: state, whose, words, page; and the tabs that change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from adapters.gap_owners import ANYBODY, ME, NOBODY, wanted_owner
from adapters.web.texts import checked
from bot.errors import UsageError
from bot.store.gaps import GapState

if TYPE_CHECKING:
    from fastapi import Request

    from adapters.web.console.base import Console
    from bot.store.gap_owners import Tally

_ROOM = "/console/gaps"
_ALL = "all"
_LAST_PAGE = 100_000


@dataclass(frozen=True, slots=True)
class Tab:
    """Something to choose, with how many gaps it would show."""

    words: str
    count: int
    address: str
    here: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list shall show. ``owner`` is an operator's key, ``me``, ``nobody``, or empty for
    whoever has them."""

    state: str = GapState.OPEN.value
    search: str = ""
    owner: str = ""
    page: int = 0

    @classmethod
    def of(cls, state: str, search: str, owner: str, page: int) -> Asked:
        """As an address or a form says it. Raises UsageError for a state that is none."""
        if state != _ALL and state not in set(GapState):
            raise UsageError(f'"{state}" is no state of a gap; choose one from the list.')
        whose = checked(owner, "owner", 200).strip()
        words = checked(search, "search", 200).strip()
        number = min(max(page, 0), _LAST_PAGE)
        return cls(state, words, "" if whose == ANYBODY else whose, number)

    @property
    def wanted(self) -> GapState | None:
        """The state; ``None``: all."""
        return None if self.state == _ALL else GapState(self.state)

    def address(self, **changes: Any) -> str:
        """The list's address with some of it changed; what is as usual is left out of it. Another
        tab begins with its first page."""
        new = replace(self, **{"page": 0, **changes})
        state = "" if new.state == GapState.OPEN.value else new.state
        each = {"state": state, "q": new.search, "owner": new.owner, "page": new.page}
        said = {name: value for name, value in each.items() if value}
        return f"{_ROOM}?{urlencode(said)}" if said else _ROOM


async def filters(console: Console, request: Request, asked: Asked) -> dict[str, Any]:
    """The tabs of the list, with what is true now."""
    me = console.operator(request).author.key
    tallies = await console.application.gaps.owners.tallies()
    return {"states": states_of(asked, tallies, me), "whose": whose_of(asked, tallies, me)}


def states_of(asked: Asked, tallies: Sequence[Tally], me: str) -> list[Tab]:
    """The states, and all of them, with the gaps of whom the list shows."""
    whose = wanted_owner(asked.owner, me)
    counts = dict.fromkeys(GapState, 0)
    for tally in tallies:
        if whose is None or whose == (tally.owner.key if tally.owner else ""):
            counts[tally.state] += tally.gaps
    each = [(state.value, state.value.capitalize(), counts[state]) for state in GapState]
    return [
        Tab(words, n, asked.address(state=value), value == asked.state)
        for value, words, n in (*each, (_ALL, "All", sum(counts.values())))
    ]


def whose_of(asked: Asked, tallies: Sequence[Tally], me: str) -> list[Tab]:
    """Anybody's, one's own, nobody's, and those of each colleague that has some, by name."""
    own = {me: ME, "": NOBODY}
    counts: dict[str, int] = {ME: 0, NOBODY: 0}
    names: dict[str, str] = {}
    for tally in tallies:
        key = tally.owner.key if tally.owner else ""
        word = own.get(key, key)
        if asked.wanted in (None, tally.state):
            counts[word] = counts.get(word, 0) + tally.gaps
        if tally.owner is not None and word == key:
            names[word] = tally.owner.name
    here = ME if asked.owner == me else asked.owner
    others = sorted((name, key) for key, name in names.items() if counts.get(key) or key == here)
    rows = (
        ("", "Anybody’s", sum(counts.values())),
        (ME, "Mine", counts[ME]),
        (NOBODY, "Nobody’s", counts[NOBODY]),
        *((key, name, counts.get(key, 0)) for name, key in others),
    )
    return [Tab(words, n, asked.address(owner=word), word == here) for word, words, n in rows]
