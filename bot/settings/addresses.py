"""Addresses as people may read them: what opens a door is not in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

Value = str | int | float | bool
_PERSON = re.compile(r"(?<=://)[^/\s?#]*@")
_NAMED = re.compile(
    r"(?:^|[_.-])(?:key|apikey|token|secret|sig|signature|pass|password|passwd|pwd|auth|credential"
    r"|session|jwt|bearer|code|policy)s?$|^(?:apikey|accesstoken|access|se|sv|sp|st)$",
    re.IGNORECASE,
)
_LONG = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[\w~+/=.%-]{20,}", re.ASCII)


def without_secrets(address: str, person: str = "") -> str:
    """An address without name and password (``person`` stands in their place), and without those
    parts of its query that are named like a secret or look like one."""
    plain = _PERSON.sub(person, address)
    if "?" not in plain:
        return plain
    try:
        parts = urlsplit(plain)
    except ValueError:
        return plain.partition("?")[0]
    kept = "&".join(part for part in parts.query.split("&") if not _secret(part))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, kept, parts.fragment))


def without_secret_values(given: Mapping[str, Value]) -> dict[str, Value | str]:
    """Settings of somebody else's making, with stars for what is named like a secret or looks like
    one; addresses in them as they may be read."""
    return {name: _unspoken(name, value) for name, value in given.items()}


def _unspoken(name: str, value: Value) -> Value | str:
    if _NAMED.search(_words(name)) or (isinstance(value, str) and _LONG.fullmatch(value)):
        return "********"
    return without_secrets(value, "***@") if isinstance(value, str) and "://" in value else value


def _secret(part: str) -> bool:
    name, _, value = part.partition("=")
    return bool(_NAMED.search(_words(name)) or _LONG.fullmatch(value) or _LONG.fullmatch(name))


def _words(name: str) -> str:
    """``accessToken`` and ``X-Amz-Signature`` with a mark between their words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
