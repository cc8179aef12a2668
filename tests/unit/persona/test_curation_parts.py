"""The parts of curation: neutral questions, shown passages, duplicates, split, balance."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence import Chunk, Passage
from bot.lexical import words
from persona.curation.choosing import Dropped, Format
from persona.curation.duplicates import near_duplicates, printed
from persona.curation.frames import FRAMES
from persona.curation.held_out import HeldOut
from persona.curation.leaking import holds
from persona.curation.neutral import known_words, opening_for, question_for, runs
from persona.curation.selecting import Kept, select, split
from persona.curation.showing import MOST, renumbered, shown

_REFUNDS = "Refunds take 14 days from the day that we have the goods back."


def _passage(
    text: str = _REFUNDS, title: str = "Returns and refunds", n: int = 0, document: str = "a.md"
) -> Passage:
    chunk = Chunk(
        f"{document}#{n}", document, "docs", "r1", n, title, (title, "How refunds work"), text, 0,
        len(text), "",
    )  # fmt: skip
    return Passage(chunk, 1.0, 5.0, 0.6)


_CITED = [(_passage(), _REFUNDS)]
_FRAME = {
    word
    for kinds in FRAMES.values()
    for frames in kinds.values()
    for frame in frames
    for text in frame
    for word in words(text.replace("{topic}", "").replace("{detail}", ""))
}


@pytest.mark.parametrize(
    "asked",
    [
        "How long do refunds take? My order is 88231, I'm Ottilie.",
        "how long until the Quietfrost refunds arrive at my place in Timbuktu",
        "returns and refunds how refunds work please",
        "What is there to know about returns and refunds?",
        "refunds?",
    ],
)
def test_a_neutral_question_has_no_words_of_the_asker(asked: str) -> None:
    """No three of their words in a row, and not one word that neither sources nor frames have."""
    question = question_for([asked, asked], _CITED, _REFUNDS, 3)
    assert question
    assert runs(question).isdisjoint(runs(asked))
    assert set(words(question)) <= known_words(_CITED) | _FRAME


@given(st.text(max_size=120), st.integers(0, 50))
def test_whatever_is_asked_the_question_is_the_sources_own(asked: str, seed: int) -> None:
    """Words come from the sources and the frames alone."""
    question = question_for([asked, asked], _CITED, _REFUNDS, seed)
    assert set(words(question)) <= known_words(_CITED) | _FRAME
    assert runs(question).isdisjoint(runs(asked))


@given(st.lists(st.sampled_from([*words(_REFUNDS), "returns", "how", "long", "work"]), max_size=20))
def test_words_of_the_sources_in_the_asker_s_order_are_not_repeated(asked: list[str]) -> None:
    """Even where every word is the sources', three in a row are avoided."""
    text = " ".join(asked)
    assert runs(question_for([text, text], _CITED, _REFUNDS, 1)).isdisjoint(runs(text))


def test_the_question_is_in_the_language_of_the_answer() -> None:
    """German answers get German questions."""
    german = "Die Erstattung dauert 14 Tage, wenn die Ware wieder bei uns ist."
    cited = [(_passage(german, "Rückgabe und Erstattung"), german)]
    question = question_for(["Wann kommt mein Geld?"] * 2, cited, german, 0)
    assert set(words(question)) & {"wann", "welcher", "zeitpunkt", "zeit"}


def test_the_same_sources_make_the_same_question() -> None:
    """However it was asked: so duplicates are found and pairs meet."""
    one = question_for(["How long do refunds take?"] * 2, _CITED, _REFUNDS, 5)
    two = question_for(["how long until refunds get here"] * 2, _CITED, _REFUNDS, 5)
    assert one == two


def test_small_talk_gets_a_sample_of_its_kind() -> None:
    """A greeting for a greeting, never the one that was said; nothing for what is unknown."""
    assert opening_for("Hi there, it's Ottilie", "Hello!", 0) in (
        "Hello there!",
        "Hi!",
        "Good day!",
    )
    assert opening_for("Hello there!", "Hello!", 0) != "Hello there!"
    assert opening_for("my cat died", "I am sorry.", 0) == ""


def test_words_of_the_asker_in_an_answer_are_noticed() -> None:
    """A name, a number, a phrase of theirs; not what the sources say too."""
    asked = ["I'm Ottilie, order 88231: when do refunds take 14 days, by red garden table?"]
    seen = [_passage()]
    assert holds("Hello Ottilie, refunds take 14 days.", asked, seen)
    assert holds("Order 88231 is on its way.", asked, seen)
    assert holds("We have no red garden table.", asked, seen)
    assert not holds("Refunds take 14 days.", asked, seen)
    assert not holds("We have no red garden table.", asked, seen, own=True)
    assert holds("Good news, Ann!", ["hello"], seen, name="Ann")


