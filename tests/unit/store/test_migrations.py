"""Migrations: forward only, safe for many at once, equal to the tables in the code."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import alembic.autogenerate
import alembic.migration
import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

import adapters.discord.tables
import adapters.slack.tables
import bot.store.chat_tables
import bot.store.console_ends
import bot.store.cost_tables
import bot.store.evaluation_tables
import bot.store.gap_tables
import bot.store.processes
import bot.store.review_tables
import bot.store.routing_tables
import bot.store.setting_changes
import bot.store.suite_tables
import bot.store.tables
import bot.store.watch_tables
import bot.work.tables
import knowledge.ledger
import persona.tables
from bot.errors import DatabaseNewerError
from bot.store import migrations
from bot.store.base import Database, metadata

_OPEN = """
import asyncio, sys
from bot.store.base import Database
async def main():
    await (await Database.open(sys.argv[1])).close()
    print("alembic" in sys.modules)
asyncio.run(main())
"""


async def test_migrated_schema_equals_the_tables(database: Database) -> None:
    """What the migrations build is what the code expects, on every database."""
    parts = {
        bot.store.tables.turns,
        bot.store.chat_tables.replies,
        bot.store.console_ends.console_ends,
        bot.store.evaluation_tables.evaluations,
        bot.store.suite_tables.suite_cases,
        bot.store.watch_tables.schedules,
        bot.store.gap_tables.gaps,
        bot.store.cost_tables.answer_cache,
        bot.store.routing_tables.routing_versions,
        bot.store.review_tables.rewrites,
        persona.tables.model_versions,
        bot.work.tables.inbox,
        knowledge.ledger.documents,
        adapters.slack.tables.states,
        adapters.discord.tables.notes,
    }
    assert parts <= set(metadata.tables.values())

    def differences(connection: sa.Connection) -> list[object]:
        context = alembic.migration.MigrationContext.configure(
            connection, opts={"compare_server_default": True}
        )
        found: list[object] = alembic.autogenerate.compare_metadata(context, metadata)
        return found

    assert await database.read(differences) == []


def test_the_newest_file_is_the_head() -> None:
    """The head read from the file names is the one that Alembic finds."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [migrations.head()]
    in_order = [script.revision for script in scripts.walk_revisions()]
    assert in_order[::-1] == list(migrations.known())


async def test_upgrade_says_where_it_was(empty_database_url: str) -> None:
    """An empty database is brought to the head; a second time changes nothing."""
    assert await migrations.current(empty_database_url) is None
    assert await migrations.upgrade(empty_database_url) == (None, migrations.head())
    assert await migrations.upgrade(empty_database_url) == (migrations.head(),) * 2
    assert await migrations.current(empty_database_url) == migrations.head()


async def test_many_processes_may_open_an_empty_database_at_once(empty_database_url: str) -> None:
    """Of several programs that start at the same time one migrates, and all work."""
    program = (sys.executable, "-c", _OPEN, empty_database_url)
    started = [
        await asyncio.create_subprocess_exec(*program, stderr=subprocess.PIPE) for _ in range(3)
    ]
    errors = [(await process.communicate())[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 3, errors
    assert await migrations.current(empty_database_url) == migrations.head()


async def test_an_open_that_needs_no_migration_stays_cheap(database_url: str) -> None:
    """Alembic is not even imported where the schema is up to date."""
    program = (sys.executable, "-c", _OPEN, database_url)
    process = await asyncio.create_subprocess_exec(*program, stdout=subprocess.PIPE)
    assert (await process.communicate())[0].decode().strip() == "False"


async def test_a_newer_database_is_refused(database_url: str) -> None:
    """A database of a later version is left alone, in one sentence that says what to do."""
    db = await Database.open(database_url)
    newer = sa.text("UPDATE alembic_version SET version_num = '9999'")
    await db.write(lambda c: c.execute(newer).rowcount)
    await db.close()
    with pytest.raises(DatabaseNewerError, match="revision 9999, newer than this program"):
        await Database.open(database_url)
    with pytest.raises(DatabaseNewerError):
        await migrations.upgrade(database_url)


async def test_without_migration_nothing_is_created(empty_database_url: str) -> None:
    """Opened to look only, an empty database stays empty."""
    db = await Database.open(empty_database_url, migrate=False)
    tables = await db.read(lambda c: sa.inspect(c).get_table_names())
    assert tables == []
    await db.close()
