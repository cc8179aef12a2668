"""Are contradictions between documents found, and none where there is none?

    python -m benchmarks.bench_disagreement [SET…] [--show]

``false`` counts questions of the open sets for which a disagreement was named: those corpora have
next to none, so each one named is looked at by hand (``--show``). ``planted`` takes the sample's
sentences that answer its questions with one number, and adds a page that states another number: in
the same words, shortened below the question, or turned round; ``found`` is the share named
where both were among the passages.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench_clarifying import questions
from benchmarks.bench_refusal import fill, sample
from benchmarks.open_answers import CachedEmbedder
from benchmarks.reporting import proportion
from bot.conversation import Principal
from bot.facts import Kind, facts
from bot.lexical import query_terms, terms
from bot.ports_abstaining import Disagreement
from bot.sentences import Unit, split
from knowledge.disagreement import disagreements
from knowledge.document import Document
from knowledge.retrieval import HybridRetriever
from knowledge.sample import sample_suite
from knowledge.selection import evidence
from knowledge.stores.embedded import EmbeddedStore

SETS = ("sample", "northwind", "anthropic_docs_qa", "docs_plausible", "docs_wsl", "docs_powershell",
        "clapnq", "squad2", "mtrag")  # fmt: skip
Put = tuple[str, frozenset[str]]


async def told(
    documents: Sequence[Document], asked: Sequence[Put], embedder: CachedEmbedder
) -> list[tuple[Disagreement, ...]]:
    """What is named for each question."""
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "index.db", embedder.model, embedder.dimensions)
        await store.open()
        await fill(store, list(documents), embedder)
        retriever = HybridRetriever(store, embedder, choice=evidence)
        found = []
        for question, groups in asked:
            passages = (await retriever.retrieve(question, Principal(groups))).passages
            found.append(disagreements(question, passages))
        await store.close()
    embedder.save()
    return found


async def false(name: str, embedder: CachedEmbedder, *, show: bool) -> None:
    documents, put = await questions(name)
    asked = [(p.question, p.groups) for p in put if not p.history]
    found = await told(documents, asked, embedder)
    if show:
        for (question, _), named in zip(asked, found, strict=True):
            for each in named:
                print(f"   {question!r}: {each.reason}")
    proportion(f"{name}: contradictions named that are none", sum(map(bool, found)), len(found))
    print(f"{name:20}false {sum(map(bool, found))}/{len(found)}", flush=True)


def _changed(sentence: str, answer: str) -> str:
    """The sentence with the answer's number doubled; empty where it is not its only one."""
    numbers = [f for f in facts(sentence) if f.kind is Kind.NUMBER]
    wanted = {f.value for f in facts(answer) if f.kind is Kind.NUMBER}
    if len(numbers) != 1 or numbers[0].value not in wanted:
        return ""
    digits = re.search(r"\d+", numbers[0].text)
    if digits is None:
        return ""
    at = numbers[0].start + digits.start()
    end = numbers[0].start + digits.end()
    return f"{sentence[:at]}{2 * int(digits.group())}{sentence[end:]}"


def _sentence(document: Document, question: str, answers: Sequence[str]) -> str:
    """The sentence that says most of what is asked, with the answer's number changed."""
    wanted = set(query_terms(question))
    best, most = "", 1
    for unit in split(document.text):
        held = len(wanted & set(terms(unit.text)))
        if unit.unit is not Unit.PROSE or held <= most:
            continue
        changed = next((c for a in answers if a in unit.text and (c := _changed(unit.text, a))), "")
        best, most = (changed, held) if changed else (best, most)
    return best


async def planted(embedder: CachedEmbedder, *, show: bool) -> None:
    documents, _ = await sample()
    by_name = {document.name: document for document in documents}
    tally: dict[str, list[bool]] = {}
    for line in sample_suite().read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        golds = [by_name[g] for g in row.get("gold", ()) if g in by_name]
        changed = [c for g in golds if (c := _sentence(g, row["question"], row["answers"]))]
        if not changed:
            continue
        value = next(f for f in facts(changed[0]) if f.kind is Kind.NUMBER)
        short = changed[0][value.start : value.end]
        pages = {
            "same words": f"# Older answers\n\n{changed[0]}",
            "below question": f"# Older answers\n\n## {row['question']}\n\n{changed[0]}",
            "short": f"# Older answers\n\n## {row['question']}\n\nIt is {short}.",
        }
        for question in (row["question"], *row.get("paraphrases", ())):
            for kind, text in pages.items():
                page = Document("sample", "older-answers.md", "Older answers", text, "")
                put = [(question, frozenset(row.get("groups", ())))]
                named = await told([*documents, page], put, embedder)
                tally.setdefault(kind, []).append(bool(named[0]))
                if show and not named[0]:
                    print(f"   missed ({kind}): {question!r}: {changed[0]!r}")
    for kind, found in tally.items():
        proportion(f"planted, {kind}: found", sum(found), len(found))
        print(f"planted, {kind:20}found {sum(found)}/{len(found)}", flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--planted", action="store_true", help="these alone")
    arguments = parser.parse_args()
    embedder = CachedEmbedder()
    await planted(embedder, show=arguments.show)
    for name in () if arguments.planted else arguments.sets or SETS:
        await false(name, embedder, show=arguments.show)


if __name__ == "__main__":
    asyncio.run(main())
