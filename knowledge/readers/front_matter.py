"""What a file says about itself at its top: title, address, groups, when it was updated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.errors import UnreadableDocumentError
from knowledge.access import groups_said, seems_to_name_groups
from knowledge.days import day_among
from knowledge.document import checked_uri

_YAML = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_OPENED = re.compile(r"\A---[ \t]*\n[A-Za-z_]\w*:(?:[ \t]|\n)")
_LONGEST = 65_536
_NOT_UNDERSTOOD = "it seems to name groups, which are not understood; write `groups: [name]`"
_NOT_AT_THE_TOP = "it seems to name groups, but does not stand at the very top between two fences"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What the top of a file said; ``body`` is the text below it."""

    body: str
    title: str = ""
    uri: str = ""
    groups: frozenset[str] = frozenset()
    dated: str = ""


def _fail(line: int, problem: str) -> UnreadableDocumentError:
    return UnreadableDocumentError(
        reason=f"line {line} of its front matter: {problem}; correct it, or quote the value."
    )


def _yaml(block: str) -> object:
    import yaml  # files without front matter do not pay for it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(block, Loader=loader)  # noqa: S506 - a safe loader, the C one where built
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise _fail(line, str(error.problem or "it is no YAML")) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _fail(1, "it is no YAML") from error


def _toml(block: str) -> object:
    import tomllib  # as above

    try:
        return tomllib.loads(block)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"at line (\d+)", str(error))
        raise _fail(int(place.group(1)) + 1 if place else 1, "it is no TOML") from error


def _line_of(block: str, key: str) -> int:
    """The line in the file where a key stands; the fence above the block is line 1."""
    for number, line in enumerate(block.split("\n"), 2):
        if re.match(rf"[\"']?{key}[\"']?\s*[:=]", line, re.IGNORECASE):
            return number
    return 1


def _scalar(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int | float) else ""


def split_front_matter(text: str) -> FrontMatter:
    """The front matter (YAML between ``---``, TOML between ``+++``) and the text below.

    A rule of dashes with prose below it is no front matter. Raises UnreadableDocumentError that
    names the line: what a file says about its groups must be understood before it is shown.
    """
    read = _yaml
    found = _YAML.match(text)
    if not found:
        found, read = _TOML.match(text), _toml
    if not found:
        if _OPENED.match(text):
            raise _fail(1, "it is never closed")
        return _without(text, _NOT_AT_THE_TOP)
    block = found.group(1)
    if len(block) > _LONGEST:
        raise _fail(1, "it is longer than 64 KB")
    if read is _yaml and not re.search(r"^[^\s#-][^\n]*:(?:\s|$)", block, re.MULTILINE):
        return _without(text, _NOT_UNDERSTOOD)
    said = read(block)
    if not isinstance(said, dict):
        return _without(text, _NOT_UNDERSTOOD)
    values: dict[str, object] = {str(k).lower(): v for k, v in said.items()}
    try:
        groups = groups_said(said, block)
    except ValueError as error:
        raise _fail(_line_of(block, "groups?"), str(error)) from error
    try:
        uri = checked_uri(_scalar(values.get("uri")))
    except ValueError as error:
        raise _fail(_line_of(block, "uri"), str(error)) from error
    title = _scalar(values.get("title"))
    return FrontMatter(text[found.end() :], title, uri, groups, day_among(values))


def _without(text: str, problem: str) -> FrontMatter:
    """A text without front matter. Raises where its author seems to have meant to restrict it."""
    if seems_to_name_groups(text):
        raise _fail(1, problem)
    return FrontMatter(text)
