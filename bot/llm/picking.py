"""Which pieces make the answer: complete, brief, and nothing said twice.

A line that introduces something comes with it; a list comes whole where all of it is asked for,
else the item that is; a table's row with its header; a comparison as the table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.evidence import Passage
from bot.facts import Kind, facts
from bot.lexical import STOP_WORDS, terms
from bot.llm.asking import ONE_VALUE, Asked, Asks, holds_type, opposed, read_question
from bot.llm.headings import Headed
from bot.llm.manners import Manner, manner
from bot.llm.opening import opening
from bot.llm.signals import Scored, shared
from bot.llm.tabular import LookedUp
from bot.llm.tasks import is_task
from bot.llm.units import Candidate, Span, is_procedure
from bot.sentences import Unit, split

_MOST_PICKS = 3
_MARGIN = 0.8  # how far below the best a further pick may score, in the ranker's logits
_MARGINS = {Asks.YES_NO: 0.3, **dict.fromkeys(ONE_VALUE, 1.0)}
_MARGIN_OF_NEWS = 2.0  # for one that says what the others leave open
_MARGIN_OF_MORE = 3.5  # the same where two things are asked
_MARGIN_OF_STEPS = 8.0  # for steps from the page that names the trouble
_NEWS = 0.18
_NEWS_AFTER_ALL = 0.35  # where the part below the asking heading was quoted
_NEW_WORDS = 0.4
_LONGEST_BLOCK = 1_500
_LONGEST_PARAGRAPH = 450
_STANDS_OUT = 0.15
_SAID = 0.75
_STOP_STEMS = frozenset(t for w in STOP_WORDS for t in terms(w))


@dataclass(frozen=True, slots=True)
class Picked:
    """A quote: ``passages[passage].chunk.text[start:end] == text``."""

    text: str
    passage: int
    score: float
    start: int
    end: int


Ranked = Sequence[tuple[Scored, float]]

_VERDICT = re.compile(r"(?:^|\n\n)(?P<said>(?:Yes|No|Not yet)[.!] )$")


@dataclass(slots=True)
class _Answer:
    """What is picked so far."""

    asked: Asked
    passages: Sequence[Passage]
    spans: dict[int, list[tuple[int, int, float]]] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    procedure: bool = False
    taken: int = 0

    def text(self, index: int, spans: Sequence[Span]) -> str:
        text = self.passages[index].chunk.text
        return "\n".join(text[a:b] for a, b in spans)

    def news(self, candidate: Candidate) -> float:
        """The share of what is asked that this says and nothing picked does."""
        weights = self.asked.weights
        found = set(terms(f"{candidate.text}\n{candidate.heading}")) - self.said
        if any(f.kind is Kind.CODE and f.value in found for f in self.asked.facts):
            return 1.0
        return sum(w for t, w in weights.items() if t in found) / (sum(weights.values()) or 1.0)

    def repeats(self, candidate: Candidate, index: int) -> bool:
        """Whether most of its own words were said."""
        core = self.text(index, [candidate.core])
        own = set(terms(core)) - _STOP_STEMS
        values = {f.value for f in facts(core) if f.kind in (Kind.NUMBER, Kind.DATE)}
        if self.asked.asks in (Asks.NUMBER, Asks.TIME) and values <= self.values:
            return True
        return len(own - self.said) < _NEW_WORDS * len(own)

    def take(self, index: int, spans: Sequence[Span], score: float) -> None:
        place = self.spans.setdefault(index, [])
        new = [s for s in spans if not any(a <= s[0] and s[1] <= b for a, b, _ in place)]
        place[:] = [p for p in place if not any(a <= p[0] and p[1] <= b for a, b in new)]
        place.extend((a, b, score) for a, b in new)
        text = self.text(index, spans)
        self.said |= set(terms(text))
        self.values |= {f.value for f in facts(text)}
        self.procedure |= any(is_procedure(unit) for unit in split(text))
        self.taken += 1

    def merged(self) -> tuple[Picked, ...]:
        """Quotes in reading order; neighbours with only space between them become one."""
        found: list[Picked] = []
        for index, places in self.spans.items():
            text = self.passages[index].chunk.text
            first = len(found)
            for start, end, score in sorted(places):
                last = found[-1] if len(found) > first else None
                if (
                    last
                    and not text[last.end : start].strip()
                    and _one_piece(last.text, text[start])
                ):
                    to = max(end, last.end)
                    joined = text[last.start : to]
                    found[-1] = Picked(joined, index, max(last.score, score), last.start, to)
                else:
                    found.append(Picked(text[start:end], index, score, start, end))
        return tuple(found)


def _one_piece(before: str, begins: str) -> bool:
    """A table is no part of the sentence above it, unless that leads to it: its rows may follow."""
    return begins != "|" or before.lstrip().startswith("|") or before.rstrip().endswith(":")


def speaks_of(
    asked: Asked, passages: Sequence[Passage], ranked: Ranked, picked: Sequence[Picked]
) -> bool:
    """Whether quotes say more of what is asked than what every passage says: of "Who founded
    Mossgate?" the name of the product alone says nothing."""
    wanted = asked.weights.keys() - shared(passages)
    above = {s.index: s.candidate.heading for s, _ in reversed(ranked)}
    said = "\n".join(
        f"{passages[p.passage].chunk.header}\n{above.get(p.passage, '')}\n{p.text}" for p in picked
    )
    return not wanted or bool(wanted & set(terms(said)))


