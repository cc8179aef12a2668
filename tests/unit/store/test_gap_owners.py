"""Who has a gap: taken, given and given back, on every database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import sqlalchemy as sa

from bot.conversation import Author, Outcome, Platform, Route, RouteDecision
from bot.errors import NotFoundError
from bot.store import operators
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.erasure import Erasure
from bot.store.gap_owners import GapOwners, HeldError
from bot.store.gap_tables import gaps
from bot.store.gaps import Gap, GapBook, GapState, Owner
from bot.store.operators import KnownOperator, Operators
from bot.store.personal import PersonalData
from tests.unit.store.test_gap_book import World
from tests.unit.store.test_turn_list_plans import Explained, goes_through_everything, on_sqlite

KIM = Owner("web:oidc:4f1c8a90b2d3", "Kim")
LEE = Owner("web:oidc:77b0de41a5c6", "Lee")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
def owners(database: Database) -> GapOwners:
    return GapOwners(database, AuditTrail(database))


async def some_gaps(world: World, *ids: str) -> None:
    for _ in ids:
        await world.turn()
    await world.place(*ids)


def has(gap: Gap) -> str:
    return gap.owner.key if gap.owner else ""


async def test_a_gap_is_taken_given_and_given_back(world: World, owners: GapOwners) -> None:
    """Each change is an entry of the trail with keys alone; what is so already is none."""
    await some_gaps(world, "gap1")
    assert (await world.book.get("gap1")).owner is None
    before = datetime.now(UTC)
    taken = (await owners.put("gap1", KIM, KIM.key, seen="")).owner
    assert taken is not None and taken.since is not None
    assert (taken.key, taken.name) == (KIM.key, "Kim")
    assert before <= taken.since <= datetime.now(UTC)
    await owners.put("gap1", KIM, KIM.key, seen="")
    assert has(await owners.put("gap1", LEE, KIM.key, seen=KIM.key)) == LEE.key
    assert (await owners.put("gap1", None, LEE.key, seen=LEE.key)).owner is None
    assert (await world.book.get("gap1")).owner is None
    told = [
        (e.content["action"], e.content["actor"], e.content["owner"], e.content["before"])
        for e in await AuditTrail(world.database).listing(kind="operator")
    ]
    assert told == [
        ("gap taken", KIM.key, KIM.key, ""),
        ("gap given", KIM.key, LEE.key, KIM.key),
        ("gap given back", LEE.key, "", LEE.key),
    ]
    with pytest.raises(NotFoundError):
        await owners.put("gap9", KIM, KIM.key, seen="")


async def test_of_two_at_once_the_second_is_told(world: World, owners: GapOwners) -> None:
    """One has it, the other hears who; nothing is taken over that was not seen."""
    await some_gaps(world, "gap1")
    told = await asyncio.gather(
        *(owners.put("gap1", one, one.key, seen="") for one in (KIM, LEE)), return_exceptions=True
    )
    (held,) = [each for each in told if isinstance(each, HeldError)]
    (done,) = [each for each in told if isinstance(each, Gap)]
    assert has(held.gap) == has(done) == has(await world.book.get("gap1"))
    first, second = (KIM, LEE) if has(done) == KIM.key else (LEE, KIM)
    assert str(held).startswith(f"{first.name} has this gap now")
    with pytest.raises(HeldError):
        await owners.put("gap1", None, second.key, seen=second.key)
    assert has(await owners.put("gap1", second, second.key, seen=first.key)) == second.key


async def test_gaps_are_listed_and_counted_by_owner(world: World, owners: GapOwners) -> None:
    """One's own, nobody's, anybody's; the counts say the same."""
    await some_gaps(world, "gap1", "gap2", "gap3", "gap4")
    await owners.put("gap1", KIM, KIM.key, seen="")
    await owners.put("gap3", KIM, KIM.key, seen="")
    await owners.put("gap2", LEE, LEE.key, seen="")
    await world.book.dismissed("gap3", KIM.key)

    async def listed(owner: str | None, state: GapState | None = GapState.OPEN) -> list[str]:
        return sorted(gap.id for gap in await world.book.listing(state, owner=owner))

    assert await listed(None) == ["gap1", "gap2", "gap4"]
    assert await listed("") == ["gap4"]
    assert await listed(KIM.key) == ["gap1"]
    assert await listed(KIM.key, None) == ["gap1", "gap3"]
    assert await listed("web:nobody") == []
    assert await owners.open_of(KIM.key) == 1
    tallies = {(t.owner.name if t.owner else "", t.state): t.gaps for t in await owners.tallies()}
    assert tallies == {
        ("", GapState.OPEN): 1,
        ("Kim", GapState.OPEN): 1,
        ("Kim", GapState.DISMISSED): 1,
        ("Lee", GapState.OPEN): 1,
    }


