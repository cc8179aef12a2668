"""Claims from what people and systems answered: reference answers, SQuAD 2 and CANARD answers
as statements, and the sets that people labelled or rated."""

# ruff: noqa: E501 - patterns and templates read better whole

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from benchmarks.checker.claims import Maker, carried, error_in, evidence_for, one_line, texts_of
from benchmarks.checker.corruptions import Near
from benchmarks.checker.declaratives import declarative, fallback
from benchmarks.checker.pairs import ClaimPair
from benchmarks.checker.rewordings import reworded
from benchmarks.checker.sources import Passage, Pool, Sets, untokenized
from bot.sentences import split


def _turned(text: str) -> str:
    return one_line(untokenized(text))


def _reference_usable(name: str, row: dict[str, Any], gold: list[Passage]) -> bool:
    """Whether a set's answer to a question can be taken at its word."""
    if not row["answerable"] or not gold or not row["answers"]:
        return False
    if row.get("answerability", "ANSWERABLE") != "ANSWERABLE":
        return False
    held = row.get("gold_in_corpus")
    if isinstance(held, list) and len(held) < len(row["gold"]):
        return False
    return name != "northwind" or bool(held)


def reference_claims(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[ClaimPair]:
    """People's answers with their gold passages: whole, reworded, damaged, withheld."""
    for name, file, gold_key in (
        ("clapnq", "clapnq/questions", "gold"), ("northwind", "northwind/questions", "gold_pages"),
        ("anthropic_docs_qa", "anthropic_docs_qa/questions", "gold"), ("mtrag", "mtrag/tasks", "gold"),
    ):  # fmt: skip
        dice = random.Random(f"{seed} reference {name}")
        maker = Maker(name, pools[name], seed)
        for row in sets.rows(file):
            gold = [
                p
                for g in row.get(gold_key) or ()
                for p in pools[name].passages
                if re.sub(r"\|\d+$", "", p.heading) in (g, re.sub(r"\|\d+$", "", g))
            ]
            if not _reference_usable(name, row, gold):
                continue
            whole = [_turned(u.text) for u in split(row["answers"][0]) if len(u.text.split()) >= 4]
            if len(whole) >= 2 and len(row["answers"][0].split()) < 110:
                whole.append(_turned(row["answers"][0]))
            for number, text in enumerate(whole):
                for turn in range(4 if name != "mtrag" else 3):
                    tag = f"{seed} {row['id']} {number} {turn}"
                    yield from _one_reference(maker, row, gold, text, turn, tag, dice)


def _one_reference(maker: Maker, row: dict[str, Any], gold: list[Passage], text: str, turn: int,
                   tag: str, dice: random.Random) -> Iterator[ClaimPair]:  # fmt: skip
    """One sentence of an answer, right and wrong: damaged, or (the last turn) withheld."""
    near = [p for p in maker.pool.near(gold[0], 8) if p not in gold]
    shown = [*gold[:4], *dice.sample(near, min(len(near), dice.randint(0, 3)))]
    dice.shuffle(shown)
    texts = texts_of(shown)
    said = text if turn == 0 else reworded(text, tag)[0]
    asked, group = row["question"], maker.set.removeprefix("made:") + f":{gold[0].doc}"
    if turn == 3:
        lone = texts_of(dice.sample(near, min(len(near), 3)))
        if near and not carried(said, lone):
            yield maker.pair("reference", texts, said, asked, 1, group)
            yield maker.pair("reference_withheld", lone, said, asked, 0, group)
        return
    around = Near(" ".join(texts_of(gold)), " ".join(texts_of(near[:3])))
    damage = error_in(text, around, dice, texts)
    if damage:
        bad = damage.text if turn == 0 else reworded(damage.text, tag)[0]
        if bad != said:
            yield maker.pair("reference", texts, said, asked, 1, group)
            yield maker.pair(f"reference_{damage.kind}", texts, bad, asked, 0, group)


def answered_claims(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[ClaimPair]:
    """SQuAD 2 questions and answers as statements: true ones, those of the questions that the
    paragraph does not answer (with the answer that seems to fit), and damaged ones."""
    dice = random.Random(f"{seed} squad2 statements")
    pool = pools["squad2"]
    maker = Maker("squad2", pool, seed)
    by_id = {p.heading: p for p in pool.passages}
    for row in sets.rows("squad2/questions"):
        gold = by_id[row["gold"][0]]
        answers = row["answers"] or row["plausible"]
        if not answers:
            continue
        answer = _turned(min(answers, key=len))
        text = declarative(row["question"], answer, dice)
        if text is None and dice.random() < 0.35:
            text = fallback(row["question"], answer, dice)
        if text is None:
            continue
        shown = texts_of(evidence_for(gold, pool, dice))
        context = "" if dice.random() < 0.5 else row["question"]
        group = f"squad2:{gold.doc}"
        tag = f"{seed} {row['id']}"
        if not row["answerable"]:
            yield maker.pair("qa_plausible", shown, reworded(text, tag)[0], context, 0, group)
            continue
        yield maker.pair("qa_statement", shown, reworded(text, tag)[0], context, 1, group)
        near = Near(_turned(gold.text), " ".join(texts_of(pool.near(gold, 3))))
        found = error_in(text, near, dice, shown)
        if found:
            bad = reworded(found.text, tag)[0]
            if dice.random() < 0.5:
                yield maker.pair(
                    "qa_statement", shown, reworded(text, tag + "b")[0], context, 1, group
                )
            yield maker.pair(f"qa_{found.kind}", shown, bad, context, 0, group)


def history_claims(sets: Sets, seed: int) -> Iterator[ClaimPair]:
    """CANARD: the answers of a dialogue are sentences of one article section; a question in its
    stand-alone form with the answer given next makes a statement."""
    dice = random.Random(f"{seed} canard")
    dialogues: dict[str, list[dict[str, Any]]] = {}
    for row in sets.rows("canard/rewrites"):
        dialogues.setdefault(row["id"].split("#")[0], []).append(row)
    kept: list[tuple[str, str, list[tuple[str, str]]]] = []
    for key, rows in dialogues.items():
        longest = max(rows, key=lambda r: len(r["history"]))
        said = longest["history"]
        answers = [_turned(a) for a in said[3::2]]
        rewrites = {r["question"]: r["rewrite"] for r in rows}
        asked = [(rewrites.get(q, ""), a) for q, a in zip(said[2::2], said[3::2], strict=False)]
        if len(answers) >= 3:
            kept.append((key, f"{said[0]}: {said[1]}. " + " ".join(answers), asked))
    for at, (key, text, asked) in enumerate(kept):
        for question, said in asked:
            answer = _turned(said)
            if not question or "CANNOTANSWER" in answer or len(answer.split()) < 2:
                continue
            statement = declarative(question, answer, dice)
            claim = statement or (answer if len(answer.split()) > 5 else None)
            if not claim:
                continue
            tag = f"{seed} {key} {question}"
            shown = [text]
            others = [k[1] for k in kept[max(0, at - 2) : at + 3] if k[0] != key]
            shown += dice.sample(others, min(len(others), dice.randint(0, 2)))
            dice.shuffle(shown)
            near = Near(text, " ".join(others))
            found = error_in(claim, near, dice, shown)
            if not found:
                continue
            bad = reworded(found.text, tag)[0]
            good = reworded(claim, tag)[0]
            if bad != good:
                yield ClaimPair(
                    "made:canard",
                    "qa_statement" if statement else "answer",
                    tuple(shown),
                    one_line(good),
                    question,
                    1,
                    f"canard:{key}",
                )
                yield ClaimPair(
                    "made:canard",
                    f"qa_{found.kind}",
                    tuple(shown),
                    one_line(bad),
                    question,
                    0,
                    f"canard:{key}",
                )


def judged_claims(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[ClaimPair]:
    """The sets that people labelled; q2_wow's labels stand the wrong way round there."""
    dice = random.Random(f"{seed} judged")
    for name, file in (
        ("faithdial_audit", "faithdial_audit/responses"), ("begin", "begin/dev_cmu_tc"),
        ("halueval_qa", "halueval_qa/pairs"), ("q2_wow", "q2_wow/responses"),
    ):  # fmt: skip
        for row in sets.rows(file):
            if row["label"] not in ("supported", "unsupported"):
                continue
            label = int((row["label"] == "supported") != (name == "q2_wow"))
            said = row.get("question") or row.get("message") or row.get("history") or ""
            if isinstance(said, list):
                said = said[-1] if said else ""
            texts = [row["context"].strip()]
            if dice.random() < 0.4:
                others = [
                    p
                    for p in pools[name].search(row["context"][:300], 5)
                    if p.text[:40] not in untokenized(row["context"])
                ]
                texts += texts_of(others[: dice.randint(1, 2)])
                dice.shuffle(texts)
            response = row["response"].strip()
            kind = "judged"
            if name == "halueval_qa":
                if len(response.split()) < 8:
                    response = declarative(row["question"], response, dice) or fallback(
                        row["question"], response, dice
                    )
                kind = "judged_qa"
            yield ClaimPair(
                name,
                kind,
                tuple(texts),
                one_line(response),
                one_line(said)[-400:],
                label,
                f"{name}:{row['context'][:60]}",
            )


def rated_claims(sets: Sets) -> Iterator[ClaimPair]:
    """mtrag: answers of three systems that three people rated for faithfulness from 1 to 4."""
    for row in sets.rows("mtrag/human_ratings"):
        marks = [int(m) for m in row["human"].get("faithfulness", []) if str(m).isdigit()]
        texts = tuple(c["text"].strip() for c in row["contexts"][:6])
        if len(marks) < 2 or not texts or row["answerability"] not in ("ANSWERABLE", "PARTIAL"):
            continue
        mean = sum(marks) / len(marks)
        if 2.5 < mean < 3.6:
            continue
        said = row["messages"][-1]["text"]
        yield ClaimPair(
            "mtrag",
            "rated",
            texts,
            one_line(row["response"]),
            one_line(said)[-400:],
            int(mean >= 3.6),
            f"mtrag:{row['id'].split('<')[0]}",
        )
