"""Logs: one door for every module, structlog behind it where a program runs for long.

Readable on a terminal, JSON otherwise, always on stderr, never with texts of messages. A one-shot
command does not load structlog (a tenth of a second): it drops what is below a warning and says
warnings as plain sentences.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

_Sink = Callable[[int, str, dict[str, Any]], None]


def _as_sentence(level: int, event: str, values: dict[str, Any]) -> None:
    if level < logging.WARNING:
        return
    detail = values.get("error") or values.get("exc_info") or ""
    detail = type(detail).__name__ if isinstance(detail, BaseException) else str(detail)
    name = logging.getLevelName(level).lower()
    sys.stderr.write(f"{name}: {event}{f': {detail}' if detail else ''}\n")


_sink: _Sink = _as_sentence
_NOTHING: Mapping[str, str] = MappingProxyType({})
_bound: ContextVar[Mapping[str, str]] = ContextVar("bound", default=_NOTHING)

_TOKEN = re.compile(
    r"\b(?:xox[a-z]|xapp)-[\w-]{6,}"  # Slack's
    r"|\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"  # Discord's
    r"|\bsk-[\w-]{12,}|(?<=Bearer )[\w.~+/-]{8,}=*|(?<=Bot )[\w.-]{20,}"
    r"|(?<=://)[^\s/@]+:[^\s/@]+(?=@)"
)
"""What looks like a token or a password, wherever a library says it."""


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """Every event within the block, of tasks begun in it too, has these values."""
    token = _bound.set({**_bound.get(), **ids})
    try:
        yield
    finally:
        _bound.reset(token)


class Logger:
    """Events with values: ``log.info("answered", turn=turn.id)``."""

    def debug(self, event: str, **values: Any) -> None:
        _say(logging.DEBUG, event, values)

    def info(self, event: str, **values: Any) -> None:
        _say(logging.INFO, event, values)

    def warning(self, event: str, **values: Any) -> None:
        _say(logging.WARNING, event, values)

    def error(self, event: str, **values: Any) -> None:
        _say(logging.ERROR, event, values)

    def exception(self, event: str, **values: Any) -> None:
        """An error with the exception that is being handled."""
        _say(logging.ERROR, event, {**values, "exc_info": sys.exc_info()[1]})


def _say(level: int, event: str, values: dict[str, Any]) -> None:
    _sink(level, event, {**_bound.get(), **values})


log = Logger()


@contextmanager
def held_back() -> Iterator[None]:
    """Events within the block are said at its end: amid an answer they would be read as its
    words."""
    global _sink  # noqa: PLW0603 - logging is one for the process
    sink, held = _sink, list[tuple[int, str, dict[str, Any]]]()
    _sink = lambda *event: held.append(event)  # noqa: E731 - a sink for the time of the block
    try:
        yield
    finally:
        _sink = sink
        for event in held:
            sink(*event)


def configure_logging(
    *, verbose: bool = False, json: bool | None = None, level: str = "info"
) -> None:
    """Set up logging for a program that runs for long.

    ``json`` defaults to whether stderr is no terminal, ``level`` is the least that is said, and
    ``verbose`` says everything. Libraries are heard from warnings on, in the same form: what they
    say below holds messages and tokens. At info level no text of a message, token or key is
    logged; ids, counts and times are.
    """
    import structlog

    as_json = not sys.stderr.isatty() if json is None else json
    least = logging.DEBUG if verbose else logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_tokens,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[_with_ids, structlog.stdlib.add_logger_name, *shared],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(least, logging.WARNING))
    logging.getLogger("wellspoken").setLevel(least)
    logger = structlog.get_logger()

    def to_structlog(level: int, event: str, values: dict[str, Any]) -> None:
        logger.log(level, event, **values)

    global _sink  # noqa: PLW0603 - logging is one for the process
    _sink = to_structlog


def _with_ids(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """What is bound, on a library's line too."""
    for name, value in _bound.get().items():
        event.setdefault(name, value)
    return event


def _without_tokens(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The event without what looks like a token: a library's error may quote a request."""
    for name, value in event.items():
        if isinstance(value, str) and len(value) > 8:
            event[name] = _TOKEN.sub("…", value)
    return event
