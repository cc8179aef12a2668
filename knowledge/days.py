"""Days in what documents, servers and files say of themselves, as ``2026-03-03``. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.facts import Kind, facts

KEYS = (
    *("updated", "last_updated", "lastupdated", "updated_at", "last-updated", "date_updated"),
    *("last_modified", "lastmod", "last-modified", "modified", "modified_at", "date_modified"),
    *("datemodified", "revised", "reviewed", "date", "published", "published_at", "pubdate"),
    *("datepublished", "created", "created_at"),
)
"""What a document may call its day, the last change first; compared in lower case."""

_ISO = re.compile(r"(?<!\d)([12]\d{3})[-/.]([01]?\d)[-/.]([0-3]?\d)(?!\d)")
_GERMAN = re.compile(r"(?<!\d)([0-3]?\d)\.\s?([01]?\d)\.\s?([12]\d{3})(?!\d)")
_UPDATED = re.compile(
    r"(?:^|[\n(*_|>])[ \t]*(?:this (?:page|document|article) was )?(?:last[ -])?"
    r"(?:updated?|modified|changed|revised|edited|reviewed|stand|zuletzt (?:aktualisiert|geändert)"
    r"|letzte (?:änderung|aktualisierung))"
    r"(?:[ \t]+(?:on|at|am|vom))?[ \t]*[:*_]*[ \t]*(?P<on>[\w., /-]{6,30})",
    re.IGNORECASE,
)
_MONTHS = re.compile(
    r"(?<!\w)([0-3]?\d)\.?\s+(januar|februar|märz|april|mai|juni|juli|august|september|oktober"
    r"|november|dezember)\s+([12]\d{3})",
    re.IGNORECASE,
)
_MONTH = (
    "januar februar märz april mai juni juli august september oktober november dezember".split()
)
_EDGE = 1_500  # where a page says when it was updated: at its top or its end
_EARLIEST = date(1990, 1, 1)


def day_of(value: object) -> str:
    """A day as ``2026-03-03`` out of what YAML, JSON, HTML or a person wrote; empty where none can
    be told. 03/04/2026 is no day: it may be March or April."""
    if isinstance(value, datetime | date):
        return _checked(value.year, value.month, value.day)
    text = str(value).strip() if isinstance(value, str | int) else ""
    if found := _ISO.search(text):
        return _checked(*map(int, found.groups()))
    if found := _GERMAN.search(text):
        return _checked(*map(int, reversed(found.groups())))
    if found := _MONTHS.search(text):
        month = _MONTH.index(found[2].casefold()) + 1
        return _checked(int(found[3]), month, int(found[1]))
    for fact in facts(text):
        if fact.kind is Kind.DATE and not fact.value.startswith("-"):
            return _checked(*map(int, fact.value.split("-")))
    return ""


def _checked(year: int, month: int, day: int) -> str:
    """The day, if the calendar has it and it is neither absurd nor in the future."""
    try:
        on = date(year, month, day)
    except ValueError:
        return ""
    return on.isoformat() if _EARLIEST <= on <= _tomorrow() else ""


def _tomorrow() -> date:
    return datetime.now(UTC).date() + timedelta(days=1)


def day_among(values: Mapping[str, object]) -> str:
    """The day that front matter, a JSON record or a page's metadata names."""
    lowered = {str(key).casefold(): value for key, value in values.items()}
    return next((on for key in KEYS if (on := day_of(lowered.get(key)))), "")


def day_said(text: str) -> str:
    """The day in a line like "Last updated: 3 March 2026", at the top or the end of a text."""
    edges = text if len(text) <= 2 * _EDGE else f"{text[:_EDGE]}\n{text[-_EDGE:]}"
    return next((on for m in _UPDATED.finditer(edges) if (on := day_of(m["on"]))), "")


def day_of_header(value: str) -> str:
    """The day of an HTTP date (RFC 9110, 5.6.7)."""
    try:
        return day_of(parsedate_to_datetime(value)) if value else ""
    except (ValueError, OverflowError):
        return ""


def day_of_file(seconds: float) -> str:
    """The day of a file's time, in seconds since 1970."""
    try:
        return day_of(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return ""
