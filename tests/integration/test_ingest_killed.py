"""Reading in that is killed, doubled or spread over processes ends as a clean run would."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from bot.conversation import Principal
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.chunking import chunk
from knowledge.document import Document, RawDocument
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.readers import read
from knowledge.sources.folder import FolderSource
from knowledge.stores.embedded import EmbeddedStore

ROOT = Path(__file__).parents[2]

CHILD = """
import asyncio, sys
from pathlib import Path
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.sources.folder import FolderSource
from knowledge.stores.embedded import EmbeddedStore

async def main(url, home, docs):
    database = await Database.open(url)
    store = EmbeddedStore(Path(home) / "knowledge.db", "none", 8)
    await store.open()
    ingestor = Ingestor(Ledger(database), store, Leases(database))
    print("ready", flush=True)
    report = await ingestor.ingest(FolderSource(docs))
    print(report.added, report.changed, report.unchanged, report.removed, flush=True)
    await store.close()
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


def tree(docs: Path, chance: random.Random, count: int = 150) -> None:
    """Files with several sections each, some of them for staff only."""
    docs.mkdir(exist_ok=True)
    for n in range(count):
        front = "---\ngroups: [staff]\n---\n" if n % 7 == 0 else ""
        sections = "\n\n".join(
            f"## Part {p}\n\n" + " ".join(f"Word {chance.random()} of {n}." for _ in range(60))
            for p in range(4)
        )
        (docs / f"{n:03}.md").write_text(f"{front}# Page {n}\n\n{sections}\n")


def start(url: str, home: Path, docs: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), url, str(home), str(docs)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


async def check_as_after_a_clean_run(url: str, home: Path, docs: Path) -> None:
    """The store holds exactly the chunks of what is in the folder, and the ledger says the same."""
    expected = {}
    paths = sorted(docs.iterdir())  # noqa: ASYNC240 - nothing else runs in this loop
    for path in paths:
        (document,) = read(RawDocument("docs", path.name, ".md", path=path))
        assert isinstance(document, Document)
        expected.update({c.id: c for c in chunk(document)})
    database = await Database.open(url)
    store = EmbeddedStore(home / "knowledge.db", "none", 8)
    await store.open()
    stats = await store.stats()
    operator = Principal(frozenset({"staff"}))
    for key, wanted in expected.items():
        assert await store.chunk(key, operator) == wanted
    assert (stats.documents, stats.chunks) == (len(paths), len(expected))
    noted = await Ledger(database).state("docs")
    assert {k.document for k in await store.documents()} == noted.keys()
    assert all(record.hash for record in noted.values())
    await store.close()
    await database.close()


@pytest.mark.slow
async def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Runs killed one after the other while files change, then one that ends: as if it were new."""
    chance = random.Random(7)
    url, docs = f"sqlite:///{tmp_path / 'wellspoken.db'}", tmp_path / "docs"
    await (await Database.open(url)).close()
    tree(docs, chance)
    for _ in range(5):
        child = start(url, tmp_path, docs)
        assert child.stdout
        child.stdout.readline()
        await asyncio.sleep(chance.random() * 0.6)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        names = sorted(docs.iterdir())
        chance.choice(names).unlink()
        for path in chance.sample(sorted(docs.iterdir()), 20):
            text = path.read_text()
            path.write_text(
                text.replace("[staff]", "[]") if chance.random() < 0.3 else f"{text}\nMore.\n"
            )
    last = start(url, tmp_path, docs)
    output, _ = await asyncio.to_thread(last.communicate, timeout=90)
    assert last.returncode == 0, output
    await check_as_after_a_clean_run(url, tmp_path, docs)


@pytest.mark.slow
async def test_two_processes_at_once(tmp_path: Path) -> None:
    """Two processes that read the same folder in do the work once."""
    url, docs = f"sqlite:///{tmp_path / 'wellspoken.db'}", tmp_path / "docs"
    await (await Database.open(url)).close()
    tree(docs, random.Random(5), 60)
    children = [start(url, tmp_path, docs) for _ in range(2)]
    outputs = [(await asyncio.to_thread(c.communicate, timeout=60))[0] for c in children]
    assert [c.returncode for c in children] == [0, 0]
    assert sorted(o.splitlines()[-1] for o in outputs) == ["0 0 60 0", "60 0 0 0"]
    await check_as_after_a_clean_run(url, tmp_path, docs)


@pytest.mark.slow
async def test_an_executor_reads_in_other_processes(tmp_path: Path) -> None:
    """A process pool that is handed in gives the same result."""
    url, docs = f"sqlite:///{tmp_path / 'wellspoken.db'}", tmp_path / "docs"
    tree(docs, random.Random(6), 80)
    database = await Database.open(url)
    store = EmbeddedStore(tmp_path / "knowledge.db", "none", 8)
    await store.open()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        ingestor = Ingestor(Ledger(database), store, Leases(database), executor=pool)
        report = await ingestor.ingest(FolderSource(docs))
    assert report.added == 80
    await store.close()
    await database.close()
    await check_as_after_a_clean_run(url, tmp_path, docs)


@pytest.mark.slow
async def test_much_is_read_by_processes(tmp_path: Path) -> None:
    """Beyond the first megabytes processes take over, and the result is the same."""
    url, docs = f"sqlite:///{tmp_path / 'wellspoken.db'}", tmp_path / "docs"
    docs.mkdir()
    line = "The tank of machine number {n} holds {n} litres of water for a week. "
    for n in range(12):
        sections = (f"## Part {p}\n\n{line.format(n=p) * 20}\n\n" for p in range(400))
        (docs / f"{n:03}.md").write_text(f"# Page {n}\n\n{''.join(sections)}")
    database = await Database.open(url)
    store = EmbeddedStore(tmp_path / "knowledge.db", "none", 8)
    await store.open()
    report = await Ingestor(Ledger(database), store, Leases(database)).ingest(FolderSource(docs))
    assert report.added == 12
    await store.close()
    await database.close()
