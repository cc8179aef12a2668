"""``jobs``: long work, how far it is, ending it and going on with it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import AsJson, print_json, remark, run, settings, table
from bot.conversation import Author, Platform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.jobs.desk import JobDesk, Line

OPERATOR = Author(Platform.TERMINAL, "operator").key

jobs = typer.Typer(
    help="Long work: reading sources, asking suites, indexes, data sets, fine-tuning, retention.",
    epilog="Example: wellspoken jobs list --status running",
    no_args_is_help=True,
)
Job = Annotated[str, typer.Argument(metavar="ID", help="Its id, as in `jobs list`.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(jobs, name="jobs")


@jobs.command("list", epilog="Example: wellspoken jobs list --kind sync --status failed")
def list_jobs(
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="One of sync, evaluation, reindex, copy, gaps, dataset, tuning, retention.",
        ),
    ] = "",
    status: Annotated[
        str,
        typer.Option("--status", help="One of queued, running, succeeded, failed, cancelled."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first.

    They are worked on by `wellspoken serve`, in every process that runs a worker, and by the
    commands that do one themselves.
    """
    found = run(_list(kind, status))
    if as_json:
        print_json([line.json() for line in found])
        return
    if not found:
        sys.stdout.write(
            "No such jobs.\n" if kind or status else "No jobs yet: nothing long was asked for.\n"
        )
        return
    rows = [
        (
            line.id,
            line.kind,
            line.title,
            "cancelling" if line.ending else line.status.value,
            how_far(line),
            line.by,
            _when(line.created_at),
            line.error,
        )
        for line in found
    ]
    table(("job", "kind", "what", "status", "so far", "by", "asked", "error"), rows)


async def _list(kind: str, status: str) -> Sequence[Line]:
    async with _desk() as desk:
        return await desk.listing(kind, status)


@jobs.command("show", epilog="Example: wellspoken jobs show job1kz8m0r2t4v6x8y0")
def show(id: Job, as_json: AsJson = False) -> None:  # noqa: A002 - as people call it
    """Show one job: how far it is, how it ended, what it put in its turn."""
    line, parts = run(_show(id))
    if as_json:
        print_json({**line.json(), "parts": [part.id for part in parts]})
        return
    told = {
        "job": line.id,
        "what": line.title,
        "kind": line.kind,
        "status": "running, being cancelled" if line.ending else line.status.value,
        "so far": how_far(line),
        "error": line.error,
        "asked by": line.by,
        "asked": _when(line.created_at),
        "began": _when(line.started_at),
        "ended": _when(line.finished_at),
        "due": _when(line.due),
        "attempts": str(line.attempts) if line.attempts > 1 else "",
    }
    for name, value in told.items():
        if value:
            sys.stdout.write(f"{name:<10}{value}\n")
    for name, value in (line.result or {}).items() if isinstance(line.result, dict) else ():
        sys.stdout.write(f"{name:<10}{value}\n")
    for part in parts:
        sys.stdout.write(f"part      {part.id} {part.status.value} {part.title}\n")


async def _show(id_: str) -> tuple[Line, Sequence[Line]]:
    async with _desk() as desk:
        return await desk.show(id_), await desk.parts(id_)


@jobs.command("cancel", epilog="Example: wellspoken jobs cancel job1kz8m0r2t4v6x8y0")
def cancel(id: Job, as_json: AsJson = False) -> None:  # noqa: A002 - as people call it
    """End a job; what it did so far is kept, and `jobs resume` goes on from there."""
    line = run(_cancel(id))
    if as_json:
        print_json(line.json())
    elif line.ending:
        sys.stdout.write(f"{line.id} is being cancelled; its worker hears of it in a moment.\n")
    else:
        sys.stdout.write(f"{line.id} is {line.status.value}.\n")


async def _cancel(id_: str) -> Line:
    async with _desk() as desk:
        return await desk.cancel(id_, OPERATOR)


@jobs.command("resume", epilog="Example: wellspoken jobs resume job1kz8m0r2t4v6x8y0")
def resume(id: Job, as_json: AsJson = False) -> None:  # noqa: A002 - as people call it
    """Have a failed or cancelled job go on from where it stopped."""
    line = run(_resume(id))
    if as_json:
        print_json(line.json())
        return
    sys.stdout.write(f"{line.id} is {line.status.value}.\n")
    remark("A process of `wellspoken serve` goes on with it.")


async def _resume(id_: str) -> Line:
    async with _desk() as desk:
        return await desk.resume(id_, OPERATOR)


def how_far(line: Line) -> str:
    """How far a job is: ``120 of 400, documents``."""
    figures = f"{line.done:,}" if line.done else ""
    if line.total:
        figures = f"{line.done:,} of {line.total:,}"
    return ", ".join(part for part in (figures, line.doing) if part)


def _when(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""


@asynccontextmanager
async def _desk() -> AsyncIterator[JobDesk]:
    from adapters.home import open_home
    from adapters.jobs.desk import desk_of

    async with open_home(settings()) as home:
        yield desk_of(home)
