"""The documents of the knowledge base for operators: one of them whole, how often it was cited, and
what somebody with other eyes would see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.document_story import (
    DocumentStory,
    Gone,
    Listing,
    Page,
    Piece,
    Revision,
    Sight,
    Verdict,
    tally,
)
from bot.conversation import Principal
from bot.store.cited import CitedBy, Reach, Thumbs, Use
from knowledge.catalogue import Look, Place, Wanted
from knowledge.chunking import chunk_id
from knowledge.stores.base import DocumentKey

if TYPE_CHECKING:
    from bot.evidence import Chunk, Retrieval
    from bot.ports import Retriever
    from bot.store.cited import CitedBook
    from knowledge.catalogue import Catalogue
    from knowledge.ledger import DocumentRecord, Ledger
    from knowledge.stores.base import StoredChunk, VectorStore

TURNS = 10
"""Turns that cited a document which are named."""

PIECES = 40
"""Chunks on a page."""

FOUND = 8
"""Passages that a search with other eyes shows."""

_LONGEST = 500
"""Chunks that a document may have had once, for telling whose a citation is."""


class DocumentDesk:
    """The documents of one home. ``store`` and ``retriever`` are those that answers use, so that
    who may see what is decided where it is for them."""

    def __init__(
        self,
        ledger: Ledger,
        catalogue: Catalogue,
        cited: CitedBook,
        store: VectorStore,
        retriever: Retriever,
    ) -> None:
        self._ledger = ledger
        self._catalogue = catalogue
        self._cited = cited
        self._store = store
        self._retriever = retriever

    # -- looking through them ------------------------------------------------------------------

    async def listing(self, wanted: Wanted, limit: int, after: Place | None = None) -> Listing:
        """At most ``limit`` documents behind a place, in the order of their names."""
        look = await self._catalogue.look(wanted, limit + 1, after)
        return await self._counted(_page(look, limit))

    async def most_cited(self, limit: int) -> Listing:
        """The documents that most answers cited lately, the most cited first."""
        names = await self._cited.most(limit)
        there = await self._catalogue.named(names)
        ranked = sorted(there, key=lambda record: names.index(record.document))
        return await self._counted(Page(tuple(ranked)))

    async def _counted(self, page: Page) -> Listing:
        names = list(dict.fromkeys(record.document for record in page.records))
        if not names:
            return Listing(page, {}, frozenset(), Reach())
        cited, reach = await self._cited.counts(names)
        of_names = [record.document for record in await self._catalogue.named(list(cited))]
        shared = frozenset(name for name in cited if of_names.count(name) > 1)
        return Listing(page, cited, shared, reach)

    # -- one of them ---------------------------------------------------------------------------

    async def story(
        self, source: str, document: str, first: int = 0, limit: int = PIECES
    ) -> DocumentStory:
        """All of a document, its chunks from the ``first`` on; raises NotFoundError."""
        record, text = await self._ledger.show(document, source)
        namesakes = await self._ledger.find(document)
        others = tuple(other.source for other in namesakes if other.source != source)
        whole = await self._store.read([DocumentKey(source, document)])
        chunks = whole[0].chunks if whole else ()
        cited = await self._cited.of(document)
        if others:
            cited = _of_source(cited, record)
        turns = await self._cited.turns(_turns(cited.uses))
        return DocumentStory(
            record=record,
            pieces=_pieces(chunks[first : first + limit], record, text, cited),
            chunks=len(chunks),
            indexed=chunks[0].chunk.revision if chunks else "",
            cited=tally(cited.uses, cited.thumbs),
            revisions=await self._revisions(cited),
            turns=tuple((turn, cited.thumbs.get(turn.id, Thumbs())) for turn in turns),
            reach=cited.reach,
            namesakes=others,
        )

    async def gone(self, source: str, document: str) -> Gone:
        """What is known of a document that is not there."""
        elsewhere = await self._ledger.find(document)
        cited = await self._cited.of(document)
        turns = await self._cited.turns(_turns(cited.uses))
        return Gone(source, document, tuple(elsewhere), turns)

    async def _revisions(self, cited: CitedBy) -> tuple[Revision, ...]:
        """The states of a document that answers cited, the last cited first."""
        uses: dict[str, list[Use]] = {}
        for use in cited.uses:
            if use.revision:
                uses.setdefault(use.revision, []).append(use)
        newest = [found[0].turn for found in uses.values()]
        turns = {turn.id: turn for turn in await self._cited.turns(newest)}
        return tuple(
            Revision(name, tally(found, cited.thumbs), turns.get(found[0].turn))
            for name, found in uses.items()
        )

    # -- with other eyes -----------------------------------------------------------------------

    async def seen(self, principal: Principal, limit: int, after: Place | None = None) -> Sight:
        """A page of what a principal may see, as the store gives it to them."""
        look = await self._catalogue.look(Wanted(principal=principal), limit + 1, after)
        keys = [DocumentKey(record.source, record.document) for record in look.records]
        allowed = await self._store.visible(keys, principal)
        given = [r for r in look.records if DocumentKey(r.source, r.document) in allowed]
        count = sum((await self._ledger.visible(principal)).values())
        of = await self._catalogue.count()
        page = _page(look, limit)
        shown = tuple(record for record in page.records if record in given)
        return Sight(replace(page, records=shown), count, of, len(page.records) - len(shown))

    async def found(self, words: str, principal: Principal) -> Retrieval:
        """What the search for an answer finds for a principal."""
        return await self._retriever.retrieve(words, principal, FOUND)

    async def verdict(self, source: str, document: str, principal: Principal) -> Verdict:
        """Whether a principal may see a document; raises NotFoundError."""
        record, _ = await self._ledger.show(document, source)
        key = DocumentKey(source, document)
        sees = key in await self._store.visible([key], principal)
        whole = await self._store.read([key])
        groups = whole[0].chunks[0].chunk.groups if whole else None
        return Verdict(record, sees, groups, (groups or frozenset()) & principal.groups)


def _page(look: Look, limit: int) -> Page:
    """The page of a look for one more than ``limit``."""
    if len(look.records) <= limit:
        return Page(look.records, reached=look.reached)
    shown = look.records[:limit]
    return Page(shown, more=(shown[-1].source, shown[-1].document))


def _turns(uses: Sequence[Use]) -> list[str]:
    """The newest turns among some uses."""
    return list(dict.fromkeys(use.turn for use in uses))[:TURNS]


def _of_source(cited: CitedBy, record: DocumentRecord) -> CitedBy:
    """Without those who cited a document of another source that has the same name: a chunk's id
    tells its source."""
    ordinals = range(max(_LONGEST, 2 * record.chunks))
    own = {chunk_id(record.source, record.document, n) for n in ordinals}
    return replace(cited, uses=tuple(use for use in cited.uses if use.chunk in own))


def _pieces(
    chunks: Sequence[StoredChunk], record: DocumentRecord, text: str, cited: CitedBy
) -> tuple[Piece, ...]:
    """Chunks with who cited them: of this revision, another one's may hold another text under its
    id."""
    uses: dict[str, list[Use]] = {}
    for use in cited.uses:
        if use.revision == record.revision:
            uses.setdefault(use.chunk, []).append(use)
    return tuple(
        Piece(
            stored.chunk,
            _lines(text, stored.chunk) if stored.chunk.revision == record.revision else None,
            stored.vector is None,
            tally(uses.get(stored.chunk.id, ()), cited.thumbs),
        )
        for stored in chunks
    )


def _lines(text: str, chunk: Chunk) -> tuple[int, int]:
    """The first and the last line of a chunk, the first line of all being 1."""
    first = text.count("\n", 0, chunk.start) + 1
    return first, first + text.count("\n", chunk.start, chunk.end)
