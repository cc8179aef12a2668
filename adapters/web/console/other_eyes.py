"""What operators may choose from where they ask with other eyes than their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.web.auth.roles import Role

if TYPE_CHECKING:
    from fastapi import Request

    from adapters.trials import Choices
    from adapters.web.console.base import Console


async def choices_for(console: Console, request: Request) -> Choices:
    """What the operator who asks may choose from. People of ``[access.users]`` are for admins:
    that somebody is in a group says something about them."""
    found = await console.application.trials.choices()
    return found if console.operator(request).role is Role.ADMIN else found.without_people()
