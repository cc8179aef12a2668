"""The gate's pages in the console: every run, and one run with the answers side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response

from adapters.web.console.called import operators_called
from adapters.web.console.gate_view import judged, ordered, paired, side_by_side

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_PAGE = 25
_CHANGED, _ALL = "changed", "all"


def add_gates(router: APIRouter, console: Console) -> None:
    """The room: its list, and a page for each run."""

    @router.get("/gates")
    async def gates(request: Request, version: str = "") -> Response:
        console.operator(request)
        runs = await console.application.gates.listing(version[:200])
        return console.render(
            request, "console/gates.html", "gates", runs=runs, version=version[:200]
        )

    @router.get("/gates/{gate}")
    async def gate(
        request: Request,
        gate: str,
        show: str = "",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> Response:
        console.operator(request)
        line, story = await console.application.gates.story(gate[:200])
        rows = ordered(story.rows) if story else []
        changed = [r for r in rows if r.change or r.candidate.unheld or r.candidate.error]
        chosen = show if show in (_CHANGED, _ALL) else (_CHANGED if changed else _ALL)
        shown = changed if chosen == _CHANGED else rows
        return console.render(
            request,
            "console/gate.html",
            "gates",
            line=line,
            called=await operators_called(console),
            story=story,
            judged=judged(story, story.worse) if story else [],
            plot=side_by_side(story) if story else None,
            pairs=[paired(row) for row in shown[(page - 1) * _PAGE : page * _PAGE]],
            show=chosen,
            counts={_CHANGED: len(changed), _ALL: len(rows)},
            page=page,
            pages=max(1, -(-len(shown) // _PAGE)),
        )
