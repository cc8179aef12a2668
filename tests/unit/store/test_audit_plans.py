"""How the databases find what the audit trail says of a turn: by the turn, not along the chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from bot.conversation import Turn
from bot.store.audit import OPERATOR, AuditTrail, Wanted
from bot.store.base import Database
from bot.store.history import History
from tests.unit.store.test_turn_list_plans import Explained

MakeTurn = Callable[..., Turn]


_BOUNDED = ("(turn=?)", "sequence=?)", "sequence>? AND sequence<?)")

_SHORT = ("ix_audit_turn", "ix_audit_operator")
"""PostgreSQL counts how much each holds; in a table of five, the deeds of operators are fewest."""


def walks_the_chain(plan: str) -> bool:
    """Whether entries are read one after the other, from a place or from the beginning on: others
    are looked up by turn, or between two places."""
    lines = [line.strip(" ->") for line in plan.splitlines()]
    for line, condition in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith(("SCAN audit", "Seq Scan on audit")) and "heads" not in line:
            return True
        if line.startswith("SEARCH audit ") and not line.endswith(_BOUNDED):
            return True
        if "Index Scan" in line and " on audit " in line:
            between = "sequence >=" in condition and "sequence <=" in condition
            if not between and not any(index in line for index in _SHORT):
                return True
    return False


def test_a_walk_is_known_for_one() -> None:
    """As both databases write it."""
    for plan in (
        "SEARCH audit USING INDEX sqlite_autoindex_audit_1 (workspace=?)",
        "SEARCH audit USING INDEX sqlite_autoindex_audit_1 (workspace=? AND sequence>?)",
        "SEARCH audit USING INDEX ix_audit_operator (workspace=?)",
        "Limit\n  ->  Index Scan using pk_audit on audit  (cost=1)\n  Index Cond: (sequence > 1)",
        "SCAN audit",
        "Seq Scan on audit  (cost=1)",
    ):
        assert walks_the_chain(plan), plan
    for plan in (
        "SEARCH audit USING INDEX ix_audit_turn (turn=?)\nUSE TEMP B-TREE FOR ORDER BY",
        "SEARCH audit USING INDEX x (workspace=? AND sequence>? AND sequence<?)",
        "Sort\n  ->  Index Scan using ix_audit_turn on audit  (cost=1)",
    ):
        assert not walks_the_chain(plan), plan


async def test_what_the_trail_says_of_a_turn_is_looked_up(
    database: Database, make_turn: MakeTurn
) -> None:
    """The entry, the one before it, the erasure that owns up to what is gone of it, and what
    operators did about the turn: the chain is walked for none of them."""
    trail, kept = AuditTrail(database), [make_turn(thread=f"t{n}") for n in range(4)]
    for turn in kept:
        await History(database).record(turn)
        await trail.operator("looked at", "web:ann", turn.id)
    await database.write(lambda c: trail.redact_in(c, {3: None}))
    explained = Explained(database)
    book = AuditTrail(cast(Database, explained))
    assert (await book.standing(kept[0].id))[1] is None
    whole = len(explained.plans)
    entry, broken = await book.standing(kept[1].id)
    assert (entry.sequence, entry.erased, broken) == (3, True, None)
    assert len(explained.plans) > 2 * whole, "what is gone has one more question: who erased it"
    deeds = Wanted(OPERATOR, action="looked at", turn=kept[2].id)
    assert [e.sequence for e in await book.newest(1, wanted=deeds)] == [6]
    for plan in explained.plans:
        assert not walks_the_chain(plan), plan