@pytest.mark.parametrize(
    ("kept", "gone", "owner"),
    [(None, KIM, KIM.key), (LEE, KIM, LEE.key), (LEE, None, LEE.key), (None, None, "")],
)
async def test_what_becomes_of_two_gaps_keeps_an_owner(
    world: World, owners: GapOwners, kept: Owner | None, gone: Owner | None, owner: str
) -> None:
    """The kept gap's, else the other's, with the moment it was taken; it is counted once."""
    await some_gaps(world, "gap1", "gap2")
    for id_, one in (("gap1", kept), ("gap2", gone)):
        if one is not None:
            await owners.put(id_, one, one.key, seen="")
    before = {id_: (await world.book.get(id_)).owner for id_ in ("gap1", "gap2")}
    await world.turn()
    await world.place("gap1", merged=(("gap2", "gap1"),))
    found = await world.book.get("gap2")
    assert (found.id, has(found)) == ("gap1", owner)
    assert found.owner == (before["gap1"] or before["gap2"])
    assert [t.gaps for t in await owners.tallies()] == [1]
    if gone is not None and kept is not None:
        assert await owners.open_of(gone.key) == 0


async def test_a_gap_that_opens_again_keeps_its_owner(world: World, owners: GapOwners) -> None:
    """Answered or asked again: whoever has it has it."""
    await some_gaps(world, "gap1")
    await owners.put("gap1", KIM, KIM.key, seen="")
    answered = await world.book.answered("gap1", "doc", KIM.key, ())
    assert answered.answered_at is not None and has(answered) == KIM.key
    await world.turn(at=answered.answered_at + timedelta(hours=1))
    await world.place("gap1")
    gap = await world.book.get("gap1")
    assert (gap.state, has(gap)) == (GapState.OPEN, KIM.key)


async def test_who_is_forgotten_has_no_gap(world: World, owners: GapOwners) -> None:
    """Neither key nor name is left, in the gap and in the trail; others keep theirs."""
    trail = AuditTrail(world.database)
    await some_gaps(world, "gap1", "gap2")
    await trail.operator("console opened", KIM.key, name="Kim", role="reviewer", how="sso")
    await owners.put("gap1", KIM, KIM.key, seen="")
    await owners.put("gap2", LEE, KIM.key, seen="")
    await owners.put("gap2", KIM, LEE.key, seen=LEE.key)
    await owners.put("gap2", LEE, KIM.key, seen=KIM.key)
    await Erasure(world.database, trail).forget(KIM.key)
    assert [has(await world.book.get(id_)) for id_ in ("gap1", "gap2")] == ["", LEE.key]
    query = sa.select(gaps.c.owner, gaps.c.owner_name, gaps.c.taken_at).where(gaps.c.id == "gap1")
    row = await world.database.read(lambda c: tuple(c.execute(query).one()))
    assert row == ("", "", None)
    assert not [
        e for e in await trail.listing() if KIM.key in repr(e.content) or "Kim" in repr(e.content)
    ]
    assert await trail.verify() is None
    assert await Operators(trail).known(LONG_AGO) == []


async def test_an_operator_is_given_what_they_have_without_who_had_it(
    world: World, owners: GapOwners
) -> None:
    """The gaps in hand and the deeds of the trail, with no key of a colleague."""
    trail = AuditTrail(world.database)
    await some_gaps(world, "gap1", "gap2")
    await owners.put("gap1", LEE, LEE.key, seen="")
    await owners.put("gap1", KIM, KIM.key, seen=LEE.key)
    await owners.put("gap2", LEE, KIM.key, seen="")
    data = PersonalData(world.database, trail, KIM.key)
    (deed,) = [each async for each in data.deeds()]
    assert (deed["kept_in"], deed["as"], deed["id"]) == ("gaps", ["owner"], "gap1")
    entries = [each async for each in data.audit()]
    assert [(e["action"], e.get("owner")) for e in entries] == [
        ("gap taken", KIM.key),
        ("gap given", None),
    ]
    assert LEE.key not in repr(entries)


