"""The page of the console about processes: which serve, and in what they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from adapters.settings_desk import told
from bot.store.processes import CLOCK_S, differences

if TYPE_CHECKING:
    from adapters.web.console.base import Console


def add_processes(router: APIRouter, console: Console) -> None:
    @router.get("/processes")
    async def processes(request: Request) -> Response:
        console.operator(request)
        found = await console.application.processes.listing()
        return console.render(
            request,
            "console/processes.html",
            "processes",
            within="watch",
            processes=found,
            differences=differences(found),
            most_off=CLOCK_S,
            changed=told(await console.application.in_force.changed()),
        )
