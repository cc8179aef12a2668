"""What the machinery does: models, database, stores, queue, connections, the process itself.

Labels come from short closed lists: a part, an outcome, a class of error, a model that is set.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from bot.tracing import Value

_CALL_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_MODEL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_MODEL_FAILURES = 3
_LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits: how many messages, or jobs, wait and are worked on, and for how many seconds the
    oldest has."""

    waiting: int = 0
    running: int = 0
    oldest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Stock:
    """How much is stored; ``None``: that is not known here."""

    documents: int | None = None
    chunks: int | None = None
    without_vector: int | None = None
    database_bytes: int | None = None
    index_bytes: int | None = None


class _Calls:
    """Calls of models and stores."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def times(
            name: str, text: str, *labels: str, buckets: Sequence[float] = _CALL_BUCKETS
        ) -> Histogram:
            return Histogram(name, text, labels, buckets=buckets, registry=registry)

        def count(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        self.database = times(
            "wellspoken_database_seconds",
            "Time of one operation of the database, the wait for a connection included.",
            "kind",
            "outcome",
        )
        self.search = times(
            "wellspoken_store_search_seconds",
            "Time of one search in the knowledge store.",
            "store",
            "outcome",
        )
        self.model = times(
            "wellspoken_model_seconds",
            "Time of one answer of a model, from the request to its end, by kind of fault or ok.",
            "outcome",
            buckets=_MODEL_BUCKETS,
        )
        self.model_faults = count(
            "wellspoken_model_faults",
            "Failed attempts at the model server by kind of fault, and whether another followed.",
            "kind",
            "again",
        )
        self.step_downs = count(
            "wellspoken_model_errors",
            "Answers that a model did not give, by kind of fault and its rung of the ladder.",
            "kind",
            "rung",
        )
        self.events = count(
            "wellspoken_events",
            "Events of the inbox that were worked on: done, tried again later, or given up.",
            "outcome",
        )


class _Standing:
    """How things stand, looked at when Prometheus asks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, labels, registry=registry)

        self.queue = gauge(
            "wellspoken_queue_depth", "Messages taken in and not yet answered, in all processes."
        )
        self.queued = gauge(
            "wellspoken_queued",
            "What waits or is worked on, in all processes, by queue and status.",
            "queue",
            "status",
        )
        self.oldest = gauge(
            "wellspoken_queue_oldest_seconds", "Age of what waits for longest, by queue.", "queue"
        )
        self.documents = gauge("wellspoken_documents", "Documents in the knowledge base.")
        self.chunks = gauge(
            "wellspoken_chunks", "Chunks in the knowledge base: all, and those without vector.",
            "state",
        )  # fmt: skip
        self.bytes = gauge(
            "wellspoken_stored_bytes", "Room that database and embedded index take.", "what"
        )
        self.pool = gauge(
            "wellspoken_database_connections",
            "Connections to the database: open at most, and in use now.",
            "state",
        )
        self.connected = gauge(
            "wellspoken_adapter_connected",
            "Whether a chat platform can be heard and answered (1) or not (0).",
            "adapter",
        )
        self.ready = gauge(
            "wellspoken_ready", "Whether a part is ready (1) or not (0), as /readyz says.", "part"
        )
        self.processes = gauge("wellspoken_processes", "Processes that serve one database.")
        self.differences = gauge(
            "wellspoken_process_differences",
            "Settings, versions and clocks in which processes differ, as seen by this one.",
        )


