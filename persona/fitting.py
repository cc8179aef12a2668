"""What of a prompt's material fits into its budget: the least useful goes first.

Everything here is data: it stands between tags that its own text cannot close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.evidence import Passage
from bot.facts import Kind, facts, rarity
from bot.lexical import query_terms, terms
from bot.marking import as_data
from bot.sentences import Sentence, split

LEAST_PASSAGE = 40
"""Tokens; a shorter piece of a passage tells too little."""

_LARGEST_SHARE = 0.6  # of the room, for one passage while others wait
_SAME = 0.9  # of a passage's terms in a better one: it says nothing new
_AS_NEAR = 0.1  # below the best cosine: found by meaning, whatever its words
_LEFT_OUT = "[…]"


def estimate_tokens(text: str) -> int:
    """About how many tokens a model counts: a quarter of the ASCII characters, one and a half
    characters a token for the others.

    OpenAI's help pages give 4 characters a token for English; other scripts take more, and too
    high a guess only drops the last passage. Never below the truth by more than a few per cent in
    prose; dense code may take a third more.
    """
    plain = len(text) if text.isascii() else len(text.encode("ascii", "ignore"))
    return -(-plain // 4) + -(-(len(text) - plain) * 2 // 3)


def clipped(text: str, tokens: int) -> str:
    """The beginning and the end of a text that is too long: people ask in one of the two."""
    if estimate_tokens(as_data(text)) <= tokens:
        return text
    share = max(0.0, (tokens - 2) / estimate_tokens(as_data(text)))
    keep = int(len(text) * share)
    while keep:
        short = f"{text[: keep // 2]} {_LEFT_OUT} {text[len(text) - keep // 2 :]}"
        if estimate_tokens(as_data(short)) <= tokens:
            return short
        keep = keep * 9 // 10
    return ""


def fitting_passages(passages: Sequence[Passage], query: str, room: int) -> list[str]:
    """The passages that fit into ``room`` tokens, numbered as they came and in their order.

    Where not all of them do, those go first that repeat a better one, then those that neither
    touch the query's words nor are near its meaning, then the last ones. A long passage is cut to
    the sentences around the one nearest to the query, so that it does not crowd out the others.
    """
    whole = {n: shown_passage(n, p, p.chunk.text) for n, p in enumerate(passages, 1)}
    costs = {n: _cost(text) for n, text in whole.items()}
    if sum(costs.values()) <= room:
        return list(whole.values())
    asked = _asked(query)
    order = _most_useful(passages, asked)
    kept: dict[int, str] = {}
    short: list[int] = []
    left = room
    for n in order:
        largest = min(left, int(room * _LARGEST_SHARE) if len(order) > 1 else room)
        if costs[n] > largest:
            short.append(n)
            text = _part(n, passages[n - 1], asked, largest)
        else:
            text = whole[n]
        if text:
            kept[n] = text
            left -= _cost(text)
    for n in short:  # what the others left over
        given = left + (_cost(kept[n]) if n in kept else 0)
        text = whole[n] if costs[n] <= given else _part(n, passages[n - 1], asked, given)
        if len(text) > len(kept.get(n, "")):
            kept[n], left = text, given - _cost(text)
    return [kept[n] for n in sorted(kept)]


def shown_passage(number: int, passage: Passage, text: str) -> str:
    """A passage as it stands in a prompt."""
    where = " ".join(passage.chunk.header.split())[:200].replace('"', "'")
    return f'<passage n="{number}" from="{as_data(where)}">\n{as_data(text)}\n</passage>'


def _cost(text: str) -> int:
    return estimate_tokens(text) + 1


def _asked(query: str) -> dict[str, float]:
    """The telling terms of a query with their weights."""
    return {term: rarity(term) for term in query_terms(query)}


def _touched(asked: dict[str, float], text: str) -> float:
    """The weight of the query's terms that a text holds."""
    return sum(map(asked.__getitem__, asked.keys() & set(terms(text)))) if asked else 0.0


@dataclass(frozen=True, slots=True)
class _Read:
    """What a passage holds, for telling whether another one says the same."""

    terms: frozenset[str]
    facts: frozenset[str]

    @classmethod
    def of(cls, passage: Passage) -> _Read:
        text = passage.chunk.text
        exact = (f.value for f in facts(text) if f.kind is not Kind.NAME)
        return cls(frozenset(terms(text)), frozenset(exact))

    def repeats(self, other: _Read) -> bool:
        """Whether the other says all of this; another number or date is news."""
        shared = len(self.terms & other.terms)
        return self.facts <= other.facts and shared >= _SAME * (len(self.terms) or 1)


def _most_useful(passages: Sequence[Passage], asked: dict[str, float]) -> list[int]:
    """The numbers of the passages, the most useful first; among equals as they came."""
    nearest = max((p.cosine for p in passages if p.cosine is not None), default=None)
    ranks: dict[int, int] = {}
    better: list[_Read] = []
    for n, passage in enumerate(passages, 1):
        read = _Read.of(passage)
        about = f"{passage.chunk.header}\n{passage.chunk.text}"
        if any(read.repeats(other) for other in better):
            ranks[n] = 2
        elif n > 1 and not _is_near(passage, nearest) and not _touched(asked, about):
            ranks[n] = 1
        else:
            ranks[n] = 0
            better.append(read)
    return sorted(ranks, key=lambda n: (ranks[n], n))


def _is_near(passage: Passage, nearest: float | None) -> bool:
    """Whether its meaning is about as near to the query as the nearest one's."""
    if nearest is None or passage.cosine is None:
        return False
    return passage.cosine >= nearest - _AS_NEAR


def _part(number: int, passage: Passage, asked: dict[str, float], room: int) -> str:
    """The sentences of a passage around the one that touches the query most; empty where even
    that does not fit, or too little would be left."""
    left: float = room - _cost(shown_passage(number, passage, f"{_LEFT_OUT}\n\n{_LEFT_OUT}")) - 2
    text = passage.chunk.text
    units = split(text)
    if left < LEAST_PASSAGE or not units:
        return ""
    weights = [_touched(asked, unit.text) for unit in units]
    first = last = weights.index(max(weights))
    left -= _size(text, units, first)
    if left < 0:
        return ""
    if first and (before := _size(text, units, first - 1)) <= left:
        first, left = first - 1, left - before  # what it refers to
    while last + 1 < len(units) and (after := _size(text, units, last + 1)) <= left:
        last, left = last + 1, left - after
    while first and (before := _size(text, units, first - 1)) <= left:
        first, left = first - 1, left - before
    shown = text[units[first].start : units[last].end]
    shown = f"{_LEFT_OUT}\n{shown}" if first else shown
    shown = f"{shown}\n{_LEFT_OUT}" if last + 1 < len(units) else shown
    return shown_passage(number, passage, shown)


def _size(text: str, units: Sequence[Sentence], at: int) -> float:
    """Tokens of a sentence with the white space after it, as :func:`estimate_tokens` counts them
    before it rounds up."""
    end = units[at + 1].start if at + 1 < len(units) else units[at].end
    piece = text[units[at].start : end]
    plain = len(piece.encode("ascii", "ignore"))
    # Every "<" may have to be written as four characters.
    return (plain + 3 * piece.count("<")) / 4 + (len(piece) - plain) * 2 / 3
