"""Claims with evidence: sentences reworded, sentences damaged, reference and judged answers."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import lru_cache

from benchmarks.checker.corruptions import Damage, Near, damages, mentioned
from benchmarks.checker.declaratives import declarative, fallback
from benchmarks.checker.pairs import ClaimPair
from benchmarks.checker.rewordings import reworded
from benchmarks.checker.sources import Passage, Pool, Sentence, Sets, untokenized
from bot.lexical import STOP_WORDS, terms
from bot.sentences import split

# How many sentences of a set are used, and how many pairs each gives.
TAKEN = {
    "squad2": (1_600, 2), "clapnq": (2_000, 2), "northwind": (900, 2), "mtrag": (5_000, 1),
    "anthropic_docs_qa": (600, 1), "chunking_eval": (1_200, 2), "multihop_rag": (270, 2),
    "docs_plausible": (2_600, 1), "docs_wsl": (1_500, 1), "docs_powershell": (5_000, 1),
    "abcd_support": (300, 1), "halueval_qa": (300, 2), "faithdial_audit": (900, 2),
    "begin": (1_600, 2), "q2_wow": (170, 2),
}  # fmt: skip


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def content(text: str) -> set[str]:
    return set(terms(text)) - STOP_WORDS


@lru_cache(maxsize=60_000)
def sentence_terms(text: str) -> frozenset[str]:
    return frozenset(content(text))


def evidence_for(passage: Passage, pool: Pool, dice: random.Random) -> list[Passage]:
    """The passage alone (a fifth) or among one to four near ones, in any order."""
    if dice.random() < 0.2:
        return [passage]
    near = pool.near(passage, 8)
    others = dice.sample(near, min(len(near), dice.choice([1, 2, 2, 3, 3, 4])))
    if dice.random() < 0.3:  # chunks of one article
        around = pool.by_doc[passage.doc]
        at = around.index(passage)
        others = [p for p in around[max(0, at - 1) : at + 3] if p is not passage] or others
    shown = [passage, *others]
    dice.shuffle(shown)
    return shown


@lru_cache(maxsize=60_000)
def stated(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """The sentences of a text with their content words."""
    return tuple((unit.text, frozenset(content(unit.text))) for unit in split(text))


def carried(claim: str, texts: list[str]) -> bool:
    """Whether one sentence of the texts has nearly every content word of a claim."""
    wanted = content(claim)
    if not wanted:
        return True
    return any(len(wanted & held) / len(wanted) > 0.8 for t in texts for _, held in stated(t))


def still_true(damage: Damage, sentence: str, texts: list[str]) -> bool:
    """Whether a damaged sentence may still follow from the texts."""
    if damage.kind in ("entity", "entity_far", "year", "number", "percent", "money", "date"):
        if mentioned(damage.new, sentence):
            return True
        rest = content(sentence) - content(damage.old)
        for text in texts:
            for said, held in stated(text) if damage.new.casefold() in text.casefold() else ():
                if mentioned(damage.new, said) and len(rest & held) > 0.6 * len(rest):
                    return True
    return False


def _texts(passages: list[Passage]) -> list[str]:
    return [p.text for p in passages]


class Maker:
    """Makes the pairs of one pool; every draw comes from the seed."""

    def __init__(self, name: str, pool: Pool, seed: int) -> None:
        self.set = f"made:{name}"
        self.pool = pool
        self.dice = random.Random(f"{seed} {name}")
        self.seed = seed

    def pairs(self, count: int, rounds: int) -> Iterator[ClaimPair]:
        """Pairs of ``count`` sentences, drawn ``rounds`` times each with other errors."""
        known = [
            (p, s) for p in self.pool.passages for s in p.sentences if not s.text.endswith("?")
        ]
        self.dice.shuffle(known)
        for turn in range(rounds):
            for number, (passage, sentence) in enumerate(known[:count]):
                yield from self._of(passage, sentence, f"{self.seed} {turn} {number}")

    def _pair(
        self, kind: str, texts: list[str], claim: str, context: str, label: int, group: str
    ) -> ClaimPair:
        return ClaimPair(self.set, kind, tuple(texts), one_line(claim), context, label, group)

    def _of(self, passage: Passage, sentence: Sentence, seed: str) -> Iterator[ClaimPair]:
        text = one_line(sentence.text)
        claim, used = reworded(untokenized(text), seed)
        shown = evidence_for(passage, self.pool, self.dice)
        context = one_line(sentence.before)[-300:] or passage.title
        group = f"{passage.set}:{passage.doc}"
        kind = "reworded" if used else "copied"
        draw = self.dice.random()
        if draw < 0.62:
            yield from self._damaged(passage, sentence, seed, shown, kind, claim, context, group)
            return
        if draw < 0.72:
            made = self._withheld(passage, claim, context, group)
        elif draw < 0.86:
            made = self._elsewhere(shown, claim, context, group, seed)
        elif draw < 0.93:
            made = self._added(shown, claim, context, group, seed)
        else:
            made = self._joined(passage, sentence, shown, context, group, seed)
            if made:
                yield from made
            return
        if made:
            yield self._pair(kind, _texts(shown), claim, context, 1, group)
            yield made

    def _damaged(self, passage: Passage, sentence: Sentence, seed: str, shown: list[Passage],
                 kind: str, claim: str, context: str, group: str) -> Iterator[ClaimPair]:  # fmt: skip
        """The sentence and the sentence with an error, reworded alike; now and then the passage
        itself has the error, so that no wording betrays which is true."""
        raw = one_line(untokenized(sentence.text))
        near = Near(
            one_line(untokenized(passage.text)),
            " ".join(untokenized(p.text) for p in self.pool.near(passage, 3)),
        )
        for damage in damages(raw, near, self.dice)[:3]:
            wrong, _ = reworded(damage.text, seed)
            texts = _texts(shown)
            if wrong == claim or (
                damage.new
                and damage.kind not in ("antonym", "strength", "negation", "added", "roles")
                and not mentioned(damage.new.split()[0].strip(","), wrong)
            ):
                continue
            if still_true(damage, raw, texts):
                continue
            turned = (
                damage.kind not in ("added",) and raw in passage.text and self.dice.random() < 0.35
            )
            if (
                turned
                and damage.old
                and sum(t.count(damage.old) for t in texts) > 1
                and damage.kind not in ("negation", "strength", "antonym")
            ):
                turned = False
            if turned:
                texts = [
                    t.replace(raw, damage.text) if p is passage else t
                    for p, t in zip(shown, texts, strict=True)
                ]
                yield self._pair(f"{kind}", texts, wrong, context, 1, group)
                yield self._pair(damage.kind, texts, claim, context, 0, group)
            else:
                yield self._pair(kind, texts, claim, context, 1, group)
                yield self._pair(damage.kind, texts, wrong, context, 0, group)
            return

    def _withheld(self, passage: Passage, claim: str, context: str, group: str) -> ClaimPair | None:
        """The same claim with only near passages."""
        near = self.pool.near(passage, 5)
        shown = _texts(self.dice.sample(near, min(len(near), self.dice.randint(1, 4))))
        if not shown or carried(claim, shown):
            return None
        return self._pair("withheld", shown, claim, context, 0, group)

    def _foreign(self, shown: list[Passage], claim: str) -> str | None:
        """A sentence of a near passage that is not shown, about the same things."""
        wanted = content(claim)
        taken = {p.number for p in shown}
        pool = [p for p in self.pool.search(claim, 10) if p.number not in taken]
        known = [
            (len(wanted & sentence_terms(s.text)), s)
            for p in pool
            for s in p.sentences
            if len(s.text.split()) < 32
        ]
        known = [
            k
            for k in known
            if not re.match(r"(?:This|These|It|They|He|She|That|For|Also|However)\b", k[1].text)
        ] or known
        known.sort(key=lambda k: -k[0])
        for _, sentence in known[:6][self.dice.randint(0, 2) :]:
            text = one_line(untokenized(sentence.text))
            if not text.endswith("?") and not carried(text, _texts(shown)):
                return text
        return None

    def _elsewhere(
        self, shown: list[Passage], claim: str, context: str, group: str, seed: str
    ) -> ClaimPair | None:
        other = self._foreign(shown, claim)
        if other is None:
            return None
        return self._pair("elsewhere", _texts(shown), reworded(other, seed)[0], context, 0, group)

    def _added(
        self, shown: list[Passage], claim: str, context: str, group: str, seed: str
    ) -> ClaimPair | None:
        """The claim and a clause that the evidence has not."""
        other = self._foreign(shown, claim)
        if other is None or len(claim.split()) > 30:
            return None
        tail = (
            other[0].lower() + other[1:]
            if re.match(r"(?:The|A|An|This|It|In|They|There|If|When)\b", other)
            else other
        )
        joint = self.dice.choice([", and {}", " {}", ", while {}"])
        text = claim.rstrip(". !") + (joint.format(tail) if joint != " {}" else f". {other}")
        return self._pair("added_true", _texts(shown), text, context, 0, group)

    def _joined(
        self,
        passage: Passage,
        sentence: Sentence,
        shown: list[Passage],
        context: str,
        group: str,
        seed: str,
    ) -> list[ClaimPair] | None:
        """Two sentences of a passage as one claim, whole and with an error in one of them."""
        others = [s for s in passage.sentences if s is not sentence and len(s.text.split()) < 25]
        if not others or len(sentence.text.split()) > 25:
            return None
        other = min(others, key=lambda s: abs(s.start - sentence.start))
        first, second = sorted((sentence, other), key=lambda s: s.start)
        near = Near(passage.text, "")
        raw = one_line(untokenized(second.text))
        found = [d for d in damages(raw, near, self.dice) if not still_true(d, raw, _texts(shown))]
        if not found:
            return None
        head = reworded(one_line(untokenized(first.text)), seed + "a")[0]
        joint = self.dice.choice([" ", " ", ", and "])
        both = []
        for text, label in ((raw, 1), (found[0].text, 0)):
            tail = reworded(text, seed + "b")[0]
            if joint == ", and " and re.match(
                r"(?:The|A|An|This|It|In|They|There|If|When)\b", tail
            ):
                tail = tail[0].lower() + tail[1:]
            whole = (head.rstrip(". ") if joint != " " else head) + joint + tail
            both.append(
                self._pair(
                    "joined" if label else f"joined_{found[0].kind}",
                    _texts(shown),
                    whole,
                    context,
                    label,
                    group,
                )
            )
        return both if both[0].claim != both[1].claim else None


def _turned(text: str) -> str:
    return one_line(untokenized(text))


def reference_claims(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[ClaimPair]:
    """People's answers with their gold passages: whole, reworded, damaged, withheld."""
    for name, file, gold_key in (
        ("clapnq", "clapnq/questions", "gold"), ("northwind", "northwind/questions", "gold_pages"),
        ("anthropic_docs_qa", "anthropic_docs_qa/questions", "gold"), ("mtrag", "mtrag/tasks", "gold"),
    ):  # fmt: skip
        dice = random.Random(f"{seed} reference {name}")
        maker = Maker(name, pools[name], seed)
        by_id = {p.heading: p for p in reversed(pools[name].passages)}
        if name == "northwind":
            by_id = {re.sub(r"\|.*", "", k): p for k, p in by_id.items()}
        for row in sets.rows(file):
            gold = [
                p
                for g in row.get(gold_key) or ()
                for p in pools[name].passages
                if re.sub(r"\|\d+$", "", p.heading) in (g, re.sub(r"\|\d+$", "", g))
            ]
            if not row["answerable"] or not gold or not row["answers"]:
                continue
            if row.get("answerability", "ANSWERABLE") != "ANSWERABLE" or (
                name == "northwind" and not row["gold_in_corpus"]
            ):
                continue
            if isinstance(row.get("gold_in_corpus"), list) and len(row["gold_in_corpus"]) < len(
                row["gold"]
            ):
                continue
            near = [p for p in pools[name].near(gold[0], 8) if p not in gold]
            whole = [_turned(u.text) for u in split(row["answers"][0]) if len(u.text.split()) >= 4]
            if len(whole) >= 2 and len(row["answers"][0].split()) < 110:
                whole.append(_turned(row["answers"][0]))
            for number, text in enumerate(whole):
                for turn in range(4 if name != "mtrag" else 3):
                    shown = [*gold[:4], *dice.sample(near, min(len(near), dice.randint(0, 3)))]
                    dice.shuffle(shown)
                    texts = _texts(shown)
                    tag = f"{seed} {row['id']} {number} {turn}"
                    said = text if turn == 0 else reworded(text, tag)[0]
                    group = f"{name}:{gold[0].doc}"
                    pair = (texts, said, row["question"], 1, group)
                    damage = [
                        d
                        for d in damages(
                            text, Near(" ".join(_texts(gold)), " ".join(_texts(near[:3]))), dice
                        )
                        if not still_true(d, text, texts)
                    ]
                    if turn == 3:
                        shown = dice.sample(near, min(len(near), 3))
                        if near and not carried(said, _texts(shown)):
                            yield maker._pair("reference", *pair)
                            yield maker._pair(
                                "reference_withheld", _texts(shown), said, row["question"], 0, group
                            )
                    elif damage:
                        bad = damage[0].text if turn == 0 else reworded(damage[0].text, tag)[0]
                        if bad != said:
                            yield maker._pair("reference", *pair)
                            yield maker._pair(
                                f"reference_{damage[0].kind}", texts, bad, row["question"], 0, group
                            )


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
        shown = _texts(evidence_for(gold, pool, dice))
        context = "" if dice.random() < 0.5 else row["question"]
        group = f"squad2:{gold.doc}"
        tag = f"{seed} {row['id']}"
        if not row["answerable"]:
            yield maker._pair("qa_plausible", shown, reworded(text, tag)[0], context, 0, group)
            continue
        yield maker._pair("qa_statement", shown, reworded(text, tag)[0], context, 1, group)
        near = Near(_turned(gold.text), " ".join(_texts(pool.near(gold, 3))))
        found = [d for d in damages(text, near, dice) if not still_true(d, text, shown)]
        if found:
            bad = reworded(found[0].text, tag)[0]
            if dice.random() < 0.5:
                yield maker._pair(
                    "qa_statement", shown, reworded(text, tag + "b")[0], context, 1, group
                )
            yield maker._pair(f"qa_{found[0].kind}", shown, bad, context, 0, group)


def history_claims(sets: Sets, seed: int) -> Iterator[ClaimPair]:
    """CANARD: the answers of a dialogue are sentences of one article section; a question in its
    stand-alone form with the answer given next makes a statement."""
    dice = random.Random(f"{seed} canard")
    dialogues: dict[str, list[dict]] = {}
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
        for question, answer in asked:
            answer = _turned(answer)
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
            found = [d for d in damages(claim, near, dice) if not still_true(d, claim, shown)]
            if not found:
                continue
            bad = reworded(found[0].text, tag)[0]
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
                    f"qa_{found[0].kind}",
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
                texts += _texts(others[: dice.randint(1, 2)])
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


def rated_claims(sets: Sets, seed: int) -> Iterator[ClaimPair]:
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


def every_claim(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[ClaimPair]:
    for name, (count, rounds) in TAKEN.items():
        yield from Maker(name, pools[name], seed).pairs(count, rounds)
    yield from reference_claims(sets, pools, seed)
    yield from answered_claims(sets, pools, seed)
    yield from history_claims(sets, seed)
    yield from judged_claims(sets, pools, seed)
    yield from rated_claims(sets, seed)
