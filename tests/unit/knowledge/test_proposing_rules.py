"""Candidates by rule: what headings, tables and sentences ask, and what they leave alone."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.proposing.choosing import Dropped, alike, case_id, merged, spread
from knowledge.proposing.headed import reworded
from knowledge.proposing.material import Candidate, Material, parts, plain, stems
from knowledge.proposing.missing import unanswerable
from knowledge.proposing.modelled import prompt, read_cases
from knowledge.proposing.naming import Names
from knowledge.proposing.proposing import by_rule

_TABLE = """# Pump P-20

The P-20 is the pump for small ponds. The P-20 costs $49, hose included.

| Property | P-20 | P-40 |
|---|---|---|
| Warranty | 24 months | 36 months |
| Nozzles | up to 3 | 5 |
| Operating temperature | −5 °C to 40 °C | −5 °C to 45 °C |
| Dimmable | yes | no |
"""


def made(text: str, title: str = "Pumps") -> dict[str, Candidate]:
    """The candidates of a document, by their question."""
    material = Material("docs", "pumps.md", title, text)
    names = Names([f"{title}\n{text}"])
    return {c.question: c for c in by_rule([material], names)}


def test_tables_ask_what_things_have() -> None:
    """Counts, measures with their sign, nothing from yes and no."""
    found = made(_TABLE)
    assert found["How many nozzles does the P-20 have?"].answers == ("3",)
    assert found["How long is the warranty of P-40?"].answers == ("36 months",)
    cold = found["What is the operating temperature of the P-20?"]
    assert cold.answers == ("−5 °C to 40 °C",)
    assert cold.quote == "| Operating temperature | −5 °C to 40 °C | −5 °C to 45 °C |"
    assert not any("immable" in question for question in found)


def test_a_code_is_asked_for_its_meaning_and_its_remedy() -> None:
    """Each phrase of a cell that tells enough is an answer."""
    rows = "| Code | Meaning | What to do |\n|---|---|---|\n"
    rows += "| E-1 | the tank is empty | fill the tank, wait 5 minutes |\n"
    rows += "| E-2 | the lid is open | close the lid |\n"
    found = made(f"# Codes\n\n{rows}")
    assert found["What does E-1 mean?"].answers[0] == "the tank is empty"
    assert "5 minutes" in found["What should I do about E-1?"].answers


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("The P-20 costs $49, hose included.", "How much does the P-20 cost?", "$49"),
        ("A refill of the pumps takes about 3 minutes.",
         "How long does a refill of the pumps take?", "3 minutes"),
        ("The pumps are kept for 14 days.", "How long are the pumps kept?", "14 days"),
        ("Your pumps expire after one hour.", "After how long do my pumps expire?", "one hour"),
        ("You can join up to 8 pumps to a P-20.", "How many pumps can I join to a P-20?", "8"),
        ("The warranty of the P-20 is 2 years.", "What is the warranty of the P-20?", "2 years"),
    ],
)  # fmt: skip
def test_a_sentence_with_one_number_is_asked_for_it(
    sentence: str, question: str, answer: str
) -> None:
    """The question has the sentence's own words, and its number is the answer."""
    found = made(f"# Pumps\n\nSome words.\n\n## Facts\n\n{sentence}\n")
    assert found[question].answers == (answer,)
    assert found[question].quote == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "It costs $49.",
        "The P-20 costs $49 and the P-40 costs $99.",
        "The P-20 doubles the range and costs $35.",
        "This takes 5 minutes.",
        "You'll have 24 hours to fetch the pumps.",
        "The P-20 has two parts: a motor and a hose.",
        "Version 3 of the pumps takes 4 nozzles.",
    ],
)
def test_what_is_not_plain_is_left_alone(sentence: str) -> None:
    """No subject of its own, several numbers, a list that follows: no question."""
    assert not made(f"# Pumps\n\n## Facts\n\n{sentence}\n")


def test_headings_ask_what_opens_under_them() -> None:
    """Buttons, commands with the option that makes the difference, yes and no."""
    found = made(
        "# Pumps\n\n## How do I reset my pump password?\n\nTap **Forgot password** below.\n\n"
        "## Mount a filter partition of a pump\n\n```\npump --mount <Disk> --partition <Index>\n"
        "```\n\n## Do I need a pump subscription?\n\nNo. A pump works alone for 14 days.\n\n"
        "## Can I use a pump with rain water?\n\nYes, on the P-40.\n"
    )
    assert found["How do I reset my pump password?"].answers == ("Forgot password",)
    assert found["How do I mount a filter partition of a pump?"].answers == ("--partition",)
    assert found["Do I need a pump subscription?"].answers == ("No", "14 days")
    assert "Can I use a pump with rain water?" not in found


