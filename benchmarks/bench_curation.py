"""Curation: what building a data set of 100,000 rated turns costs.

    python -m benchmarks.bench_curation DATA [TURNS]

Fills a SQLite home with turns about the pages of the open sets in DATA (``docs_plausible``,
``docs_wsl``, ``docs_powershell``, ``anthropic_docs_qa``; made-up pages where they are missing):
each with six passages and an answer of one to three of their sentences. Three in four got a thumb
up, one in five a thumb down, one in a hundred a rewrite, one in a hundred a reader's correction;
every tenth says hello. Then times ``dataset build`` for each format in a process of its own.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.reporting import at_most, figure
from bot.conversation import Author, Outcome, Platform, Route, RouteDecision, Turn, Usage
from bot.evidence import Chunk, Citation, Claim, Grounding, Passage
from bot.sentences import Unit, split
from bot.store.base import Database
from bot.store.review_tables import rewrites
from bot.store.tables import citations, feedback, messages, threads, turns
from bot.store.turns import citation_rows, message_rows, turn_row

_SETS = ("docs_plausible", "docs_wsl", "docs_powershell", "anthropic_docs_qa")
_PIECE = 1_100  # characters, about a chunk
_BATCH = 3_000  # a multiple of the turns of a thread
_START = datetime(2026, 1, 1, tzinfo=UTC)
_HELLO = ("hi there, Sam here", "thank you so much", "who are you?", "bye now")
_REPLY = ("Hello! What can I help you with?", "You're welcome.", "I'm Juniper.", "Goodbye.")


def _pieces(data: Path) -> Iterator[Chunk]:
    for name in _SETS:
        for path in sorted((data / name).glob("*.jsonl.gz")):
            if path.name.startswith(("faq", "questions")):
                continue
            with gzip.open(path, "rt") as file:
                for line in file:
                    page = json.loads(line)
                    yield from _chunks(str(page.get("id", "")), page.get("title", ""), page)


def _chunks(document: str, title: str, page: dict[str, Any]) -> Iterator[Chunk]:
    text = page.get("text") or ""
    for n, start in enumerate(range(0, len(text), _PIECE)):
        piece = text[start : start + _PIECE]
        heading = next((s.text.lstrip("# ") for s in split(piece) if s.unit is Unit.HEADING), "")
        yield Chunk(
            f"{document}#{n}", document, "docs", "r1", n, title or document,
            (title or document, heading), piece, start, start + len(piece), "",
        )  # fmt: skip


def _made_up() -> Iterator[Chunk]:
    words = [f"word{n}" for n in range(3_000)]
    chance = random.Random(3)
    for n in range(4_000):
        text = ". ".join(" ".join(chance.choices(words, k=14)).capitalize() for _ in range(12))
        title = f"Page {n // 6}"
        yield Chunk(f"p{n}", title, "docs", "r1", n % 6, title, (title,), text, 0, len(text), "")


def _turn(n: int, chunks: list[Chunk], chance: random.Random) -> Turn:
    person = Author(Platform.WEB, f"v{n % 20_000}", f"Person{n % 997}")
    base: dict[str, Any] = {
        "id": f"t{n:015d}", "thread": f"th{n // 3}", "author": person, "channel": "web",
        "audience": frozenset(), "outcome": Outcome.ANSWERED, "withheld": (), "model": "m",
        "persona": "Juniper@1", "usage": Usage(1_800, 60, 0.0), "timings_ms": {"speak": 900.0},
        "at": _START + timedelta(seconds=n),
    }  # fmt: skip
    if n % 10 == 0:
        kind = chance.randrange(len(_HELLO))
        route = RouteDecision(Route.VOICE, 0.9, ("small talk",))
        return Turn(
            **base, question=_HELLO[kind], query=_HELLO[kind], route=route, answer=_REPLY[kind],
            citations=(), grounding=Grounding(), passages=(),
        )  # fmt: skip
    at = chance.randrange(len(chunks) - 6)
    shown = chunks[at : at + 6]
    said = ""
    cited: list[Citation] = []
    claims: list[Claim] = []
    for number in range(1, chance.randint(1, 3) + 1):
        chunk = shown[number - 1]
        prose = [s for s in split(chunk.text) if s.unit is Unit.PROSE and 30 < len(s.text) < 300]
        if not prose:
            continue
        found = chance.choice(prose)
        start = len(said) + bool(said)
        said = f"{said} {found.text}".strip()
        claims.append(Claim(start, len(said), found.text, True, 0.97, number - 1))
        said += f" [{len(cited) + 1}]"
        cited.append(
            Citation(len(cited) + 1, chunk.document, chunk.title, "", found.text, chunk.id, "r1",
                     chunk.start + found.start, chunk.start + found.end)
        )  # fmt: skip
    words = [w for w in said.split() if w.isalpha()]
    picked = " ".join(chance.sample(words, min(4, len(words))))
    asked = f"{chance.choice(('how', 'what', 'when', 'can I'))} {picked} please, order {n}?"
    return Turn(
        **base, question=asked, query=picked, route=RouteDecision(Route.RAG, 0.8, ("a fact",)),
        answer=said, citations=tuple(cited), grounding=Grounding(tuple(claims)),
        passages=tuple(Passage(c, 1.0, 8.0, 0.6) for c in shown),
    )  # fmt: skip


def _rating(turn: Turn, chance: random.Random) -> tuple[dict[str, Any], dict[str, Any] | None]:
    lot = chance.random()
    row = {
        "turn_id": turn.id, "author": turn.author.key, "author_name": "", "reason": "",
        "rating": "down" if lot < 0.2 else "up", "correction": "", "expert": False,
        "created_at": turn.at, "updated_at": turn.at,
    }  # fmt: skip
    better = turn.citations[0].quote if turn.citations else "Hello there."
    if lot > 0.99:
        row |= {"rating": "down", "correction": better, "expert": lot > 0.995}
    rewrite = {
        "turn_id": turn.id, "verdict": "approved", "text": f"Sure. {better}", "prompt": "",
        "author": "", "by": "web:operator", "at": turn.at,
    }  # fmt: skip
    return row, rewrite if 0.2 <= lot < 0.21 else None


async def fill(url: str, data: Path, number: int) -> None:
    """Store the turns, without the audit trail: curation does not read it."""
    chunks = list(_pieces(data)) if (data / _SETS[0]).exists() else list(_made_up())
    print(f"{len(chunks):,} passages", file=sys.stderr)
    chance = random.Random(7)
    database = await Database.open(url)
    try:
        for first in range(0, number, _BATCH):
            batch = [_turn(n, chunks, chance) for n in range(first, min(first + _BATCH, number))]
            await database.write(partial(_store, batch=batch, chance=chance))
    finally:
        await database.close()


def _store(connection: sa.Connection, batch: list[Turn], chance: random.Random) -> None:
    begun = {turn.thread: turn.at for turn in reversed(batch)}
    made = [
        {"id": t, "platform": "web", "channel": "web", "created_at": at, "updated_at": at}
        for t, at in begun.items()
    ]
    connection.execute(sa.insert(threads), made)
    connection.execute(sa.insert(turns), [turn_row(turn, None) for turn in batch])
    connection.execute(sa.insert(messages), [m for turn in batch for m in message_rows(turn)])
    connection.execute(sa.insert(citations), [c for turn in batch for c in citation_rows(turn)])
    rated = [_rating(turn, chance) for turn in batch]
    connection.execute(sa.insert(feedback), [row for row, _ in rated])
    rewritten = [rewrite for _, rewrite in rated if rewrite]
    if rewritten:
        connection.execute(sa.insert(rewrites), rewritten)


def main(data: Path, number: int) -> None:
    """Fill a home and build each format."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as home:
        begun = time.perf_counter()
        asyncio.run(fill(f"sqlite+aiosqlite:///{home}/wellspoken.db", data, number))
        size = (Path(home) / "wellspoken.db").stat().st_size
        print(
            f"{number:,} turns, {size / 1e6:,.0f} MB, filled in {time.perf_counter() - begun:.0f} s"
        )
        for wanted in sys.argv[3:] or ("sft", "dpo", "kto"):
            build(home, wanted)


