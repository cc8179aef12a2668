"""Reading in over a real Dask cluster: the same as here, whatever happens to the cluster."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pytest

from bot.errors import WellspokenError
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.cluster import (
    ClusterAddressError,
    ClusterEmptyError,
    ClusterExecutor,
    ClusterLostError,
    ClusterUnavailableError,
    WorkerDiffersError,
    WorkerWithoutUsError,
    open_cluster,
)
from knowledge.embedder import DIMENSIONS, MODEL, BuiltinEmbedder
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.sources.folder import FolderSource
from knowledge.stores.embedded import EmbeddedStore
from tests.platforms.command import COMMAND, Cli, environment
from tests.platforms.dask_cluster import (
    BARE,
    DEADLY,
    FRAGILE,
    OLDER,
    DaskCluster,
    eventually,
)

WORDS = "tank lamp water invoice price refund order machine filter valve pump seal".split()
Stored = dict[tuple[str, int], tuple[str, bytes | None]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    """A scheduler; workers are added by the test."""
    (tmp_path / "cluster").mkdir()
    started = DaskCluster(tmp_path / "cluster")
    yield started
    started.stop()


@dataclass
class House:
    """A home and a folder of documents."""

    docs: Path
    database: Database
    store: EmbeddedStore
    embedder: BuiltinEmbedder

    @property
    def ingestor(self) -> Ingestor:
        return Ingestor(
            Ledger(self.database), self.store, Leases(self.database), embedder=self.embedder
        )

    async def stored(self) -> Stored:
        keys = sorted(await self.store.documents(), key=lambda key: key.document)
        return {
            (document.key.document, held.chunk.ordinal): (
                repr(held.chunk),
                None if held.vector is None else held.vector.tobytes(),
            )
            for document in await self.store.read(keys)
            for held in document.chunks
        }


@asynccontextmanager
async def house(home: Path, docs: Path, embedder: BuiltinEmbedder) -> AsyncIterator[House]:
    home.mkdir()  # noqa: ASYNC240 - a test waits
    database = await Database.open(f"sqlite:///{home / 'wellspoken.db'}")
    store = EmbeddedStore(home / "knowledge.db", MODEL, DIMENSIONS)
    await store.open()
    yield House(docs, database, store, embedder)
    await store.close()
    await database.close()


@pytest.fixture(scope="module")
def builtin() -> Iterator[BuiltinEmbedder]:
    embedder = BuiltinEmbedder(workers=1)
    yield embedder
    embedder.close()


def pages(folder: Path, count: int, chance: random.Random | None = None) -> None:
    """Short pages of prose in a few folders, and one file that nobody can read."""
    chance = chance or random.Random(7)
    for number in range(count):
        path = folder / f"part{number % 5}" / f"page{number:03}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        prose = " ".join(chance.choices(WORDS, k=30)).capitalize()
        path.write_text(f"# Page {number}\n\n{prose}.\n", encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing follows")


async def told(address: str, patience_s: float = 1.0) -> str:
    """What is said of a cluster that cannot be used."""

    def attempt() -> str:
        try:
            with open_cluster(address, patience_s):
                return ""
        except WellspokenError as error:
            return f"{type(error).__name__}: {error}"

    return await asyncio.to_thread(attempt)


@asynccontextmanager
async def over(address: str, patience_s: float = 60.0) -> AsyncIterator[ClusterExecutor]:
    opened = open_cluster(address, patience_s)
    executor = await asyncio.to_thread(opened.__enter__)
    try:
        yield executor
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


@pytest.mark.slow
async def test_here_in_processes_and_in_a_cluster_all_is_the_same(
    cluster: DaskCluster, tmp_path: Path, builtin: BuiltinEmbedder
) -> None:
    """Chunks and vectors are equal to the last bit, and so are the reports."""
    for _ in range(2):
        cluster.add_worker()
    pages(tmp_path / "docs", 12)

    async def read(name: str, executor: Executor | None) -> tuple[Stored, object]:
        async with house(tmp_path / name, tmp_path / "docs", builtin) as home:
            ingestor = home.ingestor.over(executor) if executor else home.ingestor
            report = await ingestor.ingest(FolderSource(home.docs))
            assert await ingestor.embed_waiting() == 12
            return await home.stored(), (report.added, report.chunks, report.failed)

    here = await read("here", None)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        processes = await read("processes", pool)
    async with over(cluster.ready()) as executor:
        workers = await read("workers", executor)
    assert here == processes == workers
    assert all(vector is not None for _, vector in here[0].values())
    assert len(here[1][2]) == 1  # type: ignore[index]  # the broken file, in the same words


@pytest.mark.slow
async def test_a_file_that_ends_workers_is_listed_and_the_rest_is_read(
    cluster: DaskCluster, tmp_path: Path, builtin: BuiltinEmbedder
) -> None:
    """Workers that a file takes down come back; that file fails alone."""
    cluster.add_worker(FRAGILE, nanny=True)
    docs = tmp_path / "docs"
    pages(docs, 8)
    (docs / "part1" / "deadly.txt").write_text(DEADLY)
    async with house(tmp_path / "home", docs, builtin) as home, over(cluster.ready()) as executor:
        report = await home.ingestor.over(executor).ingest(FolderSource(docs))
        assert report.added == 8
        assert [name for name, _ in report.failed] == ["broken.pdf", "part1/deadly.txt"]
        assert report.failed[1][1].endswith("reading it ended the reader.")


async def ended_midway(
    home: House, executor: ClusterExecutor, end: Callable[[], None], *, done: int = 32
) -> int:
    """Embed over a cluster to which something happens on the way."""
    happened = False

    def progress(count: int, total: int | None) -> None:
        nonlocal happened
        if count >= done and not happened:
            happened = True
            end()

    embedded = await home.ingestor.over(executor).embed_waiting(progress)
    assert happened
    return embedded


@pytest.mark.slow
async def test_a_worker_that_is_killed_loses_nothing(
    cluster: DaskCluster, tmp_path: Path, builtin: BuiltinEmbedder
) -> None:
    """After kill -9 of one of two workers the other one does its part too."""
    first, _ = cluster.add_worker(), cluster.add_worker()
    pages(tmp_path / "docs", 150)
    async with (
        house(tmp_path / "home", tmp_path / "docs", builtin) as home,
        over(cluster.ready()) as executor,
    ):
        report = await home.ingestor.over(executor).ingest(FolderSource(home.docs))
        assert report.added == 150
        await asyncio.to_thread(eventually, lambda: executor.places == 2, "both workers")
        assert await ended_midway(home, executor, first.kill) == 150
        assert (await home.store.stats()).waiting == 0


@pytest.mark.slow
async def test_a_scheduler_that_is_gone_is_told_and_the_next_run_goes_on(
    cluster: DaskCluster, tmp_path: Path, builtin: BuiltinEmbedder
) -> None:
    """What was embedded stays; the rest follows without the cluster."""
    cluster.add_worker()
    pages(tmp_path / "docs", 150)
    async with house(tmp_path / "home", tmp_path / "docs", builtin) as home:
        async with over(cluster.ready()) as executor:
            await home.ingestor.over(executor).ingest(FolderSource(home.docs))
            with pytest.raises(ClusterLostError, match="what was read in until now stays"):
                await ended_midway(home, executor, cluster.end_scheduler)
        left = (await home.store.stats()).waiting
        assert 0 < left < 150
        again = await home.ingestor.ingest(FolderSource(home.docs))
        assert (again.added, again.unchanged) == (0, 150)
        assert await home.ingestor.embed_waiting() == left


@pytest.mark.slow
async def test_a_cluster_without_workers_is_told(
    cluster: DaskCluster, tmp_path: Path, builtin: BuiltinEmbedder
) -> None:
    """At the start as in the middle, one sentence, and nothing waits for ever; so it is where TLS
    is asked for and not set up."""
    assert "has no workers" in await told(cluster.address)
    encrypted = await told(cluster.address.replace("tcp", "tls"))
    assert encrypted.startswith(ClusterUnavailableError.__name__)
    assert "no certificates" in encrypted
    worker = cluster.add_worker()
    pages(tmp_path / "docs", 60)
    async with house(tmp_path / "home", tmp_path / "docs", builtin) as home:
        async with over(cluster.ready(), patience_s=3) as executor:
            worker.send_signal(signal.SIGKILL)
            with pytest.raises(ClusterEmptyError):
                await home.ingestor.over(executor).ingest(FolderSource(home.docs))
        assert (await home.ingestor.ingest(FolderSource(home.docs))).added == 60


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preload", "error", "said"),
    [
        (BARE, WorkerWithoutUsError, 'install the same "wellspoken[cluster]"'),
        (OLDER, WorkerDiffersError, "Wellspoken 0.0.1 instead of"),
    ],
    ids=["none", "another"],
)
async def test_a_worker_with_another_program_is_told(
    cluster: DaskCluster, preload: str, error: type[WellspokenError], said: str
) -> None:
    """Nothing is sent to a worker without our package, or with another version of it."""
    cluster.add_worker(preload)
    found = await told(cluster.ready())
    assert found.startswith(error.__name__)
    assert said in found


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://", "tcp://a:b", "nonsense", ""]
)
async def test_what_is_no_address_is_told(address: str) -> None:
    """A missing or wrong scheme, no host, no port: how to write it."""
    assert (await told(address)).startswith(ClusterAddressError.__name__)


async def test_nobody_there_is_told_by_the_command(tmp_path: Path) -> None:
    """One sentence with what to do, no traceback, and nothing was read in."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("Text.")
    cli = Cli(tmp_path)
    done = await asyncio.to_thread(cli, "ingest", "docs", "--cluster", "tcp://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "wellspoken: No Dask scheduler can be used at tcp://127.0.0.1:1 ("
    )
    assert done.stderr.count("\n") == 1


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """Where Dask is not installed, one sentence names the extra."""
    hidden = "import sys; sys.modules['distributed'] = None; " + COMMAND[-1]
    (tmp_path / "docs").mkdir()
    done = subprocess.run(
        [*COMMAND[:-1], hidden, "ingest", "docs", "--cluster", "tcp://127.0.0.1:8786"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("wellspoken: Reading in over machines needs Dask: pip install")
    assert '"wellspoken[cluster]"' in done.stderr
    assert done.stderr.count("\n") == 1
