"""``knowledge``: the indexes of the knowledge base, and ``knowledge copy`` between stores."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adapters.cli import indexing
from adapters.cli.bars import stepping
from adapters.cli.console import AsJson, counted, print_json, remark, run, settings
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.settings import Settings
    from knowledge.copying import CopyReport
    from knowledge.stores.shelf import IndexRecord

_DOING = {"copy": "Copying", "check": "Reading back"}

knowledge = typer.Typer(
    help="The knowledge base: its indexes, and copies between stores.",
    epilog="Example: wellspoken knowledge copy --from embedded --to weaviate",
    no_args_is_help=True,
)


Place = Literal["embedded", "weaviate"]
PLACES: tuple[Place, ...] = ("embedded", "weaviate")


def register(app: typer.Typer) -> None:
    indexing.register(knowledge)
    knowledge.command(
        "copy", epilog="Example: wellspoken knowledge copy --from embedded --to weaviate"
    )(copy)
    app.add_typer(knowledge, name="knowledge")


def copy(
    origin: Annotated[
        str, typer.Option("--from", metavar="STORE", help="Where it is: embedded or weaviate.")
    ],
    target: Annotated[
        str, typer.Option("--to", metavar="STORE", help="Where it shall be as well.")
    ],
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Also where the target loses most of what it holds."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy the knowledge base from one store to another, and check the copy.

    Afterwards the target holds what the source does, and nothing else. Interrupted, it goes on
    where it was when it is repeated. Questions are answered meanwhile; reading documents in waits.
    WEAVIATE_URL says where Weaviate is.
    """
    from adapters.jobs.copying import as_json as told

    places = _place(origin), _place(target)
    if origin == target:
        raise UsageError(
            f"The {origin} store cannot be copied onto itself; name the other one with --to."
        )
    record, report = run(_copy(settings(), *places, prune=prune))
    if as_json:
        print_json(told(*places, record, report))
    else:
        _tell(places[1], record, report)


def _place(name: str) -> Place:
    for place in PLACES:
        if name == place:
            return place
    raise UsageError(f'There is no store "{name}"; write {" or ".join(PLACES)}.')


async def _copy(
    config: Settings, origin: Place, target: Place, *, prune: bool
) -> tuple[IndexRecord, CopyReport]:
    from adapters.home import open_database
    from adapters.jobs.copying import as_json, copied, copying
    from bot.work.foreground import in_foreground

    def wait() -> None:
        remark("The knowledge base is being changed by another process; waiting for it.")

    wanted = copying(origin, target, "terminal:operator", prune=prune)
    # The database first: it makes the data folder.
    async with open_database(config) as database:
        try:
            with stepping(_DOING, "chunks") as progress:
                return await in_foreground(
                    database,
                    wanted,
                    lambda job: copied(config, database, job, progress, wait),
                    told=lambda made: as_json(origin, target, *made),
                    wait=wait,
                )
        except asyncio.CancelledError:
            remark("Stopped; what was copied is kept, and the same command goes on from there.")
            raise


def _tell(target: Place, record: IndexRecord, report: CopyReport) -> None:
    removed = f", {report.removed} removed" if report.removed else ""
    sys.stdout.write(
        f"{counted(report.documents, 'document')} with {counted(report.chunks, 'chunk')} in "
        f"{record.name}: {report.copied} copied, {report.unchanged} there already{removed}, "
        f"in {report.seconds:.1f} s; counts and checksums agree ({report.checksum})\n"
    )
    sys.stdout.flush()
    if report.waiting:
        remark(
            f"{counted(report.waiting, 'chunk')} wait for a vector, found by their words meanwhile;"
            " `wellspoken ingest` or `wellspoken serve` makes it."
        )
    if target == "embedded":
        remark("To answer from it, unset WEAVIATE_URL and start `wellspoken serve` again.")
