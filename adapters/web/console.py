"""The console's first rooms: conversations, one turn's story, review, feedback, knowledge."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from adapters.web.advising import add_advice
from adapters.web.again import add_again
from adapters.web.attention import Attention
from adapters.web.auditing import add_audit
from adapters.web.auth import Operator, Sessions, SignInRequiredError
from adapters.web.conversations import add_conversations
from adapters.web.costs import add_costs
from adapters.web.datasets import add_datasets
from adapters.web.documents import add_documents
from adapters.web.first_run import add_first_run
from adapters.web.gaps import add_gaps
from adapters.web.gates import add_gates
from adapters.web.jobs import add_jobs
from adapters.web.knowing import add_knowledge
from adapters.web.models import add_models
from adapters.web.pages import Pages
from adapters.web.people import add_people
from adapters.web.persona import add_persona
from adapters.web.playground import add_playground
from adapters.web.ports import Application
from adapters.web.previewing import add_preview
from adapters.web.processes import add_processes
from adapters.web.reviewing import add_review
from adapters.web.roles import OPEN, Role, RoleError, least_role, without_forbidden_forms
from adapters.web.routing import add_routing
from adapters.web.scorecards import add_scorecards
from adapters.web.security import StaleFormError, own_forms_only
from adapters.web.settings_room import add_settings
from adapters.web.signing_in import add_sign_in
from adapters.web.sso import SingleSignOn
from adapters.web.suites import add_suites
from adapters.web.telling import add_story
from adapters.web.today import add_today
from adapters.web.training import add_training
from adapters.web.uploading import add_uploads
from adapters.web.watch import add_watch
from bot.store.acting import note_role

PAGE = 50


class Console:
    """What the console's routes share."""

    def __init__(
        self,
        application: Application,
        sessions: Sessions,
        pages: Pages,
        attention: Attention,
        sso: SingleSignOn | None = None,
    ) -> None:
        self.application = application
        self.sessions = sessions
        self.pages = pages
        self.attention = attention
        self.sso = sso

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

    def form(self, request: Request, csrf: str) -> Operator:
        """The operator who sent a form of ours; raises SignInRequiredError, StaleFormError."""
        operator = self.operator(request)
        if not self.sessions.csrf_holds(operator, csrf):
            raise StaleFormError
        return operator

    def render(self, request: Request, template: str, room: str, **values: Any) -> Response:
        """A console page for the operator who asks."""
        operator = self.operator(request)
        page = self.pages.render(template, room=room, operator=operator, **values)
        if operator.role is Role.ADMIN:
            return page
        html = without_forbidden_forms(bytes(page.body).decode(), operator.role)
        return HTMLResponse(html, page.status_code)


def console_router(console: Console) -> APIRouter:
    """All rooms of the console."""
    router = APIRouter(
        prefix="/console",
        include_in_schema=False,
        dependencies=[Depends(own_forms_only), Depends(console.guard)],
    )
    add_sign_in(router, console)
    add_today(router, console)
    add_conversations(router, console, PAGE)
    add_story(router, console)
    add_playground(router, console)
    add_again(router, console)
    add_review(router, console)
    _add_feedback(router, console)
    add_knowledge(router, console, PAGE)
    add_uploads(router, console)
    add_documents(router, console)
    add_preview(router, console, PAGE)
    add_gaps(router, console, PAGE)
    add_costs(router, console)
    add_watch(router, console)
    add_advice(router, console)
    add_routing(router, console)
    add_persona(router, console)
    add_datasets(router, console)
    add_training(router, console)
    add_gates(router, console)
    add_suites(router, console)
    add_scorecards(router, console, PAGE)
    add_models(router, console)
    add_audit(router, console)
    add_people(router, console)
    add_jobs(router, console, PAGE)
    add_processes(router, console)
    add_settings(router, console)
    add_first_run(router, console)
    return router


def _add_feedback(router: APIRouter, console: Console) -> None:
    @router.get("/feedback")
    async def feedback(
        request: Request, page: Annotated[int, Query(ge=1, le=100_000)] = 1
    ) -> Response:
        console.operator(request)
        found = await console.application.feedback.listing(PAGE + 1, (page - 1) * PAGE)
        return console.render(
            request,
            "console/feedback.html",
            "feedback",
            rated=found[:PAGE],
            page=page,
            older=len(found) > PAGE,
        )
