"""The house rules that no linter knows; layers are import-linter's business (`make check`)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("adapters", "bot", "knowledge", "persona")
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60


def modules() -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "models" not in path.parts and "versions" not in path.parts
    ]


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _too_long(path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    if text.count("\n") > LONGEST_MODULE:
        yield names(path)
    for function in functions(ast.parse(text)):
        assert function.end_lineno is not None
        if function.end_lineno - function.lineno > LONGEST_FUNCTION:
            yield f"{names(path)}: {function.name}"


def test_rooms_are_small() -> None:
    """A module fits in a head, a function on a screen."""
    assert len(modules()) > 500
    assert [found for path in modules() for found in _too_long(path)] == []


def test_only_the_settings_read_the_environment() -> None:
    """A setting that is not in the table cannot exist."""
    readers = [
        names(path)
        for path in modules()
        if any(word in path.read_text("utf-8") for word in ("os.environ", "getenv"))
    ]
    assert readers == [name for name in readers if name.startswith("bot/settings")]


def test_there_is_one_clock() -> None:
    """With a twin of ``utc_now`` a machine's clock would count where the database's has to."""
    read = re.compile(r"\s(?:return |lambda: )datetime\.now\(UTC\)(?:$|[,)])", re.MULTILINE)
    twins = [
        name for name in map(names, modules()) if read.search((ROOT / name).read_text("utf-8"))
    ]
    assert twins == ["bot/store/timing.py"]


def test_every_module_says_what_it_is() -> None:
    """A docstring at the head of each room."""
    silent = [
        names(path)
        for path in modules()
        if path.read_text("utf-8").strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_no_room_is_called_after_nothing() -> None:
    """No utils, helpers, common or manager."""
    empty = {"utils", "helpers", "common", "misc", "manager"}
    assert [names(p) for p in modules() if p.stem in empty or p.parent.name in empty] == []


def test_every_test_states_its_outcome() -> None:
    """Each test function has a docstring."""
    silent = [
        f"{names(path)}:{function.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for function in functions(ast.parse(path.read_text("utf-8")))
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert silent == []


def test_no_test_replaces_our_own_code_by_mocks() -> None:
    """Twins are written by hand; the mock module is not used."""
    users = [
        names(path)
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if "unittest.mock" in path.read_text("utf-8") and path != Path(__file__)
    ]
    assert users == []
