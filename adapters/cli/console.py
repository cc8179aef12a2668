"""Printing: results to stdout, progress and remarks to stderr."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from bot.conversation import Principal
    from bot.settings import Settings

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Jsonl = Annotated[
    str | None,
    typer.Option(
        "--jsonl",
        metavar="FILE",
        help="Read one JSON object a line from FILE (or - for stdin), write one a line.",
    ),
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="G", help="A group of the caller; repeat it. None: public."),
]


@cache
def err() -> Console:
    """The console for people's remarks: stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


@cache
def out() -> Console:
    """The console for people's results: stdout."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON value on one line of stdout, flushed."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """One sentence on stderr."""
    sys.stderr.write(text + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A plain table on stdout."""
    from rich.table import Table

    grid = Table(*headings, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        grid.add_row(*row)
    out().print(grid)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine; Ctrl-C cancels it and lets it tidy up."""
    return asyncio.run(work)


def settings() -> Settings:
    """The settings, with logging set up for a one-shot command."""
    from bot.settings import load_settings
    from bot.telemetry import quiet_logging

    quiet_logging()
    return load_settings()


def principal(groups: Sequence[str] | None) -> Principal:
    """The caller; without groups public documents only."""
    from bot.conversation import Principal
    from knowledge.access import normal_groups

    return Principal(normal_groups(groups or ()))