def picks(
    asked: Asked,
    passages: Sequence[Passage],
    ranked: Ranked,
    headed: Headed | None,
    looked_up: LookedUp | None = None,
) -> tuple[Picked, ...]:
    """The quotes of an answer: what a table says to it, what stands below the asking heading, or
    the best candidates."""
    answer = _Answer(asked, passages)
    if looked_up:
        for index, quoted in looked_up.spans:
            answer.take(index, quoted, ranked[0][1])
        return answer.merged()
    if headed and not _told_in(asked, ranked[0][0], headed):
        first_said = opening(asked, passages[headed.index].chunk.text, headed.part)
        if first_said:
            answer.take(headed.index, first_said, ranked[0][1])
            answer.said |= set(terms(headed.part.heading))
    if answer.taken and headed and headed.opens and " and " not in asked.text:
        return answer.merged()
    if not answer.taken:
        first = _instead_of_row(answer, ranked)
        answer.take(first.index, _complete(answer, first, ranked), ranked[0][1])
        answer.said |= set(terms(first.candidate.heading))
    told = answer.procedure or (headed is not None and headed.sure and is_task(asked))
    reach = _MARGIN_OF_MORE if " and " in asked.text else _MARGIN_OF_NEWS
    for scored, score in ranked:
        if answer.taken == _MOST_PICKS or score < ranked[0][1] - reach:
            break
        if _adds(answer, scored, ranked[0][1] - score, told=headed is not None):
            spans = _complete(answer, scored, ranked)
            text = answer.text(scored.index, spans)
            steps = any(is_procedure(unit) for unit in split(text))
            after_steps = answer.procedure and not steps
            other_steps = steps and told and reach < _MARGIN_OF_MORE
            if len(text) <= _LONGEST_BLOCK and not after_steps and not other_steps:
                answer.take(scored.index, spans, score)
    if headed is None:
        _add_steps(answer, ranked)
    return answer.merged()


def _add_steps(answer: _Answer, ranked: Ranked) -> None:
    """To trouble that is only named so far, what the same page says to do about it."""
    if answer.procedure or not answer.asked.steps or manner(answer.asked.text) is Manner.QUESTION:
        return
    pages = {
        answer.passages[index].chunk.document
        for index in answer.spans
        if answer.asked.weights.keys() & set(terms(answer.passages[index].chunk.title))
    }
    for scored, score in ranked:
        text, candidate = answer.passages[scored.index].chunk.text, scored.candidate
        if score < ranked[0][1] - _MARGIN_OF_STEPS:
            return
        numbered = candidate.whole and _is_procedure(text, [candidate.core])
        if numbered and answer.passages[scored.index].chunk.document in pages:
            answer.take(scored.index, candidate.block or candidate.spans, score)
            return


