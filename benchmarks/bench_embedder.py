"""Speed of the built-in embedder: loading, a query, documents on all cores, a query beside them.

python -m benchmarks.bench_embedder
"""

from __future__ import annotations

import asyncio
import os
import time

from benchmarks.bench_search import line, resident
from benchmarks.reporting import figure
from knowledge.embedder import BuiltinEmbedder

DOCUMENTS = 300
QUERIES = 80
TEXT = "The quick brown fox jumps over the lazy dog and reads the documentation. " * 13


async def queries(embedder: BuiltinEmbedder, name: str) -> None:
    took = []
    for n in range(QUERIES):
        start = time.perf_counter()
        await embedder.embed_query(f"How do I reset the password of my account {name} {n}?")
        took.append(time.perf_counter() - start)
        await asyncio.sleep(0.01)
    line(name, took)


async def main() -> None:
    embedder = BuiltinEmbedder()
    before, start = resident(), time.perf_counter()
    await embedder.warm()
    print(f"{'load, ms':44}{(time.perf_counter() - start) * 1e3:8.0f}")
    print(f"{'':44}{'p50 ms':>8}{'p99 ms':>8}    (load average {os.getloadavg()[0]:.1f})")
    await queries(embedder, "query, alone")
    start, cpu = time.perf_counter(), time.process_time()
    documents = asyncio.ensure_future(embedder.embed([f"{TEXT}{n}" for n in range(DOCUMENTS)]))
    await asyncio.sleep(0.05)
    await queries(embedder, "query, beside documents")
    await documents
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    figure("documents of 180 word pieces a second", DOCUMENTS / wall, speed=True)
    print(f"{'documents of 180 word pieces a second':44}{DOCUMENTS / wall:8.0f}")
    print(f"{'cores used':44}{cpu / wall:8.1f}")
    print(f"{'memory the embedder takes, MB':44}{resident() - before:8.0f}")
    embedder.close()


if __name__ == "__main__":
    asyncio.run(main())
