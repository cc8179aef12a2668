"""Gathers gaps: turns that could not be answered go to the group of their topic.

Never on the way of an answer: when gaps are looked at, a few at a time, and beside the server's
other work. What was gathered is kept, so that each turn is looked at once; one process at a time
does it, by a lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bot.errors import LeaseLostError
from bot.store.gap_intake import Grown, News, Vectored
from bot.store.ids import new_id
from knowledge.exclusive import TakenError
from knowledge.gaps.grouping import Floats, Grouper, Item, Known, Placed, Words, mean_of

if TYPE_CHECKING:
    from bot.ports import Embedder
    from bot.store.gap_intake import GapIntake
    from knowledge.exclusive import Exclusive

AT_ONCE = 256
"""Turns placed in one transaction."""

_LEASE = "gaps"
_REMADE_FROM = 16  # newest turns of a gap whose vector is made anew
_REMADE_AT_ONCE = 200


class Gatherer:
    """Gathers the gaps of one home. ``embedder`` is the built-in one: what is near was measured
    with its vectors. ``title_of`` gives the title of a document, empty where it is gone."""

    def __init__(
        self,
        intake: GapIntake,
        embedder: Embedder,
        exclusive: Exclusive,
        title_of: Callable[[str], Awaitable[str]],
    ) -> None:
        self._intake = intake
        self._embedder = embedder
        self._exclusive = exclusive
        self._title_of = title_of

    async def pending(self) -> bool:
        """Whether there is anything to do at all."""
        return await self._intake.pending(self._embedder.model)

    async def gather(
        self, limit: int | None = None, progress: Callable[[int], None] | None = None
    ) -> int:
        """Place new turns, about ``limit`` at most; how many there were. ``progress`` is called
        with how many were placed so far.

        None where another process is at it. Raises the errors of the store and the embedder.
        """
        if limit is not None and not await self.pending():
            return 0
        try:
            async with self._exclusive.lease(_LEASE):
                return await self._gather(limit, progress)
        except (TakenError, LeaseLostError):
            return 0

    async def _gather(self, limit: int | None, progress: Callable[[int], None] | None) -> int:
        await self._intake.settle()
        await self._remake()
        done = 0
        groups: _Groups | None = None
        while limit is None or done < limit:
            news = await self._intake.news(AT_ONCE if limit is None else min(AT_ONCE, limit))
            if not news.turns:
                await self._intake.mark(news)
                break
            groups = groups or await self._groups()
            await self._place(news, groups)
            done += len(news.turns)
            if progress is not None:
                progress(done)
        return done

    async def _groups(self) -> _Groups:
        return _Groups(await self._intake.vectors(self._embedder.model))

    async def _place(self, news: News, groups: _Groups) -> None:
        texts = list(dict.fromkeys(unplaced.query for unplaced in news.turns))
        vectors = dict(zip(texts, await self._embedder.embed(texts), strict=True))
        grouper = Grouper(groups.known(), lambda: new_id("gap"))
        leaders = groups.leaders(grouper.shortlist(np.stack(list(vectors.values()))))
        queries = await self._intake.queries(sorted(leaders.values()))
        grouper.learn(
            {g: Words.of(queries[turn]) for g, turn in leaders.items() if turn in queries}
        )
        items = [Item(u.turn, vectors[u.query], Words.of(u.query)) for u in news.turns]
        placed = await asyncio.to_thread(grouper.place, items)
        grown = [Grown(g.id, stored(g.mean), g.weighed, g.leader) for g in placed.groups]
        # One that was begun and taken in just now was never stored.
        merged = [(gone, kept) for gone, kept in placed.merged if groups.holds(gone)]
        await self._intake.place(news, placed.turns, grown, merged, self._embedder.model)
        groups.take(placed)

    async def _remake(self) -> None:
        """Vectors in which something was that is gone, or of another model, from what is left."""
        for gap, document in await self._intake.lost(self._embedder.model, _REMADE_AT_ONCE):
            members = await self._intake.members(gap, _REMADE_FROM)
            queries = await self._intake.queries(members)
            texts = [queries[turn] for turn in members if turn in queries]
            if not texts and document:  # erased: the operator's own words are left
                texts = [title for title in [await self._title_of(document)] if title]
            leader = next((turn for turn in reversed(members) if turn in queries), "")
            mean = stored(mean_of(await self._embedder.embed(texts))) if texts else b""
            await self._intake.weigh(gap, mean, len(texts), leader, self._embedder.model)


class _Groups:
    """The groups as they are stored, followed while turns are placed."""

    def __init__(self, found: Sequence[Vectored]) -> None:
        self._known = {
            g.id: Known(g.id, loaded(g.vector), g.weighed, g.mergeable) for g in found if g.vector
        }
        self._leaders = {g.id: g.leader for g in found if g.leader}

    def known(self) -> list[Known]:
        return list(self._known.values())

    def holds(self, id_: str) -> bool:
        return id_ in self._known

    def leaders(self, ids: Sequence[str]) -> dict[str, str]:
        return {id_: self._leaders[id_] for id_ in ids if id_ in self._leaders}

    def take(self, placed: Placed) -> None:
        """What became of them. A merged group goes, also one that was begun just now."""
        for group in placed.groups:
            before = self._known.get(group.id)
            is_open = before.open if before else True
            self._known[group.id] = Known(group.id, group.mean, group.weighed, is_open)
            if group.leader:
                self._leaders[group.id] = group.leader
        for gone, _ in placed.merged:
            self._known.pop(gone, None)
            self._leaders.pop(gone, None)


def stored(mean: Floats) -> bytes:
    """A mean as it is kept: 768 bytes for 384 dimensions."""
    return mean.astype(np.float16).tobytes()


def loaded(data: bytes) -> Floats:
    """A mean as it was kept."""
    return np.frombuffer(data, np.float16).astype(np.float32)
