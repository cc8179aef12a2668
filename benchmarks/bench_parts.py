"""Is a part of a question called open only where the documents do not answer it?

    python -m benchmarks.bench_parts [SET…] [--show]

``apart`` counts the questions of a set that are taken apart at all, ``named`` those answers under
which a part is said to be unknown: of answerable questions that is a false alarm, unless the gold
passage leaves the part open as well. ``joined`` are pairs of a set's own questions, one of them
answerable and the other one not, made into one question: how many of those that were answered in
part name the other part (``rest``), and how many name the answerable one instead (``wrong``).
Read by the built-in reader over the product's own retrieval.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from itertools import islice
from pathlib import Path

from benchmarks.bench_refusal import Asked, fill, open_set
from benchmarks.open_answers import CachedEmbedder
from benchmarks.reporting import proportion
from bot.abstaining import missing_words
from bot.conversation import Principal
from bot.llm.extractive import ExtractiveReader
from bot.parts import Part, parts
from knowledge.checking.answering import EncoderJudge
from knowledge.checking.encoder import CheckerEncoder
from knowledge.retrieval import HybridRetriever
from knowledge.selection import evidence
from knowledge.stores.embedded import EmbeddedStore

SETS = ("squad2", "clapnq", "northwind", "anthropic_docs_qa")
_PAIRS = 60


async def left_open(
    question: str, groups: frozenset[str], retriever: HybridRetriever, reader: ExtractiveReader
) -> list[Part]:
    """As :class:`bot.answering.Answering` does it; none where no part is answered."""
    asked = parts(question)
    found = (await retriever.retrieve(question, Principal(groups))).passages
    whole = await reader.read(question, found)
    said = " ".join(s.text for s in whole.sentences) if whole.answered else ""
    left = [
        part
        for part in asked
        if not (said and part.taken_up(said))
        and (
            (not said and missing_words(part.question, found))
            or not (await reader.read(part.question, found)).answered
        )
    ]
    return left if said or len(left) < len(asked) else []


def joined(asked: list[Asked]) -> list[tuple[str, str, frozenset[str]]]:
    """Questions of two parts, and the part that has no answer."""
    known = [a for a in asked if a.answerable and a.question.endswith("?")]
    unknown = [a for a in asked if not a.answerable and a.question.endswith("?")]
    pairs = []
    for n, (one, other) in enumerate(zip(known, unknown, strict=False)):
        first, second = (one, other) if n % 2 else (other, one)
        lowered = second.question[:1].lower() + second.question[1:]
        question = f"{first.question.rstrip('?')}, and {lowered}"
        found = parts(question)
        if len(found) == 2:
            pairs.append((question, found[1 if n % 2 else 0].said, one.groups | other.groups))
    return pairs


async def run(name: str, embedder: CachedEmbedder, judge: EncoderJudge, *, show: bool) -> None:
    documents, asked = open_set(name)
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "index.db", embedder.model, embedder.dimensions)
        await store.open()
        await fill(store, documents, embedder)
        retriever = HybridRetriever(store, embedder, choice=evidence)
        reader = ExtractiveReader(embedder, judge)
        tally: dict[bool, list[bool]] = {True: [], False: []}
        for each in (a for a in asked if parts(a.question)):
            left = await left_open(each.question, each.groups, retriever, reader)
            tally[each.answerable].append(bool(left))
            if show:
                print(f"   {each.answerable!s:6}{each.question!r} -> {[p.said for p in left]}")
        rest = wrong = told = 0
        pairs = joined(asked)
        for question, unknown, groups in islice(pairs, _PAIRS):
            left = await left_open(question, groups, retriever, reader)
            told += 1
            rest += [p.said for p in left] == [unknown]
            wrong += any(p.said != unknown for p in left)
        await store.close()
    embedder.save()
    known = sum(a.answerable for a in asked)
    proportion(f"{name}: rest of a joined question told", rest, told)
    proportion(f"{name}: parts of answerable ones named", sum(tally[True]), len(tally[True]))
    print(
        f"{name:20}answerable {known}: apart {len(tally[True])}, named {sum(tally[True])}"
        f"   unanswerable {len(asked) - known}: apart {len(tally[False])}, named"
        f" {sum(tally[False])}   joined {told}: rest {rest}, wrong {wrong}",
        flush=True,
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    embedder, judge = CachedEmbedder(), EncoderJudge(CheckerEncoder())
    for name in arguments.sets or SETS:
        await run(name, embedder, judge, show=arguments.show)


if __name__ == "__main__":
    asyncio.run(main())
