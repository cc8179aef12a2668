"""The table of ``wellspoken.toml`` for the chat on websites of one's own."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, ip_address
from unicodedata import normalize
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from bot.limits import Rate
from bot.settings.limits import RateLimit
from bot.settings.sections import Section
from bot.settings.widget_words import checked_words

_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,100}")
_NUMBER = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$")
"""A host whose last part is a number is an IPv4 address, however it is written."""

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_LEGIBLE = 4.5
"""WCAG AA: the contrast of running text with what is behind it."""


def checked_origin(value: str) -> str:
    """An origin as browsers send it: ``https://www.example.com``, in lower case and without the
    scheme's own port. Raises ValueError with advice."""
    written = value.strip()
    if "*" in written:
        raise ValueError(f'"{value}" is no origin: name each site; there is no * for all of them')
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError as error:
        raise ValueError(f'"{value}" is no origin; write https://www.example.com') from error
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f'"{value}" is no origin; it begins with https://')
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(
            f'"{value}" is more than an origin; write {parts.scheme}://{host}'
            f"{f':{port}' if port else ''} alone, without a path"
        )
    host = host if host.isascii() else _as_sent(host, value)
    if ":" in host or _NUMBER.search(host):
        host = _address(host, value)
    own = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != own else "")


def _as_sent(host: str, value: str) -> str:
    """A host with letters beyond ASCII as browsers send it. Those that Python would turn into
    another one's (``ß`` into ``ss``) are refused: the token would open for a foreign website."""
    try:
        sent = host.encode("idna")
        same = sent.decode("idna") == normalize("NFC", host)
    except UnicodeError as error:
        raise ValueError(f'"{value}" is no origin; its host cannot be one') from error
    if not same:
        raise ValueError(f'"{value}" is not sure; write its host as browsers send it: xn--…')
    return sent.decode()


def _address(host: str, value: str) -> str:
    """An internet address as browsers send it (WHATWG URL, 4.5 and 4.6): the shortest way to write
    it, an IPv4 address inside an IPv6 one in hexadecimal digits too."""
    try:
        address = ip_address(host)
    except ValueError as error:
        raise ValueError(f'"{value}" is no origin; its internet address cannot be one') from error
    if isinstance(address, IPv4Address):
        return str(address)
    if address.scope_id is not None:
        raise ValueError(f'"{value}" is no origin; browsers send no zone, leave %… out')
    inside = address.ipv4_mapped
    if inside is not None:  # some versions of Python write it with dots
        high, low = divmod(int(inside), 1 << 16)
        return f"[::ffff:{high:x}:{low:x}]"
    return f"[{address.compressed}]"


def contrast_with_white(colour: str) -> float:
    """By WCAG 2.2, from 1 (white) to 21 (black)."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 1.05 / (luminance + 0.05)


class WidgetSection(Section):
    tokens: dict[str, tuple[str, ...]] = Field(
        {},
        description="public token to the origins of the pages that may use it, like "
        '`"acme-help" = ["https://www.example.com"]`; none: there is no widget. A token is no '
        "secret: it stands in the page",
    )
    title: str = Field(
        "", max_length=60, description="what the button and the window say; empty: Ask and its name"
    )
    greeting: str = Field(
        "", max_length=300, description="its first words; empty: the persona's greeting"
    )
    colour: str = Field(
        "#2b6150", description="of its button, as #rrggbb; dark enough for white words"
    )
    language: str = Field(
        "en", description="of its words, as screen readers need to know, like `de` or `pt-BR`"
    )
    words: dict[str, str] = Field(
        {},
        description='its words to what it shall say instead, like `"Send" = "Senden"`',
    )
    visitor: RateLimit = Field(
        Rate(12, 60), description="questions of one visitor of a website, like `12/1m`"
    )
    token: RateLimit = Field(
        Rate(300, 60), description="questions by one token, of all visitors together"
    )

    @field_validator("tokens")
    @classmethod
    def _whole(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for token, origins in value.items():
            if not _TOKEN.fullmatch(token):
                raise ValueError(f'"{token}" is no token; it has 8 to 100 letters, digits, - and _')
            if not origins:
                raise ValueError(f'"{token}" has no origin; name one: https://www.example.com')
        return {
            token: tuple(dict.fromkeys(checked_origin(origin) for origin in origins))
            for token, origins in value.items()
        }

    @field_validator("language")
    @classmethod
    def _a_language(cls, value: str) -> str:
        if not _LANGUAGE.fullmatch(value):
            raise ValueError(f'"{value}" is no language; write it as de or pt-BR')
        return value

    @field_validator("words")
    @classmethod
    def _known_words(cls, value: dict[str, str]) -> dict[str, str]:
        return checked_words(value)

    @field_validator("colour")
    @classmethod
    def _legible(cls, value: str) -> str:
        if not _COLOUR.fullmatch(value):
            raise ValueError(f'"{value}" is no colour; write it as #2b6150')
        if contrast_with_white(value) < _LEGIBLE:
            raise ValueError(f'"{value}" is too light: white words on it are hard to read')
        return value.lower()
