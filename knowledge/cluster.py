"""The workers of a Dask cluster as an executor: the one module that knows Dask.

The scheduler carries units as bytes and needs no Wellspoken; every worker needs the very same,
which is looked at before the first unit, and by each worker before each. Nothing is kept over
there: what has no result yet is read in by the next run.

Dask runs whatever it is sent, and its answers are unpickled here: a cluster belongs into a network
that is trusted, or behind TLS (``tls://``, certificates from Dask's own settings).
"""

from __future__ import annotations

import logging
import pickle
import socket
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from bot.errors import KnowledgeError, UsageError, WellspokenError
from bot.telemetry import log
from knowledge.remote import (
    OtherMakeError,
    RemoteExecutor,
    WorkerLostError,
    checked,
    differences,
    make,
    sealed,
)

_ANSWER_S = 10.0
_PATIENCE_S = 60.0
_LOOK_S = 1.0
_PORT = 8786


class ClusterAddressError(UsageError):
    """ "{address}" is no address of a Dask scheduler; write it like tcp://10.0.0.5:8786, or with
    tls:// where the cluster uses TLS."""


class ClusterMissingError(UsageError):
    """Reading in over machines needs Dask: pip install "wellspoken[cluster]", here and on every
    machine of the cluster."""


class ClusterUnavailableError(KnowledgeError):
    """No Dask scheduler can be used at {address} ({reason}); start one with "dask scheduler", or
    correct the address."""


class ClusterEmptyError(KnowledgeError):
    """The Dask scheduler at {address} has no workers; start some with "dask worker {address}".
    What was read in until now stays; run it again then."""


class ClusterLostError(KnowledgeError):
    """The Dask scheduler at {address} is gone; what was read in until now stays, and running it
    again goes on from there."""


class WorkerWithoutUsError(KnowledgeError):
    """The worker {worker} cannot run Wellspoken ({reason}); install the same "wellspoken[cluster]"
    there as here."""


class WorkerDiffersError(KnowledgeError):
    """The worker {worker} would read and embed differently: it has {differences}; install the same
    Wellspoken there as here."""


@contextmanager
def open_cluster(address: str, patience_s: float = _PATIENCE_S) -> Iterator[ClusterExecutor]:
    """The workers of the scheduler at ``address``, looked at. ``patience_s`` is how long a cluster
    may be without workers. Blocks; raises the errors of this module."""
    where = _checked_address(address)
    if find_spec("distributed") is None:
        raise ClusterMissingError
    _knock(where)
    client = _connected(where)
    try:
        _look_at_workers(client, where, min(patience_s, _ANSWER_S))
        executor = ClusterExecutor(client, where, patience_s)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
    finally:
        client.close(timeout=2)


