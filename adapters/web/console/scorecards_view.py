"""A scorecard as pages show it: figures, what differs, cases by what became of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.evaluation.report_cases import CaseView, Filter, Source, views
from adapters.web.console.score_plots import FIGURES, MODES
from adapters.web.plotting import TONES, Plot, Reading, shown, trend
from bot.evaluation.pairing import UNCLEAR
from bot.lexical import words
from bot.sentences import split
from bot.store.evaluation import Record, RunLine

Records = Mapping[str, Sequence[Record]]

UNHELD, REFUSED, FAILED, CHANGED = "unheld", "refused", "failed", "changed"
_WRONG = "wrong:"
OTHERS = "* The questions were others then."


@dataclass(frozen=True, slots=True)
class Row:
    """A figure, mode by mode: ``cells`` are its value and the ends of its interval, in words."""

    title: str
    meaning: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a figure, in percentage points; ``more`` cases would tell."""

    mode: str
    title: str
    points: float
    low: float
    high: float
    verdict: str
    n: int
    more: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A case of the list; ``changed`` names the modes whose verdict is another one than before,
    each with whether it is right now."""

    view: CaseView
    marks: frozenset[str]
    changed: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Marked:
    """A source with its text cut where a claim is carried: pieces, and whether each carries;
    ``modes`` are those whose claims it carries."""

    source: Source
    pieces: tuple[tuple[str, bool], ...]
    modes: tuple[str, ...]


def rows_of(cards: Mapping[str, Record]) -> list[Row]:
    """The figures that at least one mode counted."""
    found = []
    for name, (title, meaning) in FIGURES.items():
        readings = [Reading.of(card, name) for card in cards.values()]
        if any(reading.value is not None for reading in readings):
            found.append(Row(title, meaning, tuple(_cell(reading) for reading in readings)))
    return found


def _cell(reading: Reading) -> tuple[str, str]:
    if reading.value is None or reading.low is None or reading.high is None:
        return shown(reading.value, "share"), ""
    return (
        shown(reading.value, "share"),
        f"{shown(reading.low, 'share')} to {shown(reading.high, 'share')}",
    )


def changes_of(differences: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[Change]:
    """The differences, those that can be told first."""
    found = [
        Change(
            mode, FIGURES.get(name, (name, ""))[0], 100 * each["difference"],
            100 * each["difference_ci95"][0], 100 * each["difference_ci95"][1], each["verdict"],
            each["n"], each["more_questions"],
        )
        for mode, told in differences.items()
        for name, each in told.items()
    ]  # fmt: skip
    return sorted(found, key=lambda change: change.verdict == UNCLEAR)


def lines_of(records: Records, before: Records | None) -> list[Line]:
    """Every case, those that fewest modes got right first."""
    known = {
        (mode, record["id"], record["question"]): bool(record["right"])
        for mode, found in (before or {}).items()
        for record in found
    }
    return [_line(view, known) for view in views(records)]


def _line(view: CaseView, known: Mapping[tuple[str, str, str], bool]) -> Line:
    marks, changed = set(), []
    for said in view.said:
        if not said.right:
            marks.add(f"{_WRONG}{said.mode}")
        if said.unheld:
            marks.add(UNHELD)
        if said.failed:
            marks.add(FAILED)
        elif said.record["refused"] and not said.right:
            marks.add(REFUSED)
        was = known.get((said.mode, view.case["id"], view.case["question"]))
        if was is not None and was is not said.right:
            changed.append((said.mode, said.right))
            marks.add(CHANGED)
    return Line(view, frozenset(marks), tuple(changed))


def filters_of(lines: Sequence[Line], modes: Sequence[str], chosen: str) -> list[Filter]:
    """The choices that leave something, and the chosen one; all comes first."""
    choices = [
        *((f"{_WRONG}{mode}", f"Wrong in {mode}") for mode in modes),
        (UNHELD, "Claim not carried"),
        (REFUSED, "Refused, but known"),
        (FAILED, "Failed"),
        (CHANGED, "Changed"),
    ]
    counted = [Filter(mark, said, sum(mark in x.marks for x in lines)) for mark, said in choices]
    shown_ones = [each for each in counted if each.n or each.mark == chosen]
    return [Filter("", "All", len(lines)), *shown_ones]


def chosen_of(lines: Sequence[Line], mark: str, search: str) -> list[Line]:
    """The cases with a mark whose question, id or answers hold all the words that are searched."""
    sought = search.casefold().split()
    return [
        line
        for line in lines
        if (not mark or mark in line.marks) and (not sought or _holds(line.view, sought))
    ]


def _holds(view: CaseView, sought: Sequence[str]) -> bool:
    told = [view.case["id"], view.case["question"], *view.case["answers"]]
    told += [said.record["told"]["text"] for said in view.said]
    text = "\n".join(told).casefold()
    return all(word in text for word in sought)


def marked_of(view: CaseView) -> list[Marked]:
    """The sources of a case, with the sentences marked that carry what was claimed; behind those
    that were found stand those that a voice without passages was held to."""
    carried: dict[tuple[str, str], dict[str, list[str]]] = {}
    sources = {(source.document, source.text): source for source in view.sources}
    for said in view.said:
        told = said.record["told"]
        found = told["found"] if told["searched"] else told.get("held_to") or ()
        for claim in told["claims"]:
            place = claim["passage"]
            if not claim["supported"] or place is None or place >= len(found):
                continue
            document, text = found[place]["document"], found[place]["text"]
            gold = document in view.case["gold"]
            title = found[place]["title"]
            extra = Source(len(sources) + 1, document, title, text, gold)
            sources.setdefault((document, text), extra)
            carried.setdefault((document, text), {}).setdefault(said.mode, []).append(claim["text"])
    marked = []
    for key, source in sources.items():
        by_mode = carried.get(key, {})
        claims = [claim for each in by_mode.values() for claim in each]
        marked.append(Marked(source, _pieces(source.text, claims), tuple(by_mode)))
    return marked


def _pieces(text: str, claims: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """The text cut into pieces: the sentence that shares most words with a claim carries it. The
    check looks at the whole passage; this only leads the eye."""
    sentences = [(unit.start, unit.end, set(words(unit.text))) for unit in split(text)]
    spans = set()
    for claim in claims:
        wanted = set(words(claim))
        best = max(sentences, key=lambda s: len(s[2] & wanted), default=None)
        if best is not None and best[2] & wanted:
            spans.add(best[:2])
    pieces, at = [], 0
    for start, end in sorted(spans):
        if start > at:
            pieces.append((text[at:start], False))
        pieces.append((text[start:end], True))
        at = end
    return tuple([*pieces, (text[at:], False)] if text[at:] else pieces)


def moment_of(run: RunLine, last: RunLine) -> str:
    """When a run was, with a star where its questions were not those of the last one."""
    return f"{run.at:%d %b %H:%M}{'' if run.digest == last.digest else ' *'}"


def trend_of(suite: str, runs: Sequence[RunLine]) -> Plot | None:
    """Accuracy over the runs of a suite, the oldest first; ``None`` of one run alone."""
    if len(runs) < 2:
        return None
    modes = list(dict.fromkeys(mode for run in runs for mode in run.modes))
    series = {
        MODES.get(mode, mode): [Reading.of(run.modes.get(mode, {}), "accuracy") for run in runs]
        for mode in modes
    }
    moments = [moment_of(run, runs[-1]) for run in runs]
    note = OTHERS if any(run.digest != runs[-1].digest for run in runs) else ""
    tones = {MODES[mode]: tone for mode, tone in TONES.items()}
    title = f"Accuracy over the runs of {suite}"
    return trend(title, "", moments, series, note=note, moment="Run", tones=tones)
