"""The settings room: what is in force, and where it comes from.

Admins change channels and rights there, entry by entry; all else is the file's.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.in_force import NOT_SET, SET, Entry, Part, anchor_of
from adapters.trials import audience_of
from adapters.web.auth.roles import Role
from adapters.web.failures import headers_of, sentence_of, status_of
from adapters.web.texts import checked
from bot.errors import WellspokenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.settings_desk import EntryNow
    from adapters.web.console.base import Console

_ENTRY = "/console/settings/entry"
_LONGEST_NAME = 300
_LONGEST_VALUE = 30_000
_GROUPS_SHOWN = 60


def entry_url(table: str, name: str = "", **more: str) -> str:
    """The page of an entry, or of one that is still to be made."""
    return f"{_ENTRY}?{urlencode({'table': table, **({'name': name} if name else {}), **more})}"


def _for_others(parts: Sequence[Part]) -> list[Part]:
    """What those see who are no admins: no name of a place, a person or their groups."""
    return [_counted(part) if part.table else part for part in parts]


def _counted(part: Part) -> Part:
    told = SET if part.entries else NOT_SET
    line = Entry(part.title, "", told, "", own=bool(part.entries), sensitive=True)
    return Part(part.title, part.anchor, (line,), about=part.about)


def add_settings(router: APIRouter, console: Console) -> None:
    """The room."""

    @router.get("/settings")
    async def settings(request: Request) -> Response:
        operator = console.operator(request)
        told = console.application.in_force
        parts = await told.parts()
        admin = operator.role is Role.ADMIN
        return console.render(
            request,
            "console/settings.html",
            "settings",
            parts=parts if admin else _for_others(parts),
            config=told.config,
            own=sum(entry.own for part in parts for entry in part.entries),
            changed=len(await told.changed()),
            all_of_it=admin,
            entry_url=entry_url,
        )

    _add_entry(router, console)


def _add_entry(router: APIRouter, console: Console) -> None:
    @router.get("/settings/entry")
    async def entry(request: Request, table: str = "", name: str = "", done: str = "") -> Response:
        console.operator(request)
        where = checked(name, "name", _LONGEST_NAME)
        found = await console.application.in_force.entry(table, where)
        return await _page(console, request, found, done=done if found.change else "")

    @router.post("/settings/entry")
    async def change(
        request: Request,
        table: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        named: Annotated[str, Form()] = "",
        groups: Annotated[str, Form()] = "",
        seen: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        desk = console.application.in_force
        name, named = checked(name, "name", _LONGEST_NAME), checked(named, "name", _LONGEST_NAME)
        found = await desk.entry(table, name)
        value: Any = _lines(groups)
        if found.options:
            form = await request.form()
            typed = {o.name: str(form.get(o.name) or "").strip() for o in found.options}
            value = {option: text for option, text in typed.items() if text}
        try:
            checked(str(value), "entry", _LONGEST_VALUE)
            put = await desk.change(
                table, name or named, value, by=operator.author, seen=seen, new=not name
            )
        except WellspokenError as error:
            return await _page(console, request, found, typed=value, named=named, failure=error)
        return _to(entry_url(table, put, done="saved"))

    @router.post("/settings/entry/back")
    async def back(
        request: Request,
        table: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        seen: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        desk = console.application.in_force
        where = checked(name, "name", _LONGEST_NAME)
        found = await desk.entry(table, where)
        try:
            await desk.take_back(table, where, by=operator.author, seen=seen)
        except WellspokenError as error:
            return await _page(console, request, found, failure=error)
        return _to(f"/console/settings#{anchor_of(f'[{table}]')}")


def _lines(text: str) -> list[str]:
    """Groups as typed, one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _to(address: str) -> Response:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


async def _page(
    console: Console,
    request: Request,
    found: EntryNow,
    *,
    typed: Any = None,
    named: str = "",
    done: str = "",
    failure: WellspokenError | None = None,
) -> Response:
    groups = await console.application.ledger.groups() if found.table.is_of_groups else []
    page = console.render(
        request,
        "console/settings_entry.html",
        "settings",
        entry=found,
        typed=(found.value or ({} if found.options else [])) if typed is None else typed,
        named=named,
        known_groups=groups[:_GROUPS_SHOWN],
        audience=audience_of(found.table.name, found.name),
        anchor=anchor_of(f"[{found.table.name}]"),
        done=done,
        failure=sentence_of(failure) if failure else "",
    )
    if failure is not None:
        page.status_code = status_of(failure)
        page.headers.update(headers_of(failure))
    return page
