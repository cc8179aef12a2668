"""Traces over OTLP, through the extra ``otel``: one a turn, a span a stage and a call.

What the SDK reads of the environment by itself holds: ``OTEL_SERVICE_NAME``,
``OTEL_RESOURCE_ATTRIBUTES``, ``OTEL_EXPORTER_OTLP_HEADERS``, ``OTEL_SDK_DISABLED`` and the rest
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError
from bot.tracing import Span, Value, installed

if TYPE_CHECKING:
    from opentelemetry import trace as api
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import Sampler

    from bot.settings import Settings

_LAST_S = 3.0
"""Seconds that a stopping process gives to spans that are not told yet."""
_PATH = "/v1/traces"


@asynccontextmanager
async def open_tracing(settings: Settings) -> AsyncIterator[None]:
    """Have turns traced where an endpoint is set, for the time of the block.

    Raises ConfigurationError where the extra is missing. A collector that is down costs no turn
    anything: spans are sent from a thread, and those that cannot be are dropped.
    """
    endpoint = settings.otlp_endpoint or settings.telemetry.endpoint
    if endpoint is None:
        yield
        return
    try:
        provider = await asyncio.to_thread(_provider, settings, endpoint)
    except ImportError as error:
        raise ConfigurationError(
            where="[telemetry] endpoint",
            problem='traces need the extra: pip install "wellspoken[otel]"',
        ) from error
    try:
        with installed(OtelTracer(provider)):
            yield
    finally:
        await asyncio.to_thread(provider.force_flush, int(_LAST_S * 1000))
        # Its own end would wait for a collector that is down: daemon threads may be left alone.
        await asyncio.wait({asyncio.create_task(asyncio.to_thread(provider.shutdown))}, timeout=1)


def _provider(settings: Settings, endpoint: str) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = Resource({"service.name": "wellspoken", "service.version": version("wellspoken")})
    provider = TracerProvider(
        # What the environment says of the resource wins.
        resource=named.merge(_of_environment()),
        sampler=None if settings.otel_sampler else _sampler(settings.telemetry.sample),
        shutdown_on_exit=False,
    )
    address = endpoint if endpoint.endswith(_PATH) else f"{endpoint.rstrip('/')}{_PATH}"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    return provider


def _of_environment() -> Resource:
    from opentelemetry.sdk.resources import OTELResourceDetector

    return OTELResourceDetector().detect()


def _sampler(share: float) -> Sampler:
    """A share of the turns, whatever a caller's header says: it may be a stranger's."""
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    some = TraceIdRatioBased(share)
    return ParentBased(root=some, remote_parent_sampled=some)


class OtelTracer:
    """A :class:`~bot.tracing.Tracer` that keeps spans with the SDK."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = provider.get_tracer("wellspoken", version("wellspoken"))
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def trace(self, name: str, attributes: Mapping[str, Value]) -> Iterator[Span]:
        """A span that later ones within its block belong to."""
        with (
            self._tracer.start_as_current_span(
                name,
                attributes=_named(attributes),
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            _told(span),
        ):
            yield _Span(span)

    @contextmanager
    def leaf(self, name: str, attributes: Mapping[str, Value]) -> Iterator[Span]:
        """A span that nothing is below; nothing outside a trace."""
        if not _is_in_trace():
            yield _NOBODY
            return
        span = self._tracer.start_span(name, attributes=_named(attributes))
        try:
            with _told(span):
                yield _Span(span)
        finally:
            span.end()

    def past(self, name: str, seconds: float) -> None:
        """A span that ended just now; nothing outside a trace."""
        if _is_in_trace():
            now = time.time_ns()
            self._tracer.start_span(name, start_time=now - int(seconds * 1e9)).end(now)

    @contextmanager
    def joined(self, traceparent: str) -> Iterator[None]:
        """A block whose traces belong to a caller's; a header that is none changes nothing."""
        from opentelemetry import context

        token = context.attach(self._propagator.extract({"traceparent": traceparent}))
        try:
            yield
        finally:
            context.detach(token)


class _Span:
    """A span of the SDK."""

    def __init__(self, span: api.Span) -> None:
        self._span = span

    def set(self, **attributes: Value) -> None:
        self._span.set_attributes(_named(attributes))


class _Nobody:
    """A span that nobody hears of."""

    def set(self, **attributes: Value) -> None:
        del attributes


_NOBODY = _Nobody()


def _named(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Under our own prefix, so that they meet no convention's names."""
    return {
        f"wellspoken.{name}": value if isinstance(value, bool | int | float) else str(value)
        for name, value in attributes.items()
    }


def _is_in_trace() -> bool:
    from opentelemetry import trace

    return trace.get_current_span().get_span_context().is_valid


@contextmanager
def _told(span: api.Span) -> Iterator[None]:
    """What fails within the block is told by its class alone: its words may quote anything."""
    from opentelemetry.trace import StatusCode

    try:
        yield
    except Exception as error:
        span.set_status(StatusCode.ERROR, type(error).__name__)
        raise
