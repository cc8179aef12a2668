"""What can, must and cannot be, in other words: the claims that share words and differ in sense.

A sentence of the passages is said again the way a writer would ("You cannot X" as "There is no way
to X"), and wrongly in as many words ("It is possible to X"). In half of the pairs it is the
passage that says it the other way.
"""

# ruff: noqa: E501 - patterns and templates read better whole

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from benchmarks.checker.declaratives import third
from benchmarks.checker.pairs import ClaimPair

Ways = tuple[list[str], list[str]]

_MANY = frozenset("You They We People Users Students Customers".split())
_COMMON = _MANY | frozenset("The This These A An Your Each Any It".split())
_SUBJECT = (
    r"(?P<s>(?:You|Users|They|We|Students|Customers|People|(?:The|This|These|A|An|Your|Each|Any)"
    r"(?: [\w'`-]+){1,4}|[A-Z][\w'`-]+(?: [\w'`-]+){0,2}))"
)
_MODAL = re.compile(
    rf"^{_SUBJECT} (?P<m>cannot|can't|can not|can|must not|must|should not|shouldn't|has to|have to"
    r"|does not|do not|don't|doesn't)(?: (?:also|now|then|even))? (?P<vp>[a-z]+ .{8,140}?)[.!]?$"
)
_WARNING = re.compile(r"^(?:Please )?(?:Do not|Don't) (?P<vp>[a-z]+ .{8,140}?)[.!]?$")
_TANGLED = re.compile(
    r"\b(?:and|or|but|nor)\b.*\b(?:can|must|cannot|should|not)\b|\bunless\b|\buntil\b|\bonly\b"
)
_GROUPS = {
    "can": "able", "cannot": "unable", "can't": "unable", "can not": "unable", "must": "need",
    "has to": "need", "have to": "need", "must not": "ban", "should not": "ban",
    "shouldn't": "ban", "does not": "fails", "do not": "fails", "don't": "fails",
    "doesn't": "fails",
}  # fmt: skip
_ABLE = [
    "It is possible for {o} to {vp}", "{S} {is} able to {vp}", "There is a way for {o} to {vp}",
    "{S} {has} the option to {vp}", "{S} {is} in a position to {vp}",
]  # fmt: skip
_UNABLE = [
    "It is not possible for {o} to {vp}", "{S} {is} unable to {vp}", "There is no way for {o} to {vp}",
    "{S} {has} no option to {vp}", "{S} never {get} to {vp}", "It is impossible for {o} to {vp}",
]  # fmt: skip
_SAID: dict[str, Ways] = {
    "able": (_ABLE, _UNABLE),
    "unable": (_UNABLE, _ABLE),
    "need": (
        ["It is necessary for {o} to {vp}", "{S} {is} required to {vp}", "{S} {need} to {vp}",
         "It is mandatory for {o} to {vp}"],
        ["There is no need for {o} to {vp}", "{S} {is} not required to {vp}",
         "{S} {do} not have to {vp}", "It is optional for {o} to {vp}",
         "{S} {is} free to decide whether to {vp}", "It is not necessary for {o} to {vp}"],
    ),
    "ban": (
        ["{S} {is} not allowed to {vp}", "{S} {is} advised not to {vp}", "It is wrong for {o} to {vp}",
         "{S} had better not {vp}", "It is forbidden for {o} to {vp}"],
        ["{S} {is} allowed to {vp}", "{S} {is} free to {vp}", "It is fine for {o} to {vp}",
         "{S} {is} welcome to {vp}", "{S} may {vp} without any problem"],
    ),
    "fails": (
        ["{S} {fail} to {vp}", "{S} never {vps}", "It is not true that {s} {vps}"],
        ["{S} {do} {vp}", "It is true that {s} {vps}", "{S} always {vps}", "{S} in fact {vps}"],
    ),
}  # fmt: skip

