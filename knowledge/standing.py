"""How the sources stand, for operators: what each holds, how its last run went, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.errors import NotFoundError
from bot.ports import Clock
from bot.store.timing import utc_now
from bot.work.leases import Leases
from knowledge.ledger import Ledger, RunRecord, SourceRecord
from knowledge.syncbook import SyncBook, SyncRecord
from knowledge.syncing import NEVER_READ, Plan, named, next_due

_SHOWN = 80


class State(StrEnum):
    """What a source is about."""

    NEW = "new"
    CURRENT = "up to date"
    SYNCING = "syncing"
    WAITING = "asked for"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Standing:
    """A source as operators see it.

    ``plan`` is ``None`` for one that is not in the settings: it was read in by hand. ``due`` is
    when it is read next by itself; ``None`` where nobody will.
    """

    name: str
    state: State
    documents: int
    chunks: int
    record: SyncRecord
    plan: Plan | None = None
    due: datetime | None = None

    @property
    def reason(self) -> str:
        """Why the last run came to nothing; empty where it did not."""
        return self.record.last.error if self.record.last else ""


class SourceDesk:
    """What operators can see of the sources and ask of them."""

    def __init__(
        self,
        plans: Sequence[Plan],
        ledger: Ledger,
        book: SyncBook,
        leases: Leases,
        clock: Clock = utc_now,
    ) -> None:
        self._plans = {plan.name: plan for plan in plans}
        self._ledger = ledger
        self._book = book
        self._leases = leases
        self._clock = clock

    async def standings(self) -> list[Standing]:
        """Every source that is set up, or holds documents, or was read in once, by name."""
        kept = {record.name: record for record in await self._ledger.sources()}
        names = sorted(kept.keys() | self._plans.keys())
        records = await self._book.records(names)
        return [await self._standing(name, kept.get(name), records[name]) for name in names]

    async def want(self, name: str) -> None:
        """Have a source read as soon as a worker can. Raises NotFoundError where its place is not
        known."""
        await self._book.want(named(list(self._plans.values()), name).name, self._clock())

    async def runs(self, name: str, limit: int | None = None) -> list[RunRecord]:
        """The runs of a source that are kept, the last one first. Raises NotFoundError for one
        that is not set up, holds no document and was never read in."""
        found = await self._ledger.runs(name, limit)
        if found or name in self._plans:
            return found
        if name not in {record.name for record in await self._ledger.sources()}:
            raise NotFoundError(kind="source", id=name[:_SHOWN])
        return found

    async def _standing(self, name: str, kept: SourceRecord | None, record: SyncRecord) -> Standing:
        plan = self._plans.get(name)
        reading = record.started_at and await self._leases.holder(f"source:{name}")
        due = next_due(plan, record, self._clock()) if plan else None
        return Standing(
            name=name,
            state=_state(record, reading=bool(reading)),
            documents=kept.documents if kept else 0,
            chunks=kept.chunks if kept else 0,
            record=record,
            plan=plan,
            due=self._clock() if due == NEVER_READ else due,
        )


def _state(record: SyncRecord, *, reading: bool) -> State:
    if reading:
        return State.SYNCING
    if record.wanted_at:
        return State.WAITING
    if record.last is None:
        return State.NEW
    return State.DOWN if record.last.error else State.CURRENT
