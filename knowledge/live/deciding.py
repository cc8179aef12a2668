"""Which live facts a question asks for: a pure policy over names, descriptions and words.

A source is asked when the question asks for what its description tells and holds its values; a
value that is missing is asked for only where nothing else is in the question. Everything else is
for the documents, which are asked anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from bot.conversation import Message, Principal, Role
from bot.facts import rarity
from bot.lexical import STOP_WORDS, fold, terms, words
from bot.ports import LivePlan, LiveWant
from knowledge.live.asking import question_back, thing
from knowledge.live.clauses import clauses, courtesy
from knowledge.live.shapes import Shape, Value, shape_of
from knowledge.live.topics import ABOUT_DOING, GENERIC, INCLUDED, PARTS, PLACED, TOPICS

MOST_FACTS = 4
"""Facts that are fetched for one question."""

CHARACTERS = 600
"""Of a longer question its beginning is read: a list of codes to probe is no question."""

_REMEMBERED = 6  # messages of the thread that a value may come from
_TELLING = 2.5  # rarity of a word of a description that a question may repeat to be about it
_GOES_ON = re.compile(r"^(?:and|und|et|y|what about|how about)\b|\bnow\b|\bjetzt\b", re.IGNORECASE)
_BEFORE_VALUE = (
    r"([^\W\d_]+) (?:for|of|to|with|on|in|from|für|von|zu|zum|zur|des|der|pour|de|para)"
    r"(?: (?:the|an?|my|your|our|this|that|den|die|das|dem|der|eine?n?|le|la|el))? $"
)


@dataclass(frozen=True)
class Offer:
    """A live source, as the decision sees it. ``parameters`` maps a name to its description."""

    name: str
    description: str
    parameters: tuple[tuple[str, str], ...] = ()
    groups: frozenset[str] = frozenset()

    @cached_property
    def topics(self) -> frozenset[str]:
        """What its name and description tell."""
        told = f"{self.name.replace('_', ' ').replace('-', ' ')} {self.description}"
        return frozenset(topic.name for topic in TOPICS if topic.told.search(told))

    @cached_property
    def shapes(self) -> tuple[tuple[str, Shape], ...]:
        """What each parameter's values look like."""
        return tuple((name, shape_of(description)) for name, description in self.parameters)

    @cached_property
    def own(self) -> frozenset[str]:
        """All terms of its name, its description and its parameters."""
        listed = [self.name.replace("_", " "), self.description, *(d for _, d in self.parameters)]
        return frozenset(t for text in listed for t in terms(text))

    @cached_property
    def telling(self) -> frozenset[str]:
        """The terms by which a question may be about it, besides its topics."""
        nouns = {t for _, shape in self.shapes for noun in shape.nouns for t in terms(noun)}
        said = words(f"{self.name.replace('_', ' ')} {self.description}")
        topics = [t for t in TOPICS if t.name in self.topics]
        kept = (
            w
            for w in said
            if w not in STOP_WORDS
            and w not in GENERIC
            and not any(t.told.search(w) or t.asked.search(w) for t in topics)
        )
        return frozenset(t for w in kept for t in terms(w) if rarity(t) >= _TELLING) - nouns

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where values start and end in a text."""
        return [(v.start, v.end) for _, shape in self.shapes for v in shape.values(text)]

    def thing(self, parameter: str) -> str:
        """What a parameter picks: "order" of "the order's number, like 10482"."""
        told = thing(dict(self.parameters)[parameter])
        return re.sub(r"\s+(?:numbers?|ids?|no|code)$", "", told)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a question asks of one source."""

    offer: Offer
    topics: frozenset[str]
    said: frozenset[str]
    values: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def whole(self) -> bool:
        return all(found for _, found in self.values)


def plan(
    offers: Sequence[Offer],
    question: str,
    query: str,
    history: Sequence[Message],
    principal: Principal,
) -> LivePlan:
    """The plan for a question; ``query`` is the question rewritten to stand alone."""
    question, query = (" ".join(t[:CHARACTERS].split()) for t in (question, query))
    pending = _pending(offers, history, principal)
    if pending is not None:
        answered = _answered_back(*pending, question)
        if answered is not None:
            return _planned([answered], question, ())
        query, history = question, ()  # the example in what was asked back is no value
    matches = [
        asked
        for offer in offers
        if (asked := _asked(offer, question, query, history)) is not None
        and (asked.whole or _asks_back(asked, question, query))
    ]
    allowed = [asked for asked in matches if principal.may_see(asked.offer.groups)]
    withheld = tuple(m.offer.name for m in matches if m not in allowed and m.whole)
    return _planned(allowed, question, withheld)


def _planned(asked: Sequence[_Asked], question: str, withheld: tuple[str, ...]) -> LivePlan:
    ready = [a for a in asked if a.whole]
    if ready:
        wants = list(_wants(ready))
        tells = " and ".join(dict.fromkeys(a.offer.name for a in ready))
        return LivePlan(
            reason=f'asks for what the live source "{tells}" tells',
            wants=tuple(wants[:MOST_FACTS]),
            more=_the_rest(ready, question),
            left=len(wants[MOST_FACTS:]),
            withheld=withheld,
        )
    if asked:
        first = asked[0]
        return LivePlan(
            reason=f'asks for what the live source "{first.offer.name}" tells, but not of what',
            ask=question_back(_missing(first)),
            withheld=withheld,
        )
    return LivePlan(withheld=withheld)


