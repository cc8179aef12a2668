"""The schema's versions: forward only, numbered, one file each in ``versions/``.

A new version is a file ``NNNN_what_it_does.py`` there, with ``revision = "NNNN"``; tests compare
what the versions build with the tables in the code, on every database.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa

from bot.errors import DatabaseNewerError
from bot.store.drivers import driver_for

_HERE = Path(__file__).parent
_VERSION = sa.table("alembic_version", sa.column("version_num"))


@cache
def known() -> tuple[str, ...]:
    """All revisions of this program, oldest first."""
    files = (_HERE / "versions").glob("[0-9]*_*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


def head() -> str:
    """The newest revision. Read from the file names: importing Alembic would cost 0.4 s."""
    return known()[-1]


def found(connection: sa.Connection) -> str | None:
    """The revision that a database is at; ``None`` for an empty one."""
    if not connection.dialect.has_table(connection, _VERSION.name):
        return None
    revision: str | None = connection.scalar(sa.select(_VERSION.c.version_num))
    return revision


def check(revision: str | None) -> None:
    """Raises DatabaseNewerError for a revision that this program does not know."""
    if revision is not None and revision not in known():
        raise DatabaseNewerError(found=revision)


def apply(connection: sa.Connection) -> str | None:
    """Bring a database to the newest revision in the caller's transaction; what it was at."""
    before = found(connection)
    check(before)
    if before == head():
        return before
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    command.upgrade(config, "head")
    return before


async def current(url: str) -> str | None:
    """The revision of the database at ``url``; ``None`` for an empty one."""
    driver = driver_for(url)
    try:
        await driver.start()
        return await driver.read(found)
    finally:
        await driver.close()


async def upgrade(url: str) -> tuple[str | None, str]:
    """Bring the database at ``url`` up to date; the revisions before and after.

    Raises DatabaseUnavailableError, DatabaseNewerError.
    """
    driver = driver_for(url)
    try:
        await driver.start()
        return await driver.migrate(apply), head()
    finally:
        await driver.close()
