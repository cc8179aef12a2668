"""The web server of a process that has one: pages, API and what platforms send over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import uvicorn

from adapters.assembly import Application
from adapters.chat.base import ChatService
from adapters.chat.desk import Desk
from adapters.entrance import access_of, sso_of, widget_of
from adapters.leaving import Leaving
from adapters.processes import Membership
from adapters.watch.stock import StockGauges
from adapters.web.app import create_app, create_intake
from adapters.web.connections import Connection
from adapters.web.limits import Rates
from bot.settings import Settings


class Left(Protocol):
    """How much of the time to stop is left, in seconds, and how much there is in all."""

    seconds: float

    def __call__(self) -> float: ...


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: one place decides when to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _rates(settings: Settings) -> Rates:
    limits, widget = settings.limits, settings.widget
    return Rates(
        limits.visitor,
        limits.address,
        limits.guesses,
        limits.api,
        widget_visitor=widget.visitor,
        widget_token=widget.token,
    )


def configured(
    app: Application,
    desk: Desk,
    chats: Mapping[str, ChatService],
    member: Membership,
    leaving: Leaving,
    time_left: Left,
    *,
    pages: bool,
) -> uvicorn.Config:
    """What is served and how; without ``pages`` only what platforms send, and the probes."""
    routes = [route for chat in chats.values() for route in chat.routes]

    def troubles() -> dict[str, str | None]:
        return {name: chat.trouble for name, chat in chats.items()}

    def remarks() -> dict[str, str | None]:
        full = {"limits": desk.trouble} if desk.trouble else {}
        app.metrics.machine.processes(len(member.known), len(member.differences))
        return {
            "model": app.metrics.machine.model_trouble,
            **member.remarks(),
            **leaving.remarks(),
            **full,
        }

    watched = [StockGauges(app, adapters=troubles)]
    return uvicorn.Config(
        create_app(
            app,
            rates=_rates(app.settings),
            routes=routes,
            chats=troubles,
            contact=app.settings.bot.contact,
            access=access_of(app.settings),
            sso=sso_of(app.settings),
            remarks=remarks,
            watched=watched,
            patience=time_left,
            places=app.settings.serve.places,
            widget=widget_of(app.settings),
            ahead=True,
        )
        if pages
        else create_intake(app, routes, chats=troubles, remarks=remarks, watched=watched),
        http=Connection,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=int(time_left.seconds),
        server_header=False,
        proxy_headers=bool(app.settings.web.trusted_proxies),
        forwarded_allow_ips=list(app.settings.web.trusted_proxies),
    )