class ClusterExecutor(RemoteExecutor):
    """Hands calls to a cluster by ``client``, which belongs to who made it."""

    def __init__(self, client: Any, address: str, patience_s: float) -> None:
        self._client = client
        self._address = address
        self._patience_s = patience_s
        self._units: dict[str, tuple[Any, Future[Any]]] = {}
        self._lock = threading.Lock()
        self._places: int = max(1, sum(client.nthreads().values()))
        self._over = threading.Event()
        client.subscribe_topic("all", self._heard)
        self._watch = threading.Thread(target=self._look, daemon=True, name="cluster-watch")
        self._watch.start()

    @property
    def places(self) -> int:
        """Threads of all workers, as of the last look."""
        return self._places

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a worker make a call. Raises WorkerLostError where the worker ends under it,
        ClusterLostError, ClusterEmptyError, and those about a worker that is made otherwise."""
        if kwargs:
            raise TypeError("units of work take no keywords")
        if self._over.is_set():
            raise RuntimeError("cannot schedule new futures after shutdown")
        outer: Future[Any] = Future()
        if self._client.status != "running":
            outer.set_exception(ClusterLostError(address=self._address))
            return outer
        key = f"{getattr(fn, '__name__', 'unit')}-{uuid.uuid4()}"
        # Unpickling makes the call, so that nothing but the worker needs our code.
        unit = sealed(checked, dict(make()), fn, *args)
        inner = self._client.submit(pickle.loads, unit, key=key, pure=False)
        with self._lock:
            self._units[key] = (inner, outer)
        inner.add_done_callback(self._settle)
        outer.add_done_callback(lambda done: self._forget(key) if done.cancelled() else None)
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Give up what is under way; the client stays open."""
        self._over.set()
        self._watch.join(timeout=5)
        for inner, outer in self._taken():
            outer.cancel()
            inner.release()

    def _settle(self, inner: Any) -> None:
        """Hand on what came of a unit; in Dask's own thread for that."""
        with self._lock:
            _, outer = self._units.pop(inner.key, (None, None))
        if outer is None:  # given up meanwhile
            return
        if inner.status == "finished":
            try:
                self._finish(outer, inner.result())
            except Exception as error:  # noqa: BLE001 - the result was lost on its way, or says so
                self._fail(outer, self._translated(error))
        elif inner.status == "error":
            self._fail(outer, self._translated(inner.exception()))
        else:
            self._fail(outer, ClusterLostError(address=self._address))
        inner.release()

    def _forget(self, key: str) -> None:
        with self._lock:
            inner, _ = self._units.pop(key, (None, None))
        if inner is not None:
            inner.release()

    def _taken(self, keys: Collection[str] | None = None) -> list[tuple[Any, Future[Any]]]:
        """Units that nobody follows any more: those of the keys, or all."""
        with self._lock:
            chosen = list(self._units) if keys is None else [k for k in keys if k in self._units]
            return [self._units.pop(key) for key in chosen]

    def _translated(self, error: BaseException) -> BaseException:
        if isinstance(error, OtherMakeError):
            said = differences(make(), error.args[0])
            return WorkerDiffersError(worker="of the cluster", differences=said)
        if isinstance(error, ImportError | AttributeError):
            return WorkerWithoutUsError(worker="of the cluster", reason=str(error))
        if type(error).__name__ == "KilledWorker":
            return WorkerLostError(str(error))
        return error

    def _finish(self, outer: Future[Any], result: object) -> None:
        if not outer.done() and outer.set_running_or_notify_cancel():
            outer.set_result(result)

    def _fail(self, outer: Future[Any], error: BaseException) -> None:
        if not outer.done() and outer.set_running_or_notify_cancel():
            outer.set_exception(error)

    def _heard(self, event: tuple[float, Any]) -> None:
        """A worker ended unasked: its units come back to who sent them, before they end another."""
        _, told = event
        if not isinstance(told, Mapping) or told.get("action") != "remove-worker":
            return
        if told.get("expected"):
            return
        units = self._taken(told.get("processing-tasks", ()))
        if units:
            log.warning(
                "a worker of the cluster ended", worker=told.get("worker"), under=len(units)
            )
        for inner, outer in units:
            self._fail(outer, WorkerLostError(str(told.get("worker"))))
            inner.release()

    def _look(self) -> None:
        """Give up units that nobody will ever do: the cluster has no workers any more."""
        alone_since: float | None = None
        while not self._over.wait(_LOOK_S):
            if self._client.status != "running":
                continue
            try:
                places = sum(self._client.nthreads().values())
            except Exception as error:  # noqa: BLE001 - the units are told by the client itself
                log.debug("the cluster could not be looked at", error=str(error))
                continue
            if places:
                self._places, alone_since = places, None
                continue
            alone_since = alone_since or time.monotonic()
            if time.monotonic() - alone_since >= self._patience_s:
                self._give_up(ClusterEmptyError(address=self._address))

    def _give_up(self, error: WellspokenError) -> None:
        for inner, outer in self._taken():
            self._fail(outer, error)
            inner.release()


def _checked_address(address: str) -> str:
    """Raises ClusterAddressError."""
    try:
        parts = urlsplit(address)
        port = parts.port or _PORT
    except ValueError as error:
        raise ClusterAddressError(address=address) from error
    if parts.scheme not in {"tcp", "tls"} or not parts.hostname or parts.path.strip("/"):
        raise ClusterAddressError(address=address)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def _knock(address: str) -> None:
    """Whether anybody listens: Dask's own client tries for all its time where nobody does. Raises
    ClusterUnavailableError."""
    parts = urlsplit(address)
    assert parts.hostname is not None and parts.port is not None, "checked before"
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=_ANSWER_S).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ClusterUnavailableError(address=address, reason=reason) from error


def _connected(address: str) -> Any:
    """A client of Dask's. Raises ClusterUnavailableError."""
    import warnings

    import dask
    import distributed

    # Units carry documents: what Dask calls large is what we mean to send. Its own words about a
    # cluster that is gone come with tracebacks; ours are one sentence.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    known = distributed.Security().get_connection_args("client")  # of Dask's own settings
    if address.startswith("tls:") and known.get("ssl_context") is None:
        reason = "Dask's settings name no certificates here; docs/knowledge.md shows how"
        raise ClusterUnavailableError(address=address, reason=reason)
    if address.startswith("tcp:") and known.get("require_encryption"):
        reason = "Dask's settings demand encryption: tls://"
        raise ClusterUnavailableError(address=address, reason=reason)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about versions: ours are compared below
            return distributed.Client(address, timeout=_ANSWER_S, set_as_default=False)
    except Exception as error:  # whatever Dask, Tornado or TLS raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ClusterUnavailableError(address=address, reason=reason[:200]) from error


def _look_at_workers(client: Any, address: str, seconds: float) -> None:
    """Raises ClusterEmptyError, WorkerWithoutUsError, WorkerDiffersError."""
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError as error:
        raise ClusterEmptyError(address=address) from error
    answers = client.run(pickle.loads, sealed(make), on_error="return")
    ours = make()
    for worker, answer in answers.items():
        if isinstance(answer, BaseException):
            reason = " ".join(str(answer).split())[:200] or type(answer).__name__
            raise WorkerWithoutUsError(worker=worker, reason=reason) from answer
        said = differences(ours, answer)
        if said:
            raise WorkerDiffersError(worker=worker, differences=said)
