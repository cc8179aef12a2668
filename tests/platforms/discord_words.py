"""The words in Discord's messages: what people type and see, who is pinged, what can be pressed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

EPOCH = 1_420_070_400.0
"""The first second of Discord's ids, 1 January 2015."""

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_ALL = re.compile(r"@(everyone|here)\b")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_MASKED = re.compile(r"\[([^\]\n]+)\]\(<?(https?://[^)>\s]+)>?\)")
_PRESSED = {2, 3, 5, 6, 7, 8}


def iso(at: float) -> str:
    """A time as Discord writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def typed(text: str, forms: Mapping[str, str]) -> str:
    """What Discord makes of the words that a person types, like ``{"@Ada": "<@1>"}``."""
    names = sorted(forms, key=len, reverse=True)
    if not names:
        return text
    pattern = re.compile("|".join(rf"{re.escape(name)}(?!\w)" for name in names))
    return pattern.sub(lambda match: forms[match[0]], text)


def seen(text: str, names: Mapping[str, str] | None = None) -> str:
    """Discord's markup as people see it: mentions by name, masked links with their address."""
    known = names or {}
    shown = _MASKED.sub(lambda m: f"{m[1]} ({m[2]})", text)
    return re.sub(r"<(@[!&]?|#)(\d+)>", lambda m: f"{m[1][0]}{known.get(m[2], m[2])}", shown)


def mentioned(text: str) -> tuple[list[str], list[str], bool]:
    """The users and roles that a text names, and whether it calls everyone; not within code."""
    plain = _CODE.sub(" ", text)
    users, roles = _USER.findall(plain), _ROLE.findall(plain)
    return list(dict.fromkeys(users)), list(dict.fromkeys(roles)), bool(_ALL.search(plain))


def allowed(
    users: list[str], roles: list[str], everyone: bool, given: Json | None
) -> tuple[list[str], list[str], bool]:
    """What ``allowed_mentions`` leaves of the mentions of a text; ``None`` leaves all."""
    if given is None:
        return users, roles, everyone
    parse = given.get("parse") or []
    named_users = {str(id_) for id_ in given.get("users") or ()}
    named_roles = {str(id_) for id_ in given.get("roles") or ()}
    return (
        [id_ for id_ in users if "users" in parse or id_ in named_users],
        [id_ for id_ in roles if "roles" in parse or id_ in named_roles],
        everyone and "everyone" in parse,
    )


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, those inside others too."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for inside in ("accessory", "component"):
            if component.get(inside):
                yield from walk([component[inside]])


def numbered(components: list[Json]) -> list[Json]:
    """Components with the numbers that Discord gives to those without."""
    for number, component in enumerate(walk(components), 1):
        component.setdefault("id", number)
    return components


def elements_of(components: list[Json]) -> list[Json]:
    """The buttons and menus."""
    return [one for one in walk(components) if one.get("type") in _PRESSED]


def label_of(element: Json) -> str:
    """What is written on a button or menu; its emoji where nothing is."""
    emoji = (element.get("emoji") or {}).get("name") or ""
    words = element.get("label") or element.get("placeholder") or ""
    return words or emoji or str(element.get("custom_id", ""))


def texts_of(components: list[Json]) -> list[str]:
    """The texts of components (version 2)."""
    return [str(one["content"]) for one in walk(components) if one.get("type") == 10]


def embed_texts(embeds: list[Json]) -> list[str]:
    """The texts of embeds, in reading order."""
    texts = []
    for embed in embeds:
        texts += [(embed.get("author") or {}).get("name"), embed.get("title")]
        texts.append(embed.get("description"))
        for field in embed.get("fields") or []:
            texts += [field.get("name"), field.get("value")]
        texts.append((embed.get("footer") or {}).get("text"))
    return [str(text) for text in texts if text]


def emoji_json(emoji: str) -> Json:
    """An emoji as events name it: a character, or ``name:id``."""
    name, _, id_ = emoji.partition(":")
    return {"name": name, "id": id_ or None}
