"""Claims with evidence: sentences reworded, sentences damaged, reference and judged answers."""

# ruff: noqa: E501 - patterns and templates read better whole

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from benchmarks.checker.corruptions import Damage, Near, damages, mentioned
from benchmarks.checker.pairs import ClaimPair
from benchmarks.checker.rewordings import reworded
from benchmarks.checker.sources import Passage, Pool, Sentence, untokenized
from bot.lexical import STOP_WORDS, terms
from bot.sentences import split

CHATTY = ("begin", "faithdial_audit", "q2_wow", "halueval_qa", "clapnq")

# How many sentences of a set are used, and how many pairs each gives.
TAKEN = {
    "squad2": (1_600, 2), "clapnq": (2_000, 2), "northwind": (900, 2), "mtrag": (5_000, 1),
    "anthropic_docs_qa": (600, 1), "chunking_eval": (1_200, 2), "multihop_rag": (270, 2),
    "docs_plausible": (2_600, 1), "docs_wsl": (1_500, 1), "docs_powershell": (5_500, 1),
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


def usable(text: str) -> bool:
    """Whether a sentence states something and is no code, markup or question."""
    return not re.search(r"[?]|[{}]|\]\(|\]\[|^\W*\w+ =|https?:|<unk>|^(?:Table|Figure) \d", text)


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


def error_in(text: str, near: Near, dice: random.Random, texts: list[str]) -> Damage | None:
    """The first error that makes a text false."""
    return next((d for d in damages(text, near, dice) if not still_true(d, text, texts)), None)


def texts_of(passages: list[Passage]) -> list[str]:
    return [p.text for p in passages]


# What is a value or a name: it may stand elsewhere and mean the same.
VALUES = frozenset("entity entity_far year number percent money date kin".split())
_TAIL = re.compile(
    r"(?:, (?:which|where|making|although|while|with|allowing|leading|causing|resulting)"
    r"| (?:because|after|before|during|when|in order to|due to|according to|by using|as part of"
    r"|along with|such as|instead of|despite|in response to)) [^,;:()]{12,80}[.]$"
)
_PERSONAL = [
    "I have been there twice myself.", "I watched it with my kids last week.", "I love it!",
    "I'm a big fan of it.", "My brother told me about that.", "I have never tried it though.",
    "I think it is the best one out there.", "I used to do that when I was younger.",
    "I saw it in the theater and really liked it.", "I live close to there.", "It's my favorite!",
    "I grew up with that.", "I have two of them at home.", "I bet it was expensive.",
    "I wish I could go there some day.", "I heard they might make another one soon.",
    "I guess they are pretty rich now.", "I prefer the older ones.", "I studied that in college.",
    "My wife works for them.", "I never really understood why people like it.",
    "I'd say they are overrated.", "I read a book about it recently.", "I can't stand it.",
]  # fmt: skip


class Maker:
    """Makes the pairs of one pool; every draw comes from the seed."""

    def __init__(self, name: str, pool: Pool, seed: int) -> None:
        self.set = f"made:{name}"
        self.pool = pool
        self.dice = random.Random(f"{seed} {name}")
        self.seed = seed
        self._near: dict[int, str] = {}
        self._tails = [
            m[0] for p in pool.passages for s in p.sentences if usable(s.text) and len(s.text) < 260
            for m in [_TAIL.search(one_line(untokenized(s.text)))] if m
        ]  # fmt: skip

    def pairs(self, count: int, rounds: int) -> Iterator[ClaimPair]:
        """Pairs of ``count`` sentences, drawn ``rounds`` times each with other errors."""
        known = [(p, s) for p in self.pool.passages for s in p.sentences if usable(s.text)]
        self.dice.shuffle(known)
        for turn in range(rounds):
            for number, (passage, sentence) in enumerate(known[:count]):
                yield from self._of(passage, sentence, f"{self.seed} {turn} {number}")

    def pair(
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
        if passage.set in CHATTY and draw > 0.95:
            said = self.dice.choice(_PERSONAL)
            text = self.dice.choice([said, f"{claim.rstrip('.')}. {said}", f"{said} {claim}"])
            yield self.pair(kind, texts_of(shown), claim, context, 1, group)
            yield self.pair("personal", texts_of(shown), text, context, 0, group)
            return
        if draw < 0.62:
            yield from self._damaged(passage, sentence, seed, shown, kind, claim, context, group)
            return
        if draw < 0.72:
            made = self._withheld(passage, claim, context, group)
        elif draw < 0.86:
            made = self._elsewhere(shown, claim, context, group, seed)
        elif draw < 0.93:
            made = self._added(shown, claim, context, group)
        else:
            yield from self._joined(passage, sentence, shown, context, group, seed) or ()
            return
        if made:
            yield self.pair(kind, texts_of(shown), claim, context, 1, group)
            yield made

    def _damaged(self, passage: Passage, sentence: Sentence, seed: str, shown: list[Passage],
                 kind: str, claim: str, context: str, group: str) -> Iterator[ClaimPair]:  # fmt: skip
        """The sentence and the sentence with an error, reworded alike; now and then the passage
        itself has the error, so that no wording betrays which is true."""
        raw = one_line(untokenized(sentence.text))
        near = Near(passage.clean, self._others(passage))
        for damage in islice(damages(raw, near, self.dice), 3):
            wrong, _ = reworded(damage.text, seed)
            texts = texts_of(shown)
            if wrong == claim or (
                damage.new
                and damage.kind not in ("antonym", "strength", "negation", "added", "roles")
                and not mentioned(damage.new.split()[0].strip(","), wrong)
            ):
                continue
            if still_true(damage, raw, texts):
                continue
            elsewhere = [t for p, t in zip(shown, texts, strict=True) if p is not passage]
            turned = (
                damage.kind != "added"
                and self.dice.random() < 0.4
                and not carried(raw, elsewhere)
                and not (damage.old in near.same.replace(raw, "") and damage.kind in VALUES)
                and not any(damage.old in t for t in elsewhere if damage.kind in VALUES)
            )
            if damage.kind == "added" and self.dice.random() < 0.7:
                tail = self._tail(texts, claim)
                if tail is None:
                    continue
                wrong = claim.rstrip(". !") + tail
            if turned:
                texts = [
                    t.replace(sentence.text, damage.text) if p is passage else t
                    for p, t in zip(shown, texts, strict=True)
                ]
                yield self.pair(f"{kind}", texts, wrong, context, 1, group)
                yield self.pair(damage.kind, texts, claim, context, 0, group)
            else:
                yield self.pair(kind, texts, claim, context, 1, group)
                yield self.pair(damage.kind, texts, wrong, context, 0, group)
            return

    def _others(self, passage: Passage) -> str:
        """The text of what is near a passage, put together once."""
        if passage.number not in self._near:
            self._near[passage.number] = " ".join(p.clean for p in self.pool.near(passage, 3))
        return self._near[passage.number]

    def _tail(self, texts: list[str], claim: str) -> str | None:
        """The last clause of another sentence, whose words the evidence has not."""
        if (
            not self._tails
            or claim.rstrip()[-1:] not in ".!"
            or re.search(r", \w+ing\b|, wh", claim)
        ):
            return None
        held = set().union(*(content(t) for t in texts))
        for tail in self.dice.sample(self._tails, min(40, len(self._tails))):
            words = content(tail)
            if len(words) >= 3 and len(words & held) <= len(words) * 0.6:
                return tail
        return None

    def _withheld(self, passage: Passage, claim: str, context: str, group: str) -> ClaimPair | None:
        """The same claim with only near passages."""
        near = self.pool.near(passage, 5)
        shown = texts_of(self.dice.sample(near, min(len(near), self.dice.randint(1, 4))))
        if not shown or carried(claim, shown):
            return None
        return self.pair("withheld", shown, claim, context, 0, group)

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
            if usable(text) and not carried(text, texts_of(shown)):
                return text
        return None

    def _elsewhere(
        self, shown: list[Passage], claim: str, context: str, group: str, seed: str
    ) -> ClaimPair | None:
        other = self._foreign(shown, claim)
        if other is None:
            return None
        return self.pair("elsewhere", texts_of(shown), reworded(other, seed)[0], context, 0, group)

    def _added(
        self, shown: list[Passage], claim: str, context: str, group: str
    ) -> ClaimPair | None:
        """The claim and a clause that the evidence has not."""
        other = self._foreign(shown, claim)
        if other is None or len(claim.split()) > 30:
            return None
        tail = (
            other[0].lower() + other[1:]
            if re.match(
                r"(?:The|A|An|This|It|In|They|There|If|When|You|Please|He|She|These)\b", other
            )
            else other
        )
        joint = self.dice.choice([", and {}", " {}", ", while {}"])
        text = claim.rstrip(". !") + (joint.format(tail) if joint != " {}" else f". {other}")
        return self.pair("added_true", texts_of(shown), text, context, 0, group)

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
        others = [
            s
            for s in passage.sentences
            if s is not sentence and usable(s.text) and len(s.text.split()) < 25
        ]
        if not others or len(sentence.text.split()) > 25:
            return None
        other = min(others, key=lambda s: abs(s.start - sentence.start))
        first, second = sorted((sentence, other), key=lambda s: s.start)
        near = Near(passage.clean, "")
        raw = one_line(untokenized(second.text))
        found = error_in(raw, near, self.dice, texts_of(shown))
        if not found:
            return None
        head = reworded(one_line(untokenized(first.text)), seed + "a")[0]
        joint = self.dice.choice([" ", " ", ", and "])
        both = []
        for text, label in ((raw, 1), (found.text, 0)):
            tail = reworded(text, seed + "b")[0]
            if joint == ", and " and re.match(
                r"(?:The|A|An|This|It|In|They|There|If|When|You|Please|He|She|These)\b", tail
            ):
                tail = tail[0].lower() + tail[1:]
            whole = (head.rstrip(". ") if joint != " " else head) + joint + tail
            both.append(
                self.pair(
                    "joined" if label else f"joined_{found.kind}",
                    texts_of(shown),
                    whole,
                    context,
                    label,
                    group,
                )
            )
        return both if both[0].claim != both[1].claim else None


def made_claims(pools: dict[str, Pool], seed: int) -> Iterator[ClaimPair]:
    """Claims made of the sentences of every pool."""
    for name, (count, rounds) in TAKEN.items():
        yield from Maker(name, pools[name], seed).pairs(count, rounds)
