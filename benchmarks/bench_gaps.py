"""Gaps: how well questions are grouped, and what 100,000 of them cost.

    python -m benchmarks.bench_gaps quality DATA
    python -m benchmarks.bench_gaps scale DATA [TURNS]

Quality is B-cubed (Bagga and Baldwin, 1998) against the sets' intents, 1,500 questions of each in
random order. Scale fills a SQLite home with turns that ended with "I do not know" and times what
an operator and the worker wait for.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa

from benchmarks.open_sets import lines
from benchmarks.reporting import figure
from bot.conversation import Author, Outcome, Platform, Route, RouteDecision, Turn, Usage
from bot.evidence import Grounding
from bot.ports import Vectors
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.gap_intake import GapIntake
from bot.store.gap_owners import GapOwners
from bot.store.gaps import GapBook, GapState
from bot.store.tables import messages, threads, turns
from bot.store.turns import message_rows, turn_row
from bot.work.leases import Leases
from knowledge.embedder import BuiltinEmbedder
from knowledge.exclusive import Exclusive
from knowledge.gaps.gathering import AT_ONCE, Gatherer, loaded, stored
from knowledge.gaps.grouping import Grouper, Item, Known, Words
from knowledge.gaps.naming import name_of

T = TypeVar("T")
SETS = {
    "banking77": "banking77/train.jsonl.gz",
    "clinc150": "clinc150/train.jsonl.gz",
    "bitext_support": "bitext_support/train.jsonl.gz",
}
EACH = 1_500


def rows_of(path: Path) -> list[dict[str, Any]]:
    found = lines(path)
    random.Random(7).shuffle(found)
    return found


def b_cubed(labels: Sequence[str], groups: Sequence[str]) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    by_label, by_group = Counter(labels), Counter(groups)
    both = Counter(zip(labels, groups, strict=True))
    pairs = list(zip(labels, groups, strict=True))
    precision = sum(both[p] / by_group[p[1]] for p in pairs) / len(pairs)
    recall = sum(both[p] / by_label[p[0]] for p in pairs) / len(pairs)
    return precision, recall, 2 * precision * recall / (precision + recall)


def grouped(texts: Sequence[str], vectors: Vectors) -> list[str]:
    """The group of each question, gathered as the program does it, without a database."""
    numbers = itertools.count()
    kept: dict[str, tuple[bytes, int]] = {}
    words: dict[str, Words] = {}
    homes: dict[str, str] = {}
    for start in range(0, len(texts), AT_ONCE):
        known = [Known(id_, loaded(mean), n) for id_, (mean, n) in kept.items()]
        grouper = Grouper(known, lambda: f"g{next(numbers):06}")
        few = vectors[start : start + AT_ONCE]
        grouper.learn({id_: words[id_] for id_ in grouper.shortlist(few)})
        items = [
            Item(str(start + i), vector, Words.of(texts[start + i])) for i, vector in enumerate(few)
        ]
        placed = grouper.place(items)
        for group in placed.groups:
            kept[group.id] = stored(group.mean), group.weighed
            if group.leader:
                words[group.id] = Words.of(texts[int(group.leader)])
        homes.update(placed.turns)
        for gone, into in placed.merged:
            kept.pop(gone, None)
            homes = {turn: into if home == gone else home for turn, home in homes.items()}
    return [homes[str(i)] for i in range(len(texts))]


async def quality(data: Path) -> None:
    embedder = BuiltinEmbedder()
    for name, path in SETS.items():
        rows = rows_of(data / path)[:EACH]
        texts, labels = [r["text"] for r in rows], [r["label"] for r in rows]
        groups = grouped(texts, await embedder.embed(texts))
        precision, recall, f1 = b_cubed(labels, groups)
        figure(f"{name}, B-cubed precision", precision, unit="share", n=len(texts))
        figure(f"{name}, B-cubed recall", recall, unit="share", n=len(texts))
        print(
            f"{name:15} {len(set(labels)):4} intents, {len(set(groups)):4} groups:"
            f" precision {precision:.2f}, recall {recall:.2f}, F1 {f1:.2f}"
        )
    embedder.close()


# -- 100,000 turns --------------------------------------------------------------------------------


def turn_at(number: int, text: str, at: datetime, rng: random.Random) -> Turn:
    return Turn(
        id=f"turn{number:012}",
        thread=f"thread{number // 3:012}",
        question=text,
        query=text,
        author=Author(Platform.SLACK, f"U{int(rng.paretovariate(0.6)) % 20_000:06}"),
        channel="slack:C1",
        audience=frozenset({"staff"}) if rng.random() < 0.2 else frozenset(),
        route=RouteDecision(Route.HYBRID, 0.9, ("a question",)),
        answer="I do not know that.",
        outcome=Outcome.ABSTAINED,
        citations=(),
        grounding=Grounding(),
        passages=(),
        withheld=(),
        model="extractive",
        persona="juniper@1",
        usage=Usage(),
        timings_ms={},
        at=at,
    )


async def fill(database: Database, texts: Sequence[str], count: int) -> None:
    rng = random.Random(7)
    begin = datetime.now(UTC) - timedelta(days=120)
    for start in range(0, count, 2_000):
        some = [
            turn_at(n, rng.choice(texts), begin + timedelta(seconds=100 * n), rng)
            for n in range(start, min(start + 2_000, count))
        ]

        def op(connection: sa.Connection, some: Sequence[Turn] = some) -> None:
            rows = {
                t.thread: {
                    "id": t.thread,
                    "platform": "slack",
                    "channel": t.channel,
                    "created_at": t.at,
                    "updated_at": t.at,
                }
                for t in some
            }
            known = set(
                connection.scalars(sa.select(threads.c.id).where(threads.c.id.in_(list(rows))))
            )
            connection.execute(
                sa.insert(threads), [row for id_, row in rows.items() if id_ not in known]
            )
            connection.execute(sa.insert(turns), [turn_row(t, None) for t in some])
            connection.execute(sa.insert(messages), [row for t in some for row in message_rows(t)])

        await database.write(op)


class Remembering:
    """The built-in embedder, with each text embedded once: the time is that of the rest."""

    def __init__(self, builtin: BuiltinEmbedder) -> None:
        self._builtin = builtin
        self._known: dict[str, Vectors] = {}
        self.model, self.dimensions = builtin.model, builtin.dimensions
        self.seconds = 0.0

    async def embed(self, texts: Sequence[str]) -> Vectors:
        began = time.perf_counter()
        new = [t for t in dict.fromkeys(texts) if t not in self._known]
        if new:
            self._known.update(zip(new, await self._builtin.embed(new), strict=True))
        self.seconds += time.perf_counter() - began
        return np.stack([self._known[t] for t in texts])

    async def embed_query(self, text: str) -> Vectors:
        return (await self.embed([text]))[0]


async def timed(what: str, work: Awaitable[T]) -> T:
    began = time.perf_counter()
    result = await work
    print(f"{what:44} {1000 * (time.perf_counter() - began):9.1f} ms", flush=True)
    return result


async def no_title(document: str) -> str:
    del document
    return ""


async def scale(data: Path, count: int) -> None:
    texts = sorted({row["text"] for path in SETS.values() for row in rows_of(data / path)})
    print(f"{len(texts):,} different questions")
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(f"sqlite:///{folder}/wellspoken.db")
        await timed(f"{count:,} turns stored", fill(database, texts, count))
        builtin = BuiltinEmbedder()
        embedder = Remembering(builtin)
        intake = GapIntake(database)
        gatherer = Gatherer(intake, embedder, Exclusive(Leases(database)), no_title)
        book = GapBook(database, AuditTrail(database))
        owners = GapOwners(database, AuditTrail(database))
        await timed("waiting, before anything was gathered", intake.waiting())
        await timed("the first 32 gathered", gatherer.gather(32))
        await timed("a page, before", page(book, owners, intake))
        await timed("all gathered", gatherer.gather())
        print(f"  of it embedding {embedder.seconds:.1f} s")
        print("  gaps:", sum(tally.gaps for tally in await owners.tallies()))
        await timed("gathered again: nothing new, looked at", gatherer.gather(32))
        await timed("gathered again: nothing new, worker", gatherer.gather())
        for _ in range(2):
            await timed("a page of 50 with names", page(book, owners, intake))
        await timed("page 20", page(book, owners, intake, offset=1000))
        await timed("search: card", page(book, owners, intake, "card"))
        await timed("search: a word of no question", page(book, owners, intake, "zzzz"))
        (first, *_) = await book.listing(limit=1)
        print(f"  the largest: {first.turns} turns, {first.askers} askers")
        await timed("its questions", book.asked(first.id, 20))
        await timed("what people said to it", book.told(first.id))
        await fill_more(database, texts, count)
        await timed("32 new ones gathered", gatherer.gather(32))
        await timed("dismissed", book.dismissed(first.id, "terminal:operator"))
        builtin.close()
        await database.close()


async def fill_more(database: Database, texts: Sequence[str], count: int) -> None:
    rng = random.Random(8)
    some = [turn_at(count + n, rng.choice(texts), datetime.now(UTC), rng) for n in range(32)]

    def op(connection: sa.Connection) -> None:
        thread = {"platform": "slack", "channel": "", "created_at": some[0].at}
        ids = sorted({t.thread for t in some})
        connection.execute(
            sa.insert(threads).prefix_with("OR IGNORE"),
            [{**thread, "id": id_, "updated_at": some[0].at} for id_ in ids],
        )
        connection.execute(sa.insert(turns), [turn_row(t, None) for t in some])
        connection.execute(sa.insert(messages), [row for t in some for row in message_rows(t)])

    await database.write(op)


async def page(
    book: GapBook, owners: GapOwners, intake: GapIntake, words: str = "", offset: int = 0
) -> None:
    """What the console's list asks for."""
    found = await book.listing(GapState.OPEN, words.split(), limit=51, offset=offset)
    samples = await book.samples([gap.id for gap in found])
    for gap in found:
        name_of(samples[gap.id].queries, samples[gap.id].headings)
    await owners.tallies()
    await intake.waiting()


def main() -> None:
    what, data = sys.argv[1], Path(sys.argv[2])
    if what == "quality":
        asyncio.run(quality(data))
    else:
        asyncio.run(scale(data, int(sys.argv[3]) if len(sys.argv) > 3 else 100_000))


if __name__ == "__main__":
    main()
