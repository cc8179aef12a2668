from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.rendering.mentions import ZWSP
from adapters.rendering.slack import (
    SlackStream,
    mrkdwn,
    mrkdwn_cut,
    slack_markdown,
    slack_parts,
    unescape,
)
from adapters.rendering.slack_incoming import markdown as incoming
from adapters.rendering.splitting import utf16_units
from bot.evidence import Citation
from tests.platforms.turns import turn_of

URI = "https://docs.example.com/a?x=1&y=2"
CITED = (Citation(1, "a.md", "A & <B>", URI, "q"), Citation(2, "b.md", "B", "docs/b.md", "q"))


@pytest.mark.parametrize(
    ("source", "markdown", "slack"),
    [
        ("**bold** *it* ~~no~~ `x`", "**bold** *it* ~~no~~ `x`", "*bold* _it_ ~no~ `x`"),
        ("# One **two**", "# One **two**", "*One two*"),
        ("AT&T <b> 1 > 0", "AT&T &lt;b> 1 > 0", "AT&amp;T &lt;b&gt; 1 &gt; 0"),
        ("a_b 5 * 3 2.5", "a_b 5 * 3 2.5", "a_b 5 * 3 2.5"),
        (r"\*no\* \# no", r"\*no\* # no", "*no* # no"),
        ("\\# no", "\\# no", "# no"),
        ("> said\n> so", "> said\n> so", "> said\n> so"),
        ("- a\n  - b\n- c", "- a\n    - b\n- c", "• a\n    ◦ b\n• c"),
        ("3. a\n4. b", "3. a\n4. b", "3. a\n4. b"),
        ("3) a\n3) b", "3. a\n4. b", "3. a\n4. b"),
        ("~~~sh\na < b\n~~~", "```sh\na < b\n```", "```\na &lt; b\n```"),
        ("See [1].", f"See [[1]]({URI}).", f"See <{html.escape(URI)}|[1]>."),
        ("See [2] and [3].", "See [2] and [3].", "See [2] and [3]."),
        (f"[docs]({URI})", f"[docs]({URI})", f"<{html.escape(URI)}|docs>"),
        ("[bad](https://evil.example)", "bad", "bad"),
        ("Great![1]", f"Great!{ZWSP}[[1]]({URI})", f"Great!<{html.escape(URI)}|[1]>"),
        ("[1](https://evil.example)", f"[[1]]({URI})", f"<{html.escape(URI)}|[1]>"),
        ("[js](javascript:alert(1))", "js", "js"),
        ("![alt](https://evil.example/p.gif)", "alt", "alt"),
        ("Go to https://evil.example/x.", "Go to `evil.example/x`.", "Go to `evil.example/x`."),
        ("one\ntwo", "one\ntwo", "one\ntwo"),
        ("a\n---\nb", "a\n\n---\n\nb", "a\n\n──────────\n\nb"),
    ],
)
def test_how_markdown_is_written(source: str, markdown: str, slack: str) -> None:
    """Each mark has its form in both of Slack's languages."""
    assert slack_markdown(source, CITED) == markdown
    assert mrkdwn(source, CITED) == slack


def test_mentions_are_broken_in_text_and_in_code() -> None:
    """They read as before, with a character between that nobody sees."""
    assert slack_markdown("<!here> `<@U1>` @channel") == (
        f"&lt;{ZWSP}!here> `<{ZWSP}@U1>` @{ZWSP}channel"
    )
    assert slack_markdown("<\u200b!here>") == slack_markdown("<!here>")


def test_a_narrow_table_is_aligned_code() -> None:
    """Columns line up, numbers to the right where the table says so."""
    out = slack_markdown("| Plan | Price |\n|---|--:|\n| Basic | 5 |\n| **Pro** [1] | 10 |", CITED)
    assert out == "```\nPlan     Price\n-------  -----\nBasic        5\nPro [1]     10\n```"


def test_a_wide_table_is_a_list() -> None:
    """Each row is an entry with the names of its columns."""
    wide = "word " * 30
    out = slack_markdown(f"| Name | What |\n|---|---|\n| A | {wide} |\n| B | [1] |", CITED)
    assert out == f"- **Name**: A; **What**: {wide.strip()}\n- **Name**: B; **What**: [[1]]({URI})"


def test_sentences_are_shown_at_once() -> None:
    """A sentence does not wait for the next one, unless something in it is still open."""
    stream = SlackStream()
    assert stream.feed("First one.") == "First one."
    assert stream.feed(" **Second.") == ""
    assert stream.feed(" Still.** Third.") == " **Second. Still.** Third."
    assert stream.feed("\n\n- item") == ""
    assert stream.feed("\n- next") == "\n\n- item"
    assert stream.feed("\n\n| a |\n|---|") == "\n- next"
    assert stream.feed("\n| b. |") == ""
    assert stream.finish() == "\n\n```\na\n--\nb.\n```"


@given(st.integers(2, 120))
def test_what_is_cut_is_still_mrkdwn(limit: int) -> None:
    """Wherever it is cut, no link and no entity is left open, and it keeps to the limit."""
    written = "a &lt; b <https://x.example/?a=1&amp;b=2|the whole story> &amp; more words 🌹🌹 end"
    short = mrkdwn_cut(written, limit)
    assert utf16_units(short) <= limit
    assert short.count("<") == short.count(">")
    assert not re.search(r"&(?!(?:amp|lt|gt);)", short)


