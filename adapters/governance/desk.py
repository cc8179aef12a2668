"""The governance of a home as the console sees it: the trail, and people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from adapters.governance.anchors import AnchorFile
from adapters.governance.exporting import Format, exported
from adapters.governance.people import PeopleDesk
from adapters.governance.people import desk_of as people_of
from adapters.home import Home
from bot.store.audit_look import AuditLook, look

if TYPE_CHECKING:
    from adapters.forgetting import ForgettingDesk, Forgotten
    from bot.store.audit import AuditEntry, AuditTrail, BrokenEntry, Wanted
    from knowledge.ingest import Ingestor


@dataclass(frozen=True, slots=True)
class Checked:
    """How the trail stands: how long it is, how many anchors were held against it, what broke."""

    entries: int
    anchors: int
    broken: BrokenEntry | None


class GovernanceDesk:
    """The audit trail and the people of one home."""

    def __init__(
        self, trail: AuditTrail, people: PeopleDesk, forgetting: ForgettingDesk, home: Path
    ) -> None:
        self._trail = trail
        self._forgetting = forgetting
        self._anchors = AnchorFile.of(home)
        self.people = people

    async def entries(self, wanted: Wanted, limit: int, before: int | None = None) -> AuditLook:
        """Entries, newest first, those before a place in the chain; how far that led."""
        return await look(self._trail, wanted, limit, before)

    async def entry(self, sequence: int) -> AuditEntry:
        """One entry. Raises NotFoundError."""
        return await self._trail.entry(sequence)

    async def verify(self) -> Checked:
        """Walk the whole chain, about a second for 70,000 entries, beside everything else. Raises
        StorageError."""
        known = await asyncio.to_thread(self._anchors.read)
        broken = await self._trail.verify_all(known)
        return Checked((await self._trail.head()).sequence, len(known), broken)

    def export(self, wanted: Wanted, format_: Format, *, by: str) -> AsyncIterator[str]:
        """The lines of an export; that it was made is put on record first."""
        return exported(self._trail, wanted, format_, by=by)

    async def note(self, action: str, by: str, **details: object) -> None:
        """Put a deed in the console on record."""
        await self._trail.operator(action, by, **details)

    async def forget(self, author: str, *, by: str) -> Forgotten:
        """Erase a person; see :meth:`adapters.forgetting.ForgettingDesk.forget`."""
        return await self._forgetting.forget(author, by=by)


class Application(Home, Protocol):
    """What the desk needs of the application."""

    @property
    def ingestor(self) -> Ingestor: ...


def desk_of(app: Application) -> GovernanceDesk:
    """The desk of an application."""
    from adapters.forgetting import desk_of as forgetting_of

    return GovernanceDesk(app.audit, people_of(app), forgetting_of(app), app.settings.home)
