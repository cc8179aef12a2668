"""LettuceDetect as the judge: its documented output, and what goes wrong around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ConfigurationError
from knowledge.judging import UnclearVerdictError
from knowledge.lettuce import JudgeUnavailableError, LettuceJudge, marks

ANSWER = "The capital of France is Paris. The population is 69 million."


class Library:
    """What the library documents: spans of the answer that the context does not carry."""

    def __init__(self, spans: Any) -> None:
        self.spans = spans
        self.asked: dict[str, Any] = {}
        self.loaded = 0

    def load(self, path: Path) -> Library:
        del path
        self.loaded += 1
        return self

    def predict(
        self, context: list[str], answer: str, question: str | None, output_format: str
    ) -> Any:
        self.asked = {
            "context": context,
            "answer": answer,
            "question": question,
            "output_format": output_format,
        }
        if isinstance(self.spans, Exception):
            raise self.spans
        return self.spans


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that looks like a model."""
    (tmp_path / "config.json").write_text("{}")
    yield tmp_path


def span(text: str, confidence: float = 0.9) -> dict[str, Any]:
    start = ANSWER.index(text)
    return {"start": start, "end": start + len(text), "confidence": confidence, "text": text}


async def test_an_unmarked_sentence_is_supported(folder: Path) -> None:
    """It is asked without markers, and its model loads once."""
    library = Library([])
    judge = LettuceJudge(folder, load=library.load)

    for _ in range(2):
        assert (await judge.judge("Paris it is [1].", ["France …"], "", ())).supported
    judge.close()

    assert library.loaded == 1
    assert library.asked == {
        "context": ["France …"],
        "answer": "Paris it is.",
        "question": None,
        "output_format": "spans",
    }


async def test_a_marked_piece_is_the_reason(folder: Path) -> None:
    """The surest mark is named."""
    judge = LettuceJudge(folder, load=Library([span("capital", 0.6), span("69 million")]).load)
    opinion = await judge.judge(ANSWER, ["France …"], "How many?", ())
    judge.close()

    assert not opinion.supported
    assert "“69 million”" in opinion.reason


def test_weak_marks_and_marks_without_a_word_count_for_nothing() -> None:
    """A full stop that it does not like is no claim."""
    assert marks([span("capital", 0.3), span(".", 0.99)], ANSWER) == []


@pytest.mark.parametrize(
    "spans", [None, 7, [1], [{"start": 1}], ["ab"], [{**span("Paris"), "start": "x"}]]
)
def test_another_shape_is_no_verdict(spans: Any) -> None:
    """A library that changed its mind is not guessed at."""
    with pytest.raises(UnclearVerdictError):
        marks(spans, ANSWER)


async def test_what_the_library_raises_is_translated(folder: Path) -> None:
    """Whatever it is: one sentence, with the folder to look at."""
    judge = LettuceJudge(folder, load=Library(MemoryError("out of it\nlong story")).load)
    with pytest.raises(JudgeUnavailableError, match=r"MemoryError: out of it\); check its folder"):
        await judge.judge(ANSWER, ["France …"], "", ())
    judge.close()


async def test_a_model_that_cannot_be_loaded_is_said_when_warming(folder: Path) -> None:
    """Before anybody asks anything."""

    def broken(path: Path) -> Library:
        raise OSError(f"{path} is broken")

    judge = LettuceJudge(folder, load=broken)
    with pytest.raises(JudgeUnavailableError, match="is broken"):
        await judge.warm()
    judge.close()


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    """Where the setting points to nothing."""
    with pytest.raises(ConfigurationError, match="no folder with a model"):
        LettuceJudge(tmp_path)
