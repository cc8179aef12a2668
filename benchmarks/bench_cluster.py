"""Reading in over a Dask cluster: two workers against one, on the same documents, in one run.

    python -m benchmarks.bench_cluster --chunks 2000
    python -m benchmarks.bench_cluster --chunks 1000000 --embedder wordless

Scheduler and workers are processes of this machine, a thread each; the store is the embedded one,
the ledger SQLite, new for each run. Timed is all of ``wellspoken ingest --cluster``: reading,
chunking, writing, embedding, writing; not the start of the workers and of their models. ``builtin``
is the product's embedder; ``wordless`` draws its vectors in ``--milliseconds`` of CPU time a
passage, a fifth of what the built-in one takes, so that a million chunks fit into an evening: it
says how the way there and back scales, not how fast a million is embedded.

The ingesting process shares the cores with the workers. With w seconds of CPU a chunk at a worker
and i in the ingesting process, two cores allow 2 w / (w + i) times the speed of one worker, where
that is less than two: both are told.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench_ingest import made_up_pages
from benchmarks.reporting import at_least, figure
from benchmarks.wordless import Wordless
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.cluster import ClusterExecutor, open_cluster
from knowledge.document import RawDocument
from knowledge.embedder import DIMENSIONS, MODEL, BuiltinEmbedder
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.remote import Portable
from knowledge.sources.base import Item
from knowledge.stores.embedded import EmbeddedStore
from tests.platforms.dask_cluster import DaskCluster, eventually

Embedder = BuiltinEmbedder | Wordless
_CHUNKS_A_PAGE = 16.4
_BODIES = 200


class Pages:
    """A source of so many pages, made as they are asked for of 200 bodies."""

    name = "pages"

    def __init__(self, pages: int) -> None:
        self._pages = pages
        self._bodies = [text.encode() for text in made_up_pages(_BODIES).values()]

    async def items(self) -> AsyncIterator[Item]:
        for number in range(self._pages):
            yield _Page(f"page{number:06}.md", self._bodies[number % _BODIES])

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class _Page:
    name: str
    body: bytes

    async def load(self, known: str = "") -> RawDocument:  # noqa: ARG002 - always new
        head = f"Page {self.name}.\n\n".encode()
        return RawDocument("pages", self.name, ".md", content=head + self.body)


@dataclass(frozen=True)
class Run:
    """One reading-in: seconds by the clock, and of CPU of this process."""

    workers: int
    chunks: int
    read_s: float
    embedded_s: float
    here_s: float

    @property
    def seconds(self) -> float:
        return self.read_s + self.embedded_s


async def read_in(executor: ClusterExecutor, embedder: Embedder, pages: int, home: Path) -> Run:
    """Read pages into a new home, until every chunk has its vector."""
    workers = executor.places
    assert isinstance(embedder, Portable)
    warm = [executor.submit(embedder.elsewhere(), ["warm"] * 4) for _ in range(4 * workers)]
    for unit in warm:
        await asyncio.wrap_future(unit)
    database = await Database.open(f"sqlite:///{home / 'wellspoken.db'}")
    store = EmbeddedStore(home / "knowledge.db", MODEL, DIMENSIONS)
    await store.open()
    ingestor = Ingestor(
        Ledger(database), store, Leases(database), embedder=embedder, executor=executor
    )
    source = Pages(pages)
    begun, cpu = time.perf_counter(), time.process_time()
    report = await ingestor.ingest(source)
    read = time.perf_counter()
    assert await ingestor.embed_waiting() == report.chunks, "every chunk has its vector"
    done, used = time.perf_counter(), time.process_time() - cpu
    await store.close()
    await database.close()
    return Run(workers, report.chunks, read - begun, done - read, used)


def measured(workers: int, embedder: Embedder, pages: int) -> Run:
    """A run over a new cluster."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = DaskCluster(Path(folder))
        try:
            for _ in range(workers):
                cluster.add_worker()
            with open_cluster(cluster.ready()) as executor:
                eventually(lambda: executor.places == workers, "the workers")
                return asyncio.run(read_in(executor, embedder, pages, Path(folder)))
        finally:
            cluster.stop()


def line(run: Run) -> None:
    print(
        f"  {run.workers} worker{'s' if run.workers > 1 else ' '}: {run.chunks:,} chunks in "
        f"{run.seconds:8.1f} s ({run.read_s:.1f} to be found by words, {run.embedded_s:.1f} for "
        f"vectors), {run.chunks / run.seconds:7,.1f} a second; CPU here "
        f"{1000 * run.here_s / run.chunks:.2f} ms a chunk",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=2_000)
    parser.add_argument("--embedder", choices=("builtin", "wordless"), default="builtin")
    parser.add_argument("--milliseconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=1, help="of one and two workers in turn")
    given = parser.parse_args()
    builtin = given.embedder == "builtin"
    embedder: Embedder = BuiltinEmbedder(1) if builtin else Wordless(given.milliseconds)
    pages = max(1, round(given.chunks / _CHUNKS_A_PAGE))
    best: dict[int, Run] = {}
    print(f"{given.embedder}, {pages:,} pages, {os.cpu_count()} cores", flush=True)
    for _ in range(given.rounds):
        for workers in (1, 2):
            run = measured(workers, embedder, pages)
            line(run)
            if workers not in best or run.seconds < best[workers].seconds:
                best[workers] = run
    one, two = best[1], best[2]
    ratio = one.seconds / two.seconds
    print(f"  two workers are {ratio:.2f} times as fast as one")
    what = f"{one.chunks:,} chunks, {given.embedder} embedder"
    figure(f"two workers, times as fast as one ({what})", ratio, bar=at_least(1.8), speed=True)
    figure(f"chunks a second, two workers ({what})", two.chunks / two.seconds, speed=True)
    figure("CPU of the ingesting process", 1000 * two.here_s / two.chunks, unit="ms a chunk")


if __name__ == "__main__":
    main()
