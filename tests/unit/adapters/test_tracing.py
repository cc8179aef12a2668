"""Traces where the extra is missing, and where nobody listens."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from adapters.tracing import open_tracing
from bot import tracing
from bot.errors import ConfigurationError
from bot.settings import Settings


async def test_without_the_extra_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    """An endpoint without the packages ends the start with the name of the extra."""
    settings = Settings(_env_file=None, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    gone = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    before = sys.modules.pop(gone, None)
    sys.modules[gone] = None  # type: ignore[assignment]  # what Python keeps of a missing module
    try:
        with pytest.raises(ConfigurationError, match=r'pip install "wellspoken\[otel\]"'):
            async with open_tracing(settings):
                pass
    finally:
        del sys.modules[gone]
        if before is not None:
            sys.modules[gone] = before


async def test_without_an_endpoint_nothing_is_traced() -> None:
    """No endpoint, no tracer, and a span costs nothing."""
    async with open_tracing(Settings(_env_file=None)):
        assert not tracing.is_traced()
        with tracing.trace("turn") as span, tracing.leaf("database"):
            span.set(outcome="answered")


async def test_a_collector_that_is_down_holds_nobody_up() -> None:
    """The spans are dropped, and the process stops all the same."""
    pytest.importorskip("opentelemetry.sdk")
    settings = Settings(_env_file=None, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    async with open_tracing(settings):
        with tracing.trace("turn", turn="t1"):
            tracing.past("route", 0.1)
    assert not tracing.is_traced()


def test_a_listener_hears_of_calls_and_of_what_they_failed_with() -> None:
    """Each call is told once, with its class of fault, and no longer than asked for."""
    told: list[tuple[str, str]] = []
    with tracing.heard(lambda name, _attributes, _seconds, failed: told.append((name, failed))):
        with tracing.leaf("database", kind="read"):
            pass
        with pytest.raises(ValueError, match="no"), tracing.leaf("search", store="embedded"):
            raise ValueError("no")
        tracing.happened("event", outcome="done")
    with tracing.leaf("database", kind="read"):
        pass
    assert told == [("database", ""), ("search", "ValueError"), ("event", "")]
