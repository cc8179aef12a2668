"""``dataset``: training data, curated from what people thought of answers."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, counted, print_json, remark, run, settings, table
from bot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from adapters.teaching.datasets import DatasetDesk, Told
    from persona.datasets import Dataset

dataset = typer.Typer(
    help="Training data, curated from ratings, corrections and approved rewrites.",
    epilog="Example: wellspoken dataset build --format sft",
    no_args_is_help=True,
)
_OPERATOR = "terminal:operator"
_READING = "Reading rated turns"
_LINE_EVERY = 10_000
_GARBAGE = 200_000
"""Objects between two looks for circles of garbage; there are none, and each look takes a while."""


def register(app: typer.Typer) -> None:
    app.add_typer(dataset, name="dataset")


@dataset.command("build", epilog="Example: wellspoken dataset build --format kto --out kto.jsonl")
def build(
    format: Annotated[  # noqa: A002 - the option's name
        str,
        typer.Option(
            metavar="FORMAT", help="sft (answers), dpo (better and worse) or kto (thumbs)."
        ),
    ] = "sft",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The training file; validation goes beside it. Default: in the data folder.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build a data set of everything that was rated, corrected and approved so far.

    Personal data, duplicates, questions of evaluated suites, live facts and answers that their
    sources do not carry are left out; what was, and why, stands in its card.
    """
    run(_build(format, out, as_json))


async def _build(wanted: str, out: Path | None, as_json: bool) -> None:
    import gc

    from adapters.jobs.curating import as_json as as_row
    from adapters.jobs.curating import building, built
    from bot.work.foreground import in_foreground
    from persona.curation.choosing import Format

    if wanted not in set(Format):
        raise UsageError(f'"{wanted}" is no format; say sft, dpo or kto.')
    gc.set_threshold(_GARBAGE)
    async with _desk() as desk:
        with _progress() as progress:
            made = await in_foreground(
                desk.database,
                building(wanted, _OPERATOR, out),
                lambda job: built(desk, job, progress, _waiting),
                told=as_row,
                wait=_waiting,
            )
    least = settings().training.least
    if made.examples < least:
        remark(
            f"{counted(made.examples, 'example')} so far, and training needs {least}: approve or "
            f"rate {least - made.examples} more."
        )
    if as_json:
        print_json(built_json(made))
        return
    sys.stdout.write(
        f"{made.id}: {counted(made.examples, 'example')}, {made.train} to train on, "
        f"{made.validation} to validate with\n"
    )
    for path in (made.train_file, made.validation_file):
        sys.stdout.write(f"{path}\n")
    if made.dropped:
        told = ", ".join(f"{why} {n}" for why, n in made.dropped.items())
        sys.stdout.write(f"left out: {told}\n")


@dataset.command("show", epilog="Example: wellspoken dataset show dataset0b6m3p5k2r8x1f4c")
def show(
    id: Annotated[  # noqa: A002 - as the lists call it
        str, typer.Argument(metavar="ID", help="The data set; default: the newest.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show a data set's card and where its lines come from."""
    run(_show(id, as_json))


async def _show(id_: str, as_json: bool) -> None:
    async with _desk() as desk:
        told = await desk.show(id_)
    if as_json:
        print_json(shown_json(told))
        return
    from persona.curation.card import markdown_of

    sys.stdout.write(markdown_of(told.dataset.card, told.dataset.id))
    sys.stdout.write(f"\n{told.dataset.train_file}\n{told.dataset.validation_file}\n\n")
    rows = [
        (f"{line.split} {line.line + 1}", line.turn, line.asker, line.author or "-")
        for line in told.lines
    ]
    table(("line", "turn", "asked by", "words of"), rows)


@dataset.command("list", epilog="Example: wellspoken dataset list --json")
def list_datasets(as_json: AsJson = False) -> None:
    """List all data sets, the newest first."""
    run(_list(as_json))


async def _list(as_json: bool) -> None:
    async with _desk() as desk:
        found = await desk.listing()
    if as_json:
        print_json([built_json(each) for each in found])
        return
    if not found:
        sys.stdout.write("no data sets\n")
        return
    rows = [
        (d.id, d.format, str(d.train), str(d.validation), f"{d.at:%Y-%m-%d %H:%M}", d.digest[:12])
        for d in found
    ]
    table(("data set", "format", "train", "validation", "built (UTC)", "digest"), rows)


def built_json(made: Dataset) -> dict[str, Any]:
    """As the contract names it."""
    return {
        "dataset": made.id,
        "format": made.format,
        "examples": made.examples,
        "train": made.train,
        "validation": made.validation,
        "dropped": made.dropped,
        "files": [str(made.train_file), str(made.validation_file)],
    }


def shown_json(told: Told) -> dict[str, Any]:
    """With the lineage and the card."""
    lines = [
        {
            "split": line.split,
            "line": line.line,
            "turn": line.turn,
            "asker": line.asker,
            "author": line.author,
        }
        for line in told.lines
    ]
    made = told.dataset
    return {
        **built_json(made),
        "turns": list(told.turns),
        "digest": made.digest,
        "persona": made.persona,
        "created_at": made.at.isoformat(),
        "lines": lines,
        "card": made.card,
    }


def _waiting() -> None:
    remark("Another data set is being built; waiting for it.")


@asynccontextmanager
async def _desk() -> AsyncIterator[DatasetDesk]:
    """The data sets of this home; no knowledge store is needed for them."""
    from adapters.home import open_database
    from adapters.models import load_voice_persona
    from adapters.teaching.datasets import DatasetDesk
    from bot.store.timing import utc_now

    config = settings()
    persona = load_voice_persona(config)
    async with open_database(config) as database:
        yield DatasetDesk(settings=config, database=database, persona=persona, clock=utc_now)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, or a line now and then where there is no terminal."""
    from adapters.cli.bars import bar

    with bar("turns") as shown:
        task = shown.add_task(_READING, total=None)
        said = 0

        def progress(done: int, total: int) -> None:
            nonlocal said
            shown.update(task, completed=done, total=total)
            if shown.disable and done >= said + _LINE_EVERY:
                said = done
                remark(f"{_READING}: {done:,} of {total:,}")

        yield progress