# Wordings inside a sentence: what says the same, and what says something else.
_TURNS: list[tuple[str, list[str], list[str]]] = [
    (r"\b(?:up to|at most|no more than|a maximum of) (?=\d|\w+ (?:days|hours|people|times))",
     ["up to ", "at most ", "no more than ", "not more than "], ["at least ", "more than ", "no fewer than "]),
    (r"\b(?:at least|no fewer than|a minimum of) (?=\d|\w+ (?:days|hours|people|times))",
     ["at least ", "no fewer than ", "not less than "], ["at most ", "up to ", "less than "]),
    (r"\bmore than (?=\d)", ["over ", "in excess of ", "above "], ["fewer than ", "under ", "below "]),
    (r"\b(?:less|fewer) than (?=\d)", ["under ", "below ", "not even "], ["more than ", "over ", "in excess of "]),
    (r"\b[Nn]o one\b|\b[Nn]obody\b", ["nobody", "not a single person", "no one"], ["everyone", "everybody", "some people"]),
    (r"\b(?:allows|enables|lets) (?:you|users|customers) to (?=[a-z])",
     ["makes it possible to ", "is a way to ", "can be used to "], ["does not make it possible to ", "is no way to ", "cannot be used to "]),
    (r"\brequires (?=an?\b|the\b|[a-z])", ["needs ", "does not work without ", "depends on "], ["works without ", "does not need ", "does not depend on "]),
    (r"\bis required\b", ["is necessary", "is needed", "is mandatory", "cannot be left out"], ["is optional", "is not needed", "can be left out", "is unnecessary"]),
    (r"\bis optional\b|\bis not required\b|\bis not necessary\b", ["is optional", "can be left out", "is not mandatory"], ["is required", "is mandatory", "cannot be left out"]),
    (r"\bis not (?=(?:available|supported|allowed|included|covered|possible|recommended|permitted|enabled)\b)",
     ["is by no means ", "is never "], ["is ", "is always ", "is now "]),
    (r"\bis (?=(?:available|supported|allowed|included|covered|possible|recommended|permitted|enabled)\b)",
     ["is indeed ", "is certainly "], ["is by no means ", "is no longer ", "is not ", "is far from being "]),
    (r"\binstead of\b", ["rather than", "in place of", "and not"], ["as well as", "in addition to", "together with"]),
    (r"\bwithout (?=an?\b|any\b|the\b)", ["with no need of ", "in the absence of "], ["only with ", "by means of ", "together with "]),
    (r", but not\b", [", though not", ", not, however,", ", except for"], [", and also", ", including", " as well as"]),
    (r"\bunless\b", ["except if", "except when"], ["if", "even if", "whenever"]),
    (r"\b(?:even though|although)\b", ["though", "despite the fact that"], ["because", "only if", "due to the fact that"]),
    (r"\bonly (?=if\b|when\b|in\b|on\b|for\b|to\b)", ["solely ", "exclusively "], ["not only ", "not ", "never "]),
    (r"\bboth (?=[\w' -]{2,30} and )", ["each of ", "the two, "], ["neither of ", "only one of "]),
]  # fmt: skip
_WORDINGS = [(re.compile(p), same, other) for p, same, other in _TURNS]
_FROM = ("copied", "reworded", "reference")
_MOST_ABLE = 0.6  # share of the plain "can" sentences that is used: there are most of them


def _subject(text: str) -> tuple[str, str, bool]:
    """A subject inside a sentence, as an object, and whether it is one thing."""
    first, last = text.split(maxsplit=1)[0], text.rsplit(maxsplit=1)[-1]
    inside = text[0].lower() + text[1:] if first in _COMMON else text
    single = not (text in _MANY or first == "These" or re.search(r"(?<!s)s$", last))
    return inside, {"they": "them", "we": "us"}.get(inside, inside), single


def _modal(text: str) -> Ways | None:
    """A sentence about what can, must or must not be, said rightly and wrongly."""
    found = _MODAL.match(text)
    warned = None if found else _WARNING.match(text)
    if found:
        subject, group, verb = found["s"], _GROUPS[found["m"]], found["vp"]
    elif warned:
        subject, group, verb = "You", "ban", warned["vp"]
    else:
        return None
    if verb.split()[0] in ("not", "only", "no", "never", "have", "sure") or _TANGLED.search(verb):
        return None
    if verb.startswith("be ") and group == "fails":
        return None
    inside, as_object, single = _subject(subject)
    head, _, tail = verb.partition(" ")
    named = {
        "S": subject, "s": inside, "o": as_object, "vp": verb,
        "vps": f"{third(head)} {tail}" if single else verb, "is": "is" if single else "are",
        "has": "has" if single else "have", "need": "needs" if single else "need",
        "do": "does" if single else "do", "get": "gets" if single else "get",
        "fail": "fails" if single else "fail",
    }  # fmt: skip
    right, wrong = _SAID[group]
    return [f"{t.format(**named)}." for t in right], [f"{t.format(**named)}." for t in wrong]


def _turned(text: str) -> Ways | None:
    """A sentence whose one wording is put otherwise."""
    for pattern, same, other in _WORDINGS:
        found = pattern.search(text)
        if not found:
            continue
        start = found.start() == 0

        def put(new: str, old: re.Match[str] = found, first: bool = start) -> str:
            said = new[:1].upper() + new[1:] if first else new
            return text[: old.start()] + said + text[old.end() :]

        right = [put(w) for w in same if w.strip() != found[0].strip().lower()]
        return right, [put(w) for w in other]
    return None


def said_otherwise(text: str) -> Ways | None:
    """Right and wrong ways to say a sentence again; None where no rule fits."""
    return _modal(text) or _turned(text)


def stance_claims(pairs: Iterable[ClaimPair], seed: int) -> Iterator[ClaimPair]:
    """Claims that their passages carry, said again, rightly and wrongly."""
    dice = random.Random(f"{seed} stances")
    seen: set[str] = set()
    for pair in pairs:
        if pair.kind not in _FROM or not pair.label or pair.claim in seen:
            continue
        seen.add(pair.claim)
        ways = said_otherwise(pair.claim)
        if ways is None or (" can " in pair.claim and dice.random() > _MOST_ABLE):
            continue
        right, wrong = dice.choice(ways[0]), dice.choice(ways[1])
        yield replace(pair, kind="stance", claim=right)
        yield replace(pair, kind="stance", claim=wrong, label=0)
        where = [i for i, text in enumerate(pair.evidence) if pair.claim in text]
        if not where:
            continue
        for label in (1, 0):
            said = dice.choice(ways[1 - label])
            texts = list(pair.evidence)
            texts[where[0]] = texts[where[0]].replace(pair.claim, said)
            others = [w for w in ways[0] if w != said]
            claim = dice.choice(others) if others and dice.random() < 0.5 else pair.claim
            yield replace(pair, kind="stance", evidence=tuple(texts), claim=claim, label=label)
