"""The zone of an operator's browser: a script writes it into a cookie, days are cut by it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Request

COOKIE = "wellspoken_zone"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}")
_LONGEST = 60


def zone_of(request: Request) -> tuple[tzinfo, str]:
    """The zone of the browser that asks, and its name; UTC where it is not known."""
    name = request.cookies.get(COOKIE, "").replace("%2F", "/")
    if len(name) > _LONGEST or not _NAME.fullmatch(name):
        return UTC, "UTC"
    try:
        return ZoneInfo(name), name
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a name that this machine does not know
        return UTC, "UTC"


def midnight(now: datetime, zone: tzinfo, days: int = 0) -> datetime:
    """The beginning of the day of a moment in a zone, or of one so many days later, as UTC."""
    day = now.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(), zone).astimezone(UTC)


def same_time(now: datetime, zone: tzinfo, days: int) -> datetime:
    """What the clock on the wall showed as it does now, so many days later, as UTC."""
    here = now.astimezone(zone)
    return datetime.combine(here.date() + timedelta(days=days), here.time(), zone).astimezone(UTC)
