"""Citations that hold: markers follow the verdicts of the check, not the voice's word.

A marker that points nowhere is dropped, one that points at the wrong passage is moved to the one
that carries the sentence, and a supported statement without a marker gets one. Sources are numbered
in the order in which they appear, so that the numbers are final while an answer streams.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.evidence import Citation, Passage
from bot.ports import Verdict
from bot.sentences import Unit

_MARKERS = re.compile(r"[ \t]*\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\](?!\()")
_PARAGRAPH = re.compile(r"[ \t]*\n[ \t]*\n")
_NUMBER = re.compile(r"\d{1,3}")
_LONGEST_QUOTE = 500


def cited_indexes(text: str, passages: int) -> tuple[int, ...]:
    """The passages a text points at, as indexes from 0; markers beyond ``passages`` are ignored."""
    numbers = [int(n) for m in _MARKERS.finditer(text) for n in _NUMBER.findall(m.group())]
    return tuple(dict.fromkeys(n - 1 for n in numbers if 1 <= n <= passages))


def without_markers(text: str) -> str:
    """The text alone."""
    return _MARKERS.sub("", text)


@dataclass(frozen=True, slots=True)
class _Owed:
    """A marker that a run of units from one passage still lacks: it comes once, at its end."""

    passage: int
    unit: Unit
    leads: bool
    head: bool = False
    """Only the head of a table stands so far: it belongs to the rows that follow."""

    @property
    def space(self) -> str:
        """Nothing is added inside code and tables; the marker stands below them."""
        return "\n\n" if self.unit in (Unit.ROW, Unit.CODE) else " "

    def goes_on(self, passage: int, unit: Unit, sentence: str) -> bool:
        """Whether the next unit belongs to the same run: the same source, the same paragraph,
        list, table or block, or what a line with a colon or a bare "Yes." leads into."""
        if self.head and unit is Unit.ROW:
            return True
        if passage != self.passage:
            return False
        if unit is Unit.PROSE:
            same = self.unit is Unit.PROSE and not _PARAGRAPH.match(sentence)
        else:
            same = self.unit is unit
        return self.leads or same


class CitationBook:
    """The sources of one answer, numbered as its sentences pass the check.

    A paragraph, list, table or code block from one passage gets one marker, at its end.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._numbers: dict[int, int] = {}
        self._quotes: dict[int, tuple[int, int]] = {}
        self._owed: _Owed | None = None

    def place(self, sentence: str, unit: Unit, verdict: Verdict) -> str:
        """The sentence without the voice's markers, after the one that is owed to what stands
        before it. ``sentence`` may begin with white space."""
        bare = sentence if unit is Unit.CODE else without_markers(sentence)
        if not bare.strip():
            return ""
        if self._owed and self._owed.unit is unit is Unit.ROW and verdict.passage is None:
            self._owed = replace(self._owed, head=True)
            return bare  # the line under a table's head
        if not verdict.supported or verdict.passage is None or unit is Unit.HEADING:
            return self.finish() + bare
        self._note(verdict.passage, verdict.quote)
        goes_on = self._owed is not None and self._owed.goes_on(verdict.passage, unit, sentence)
        before = "" if goes_on else self.finish()
        leads = bare.rstrip().endswith(":") or len(bare.split()) == 1
        self._owed = _Owed(verdict.passage, unit, leads and unit is Unit.PROSE)
        return before + bare

    def finish(self) -> str:
        """The marker that is still owed to what was placed last, or nothing."""
        if self._owed is None:
            return ""
        owed, self._owed = self._owed, None
        return f"{owed.space}[{self._number(owed.passage)}]"

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The numbered sources, with the sentences that carry the answer as quotes."""
        return tuple(self._citation(index, n) for index, n in self._numbers.items())

    def _note(self, index: int, quote: tuple[int, int] | None) -> None:
        """Widen the quote of a passage, as long as it stays readable."""
        if quote is None:
            return
        start, end = quote
        if index in self._quotes:
            old_start, old_end = self._quotes[index]
            start, end = min(old_start, start), max(old_end, end)
            if end - start > _LONGEST_QUOTE:
                return
        self._quotes[index] = (start, end)

    def _number(self, index: int) -> int:
        return self._numbers.setdefault(index, len(self._numbers) + 1)

    def _citation(self, index: int, number: int) -> Citation:
        chunk = self._passages[index].chunk
        start, end = self._quotes.get(index, (0, min(len(chunk.text), _LONGEST_QUOTE)))
        return Citation(
            n=number,
            document=chunk.document,
            title=chunk.title,
            uri=chunk.uri,
            quote=chunk.text[start:end],
            chunk=chunk.id,
            revision=chunk.revision,
            start=chunk.start + start,
            end=chunk.start + end,
        )
