"""Ordinary questions of a visitor to the demo: are they answered by the built-in reader?

    python -m benchmarks.bench_visitors [--half dev|held|late] [--show]

``visitor_questions.jsonl`` has questions over the sample in the manner of somebody who has never
seen it: how-to, symptoms, terse keywords, two in one, misspelt, and some that no page answers. Each
has what a right answer ``holds`` (of each list one text), or that it is ``unknown``. None is in the
sample's suite. The reader was mended with the half ``dev`` at hand. ``held`` was looked at when
that was done, and a few general faults it showed were mended then; ``late`` was written before
that and looked at after it. Asked of the whole engine as the demo does it: ``right`` answers,
``wrong`` ones, those that were ``refused`` and those that asked ``back``; of unknown ones refusing
is right.
``length`` is the median of the answers' characters, so that nothing is gained by saying it all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.models import build_plain_voice
from benchmarks.bench_evidence import Forgetful
from benchmarks.bench_refusal import fill, sample
from benchmarks.open_answers import CachedEmbedder
from benchmarks.reporting import proportion
from bot.conversation import Author, Outcome, Platform, Principal, Question, Turn
from bot.engine import Engine
from bot.ladder import Ladder
from bot.lexical import fold
from knowledge.checking.encoder import CheckerEncoder
from knowledge.grounding import BuiltinGrounder
from knowledge.retrieval import HybridRetriever
from knowledge.sample import sample_persona
from knowledge.selection import evidence
from knowledge.stores.embedded import EmbeddedStore
from persona.profile import load_persona

QUESTIONS = Path(__file__).resolve().parent / "visitor_questions.jsonl"


@dataclass
class Told:
    asked: dict[str, Any]
    turn: Turn
    seconds: float

    @property
    def verdict(self) -> str:
        """``right``, ``wrong``, ``refused`` or ``back``."""
        if self.asked.get("unknown"):
            if self.turn.outcome is Outcome.ANSWERED:
                return "wrong"
            return "right" if self.turn.outcome is Outcome.ABSTAINED else "back"
        if self.turn.outcome is Outcome.CLARIFY:
            return "right" if self.asked.get("or_asks") else "back"
        if self.turn.outcome is not Outcome.ANSWERED:
            return "refused"
        said = _plain(self.turn.answer)
        holds = all(any(_plain(a) in said for a in any_of) for any_of in self.asked["holds"])
        return "right" if holds else "wrong"


def _plain(text: str) -> str:
    text = re.sub(r"\s*\[\d+\]|[`*_]", "", fold(text))
    text = re.sub(r"[^\w.%$+°−]+|\.(?!\w)", " ", text)
    return f" {' '.join(text.split())} "


def questions(half: str | None) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    return [q for q in found if half in (None, q["half"])]


async def ask(half: str | None) -> list[Told]:
    embedder, encoder = CachedEmbedder(), CheckerEncoder()
    documents, _ = await sample()
    told = []
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "index.db", embedder.model, embedder.dimensions)
        await store.open()
        await fill(store, documents, embedder)
        voice = build_plain_voice(embedder, load_persona(sample_persona()), encoder)
        engine = Engine(
            turns=Forgetful(),
            retriever=HybridRetriever(store, embedder, choice=evidence),
            ladder=Ladder(voice),
            grounder=BuiltinGrounder(encoder),
            clock=lambda: datetime.now(UTC),
            names=("Juniper",),
        )
        for asked in questions(half):
            begun = time.perf_counter()
            author = Author(Platform.TERMINAL, "bench")
            turn = await engine.answer(Question(asked["question"], author, Principal()))
            told.append(Told(asked, turn, time.perf_counter() - begun))
        await store.close()
    embedder.save()
    encoder.close()
    return told


def line(name: str, told: list[Told]) -> None:
    """One line of the table."""
    verdicts = [t.verdict for t in told]
    lengths = [len(t.turn.answer) for t in told if t.turn.outcome is Outcome.ANSWERED]
    counts = "".join(f"{verdicts.count(v):9}" for v in ("right", "wrong", "refused", "back"))
    length = f"{statistics.median(lengths or [0]):9.0f}"
    print(f"{name:12}{len(told):6}{counts}{length}"
          f"{statistics.median(t.seconds for t in told) * 1_000:9.0f}")  # fmt: skip


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=("dev", "held", "late"))
    parser.add_argument("--show", action="store_true", help="print what was not answered rightly")
    arguments = parser.parse_args()
    told = await ask(arguments.half)
    for each in told if arguments.show else ():
        if each.verdict != "right":
            print(f"\n{each.asked['id']} {each.verdict}: {each.asked['question']}"
                  f"\n    wanted: {each.asked.get('holds', 'unknown')}\n    {each.turn.notes}"
                  f"\n    {each.turn.answer[:700]!r}")  # fmt: skip
    print(f"{'':12}{'n':>6}{'right':>9}{'wrong':>9}{'refused':>9}{'back':>9}{'length':>9}{'ms':>9}")
    for half in dict.fromkeys(t.asked["half"] for t in told):
        mine = [t for t in told if t.asked["half"] == half]
        for kind in dict.fromkeys(t.asked["id"].rsplit("-", 1)[0] for t in mine):
            line(kind, [t for t in mine if t.asked["id"].rsplit("-", 1)[0] == kind])
        line(half, mine)
        proportion(f"{half}: right", sum(t.verdict == "right" for t in mine), len(mine))
        proportion(f"{half}: wrong", sum(t.verdict == "wrong" for t in mine), len(mine))
        print()


if __name__ == "__main__":
    asyncio.run(main())
