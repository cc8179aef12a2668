"""The settings that are in force, each with its meaning and where it comes from, for people.

A secret is told as set or not set, whoever looks. Where a line of ``wellspoken.toml`` is named it
is that of the file as it is now; what holds is what was read at the start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, SecretStr

from bot.errors import ConfigurationError
from bot.settings import Settings, environment_names, origin
from bot.settings.addresses import without_secrets
from bot.settings.toml import line_of, read_toml

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic.fields import FieldInfo

    from bot.settings.changing import Change

SET, NOT_SET = "set", "not set"
DEFAULT = "default"

_OPEN = frozenset({"WELLSPOKEN_MODEL", "WELLSPOKEN_VOICE_MODEL", "WELLSPOKEN_EMBEDDING_MODEL"})
"""Of what stands by itself: what anybody in the console may see. The rest are places and keys."""
_FOR_ADMINS = frozenset({"access", "sso", "sources", "live", "channels", "telemetry", "weaviate"})
"""Tables that name people, groups and places."""
_FOR_ADMINS_TOO = frozenset(
    {
        ("checking", "path"),
        ("release", "operators"),
        ("serve", "metrics"),
        ("training", "experts"),
        ("tuning", "python"),
        ("tuning", "server"),
        ("watch", "channel"),
        ("web", "trusted_proxies"),
    }
)
"""Settings of other tables that name them."""
_ADDRESS = re.compile(r"\S+://\S+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A setting: its ``name`` as it is written, what it is for, its ``value`` in words, and its
    ``origin`` in words. ``own``: it is not the default. ``sensitive``: for admins alone. ``change``
    is what the console made of it."""

    name: str
    meaning: str
    value: str
    origin: str
    own: bool
    sensitive: bool = False
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Settings that stand together, below the ``title`` of their table. Of a ``table`` that the
    console may change the entries are lines, and ``about`` says what one is."""

    title: str
    anchor: str
    entries: tuple[Entry, ...]
    table: str = ""
    about: str = ""


class InForce:
    """The settings of a process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def config(self) -> Path:
        """The file that they may be written in."""
        return self._settings.config

    def parts(self) -> list[Part]:
        """Every setting; those of the environment first, then the tables as the docs have them."""
        return _parts(self._settings)


def _parts(settings: Settings) -> list[Part]:
    try:
        written = read_toml(settings.config)
    except ConfigurationError:  # it was changed since the start, and is none any more
        written = {}
    named = tuple(_named(settings, written))
    parts = [Part("Environment", "environment", named)]
    dumped = settings.model_dump(mode="json")
    for name, field in type(settings).model_fields.items():
        if field.json_schema_extra is None:
            reader = _Reader(settings.config, written, sensitive=name in _FOR_ADMINS)
            parts += reader.parts(name, field, getattr(settings, name), dumped[name])
    return parts


def _named(settings: Settings, written: Mapping[str, Any]) -> Iterator[Entry]:
    for row in environment_names():
        value = getattr(settings, row.field)
        told = origin(settings, row)
        if told == str(settings.config):
            key = row.environment.lower()
            told = line_in(settings.config, (key,)) if key in written else "given at the start"
        yield Entry(
            row.environment,
            row.meaning,
            NOT_SET if row.secret and value is None else _words(value, value),
            told,
            told != DEFAULT,
            row.environment not in _OPEN,
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a table of the settings beside the file that it may come from."""

    config: Path
    written: Mapping[str, Any]
    sensitive: bool

    def parts(self, name: str, field: FieldInfo, value: Any, dumped: Any) -> Iterator[Part]:
        """The table of a field, those inside it, or one for each of its entries."""
        if isinstance(value, BaseModel):
            yield from self._table(f"[{name}]", (name,), value, dumped)
        elif isinstance(value, tuple):
            for index, (each, told) in enumerate(zip(value, dumped, strict=True)):
                title = f"[[{name}]] {getattr(each, 'name', index + 1)}"
                yield from self._table(title, (name, str(index)), each, told)
        elif isinstance(value, Mapping):
            for key, each in value.items():
                title = f'[{name}."{key}"]'
                yield from self._table(title, (name, key), each, dumped[key])
        if not isinstance(value, BaseModel) and not value:
            title = f"[[{name}]]" if isinstance(value, tuple) else f"[{name}]"
            yield Part(title, anchor_of(title), tuple(_unset(title, field, self.sensitive)))

    def _table(self, title: str, at: tuple[str, ...], value: Any, dumped: Any) -> Iterator[Part]:
        entries, inner = [], []
        for key, field in type(value).model_fields.items():
            found = getattr(value, key)
            if isinstance(found, BaseModel):
                inner.append((key, found))
                continue
            told = self._origin((*at, key))
            own = told != DEFAULT
            words = _words(found, dumped[key], hidden=not field.repr and isinstance(found, dict))
            sensitive = self.sensitive or (at[0], key) in _FOR_ADMINS_TOO
            entries.append(Entry(key, field.description or "", words, told, own, sensitive))
        if entries:
            yield Part(title, anchor_of(title), tuple(entries))
        for key, found in inner:
            yield from self._table(f"[{'.'.join((*at, key))}]", (*at, key), found, dumped[key])

    def _origin(self, at: tuple[str, ...]) -> str:
        if stands(self.written, at):
            return line_in(self.config, at)
        if at[1:2] == ("*",) and stands(self.written, (at[0], *at[2:])):
            return line_in(self.config, (at[0], *at[2:]))  # what holds for every channel
        return DEFAULT


def _unset(title: str, field: FieldInfo, sensitive: bool) -> Iterator[Entry]:
    """What could be written below a table of which there is none."""
    model = next((a for a in _arguments(field.annotation) if hasattr(a, "model_fields")), None)
    keys = ", ".join(getattr(model, "model_fields", {}))
    yield Entry(title, f"There is none. A table has {keys}.", "none", DEFAULT, False, sensitive)


def _arguments(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        yield from _arguments(each)


def stands(written: Any, at: Sequence[str]) -> bool:
    """Whether a key stands in the file."""
    for part in at:
        if isinstance(written, list):
            written = written[int(part)] if part.isdigit() and int(part) < len(written) else None
        elif isinstance(written, Mapping) and part in written:
            written = written[part]
        else:
            return False
    return written is not None


def line_in(config: Path, at: tuple[str, ...]) -> str:
    """The place of a key of the file, for people."""
    line = line_of(config, at)
    return f"{config.name}, line {line}" if line else config.name


def _words(value: Any, dumped: Any, *, hidden: bool = False) -> str:
    """A value for people. Secrets are ``set``; of what is ``hidden`` only how much there is."""
    if isinstance(value, SecretStr):
        return SET if value.get_secret_value() else NOT_SET
    if hidden:
        return f"{len(value)} given" if value else "none"
    return plain(dumped)


def plain(dumped: Any) -> str:
    """A value as JSON has it, in words."""
    if isinstance(dumped, bool):
        return str(dumped).lower()
    if dumped is None or dumped in ("", [], {}):
        return "none"
    if isinstance(dumped, Mapping):
        return "; ".join(f"{key}: {plain(each)}" for key, each in dumped.items())
    if isinstance(dumped, list | tuple):
        return ", ".join(plain(each) for each in dumped)
    return _ADDRESS.sub(lambda found: without_secrets(found[0], "…@"), str(dumped))


def anchor_of(title: str) -> str:
    """Where the table of a title is on its page."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
