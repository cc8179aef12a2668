"""What people call whoever did something: operators by their names, others as well as is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from adapters.gap_owners import TERMINAL
from adapters.web.pages import who

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_CONSOLE = "web:"
"""Before the keys of all who act in the console."""


async def operators_called(console: Console) -> Callable[[str], str]:
    """The name of each key: of an operator who is known, else the key in words."""
    owners = await console.application.gaps.owners.known()
    names = {owner.key: owner.name for owner in owners} | {TERMINAL.key: TERMINAL.name}

    def called(key: str) -> str:
        return names.get(key) or who(key.removeprefix(_CONSOLE))

    return called
