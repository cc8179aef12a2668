"""``[watch]``: what it is where nothing is said, and what is wrong in plain words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.settings import load_settings


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> None:
    Path("wellspoken.toml").write_text(text, "utf-8")


def test_live_turns_are_watched_unless_somebody_says_otherwise() -> None:
    """No suite is asked by itself: that may cost money."""
    section = load_settings().watch
    assert (section.enabled, section.channel, section.suites) == (True, "", ())
    assert (section.every, section.modes, section.least) == (timedelta(days=30), ("auto",), 30)


def test_suites_and_modes_are_named_once() -> None:
    """A name that stands twice is asked once."""
    write(
        '[watch]\nsuites = ["a", "b", "a"]\nmodes = ["rag", "auto", "rag"]\nevery = "7d"\n'
        'channel = "discord:123"\n'
    )
    section = load_settings().watch
    assert (section.suites, section.modes) == (("a", "b"), ("rag", "auto"))
    assert section.every == timedelta(days=7)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('channel = "#ops"', "write it like slack:C0HUMANS"),
        ('channel = "slack:"', "write it like slack:C0HUMANS"),
        ('suites = [" "]', "a suite has no name"),
        ('suites = "support"', 'a list, like ["staff"]'),
        ('every = "5m"', "every is at least 1h"),
        ('every = "often"', "every"),
        ('modes = ["fast"]', "modes"),
        ("modes = []", "name a mode"),
        ("least = 1", "at least 10"),
        ("suite = []", 'did you mean "suites"?'),
    ],
)
def test_a_wrong_value_is_explained(line: str, words: str) -> None:
    """With the file and its line, and what to write instead."""
    write(f"[watch]\n{line}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert words in str(caught.value)
    assert str(caught.value).startswith("wellspoken.toml:2")
