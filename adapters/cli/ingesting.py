"""``ingest`` and ``documents``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.bars import bar
from adapters.cli.console import (
    AsJson,
    counted,
    named_groups,
    print_json,
    remark,
    run,
    settings,
    table,
)
from bot.errors import MissingFileError, NotFoundError, UsageError, WellspokenError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from adapters.assembly import Application
    from bot.settings import Settings
    from knowledge.ingest import Ingestor, IngestReport, Progress
    from knowledge.ledger import Ledger
    from knowledge.sources.base import Source
    from knowledge.syncing import Plan

documents = typer.Typer(
    help="The ledger of what was read in.",
    epilog="Example: wellspoken documents list",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: wellspoken ingest docs/handbook --group staff")(ingest)
    app.add_typer(documents, name="documents")


def ingest(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH_OR_URL]...", help="Folders, files or addresses; none: [[sources]]."
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Default: the folder's name.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="G", help="Who may see it; repeat it. None: public."),
    ] = None,
    prune: Annotated[
        bool,
        typer.Option("--prune/--no-prune", help="Whether what is gone there goes here as well."),
    ] = True,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 when a document could not be read.")
    ] = False,
    allow_private: Annotated[
        bool,
        typer.Option("--allow-private", help="Whether addresses of private networks are read."),
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            metavar="ADDRESS",
            help="A Dask scheduler, like tcp://10.0.0.5:8786, whose workers read and embed.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read documents in; again: only what changed."""
    wanted = _Wanted(source, group or [], prune, allow_private, cluster)
    reports, down = run(_ingest(places or [], wanted, as_json))
    if down or (strict and any(report.failed for report in reports)):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the options of ``ingest`` say."""

    name: str | None
    groups: list[str]
    prune: bool
    allow_private: bool
    cluster: str | None


async def _ingest(
    places: list[str], wanted: _Wanted, as_json: bool
) -> tuple[list[IngestReport], list[tuple[str, str]]]:
    """The reports, and what is down with its reason: one of several [[sources]] stops no other."""
    from adapters.assembly import assemble

    config, name = settings(), wanted.name
    plans = (
        _given(places, name, wanted.groups, wanted.allow_private)
        if places
        else _configured(config, name)
    )
    reports, down = [], []
    async with (
        _cluster(wanted.cluster) as executor,
        assemble(config, warm=False) as app,
    ):
        ingestor = app.ingestor if executor is None else app.ingestor.over(executor)
        for plan in plans:
            try:
                report = await _read_in(app, ingestor, plan, wanted.prune, kept=not places)
            except WellspokenError as error:
                if places or len(plans) == 1:
                    raise
                down.append((plan.name, str(error)))
                remark(f"{plan.name}: {error}")
            else:
                reports.append(report)
                tell(plan.name, report, as_json=as_json)
        await embed(ingestor)
    if as_json:
        away = {"down": [{"source": n, "error": e} for n, e in down]} if down else {}
        print_json({**merged(reports), **away})
    return reports, down


def _given(
    places: list[str], name: str | None, groups: list[str], allow_private: bool
) -> list[Plan]:
    """What was named on the command line, places of one name as one."""
    from adapters.syncing import source_at
    from knowledge.sources.joined import joined
    from knowledge.syncing import Plan

    def plan(source: Source) -> Plan:
        return Plan(source.name, source.name, lambda: source, readers)

    for place in places:
        if not place.startswith(("http://", "https://")) and not Path(place).exists():
            raise MissingFileError(path=place)
    sources = joined([source_at(place, name, allow_private=allow_private) for place in places])
    readers = named_groups(groups)
    return [plan(source) for source in sources]


def _configured(config: Settings, name: str | None) -> list[Plan]:
    from adapters.syncing import plans_of

    chosen = [plan for plan in plans_of(config) if name in (None, plan.name)]
    if not chosen:
        raise UsageError(
            "Nothing to read in: name a folder, a file or an address, "
            f"or add [[sources]] to {config.config}."
        )
    return chosen


@asynccontextmanager
async def _cluster(address: str | None) -> AsyncIterator[Executor | None]:
    """The workers of a cluster, where one is named."""
    if address is None:
        yield None
        return
    from knowledge.cluster import open_cluster

    opened = open_cluster(address)
    executor = await asyncio.to_thread(opened.__enter__)
    try:
        yield executor
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


async def _read_in(
    app: Application, ingestor: Ingestor, plan: Plan, prune: bool, *, kept: bool
) -> IngestReport:
    """Read a source; ``kept``: a failure stands in its history."""
    from adapters.syncing import syncer_of

    with reading_bar(plan.name) as (progress, wait):
        if kept:
            syncer = syncer_of(app, ingestor)
            return await syncer.sync(
                plan, prune=prune, careful=False, progress=progress, on_wait=wait
            )
        return await ingestor.ingest(
            plan.open(), groups=plan.groups, prune=prune, progress=progress, on_wait=wait
        )


@contextmanager
def reading_bar(name: str) -> Iterator[tuple[Progress, Callable[[], None]]]:
    """A bar at a terminal: what moves it, and what says that another process is at it."""
    with bar(elapsed=True) as shown:
        task = shown.add_task(f"Reading {name}", total=None)

        def progress(done: int, total: int | None) -> None:
            shown.update(task, completed=done, total=total)

        def wait() -> None:
            remark(f"Source {name} is being read in by another process; waiting for it.")

        yield progress, wait


async def embed(ingestor: Ingestor) -> None:
    """The vectors of what waits; the documents are found by their words already."""
    with bar() as shown:
        task = shown.add_task("Embedding, searchable by words meanwhile", total=None)

        def progress(done: int, total: int | None) -> None:
            shown.update(task, completed=done, total=total)

        await ingestor.embed_waiting(progress=progress)


def tell(name: str, report: IngestReport, *, as_json: bool) -> None:
    """The report for people; where one as JSON follows, only what that has no place for."""
    if not as_json:
        sys.stdout.write(
            f"{name}: {report.added} added, {report.changed} changed, "
            f"{report.unchanged} unchanged, {report.removed} removed, "
            f"{len(report.failed)} failed; {counted(report.chunks, 'chunk')} "
            f"in {report.seconds:.1f} s\n"
        )
        for document, error in report.failed:
            sys.stdout.write(f"  {document}: {error}\n")
        sys.stdout.flush()
    if report.skipped:
        remark(f"{name}: {counted(report.skipped, 'file')} of other kinds skipped")


def merged(reports: list[IngestReport]) -> dict[str, Any]:
    counts = ("added", "changed", "unchanged", "removed")
    return {
        **{count: sum(getattr(r, count) for r in reports) for count in counts},
        "failed": [{"document": d, "error": e} for r in reports for d, e in r.failed],
        "chunks": sum(r.chunks for r in reports),
        "seconds": round(sum(r.seconds for r in reports), 3),
    }


@documents.command("list", epilog="Example: wellspoken documents list --source handbook")
def list_documents(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    as_json: AsJson = False,
) -> None:
    """List every document."""
    run(_list(source, as_json))


async def _list(source: str | None, as_json: bool) -> None:
    from adapters.home import open_database
    from knowledge.ledger import Ledger

    async with open_database(settings()) as database:
        records = await Ledger(database).listing(source)
    if as_json:
        print_json([_document_json(r) for r in records])
        return
    rows = [
        (r.document, r.source, r.title, ", ".join(sorted(r.groups)) or "public", str(r.chunks))
        for r in records
    ]
    table(("document", "source", "title", "groups", "chunks"), rows)


@documents.command("show", epilog="Example: wellspoken documents show billing/plans.md")
def show_document(
    document: Annotated[str, typer.Argument(help="Its name, as listed.")],
    source: Annotated[str | None, typer.Option(help="Where two sources have one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show one document with its text."""
    run(_show(document, source, as_json))


