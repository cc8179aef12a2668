"""Questions from sentences that state one number, and from definitions. Pure.

Each rule is a shape of English sentence that has one question: a subject that says what it is about
by itself, a verb of a closed list, and one number. What has another shape is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.facts import UNKNOWN_RARITY, Fact, Kind, facts, rarity
from bot.lexical import terms
from bot.sentences import Unit
from knowledge.proposing.material import Candidate, Material, Part, literal, plain, stems

_MEASURES = {
    "takes": "take", "lasts": "last", "has": "have", "holds": "hold", "stores": "store",
    "keeps": "keep", "allows": "allow", "supports": "support", "includes": "include",
    "needs": "need", "requires": "require", "uses": "use", "draws": "draw",
    "contains": "contain", "covers": "cover", "reaches": "reach", "weighs": "weigh",
}  # fmt: skip
_PLURALS = frozenset(_MEASURES.values())
_SUBJECT = (
    r"(?P<subject>(?:(?:The|An?|Your|Our|Every|Each|All) )?[A-Za-z][\w’'+.-]*(?: [\w’'+/-]+){0,6}?)"
)
_ABOUT = r"(?:(?:about|up to|at least|at most|only|exactly|around|approximately|roughly) )?"
_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty"
_NUMBER = rf"(?P<number>[$€£] ?\d[\d,.]*\d|[$€£] ?\d|\d[\d,]*(?:\.\d+)?|(?:{_WORDS})\b)"
_TIME = r"(?:seconds?|minutes?|hours?|(?:business |working )?days?|weeks?|months?|years?)"
_REST = (
    r"(?P<rest>(?: (?:with|for|per|an?|at|in|on|of|to|from|by|each|every|during|without|when)\b"
    r"(?: (?!and\b|but\b|or\b|which\b|that\b|so\b|because\b)[\w$’'/-]+){0,8})?)"
)
_END = r"(?:[.,;:]|$| and | but | or | so | because )"
_COSTS = re.compile(rf"^{_SUBJECT} costs? {_ABOUT}{_NUMBER}{_REST}{_END}")
_HAS = re.compile(
    rf"^{_SUBJECT} (?P<verb>{'|'.join((*_MEASURES, *_PLURALS))}) {_ABOUT}{_NUMBER} "
    rf"(?P<unit>(?:[a-z]+ )?[a-z]+s){_REST}{_END}"
)
_MODAL = re.compile(
    rf"^(?P<subject>You|(?:The|An?|Every|Each) [\w’'+ -]+?|[A-Z][\w’'+-]*(?: [A-Z0-9][\w-]*)*) "
    rf"(?P<modal>can|may|must|should) (?P<verb>[a-z]+) {_ABOUT}{_NUMBER} "
    rf"(?P<unit>(?:[a-z]+ )?[a-z]+s){_REST}{_END}"
)
_PAST = (
    "kept|stored|valid|deleted|removed|refunded|shipped|delivered|charged|sent|renewed|available"
    "|repeated|measured|checked|updated|locked|paid|answered|free|active|blocked|suspended|retried"
    "|rotated|erased|cached|saved"
)
_BEING = re.compile(
    rf"^{_SUBJECT} (?P<be>is|are) (?P<what>{_PAST}) (?P<how>for|after|within|every) {_ABOUT}"
    rf"{_NUMBER} (?P<unit>{_TIME}){_REST}{_END}"
)
_DOING = re.compile(
    rf"^{_SUBJECT} (?P<verb>works?|runs?|expires?|ends?|stays? [a-z]+|goes on|arrives?|remains? "
    rf"[a-z]+) (?P<how>for|after|within|in|every) {_ABOUT}{_NUMBER} (?P<unit>{_TIME}){_REST}{_END}"
)
_IS = re.compile(
    rf"^(?P<subject>(?:The|Our|Your) [\w’'+ -]+?) (?P<be>is|are) {_ABOUT}{_NUMBER}"
    rf"(?P<unit>(?: ?%| [a-z°]+)?){_END}"
)
_DEFINES = re.compile(
    r"^(?P<subject>(?:(?:The|An?) )?[A-Z0-9][\w’'+.-]*(?: [\w’'+-]+){0,4}?) (?P<be>is|are) "
    r"(?P<what>(?:an?|the) [\w][^.;:()\[\]]{8,110})"
)
_LEANS = re.compile(
    r"\b(?:it|its|this|that|these|those|they|them|their|there|here|he|she|one|both|other|another"
    r"|same|such|also|above|below|following|previous|next|then|if|when|while|whether|which|who|what"
    r"|not|never|no|figure|example|table|step|section|page|document|article|guide|tutorial)\b",
    re.IGNORECASE,
)  # fmt: skip
_VERBAL = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|may|must|will|should|would|could|does|do|did|be|been"
    r"|costs?|takes?|needs?|gets?|makes?|uses?|keeps?|sends?|shows?|works?|runs?|goes|comes)\b",
    re.IGNORECASE,
)
_CUT = re.compile(r",|\s(?:that|which|who|where|when|so|because|and|but|designed|used|based)\b")
_APART = re.compile(
    r"\band\b|['’](?:ll|re|ve|d|s [a-z]+ed)\b|^(?:Each|Every|All|If|To|For|In|On|At|By|With)\b"
)
_CUT_OFF = re.compile(r"ly$|^(?:default|major|most|main|only|first|best|result|reason|process)\b")
_LISTING = re.compile(r":\s|:$")
_MEANT = re.compile(r"^(?:(?:After |Within |In )?(?:what|how)\b)", re.IGNORECASE)
_LONGEST_QUESTION = 16  # words
_VERSIONS = re.compile(r"\b(?:version|v\d)", re.IGNORECASE)


def from_sentences(material: Material, part: Part) -> Iterator[Candidate]:
    """The questions of a part's sentences."""
    for n, unit in enumerate(part.units):
        if unit.unit not in (Unit.PROSE, Unit.ITEM):
            continue
        text = plain(unit.text)
        found = _number(material, text) or (_definition(material, part, text) if not n else None)
        if found is None:
            continue
        rule, questions, answer = found
        if _whole(material, part, questions[0], rule):
            yield Candidate(rule, questions[0], (answer,), material, unit.text, questions[1:])


