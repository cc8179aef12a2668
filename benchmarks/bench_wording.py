"""Whether the same question, put in another way, finds the same passages in the same order.

Answers are given again only over the same passages, so this bounds how often the answer cache can
help. Questions of four open sets over one knowledge base, each beside a variant with a greeting, a
"please", thanks, other case or no question mark (:func:`benchmarks.replayed_day.otherwise`),
searched as typed and by :func:`bot.caching.essence`; and how often a passage answers, by gold.

    python -m benchmarks.bench_wording --data ../shared/data
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.replayed_day import SETS, STAFF, otherwise, questions, write_documents
from benchmarks.reporting import proportion
from bot.caching import essence, normalised
from bot.conversation import Principal
from bot.settings import load_settings

A_SET = 60
WAYS: dict[str, Callable[[str], str]] = {"as typed": str, "by the question itself": essence}


async def measure(data: Path, folder: Path) -> None:
    """Read the documents in, search for every pair."""
    from adapters.assembly import assemble
    from adapters.syncing import source_at

    write_documents(data, folder / "documents")
    rng = random.Random(3)
    count: Counter[str] = Counter()
    async with assemble(load_settings(WELLSPOKEN_HOME=folder)) as app:
        for place in sorted((folder / "documents").iterdir()):
            await app.ingestor.ingest(source_at(str(place), None))
        await app.ingestor.embed_waiting()
        for name in SETS:
            asked = [q for q in questions(data, name) if q.answerable]
            for gold in rng.sample(asked, min(A_SET, len(asked))):
                variant = otherwise(gold.question, rng)
                count["pairs"] += 1
                count["one question"] += normalised(variant) == normalised(gold.question)
                for way, searched in WAYS.items():
                    found = await _found(app, searched(gold.question))
                    again = await _found(app, searched(variant))
                    count[f"{way}: same passages"] += [c.id for c in found] == [c.id for c in again]
                    count[f"{way}: answered"] += any(gold.answered_by(c.text) for c in found)
    for what in (name for way in WAYS for name in (f"{way}: same passages", f"{way}: answered")):
        proportion(what, count[what], count["pairs"])
    for what, number in count.items():
        print(f"{number:5d} {what}")


async def _found(app: Any, query: str) -> list[Any]:
    found = await app.retriever.retrieve(query, Principal(STAFF), 6)
    return [passage.chunk for passage in found.passages]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of open sets")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(parser.parse_args().data, Path(folder)))


if __name__ == "__main__":
    main()
