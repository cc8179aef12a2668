"""What the encoder is shown: records in words, and the lines that matter to a sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.checking.evidence import Evidence, pieces_of
from knowledge.checking.records import is_record, record_lines
from knowledge.checking.showing import show_claim, show_question
from knowledge.statements import read_passage, read_statement

BUSINESS = {
    "name": "Mizza",
    "state": "CA",
    "hours": {"Monday": "11:0-21:30", "Sunday": "0:0-0:0"},
    "attributes": {"BusinessParking": {"garage": False, "lot": True}, "WiFi": None},
    "categories": ["Pizza", "Bars"],
    "reviews": [{"stars": 5.0, "text": "We loved it. " * 12}],
}
LONG = " ".join(f"Sentence number {n} speaks of topic{n} and of nothing else." for n in range(60))


@pytest.mark.parametrize("text", [json.dumps(BUSINESS), str(BUSINESS)])
def test_a_record_is_read_as_lines_with_their_places(text: str) -> None:
    """JSON and what Python prints alike: keys in words, hours in both notations, yes and no."""
    assert is_record(text)
    lines = record_lines(text)
    said = [line.text for line in lines]
    for expected in (
        "name: Mizza",
        "state: CA (California)",
        "hours Monday: 11:00 (11 AM) to 21:30 (9:30 PM)",
        "attributes business parking lot: yes",
        "attributes business parking garage: no",
        "attributes WiFi: not known",
        "categories: Pizza, Bars",
        "text: We loved it.",
    ):
        assert expected in said
    assert all(0 <= line.start < line.end <= len(text) for line in lines)


@pytest.mark.parametrize("text", ["{x}", "[1] says so.", "Plain words.", "{", "[]", ""])
def test_prose_is_no_record(text: str) -> None:
    """A bracket at the beginning does not make a record."""
    assert not is_record(text) or record_lines(text) == []


@given(st.text(alphabet="{}[]:,\"'\\ab1 \n", max_size=60))
def test_broken_records_do_no_harm(text: str) -> None:
    """Whatever stands there, lines lie within it."""
    for line in record_lines(text):
        assert 0 <= line.start <= line.end <= len(text)


def test_the_lines_with_the_words_of_a_claim_are_chosen() -> None:
    """Of sixty sentences those it speaks of, in reading order, within the budget."""
    evidence = Evidence([read_passage(LONG)])
    chosen = evidence.choose({"topic42": 7.0, "topic7": 7.0}, 60)
    assert chosen.index("topic7 ") < chosen.index("topic42")
    assert "…" in chosen
    assert pieces_of(chosen) <= 80


def test_a_short_passage_is_shown_whole() -> None:
    """What fits is not chosen from."""
    text = "The valve opens. The pump starts."
    assert Evidence([read_passage(text)]).choose({"valv": 7.0}) == text


def test_table_rows_are_shown_with_their_columns() -> None:
    """A number keeps what it counts; the rule below the header is left out."""
    table = "| Part | Price |\n|---|---|\n| Valve | $29 |\n| Pump | $80 |"
    shown = Evidence([read_passage(table)]).choose({"valv": 7.0})
    assert shown == "Part: Valve; Price: $29 Part: Pump; Price: $80"


def test_titles_stand_before_their_passages() -> None:
    """Two passages, two titles, a gap between."""
    evidence = Evidence([read_passage("It is red."), read_passage("It is blue.")], ["A", "B"])
    assert evidence.choose({"red": 7.0}) == "A: It is red. … B: It is blue."


def test_a_claim_and_a_question_are_shown_with_what_matters() -> None:
    """A claim has its question beside it; a question stands alone."""
    evidence = Evidence([read_passage(LONG)])
    claim = show_claim(evidence, read_statement("It speaks of topic9."), "What of topic9?")
    assert "topic9 " in claim.evidence
    assert (claim.asked, claim.said) == ("What of topic9?", "It speaks of topic9.")
    question = show_question(evidence, "What of topic33?")
    assert "topic33" in question.evidence
    assert question.said == ""
