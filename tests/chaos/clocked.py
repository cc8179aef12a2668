"""``wellspoken`` with a clock that can be moved from outside while it runs.

The file that ``CHAOS_CLOCK`` names says by how many seconds ``time.time`` and ``datetime.now`` are
ahead. Monotonic clocks go on as they are, as on a machine whose clock is set. It stands in for
libfaketime, which reads its file at every look at the clock and with that slows a process down.
"""

from __future__ import annotations

import datetime as datetimes
import os
import time
from pathlib import Path
from typing import Any

_LOOK_S = 0.05
_REAL = datetimes.datetime
_real_time = time.time


class _Moved:
    """By how much the clock is moved now; the file is read again from time to time."""

    def __init__(self, file: Path) -> None:
        self._file, self._seconds, self._looked = file, 0.0, float("-inf")

    def __call__(self) -> float:
        now = time.monotonic()
        if now - self._looked > _LOOK_S:
            self._looked = now
            self._seconds = float(self._file.read_text() or 0)
        return self._seconds


class _Kind(type(_REAL)):  # type: ignore[misc]  # the metaclass of datetime, whatever it is
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, _REAL)


def move(file: Path) -> None:
    """From here on this process reads its clock with what the file says."""
    moved = _Moved(file)

    class Datetime(_REAL, metaclass=_Kind):
        """As the real one, but for what time it is; what it gives are real ones."""

        def __new__(cls, *given: Any, **named: Any) -> Any:
            return _REAL(*given, **named)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return _REAL.fromtimestamp(_real_time() + moved(), tz)

        @classmethod
        def utcnow(cls) -> Any:
            return _REAL.fromtimestamp(_real_time() + moved(), datetimes.UTC).replace(tzinfo=None)

        @classmethod
        def fromtimestamp(cls, stamp: float, tz: Any = None) -> Any:
            return _REAL.fromtimestamp(stamp, tz)

        @classmethod
        def fromisoformat(cls, text: str) -> Any:
            return _REAL.fromisoformat(text)

        @classmethod
        def combine(cls, *given: Any, **named: Any) -> Any:
            return _REAL.combine(*given, **named)

        @classmethod
        def strptime(cls, text: str, form: str) -> Any:
            return _REAL.strptime(text, form)

    datetimes.datetime = Datetime  # type: ignore[misc]  # that is the point
    time.time = lambda: _real_time() + moved()
    time.time_ns = lambda: int(time.time() * 1e9)


if __name__ == "__main__":
    move(Path(os.environ["CHAOS_CLOCK"]))
    from adapters.cli.main import main

    main()
