"""``routing``: how messages were routed, thresholds learned from the bot's own turns, and back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, counted, print_json, run, settings, table
from bot.conversation import Author, Platform

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from adapters.routing import Lesson, RoutingDesk
    from bot.routing.confusion import Confusion
    from bot.routing.thresholds import Thresholds

OPERATOR = Author(Platform.TERMINAL, "operator").key

routing = typer.Typer(
    help="Which way messages take: figures, labels, learned thresholds.",
    epilog="Example: wellspoken routing show",
    no_args_is_help=True,
)

Days = Annotated[int, typer.Option(min=1, metavar="N", help="Turns of the last N days.")]


def register(app: typer.Typer) -> None:
    app.add_typer(routing, name="routing")


@routing.command("show", epilog="Example: wellspoken routing show --days 7")
def show(days: Days = 30, as_json: AsJson = False) -> None:
    """Show how turns were routed and how they went, and the thresholds in force."""
    from adapters.routing import share_json

    async def work(desk: RoutingDesk) -> Any:
        return await desk.shares(days), await desk.live()

    shares, live = run(_at_desk(work))
    if as_json:
        print_json(
            {
                "days": days,
                "routes": [share_json(share) for share in shares],
                "thresholds": _thresholds_json(live),
            }
        )
        return
    if not shares:
        sys.stdout.write(f"no turns in the last {counted(days, 'day')}\n")
    else:
        rows = [
            (s.route.value, str(s.turns), f"{s.share:.0%}", f"{s.confidence:.0%}",
             ", ".join(f"{n} {outcome}" for outcome, n in s.outcomes.items()),
             str(s.up), str(s.down))
            for s in shares
        ]  # fmt: skip
        table(("route", "turns", "share", "sure", "ended", "up", "down"), rows)
    sys.stdout.write(_thresholds_line(live))


@routing.command("learn", epilog="Example: wellspoken routing learn --dry-run")
def learn(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be learned, keep nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Learn thresholds from labelled and rated turns.

    They become live only where they are better on turns that were held out; `routing rollback`
    takes them back. A running bot takes them up within seconds.
    """
    from adapters.routing import lesson_json

    async def work(desk: RoutingDesk) -> Lesson:
        return await desk.learn(OPERATOR, dry_run=dry_run)

    lesson = run(_at_desk(work))
    if as_json:
        print_json(lesson_json(lesson))
        return
    _tell(lesson, dry_run)


def _tell(lesson: Lesson, dry_run: bool) -> None:
    learned = lesson.learned
    signs = ", ".join(f"{n} by {source}" for source, n in lesson.signs.items())
    sys.stdout.write(f"turns whose route is known: {learned.n}{f' ({signs})' if signs else ''}\n")
    if lesson.left_out:
        sys.stdout.write(f"left out, decided by an older classifier: {lesson.left_out}\n")
    if learned.before is not None and learned.after is not None:
        rows = [
            (name, f"{score.macro_f1:.3f}", f"{score.cost:.3f}", f"{score.utility:.3f}")
            for name, score in (("in force", learned.before), ("learned", learned.after))
        ]
        table(("held-out turns", "macro F1", "cost", "utility"), rows)
    if learned.fitted is not None:
        sys.stdout.write(f"learned: {_named(learned.fitted)}\n")
    sys.stdout.write(f"{learned.reason}\n")
    if lesson.version is not None:
        state = "live now" if learned.adopt else "kept, not live"
        sys.stdout.write(f"version {lesson.version} is {state}\n")
    elif dry_run:
        sys.stdout.write("nothing was kept\n")


