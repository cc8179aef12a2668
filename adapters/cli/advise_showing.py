"""An advice in the terminal: what to do first, then why, then every figure."""

from __future__ import annotations

import shutil
import sys
from textwrap import wrap
from typing import TYPE_CHECKING

from adapters.cli.console import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.advisor import Advice

_WIDEST = 100
_NARROWEST = 40


def show(advice: Advice, *, can_ask: bool) -> None:
    """Write an advice; ``can_ask``: nothing was answered, so the questions are offered."""
    _paragraph(advice.sentence)
    _paragraph(advice.lead)
    _paragraph(advice.ways)
    _section("Next", advice.next_steps, numbered=True)
    _section("Why", advice.why)
    _section("What does not fit together", advice.contradictions)
    _title("The four questions")
    for number, each in enumerate(advice.questions, 1):
        _line(f"{number}. ", each.question)
        _line("   ", f"{each.answer} ({each.origin}); speaks for {each.speaks_for}")
    _title("The eight factors")
    _paragraph(
        "Points from 0 to 10 for how well each way serves what was said; the last column is how "
        "much the factor counts in the decision."
    )
    _factors(advice)
    _behind(advice)
    _section("What would change the advice", advice.changing)
    _section("Not said, so taken as", advice.assumed)
    if can_ask:
        sys.stdout.write(
            "\nAnswer ten short questions for advice on your own case: wellspoken advise --ask\n"
        )


def _behind(advice: Advice) -> None:
    """Each factor's reason, and its figures by this bot's records, a line each."""
    _title("Behind each factor, with what this bot's records say")
    for factor in advice.factors:
        _line("- ", f"{factor.factor}: {factor.reason}")
        for part in (factor.evidence or "").split("; "):
            if part:
                _line("  > ", part)


def _factors(advice: Advice) -> None:
    headings = ("factor", "retrieval", "fine-tuning", "both", "counts")
    rows = [
        (f.factor, _points(f.rag), _points(f.fine_tuning), _points(f.hybrid), f"{f.weight:.0%}")
        for f in advice.factors
    ]
    sums = tuple(_points(advice.totals[o]) for o in ("rag", "fine-tuning", "hybrid"))
    table(headings, [*rows, ("all in all", *sums, "")])


def _points(score: float) -> str:
    return f"{score * 10:.1f}"


def _title(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")


def _section(title: str, lines: Sequence[str], *, numbered: bool = False) -> None:
    if not lines:
        return
    _title(title)
    for number, line in enumerate(lines, 1):
        _line(f"{number}. " if numbered else "- ", line)


def _line(mark: str, text: str) -> None:
    """A line with its mark, later ones under the first; unbroken where nobody looks."""
    pieces = _wrapped(text, len(mark) + 2)
    for number, piece in enumerate(pieces):
        sys.stdout.write(f"  {mark if number == 0 else ' ' * len(mark)}{piece}\n")


def _paragraph(text: str) -> None:
    for piece in _wrapped(text, 0):
        sys.stdout.write(f"{piece}\n")


def _wrapped(text: str, indent: int) -> list[str]:
    if not sys.stdout.isatty():
        return [text]
    width = min(_WIDEST, max(_NARROWEST, shutil.get_terminal_size().columns))
    return wrap(text, width - indent, break_on_hyphens=False) or [""]
