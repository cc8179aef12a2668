"""The web server's application: chat, console, API, health and metrics in one FastAPI."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.types import Scope

from adapters.web.answers import Answers
from adapters.web.api import BROKEN, api_router
from adapters.web.auth import Sessions
from adapters.web.chat import Chat, chat_router
from adapters.web.console import Console, SignInRequiredError, console_router, sign_in_form
from adapters.web.pages import STATIC, Pages, wants_page
from adapters.web.ports import Application
from adapters.web.reference import operations_of
from adapters.web.security import HEADERS, BodyLimit, ForeignFormError, SecurityHeaders
from bot.errors import (
    DatabaseUnavailableError,
    DiskFullError,
    ModelError,
    NotFoundError,
    StoreUnavailableError,
    UsageError,
    WellspokenError,
)
from bot.metrics import CONTENT_TYPE

_log = logging.getLogger(__name__)
_SENTENCES = {
    HTTPStatus.NOT_FOUND: "Nothing lives at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method.",
    HTTPStatus.BAD_REQUEST: "The body is not valid JSON.",
}


def create_app(application: Application) -> FastAPI:
    """The ASGI application; closing it waits for answers that are on their way."""
    sessions = Sessions(application.console_token)
    pages = Pages(application.persona.name)
    answers = Answers(application.engine)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await answers.drain()

    app = FastAPI(
        title=f"{application.persona.name} API",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.include_router(api_router(application, answers, sessions))
    app.include_router(chat_router(Chat(application, answers, sessions, pages)))
    app.include_router(console_router(Console(application, sessions, pages)))
    app.mount("/static", _Static(directory=STATIC), name="static")
    _add_operations(app, application, pages)
    _add_errors(app, pages)
    return app


class _Static(StaticFiles):
    """Files whose address names their version may be kept for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=")
        kept = "public, max-age=31536000, immutable" if versioned else "public, max-age=300"
        response.headers["cache-control"] = kept
        return response


def _add_operations(app: FastAPI, application: Application, pages: Pages) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Mapping[str, bool]:
        return {"ok": True}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        try:
            found = await application.readiness()
        except WellspokenError as error:
            found = {"application": str(error)}
        missing = {part: sentence for part, sentence in found.items() if sentence is not None}
        body = {"ready": not missing, "not_ready": missing, "checked": sorted(found)}
        status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
        return JSONResponse(body, status)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(application.metrics.exposition(), media_type=CONTENT_TYPE)

    @app.get("/api/docs", include_in_schema=False)
    async def reference() -> Response:
        return pages.render("reference.html", operations=operations_of(app.openapi()))


def _status_of(error: WellspokenError) -> HTTPStatus:
    if isinstance(error, NotFoundError):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, ForeignFormError):
        return HTTPStatus.FORBIDDEN
    if isinstance(error, UsageError):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    known = (DatabaseUnavailableError, DiskFullError, StoreUnavailableError, ModelError)
    return (
        HTTPStatus.SERVICE_UNAVAILABLE
        if isinstance(error, known)
        else HTTPStatus.INTERNAL_SERVER_ERROR
    )


def _add_errors(app: FastAPI, pages: Pages) -> None:
    def told(request: Request, status: int, sentence: str) -> Response:
        if wants_page(request):
            return pages.error(request, status, sentence)
        sentence = sentence.encode("utf-8", "replace").decode()
        return JSONResponse({"error": sentence}, status)

    @app.exception_handler(SignInRequiredError)
    async def sign_in(request: Request, _error: SignInRequiredError) -> RedirectResponse:
        return sign_in_form(request)

    @app.exception_handler(RequestValidationError)
    async def unfit(request: Request, error: RequestValidationError) -> Response:
        return told(request, HTTPStatus.UNPROCESSABLE_ENTITY, _what_is_unfit(error))

    @app.exception_handler(WellspokenError)
    async def ours(request: Request, error: WellspokenError) -> Response:
        status = _status_of(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return told(request, status, str(error))

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
        response.headers.update(HEADERS)  # this handler stands outside the middleware
        return response


def _what_is_unfit(error: RequestValidationError) -> str:
    """One sentence on the first thing that is wrong; never what was sent."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return "The body is not valid JSON."
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    what = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {what[:1].lower()}{what[1:]}."
