"""``feedback``, ``audit`` and ``persona``: what was said of answers, what was done, who speaks."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from adapters.cli import rating, reviewing, telling
from adapters.cli.console import AsJson, print_json, run, settings, table
from adapters.cli.persona import persona

feedback = typer.Typer(
    help="Ratings and corrections.",
    epilog="Example: wellspoken feedback list",
    no_args_is_help=True,
)
audit = typer.Typer(
    help="The audit trail.", epilog="Example: wellspoken audit verify", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    app.add_typer(persona, name="persona")
    app.add_typer(feedback, name="feedback")
    app.add_typer(audit, name="audit")


@feedback.command("list", epilog="Example: wellspoken feedback list --json")
def list_feedback(as_json: AsJson = False) -> None:
    """List every rating that stands, newest first."""
    run(_list_feedback(as_json))


async def _list_feedback(as_json: bool) -> None:
    from adapters.home import open_database
    from adapters.listing import rating_json
    from bot.store.feedback import FeedbackBook

    async with open_database(settings()) as database:
        rated = await FeedbackBook(database).listing()
    if as_json:
        print_json([rating_json(r) for r in rated])
        return
    table(
        ("turn", "author", "rating", "question", "reason", "a better answer"),
        [(r.turn, r.author, r.rating, r.question, r.reason, r.correction) for r in rated],
    )


feedback.command("import", epilog=rating.EXAMPLE)(rating.import_feedback)
feedback.command("review", cls=reviewing.SeveralTurns, epilog=reviewing.EXAMPLE)(reviewing.review)


@audit.command("list", epilog="Example: wellspoken audit list --kind operator --json")
def list_audit(
    kind: Annotated[str | None, typer.Option(help="Only this kind: turn, operator.")] = None,
    as_json: AsJson = False,
) -> None:
    """List every entry, oldest first."""
    run(_list_audit(kind, as_json))


async def _list_audit(kind: str | None, as_json: bool) -> None:
    from adapters.home import open_database
    from bot.store.audit import AuditTrail

    async with open_database(settings()) as database:
        entries = await AuditTrail(database).listing(kind=kind)
    if as_json:
        print_json([{**e.content, "hash": e.hash} for e in entries])
        return
    rows = []
    for entry in entries:
        content = entry.content
        what = f"{content.get('outcome', '')} {content.get('route', '')}".strip()
        what = what or str(content.get("action", ""))
        subject = str(content.get("turn") or content.get("subject", ""))
        rows.append((str(content.get("at", "")), entry.kind, what, subject, entry.hash[:12]))
    table(("at", "kind", "what", "subject", "hash"), rows)


audit.command("show", epilog=telling.EXAMPLE)(telling.show)


@audit.command("verify", epilog="Example: wellspoken audit verify")
def verify_audit(as_json: AsJson = False) -> None:
    """Check that no entry was changed, removed, reordered, inserted or cut off."""
    raise typer.Exit(run(_verify_audit(as_json)))


async def _verify_audit(as_json: bool) -> int:
    from adapters.home import open_database
    from bot.store.audit import AuditTrail

    async with open_database(settings()) as database:
        broken = await AuditTrail(database).verify()
    if as_json:
        print_json({"ok": broken is None, "broken": None if broken is None else str(broken)})
    elif broken is None:
        sys.stdout.write("the audit trail is whole\n")
    else:
        sys.stdout.write(f"the audit trail is broken: {broken}\n")
    return 0 if broken is None else 1
