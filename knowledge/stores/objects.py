"""Chunks as a server keeps them: the properties of an object, its id, and its words.

Pure functions. What a question's words are compared with is one property that holds our own terms
(:mod:`knowledge.stores.analysis`), so that a server without stemming finds what the embedded store
finds, by the same BM25.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from bot.evidence import Chunk
from bot.ports import Vectors
from knowledge.stores.analysis import index_terms, storable
from knowledge.stores.base import DocumentKey, StoredChunk

Properties = dict[str, Any]

PUBLIC = "public"
"""Mark of a document for everybody; no group can be written so, see :func:`group_marks`."""

FILLER = "."
"""Stands in every chunk's words and in no question."""

_SPACE = UUID("6f1c1d0e-52f0-5d3c-9d5b-6a1b4f0f3a51")
_FINEST = 20
"""Weights are kept to a twentieth."""

_SCORE = r"Result Set {}[^)]*\) Document [^:]*: original score ([-+.\deE]+)"
_LEXICAL, _DENSE = re.compile(_SCORE.format("keyword")), re.compile(_SCORE.format("vector"))


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it is read: its id, its properties, its vector of shape ``[dimensions]`` where
    there is one, and the score and its explanation where it was searched for."""

    id: str
    properties: Mapping[str, Any]
    vector: Vectors | None = None
    score: float = 0.0
    explained: str = ""


def document_key(key: DocumentKey) -> str:
    """A name without spaces, marks and case for a document."""
    return uuid5(_SPACE, storable(f"{key.source}\0{key.document}")).hex


def bucket(key: DocumentKey) -> int:
    """A number that spreads documents evenly over 0 to :data:`BUCKETS`."""
    return int(document_key(key)[:8], 16)


BUCKETS = 1 << 32


def object_ids(key: DocumentKey, chunks: Iterable[Chunk]) -> list[str]:
    """The same text in the same document has the same id, wherever it moves; texts that stand in it
    more than once are numbered."""
    document = UUID(document_key(key))
    seen: Counter[str] = Counter()
    ids = []
    for chunk in chunks:
        text = storable(f"{chunk.header}\n{chunk.text}")
        ids.append(str(uuid5(document, f"{seen[text]}\0{text}")))
        seen[text] += 1
    return ids


def group_marks(groups: frozenset[str]) -> list[str]:
    """How a server knows who may see an object. The marks around a name keep the spaces at its
    ends, and every name apart from :data:`PUBLIC`."""
    return [f"<{storable(group)}>" for group in sorted(groups)] or [PUBLIC]


def visible_marks(groups: frozenset[str]) -> list[str]:
    """The marks that open an object to a reader of these groups."""
    return [PUBLIC, *(group_marks(groups) if groups else ())]


def groups_of(marks: Iterable[str]) -> frozenset[str] | None:
    """The groups of an object; ``None`` where it has no mark, which nobody may see."""
    found = list(marks)
    if not found:
        return None
    return frozenset(mark[1:-1] for mark in found if mark != PUBLIC)


def words_of(text: str) -> str:
    """The terms of a header and text, as often as they count, and so many fillers that their
    number is twice the text's length in words: it is that length by which BM25 judges."""
    found = index_terms(storable(text))
    missing = 2 * found.length - found.counts.total()
    return " ".join([*found.counts.elements(), *[FILLER] * missing])


def properties(
    key: DocumentKey, chunk: Chunk, *, place: int, of: int, turn: int, embedded: bool
) -> Properties:
    """The properties of a chunk: the ``place``-th ``of`` so many in its document, put in its
    ``turn``."""
    return {
        "chunk": storable(chunk.id),
        "document": storable(key.document),
        "source": storable(key.source),
        "revision": storable(chunk.revision),
        "ordinal": chunk.ordinal,
        "title": storable(chunk.title),
        "headings": [storable(heading) for heading in chunk.headings],
        "text": storable(chunk.text),
        "start": chunk.start,
        "end": chunk.end,
        "uri": storable(chunk.uri),
        "groups": group_marks(chunk.groups),
        "words": words_of(f"{chunk.header}\n{chunk.text}"),
        "document_key": document_key(key),
        "bucket": bucket(key),
        "place": place,
        "chunks": of,
        "first": place == 0,
        "last": place == of - 1,
        "turn": turn,
        "embedded": embedded,
    }


