"""The threat model leads to tests that exist, and what is promised outside leads to it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODEL = (ROOT / "docs" / "security.md").read_text("utf-8")
PROMISES = (ROOT / "SECURITY.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", MODEL)))
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in MODEL.partition("## Promises")[2].partition("## Figures")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| promise")
]


@cache
def functions(path: Path) -> frozenset[str]:
    """The names of the tests of a file."""
    tree = ast.parse(path.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


@pytest.mark.parametrize("name", NAMED)
def test_tests_of_the_threat_model_exist(name: str) -> None:
    """Each is a function of the file that is named."""
    path, _, function = name.partition("::")
    assert function in functions(ROOT / path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0])[:40])
def test_every_promise_has_a_module_and_a_test(row: list[str]) -> None:
    """What stops it is there (or said in words), and a test shows it."""
    promise, stops, shown = row
    assert promise
    assert stops
    assert "::test_" in shown
    for place in re.findall(
        r"`((?:adapters|tests/assurance|bot|knowledge|persona)/[\w/.]*)`", stops
    ):
        assert (ROOT / place).exists(), place


def test_what_is_promised_outside_leads_to_the_threat_model() -> None:
    """Each point of SECURITY.md links to its part of the threat model."""
    points = re.findall(r"^- \*\*.*?(?=^- |^## )", PROMISES, re.MULTILINE | re.DOTALL)
    assert len(points) > 8
    assert [point for point in points if "(docs/security.md#" not in point] == []