def _told_in(asked: Asked, best: Scored, headed: Headed) -> bool:
    """Whether the best candidate is the very sentence of the part that has the value asked for."""
    if headed.opens:
        return False
    start, end = headed.part.units[0].start, headed.part.units[-1].end
    inside = best.index == headed.index and start <= best.candidate.core[0] < end
    return inside and asked.asks in ONE_VALUE and holds_type(asked, best.candidate.text)


def _adds(answer: _Answer, scored: Scored, behind: float, *, told: bool) -> bool:
    """Whether a further candidate is worth reading after what is picked."""
    candidate = scored.candidate
    place = answer.spans.get(scored.index, [])
    if candidate.whole and any(
        a < candidate.core[1] and candidate.core[0] < b for a, b, _ in place
    ):
        return False
    if candidate.unit is Unit.ROW and is_task(answer.asked):
        return False
    dangling = candidate.text.rstrip().endswith(":") and not candidate.block
    if dangling or answer.repeats(candidate, scored.index):
        return False
    if answer.news(candidate) >= (_NEWS_AFTER_ALL if told else _NEWS):
        return True
    return not told and behind <= _MARGINS.get(answer.asked.asks, _MARGIN)


def _instead_of_row(answer: _Answer, ranked: Ranked) -> Scored:
    """The best candidate, or the sentence that says the same as the best's table row."""
    best, top = ranked[0]
    if best.candidate.unit is not Unit.ROW:
        return best
    row = set(terms(answer.text(best.index, [best.candidate.core]))) - _STOP_STEMS
    for scored, score in ranked:
        if score < top - _MARGIN:
            break
        if scored.candidate.unit is Unit.PROSE:
            missing = row - set(terms(scored.candidate.text))
            if len(missing) <= 0.1 * len(row):
                return scored
    return best


def _complete(answer: _Answer, scored: Scored, ranked: Ranked) -> Sequence[Span]:
    """The spans of a candidate with what it needs to be understood, and no more."""
    asked, candidate = answer.asked, scored.candidate
    text = answer.passages[scored.index].chunk.text
    block = candidate.block
    fits = bool(block) and block[-1][1] - block[0][0] <= _LONGEST_BLOCK
    if candidate.unit is Unit.PROSE:
        introduces = text[: candidate.core[1]].endswith(":")
        if fits and (introduces or (asked.steps and _is_procedure(text, block))):
            return block
        if asked.lists:
            return _paragraph(answer, scored, ranked)
        return _with_verdict(asked, text, candidate)
    if candidate.unit is Unit.ROW:
        return block if fits and _whole_table(asked, text, candidate) else candidate.spans
    if candidate.unit is Unit.ITEM:
        return _items(answer, scored, ranked, fits=fits)
    return candidate.spans


def _with_verdict(asked: Asked, text: str, candidate: Candidate) -> Sequence[Span]:
    """With the "No." right before it, where it answers the heading's question and this one wants
    the same: yes or no."""
    before = _VERDICT.search(text[: candidate.core[0]])
    if not before or asked.asks is not Asks.YES_NO or len(candidate.spans) > 1:
        return candidate.spans
    other = read_question(candidate.heading)
    if other.asks is not Asks.YES_NO or other.negated != asked.negated:
        return candidate.spans
    said, wanted = frozenset(other.weights), frozenset(asked.weights)
    if not said & wanted or opposed(wanted, said):
        return candidate.spans
    return [(before.start("said"), candidate.spans[0][1])]