async def test_an_operator_is_given_what_colleagues_gave_them_and_took_over(
    world: World, owners: GapOwners
) -> None:
    """The entries in which they are named, without the colleague's key; no other entries."""
    trail = AuditTrail(world.database)
    await some_gaps(world, "gap1", "gap2")
    await owners.put("gap1", KIM, LEE.key, seen="")
    await owners.put("gap1", LEE, LEE.key, seen=KIM.key)
    await owners.put("gap2", LEE, LEE.key, seen="")
    data = PersonalData(world.database, trail, KIM.key)
    entries = [each async for each in data.audit()]
    parts = ("action", "actor", "owner", "before", "subject")
    assert [tuple(e.get(part) for part in parts) for e in entries] == [
        ("gap given", None, KIM.key, "", "gap1"),
        ("gap taken", None, None, KIM.key, "gap1"),
    ]
    assert LEE.key not in repr(entries)


async def test_operators_are_known_as_they_came_last(database: Database) -> None:
    """Each once, the latest first, with the name and the role of the last time; not from before."""
    trail = AuditTrail(database)
    for key, name, role in (
        (KIM.key, "Kim", "viewer"),
        (LEE.key, "Lee", "reviewer"),
        (KIM.key, "Kim A.", "admin"),
    ):
        await trail.operator("console opened", key, name=name, role=role, how="sso")
    await trail.operator("gap dismissed", "terminal:operator", subject="gap1")
    known = await Operators(trail).known(LONG_AGO)
    assert [(o.key, o.name, o.role) for o in known] == [
        (KIM.key, "Kim A.", "admin"),
        (LEE.key, "Lee", "reviewer"),
    ]
    assert await Operators(trail).known(datetime.now(UTC) + timedelta(minutes=1)) == []


@pytest.mark.parametrize("at_once", [2, 3, 5, 2_000])
async def test_many_deeds_since_somebody_came_hide_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """However many deeds were done since; a later look goes through new ones alone, and finds who
    came, was renamed and was forgotten meanwhile."""
    monkeypatch.setattr(operators, "_AT_ONCE", at_once)
    trail = AuditTrail(database)

    async def came(one: Owner, name: str, role: str = "reviewer") -> None:
        await trail.operator("console opened", one.key, name=name, role=role, how="sso")

    async def told(book: Operators) -> list[tuple[str, str]]:
        return [(one.name, one.role) for one in await book.known(LONG_AGO)]

    await came(KIM, "Kim")
    for n in range(7):
        await trail.operator("gap dismissed", LEE.key, subject=f"gap{n}")
    explained = Explained(database)
    watched = AuditTrail(cast(Database, explained))
    book = Operators(watched)
    assert await told(book) == [("Kim", "reviewer")]
    await came(LEE, "Lee")
    await came(KIM, "Kim A.", "admin")
    explained.statements.clear()
    expected = [("Kim A.", "admin"), ("Lee", "reviewer")]
    assert await told(Operators(AuditTrail(database))) == expected
    assert await told(Operators(watched)) == expected
    assert all("audit.sequence > 8" in s or "IN (" in s for s in explained.statements)
    assert "Kim" not in repr(book._memory) and KIM.key not in repr(book._memory)
    await Erasure(database, trail).forget(KIM.key)
    assert await told(book) == [("Lee", "reviewer")]
    assert await book.known(datetime.now(UTC) + timedelta(minutes=1)) == []
    assert await book.known(LONG_AGO) == [KnownOperator(LEE.key, "Lee", "reviewer")]


async def test_gaps_of_an_owner_are_found_along_an_index(world: World, owners: GapOwners) -> None:
    """A page of them, how many there are, and who is known: never all gaps or all entries."""
    decision = RouteDecision(Route.RAG, 1.0, ())
    asker = Author(Platform.SLACK, "U5")
    await world.turn(author=asker, outcome=Outcome.ABSTAINED, route=decision)
    await world.place("gap1")
    await owners.put("gap1", KIM, KIM.key, seen="")
    explained = Explained(world.database)
    door = cast(Database, explained)
    book, trail = GapBook(door, AuditTrail(door)), AuditTrail(door)
    for owner in (KIM.key, ""):
        await book.listing(GapState.OPEN, owner=owner, limit=50)
    await GapOwners(door, trail).open_of(KIM.key)
    for plan in explained.plans:
        assert "ix_gaps_owner_state_heat_id" in plan, plan
        assert not any(line.strip(" ->").startswith("Seq Scan") for line in plan.splitlines())
    explained.plans.clear()
    await Operators(trail).known(LONG_AGO)
    edges, opened = explained.plans
    for plan in (edges, opened):
        assert "ix_audit_operator" in plan and "Seq Scan" not in plan, plan
    if on_sqlite(world.database):  # counted from the index alone
        explained.plans.clear()
        await GapOwners(door, trail).tallies()
        assert "USING COVERING INDEX ix_gaps_owner_state_heat_id" in explained.plans[0]
        assert not goes_through_everything(explained.plans[0])
