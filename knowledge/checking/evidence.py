"""What the encoder is shown of the passages: the few lines that matter to a sentence.

An encoder of this size reads about 128 word pieces in 8 ms, six passages hold a thousand. The
lines are chosen by the telling words of the sentence (those not covered yet count most), filled up
with their neighbours, and put in reading order. Training and run time share this code: a model
that was trained on other choices would judge what it has never seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.sentences import Sentence, Unit
from knowledge.statements import PassageText, canonical_terms, plain

BUDGET = 96
"""Word pieces of evidence, by estimate, beside a sentence of ordinary length."""

_LONGEST = 40  # word pieces of a line; longer sentences and code are cut at a comma or a line
_AGAIN = 0.15  # worth of a word that another chosen line holds already
_CHOSEN_SHARE = 0.7  # of the budget for lines by their words; then come their neighbours
_TITLE = 14  # word pieces of a title or heading path
_GAP = "…"

_TOKEN = re.compile(r"\d+|[^\W\d_]+|[^\w\s]|_")
_CUT = re.compile(r"(?<=[,;:])\s+|\s+(?=[–—(])|\n+")
_RULE = re.compile(r"^\s*\|[\s:|\-]+\|\s*$")


def pieces_of(text: str) -> int:
    """About how many word pieces a text has; within a tenth for prose."""
    return sum(1 + (len(t) - 1) // 8 for t in _TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can be shown: ``at`` is its place in reading order over all passages."""

    at: int
    passage: int
    text: str
    found: frozenset[str]
    cost: int


def _parts(text: str) -> Iterator[str]:
    """A long text in parts of at most about ``_LONGEST`` word pieces."""
    held: list[str] = []
    cost = 0
    for clause in _CUT.split(text):
        words = clause.split(" ")
        for start in range(0, len(words), _LONGEST):
            piece = " ".join(words[start : start + _LONGEST])
            more = pieces_of(piece)
            if held and cost + more > _LONGEST:
                yield " ".join(held)
                held, cost = [], 0
            held.append(piece)
            cost += more
    if held:
        yield " ".join(held)


def _cells(row: str) -> list[str]:
    return [plain(c) for c in row.strip().strip("|").split("|")]


def _row(unit: Sentence, header: str) -> str:
    """A table row as words: ``Part: Valve; Price: $29``."""
    cells, columns = _cells(unit.text), _cells(header) if header else []
    named = [
        f"{columns[i]}: {cell}" if i < len(columns) and columns[i] else cell
        for i, cell in enumerate(cells)
        if cell
    ]
    return "; ".join(named)


def _shown(passage: PassageText) -> Iterator[tuple[str, frozenset[str] | None]]:
    """The lines of a passage, with their terms where a piece has them already."""
    header = ""
    units = passage.units
    pieces = iter(passage.pieces)  # one a unit, but for the rule below a table's header
    for index, unit in enumerate(units):
        if unit.unit is not Unit.ROW:
            header = ""
        elif index == 0 or units[index - 1].unit is not Unit.ROW:
            header = unit.text
            next(pieces)
            continue
        elif _RULE.match(unit.text):
            continue
        found = next(pieces).found
        if unit.unit is Unit.ROW:
            yield _row(unit, header), found
            continue
        text = unit.text if unit.unit is Unit.CODE else plain(unit.text)
        if len(text) > 4 * _LONGEST and pieces_of(text) > 1.5 * _LONGEST:
            for part in _parts(text):
                yield plain(part), None
        elif unit.unit is Unit.CODE:
            yield plain(text), found
        else:
            yield text, found


def shortened(text: str, most: int) -> str:
    """The first words of a text, at most about ``most`` word pieces."""
    if pieces_of(text) <= most:
        return text
    kept: list[str] = []
    for word in text.split():
        most -= pieces_of(word)
        if most < 0:
            break
        kept.append(word)
    return " ".join(kept)


class Evidence:
    """Passages in lines, ready to be chosen from; reading them is shared with the exact check."""

    def __init__(self, passages: Sequence[PassageText], titles: Sequence[str] = ()) -> None:
        self._titles = [shortened(plain(t), _TITLE) for t in titles]
        self._titles += [""] * (len(passages) - len(self._titles))
        self.lines: list[Line] = []
        for index, passage in enumerate(passages):
            for text, found in _shown(passage):
                if not text:
                    continue
                terms = found if found is not None else frozenset(canonical_terms(text))
                at = len(self.lines)
                self.lines.append(Line(at, index, text, terms, pieces_of(text) + 1))

    def choose(
        self, weights: Mapping[str, float], budget: int = BUDGET, only: int | None = None
    ) -> str:
        """The text to show beside a sentence whose telling terms have these weights.

        ``only`` limits the choice to one passage. About 0.2 ms for a hundred lines.
        """
        lines = self.lines if only is None else [x for x in self.lines if x.passage == only]
        left = budget - sum(pieces_of(t) for t in set(self._titles[:3]) if t)
        chosen = _chosen(lines, weights, max(left, budget // 2))
        return self._written(chosen)

    def _written(self, chosen: Sequence[Line]) -> str:
        said: list[str] = []
        before: Line | None = None
        for line in sorted(chosen, key=lambda x: x.at):
            if before is None or line.passage != before.passage:
                title = self._titles[line.passage]
                said += [_GAP] * (before is not None)
                said += [f"{title}:"] * bool(title)
            elif line.at != before.at + 1:
                said.append(_GAP)
            said.append(line.text)
            before = line
        return " ".join(said)


def _chosen(lines: Sequence[Line], weights: Mapping[str, float], budget: int) -> list[Line]:
    if sum(x.cost for x in lines) <= budget:
        return list(lines)
    matching = {x.at: [(t, weights[t]) for t in weights.keys() & x.found] for x in lines}
    covered: set[str] = set()
    chosen: dict[int, Line] = {}
    left = budget

    def worth(line: Line) -> float:
        total = sum(w if t not in covered else _AGAIN * w for t, w in matching[line.at])
        return float(total / (line.cost + 12.0) ** 0.3)

    def take(line: Line) -> bool:
        nonlocal left
        if line.at in chosen or (line.cost > left and chosen):
            return False
        chosen[line.at] = line
        left -= line.cost
        covered.update(t for t, _ in matching[line.at])
        return True

    open_lines = [x for x in lines if matching[x.at]]
    while open_lines and left > (1 - _CHOSEN_SHARE) * budget:
        best = max(open_lines, key=lambda x: (worth(x), -x.at))
        open_lines.remove(best)
        take(best)
    by_place = {x.at: x for x in lines}
    for at in list(chosen):
        for near in (at - 1, at + 1):
            other = by_place.get(near)
            if other is not None and other.passage == by_place[at].passage and left > 0:
                take(other)
    for line in sorted(open_lines, key=worth, reverse=True):
        if left <= 0:
            break
        take(line)
    return list(chosen.values())
