"""The long-running process: web server, chats and worker, started and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.assembly import Application, assemble
from adapters.chat.desk import Desk
from adapters.connecting import chat_platforms, connect, needs_web_server
from adapters.governance.settings_seen import note_settings
from adapters.leaving import Leaving
from adapters.processes import membership
from adapters.tracing import open_tracing
from adapters.watch.stock import watch_lag
from bot.conversation import Principal
from bot.errors import UsageError, WellspokenError
from bot.settings import Settings
from bot.telemetry import log
from knowledge.stores.base import SearchRequest

_HAND_BACK_S = 5.0
"""Of the time to stop: what is left to hand back what did not come to its end."""
_LEAST_S = 1.0
_BEFORE_S = 0.3
"""What those who wait in chats since the process was last there are ahead of all else."""
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
    """Serve until SIGTERM or SIGINT; what is in flight then gets the time of ``[serve] drain``."""
    platforms = chat_platforms(settings, parts)
    pages = "web" in parts
    served = (host, port) if pages or needs_web_server(settings, platforms) else None
    at = served or settings.serve.metrics_at
    listener = _listen(*at) if at is not None else None
    token_is_new = settings.console_token is None and not (settings.home / "console-token").exists()
    async with AsyncExitStack() as stack:
        if listener is not None:
            stack.enter_context(contextlib.closing(listener))
        await stack.enter_async_context(open_tracing(settings))
        app = await stack.enter_async_context(assemble(settings, suggestions=suggestions))
        stop = await stack.enter_async_context(_stop_signal())
        await note_settings(app.audit, settings)
        if sample is not None:
            await _read_sample(app, sample)
        member = await stack.enter_async_context(membership(app, parts))
        time_left = TimeLeft(settings.serve.drain.total_seconds())
        desk = Desk(app, finish_s=time_left.seconds - _HAND_BACK_S)
        chats = [await stack.enter_async_context(connect(name, app, desk)) for name in platforms]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_load_index(app))
            lag = tasks.create_task(watch_lag(app.metrics))
            leaving = Leaving(app.database, stop)
            looking = tasks.create_task(leaving.run())
            working = [tasks.create_task(desk.run())] if chats else []
            hearing = [tasks.create_task(chat.run()) for chat in chats]
            if chats:  # they begin; what follows loads more of the program
                await asyncio.sleep(_BEFORE_S)
            jobs = _jobs(app) if "worker" in parts else ()
            working += [tasks.create_task(job) for job in jobs]
            if listener is not None:
                from adapters.listening import Server, configured

                services = dict(zip(platforms, chats, strict=True))
                server = Server(
                    configured(app, desk, services, member, leaving, time_left, pages=pages)
                )
                web = tasks.create_task(server.serve(sockets=[listener]))
                if pages:
                    _announce(app, listener, token_is_new)
            await stop.wait()
            time_left.begin()
            log.info("stopping")
            for task in (lag, looking, *hearing, *working):  # nothing new is taken in, then begun
                task.cancel()
            if listener is not None:
                server.should_exit = True
                await web
    log.info("stopped")
    leaving.tell()


def _jobs(app: Application) -> tuple[Coroutine[Any, Any, None], ...]:
    """What the background worker does: jobs (sources, gaps, what is too old), vectors, training
    rounds, canaries, anchors of the audit trail, and the watch over live turns."""
    # Loaded here, once those who wait for an answer are looked after.
    from adapters.governance.anchors import Anchorer
    from adapters.jobs.kinds import working as working_on_jobs
    from adapters.release.watching import watcher_of as canary_watch
    from adapters.teaching.tuning import watcher_of as training_watch
    from adapters.watch.tending import tender_of

    long_work = working_on_jobs(app)  # first of all: it says what is wrong with the sources
    return (
        *long_work,
        _work(app),
        training_watch(app).run(),
        canary_watch(app).run(),
        Anchorer(app).run(),
        tender_of(app).run(),
    )


class TimeLeft:
    """How much of the time to stop is left, in seconds, by a clock that never goes back."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._now = now
        self._until: float | None = None

    def begin(self) -> None:
        """The process was told to stop."""
        self._until = self._now() + self.seconds

    def __call__(self) -> float:
        if self._until is None:
            return self.seconds
        return max(_LEAST_S, self._until - self._now())


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
