"""A question and its short answer as a statement."""

# ruff: noqa: E501 - patterns and templates read better whole

from __future__ import annotations

import random
import re

from benchmarks.checker.wordlists import IRREGULAR, NEGATED_VERBS

_BE = r"(is|are|was|were)"
_AUXILIARY = r"(can|could|will|would|should|must|may|might|has|have|had)"
_PASTS = {base: past for past, base in IRREGULAR.items() if past not in ("has", "does", "goes")}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def past(verb: str) -> str:
    if verb == "do":
        return "did"
    if verb in _PASTS:
        return _PASTS[verb]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2:-1] not in "aeou":
        return verb[:-1] + "ied"
    return verb + "ed"


def third(verb: str) -> str:
    if verb == "have":
        return "has"
    if verb.endswith("y") and verb[-2:-1] not in "aeou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "o")) else "s")


_KNOWN = frozenset(NEGATED_VERBS) | frozenset(IRREGULAR.values()) | frozenset(
    """originate arrive employ invade raid expand construct contribute oppose attack enter request
    create defend suffer compete trade fight border share face drop spread capture attempt advise
    allow assert attempt believe border break deal drain fund gain generate grow hire host inspire
    kill invest manage name observe oversee perform plan plant predict prefer prevent promote
    propose prove purchase recognize refuse regulate respond retire rely report restrict share
    sign sponsor support surround switch target transfer translate try use view warn work""".split()
)  # fmt: skip


def _finite(verb: str, helper: str) -> str:
    if helper == "did":
        return past(verb)
    return third(verb) if helper == "does" else verb


def _preposition(question: str, answer: str) -> str:
    if re.match(
        r"(?i)(?:in|on|at|during|by|from|after|before|since|until|around|between|about)\b", answer
    ):
        return ""
    if question == "when":
        return "on " if re.search(r"[A-Z]\w+ \d{1,2}|\d{1,2} [A-Z]\w+", answer) else "in "
    return "in "


def declarative(question: str, answer: str, dice: random.Random) -> str | None:
    """``Who founded X?`` and ``Y`` as ``Y founded X.``; ``None`` where no rule fits."""
    q = re.sub(r"\s+", " ", question).strip().rstrip("? .")
    a = re.sub(r"\s+", " ", answer).strip().rstrip(" .,;")
    if not q or not a or len(a.split()) > 14:
        return None
    clause = bool(re.search(r"\b(?:is|are|was|were|had|has|did|can|could|will|would)\b", a))
    if clause and not re.match(r"(?i)why\b", q):  # an answer that is a sentence of its own
        return None
    for rule in (_of_noun, _of_being, _of_subject, _of_place_or_time, _of_state, _of_object,
                 _of_count, _of_reason):  # fmt: skip
        found = rule(q, a, dice)
        if found is not None:
            return found or None
    return None


# Each rule gives a statement, "" where the question is of its kind and has none, and None where
# the question is of another kind.


def _of_noun(q: str, a: str, _dice: random.Random) -> str | None:
    """Which river is the longest?"""
    noun = re.match(rf"(?i)(?:what|which|whose) ([\w' -]+?) {_BE} (.+)$", q)
    if not noun or re.match(r"(?i)(?:what|which) (?:is|are|was|were)\b", q):
        return None
    head, be, rest = noun[1], noun[2], noun[3]
    if not re.match(r"(?:an? |the |[A-Z]|his|her|its|their)", rest):
        return f"{_capital(a)} {be} {rest}."
    if not re.search(r"(?i)\b(?:year|century|decade|month)$", head):
        return ""
    parts = re.match(
        r"((?:the |an? |his |her |its |their )?(?:[A-Z][\w'-]*(?: [A-Z][\w'-]*)*|[\w'-]+(?: [\w'-]+)??)) ((?!of\b)\w.+)$",
        rest,
    )
    return f"{_capital(parts[1])} {be} {parts[2]} in {a}." if parts else ""


def _of_being(q: str, a: str, dice: random.Random) -> str | None:
    """Who was the first king?"""
    match = re.match(rf"(?i)(?:who|what) {_BE} (.+)$", q)
    if not match:
        return None
    be, rest = match[1], re.sub(r"^(?:called|known as) ", "", match[2])
    if re.match(r"(?:the |[A-Z]|his |her |its |their )", rest) and not re.search(
        r" (?:of|for|to|in|by|with|that|which|who|as|on|about|from|at|named|called|known|used|considered|made|doing)$",
        rest,
    ):
        if dice.random() < 0.3 and rest.startswith("the "):
            return f"{_capital(a)} {be} {rest}."
        return f"{_capital(rest)} {be} {a}."
    if re.search(r" (?:called|known as|named|made of|made from|used for|used to)$", rest):
        for verb in ("called", "known as", "named", "made of", "made from", "used for", "used to"):
            rest = rest.replace(f" {verb}", f" {be} {verb}")
        return f"{_capital(rest)} {a}."
    if re.match(r"an? |another |one ", rest):
        return f"{_capital(a)} {be} {rest}."
    return ""


