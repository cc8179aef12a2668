"""What the rooms of documents need: fulfilled by ``adapters.documents``."""

from __future__ import annotations

from typing import Protocol

from adapters.document_story import DocumentStory, Gone, Listing, Sight, Verdict
from bot.conversation import Principal
from bot.evidence import Retrieval
from knowledge.catalogue import Place, Wanted


class Documents(Protocol):
    """The documents that were read in, and who would see them."""

    async def listing(self, wanted: Wanted, limit: int, after: Place | None = None) -> Listing:
        """At most ``limit`` documents behind a place, in the order of their names."""
        ...

    async def most_cited(self, limit: int) -> Listing:
        """The documents that most answers cited lately."""
        ...

    async def story(
        self, source: str, document: str, first: int = 0, limit: int = ...
    ) -> DocumentStory:
        """All of a document, its chunks from the ``first`` on; raises NotFoundError."""
        ...

    async def gone(self, source: str, document: str) -> Gone:
        """What is known of a document that is not there."""
        ...

    async def seen(self, principal: Principal, limit: int, after: Place | None = None) -> Sight:
        """A page of what a principal may see."""
        ...

    async def found(self, words: str, principal: Principal) -> Retrieval:
        """What the search for an answer finds for a principal."""
        ...

    async def verdict(self, source: str, document: str, principal: Principal) -> Verdict:
        """Whether a principal may see a document; raises NotFoundError."""
        ...
