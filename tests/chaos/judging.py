"""The judge: what became of every question, as people see it and as the database has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from itertools import combinations

import sqlalchemy as sa

from bot.store.base import Database
from bot.store.tables import turns
from bot.work.tables import inbox, leases
from tests.chaos.bots import Bot
from tests.chaos.chats import Asked, Said, Talk

CEILING_S = 60.0


@dataclass
class Counts:
    """What is counted. Those of :attr:`faults` must be nought."""

    asked: int = 0
    answered: int = 0
    honest: int = 0
    unheard: int = 0
    """Never acknowledged, and given up by the platform after all its tries."""
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    disordered: int = 0
    late: int = 0
    half_posted: int = 0
    rows_left: int = 0
    leases_left: int = 0
    twice_stored: int = 0
    bad_exits: int = 0
    bad_trails: int = 0
    faults_logged: int = 0
    kills: int = 0
    slowest_s: float = 0.0
    sentences: Counter[str] = field(default_factory=Counter)
    """The honest ones, and how often each was said."""
    notes: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, int]:
        """What must not be."""
        bad = (
            "lost", "doubled", "wrong", "disordered", "late", "half_posted", "rows_left",
            "leases_left", "twice_stored", "bad_exits", "bad_trails", "faults_logged",
        )  # fmt: skip
        return {name: getattr(self, name) for name in bad if getattr(self, name)}

    def add(self, other: Counts) -> None:
        """Count another's too."""
        for one in fields(self):
            mine, theirs = getattr(self, one.name), getattr(other, one.name)
            both = max(mine, theirs) if one.name == "slowest_s" else mine + theirs
            setattr(self, one.name, both)


def _matched(talk: Talk) -> tuple[dict[int, list[Said]], list[Said]]:
    """The messages that belong to each question (by its place), and those that belong to none."""
    mine: dict[int, list[Said]] = {n: [] for n in range(len(talk.asked))}
    honest, strange = [], []
    for said in talk.chat.said(talk):
        about = [n for n, one in enumerate(talk.asked) if said.is_about(one.pump)]
        if said.finished is not None and len(about) == 1:
            mine[about[0]].append(said)
        elif said.finished is not None and said.honest:
            honest.append(said)
        else:
            strange.append(said)
    for said in honest:
        empty = [n for n, found in mine.items() if not found]
        (mine[empty[0]] if empty else strange).append(said)
    return mine, strange


def judge_talk(talk: Talk, healed: float) -> Counts:
    """What became of the questions of one thread; ``healed`` is when the fault ended."""
    counts = Counts()
    mine, strange = _matched(talk)
    for n, one in enumerate(talk.asked):
        _judge_one(counts, talk, one, mine[n], healed)
    for said in strange:
        if said.finished is None:
            counts.half_posted += 1
        elif said.honest:
            counts.doubled += 1
        else:
            counts.wrong += 1
        counts.notes.append(f"{talk.chat.name}: no question's: {said.text[:90]!r}")
    counts.disordered += _disordered(talk, mine)
    if counts.faults:
        counts.notes.append(_story(talk))
    return counts


def _story(talk: Talk) -> str:
    """A thread from its first question on: what was asked, heard and said, and when."""
    begun = talk.asked[0].asked
    told = []
    for one in talk.asked:
        heard = talk.chat.heard(one)
        since = "never heard" if heard is None else f"heard {heard - begun:.2f}"
        told.append((one.asked, f"{one.pump}? ({one.mark_id}, {since})"))
    for said in talk.chat.said(talk):
        over = "open" if said.finished is None else f"finished {said.finished - begun:.2f}"
        told.append((said.at, f"{said.text[:24]!r} ({said.mark}, {over})"))
    lines = (f"{at - begun:.2f} {what}" for at, what in sorted(told))
    return f"{talk.chat.name}, {datetime.fromtimestamp(begun, UTC):%H:%M:%S}: {'; '.join(lines)}"


def _judge_one(counts: Counts, talk: Talk, one: Asked, found: list[Said], healed: float) -> None:
    counts.asked += 1
    if not found:
        if talk.chat.given_up(one):
            counts.unheard += 1
        else:
            counts.lost += 1
            counts.notes.append(f"{talk.chat.name}: no answer about {one.pump}, {_shown(talk)}")
        return
    first = found[0]
    if not first.is_about(one.pump):
        counts.honest += 1
        counts.sentences[first.text[:160]] += 1
    counts.answered += first.is_about(one.pump)
    if len(found) > 1:
        counts.doubled += len(found) - 1
        counts.notes.append(f"{talk.chat.name}: {len(found)} answers about {one.pump}")
    took = (first.finished or 0.0) - max(one.asked, healed)
    counts.slowest_s = max(counts.slowest_s, took)
    if took > CEILING_S / 3:
        heard = (talk.chat.heard(one) or one.asked) - max(one.asked, healed)
        counts.notes.append(
            f"{talk.chat.name}: {took:.0f} s for an answer about {one.pump}, of which"
            f" {max(0.0, heard):.0f} s until it was heard; begun {found[0].at - healed:.0f} s after"
        )
    counts.late += took > CEILING_S


