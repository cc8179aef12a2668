"""Asks the cases of a suite, several at once; what was answered before is not asked again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from bot.errors import WellspokenError
from bot.evaluation.cases import Case

T = TypeVar("T")

Progress = Callable[[int, int], None]
"""Called with how many cases are done, and of how many."""
AT_ONCE = 8


class TooManyFailedError(WellspokenError):
    """{side} failed {failed} times in {cases} cases, so nothing was judged ({reason}); mend that
    and repeat, what was answered is kept."""


async def run_cases(
    cases: Sequence[Case],
    answer: Callable[[Case], Awaitable[T]],
    *,
    at_once: int = AT_ONCE,
    known: Mapping[str, T] | None = None,
    keep: Callable[[str, T], None] = lambda _id, _answer: None,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, T]:
    """What ``answer`` gives to each case, by the case's id, in the order of the cases.

    At most ``at_once`` are asked side by side. ``known`` answers are taken as they are; each new
    one is handed to ``keep`` as soon as it is there. The first error that ``answer`` raises ends
    the others and is raised; so does being cancelled.
    """
    done = dict(known or {})
    waiting: Iterator[Case] = iter([case for case in cases if case.id not in done])
    progress(len(done), len(cases))

    async def ask_on() -> None:
        for case in waiting:  # shared: each worker takes the next one
            done[case.id] = await answer(case)
            keep(case.id, done[case.id])
            progress(len(done), len(cases))

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(max(1, min(at_once, len(cases)))):
                workers.create_task(ask_on())
    except BaseExceptionGroup as group:
        raise _first(group) from group
    return {case.id: done[case.id] for case in cases}


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class Tolerance:
    """Counts answers that failed; more than ``share`` of the cases on one side end the run."""

    def __init__(self, cases: int, share: float = 0.1) -> None:
        self._cases = cases
        self._most = int(share * cases)
        self._failed: Counter[str] = Counter()

    def note(self, side: str, reason: str) -> None:
        """An answer of ``side`` failed. Raises TooManyFailedError."""
        self._failed[side] += 1
        if self._failed[side] > self._most:
            failed, reason = self._failed[side], reason.rstrip(".")
            raise TooManyFailedError(side=side, failed=failed, cases=self._cases, reason=reason)
