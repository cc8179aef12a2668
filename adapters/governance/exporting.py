"""The audit trail as a file for others: JSON Lines, or CSV that no spreadsheet takes for formulas.

Entry by entry, so that a trail of any length needs little memory. That it was given out is itself
an entry.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from typing import Any

from bot.store.audit import AuditEntry, AuditTrail, Wanted

EXPORTED = "audit exported"

_FORMULA = frozenset("=+-@＝＋－＠|%\t\r\n")
_COLUMNS = (
    "sequence", "at", "kind", "turn", "by", "what", "audience", "reasons", "used", "withheld",
    "model", "persona", "supported", "score", "cost_usd", "outcome", "erased", "hash", "content",
)  # fmt: skip


class Format(StrEnum):
    """How entries are written."""

    JSONL = "jsonl"
    CSV = "csv"


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry as ``audit list --json`` and exports show it."""
    return {
        **entry.content,
        "sequence": entry.sequence,
        "kind": entry.kind,
        "erased": entry.erased,
        "hash": entry.hash,
    }


def cell(value: object) -> str:
    """A value as a cell of a spreadsheet: what would be taken for a formula gets an apostrophe
    (https://owasp.org/www-community/attacks/CSV_Injection)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        text = value
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = "; ".join(value)
    else:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    text = text.replace("\0", "\ufffd")
    return f"'{text}" if text.lstrip(" \u00a0\ufeff")[:1] in _FORMULA and text else text


def row_of(entry: AuditEntry) -> list[str]:
    """An entry as a row of cells; nothing of its content is left out."""
    content: Mapping[str, Any] = entry.content
    grounding = content.get("grounding") or {}
    values = {
        "sequence": entry.sequence,
        "at": content["at"],
        "kind": entry.kind,
        "turn": entry.turn,
        "by": content.get("author") or content.get("actor"),
        "what": content.get("route") or content.get("action"),
        "supported": grounding.get("supported"),
        "score": grounding.get("score"),
        "cost_usd": (content.get("usage") or {}).get("cost_usd"),
        "erased": entry.erased,
        "hash": entry.hash,
        "content": {k: v for k, v in content.items() if k not in ("turn", "at")},
    }
    return [cell(values.get(name, content.get(name))) for name in _COLUMNS]


async def exported(
    trail: AuditTrail, wanted: Wanted, format_: Format, *, by: str
) -> AsyncIterator[str]:
    """The lines of an export, each with its end. First of all it is put on record."""
    head = await trail.head()
    asked = {
        f"wanted_{name}": str(value)  # the entry's own action and author are others
        for name in ("kind", "since", "until", "author", "action", "turn")
        if (value := getattr(wanted, name)) is not None
    }
    await trail.operator(EXPORTED, by, format=format_.value, entries_until=head.sequence, **asked)
    if format_ is Format.CSV:
        yield _line(list(_COLUMNS))
    async for entry in trail.each(wanted):
        if entry.sequence > head.sequence:
            return
        if format_ is Format.CSV:
            yield _line(row_of(entry))
        else:
            yield json.dumps(entry_json(entry), ensure_ascii=False, default=str) + "\n"


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