def build(home: str, wanted: str) -> None:
    """Time one build in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bench_curation", "--build", home, wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout.strip() or done.stderr.strip()[-2_000:])


async def _build(home: Path, wanted: str) -> None:
    import gc
    import resource

    gc.set_threshold(200_000)  # as the command does
    from adapters.teaching.datasets import DatasetDesk
    from bot.settings import load_settings
    from persona.curation.choosing import Format
    from persona.profile import default_persona

    os.environ["WELLSPOKEN_HOME"] = str(home)
    config = load_settings()
    database = await Database.open(config.database)
    desk = DatasetDesk(
        settings=config, database=database, persona=default_persona("Juniper"),
        clock=lambda: datetime.now(UTC),
    )  # fmt: skip
    begun, cpu = time.perf_counter(), time.process_time()
    made = await desk.build(Format(wanted))
    wall, used = time.perf_counter() - begun, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    size = made.train_file.stat().st_size / 1e6
    told = f"a data set of rated turns, {wanted}"
    figure(f"{told}: CPU", used, unit="s", bar=at_most(60), speed=True)
    figure(f"{told}: memory at most", peak, unit="MB", bar=at_most(1_000))
    print(
        f"{wanted}: {wall:.1f} s ({used:.1f} s of CPU), {peak:,.0f} MB at most, "
        f"{made.examples:,} examples, {size:,.0f} MB; {made.dropped} {made.card['checked']}"
    )
    await database.close()


if __name__ == "__main__":
    if sys.argv[1] == "--build":
        asyncio.run(_build(Path(sys.argv[2]), sys.argv[3]))
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
