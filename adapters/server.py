"""The long-running process: web server, chats and worker, started and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from adapters.assembly import Application, assemble
from adapters.chat.base import ChatService
from adapters.chat.desk import Desk
from adapters.connecting import chat_platforms, connect, needs_web_server
from adapters.gaps import gatherer_of
from adapters.syncing import schedule_of
from adapters.tuning import watcher_of as training_watch
from adapters.watching import watcher_of as canary_watch
from adapters.web.app import create_app, create_intake
from bot.conversation import Principal
from bot.errors import UsageError, WellspokenError
from bot.settings import Settings
from bot.telemetry import log
from knowledge.stores.base import SearchRequest

if TYPE_CHECKING:
    from knowledge.syncing import Schedule

_GRACE_S = 30
_IDLE_S = 1.0
_RETRY_S = 10.0


class PortTakenError(WellspokenError):
    """Port {port} of {host} is taken; stop the other program or choose another with --port."""


async def run_server(
    settings: Settings,
    *,
    host: str,
    port: int,
    parts: frozenset[str],
    sample: Path | None = None,
    suggestions: tuple[str, ...] = (),
) -> None:
    """Serve until SIGTERM or SIGINT; what is in flight then gets 30 s to finish."""
    platforms = chat_platforms(settings, parts)
    pages = "web" in parts
    listener = _listen(host, port) if pages or needs_web_server(settings, platforms) else None
    token_is_new = settings.console_token is None and not (settings.home / "console-token").exists()
    async with AsyncExitStack() as stack:
        if listener is not None:
            stack.enter_context(contextlib.closing(listener))
        app = await stack.enter_async_context(assemble(settings, suggestions=suggestions))
        stop = await stack.enter_async_context(_stop_signal())
        if sample is not None:
            await _read_sample(app, sample)
        desk = Desk(app)
        chats = [await stack.enter_async_context(connect(name, app, desk)) for name in platforms]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_load_index(app))
            hearing = [tasks.create_task(chat.run()) for chat in chats]
            schedule = schedule_of(app) if "worker" in parts else None
            jobs = _jobs(app, schedule) if schedule else ()
            working = [tasks.create_task(job) for job in jobs]
            if chats:
                working.append(tasks.create_task(desk.run()))
            if listener is not None:
                server = _Server(_uvicorn(app, dict(zip(platforms, chats, strict=True)), pages))
                web = tasks.create_task(server.serve(sockets=[listener]))
                if pages:
                    _announce(app, listener, token_is_new)
            await stop.wait()
            log.info("stopping")
            for task in hearing:  # nothing new is taken in while the rest comes to its end
                task.cancel()
            for task in working:
                task.cancel()
            if listener is not None:
                server.should_exit = True
                await web
    log.info("stopped")


def _jobs(app: Application, schedule: Schedule) -> tuple[Coroutine[Any, Any, None], ...]:
    """What the background worker does: sources, vectors, gaps, training rounds, canaries."""
    return (
        _work(app),
        schedule.run(),
        gatherer_of(app).run(),
        training_watch(app).run(),
        canary_watch(app).run(),
    )


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: one place decides when to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _uvicorn(app: Application, chats: Mapping[str, ChatService], pages: bool) -> uvicorn.Config:
    routes = [route for chat in chats.values() for route in chat.routes]

    def troubles() -> dict[str, str | None]:
        return {name: chat.trouble for name, chat in chats.items()}

    return uvicorn.Config(
        create_app(app, routes=routes, chats=troubles, contact=app.settings.bot.contact)
        if pages
        else create_intake(app, routes, chats=troubles),
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
        server_header=False,
        proxy_headers=bool(app.settings.web.trusted_proxies),
        forwarded_allow_ips=list(app.settings.web.trusted_proxies),
    )


def _listen(host: str, port: int) -> socket.socket:
    """Bind before anything else is started, so that a taken port is said at once."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise UsageError(f"--host {host} is no address of this machine.") from error
    listener = socket.socket(family, kind, proto)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        # Listening at once: of two processes that start together only one gets the port.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(host=host, port=port) from error
        raise UsageError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
    listener.setblocking(False)
    return listener


@asynccontextmanager
async def _stop_signal() -> AsyncIterator[asyncio.Event]:
    """Set by SIGTERM and SIGINT; a second SIGINT interrupts for good."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ask)
    try:
        yield stop
    finally:
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(name)


async def _read_sample(app: Application, folder: Path) -> None:
    from knowledge.sources.folder import FolderSource

    report = await app.ingestor.ingest(FolderSource(folder, name="sample"))
    log.info("sample knowledge", added=report.added, unchanged=report.unchanged)


async def _load_index(app: Application) -> None:
    """Search once, so that the first asker does not wait for the index to load."""
    try:
        await app.store.search(SearchRequest("hello", Principal(), k=1))
        settle_memory()
    except WellspokenError as error:
        log.warning("the index is not loaded yet", error=str(error))


def settle_memory() -> None:
    """Leave out of garbage rounds what was loaded for good: the index alone is a million objects,
    and looking through them again and again costs a tenth of each turn."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _work(app: Application) -> None:
    """The background worker: vectors follow the words."""
    while True:
        try:
            done = await app.ingestor.embed_waiting()
        except WellspokenError as error:
            log.warning("embedding will be tried again", error=str(error))
            await asyncio.sleep(_RETRY_S)
        else:
            if done:
                log.info("vectors added", chunks=done)
            await asyncio.sleep(_IDLE_S)


def _announce(app: Application, listener: socket.socket, token_is_new: bool) -> None:
    host, port = listener.getsockname()[:2]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - only compared
    address = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    lines = [f"{app.bot_name} is at {address}", f"The console is at {address}/console"]
    if token_is_new:
        lines.append(f"Its token, made just now and shown this once: {app.console_token}")
    elif app.settings.console_token is None:
        lines.append(f"Its token is in {app.settings.home / 'console-token'}")
    lines.append("Ctrl-C stops it")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
