"""The settings room: what is in force, and where it comes from. Nothing is changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from adapters.web.roles import Role

if TYPE_CHECKING:
    from adapters.web.console import Console


def add_settings(router: APIRouter, console: Console) -> None:
    """The room."""

    @router.get("/settings")
    async def settings(request: Request) -> Response:
        operator = console.operator(request)
        told = console.application.in_force
        parts = told.parts()
        return console.render(
            request,
            "console/settings.html",
            "settings",
            parts=parts,
            config=told.config,
            own=sum(entry.own for part in parts for entry in part.entries),
            all_of_it=operator.role is Role.ADMIN,
        )
