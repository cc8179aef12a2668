"""``backup`` and ``restore``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.bars import stepping
from adapters.cli.console import AsJson, counted, print_json, remark, settings

if TYPE_CHECKING:
    from adapters.backing_up import BackupReport
    from bot.settings import Settings

_DOING = {"save": "Saving", "check": "Checking", "restore": "Restoring"}


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: wellspoken backup /backups/2026-11-23")(backup)
    app.command(epilog="Example: wellspoken restore /backups/2026-11-23")(restore)


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    as_json: AsJson = False,
) -> None:
    """Save the data folder into a new folder while the bot runs.

    The SQLite database, the embedded index, data sets, models, suites and reports; no secrets.
    A database on a server and Weaviate have tools of their own: docs/operations.md.
    """
    from adapters.backing_up import back_up
    from adapters.home import prepare_home

    config = settings()
    prepare_home(config)
    with stepping(_DOING, "bytes") as progress:
        report = back_up(config.home, _database_file(config), folder, progress)
    _tell("saved to", report, as_json)
    if not report.database:
        remark("The database lies on a server: save it with pg_dump.")
    if config.weaviate_url:
        remark("The knowledge lies in Weaviate: save it with a backup of its own.")
    remark("Not in it: console-token, secret-key, wellspoken.toml, .env; keep them elsewhere.")


def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `backup` made.")],
    as_json: AsJson = False,
) -> None:
    """Put a backup into an empty data folder.

    Every file is checked first; what is there already is never overwritten by a database.
    """
    from adapters.backing_up import restore as restore_backup
    from adapters.home import prepare_home

    config = settings()
    prepare_home(config)
    with stepping(_DOING, "bytes") as progress:
        report = restore_backup(folder, config.home, _database_file(config), progress)
    _tell(f"restored to {config.home} from", report, as_json)
    remark("Next: `wellspoken doctor`, `wellspoken audit verify`, `wellspoken ingest`.")


def _database_file(config: Settings) -> Path | None:
    """Where the SQLite database is, ``None`` for one on a server."""
    from bot.store.drivers import driver_for
    from bot.store.sqlite import SqliteDriver

    driver = driver_for(config.database)
    return Path(driver.name).absolute() if isinstance(driver, SqliteDriver) else None


def _tell(done: str, report: BackupReport, as_json: bool) -> None:
    if as_json:
        print_json(asdict(report))
        return
    sys.stdout.write(
        f"{counted(report.files, 'file')}, {report.bytes / 1e6:.1f} MB, {done} {report.folder}\n"
    )