def _wants(asked: Sequence[_Asked]) -> Iterator[LiveWant]:
    """Each source with each value; the first value of every source first."""
    rows = []
    for a in asked:
        if len(a.values) == 1:
            name, found = a.values[0]
            filled: list[tuple[tuple[str, str], ...]] = [((name, value),) for value in found]
        else:
            filled = [tuple((name, found[0]) for name, found in a.values)]
        rows.append([LiveWant(a.offer.name, pairs, a.topics, a.said) for pairs in filled])
    for column in zip_longest(*rows):
        yield from (want for want in column if want is not None)


# -- one source ---------------------------------------------------------------------------------


def _asked(offer: Offer, question: str, query: str, history: Sequence[Message]) -> _Asked | None:
    """What a question asks of a source, where it does; values that are missing stay empty."""
    own = _values(offer, _without_the_rest(offer, question))
    if not all(found for _, found in own):
        own = _values(offer, question)
    topics, said = _told(offer, question)
    about = question
    if not topics and not said and not _residue(offer, question):
        for about in _left_out(own, question, query, history):
            topics, said = _told(offer, about)
            if topics or said:
                break
    if not topics and not said:
        return None
    if any(ABOUT_DOING.search(clause) for clause in _asking(offer, about)) or (
        about is not question and ABOUT_DOING.search(question)
    ):
        return None
    if not all(found for _, found in own):
        leaning = not _residue(offer, question)
        own = _filled(own, offer, query, history if leaning else ())
    whole = all(found for _, found in own)
    if whole and _about_a_part(offer, _around_the_asking(offer, about)):
        return None
    if whole and not topics and not offer.parameters and len(said) < 2:
        return None  # one word in common is little where no value tells
    return _Asked(offer, topics, said, own)


def _left_out(
    own: tuple[tuple[str, tuple[str, ...]], ...],
    question: str,
    query: str,
    history: Sequence[Message],
) -> Iterator[str]:
    """Where a follow-up ("and the AX-200?", "and now?") takes from what it asks for."""
    yield query
    if any(found for _, found in own) or _GOES_ON.search(question):
        yield from (m.text[:CHARACTERS] for m in reversed(history) if m.role is Role.USER)


