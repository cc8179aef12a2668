"""The audit room of the console: the trail with its filters, one entry, the check, the export."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import StreamingResponse

from adapters.governance.exporting import Format
from adapters.web.auth.roles import Role
from adapters.web.console.audit_filter import KINDS, Asked
from adapters.web.zones import zone_of
from bot.errors import StorageError
from bot.store.audit import ERASURE, TURN, AuditEntry
from bot.store.audit_look import AuditLook

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_PAGE = 50
_CHECKING = "The trail is being checked just now; try again in a moment."
_TYPES = {Format.JSONL: "application/jsonl", Format.CSV: "text/csv; charset=utf-8"}


def summary(entry: AuditEntry) -> str:
    """An entry in a few words."""
    content = entry.content
    if entry.kind == ERASURE:
        return f"contents of {len(content.get('entries', {})):,} entries were replaced or erased"
    if entry.erased:
        return "its content was erased"
    if entry.kind == TURN:
        return f"{content.get('outcome', '')}, {content.get('route', '')}"
    subject = content.get("subject", "")
    return f"{content.get('action', '')} {subject}".strip()


def _hidden(entry: AuditEntry) -> frozenset[str]:
    """What only admins see: the settings' own room names people and places to them alone."""
    changed = entry.content.get("action") in ("setting changed", "setting taken back")
    return frozenset({"entry"}) if changed else frozenset()


def add_audit(router: APIRouter, console: Console) -> None:
    """The room."""
    _add_list(router, console)
    _add_entry(router, console)
    _add_deeds(router, console)


async def _room(
    request: Request, console: Console, asked: Asked, *, before: int | None = None, **more: object
) -> Response:
    found = AuditLook(())
    if not asked.wrong:
        found = await console.application.governance.entries(asked.wanted, _PAGE, before)
    older = asked.address(before=found.further) if found.further else ""
    values: dict[str, object] = {
        "entries": found.entries,
        "reached": found.reached,
        "asked": asked.form,
        "misread": bool(asked.wrong),
        "zone": zone_of(request)[1],
        "kinds": KINDS,
        "older": older,
        "newest": asked.address() if before is not None else "",
        "summary": summary,
        "checked": None,
        "wrong": asked.wrong,
        **more,
    }
    page = console.render(request, "console/audit.html", "audit", **values)
    if values["wrong"]:
        page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return page


def _add_list(router: APIRouter, console: Console) -> None:
    @router.get("/audit")
    async def audit(
        request: Request, before: Annotated[int | None, Query(ge=1, le=2**62)] = None
    ) -> Response:
        console.operator(request)
        asked = Asked.of(request.query_params, zone_of(request)[0])
        return await _room(request, console, asked, before=before)


def _add_entry(router: APIRouter, console: Console) -> None:
    @router.get("/audit/{sequence}")
    async def entry(request: Request, sequence: int) -> Response:
        admin = console.operator(request).role is Role.ADMIN
        found = await console.application.governance.entry(sequence)
        hidden = {"turn"} | (frozenset() if admin else _hidden(found))
        rows = [
            (name, _shown(value)) for name, value in found.content.items() if name not in hidden
        ]
        return console.render(
            request, "console/audit_entry.html", "audit", entry=found, rows=rows, summary=summary
        )


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=1)


async def _sent(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


def _add_deeds(router: APIRouter, console: Console) -> None:
    checking = asyncio.Lock()

    @router.post("/audit/verify")
    async def verify(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        console.form(request, csrf)
        wrong, asked = _CHECKING, Asked.of(await _sent(request), zone_of(request)[0])
        if not checking.locked():
            try:
                async with checking:
                    found = await console.application.governance.verify()
                return await _room(request, console, asked, checked=found)
            except StorageError as error:
                wrong = str(error)
        return await _room(request, console, asked, wrong=wrong)

    @router.post("/audit/export")
    async def export(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        operator = console.form(request, csrf)
        form = await _sent(request)
        chosen = Format.CSV if form.get("format") == Format.CSV.value else Format.JSONL
        asked = Asked.of(form, zone_of(request)[0])
        if asked.wrong:
            return await _room(request, console, asked)
        lines = console.application.governance.export(asked.wanted, chosen, by=operator.author.key)
        name = f"audit-{datetime.now(UTC):%Y-%m-%d}.{chosen.value}"
        return StreamingResponse(
            lines,
            media_type=_TYPES[chosen],
            headers={
                "content-disposition": f'attachment; filename="{name}"',
                "cache-control": "no-store",
            },
        )
