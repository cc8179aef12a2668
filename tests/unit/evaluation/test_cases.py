"""Suites are read line by line, and what is wrong with one is said with its place."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import MissingFileError, NotFoundError
from bot.evaluation.cases import (
    EmptySuiteError,
    SuiteError,
    UnreadableSuiteError,
    digest_of,
    find_suite,
    read_suite,
)

GOOD = {"id": "1", "question": "How long is the warranty?", "answers": ["24 months"]}
NEXT = GOOD | {"id": "2"}


def suite(folder: Path, *lines: object, name: str = "support.jsonl") -> Path:
    path = folder / name
    path.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8"
    )
    return path


def test_every_field_of_the_contract_is_read(tmp_path: Path) -> None:
    """A case has its answers, gold documents, groups and paraphrases; other fields are left."""
    record = GOOD | {
        "gold": ["a.md"],
        "groups": ["staff"],
        "paraphrases": ["What warranty is there?"],
        "source": "open set",
    }
    found = read_suite(suite(tmp_path, record, "", GOOD | {"id": 2, "answers": [24]}))
    first, second = found.cases
    assert (found.name, first.gold, first.groups) == ("support", ("a.md",), ("staff",))
    assert found.questions == ("How long is the warranty?", "What warranty is there?")
    assert (second.id, second.answers, second.answerable) == ("2", ("24",), True)


@pytest.mark.parametrize(
    ("record", "answerable"),
    [
        (GOOD | {"answers": [], "answerable": False}, False),
        (GOOD | {"answers": []}, False),
        ({"id": "1", "question": "Why?", "answerable": False}, False),
        (GOOD | {"answerable": True}, True),
    ],
)
def test_a_case_without_answers_cannot_be_answered(
    tmp_path: Path, record: dict[str, object], answerable: bool
) -> None:
    """An empty list of answers, or the word for it, makes a case one that is to be refused."""
    assert read_suite(suite(tmp_path, record)).cases[0].answerable is answerable


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "no valid JSON"),
        ("[1]", "no JSON object"),
        ('{"id": "2", "question": "Why?", "answers": [NaN]}', "no valid JSON"),
        (NEXT | {"id": ""}, '"id" must be'),
        (NEXT | {"id": None}, '"id" must be'),
        (NEXT | {"question": 5}, '"question" must be a text'),
        (NEXT | {"question": "  "}, "it is empty"),
        (NEXT | {"answers": [], "answerable": True}, '"answers" is empty'),
        ({"id": "x", "question": "Why?"}, '"answers" is missing'),
        (NEXT | {"answers": [None]}, '"answers" must be a list'),
        (NEXT | {"gold": [" "]}, '"gold" holds an empty text'),
        (NEXT | {"answerable": "no"}, '"answerable" must be'),
        (NEXT | {"paraphrases": ["x" * 9000]}, "8,000"),
        (GOOD, 'the id "1" stands in line 1 too'),
    ],
)
def test_a_bad_line_is_told_with_its_number(tmp_path: Path, line: object, told: str) -> None:
    """One sentence names the file, the line and what is wrong; the exit code is 2."""
    path = suite(tmp_path, GOOD, "", line)
    with pytest.raises(SuiteError) as caught:
        read_suite(path)
    assert str(caught.value).startswith(f"{path}, line 3: ")
    assert told in str(caught.value)
    assert caught.value.exit_code == 2


def test_what_is_no_suite_is_told(tmp_path: Path) -> None:
    """A file without cases, one that is not UTF-8, and one that is not there: one sentence each."""
    with pytest.raises(EmptySuiteError, match="holds no case"):
        read_suite(suite(tmp_path, "", "  "))
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(json.dumps(GOOD).encode() + b"\n\xff\n")
    with pytest.raises(SuiteError, match="line 2: it is not UTF-8"):
        read_suite(broken)
    with pytest.raises(MissingFileError):
        read_suite(tmp_path)


def test_a_suite_is_found_by_name_or_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the settings, in the folder of suites, with or without its ending, or by path."""
    (tmp_path / "suites").mkdir()
    beside, inside = suite(tmp_path, GOOD), suite(tmp_path / "suites", GOOD, name="held.jsonl")
    monkeypatch.chdir("/")
    assert find_suite("support", tmp_path) == beside
    assert find_suite("held.jsonl", tmp_path) == inside
    assert find_suite("suites/held", tmp_path) == inside
    assert find_suite(str(inside), Path("/nowhere")) == inside
    with pytest.raises(NotFoundError, match='no suite "gone"'):
        find_suite("gone", tmp_path)
    with pytest.raises(MissingFileError, match=r"gone\.jsonl does not exist"):
        find_suite("suites/gone.jsonl", tmp_path)


@pytest.mark.parametrize("name", ["", ".", "..", "/", "suites"])
def test_a_folder_is_no_suite(tmp_path: Path, name: str) -> None:
    """It is told as one."""
    (tmp_path / "suites").mkdir()
    with pytest.raises(UnreadableSuiteError, match="is a folder"):
        find_suite(name, tmp_path)


def test_a_name_that_no_file_can_have_is_none(tmp_path: Path) -> None:
    """It is too long for the file system."""
    with pytest.raises(NotFoundError):
        find_suite("x" * 5000, tmp_path)


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=4, unique=True))
def test_the_digest_is_of_what_is_said(
    tmp_path_factory: pytest.TempPathFactory, answers: list[str]
) -> None:
    """However a file is written, the same cases have the same digest."""
    folder = tmp_path_factory.mktemp("suites")
    record = GOOD | {"answers": answers}
    plain = read_suite(suite(folder, json.dumps(record)))
    spaced = read_suite(
        suite(folder, "", json.dumps(dict(reversed(record.items())), ensure_ascii=False), "")
        if not any("\ud800" <= c <= "\udfff" for a in answers for c in a)
        else suite(folder, "", json.dumps(record, indent=None), "")
    )
    assert plain.digest == spaced.digest == digest_of(plain.cases)
