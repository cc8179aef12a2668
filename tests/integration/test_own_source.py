"""The source that the guide shows, run as the guide says."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.assembly import Application, assemble
from adapters.syncing import plans_of, syncer_of
from bot.conversation import Principal
from bot.errors import ConfigurationError, SourceUnavailableError
from bot.settings import load_settings

GUIDE = Path(__file__).parents[2] / "docs/sources.md"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The guide's module where Python finds it, and a database of articles."""
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "shop_articles.py").write_text(code, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "articles.db"
    change(file, "CREATE TABLE articles (id TEXT, body TEXT, changed TEXT)")
    change(file, "INSERT INTO articles VALUES ('mower', '# Mower\n\nIt cuts quasars.', '1')")
    change(file, "INSERT INTO articles VALUES ('rake', '# Rake\n\nIt rakes pulsars.', '1')")
    yield file
    sys.modules.pop("shop_articles", None)


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement)


@pytest.fixture
async def app(tmp_path: Path, shop: Path) -> AsyncIterator[Application]:
    section = {
        "name": "shop", "type": "shop_articles:Articles", "options": {"file": str(shop)}
    }  # fmt: skip
    settings = load_settings(WELLSPOKEN_HOME=tmp_path / "home", sources=(section,))
    async with assemble(settings, warm=False) as application:
        yield application


async def counts(app: Application) -> tuple[int, int, int, int]:
    (plan,) = plans_of(app.settings)
    report = await syncer_of(app).sync(plan)
    return report.added, report.changed, report.unchanged, report.removed


async def test_the_guides_source_is_read_as_the_guide_says(app: Application, shop: Path) -> None:
    """Added, unchanged, changed, gone, and down: the example keeps every rule."""
    assert await counts(app) == (2, 0, 0, 0)
    found = await app.retriever.retrieve("quasars", Principal())
    assert found.passages[0].chunk.uri == "https://shop.example/articles/mower"
    assert await counts(app) == (0, 0, 2, 0)
    change(shop, "UPDATE articles SET body = 'It cuts neutrons.', changed = '2' WHERE id = 'mower'")
    assert await counts(app) == (0, 1, 1, 0)
    change(shop, "DELETE FROM articles WHERE id = 'rake'")
    assert await counts(app) == (0, 0, 1, 1)
    shop.unlink()  # noqa: ASYNC240 - nothing else runs
    with pytest.raises(SourceUnavailableError, match="unable to open"):
        await counts(app)
    assert (await app.store.stats()).documents == 1


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        ("no_such_module:X", "cannot be imported"),
        ("shop_articles:Nothing", "cannot be made a source"),
        ("shop_articles:Article", "cannot be made a source"),
        ("fractions:Fraction", "cannot be made a source"),
    ],
)
def test_what_is_no_source_is_a_sentence(shop: Path, type_: str, words: str) -> None:
    """A module that is missing, a class that is missing, and one that is something else."""
    del shop
    section = {"name": "shop", "type": type_}
    (plan,) = plans_of(load_settings(sources=(section,)))
    with pytest.raises(ConfigurationError, match=words):
        plan.open()


def test_two_sources_of_one_name_are_one_or_a_mistake() -> None:
    """Places of one name are read as one; with different groups they are refused."""
    a, b = {"name": "a", "path": "one"}, {"name": "a", "path": "two", "sync": "5m"}
    (plan,) = plans_of(load_settings(sources=(a, b)))
    assert plan.place == "one, two"
    with pytest.raises(ConfigurationError, match="different groups"):
        plans_of(load_settings(sources=(a, b | {"groups": ["staff"]})))
