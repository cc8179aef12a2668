"""Programs of two versions work on one database while one is replaced by the other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import DatabaseNewerError
from bot.store import migrations
from bot.store.base import Database
from bot.store.drivers import driver_for
from bot.store.history import History
from tests.platforms.turns import turn_of

FOLDER = Path(migrations.__file__).parent / "versions"
FIRST = "0020"
"""From here on every migration only adds, or says ``contract = True``: docs/operations.md."""

TAKES_AWAY = {
    "drop_table", "drop_column", "drop_constraint", "rename_table", "alter_column",
    "create_unique_constraint", "create_check_constraint", "create_foreign_key",
}  # fmt: skip


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def faults(source: str) -> list[str]:
    """What in a migration a program of the version before would stumble over."""
    tree = ast.parse(source)
    marked = any(
        isinstance(node, ast.Assign) and ast.unparse(node) == "contract = True"
        for node in tree.body
    )
    return [] if marked else [f"{name}: {why}" for name, why in _found(tree)]


def _found(tree: ast.AST) -> Iterator[tuple[str, str]]:
    made = {ast.unparse(call.args[0]) for name, call in _calls(tree) if name == "create_table"}
    for name, call in _calls(tree):
        table = ast.unparse(call.args[0]) if call.args else ""
        if name in TAKES_AWAY and table not in made:
            yield name, "the program of before still needs what was there"
        elif name == "add_column":
            given = {k.arg: ast.unparse(k.value) for c in _columns(call) for k in c.keywords}
            if given.get("nullable") == "False" and "server_default" not in given:
                yield name, "the program of before does not fill it"
        elif name == "create_index" and ast.unparse(call.args[1]) not in made:
            given = {k.arg: ast.unparse(k.value) for k in call.keywords}
            if given.get("unique", "False") != "False":
                yield name, "the program of before may write what it forbids"
        elif name == "execute":
            text = ast.unparse(call).upper()
            if any(word in text for word in ("DROP ", "RENAME ", "SET NOT NULL")):
                yield name, "the program of before still needs what was there"


def _columns(call: ast.Call) -> Iterator[ast.Call]:
    for name, inner in _calls(call):
        if name == "Column":
            yield inner


@pytest.mark.parametrize(
    "name", [p.name for p in sorted(FOLDER.glob("[0-9]*.py")) if p.name[:4] >= FIRST]
)
def test_a_migration_only_adds(name: str) -> None:
    """Nothing is dropped, renamed or made compulsory where the version before runs beside it."""
    assert faults((FOLDER / name).read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        'op.drop_table("turns")',
        'op.rename_table("turns", "answers")',
        'batch.drop_column("route")',
        'op.alter_column("turns", "route", new_column_name="way")',
        'op.add_column("turns", sa.Column("way", sa.Text, nullable=False))',
        'op.create_index("uq_turns_at", "turns", ["at"], unique=True)',
        'op.execute("ALTER TABLE turns DROP COLUMN route")',
    ],
)
def test_what_takes_away_is_found_unless_it_is_marked(line: str) -> None:
    """The rule is seen to be broken, and a migration of the second step may break it."""
    source = f"def upgrade():\n    {line}\n"
    assert len(faults(source)) == 1
    assert faults(f"contract = True\n{source}") == []


@pytest.mark.parametrize(
    "line",
    [
        'op.create_table("new", sa.Column("id", sa.Text, nullable=False))',
        'op.add_column("turns", sa.Column("way", sa.Text))',
        'op.add_column("turns", sa.Column("way", sa.Text, nullable=False, server_default="x"))',
        'op.create_index("ix_turns_way", "turns", ["way"])',
    ],
)
def test_what_adds_is_fine(line: str) -> None:
    """A table, a column that may be empty or has a value by itself, an index."""
    assert faults(f"def upgrade():\n    {line}\n") == []


async def test_a_program_goes_on_while_the_next_version_migrates(database_url: str) -> None:
    """An open database is brought to a revision from the future that adds: it is read and written
    on, and a program that is started anew says in a sentence that it is too old."""
    running = await Database.open(database_url)
    driver = driver_for(database_url)
    await driver.start()

    def migrate(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE turns ADD COLUMN later TEXT NOT NULL DEFAULT ''")
        connection.exec_driver_sql("CREATE TABLE later (id TEXT PRIMARY KEY)")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    await driver.migrate(migrate)
    await driver.close()
    await History(running).record(turn_of())
    assert (await History(running).turn("t0001")).answer == "Fine."
    await running.close()
    with pytest.raises(DatabaseNewerError, match="install the newer version") as told:
        await Database.open(database_url)
    assert told.value.exit_code == 2
