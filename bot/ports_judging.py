"""What a check of claims may charge: a judge that is a model costs tokens, and may be down."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from bot.conversation import Usage


@runtime_checkable
class Judged(Protocol):
    """A :class:`bot.ports.GroundingCheck` that somebody else decides in.

    ``usage`` is what was charged since it was opened, ``notes`` say in words what went otherwise
    than usual.
    """

    @property
    def usage(self) -> Usage: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


def charged(check: object) -> tuple[Usage, tuple[str, ...]]:
    """What a check charged so far and what it has to say; nothing where nobody judges."""
    return (check.usage, check.notes) if isinstance(check, Judged) else (Usage(), ())
