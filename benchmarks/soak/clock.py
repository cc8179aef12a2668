"""A clock that a day fits into an hour by: every clock of the process but those of measuring.

The product takes the time in many places (a port, ``datetime.now``, ``time.monotonic``, the event
loop's timers), and all of them have to agree, or a lease ends before its renewal is due. So the
clock is put in their place for the whole process, before the product is imported::

    clock = FastClock()
    clock.install()
    from adapters.assembly import assemble
    clock.run(main())

It goes ``rate`` times as fast as the wall clock while something is being worked on, and is moved
forward in steps while nothing is: so a slow machine makes no turn look as if it had timed out.
``time.perf_counter`` stays real, and with it what stages and benchmarks measure. Waits of threads
stay real too.
"""

from __future__ import annotations

import asyncio
import datetime as datetime_module
import selectors
import time
from collections.abc import Coroutine
from typing import Any

_RealDatetime = datetime_module.datetime
_real_monotonic = time.monotonic
_real_time = time.time


class FastClock:
    """``begin`` is the first moment of the simulated time."""

    def __init__(self, begin: datetime_module.datetime, rate: float = 2.0) -> None:
        self.rate = rate
        self._real = _real_monotonic()
        self._begun = self._real
        self._epoch = begin.timestamp()
        self._gone = 0.0  # simulated seconds at ``_real``

    @property
    def seconds(self) -> float:
        """Simulated seconds since the beginning."""
        return self._gone + (_real_monotonic() - self._real) * self.rate

    def move(self, seconds: float) -> None:
        """Step forward; timers that became due run next. In the loop's thread."""
        self._gone, self._real = self.seconds + seconds, _real_monotonic()

    def monotonic(self) -> float:
        """In place of ``time.monotonic``."""
        return self._begun + self.seconds

    def time(self) -> float:
        """In place of ``time.time``."""
        return self._epoch + self.seconds

    def install(self) -> None:
        """Take the place of the clocks of this process, for what is imported from now on."""
        clock = self

        class Kind(type):
            """``datetime``, but for the present moment; its values are real ones."""

            def __instancecheck__(cls, value: object) -> bool:
                return isinstance(value, _RealDatetime)

            def __getattr__(cls, name: str) -> Any:
                return getattr(_RealDatetime, name)

            def __call__(cls, *parts: Any, **named: Any) -> datetime_module.datetime:
                return _RealDatetime(*parts, **named)

            def now(cls, tz: datetime_module.tzinfo | None = None) -> datetime_module.datetime:
                return _RealDatetime.fromtimestamp(clock.time(), tz)

        fast: Any = Kind("datetime", (), {"__module__": "datetime"})
        module: Any = datetime_module
        module.datetime = fast
        timing: Any = time
        timing.monotonic, timing.time = self.monotonic, self.time

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """``asyncio.run`` on this clock."""
        clock = self

        class Selector(selectors.DefaultSelector):
            def select(self, timeout: float | None = None) -> Any:
                return super().select(timeout / clock.rate if timeout else timeout)

        def loop() -> asyncio.AbstractEventLoop:
            return asyncio.SelectorEventLoop(Selector())

        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(work)


async def really_sleep(seconds: float) -> None:
    """By the wall clock."""
    await asyncio.get_running_loop().run_in_executor(None, _really, seconds)


def _really(seconds: float) -> None:
    until = _real_monotonic() + seconds
    while (left := until - _real_monotonic()) > 0:
        time.sleep(left)
