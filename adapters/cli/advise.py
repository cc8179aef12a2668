"""``advise``: retrieval, fine-tuning or both, from answers and from the bot's own records."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import AsJson, print_json, run, settings, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.advisor import Advice


def register(app: typer.Typer) -> None:
    app.command("advise", epilog="Example: wellspoken advise --answers answers.json")(advise)


def advise(
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="JSON with any of upfront_cost, style_control, factual_accuracy, time_to_deploy, "
            "new_data, hallucination_tolerance, governance, task, monthly_queries, "
            "sources_required.",
        ),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            "--weight",
            metavar="FACTOR=NUMBER",
            help="Count a factor so many times as much, like upfront-cost=2; repeat it.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether retrieval, fine-tuning or both suit you, on eight factors.

    Without answers it is decided from this home's records, and what is assumed is said.
    """
    found = run(_advice(answers, weights or ()))
    if as_json:
        from adapters.advising import advice_json

        print_json(advice_json(found))
    else:
        _show(found)


async def _advice(answers: Path | None, weights: Sequence[str]) -> Advice:
    from adapters.advising import advice_desk, answers_from, weights_from
    from adapters.assembly import utc_now
    from adapters.home import open_database

    given = answers_from(answers) if answers else None
    heavier = weights_from(weights)
    config = settings()
    async with open_database(config) as database:
        return await advice_desk(config, database, utc_now).advice(given, heavier)


def _show(advice: Advice) -> None:
    totals = advice.totals
    sys.stdout.write(f"{advice.sentence}\n\n")
    headings = ("factor", "retrieval", "fine-tuning", "hybrid", "weight")
    rows = [
        (f.factor, f"{f.rag:.2f}", f"{f.fine_tuning:.2f}", f"{f.hybrid:.2f}", f"{f.weight:.0%}")
        for f in advice.factors
    ]
    sums = tuple(f"{totals[o]:.2f}" for o in ("rag", "fine-tuning", "hybrid"))
    table(headings, [*rows, ("all", *sums, "100%")])
    _section("Why", advice.why)
    _section("By the records", [f"{f.factor}: {f.evidence}" for f in advice.factors if f.evidence])
    _section("Next", advice.next_steps, numbered=True)
    _section("What would change the advice", advice.changing or ("no single other answer",))
    _section("Not said, so taken as", advice.assumed)


def _section(title: str, lines: Sequence[str], *, numbered: bool = False) -> None:
    if lines:
        sys.stdout.write(f"\n{title}\n")
    for number, line in enumerate(lines, 1):
        sys.stdout.write(f"  {f'{number}.' if numbered else '-'} {line}\n")
