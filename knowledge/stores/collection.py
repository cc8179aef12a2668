"""What a store and a shelf need of a server of collections, in plain values.

:mod:`knowledge.stores.weaviate` carries it out. Conditions and the schema are values too, so that
what is stored and asked can be read without the client, which takes seconds to import.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from bot.ports import Vectors
from knowledge.stores.base import Fusion
from knowledge.stores.objects import WORDS, Properties, StoredObject
from knowledge.stores.postings import K1, B

PAGE = 2000
"""Objects read at once."""

MOST = 10_000
"""Objects that the server finds, or deletes, at once (QUERY_MAXIMUM_RESULTS)."""

DEPTH = 100
"""Candidates of each leg of a search (QUERY_HYBRID_MAXIMUM_RESULTS)."""

EF = 1200
"""How widely the vector index looks for :data:`DEPTH` candidates. At 1,000,000 chunks recall is
.985, with the server's 500 it is .935, for about 3 ms (``benchmarks/bench_weaviate.py``)."""

EXACT = 60_000
"""Of so many visible chunks or fewer all are looked at. At 1,000,000 chunks of which 5 % are
visible the index alone finds .69 of the nearest ten; looking at all takes about 20 ms."""

VECTOR = "default"

Consistency = Literal["one", "quorum", "all"]
"""How many copies must agree to a read or a write."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is true of an object: a property's value is one of these, none of these, or
    from the first of them to below the second. ``id`` is a property too."""

    name: str
    holds: Literal["any", "none", "between"]
    values: tuple[Any, ...]


Where = tuple[Condition, ...]
"""Objects of which all conditions hold."""


def any_of(name: str, values: Iterable[str]) -> Where:
    """Objects with one of these values."""
    return (Condition(name, "any", tuple(values)),)


def none_of(name: str, values: Iterable[str]) -> Where:
    """Objects with none of these values."""
    return (Condition(name, "none", tuple(values)),)


def flagged(name: str, *, so: bool) -> Where:
    """Objects with a flag set, or not."""
    return (Condition(name, "any", (so,)),)


def between(name: str, low: int, high: int) -> Where:
    """Objects with a number from ``low`` to below ``high``."""
    return (Condition(name, "between", (low, high)),)


class Collection(Protocol):
    """One collection, or one tenant's part of it. Every method raises StoreUnavailableError and
    its kin."""

    @property
    def name(self) -> str: ...

    @property
    def server(self) -> Server: ...

    async def hybrid(
        self,
        query: str,
        vector: Vectors | None,
        *,
        alpha: float,
        fusion: Fusion,
        where: Where,
        limit: int,
        shown: Sequence[str] = (),
    ) -> list[StoredObject]:
        """The best by words and meaning, fused by the server, best first."""
        ...

    async def lexical(
        self, query: str, *, where: Where, limit: int, shown: Sequence[str] = (), offset: int = 0
    ) -> list[StoredObject]:
        """The best by words alone, each with its BM25 score, after the first ``offset``."""
        ...

    async def replicas(self) -> int:
        """How many copies it has of each object."""
        ...

    async def fetch(
        self,
        where: Where,
        *,
        limit: int = PAGE,
        shown: Sequence[str] = (),
        vectors: bool = False,
        oldest_first: bool = False,
        asked: bool = False,
        agreed: bool = False,
    ) -> list[StoredObject]:
        """Objects without a search; ``asked``: within the time of a question. ``agreed``: only
        such as all nodes that were asked have alike, and that was so when they were read."""
        ...

    async def count(self, where: Where) -> int:
        """How many objects there are."""
        ...

    async def insert(self, objects: Sequence[StoredObject]) -> None:
        """Put objects, in place of those with their ids. What failed for a while is tried again;
        if some still fail, one error says how many."""
        ...

    async def change(self, changes: Iterable[tuple[str, Properties, Vectors | None]]) -> None:
        """Change properties or vectors of objects by id, several at once; ids that are gone are
        skipped, and stay gone."""
        ...

    async def delete(self, where: Where) -> None:
        """Delete objects, however many."""
        ...


class Server(Protocol):
    """Where collections are. Every method raises StoreUnavailableError and its kin."""

    @property
    def url(self) -> str: ...

    async def open(self) -> None:
        """Connect, where that was not done."""
        ...

    async def close(self) -> None: ...

    def collection(self, name: str, tenant: str | None, consistency: Consistency) -> Collection:
        """A collection that is there."""
        ...

    async def target(self, alias: str) -> str | None:
        """The collection that an alias stands for."""
        ...

    async def point(self, alias: str, name: str) -> None:
        """Let an alias stand for a collection from now on."""
        ...

    async def unpoint(self, alias: str) -> None:
        """Forget an alias."""
        ...

    async def described(self) -> dict[str, str]:
        """Every collection by its name, with its description."""
        ...

    async def make(self, schema: dict[str, Any]) -> bool:
        """Make a collection; false where there is one of its name."""
        ...

    async def remove(self, name: str) -> None:
        """Delete a collection with all that it holds."""
        ...

    async def tenants(self, name: str) -> set[str]:
        """The tenants of a collection."""
        ...

    async def admit(self, name: str, tenant: str) -> None:
        """Make a tenant, where it is not there."""
        ...

    async def dismiss(self, name: str, tenant: str) -> None:
        """Delete a tenant with all that it holds."""
        ...


def schema(name: str, description: str, *, replicas: int, tenants: bool) -> dict[str, Any]:
    """A collection for chunks, as the server's API takes it.

    Whatever has a default of the server's is set: those are settings of the server, and vary.
    """
    return {
        "class": name,
        "description": description,
        "properties": [
            *(_property(n, "text") for n in ("revision", "title", "text", "uri")),
            _property("headings", "text[]"),
            *(_property(n, "text", found=True) for n in ("chunk", "document", "source")),
            _property("document_key", "text", found=True),
            _property("groups", "text[]", found=True),
            _property(WORDS, "text", searched=True),
            *(_property(n, "int") for n in ("ordinal", "start", "end", "chunks")),
            *(_property(n, "int", found=True) for n in ("bucket", "place", "turn")),
            *(_property(n, "boolean", found=True) for n in ("first", "last", "embedded")),
        ],
        "vectorConfig": {
            VECTOR: {
                "vectorizer": {"none": {}},
                "vectorIndexType": "hnsw",
                "vectorIndexConfig": {
                    "distance": "cosine",
                    "filterStrategy": "acorn",
                    "dynamicEfFactor": EF // DEPTH,
                    "dynamicEfMax": EF,
                    "flatSearchCutoff": EXACT,
                    "rq": {"enabled": True, "bits": 8},
                },
            }
        },
        "invertedIndexConfig": {
            "bm25": {"b": B, "k1": K1},
            "stopwords": {"preset": "none"},
        },
        "replicationConfig": {"factor": replicas},
        "multiTenancyConfig": {"enabled": tenants, "autoTenantCreation": False},
    }


def _property(
    name: str, kind: str, *, found: bool = False, searched: bool = False
) -> dict[str, Any]:
    """A property; texts are taken whole, but for those that are searched word by word."""
    made = {
        "name": name,
        "dataType": [kind],
        "indexFilterable": found,
        "indexSearchable": searched,
    }
    if kind == "int":
        made["indexRangeFilters"] = found
    if kind.startswith("text"):
        made["tokenization"] = "whitespace" if searched else "field"
    return made
