"""Who sees to which gap: the operators that may, and a gap that goes from hand to hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.conversation import Author, Platform
from bot.errors import UsageError
from bot.store.gaps import Owner
from bot.store.operators import VIEWER, Operators

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.audit import AuditTrail
    from bot.store.gap_owners import GapOwners, Tally
    from bot.store.gaps import Gap

LATELY = timedelta(days=90)
"""Who has not opened the console for so long is not offered a gap."""

ME, NOBODY, ANYBODY = "me", "nobody", "anybody"
"""Words that stand for an operator's key."""

TERMINAL = Author(Platform.TERMINAL, "operator", "terminal")
_CONSOLE = Author(Platform.WEB, "operator", "operator")
_REVIEWERS = Author(Platform.WEB, "reviewer-token", "reviewer-token")


class UnknownOperatorError(UsageError):
    """ "{key}" is nobody who could have a gap; choose one of these: {known}."""


class OwnerDesk:
    """The owners of the gaps of one home."""

    def __init__(
        self, settings: Settings, owners: GapOwners, trail: AuditTrail, clock: Clock
    ) -> None:
        self._settings = settings
        self._owners = owners
        self._operators = Operators(trail)
        self._clock = clock

    async def known(self) -> list[Owner]:
        """Who may have a gap, by name: whoever opened the console lately and may answer gaps, and
        who holds a token that is set."""
        found = {_CONSOLE.key: _owner(_CONSOLE)}
        if self._settings.console_reviewer_token is not None:
            found[_REVIEWERS.key] = _owner(_REVIEWERS)
        for each in await self._operators.known(self._clock() - LATELY):
            if each.role != VIEWER:
                found.setdefault(each.key, Owner(each.key, each.name))
        return sorted(found.values(), key=lambda owner: (owner.name.casefold(), owner.key))

    async def take(self, gap: str, by: Author, *, seen: str = "") -> Gap:
        """Let who acts have a gap; ``seen`` is the key of who had it when they looked. Raises
        HeldError where somebody else has it by now, NotFoundError."""
        return await self._owners.put(gap, _owner(by), by.key, seen=seen)

    async def give(self, gap: str, key: str, by: str, *, seen: str = "") -> Gap:
        """Give a gap to an operator who is known; raises UnknownOperatorError too."""
        known = {owner.key: owner for owner in (*await self.known(), _owner(TERMINAL))}
        if key not in known:
            raise UnknownOperatorError(key=key, known=", ".join(sorted(known)))
        return await self._owners.put(gap, known[key], by, seen=seen)

    async def give_back(self, gap: str, by: str, *, seen: str) -> Gap:
        """Let nobody have a gap."""
        return await self._owners.put(gap, None, by, seen=seen)

    async def tallies(self) -> Sequence[Tally]:
        """How many gaps of each state everybody has."""
        return await self._owners.tallies()

    async def open_of(self, key: str) -> int:
        """How many open gaps somebody has."""
        return await self._owners.open_of(key)


def _owner(author: Author) -> Owner:
    return Owner(author.key, author.name or author.id)


def wanted_owner(word: str, me: str) -> str | None:
    """Whose gaps a word asks for, as a key: empty for nobody's, ``None`` for anybody's."""
    return {"": None, ANYBODY: None, NOBODY: "", ME: me}.get(word, word)
