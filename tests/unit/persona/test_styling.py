"""The joined style score: rules that always count, phrases that are named, nothing that fails."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import StorageError
from bot.ports import Vectors
from persona.profile import Persona
from persona.style import StyleScorer
from persona.style_model import StyleModel, train
from persona.styling import Styler
from tests.unit.persona.style_examples import LetterEmbedder, examples

PERSONA = Persona(name="Fern", words_to_avoid=("seamless",))
MODEL = train(examples(50))
STIFF = "The subscription may be suspended during the winter, upon request of the customer."
PLAIN = "You can pause it for the winter. Just tell us."


class BrokenEmbedder(LetterEmbedder):
    """An embedder with a fault."""

    async def embed_query(self, text: str) -> Vectors:
        raise RuntimeError(text)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        raise RuntimeError(texts[0])


async def test_without_training_the_rules_decide_alone() -> None:
    """No classifier: score and findings are those of the rules."""
    text = "A seamless winter!!"
    assert await Styler(PERSONA).score(text) == StyleScorer(PERSONA).score(text)
    assert await Styler(PERSONA)(text) == StyleScorer(PERSONA).score(text).score


async def test_the_voice_scores_higher_than_the_office() -> None:
    """With a classifier a text off the voice scores lower, though no rule speaks."""
    styler = Styler(PERSONA, model=MODEL)
    plain, stiff = await styler(PLAIN), await styler(STIFF)
    assert plain is not None and stiff is not None
    assert stiff < 0.5 < 0.8 < plain


async def test_a_finding_of_a_rule_always_counts() -> None:
    """The same text with a forbidden word scores lower, whatever the classifier likes."""
    styler = Styler(PERSONA, model=MODEL)
    clean, forbidden = await styler(PLAIN), await styler(PLAIN + " It's seamless.")
    assert clean is not None and forbidden is not None
    assert forbidden < clean
    assert [f.rule for f in (await styler.score(PLAIN + " It's seamless.")).findings] == [
        "avoided-word"
    ]


async def test_a_disliked_phrase_is_named_at_its_place() -> None:
    """Findings of the classifier are exact, do not overlap, and say why where they can."""
    found = (await Styler(PERSONA, model=MODEL).score(STIFF)).findings
    assert found
    assert {finding.rule for finding in found} == {"voice"}
    assert all(STIFF[f.start : f.end] == f.text for f in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


async def test_code_is_never_named() -> None:
    """What stands in code is no phrase of the voice."""
    text = "Kindly run `the upon request prior to utilise` upon request of the customer."
    found = (await Styler(PERSONA, model=MODEL).score(text)).findings
    start, end = text.index("`"), text.rindex("`")
    assert not [f for f in found if f.start < end and start < f.end]


async def test_a_reason_is_the_feature_that_carries_the_phrase() -> None:
    """A phrase in the passive is called that."""
    text = "You may proceed to utilise it upon request; assistance is provided via chat."
    found = (await Styler(PERSONA, model=MODEL).score(text)).findings
    assert "passive" in {finding.reason for finding in found}


async def test_a_fault_never_reaches_the_answer() -> None:
    """An embedder that breaks gives no score, and no exception."""
    embedder = BrokenEmbedder()
    model = train(examples(5), await LetterEmbedder().embed([e.text for e in examples(5)]),
                  embedder="letters")  # fmt: skip
    assert await Styler(PERSONA, embedder, model=model)(STIFF) is None


async def test_a_classifier_of_other_vectors_is_left_aside() -> None:
    """Weights for another embedder do not count; the rules do."""
    known = examples(5)
    vectors = await LetterEmbedder().embed([e.text for e in known])
    styler = Styler(PERSONA, LetterEmbedder(), model=train(known, vectors, embedder="another"))
    assert styler.model is None
    assert await styler(STIFF) == StyleScorer(PERSONA).score(STIFF).score


async def test_one_score_costs_one_vector() -> None:
    """The check after an answer embeds once; naming phrases is for who asks."""
    embedder = LetterEmbedder()
    known = examples(20)
    vectors = await embedder.embed([e.text for e in known])
    styler = Styler(PERSONA, embedder, model=train(known, vectors, embedder="letters"))
    embedder.asked = 0
    await styler(STIFF)
    assert embedder.asked == 1


async def test_a_new_classifier_is_taken_up_beside_the_scoring() -> None:
    """The source is asked in the background; the next score has what it found."""
    asked = 0

    async def source() -> StyleModel | None:
        nonlocal asked
        asked += 1
        return MODEL

    styler = Styler(PERSONA, source=source)
    first = await styler(STIFF)
    await styler.refresh()
    second = await styler(STIFF)
    await styler.close()
    assert first is not None and second is not None and second < first
    assert asked <= 2


async def test_a_database_that_is_down_changes_nothing() -> None:
    """The last classifier stays when the source fails."""

    async def source() -> StyleModel | None:
        raise StorageError("down")

    styler = Styler(PERSONA, model=MODEL, source=source)
    await styler.refresh()
    assert styler.model is MODEL


@pytest.mark.parametrize("text", ["", "   ", "12", "```\ncode\n```", "[1]", "\ud800", "😀"])
async def test_a_text_without_words_is_scored(text: str) -> None:
    """Nothing to judge is nothing to dislike."""
    score = await Styler(PERSONA, model=MODEL).score(text)
    assert 0 <= score.score <= 1
    assert not [f for f in score.findings if f.rule == "voice"]


@given(st.text(max_size=200))
async def test_any_text_has_a_score_and_true_offsets(text: str) -> None:
    """Whatever is written: a score from 0 to 1, and findings that stand where they say."""
    score = await Styler(PERSONA, model=MODEL).score(text)
    assert 0 <= score.score <= 1
    assert all(text[f.start : f.end] == f.text for f in score.findings)