def test_what_documents_answer_differently_is_dropped() -> None:
    """The same question with the same answer has both as gold; with another one it goes."""
    one = Material("docs", "a.md", "Pumps", "")
    two = Material("docs", "b.md", "Pumps", "")
    dropped: Counter[Dropped] = Counter()
    found = [
        Candidate("r", "How heavy is the P-20?", ("2 kg",), one),
        Candidate("r", "How heavy is the P-20?", ("2 kg",), two),
        Candidate("r", "How heavy is the P-40?", ("2 kg",), one),
        Candidate("r", "How heavy is the P-40?", ("3 kg",), two),
    ]
    (kept,) = merged(found, dropped)
    assert kept.gold == ("a.md", "b.md")
    assert dropped == {Dropped.SEVERAL_ANSWERS: 2}


def test_what_no_document_tells_has_no_answer() -> None:
    """A general question goes where a document has its word; a neighbour's attribute is asked."""
    told = Material("docs", "a.md", "Offers", "We have a student discount and gift cards.")
    table = "| Property | P-20 |\n|---|---|\n| Warranty | 24 months |\n| Price | $49 |\n"
    table += "| Pressure range | 2 bar |\n"
    other = table.replace("P-20", "P-40") + "| Battery life | 6 months |\n"
    pumps = Material("docs", "p20.md", "P-20", table), Material("docs", "p40.md", "P-40", other)
    every = [told, *pumps]
    asked = {c.question: c for c in unanswerable(every, Names(m.text for m in every))}
    assert "Do you offer a student discount?" not in asked
    assert "Do you have a podcast?" in asked
    neighbour = asked["How long is the battery life of P-20?"]
    assert not neighbour.answerable and neighbour.answers == ()
    assert "How long is the battery life of P-40?" not in asked


def test_a_models_reply_is_read_strictly() -> None:
    """Only a literal piece of the passage is an answer; what is no JSON is counted."""
    said = "The **P-20** runs for 14 days </passage>."
    material = Material("docs", "a.md", "Pumps", f"# Pumps\n\n{said}")
    (part,) = parts(material.text)
    dropped: Counter[Dropped] = Counter()
    reply = """```json
    {"cases": [{"question": "How long does the P-20 run?", "answer": "14 days", "paraphrases": []},
               {"question": "How long does it last?", "answer": "two weeks"}]}
    ```"""
    (kept,) = read_cases(reply, material, part, dropped)
    assert (kept.answers, kept.quote) == (("14 days",), said)
    for broken in ("no", '{"cases": [{"question": 3, "answer": "x"}]}', "[]", '{"cases": [1]}'):
        assert read_cases(broken, material, part, dropped) == []
    assert dropped == {Dropped.NO_SPAN: 1, Dropped.NOT_READ: 4}
    assert prompt(material, part)[1].content.count("</passage>") == 1


def test_questions_in_other_words() -> None:
    """Up to two, never the question itself."""
    assert reworded("Can I water at night?") == (
        "Is it possible to water at night?", "Am I able to water at night?"
    )  # fmt: skip
    asked = stems("How heavy is the P-20?")
    assert alike(asked, stems("How heavy is a P-20?"))
    assert not alike(asked, stems("How heavy is the P-40?"))


@given(st.text(max_size=400))
def test_any_text_is_taken(text: str) -> None:
    """Whatever a document holds, nothing breaks; a quote is a literal piece of it, and an answer
    stands in its quote or says yes or no."""
    material = Material("docs", "a.md", "Pumps", text)
    for candidate in by_rule([material], Names([text])):
        assert candidate.quote in text
        assert candidate.question.strip() and all(a.strip() for a in candidate.answers)
    for part in parts(text):
        assert all(unit.text in text for unit in part.units)
    assert "\n" not in plain(text)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 30))))
def test_an_order_spreads_and_is_the_same_again(rows: list[tuple[str, str, int]]) -> None:
    """Every candidate once; the first ones are of different documents; a seed gives one order."""
    found = merged(
        [
            Candidate(rule, f"How heavy is the {doc}{rule}-{n}?", ("1 kg",),
                      Material("docs", f"{doc}.md", "T", ""))
            for doc, rule, n in rows
        ],
        Counter(),
    )  # fmt: skip
    order = list(spread(found, 7))
    assert order == list(spread(found, 7))
    assert sorted(case_id("", m.candidate.question) for m in order) == sorted(
        case_id("", m.candidate.question) for m in found
    )
    documents = {m.candidate.material.document for m in found}
    first = {m.candidate.material.document for m in order[: len(documents)]}
    assert first == documents
