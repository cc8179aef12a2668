"""Logs: readable on a terminal, JSON otherwise, always on stderr, never with message texts."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logging(*, verbose: bool = False, json: bool | None = None) -> None:
    """Set up logging for this process.

    ``json`` defaults to whether stderr is no terminal. At info level no text of a message, token
    or key is logged; ids, counts and times are.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    level = logging.DEBUG if verbose else logging.INFO
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
        wrapper_class=structlog.make_filtering_bound_logger(level),
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


def quiet_logging() -> None:
    """For one-shot commands: only warnings, on stderr, as plain sentences."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, _sentence],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _sentence(
    _logger: structlog.typing.WrappedLogger, _name: str, event: structlog.typing.EventDict
) -> str:
    detail = event.get("error") or ""
    return f"{event['level']}: {event['event']}{f': {detail}' if detail else ''}"
