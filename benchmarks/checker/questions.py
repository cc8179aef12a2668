"""Questions with passages that answer them, and near misses that do not."""

# ruff: noqa: E501 - patterns and templates read better whole

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from benchmarks.checker.asking import asked
from benchmarks.checker.claims import carried, evidence_for, one_line, usable
from benchmarks.checker.corruptions import Near, damages, mentioned
from benchmarks.checker.declaratives import verb_of
from benchmarks.checker.headings import heading_questions
from benchmarks.checker.pairs import QuestionPair, Span
from benchmarks.checker.sources import (
    Passage,
    Pool,
    Sets,
    untokenized,
)

ASKED = {  # sentences turned into questions, of each set
    "squad2": 1_500, "clapnq": 1_500, "northwind": 700, "mtrag": 3_000, "anthropic_docs_qa": 400,
    "chunking_eval": 800, "docs_plausible": 2_200, "docs_wsl": 1_300, "docs_powershell": 3_000,
    "halueval_qa": 250, "faithdial_audit": 600, "begin": 900,
}  # fmt: skip


def _span(texts: list[str], number: int, answer: str) -> Span | None:
    at = texts[number].find(answer)
    return Span(number, at, at + len(answer)) if answer and at >= 0 else None


_VALUES = frozenset("entity_far year number percent money".split())
_CLOSED = re.compile(
    r"(?i)(?:is|are|was|were|do|does|did|can|could|will|would|should|must|may|has|have|had)\b"
)


def _denied(question: str) -> str | None:
    """A question for what is not so: ``Who did not found X?``, ``When did X not rise?``."""
    match = re.match(r"(?i)(.*?\b(?:did|does|do)) (.+)$", question)
    parts = verb_of(match[2]) if match else None
    if match and parts:
        subject, verb, rest = parts
        return f"{match[1]} {subject} not {verb} {rest}".rstrip(" ?") + "?"
    match = re.match(
        r"(?i)((?:who|what|which \w+|what \w+) (?:is|are|was|were|can|will|must)) (.+)$", question
    )
    if match:
        return f"{match[1]} not {match[2]}"
    match = re.match(r"(?i)(who|what) (?!did|does|do)([a-z]+(?:ed|s)) (.+)$", question)
    return f"{match[1]} never {match[2]} {match[3]}" if match else None


def _damaged(
    question: str, passage: str, others: str, dice: random.Random
) -> tuple[str, str] | None:
    """A question that its passage no longer answers: as SQuAD 2's annotators wrote them.

    One for yes or no is left alone: its passage answers it with no.
    """
    if _CLOSED.match(question):
        return None
    if dice.random() < 0.15 and not re.search(r"\b(?:not|never|no)\b|n't", question):
        denied = _denied(question)
        if denied:
            return "near_negation", denied
    kinds = ("values", "dates", "entities", "opposites", "roles", "kin")
    for damage in damages(question, Near(passage, others), dice, kinds):
        if not (damage.kind in _VALUES and mentioned(damage.new, passage)):
            return f"near_{damage.kind}", damage.text
    return None


def _around(passage: Passage, pool: Pool, dice: random.Random, k: int = 3) -> list[Passage]:
    near = pool.near(passage, 8)
    return dice.sample(near, min(len(near), dice.randint(1, k)))


