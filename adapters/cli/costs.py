"""``costs``: what answering cost, by day, route and model, and what is left of today's limit."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import AsJson, print_json, remark, run, settings, table
from bot.pricing import in_dollars

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.costing import Statement
    from bot.store.costs import Costs

_HEADINGS = ("turns", "tokens", "price", "from cache", "saved")


def register(app: typer.Typer) -> None:
    app.command("costs", epilog="Example: wellspoken costs --days 30")(costs)


def costs(
    days: Annotated[
        int, typer.Option("--days", min=1, max=366, help="How many days, today included (UTC).")
    ] = 14,
    as_json: AsJson = False,
) -> None:
    """Show what answering cost, by day, route and model, and what the answer cache saved.

    Prices are those of [models] in wellspoken.toml at the time of each answer.
    """
    statement = run(_statement(days))
    if as_json:
        from adapters.costing import statement_json

        print_json(statement_json(statement))
    else:
        _show(statement)


async def _statement(days: int) -> Statement:
    from adapters.costing import CostDesk
    from adapters.home import open_database
    from bot.store.timing import utc_now

    config = settings()
    async with open_database(config) as database:
        return await CostDesk(config, database, utc_now).statement(days)


def _show(statement: Statement) -> None:
    report = statement.report
    by_day = [(f"{day:%Y-%m-%d}", costs) for day, costs in report.by_day.items() if costs]
    _section("day (UTC)", [*by_day, ("all", report.total)])
    if report.total:
        by_route = [(str(route), costs) for route, costs in report.by_route.items()]
        drafts = [("drafts", report.drafts)] if report.drafts else []
        _section("route", [*by_route, *drafts])
        _section("model", report.by_model.items())
    for line in (
        *_evaluated_in_words(statement),
        _cache_in_words(statement),
        *_today_in_words(statement),
    ):
        sys.stdout.write(f"{line}\n")
    if statement.unpriced:
        names = ", ".join(statement.unpriced)
        remark(f"No price is set for {names}, so it counts as free: see [models.prices].")


def _section(what: str, rows: Iterable[tuple[str, Costs]]) -> None:
    table((what, *_HEADINGS), [(name, *_cells(costs)) for name, costs in rows])
    sys.stdout.write("\n")


def _cells(costs: Costs) -> tuple[str, ...]:
    return (
        f"{costs.turns:,}",
        f"{costs.tokens:,}",
        in_dollars(costs.cost_usd),
        f"{costs.hits:,}",
        in_dollars(costs.saved_usd),
    )


def _evaluated_in_words(statement: Statement) -> Iterable[str]:
    evaluated = statement.report.evaluated
    total, runs = evaluated.total, evaluated.runs
    if runs:
        which = "1 evaluation" if runs == 1 else f"{runs:,} evaluations"
        yield (
            f"Beside these, {which}: {total.tokens:,} tokens, {in_dollars(total.cost_usd)}; "
            "they count against no limit."
        )


def _cache_in_words(statement: Statement) -> str:
    if statement.kept is None:
        return "The answer cache is off ([cache] enabled)."
    report = statement.report
    told = f"Answer cache: {statement.kept:,} kept"
    if report.hit_rate is not None:
        told += f", {report.hit_rate:.0%} of the answers from documents given again"
    return f"{told}; saved {report.saved_tokens:,} tokens, {in_dollars(report.total.saved_usd)}."


def _today_in_words(statement: Statement) -> Iterable[str]:
    spent, limits, left = statement.spent, statement.limits, statement.left
    tokens = spent.prompt_tokens + spent.completion_tokens
    yield f"Today: {in_dollars(spent.cost_usd)}, {tokens:,} tokens."
    if limits.usd is not None and left.usd is not None:
        yield f"Of the limit of {in_dollars(limits.usd)} a day {in_dollars(left.usd)} is left."
    if limits.tokens is not None and left.tokens is not None:
        yield f"Of the limit of {limits.tokens:,} tokens a day {left.tokens:,} are left."
    if not left.any:
        until = f"{statement.resets_at:%Y-%m-%d %H:%M} UTC"
        yield f"The built-in reader answers until {until}."
