"""The style classifier: what it learns, how sure it is, and that it survives being kept."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona.style_features import SURFACE, features
from persona.style_model import Example, StyleModel, auc, train
from tests.unit.persona.style_examples import LetterEmbedder, examples


def probability(model: StyleModel, text: str) -> float:
    return model.probability(model.margin(features(text)))


def test_it_tells_voices_apart_that_it_never_heard() -> None:
    """Fifty pairs teach it to order texts of other questions."""
    model = train(examples(50))
    unseen = examples(60, start=50)
    scores = [probability(model, each.text) for each in unseen]
    assert auc(scores, [each.on_voice for each in unseen]) > 0.95
    assert model.figures["auc"] > 0.95
    assert model.figures["origins"] == {"file": {"on_voice": 50, "off_voice": 50}}


def test_a_handful_of_examples_moves_little() -> None:
    """With three pairs it is less sure and trusted less than with fifty."""
    few, many = train(examples(3)), train(examples(50))
    text = examples(1, start=90)[1].text
    assert few.trust < 0.3 < 0.8 < many.trust
    assert probability(many, text) < probability(few, text) < 0.6


def test_labels_at_random_teach_nothing() -> None:
    """Where kinds mean nothing the probability of every text stays near one half."""
    random = np.random.default_rng(7)
    mixed = [
        Example(each.text, bool(random.random() < 0.5), group=str(i))
        for i, each in enumerate(examples(60))
    ]
    model = train(mixed)
    said = [probability(model, each.text) for each in examples(40, start=70)]
    assert 0.3 < min(said) <= max(said) < 0.7


def test_training_twice_gives_the_same_weights() -> None:
    """There is no chance in it."""
    assert train(examples(10)).weights() == train(examples(10)).weights()


async def test_what_is_kept_scores_the_same() -> None:
    """A classifier that went through JSON gives the same probability."""
    embedder = LetterEmbedder()
    known = examples(12)
    model = train(known, await embedder.embed([e.text for e in known]), embedder="letters")
    kept = StyleModel.kept(
        model.embedder, json.loads(json.dumps(model.weights())), dict(model.figures)
    )
    assert kept is not None
    text = "Please be advised that it rains."
    vector = await embedder.embed_query(text)
    before = model.probability(model.margin(features(text), vector))
    assert kept.probability(kept.margin(features(text), vector)) == pytest.approx(before, abs=1e-4)


def test_weights_of_other_features_are_not_used() -> None:
    """A row that another version of the program made is no classifier."""
    weights = train(examples(5)).weights()
    assert StyleModel.kept("", {**weights, "features": ["mood"]}, {}) is None
    assert StyleModel.kept("", {**weights, "format": 99}, {}) is None


def test_no_word_of_an_example_is_kept() -> None:
    """The weights hold numbers and the names of features alone."""
    kept = json.dumps(train([*examples(5), Example("Xylophonia rules.", True)]).weights())
    assert "xylophonia" not in kept.casefold()


def test_auc_counts_ties_half() -> None:
    """Equal scores say nothing, ordered ones everything."""
    assert auc([1, 1, 1, 1], [True, False, True, False]) == 0.5
    assert auc([0.1, 0.9], [False, True]) == 1.0
    assert auc([0.1, 0.9], [True, True]) == 0.5


@given(st.text(max_size=300))
def test_features_of_any_text_are_bounded(text: str) -> None:
    """Whatever is written, features are finite, within -1 to 1, and of unit length."""
    found = features(text)
    assert found.surface.shape == (len(SURFACE),)
    assert bool(np.all(np.abs(found.surface) <= 1))
    length = float(np.linalg.norm(found.values))
    assert length == pytest.approx(1, abs=1e-4) or not len(found.values)
