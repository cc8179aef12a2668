"""``watch``: how live turns do, week by week, and what got worse."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import AsJson, counted, print_json, remark, run, settings, table
from adapters.cli.reviewing import OPERATOR
from bot.store.watch_figures import ALL, Measure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import TypeVar

    from adapters.watch.desk import Report, WatchDesk, WatchedWeek
    from bot.store.alerts import Alert
    from bot.watching import Figure

    T = TypeVar("T")

watch = typer.Typer(
    help="How live turns do, week by week, and what got worse.",
    epilog="Example: wellspoken watch --weeks 12 --by route",
    invoke_without_command=True,
)
_SHOWN = (
    Measure.SATISFACTION,
    Measure.RATED,
    Measure.GROUNDED,
    Measure.KEPT_BACK,
    Measure.ABSTENTIONS,
    Measure.HANDOFFS,
    Measure.ERRORS,
    Measure.P50,
    Measure.P95,
    Measure.COST,
    Measure.CACHED,
)
"""What fits a terminal; ``--json`` has every measure."""


class By(StrEnum):
    """What ``--by`` takes."""

    ROUTE = "route"
    MODEL = "model"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(watch, name="watch")


@watch.callback()
def show(
    context: typer.Context,
    weeks: Annotated[
        int, typer.Option("--weeks", min=1, max=104, help="How many weeks, the running one too.")
    ] = 8,
    by: Annotated[
        By | None, typer.Option("--by", help="Also each route, or each model, by itself.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show live turns week by week, and which measure got worse by more than chance.

    Weeks begin on Monday, UTC. With --json every measure has its 95% interval as …_ci95 and what
    was counted as …_n.
    """
    if context.invoked_subcommand is not None:
        return
    report = run(_with_desk(lambda desk: desk.report(weeks, str(by) if by else "")))
    if as_json:
        from adapters.watch.desk import report_json

        print_json(report_json(report))
    else:
        _show(report)


@watch.command("alerts", epilog="Example: wellspoken watch alerts --all")
def alerts(
    every: Annotated[
        bool, typer.Option("--all", help="Those that somebody has seen, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what got worse, the newest first: what nobody has seen yet."""
    found = run(_with_desk(lambda desk: desk.listing() if every else desk.unseen()))
    if as_json:
        from adapters.watch.desk import alert_json

        print_json([alert_json(alert) for alert in found])
    elif found:
        table(("id", "at", "what", "seen by"), [_line(alert) for alert in found])
    else:
        remark("No alerts." if every else "No new alerts; --all lists those that were seen.")


@watch.command("seen", epilog="Example: wellspoken watch seen al06a1r3k9x2m4")
def seen(
    ids: Annotated[
        list[str], typer.Argument(metavar="ID…", help="Alerts, as `watch alerts` names them.")
    ],
) -> None:
    """Say that you have seen alerts: they leave the console's banner."""

    async def see(desk: WatchDesk) -> None:
        for id_ in ids:
            await desk.see(id_, OPERATOR)

    run(_with_desk(see))
    remark(f"{counted(len(ids), 'alert')} seen.")


async def _with_desk(work: Callable[[WatchDesk], Awaitable[T]]) -> T:
    from adapters.home import open_database
    from adapters.watch.desk import WatchDesk
    from bot.store.timing import utc_now

    config = settings()
    async with open_database(config) as database:
        return await work(WatchDesk(config.watch, database, utc_now))


def _show(report: Report) -> None:
    if not any(week.turns for week in report.all):
        remark("Nothing was asked in these weeks.")
        return
    for scope, weeks in report.scopes.items():
        _section(scope, weeks)
    for drop in report.drops:
        sys.stdout.write(f"Worse: {drop.why}.\n")
    if not report.drops:
        sys.stdout.write("Nothing got worse by more than chance.\n")
    if report.alerts:
        remark(f"{counted(len(report.alerts), 'new alert')}: see `wellspoken watch alerts`.")


def _section(scope: str, weeks: Sequence[WatchedWeek]) -> None:
    from bot.watching.figures import TITLES

    title = "all turns" if scope == ALL else scope.replace(":", " ", 1)
    dates = [f"{week.start:%d %b}{'*' if week.running else ''}" for week in weeks]
    rows = [("turns", *(f"{week.turns:,}" for week in weeks))]
    rows += [(TITLES[m], *(_cell(m, week.figures[m]) for week in weeks)) for m in _SHOWN]
    table((title, *dates), rows)
    sys.stdout.write("* running\n\n" if any(week.running for week in weeks) else "\n")


def _cell(measure: Measure, figure: Figure) -> str:
    """A figure with its interval."""
    from bot.watching.figures import shown, shown_ends

    if figure.value is None or figure.interval is None:
        return shown(measure, figure.value)
    return f"{shown(measure, figure.value)} ({shown_ends(measure, figure.interval)})"


def _line(alert: Alert) -> tuple[str, ...]:
    return alert.id, f"{alert.at:%Y-%m-%d %H:%M}", alert.why, alert.seen_by or "–"
