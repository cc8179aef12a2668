"""The web server's application: chat, console, API, health and metrics in one FastAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.routing import BaseRoute
from starlette.types import Scope

from adapters.web.answers import Answers
from adapters.web.api import api_router
from adapters.web.attention import Attention, Chats, attention_router
from adapters.web.auth import Sessions
from adapters.web.chat import Chat, chat_router
from adapters.web.console import Console, console_router
from adapters.web.failures import tell_failures
from adapters.web.limits import Limits, Rates
from adapters.web.pages import STATIC, Pages
from adapters.web.ports import Application
from adapters.web.reference import operations_of
from adapters.web.security import BodyLimit, HeadAsGet, SecurityHeaders
from bot.metrics import CONTENT_TYPE

_CONTACT = "an admin"


def create_app(
    application: Application,
    rates: Rates | None = None,
    *,
    routes: Sequence[BaseRoute] = (),
    chats: Chats = dict,
    contact: str = "",
) -> FastAPI:
    """The ASGI application; closing it waits for answers that are on their way.

    ``rates`` bounds who has no token; by default as :mod:`adapters.web.limits` says. ``routes``
    are those of other adapters, ``chats`` tells how the chat platforms are, ``contact`` says in
    words whom to ask where the bot does not know.
    """
    sessions = Sessions(application.console_token, Limits(rates))
    pages = Pages(application.persona.name)
    answers = Answers(application.engine, application.history)
    attention = Attention(application, chats)
    pages.share(attention=attention, contact=contact or _CONTACT)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await answers.drain()
        await attention.aclose()

    app = FastAPI(
        title=f"{application.persona.name} API",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders)
    app.include_router(api_router(application, answers, sessions))
    app.include_router(chat_router(Chat(application, answers, sessions, pages)))
    app.include_router(attention_router(attention, sessions, pages))
    app.include_router(
        console_router(Console(application, sessions, pages)),
        dependencies=[Depends(attention.refresh)],
    )
    app.mount("/static", _Static(directory=STATIC), name="static")
    app.router.routes.extend(routes)
    _add_operations(app, application, attention, pages=True)
    _add_reference(app, pages)
    tell_failures(app, pages)
    return app


def create_intake(
    application: Application, routes: Sequence[BaseRoute], *, chats: Chats = dict
) -> FastAPI:
    """The ASGI application without pages and API: ``routes`` of other adapters, health, metrics."""
    app = FastAPI(title=application.persona.name, openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit)
    app.router.routes.extend(routes)
    _add_operations(app, application, Attention(application, chats), pages=False)
    return app


class _Static(StaticFiles):
    """Files whose address names their version may be kept for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=")
        kept = "public, max-age=31536000, immutable" if versioned else "public, max-age=300"
        response.headers["cache-control"] = kept
        return response


def _add_operations(
    app: FastAPI, application: Application, attention: Attention, *, pages: bool
) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Mapping[str, bool]:
        return {"ok": True}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        found, troubles = await attention.check()
        # A platform in trouble does not take the others, or the pages, out of service.
        no_way_in = not pages and troubles and all(troubles.values())
        if no_way_in:
            found = {**found, **troubles}
        missing = {part: sentence for part, sentence in found.items() if sentence is not None}
        body = {
            "ready": not missing,
            "not_ready": missing,
            "notes": {} if no_way_in else {name: why for name, why in troubles.items() if why},
            "checked": sorted({*found, *troubles}),
        }
        status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
        return JSONResponse(body, status)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(application.metrics.exposition(), media_type=CONTENT_TYPE)


def _add_reference(app: FastAPI, pages: Pages) -> None:
    @app.get("/api/docs", include_in_schema=False)
    async def reference(request: Request) -> Response:
        here = str(request.base_url).rstrip("/")
        return pages.render("reference.html", operations=operations_of(app.openapi()), here=here)
