"""The sample knowledge base holds together: its pages, its suite, its secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from knowledge.sample import (
    FOLLOW_UP,
    SUGGESTIONS,
    sample_folder,
    sample_persona,
    sample_suite,
)
from persona.profile import check_persona, load_persona
from persona.style import StyleScorer

PAGES = sorted(sample_folder().rglob("*.md"))
CASES = [json.loads(line) for line in sample_suite().read_text("utf-8").splitlines()]


def parts(page: Path) -> tuple[dict[str, object], str]:
    _, front, body = page.read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(front), body


def normal(text: str) -> str:
    return " ".join(text.split()).casefold()


def is_staff(page: Path) -> bool:
    return "groups" in parts(page)[0]


def name_of(page: Path) -> str:
    return page.relative_to(sample_folder()).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_page_says_its_title_and_where_people_read_it(page: Path) -> None:
    """Front matter gives a title, an address that fits the path, and groups in the staff part."""
    front, body = parts(page)
    name = name_of(page)

    assert front["title"]
    assert body.lstrip().startswith(f"# {front['title']}\n")
    assert front["uri"] == f"https://docs.mossgate.example/{name.removesuffix('.md')}"
    assert front.get("groups") == (["staff"] if name.startswith("staff/") else None)
    assert 100 <= len(body.split()) <= 500


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_between_pages_leads_to_a_page(page: Path) -> None:
    """Relative links name files that are there."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", parts(page)[1]):
        assert (page.parent / target).resolve().is_file(), target


def test_the_suite_is_large_enough_and_its_ids_are_unique() -> None:
    """Sixty questions and more, twelve without an answer, six for staff."""
    assert len(CASES) >= 60
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert sum(not case["answerable"] for case in CASES) >= 12
    assert sum("groups" in case for case in CASES) >= 6


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_gold_document_holds_an_answer(case: dict[str, list[str]]) -> None:
    """Each gold page holds one of the answers, and each answer stands in one of the gold pages."""
    texts = [normal((sample_folder() / gold).read_text("utf-8")) for gold in case["gold"]]
    answers = [normal(answer) for answer in case["answers"]]

    assert all(any(answer in text for answer in answers) for text in texts)
    assert all(any(answer in text for text in texts) for answer in answers)
    assert bool(texts) == bool(answers) == bool(case["answerable"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_answers_for_everybody_come_from_public_pages(case: dict[str, list[str]]) -> None:
    """Only questions asked by staff have staff pages as gold."""
    staff = [gold.startswith("staff/") for gold in case["gold"]]

    assert all(staff) if case.get("groups") else not any(staff)


@pytest.mark.parametrize(
    "secret",
    [
        "REGROW-10",
        "SCHOOL-25",
        "NURSERY-30",
        "team lead",
        "head of support",
        "support agent",
        "goodwill",
        "on-call",
        "on call",
        "mgops",
        "25-W31",
        "26-W07",
        "without asking for the old one",
        "waive",
        "Account at risk",
        "call back",
        "severity matrix",
        "60 days",
        "staff-only",
    ],
)
def test_staff_facts_are_in_no_public_page(secret: str) -> None:
    """What the handbook knows is not even hinted at in public."""
    telling = [
        name_of(p) for p in PAGES if not is_staff(p) and normal(secret) in normal(parts(p)[1])
    ]

    assert telling == []


@pytest.mark.parametrize(
    "subject",
    """homekit mower mg-600 solar fertilizer australia uptime matter lifetime black ceo
    chief school""".split(),
)
def test_subjects_without_an_answer_are_in_no_public_page(subject: str) -> None:
    """The unanswerable questions of the suite ask about things that no public page names."""
    pattern = re.compile(rf"\b{subject}s?\b", re.IGNORECASE)

    assert [name_of(p) for p in PAGES if not is_staff(p) and pattern.search(parts(p)[1])] == []


def test_the_suggestions_are_cases_of_the_suite_or_their_near_twins() -> None:
    """The demo page offers six different questions and a follow-up."""
    assert len(set(SUGGESTIONS)) == 6
    assert FOLLOW_UP not in SUGGESTIONS
    asked = {normal(case["question"]) for case in CASES}
    assert len([question for question in SUGGESTIONS if normal(question) in asked]) >= 5


def test_junipers_persona_is_without_fault() -> None:
    """The sample persona loads, and its samples keep to its own style."""
    persona = load_persona(sample_persona())
    scorer = StyleScorer(persona)

    assert check_persona(sample_persona()) == []
    assert persona.name == "Juniper"
    for sample in persona.samples:
        assert scorer.score(sample.on_voice).score == 1.0
        if sample.off_voice:
            assert scorer.score(sample.off_voice).score < 0.7


def test_the_documentation_keeps_to_junipers_style() -> None:
    """No page uses a word that the persona avoids."""
    scorer = StyleScorer(load_persona(sample_persona()))
    faults = {
        name_of(page): found for page in PAGES if (found := scorer.score(parts(page)[1]).findings)
    }

    assert faults == {}
