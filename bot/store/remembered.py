"""What was counted of a database, or of the audit trail in it, remembered by this process for as
long as that is open, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from bot.store.audit import AuditTrail
    from bot.store.base import Database

T = TypeVar("T")


class Remembered(Generic[T]):
    """A memory for each database. What it holds is to be checked before it is believed: another
    process may have written since."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._held: WeakKeyDictionary[Database | AuditTrail, T] = WeakKeyDictionary()

    def of(self, db: Database | AuditTrail) -> T:
        """The memory of this database; a new one at first."""
        found = self._held.get(db)
        if found is None:
            found = self._held[db] = self._make()
        return found
