"""Versions of the routing thresholds: learned, taken up, rolled back, each on the record."""

from __future__ import annotations

import pytest

from bot.errors import NotFoundError, StorageError, UsageError
from bot.routing import SHIPPED
from bot.routing.classifier import builtin
from bot.store.audit import AuditTrail
from bot.store.base import Database, Operation, T
from bot.store.routing import RoutingVersions, ThresholdBook
from bot.store.routing_tables import routing_versions

BY = "terminal:operator"


def values(voice: float) -> dict[str, float]:
    return SHIPPED.values() | {"voice": voice}


async def test_shipped_thresholds_are_live_until_something_is_learned(database: Database) -> None:
    """A home without versions goes by what the program came with, and cannot roll back."""
    versions = RoutingVersions(database)
    assert await versions.live() == SHIPPED
    assert await versions.listing() == []
    with pytest.raises(UsageError, match="nothing to roll back"):
        await versions.roll_back(BY)


async def test_learned_version_is_live_when_it_is_adopted(database: Database) -> None:
    """What is adopted decides from then on; what is not is kept for the record alone."""
    versions = RoutingVersions(database)
    assert await versions.add(values(0.7), {"n": 40}, BY, adopt=True) == 1
    assert await versions.add(values(0.9), {"n": 50}, BY, adopt=False) == 2
    live = await versions.live()
    assert (live.version, live.voice) == (1, 0.7)
    assert live.origin.startswith("learned on ")
    second, first = await versions.listing()
    assert (first.live, first.before, first.figures) == (True, 0, {"n": 40})
    assert (second.live, second.before) == (False, None)


async def test_rolling_back_goes_to_what_was_live_before(database: Database) -> None:
    """One step back each time, down to the shipped ones; a number goes there directly."""
    versions = RoutingVersions(database)
    for voice in (0.6, 0.7):
        await versions.add(values(voice), {}, BY, adopt=True)
    assert (await versions.roll_back(BY)).version == 1
    assert await versions.roll_back(BY) == SHIPPED
    assert (await versions.roll_back(BY, to=2)).voice == 0.7
    with pytest.raises(UsageError, match="live already"):
        await versions.roll_back(BY, to=2)
    with pytest.raises(NotFoundError, match="9"):
        await versions.roll_back(BY, to=9)


async def test_each_change_is_an_entry_of_the_audit_trail(database: Database) -> None:
    """Who learned and who rolled back stands in the chain, which holds."""
    versions, audit = RoutingVersions(database), AuditTrail(database)
    await versions.add(values(0.6), {}, BY, adopt=True)
    await versions.add(values(0.9), {}, BY, adopt=False)
    await versions.roll_back(BY)
    entries = await audit.listing(kind="operator")
    assert [e.content["action"] for e in entries] == [
        "routing learned",
        "routing learned, not taken up",
        "routing rolled back",
    ]
    assert {e.content["actor"] for e in entries} == {BY}
    assert await audit.verify() is None


async def test_version_for_another_classifier_does_not_decide(database: Database) -> None:
    """After an update with a new classifier the shipped thresholds decide again."""
    versions = RoutingVersions(database)
    await versions.add(values(0.6), {}, BY, adopt=True)
    assert builtin().id
    await database.write(
        lambda c: c.execute(routing_versions.update().values(classifier="another")).rowcount
    )
    assert await versions.live() == SHIPPED
    assert not (await versions.listing())[0].fits


async def test_running_process_takes_up_a_new_version_in_seconds(database: Database) -> None:
    """What was read holds for its seconds, then it is looked up again."""
    moment = 100.0
    book = ThresholdBook(database, seconds=5, watch=lambda: moment)
    assert await book() == SHIPPED
    await RoutingVersions(database).add(values(0.7), {}, BY, adopt=True)
    moment = 104.0
    assert (await book()).version == 0
    moment = 105.0
    assert (await book()).voice == 0.7
    assert book.now.version == 1


async def test_lost_database_leaves_the_thresholds_that_are_known(database: Database) -> None:
    """A database that is gone changes nothing, and raises nothing."""

    class Gone(Database):
        lost = False

        async def read(self, op: Operation[T]) -> T:
            if self.lost:
                raise StorageError("the database is gone")
            return await database.read(op)

    gone = Gone.__new__(Gone)
    await RoutingVersions(database).add(values(0.7), {}, BY, adopt=True)
    book = ThresholdBook(gone, seconds=0)
    assert (await book()).voice == 0.7
    gone.lost = True
    assert (await book()).voice == 0.7
