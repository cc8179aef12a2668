"""Jobs: put once, claimed by one, cancelled by a wish, resumed from a checkpoint."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import LeaseLostError, NotFoundError
from bot.store.base import Database
from bot.work.claims import Claims, Patience
from bot.work.jobs import JobNotResumableError, JobOverError, Jobs, Status, Wanted

ONCE_MORE = Patience(tries=2, first=10, longest=60)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(database: Database, clock: Clock) -> Jobs:
    return Jobs(database, clock)


def worker(database: Database, clock: Clock, name: str = "one") -> Claims:
    return Claims(database, name, lease_seconds=30, clock=clock)


async def test_a_job_goes_its_way(database: Database, jobs: Jobs, clock: Clock) -> None:
    """Put, claimed, told how far it is, checkpointed, done: each stands in its row."""
    put, new = await jobs.put(Wanted("sync", "Read docs", {"source": "docs"}, by="web:ada"))
    assert (new, put.status, put.arguments) == (True, Status.QUEUED, {"source": "docs"})
    mine = worker(database, clock)
    (job,) = await mine.claim("sync", 3, ONCE_MORE)
    assert (job.id, job.status, job.attempts) == (put.id, Status.RUNNING, 1)
    assert await mine.claim("sync", 3, ONCE_MORE) == []
    await mine.advance(job, 3, 10, "documents")
    await mine.checkpoint(job, {"at": 3})
    found = await jobs.get(put.id)
    assert (found.done, found.total, found.doing, found.state) == (3, 10, "documents", {"at": 3})
    await mine.succeed(job, {"added": 3})
    over = await jobs.get(put.id)
    assert (over.status, over.result, over.finished_at) == (
        Status.SUCCEEDED, {"added": 3}, clock.now,
    )  # fmt: skip
    assert await jobs.counts() == {("sync", Status.SUCCEEDED): 1}


async def test_what_is_put_twice_is_there_once(jobs: Jobs) -> None:
    """``once`` holds for good, ``alone`` until the job is over."""
    first, _ = await jobs.put(Wanted("a", "A", once="retention@monday"))
    again, new = await jobs.put(Wanted("a", "A", once="retention@monday"))
    assert (again.id, new) == (first.id, False)
    await jobs.cancel(first.id, "ada")
    assert (await jobs.put(Wanted("a", "A", once="retention@monday")))[1] is False

    sync, _ = await jobs.put(Wanted("b", "B", alone="sync:docs"))
    assert (await jobs.put(Wanted("b", "B", alone="sync:docs")))[0].id == sync.id
    await jobs.cancel(sync.id, "ada")
    assert (await jobs.put(Wanted("b", "B", alone="sync:docs")))[1] is True
    with pytest.raises(JobNotResumableError, match="another one of the same is under way"):
        await jobs.resume(sync.id)


async def test_many_who_put_the_same_at_once_get_one_job(jobs: Jobs) -> None:
    """Any number of processes that find the same due time put one job."""
    put = await asyncio.gather(*(jobs.put(Wanted("a", "A", once="x")) for _ in range(8)))
    assert len({job.id for job, _ in put}) == 1
    assert sum(new for _, new in put) == 1


async def test_one_of_a_key_runs_at_a_time_in_order(
    database: Database, jobs: Jobs, clock: Clock
) -> None:
    """Jobs of one key wait for each other; others run beside them."""
    first, second, other = [
        (await jobs.put(Wanted("k", title, key=key)))[0]
        for title, key in (("1", "same"), ("2", "same"), ("3", ""))
    ]
    mine = worker(database, clock)
    claimed = await mine.claim("k", 5, ONCE_MORE)
    assert [job.id for job in claimed] == [first.id, other.id]
    await mine.succeed(claimed[0])
    assert [job.id for job in await mine.claim("k", 5, ONCE_MORE)] == [second.id]


async def test_nobody_takes_from_himself_what_he_holds(
    database: Database, jobs: Jobs, clock: Clock
) -> None:
    """A job whose lease ran out while the database wrote nothing goes on, and is not said to have
    been killed; another worker may take it."""
    put, _ = await jobs.put(Wanted("k", "K"))
    mine, other = worker(database, clock), worker(database, clock, "two")
    held = await mine.claim("k", 2, ONCE_MORE)
    clock.on(60)
    assert await mine.claim("k", 2, Patience(tries=1), [job.number for job in held]) == []
    assert [job.id for job in await mine.renew(held)] == [put.id]
    clock.on(60)
    assert [job.id for job in await other.claim("k", 2, ONCE_MORE)] == [put.id]
    assert await mine.renew(held) == []


async def test_two_workers_never_have_the_same(
    database: Database, jobs: Jobs, clock: Clock
) -> None:
    """Whatever two workers claim at the same moment, each job is one's."""
    for number in range(12):
        await jobs.put(Wanted("k", str(number), key=f"key{number % 5}"))
    one, two = worker(database, clock), worker(database, clock, "two")
    both = await asyncio.gather(*(w.claim("k", 3, ONCE_MORE) for w in (one, two, one, two)))
    taken = [job.id for found in both for job in found]
    assert len(taken) == len(set(taken))
    assert len({j.key for found in both for j in found}) == len(taken)