def squad_questions(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[QuestionPair]:
    """SQuAD 2 as it is, without its paragraph, with a damaged question, of a neighbour."""
    dice = random.Random(f"{seed} squad questions")
    pool = pools["squad2"]
    by_id = {p.heading: p for p in pool.passages}
    for row in sets.rows("squad2/questions"):
        gold = by_id[row["gold"][0]]
        question = one_line(row["question"])
        group = f"squad2:{gold.doc}"
        for turn in range(2):
            shown = [gold] if turn == 0 and dice.random() < 0.6 else evidence_for(gold, pool, dice)
            texts = [p.text for p in shown]
            at = next(i for i, p in enumerate(shown) if p is gold)
            if not row["answerable"]:
                yield QuestionPair("squad2", "near_miss", tuple(texts), question, 0, None, group)
                continue
            answer = min(row["answers"], key=len)
            span = _span(texts, at, answer) or _span(texts, at, untokenized(answer))
            yield QuestionPair("squad2", "answered", tuple(texts), question, 1, span, group)
        if row["answerable"]:
            near = _around(gold, pool, dice)
            answer = min(row["answers"], key=len)
            if near and not any(mentioned(answer, p.text) for p in near):
                yield QuestionPair(
                    "made:squad2", "withheld", tuple(p.text for p in near), question, 0, None, group
                )
            found = _damaged(
                question, gold.text, " ".join(p.text for p in pool.near(gold, 3)), dice
            )
            if found and dice.random() < 0.5:
                yield QuestionPair("made:squad2", found[0], (gold.text,), found[1], 0, None, group)


_LEANS = re.compile(
    r"(?i)\b(?:it|they|them|that|this|those|these|he|she|there|one|other|else|more)\b"
)


def _asked_of(name: str, row: dict[str, Any]) -> bool:
    """Whether a question stands for itself and its set says clearly what answers it."""
    question = one_line(row["question"])
    if name == "mtrag" and (
        len(question.split()) < 5 or (len(row["messages"]) > 1 and _LEANS.search(question))
    ):
        return False
    if row.get("answerability") in ("PARTIAL", "UNDERSPECIFIED"):
        return False
    return name != "northwind" or not row["answerable"] or bool(row["gold_in_corpus"])


def _first_span(row: dict[str, Any], shown: list[str]) -> Span | None:
    """Where the first gold sentence stands."""
    sentences = list(row.get("gold_sentences") or ())
    if not row["answerable"] or not sentences:
        return None
    for i in range(len(shown)):
        found = _span(shown, i, sentences[0]) or _span(shown, i, untokenized(sentences[0]))
        if found:
            return found
    return None


def reference_questions(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[QuestionPair]:
    """Sets with gold passages: answerable, judged unanswerable, withheld, damaged."""
    for name, file, key in (
        ("clapnq", "clapnq/questions", "gold"), ("northwind", "northwind/questions", "gold_pages"),
        ("anthropic_docs_qa", "anthropic_docs_qa/questions", "gold"), ("mtrag", "mtrag/tasks", "gold"),
    ):  # fmt: skip
        dice = random.Random(f"{seed} questions {name}")
        pool = pools[name]
        ids: dict[str, list[Passage]] = {}
        for p in pool.passages:
            for known in {p.heading, re.sub(r"\|\d+$", "", p.heading)}:
                ids.setdefault(known, []).append(p)
        for row in sets.rows(file):
            gold = [p for g in row.get(key) or () for p in ids.get(g, ())]
            if _asked_of(name, row):
                for _turn in range(3):
                    yield from _one_reference(name, row, gold, pool, dice)


def _one_reference(name: str, row: dict[str, Any], gold: list[Passage], pool: Pool,
                   dice: random.Random) -> Iterator[QuestionPair]:  # fmt: skip
    """A question with its passages, without them, and damaged."""
    question = one_line(row["question"])
    group = f"{name}:{gold[0].doc if gold else row['id']}"
    around = pool.near(gold[0], 8) if gold else pool.search(question, 6)
    near = [p for p in around if p not in gold]
    others = dice.sample(near, min(len(near), dice.randint(0 if gold else 2, 4)))
    chosen = [*gold[:4], *others]
    dice.shuffle(chosen)
    shown = tuple(p.text for p in chosen)
    if shown and (row["answerable"] is False or gold):
        kind = "answered" if row["answerable"] else "unanswerable"
        yield QuestionPair(name, kind, shown, question, int(row["answerable"]),
                           _first_span(row, list(shown)), group)  # fmt: skip
    if not row["answerable"] or not near:
        return
    lone = [p.text for p in dice.sample(near, min(len(near), dice.randint(1, 4)))]
    if row["answers"] and not carried(row["answers"][0], lone):
        yield QuestionPair(f"made:{name}", "withheld", tuple(lone), question, 0, None, group)
    found = _damaged(question, gold[0].text, " ".join(p.text for p in near[:3]), dice)
    if found and dice.random() < 0.6:
        yield QuestionPair(f"made:{name}", found[0], shown, found[1], 0, None, group)


def span_questions(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[QuestionPair]:
    """chunking_eval: questions with exact spans in two documents."""
    dice = random.Random(f"{seed} chunking")
    pool = pools["chunking_eval"]
    for row in sets.rows("chunking_eval/questions"):
        wanted = [one_line(untokenized(s["text"])) for s in row["gold_spans"]]
        parts = pool.by_doc[row["doc"]]
        gold = [p for p in parts if any(w[:60] in one_line(p.text) for w in wanted)]
        if len(gold) < len({w[:60] for w in wanted}) or len(gold) > 4:
            continue
        near = [p for p in pool.search(row["question"], 10) if p not in gold]
        group = f"chunking_eval:{row['id']}"
        for _turn in range(3):
            shown = [*gold, *dice.sample(near, min(len(near), dice.randint(0, 3)))]
            dice.shuffle(shown)
            yield QuestionPair(
                "chunking_eval",
                "answered",
                tuple(p.text for p in shown),
                row["question"],
                1,
                None,
                group,
            )
            lone = dice.sample(near[:6], min(len(near[:6]), dice.randint(1, 4)))
            if lone:
                yield QuestionPair(
                    "made:chunking_eval",
                    "withheld",
                    tuple(p.text for p in lone),
                    row["question"],
                    0,
                    None,
                    group,
                )


def news_questions(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[QuestionPair]:
    """multihop_rag: null queries with what is nearest; the others with their evidence, whole or
    in part."""
    dice = random.Random(f"{seed} news")
    pool = pools["multihop_rag"]
    rows = {r["id"]: r for r in sets.rows("multihop_rag/corpus")}

    def shown_as(key: str) -> str:
        row = rows[key]
        return f"{row['title']} ({row['source']}, {row['published_at'][:10]})\n{row['text']}"

    for row in sets.rows("multihop_rag/questions"):
        group = f"multihop_rag:{row['id']}"
        near = [p.heading for p in pool.search(row["question"], 8) if p.heading not in row["gold"]]
        for _turn in range(2):
            others = dice.sample(near, min(len(near), dice.randint(2, 4)))
            if not row["answerable"]:
                yield QuestionPair(
                    "multihop_rag",
                    "null",
                    tuple(map(shown_as, others)),
                    row["question"],
                    0,
                    None,
                    group,
                )
                continue
            keys = [*row["gold"], *others[:2]]
            dice.shuffle(keys)
            yield QuestionPair(
                "multihop_rag",
                "answered",
                tuple(map(shown_as, keys)),
                row["question"],
                1,
                None,
                group,
            )
            left = dice.choice(row["gold"])
            part = [k for k in keys if k != left]
            if part:
                yield QuestionPair(
                    "made:multihop_rag",
                    "half",
                    tuple(map(shown_as, part)),
                    row["question"],
                    0,
                    None,
                    group,
                )


def sentence_questions(pools: dict[str, Pool], seed: int) -> Iterator[QuestionPair]:
    """Sentences turned into questions: with their passage, with it less the sentence, damaged."""
    for name, count in ASKED.items():
        dice = random.Random(f"{seed} asked {name}")
        pool = pools[name]
        known = [(p, s) for p in pool.passages for s in p.sentences if usable(s.text)]
        dice.shuffle(known)
        made = 0
        for passage, sentence in known:
            if made >= count:
                break
            raw = one_line(untokenized(sentence.text))
            found = asked(raw, dice)
            if not found or re.match(r"(?:It|They|He|She|This|These|That|Those|There)\b", raw):
                continue
            made += 1
            question, answer = found
            shown = evidence_for(passage, pool, dice)
            at = next(i for i, p in enumerate(shown) if p is passage)
            texts = [p.text for p in shown]
            start = texts[at].find(answer, sentence.start) if answer else -1
            span = Span(at, start, start + len(answer)) if answer and start >= 0 else None
            group = f"{name}:{passage.doc}"
            yield QuestionPair(f"made:{name}", "asked", tuple(texts), question, 1, span, group)
            draw = dice.random()
            if draw < 0.4 and len(passage.sentences) > 2:
                less = list(texts)
                less[at] = texts[at].replace(sentence.text, "").replace("  ", " ").strip()
                if not carried(raw, less) and not (
                    answer and len(answer.split()) < 5 and any(mentioned(answer, t) for t in less)
                ):
                    yield QuestionPair(
                        f"made:{name}", "cut_out", tuple(less), question, 0, None, group
                    )
                    continue
            if draw < 0.75:
                near = Near(one_line(passage.text), " ".join(p.text for p in pool.near(passage, 3)))
                bad = _damaged(question, near.same, near.others, dice)
                if bad:
                    yield QuestionPair(f"made:{name}", bad[0], tuple(texts), bad[1], 0, None, group)
                    continue
            lone = (
                [p.text for p in _around(passage, pool, dice, 4)] if pool.near(passage, 8) else []
            )
            if (
                lone
                and not carried(raw, lone)
                and not (
                    answer and len(answer.split()) < 4 and any(mentioned(answer, t) for t in lone)
                )
            ):
                yield QuestionPair(
                    f"made:{name}", "withheld", tuple(lone), question, 0, None, group
                )


def every_question(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[QuestionPair]:
    yield from squad_questions(sets, pools, seed)
    yield from reference_questions(sets, pools, seed)
    yield from span_questions(sets, pools, seed)
    yield from news_questions(sets, pools, seed)
    yield from heading_questions(sets, pools, seed)
    yield from sentence_questions(pools, seed)
