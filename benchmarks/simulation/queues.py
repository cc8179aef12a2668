"""Discrete events: time that jumps from one event to the next, and places that work waits for.

Work is a generator that yields what it waits for: a number of seconds, a :class:`Place` to take,
or a list of other work that has to end. ``yield from`` nests it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Generator
from itertools import count
from typing import Any

Work = Generator[Any, None, Any]


class Running:
    """Work under way."""

    __slots__ = ("done", "waiters", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = False
        self.waiters: list[tuple[Running, list[int]]] = []


class Simulation:
    """The present moment in seconds, and what comes next."""

    def __init__(self) -> None:
        self.now = 0.0
        self._next: list[tuple[float, int, Running]] = []
        self._numbers = count()

    def start(self, work: Work, after: float = 0.0) -> Running:
        """Begin work, now or later."""
        running = Running(work)
        self._at(self.now + after, running)
        return running

    def run(self, until: float = float("inf")) -> None:
        """Until nothing is left to happen, or that moment."""
        while self._next and self._next[0][0] <= until:
            self.now, _, running = heapq.heappop(self._next)
            self._step(running)
        if until != float("inf"):
            self.now = until

    def go_on(self, running: Running) -> None:
        """Let work that waited go on in its turn."""
        self._at(self.now, running)

    def _step(self, running: Running) -> None:
        """Go on with work until it waits again."""
        while True:
            try:
                wanted: Any = next(running.work)
            except StopIteration:
                self._end(running)
                return
            if isinstance(wanted, Place):
                if wanted.take(running):
                    continue
                return
            if isinstance(wanted, float | int):
                self._at(self.now + wanted, running)
                return
            left = [each for each in wanted if not each.done]
            if left:
                counter = [len(left)]
                for each in left:
                    each.waiters.append((running, counter))
                return

    def _end(self, running: Running) -> None:
        running.done = True
        for waiter, counter in running.waiters:
            counter[0] -= 1
            if counter[0] == 0:
                self._at(self.now, waiter)

    def _at(self, when: float, running: Running) -> None:
        heapq.heappush(self._next, (when, next(self._numbers), running))


class Place:
    """Room for ``room`` at once; who finds none waits in a line. Give it back after use::

    yield cores
    yield 0.002
    cores.free()
    """

    def __init__(self, simulation: Simulation, room: int) -> None:
        self._simulation = simulation
        self._room = room
        self._line: deque[Running] = deque()
        self._begun = self._since = simulation.now
        self.taken = 0
        self.most = 0
        self.busy = 0.0
        """Places times seconds that they were taken."""

    def take(self, running: Running) -> bool:
        """Whether there was room at once."""
        if self.taken < self._room:
            self._count(1)
            return True
        self._line.append(running)
        return False

    def free(self) -> None:
        """Give a place back; the first of the line gets it."""
        if self._line:
            self._simulation.go_on(self._line.popleft())
        else:
            self._count(-1)

    @property
    def waiting(self) -> int:
        return len(self._line)

    def load(self) -> float:
        """The share of its room that was taken since the last :meth:`reset`."""
        self._count(0)
        passed = self._simulation.now - self._begun
        return self.busy / (passed * self._room) if passed else 0.0

    def reset(self) -> None:
        """Count from now on."""
        self._count(0)
        self.busy, self.most, self._begun = 0.0, self.taken, self._simulation.now

    def _count(self, change: int) -> None:
        now = self._simulation.now
        self.busy += self.taken * (now - self._since)
        self._since = now
        self.taken += change
        self.most = max(self.most, self.taken)
