"""What the web pages need to know of the gate: fulfilled by ``adapters.release.gate_records``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.release.gate_records import GateLine, Story


class Gates(Protocol):
    """Runs of the gate."""

    async def listing(self, version: str = "") -> Sequence[GateLine]:
        """Every run, or those of a version, the newest first."""
        ...

    async def story(self, gate: str, /) -> tuple[GateLine, Story | None]:
        """A run, with its answers where they are still there; raises NotFoundError."""
        ...
