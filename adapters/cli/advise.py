"""``advise``: retrieval, fine-tuning or both, from answers and from the bot's own records."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, print_json, remark, run, settings
from bot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.advisor import Advice, Answers


def register(app: typer.Typer) -> None:
    app.command("advise", epilog="Example: wellspoken advise --ask --out answers.json")(advise)


def advise(
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="JSON with any of upfront_cost, style_control, factual_accuracy, time_to_deploy, "
            "new_data, hallucination_tolerance, governance, task, monthly_queries, "
            "sources_required; see --example.",
        ),
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask the questions one by one; Enter leaves one open.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Keep what was answered with --ask."),
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print an example of an answers file, and end.")
    ] = False,
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
    """Say whether retrieval, fine-tuning or both suit you, what to do next, and why.

    Without answers it is decided from this home's records, and what is assumed is said.
    """
    if example:
        from adapters.cli.advise_asking import EXAMPLE

        print_json(EXAMPLE)
        return
    if answers and ask:
        raise UsageError("Use --answers or --ask, not both.")
    if out and not ask:
        raise UsageError("--out keeps what was answered with --ask; add that.")
    given = _asked(out) if ask else None
    found = run(_advice(answers, given, weights or ()))
    if as_json:
        from adapters.advising import advice_json

        print_json(advice_json(found))
        return
    from adapters.cli.advise_showing import show

    show(found, can_ask=not answers and not ask and sys.stdin.isatty())


def _asked(out: Path | None) -> Answers:
    """The answers of somebody who is there. Raises UsageError, also where a file is in the way."""
    from adapters.advising import keep_answers
    from adapters.cli.advise_asking import answers_of, asked

    if out and out.exists():
        raise UsageError(f"{out} is there already; name another file.")
    found: dict[str, Any] = asked(_read, remark)
    if out:
        keep_answers(out, found)
        remark(f"Kept in {out}; use it again with --answers {out}.")
    return answers_of(found)


def _read(question: str) -> str:
    """A line that was typed; the questions go where they are not part of the output."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()


async def _advice(path: Path | None, given: Answers | None, weights: Sequence[str]) -> Advice:
    from adapters.advising import advice_desk, answers_from, weights_from
    from adapters.home import open_database
    from bot.store.timing import utc_now

    if path:
        given = answers_from(path)
    heavier = weights_from(weights)
    config = settings()
    async with open_database(config) as database:
        return await advice_desk(config, database, utc_now).advice(given, heavier)
