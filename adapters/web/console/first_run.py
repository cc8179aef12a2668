"""The first run: from an empty console to the first answer, each step checked."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from adapters.first_steps import Step, is_done, is_waiting
from bot.errors import ConfigurationError, MissingFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.web.console.base import Console

_FRESH_S = 10.0


class _Checked:
    """Steps that were checked by asking others: once at a time, and not again at once."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._at = -_FRESH_S
        self._steps: Sequence[Step] = ()

    async def steps(self, console: Console) -> Sequence[Step]:
        async with self._lock:
            if time.monotonic() - self._at >= _FRESH_S:
                self._steps = await console.application.first_run.steps(live=True)
                self._at = time.monotonic()
            return self._steps


def add_first_run(router: APIRouter, console: Console) -> None:
    """The page, and its steps alone for the script that waits for others' answers."""
    checked = _Checked()

    @router.get("/first-run")
    async def first_run(request: Request, check: str = "") -> Response:
        console.operator(request)
        return await shown(request, "console/first_run.html", live=bool(check))

    @router.get("/first-run/steps")
    async def steps(request: Request) -> Response:
        console.operator(request)
        return await shown(request, "console/_steps.html", live=True)

    async def shown(request: Request, template: str, *, live: bool) -> Response:
        wrong, found = "", tuple[Step, ...]()
        try:
            if live:
                found = tuple(await checked.steps(console))
            else:
                found = tuple(await console.application.first_run.steps(live=False))
        except (ConfigurationError, MissingFileError) as error:
            wrong = str(error)
        return console.render(
            request,
            template,
            "settings",
            steps=found,
            wrong=wrong,
            waiting=is_waiting(found),
            done=is_done(found) and not wrong,
        )
