"""Every command that the documents and the console name is one that the program takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", "benchmarks/**/*.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"  # it tells of what was, too
)
TEMPLATES = sorted((ROOT / "adapters/web/templates").rglob("*.html"))
_FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

_CHATS = ("slack", "discord")
"""Lines of the log begin with these, too."""


@cache
def program() -> Any:
    """The command with all below it."""
    from adapters.cli.commands import app

    return typer.main.get_command(app)


def named_in_document(text: str) -> Iterator[str]:
    """Every line of a code block, and every piece of code within a sentence."""
    for block in _FENCED.findall(text):
        yield from block.replace("\\\n", " ").splitlines()
    for code in re.findall(r"`([^`]+)`", _FENCED.sub("", text)):
        words = " ".join(code.split())
        first, _, rest = words.partition(" ")
        is_group = first not in _CHATS and hasattr(program().commands.get(first), "commands")
        is_bare = is_group and re.match(r"[a-z-]+", rest)
        yield f"wellspoken {words}" if is_bare else words  # `jobs list` in a guide of the jobs


def named_in_template(text: str) -> Iterator[str]:
    """What stands as code on a page; a value that the page fills in is any word."""
    for code in re.findall(r"<code>(.*?)</code>", text):
        yield re.sub(r"{{.*?}}", "X", code)


def commands_in(line: str) -> Iterator[str]:
    """The commands of ours in a line of a shell, without the name of the program."""
    for part in re.split(r"&&|\|\||;| \| ", line):
        found = re.match(r"\s*(?:\$ )?(?:[A-Z_]+=\S* +)*(?:\S+/)?wellspoken +(\S.*)", part)
        if found and not part.lstrip().startswith("/wellspoken"):  # that is one of a chat
            yield found[1]


def trouble_with(said: str) -> str:
    """What is wrong with a command: a word that is no command, an option that it does not take."""
    try:
        words = shlex.split(said, comments=True)
    except ValueError:  # a part of a line, with one of two quotes
        words = said.split()
    command, path = program(), ["wellspoken"]
    while words and not words[0].startswith(("-", "[")) and hasattr(command, "commands"):
        path.append(words.pop(0))
        if path[-1] not in command.commands:
            return f"there is no {' '.join(path)}"
        command = command.commands[path[-1]]
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    unknown = options - known - {"--help"}
    return f"{' '.join(path)} takes no {', '.join(sorted(unknown))}" if unknown else ""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_documents_are_taken(path: Path) -> None:
    """Each command is there with its options, in blocks and within sentences."""
    lines = named_in_document(path.read_text("utf-8"))
    assert [
        bad for line in lines for said in commands_in(line) if (bad := trouble_with(said))
    ] == []


def test_commands_on_pages_of_the_console_are_taken() -> None:
    """What a page tells an operator to type works."""
    said = [
        command
        for path in TEMPLATES
        for line in named_in_template(path.read_text("utf-8"))
        for command in commands_in(line)
    ]
    assert len(said) > 10
    assert [bad for each in said if (bad := trouble_with(each))] == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("tune start --backend local", ""),
        ("watch --weeks 26 --by route", ""),
        ("jobs lst", "there is no wellspoken jobs lst"),
        ("ask 'How?' --grup staff", "wellspoken ask takes no --grup"),
    ],
)
def test_a_slip_would_be_found(said: str, wrong: str) -> None:
    """The check itself knows a command from a slip of the pen."""
    assert trouble_with(said) == wrong
