"""The second decision, once it is known what a search finds."""

from __future__ import annotations

import pytest

from bot.conversation import Message, Role, Route, RouteDecision
from bot.evidence import Chunk, Passage, Retrieval
from bot.routing import SHIPPED, decide, reconsider, worth_a_look
from bot.routing.second_look import COSINE

TEXT = "The MG-200 has a warranty of 24 months. Register it within 30 days of the purchase."


def found(text: str = TEXT, cosine: float | None = 0.6) -> Retrieval:
    chunk = Chunk("c", "a.md", "docs", "r", 0, "Warranty", (), text, 0, len(text), "a.md")
    return Retrieval((Passage(chunk, 1.0, 5.0, cosine),))


def unsure(voice: float = 0.5, handoff: float = 0.1, route: Route = Route.HYBRID) -> RouteDecision:
    odds = (("voice", voice), ("handoff", handoff), ("question", 1 - voice - handoff))
    return RouteDecision(route, 0.4, ("a question",), odds)


def test_unsure_message_with_nothing_near_is_small_talk() -> None:
    """What was looked up in case it is a question is none where nothing is written about it."""
    decision = reconsider(unsure(), "you are quite something", found(cosine=0.1))
    assert decision.route is Route.VOICE
    assert decision.confidence == 0.5
    assert "nothing is written about it" in decision.reasons[-1]


def test_unsure_message_with_no_passage_at_all_may_be_for_a_person() -> None:
    """The likelier of small talk and a call for a person is taken."""
    decision = reconsider(unsure(0.1, 0.5), "somebody there please", Retrieval(()))
    assert decision.route is Route.HANDOFF


def test_unsure_message_with_something_near_stays_a_question() -> None:
    """Where the documents speak of it, it is answered from them, with the check."""
    decision = reconsider(unsure(), "mg-200 warranty registration stuff", found())
    assert decision.route is Route.HYBRID
    assert dict(decision.odds)[COSINE] == 0.6


def test_likely_question_stays_one_although_nothing_is_near() -> None:
    """A question that cannot be answered is a gap to be told, not small talk."""
    decision = reconsider(unsure(0.2), "who repairs bicycles", found(cosine=0.05))
    assert decision.route is Route.HYBRID


def test_doubtful_small_talk_that_documents_speak_of_is_a_question() -> None:
    """Few words that sound like small talk are looked up when they name what is written."""
    doubtful = unsure(0.6, 0.1, Route.VOICE)
    assert worth_a_look(doubtful)
    near = reconsider(doubtful, "warranty registration", found(cosine=0.8))
    assert near.route is Route.HYBRID
    assert near.confidence == pytest.approx(0.4)
    assert reconsider(doubtful, "you rock", found(cosine=0.2)).route is Route.VOICE
    assert not worth_a_look(unsure(SHIPPED.certain, 0, Route.VOICE))


def test_fact_that_one_sentence_states_is_plain() -> None:
    """One fact, stated in a sentence of the best passage, needs no voice; advice does."""
    plain = reconsider(unsure(0.1), "what is the warranty of the MG-200?", found())
    assert plain.route is Route.RAG
    assert "one sentence" in plain.reasons[-1]
    advice = reconsider(unsure(0.1), "how do I register the MG-200 for the warranty?", found())
    assert advice.route is Route.HYBRID
    upset = reconsider(unsure(0.1), "what is the stupid warranty of the MG-200?", found())
    assert upset.route is Route.HYBRID


def test_rule_and_missing_vectors_leave_no_second_decision() -> None:
    """Without probabilities, or before the vectors are there, the first decision stands."""
    ruled = decide("hi")
    assert ruled.odds == ()
    assert not worth_a_look(ruled)
    assert reconsider(ruled, "hi", found()) is ruled
    assert reconsider(unsure(), "anything", found(cosine=None)) == unsure()


def test_odds_of_a_decision_tell_what_decided() -> None:
    """The probabilities, whether the thread counted, and which classifier it was are kept."""
    history = (Message(Role.USER, "The MG-200?"), Message(Role.ASSISTANT, "Fine [1]."))
    odds = dict(decide("and why?", history).odds)
    assert odds["voice"] + odds["handoff"] + odds["question"] == pytest.approx(1)
    assert odds["follows"] == 1.0
    assert any(name.startswith("classifier ") for name in odds)


@pytest.mark.parametrize("words", ["battery life", "lost parcel", "opening hours"])
def test_a_few_words_without_talk_are_searched_before_they_are_small_talk(words: str) -> None:
    """Whoever types keywords is looking for something: the classifier alone does not decide."""
    decision = decide(words)
    assert decision.route is not Route.VOICE or worth_a_look(decision)


@pytest.mark.parametrize("words", ["thanks a lot", "lol nice", "who are you"])
def test_talk_is_not_searched(words: str) -> None:
    """Thanks and questions to the bot itself cost no search."""
    assert not worth_a_look(decide(words))
