"""What goes into a prompt, and what an answer cites: how much of it is from a page that answers.

Each set's questions go through the engine with the product's own retrieval and the built-in reader.
``found`` is the share of passages from a gold page among the six that say different things,
``prompt`` among those that a model is given, with their number; ``kept`` the share of questions
that still have such a passage there. ``cited`` is the share of the sources under answers that are a
gold page, over the share of questions that were ``answered``: precision of what was used.

    python -m benchmarks.bench_evidence --data ../shared/data [--sets docs_wsl northwind]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from adapters.models import build_plain_voice
from benchmarks.bench_retrieval import PUBLIC, Question, filled, load
from benchmarks.kept_embedder import KeptEmbedder
from bot.conversation import Author, Message, Outcome, Platform, Turn
from bot.conversation import Question as Asked
from bot.engine import Engine
from bot.evidence import Passage
from bot.ladder import Ladder
from knowledge.grounding import BuiltinGrounder
from knowledge.retrieval import HybridRetriever
from knowledge.selection import evidence, near_evidence
from persona.profile import default_persona

SETS = (
    *("docs_plausible", "docs_wsl", "anthropic_docs_qa", "northwind"),
    *("clapnq", "multihop_rag", "squad2", "mtrag"),
)


class Forgetful:
    """Turns that nobody keeps."""

    async def messages(self, *_: object, **__: object) -> tuple[Message, ...]:
        return ()

    async def record(self, *_: object, **__: object) -> None: ...

    async def turn_for_key(self, *_: object) -> Turn | None:
        return None


@dataclass
class Tally:
    """Shares of one set's questions, in the order of the table."""

    found: list[float]
    prompt: list[float]
    passages: list[int]
    had: list[bool]
    kept: list[bool]
    cited: list[float]
    answered: list[bool]


def share(passages: Sequence[Passage], gold: frozenset[str]) -> float:
    return sum(p.chunk.document in gold for p in passages) / max(len(passages), 1)


async def tallied(questions: list[Question], engine: Engine, wide: HybridRetriever,
                  near: HybridRetriever) -> Tally:  # fmt: skip
    tally = Tally([], [], [], [], [], [], [])
    for question in questions:
        whole = (await wide.retrieve(question.text, PUBLIC)).passages
        chosen = (await near.retrieve(question.text, PUBLIC)).passages
        tally.found.append(share(whole, question.gold))
        tally.prompt.append(share(chosen, question.gold))
        tally.passages.append(len(chosen))
        tally.had.append(tally.found[-1] > 0)
        tally.kept.append(tally.prompt[-1] > 0)
        turn = await engine.answer(
            Asked(
                text=question.text,
                author=Author(Platform.TERMINAL, "bench"),
                principal=PUBLIC,
            )
        )
        tally.answered.append(turn.outcome is Outcome.ANSWERED)
        if tally.answered[-1]:
            cited = [c.document in question.gold for c in turn.citations]
            tally.cited.append(sum(cited) / max(len(cited), 1))
    return tally


async def run(name: str, data: Path, embedder: KeptEmbedder) -> Tally:
    loaded = load(data, name)
    with tempfile.TemporaryDirectory() as folder:
        store = await filled(Path(folder) / "k.db", loaded, embedder)
        wide = HybridRetriever(store, embedder, choice=evidence)
        voice = build_plain_voice(embedder, default_persona("Bench"))
        engine = Engine(
            turns=Forgetful(),
            retriever=wide,
            ladder=Ladder(voice),
            grounder=BuiltinGrounder(),
            clock=lambda: datetime.now(UTC),
        )
        near = HybridRetriever(store, embedder, choice=near_evidence)
        tally = await tallied(loaded.questions, engine, wide, near)
        await store.close()
    return tally


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", nargs="*", default=SETS)
    arguments = parser.parse_args()
    embedder = KeptEmbedder()
    names = ("found", "had", "prompt", "kept", "passages", "cited", "answered")
    print(f"{'':20}" + "".join(f"{name:>10}" for name in names))
    means = []
    for name in arguments.sets:
        tally = await run(name, arguments.data, embedder)
        row = [float(np.mean(getattr(tally, column) or [0.0])) for column in names]
        means.append(row)
        print(f"{name:20}" + "".join(f"{value:10.3f}" for value in row), flush=True)
    print(f"{'mean':20}" + "".join(f"{value:10.3f}" for value in np.mean(means, axis=0)))
    embedder.close()


if __name__ == "__main__":
    asyncio.run(main())
