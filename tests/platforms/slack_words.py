"""The words in Slack's messages: what blocks say, what can be pressed, what people see and type."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

PINGS = re.compile(r"<(@[UW][A-Z0-9]*|!channel|!here|!everyone|!subteam\^[A-Z0-9]+)(?:\|[^>]*)?>")
_FORMS = re.compile(r"<([@#!]?)([^>|]*)(?:\|([^>]*))?>")
_WORDS_ONLY = {"mrkdwn", "plain_text", "image"}
_ADDRESS = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)\]]")


def typed(text: str, forms: Mapping[str, str]) -> str:
    """What Slack makes of the words that a person types: escaped, with ``forms`` put in.

    ``forms`` says what a name with its sigil becomes, like ``{"@Ada": "<@U1>"}``.
    """
    names = sorted(forms, key=len, reverse=True)
    pattern = re.compile(
        "|".join(rf"{re.escape(html.escape(n, quote=False))}(?!\w)" for n in names)
    )
    escaped = _ADDRESS.sub(lambda m: f"<{m[0]}>", html.escape(text, quote=False))
    if not names:
        return escaped
    return pattern.sub(lambda m: forms[html.unescape(m[0])], escaped)


def seen(text: str) -> str:
    """Slack's markup as people see it: links by their label with the address, mentions, & < >."""

    def form(match: re.Match[str]) -> str:
        sigil, target, label = match.groups()
        if sigil:
            return f"{'#' if sigil == '#' else '@'}{label or target}"
        return f"{label} ({target})" if label and label != target else target

    return html.unescape(_FORMS.sub(form, text))


def texts_of(blocks: list[Json]) -> Iterator[tuple[str, str]]:
    """Every text in blocks, with its kind (mrkdwn, plain_text, markdown, rich_text)."""
    for block in blocks:
        if block.get("type") == "markdown":
            yield "markdown", block["text"]
        elif block.get("type") == "rich_text":
            yield "rich_text", rich_text_of(block)
        elif block.get("type") == "table":
            for row in block.get("rows", []):
                yield "raw_text", " | ".join(_cell_of(cell) for cell in row)
        else:
            nested = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
            for part in nested:
                if isinstance(part, dict) and part.get("type") in ("mrkdwn", "plain_text"):
                    yield part["type"], part["text"]


def _cell_of(cell: Json) -> str:
    return rich_text_of(cell) if cell.get("type") == "rich_text" else str(cell.get("text", ""))


def rich_text_of(node: Json) -> str:
    """The words of a rich text block."""
    if node.get("type") in ("text", "link", "user", "usergroup", "channel", "broadcast", "emoji"):
        return {
            "user": f"<@{node.get('user_id')}>",
            "usergroup": f"<!subteam^{node.get('usergroup_id')}>",
            "broadcast": f"<!{node.get('range')}>",
            "channel": f"<#{node.get('channel_id')}>",
            "link": f"<{node.get('url')}|{node.get('text', node.get('url'))}>",
            "emoji": f":{node.get('name')}:",
        }.get(node["type"], str(node.get("text", "")))
    joint = "\n" if node.get("type") in ("rich_text", "rich_text_list") else ""
    return joint.join(rich_text_of(child) for child in node.get("elements", []))


def elements_of(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """The interactive elements of blocks, each with its block."""
    for block in blocks:
        inside = [block.get("accessory"), block.get("element")]
        inside += block.get("elements", []) if block.get("type") != "rich_text" else []
        for element in inside:
            if isinstance(element, dict) and element.get("type") not in _WORDS_ONLY:
                yield block, element


def labels_of(element: Json) -> list[str]:
    """What is written on an element."""
    if element["type"] == "feedback_buttons":
        return [element[side]["text"]["text"] for side in ("positive_button", "negative_button")]
    text = element.get("text") or element.get("placeholder") or {}
    return [str(text.get("text", element.get("action_id", "")))]
