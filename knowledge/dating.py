"""How old a document's text is, as far as anything tells.

What it says itself, its server, its file, else the day it was first read in like that. Kept in the
ledger's ``extra`` with each document (``dated``, ``dated_by``, ``read_in``); one that was read in
before these were kept has the day of its last reading-in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bot.ports_abstaining import Dated, DatedBy, DocumentKey
from knowledge.ledger import DocumentRecord, Ledger


def kept(
    said: str, extra: Mapping[str, str], before: DocumentRecord | None, revision: str, now: datetime
) -> dict[str, str]:
    """What the ledger keeps of a document's days: ``said`` is what it says itself, ``extra`` what
    its source knows."""
    first = now.date().isoformat()
    if before is not None and before.revision == revision:
        first = str(before.extra.get("read_in") or before.ingested_at.date().isoformat())
    days = {"read_in": first}
    by = {DatedBy.ITSELF: said, **{how: extra.get(f"day_{how}", "") for how in _SOURCES}}
    for how, on in by.items():
        if on:
            return {**days, "dated": on, "dated_by": how.value}
    return days


_SOURCES = (DatedBy.SERVER, DatedBy.COMMIT, DatedBy.FILE)


def dated_of(record: DocumentRecord) -> Dated:
    """How old a document's text is."""
    extra: Mapping[str, Any] = record.extra
    for key, by in (("dated", extra.get("dated_by")), ("read_in", DatedBy.READ)):
        try:
            return Dated(date.fromisoformat(str(extra.get(key, ""))), DatedBy(str(by)))
        except ValueError:
            continue  # not kept, or by another version of the program
    return Dated(record.ingested_at.date(), DatedBy.READ)


class LedgerDates:
    """A :class:`~bot.ports_abstaining.DocumentDates` from the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def dated(self, documents: Sequence[DocumentKey]) -> dict[DocumentKey, Dated]:
        """The days of those that the ledger holds."""
        found: dict[DocumentKey, Dated] = {}
        for source, document in dict.fromkeys(documents):
            for record in await self._ledger.find(document):
                if record.source == source:
                    found[source, document] = dated_of(record)
        return found
