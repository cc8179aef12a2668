"""A day of traffic, made of the open sets by a seed: small talk, questions, and questions again.

Of the messages ``SMALL_TALK`` are small talk (clinc150, the part that no classifier was trained
on), ``REPEATS`` are a question that was asked before on that day, chosen by Zipf's law (the r-th
most popular with a weight of 1/r), half of them word for word and half with a greeting, a "please",
other case or no question mark; the rest are questions that nobody asked before, of which
``UNKNOWN`` have no answer in the documents. Questions come from northwind, clapnq, docs_plausible
and squad2 in equal parts as long as they last. northwind's pages are for staff: whoever asks about
them is staff, of all others one in seven is too, so that a question may be asked again with other
rights. Reworded repeats are no repeats here: they count as new questions would, and cost as much.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.open_sets import rows
from bot.lexical import query_terms, terms
from bot.sentences import split

SMALL_TALK = 0.20
REPEATS = 0.28
UNKNOWN = 0.12
STAFF = frozenset({"staff"})
_STAFF_SHARE = 1 / 7
SETS = ("northwind", "clapnq", "docs_plausible", "squad2")
_SHORT = 8  # words; a longer reference answer is compared by its words
_HELD = 0.7  # of the telling words of a sentence that answers


@dataclass(frozen=True)
class Gold:
    """A question and what answers it: short answers, or sentences that do."""

    set: str
    question: str
    answerable: bool
    shorts: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()

    def answered_by(self, text: str) -> bool:
        """Whether a text holds an answer: a short one whole, a sentence by most of its words."""
        said = plain(text)
        if any(f" {plain(short)} " in f" {said} " for short in self.shorts):
            return True
        found = set(terms(text))
        return any(_held(sentence, found) >= _HELD for sentence in self.sentences)


@dataclass(frozen=True)
class Sent:
    """One message of the day. ``gold`` is ``None`` for small talk."""

    text: str
    kind: str
    groups: frozenset[str]
    gold: Gold | None = None


def plain(text: str) -> str:
    """Words and numbers alone, in lower case."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _held(sentence: str, found: set[str]) -> float:
    wanted = set(query_terms(sentence))
    return len(wanted & found) / len(wanted) if len(wanted) > 2 else 0.0


def write_documents(data: Path, folder: Path) -> None:
    """The documents of the sets as files to ingest, one folder a set."""
    for name in SETS:
        documents = [
            {"id": r["id"], "title": r["title"], "text": r["text"]} for r in _pages(data, name)
        ]
        (folder / name).mkdir(parents=True)
        text = "\n".join(json.dumps(document) for document in documents)
        (folder / name / f"{name}.jsonl").write_text(text, "utf-8")


def _pages(data: Path, name: str) -> Iterator[dict[str, Any]]:
    if not name.startswith("docs_"):
        for row in rows(f"{name}/corpus", data):
            yield {"id": row["id"], "title": str(row.get("title") or ""), "text": row["text"]}
        return
    headings: dict[str, list[tuple[int, int]]] = {}
    for row in rows(f"{name}/faq", data):
        for span in row["spans"]:
            headings.setdefault(span["page"], []).append(tuple(span["heading"]))
    for row in rows(f"{name}/pages", data):
        text = row["text"]
        for start, end in headings.get(row["id"], []):  # the question itself: not to be found
            text = text[:start] + "#" + " " * (end - start - 1) + text[end:]
        yield {"id": row["id"], "title": str(row.get("title") or ""), "text": text}


def questions(data: Path, name: str) -> list[Gold]:
    """The questions of a set, with what answers them.

    Without those whose reference answer is in no sentence of their own documents: nobody could say
    whether an answer to them is right.
    """
    sentences: dict[str, list[str]] = {}
    for page in _pages(data, name):
        found = [s.text for s in split(page["text"])]
        sentences[page["id"]] = found
        sentences.setdefault(page["id"].partition("|")[0], []).extend(found)  # northwind's pages
    asked = []
    for row in rows(f"{name}/{'faq' if name.startswith('docs_') else 'questions'}", data):
        gold = _gold(name, row)
        places = row.get("gold") or row.get("gold_pages") or ()
        held = (s for place in places for s in sentences.get(place, ()))
        if not gold.answerable or any(map(gold.answered_by, held)):
            asked.append(gold)
    return asked


def _gold(name: str, row: dict[str, Any]) -> Gold:
    answers = [str(a) for a in row.get("answers") or ()]
    shorts = tuple(a for a in answers if len(a.split()) <= _SHORT)
    long = [*(row.get("gold_sentences") or ()), *(a for a in answers if a not in shorts)]
    sentences = tuple(s for text in long for s in re.split(r"(?<=[.!?])\s+|\n+", text))
    return Gold(name, str(row["question"]).strip(), bool(row["answerable"]), shorts, sentences)


def small_talk(data: Path) -> list[str]:
    """Small talk of the validation part, which trains nothing."""
    return [r["text"] for r in rows("clinc150/val", data) if r.get("domain") == "small_talk"]


def replayed_day(data: Path, messages: int, seed: int) -> list[Sent]:
    """The day, in order."""
    rng = random.Random(seed)
    fresh = _fresh(data, rng)
    chats = small_talk(data)
    rng.shuffle(chats)
    day: list[Sent] = []
    popular: list[Sent] = []
    for number in range(messages):
        draw = rng.random()
        if draw < SMALL_TALK:
            day.append(Sent(chats[number % len(chats)], "small talk", frozenset()))
        elif draw < SMALL_TALK + REPEATS and popular:
            weights = [1 / rank for rank in range(1, len(popular) + 1)]
            asked = rng.choices(popular, weights)[0]
            text = asked.text if rng.random() < 0.5 else otherwise(asked.text, rng)
            day.append(Sent(text, "repeat", _groups(asked.gold, rng), asked.gold))
        else:
            gold = next(fresh)
            new = Sent(gold.question, "new", _groups(gold, rng), gold)
            # Popular is what is anywhere in the list by chance, not what was asked first.
            popular.insert(rng.randrange(len(popular) + 1), new)
            day.append(new)
    return day


def _fresh(data: Path, rng: random.Random) -> Iterator[Gold]:
    """Questions that were not asked yet, the sets in turn, ``UNKNOWN`` of them without answer."""
    known: list[list[Gold]] = []
    unknown: list[list[Gold]] = []
    for name in SETS:
        found = questions(data, name)
        rng.shuffle(found)
        known.append([g for g in found if g.answerable])
        unknown.append([g for g in found if not g.answerable])
    while True:
        pools = [pool for pool in (unknown if rng.random() < UNKNOWN else known) if pool]
        yield rng.choice(pools).pop()


def _groups(gold: Gold | None, rng: random.Random) -> frozenset[str]:
    about_staff = gold is not None and gold.set == "northwind"
    return STAFF if about_staff or rng.random() < _STAFF_SHARE else frozenset()


def otherwise(text: str, rng: random.Random) -> str:
    """The same question as somebody else types it."""
    ways: list[Callable[[str], str]] = [
        lambda t: f"Hi, {t}",
        lambda t: f"Hello! {t}",
        lambda t: t.rstrip("?") + ", please?",
        lambda t: f"{t} Thanks!",
        lambda t: t[:1].lower() + t[1:],
        lambda t: t[:1].upper() + t[1:],
        lambda t: t.rstrip("?.! "),
        lambda t: f"Can you please tell me {t[:1].lower() + t[1:]}",
    ]
    return rng.choice(ways)(text)
