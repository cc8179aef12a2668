"""``evaluate``: suites of questions in several modes, and the scorecard."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, counted, print_json, remark, run, settings, table
from bot.conversation import Author, Platform

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.evaluation.running import Baseline, Scorecard
    from bot.evaluation.cases import Suite
    from bot.settings import Settings

OPERATOR = Author(Platform.TERMINAL, "operator").key
_ROWS = (
    ("accuracy", "accuracy"),
    ("judge_accuracy", "accuracy, as the judge sees it"),
    ("claim_coverage", "claim coverage"),
    ("f1", "word F1"),
    ("hallucination_rate", "hallucination rate"),
    ("judge_hallucination_rate", "hallucination rate, as the judge sees it"),
    ("abstain_precision", "abstain precision"),
    ("abstain_recall", "abstain recall"),
    ("citation_precision", "citation precision"),
    ("citation_recall", "citation recall"),
    ("retrieval_recall_at_5", "retrieval recall at 5"),
    ("retrieval_precision_at_5", "retrieval precision at 5"),
    ("mrr", "mean reciprocal rank"),
    ("ndcg_at_5", "nDCG at 5"),
    ("consistency", "consistency over wordings"),
    ("consistency_over_runs", "consistency over runs"),
    ("routing_accuracy", "routing accuracy"),
    ("style", "style"),
)
_NAMES = dict(_ROWS)


@dataclass(frozen=True, slots=True)
class Asked:
    """How a suite is asked; ``judge`` names a model, ``""`` the one that is set, ``None`` none."""

    at_once: int
    repeat: int
    judge: str | None


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
    repeat: Annotated[
        int,
        typer.Option(
            "--repeat",
            min=1,
            max=20,
            metavar="N",
            help="Ask each question N times, for the consistency over runs.",
        ),
    ] = 1,
    judge: Annotated[
        bool,
        typer.Option(
            "--judge",
            help="Let a model judge whether answers are right, and each of their claims by its "
            "sources: the one of [checking], else WELLSPOKEN_MODEL.",
        ),
    ] = False,
    judge_model: Annotated[
        str, typer.Option("--judge-model", metavar="MODEL", help="Let this model judge.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Measure answers on suites of questions: a scorecard for each suite.

    Every rate has its 95% interval. The page under the table opens each answer with its claims and
    sources. Interrupted, it goes on where it stood when it is started again.
    """
    if listed:
        _list(as_json=as_json)
        return
    how = Asked(at_once, repeat, judge_model if judge or judge_model else None)
    _all(suites or [], _modes(mode or []), baseline, how, as_json=as_json)


def _all(
    suites: Sequence[str], wanted: Sequence[str], baseline: str, how: Asked, *, as_json: bool
) -> None:
    """A scorecard of each suite. Raises UsageError where none is named."""
    from adapters.evaluation.finding import found_suites
    from bot.errors import UsageError

    if not suites:
        raise UsageError("Name a suite: a file, a name in the folder suites, or sample.")
    found = settings()
    for suite in run(found_suites(found, suites)):
        run(_put_on_record(found, suite, wanted))
        done, report = _ask(found, suite, wanted, baseline, how)
        if as_json:
            print_json(done.json(report))
        else:
            _tell(done, report)


async def _put_on_record(found: Settings, suite: Suite, modes: Sequence[str]) -> None:
    """As the console does for the runs that it begins."""
    from adapters.home import open_database
    from bot.store.audit import AuditTrail

    async with open_database(found) as database:
        await AuditTrail(database).operator(
            "evaluation started", OPERATOR, subject=suite.name, modes=" ".join(modes)
        )


def _modes(named: Sequence[ModeName]) -> list[str]:
    every = [ModeName.RAG, ModeName.VOICE, ModeName.HYBRID]
    asked = [m for n in (named or [ModeName.ALL]) for m in (every if n is ModeName.ALL else [n])]
    return [str(mode) for mode in dict.fromkeys(asked)]


def _ask(
    found: Settings, suite: Suite, modes: Sequence[str], baseline: str, how: Asked
) -> tuple[Scorecard, Path]:
    from adapters.cli.bars import bar
    from adapters.evaluation.report import report_page
    from adapters.evaluation.running import evaluate as run_evaluation

    doing = f"asking {suite.name} as {', '.join(modes)}"
    with bar("cases") as shown:
        task = shown.add_task(doing, total=None)
        if shown.disable:
            remark(f"{doing} …")
        done, report = run(
            run_evaluation(
                found, suite, modes, by=OPERATOR, page=report_page, baseline=baseline,
                at_once=how.at_once, repeat=how.repeat, judge=how.judge,
                progress=lambda n, total: shown.update(task, completed=n, total=total),
            )
        )  # fmt: skip
    for name, notes in done.notes.items():
        for note in notes:
            remark(f"{name}: {note}")
    if done.baseline and not any(done.baseline.differences.values()):
        remark(f"{done.baseline.run} has none of these cases in these modes: nothing to compare")
    return done, report


def _tell(done: Scorecard, report: Path) -> None:
    from bot.evaluation.scorecard import RATES

    cards = done.cards
    rows = [
        (title, *(_rate(cards[m], name) for m in cards))
        for name, title in _ROWS
        if name in RATES or any(cards[m][name] is not None for m in cards)
    ]
    rows.append(("tokens", *(f"{_tokens(cards[m]):,}" for m in cards)))
    rows.append(("cost", *(f"${cards[m]['cost_usd']:.4f}" for m in cards)))
    rows.append(("latency p50 / p95", *(_latency(cards[m]) for m in cards)))
    table((f"{done.suite.name}, {counted(len(done.suite.cases), 'case')}", *cards), rows)
    if done.baseline and any(done.baseline.differences.values()):
        _compare(done.baseline)
    sys.stdout.write(f"\nrun {done.run}\nthe page: {report}\n")


def _rate(card: Any, name: str) -> str:
    value, ends = card[name], card[f"{name}_ci95"]
    return "–" if value is None else f"{value:.1%} ({ends[0]:.1%} to {ends[1]:.1%})"


def _tokens(card: Any) -> int:
    return int(card["prompt_tokens"] + card["completion_tokens"])


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
    from adapters.evaluation.running import runs

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
