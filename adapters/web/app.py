"""The web server's application: chat, console, API, health and metrics in one FastAPI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import Protocol

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.routing import BaseRoute

from adapters.watch.gauges import Gauges
from adapters.web.answers import PLACES, Answers
from adapters.web.api import api_router
from adapters.web.auth.gate import SessionGate
from adapters.web.auth.refused import RefusedSignIns
from adapters.web.auth.sessions import Access, Sessions
from adapters.web.auth.sso import SingleSignOn
from adapters.web.chat import Chat, chat_router
from adapters.web.console.attention import Attention, Chats, attention_router
from adapters.web.console.base import Console
from adapters.web.console.rooms import console_router
from adapters.web.console.uploads import UPLOAD
from adapters.web.failures import tell_failures
from adapters.web.limits import Limits, Rates
from adapters.web.packing import PackedFiles, PackedPages
from adapters.web.pages import STATIC, Pages
from adapters.web.ports.application import Application
from adapters.web.reference import operations_of
from adapters.web.security import BodyLimit, HeadAsGet, SecurityHeaders
from adapters.web.tracing import TraceContext
from adapters.web.widget.gate import Widget, WidgetGate
from adapters.web.widget.routes import widget_routers
from bot.metrics import CONTENT_TYPE

_CONTACT = "an admin"
_PATIENCE_S = 30.0


class Refreshed(Protocol):
    """Gauges that are looked up when Prometheus asks."""

    async def refresh(self) -> None: ...
    async def aclose(self) -> None: ...


def create_app(
    application: Application,
    rates: Rates | None = None,
    *,
    routes: Sequence[BaseRoute] = (),
    chats: Chats = dict,
    contact: str = "",
    access: Access | None = None,
    sso: SingleSignOn | None = None,
    remarks: Chats = dict,
    watched: Sequence[Refreshed] = (),
    patience: Callable[[], float] = lambda: _PATIENCE_S,
    places: int = PLACES,
    widget: Widget | None = None,
    ahead: bool = False,
) -> FastAPI:
    """The ASGI application; closing it waits for answers that are on their way.

    ``rates`` bounds who has no token; by default as :mod:`adapters.web.limits` says. ``routes``
    are those of other adapters, ``chats`` tells how the chat platforms are, ``contact`` says in
    words whom to ask where the bot does not know, ``access`` and ``sso`` what opens the console
    besides its token. ``remarks`` tells of parts that keep nobody from asking, ``watched`` are more
    gauges; ``patience`` says how many seconds answers have left when it closes, ``places`` how many
    are worked on at once, ``widget`` the websites that have the chat in a corner. ``ahead``: the
    slowest rooms of the console are made ready as soon as an operator opens any.
    """
    limits = Limits(rates, observe=application.metrics.observe_limited)
    sessions = Sessions(application.console_token, limits, access)
    pages = Pages(application.persona.name)
    answers = Answers(application.engine, application.history, places)
    attention = Attention(application, chats, remarks=remarks)
    gauges = (Gauges(application.watch, application.metrics), *watched)
    pages.share(attention=attention, contact=contact or _CONTACT)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await answers.drain(patience())
        for each in (attention, *gauges):
            await each.aclose()
        await console.aclose()

    app = _described(application, lifespan)
    _fence(app, application, sessions, widget)
    chat = Chat(application, answers, sessions, pages)
    console = Console(application, sessions, pages, attention, sso, ahead=ahead)
    for router in (
        api_router(application, answers, sessions),
        chat_router(chat),
        *widget_routers(widget, chat, contact or _CONTACT),
        attention_router(attention, sessions, pages),
        console_router(console, [Depends(attention.refresh)]),
    ):
        # As they are: to include a router builds each of its routes again, at the first request.
        app.router.routes.extend(router.routes)
    app.mount("/static", PackedFiles(directory=STATIC), name="static")
    app.router.routes.extend(routes)
    _add_operations(app, application, attention, gauges, chats=chats, pages=True)
    _add_reference(app, pages)
    tell_failures(app, pages)
    return app


def _described(
    application: Application, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]
) -> FastAPI:
    """The application as its description at ``/api/openapi.json`` names it."""
    return FastAPI(
        title=f"{application.persona.name} API",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )


def _fence(
    app: FastAPI, application: Application, sessions: Sessions, widget: Widget | None
) -> None:
    """What stands before every page and endpoint; the last is the outermost."""
    app.add_middleware(SessionGate, sessions=sessions, ends=application.console_ends)
    app.add_middleware(RefusedSignIns, trail=application.audit)
    app.add_middleware(BodyLimit, streamed=frozenset({UPLOAD}))
    app.add_middleware(WidgetGate, widget=widget)
    for layer in (PackedPages, TraceContext, HeadAsGet, SecurityHeaders):
        app.add_middleware(layer)


def create_intake(
    application: Application,
    routes: Sequence[BaseRoute],
    *,
    chats: Chats = dict,
    remarks: Chats = dict,
    watched: Sequence[Refreshed] = (),
) -> FastAPI:
    """The ASGI application without pages and API: ``routes`` of other adapters, health, metrics."""
    gauges = (Gauges(application.watch, application.metrics), *watched)
    attention = Attention(application, chats, remarks=remarks)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await attention.aclose()
        for each in gauges:
            await each.aclose()

    app = FastAPI(
        title=application.persona.name,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(TraceContext)
    app.add_middleware(SecurityHeaders)
    app.router.routes.extend(routes)
    _add_operations(app, application, attention, gauges, chats=chats, pages=False)
    return app


def _add_operations(
    app: FastAPI,
    application: Application,
    attention: Attention,
    gauges: Sequence[Refreshed],
    *,
    chats: Chats,
    pages: bool,
) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Mapping[str, bool]:
        return {"ok": True}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        found, troubles = await attention.check()
        # A platform in trouble does not take the others, or the pages, out of service.
        platforms = {name: troubles.get(name) for name in chats()}
        no_way_in = not pages and platforms and all(platforms.values())
        if no_way_in:
            found = {**found, **platforms}
        missing = {part: sentence for part, sentence in found.items() if sentence is not None}
        body = {
            "ready": not missing,
            "not_ready": missing,
            "notes": {name: why for name, why in troubles.items() if why and name not in missing},
            "since": {
                part: since.isoformat(timespec="seconds")
                for part in sorted({*found, *troubles})
                if (since := attention.since(part)) is not None
            },
            "checked": sorted({*found, *troubles}),
        }
        status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
        return JSONResponse(body, status)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        await attention.refresh()
        application.metrics.machine.readiness(attention.standing())
        await asyncio.gather(*(each.refresh() for each in gauges))
        return Response(application.metrics.exposition(), media_type=CONTENT_TYPE)


def _add_reference(app: FastAPI, pages: Pages) -> None:
    @app.get("/api/docs", include_in_schema=False)
    async def reference(request: Request) -> Response:
        here = str(request.base_url).rstrip("/")
        return pages.render("reference.html", operations=operations_of(app.openapi()), here=here)
