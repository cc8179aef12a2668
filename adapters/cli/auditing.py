"""``audit``: what was done, for whom, from which evidence; checked, anchored, given out."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli import telling
from adapters.cli.console import AsJson, print_json, remark, run, settings, table

if TYPE_CHECKING:
    from bot.store.audit import Wanted

BY = "terminal:operator"

audit = typer.Typer(
    help="The audit trail.", epilog="Example: wellspoken audit verify", no_args_is_help=True
)

Kind = Annotated[
    str | None, typer.Option(help="Only this kind: turn, operator, erasure.", metavar="KIND")
]
Since = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="From this day or moment on (UTC).")
]
Until = Annotated[
    str | None, typer.Option("--to", metavar="DATE", help="Up to this day or moment (UTC).")
]
By = Annotated[
    str | None,
    typer.Option("--author", metavar="ID", help="Only of this author, or by this operator."),
]
Action = Annotated[
    str | None, typer.Option(metavar="WORDS", help="Only operators' deeds of this name.")
]


def moment_of(text: str, option: str, *, end: bool = False) -> datetime:
    """A day or a moment; a day's end is the next one's beginning. Raises UsageError."""
    from bot.errors import UsageError

    try:
        moment = datetime.fromisoformat(text)
        if end and len(text.strip()) <= len("2026-01-31"):
            moment += timedelta(days=1)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:  # the second: beyond the calendar
        raise UsageError(f"{option} takes a day or a moment, like 2026-01-31, not {text!r}.") from (
            error
        )


def _wanted(
    kind: str | None,
    since: str | None,
    until: str | None,
    author: str | None,
    action: str | None = None,
) -> Wanted:
    from bot.errors import UsageError
    from bot.store.audit import ERASURE, OPERATOR, TURN, Wanted

    if kind is not None and kind not in (TURN, OPERATOR, ERASURE):
        raise UsageError(f"--kind is turn, operator or erasure, not {kind!r}.")
    return Wanted(
        kind=kind,
        since=moment_of(since, "--from") if since else None,
        until=moment_of(until, "--to", end=True) if until else None,
        author=author,
        action=action,
    )


@audit.command("list", epilog="Example: wellspoken audit list --kind operator --json")
def list_audit(
    kind: Kind = None,
    since: Since = None,
    until: Until = None,
    author: By = None,
    action: Action = None,
    last: Annotated[
        int | None, typer.Option(min=1, help="Only so many, the newest of them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List entries, oldest first."""
    run(_list_audit(_wanted(kind, since, until, author, action), last, as_json))


async def _list_audit(wanted: Wanted, last: int | None, as_json: bool) -> None:
    from adapters.governance.exporting import entry_json
    from adapters.home import open_database
    from bot.store.audit import AuditTrail

    async with open_database(settings()) as database:
        trail = AuditTrail(database)
        if last is None:
            entries = await trail.listing(wanted=wanted)
        else:
            entries = (await trail.newest(last, wanted=wanted))[::-1]
    if as_json:
        print_json([entry_json(e) for e in entries])
        return
    rows = []
    for entry in entries:
        content = entry.content
        what = f"{content.get('outcome', '')} {content.get('route', '')}".strip()
        what = what or str(content.get("action", "")) or ("erased" if entry.erased else "")
        subject = str(content.get("turn") or content.get("subject", ""))
        rows.append((str(content.get("at", "")), entry.kind, what, subject, entry.hash[:12]))
    table(("at", "kind", "what", "subject", "hash"), rows)


audit.command("show", epilog=telling.EXAMPLE)(telling.show)


@audit.command("head", epilog="Example: wellspoken audit head >> /elsewhere/heads.txt")
def head(as_json: AsJson = False) -> None:
    """Print where the trail ends, for `audit verify --head`; keep it where nobody can change it.

    It is also added to `audit/anchors.jsonl` in the home.
    """
    run(_head(as_json))


async def _head(as_json: bool) -> None:
    from adapters.governance.anchors import AnchorFile
    from adapters.home import open_database
    from bot.store.audit import AuditTrail

    config = settings()
    async with open_database(config) as database:
        found = await AuditTrail(database).head()
    AnchorFile.of(config.home).append(found, datetime.now(UTC))
    if as_json:
        print_json({"sequence": found.sequence, "hash": found.hash})
    elif found.sequence:
        sys.stdout.write(f"{found}\n")
    else:
        remark("The audit trail has no entry yet.")


@audit.command("verify", epilog="Example: wellspoken audit verify")
def verify_audit(
    heads: Annotated[
        list[str] | None,
        typer.Option(
            "--head", metavar="HASH@SEQ", help="A head that was kept elsewhere; repeat it."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that no entry was changed, removed, reordered, inserted or cut off.

    The heads in `audit/anchors.jsonl` of the home, and those given, must still be in it.
    """
    raise typer.Exit(run(_verify_audit(heads or [], as_json)))


async def _verify_audit(heads: list[str], as_json: bool) -> int:
    from adapters.cli.bars import bar
    from adapters.governance.anchors import known_heads
    from adapters.home import open_database
    from bot.store.audit import AuditTrail

    config = settings()
    known = known_heads(config.home, heads)
    with bar(elapsed=True) as shown:
        task = shown.add_task("Checking the audit trail", total=None)
        async with open_database(config) as database:
            trail = AuditTrail(database)
            broken = await trail.verify_all(
                known, lambda done, total: shown.update(task, completed=done, total=total)
            )
            entries = (await trail.head()).sequence
    if as_json:
        told = None if broken is None else str(broken)
        print_json(
            {"ok": broken is None, "broken": told, "entries": entries, "anchors": len(known)}
        )
    elif broken is None:
        sys.stdout.write("the audit trail is whole\n")
    else:
        sys.stdout.write(f"the audit trail is broken: {broken}\n")
    return 0 if broken is None else 1


@audit.command("export", epilog="Example: wellspoken audit export --format csv --out audit.csv")
def export_audit(
    format_: Annotated[str, typer.Option("--format", help="jsonl or csv.")] = "jsonl",
    kind: Kind = None,
    since: Since = None,
    until: Until = None,
    author: By = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it here (0600); default: stdout."),
    ] = None,
) -> None:
    """Give the trail out, entry by entry. That it was given out is itself an entry."""
    from adapters.governance.exporting import Format
    from bot.errors import UsageError

    if format_ not in set(Format):
        raise UsageError(f"--format is jsonl or csv, not {format_!r}.")
    wanted = _wanted(kind, since, until, author)
    run(_export_audit(wanted, format_, None if out is None or str(out) == "-" else out))


async def _export_audit(wanted: Wanted, format_: str, out: Path | None) -> None:
    from adapters.governance.exporting import Format, exported
    from adapters.governance.files import private_file
    from adapters.home import open_database
    from bot.store.audit import AuditTrail

    async with open_database(settings()) as database:
        lines = exported(AuditTrail(database), wanted, Format(format_), by=BY)
        if out is None:
            async for line in lines:
                sys.stdout.write(line)
            return
        with private_file(out) as file:
            async for line in lines:
                file.write(line)
    remark(f"Written to {out}.")
