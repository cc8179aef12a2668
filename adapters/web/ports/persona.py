"""What the persona's room needs: fulfilled by ``adapters.teaching.persona``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.teaching.persona import Checked, Scored, Standing
from adapters.trials import Trial, Tried
from bot.conversation import Author
from persona.differing import Line
from persona.profile import Persona


class PersonaRoom(Protocol):
    """The persona in force, and one that is edited and tried. Nothing is stored."""

    async def standing(self) -> Standing: ...

    async def difference(self, before: str, after: str, /) -> Sequence[Line]:
        """From one kept version to another, line by line; raises NotFoundError."""
        ...

    async def check(self, text: str, /) -> Checked:
        """Look through a persona's text."""
        ...

    async def style(self, persona: Persona, text: str, /) -> Scored:
        """How well a text fits a persona."""
        ...

    async def say(self, text: str, trial: Trial, by: Author, /) -> Tried:
        """Ask a question of the persona that a text describes; raises UsageError."""
        ...

    def remark(self) -> str:
        """What keeps the voice from being heard; empty where nothing does."""
        ...