Found = tuple[str, tuple[str, ...], str]
"""The rule, the question with its paraphrases, the answer."""


def _number(material: Material, text: str) -> Found | None:
    """The question of a sentence that states one number."""
    stated = [f for f in facts(text) if f.kind in (Kind.NUMBER, Kind.DATE)]
    if len(stated) != 1 or stated[0].kind is not Kind.NUMBER:
        return None
    if _VERSIONS.search(text) or _LISTING.search(text):
        return None
    for pattern, ask in _SHAPES:
        match = pattern.match(text)
        if match and not _leans(match["subject"]):
            questions = ask(match, _subject(material, match["subject"]))
            return (f"sentence: {_NAMES[pattern]}", questions, _answer(stated[0], match))
    return None


def _answer(fact: Fact, match: re.Match[str]) -> str:
    """The number with its unit where that is a measure; a count stands alone."""
    unit = (match.groupdict().get("unit") or "").strip()
    if fact.unit or not unit:
        return literal(match.string, fact)
    return f"{match['number']} {unit}" if re.fullmatch(_TIME, unit) else match["number"]


def _leans(subject: str) -> bool:
    return bool(_LEANS.search(subject) or _VERBAL.search(subject) or _APART.search(subject))


def _subject(material: Material, subject: str) -> str:
    """The subject inside a question: "You" is who asks; a word that the document writes small
    elsewhere has its capital from the sentence alone."""
    first, _, rest = subject.partition(" ")
    if first == "You":
        return "I"
    if first == "Your":
        return f"my {rest}"
    small = re.search(rf"(?<=[a-z,] ){re.escape(first.lower())}\b", material.text)
    common = all(rarity(term) < UNKNOWN_RARITY for term in terms(first))
    named = re.search(rf"(?<=[a-z,] ){re.escape(first)}\b", material.text)
    opens = not named and first[1:].islower() and rest == rest.lower()
    if first in _ARTICLES or (opens and ((small and common) or first.endswith("s"))):
        return f"{first.lower()} {rest}".strip()
    return subject


_ARTICLES = frozenset({"The", "A", "An", "Our", "Every", "Each", "All"})


def _mine(text: str) -> str:
    """The rest of a sentence as the asker says it."""
    return re.sub(r"\byou\b", "I", re.sub(r"\byour\b", "my", text))


def _costs(match: re.Match[str], subject: str) -> tuple[str, ...]:
    does, rest = ("does" if " costs " in match.group() else "do"), _mine(match["rest"])
    return (
        f"How much {does} {subject} cost{rest}?",
        f"What is the price of {subject}{rest}?",
        f"What {does} {subject} cost{rest}?",
    )


