"""Pairs of questions and callers, on a small scale: nothing leaks, and a leak would be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench_rights_pairs import measure
from benchmarks.rights_callers import ADAPTERS, GROUPS, callers
from bot.conversation import Principal
from knowledge.embedder import BuiltinEmbedder
from knowledge.stores.base import SearchRequest, SearchResult, VectorStore
from knowledge.stores.embedded import EmbeddedStore
from tests.platforms.rights_stores import KINDS, stores
from tests.platforms.rights_world import RememberingEmbedder

SEED = 4
PAIRS = {"embedded": (400, 50), "weaviate": (80, 10)}
"""Pairs and whole turns a way, by the kind of store: a search takes Weaviate so much longer."""


@pytest.fixture(scope="module")
def embedder() -> Iterator[RememberingEmbedder]:
    with closing(BuiltinEmbedder()) as builtin:
        yield RememberingEmbedder(builtin)


@pytest.fixture(params=KINDS)
async def store(
    request: pytest.FixtureRequest, embedder: RememberingEmbedder, tmp_path: Path
) -> AsyncIterator[VectorStore]:
    """An empty store of either kind."""
    async with stores(request.param, request, tmp_path, embedder) as make:
        yield await make()


async def test_no_caller_of_any_adapter_gets_what_they_may_not_see(
    request: pytest.FixtureRequest,
    store: VectorStore,
    embedder: RememberingEmbedder,
    tmp_path: Path,
) -> None:
    """Many pairs a way, whole turns, sources and suggestions: no word of a hidden document, and
    documents for the rest."""
    pairs, turns = PAIRS[request.node.callspec.params["store"]]
    run = await measure(store, embedder, tmp_path, pairs=pairs, turns=turns, seed=SEED)
    assert run.tally.leaks == []
    assert run.tally.pairs["store"] == pairs
    for name in ADAPTERS:
        assert run.tally.pairs[name] == pairs
        assert run.tally.pairs[f"{name}, turns"] == turns
        assert run.tally.pairs[f"{name}, unasked"] == 1
        assert run.tally.shown[name] > pairs * 7 // 8


class Careless:
    """A store that looks at nobody's groups."""

    def __init__(self, store: EmbeddedStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def search(self, request: SearchRequest) -> SearchResult:
        everybody = Principal(frozenset(GROUPS))
        return await self._store.search(
            SearchRequest(request.text, everybody, request.vector, request.k, request.alpha)
        )


async def test_a_store_that_forgets_rights_is_caught(
    embedder: RememberingEmbedder, tmp_path: Path
) -> None:
    """The measurement sees a leak where there is one, through each way."""
    store = EmbeddedStore(tmp_path / "knowledge.db", embedder.model, embedder.dimensions)
    await store.open()
    careless: Any = Careless(store)
    run = await measure(careless, embedder, tmp_path, pairs=60, turns=0, seed=SEED)
    await store.close()
    assert all(run.tally.leaked[way] for way in ("store", *ADAPTERS))


@pytest.mark.parametrize("name", ADAPTERS)
async def test_callers_are_of_every_kind(name: str) -> None:
    """Nobody is let see more than what is right; many are let see just that, and of those some
    have groups and some have none."""
    drawn = await callers(name, 1500, SEED)
    assert [caller for caller in drawn if not caller.audience <= caller.may] == []
    assert sum(caller.audience == caller.may for caller in drawn) > 1300
    assert 100 < sum(bool(caller.may) for caller in drawn) < 1400