def _disordered(talk: Talk, mine: dict[int, list[Said]]) -> int:
    """Pairs whose answers stand the wrong way round, though the first question was heard before
    the second was asked."""
    at = [(one, mine[n][0].at) for n, one in enumerate(talk.asked) if mine[n]]
    wrong = 0
    for (earlier, first), (later, second) in combinations(at, 2):
        heard = talk.chat.heard(earlier)
        wrong += heard is not None and heard <= later.asked and first > second
    return wrong


def _shown(talk: Talk) -> list[str]:
    return [said.text[:60] for said in talk.chat.said(talk)]


def judge_talks(talks: Iterable[Talk], healed: float) -> Counts:
    """What became of all the questions."""
    counts = Counts()
    for talk in talks:
        counts.add(judge_talk(talk, healed))
    return counts


def is_settled(talk: Talk, healed: float) -> bool:
    """Whether each question of a thread has its answer, and nothing is half posted."""
    counts = judge_talk(talk, healed)
    return not (counts.lost or counts.half_posted)


async def inbox_rows(url: str) -> list[str]:
    """What the inbox says of each event, without its words."""
    told = ("event_id", "thread_key", "status", "attempts", "step", "created_at", "finished_at",
            "error", "owner")  # fmt: skip
    query = sa.select(*(inbox.c[name] for name in told)).order_by(inbox.c.id)
    db = await Database.open(url, migrate=False)
    try:
        rows = await db.read(lambda connection: list(connection.execute(query)))
    finally:
        await db.close()
    return [" | ".join(map(str, row)) for row in rows]


async def judge_database(url: str, questions: int) -> Counts:
    """What is left in the database once every process has ended."""
    counts = Counts()
    db = await Database.open(url, migrate=False)
    # A killed process leaves its leases until they run out; none may stand for longer than that.
    soon = datetime.now(UTC) + timedelta(seconds=CEILING_S)

    def op(connection: sa.Connection) -> tuple[int, int, int, list[str]]:
        unfinished = inbox.c.status.in_(["waiting", "running"])
        rows = sa.select(inbox.c.event_id, inbox.c.status, inbox.c.error).where(unfinished)
        left = [f"{r.event_id} {r.status} {r.error}" for r in connection.execute(rows)]
        held = sa.select(sa.func.count()).where(leases.c.owner != "", leases.c.until > soon)
        stored = sa.select(sa.func.count()).select_from(turns)
        return connection.scalar(held) or 0, connection.scalar(stored) or 0, len(left), left

    try:
        counts.leases_left, stored, counts.rows_left, left = await db.read(op)
    finally:
        await db.close()
    counts.notes += [f"left in the inbox: {row}" for row in left]
    counts.twice_stored = max(0, stored - questions)
    return counts


_OUR_FAULTS = (
    "because of a fault in the program",
    "the work on an event ended",
    "Task was destroyed",
    "was never retrieved",
    "an event was given up in silence",
    "Traceback",
)


def judge_bots(bots: Sequence[Bot]) -> Counts:
    """How the processes ended, and what they logged that should never be."""
    counts = Counts(kills=sum(bot.kills for bot in bots))
    for bot in bots:
        bad = [code for code in bot.exits if code != 0]
        counts.bad_exits += len(bad)
        counts.notes += [f"{bot.name} ended with {code}" for code in bad]
        lines = [line for line in bot.log.splitlines() if any(word in line for word in _OUR_FAULTS)]
        counts.faults_logged += len(lines)
        counts.notes += [f"{bot.name} logged: {line[:300]}" for line in lines[:3]]
    return counts


def _spans(talks: Iterable[Talk]) -> list[tuple[float, float]]:
    """When each answered question was asked, and its answer finished."""
    return [
        (talk.asked[n].asked, said.finished)
        for talk in talks
        if talk.asked
        for n, found in _matched(talk)[0].items()
        for said in found[:1]
        if said.finished is not None
    ]


def waits(talks: Iterable[Talk]) -> list[float]:
    """Seconds from each question to its finished answer."""
    return [round(done - asked, 2) for asked, done in _spans(talks)]


def first_answers(bots: Sequence[Bot], talks: Iterable[Talk]) -> list[float]:
    """Seconds from a restart to the first finished answer, for each restart that found a question
    waiting and lived long enough to answer; of one process alone."""
    if len(bots) != 1:
        return []
    (bot,) = bots
    spans = _spans(talks)
    ends = [*bot.ends, float("inf")]
    took = []
    for start, end in zip(bot.starts[1:], ends[1:], strict=False):
        waiting = [done for asked, done in spans if asked < start < done]
        if waiting and min(waiting) < end:
            took.append(min(waiting) - start)
    return took
