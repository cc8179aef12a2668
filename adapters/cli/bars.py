"""Bars at a terminal: how far a command is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from adapters.cli.console import err, remark

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

Steps = Callable[[str, int, int | None], None]
"""Called with what is being done, how many are done, and of how many where that is known."""


def bar(unit: str = "", *, elapsed: bool = False) -> Bar:
    """A bar that goes when it is over, with the time that is left, or ``elapsed``; nothing where
    nobody looks."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *([TextColumn(unit)] if unit else []),
        TimeElapsedColumn() if elapsed else TimeRemainingColumn(),
        console=err(),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


@contextmanager
def stepping(doing: Mapping[str, str], unit: str = "") -> Iterator[Steps]:
    """A bar for each step of a command, named by ``doing``; a line for each where there is no
    terminal."""
    with bar(unit) as shown:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(doing[what], total=total)
                if shown.disable:
                    remark(f"{doing[what]} …")
            shown.update(tasks[what], completed=done, total=total)

        yield progress