class _Process:
    """This process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lag = Histogram(
            "wellspoken_event_loop_lag_seconds",
            "How much later than asked for the event loop comes back to a task.",
            buckets=_LAG_BUCKETS,
            registry=registry,
        )
        self.build = Gauge(
            "wellspoken_build_info",
            "1, with the version of the program and of Python.",
            ("version", "python"),
            registry=registry,
        )
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)


class Machine:
    """Counters, times and gauges of the machinery."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = _Calls(registry)
        self._standing = _Standing(registry)
        self._process = _Process(registry)
        self._model_failures, self._model_failed = 0, ""

    def build(self, version: str) -> None:
        """Say which version runs."""
        self._process.build.labels(version, platform.python_version()).set(1)

    def listen(
        self, name: str, attributes: Mapping[str, Value], seconds: float, failed: str
    ) -> None:
        """Count what :mod:`bot.tracing` tells."""
        told = {key: str(value) for key, value in attributes.items()}
        if name == "database":
            self._calls.database.labels(told["kind"], _outcome(failed)).observe(seconds)
        elif name == "search":
            self._calls.search.labels(told["store"], _outcome(failed)).observe(seconds)
        elif name == "model":
            self._calls.model.labels(failed or "ok").observe(seconds)
            self._hear_model(failed)
        elif name == "model fault":
            again = "yes" if attributes["again"] else "no"
            self._calls.model_faults.labels(told["kind"], again).inc()
        elif name == "step down":
            self._calls.step_downs.labels(told["kind"], told["rung"]).inc()
        elif name == "event":
            self._calls.events.labels(told["outcome"]).inc()

    def _hear_model(self, failed: str) -> None:
        if failed == "LeakError":  # its server is well
            return
        self._model_failures = self._model_failures + 1 if failed else 0
        self._model_failed = failed

    @property
    def model_trouble(self) -> str | None:
        """Where models fail again and again: one sentence; the built-in reader answers then."""
        if self._model_failures < _MODEL_FAILURES:
            return None
        return (
            f"The last {self._model_failures} answers of the model failed ({self._model_failed}); "
            "the built-in reader answers meanwhile."
        )

    # -- as it happens ------------------------------------------------------------------------

    def observe_lag(self, seconds: float) -> None:
        """Time how late the event loop is."""
        self._process.lag.observe(seconds)

    # -- when Prometheus asks -----------------------------------------------------------------

    def queue_depth(self, waiting: int) -> None:
        """Say how many messages are not answered yet."""
        self._standing.queue.set(waiting)

    def queues(self, found: Mapping[str, Queue]) -> None:
        """Say what waits in each queue: ``inbox``, ``jobs``."""
        for name, queue in found.items():
            self._standing.queued.labels(name, "waiting").set(queue.waiting)
            self._standing.queued.labels(name, "running").set(queue.running)
            self._standing.oldest.labels(name).set(queue.oldest_s)
        if "inbox" in found:
            self.queue_depth(found["inbox"].waiting + found["inbox"].running)

    def stock(self, found: Stock) -> None:
        """Say how much is stored; what is not known stays as it is."""
        standing = self._standing
        for gauge, value in (
            (standing.documents, found.documents),
            (standing.chunks.labels("all"), found.chunks),
            (standing.chunks.labels("without_vector"), found.without_vector),
        ):
            if value is not None:
                gauge.set(value)
        for what, size in (("database", found.database_bytes), ("index", found.index_bytes)):
            if size is not None:
                standing.bytes.labels(what).set(size)

    def connections(self, size: int, in_use: int) -> None:
        """Say how many connections the pool has, and how many are in use."""
        self._standing.pool.labels("size").set(size)
        self._standing.pool.labels("in_use").set(in_use)

    def adapters(self, troubles: Mapping[str, str | None]) -> None:
        """Say of each chat platform whether it is connected: ``None`` is no trouble."""
        for name, trouble in troubles.items():
            self._standing.connected.labels(name).set(trouble is None)

    def readiness(self, found: Mapping[str, str | None]) -> None:
        """Say of each part whether it is ready."""
        for part, why in found.items():
            self._standing.ready.labels(part).set(why is None)

    def processes(self, count: int, differences: int) -> None:
        """Say how many processes serve, and in how much they differ."""
        self._standing.processes.set(count)
        self._standing.differences.set(differences)


def _outcome(failed: str) -> str:
    return "error" if failed else "ok"
