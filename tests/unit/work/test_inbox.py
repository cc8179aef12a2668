"""The inbox: once put, an event is worked on exactly once and in order, whoever dies."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import LeaseLostError
from bot.store.base import Database
from bot.work.inbox import Inbox, backoff
from bot.work.tables import inbox


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """A clock for the test to move."""
    return Clock()


async def test_an_event_is_known_by_its_id(database: Database) -> None:
    """Whatever is delivered twice is kept once, also when both come at the same moment."""
    box = Inbox(database, "one")
    new = await asyncio.gather(*(box.put("event-1", "thread", {"text": "hi"}) for _ in range(6)))
    assert sorted(new) == [False] * 5 + [True]
    assert not await box.put("event-1", "elsewhere", {"text": "other"})
    (claim,) = await box.claim(10)
    assert (claim.event_id, claim.thread, claim.payload) == ("event-1", "thread", {"text": "hi"})
    assert (claim.attempts, claim.owner, claim.step, claim.state) == (1, "one", "", None)


async def test_nobody_takes_from_himself_what_he_holds(database: Database, clock: Clock) -> None:
    """A lease that ran out while the database wrote nothing is renewed by who works on it; another
    worker may take it."""
    mine, other = (Inbox(database, n, lease_seconds=10, clock=clock) for n in ("one", "two"))
    for number in range(3):
        await mine.put(f"event-{number}", f"thread-{number}", number)
    held = await mine.claim(2)
    ids = [claim.id for claim in held]
    clock.move(60)
    assert [c.event_id for c in await mine.claim(9, held=ids)] == ["event-2"]
    assert await mine.renew(held) == held
    clock.move(60)
    assert {c.event_id for c in await other.claim(2)} == {"event-0", "event-1"}
    assert await mine.renew(held) == []


async def test_what_a_done_event_said_is_dropped(database: Database) -> None:
    """It is known again by its id, and what it said can no longer be read."""
    box = Inbox(database, "one")
    await box.put("event-1", "thread", {"text": "elderberry"})
    (claim,) = await box.claim(1)
    claim = await box.checkpoint(claim, "posting", {"text": "elderberry"})
    await box.complete(claim)
    rows = await database.read(lambda c: c.execute(sa.select(inbox)).mappings().all())
    assert "elderberry" not in str(rows)
    assert not await box.put("event-1", "thread", {"text": "elderberry"})


async def test_threads_run_side_by_side_and_each_in_order(database: Database) -> None:
    """Only the first open event of a thread can be claimed, and as many as there are places."""
    box = Inbox(database, "one")
    for number in range(6):
        await box.put(f"e{number}", f"thread-{number % 3}", number)
    first = await box.claim(2)
    assert [c.payload for c in first] == [0, 1]
    assert [c.payload for c in await box.claim(10)] == [2]
    assert await box.claim(10) == []
    await box.complete(first[1])
    assert [c.payload for c in await box.claim(10)] == [4]


async def test_what_was_said_earlier_and_came_later_goes_first(
    database: Database, clock: Clock
) -> None:
    """The moment counts within a thread, not the arrival; what runs already is not overtaken."""
    box = Inbox(database, "one", lease_seconds=10, clock=clock)

    async def put(name: str, second: float) -> None:
        at = clock.now + timedelta(seconds=second)
        await database.write(lambda c: box.put_in(c, name, "t", name, at=at))

    for name, second in (("c", 3), ("b", 2), ("d", 4)):
        await put(name, second)
    (first,) = await box.claim(10)
    assert first.payload == "b"
    await put("a", 1)
    assert await box.claim(10) == []
    clock.move(11)
    (again,) = await box.claim(10)
    assert (again.payload, again.attempts) == ("b", 2)
    order = []
    while True:
        await box.complete(again)
        if not (claims := await box.claim(10)):
            break
        (again,) = claims
        order.append(again.payload)
    assert order == ["a", "c", "d"]


async def test_topics_choose_their_events(database: Database) -> None:
    """A worker of one topic leaves the others alone."""
    box = Inbox(database, "one")
    await box.put("a", "t1", 1, topic="slack")
    await box.put("b", "t2", 2, topic="discord")
    assert [c.event_id for c in await box.claim(9, topics=["discord"])] == ["b"]
    assert await box.claim(9, topics=["web"]) == []


async def test_a_delayed_event_waits_for_its_time(database: Database, clock: Clock) -> None:
    """An event with a delay cannot be claimed before it is due."""
    box = Inbox(database, "one", clock=clock)
    await box.put("a", "t", None, delay=60)
    assert await box.claim(1) == []
    clock.move(61)
    assert len(await box.claim(1)) == 1


async def test_a_clock_that_was_ahead_puts_nothing_off(database: Database, clock: Clock) -> None:
    """What was put in while the clock was half an hour ahead is worked on once it is right."""
    box = Inbox(database, "one", clock=clock)
    at = clock.now
    clock.move(1800)
    await database.write(lambda c: box.put_in(c, "e1", "t", {}, delay=0.3, at=at))
    clock.move(-1790)
    assert [claim.event_id for claim in await box.claim(8)] == ["e1"]


async def test_who_takes_over_goes_on_from_the_checkpoint(database: Database, clock: Clock) -> None:
    """When a lease runs out, another worker gets the event with the state that was kept."""
    dead, alive = (
        Inbox(database, name, lease_seconds=10, clock=clock) for name in ("dead", "alive")
    )
    await dead.put("a", "t", {"text": "hi"})
    (claim,) = await dead.claim(1)
    await dead.checkpoint(claim, "posted", {"message": "17.4"})
    clock.move(9)
    assert await alive.claim(1) == []
    clock.move(2)
    (again,) = await alive.claim(1)
    assert (again.step, again.state, again.attempts) == ("posted", {"message": "17.4"}, 2)


async def test_who_lost_the_lease_changes_nothing(database: Database, clock: Clock) -> None:
    """A worker that comes back late cannot write over what its successor does."""
    late, next_ = (
        Inbox(database, name, lease_seconds=10, clock=clock) for name in ("late", "next")
    )
    await late.put("a", "t", None)
    (old,) = await late.claim(1)
    clock.move(11)
    (new,) = await next_.claim(1)
    for attempt in (late.complete(old), late.checkpoint(old, "x"), late.fail(old, "no")):
        with pytest.raises(LeaseLostError, match="event a was taken over"):
            await attempt
    assert await late.renew([old]) == []
    await late.hand_back([old])
    assert await next_.renew([new]) == [new]
    await next_.complete(new)
    assert await next_.counts() == {"done": 1}


async def test_the_same_worker_is_fenced_from_its_own_past(
    database: Database, clock: Clock
) -> None:
    """An attempt that ran out is over, even where the same worker claimed the event again."""
    box = Inbox(database, "one", lease_seconds=10, clock=clock)
    await box.put("a", "t", None)
    (old,) = await box.claim(1)
    clock.move(11)
    (new,) = await box.claim(1)
    with pytest.raises(LeaseLostError):
        await box.complete(old)
    await box.complete(new)


async def test_a_renewed_lease_is_kept(database: Database, clock: Clock) -> None:
    """As long as a worker renews, nobody else gets its event."""
    one, two = (Inbox(database, name, lease_seconds=10, clock=clock) for name in ("one", "two"))
    await one.put("a", "t", None)
    claims = await one.claim(1)
    for _ in range(3):
        clock.move(8)
        assert await one.renew(claims) == claims
        assert await two.claim(1) == []


async def test_a_failed_event_comes_again_later_and_in_order(
    database: Database, clock: Clock
) -> None:
    """After a failure the thread waits for the next try; after the last one it goes on."""
    box = Inbox(database, "one", max_attempts=2, clock=clock)
    await box.put("a", "t", None)
    await box.put("b", "t", None)
    (claim,) = await box.claim(9)
    assert await box.fail(claim, "the model is down")
    assert await box.claim(9) == []
    clock.move(1.1)
    (claim,) = await box.claim(9)
    assert (claim.event_id, claim.attempts) == ("a", 2)
    assert not await box.fail(claim, "the model is down")
    assert [c.event_id for c in await box.claim(9)] == ["b"]
    assert await box.counts() == {"failed": 1, "running": 1}


async def test_a_failure_for_good_is_not_tried_again(database: Database) -> None:
    """What can never work is not repeated."""
    box = Inbox(database, "one")
    await box.put("a", "t", None)
    (claim,) = await box.claim(9)
    assert not await box.fail(claim, "the thread is gone", retry=False)
    assert await box.counts() == {"failed": 1}


async def test_what_is_handed_back_is_taken_at_once(database: Database) -> None:
    """A worker that stops gives its events to the next without counting an attempt."""
    one, two = Inbox(database, "one"), Inbox(database, "two")
    await one.put("a", "t", None)
    await one.hand_back(await one.claim(1))
    (claim,) = await two.claim(1)
    assert (claim.attempts, claim.owner) == (1, "two")


async def test_work_and_its_end_are_one_transaction(database: Database) -> None:
    """When the event cannot be completed, what was stored with it is undone."""
    box = Inbox(database, "one")
    await box.put("a", "t", None)
    (claim,) = await box.claim(1)
    await box.complete(claim)

    def op(connection: sa.Connection) -> None:
        box.put_in(connection, "follow-up", "t", None)
        box.complete_in(connection, claim)

    with pytest.raises(LeaseLostError):
        await database.write(op)
    assert await box.counts() == {"done": 1}


async def test_workers_never_share_an_event(database_url: str) -> None:
    """Workers that claim at the same time get different events, and never one thread twice."""
    databases = [await Database.open(database_url) for _ in range(2)]
    boxes = [Inbox(db, f"worker-{i}-{j}") for i, db in enumerate(databases) for j in range(2)]
    for number in range(40):
        await boxes[0].put(f"e{number}", f"thread-{number % 8}", number)
    done: list[tuple[str, int]] = []
    running: set[str] = set()

    async def work(box: Inbox) -> None:
        while len(done) < 40:
            for claim in await box.claim(3):
                assert claim.thread not in running
                running.add(claim.thread)
                await asyncio.sleep(0)
                done.append((claim.thread, claim.payload))
                running.remove(claim.thread)
                await box.complete(claim)

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(box) for box in boxes))
    assert sorted(number for _, number in done) == list(range(40))
    for thread in range(8):
        order = [number for name, number in done if name == f"thread-{thread}"]
        assert order == sorted(order)
    for db in databases:
        await db.close()


async def test_a_new_event_wakes_the_worker(database: Database) -> None:
    """Waiting ends as soon as an event is put, long before the time is up."""
    box = Inbox(database, "one")
    waiting = asyncio.create_task(box.wait(60))
    await asyncio.sleep(0)
    await box.put("a", "t", None)
    async with asyncio.timeout(50):
        await waiting
    await box.wait(0.01)


@pytest.mark.postgres
async def test_an_event_of_another_process_wakes_the_worker(postgres_database_url: str) -> None:
    """On PostgreSQL a worker hears of an event that somebody else put, after a break too."""
    mine, theirs = [await Database.open(postgres_database_url) for _ in range(2)]
    box = Inbox(mine, "one")
    await box.listen()
    await box.wait(0)
    waiting = asyncio.create_task(box.wait(60))
    await Inbox(theirs, "two").put("a", "t", None)
    async with asyncio.timeout(50):
        await waiting
    kill = sa.text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    assert await theirs.read(lambda c: c.scalar(kill)) == 1
    waiting = asyncio.create_task(box.wait(60))
    await asyncio.sleep(1.5)
    await Inbox(theirs, "two").put("b", "t", None)
    async with asyncio.timeout(50):
        await waiting
    await mine.close()
    await theirs.close()


async def test_old_work_is_forgotten(database: Database, clock: Clock) -> None:
    """What was done or given up before the moment goes; what is open stays."""
    box = Inbox(database, "one", clock=clock)
    assert await box.open_count() == 0
    for name in ("done", "failed", "open"):
        await box.put(name, name, None)
    claims = {c.event_id: c for c in await box.claim(2)}
    await box.complete(claims["done"])
    await box.fail(claims["failed"], "no", retry=False)
    clock.move(60)
    assert await box.purge(clock.now - timedelta(seconds=90)) == 0
    assert await box.purge(clock.now) == 2
    assert await box.counts() == {"waiting": 1}
    assert await box.open_count() == 1
    assert await box.put("done", "done", None)


async def test_a_thread_never_runs_twice(database: Database) -> None:
    """The database itself refuses a second running event of a thread."""
    box = Inbox(database, "one")
    await box.put("a", "t", None)
    await box.put("b", "t", None)
    force = sa.update(inbox).values(status="running")
    with pytest.raises(Exception, match="could not carry out"):
        await database.write(lambda c: c.execute(force).rowcount)


@given(st.integers(1, 10_000))
def test_the_backoff_grows_to_a_limit(attempts: int) -> None:
    """Waiting times never shrink and never pass five minutes."""
    assert 1 <= backoff(attempts) <= backoff(attempts + 1) <= 300
