"""Passages and sentences of the open sets, cut alike, with their nearest neighbours.

Sets and licences: squad2, canard, docs_plausible (CC BY-SA 4.0), clapnq (Apache-2.0; Wikipedia
CC BY-SA), northwind, anthropic_docs_qa, halueval_qa, faithdial_audit, abcd_support (MIT),
mtrag (Apache-2.0), chunking_eval (MIT; Wikipedia CC BY-SA), docs_powershell, docs_wsl (CC BY
4.0), begin (CC BY 4.0, CDLA-Sharing 1.0), multihop_rag (ODC-BY 1.0), q2_wow (Apache-2.0 / MIT),
bipia (MIT; tables CC BY-SA 4.0).
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.open_sets import lines
from bot.lexical import STOP_WORDS, terms
from bot.sentences import Unit, split

WORDS_A_PASSAGE = 170


@dataclass(frozen=True)
class Sentence:
    """A sentence as it stands in a passage: ``passage.text[start:start + len(text)] == text``."""

    text: str
    start: int
    before: str = ""


@dataclass
class Passage:
    """100 to 250 words of a document, with its sentences."""

    set: str
    doc: str
    title: str
    text: str
    heading: str = ""
    number: int = 0
    sentences: list[Sentence] = field(default_factory=list)

    @cached_property
    def clean(self) -> str:
        """Its text on one line, as it was written."""
        return re.sub(r"\s+", " ", untokenized(self.text))

    @cached_property
    def terms(self) -> Counter[str]:
        return Counter(t for t in terms(f"{self.title} {self.text}") if t not in STOP_WORDS)


class Pool:
    """The passages of one set with an inverted index, for what is topically near."""

    def __init__(self, passages: list[Passage]) -> None:
        self.passages = passages
        self.by_doc: dict[str, list[Passage]] = defaultdict(list)
        held: dict[str, list[int]] = defaultdict(list)
        for number, passage in enumerate(passages):
            passage.number = number
            self.by_doc[passage.doc].append(passage)
            for term in passage.terms:
                held[term].append(number)
        lengths = np.array([sum(p.terms.values()) for p in passages], float)
        norms = 1.2 * (0.25 + 0.75 * lengths / max(1.0, lengths.mean()))
        self._weights: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        for term, numbers in held.items():
            at = np.array(numbers)
            idf = math.log(1 + (len(passages) - len(at) + 0.5) / (len(at) + 0.5))
            tf = np.array([passages[n].terms[term] for n in numbers], float)
            self._weights[term] = at, idf * tf * 2.2 / (tf + norms[at])
        self._known: dict[int, list[Passage]] = {}

    def search(self, query: str, k: int = 8) -> list[Passage]:
        """BM25 (k1 1.2, b 0.75) over the pool."""
        scores = np.zeros(len(self.passages))
        for term in sorted(set(terms(query)) - STOP_WORDS):
            if term in self._weights:
                at, weight = self._weights[term]
                scores[at] += weight
        best = np.argsort(-scores, kind="stable")[:k]
        return [self.passages[i] for i in best if scores[i] > 0]

    def near(self, passage: Passage, k: int = 12) -> list[Passage]:
        """Passages nearest to one, it apart: its rarest words as the query."""
        if passage.number not in self._known:
            rare = sorted(passage.terms, key=lambda t: (len(self._weights[t][0]), t))[:25]
            found = self.search(" ".join([passage.title, *rare]), 13)
            self._known[passage.number] = [p for p in found if p is not passage]
        return self._known[passage.number][:k]


class Sets:
    """Readers of the open sets under a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The lines of one file, as ``squad2/questions``."""
        return lines(self._folder / f"{name}.jsonl.gz")


def untokenized(text: str) -> str:
    """Text of word-split sets as it was written: ``the dog 's tail , it said`` without gaps."""
    text = text.replace("`` ", '"').replace(" ''", '"').replace("``", '"').replace("''", '"')
    text = re.sub(r" (?='(?:s|t|re|ve|ll|d|m)\b|n't\b)", "", text)
    text = re.sub(r"\bcan not\b", "cannot", text)
    text = re.sub(r"(?<=\w) - (?=\w)", "-", text)
    text = re.sub(r"(?<=\w) -- (?=\w)", " – ", text)
    text = re.sub(r" ([,.;:!?%)\]])", r"\1", text)
    text = re.sub(r"([(\[$£€]) ", r"\1", text)
    text = re.sub(r"(?<=\d), (?=\d{3}\b)", ",", text)
    text = re.sub(r"\s*@([-,.])@\s*", r"\1", text)
    return re.sub(r"  +", " ", text).strip()


