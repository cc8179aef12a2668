"""``feedback import``: what was said of answers elsewhere, from a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import AsJson, counted, print_json, remark, run, settings

if TYPE_CHECKING:
    from adapters.teaching.rating import Imported, RatedLine

EXAMPLE = "Example: wellspoken feedback import ratings.jsonl"


def import_feedback(
    file: Annotated[Path, typer.Argument(help="JSON Lines.")], as_json: AsJson = False
) -> None:
    """Ask the questions of a file and keep what is said of the answers.

    A line is an object with question and rating (up or down), and as you like reason, correction,
    groups and author. Without an author it is the operator's word, and its better answer counts as
    approved. The same file again changes nothing.
    """
    raise typer.Exit(run(_import(file, as_json)))


async def _import(file: Path, as_json: bool) -> int:
    from adapters.teaching.rating import read_lines
    from bot.conversation import Rating

    lines, bad = read_lines(file)
    done = await _asked(lines)
    done.failed = sorted([*bad, *done.failed])
    up, down = done.ratings[Rating.UP], done.ratings[Rating.DOWN]
    if as_json:
        failed = [{"line": number, "error": reason} for number, reason in done.failed]
        told = {"up": up, "down": down, "corrections": done.corrections, "failed": failed}
        print_json({"imported": up + down, **told})
    else:
        for number, reason in done.failed:
            remark(f"line {number}: {reason}")
        better = counted(done.corrections, "better answer")
        sys.stdout.write(f"{up + down} asked and rated: {up} up, {down} down, {better}\n")
    return 1 if done.failed else 0


async def _asked(lines: list[RatedLine]) -> Imported:
    from adapters.assembly import assemble
    from adapters.cli.bars import bar
    from adapters.teaching.rating import import_ratings

    async with assemble(settings()) as app:
        with bar() as shown:
            task = shown.add_task("Asking", total=len(lines))
            if shown.disable:
                remark(f"asking {counted(len(lines), 'question')} …")
            return await import_ratings(
                app.engine, app.feedback, lines, lambda n: shown.update(task, completed=n)
            )
