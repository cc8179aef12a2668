"""``evaluate``: suites of questions in several modes, and the scorecard."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, print_json, remark, run, settings, table
from bot.conversation import Author, Platform

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.evaluating import Baseline, Scorecard
    from bot.evaluation.cases import Suite
    from bot.settings import Settings

OPERATOR = Author(Platform.TERMINAL, "operator").key
_ROWS = (
    ("accuracy", "accuracy"),
    ("hallucination_rate", "hallucination rate"),
    ("abstain_precision", "abstain precision"),
    ("abstain_recall", "abstain recall"),
    ("citation_precision", "citation precision"),
    ("citation_recall", "citation recall"),
    ("retrieval_recall_at_5", "retrieval recall at 5"),
    ("consistency", "consistency"),
    ("style", "style"),
)
_NAMES = dict(_ROWS)


class ModeName(StrEnum):
    """What ``--mode`` takes."""

    RAG = "rag"
    VOICE = "voice"
    HYBRID = "hybrid"
    AUTO = "auto"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: wellspoken evaluate suites/support.jsonl --mode all")(evaluate)


def evaluate(
    suites: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SUITE…",
            help="A suite: a file, a name in the folder suites, or sample.",
        ),
    ] = None,
    mode: Annotated[
        list[ModeName] | None,
        typer.Option(
            "--mode",
            help="rag: retrieval, plainly; voice: the voice's model without retrieval; hybrid: "
            "both, with the check; all: these three; auto: as the router decides. Repeat it.",
        ),
    ] = None,
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="RUN", help="Compare with an earlier run.")
    ] = "",
    listed: Annotated[bool, typer.Option("--list", help="Print the runs that are kept.")] = False,
    at_once: Annotated[
        int, typer.Option("--at-once", min=1, max=256, metavar="N", help="Questions side by side.")
    ] = 8,
    as_json: AsJson = False,
) -> None:
    """Measure answers on suites of questions: a scorecard for each suite.

    Every rate has its 95% interval. The page under the table opens each answer with its claims and
    sources. Interrupted, it goes on where it stood when it is started again.
    """
    from bot.errors import UsageError

    if listed:
        _list(as_json=as_json)
        return
    if not suites:
        raise UsageError("Name a suite: a file, a name in the folder suites, or sample.")
    from adapters.evaluating import named_suites

    found, wanted = settings(), _modes(mode or [])
    for suite in named_suites(found, suites):
        done, report = _ask(found, suite, wanted, baseline, at_once)
        if as_json:
            print_json(done.json(report))
        else:
            _tell(done, report)


def _modes(named: Sequence[ModeName]) -> list[str]:
    every = [ModeName.RAG, ModeName.VOICE, ModeName.HYBRID]
    asked = [m for n in (named or [ModeName.ALL]) for m in (every if n is ModeName.ALL else [n])]
    return [str(mode) for mode in dict.fromkeys(asked)]


def _ask(
    found: Settings, suite: Suite, modes: Sequence[str], baseline: str, at_once: int
) -> tuple[Scorecard, Path]:
    from adapters.cli.bars import bar
    from adapters.evaluating import evaluate as run_evaluation
    from adapters.evaluation_report import report_page

    doing = f"asking {suite.name} as {', '.join(modes)}"
    with bar("cases") as shown:
        task = shown.add_task(doing, total=None)
        if shown.disable:
            remark(f"{doing} …")
        done, report = run(
            run_evaluation(
                found, suite, modes, by=OPERATOR, page=report_page, baseline=baseline,
                at_once=at_once,
                progress=lambda n, total: shown.update(task, completed=n, total=total),
            )
        )  # fmt: skip
    for name, notes in done.notes.items():
        for note in notes:
            remark(f"{name}: {note}")
    return done, report


def _tell(done: Scorecard, report: Path) -> None:
    cards = done.cards
    rows = [(title, *(_rate(cards[m], name) for m in cards)) for name, title in _ROWS]
    rows.append(("cost", *(f"${cards[m]['cost_usd']:.4f}" for m in cards)))
    rows.append(("latency p50 / p95", *(_latency(cards[m]) for m in cards)))
    table((f"{done.suite.name}, {len(done.suite.cases)} cases", *cards), rows)
    if done.baseline:
        _compare(done.baseline)
    sys.stdout.write(f"\nrun {done.run}\nthe page: {report}\n")


def _rate(card: Any, name: str) -> str:
    value, ends = card[name], card[f"{name}_ci95"]
    return "–" if value is None else f"{value:.1%} ({ends[0]:.1%} to {ends[1]:.1%})"


def _latency(card: Any) -> str:
    return "–" if card["p50_ms"] is None else f"{card['p50_ms']:.0f} / {card['p95_ms']:.0f} ms"


def _compare(baseline: Baseline) -> None:
    sys.stdout.write(f"\nagainst {baseline.run}:\n")
    rows = []
    for mode, found in baseline.differences.items():
        for name, each in found.items():
            more = f"{each.more} more questions would tell" if each.more else ""
            change = f"{each.difference:+.1%}"
            rows.append((mode, _NAMES[name], change, each.verdict, more))
    table(("mode", "figure", "change", "", ""), rows)


def _list(*, as_json: bool) -> None:
    from adapters.evaluating import runs

    found = run(runs(settings()))
    if as_json:
        print_json(
            [
                {"run": r.id, "suite": r.suite, "modes": list(r.modes), "at": r.at.isoformat(),
                 "by": r.by, "persona": r.persona, "report": r.report}
                for r in found
            ]
        )  # fmt: skip
        return
    table(
        ("run", "suite", "modes", "accuracy", "at"),
        [
            (r.id, r.suite, ", ".join(r.modes),
             ", ".join("–" if c["accuracy"] is None else f"{c['accuracy']:.1%}"
                       for c in r.modes.values()),
             f"{r.at:%Y-%m-%d %H:%M}")
            for r in found
        ],
    )  # fmt: skip
