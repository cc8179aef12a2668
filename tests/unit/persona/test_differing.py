"""Two personas beside each other: what differs, and how much stays."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from persona.differing import Change, compared
from persona.profile import Persona


def content(**changes: Any) -> dict[str, Any]:
    """A persona as it is kept."""
    return asdict(
        Persona(**{"name": "Juniper", "do": tuple(f"Rule {n}." for n in range(12))} | changes)
    )


def test_what_changed_stands_between_lines_that_stay() -> None:
    """A changed line is taken away and added; two lines around it are shown, the rest counted."""
    after = content(do=tuple(f"Rule {n}." if n != 6 else "Another rule." for n in range(12)))
    found = compared(content(), after)
    told = [(line.change, line.text.strip()) for line in found]
    at = told.index((Change.REMOVED, "- Rule 6."))
    assert told[at - 2 : at + 4] == [
        (Change.SAME, "- Rule 4."),
        (Change.SAME, "- Rule 5."),
        (Change.REMOVED, "- Rule 6."),
        (Change.ADDED, "- Another rule."),
        (Change.SAME, "- Rule 7."),
        (Change.SAME, "- Rule 8."),
    ]
    assert [line.change for line in found if line.change is Change.SKIPPED] == [Change.SKIPPED] * 2
    assert found[0].text.endswith("lines stay as they are")


def test_same_persona_differs_in_nothing() -> None:
    """No lines at all where both say the same."""
    assert compared(content(), content()) == ()


def test_everything_new_is_shown_whole() -> None:
    """What a persona says more than another is added, and what it leaves empty is not there."""
    found = compared({"name": "A", "do": []}, {"name": "A", "do": ["Be brief."]})
    assert [(line.change, line.text) for line in found] == [
        (Change.SKIPPED, "1 line stays as it is"),
        (Change.ADDED, "do:"),
        (Change.ADDED, "- Be brief."),
    ]