def test_sources_stand_below_the_last_part() -> None:
    """Numbered, with titles as links where there is an address, in the text as well."""
    part = slack_parts(turn_of("Fine [1].", *CITED), note="A note.")[0]
    sources = f"[1] <{html.escape(URI)}|A &amp; &lt;B&gt;>\n[2] B"
    assert part.blocks == [
        {"type": "markdown", "text": f"Fine [[1]]({URI}).\n\nA note."},
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": sources, "verbatim": True}],
        },
    ]
    assert part.text.endswith(f"A note.\n\n{sources}")
    assert [b["type"] for b in slack_parts(turn_of("Fine."))[0].blocks] == ["markdown"]


def test_many_sources_are_counted() -> None:
    """Ten are shown, and none is cut in half."""
    many = tuple(
        Citation(n, f"{n}.md", "T" * 300, f"https://x.example/{'p' * 150}/{n}", "")
        for n in range(1, 31)
    )
    parts = slack_parts(turn_of("Fine.", *many))
    sources = parts[0].blocks[1]["elements"][0]["text"]
    assert len(sources) <= 2_400
    shown = sources.count("|")
    assert sources.endswith(f"and {30 - shown} more")
    assert sources.count("<") == sources.count(">") == shown


def test_a_document_is_listed_once() -> None:
    """Two places of one document share a line, with the markers of both."""
    cited = tuple(
        Citation(n, name, name.upper(), f"https://x.example/{name}", "")
        for n, name in enumerate(("a", "b", "a"), 1)
    )
    sources = slack_parts(turn_of("Fine.", *cited))[0].blocks[1]["elements"][0]["text"]
    assert sources == "[1] [3] <https://x.example/a|A>\n[2] <https://x.example/b|B>"


def test_an_answer_of_nothing_is_still_a_message() -> None:
    """There is always one part with words in it."""
    assert slack_parts(turn_of(""))[0].text


PARTS = st.sampled_from(
    [
        "A sentence with [1] and more words in it. ",
        "😀 " * 40,
        "\n\n- item [1]\n- item [2]\n",
        "\n\n```py\n" + "x = '<@U1>' & y\n" * 30 + "```\n\n",
        "\n\n| Name | Value |\n|---|---|\n" + "| a | <b> |\n" * 30 + "\n",
        "& < > " * 30,
        "word" * 300,
        "[1]" * 40,
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=30).map("".join))
def test_every_part_is_within_every_limit(answer: str) -> None:
    """Of text, of a markdown block, of all blocks together, with room for the buttons."""
    parts = slack_parts(turn_of(answer, *CITED))
    assert parts
    for part in parts:
        assert part.text.strip()
        assert utf16_units(part.text) <= 3_900
        assert utf16_units(part.markdown) <= 9_000
        assert len(part.blocks) <= 42
        assert sum(utf16_units(str(block)) for block in part.blocks) <= 13_000
        assert part.markdown.count("```") % 2 == 0
        assert not re.search(r"<[@!#]|@(?:here|channel)", part.text + part.markdown)
    assert all(len(part.blocks) == 1 for part in parts[:-1])


@pytest.mark.parametrize(
    ("slack", "plain"),
    [
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("&amp;lt;", "&lt;"),
        ("<@U1|bob> <@U2> <@U3>", "@bob @Ann @U3"),
        ("<#C1|general> <#C2>", "#general #C2"),
        ("<!here> <!channel|@channel>", "@here @channel"),
        ("<!subteam^S1|@team> <!subteam^S2>", "@team @S2"),
        ("<!date^1700000000^{date}|yesterday>", "yesterday"),
        ("<https://a.example/?x=1&amp;y=2>", "https://a.example/?x=1&y=2"),
        ("<http://a.example|a.example>", "http://a.example"),
        ("<https://a.example|the [page]>", "[the (page)](https://a.example)"),
        ("<mailto:me@a.example|me@a.example> <tel:123|123>", "me@a.example 123"),
        ("&lt;!here&gt;", "<!here>"),
    ],
)
def test_incoming_text_is_read_as_it_was_typed(slack: str, plain: str) -> None:
    """Entities once, tokens as what the reader saw."""
    assert unescape(slack, {"U2": "Ann"}.get) == plain


@pytest.mark.parametrize(
    ("slack", "said"),
    [
        ("*Yes* and _no_, ~never~.", "**Yes** and _no_, ~~never~~."),
        ("2*3*4 and a * b * c, ** or ~/x ~/y", "2*3*4 and a * b * c, ** or ~/x ~/y"),
        ("*two words*, (*one*)", "**two words**, (**one**)"),
        ("• small\n    ◦ tiny", "- small\n    - tiny"),
        ("`*p` and *q*", "`*p` and **q**"),
        ("see ```a *b*\n  c``` there", "see \n```\na *b*\n  c\n```\n there"),
        ("```\nx &lt; 1\n```", "```\nx < 1\n```"),
        ("a\n```x```\nb", "a\n```\nx\n```\nb"),
        ("*<https://a.example/b|the b>*", "**[the b](https://a.example/b)**"),
    ],
)
def test_incoming_marks_are_markdown(slack: str, said: str) -> None:
    """Bold, struck, bullets and code mean the same; what is no mark stays as it is."""
    assert incoming(slack) == said


@given(st.text(alphabet=st.sampled_from("<>&!@#^|;ltgamp here channelU12")))
def test_what_is_typed_cannot_ping_when_it_is_repeated(text: str) -> None:
    """Neither what a person typed nor what Slack made of it."""
    for said in (unescape(text), incoming(text), unescape(html.escape(text, quote=False))):
        for out in (slack_markdown(said), mrkdwn(said)):
            assert not re.search(r"<[@!#]|@(?:here|channel)", out)
