"""What Discord refuses in a form (50035): too long, too many, unknown."""

from __future__ import annotations

import re

from tests.platforms.discord_methods import RefusedError, invalid
from tests.platforms.discord_state import COMPONENTS_V2
from tests.platforms.discord_words import Json, walk

_NAME = re.compile(r"^[-_'\w]{1,32}$")
_EMBED = {"title": 256, "description": 4096}


def too_long(path: str, text: object, most: int, least: int = 0) -> None:
    """Refuse a text outside its bounds."""
    if text is None and least == 0:
        return
    if not isinstance(text, str):
        raise invalid(path, "BASE_TYPE_REQUIRED", "This field is required")
    if len(text) > most:
        raise invalid(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    if len(text) < least:
        raise invalid(
            path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."
        )


def check_message(body: Json, prefix: str = "") -> None:
    """Refuse a message that is too long anywhere."""
    too_long(f"{prefix}content", body.get("content"), 2000)
    embeds, components = body.get("embeds") or [], body.get("components") or []
    if len(embeds) > 10:
        raise invalid(f"{prefix}embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    total = 0
    for number, embed in enumerate(embeds):
        total += _embed(f"{prefix}embeds.{number}", embed)
    if total > 6000:
        raise invalid(f"{prefix}embeds", "MAX_EMBED_SIZE_EXCEEDED",
                      "Embed size exceeds maximum size of 6000")  # fmt: skip
    if body.get("nonce") is not None and len(str(body["nonce"])) > 25:
        raise invalid(
            f"{prefix}nonce", "NONCE_TYPE_TOO_LONG", "Nonce must be 25 or fewer in length."
        )
    if int(body.get("flags") or 0) & COMPONENTS_V2:
        _second(body, components, prefix)
    else:
        _rows(components, prefix)
    _elements(components, f"{prefix}components")
    _mentions(body.get("allowed_mentions"), f"{prefix}allowed_mentions")


def _mentions(given: Json | None, path: str) -> None:
    for kind in ("users", "roles"):
        if given and kind in (given.get("parse") or []) and given.get(kind):
            raise invalid(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                          f"parse: [{kind}] and {kind}: [ids] are mutually exclusive.")  # fmt: skip


def _embed(path: str, embed: Json) -> int:
    for name, most in _EMBED.items():
        too_long(f"{path}.{name}", embed.get(name), most)
    fields = embed.get("fields") or []
    if len(fields) > 25:
        raise invalid(f"{path}.fields", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for number, one in enumerate(fields):
        too_long(f"{path}.fields.{number}.name", one.get("name"), 256, 1)
        too_long(f"{path}.fields.{number}.value", one.get("value"), 1024, 1)
    footer = (embed.get("footer") or {}).get("text") or ""
    author = (embed.get("author") or {}).get("name") or ""
    too_long(f"{path}.footer.text", footer, 2048)
    too_long(f"{path}.author.name", author, 256)
    texts = [embed.get("title") or "", embed.get("description") or "", footer, author]
    texts += [f"{one['name']}{one['value']}" for one in fields]
    return len("".join(texts))


def _rows(components: list[Json], prefix: str) -> None:
    if len(components) > 5:
        raise invalid(
            f"{prefix}components", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length."
        )
    for number, row in enumerate(components):
        path = f"{prefix}components.{number}"
        if row.get("type") != 1:
            raise invalid(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of {1}.")
        inside = row.get("components") or []
        widths = [1 if one.get("type") == 2 else 5 for one in inside]
        if not 1 <= sum(widths) <= 5:
            raise invalid(f"{path}.components", "BASE_TYPE_BAD_LENGTH",
                          "Must be between 1 and 5 in length.")  # fmt: skip


def _second(body: Json, components: list[Json], prefix: str) -> None:
    """Components of version 2: 40 in all, 4,000 characters, no content and no embeds."""
    for name in ("content", "embeds"):
        if body.get(name):
            raise invalid(f"{prefix}{name}", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                          f"The '{name}' field cannot be used when using "
                          "MessageFlags.IS_COMPONENTS_V2")  # fmt: skip
    every = list(walk(components))
    if len(every) > 40:
        raise invalid(f"{prefix}components", "COMPONENT_MAX_COUNT_EXCEEDED",
                      "The total number of components cannot exceed 40")  # fmt: skip
    if sum(len(one.get("content") or "") for one in every) > 4000:
        raise invalid(f"{prefix}components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
                      "The total displayable text size cannot exceed 4000")  # fmt: skip


def _elements(components: list[Json], path: str) -> None:
    known: set[str] = set()
    for one in walk(components):
        custom_id = one.get("custom_id")
        if one.get("type") == 2:
            too_long(f"{path}.label", one.get("label"), 80)
            if not (one.get("label") or one.get("emoji")):
                raise invalid(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED",
                              "A button must have a label or emoji")  # fmt: skip
            if (one.get("style") == 5) != bool(one.get("url")):
                raise invalid(path, "BUTTON_COMPONENT_INVALID", "A link has a url and no custom_id")
            if one.get("style") != 5:
                too_long(f"{path}.custom_id", custom_id, 100, 1)
        if one.get("type") in (3, 5, 6, 7, 8):
            too_long(f"{path}.custom_id", custom_id, 100, 1)
            too_long(f"{path}.placeholder", one.get("placeholder"), 150)
            if len(one.get("options") or []) > 25:
                raise invalid(f"{path}.options", "BASE_TYPE_BAD_LENGTH",
                              "Must be between 1 and 25 in length.")  # fmt: skip
        if custom_id is not None and custom_id in known:
            raise invalid(path, "COMPONENT_CUSTOM_ID_DUPLICATED",
                          "Component custom id cannot be duplicated")  # fmt: skip
        known.add(custom_id) if custom_id is not None else None


def check_modal(data: Json) -> None:
    """Refuse a form that is too long anywhere."""
    too_long("data.custom_id", data.get("custom_id"), 100, 1)
    too_long("data.title", data.get("title"), 45, 1)
    rows = data.get("components") or []
    if not 1 <= len(rows) <= 5:
        raise invalid(
            "data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."
        )
    for number, row in enumerate(rows):
        path = f"data.components.{number}"
        if row.get("type") not in (1, 10, 18):
            raise invalid(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of {1, 10, 18}.")
        if row["type"] == 18:
            too_long(f"{path}.label", row.get("label"), 45, 1)
            too_long(f"{path}.description", row.get("description"), 100)
        for one in walk([row]):
            if one.get("type") == 4:
                _input(path, one, row["type"])
            if one.get("type") in (3, 21, 22) and len(one.get("options") or []) > 25:
                raise invalid(f"{path}.options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer.")
    _elements(rows, "data.components")


def _input(path: str, field: Json, around: int) -> None:
    too_long(f"{path}.custom_id", field.get("custom_id"), 100, 1)
    too_long(f"{path}.placeholder", field.get("placeholder"), 100)
    too_long(f"{path}.value", field.get("value"), 4000)
    if around == 1:
        too_long(f"{path}.label", field.get("label"), 45, 1)
    if int(field.get("max_length") or 4000) > 4000:
        raise invalid(f"{path}.max_length", "NUMBER_TYPE_MAX", "int value should be <= 4000.")


def check_command(body: Json, path: str) -> None:
    """Refuse an application command that is not well formed."""
    name, kind = body.get("name"), body.get("type") or 1
    too_long(f"{path}.name", name, 32, 1)
    if kind == 1:
        if not _NAME.match(str(name)) or str(name) != str(name).lower():
            raise invalid(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Invalid name.")
        too_long(f"{path}.description", body.get("description"), 100, 1)
    elif body.get("description"):
        raise invalid(f"{path}.description", "APPLICATION_COMMAND_NO_DESCRIPTION",
                      "Context menus have none.")  # fmt: skip
    options = body.get("options") or []
    if len(options) > 25:
        raise invalid(f"{path}.options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    optional = False
    for number, option in enumerate(options):
        where = f"{path}.options.{number}"
        check_command(option | {"type": 1}, where)
        if option.get("required") and optional:
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            raise invalid(where, code, "Required options must be placed before others")
        optional = optional or (option.get("type", 0) > 2 and not option.get("required"))


def empty(body: Json, files: bool) -> bool:
    """Whether a new message says nothing."""
    content = (body.get("content") or "").strip()
    return not (
        content or body.get("embeds") or body.get("components") or files
        or body.get("sticker_ids") or body.get("poll")
    )  # fmt: skip


def check_new_message(body: Json, files: bool) -> None:
    """Refuse a new message that is empty or too long."""
    if empty(body, files):
        raise RefusedError(50006)
    check_message(body)
