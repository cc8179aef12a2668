"""The built-in check of answers against their sources: no key, no download, no model call.

A sentence passes when it is quoted, when it states nothing, or when the trained encoder says that
the passages carry it and every number, date, code and link in it stands there. How the encoder was
trained: ``models/checker-minilm-l6-int8/README.md``; figures: ``benchmarks/bench_grounding.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from bot.facts import Fact, Kind
from bot.lexical import terms
from bot.ports import Verdict
from bot.sentences import split
from knowledge.checking.encoder import CheckerEncoder
from knowledge.checking.evidence import Evidence
from knowledge.checking.showing import show_claim
from knowledge.statements import (
    PassageText,
    Statement,
    canonical_terms,
    plain,
    read_passage,
    read_statement,
    telling_words,
)
from knowledge.support import Support, agree, ceiling, quoted, support

_OPENERS = (
    "yes|no|yep|yeah|nope|sure|sure thing|of course|certainly|absolutely|definitely|great"
    "|great question|great news|good|good question|good news|happy to help|glad to help"
    "|glad you asked|no problem|no worries|right|okay|ok|well|so|hi|hello|hey|hi there|hello there"
    "|hey there|thanks|thanks for asking|in short|to sum up|here you go|here's the deal"
    "|here's what i found|here's how|short answer|indeed|as you asked|sorry|unfortunately|cool"
    "|wow|oh|haha|i know|i see|i agree|that's (?:great|cool|true|right|awesome|interesting)"
    "|that is (?:great|cool|true|right|awesome|interesting)"
)
_DOUBT = (
    r"i(?:'m| am) not (?:too |really |quite |entirely )?sure|i do(?:n't| not) (?:really )?know"
    r"|i have no idea"
)
_REPORT = (
    r"i (?:do |also )?(?:know|think|believe|heard|read|guess|found)(?: that)?"
    r"|(?:did|do) (?:you|u) (?:also )?know(?: that)?|according to (?:the|our) \w+"
    r"|(?:the |our )?(?:docs|documentation|documents?|manual|guide) (?:says?|states?)(?: that)?"
)
_WRAPPER = re.compile(
    rf"^(?:(?:(?:{_OPENERS})\s*(?:[,:;.!–—]+|\s-)\s*)|(?:(?:{_DOUBT})\s*[,.;]*\s*but,?\s+)"
    rf"|(?:(?:{_REPORT})[\s,:]+)|(?:(?:and|but|also|yeah|yes),?\s+))+",
    re.IGNORECASE,
)
_DID_YOU_KNOW = re.compile(
    r"\b(?:did|do) (?:you|u) know\b(?! (?:why|how|what|who|when|where|if|any))"
)
_TAIL = re.compile(
    r"\s*(?:[–—,;]|\s-)\s*(?:hope (?:that|this) helps|let me know[^.!?]*|enjoy|cheers|happy to help"
    r"[^.!?]*)\s*[.!]*$",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"^(?:let (?:me|us) know|feel free|(?:i |we )?hope (?:this|that|it|you)|(?:i'm |i am |we're )?"
    r"(?:happy|glad|here) to (?:help|assist)|anything else|is there anything|just (?:ask|shout)"
    r"|(?:if|should) you (?:have|need) (?:any )?(?:more|other|further|questions|anything|help)"
    r"|reach out|have a (?:great|nice|good|lovely)|cheers|thanks|thank you|you're welcome"
    r"|you are welcome|welcome|hi|hello|hey|good (?:morning|day|evening|afternoon|luck)|bye"
    r"|goodbye|take care|enjoy|great question|good question|happy \w+ing|here (?:is|are) what"
    r"|here's what|i'd be (?:happy|glad)|i would be (?:happy|glad)|i can help|i'll (?:help|check)"
    r"|would you like|do you want|want me to|shall i|sure|of course|no problem|no worries|i agree"
    r"|me too|you too)\b",
    re.IGNORECASE,
)
_TELL = (
    r"(?:(?:tell|ping|message|ask|show) (?:me|us)|ask away|write (?:to )?(?:me|us)|write back|shout"
    r"|holler|just say(?: so)?|say so|come back|drop (?:me|us) a line|give (?:me|us) a shout"
    r"|get back to (?:me|us)|sage? (?:mir|uns)(?: bescheid)?|melde? dich|melden sie sich"
    r"|schreibe? (?:mir|uns)|gib (?:mir|uns) bescheid"
    r"|(?:geben|sagen) sie (?:mir|uns)(?: bescheid)?)"
)
_SOFTLY = r"(?:(?:just|please|then|and|bitte|dann|einfach) )*"
_ABOUT = r"(?:if|when|whenever|which|what|where|how|whether|wenn|falls|welche[rsn]?|was|wo|ob)"
# "Tell me if a step doesn't work." "If a step sticks, tell me which one."
_INVITATION = re.compile(
    rf"^{_SOFTLY}{_TELL}(?: here| again)?,? {_ABOUT}\b"
    rf"|^(?:if|when|should|wenn|falls)\b[^,.;:]{{1,80}}, {_SOFTLY}{_TELL}(?:\W*$| {_ABOUT}\b)",
    re.IGNORECASE,
)
_MOST_INVITING = 8  # telling words of such a sentence; German function words count
_SOURCES = "documents?|docs|documentation|passages?|sources?|pages?|knowledge base|guide"
_ADMISSION = re.compile(
    r"\b(?:i|we) (?:do not|don't|could not|couldn't|cannot|can't|did not|didn't|am not|was not"
    r"|wasn't|am unable|was unable)(?: \w+){0,2} (?:know|find|found|see|have|sure|say|tell|answer"
    r"|able)\b|\bi'm (?:not sure|afraid|unable|sorry)\b"
    rf"|\b(?:{_SOURCES})\b(?: \w+){{0,4}} (?:do not|don't|does not|doesn't) (?:say|mention|cover"
    r"|tell|answer|state|hold|contain|include)\b"
    r"|\bnothing (?:about|on) (?:this|that)\b|\bno information\b",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)")
_INLINE = re.compile(r"`+([^`\n]+)`+")
_MOST_COURTEOUS = 4  # telling words that a greeting or an offer may hold


def unwrapped(sentence: str) -> str:
    """A sentence without markup, citation markers, and the friendly words around its claim."""
    text = plain(sentence)
    text = _WRAPPER.sub("", text)
    return _TAIL.sub("", text).strip()


def states_nothing(sentence: str, statement: Statement, known: AbstractSet[str]) -> bool:
    """Whether a sentence makes no claim: a greeting, a question, an offer, an invitation to write
    back, an "I don't know".

    A question that brings in more than one telling word that is not ``known`` (from the passages
    or the person's question) takes something for granted, and is checked.
    """
    text = plain(sentence)
    if not any(c.isalnum() for c in statement.text):
        return True
    if _invites(text, statement):
        return True
    strict = [f for f in statement.facts if f.kind is not Kind.NAME]
    if strict:
        return False
    if text.endswith("?") and not _DID_YOU_KNOW.search(text.casefold()):
        foreign = [t for t in statement.weights if t not in known]
        return len(foreign) <= 1 or bool(_COURTESY.match(text))
    if _ADMISSION.search(statement.text) and " but " not in statement.text.casefold():
        return True
    courteous = _COURTESY.match(text) or _COURTESY.match(statement.text)
    return not statement.weights or bool(courteous and len(statement.weights) <= _MOST_COURTEOUS)


def _invites(text: str, statement: Statement) -> bool:
    """An invitation to write back: short, and without a figure ("which one" is none)."""
    figures = any(f.kind is not Kind.NAME and f.text.casefold() != "one" for f in statement.facts)
    short = len(statement.weights) <= _MOST_INVITING
    return short and not figures and bool(_INVITATION.match(text))


def commands(sentence: str) -> list[str]:
    """What a sentence shows as code: inline spans, or the lines of a code block."""
    lines = sentence.strip().splitlines()
    if lines and _FENCE.match(lines[0]):
        return [line.strip() for line in lines[1:] if line.strip() and not _FENCE.match(line)]
    return [c.strip() for c in _INLINE.findall(sentence) if c.strip()]


def _rival(fact: Fact, held: Support) -> Fact | None:
    """What the best sentences say in the place of a missing number or date."""
    pieces = held.window.pieces if held.window else ()
    for piece in pieces:
        for bound in piece.facts:
            other = bound.fact
            comparable = fact.kind is not Kind.NUMBER or other.unit == fact.unit
            if other.kind is fact.kind and comparable and not agree(fact, other):
                return other
    return None


def finding(statement: Statement, held: Support, passages: Sequence[PassageText]) -> str:
    """In words, what the passages do not carry."""
    for fact in (*held.missing, *held.elsewhere):
        if fact.kind is Kind.LINK:
            return f"the passages do not hold the address {fact.text}"
        rival = _rival(fact, held)
        if rival:
            return f"the passages do not say {fact.text}; they say {rival.text}"
        where = " in this connection" if fact in held.elsewhere else ""
        return f"the passages do not say {fact.text}{where}"
    if held.opposite and held.window:
        said = " ".join(p.text for p in held.window.pieces)
        return f"the passages say the opposite: “{said[:160]}”"
    everything = frozenset().union(*(p.found for p in passages)) if passages else frozenset()
    names = [f.text for f in statement.facts if f.kind is Kind.NAME]
    unknown = [n for n in names if not set(terms(n)) <= everything]
    unknown += [
        w for w in telling_words(statement.text) if not set(canonical_terms(w)) & everything
    ]
    if unknown:
        said = ", ".join(list(dict.fromkeys(unknown))[:4])
        return f"the passages say nothing about {said}"
    return "the passages hold these words, but not in this connection"


@dataclass(frozen=True)
class BuiltinCheck:
    """Passages opened for checking; see :class:`bot.ports.GroundingCheck`."""

    passages: tuple[PassageText, ...]
    headers: tuple[str, ...]
    question: str
    encoder: CheckerEncoder

    @cached_property
    def asked(self) -> frozenset[str]:
        """The terms of the question."""
        return frozenset(terms(self.question))

    @cached_property
    def known(self) -> frozenset[str]:
        """The terms of the question and all passages."""
        return self.asked.union(*(p.found for p in self.passages))

    @cached_property
    def evidence(self) -> Evidence:
        """The lines of all passages, ready to be shown."""
        return Evidence(self.passages, self.headers)

    async def check(self, sentence: str, cited: Sequence[int] = ()) -> Verdict:
        """Whether the passages carry the sentence; one pass of the encoder (8 ms) at most, and a
        millisecond for each passage that is read for the first time. Raises CheckerError."""
        verdicts = [await self._one(unit.text, cited) for unit in split(sentence)]
        if not verdicts:
            return Verdict(True, 1.0)
        worst = min(verdicts, key=lambda v: (v.supported, v.score))
        carried = [v for v in verdicts if v.passage is not None]
        if worst.passage is None and worst.supported and carried:
            return min(carried, key=lambda v: v.score)
        return worst

    async def _one(self, sentence: str, cited: Sequence[int]) -> Verdict:
        said, text = plain(sentence), unwrapped(sentence)
        ordered = self._ordered(cited)
        chosen = [self.passages[i] for i in ordered]
        place = quoted(said, chosen) or (quoted(text, chosen) if text != said else None)
        if place:
            return Verdict(True, 0.99, ordered[place[0]], place[1])
        for command in commands(sentence):
            if not quoted(command, chosen):
                return Verdict(False, 0.1, None, None, f"the passages do not hold `{command}`")
        statement = read_statement(text, self.asked)
        if states_nothing(sentence, statement, self.known):
            return Verdict(True, 1.0)
        held = support(statement, chosen)
        if held.window is None:
            return Verdict(False, 0.0, None, None, "there are no passages that could carry this")
        score = ceiling(held.signals, 1.0)
        if score >= 0.5:  # what cannot pass needs no reading
            shown = show_claim(self.evidence, statement, self.question)
            judged = await self.encoder.carries(shown, held.signals)
            score = min(judged, ceiling(held.signals, judged))
        index = ordered[held.window.index]
        if score >= 0.5:
            return Verdict(True, round(score, 4), index, held.window.span)
        said = finding(statement, held, chosen)
        return Verdict(False, round(score, 4), index if score > 0.3 else None, None, said)

    def _ordered(self, cited: Sequence[int]) -> list[int]:
        """Indexes of all passages, the cited ones first: of equals, they carry the sentence."""
        first = [i for i in dict.fromkeys(cited) if 0 <= i < len(self.passages)]
        return first + [i for i in range(len(self.passages)) if i not in first]


class BuiltinGrounder:
    """Opens passages for :class:`BuiltinCheck`; reading is remembered across turns.

    ``encoder`` is shared with the reader; without one it has its own, loaded at the first claim.
    """

    id = "builtin-5"
    """Changes whenever verdicts may (:class:`bot.ports.Grounder`)."""

    def __init__(self, encoder: CheckerEncoder | None = None) -> None:
        self._encoder = encoder or CheckerEncoder()

    def open(
        self, passages: Sequence[str], question: str = "", headers: Sequence[str] = ()
    ) -> BuiltinCheck:
        """Open the passages; ``question`` lends its words half a weight."""
        above = (*headers, *[""] * (len(passages) - len(headers)))
        read = tuple(read_passage(p, h) for p, h in zip(passages, above, strict=False))
        return BuiltinCheck(read, above[: len(read)], question, self._encoder)
