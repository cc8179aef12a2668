"""The open sets as suites: what is asked, what answers it, and what is read in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.open_sets import blanked_pages, data_folder
from benchmarks.suites.catalogue import SETS, made, missing
from benchmarks.suites.documentation import sentences
from benchmarks.suites.made import DOCUMENTS, OpenSuite, as_lines
from bot.evaluation.cases import Case, read_suite

USUAL = [name for name, listed in SETS.items() if listed.usual]


def of_set(name: str) -> OpenSuite:
    """A set as a suite; the test is skipped where the open sets are not there."""
    why = missing(name)
    if why:
        pytest.skip(why)
    return made(name)


def documents(folder: Path) -> set[str]:
    """The names that documents get when they are read in."""
    found: set[str] = set()
    for path in (p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".jsonl":
            found |= {json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()}
        else:
            found.add(path.relative_to(folder).as_posix())
    return found


@pytest.mark.parametrize("name", USUAL)
def test_a_written_suite_is_read_back(name: str, tmp_path: Path) -> None:
    """What is written is the suite that the command reads, and its gold is among the documents."""
    suite = of_set(name)
    found = read_suite(suite.write(tmp_path))
    assert [c.id for c in found.cases] == [c.id for c in suite.cases]
    assert [c.answers for c in found.cases] == [c.answers for c in suite.cases]
    there = documents(tmp_path / DOCUMENTS)
    for case in found.cases:
        assert set(case.gold) <= there, case.id
        assert bool(case.gold) == bool(case.answers) == case.answerable, case.id


@pytest.mark.parametrize("name", USUAL)
def test_the_same_questions_are_drawn_again(name: str) -> None:
    """A sample is of the size that is listed, and the same each time."""
    size = SETS[name].size
    suite = of_set(name)
    assert size is None or len(suite.cases) == size
    assert suite.drawn(5).cases == made(name).drawn(5).cases


@pytest.mark.parametrize("name", ["squad2", "clapnq", "canard"])
def test_what_is_right_stands_in_the_documents(name: str) -> None:
    """An answerable question of a set that is matched can be answered in the words that count."""
    suite = of_set(name)
    said = " ".join("\n".join(suite.pages.values()).split())
    known = [case for case in suite.cases if case.answerable]
    held = sum(
        any(json.dumps(a, ensure_ascii=False)[1:-1] in said for a in c.answers) for c in known
    )
    assert held / len(known) > 0.95


def test_an_asked_heading_stands_in_no_page() -> None:
    """The heading that is the question was overwritten; the page keeps its length."""
    if not (data_folder() / "docs_wsl").is_dir():
        pytest.skip("the open set docs_wsl is not there")
    suite = made("docs_wsl")
    pages = blanked_pages("docs_wsl")
    assert suite.pages == {name: page["text"] for name, page in pages.items()}
    for case in suite.cases:
        for page in case.gold:
            assert f"# {case.question}" not in pages[page]["text"]


def test_a_sentence_is_told_without_its_markup() -> None:
    """Sentences of a section are whole and bare; captions and short remarks are none."""
    text = (
        "### Setup\n\n- Open the **[menu](x.md)** and choose *Export*.\nNote:\n"
        "> It takes a minute or two."
    )
    assert sentences(text) == (
        "Open the menu and choose Export.",
        "It takes a minute or two.",
    )  # fmt: skip


def test_a_case_is_drawn_in_its_order() -> None:
    """A sample keeps the order of the set, and all documents."""
    cases = tuple(Case(str(n), f"question {n}?", ("a",), ("d",)) for n in range(20))
    suite = OpenSuite("made", as_lines([("d", "D", "a")]), cases, "says it")
    drawn = suite.drawn(7)
    assert [int(c.id) for c in drawn.cases] == sorted(int(c.id) for c in drawn.cases)
    assert drawn.pages == suite.pages
    assert suite.drawn(50) is suite
