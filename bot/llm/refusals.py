"""A model server's refusals, translated into our own errors.

Pure: status, headers and body in, the error out. What the server wrote is shown only where it
helps, shortened and without secrets, for OpenAI's own 401 repeats part of the key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

import orjson

from bot.errors import (
    ModelError,
    ModelFailedError,
    ModelOverloadedError,
    ModelRefusedError,
)

_KEYS = re.compile(r"(?:\b(?:sk|hf|gsk|xai)[-_]|\bBearer\s+)[\w*.\-]+|\b[\w-]{32,}\b")
_UNKNOWN_MODEL = re.compile(
    r"model.{0,120}(?:not exist|not found|not a valid|not available|unknown|invalid)"
    r"|(?:unknown|invalid|unsupported|no such|not a valid) model",
    re.IGNORECASE | re.DOTALL,
)
_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|too (?:long|large|many tokens)|maximum.{0,20}tokens",
    re.IGNORECASE,
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, in the words of the settings: goes into the sentences."""

    url: str
    model: str
    setting: str = "WELLSPOKEN_MODEL"
    secret: str = ""


def without_secrets(text: str, secret: str = "") -> str:
    """One short line of a server's words; keys and long opaque strings are masked."""
    line = " ".join(text.split())
    if secret:
        line = line.replace(secret, "…")
    line = _KEYS.sub("…", line)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"


def without_password(url: str) -> str:
    """The address as it may be shown: no user, no password, no query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that the server asks us to wait: ``retry-after-ms``, seconds, or an HTTP date."""
    for name, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / divisor
        except ValueError:
            continue
        return seconds if math.isfinite(seconds) and seconds >= 0 else None
    try:
        at = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    moment = now or datetime.now(UTC)
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - moment).total_seconds())


def server_words(body: bytes) -> tuple[str, str]:
    """Message and code out of an error's body, in the shapes that servers use."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return str(error), ""
    message = error.get("message") or error.get("detail") or error.get("error") or ""
    code = error.get("code") or error.get("type") or ""
    return message if isinstance(message, str) else orjson.dumps(message).decode(), str(code)


def is_too_long(message: str, code: str = "") -> bool:
    """Whether the server says that the input is longer than the model takes."""
    return code == "context_length_exceeded" or bool(_TOO_LONG.search(message))


def refusal(
    status: int, message: str, code: str, asked: Asked, wait: float | None = None
) -> ModelError:
    """Our error for a status of 400 or more, with the server's words and its error code.

    Its data has ``said`` (the words, as they may be shown), ``code`` and ``retry_after``: the
    ``wait`` in seconds that the server asked for, or ``None``.
    """
    said = without_secrets(message, asked.secret)
    data = {"said": said, "code": code, "retry_after": wait, "url": asked.url}
    if status == 429 and code != "insufficient_quota":
        return ModelOverloadedError(None, **data)
    if status >= 500 or status in (408, 409, 425):
        return ModelFailedError(None, status=status, **data)
    reason = _reason(status, message, code, asked) or said or "it gave no reason"
    return ModelRefusedError(None, status=status, reason=reason, **data)


def _reason(status: int, message: str, code: str, asked: Asked) -> str:
    """What to do about it, or an empty text where the server's own words say it better."""
    if status in (400, 404, 422) and (code == "model_not_found" or _UNKNOWN_MODEL.search(message)):
        return f'unknown model id "{asked.model}"; set {asked.setting}'
    if status == 413 or (status in (400, 422) and is_too_long(message, code)):
        return (
            f'the prompt is longer than model "{asked.model}" takes; choose one with a longer '
            f"context in {asked.setting}"
        )
    astray = f"{asked.url} is not the API's address; OPENAI_BASE_URL mostly ends in /v1"
    return {
        401: "the API key is missing or wrong; set OPENAI_API_KEY",
        403: f'the API key may not use model "{asked.model}"; set another key or {asked.setting}',
        404: astray,
        405: astray,
        429: "the account's quota is used up; check its plan and billing",
    }.get(status, "")
