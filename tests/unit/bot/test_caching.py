"""The same question is found again, another one never; answers that went wrong are not kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.attaching import SOURCE
from bot.caching import Asked, essence, normalised, worth_keeping
from bot.conversation import Outcome, Route, RouteDecision, Turn
from bot.evidence import Chunk, Passage
from bot.ports import LIVE
from tests.platforms.turns import turn_of

CHUNK = Chunk(
    id="c1",
    document="guide.md",
    source="guide",
    revision="r1",
    ordinal=0,
    title="Guide",
    headings=("Care",),
    text="Change the filter every 400 hours.",
    start=0,
    end=34,
    uri="https://example.com/guide",
)
OTHER = replace(CHUNK, id="c2", text="Clean it weekly.")


def asked(**changes: object) -> Asked:
    """A question that a document answers."""
    usual = Asked(
        query="How often does the filter change?",
        audience=frozenset({"staff"}),
        route=Route.RAG,
        passages=(Passage(CHUNK, 1.0), Passage(OTHER, 0.5)),
        persona="juniper@1",
        rungs=("small", "big"),
        checker="builtin@1",
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # the fields by their names


def answered(**changes: object) -> Turn:
    """A turn that answered it with nothing amiss."""
    usual = turn_of(
        "Every 400 hours [1].",
        model="small",
        audience=frozenset({"staff"}),
        route=RouteDecision(Route.RAG, 1.0, ()),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # the fields by their names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I reset it?", "how do i reset it"),
        ("How do I reset it?", "  How do I   reset it ?"),
        ("How do I reset it?", "Hi there, how do I reset it?"),
        ("How do I reset it?", "Hello! How do I reset it, please?"),
        ("How do I reset it?", "How do I reset it? Thanks in advance!"),
        ("How do I reset it?", "How do I reset it, please? Thank you."),
        ("How do I reset it?", "Please, how do I reset it..."),
        ("how do i reset it", "how do i reset it Thanks!"),
        ("What the price of MG-200 is", "Can you please tell me what the price of mg-200 is?"),
        ("don't I pay?", "Don’t I pay"),
        ("Filters, pumps and hoses", "filters pumps and hoses"),
        ("WHAT IS IT?", "What is it?"),
    ],
)
def test_courtesies_case_and_punctuation_do_not_make_another_question(one: str, other: str) -> None:
    """Two ways to ask the same have one key."""
    assert normalised(one) == normalised(other)
    assert asked(query=one).key == asked(query=other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How much is the MG-200?", "How much is the MG200?"),
        ("How much is the MG-200?", "How much is the MG-20?"),
        ("How much is 1,000?", "How much is 1.000?"),
        ("How much is 10²?", "How much is 102?"),
        ("Can I return it?", "Can't I return it?"),
        ("Is it covered?", "Is it not covered?"),
        ("What does -v do?", "What does -V do?"),
        ("Is it C or C++?", "Is it C or C#?"),
        ("Does IT pay?", "Does it pay?"),
        ("Do you ship in the US?", "Do you ship in the us?"),
        ("How long take 5 MB?", "How long take 5 Mb?"),
        ("Is the password 'abc!' good?", "Is the password 'abc' good?"),
        ("Is `A` good?", "Is `a` good?"),
        ("What is getValue?", "What is getvalue?"),
        ("Is a > b?", "Is a < b?"),
        ("Was sind die Maße?", "Was sind die Masse?"),
        ("Does Ann owe Bob?", "Does Bob owe Ann?"),
        ("hello", "thanks"),
        ("???", "!!!"),
    ],
)
def test_what_may_change_the_answer_makes_another_question(one: str, other: str) -> None:
    """Numbers, codes, negations, flags, quotes, order: two keys."""
    assert asked(query=one).key != asked(query=other).key


@given(st.text())
def test_folding_is_done_at_once_and_never_takes_everything(query: str) -> None:
    """A question in which anything stands keeps something; its spaces never matter."""
    found = normalised(query)
    assert bool(found) == bool(" ".join(query.split()))
    assert normalised(f"  {query}\n") == found


@given(st.text())
def test_what_is_searched_for_is_never_empty(query: str) -> None:
    """A greeting alone, or nothing but signs, is searched for as it stands."""
    assert bool(essence(query)) == bool(" ".join(query.split()))


@pytest.mark.parametrize(
    ("query", "searched"),
    [
        ("Hi, how do I reset the MG-200?", "how do I reset the MG-200"),
        ("How do I pay? Thank you!", "How do I pay"),
        ("Hello!", "Hello"),
        ("thanks", "thanks"),
        ("Hello world program", "Hello world program"),
        ("What is a thank-you page?", "What is a thank-you page"),
    ],
)
def test_the_question_itself_is_searched_for(query: str, searched: str) -> None:
    """Courtesies would only be in the way of its words."""
    assert essence(query) == searched


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_are_never_folded(one: int, other: int) -> None:
    """Questions that differ in a number differ."""
    same = normalised(f"What is step {one}?") == normalised(f"What is step {other}?")
    assert same == (one == other)


def test_whatever_the_answer_depends_on_is_in_the_key() -> None:
    """Rights, route, documents, order, revision and words, persona, models, check, lengths."""
    changed = [
        asked(),
        asked(audience=frozenset()),
        asked(audience=frozenset({"staff", "board"})),
        asked(audience=frozenset({'staff", "board'})),
        asked(route=Route.HYBRID),
        asked(passages=(Passage(OTHER, 0.5), Passage(CHUNK, 1.0))),
        asked(passages=(Passage(CHUNK, 1.0),)),
        asked(passages=(Passage(replace(CHUNK, revision="r2"), 1.0), Passage(OTHER, 0.5))),
        asked(passages=(Passage(replace(CHUNK, text="400 days."), 1.0), Passage(OTHER, 0.5))),
        asked(passages=(Passage(replace(CHUNK, uri="https://example.com/2"), 1.0),)),
        asked(persona="juniper@2"),
        asked(rungs=("small@2", "big")),
        asked(rungs=("small",)),
        asked(checker="builtin@2"),
        asked(setup="http://other 6000 700"),
    ]
    assert len({each.key for each in changed}) == len(changed)


def test_scores_of_passages_are_not_in_the_key() -> None:
    """How well a passage fits is not shown to the voice."""
    again = asked(passages=(Passage(CHUNK, 0.9, 3.0, 0.1), Passage(OTHER, 0.4)))
    assert again.key == asked().key


def test_half_a_surrogate_pair_has_a_key() -> None:
    """Whatever somebody types, the cache does not fail."""
    assert len(asked(query="what is \ud800?").key) == 64


def test_a_plain_answer_is_kept() -> None:
    """Answered from documents by the first model, nothing amiss: the next may have it."""
    assert worth_keeping(answered(), asked(), alone=True)


@pytest.mark.parametrize(
    "turn",
    [
        answered(outcome=Outcome.ABSTAINED),
        answered(outcome=Outcome.CLARIFY),
        answered(outcome=Outcome.ERROR),
        answered(answer=" "),
        answered(error="the model did not answer"),
        answered(notes=("the day's budget is spent",)),
        answered(cached_from="t0"),
        answered(model="big"),
        answered(audience=frozenset()),
    ],
)
def test_what_went_otherwise_is_not_kept(turn: Turn) -> None:
    """No answer, a rung further down, an error, a repetition: computed anew the next time."""
    assert not worth_keeping(turn, asked(), alone=True)


@pytest.mark.parametrize(
    "question",
    [
        asked(route=Route.VOICE),
        asked(route=Route.LIVE),
        asked(route=Route.HANDOFF),
        asked(passages=()),
        asked(passages=(Passage(replace(CHUNK, source=LIVE), 1.0),)),
        asked(passages=(Passage(CHUNK, 1.0), Passage(replace(CHUNK, source=SOURCE), 1.0))),
    ],
)
def test_live_facts_files_and_small_talk_are_never_kept(question: Asked) -> None:
    """What holds for one moment or one asker is not given to the next."""
    assert not question.cacheable
    assert not worth_keeping(answered(), question, alone=True)


def test_what_a_thread_led_to_is_not_kept() -> None:
    """The voice knew more than the key says."""
    assert not worth_keeping(answered(), asked(), alone=False)
