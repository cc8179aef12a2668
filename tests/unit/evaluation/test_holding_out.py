"""Questions that were trained on are found in a training file, however they are wrapped."""

import json

import pytest

from bot.evaluation.cases import Case
from bot.evaluation.holding_out import taught

CASES = [
    Case("1", "How long is the warranty of the PX-07?", paraphrases=("PX-07: how long covered?",)),
    Case("2", "How long is the warranty of the PX-08?"),
    Case("3", "And then?"),
]


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(
            {"messages": [{"content": "<question>how long is THE warranty of the px-07</q>"}]}
        ),
        json.dumps({"prompt": [["Well: PX-07, how long covered"]], "label": True}),
        "no JSON, but: How long is the warranty of the PX-07?!",
    ],
)
def test_a_taught_question_is_found(line: str) -> None:
    """In any shape of line, in any case, by its paraphrase too."""
    assert taught(CASES, ["", line, "{}"]) == {"1"}


def test_a_longer_question_is_another_one() -> None:
    """Words count whole, texts do not run into each other, and a few words say nothing."""
    lines = [
        "How long is the warranty of the PX-070?",
        json.dumps(["How long is the", "warranty of the PX-08?", "And then?"]),
    ]
    assert taught(CASES, lines) == frozenset()
