"""``knowledge reindex|rollback|indexes|drop``: another index, without downtime."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.bars import stepping
from adapters.cli.console import AsJson, counted, print_json, remark, run, settings, table

if TYPE_CHECKING:
    from knowledge.reindexing import Before, Probe, Reindexed
    from knowledge.stores.shelf import IndexRecord

_OPERATOR = "terminal:operator"
_DOING = {"documents": "Reading in", "vectors": "Embedding", "questions": "Comparing"}


def register(knowledge: typer.Typer) -> None:
    """Add the commands to the group ``wellspoken knowledge``."""
    knowledge.command(epilog="Example: wellspoken knowledge reindex --suite questions.jsonl")(
        reindex
    )
    knowledge.command(epilog="Example: wellspoken knowledge rollback")(rollback)
    knowledge.command("indexes", epilog="Example: wellspoken knowledge indexes")(list_indexes)
    knowledge.command(epilog="Example: wellspoken knowledge drop knowledge-2.db")(drop)


def reindex(
    suite: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Questions to compare both indexes on: JSON Lines of question, gold, groups. "
            "Default: questions made of the documents' headings.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Build anew though nothing changed; switch though it finds less."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build a new index beside the live one, compare, and switch to it.

    For another embedding model or another version of the program; questions are answered all the
    while. The index before is kept: `wellspoken knowledge rollback`.
    """
    from adapters.jobs.reindexing import as_json as told

    done = run(_reindex(suite, force))
    if as_json:
        print_json(told(done))
    elif done is None:
        sys.stdout.write("The live index is what the settings ask for; --force builds it anew.\n")
    else:
        _tell(done)
    if done is not None and not done.switched:
        raise typer.Exit(1)


async def _reindex(suite: Path | None, force: bool) -> Reindexed | None:
    from adapters.home import open_database
    from adapters.jobs.reindexing import FindsLessError, as_json, reindexed, reindexing
    from bot.work.foreground import JobRunningError, in_foreground
    from knowledge.reindexing import ReindexRunningError

    config, probes = settings(), _probes(suite) if suite else None
    wanted = reindexing(_OPERATOR, probes, force=force)
    async with open_database(config) as database:
        try:
            with stepping(_DOING) as progress:
                return await in_foreground(
                    database, wanted, lambda job: reindexed(config, job, progress), told=as_json
                )
        except FindsLessError as error:
            return error.done
        except JobRunningError:
            raise ReindexRunningError from None
        except asyncio.CancelledError:
            remark("Stopped; the live index answers on, and the same command goes on from there.")
            raise


def _noting(action: str) -> Before:
    from adapters.jobs.reindexing import on_record

    async def note(index: str) -> None:
        await on_record(settings(), action, index, by=_OPERATOR)

    return note


def _tell(done: Reindexed) -> None:
    from adapters.jobs.reindexing import finds_less

    found = done.comparison
    if found is not None:
        sys.stdout.write(
            f"Recall@5 over {counted(found.questions, 'question')}: "
            f"{found.live:.3f} before, {found.new:.3f} now\n"
        )
    size = f"{counted(done.documents, 'document')}, {counted(done.chunks, 'chunk')}"
    if done.switched:
        sys.stdout.write(
            f"{done.index.name} answers now ({done.index.spec.model}, {size}). "
            "The way back: wellspoken knowledge rollback\n"
        )
    else:
        sys.stdout.write(f"{finds_less(done)}\n")


def rollback(as_json: AsJson = False) -> None:
    """Switch back to the index before, brought up to date first."""
    record = run(_rollback())
    if as_json:
        print_json(_record_json(record))
    else:
        sys.stdout.write(f"{record.name} answers again ({record.spec.model})\n")


async def _rollback() -> IndexRecord:
    from adapters.indexes import open_reindexing

    async with open_reindexing(settings()) as (reindexer, _, _):
        with stepping(_DOING) as progress:
            return await reindexer.roll_back(progress, _noting("index rolled back"))


def list_indexes(as_json: AsJson = False) -> None:
    """List the indexes: the live one, the one before, one that is being built."""
    records = run(_records())
    if as_json:
        print_json([_record_json(r) for r in records])
        return
    rows = [
        (r.name, r.state, r.spec.model, str(r.spec.dimensions), f"{r.built_at:%Y-%m-%d %H:%M} UTC")
        for r in records
    ]
    table(("index", "state", "embedder", "dimensions", "made"), rows)


async def _records() -> list[IndexRecord]:
    from adapters.home import prepare_home
    from adapters.indexes import open_shelf, shelf_kind

    config = settings()
    prepare_home(config)
    async with open_shelf(config, shelf_kind(config)) as shelf:
        return await shelf.records()


def drop(
    name: Annotated[str, typer.Argument(metavar="INDEX", help="Its name, as listed.")],
    as_json: AsJson = False,
) -> None:
    """Delete an index that does not answer any more."""
    run(_drop(name))
    if as_json:
        print_json({"dropped": name})
    else:
        sys.stdout.write(f"{name} is deleted\n")


async def _drop(name: str) -> None:
    from adapters.home import open_database
    from adapters.indexes import open_shelf, shelf_kind
    from bot.work.leases import Leases
    from knowledge.exclusive import Exclusive
    from knowledge.reindexing import drop as drop_index

    config = settings()
    async with (
        open_database(config) as database,
        open_shelf(config, shelf_kind(config)) as shelf,
    ):
        await drop_index(shelf, Exclusive(Leases(database)), name, _noting("index dropped"))


def _probes(suite: Path) -> list[Probe]:
    """The questions of a suite that name their documents. Raises UsageError, MissingFileError."""
    import orjson

    from bot.errors import MissingFileError, UsageError
    from knowledge.reindexing import Probe

    if not suite.is_file():
        raise MissingFileError(path=suite)
    probes = []
    for number, line in enumerate(suite.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
            question, gold = record["question"], frozenset(record.get("gold") or ())
            groups = frozenset(record.get("groups") or ())
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f'{suite}:{number} is no question; write {{"question": "…", "gold": ["…"]}}.'
            ) from error
        if gold:
            probes.append(Probe(str(question), gold, groups))
    if not probes:
        raise UsageError(f"{suite} has no question that names its documents under gold.")
    return probes


def _record_json(record: IndexRecord) -> dict[str, Any]:
    return {
        "index": record.name,
        "state": record.state,
        "model": record.spec.model,
        "dimensions": record.spec.dimensions,
        "chunking": record.spec.chunking,
        "built_at": record.built_at.isoformat(),
    }
