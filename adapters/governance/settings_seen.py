"""A change of the settings, noticed at the start: which parts of them, never what they say."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from bot.store.audit import Wanted

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.audit import AuditTrail

CHANGED = "settings changed"
BY = "system:start"


def digests_of(settings: Settings) -> dict[str, str]:
    """A digest of each part of the settings; secrets count as set or not set."""
    dumped: dict[str, Any] = settings.model_dump(mode="json")
    return {
        name: hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
        for name, value in sorted(dumped.items())
    }


async def note_settings(trail: AuditTrail, settings: Settings) -> tuple[str, ...]:
    """Put a change since the last start on record; the parts that changed, all the first time."""
    now = digests_of(settings)
    found = await trail.newest(1, wanted=Wanted(kind="operator", action=CHANGED))
    before: dict[str, str] = dict(found[0].content.get("parts", {})) if found else {}
    changed = tuple(n for n in sorted({*now, *before}) if now.get(n) != before.get(n))
    if changed:
        await trail.operator(CHANGED, BY, changed=list(changed), parts=now)
    return changed
