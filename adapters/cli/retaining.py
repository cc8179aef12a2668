"""``retention``: what is older than the settings allow goes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from adapters.cli.console import AsJson, counted, print_json, run, settings
from bot.errors import UsageError

BY = "terminal:operator"
_WORDS = {
    "turns": "turn", "messages": "message", "feedback": "rating", "handoffs": "handoff",
    "uploads": "uploaded file", "audit": "content of the audit trail", "exports": "export",
    "evaluations": "scorecard", "replies": "reply", "participation": "thread",
    "drafts": "draft", "unread": "upload",
}  # fmt: skip

retention = typer.Typer(
    help="What is older than [retention] allows.",
    epilog="Example: wellspoken retention run --dry-run",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    app.add_typer(retention, name="retention")


@retention.command("run", epilog="Example: wellspoken retention run --dry-run")
def run_retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    compact: Annotated[
        bool,
        typer.Option(
            "--compact",
            help="Then make the database's file as small as it can be; writers wait about a second "
            "for 100 MB.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove what is too old: messages with all that was made of them, exports, scorecards, and
    contents of the audit trail; uploaded files that came and will not be read in.

    The worker does it once a day by itself. What is cut off is finished by the next run.
    """
    if dry_run and compact:
        raise UsageError("--dry-run only counts; leave out --compact, or --dry-run.")
    run(_run(dry_run, compact, as_json))


async def _run(dry_run: bool, compact: bool, as_json: bool) -> None:
    from adapters.cli.bars import bar
    from adapters.governance.retention import RetentionDesk
    from adapters.home import open_database
    from bot.store.audit import AuditTrail
    from bot.store.timing import utc_now

    config = settings()
    async with open_database(config) as database:
        desk = RetentionDesk(config, database, AuditTrail(database), utc_now)
        if dry_run:
            report = await desk.due()
        else:
            with bar(elapsed=True) as shown:
                task = shown.add_task("Removing", total=None)
                report = await desk.run(
                    by=BY,
                    compact=compact,
                    progress=lambda what, done, total: shown.update(
                        task, description=f"Removing: {what}", completed=done, total=total
                    ),
                )
    if as_json:
        print_json({**report.json(), "dry_run": dry_run})
        return
    parts = [_told(name, number) for name, number in report.json().items() if name in _WORDS]
    said = ", ".join(part for part in parts if part)
    verb = "Would go" if dry_run else "Gone"
    sys.stdout.write(f"{verb}: {said}.\n" if said else "Nothing is too old.\n")
    for name in report.datasets:
        sys.stdout.write(f"Data set {name} was built from turns that are gone.\n")


def _told(name: str, number: int) -> str:
    if not number:
        return ""
    if name == "replies":
        return f"{number} {'reply' if number == 1 else 'replies'}"
    if name == "unread":
        return f"{counted(number, 'upload')} that will not be read in"
    if name == "audit":
        return f"{counted(number, 'content')} of the audit trail"
    return counted(number, _WORDS[name])