@routing.command("versions", epilog="Example: wellspoken routing versions --json")
def versions(as_json: AsJson = False) -> None:
    """List learned versions of the thresholds, the newest first."""
    from adapters.routing import version_json

    async def work(desk: RoutingDesk) -> Any:
        return await desk.versions(), await desk.live()

    found, live = run(_at_desk(work))
    if as_json:
        print_json([version_json(version) for version in found])
        return
    rows = []
    for version in found:
        figures = version.figures
        gain = [f"{figures[at]['macro_f1']:.3f}" if at in figures else "" for at in
                ("before", "after")]  # fmt: skip
        state = "live" if version.live else ""
        if not version.fits:
            state = "for another classifier"
        rows.append(
            (str(version.number), f"{version.at:%Y-%m-%d %H:%M}", version.by,
             str(figures.get("n", "")), *gain, state)
        )  # fmt: skip
    if rows:
        table(("version", "at", "by", "turns", "F1 before", "F1 after", ""), rows)
    sys.stdout.write(_thresholds_line(live))


@routing.command("rollback", epilog="Example: wellspoken routing rollback")
def rollback(
    to: Annotated[
        int | None,
        typer.Option("--to", min=0, metavar="N", help="A version; 0 is as shipped."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Go back to the thresholds before the live ones."""

    async def work(desk: RoutingDesk) -> Thresholds:
        return await desk.roll_back(OPERATOR, to)

    live = run(_at_desk(work))
    if as_json:
        print_json(_thresholds_json(live))
    else:
        sys.stdout.write(_thresholds_line(live))


@routing.command("label", epilog="Example: wellspoken routing label t0b6m3p5k2r8x1f4c voice")
def label(
    turn: Annotated[str, typer.Argument(help="The turn.")],
    route: Annotated[str, typer.Argument(help="rag, voice, hybrid, live or handoff.")],
    as_json: AsJson = False,
) -> None:
    """Say which route a turn should have taken; the last word counts."""

    async def work(desk: RoutingDesk) -> None:
        await desk.label(turn, route, OPERATOR)

    run(_at_desk(work))
    if as_json:
        print_json({"turn": turn, "route": route})
    else:
        sys.stdout.write(f"{turn} should have been {route}; noted\n")


@routing.command("confusion", epilog="Example: wellspoken routing confusion")
def confusion(as_json: AsJson = False) -> None:
    """Show labelled turns: the right route against the decided one, with F1."""
    from adapters.routing import confusion_json
    from bot.routing.held_out import held_out

    async def work(desk: RoutingDesk) -> Confusion:
        return await desk.confusion()

    labelled, shipped = run(_at_desk(work)), held_out()
    if as_json:
        print_json({**confusion_json(labelled), "shipped": confusion_json(shipped)})
        return
    if labelled.n:
        _matrix("labelled turns", labelled)
    else:
        sys.stdout.write("no turn is labelled yet; `wellspoken routing label TURN ROUTE` does\n")
    _matrix("the shipped classifier on open data that was held out", shipped)


def _matrix(title: str, matrix: Confusion) -> None:
    f1 = matrix.macro_f1
    told = "" if f1 is None else f", macro F1 {f1:.3f}"
    sys.stdout.write(f"{title}: {matrix.right:.0f} of {matrix.n:.0f} right{told}\n")
    rows = []
    for score, row in zip(matrix.scores, matrix.rows, strict=True):
        measures = [
            "" if m is None else f"{m:.3f}" for m in (score.precision, score.recall, score.f1)
        ]
        rows.append((score.name, *(f"{n:.0f}" for n in row), *measures))
    table(("right \\ decided", *matrix.names, "precision", "recall", "F1"), rows)


def _named(thresholds: Thresholds) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in thresholds.values().items())


def _thresholds_line(live: Thresholds) -> str:
    version = f"version {live.version}, " if live.version else ""
    return f"thresholds in force ({version}{live.origin}): {_named(live)}\n"


def _thresholds_json(live: Thresholds) -> dict[str, Any]:
    return {"version": live.version, "origin": live.origin, "values": live.values()}


async def _at_desk(work: Callable[[RoutingDesk], Awaitable[Any]]) -> Any:
    from adapters.home import open_database
    from adapters.routing import routing_desk

    async with open_database(settings()) as database:
        return await work(routing_desk(database))
