"""In which role somebody acts: what the audit trail names beside the actor.

Whoever is at the terminal has the files and the settings, and so every right. In the console the
role is that of the session, which is checked before every route and noted here.
"""

from __future__ import annotations

ADMIN = "admin"
_MOST = 10_000

_noted: dict[str, str] = {}


def note_role(actor: str, role: str) -> None:
    """Remember the role in which somebody, a key like ``web:operator``, acts in this process."""
    if actor not in _noted and len(_noted) >= _MOST:
        del _noted[next(iter(_noted))]
    _noted[actor] = role


def role_of(actor: object) -> str:
    """The role of an actor; empty for a platform, a schedule, or a person in a chat."""
    if not isinstance(actor, str):
        return ""
    if actor.startswith("terminal:"):
        return ADMIN
    return _noted.get(actor, ADMIN if actor == "web:operator" else "")