SHOWN = (
    *("chunk", "document", "source", "revision", "ordinal", "title", "headings", "text"),
    *("start", "end", "uri", "groups"),
)
"""Properties that a :class:`~bot.evidence.Chunk` is made of."""

WORDS = "words"
"""The property that is searched by words: :func:`searched` of the chunk."""

KEPT = (*SHOWN, "document_key", "place", "chunks", "turn", "embedded")
"""Properties that tell whether an object is as it should be."""


def same(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a stored object need not be written again; the turn in which it was put stays."""
    return all(
        (stored.get(name) or None) == (wanted[name] or None) for name in KEPT if name != "turn"
    )


def key_of(found: Mapping[str, Any]) -> DocumentKey:
    """The document that an object belongs to."""
    return DocumentKey(str(found["source"]), str(found["document"]))


def chunk_of(found: Mapping[str, Any]) -> Chunk | None:
    """The chunk of an object; ``None`` where it is no whole one, or has no mark of who may see
    it."""
    groups = groups_of(found.get("groups") or ())
    if groups is None or not found.get("chunk"):
        return None
    return Chunk(
        id=str(found["chunk"]),
        document=str(found.get("document") or ""),
        source=str(found.get("source") or ""),
        revision=str(found.get("revision") or ""),
        ordinal=int(found.get("ordinal") or 0),
        title=str(found.get("title") or ""),
        headings=tuple(str(heading) for heading in found.get("headings") or ()),
        text=str(found.get("text") or ""),
        start=int(found.get("start") or 0),
        end=int(found.get("end") or 0),
        uri=str(found.get("uri") or ""),
        groups=groups,
    )


def whole(objects: Iterable[StoredObject]) -> tuple[StoredChunk, ...]:
    """A document's chunks in order. Where a put was cut off, those of the newest."""
    newest: dict[int, StoredObject] = {}
    for found in sorted(objects, key=lambda o: int(o.properties["turn"])):
        newest[int(found.properties["place"])] = found
    of = int(newest[0].properties["chunks"]) if 0 in newest else 0
    pairs = [(chunk_of(newest[n].properties), newest[n].vector) for n in sorted(newest) if n < of]
    return tuple(StoredChunk(chunk, vector) for chunk, vector in pairs if chunk is not None)


def weighted(weights: Mapping[str, float]) -> str:
    """Terms as a query: each as often as it weighs, in the smallest whole numbers."""
    times = {term: round(weight * _FINEST) for term, weight in weights.items()}
    common = reduce(gcd, times.values(), 0) or 1
    return " ".join(term for term, n in times.items() for _ in range(n // common))


def unit(weights: Mapping[str, float]) -> float:
    """What a word counts for that stands once in :func:`weighted`."""
    return reduce(gcd, (round(weight * _FINEST) for weight in weights.values()), 0) / _FINEST


def lexical_score(explained: str) -> float | None:
    """The score of the lexical leg in a server's explanation; ``None``: it does not say."""
    found = _LEXICAL.search(explained)
    return float(found[1]) if found else None


def dense_score(explained: str) -> float | None:
    """The cosine in a server's explanation; ``None``: the dense leg did not bring the object."""
    found = _DENSE.search(explained)
    return float(found[1]) if found else None


def held(found: Mapping[str, Any]) -> frozenset[str]:
    """The terms that stand in an object, of which :data:`WORDS` was asked for."""
    return frozenset(str(found.get(WORDS) or "").split(" "))


def cosine(vector: Vectors | None, wanted: Vectors | None) -> float | None:
    """The cosine of two vectors of shape ``[dimensions]``; ``None`` where one is missing."""
    if vector is None or wanted is None:
        return None
    length = float(np.linalg.norm(vector) * np.linalg.norm(wanted))
    return float(vector @ wanted) / length if length else 0.0


def names(objects: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Documents' names, each once."""
    return tuple(dict.fromkeys(str(o.get("document") or "") for o in objects if o.get("chunk")))
