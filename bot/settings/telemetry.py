"""The tables of ``wellspoken.toml`` for what the program tells of itself, and for its end."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from bot.settings.sections import Duration, Section

_SHORTEST, _LONGEST = timedelta(seconds=5), timedelta(minutes=10)
_LAST_PORT = 65_535


class TelemetrySection(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="what is logged at the least"
    )
    format: Literal["auto", "text", "json"] = Field(
        "auto", description="how a line of the log looks; auto: text on a terminal, else json"
    )
    endpoint: str | None = Field(
        None,
        description="where traces go over OTLP/HTTP, like http://127.0.0.1:4318; none: no traces. "
        "Needs the extra `otel`",
    )
    sample: float = Field(1.0, ge=0, le=1, description="the share of turns that are traced")

    @field_validator("endpoint")
    @classmethod
    def _some_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not re.match(r"https?://[^/\s]+", value):
            raise ValueError("it is no web address; write it like http://127.0.0.1:4318")
        if "@" in urlsplit(value).netloc:
            raise ValueError(
                "it holds a password, which would be printed; give a key in "
                "OTEL_EXPORTER_OTLP_HEADERS"
            )
        return value


class ServeSection(Section):
    drain: Duration = Field(
        timedelta(seconds=30),
        description="how long what is in flight may go on once the process is told to stop; what "
        "is not done by then is handed back. The process is gone at most 10s later",
    )

    places: int = Field(
        1_000,
        ge=1,
        description="questions of the web chat and the API that a process works on at once; who "
        "asks beyond that is told to try again",
    )
    metrics: str | None = Field(
        None,
        description="where a process that has no web server, as `--only worker` has none, gives "
        "/healthz, /readyz and /metrics: `host:port`, another one for each process of a machine",
    )

    @field_validator("metrics")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        host, _, port = (value or "any:0").rpartition(":")
        if not host or not port.isdecimal() or int(port) > _LAST_PORT:
            raise ValueError("metrics is an address of this machine, like 127.0.0.1:9464")
        return value

    @field_validator("drain")
    @classmethod
    def _some_time(cls, value: timedelta) -> timedelta:
        if not _SHORTEST <= value <= _LONGEST:
            raise ValueError("drain is 5s at the least and 10m at the most")
        return value

    @property
    def metrics_at(self) -> tuple[str, int] | None:
        """Host and port of ``metrics``."""
        if self.metrics is None:
            return None
        host, _, port = self.metrics.rpartition(":")
        return host.strip("[]"), int(port)
