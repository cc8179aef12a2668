"""``ingest`` and ``documents``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import (
    AsJson,
    counted,
    err,
    named_groups,
    print_json,
    remark,
    run,
    settings,
    table,
)
from bot.errors import MissingFileError, NotFoundError, UsageError

if TYPE_CHECKING:
    from adapters.assembly import Application
    from bot.settings import Settings
    from knowledge.ingest import IngestReport
    from knowledge.ledger import Ledger
    from knowledge.sources.base import Source

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
    as_json: AsJson = False,
) -> None:
    """Read documents in; again: only what changed."""
    reports = run(_ingest(places or [], source, group or [], prune, allow_private, as_json))
    if strict and any(report.failed for report in reports):
        raise typer.Exit(1)


async def _ingest(
    places: list[str],
    name: str | None,
    groups: list[str],
    prune: bool,
    allow_private: bool,
    as_json: bool,
) -> list[IngestReport]:
    from adapters.assembly import assemble
    from knowledge.sources.joined import joined

    config = settings()
    if places:
        named = joined([_source(place, name, allow_private) for place in places])
        sources = [(source, named_groups(groups)) for source in named]
    else:
        sources = _configured(config, name)
    reports = []
    async with assemble(config, warm=False) as app:
        for source, source_groups in sources:
            report = await _read_in(app, source, source_groups, prune)
            reports.append(report)
            _tell(source.name, report, as_json=as_json)
        await _embed(app)
    if as_json:
        print_json(_merged(reports))
    return reports


def _source(place: str, name: str | None, allow_private: bool) -> Source:
    from knowledge.sources.folder import FolderSource
    from knowledge.sources.web import WebSource

    if place.startswith(("http://", "https://")):
        return WebSource(place, name=name, allow_private=allow_private)
    if not Path(place).exists():
        raise MissingFileError(path=place)
    return FolderSource(Path(place), name=name)


def _configured(config: Settings, name: str | None) -> list[tuple[Source, frozenset[str]]]:

    chosen = [s for s in config.sources if name in (None, s.name)]
    if not chosen:
        raise UsageError(
            "Nothing to read in: name a folder, a file or an address, "
            f"or add [[sources]] to {config.config}."
        )
    return [
        (
            _source(s.url or str(config.beside(s.path or Path())), s.name, s.allow_private),
            named_groups(s.groups),
        )
        for s in chosen
    ]


async def _read_in(
    app: Application, source: Source, groups: frozenset[str], prune: bool
) -> IngestReport:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err(),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        task = bar.add_task(f"Reading {source.name}", total=None)

        def progress(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        def wait() -> None:
            remark(f"Source {source.name} is being read in by another process; waiting for it.")

        return await app.ingestor.ingest(
            source, groups=groups, prune=prune, progress=progress, on_wait=wait
        )


async def _embed(app: Application) -> None:
    """The vectors of what waits; the documents are found by their words already."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("Embedding, searchable by words meanwhile"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err(),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        task = bar.add_task("embed", total=None)

        def progress(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        await app.ingestor.embed_waiting(progress=progress)


def _tell(name: str, report: IngestReport, *, as_json: bool) -> None:
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


def _merged(reports: list[IngestReport]) -> dict[str, Any]:
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
    from adapters.assembly import open_database
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
    from adapters.assembly import open_database
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
    sys.stdout.write(
        f"{record.title}\n{record.uri} · source {record.source} · {groups} · "
        f"{counted(record.chunks, 'chunk')} · read in {record.ingested_at:%Y-%m-%d %H:%M} UTC\n"
        f"\n{text}\n"
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

    async with assemble(settings(), warm=False) as app:
        removed = 0
        places = [(await _one_source(app.ledger, name, source), name) for name in names]
        for place, name in dict.fromkeys(places):
            removed += await app.ingestor.remove(place, [name])
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
        "chunks": record.chunks,
        "ingested_at": record.ingested_at.isoformat(),
    }
