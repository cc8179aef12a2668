"""What the rooms of the console share: who asks, what they may, and how a page is made."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from adapters.web.auth.roles import OPEN, Role, RoleError, least_role, without_forbidden_forms
from adapters.web.auth.sessions import Operator, Sessions, SignInRequiredError
from adapters.web.auth.sso import SingleSignOn
from adapters.web.console.ahead import Ahead
from adapters.web.console.attention import Attention
from adapters.web.pages import Pages
from adapters.web.ports.application import Application
from adapters.web.security import StaleFormError
from bot.store.acting import note_role

PAGE = 50
"""Entries on a page of a list."""


class Console:
    """What the console's routes share."""

    def __init__(
        self,
        application: Application,
        sessions: Sessions,
        pages: Pages,
        attention: Attention,
        sso: SingleSignOn | None = None,
        *,
        ahead: bool = False,
    ) -> None:
        """``ahead``: the slowest rooms are made ready as soon as an operator opens any."""
        self.application = application
        self.sessions = sessions
        self.pages = pages
        self.attention = attention
        self.sso = sso
        self._ahead = Ahead(application, pages) if ahead else None

    def operator(self, request: Request) -> Operator:
        """The operator who asks; raises SignInRequiredError."""
        operator = self.sessions.operator(request)
        if operator is None:
            raise SignInRequiredError
        return operator

    async def guard(self, request: Request) -> None:
        """Stands before every route: raises SignInRequiredError, and RoleError for who may not.

        What a page shows is a courtesy; this is what counts."""
        route = f"{request.method} {request.scope['route'].path}"
        if route in OPEN:
            return
        operator, least = self.operator(request), least_role(route)
        if operator.role < least:
            raise RoleError(least, operator.role)
        note_role(operator.author.key, operator.role.word)  # the audit trail names it
        if self._ahead is not None:
            self._ahead.begin()

    def form(self, request: Request, csrf: str) -> Operator:
        """The operator who sent a form of ours; raises SignInRequiredError, StaleFormError."""
        operator = self.operator(request)
        if not self.sessions.csrf_holds(operator, csrf):
            raise StaleFormError
        return operator

    async def aclose(self) -> None:
        """End what is under way, and let go of who signs operators in."""
        if self._ahead is not None:
            await self._ahead.aclose()
        if self.sso is not None:
            await self.sso.provider.aclose()

    def render(self, request: Request, template: str, room: str, **values: Any) -> Response:
        """A console page for the operator who asks."""
        operator = self.operator(request)
        page = self.pages.render(template, room=room, operator=operator, **values)
        if operator.role is Role.ADMIN:
            return page
        html = without_forbidden_forms(bytes(page.body).decode(), operator.role)
        return HTMLResponse(html, page.status_code)
