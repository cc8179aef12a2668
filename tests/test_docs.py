"""The documents tell the truth about the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.cli.docs import pages
from persona.profile import check_persona

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_pages_are_up_to_date(name: str) -> None:
    """`make docs` was run after the last change of a setting or a command."""
    assert (ROOT / name).read_text("utf-8") == pages()[name]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    """No dead link inside the project."""
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_named_in_documents_exist(path: Path) -> None:
    """Every `wellspoken …` line names a command of the program."""
    known = set(
        re.findall(r"^## `wellspoken ([a-z ]+)`$", pages()["docs/commands.md"], re.MULTILINE)
    )
    groups = {name.split()[0] for name in known}
    text = path.read_text("utf-8")
    if path.name == "CHANGELOG.md":
        return
    for words in re.findall(r"(?:^|`|&& |\| )wellspoken ((?:[a-z]+ ?){1,2})", text, re.MULTILINE):
        first = words.split()[0]
        assert first in groups, words


def test_modules_named_in_the_architecture_exist() -> None:
    """The map of the house leads to rooms that are there."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    for name in re.findall(r"`((?:bot|knowledge|persona|adapters|tests)/[\w/.]*)`", text):
        assert (ROOT / name).exists(), name


def test_the_persona_of_the_guide_has_no_findings(tmp_path: Path) -> None:
    """What the guide shows is what the program takes."""
    guide = (ROOT / "docs/persona.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    path = tmp_path / "persona.yaml"
    path.write_text(example, "utf-8")
    assert check_persona(path) == []


def test_the_makefile_explains_itself() -> None:
    """Every target that the README and the contract name has a line of help."""
    text = (ROOT / "Makefile").read_text("utf-8")
    for target in ("help", "setup", "demo", "check", "test", "bench", "docs"):
        assert re.search(rf"^{target}:.*## \w", text, re.MULTILINE), target
