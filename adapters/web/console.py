"""The console's first rooms: conversations, one turn's story, review, feedback, knowledge."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from adapters.web.advising import add_advice
from adapters.web.auth import Operator, Sessions, SignInRequiredError
from adapters.web.costs import add_costs
from adapters.web.datasets import add_datasets
from adapters.web.failures import headers_of
from adapters.web.gaps import add_gaps
from adapters.web.gates import add_gates
from adapters.web.knowing import add_knowledge
from adapters.web.limits import TooManyError
from adapters.web.models import add_models
from adapters.web.pages import Pages
from adapters.web.ports import Application
from adapters.web.reviewing import add_review
from adapters.web.routing import add_routing
from adapters.web.security import StaleFormError, own_forms_only
from adapters.web.telling import add_turns
from adapters.web.training import add_training

PAGE = 50
_LOGIN = "/console/login"
_WRONG = "That token does not open this console. Check it and try again."


class Console:
    """What the console's routes share."""

    def __init__(self, application: Application, sessions: Sessions, pages: Pages) -> None:
        self.application = application
        self.sessions = sessions
        self.pages = pages

    def operator(self, request: Request) -> Operator:
        """The operator who asks; raises SignInRequiredError."""
        operator = self.sessions.operator(request)
        if operator is None:
            raise SignInRequiredError
        return operator

    def form(self, request: Request, csrf: str) -> Operator:
        """The operator who sent a form of ours; raises SignInRequiredError, StaleFormError."""
        operator = self.operator(request)
        if not self.sessions.csrf_holds(operator, csrf):
            raise StaleFormError
        return operator

    def render(self, request: Request, template: str, room: str, **values: Any) -> Response:
        """A console page for the operator who asks."""
        operator = self.operator(request)
        return self.pages.render(template, room=room, operator=operator, **values)


def _inside_console(address: str) -> str:
    return address if address.startswith("/console") and "\\" not in address else "/console"


def console_router(console: Console) -> APIRouter:
    """All rooms of the console."""
    router = APIRouter(
        prefix="/console", include_in_schema=False, dependencies=[Depends(own_forms_only)]
    )
    _add_sign_in(router, console)
    add_turns(router, console, PAGE)
    add_review(router, console)
    _add_feedback(router, console)
    add_knowledge(router, console, PAGE)
    add_gaps(router, console, PAGE)
    add_costs(router, console)
    add_advice(router, console)
    add_routing(router, console)
    add_datasets(router, console)
    add_training(router, console)
    add_gates(router, console)
    add_models(router, console)
    return router


def _add_sign_in(router: APIRouter, console: Console) -> None:
    @router.get("/login")
    async def login_form(request: Request, next: str = "/console") -> Response:  # noqa: A002 - the address's word
        if console.sessions.operator(request):
            return RedirectResponse(_inside_console(next), HTTPStatus.SEE_OTHER)
        return console.pages.render("console/login.html", wanted=_inside_console(next), wrong="")

    @router.post("/login")
    async def login(
        request: Request,
        token: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/console",  # noqa: A002 - the address's word
    ) -> Response:
        wanted = _inside_console(next)
        try:
            right = console.sessions.opens(request, token.strip().encode("utf-8", "replace"))
        except TooManyError as error:
            told, status = str(error), HTTPStatus.TOO_MANY_REQUESTS
            form = console.pages.render("console/login.html", status, wanted=wanted, wrong=told)
            form.headers.update(headers_of(error))
            return form
        if not right:
            return console.pages.render(
                "console/login.html", HTTPStatus.UNAUTHORIZED, wanted=wanted, wrong=_WRONG
            )
        response = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
        console.sessions.open_console(request, response)
        return response

    @router.post("/logout")
    async def logout(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        console.form(request, csrf)
        response = RedirectResponse(_LOGIN, HTTPStatus.SEE_OTHER)
        console.sessions.close_console(response)
        return response


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
