"""Spans: what a turn is made of and how long each part took, told to whoever traces or counts.

Where nobody listens next to nothing is spent. Attributes are names, numbers and
ids: never a text, never a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Protocol

Value = str | int | float | bool
"""What an attribute may be."""


class Span(Protocol):
    """A span that is under way."""

    def set(self, **attributes: Value) -> None:
        """Say more about it."""
        ...


class Tracer(Protocol):
    """Whoever keeps spans; installed once for the process."""

    def trace(self, name: str, attributes: Mapping[str, Value]) -> AbstractContextManager[Span]:
        """A span that later ones within its block belong to."""
        ...

    def leaf(self, name: str, attributes: Mapping[str, Value]) -> AbstractContextManager[Span]:
        """A span without any below it; nothing outside a trace."""
        ...

    def past(self, name: str, seconds: float) -> None:
        """A span that ended just now; nothing outside a trace."""
        ...

    def joined(self, traceparent: str) -> AbstractContextManager[None]:
        """A block whose traces belong to a caller's (W3C Trace Context); a header that is none
        changes nothing."""
        ...


class _Silent:
    """A span that nobody hears of."""

    def set(self, **attributes: Value) -> None:
        del attributes


Listener = Callable[[str, Mapping[str, Value], float, str], None]
"""Takes a call that ended, or something that happened: its name, its attributes, its seconds, and
the class of what it failed with; empty: it did not. It hears of everything in the process."""

_SILENT = _Silent()
_NOTHING: AbstractContextManager[Span] = nullcontext(_SILENT)
_tracer: Tracer | None = None
_listeners: tuple[Listener, ...] = ()


@contextmanager
def installed(tracer: Tracer) -> Iterator[None]:
    """Have a tracer hear of every span for the time of the block."""
    global _tracer  # noqa: PLW0603 - one for the process, as the log is
    before, _tracer = _tracer, tracer
    try:
        yield
    finally:
        _tracer = before


@contextmanager
def heard(listener: Listener) -> Iterator[None]:
    """Have a listener hear of every call and event for the time of the block."""
    global _listeners  # noqa: PLW0603 - as above
    _listeners = (*_listeners, listener)
    try:
        yield
    finally:
        _listeners = tuple(each for each in _listeners if each is not listener)


def trace(name: str, **attributes: Value) -> AbstractContextManager[Span]:
    """A span that later ones within the block belong to."""
    return _NOTHING if _tracer is None else _tracer.trace(name, attributes)


def leaf(name: str, **attributes: Value) -> AbstractContextManager[Span]:
    """A span of a call to somebody else: a model, a store. It may cross an async generator."""
    inner = _NOTHING if _tracer is None else _tracer.leaf(name, attributes)
    return _Call(name, attributes, inner) if _listeners else inner


def happened(name: str, **attributes: Value) -> None:
    """Something that takes no time and may be counted."""
    for listener in _listeners:
        listener(name, attributes, 0.0, "")


class _Call:
    """A leaf that listeners hear of at its end."""

    def __init__(
        self, name: str, attributes: Mapping[str, Value], inner: AbstractContextManager[Span]
    ) -> None:
        self._name, self._attributes, self._inner = name, attributes, inner
        self._begun = 0.0

    def __enter__(self) -> Span:
        self._begun = time.perf_counter()
        return self._inner.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        seconds = time.perf_counter() - self._begun
        failed = "" if kind is None or not issubclass(kind, Exception) else kind.__name__
        for listener in _listeners:
            listener(self._name, self._attributes, seconds, failed)
        self._inner.__exit__(kind, error, where)


def past(name: str, seconds: float) -> None:
    """A span of something that took ``seconds`` until now."""
    if _tracer is not None:
        _tracer.past(name, seconds)


def joined(traceparent: str) -> AbstractContextManager[None]:
    """A block that goes on with a caller's trace, named by its ``traceparent`` header."""
    return nullcontext() if _tracer is None else _tracer.joined(traceparent)


def is_traced() -> bool:
    """Whether anybody hears of spans."""
    return _tracer is not None