def test_cited_passages_are_shown_among_others() -> None:
    """All that are cited, at most six in all, the numbers moved with them."""
    found = [_passage(n=n) for n in range(9)]
    seen = shown(found, ["a.md#7", "a.md#8"], (), 1)
    ids = [passage.chunk.id for passage in seen]
    assert len(ids) == MOST
    assert {"a.md#7", "a.md#8"} < set(ids)
    text = renumbered("One [1]. Two [2][1]. `x[1]` stays", {1: "a.md#7", 2: "a.md#8"}, ids)
    first, second = ids.index("a.md#7") + 1, ids.index("a.md#8") + 1
    assert text == f"One [{first}]. Two [{second}][{first}]. `x[1]` stays"


def test_an_answer_alone_gets_a_distractor_from_another_document() -> None:
    """Something stands beside the cited passage wherever there is something."""
    seen = shown([_passage()], ["a.md#0"], [_passage(document="b.md")], 0)
    assert {passage.chunk.document for passage in seen} == {"a.md", "b.md"}


def test_a_number_without_a_source_is_noticed() -> None:
    """A marker that points to nothing shown makes the answer useless."""
    assert renumbered("One [3].", {1: "a"}, ["a"]) is None


def test_held_out_questions_and_near_ones_are_known() -> None:
    """Other case, order and a word more are the same question; another product's is not."""
    held = HeldOut(["How long do refunds take for the MG-400?"])
    assert held.has("how long do REFUNDS take for the MG-400")
    assert held.has("For an MG-400: refunds take how long, usually?")
    assert not held.has("What does the MG-200 cost?")
    assert not HeldOut([]).has("anything")


def test_near_duplicates_go_and_other_figures_stay() -> None:
    """A word more is the same; another number is not."""
    chance = random.Random(1)
    vocabulary = [f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(300)]
    texts = [" ".join(chance.choices(vocabulary, k=60)) for _ in range(40)]
    more = [f"{text} indeed" for text in texts[:20]]
    other = [f"{text} 42" for text in texts[20:30]]
    gone = near_duplicates([printed(text) for text in (*texts, *more, *other)])
    assert gone == set(range(40, 60))


@given(st.lists(st.text(max_size=60), max_size=30))
def test_one_of_equal_texts_always_stays(texts: list[str]) -> None:
    """Nothing is lost altogether, and equal texts do not both stay."""
    gone = near_duplicates([printed(text) for text in texts])
    left = [text for n, text in enumerate(texts) if n not in gone]
    assert len(gone) < len(texts) or not texts
    assert len(set(left)) == len(left)


def _kept(n: int, **changes: object) -> Kept:
    made = Kept(
        offset=n, length=1, turn=f"t{n}", threads=(f"th{n // 2}",), asker="web:1", author="",
        kind="answer", topic=f"d{n}", label=True, rank=1, prompt_tokens=10, completion_tokens=2,
        print=printed(f"text number {n} {random.Random(n).random()}"),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # any field by name


@given(st.integers(2, 60), st.integers(1, 7))
def test_the_split_is_by_thread(number: int, size: int) -> None:
    """No thread is in both files; nothing is lost; validation is small, and there where it can."""
    found = [_kept(n, threads=(f"th{n // size}",)) for n in range(number)]
    train, validation = split(found)
    assert {k.threads for k in train}.isdisjoint({k.threads for k in validation})
    assert Counter(train + validation) == Counter(found)
    assert train
    assert bool(validation) == (number > size)


def test_threads_of_a_pair_stay_together() -> None:
    """An example of two threads ties them."""
    found = [_kept(n, threads=(f"th{n}",)) for n in range(20)]
    found.append(_kept(20, threads=("th0", "th19")))
    train, validation = split(found)
    for part in (train, validation):
        there = {thread for kept in part for thread in kept.threads}
        assert ("th0" in there) == ("th19" in there)


def test_a_topic_that_is_asked_all_the_time_is_capped() -> None:
    """At most a twentieth of the set, or 25, and a fifth of talk."""
    found = [_kept(n, topic="one.md") for n in range(60)]
    found += [_kept(n, topic=f"talk: {n}") for n in range(100, 160)]
    selection = select(found, Format.SFT)
    topics = Counter(k.topic[:4] for k in (*selection.train, *selection.validation))
    assert topics == {"one.": 25, "talk": 15}
    assert selection.dropped == {Dropped.BALANCE: 80}


def test_labels_of_kto_stay_within_four_to_one() -> None:
    """The rarer label is kept whole."""
    found = [_kept(n, label=n >= 5) for n in range(60)]
    selection = select(found, Format.KTO)
    labels = Counter(k.label for k in (*selection.train, *selection.validation))
    assert labels == {True: 20, False: 5}
