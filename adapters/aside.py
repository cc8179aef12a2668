"""Turns that nobody keeps: an engine that is measured or tried out has these for its store."""

from __future__ import annotations

from bot.conversation import Message, Principal, Turn


class Aside:
    """A store of turns that forgets each at once; a question brings its own history."""

    async def messages(
        self,
        thread: str,  # noqa: ARG002 - a port's
        principal: Principal,  # noqa: ARG002
        limit: int = 20,  # noqa: ARG002
    ) -> tuple[Message, ...]:
        return ()

    async def record(self, turn: Turn, key: str | None = None) -> None:
        """Let it go."""

    async def turn_for_key(self, key: str) -> Turn | None:  # noqa: ARG002 - a port's
        return None
