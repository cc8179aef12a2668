"""JSON Lines: a document a line, ``{id, title, text, uri?, groups?}``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from bot.errors import UnreadableDocumentError
from knowledge.access import groups_said
from knowledge.days import day_among
from knowledge.document import (
    LONGEST_NAME,
    Document,
    FailedDocument,
    RawDocument,
    checked_uri,
    clean,
)
from knowledge.readers.encoding import decode
from knowledge.readers.front_matter import FrontMatter, split_front_matter
from knowledge.readers.markdown import first_heading, with_hash_headings

_GROUPS = re.compile(r"^[\"']?groups?[\"']?\s*[:=]", re.MULTILINE | re.IGNORECASE)
_ID = re.compile(r'"id"\s*:\s*(?:"((?:[^"\\]|\\.){1,1000})"|(-?\d{1,30})\b)')


def _identifier(value: object) -> str:
    """The document's name; numbers are names too."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UnreadableDocumentError(reason='it has no "id".')
    name = clean(str(value)).strip()
    if not name or len(name) > LONGEST_NAME:
        raise UnreadableDocumentError(reason='its "id" is empty or too long.')
    return name


def _text(value: object, key: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnreadableDocumentError(reason=f'its "{key}" is no text.')
    return value


def _document(line: str, raw: RawDocument) -> Document:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise UnreadableDocumentError(reason=f"it is no JSON ({error.msg}).") from error
    except RecursionError as error:
        raise UnreadableDocumentError(reason="it is nested too deeply.") from error
    if not isinstance(record, dict):
        raise UnreadableDocumentError(reason="it is no JSON object.")
    name = _identifier(record.get("id"))
    front = _front_matter(clean(_text(record.get("text"), "text")))
    try:
        groups = groups_said(record) or front.groups
        uri = checked_uri(_text(record.get("uri"), "uri")) or front.uri
    except ValueError as error:
        raise UnreadableDocumentError(reason=f"{error}.") from error
    text = with_hash_headings(front.body)
    title = _text(record.get("title"), "title").strip() or front.title or first_heading(text)
    dated = day_among(record) or front.dated
    return raw.document(text, title=title, uri=uri, groups=groups, dated=dated, name=name)


def _front_matter(text: str) -> FrontMatter:
    """The front matter inside a line's text; a broken one is plain text unless it names groups."""
    try:
        return split_front_matter(text)
    except UnreadableDocumentError:
        if _GROUPS.search(text[:65_536]):
            raise
        return FrontMatter(text)


def _keeps(line: str) -> frozenset[str] | None:
    """The document that a broken line stands for, where its id can still be seen."""
    found = _ID.search(line)
    if not found:
        return None
    try:
        return frozenset({clean(str(json.loads(f'"{found[1] or found[2]}"'))).strip()})
    except json.JSONDecodeError:
        return None


def read(content: bytes, raw: RawDocument) -> Iterator[Document | FailedDocument]:
    """A document for each good line, a failure ``file.jsonl:12`` for each bad one."""
    seen: dict[str, int] = {}
    for number, line in enumerate(decode(content).split("\n"), 1):
        if not line.strip():
            continue
        place = f"{raw.name}:{number}"
        try:
            document = _document(line, raw)
        except UnreadableDocumentError as error:
            yield FailedDocument(place, str(error), keeps=_keeps(line))
            continue
        if document.name in seen:
            reason = f'its id "{document.name}" is that of line {seen[document.name]} already.'
            problem = str(UnreadableDocumentError(reason=reason))
            yield FailedDocument(place, problem, keeps=frozenset())
            continue
        seen[document.name] = number
        yield document
