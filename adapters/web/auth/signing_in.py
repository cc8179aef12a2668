"""The doors of the console: a token, single sign-on, and the way out."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.web.auth.oidc import ProviderDownError, SignInError
from adapters.web.auth.sessions import Identity
from adapters.web.auth.sso import NotListedError, forget_begun, is_inside, keep_begun
from adapters.web.failures import headers_of
from adapters.web.limits import TooManyError
from bot.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from adapters.web.auth.sso import SingleSignOn
    from adapters.web.console.base import Console

_LOGIN = "/console/login"
_WRONG = "That token does not open this console. Check it and try again."
_STATUSES = (
    (TooManyError, HTTPStatus.TOO_MANY_REQUESTS),
    (ProviderDownError, HTTPStatus.SERVICE_UNAVAILABLE),
    (NotListedError, HTTPStatus.FORBIDDEN),
    (SignInError, HTTPStatus.UNAUTHORIZED),
)
"""The first that fits counts."""


def _inside_console(address: str) -> str:
    return address if is_inside(address) else "/console"


def add_sign_in(router: APIRouter, console: Console) -> None:
    """The routes; those of single sign-on are there whether it is set up or not."""
    _add_token(router, console)
    _add_sso(router, console)
    _add_way_out(router, console)


def _form(
    console: Console, status: int = HTTPStatus.OK, *, wanted: str = "/console", wrong: str = ""
) -> Response:
    return console.pages.render(
        "console/login.html", status, wanted=wanted, wrong=wrong, sso=console.sso is not None
    )


def _refused(console: Console, error: UsageError, wanted: str = "/console") -> Response:
    """The form again, with what went wrong in a sentence."""
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    form = _form(console, status, wanted=wanted, wrong=str(error))
    form.headers.update(headers_of(error))
    return form


async def _let_in(
    request: Request, response: Response, console: Console, identity: Identity
) -> None:
    """A new session in place of the one that this browser had; the trail says who came, and how."""
    before = console.sessions.operator(request)
    if before is not None:
        await console.application.console_ends.end_session(before.session)
    await console.application.audit.operator(
        "console opened",
        identity.author.key,
        name=identity.author.name,
        role=identity.role.word,
        how=identity.how,
    )
    console.sessions.open_console(request, response, identity)


def _add_token(router: APIRouter, console: Console) -> None:
    @router.get("/login")
    async def login_form(request: Request, next: str = "/console") -> Response:  # noqa: A002 - the address's word
        if console.sessions.operator(request):
            return RedirectResponse(_inside_console(next), HTTPStatus.SEE_OTHER)
        return _form(console, wanted=_inside_console(next))

    @router.post("/login")
    async def login(
        request: Request,
        token: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/console",  # noqa: A002 - the address's word
    ) -> Response:
        wanted = _inside_console(next)
        try:
            identity = console.sessions.opens(request, token.strip().encode("utf-8", "replace"))
        except TooManyError as error:
            return _refused(console, error, wanted)
        if identity is None:
            return _form(console, HTTPStatus.UNAUTHORIZED, wanted=wanted, wrong=_WRONG)
        response = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
        await _let_in(request, response, console, identity)
        return response


def _add_sso(router: APIRouter, console: Console) -> None:
    @router.get("/sso")
    async def begin(request: Request, next: str = "/console") -> Response:  # noqa: A002 - the address's word
        wanted = _inside_console(next)
        try:
            address, begun = await _sso(console).begin(request, console.sessions, wanted)
        except SignInError as error:
            return _refused(console, error, wanted)
        response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
        keep_begun(request, response, begun)
        return response

    @router.get("/sso/callback")
    async def back(request: Request) -> Response:
        ends = console.application.console_ends
        response: Response
        try:
            identity, wanted = await _sso(console).finish(request, console.sessions, ends)
        except (SignInError, TooManyError) as error:
            response = _refused(console, error)
            if not isinstance(error, TooManyError | ProviderDownError):
                console.sessions.limits.guessed(request, b"", right=False, script=False)
        else:
            # A page and no redirect: the provider's site led here, and a browser sends the
            # session's cookie only where our own page leads on.
            response = console.pages.render("console/signed_in.html", wanted=wanted)
            await _let_in(request, response, console, identity)
        forget_begun(response)
        return response


def _sso(console: Console) -> SingleSignOn:
    if console.sso is None:
        raise NotFoundError(kind="sign-in service", id="sso")
    return console.sso


def _add_way_out(router: APIRouter, console: Console) -> None:
    @router.post("/logout")
    async def logout(
        request: Request,
        everywhere: Annotated[str, Form(max_length=10)] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        ends, key = console.application.console_ends, operator.author.key
        await ends.end_session(operator.session)
        if everywhere:
            await ends.end_all(key)
        done = "console closed everywhere" if everywhere else "console closed"
        await console.application.audit.operator(done, key)
        response = RedirectResponse(_LOGIN, HTTPStatus.SEE_OTHER)
        console.sessions.close_console(response)
        return response