async def _show(document: str, source: str | None, as_json: bool) -> None:
    from adapters.home import open_database
    from knowledge.ledger import Ledger

    async with open_database(settings()) as database:
        ledger = Ledger(database)
        record, text = await ledger.show(document, source)
        others = [] if source else [r.source for r in await ledger.find(document)][1:]
    if others:
        remark(f"{document} is in {' and '.join(others)} too; --source NAME shows that one.")
    if as_json:
        print_json({**_document_json(record), "text": text})
        return
    groups = ", ".join(sorted(record.groups)) or "public"
    commit = f" at commit {record.commit[:12]}" if record.commit else ""
    sys.stdout.write(
        f"{record.title}\n{record.uri} · source {record.source} · {groups} · "
        f"{counted(record.chunks, 'chunk')} · read in {record.ingested_at:%Y-%m-%d %H:%M} UTC"
        f"{commit}\n\n{text}\n"
    )


@documents.command("remove", epilog="Example: wellspoken documents remove billing/plans.md")
def remove_documents(
    names: Annotated[list[str], typer.Argument(metavar="DOCUMENT...", help="Names, as listed.")],
    source: Annotated[str | None, typer.Option(help="Where two sources have one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Remove documents from the answers.

    A source that still has them brings them back.
    """
    run(_remove(names, source, as_json))


async def _remove(names: list[str], source: str | None, as_json: bool) -> None:
    from adapters.assembly import assemble
    from knowledge.sources.uploads import NAME as UPLOADS

    async with assemble(settings(), warm=False) as app:
        removed = 0
        places = [(await _one_source(app.ledger, name, source), name) for name in names]
        for place, name in dict.fromkeys(places):
            gone = await app.ingestor.remove(place, [name])
            if place == UPLOADS:
                await app.uploads.tidy()
            if gone:
                await app.audit.operator(
                    "document removed", "terminal:operator", subject=name, source=place
                )
            removed += gone
    if as_json:
        print_json({"removed": removed})
    else:
        sys.stdout.write(f"{counted(removed, 'document')} removed\n")


async def _one_source(ledger: Ledger, document: str, source: str | None) -> str:
    """The source that a document is to be removed from. Raises UsageError where several have it."""
    found = [r.source for r in await ledger.find(document) if source in (None, r.source)]
    if not found:
        raise NotFoundError(kind="document", id=document)
    if len(found) > 1:
        raise UsageError(
            f'"{document}" is in the sources {" and ".join(found)}; name one with --source.'
        )
    return found[0]


def _document_json(record: Any) -> dict[str, Any]:
    return {
        "document": record.document,
        "source": record.source,
        "title": record.title,
        "uri": record.uri,
        "groups": sorted(record.groups),
        "revision": record.revision,
        "commit": record.commit or None,
        "chunks": record.chunks,
        "ingested_at": record.ingested_at.isoformat(),
    }
