"""Examples as lines of JSON, in the shapes that trainers read. Pure.

SFT: OpenAI's chat format. DPO: OpenAI's preference format. KTO: TRL's conversational prompt,
completion and label (https://huggingface.co/docs/trl/dataset_formats).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from bot.ports import ChatMessage
from persona.curation.choosing import Format


def line_of(
    wanted: Format,
    prompt: Sequence[ChatMessage],
    completion: str,
    *,
    instead: str = "",
    label: bool = True,
) -> bytes:
    """One line, with its end."""
    asked = [{"role": message.role, "content": message.content} for message in prompt]
    said = [{"role": "assistant", "content": completion}]
    row: dict[str, Any]
    match wanted:
        case Format.SFT:
            row = {"messages": [*asked, *said]}
        case Format.DPO:
            row = {
                "input": {"messages": asked},
                "preferred_output": said,
                "non_preferred_output": [{"role": "assistant", "content": instead}],
            }
        case Format.KTO:
            row = {"prompt": asked, "completion": said, "label": label}
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def with_instead(line: bytes, instead: str) -> bytes:
    """A line of DPO with another answer that is not preferred."""
    row = orjson.loads(line)
    row["non_preferred_output"][0]["content"] = instead
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def with_label(line: bytes, label: bool) -> bytes:
    """A line of KTO with another label."""
    return orjson.dumps(orjson.loads(line) | {"label": label}, option=orjson.OPT_APPEND_NEWLINE)
