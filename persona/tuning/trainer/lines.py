"""The lines of a data set as the trainers of TRL take them: chat messages throughout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Messages = list[dict[str, str]]


class DataError(ValueError):
    """A data set that cannot be trained on; says why, with the line."""


def read_rows(path: Path, method: str) -> list[dict[str, Any]]:
    """The examples of a file. Raises DataError with the line's number."""
    rows = []
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise DataError(f"the data set's file {path} cannot be read: {reason}") from error
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(row_of(json.loads(line), method))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            where = f"{path.name}, line {number}"
            raise DataError(f"{where} is no example of {method}: {reason}") from error
    return rows


def row_of(value: Any, method: str) -> dict[str, Any]:
    """One example: ``prompt`` and ``completion`` (sft), with ``label`` (kto), or ``prompt``,
    ``chosen`` and ``rejected`` (dpo). Takes OpenAI's lines and TRL's."""
    if not isinstance(value, dict):
        raise TypeError("it is no object")
    if method == "sft":
        messages = _messages(value["messages"], "user")
        if messages[-1]["role"] != "assistant" or len(messages) < 2:
            raise ValueError("it does not end with the assistant's answer to something")
        return {"prompt": messages[:-1], "completion": messages[-1:]}
    if method == "dpo":
        asked = value["input"]["messages"] if "input" in value else value["prompt"]
        return {
            "prompt": _messages(asked, "user"),
            "chosen": _answer(value.get("preferred_output", value.get("chosen"))),
            "rejected": _answer(value.get("non_preferred_output", value.get("rejected"))),
        }
    if not isinstance(value["label"], bool):
        raise TypeError("its label is neither true nor false")
    return {
        "prompt": _messages(value["prompt"], "user"),
        "completion": _answer(value["completion"]),
        "label": value["label"],
    }


def _answer(value: Any) -> Messages:
    return _messages(value, "assistant")


def _messages(value: Any, role: str) -> Messages:
    """Chat messages; a plain text is one of ``role``."""
    if isinstance(value, str):
        value = [{"role": role, "content": value}]
    if not isinstance(value, list) or not value:
        raise ValueError("messages are missing")
    found = []
    for message in value:
        content = message["content"]
        if isinstance(content, list):  # OpenAI's parts
            content = "".join(part["text"] for part in content)
        if not isinstance(content, str) or not content.strip():
            raise ValueError(f"a message of {message['role']} is empty")
        found.append({"role": str(message["role"]), "content": content})
    return found
