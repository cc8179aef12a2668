from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.rendering.discord import DiscordStream, discord_markdown, discord_parts
from adapters.rendering.mentions import ZWSP
from bot.evidence import Citation
from tests.platforms.turns import turn_of

URI = "https://docs.example.com/a?x=1&y=2"
CITED = (Citation(1, "a.md", "A & <B>", URI, "q"), Citation(2, "b.md", "B", "docs/b.md", "q"))


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("**bold** *it* _it_ ~~no~~ `x`", "**bold** *it* _it_ ~~no~~ `x`"),
        ("__bold__", "**bold**"),
        (r"\|\|no spoiler\|\| \_\_no\_\_", r"\|\|no spoiler\|\| \_\_no\_\_"),
        (r"\-# not small", r"\-# not small"),
        ("##### Deep", "### Deep"),
        ("AT&T <b> 1 > 0", "AT&T <b> 1 > 0"),
        ("See [1] and [2].", "See [1] and [2]."),
        (f"[docs 🎉]({URI})", f"[docs](<{URI}>)"),
        (f"Go to {URI}.", f"Go to <{URI}>."),
        ("[bad](https://evil.example) https://evil.example", "bad `evil.example`"),
        ("a\n\n---\n\nb", "a\n\n──────────\n\nb"),
        ("````\n```\n````", f"```\n`{ZWSP}`{ZWSP}`\n```"),
        ("</forget-me:1> <t:0:R>", f"<{ZWSP}/forget-me:1> <{ZWSP}t:0:R>"),
        ("<a:wave:1> <:wave:1>", f"<{ZWSP}a:wave:1> <{ZWSP}:wave:1>"),
        ("@everyone <@80351110224678912>", f"@{ZWSP}everyone <{ZWSP}@80351110224678912>"),
        ("`<@&80351110224678912>`", f"`<{ZWSP}@&80351110224678912>`"),
        ("| A | B |\n|---|---|\n| 1 | 2 |", "```\nA  B\n-  -\n1  2\n```"),
    ],
)
def test_how_markdown_is_written(source: str, written: str) -> None:
    """Each mark has its form in Discord's Markdown."""
    assert discord_markdown(source, CITED) == written


def test_a_stream_shows_what_is_settled() -> None:
    """A sentence does not wait for the next one."""
    stream = DiscordStream()
    stream.feed("First. Sec")
    assert stream.text == "First."


def test_sources_stand_in_small_print_at_the_end() -> None:
    """Numbered, with their addresses where they have some."""
    assert discord_parts(turn_of("Fine [1].", *CITED), note="A note.") == [
        f"Fine [1].\n\nA note.\n\n-# [1] A & <B> <{URI}>\n-# [2] B"
    ]
    assert discord_parts(turn_of("Fine.")) == ["Fine."]
    assert discord_parts(turn_of("")) == ["…"]


def test_sources_that_have_no_room_follow_by_themselves() -> None:
    """An answer that fills its message keeps its sources together on the next one."""
    parts = discord_parts(turn_of("word " * 395, *CITED))
    assert len(parts) == 2
    assert parts[1].startswith("-# [1] ")


PARTS = st.sampled_from(
    [
        "A sentence with [1] and more words in it. ",
        "😀 " * 40,
        "\n\n- item [1]\n- item [2]\n",
        "\n\n```py\n" + "x = '<@123456>' & y\n" * 30 + "```\n\n",
        "\n\n| Name | Value |\n|---|---|\n" + "| a | <b> |\n" * 30 + "\n",
        "*_~ " * 30,
        "word" * 300,
        "[1]" * 40,
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=20).map("".join))
def test_every_part_fits(answer: str) -> None:
    """Of 1 to 2,000 characters, with closed blocks of code, and without a mention."""
    for part in discord_parts(turn_of(answer, *CITED)):
        assert part.strip()
        assert len(part) <= 2_000
        assert part.count("```") % 2 == 0
        assert not re.search(r"<[@#!]|@(?:here|everyone)", part)
