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

_PIPED_WIDTH = 10_000
"""Columns of a table that no terminal has to fit."""

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

    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return Console(highlight=False, soft_wrap=True, width=width)


def print_json(value: Any) -> None:
    """One JSON value on one line of stdout, flushed; escaped where stdout cannot write it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # half a surrogate pair, or a terminal that is not UTF-8
        text = json.dumps(value, default=str)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """One sentence on stderr."""
    sys.stderr.write(text + "\n")


def counted(number: int, thing: str) -> str:
    """A number of things: ``1 chunk``, ``2 chunks``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A plain table on stdout; whole names, whatever the width: people copy them."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    out().print(grid)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine; Ctrl-C cancels it and lets it tidy up."""
    return asyncio.run(work)


def settings() -> Settings:
    """The settings, with logging set up for a one-shot command."""
    from bot.settings import load_settings

    return load_settings()


def principal(groups: Sequence[str] | None) -> Principal:
    """The caller; without groups public documents only."""
    from bot.conversation import Principal

    return Principal(named_groups(groups or ()))


def named_groups(groups: Sequence[str]) -> frozenset[str]:
    """Groups as given on the command line or in a record; raises UsageError for one that is no
    name, which must not silently become less."""
    from bot.errors import UsageError
    from knowledge.access import normal_groups

    try:
        return normal_groups(groups)
    except ValueError as error:
        raise UsageError(f"{error}; write a word like staff.") from error
