"""``db move``: the database into another one, while the bot runs."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.bars import stepping
from adapters.cli.console import AsJson, counted, print_json, remark, run, settings
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.store.move import Moved

_DOING = {
    "copy": "Copying",
    "changes": "Carrying over what changed",
    "check": "Comparing",
    "switch": "Switching, questions wait",
}


def register(db: typer.Typer) -> None:
    db.command("move", epilog="Example: wellspoken db move --to postgresql://me@host/wellspoken")(
        move
    )


def move(
    target: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="URL", help="An empty database: postgresql://… or sqlite:///…"
        ),
    ] = None,
    origin: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="By default DATABASE_URL.")
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Let the database that was left take changes again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Move the database to another one, from SQLite to PostgreSQL or back.

    The bot goes on meanwhile; at the end it waits for a moment. Then the old database refuses
    changes: set DATABASE_URL to the new one and start the bot again. Interrupted, the same command
    goes on. A password need not stand in the URL: PGPASSFILE and PGPASSWORD do as well.
    """
    config = settings()
    source, name = (config.database, "DATABASE_URL") if origin is None else (origin, "--from")
    if undo == (target is not None):
        raise UsageError("Say where to with --to URL, or --undo to take a move back.")
    if target is None:
        _undo(source, name, as_json)
        return
    moved = run(_move(source, target, name))
    if as_json:
        print_json(asdict(moved))
    else:
        _tell(moved)


async def _move(source: str, target: str, name: str) -> Moved:
    from adapters.home import make_private
    from bot.store.move import move as move_database

    make_private()
    try:
        with stepping(_DOING, "rows") as progress:
            return await move_database(source, target, progress, (name, "--to"))
    except asyncio.CancelledError:
        remark(
            "Stopped; nothing was switched. The same command goes on from there, and"
            " `wellspoken db move --undo` drops it."
        )
        raise


def _undo(source: str, name: str, as_json: bool) -> None:
    from bot.store.move import undo as undo_move

    target = run(undo_move(source, name))
    if as_json:
        print_json({"undone": target is not None, "target": target})
    elif target is None:
        sys.stdout.write("this database was not moved; nothing to take back\n")
    else:
        sys.stdout.write(
            f"the database takes changes again; what {target} got since the move is not in it\n"
        )


def _tell(moved: Moved) -> None:
    sys.stdout.write(
        f"{counted(moved.rows, 'row')} of {moved.tables} tables moved to {moved.target} in"
        f" {moved.seconds:.1f} s, {counted(moved.changes, 'change')} of them made meanwhile;"
        f" writers waited {moved.held_s:.2f} s; every row and the audit trail agree\n"
    )
    remark(
        f"Now set DATABASE_URL to {moved.target} and start the bot again; {moved.source} refuses"
        " changes from here on."
    )
