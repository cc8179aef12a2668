"""What the checker's training pairs promise: errors are errors, rewordings keep their meaning."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from benchmarks.checker.asking import asked
from benchmarks.checker.claims import Maker, carried, error_in
from benchmarks.checker.corruptions import Near, damages
from benchmarks.checker.declaratives import declarative
from benchmarks.checker.make_pairs import agreed
from benchmarks.checker.pairs import ClaimPair, report, write
from benchmarks.checker.records import business_claims
from benchmarks.checker.rewordings import (
    addressed,
    last_first,
    lead_last,
    lets,
    numbers,
    passive_undone,
    reworded,
)
from benchmarks.checker.sources import Passage, Pool, Sentence, plain_markdown, untokenized

TEXT = (
    "Rollo founded the Duchy of Normandy in 911. Members pay 30 euros a year before the season."
    " The club in Rouen has 1,200 members. Anna Berg was elected president in May 2019."
)


def _pool() -> Pool:
    passages = []
    for number, text in enumerate([TEXT, *(f"{TEXT} Hall {n} has {n} doors." for n in (5, 6, 7))]):
        sentences, at = [], 0
        for part in text.split(". "):
            body = part if part.endswith(".") else part + "."
            sentences.append(Sentence(body, text.index(part, at)))
            at = text.index(part, at)
        passages.append(Passage("test", f"d{number}", "Clubs", text, "", 0, sentences))
    return Pool(passages)


def test_every_damage_changes_the_sentence() -> None:
    """Whatever error is put in, the sentence no longer is what it was."""
    dice = random.Random(1)
    for sentence in TEXT.split(". "):
        for _ in range(20):
            for damage in damages(sentence, Near(TEXT, "Jarl Ragnar ruled Paris in 845."), dice):
                assert damage.text != sentence
                assert damage.kind


@pytest.mark.parametrize(
    ("kinds", "sentence"),
    [
        (("values",), "Members pay 30 euros a year."),
        (("denials",), "The plan does not cover travel."),
        (("opposites",), "The plan includes dental care."),
        (("strengths",), "You can cancel at least once."),
        (("roles",), "In 911 Rollo defeated Ragnar."),
        (("kin",), "The doctor signs the form."),
    ],
)
def test_each_kind_finds_its_place(kinds: tuple[str, ...], sentence: str) -> None:
    """A sentence that invites one kind of error gets that error."""
    assert list(damages(sentence, Near(sentence, ""), random.Random(3), kinds))


def test_an_error_that_the_evidence_carries_is_dropped() -> None:
    """A swapped value that the passage gives in the same words elsewhere is no error."""
    texts = [
        "Members pay 30 euros a year.",
        "Members pay 40 euros a year.",
        "Members pay 40 euros.",
    ]
    for seed in range(30):
        found = error_in(texts[0], Near(texts[1], ""), random.Random(seed), texts)
        assert found is None or "40 euros" not in found.text


@pytest.mark.parametrize(
    ("rule", "sentence", "expected"),
    [
        (lead_last, "In 1998, the club moved to Rouen.", "The club moved to Rouen in 1998."),
        (last_first, "The club moved to Rouen in 1998.", "In 1998, the club moved to Rouen."),
        (
            passive_undone,
            "The duchy was founded by Rollo in 911.",
            "Rollo founded the duchy in 911.",
        ),
        (lets, "The app lets you pay by card.", "With the app, you can pay by card."),
        (addressed, "Employees can use the gym.", None),
        (addressed, "The employee must call first.", "You must call first."),
    ],
)
def test_a_rule_says_the_same_otherwise(rule, sentence: str, expected: str | None) -> None:
    """Rules turn a sentence around without adding or losing anything."""
    assert rule(sentence, random.Random(1)) == expected


def test_numbers_keep_their_value() -> None:
    """A number is only written another way."""
    assert numbers("It takes three weeks.", random.Random(1)) == "It takes 3 weeks."


def test_the_same_seed_rewords_alike() -> None:
    """Sentence and damaged sentence take the same rules, so that only the error differs."""
    right = "In 1998, the club moved to Rouen."
    wrong = "In 1989, the club moved to Rouen."
    for seed in range(40):
        one, other = reworded(right, str(seed))[0], reworded(wrong, str(seed))[0]
        assert one.replace("1998", "1989") == other


@pytest.mark.parametrize(
    ("question", "answer", "statement"),
    [
        ("Who founded Normandy?", "Rollo", "Rollo founded Normandy."),
        ("When was Shen Kuo born?", "1031", "Shen Kuo was born in 1031."),
        ("When did Tugh Temur die?", "1332", "Tugh Temur died in 1332."),
        ("What is the capital of France?", "Paris", "The capital of France is Paris."),
        ("How tall?", "2 m", None),
    ],
)
def test_question_and_answer_make_a_statement(
    question: str, answer: str, statement: str | None
) -> None:
    """Rules make a statement or nothing, never half a sentence."""
    made = declarative(question, answer, random.Random(2))
    if statement is not None and "capital" in question:
        assert made in (statement, "Paris is the capital of France.")
    else:
        assert made == statement


def test_a_statement_becomes_a_question_with_its_answer() -> None:
    """The answer stands in the sentence and not in the question."""
    for seed in range(20):
        made = asked("The club moved to Rouen in 1998.", random.Random(seed))
        assert made is not None
        question, answer = made
        assert question.endswith("?")
        assert answer is None or answer in "The club moved to Rouen in 1998."
        assert answer is None or answer.lower() not in question.lower()


def test_claims_of_a_pool_are_paired_and_false_ones_are_not_carried() -> None:
    """Both labels come in equal numbers, and repeat for the same seed."""
    made = list(Maker("test", _pool(), 7).pairs(20, 3))
    again = list(Maker("test", _pool(), 7).pairs(20, 3))
    assert made == again
    assert made
    assert abs(2 * sum(p.label for p in made) - len(made)) <= 2
    for pair in made:
        if pair.kind in ("withheld", "elsewhere"):
            assert not carried(pair.claim, list(pair.evidence))


def test_records_tell_what_they_hold_and_what_they_do_not() -> None:
    """A right claim about opening hours or stars never comes back as a wrong one."""
    made = list(business_claims(3, 30))
    by_text = {}
    for pair in made:
        by_text.setdefault((pair.evidence, pair.claim), set()).add(pair.label)
    clashing = [k for k, labels in by_text.items() if len(labels) > 1]
    assert len(clashing) <= len(made) * 0.01


def test_tokenized_and_marked_up_text_reads_as_written() -> None:
    """Word-split text is put together; markup leaves its words."""
    assert untokenized("the dog 's tail , it said ( twice )") == "the dog's tail, it said (twice)"
    assert plain_markdown("---\na: b\n---\nSee [the guide](x.md) **now**.") == "See the guide now."


def test_what_came_out_both_right_and_wrong_is_left_out() -> None:
    """The same claim on the same evidence keeps no two labels."""
    right = ClaimPair("made:test", "copied", ("A.",), "A.", "", 1, "g")
    wrong = ClaimPair("made:test", "added", ("A.",), "A.", "", 0, "g")
    other = ClaimPair("made:test", "copied", ("B.",), "B.", "", 1, "g")
    assert agreed([right, wrong, other]) == [other]


def test_files_are_the_same_for_the_same_pairs(tmp_path: Path) -> None:
    """Writing twice gives the same bytes, one JSON object a line."""
    pair = ClaimPair("made:test", "copied", ("A.",), "A.", "", 1, "g")
    write(tmp_path / "a.gz", [pair])
    write(tmp_path / "b.gz", [pair])
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    with gzip.open(tmp_path / "a.gz", "rt", encoding="utf-8") as lines:
        assert json.loads(lines.readline())["evidence"] == ["A."]
    assert "made:test" in report("claims", [pair])
