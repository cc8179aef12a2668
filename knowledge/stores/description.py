"""What a collection says about itself, in its description: for what it was built, and by whom."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from bot.errors import CollectionForeignError, CollectionNewerError
from bot.telemetry import log
from knowledge.stores import analysis
from knowledge.stores.shelf import IndexSpec

FORMAT = 1
"""Goes up with every change of the objects that this program cannot read without a new index."""

_MARK = "wellspoken"


@dataclass(frozen=True, slots=True)
class Described:
    """What a collection says about itself."""

    spec: IndexSpec
    built_at: datetime


def description(spec: IndexSpec, built_at: datetime) -> str:
    """What a new collection says about itself."""
    return json.dumps(
        {
            _MARK: FORMAT,
            "analysis": analysis.VERSION,
            "model": spec.model,
            "dimensions": spec.dimensions,
            "chunking": spec.chunking,
            "built_at": built_at.isoformat(),
        }
    )


def checked(name: str, said: str, *, warn: bool = False) -> Described:
    """A collection's description, read. Raises CollectionForeignError, CollectionNewerError."""
    try:
        found = json.loads(said)
        version, words = int(found[_MARK]), int(found["analysis"])
    except (ValueError, KeyError, TypeError):
        raise CollectionForeignError(name=name, reason="its description is not ours") from None
    if version > FORMAT or words > analysis.VERSION:
        raise CollectionNewerError(name=name, found=f"format {version}.{words}")
    if warn and words < analysis.VERSION:
        log.warning(
            "the index was built for other words; build it anew with `wellspoken knowledge"
            " reindex`",
            index=name,
        )
    try:
        return Described(
            IndexSpec(str(found["model"]), int(found["dimensions"]), int(found["chunking"])),
            datetime.fromisoformat(found["built_at"]),
        )
    except (ValueError, KeyError, TypeError):
        raise CollectionForeignError(name=name, reason="its description is broken") from None
