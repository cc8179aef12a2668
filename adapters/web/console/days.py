"""Days of a form: those of the reader's zone, as moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from adapters.web.texts import checked
from bot.errors import UsageError

_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Days:
    """From the beginning of one day on, until before another begins, as UTC; ``None``: no limit."""

    since: datetime | None = None
    until: datetime | None = None


def days_of(first: str, last: str, zone: tzinfo) -> Days:
    """Both days of a form, ``2026-03-31`` or empty, the last one whole. Raises UsageError for what
    is no day and for a period that ends before it begins."""
    since, until = _day(first), _day(last)
    if since and until and until < since:
        raise UsageError("The period ends before it begins; turn its days round.")
    return Days(_midnight(since, zone), _midnight(until, zone, 1))


def _day(value: str) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(checked(value, "day", _LONGEST).strip())
    except ValueError as error:
        raise UsageError(
            "A day is written like 2026-03-31; write it so and search again."
        ) from error


def _midnight(day: date | None, zone: tzinfo, days: int = 0) -> datetime | None:
    """The beginning of a day, or of one so many days later; none beyond the calendar."""
    if day is None:
        return None
    try:
        return datetime.combine(day + timedelta(days=days), time(), zone).astimezone(UTC)
    except OverflowError:
        return None
