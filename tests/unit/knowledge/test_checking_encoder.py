"""The checker's encoder: it loads when it is needed, and says what is wrong when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import CheckerError, KnowledgeError
from knowledge.checking.answering import EncoderJudge
from knowledge.checking.encoder import CheckerEncoder, Weights
from knowledge.checking.showing import Shown

SIGNALS = (0.5,) * 14
EVIDENCE = "The MG-200 has a warranty of 24 months. Frost damage is not covered by it."


def test_a_half_is_the_fitted_threshold() -> None:
    """Probabilities rise with the logit and stay between 0 and 1 for any."""
    weights = Weights((1.0,), -0.5)
    assert weights.probability((0.5,)) == pytest.approx(0.5)
    assert 0.0 < weights.probability((-1e9,)) < weights.probability((0.0,))
    assert weights.probability((1e9,)) <= 1.0


async def test_a_missing_model_is_said_in_one_sentence(tmp_path: Path) -> None:
    """The error names the file and what to do."""
    encoder = CheckerEncoder(tmp_path)
    with pytest.raises(CheckerError, match="the file is missing"):
        await encoder.carries(Shown(EVIDENCE, "", "It lasts 24 months."), SIGNALS)
    encoder.close()
    assert issubclass(CheckerError, KnowledgeError)


async def test_a_broken_model_is_said_in_one_sentence(tmp_path: Path) -> None:
    """A file that is no model is reported, not a traceback of the runtime."""
    (tmp_path / "model.onnx").write_bytes(b"no model")
    (tmp_path / "scales.json").write_text('{"claim": [1, 0], "question": [1, 0]}')
    encoder = CheckerEncoder(tmp_path)
    with pytest.raises(CheckerError, match="cannot be loaded"):
        await encoder.warm()
    encoder.close()


async def test_what_is_carried_scores_above_what_is_not() -> None:
    """A claim that nothing says scores lower, and so does a question that nothing answers."""
    encoder = CheckerEncoder()
    wrong = Shown(EVIDENCE, "", "Its office in Berlin opens at noon.")
    right = Shown(EVIDENCE, "", "The warranty of the MG-200 lasts 24 months.")
    true = await encoder.carries(right, SIGNALS)
    false = await encoder.carries(wrong, SIGNALS)
    again = await encoder.carries(wrong, SIGNALS)
    assert 0.0 <= false < true <= 1.0
    assert again == false
    judge = EncoderJudge(encoder)
    known = await judge.answers("How long is the warranty of the MG-200?", [EVIDENCE])
    unknown = await judge.answers("Who painted the Mona Lisa?", [EVIDENCE])
    assert 0.0 <= unknown < known <= 1.0
    assert await judge.answers("How long is the warranty?", []) == 0.0
    encoder.close()