def _told(offer: Offer, text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The topics and the telling words of a source that a text holds."""
    asked = {t.name for t in TOPICS if t.name in offer.topics and t.asked.search(fold_marks(text))}
    return frozenset(asked), offer.telling & frozenset(terms(text))


def _asking(offer: Offer, text: str) -> list[str]:
    """The clauses of a text that ask a source; all of it where none does so by itself."""
    asking = [clause for clause in _clauses(offer, text) if any(_told(offer, clause))]
    return asking or [text]


def _clauses(offer: Offer, text: str) -> list[str]:
    """What a text is made of, values that stand side by side together."""
    return clauses(text, offer.spans(text))


def _around_the_asking(offer: Offer, text: str) -> str:
    """The clauses that ask a source; where no value is in them, those before them too: "I need a
    filter for the AX-100 and what does it cost?" asks of the filter. What comes with a product is
    none of its parts there: "how long is the warranty of the AX-100 and what does it cost?"."""
    pieces = _clauses(offer, text)
    asking = [n for n, clause in enumerate(pieces) if any(_told(offer, clause))]
    if not asking:
        return text
    before = []
    if not any(found for n in asking for _, found in _values(offer, pieces[n])):
        before = [
            " ".join(w for w in clause.split() if fold(w.strip("?!.,;")) not in INCLUDED)
            for clause in pieces[: asking[0]]
        ]
    return ". ".join([*before, *(pieces[n] for n in asking)])


def fold_marks(text: str) -> str:
    """A text with plain apostrophes and single spaces, as the patterns expect it."""
    return " ".join(text.replace("’", "'").split())


def _values(offer: Offer, text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The values of each parameter in a text; one that stands for another is not taken twice."""
    taken: set[tuple[int, int]] = set()
    out = []
    several = len(offer.shapes) > 1
    for name, shape in offer.shapes:
        free = [v for v in shape.values(text) if (v.start, v.end) not in taken]
        if several and free:
            free = [_nearest(free, shape, text)]
            taken.add((free[0].start, free[0].end))
        out.append((name, tuple(v.text for v in free)))
    return tuple(out)


def _nearest(found: Sequence[Value], shape: Shape, text: str) -> Value:
    """The value that follows its noun ("from", "customer"), else the first."""

    def named(value: Value) -> bool:
        return bool(shape.nouns & set(words(text[: value.start])[-2:]))

    return next((v for v in found if named(v)), found[0])


def _filled(
    own: tuple[tuple[str, tuple[str, ...]], ...],
    offer: Offer,
    query: str,
    history: Sequence[Message],
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Missing values from the rewritten question, else from what was said last in the thread."""
    said = [m.text for m in history[-_REMEMBERED:] if m.role is Role.USER]
    texts = [query, *reversed(said)]
    for text in texts:
        if all(found for _, found in own):
            break
        there = dict(_values(offer, text[:CHARACTERS]))
        own = tuple((name, found or there[name][:MOST_FACTS]) for name, found in own)
    return own


def _residue(offer: Offer, text: str) -> list[str]:
    """The words of a text that are neither values, nor generic, nor of the source and its topics:
    what else it is about."""
    spans = offer.spans(text)
    for topic in TOPICS:
        if topic.name in offer.topics:
            for match in topic.asked.finditer(text):
                ends = re.findall(r"\S+", match.group())
                first, last = match.start() + len(ends[0]), match.end() - len(ends[-1])
                spans += [(match.start(), first), (last, match.end())]
    rest = text
    for start, end in spans:
        rest = f"{rest[:start]}{' ' * (end - start)}{rest[end:]}"
    kept = (w.removesuffix("'s") for w in words(rest))
    return [
        w
        for w in kept
        if w not in GENERIC and w not in STOP_WORDS and not offer.own.issuperset(terms(w))
    ]


def _about_a_part(offer: Offer, text: str) -> bool:
    """ "The filter for the AX-100", "AX-100 repair": not the product itself."""
    if any(w in PARTS for w in words(text) if not offer.own.issuperset(terms(w))):
        return True
    cues = [m.span() for topic in TOPICS for m in topic.asked.finditer(text)]
    for _, shape in offer.shapes:
        for value in shape.values(text):
            head = re.search(_BEFORE_VALUE, text[: value.start], re.IGNORECASE)
            if head and not any(start <= head.start(1) < end for start, end in cues):
                word = fold(head[1])
                known = word in GENERIC or word in STOP_WORDS
                if not known and not offer.own.issuperset(terms(word)):
                    return True
    return False


def _asks_back(asked: _Asked, question: str, query: str) -> bool:
    """Whether to ask for what is missing: nothing else is in the question, and it is no general
    one ("your prices")."""
    if asked.topics <= PLACED and not asked.offer.own & set(terms(question)):
        return False
    if not asked.topics or re.search(r"\byour (?:\w+ )?\w+s\b", question, re.IGNORECASE):
        return False
    return not _residue(asked.offer, question) and not _residue(asked.offer, query)


# -- asking back --------------------------------------------------------------------------------


def _missing(asked: _Asked) -> list[str]:
    described = dict(asked.offer.parameters)
    return [described[name] for name, found in asked.values if not found]


def _pending(
    offers: Sequence[Offer], history: Sequence[Message], principal: Principal
) -> tuple[Offer, str] | None:
    """The source that the bot asked back for just before, and the question that it asked about."""
    if len(history) < 2 or history[-1].role is not Role.ASSISTANT:
        return None
    said = fold_marks(history[-1].text)
    before = next((m.text for m in reversed(history[:-1]) if m.role is Role.USER), "")[:CHARACTERS]
    for offer in offers:
        if not principal.may_see(offer.groups):
            continue
        found = dict(_values(offer, before))
        lacking = [d for name, d in offer.parameters if not found[name]]
        if lacking and said == fold_marks(question_back(lacking)):
            return offer, before
    return None


def _answered_back(offer: Offer, before: str, question: str) -> _Asked | None:
    """The earlier question with the value that was asked for, where this message brings it."""
    if any(_told(offer, question)):
        return None  # a new question
    now = dict(_values(offer, question))
    values = tuple((name, found or now[name]) for name, found in _values(offer, before))
    asked = _Asked(offer, *_told(offer, before), values)
    return asked if asked.whole else None


# -- what else is asked -------------------------------------------------------------------------


def _without_the_rest(offer: Offer, text: str) -> str:
    """A question without the clauses that are about something else: their values are theirs."""
    clauses = _clauses(offer, text)
    if len(clauses) == 1:
        return text
    kept = [c for c in clauses if any(_told(offer, c)) or not _residue(offer, c)]
    return ". ".join(kept) if any(any(_told(offer, c)) for c in kept) else text


def _the_rest(asked: Sequence[_Asked], question: str) -> str:
    """The clauses of a question that ask none of the sources, with the values they are about."""
    spans = [span for a in asked for span in a.offer.spans(question)]
    rest = [
        clause.strip(" ?!.,;")
        for clause in clauses(question, spans)
        if clause.strip()
        and not courtesy(clause)
        and not any(any(_told(a.offer, clause)) for a in asked)
        and all(len(_residue(a.offer, clause)) > 0 for a in asked)
    ]
    if not rest:
        return ""
    values = list(dict.fromkeys(v for a in asked for _, found in a.values for v in found))
    missing = [v for v in values[:MOST_FACTS] if v.casefold() not in " ".join(rest).casefold()]
    return f"{'? '.join(rest)}?" + (f" ({', '.join(missing)})" if missing else "")