async def test_who_lost_the_lease_changes_nothing(
    database: Database, jobs: Jobs, clock: Clock
) -> None:
    """After its lease a job is another worker's, from the checkpoint on; the first is fenced."""
    await jobs.put(Wanted("k", "K"))
    one, two = worker(database, clock), worker(database, clock, "two")
    (job,) = await one.claim("k", 1, ONCE_MORE)
    job = await one.checkpoint(job, {"at": 7})
    clock.on(31)
    (taken,) = await two.claim("k", 1, ONCE_MORE)
    assert (taken.state, taken.failures) == ({"at": 7}, 1)
    assert await one.renew([job]) == []
    for write in (
        lambda: one.advance(job, 1, 2, ""),
        lambda: one.checkpoint(job, {}),
        lambda: one.succeed(job),
        lambda: one.fail(job, "no", ONCE_MORE),
        lambda: one.cancelled(job),
        lambda: one.hand_back(job),
    ):
        with pytest.raises(LeaseLostError):
            await write()
    assert (await jobs.get(job.id)).owner == "two"


async def test_what_kills_its_process_each_time_is_given_up(
    database: Database, jobs: Jobs, clock: Clock
) -> None:
    """A job whose process dies again and again at the same place fails with a sentence; one that
    got further in between goes on."""
    await jobs.put(Wanted("k", "K"))
    mine = worker(database, clock)
    for _ in range(3):  # each time a little further
        (job,) = await mine.claim("k", 1, ONCE_MORE)
        await mine.checkpoint(job, {})
        clock.on(31)
    assert len(await mine.claim("k", 1, ONCE_MORE)) == 1
    clock.on(31)
    assert await mine.claim("k", 1, ONCE_MORE) == []
    found = (await jobs.page())[0]
    assert found.status is Status.FAILED
    assert "killed 2 times at the same place" in found.error
    assert (await jobs.resume(found.id)).status is Status.QUEUED


async def test_failures_wait_longer_and_end(database: Database, jobs: Jobs, clock: Clock) -> None:
    """A failed attempt is repeated after a pause; the last one is the end, with its reason."""
    await jobs.put(Wanted("k", "K", schedule="none"))
    mine = worker(database, clock)
    (job,) = await mine.claim("k", 1, ONCE_MORE)
    assert await mine.fail(job, "the server is down", ONCE_MORE)
    assert await mine.claim("k", 1, ONCE_MORE) == []
    clock.on(11)
    (job,) = await mine.claim("k", 1, ONCE_MORE)
    assert not await mine.fail(job, "still down", ONCE_MORE)
    found = await jobs.get(job.id)
    assert (found.status, found.error) == (Status.FAILED, "still down")


