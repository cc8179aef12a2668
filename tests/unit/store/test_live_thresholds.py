"""The live thresholds of a SQLite file, read without opening the database."""

from __future__ import annotations

from pathlib import Path

from bot.routing import SHIPPED
from bot.store.base import Database
from bot.store.live_thresholds import thresholds_in
from bot.store.routing import RoutingVersions


async def test_live_version_is_read_from_the_file(tmp_path: Path) -> None:
    """What the house reads is what the command reads, before, with and after a version."""
    path = tmp_path / "home.db"
    assert thresholds_in(path) == SHIPPED
    assert not path.exists()
    database = await Database.open(f"sqlite:///{path}")
    try:
        assert thresholds_in(path) == SHIPPED
        versions = RoutingVersions(database)
        values = SHIPPED.values() | {"voice": 0.7}
        await versions.add(values, {}, "terminal:operator", adopt=True)
        assert thresholds_in(path) == await versions.live()
        assert thresholds_in(path).voice == 0.7
        await versions.roll_back("terminal:operator")
        assert thresholds_in(path) == SHIPPED
    finally:
        await database.close()


def test_file_that_is_no_database_leaves_the_shipped_ones(tmp_path: Path) -> None:
    """Other commands say what is wrong with it; a stage alone goes on."""
    path = tmp_path / "home.db"
    path.write_bytes(b"not a database" * 100)
    assert thresholds_in(path) == SHIPPED
