"""The persona file: what it says, and what is said about its mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigurationError, MissingFileError
from persona.profile import (
    Finding,
    Severity,
    check_persona,
    default_persona,
    load_persona,
    persona_yaml_template,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "persona.yaml"


def problems(file: Path, text: str) -> list[tuple[int, str]]:
    file.write_text(text, encoding="utf-8")
    return [(finding.line, finding.problem) for finding in check_persona(file)]


def test_everything_that_is_written_is_read(file: Path) -> None:
    """Each key of the file arrives at its place."""
    file.write_text(
        """\
name: Juniper
voice: warm
audience: gardeners
do: [Begin with the answer.]
dont: Boast.
words_to_use:
  use: [utilize, leverage]
  buy: purchase
words_to_avoid: [seamless]
greeting: Hello!
near: "Look at {titles}"
habits:
  contractions: no
  emoji: some
  exclamations: 0
  sentence_words: 20
  openers: [Sure.]
languages: [en, pt-BR]
samples:
  - question: hi
    on_voice: Hello!
""",
        encoding="utf-8",
    )

    persona = load_persona(file)

    assert persona.name == "Juniper"
    assert persona.dont == ("Boast.",)
    assert [(c.preferred, c.instead_of) for c in persona.words_to_use] == [
        ("use", ("utilize", "leverage")),
        ("buy", ("purchase",)),
    ]
    assert persona.greeting == ("Hello!",)
    assert persona.habits.contractions is False
    assert persona.habits.emoji == "some"
    assert persona.habits.exclamations == 0
    assert persona.habits.openers == ("Sure.",)
    assert persona.languages == ("en", "pt-BR")
    assert persona.samples[0].on_voice == "Hello!"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty"),
        ("- a\n- b\n", 1, "found a list"),
        ("# nothing\nvoice: warm\n", 2, "name is missing"),
        ("name: 42\n", 1, 'write "42" in quotes'),
        ("name: A\nname: B\n", 2, "given twice"),
        ("name: A\nvioce: warm\n", 2, 'did you mean "voice"'),
        ("name: A\ncolour: red\n", 2, "known: name, voice"),
        ("name: A\n\nvoice: [a]\n", 3, "must be text, not a list"),
        ("name: A\ndo:\n  - a\n  - b: c\n", 4, "an entry of do must be text, not a mapping"),
        ("name: A\nwords_to_avoid: [ok, no]\n", 2, 'write "no" in quotes'),
        ("name: A\nhabits:\n  emoji: many\n", 3, 'none or some, not "many"'),
        ("name: A\nhabits:\n  exclamations: -1\n", 3, 'whole number, not "-1"'),
        ("name: A\nhabits:\n  exclamations: 99\n", 3, "from 0 to 20"),
        ("name: A\nhabits:\n  contractions: sometimes\n", 3, "yes or no, not text"),
        ("name: A\nhabits:\n  emojis: none\n", 3, 'did you mean "emoji"'),
        ("name: A\nhabits: none\n", 2, "habits must be a mapping, not text"),
        ("name: A\nsamples:\n  - question: hi\n", 3, "both question and on_voice"),
        ("name: A\nsamples: hi\n", 2, "samples must be a list"),
        ("name: A\nnear: Look there.\n", 2, "{titles}"),
        ("name: A\nlanguages: [english!]\n", 2, "no language code"),
        ("name: A\nvoice: " + "x" * 1001 + "\n", 2, "too long (1001 characters)"),
        ("name: A\nvoice: 'open\n", 3, "not valid YAML"),
        ("name: A\n\tvoice: b\n", 2, "not valid YAML"),
        ("name: A\nvoice: a\x00b\n", 2, "U+0000"),
    ],
)
def test_a_mistake_names_its_line(file: Path, text: str, line: int, words: str) -> None:
    """One mistake gives one finding, with the line and what to write instead."""
    found = problems(file, text)

    assert len(found) == 1
    assert found[0][0] == line
    assert words in found[0][1]


def test_all_mistakes_are_reported_at_once_by_line(file: Path) -> None:
    """A check does not stop at the first mistake."""
    found = problems(file, "voice: 3\nnaem: A\nhabits:\n  emoji: many\nlanguages: x1\n")

    assert [line for line, _ in found] == [1, 1, 2, 4, 5]


def test_loading_names_the_file_the_line_and_how_many_more(file: Path) -> None:
    """A broken persona stops the start with one sentence."""
    file.write_text("name: A\nvioce: warm\nhabits: 3\n", encoding="utf-8")

    with pytest.raises(ConfigurationError) as raised:
        load_persona(file)

    assert f"{file}:2: unknown key" in str(raised.value)
    assert "1 more" in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_warning_does_not_stop_the_start(file: Path) -> None:
    """A greeting with an avoided word is pointed out and used."""
    file.write_text("name: A\nwords_to_avoid: [howdy]\ngreeting: Howdy, friend\n", "utf-8")

    assert check_persona(file) == [
        Finding(3, 'greeting says "howdy", which is in words_to_avoid', Severity.WARNING)
    ]
    assert load_persona(file).greeting == ("Howdy, friend",)


def test_unreadable_bytes_and_huge_files_are_findings(file: Path) -> None:
    """What is no UTF-8 text of a sensible size is said so."""
    file.write_bytes(b"name: A\nvoice: caf\xe9\n")
    assert "UTF-8" in check_persona(file)[0].problem
    assert check_persona(file)[0].line == 2

    file.write_bytes(b"#" * 300_000)
    assert "too large" in check_persona(file)[0].problem


def test_nesting_without_end_is_a_finding(file: Path) -> None:
    """Ten thousand brackets are no reason for a traceback."""
    assert "nested too deeply" in problems(file, "[" * 10_000)[0][1]


def test_no_file_gives_a_plain_persona_and_a_check_says_that_it_is_missing(file: Path) -> None:
    """The bot speaks without a persona file; checking one that is not there is a mistake."""
    assert load_persona(file) == default_persona()
    assert load_persona(None) == default_persona()
    with pytest.raises(MissingFileError):
        check_persona(file)


def test_the_version_follows_the_content_not_the_comments(file: Path) -> None:
    """A comment leaves the version alone, a word changes it."""
    file.write_text("name: A\nvoice: warm\n", encoding="utf-8")
    first = load_persona(file)
    file.write_text("# a comment\nvoice: warm\nname: A\n", encoding="utf-8")
    same = load_persona(file)
    file.write_text("name: A\nvoice: warmer\n", encoding="utf-8")
    other = load_persona(file)

    assert first.version == same.version != other.version
    assert first.label == f"A@{first.version}"
    assert len(first.version) == 10


@pytest.mark.parametrize("name", ["Juniper", 'Ju"ni: per', "#1", "no", "Zoë ☘"])
def test_the_template_is_a_valid_persona_of_any_name(file: Path, name: str) -> None:
    """What init writes passes its own check."""
    file.write_text(persona_yaml_template(name), encoding="utf-8")

    assert check_persona(file) == []
    assert load_persona(file).name == name


@given(st.text(max_size=300))
def test_any_text_gives_findings_or_a_persona(tmp_path_factory: pytest.TempPathFactory, text: str):
    """No content of the file leads to anything but findings with lines that exist."""
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(text, encoding="utf-8", newline="")

    for finding in check_persona(file):
        assert 1 <= finding.line <= text.count("\n") + text.count("\r") + len(text.splitlines()) + 1
        assert finding.problem