async def test_a_wish_for_the_end_is_heard_at_the_renewal(
    database: Database, jobs: Jobs, clock: Clock
) -> None:
    """One that waits is cancelled at once, one that runs when its worker says so; it resumes from
    its checkpoint."""
    waiting, _ = await jobs.put(Wanted("w", "W"))
    assert (await jobs.cancel(waiting.id, "ada")).status is Status.CANCELLED
    await jobs.put(Wanted("k", "K"))
    mine = worker(database, clock)
    (job,) = await mine.claim("k", 1, ONCE_MORE)
    job = await mine.checkpoint(job, [1, 2])
    assert (await jobs.cancel(job.id, "ada")).ending
    with pytest.raises(JobNotResumableError, match="just being cancelled"):
        await jobs.resume(job.id)
    (renewed,) = await mine.renew([job])
    assert renewed.cancelled_by == "ada"
    await mine.cancelled(job)
    with pytest.raises(JobOverError, match="over already \\(cancelled\\)"):
        await jobs.cancel(job.id, "ada")
    assert (await jobs.resume(job.id)).cancelled_by == ""
    (again,) = await mine.claim("k", 1, ONCE_MORE)
    assert again.state == [1, 2]


@pytest.mark.parametrize("end", ["killed", "later", "handed back", "failed"])
async def test_a_wish_is_not_forgotten(
    database: Database, jobs: Jobs, clock: Clock, end: str
) -> None:
    """A job that ends in another way before its worker hears of the wish does not run again."""
    await jobs.put(Wanted("k", "K"))
    mine = worker(database, clock)
    (job,) = await mine.claim("k", 1, ONCE_MORE)
    await jobs.cancel(job.id, "ada")
    if end == "later":
        await mine.later(job, 5)
    elif end == "handed back":
        await mine.hand_back(job)
    elif end == "failed":
        await mine.fail(job, "no", ONCE_MORE)
    clock.on(100)
    assert await mine.claim("k", 1, ONCE_MORE) == []
    assert (await jobs.get(job.id)).status is Status.CANCELLED


async def test_a_list_is_read_in_pages(jobs: Jobs) -> None:
    """The newest first, by kind, status and parent."""
    for number in range(5):
        await jobs.put(Wanted("ab"[number % 2], str(number), parent="p" if number == 4 else ""))
    first = await jobs.page(2)
    assert [job.title for job in first] == ["4", "3"]
    assert [job.title for job in await jobs.page(2, first[-1].number)] == ["2", "1"]
    assert [job.title for job in await jobs.page(kind="b")] == ["3", "1"]
    assert [job.title for job in await jobs.page(parent="p")] == ["4"]
    assert await jobs.page(status=Status.FAILED) == []
    newest = await jobs.newest("a")
    assert newest is not None
    assert newest.title == "4"


async def test_a_job_nobody_knows(jobs: Jobs) -> None:
    """An unknown id is one sentence."""
    for ask in (jobs.get("x"), jobs.cancel("x", "ada"), jobs.resume("x")):
        with pytest.raises(NotFoundError, match='no job "x"'):
            await ask


async def test_what_was_over_long_ago_goes(jobs: Jobs, clock: Clock) -> None:
    """Jobs that were over before a moment are forgotten; open ones stay."""
    gone, _ = await jobs.put(Wanted("k", "K"))
    await jobs.put(Wanted("k", "K"))
    await jobs.cancel(gone.id, "ada")
    clock.on(60)
    assert await jobs.purge(clock.now) == 1
    assert len(await jobs.page()) == 1


@given(st.integers(1, 10), st.floats(0.1, 100), st.floats(0.1, 10_000), st.integers(1, 40))
def test_pauses_grow_to_a_limit_and_end(
    tries: int, first: float, longest: float, failures: int
) -> None:
    """No pause is longer than the longest or shorter than the one before; after the last try there
    is none."""
    patience = Patience(tries, first, longest)
    pause, after = patience.pause(failures), patience.pause(failures + 1)
    assert (pause is None) == (failures >= tries)
    if pause is not None:
        assert 0 < pause <= longest
        assert after is None or after >= pause
