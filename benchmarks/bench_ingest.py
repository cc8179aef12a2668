"""Reading in: chunks a second until searchable by words, and an unchanged tree against a new one.

Run from the root of the repository::

    python -m benchmarks.bench_ingest [--pages 600]

Reads pages of ``../shared/data/docs_powershell`` where they are there, else pages made up here,
written as a folder of Markdown files. Each figure is of one process with its own home; the store is
the embedded one, the ledger SQLite. ``chunking`` is the pure cutting, one thread, no reading.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import platform
import random
import tempfile
import time
from pathlib import Path

from benchmarks.open_sets import data_folder
from benchmarks.reporting import at_least, figure
from bot.conversation import Principal
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.chunking import chunk
from knowledge.document import Document
from knowledge.ingest import Ingestor, IngestReport
from knowledge.ledger import Ledger
from knowledge.sources.folder import FolderSource
from knowledge.stores.base import SearchRequest
from knowledge.stores.embedded import EmbeddedStore

SHARED = data_folder() / "docs_powershell" / "pages.jsonl.gz"


def shared_pages(count: int) -> dict[str, str]:
    """The first pages of the shared documentation set, by path."""
    with gzip.open(SHARED, "rt", encoding="utf-8") as lines:
        pages = [json.loads(line) for line, _ in zip(lines, range(count), strict=False)]
    return {page["id"]: page["text"] for page in pages}


def made_up_pages(count: int) -> dict[str, str]:
    """Pages of 10 sections of prose, a table and code, from 20,000 words."""
    chance = random.Random(4)
    words = [
        "".join(chance.choices("aeioulnrstdmk", k=chance.randint(2, 9))) for _ in range(20_000)
    ]

    def sentence() -> str:
        return " ".join(chance.choices(words, k=12)).capitalize() + "."

    def section(n: int) -> str:
        prose = " ".join(sentence() for _ in range(12))
        rows = "\n".join(f"| {chance.choice(words)} | {n} |" for _ in range(5))
        return f"## {sentence()}\n\n{prose}\n\n| A | B |\n| --- | --- |\n{rows}\n"

    return {
        f"part{n % 20}/page{n}.md": f"# {sentence()}\n\n" + "\n".join(map(section, range(10)))
        for n in range(count)
    }


def chunking_rate(pages: dict[str, str]) -> float:
    """Chunks a second of cutting alone, in CPU time."""
    documents = [Document("docs", n, n, t, n) for n, t in pages.items() if t.strip()]
    begun = time.process_time()
    count = sum(len(chunk(document)) for document in documents)
    return count / (time.process_time() - begun)


async def ingestion(pages: dict[str, str], home: Path) -> tuple[IngestReport, list[IngestReport]]:
    """The first reading-in, then three of the same tree."""
    docs = home / "docs"
    for name, text in pages.items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    await asyncio.sleep(0.1)
    database = await Database.open(f"sqlite:///{home / 'wellspoken.db'}")
    store = EmbeddedStore(home / "knowledge.db", "none", 8)
    await store.open()
    ingestor = Ingestor(Ledger(database), store, Leases(database))
    first = await ingestor.ingest(FolderSource(docs))
    found = await store.search(SearchRequest(next(iter(pages.values()))[:300], Principal()))
    assert found.passages, "searchable by words"
    again = [await ingestor.ingest(FolderSource(docs)) for _ in range(3)]
    await store.close()
    await database.close()
    return first, again


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=600)
    count = parser.parse_args().pages
    shared = SHARED.exists()
    pages = shared_pages(count) if shared else made_up_pages(count)
    size = sum(len(t.encode()) for t in pages.values())
    with tempfile.TemporaryDirectory() as folder:
        first, again = asyncio.run(ingestion(pages, Path(folder)))
    second = min(r.seconds for r in again)
    rate, faster = first.chunks / first.seconds, first.seconds / second
    figure("chunks a second until searchable", rate, bar=at_least(500), speed=True)
    figure("an unchanged tree, times faster", faster, bar=at_least(20), speed=True)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"{'docs_powershell' if shared else 'made-up'}: {len(pages)} pages, {size / 1e6:.1f} MB")
    rows = [
        ("chunks", f"{first.chunks:,}"),
        ("chunking alone, chunks a CPU second", f"{chunking_rate(pages):,.0f}"),
        ("first reading-in, s", f"{first.seconds:.2f}"),
        ("chunks a second until searchable (bar: 500)", f"{first.chunks / first.seconds:,.0f}"),
        ("unchanged tree, s (best of 3)", f"{second:.3f}"),
        ("times faster (bar: 20)", f"{first.seconds / second:,.0f}"),
    ]
    for name, value in rows:
        print(f"  {name:<46}{value:>12}")


if __name__ == "__main__":
    main()
