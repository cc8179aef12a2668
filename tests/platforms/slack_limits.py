"""What Slack refuses in a message, a block or a view. Numbers: docs.slack.dev, Block Kit."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.platforms.slack_words import Json, texts_of

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MARKDOWN, SECTION, FIELD, HEADER = 12_000, 3_000, 2_000, 150
ALL_BLOCKS, STREAM = 13_200, 12_000
BUTTON_TEXT, VALUE, ACTION_ID, BLOCK_ID, METADATA = 75, 2_000, 255, 255, 3_000
POSTED_TEXT, UPDATED_TEXT = 40_000, 4_000

_MESSAGE_ONLY = {"markdown", "table", "context_actions", "task_card", "plan"}
_VIEW_ONLY = {"input"}
_BLOCKS = {
    "section", "header", "divider", "context", "actions", "image", "rich_text", "file", "video",
    "alert", "card", *_MESSAGE_ONLY, *_VIEW_ONLY,
}  # fmt: skip
_ELEMENTS = {
    "button", "checkboxes", "radio_buttons", "static_select", "multi_static_select", "overflow",
    "users_select", "conversations_select", "channels_select", "external_select", "datepicker",
    "multi_users_select", "multi_conversations_select", "multi_channels_select", "image",
    "plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input",
    "feedback_buttons", "icon_button", "timepicker", "datetimepicker", "file_input",
    "workflow_button", "multi_external_select",
}  # fmt: skip
_IN_CONTEXT_ACTIONS = {"feedback_buttons", "icon_button"}


class InvalidBlockError(Exception):
    """What is wrong with a block, and where."""

    def __init__(self, problem: str, where: str, error: str = "invalid_blocks") -> None:
        super().__init__(f"[ERROR] {problem} [json-pointer:{where}]")
        self.error = error


def check_blocks(blocks: object, surface: str = "message") -> None:
    """Raise :class:`InvalidBlockError` for what Slack would refuse. ``surface``: message, view."""
    if not isinstance(blocks, list):
        raise InvalidBlockError("must provide an array", "/blocks", "invalid_blocks_format")
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    if len(blocks) > most:
        raise InvalidBlockError(f"no more than {most} items allowed", "/blocks")
    names: set[str] = set()
    for number, block in enumerate(blocks):
        where = f"/blocks/{number}"
        if not isinstance(block, dict):
            raise InvalidBlockError("must be an object", where)
        _check_block(block, where, surface)
        name = block.get("block_id")
        if name is not None and name in names:
            raise InvalidBlockError("block_id already exists", where)
        names.add(str(name))
    markdown = sum(len(b["text"]) for b in blocks if b["type"] == "markdown")
    if markdown > MARKDOWN:
        raise InvalidBlockError("markdown text is too long", "/blocks", "msg_too_long")
    if surface == "message" and sum(len(text) for _, text in texts_of(blocks)) > ALL_BLOCKS:
        raise InvalidBlockError("blocks are too long", "/blocks", "msg_blocks_too_long")


def _check_block(block: Json, where: str, surface: str) -> None:
    kind = block.get("type")
    allowed = _BLOCKS - (_VIEW_ONLY if surface == "message" else _MESSAGE_ONLY)
    if kind not in allowed:
        raise InvalidBlockError(f"unsupported type: {kind}", f"{where}/type")
    _at_most(block.get("block_id"), BLOCK_ID, f"{where}/block_id")
    for problem in _CHECKS.get(kind, _nothing)(block, where):
        raise problem


def _nothing(_block: Json, _where: str) -> Iterator[InvalidBlockError]:
    yield from ()


def _section(block: Json, where: str) -> Iterator[InvalidBlockError]:
    if "text" not in block and "fields" not in block:
        yield InvalidBlockError("missing required field: text", where)
    if "text" in block:
        _text(block["text"], SECTION, f"{where}/text")
    fields = block.get("fields", [])
    if len(fields) > 10:
        yield InvalidBlockError("no more than 10 items allowed", f"{where}/fields")
    for field in fields:
        _text(field, FIELD, f"{where}/fields")
    if "accessory" in block:
        _element(block["accessory"], f"{where}/accessory")


def _header(block: Json, where: str) -> Iterator[InvalidBlockError]:
    _text(block.get("text"), HEADER, f"{where}/text", plain=True)
    yield from ()


def _context(block: Json, where: str) -> Iterator[InvalidBlockError]:
    elements = _some(block, where, 10)
    for element in elements:
        if element.get("type") != "image":
            _text(element, SECTION, f"{where}/elements")
    yield from ()


def _actions(block: Json, where: str) -> Iterator[InvalidBlockError]:
    for number, element in enumerate(_some(block, where, 25)):
        _element(element, f"{where}/elements/{number}")
    yield from ()


def _context_actions(block: Json, where: str) -> Iterator[InvalidBlockError]:
    for number, element in enumerate(_some(block, where, 5)):
        if element.get("type") not in _IN_CONTEXT_ACTIONS:
            yield InvalidBlockError("unsupported element", f"{where}/elements/{number}")
        _element(element, f"{where}/elements/{number}")


def _markdown(block: Json, where: str) -> Iterator[InvalidBlockError]:
    if not isinstance(block.get("text"), str) or not block["text"]:
        yield InvalidBlockError("must be more than 0 characters", f"{where}/text")


def _input(block: Json, where: str) -> Iterator[InvalidBlockError]:
    _text(block.get("label"), FIELD, f"{where}/label", plain=True)
    _element(block.get("element"), f"{where}/element")
    yield from ()


def _table(block: Json, where: str) -> Iterator[InvalidBlockError]:
    rows = block.get("rows")
    if not isinstance(rows, list) or not 1 <= len(rows) <= 100:
        yield InvalidBlockError("1 to 100 rows allowed", f"{where}/rows")
    for row in rows or []:
        if len(row) > 20:
            yield InvalidBlockError("no more than 20 cells allowed", f"{where}/rows")
        for cell in row:
            if cell.get("type") not in ("raw_text", "rich_text", "raw_number"):
                yield InvalidBlockError("unsupported cell", f"{where}/rows")
            if cell.get("type") == "raw_text" and not cell.get("text"):
                yield InvalidBlockError("must be more than 0 characters", f"{where}/rows")


_CHECKS = {
    "section": _section, "header": _header, "context": _context, "actions": _actions,
    "context_actions": _context_actions, "markdown": _markdown, "input": _input, "table": _table,
}  # fmt: skip


def _some(block: Json, where: str, most: int) -> list[Json]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= most:
        raise InvalidBlockError(f"1 to {most} items allowed", f"{where}/elements")
    return elements


def _text(text: object, most: int, where: str, *, plain: bool = False) -> None:
    if not isinstance(text, dict) or text.get("type") not in ("plain_text", "mrkdwn"):
        raise InvalidBlockError("must be a text object", where)
    if plain and text["type"] != "plain_text":
        raise InvalidBlockError("must be plain_text", f"{where}/type")
    words = text.get("text")
    if not isinstance(words, str) or not words:
        raise InvalidBlockError("must be more than 0 characters", f"{where}/text")
    _at_most(words, most, f"{where}/text")


def _element(element: object, where: str) -> None:
    if not isinstance(element, dict) or element.get("type") not in _ELEMENTS:
        raise InvalidBlockError("unsupported element", where)
    kind = element["type"]
    _at_most(element.get("action_id"), ACTION_ID, f"{where}/action_id")
    if kind == "button":
        _text(element.get("text"), BUTTON_TEXT, f"{where}/text", plain=True)
        _at_most(element.get("value"), VALUE, f"{where}/value")
        if element.get("style") not in (None, "primary", "danger"):
            raise InvalidBlockError("invalid style", f"{where}/style")
    if kind == "feedback_buttons":
        for side in ("positive_button", "negative_button"):
            button = element.get(side)
            if not isinstance(button, dict) or not button.get("value"):
                raise InvalidBlockError("missing required field", f"{where}/{side}")
            _text(button.get("text"), BUTTON_TEXT, f"{where}/{side}/text", plain=True)
            _at_most(button["value"], VALUE, f"{where}/{side}/value")
    most = 10 if kind in ("radio_buttons", "checkboxes") else 100
    options = element.get("options", [])
    if len(options) > most or (kind in ("radio_buttons", "checkboxes") and not options):
        raise InvalidBlockError(f"1 to {most} options allowed", f"{where}/options")
    for option in options:
        _text(option.get("text"), 75, f"{where}/options")
        _at_most(option.get("value"), 150, f"{where}/options")


def _at_most(value: object, most: int, where: str) -> None:
    if isinstance(value, str) and len(value) > most:
        raise InvalidBlockError(f"must be less than {most + 1} characters", where)


def check_view(view: Json, kind: str) -> None:
    """Raise :class:`InvalidBlockError` for a view that Slack would refuse as this kind."""
    if view.get("type") != kind:
        raise InvalidBlockError(f"must be of type {kind}", "/view/type", "invalid_arguments")
    if len(json.dumps(view)) > 250_000:
        raise InvalidBlockError("view is too large", "/view", "view_too_large")
    fault = "invalid_arguments"
    if len(view.get("private_metadata", "")) > METADATA:
        raise InvalidBlockError(
            "must be less than 3001 characters", "/view/private_metadata", fault
        )
    try:
        if kind == "modal":
            _text(view.get("title"), 24, "/view/title", plain=True)
            for label in ("submit", "close"):
                if view.get(label):
                    _text(view[label], 24, f"/view/{label}", plain=True)
        check_blocks(view.get("blocks"), "view")
    except InvalidBlockError as problem:
        problem.error = fault
        raise
    asks = any(block["type"] == "input" for block in view["blocks"])
    if kind == "modal" and asks and not view.get("submit"):
        raise InvalidBlockError("missing required field: submit", "/view", fault)
