"""The documents tell the truth about the program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast
from xml.etree import ElementTree

import discord
import pytest

from adapters.cli.docs import pages
from adapters.discord.commands import build_tree
from adapters.discord.forum import ANSWERED, RESOLVED
from adapters.discord.permissions import INTENTS, PERMISSIONS
from adapters.discord.solving import says_solved
from adapters.jobs.desk import KINDS
from adapters.slack.commands import command_of
from adapters.slack.manifest import OWN_COMMAND, manifest
from adapters.slack.scopes import purposes
from adapters.templates import SETTINGS
from bot.settings import environment_names, load_settings
from persona.profile import check_persona

if TYPE_CHECKING:
    from adapters.discord.interactions import Interactions

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", "benchmarks/**/*.md")
    for path in ROOT.glob(pattern)
)
PICTURES = sorted((ROOT / "docs/pictures").glob("*.svg"))
SLACK = (ROOT / "docs/slack.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text("utf-8")
DISCORD = (ROOT / "docs/discord.md").read_text("utf-8")
EXAMPLES = [
    (path.name, toml)
    for path in DOCUMENTS
    for toml in re.findall(r"```toml\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
]


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
def test_headings_linked_to_exist(path: Path) -> None:
    """A link into a page leads to one of its headings."""
    text = path.read_text("utf-8")
    for target, heading in re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", text):
        page = (path.parent / target).read_text("utf-8") if target else text
        headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
        assert heading in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_environment_variables_named_in_documents_exist(path: Path) -> None:
    """Every name that looks like a setting of ours is one."""
    known = {row.environment for row in environment_names()}
    ours = r"\b(?:WELLSPOKEN|SLACK|DISCORD|OPENAI|WEAVIATE)_[A-Z_]+\b"
    assert set(re.findall(ours, path.read_text("utf-8"))) <= known


@pytest.mark.parametrize(("name", "toml"), EXAMPLES)
def test_settings_shown_in_documents_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, toml: str
) -> None:
    """What a page shows of `wellspoken.toml` is what the program takes."""
    del name
    _load(tmp_path, monkeypatch, toml)


def test_what_init_writes_as_comments_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each commented setting of a new `wellspoken.toml` works when its mark is removed."""
    setting = re.compile(r'^# (\[.*\]|(?:[a-z_]+|"[^"]+") = .*)', re.MULTILINE)
    _load(tmp_path, monkeypatch, setting.sub(r"\1", SETTINGS))


def _load(folder: Path, monkeypatch: pytest.MonkeyPatch, toml: str) -> None:
    monkeypatch.chdir(folder)
    (folder / "wellspoken.toml").write_text(toml, "utf-8")
    load_settings()


def test_the_permissions_of_the_slack_guide_are_those_of_the_code() -> None:
    """Each scope, and what it is for, as the manifest and the doctor have them."""
    section = SLACK.partition("## Permissions")[2].partition("\n## ")[0]
    table = re.findall(r"^\| `([a-z:_]+)` \| (.+) \|$", section, re.MULTILINE)
    assert table == [(scope, "; ".join(why)) for scope, why in sorted(purposes().items())]


def test_the_permissions_of_the_discord_guide_are_those_of_the_code() -> None:
    """Each permission and intent, and what it is for, as the invitation and the doctor have
    them."""
    section = DISCORD.partition("## Permissions")[2].partition("\n## ")[0]
    tables = [
        re.findall(r"^\| (.+) \| (.+) \|$", table, re.MULTILINE)
        for table in section.split("|---|---|")[1:]
    ]
    shown = [[row for row in rows if row[1] != "what for"] for rows in tables]
    assert shown == [[(use.title, use.purpose) for use in uses] for uses in (PERMISSIONS, INTENTS)]


@pytest.mark.parametrize("guide", [SLACK, DISCORD], ids=["slack", "discord"])
def test_log_lines_of_the_guides_are_logged(guide: str) -> None:
    """What the troubleshooting table shows of the log is what the program writes."""
    code = "\n".join(
        path.read_text("utf-8")
        for folder in ("adapters", "bot")
        for path in (ROOT / folder).rglob("*.py")
    )
    table = guide.partition("## Troubleshooting")[2]
    lines = re.findall(r"^\| [^|]+ \| `([^`|]+)` \|", table, re.MULTILINE)
    assert len(lines) > 10
    for line in lines:
        assert f'"{line}' in code, line


def test_commands_of_the_slack_guide_are_those_of_the_bot() -> None:
    """Every `/wellspoken …` that is shown does what it says instead of showing the help."""
    shown = set(re.findall(r"`/wellspoken ([a-z-]+)", SLACK))
    assert {command_of(name)[0] for name in shown} == shown
    (own,) = [
        command
        for command in manifest("Juniper", "")["features"]["slash_commands"]
        if command["command"] == OWN_COMMAND
    ]
    assert shown == set(own["usage_hint"].split(" | "))


def test_commands_of_the_discord_guide_are_those_of_the_bot() -> None:
    """Every command that is shown is registered under that name, and every one is shown."""
    tree = build_tree(discord.Client(intents=discord.Intents.none()), cast("Interactions", None))
    registered = {command.name: command for command in tree.walk_commands()}
    assert f"`/{registered['ask'].name}`" in DISCORD
    shown = set(re.findall(r"`/wellspoken ([a-z-]+)", DISCORD))
    assert shown == registered.keys() - {"ask", "wellspoken"}
    (menu,) = tree.walk_commands(type=discord.AppCommandType.message)
    assert f"*{menu.name}*" in DISCORD


def test_the_tags_of_the_discord_guide_are_those_of_the_code() -> None:
    """Each name of a forum's tag that is looked for, and every example of what settles a post."""
    section = DISCORD.partition("## Forums")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([a-z ]+)`", section)) >= {*ANSWERED, *RESOLVED}
    assert all(says_solved(said) for said in re.findall(r"\"([^\"]+)\"", section))


def test_the_kinds_of_jobs_of_the_guide_are_those_of_the_code() -> None:
    """Each kind that a list of jobs can show has a line, and no other has one."""
    section = OPERATIONS.partition("\n## Jobs\n")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `([a-z]+)` \|", section, re.MULTILINE)) == sorted(KINDS)


@pytest.mark.parametrize("path", PICTURES, ids=lambda p: p.name)
def test_pictures_say_what_they_show(path: Path) -> None:
    """Each has a title and a description for those who do not see it, and is used."""
    picture = ElementTree.parse(path).getroot()
    for name in ("title", "desc"):
        words = picture.find(f"{{http://www.w3.org/2000/svg}}{name}")
        assert words is not None
        assert words.text
    assert any(path.name in document.read_text("utf-8") for document in DOCUMENTS)


def test_modules_named_in_the_architecture_exist() -> None:
    """The map of the house leads to rooms that are there."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    for name in re.findall(
        r"`((?:bot|knowledge|persona|adapters|tests|benchmarks)/[\w/.]*)`", text
    ):
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
