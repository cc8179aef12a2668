"""No allowed hit is lost by filtering: both stores against an exact search over what is visible."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bench_rights import DIMENSIONS, Exact, fill, make_corpus, measure
from tests.platforms.rights_stores import KINDS, stores

CHUNKS, SHARES = 2000, (0.002, 0.05, 0.5)


class Drawn:
    """What stands for the embedder: the vectors are drawn."""

    model, dimensions = "bench", DIMENSIONS


@pytest.mark.parametrize("kind", KINDS)
async def test_filtering_loses_nothing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """With 0.2, 5 and 50 % visible a search brings as many hits as there are, by words and by
    meaning the best of what may be seen (at least 98 % of them), and nothing else."""
    corpus = make_corpus(CHUNKS, 25, SHARES)
    exact = Exact(corpus)
    async with stores(kind, request, tmp_path, Drawn()) as make:
        store = await make()
        await fill(store, corpus)
        for share in SHARES:
            found = await measure(store, exact, corpus, share)
            assert found.visible > 0
            assert found.full == 1.0
            assert found.meaning >= 0.98
            assert max(found.by_all, found.by_own) >= 0.98
