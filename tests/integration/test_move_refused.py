"""A move that cannot be made is told in one sentence, and nothing is lost."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import (
    ConfigurationError,
    DatabaseFileError,
    DatabaseMovedError,
    DatabaseRightsError,
    DatabaseUnavailableError,
    UsageError,
)
from bot.store.base import Database
from bot.store.drivers import driver_for
from bot.store.move import move
from tests.platforms.command import Cli
from tests.platforms.ports import free_port
from tests.platforms.postgres_server import Cluster

PASSWORD = "hunter2-secret"


@pytest.fixture
def bot(tmp_path: Path, sqlite_database_url: str) -> Cli:
    """A folder with a database in it."""
    return Cli(tmp_path, {"DATABASE_URL": sqlite_database_url})


def _told(bot: Cli, *arguments: str) -> str:
    """The sentence with which the command refuses."""
    done = bot("db", "move", *arguments)
    assert done.returncode in (1, 2), done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("wellspoken: ")
    assert PASSWORD not in done.stderr
    return lines[0]


async def test_the_option_that_is_wrong_is_named(
    bot: Cli, sqlite_database_url: str, tmp_path: Path
) -> None:
    """What is no URL, a server that is not there, a folder that is a file: --to or --from, and
    DATABASE_URL where it came from there; never a password."""
    nowhere = f"postgresql://me:{PASSWORD}@127.0.0.1:{free_port()}/x"
    assert "--to: not a database URL" in _told(bot, "--to", "nonsense")
    gone = _told(bot, "--to", nowhere)
    assert "127.0.0.1" in gone
    assert gone.endswith("start it or correct --to.")
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseFileError, match=r"or name another with --to\.$"):
        await move(sqlite_database_url, f"sqlite:///{tmp_path}/file/new.db")
    with pytest.raises(ConfigurationError, match=r"^--from: "):
        await move("mysql://me@host/x", nowhere)
    with pytest.raises(DatabaseUnavailableError, match=r"correct DATABASE_URL\.$") as told:
        await move(nowhere, f"sqlite:///{tmp_path / 'new.db'}", names=("DATABASE_URL", "--to"))
    assert PASSWORD not in str(told.value)


async def test_one_database_under_two_names_is_left_as_it_is(
    tmp_path: Path, sqlite_database_url: str
) -> None:
    """A link to the file is seen through; the database goes on."""
    (tmp_path / "link.db").symlink_to(sqlite_database_url.removeprefix("sqlite:///"))
    with pytest.raises(UsageError, match="is where the data is already"):
        await move(sqlite_database_url, f"sqlite:///{tmp_path / 'link.db'}")
    await (await Database.open(sqlite_database_url)).close()


@pytest.mark.postgres
async def test_a_server_by_two_names_is_left_as_it_is(postgres_database_url: str) -> None:
    """localhost is 127.0.0.1: seen by the mark that the move itself has made."""
    with pytest.raises(UsageError, match="is where the data is already"):
        await move(postgres_database_url, postgres_database_url.replace("127.0.0.1", "localhost"))
    await (await Database.open(postgres_database_url)).close()


@pytest.mark.postgres
async def test_a_user_without_rights_is_told_so(
    postgres: Cluster, sqlite_database_url: str
) -> None:
    """Who may not create tables in the target reads which right is missing."""
    target = postgres.url(postgres.create())
    owner = driver_for(target)
    await owner.start()

    def op(connection: sa.Connection) -> None:
        connection.exec_driver_sql("DROP ROLE IF EXISTS mover")
        connection.exec_driver_sql("CREATE ROLE mover LOGIN")
        connection.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM public")

    await owner.write(op)
    await owner.close()
    with pytest.raises(DatabaseRightsError, match=r"permission denied for schema public.*right to"):
        await move(sqlite_database_url, target.replace("wellspoken@", "mover@"))
    await (await Database.open(sqlite_database_url)).close()


def _execute(connection: sa.Connection, statement: sa.TextClause) -> None:
    connection.execute(statement)


async def test_a_target_of_another_version_is_refused(
    tmp_path: Path, sqlite_database_url: str
) -> None:
    """Older or newer, it holds a database: the sentence names it and its revision."""
    target = tmp_path / "other.db"
    shutil.copyfile(sqlite_database_url.removeprefix("sqlite:///"), target)
    for revision in ("0001", "9999"):
        driver = driver_for(f"sqlite:///{target}")
        await driver.start()
        version = sa.text("UPDATE alembic_version SET version_num = :revision")
        await driver.write(partial(_execute, statement=version.bindparams(revision=revision)))
        await driver.close()
        with pytest.raises(UsageError, match=rf"other\.db holds a database.*{revision}.*empty"):
            await move(sqlite_database_url, f"sqlite:///{target}")
    await (await Database.open(sqlite_database_url)).close()


async def test_repeated_after_its_end_it_says_where_the_data_is(
    tmp_path: Path, sqlite_database_url: str
) -> None:
    """The same command once more changes nothing and names the new database."""
    target = f"sqlite:///{tmp_path / 'new.db'}"
    await move(sqlite_database_url, target)
    await (await Database.open(target)).close()
    with pytest.raises(DatabaseMovedError, match=r"new\.db and takes nothing any more"):
        await move(sqlite_database_url, target)
