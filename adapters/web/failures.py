"""What went wrong, told in one sentence: as a page to people, as JSON to scripts."""

from __future__ import annotations

import logging
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from adapters.web.auth.roles import RoleError
from adapters.web.auth.sessions import SignInRequiredError
from adapters.web.limits import FullError, TooManyError
from adapters.web.pages import Pages, wants_page
from adapters.web.security import BodyTypeError, ForeignFormError, headers_for
from bot.errors import (
    KnowledgeError,
    ModelError,
    NotFoundError,
    StorageError,
    UsageError,
    WellspokenError,
)
from bot.store.rewrites import JudgedBeforeError

_log = logging.getLogger(__name__)

BROKEN = "Something went wrong on our side; try again in a moment."
_SENTENCES = {
    HTTPStatus.NOT_FOUND: "Nothing lives at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method.",
    HTTPStatus.BAD_REQUEST: "The body is not valid JSON.",
}
_LOGIN = "/console/login"
_LONGEST_QUERY = 1_500
"""Characters: single sign-on keeps the address in a cookie, which has 4 KB."""


_STATUSES = (
    (JudgedBeforeError, HTTPStatus.CONFLICT),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    ((ForeignFormError, RoleError), HTTPStatus.FORBIDDEN),
    (FullError, HTTPStatus.SERVICE_UNAVAILABLE),
    (TooManyError, HTTPStatus.TOO_MANY_REQUESTS),
    (BodyTypeError, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (UsageError, HTTPStatus.UNPROCESSABLE_ENTITY),
    ((StorageError, KnowledgeError, ModelError), HTTPStatus.SERVICE_UNAVAILABLE),
)
"""The first that fits counts."""

_FOR_VISITORS = (
    (ModelError, "The language model cannot be reached just now; try again in a moment."),
    (KnowledgeError, "The documents cannot be searched just now; try again in a moment."),
    (StorageError, "The conversation cannot be stored just now; try again in a moment."),
)


def sentence_of(error: Exception) -> str:
    """What to tell who holds the token: our own words, never those of a library."""
    return str(error) if isinstance(error, WellspokenError) else BROKEN


def sentence_for_visitors(error: Exception) -> str:
    """What to tell anybody: no path, address or setting of this server."""
    if isinstance(error, UsageError):
        return str(error)
    return next((told for kind, told in _FOR_VISITORS if isinstance(error, kind)), BROKEN)


def _within(request: Request, error: WellspokenError) -> str:
    """What to tell within the console, where an address is followed rather than typed."""
    followed = request.method == "GET" and wants_page(request)
    if followed and isinstance(error, NotFoundError) and {"kind", "id"} <= error.data.keys():
        kind, id_ = error.data["kind"], error.data["id"]
        return f"There is no {kind} “{id_}”: it was removed, or the address is not whole."
    return str(error)


def status_of(error: WellspokenError) -> HTTPStatus:
    """The status that fits one of our errors."""
    fits = (status for kind, status in _STATUSES if isinstance(error, kind))
    return next(fits, HTTPStatus.INTERNAL_SERVER_ERROR)


def headers_of(error: WellspokenError) -> dict[str, str]:
    """Headers that go with one of our errors."""
    return {"retry-after": str(error.retry_after)} if isinstance(error, TooManyError) else {}


def tell_failures(app: FastAPI, pages: Pages) -> None:
    """Answer every failure with a page or an object, never with a traceback."""

    def told(request: Request, status: int, sentence: str) -> Response:
        if wants_page(request):
            return pages.error(request, status, sentence)
        sentence = sentence.encode("utf-8", "replace").decode()
        return JSONResponse({"error": sentence}, status)

    @app.exception_handler(SignInRequiredError)
    async def sign_in(request: Request, _error: SignInRequiredError) -> RedirectResponse:
        return _sign_in_form(request)

    @app.exception_handler(RequestValidationError)
    async def unfit(request: Request, error: RequestValidationError) -> Response:
        return told(request, HTTPStatus.UNPROCESSABLE_ENTITY, _what_is_unfit(error))

    @app.exception_handler(WellspokenError)
    async def ours(request: Request, error: WellspokenError) -> Response:
        status = status_of(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("%s %s failed: %s", request.method, request.url.path, error)
        path = request.url.path
        inside = path.startswith(("/api/", "/console")) and not path.startswith("/api/widget/")
        sentence = _within(request, error) if inside else sentence_for_visitors(error)
        response = told(request, status, sentence)
        response.headers.update(headers_of(error))
        return response

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        response = told(
            request, error.status_code, _SENTENCES.get(HTTPStatus(error.status_code), error.detail)
        )
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def unexpected(request: Request, _error: Exception) -> Response:
        response = told(request, HTTPStatus.INTERNAL_SERVER_ERROR, BROKEN)
        response.headers.update(
            headers_for(request.url.scheme)
        )  # this handler stands outside the middleware
        return response


def _what_is_unfit(error: RequestValidationError) -> str:
    """One sentence on the first thing that is wrong; never what was sent."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return "The body is not valid JSON."
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    what = str(first["msg"]).removeprefix("Value error, ")
    if where == "body":
        return "The body must be a JSON object; /api/docs shows one."
    return f"{where.removeprefix('header.')}: {what[:1].lower()}{what[1:]}."


def _sign_in_form(request: Request) -> RedirectResponse:
    """Leads to the token form and back to where the operator wanted to go."""
    wanted = quote(request.url.path) if request.method == "GET" else "/console"
    query = request.url.query if request.method == "GET" else ""
    if query and len(query) <= _LONGEST_QUERY:
        wanted = f"{wanted}?{query}"
    address = _LOGIN if wanted == "/console" else f"{_LOGIN}?next={quote(wanted)}"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
