"""A running service, watched from outside: its metrics, its readiness, its traces, its log."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.platforms.served_bot import Api, serving, until

_ROOT = Path(__file__).parents[2]
_METRIC = re.compile(r"\bwellspoken_[a-z0-9_]+")
_TRACE = "0af7651916cd43dd8448eb211c80319c"
_SECRET_WORDS = "zebra umbrella warranty"


class _Collector(ThreadingHTTPServer):
    """A stand-in for a collector: OTLP over HTTP on a port of loopback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.bodies: list[bytes] = []

    @property
    def spans(self) -> list[Any]:
        """Every span that was told."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        found = []
        for body in list(self.bodies):
            told = ExportTraceServiceRequest.FromString(body)
            for resource in told.resource_spans:
                for scope in resource.scope_spans:
                    found += scope.spans
        return found


class _Receiver(BaseHTTPRequestHandler):
    server: _Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        self.server.bodies.append(body)
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def _collector() -> Iterator[_Collector]:
    server = _Collector()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, _Collector, Path]]:
    """A service that told its traces, after two questions."""
    folder = tmp_path_factory.mktemp("service")
    more = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
    with _collector() as collector:
        more["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{collector.server_port}"
        with serving(folder, more, "web,worker") as api:
            asked = httpx2.post(
                f"{api.address}/api/ask",
                json={"question": f"Tell me about the {_SECRET_WORDS}", "thread": "jane.doe"},
                headers={
                    "authorization": f"Bearer {api.token}",
                    "traceparent": f"00-{_TRACE}-b7ad6b7169203331-01",
                },
                timeout=60,
            )
            assert asked.status_code == 200
            api.ask("Hello!")
            yield api, collector, folder


def _exposed(api: Api) -> dict[str, Any]:
    """The families of /metrics by the names that a query may use."""
    names: dict[str, Any] = {}
    for family in text_string_to_metric_families(api.text("/metrics")):
        names[family.name] = family
        for suffix in {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(
            family.type, ()
        ):
            names[family.name + suffix] = family
    return names


def test_metrics_are_named_described_and_bounded(
    watched: tuple[Api, _Collector, Path],
) -> None:
    """Every metric has our prefix, a help text and few series; none has a label for somebody."""
    api, _, _ = watched
    families = {id(f): f for f in _exposed(api).values()}.values()
    ours = [f for f in families if not f.name.startswith(("process_", "python_"))]
    assert len(ours) > 25
    for family in ours:
        assert family.name.startswith("wellspoken_"), family.name
        assert family.documentation.endswith("."), family.name
        labels = {label for sample in family.samples for label in sample.labels}
        assert not labels & {"user", "author", "channel", "document", "thread", "turn", "question"}
        assert len(family.samples) < 400, family.name
        if family.type == "histogram":
            assert family.name.endswith(("_seconds", "_score"))
    text = api.text("/metrics")
    assert "jane" not in text
    assert "zebra" not in text


def test_everything_that_the_dashboard_and_the_alerts_ask_for_is_exposed(
    watched: tuple[Api, _Collector, Path],
) -> None:
    """No panel stays empty, and no alert silent, because a metric has another name."""
    api, _, _ = watched
    exposed = _exposed(api)
    board = json.loads((_ROOT / "deploy/grafana/wellspoken.json").read_text("utf-8"))
    asked = [t["expr"] for p in board["panels"] for t in p.get("targets", ())]
    rules = yaml.safe_load((_ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8"))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    asked += [rule["expr"] for rule in alerts]
    named = {name for expression in asked for name in _METRIC.findall(expression)}
    assert len(asked) > 25
    assert named <= set(exposed), sorted(named - set(exposed))


def test_every_alert_has_its_line_in_the_runbook() -> None:
    """Whoever is woken by an alert finds what to do."""
    rules = yaml.safe_load((_ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8"))
    book = (_ROOT / "docs/operations.md").read_text("utf-8")
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert f"`{rule['alert']}`" in book, rule["alert"]
            assert rule["annotations"]["summary"]
            assert rule["labels"]["severity"] in ("page", "ticket")


def test_the_gauges_of_a_running_service_say_how_it_stands(
    watched: tuple[Api, _Collector, Path],
) -> None:
    """Readiness, queue, stores, build and processes are there with their values."""
    api, _, _ = watched
    exposed = _exposed(api)

    def value(name: str, **labels: str) -> float:
        found = [s for s in exposed[name].samples if labels.items() <= s.labels.items()]
        return float(found[0].value)

    for part in ("database", "knowledge", "migrations", "model", "processes"):
        assert value("wellspoken_ready", part=part) == 1
    assert value("wellspoken_queued", queue="inbox", status="waiting") == 0
    assert value("wellspoken_stored_bytes", what="database") > 0
    assert value("wellspoken_build_info") == 1
    assert value("wellspoken_processes") == 1
    assert value("wellspoken_database_seconds", kind="write", outcome="ok") >= 0
    ready = httpx2.get(f"{api.address}/readyz").json()
    assert ready["ready"] is True
    assert {"database", "knowledge", "migrations", "model", "processes"} <= set(ready["checked"])
    assert ready["since"] == {}


def test_a_turn_is_one_trace_that_goes_on_with_the_callers(
    watched: tuple[Api, _Collector, Path],
) -> None:
    """Its stages and calls are spans below it; ids and names are told, no text and no person."""
    _, collector, _ = watched
    until(
        lambda: sum(s.name == "turn" for s in collector.spans) >= 2, "the spans of both turns", 30
    )
    spans = [s for s in collector.spans if s.trace_id.hex() == _TRACE]
    (turn,) = (s for s in spans if s.name == "turn")
    assert turn.parent_span_id.hex() == "b7ad6b7169203331"
    names = {s.name for s in spans}
    assert {"history", "rewrite", "route", "retrieve", "speak", "store"} <= names
    assert {"database", "search", "embed"} <= names
    assert all(s.parent_span_id for s in spans)
    told = {a.key: a.value.string_value for a in turn.attributes}
    assert told["wellspoken.turn"].startswith("turn")
    assert told["wellspoken.thread"].startswith("#")
    assert told["wellspoken.platform"] == "api"
    assert told["wellspoken.outcome"]
    everything = b"".join(collector.bodies)
    assert b"zebra" not in everything
    assert b"jane" not in everything
    other = {s.trace_id for s in collector.spans if s.name == "turn"}
    assert len(other) == 2


def test_each_line_of_the_log_is_json_with_the_ids_of_its_turn(
    watched: tuple[Api, _Collector, Path],
) -> None:
    """A log that is no terminal has an object a line; what was asked is in none of them."""
    _, _, folder = watched
    lines = (folder / "serve.log").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    (first, _) = (e for e in events if e["event"] == "answered")
    assert first["turn"].startswith("turn")
    assert first["thread"].startswith("#")
    assert first["level"] == "info"
    assert first["timestamp"].endswith("Z")
    assert "zebra" not in "".join(lines)
    assert "jane" not in "".join(lines)