def _of_subject(q: str, a: str, _dice: random.Random) -> str | None:
    """Who founded the town?"""
    match = re.match(
        r"(?i)(who|what|which [\w' -]+?) (?!is\b|are\b|was\b|were\b|do\b|does\b|did\b)([a-z]+(?:ed|s)|"
        + "|".join(IRREGULAR)
        + r"|can|could|will|would|should|must|may) (.+)$",
        q,
    )
    if (
        not match
        or re.search(rf"\b(?:do|does|did|{_BE[1:-1]})\b", match[1])
        or (match[2] in ("has", "had") and re.match(r"(?:the|an?|[A-Z])\b", match[3]))
        or (" " in match[1] and not match[1].lower().startswith("which"))
    ):
        return None
    if (
        len(match[1].split()) > 1
        and re.search(r"\b(?:did|does|do|is|are|was|were|has|have|had)\b", match[3])
        and not re.search(r"\bthat\b|\bwho\b|\bwhich\b", match[3])
    ):
        return ""
    return f"{_capital(a)} {match[2]} {match[3]}."


def _of_place_or_time(q: str, a: str, _dice: random.Random) -> str | None:
    """When did they arrive?"""
    match = re.match(
        r"(?i)(?:in )?(?:what|which) (year|century|decade|month|city|country|state|region|town|county|continent) (did|does|do) (.+)$|(when|where) (did|does|do) (.+)$",
        q,
    )
    if not match:
        return None
    helper, rest = match[2] or match[5], match[3] or match[6]
    split = verb_of(rest)
    if not split:
        return ""
    subject, verb, tail = split
    kind = (match[4] or match[1] or "").lower()
    timed = kind in ("when", "year", "century", "decade", "month")
    if not timed and re.search(r"\b(?:in|from|to|at)$", tail):
        return f"{_capital(subject)} {_finite(verb, helper)} {tail} {a}."
    pre = _preposition("when" if kind == "when" else "in", a)
    return f"{_capital(subject)} {_finite(verb, helper)}{' ' + tail if tail else ''} {pre}{a}."


def _of_state(q: str, a: str, _dice: random.Random) -> str | None:
    """Where is Oslo?"""
    match = re.match(
        rf"(?i)(when|where) {_BE} ((?:the |an? |his |her |its |their )?(?-i:[A-Z])[\w.'-]*(?: (?:of |the |de )*(?-i:[A-Z])[\w.'-]*)*|(?:the |an? |his |her |its |their )[\w'-]+(?: of [\w' -]+?)?) ?(\w+.*)?$",
        q,
    )
    if not match:
        return None
    tail = f" {match[4]}" if match[4] else ""
    return f"{_capital(match[3])} {match[2]}{tail} {_preposition(match[1].lower(), a)}{a}."


def _of_object(q: str, a: str, _dice: random.Random) -> str | None:
    """What did they build?"""
    match = re.match(r"(?i)(?:what|who|whom) (did|does|do) (.+)$", q)
    split = verb_of(match[2]) if match else None
    if not match or not split:
        return None
    subject, verb, tail = split
    if verb == "do" and not tail:
        return f"{_capital(subject)} {a}." if a.split(maxsplit=1)[0].endswith(("ed", "s")) else ""
    said = f"{_capital(subject)} {_finite(verb, match[1])}"
    if re.fullmatch(r"to|of|for|with|from|in|on|at|by|about|as|into|against|like", tail):
        return f"{said} {tail} {a}."
    return f"{said} {a}{' ' + tail if tail else ''}."


def _of_count(q: str, a: str, _dice: random.Random) -> str | None:
    """How many ships did they lose?"""
    match = re.match(r"(?i)how (many|much) ([\w' -]+?) (did|does|do) (.+)$", q)
    split = verb_of(match[4]) if match else None
    if match and split:
        subject, verb, tail = split
        noun = "" if match[2].split()[-1].rstrip("s") in a else f" {match[2]}"
        return (
            f"{_capital(subject)} {_finite(verb, match[3])} {a}{noun}{' ' + tail if tail else ''}."
        )
    match = re.match(rf"(?i)how many ([\w' -]+?) {_BE} (.+)$", q)
    if match and match[3].startswith("there"):
        return f"There {match[2]} {a} {match[1]}{match[3][5:]}."
    return f"{_capital(a)} {match[1]} {match[2]} {match[3]}." if match else None


def _of_reason(q: str, a: str, _dice: random.Random) -> str | None:
    """Why did they leave?"""
    match = re.match(r"(?i)why (did|does|do) (.+)$", q)
    split = verb_of(match[2]) if match else None
    if not match or not split:
        return None
    subject, verb, tail = split
    clause = re.search(r"\b(?:is|are|was|were|had|has|did|can|could|will|would)\b", a)
    because = "because " if clause else "because of "
    if re.match(r"(?i)because|to |due|since|in order|for ", a):
        because = ""
    return (
        f"{_capital(subject)} {_finite(verb, match[1])}{' ' + tail if tail else ''} {because}{a}."
    )


def verb_of(rest: str) -> tuple[str, str, str] | None:
    """Subject, verb and what follows in ``the Normans arrive in Italy``."""
    words = rest.split()
    for i, word in enumerate(words[1:], 1):
        if word in _KNOWN and words[i - 1].lower() not in (
            "the",
            "a",
            "an",
            "to",
            "of",
            "and",
            "in",
            "for",
            "its",
            "their",
            "his",
            "her",
        ):
            return " ".join(words[:i]), word, " ".join(words[i + 1 :])
    return None


def fallback(question: str, answer: str, dice: random.Random) -> str:
    """Where no rule fits: the answer with a frame around the question."""
    q = question.strip().rstrip("?").strip()
    return dice.choice(
        [
            f'The answer to "{q}?" is {answer}.',
            f"When asked {q[:1].lower() + q[1:]}, the answer is {answer}.",
            f"{q}? {_capital(answer)}.",
        ]
    )
