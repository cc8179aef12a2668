"""Logs: one door for every module, structlog behind it where a program runs for long.

Readable on a terminal, JSON otherwise, always on stderr, never with texts of messages. A one-shot
command does not load structlog (a tenth of a second): it drops what is below a warning and says
warnings as plain sentences.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class Logger:
    """Events with values: ``log.info("answered", turn=turn.id)``."""

    def debug(self, event: str, **values: Any) -> None:
        _sink(logging.DEBUG, event, values)

    def info(self, event: str, **values: Any) -> None:
        _sink(logging.INFO, event, values)

    def warning(self, event: str, **values: Any) -> None:
        _sink(logging.WARNING, event, values)

    def error(self, event: str, **values: Any) -> None:
        _sink(logging.ERROR, event, values)

    def exception(self, event: str, **values: Any) -> None:
        """An error with the exception that is being handled."""
        _sink(logging.ERROR, event, {**values, "exc_info": sys.exc_info()[1]})


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


def configure_logging(*, verbose: bool = False, json: bool | None = None) -> None:
    """Set up logging for a program that runs for long.

    ``json`` defaults to whether stderr is no terminal. At info level no text of a message, token
    or key is logged; ids, counts and times are.
    """
    import structlog

    as_json = not sys.stderr.isatty() if json is None else json
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if as_json:
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if verbose else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    bound = structlog.get_logger()

    def to_structlog(level: int, event: str, values: dict[str, Any]) -> None:
        bound.log(level, event, **values)

    global _sink  # noqa: PLW0603 - logging is one for the process
    _sink = to_structlog
