"""How the run stands that was started from the console: a small file, and the lock of who runs it.

Every process of a home sees the same, and a run that was killed is seen to have stopped: the lock
ends with the process that holds it, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import orjson

from adapters.private_files import make_private, unwritable, write_private
from bot.errors import StorageError
from bot.store.columns import to_json

_FOLDER = "evaluations"
_LOOKS = 10
_LOOK_AGAIN_S = 0.05


class State(StrEnum):
    """Of a run that was started from the console."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    """Its process is gone; what was answered is kept."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a run asks of whom; ``baseline`` is an earlier run, or empty."""

    id: str
    suite: str
    modes: tuple[str, ...]
    baseline: str
    by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An order with how far it came: ``done`` of ``total`` cases over all modes, 0 of 0 until it
    has begun; ``run`` once it is done, ``error`` where it failed, in one sentence. ``ending``: it
    runs, and somebody asked for its end."""

    order: Order
    at: datetime
    state: State = State.RUNNING
    done: int = 0
    total: int = 0
    run: str = ""
    error: str = ""
    ending: bool = False

    @property
    def running(self) -> bool:
        return self.state is State.RUNNING


class StandingFile:
    """The last run that was started from the console of a home."""

    def __init__(self, home: Path) -> None:
        folder = home / _FOLDER
        self._path = folder / "started.json"
        self._lock = folder / "started.lock"
        self._cancel = folder / "cancelled"

    def read(self) -> Standing | None:
        """How it stands; ``None`` where none was started yet."""
        try:
            told = orjson.loads(self._path.read_bytes())
            order = Order(**{**told["order"], "modes": tuple(told["order"]["modes"])})
            found = Standing(
                order, datetime.fromisoformat(told["at"]), State(told["state"]), told["done"],
                told["total"], told["run"], told["error"],
            )  # fmt: skip
        except FileNotFoundError:
            return None
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise StorageError(f"{self._path} cannot be read; delete it and repeat.") from error
        if found.running and not self._held():
            stopped = {**asdict(found), "order": order, "state": State.STOPPED}
            return Standing(**stopped)
        return replace(found, ending=found.running and self.cancelled(found.order.id))

    def write(self, standing: Standing) -> None:
        """Keep how it stands (0600). Raises StorageError."""
        write_private(self._path, to_json(asdict(standing)))

    def take(self) -> int | None:
        """The lock as an open file, for who starts a run; ``None`` while one runs.

        A process that inherits the file holds the lock, too. Raises StorageError.
        """
        make_private(self._path.parent)
        try:
            file = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unwritable(self._lock, error) from error
        for _ in range(_LOOKS):  # whoever only looks has it for a moment
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._cancel.unlink(missing_ok=True)
                return file
            time.sleep(_LOOK_AGAIN_S)
        os.close(file)
        return None

    def cancel(self, order: str) -> None:
        """Ask whoever runs this order to end it. Raises StorageError."""
        try:
            self._cancel.write_text(order)
        except OSError as error:
            raise unwritable(self._cancel, error) from error

    def cancelled(self, order: str) -> bool:
        """Whether somebody asked for its end."""
        try:
            return self._cancel.read_text() == order
        except OSError:
            return False

    def _held(self) -> bool:
        try:
            file = os.open(self._lock, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(file)
