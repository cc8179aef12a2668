"""What goes into a prompt, and what an answer cites: how much of it is from a page that answers.

Each set's questions go through the engine with the product's own retrieval and the built-in reader.
``found`` is the share of passages from a gold page among the six that say different things,
``prompt`` among those that a model is given, with their number; ``kept`` the share of questions
that still have such a passage there. ``cited`` is the share of the sources under answers that are a
gold page, over the share of questions that were ``answered``: precision of what was used.
``carried`` is the share of markers whose passage alone carries their sentence, by the checker
without the rest of the passages, ``marks`` their number.

With ``--spoken`` the answers are those that people wrote (sets with reference answers), as a model
would say them that cites [1] for everything: the engine has to find the passages.

    python -m benchmarks.bench_evidence --data ../shared/data [--sets docs_wsl northwind] [--spoken]
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from adapters.models import build_plain_voice
from benchmarks.bench_retrieval import PUBLIC, Question, filled, load
from benchmarks.kept_embedder import KeptEmbedder
from benchmarks.open_sets import rows
from benchmarks.reporting import at_least, figure
from bot.conversation import Author, Message, Outcome, Platform, Turn, Usage
from bot.conversation import Question as Asked
from bot.engine import Engine
from bot.evidence import Passage, Unknown
from bot.ladder import Ladder
from bot.ports import Brief, Spoken
from bot.sentences import split
from knowledge.checking.encoder import CheckerEncoder
from knowledge.grounding import BuiltinGrounder
from knowledge.retrieval import HybridRetriever
from knowledge.selection import evidence, near_evidence
from persona.profile import default_persona

SETS = (
    *("docs_plausible", "docs_wsl", "anthropic_docs_qa", "northwind"),
    *("clapnq", "multihop_rag", "squad2", "mtrag"),
)
SPOKEN = ("northwind", "clapnq", "anthropic_docs_qa")
_MARKERS = re.compile(r"\s*\[(\d+)\]")


class Forgetful:
    """Turns that nobody keeps."""

    async def messages(self, *_: object, **__: object) -> tuple[Message, ...]:
        return ()

    async def record(self, *_: object, **__: object) -> None: ...

    async def turn_for_key(self, *_: object) -> Turn | None:
        return None


class Reciting:
    """A model that says what people answered, and cites the first passage for all of it."""

    model = "reciting"
    persona = "bench"

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers

    async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        if not brief.rejected:
            for sentence in split(self._answers.get(brief.question, "")):
                yield Spoken(f"{sentence.text} [1] ")
        yield Spoken(usage=Usage())

    def decline(self, brief: Brief, why: Unknown | None = None) -> str:
        del brief, why
        return "I don't know."


def recited(name: str) -> dict[str, str]:
    """The answers that people gave to the questions of a set."""
    known = [r for r in rows(f"{name}/questions") if r["answerable"] and r.get("answers")]
    return {r["question"]: r["answers"][0] for r in known}


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
    carried: list[bool]


def share(passages: Sequence[Passage], gold: frozenset[str]) -> float:
    return sum(p.chunk.document in gold for p in passages) / max(len(passages), 1)


async def carried(turn: Turn, grounder: BuiltinGrounder) -> list[bool]:
    """Of each marker of an answer, whether its passage alone carries the sentence before it."""
    found = []
    cited = {c.n: c for c in turn.citations}
    for sentence in split(turn.answer):
        text = _MARKERS.sub("", sentence.text).strip()
        for number in _MARKERS.findall(sentence.text) if text else ():
            citation = cited[int(number)]
            at = next(p.chunk for p in turn.passages if p.chunk.id == citation.chunk)
            check = grounder.open([at.text], turn.query, [at.header])
            found.append((await check.check(text)).supported)
    return found


async def tallied(questions: list[Question], engine: Engine, wide: HybridRetriever,
                  near: HybridRetriever, grounder: BuiltinGrounder) -> Tally:  # fmt: skip
    tally = Tally([], [], [], [], [], [], [], [])
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
            tally.carried += await carried(turn, grounder)
    return tally


async def run(
    name: str, data: Path, embedder: KeptEmbedder, encoder: CheckerEncoder, *, spoken: bool
) -> Tally:
    loaded = load(data, name)
    answers = recited(name) if spoken else {}
    questions = [q for q in loaded.questions if not spoken or q.text in answers]
    grounder = BuiltinGrounder(encoder)
    with tempfile.TemporaryDirectory() as folder:
        store = await filled(Path(folder) / "k.db", loaded, embedder)
        wide = HybridRetriever(store, embedder, choice=evidence)
        voice = build_plain_voice(embedder, default_persona("Bench"), encoder)
        engine = Engine(
            turns=Forgetful(),
            retriever=wide,
            ladder=Ladder(voice, voice=Reciting(answers) if spoken else None),
            grounder=grounder,
            clock=lambda: datetime.now(UTC),
        )
        near = HybridRetriever(store, embedder, choice=near_evidence)
        tally = await tallied(questions, engine, wide, near, grounder)
        await store.close()
    return tally


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", nargs="*")
    parser.add_argument("--spoken", action="store_true")
    arguments = parser.parse_args()
    embedder, encoder = KeptEmbedder(), CheckerEncoder()
    names = ("found", "had", "prompt", "kept", "passages", "cited", "answered", "carried")
    print(f"{'':20}" + "".join(f"{name:>10}" for name in names) + f"{'marks':>8}")
    means = []
    for name in arguments.sets or (SPOKEN if arguments.spoken else SETS):
        tally = await run(name, arguments.data, embedder, encoder, spoken=arguments.spoken)
        row = [float(np.mean(getattr(tally, column) or [0.0])) for column in names]
        means.append(row)
        cells = "".join(f"{value:10.3f}" for value in row)
        print(f"{name:20}{cells}{len(tally.carried):8}", flush=True)
    found = dict(zip(names, map(float, np.mean(means, axis=0)), strict=True))
    print(f"{'mean':20}" + "".join(f"{value:10.3f}" for value in found.values()))
    if arguments.sets is None and not arguments.spoken:
        told = "mean of the sets: cited sources that are a gold document"
        figure(told, found["cited"], unit="share", bar=at_least(0.9))
        told = "mean of the sets: cited passages that carry the sentence alone"
        figure(told, found["carried"], unit="share", bar=at_least(0.95))
        told = "mean of the sets: questions with a gold document among six passages"
        figure(told, found["had"], unit="share")
    embedder.close()
    encoder.close()


if __name__ == "__main__":
    asyncio.run(main())
