"""What the bot knows, in figures that its reader may see."""

from __future__ import annotations

from dataclasses import dataclass

from bot.conversation import Principal
from knowledge.ledger import Ledger


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """A source and how many of its documents somebody may see."""

    name: str
    documents: int


async def overview(ledger: Ledger, principal: Principal) -> tuple[SourceSummary, ...]:
    """The sources by name, with the documents that the principal may see; sources without any are
    not named."""
    found = await ledger.visible(principal)
    return tuple(SourceSummary(name, count) for name, count in found.items())