def _items(answer: _Answer, scored: Scored, ranked: Ranked, *, fits: bool) -> Sequence[Span]:
    """A list whole, or the item that says what is asked, or the sentence of it that does."""
    asked, candidate = answer.asked, scored.candidate
    together = asked.steps or asked.lists
    same = [
        s
        for s, _ in ranked
        if s.index == scored.index
        and s.candidate.unit is Unit.ITEM
        and s.candidate.block == candidate.block
        and not s.candidate.whole
    ]
    whole = [s for s in same if not any(_inside(s.candidate, o.candidate) for o in same)]
    if candidate.whole and fits and _says(asked, candidate.heading):
        return candidate.block
    if not together and (best := _standing_out(answer, whole)):
        return _telling_sentence(best, ranked)
    told = _gain(answer, scored.index, candidate) >= _STANDS_OUT
    if candidate.whole or (fits and (together or not told)):
        return candidate.block or candidate.spans
    return _telling_sentence(scored, ranked)


def _says(asked: Asked, heading: str) -> bool:
    """Whether the heading above a list says what is asked: then the list is what it says."""
    held = set(terms(heading))
    said = sum(w for t, w in asked.weights.items() if t in held)
    return asked.asks not in ONE_VALUE and said >= _SAID * (sum(asked.weights.values()) or 1.0)


def _inside(one: Candidate, other: Candidate) -> bool:
    (a, b), (c, d) = one.core, other.core
    return c <= a and b <= d and (a, b) != (c, d)


def _telling_sentence(item: Scored, ranked: Ranked) -> Sequence[Span]:
    """The best sentence of an item that has several, where it says as much as the item."""
    score = next((score for s, score in ranked if s is item), 0.0)
    for other, its in ranked:
        inside = other.index == item.index and _inside(other.candidate, item.candidate)
        if inside and its >= score - _MARGIN:
            return other.candidate.spans
    return item.candidate.spans


def _is_procedure(text: str, block: Sequence[Span]) -> bool:
    start = text[block[-1][0] :]
    return start[:1].isdigit() or start.startswith(("```", "~~~"))


def _whole_table(asked: Asked, text: str, candidate: Candidate) -> bool:
    """Whether all rows are asked for: what is compared are its columns, or it is a listing."""
    header = text[candidate.spans[0][0] : candidate.core[0]].split("\n", maxsplit=1)[0]
    if asked.compares:
        codes = [f.value for f in asked.facts]
        named = set(terms(header))
        return sum(all(t in named for t in terms(c)) for c in codes) > 1
    if not asked.lists:
        return False
    own = set(terms(text[candidate.core[0] : candidate.core[1]])) - set(terms(header))
    return not own & set(asked.weights)


def _gain(answer: _Answer, index: int, item: Candidate) -> float:
    """The share of what is asked that an item says and its lead-in does not."""
    own = set(terms(answer.text(index, [item.core])))
    lead = [s for s in item.spans if s != item.core]
    own -= set(terms(answer.text(index, lead)))
    weights = answer.asked.weights
    return sum(w for t, w in weights.items() if t in own) / (sum(weights.values()) or 1.0)


def _standing_out(answer: _Answer, items: Sequence[Scored]) -> Scored | None:
    """The one item of a list that says what is asked, where only one does."""
    gains = sorted((_gain(answer, s.index, s.candidate) for s in items), reverse=True)
    if not gains or gains[0] < _STANDS_OUT or (len(gains) > 1 and gains[1] > 0.7 * gains[0]):
        return None
    return max(items, key=lambda s: _gain(answer, s.index, s.candidate))


def _paragraph(answer: _Answer, scored: Scored, ranked: Ranked) -> Sequence[Span]:
    """The sentence's whole paragraph, where several of its sentences are near the best."""
    text = answer.passages[scored.index].chunk.text
    start, end = scored.candidate.core
    start = text.rfind("\n\n", 0, start) + 2 if "\n\n" in text[:start] else 0
    until = text.find("\n\n", end)
    end = until if until >= 0 else len(text)
    near = [
        s
        for s, score in ranked
        if s.index == scored.index
        and start <= s.candidate.core[0] < end
        and s.candidate.unit is Unit.PROSE
        and score >= ranked[0][1] - _MARGIN_OF_NEWS
    ]
    if len(near) < 2 or end - start > _LONGEST_PARAGRAPH:
        return scored.candidate.spans
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return [(start, start + len(text[start:end].rstrip()))]
