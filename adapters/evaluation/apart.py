"""A run in a process of its own, at a low priority: those who ask meanwhile do not wait for it."""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adapters.evaluation.finding import found_suite
from adapters.evaluation.standing import Order, Standing, StandingFile, State
from bot.errors import WellspokenError
from bot.telemetry import configure_logging, log

if TYPE_CHECKING:
    from bot.settings import Settings

COMMAND = "from adapters.evaluation.apart import main; main()"
AT_ONCE = 2
"""Questions side by side: a model server has the others for who waits in a chat."""
_NICE = 10
_TELL_S = 0.4
_LOOK_S = 0.3
_SIZE = 8

Bill = tuple["Settings", Standing]
"""What a run is told: settings, which may hold secrets, and the order."""


def sealed(settings: Settings, standing: Standing) -> bytes:
    """The bill as it is sent down the pipe, which nobody else reads."""
    told = pickle.dumps((settings, standing))
    return len(told).to_bytes(_SIZE) + told


def main() -> None:
    """Run what stands on stdin; the end of stdin is the end of the server, and of the run.

    The one argument is the number of the open file that holds the lock.
    """
    lock = int(sys.argv[1])
    os.set_inheritable(lock, False)
    with suppress(OSError):
        os.nice(_NICE)
    size = int.from_bytes(sys.stdin.buffer.read(_SIZE))
    settings, standing = pickle.loads(sys.stdin.buffer.read(size))  # noqa: S301 - from our own server
    asyncio.run(_Run(settings, standing, lock).all())


class _Run:
    """A run on its way."""

    def __init__(self, settings: Settings, standing: Standing, lock: int) -> None:
        self._settings = settings
        self._lock = lock
        self._standing = standing
        self._file = StandingFile(settings.home)
        self._told = 0.0

    async def all(self) -> None:
        """Ask everything; how it ended stands in the file."""
        asking = asyncio.create_task(self._ask(self._standing.order))
        watching = asyncio.create_task(self._watch(asking))
        try:
            run = await asking
        except asyncio.CancelledError:
            ended = self._file.cancelled(self._standing.order.id)
            self._end(State.CANCELLED if ended else State.STOPPED)
        except WellspokenError as error:
            self._end(State.FAILED, error=str(error))
        except Exception:  # noqa: BLE001 - whatever it is, the page says that it ended
            configure_logging()  # only now: each answer would be a line in the server's log
            log.exception("a run failed because of a fault in the program")
            self._end(
                State.FAILED, error="A fault in the program ended it; the server's log says more."
            )
        else:
            self._end(State.DONE, run=run)
        finally:
            watching.cancel()

    async def _ask(self, order: Order) -> str:
        from adapters.evaluation.report import report_page
        from adapters.evaluation.running import evaluate

        done, _ = await evaluate(
            self._settings,
            await found_suite(self._settings, order.suite),
            order.modes,
            by=order.by,
            page=report_page,
            baseline=order.baseline,
            progress=self._progress,
            at_once=AT_ONCE,
        )
        return done.run

    def _progress(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told < _TELL_S and done < total:
            return
        self._told = now
        self._standing = replace(self._standing, done=done, total=total)
        self._file.write(self._standing)

    async def _watch(self, asking: asyncio.Task[str]) -> None:
        """Cancel the run when somebody asks for it, or when the server is gone."""
        loop, gone = asyncio.get_running_loop(), asyncio.Event()

        def readable() -> None:
            if not os.read(sys.stdin.fileno(), 64):
                loop.remove_reader(sys.stdin.fileno())
                gone.set()

        loop.add_reader(sys.stdin.fileno(), readable)
        while not gone.is_set() and not self._file.cancelled(self._standing.order.id):
            with suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), _LOOK_S)
        asking.cancel()

    def _end(self, state: State, **more: Any) -> None:
        self._standing = replace(self._standing, state=state, **more)
        self._file.write(self._standing)
        os.close(self._lock)  # the next one need not wait until the interpreter has ended
        log.info("a run from the console is over", suite=self._standing.order.suite, state=state)
