"""Which passages are listed, and which become evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.evidence import Chunk, Passage
from knowledge.duplicates import merged, same
from knowledge.selection import NEAR, evidence, listed, near_evidence, texts

LONG = (
    "The lamp can be returned within two weeks of delivery in its own box and we pay for the"
    " postage both ways when you ask us for a label before you send it to the workshop in town"
)


def passage(
    text: str,
    score: float = 0.5,
    *,
    document: str = "a",
    title: str = "",
    lexical: float = 0.0,
    cosine: float | None = None,
) -> Passage:
    chunk = Chunk(f"{document}#{text}", document, "s", "r", 0, title, (), text, 0, len(text), "")
    return Passage(chunk, score, lexical, cosine)


def ranked(*documents: str) -> list[Passage]:
    """A passage with its own text of each named document, best first."""
    return [
        passage(f"text {i} of {name}", 1 - i / 100, document=name)
        for i, name in enumerate(documents)
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The plan costs 49 a month.", "The plan costs 59 a month."),
        ("It runs on version 7.4 of the server.", "It runs on version 7.5 of the server."),
        ("Order the AX-100 for this.", "Order the AX-200 for this."),
        ("Error E-204 means that it is full.", "Error E-205 means that it is full."),
        ("You can return the lamp.", "You can not return the lamp."),
        ("You can return the lamp.", "You can't return the lamp."),
        ("It costs $49.", "It costs €49."),
        ("Use it where x < 5 holds.", "Use it where x > 5 holds."),
        ("Set it to -5 degrees.", "Set it to 5 degrees."),
        ("Call get_user here.", "Call set_user here."),
        ("The sorcerer casts the spell.", "The barbarian casts the spell."),
        ("Anna pays Bert.", "Bert pays Anna."),
        ("Man kann die Lampe zurückgeben.", "Man kann die Lampe nicht zurückgeben."),
        ("返品できます。", "返品できません。"),
        (LONG, LONG.replace("The lamp can", "Only the lamp can")),
        (LONG, LONG + " unless it is broken"),
        (LONG, LONG.replace("two weeks", "three weeks")),
        (LONG, LONG + " see return_policy"),
        (LONG, LONG + " within 30 days"),
    ],
)
@pytest.mark.parametrize("title", ["", "Lamps"])
def test_what_says_something_else_stays(one: str, other: str, title: str) -> None:
    """Another number, version, code, name, negation, limit or order is never the same."""
    pair = [passage(one, 0.9, title=title), passage(other, 0.8, document="b", title=title)]
    assert not same(*pair)
    assert not same(*reversed(pair))
    assert merged(pair) == tuple(pair)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The lamp needs two bulbs.", "the  lamp; needs two bulbs"),
        ("Le café coûte 5 € l'unité.", "Le cafe coûte 5 € l’unité."),
        ("# The lamp\n\nIt costs **49**.", "The lamp\nIt costs 49."),
        (LONG, LONG + " with friendly regards"),
    ],
)
def test_what_says_the_same_is_merged(one: str, other: str) -> None:
    """Marks, case, accents and a few harmless words more make no other passage."""
    assert same(passage(one), passage(other, document="b"))


def test_the_fuller_of_two_stands_in_the_better_place() -> None:
    """Nothing that was said is lost by merging."""
    pair = [passage(LONG, 0.9), passage(f"{LONG} with friendly regards", 0.8, document="b")]
    (found,) = merged(pair)
    assert (found.chunk.document, found.score) == ("b", 0.9)


def test_a_short_text_means_what_its_header_says() -> None:
    """The same words under another heading are another answer; versions in headers tell too."""
    one, other = (passage("It costs ten a month.", title=plan) for plan in ("Small", "Large"))
    assert not same(one, other)
    assert same(passage(LONG, title="Lamps"), passage(LONG, title="Returns"))
    assert not same(passage(LONG, title="Version 7.4"), passage(LONG, title="Version 7.5"))


WORDS = st.lists(st.sampled_from(["lamp", "door", "not", "49", "59", "AX-1", "the"]), max_size=30)


@given(WORDS, WORDS)
def test_sameness_is_symmetric_and_keeps_figures(one: list[str], other: list[str]) -> None:
    """Whoever is asked first, and whatever else stands there: other figures are never merged."""
    a, b = passage(" ".join(one)), passage(" ".join(other), document="b")
    assert same(a, b) == same(b, a)
    assert same(a, a)
    if same(a, b):
        for telling in ("not", "49", "59", "AX-1"):
            assert one.count(telling) == other.count(telling)


@given(
    st.lists(st.sampled_from([LONG, LONG + " thanks", "49", "59", "not", "a", "b"]), max_size=12)
)
def test_merging_keeps_one_of_each(said: list[str]) -> None:
    """Every passage is there or said by one that is, no two say the same, and order stays."""
    given_ = [passage(text, 1 - i / 20, document=str(i)) for i, text in enumerate(said)]
    kept = merged(given_)
    assert all(any(same(p, k) for k in kept) for p in given_)
    assert [k.score for k in kept] == sorted((k.score for k in kept), reverse=True)
    assert {k.chunk for k in kept} <= {p.chunk for p in given_}


@pytest.mark.parametrize("meaning", [None, 0.6])
def test_evidence_is_near_the_best(meaning: float | None) -> None:
    """What is far behind by words and meaning stays out of the prompt; the best never does."""
    shares = [1.0, NEAR + 0.01, NEAR - 0.01, 0.1]
    given_ = [
        passage(f"text {i}", 0.5, lexical=20 * s, cosine=None if meaning is None else meaning * s)
        for i, s in enumerate(shares)
    ]
    assert near_evidence(given_, 6) == tuple(given_[:2])
    assert near_evidence(given_, 1) == tuple(given_[:1])
    assert near_evidence(given_[::-1], 6) == (given_[3], given_[1], given_[0])
    assert near_evidence([], 6) == ()


def test_evidence_without_raw_scores_stays_whole() -> None:
    """Nothing is left out where nothing tells the passages apart."""
    given_ = [passage("one of them"), passage("another", cosine=-0.2)]
    assert near_evidence(given_, 6) == tuple(given_)


def test_a_passage_that_waits_for_its_vector_is_judged_by_its_words() -> None:
    """New knowledge is neither favoured nor lost."""
    old = passage("old", 0.9, lexical=10.0, cosine=0.6)
    new = passage("new", 0.8, lexical=9.0)
    poor = passage("poor", 0.7, lexical=5.0)
    assert near_evidence([old, new, poor], 6) == (old, new)


def test_a_page_that_tells_of_it_twice_comes_first() -> None:
    """In a list other passages of its page speak for a passage, in evidence they do not."""
    here = Chunk("a0", "a", "s", "r", 4, "", (), "one", 0, 3, "")
    beside = replace(here, id="a1", ordinal=5, text="two")
    alone = replace(here, id="b0", document="b", text="three")
    given_ = [Passage(alone, 0.8), Passage(here, 0.75), Passage(beside, 0.7)]
    assert [p.chunk.id for p in listed(given_, 2)] == ["a0", "b0"]
    assert [p.chunk.id for p in evidence(given_, 2)] == ["b0", "a0"]


def test_a_list_shows_pages_first() -> None:
    """Other pages come before more of the same, and copies of a text behind them."""
    found = listed(ranked(*"aaab"), 4)
    assert [p.chunk.document for p in found] == list("abaa")
    copy = passage("text 0 of a", 0.985, document="c")
    found = listed(sorted([*ranked("a", "b"), copy], key=lambda p: -p.score), 3)
    assert [p.chunk.document for p in found] == ["a", "b", "c"]


@given(st.lists(st.sampled_from("abcdef"), max_size=30), st.integers(1, 30))
def test_lists_are_full_and_in_order(documents: list[str], k: int) -> None:
    """A list has all that there is room for, best first, and as many pages as fit."""
    given_ = ranked(*documents)
    found = listed(given_, k)
    assert len(found) == min(k, len(given_))
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert len({p.chunk.document for p in found}) == min(k, len(set(documents)))
    assert texts(given_) == len(given_)


@given(st.permutations([passage(f"text {i}", 1 - i / 10) for i in range(6)]), st.integers(0, 6))
def test_evidence_is_a_part_of_what_was_found(given_: Sequence[Passage], k: int) -> None:
    """Nothing is made up, and never more than was asked for."""
    assume(given_)
    best_first = sorted(given_, key=lambda p: -p.score)
    whole = evidence(best_first, k)
    assert whole == tuple(best_first[:k])
    found = near_evidence(best_first, k)
    assert set(found) <= set(whole)
    assert all(a.score >= b.score for a, b in pairwise(found))
