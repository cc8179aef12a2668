"""How the databases find a page of conversations: along an index, never through all turns."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from bot.conversation import Outcome, Platform, Rating, Route, Turn
from bot.store.base import Database
from bot.store.endings import Ending
from bot.store.history import History
from bot.store.turn_list import Place, TurnList, Wanted

T = TypeVar("T")
MakeTurn = Callable[..., Turn]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILTERS: dict[str, object] = {
    "outcome": Outcome.ERROR,
    "route": Route.VOICE,
    "channel": "slack:C1",
    "model": "grand",
    "platform": Platform.SLACK,
    "rated": Rating.DOWN,
    "kept_back": True,
    "words": "valve",
    "since": NOON,
    "ended": Ending.HANDED_OVER,
}
_OFF = ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort")


@dataclass(eq=False)
class Explained:
    """A database that has every question explained before it answers it."""

    database: Database
    plans: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)

    async def read(self, op: Callable[[sa.Connection], T]) -> T:
        return await self.database.read(lambda c: op(cast(sa.Connection, _Recorder(c, self))))


@dataclass
class _Recorder:
    connection: sa.Connection
    to: Explained

    @property
    def dialect(self) -> sa.Dialect:
        return self.connection.dialect

    def execute(self, statement: Any, values: Any = None) -> Any:
        self._explain(statement, values)
        return self.connection.execute(statement, values)

    def scalar(self, statement: Any, values: Any = None) -> Any:
        self._explain(statement, values)
        return self.connection.scalar(statement, values)

    def scalars(self, statement: Any, values: Any = None) -> Any:
        self._explain(statement, values)
        return self.connection.scalars(statement, values)

    def _explain(self, statement: Any, values: Any) -> None:
        dialect = self.connection.dialect
        bound = statement.params(values) if values else statement
        said = bound.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        self.to.statements.append(str(said))
        how = "EXPLAIN QUERY PLAN" if dialect.name == "sqlite" else "EXPLAIN"
        if dialect.name != "sqlite":  # a table of five rows is read through quicker: not here
            for off in _OFF:
                self.connection.exec_driver_sql(f"SET {off} = off")
        rows = self.connection.exec_driver_sql(f"{how} {said}").all()
        self.to.plans.append("\n".join(str(row[-1]) for row in rows))


def on_sqlite(database: Database) -> bool:
    """Whether it is SQLite: its name is the path of the file."""
    return database.name.endswith(".db")


def goes_through_everything(plan: str) -> bool:
    """Whether turns, messages or feedback are read one and all, or turns are put in order."""
    lines = [line.strip(" ->") for line in plan.splitlines()]
    if any(
        line.startswith(("Sort  (", "Sort (", "Seq Scan")) or "TEMP B-TREE" in line
        for line in lines
    ):
        return True
    scans = (line for line in lines if line.startswith("SCAN ") and "INDEX" not in line)
    return any(line.split()[1] in ("turns", "messages", "feedback") for line in scans)


def test_a_plan_that_reads_all_is_known_for_one() -> None:
    """As both databases write it."""
    for plan in ("SCAN turns", "Limit\n  ->  Seq Scan on turns", "Sort (cost=1)\n  Sort Key: at",
                 "SEARCH turns USING INDEX x\nUSE TEMP B-TREE FOR ORDER BY"):  # fmt: skip
        assert goes_through_everything(plan)
    for plan in ("SCAN turns USING INDEX ix_turns_at_id", "SEARCH messages USING INDEX x",
                 "Limit\n  ->  Index Scan Backward using ix_turns_at_id on turns"):  # fmt: skip
        assert not goes_through_everything(plan)


async def test_no_filter_alone_or_with_another_goes_through_all_turns(
    database: Database, make_turn: MakeTurn
) -> None:
    """Nor the first page's count, a later page, the place where a look ends, or the choices."""
    for n in range(5):
        turn = make_turn(thread=f"thread-{n}", at=NOON + timedelta(seconds=n))
        await History(database).record(turn)
    explained = Explained(database)
    book = TurnList(cast(Database, explained), far=2)
    pairs = [*itertools.combinations(FILTERS, 0), *itertools.combinations(FILTERS, 1)]
    for names in [*pairs, *itertools.combinations(FILTERS, 2)]:
        wanted = Wanted(**cast(Any, {name: FILTERS[name] for name in names}))
        for after in (None, Place(NOON + timedelta(seconds=3), "turn")):
            explained.plans.clear()
            await book.look(wanted, 3, after, count=True)
            assert explained.plans
            for plan in explained.plans:
                assert not goes_through_everything(plan), (names, plan)
    explained.plans.clear()
    await book.channels()
    await book.models()
    assert not any(goes_through_everything(plan) for plan in explained.plans)
