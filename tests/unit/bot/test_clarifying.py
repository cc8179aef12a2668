"""The one question back, and when it is not asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.asking_back import Unclear, asked_back
from bot.clarifying import clarification, complains_again
from bot.conversation import Message, Role
from bot.evidence import Chunk, Passage
from bot.query import rewrite


def page(title: str, text: str, cosine: float = 0.5) -> Passage:
    chunk = Chunk(title, title, "docs", "r1", 0, title, (title,), text, 0, len(text), "")
    return Passage(chunk, 1.0, 5.0, cosine)


SENSORS = (
    page("MS-10 soil sensor", "The MS-10 costs $39, batteries included.", 0.5),
    page("MT-20 climate sensor", "The MT-20 costs $49, battery included.", 0.48),
)
RESETS = (
    page("Reset the MG-200", "To reset it, press the button on the front for 15 seconds."),
    page("Reset the MG-400", "To reset it, unplug the cable and hold both keys."),
)


def test_one_of_several_things_is_asked_back_about() -> None:
    """Two sensors with different prices: which is meant decides the answer."""
    question = "How much does the sensor cost?"

    found = clarification(question, question, SENSORS)

    assert found is not None
    assert found.text == "Which sensor do you mean: the MS-10 or the MT-20?"
    assert found.choices == ("MS-10", "MT-20")
    assert found.kind is Unclear.ONE_OF_SEVERAL
    assert "MS-10, MT-20" in found.reason


def test_a_first_question_that_points_nowhere_is_asked_back_about() -> None:
    """ "It" without a thread, and two products it could be."""
    found = clarification("How do I reset it?", "How do I reset it?", RESETS)

    assert found is not None
    assert found.text == "Do you mean the MG-200, the MG-400 or something else?"


@pytest.mark.parametrize("question", ["it doesn't work", "I have a problem!", "es geht nicht"])
def test_a_question_that_says_too_little_is_asked_back_about(question: str) -> None:
    """With the pages that are near, or openly where none is."""
    near = (page("Wi-Fi problems", "…", 0.4), page("Valves that leak", "…", 0.38))
    far = (page("Wi-Fi problems", "…", 0.1), page("Valves that leak", "…", 0.1))

    found = clarification(question, question, near)
    openly = clarification(question, question, far)

    assert found is not None and openly is not None
    assert found.text == "Do you mean “Wi-Fi problems” or “Valves that leak”?"
    assert openly.choices == ()


def test_a_german_question_is_asked_back_about_in_german() -> None:
    """Without addressing anybody."""
    pages = (
        page("MS-10 Sensor", "Der MS-10 kostet 39 Euro."),
        page("MT-20 Sensor", "Der MT-20 kostet 49 Euro."),
    )

    found = clarification(
        "Wie viel kostet der Sensor?", "Wie viel kostet der Sensor?", pages, tongue="de"
    )

    assert found is not None and found.text == "Was ist gemeint: MS-10 oder MT-20?"


@pytest.mark.parametrize(
    ("question", "pages"),
    [
        ("How much does the MS-10 sensor cost?", SENSORS),
        ("How much do sensors cost?", SENSORS),
        ("Which sensor costs less?", SENSORS),
        ("What is the difference between the sensors?", SENSORS),
        ("How much does the sensor cost?", SENSORS[:1]),
        # the same answer for both
        (
            "How long is the warranty of the sensor?",
            (
                page("MS-10 sensor", "The warranty is 12 months."),
                page("MT-20 sensor", "The warranty is 12 months."),
            ),
        ),
        # one is far nearer
        (
            "How much does the sensor cost?",
            (SENSORS[0], page("MT-20 sensor", "It costs $49.", 0.2)),
        ),
        # one page tells of both
        (
            "How much does the sensor cost?",
            (*SENSORS, page("Prices", "The MS-10 sensor costs $39, the MT-20 sensor costs $49.")),
        ),
        ("no problem", SENSORS),
        ("How do I return a sensor?", (page("Returns", "Send it back."), page("FAQ", "You can."))),
    ],
)
def test_what_can_be_answered_is_not_asked_back_about(
    question: str, pages: tuple[Passage, ...]
) -> None:
    """A name, a plural, a clear winner, the same answer, or one page that tells of all."""
    assert clarification(question, question, pages) is None


def test_nobody_is_asked_back_twice_in_a_row() -> None:
    """What was asked back is answered as well as it can be."""
    question = "How much does the sensor cost?"
    first = clarification(question, question, SENSORS)
    assert first is not None
    thread = (Message(Role.USER, question), Message(Role.ASSISTANT, first.text))

    assert asked_back(thread)
    assert clarification("the sensor, its price", question, SENSORS, thread) is None


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        (["How do I reset the MG-200?"], "What exactly happens with the MG-200?"),
        (
            ["How do I reset the MG-200?", "And the MG-400?"],
            "Which one is it about, the MG-400 or the MG-200, and what exactly happens?",
        ),
        (["How do I reset it?"], "What exactly is it about, and what happens?"),
    ],
)
@pytest.mark.parametrize(
    "question", ["it doesn't work", "It still does not work!", "that didn't help"]
)
def test_what_does_not_work_is_asked_once_in_a_thread(
    before: list[str], asked: str, question: str
) -> None:
    """With which of the things named before; who says it again is answered as well as can be."""
    thread: list[Message] = []
    for said in before:
        thread += [Message(Role.USER, said), Message(Role.ASSISTANT, "Hold the button [1].")]

    back = clarification(question, rewrite(question, thread), (), thread)

    assert back is not None and back.text == asked
    thread += [Message(Role.USER, question), Message(Role.ASSISTANT, back.text)]
    assert asked_back(thread)
    assert clarification("it doesn't work", "it doesn't work", (), thread) is None
    assert complains_again("it doesn't work", thread)
    assert not complains_again("The LED blinks red.", thread)
    thread += [Message(Role.USER, "it doesn't work"), Message(Role.ASSISTANT, "I don't know.")]
    assert clarification("it doesn't work", "it doesn't work", (), thread) is None


@pytest.mark.parametrize(
    ("reply", "query"),
    [
        ("The LED blinks red", "The LED blinks red (MG-200)"),
        ("the MG-200 blinks red.", "the MG-200 blinks red."),
        ("How do I update the firmware?", "How do I update the firmware?"),
    ],
)
def test_what_happens_is_looked_up_for_the_thing_that_was_asked_about(
    reply: str, query: str
) -> None:
    """The reply tells what goes wrong, the question back with what."""
    thread = (
        Message(Role.USER, "How do I reset the MG-200?"),
        Message(Role.ASSISTANT, "Hold the button [1]."),
        Message(Role.USER, "it doesn't work"),
        Message(Role.ASSISTANT, "What exactly happens with the MG-200?"),
    )

    assert rewrite(reply, thread) == query


def test_what_does_not_work_is_asked_in_german() -> None:
    """In the words of the language that the question is in."""
    thread = (Message(Role.USER, "Wie setze ich das MG-200 zurück?"),)

    back = clarification("es geht nicht", "es geht nicht", (), thread, tongue="de")

    assert back is not None and back.text == "Was genau passiert mit MG-200?"


@pytest.mark.parametrize(
    "question",
    ["did it help", "Was there any problem?", "And how does it help?", "who did it help"],
)
def test_a_question_for_a_fact_in_few_words_is_looked_up(question: str) -> None:
    """It is no complaint that something does not work."""
    thread = (Message(Role.USER, "What is the MG-200?"), Message(Role.ASSISTANT, "A hub."))

    assert clarification(question, rewrite(question, thread), (), thread) is None


@pytest.mark.parametrize(
    ("question", "pages", "reply", "wanted"),
    [
        ("How much does the sensor cost?", SENSORS, "the MT-20", {"mt-20", "cost", "sensor"}),
        ("How much does the sensor cost?", SENSORS, "MS-10 please", {"ms-10", "cost"}),
        ("How do I reset it?", RESETS, "the MG-400", {"reset", "mg-400"}),
        ("How do I reset it?", RESETS, "I mean the MG-200.", {"reset", "mg-200"}),
        ("How do I reset it?", RESETS, "The second one", {"reset", "mg-400"}),
        ("How do I reset it?", RESETS, "1", {"reset", "mg-200"}),
        ("How do I reset it?", RESETS, "the latter", {"reset", "mg-400"}),
        ("How much does the sensor cost?", SENSORS, "both", {"cost", "ms-10", "mt-20"}),
    ],
)
def test_the_reply_makes_the_full_question(
    question: str, pages: tuple[Passage, ...], reply: str, wanted: set[str]
) -> None:
    """What was asked, about what was picked."""
    back = clarification(question, question, pages)
    assert back is not None
    thread = (Message(Role.USER, question), Message(Role.ASSISTANT, back.text))

    query = rewrite(reply, thread)

    assert all(word in query.lower() for word in wanted), query


def test_a_reply_to_a_german_question_back_makes_the_full_question() -> None:
    """In German as well."""
    thread = (
        Message(Role.USER, "Wie viel kostet der Sensor?"),
        Message(Role.ASSISTANT, "Was ist gemeint: MS-10 oder MT-20?"),
    )

    query = rewrite("der MT-20", thread)

    assert "kostet" in query and "MT-20" in query


@given(
    st.text(max_size=80),
    st.lists(
        st.builds(page, st.text(max_size=20), st.text(max_size=60), st.floats(-1, 1)), max_size=6
    ),
)
def test_a_question_back_offers_two_to_four_choices_or_none(
    question: str, pages: list[Passage]
) -> None:
    """Whatever is asked; and it is recognised afterwards."""
    found = clarification(question, question, pages)

    if found is not None:
        assert len(found.choices) in (0, 2, 3, 4)
        assert asked_back([Message(Role.ASSISTANT, found.text)])
