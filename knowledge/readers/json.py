"""JSON: objects become headings and fields, lists of alike objects become tables."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot.errors import UnreadableDocumentError
from knowledge.document import Document, RawDocument, clean
from knowledge.readers.encoding import decode
from knowledge.readers.records import flat, rendered

_DEEPEST = 60


def _scalar(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value)).strip()


def _alike(items: list[object]) -> list[str]:
    """The common columns of a list of flat objects; empty where they are not alike."""
    keys: dict[str, None] = {}
    for item in items:
        if not isinstance(item, dict) or not flat(item):
            return []
        keys.update(dict.fromkeys(map(str, item)))
    filled = sum(len(item) for item in items if isinstance(item, dict))
    return list(keys) if filled >= 0.5 * len(keys) * len(items) else []


def _blocks(value: object, level: int, depth: int = 0) -> Iterator[str]:
    """The Markdown blocks of a JSON value; ``level`` is that of the next heading."""
    if depth > _DEEPEST:
        raise UnreadableDocumentError(reason="it is nested too deeply.")
    marks = "#" * min(level, 6)
    if isinstance(value, dict):
        plain = [(k, v) for k, v in value.items() if not isinstance(v, dict | list)]
        if plain:
            yield "\n".join(f"- {k}: {_scalar(v)}" for k, v in plain if _scalar(v))
        for key, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                yield f"{marks} {' '.join(str(key).split())}"
                yield from _blocks(inner, level + 1, depth + 1)
    elif isinstance(value, list):
        columns = _alike(value)
        if columns:
            yield rendered(columns, [[_scalar(item.get(c)) for c in columns] for item in value])
            return
        for number, item in enumerate(value, 1):
            if isinstance(item, dict):
                name = next((_scalar(v) for v in item.values() if isinstance(v, str)), "")
                yield f"{marks} {' '.join(name.split())[:120] or number}"
                yield from _blocks(item, level + 1, depth + 1)
            elif isinstance(item, list):
                yield from _blocks(item, level, depth + 1)
            else:
                yield f"- {_scalar(item)}"
    else:
        yield _scalar(value)


def read(content: bytes, raw: RawDocument) -> Iterator[Document]:
    """One document; a ``title`` or ``name`` at the top is its title."""
    try:
        value = json.loads(decode(content))
    except json.JSONDecodeError as error:
        raise UnreadableDocumentError(
            reason=f"line {error.lineno}: it is no JSON ({error.msg})."
        ) from error
    title = ""
    if isinstance(value, dict):
        title = next(
            (v for k in ("title", "name") if isinstance(v := value.get(k), str) and v.strip()), ""
        )
    yield raw.document("\n\n".join(b for b in _blocks(value, 2) if b), title=title)
