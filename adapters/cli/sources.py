"""``sources``: what is set up, how it stands, reading it now, how it went before."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, counted, print_json, remark, run, settings, table
from bot.errors import NotFoundError, UsageError, WellspokenError

if TYPE_CHECKING:
    from knowledge.ingest import IngestReport
    from knowledge.ledger import RunRecord
    from knowledge.standing import Standing
    from knowledge.syncing import Plan

sources = typer.Typer(
    help="Where documents come from, and how the reading went.",
    epilog="Example: wellspoken sources list",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    app.add_typer(sources, name="sources")


@sources.command("list", epilog="Example: wellspoken sources list --json")
def list_sources(as_json: AsJson = False) -> None:
    """List every source: what it holds, how it stands, when it is read next."""
    run(_list(as_json))


async def _list(as_json: bool) -> None:
    from adapters.home import open_database
    from adapters.syncing import plans_of
    from bot.store.timing import utc_now
    from bot.work.leases import Leases
    from knowledge.ledger import Ledger
    from knowledge.standing import SourceDesk
    from knowledge.syncbook import SyncBook

    config = settings()
    async with open_database(config) as database:
        desk = SourceDesk(
            plans_of(config), Ledger(database), SyncBook(database), Leases(database), utc_now
        )
        standings = await desk.standings()
    if as_json:
        print_json([standing_json(standing) for standing in standings])
        return
    rows = [
        (
            s.name,
            str(s.documents),
            in_words(s),
            _when(s.record.last.finished_at) if s.record.last else "",
            _when(s.due) if s.due and s.plan and s.plan.every else "",
            s.plan.place if s.plan else "",
        )
        for s in standings
    ]
    table(("source", "documents", "state", "last read", "next", "place"), rows)


def in_words(standing: Standing) -> str:
    """How a source stands, for people: ``down since …: reason``."""
    from knowledge.standing import State

    record = standing.record
    if standing.state is State.DOWN and record.down_since:
        return f"down since {_when(record.down_since)}: {standing.reason}"
    if standing.state is State.SYNCING and record.total:
        return f"syncing, {record.done:,} of {record.total:,}"
    return standing.state.value


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def standing_json(standing: Standing) -> dict[str, Any]:
    """As ``sources list --json`` prints it."""
    from bot.settings import write_duration

    record, plan = standing.record, standing.plan
    return {
        "source": standing.name,
        "place": plan.place if plan else None,
        "groups": sorted(plan.groups) if plan else None,
        "sync": write_duration(plan.every) if plan and plan.every else None,
        "state": standing.state.value,
        "documents": standing.documents,
        "chunks": standing.chunks,
        "done": record.done if record.started_at else None,
        "total": record.total if record.started_at else None,
        "down_since": record.down_since.isoformat() if record.down_since else None,
        "reason": standing.reason or None,
        "next": standing.due.isoformat() if standing.due else None,
        "last": run_json(record.last) if record.last else None,
        "last_good": run_json(record.good) if record.good else None,
    }


def run_json(record: RunRecord) -> dict[str, Any]:
    """As ``sources history --json`` prints it."""
    report = record.report
    return {
        "source": record.source,
        "started_at": record.started_at.isoformat(),
        "finished_at": record.finished_at.isoformat(),
        "seconds": round((record.finished_at - record.started_at).total_seconds(), 3),
        "error": record.error or None,
        **{name: report.get(name, 0) for name in ("added", "changed", "unchanged", "removed")},
        "failed": report.get("failed", []),
        "commit": report.get("commit") or None,
    }


@sources.command("sync", epilog="Example: wellspoken sources sync handbook")
def sync_sources(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Which; none: all of them.")
    ] = None,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Remove what is gone, even where most of it is gone at once."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read the sources of wellspoken.toml now, as the schedule does.

    One that cannot be read keeps what was read before, and the others are read all the same.
    """
    if not run(_sync(names or [], prune, as_json)):
        raise typer.Exit(1)


async def _sync(names: list[str], prune: bool, as_json: bool) -> bool:
    """Whether every source could be read."""
    from adapters.assembly import assemble
    from adapters.cli.ingesting import embed, merged, reading_bar, tell
    from adapters.syncing import plans_of, syncer_of

    config = settings()
    plans = _chosen(plans_of(config), names, str(config.config))
    reports: list[IngestReport] = []
    errors: dict[str, str] = {}
    async with assemble(config, warm=False) as app:
        for plan in plans:
            try:
                with reading_bar(plan.name) as (progress, wait):
                    report = await syncer_of(app).sync(
                        plan, careful=not prune, progress=progress, on_wait=wait
                    )
            except WellspokenError as error:
                errors[plan.name] = str(error)
                remark(f"{plan.name}: {error}")
            else:
                reports.append(report)
                tell(plan.name, report, as_json=as_json)
        await embed(app.ingestor)
    if as_json:
        down = [{"source": name, "error": error} for name, error in errors.items()]
        print_json({**merged(reports), "down": down})
    return not errors


def _chosen(plans: list[Plan], names: list[str], config: str) -> list[Plan]:
    from knowledge.syncing import named

    if not plans:
        raise UsageError(f"There are no [[sources]] in {config}; add one, or `wellspoken ingest`.")
    return [named(plans, name) for name in names] if names else plans


@sources.command("history", epilog="Example: wellspoken sources history handbook")
def history(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One source; none: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs that are kept, the last one first."""
    run(_history(name, as_json))


async def _history(name: str | None, as_json: bool) -> None:
    from adapters.home import open_database
    from adapters.syncing import plans_of
    from knowledge.ledger import Ledger

    config = settings()
    async with open_database(config) as database:
        ledger = Ledger(database)
        known = [source.name for source in await ledger.sources()]
        if name is not None and name not in {*known, *(plan.name for plan in plans_of(config))}:
            raise NotFoundError(kind="source", id=name)
        runs = [r for source in ([name] if name else known) for r in await ledger.runs(source)]
    runs.sort(key=lambda r: r.finished_at, reverse=True)
    if as_json:
        print_json([run_json(record) for record in runs])
        return
    table(("source", "ended", "took", "outcome"), [_row(record) for record in runs])
    for record in runs[:1]:
        for failure in record.report.get("failed", ()):
            sys.stdout.write(f"  {failure['document']}: {failure['error']}\n")


def _row(record: RunRecord) -> tuple[str, str, str, str]:
    took = f"{(record.finished_at - record.started_at).total_seconds():.1f} s"
    return record.source, _when(record.finished_at), took, record.error or outcome(record.report)


def outcome(report: Any) -> str:
    """What a run did, in words."""
    counts = {n: report.get(n, 0) for n in ("added", "changed", "unchanged", "removed")}
    told = [f"{count:,} {name}" for name, count in counts.items() if count]
    failures = report.get("failures", len(report.get("failed", ())))
    told += [counted(failures, "failure")] if failures else []
    return ", ".join(told) or "nothing there"