def plain_markdown(text: str) -> str:
    """Markdown without front matter, imports, images, comments, links and emphasis."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->|<Head>.*?</Head>|<script.*?</script>", "", text, flags=re.DOTALL)
    text = re.sub(r"(?m)^(?:import|export) .*$", "", text)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", text)
    text = re.sub(r"(?m)^\[[^\]]+\]: \S+.*$", "", text)
    text = re.sub(r"</?[A-Za-z][^>\n]*>", "", text)
    text = re.sub(r"(?m)^:::\w*.*$|^> \[!\w+\]\s*$", "", text)
    text = re.sub(r"(?m)^> ?", "", text)
    text = re.sub(r"\*\*([^*\n]+)\*\*|__([^_\n]+)__", lambda m: m[1] or m[2], text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Heading and body of each part of a Markdown page."""
    text = re.sub(r"(?m)^(```|~~~).*?^\1[^\n]*$", lambda m: m[0].replace("\n#", "\n #"), text,
                  flags=re.DOTALL)  # fmt: skip
    for part in re.split(r"(?m)^(?=#{1,6} )", text):
        heading = re.match(r"#{1,6} (.*)\n?", part)
        body = part[heading.end() :].strip() if heading else part.strip()
        if body:
            yield (heading[1].strip(" #") if heading else ""), body


_GOOD = re.compile(r"[A-Z\"“(0-9`].*[.!?][\"”)]?$", re.DOTALL)


def _sentences(text: str) -> list[Sentence]:
    found: list[Sentence] = []
    before = ""
    for unit in split(text):
        if unit.unit in (Unit.PROSE, Unit.ITEM):
            body = re.sub(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+", "", unit.text)
            start = unit.start + len(unit.text) - len(body)
            lines = body.split("\n")
            if len(lines) > 1 and len(lines[0].split()) < 9:  # a title and a sentence
                continue
            if 5 <= len(body.split()) <= 45 and _GOOD.match(body):
                found.append(Sentence(body, start, before))
            before = body
    return found


def _cut(text: str, size: int = WORDS_A_PASSAGE) -> Iterator[str]:
    """Pieces of about ``size`` words that end with sentences."""
    if len(text.split()) <= size * 1.5:
        yield text.strip()
        return
    units = split(text)
    start, count = 0, 0
    for unit in units:
        count += len(unit.text.split())
        if count >= size:
            yield text[start : unit.end].strip()
            start, count = unit.end, 0
    if text[start:].strip():
        yield text[start:].strip()


def _passages(name: str, doc: str, title: str, text: str, heading: str = "") -> list[Passage]:
    return [
        Passage(name, doc, title, piece, heading, 0, _sentences(piece))
        for piece in _cut(text)
        if len(piece.split()) >= 8
    ]


def _joined(text: str) -> Iterator[str]:
    """Sections with their heading, small ones with what follows, about ``WORDS_A_PASSAGE``."""
    kept = ""
    for heading, body in sections(text):
        kept = f"{kept}\n\n{heading}\n\n{body}".strip()
        if len(kept.split()) >= WORDS_A_PASSAGE * 0.6:
            yield kept
            kept = ""
    if kept:
        yield kept


def corpora(sets: Sets, seed: int) -> dict[str, Pool]:
    """Every corpus as passages; documentation by section, with small sections put together."""
    dice = random.Random(f"{seed} raw")
    found: dict[str, list[Passage]] = defaultdict(list)
    for name in ("squad2", "clapnq", "northwind", "anthropic_docs_qa"):
        for row in sets.rows(f"{name}/corpus"):
            text = row["text"] if dice.random() < 0.25 else untokenized(row["text"])
            piece = Passage(name, str(row["doc"]), row.get("title") or "", text.strip())
            piece.sentences, piece.heading = _sentences(piece.text), str(row["id"])
            found[name].append(piece)
    for row in sets.rows("mtrag/corpus_pool"):
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", row["text"])
        text = text if dice.random() < 0.25 else untokenized(text)
        title = text.split("\n", 1)[0][:80]
        for passage in _passages("mtrag", str(row["id"]), title, text.strip(), str(row["id"])):
            found["mtrag"].append(passage)
    for row in sets.rows("chunking_eval/documents"):
        text = untokenized(row["text"]) if row["id"] == "wikitexts" else row["text"]
        for passage in _passages("chunking_eval", str(row["id"]), "", text):
            found["chunking_eval"].append(passage)
    for row in sets.rows("multihop_rag/corpus"):
        found["multihop_rag"] += _passages(
            "multihop_rag", str(row["id"]), row["title"], row["text"], str(row["id"])
        )
    for name in ("docs_plausible", "docs_wsl", "docs_powershell"):
        for row in sets.rows(f"{name}/pages"):
            page = str(row["id"])
            if name == "docs_powershell" and not re.match(r"reference/(7\.6|docs-conc)", page):
                continue
            for text in _joined(plain_markdown(row["text"])):
                found[name] += _passages(name, page, str(row["title"]), text)
    for row in sets.rows("abcd_support/guidelines"):
        found["abcd_support"] += _passages(
            "abcd_support", str(row["id"]), str(row["title"]), row["text"]
        )
    for name, file in (
        ("halueval_qa", "halueval_qa/pairs"),
        ("faithdial_audit", "faithdial_audit/responses"),
        ("begin", "begin/dev_cmu_tc"),
        ("q2_wow", "q2_wow/responses"),
    ):
        for text in dict.fromkeys(str(row["context"]) for row in sets.rows(file)):
            for passage in _passages(name, text[:60], "", untokenized(text)):
                found[name].append(passage)
    return {name: Pool(passages) for name, passages in found.items()}
