"""A knowledge base with documents for some and for all, and everything that an asker gets of it.

What is hidden holds a word that stands nowhere else: where that word comes up, something leaked. A
second world without the hidden documents tells whether a reply gives away that they exist.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from adapters.listing import passage_json
from adapters.rendering import turn_json
from bot.conversation import Author, Message, Platform, Principal, Question, Turn
from bot.engine import Engine
from bot.ladder import Ladder
from bot.llm.extractive import ExtractiveReader
from bot.ports import Vectors
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.history import History
from bot.work.leases import Leases
from knowledge.document import RawDocument
from knowledge.embedder import BuiltinEmbedder
from knowledge.grounding import BuiltinGrounder
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.overview import overview
from knowledge.retrieval import HybridRetriever
from knowledge.stores.base import VectorStore
from knowledge.suggesting import suggest
from persona.profile import default_persona
from persona.voice import ExtractiveVoice

GROUPS = ("staff", "board", "partners")
MARKER = re.compile(r"zx\d\dquark", re.IGNORECASE)


class RememberingEmbedder:
    """The built-in embedder, which embeds each text once for all worlds of a test run."""

    def __init__(self, builtin: BuiltinEmbedder) -> None:
        self._builtin = builtin
        self._known: dict[str, Vectors] = {}
        self.model, self.dimensions = builtin.model, builtin.dimensions

    async def embed(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, await self._builtin.embed(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    async def embed_query(self, text: str) -> Vectors:
        key = f"? {text}"
        if key not in self._known:
            self._known[key] = await self._builtin.embed_query(text)
        return self._known[key]


def marker(number: int) -> str:
    """The word that only this document holds."""
    return f"zx{number:02d}quark"


@dataclass(frozen=True)
class Page:
    """A document: about a pump, for somebody, with its marker in name, title, text and address."""

    number: int
    groups: frozenset[str] = frozenset()
    pump: str = "Alpha"

    @property
    def hours(self) -> int:
        """Another number for each, so that an answer tells which one it is from."""
        return 11 + 7 * self.number

    @property
    def name(self) -> str:
        return f"{self.pump.lower()}-{marker(self.number)}.md"

    @property
    def file(self) -> bytes:
        own = marker(self.number)
        named = f"groups: {json.dumps(sorted(self.groups))}\n" if self.groups else ""
        return (
            f"---\ntitle: The {self.pump} pump {own}\nuri: https://docs.example/{own}\n{named}---\n"
            f"# The {self.pump} pump\n\n"
            f"The {self.pump} pump runs for {self.hours} hours on one battery of {own}.\n\n"
            f"## How do I clean the {self.pump} pump?\n\n"
            f"To clean the {self.pump} pump, rinse its filter with {own} for {self.hours} minutes."
            "\n"
        ).encode()


@dataclass(frozen=True)
class Pages:
    """A :class:`~knowledge.sources.base.Source` of pages in memory."""

    pages: Sequence[Page]
    name: str = "pumps"

    async def items(self) -> AsyncIterator[_Item]:
        for page in sorted(self.pages, key=lambda p: p.name):
            yield _Item(page, self.name)

    async def close(self) -> None: ...


@dataclass(frozen=True)
class _Item:
    page: Page
    source: str

    @property
    def name(self) -> str:
        return self.page.name

    async def load(self, known: str = "") -> RawDocument:
        return RawDocument(self.source, self.name, ".md", content=self.page.file)


@dataclass(frozen=True)
class Heard:
    """All that an asker got of one question: pieces, the JSON of ``ask``, that of ``search``."""

    turn: Turn
    pieces: tuple[str, ...]
    json: Mapping[str, object]
    passages: Sequence[Mapping[str, object]]

    @property
    def everything(self) -> str:
        return json.dumps([self.pieces, self.json, list(self.passages)], ensure_ascii=False)

    @property
    def reply(self) -> object:
        """What must not depend on what is hidden: everything but ids, times and scores."""
        left_out = ("turn", "timings_ms")
        told = {k: v for k, v in self.json.items() if k not in left_out}
        found = [{k: v for k, v in p.items() if k != "score"} for p in self.passages]
        return ["".join(self.pieces), told, found]

    @property
    def scores(self) -> list[object]:
        return [p["score"] for p in self.passages]


@dataclass
class World:
    """One knowledge base with its engine; ``turns`` are kept in a real database."""

    store: VectorStore
    database: Database
    embedder: RememberingEmbedder
    source: str = "pumps"

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.database)
        self.history = History(self.database)
        self.audit = AuditTrail(self.database)
        self.retriever = HybridRetriever(self.store, self.embedder)
        self.reader = ExtractiveReader(self.embedder)
        voice = ExtractiveVoice(self.reader, default_persona())
        self.engine = Engine(
            turns=self.history,
            retriever=self.retriever,
            ladder=Ladder(voice),
            grounder=BuiltinGrounder(),
            clock=lambda: datetime.now(UTC),
        )
        self._ingestor = Ingestor(self.ledger, self.store, Leases(self.database))

    async def hold(self, pages: Sequence[Page], groups: Iterable[str] = ()) -> None:
        """Bring the knowledge base to these pages; ``groups`` are the source's own."""
        source = Pages(pages, self.source)
        report = await self._ingestor.ingest(source, frozenset(groups))
        assert not report.failed, report.failed
        while waiting := await self.store.waiting(1000):
            vectors = await self.embedder.embed([w.text for w in waiting])
            await self.store.set_vectors([w.id for w in waiting], vectors)

    async def ask(
        self,
        text: str,
        groups: Iterable[str] = (),
        *,
        thread: str | None = None,
        history: tuple[Message, ...] | None = None,
        key: str | None = None,
    ) -> Heard:
        """Ask, and search for the same."""
        pieces: list[str] = []

        async def show(piece: str) -> None:
            pieces.append(piece)

        principal = Principal(frozenset(groups))
        author = Author(Platform.WEB, "visitor")
        question = Question(text, author, principal, "web", thread=thread, history=history, key=key)
        turn = await self.engine.answer(question, show)
        found = await self.retriever.retrieve(text, principal, 8)
        listed = [passage_json(p) for p in found.passages]
        return Heard(turn, tuple(pieces), turn_json(turn), listed)

    async def shown(self, groups: Iterable[str] = (), near: str = "") -> str:
        """What is shown without a question: sources with their counts, suggestions."""
        principal = Principal(frozenset(groups))
        known = await overview(self.ledger, principal)
        suggested = await suggest(self.ledger, self.retriever, principal, near, reader=self.reader)
        return repr((known, suggested))

    async def withheld(self, turn: str) -> list[str]:
        """What the audit record of a turn says was kept back."""
        for entry in await self.audit.listing():
            if entry.turn == turn:
                return list(entry.content["withheld"])
        raise AssertionError(f"no audit record of {turn}")


def markers(text: str) -> set[str]:
    """The markers in a text."""
    return {found.casefold() for found in MARKER.findall(text)}


def hidden(pages: Iterable[Page], groups: Iterable[str]) -> set[str]:
    """The markers of the pages that these groups may not see."""
    principal = Principal(frozenset(groups))
    return {marker(p.number) for p in pages if not principal.may_see(p.groups)}


def visible(pages: Iterable[Page], groups: Iterable[str]) -> list[Page]:
    """The pages that these groups may see."""
    principal = Principal(frozenset(groups))
    return [p for p in pages if principal.may_see(p.groups)]