def _has(match: re.Match[str], subject: str) -> tuple[str, ...]:
    verb, unit, rest = match["verb"], match["unit"], _mine(match["rest"])
    base = _MEASURES.get(verb, verb)
    does = "do" if verb in _PLURALS else "does"
    if re.fullmatch(_TIME, unit) and base in ("take", "last"):
        return (
            f"How long {does} {subject} {base}{rest}?",
            f"How much time {does} {subject} {base}{rest}?",
            f"How many {unit.split()[-1]} {does} {subject} {base}{rest}?",
        )
    return (
        f"How many {unit} {does} {subject} {base}{rest}?",
        f"What number of {unit} {does} {subject} {base}{rest}?",
        f"Can you tell me how many {unit} {subject} {verb}{rest}?",
    )


def _modal(match: re.Match[str], subject: str) -> tuple[str, ...]:
    modal, verb, unit, rest = match["modal"], match["verb"], match["unit"], _mine(match["rest"])
    if re.fullmatch(_TIME, unit) and verb in ("wait", "take", "last"):
        return (
            f"How long {modal} {subject} {verb}{rest}?",
            f"How many {unit} {modal} {subject} {verb}{rest}?",
        )
    return (
        f"How many {unit} {modal} {subject} {verb}{rest}?",
        f"Can you tell me how many {unit} {subject} {modal} {verb}{rest}?",
        f"What number of {unit} {modal} {subject} {verb}{rest}?",
    )


_HOW = {
    "for": "How long",
    "after": "After how long",
    "within": "Within what time",
    "in": "In what time",
    "every": "How often",
}


def _being(match: re.Match[str], subject: str) -> tuple[str, ...]:
    be, what, rest = match["be"], match["what"], _mine(match["rest"])
    how = _HOW[match["how"]]
    return (
        f"{how} {be} {subject} {what}{rest}?",
        f"Can you tell me {how[0].lower()}{how[1:]} {subject} {be} {what}{rest}?",
    )


def _doing(match: re.Match[str], subject: str) -> tuple[str, ...]:
    verb, rest, how = match["verb"], _mine(match["rest"]), _HOW[match["how"]]
    first, _, more = verb.partition(" ")
    base = {"goes": "go"}.get(first, first.removesuffix("s"))
    does = "do" if base == first else "does"
    more = f" {more}" if more else ""
    return (
        f"{how} {does} {subject} {base}{more}{rest}?",
        f"Can you tell me {how[0].lower()}{how[1:]} {subject} {verb}{rest}?",
    )


def _is(match: re.Match[str], subject: str) -> tuple[str, ...]:
    be = match["be"]
    return (f"What {be} {subject}?", f"Can you tell me what {subject} {be}?")


_SHAPES = (
    (_COSTS, _costs), (_BEING, _being), (_DOING, _doing), (_MODAL, _modal), (_HAS, _has), (_IS, _is)
)  # fmt: skip
_NAMES = {_COSTS: "price", _BEING: "time", _DOING: "time", _MODAL: "count", _HAS: "count",
          _IS: "value"}  # fmt: skip


def _definition(material: Material, part: Part, text: str) -> Found | None:
    """The question of a part that opens by saying what its thing is."""
    match = _DEFINES.match(text)
    if match is None or _leans(match["subject"]):
        return None
    named = stems(part.heading) | stems(material.title)
    thing = stems(match["subject"])
    common = len(thing) == 1 and all(rarity(t) < UNKNOWN_RARITY for t in thing)
    telling = not common and any(
        f.kind in (Kind.NAME, Kind.CODE) for f in facts(f"of {match['subject']}")
    )
    if not thing or not thing <= named or not (telling and match["be"] == "is"):
        return None
    cut = _CUT.split(match["what"], maxsplit=1)[0].strip()
    words = re.sub(r"^(?:an?|the)\s+", "", cut, flags=re.IGNORECASE)
    if not 2 <= len(words.split()) <= 9 or _LEANS.search(words) or _CUT_OFF.search(words):
        return None
    subject, be = _subject(material, match["subject"]), match["be"]
    questions = (f"What {be} {subject}?", f"Can you explain what {subject} {be}?")
    return "sentence: definition", questions, words


def _whole(material: Material, part: Part, question: str, rule: str) -> bool:
    """Whether a question is understood without its page: it has a name or a code, or a word of the
    title or the heading, says enough, and leans on nothing."""
    asked, defines = stems(question), rule.endswith("definition")
    said = _MEANT.sub("", question)
    if not defines and (len(question.split()) > _LONGEST_QUESTION or _LEANS.search(said)):
        return False
    named = any(f.kind in (Kind.NAME, Kind.CODE) for f in facts(question))
    topical = bool(asked & (stems(material.title) | stems(part.heading)))
    return len(asked) >= (1 if defines else 2) and (named or topical)
