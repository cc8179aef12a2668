from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from adapters.rendering.discord import DiscordStream, discord_markdown
from adapters.rendering.slack import SlackStream, mrkdwn, slack_markdown
from bot.evidence import Citation

CITED = (
    Citation(1, "a.md", "A & B", "https://docs.example.com/a?x=1&y=2", "a quote"),
    Citation(2, "b.md", "B", "docs/b.md", "another"),
)

Write = Callable[[str, Sequence[Citation]], str]

MARKUP = [
    *"abXY12 \n\n.!?|*_~`<>[]()#-+&\\:@/=\t",
    "\n\n",
    "\n- ",
    "\n1. ",
    "\n2) ",
    "\n  - ",
    "\n    ",
    "```",
    "\n```py\n",
    "\n```\n",
    "~~",
    "**",
    "[1]",
    "\n| a | b |",
    "\n|---|--:|\n",
    "](",
    "https://evil.example/x",
    "https://docs.example.com/a?x=1&y=2",
    "www.evil.example",
    "<!channel>",
    "<!here|here>",
    "<@U024BE7LH>",
    "<@80351110224678912>",
    "<@&80351110224678912>",
    "<#C024BE7LR>",
    "<!subteam^S0614TZR7|@team>",
    "@everyone",
    "@here",
    "@channel",
    "&lt;!channel&gt;",
    "&#60;",
    "&#64;",
    "&lt",
    "\u200b",
    "\u200d",
    "\u2060",
    "\r\n",
    "\r",
    "é",
    "中。",
    "\n> ",
    "\n# ",
    "\n---\n",
    "![",
]
markdown = st.lists(st.sampled_from(MARKUP), max_size=24).map("".join)


def streamed(make: type[SlackStream | DiscordStream], pieces: list[str]) -> str:
    stream = make(CITED)
    shown = "".join([stream.feed(piece) for piece in pieces] + [stream.finish()])
    assert shown == stream.text
    return shown


@pytest.mark.parametrize(
    ("make", "write"), [(SlackStream, slack_markdown), (DiscordStream, discord_markdown)]
)
@settings(max_examples=400, deadline=None)
@given(text=markdown, cuts=st.lists(st.integers(0, 60), max_size=8))
@example(text="| a | b |\n|---|---|\n| 1 | 2 |\nText. ```x```.", cuts=[3, 20])
def test_a_streamed_answer_is_the_same_however_it_is_cut(
    make: type[SlackStream | DiscordStream], write: Write, text: str, cuts: list[int]
) -> None:
    """Pieces of any size give, joined, what the whole gives."""
    at = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(at)]
    assert streamed(make, pieces) == write(text, CITED)
    assert streamed(make, list(text)) == write(text, CITED)


PINGS = re.compile(
    r"<!(?:channel|here|everyone|group|subteam)"  # Slack's broadcasts and user groups
    r"|<@|<#|@(?:everyone|here|channel|group)"
    r"|<@[!&]?\d",
    re.IGNORECASE,
)
INVISIBLE = re.compile("[\u200c\u200d\u2060\u00ad\ufeff]")


def pings(written: str) -> list[str]:
    """What a platform would read as a mention, though it drops what nobody sees and decodes
    entities, once or twice; a zero-width space stays what it is."""
    seen = INVISIBLE.sub("", written)
    return [p for text in (seen, html.unescape(seen)) for p in PINGS.findall(text)]


@pytest.mark.parametrize("write", [slack_markdown, mrkdwn, discord_markdown])
@settings(max_examples=400, deadline=None)
@given(markdown)
def test_nobody_is_pinged(write: Write, text: str) -> None:
    """No text, in any form, becomes a mention or a broadcast."""
    assert not pings(write(text, CITED))


READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
DISCORD = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
"""Discord shows HTML as the text that it is."""
ADDRESS = re.compile(r"\b(?:https?|ftp)://\S+|\bwww\.\S+", re.IGNORECASE)


def read_back(written: str, reader: MarkdownIt = READER) -> tuple[set[str], str]:
    """What a reader that obeys all of CommonMark makes of it: the links, and the running text."""
    links: set[str] = set()
    text: list[str] = []
    linked = False
    for token in reader.parse(written):
        assert token.type != "html_block"
        for part in token.children or ():
            assert part.type not in ("html_inline", "image")
            if part.type in ("link_open", "link_close"):
                linked = part.type == "link_open"
            if part.type == "link_open":
                links.add(str(part.attrs["href"]).partition("#")[0])
            elif part.type == "text" and not linked:
                text.append(part.content)
    return links, " ".join(text)


@pytest.mark.parametrize("write", [slack_markdown, discord_markdown])
@settings(max_examples=400, deadline=None)
@given(markdown)
def test_only_cited_addresses_become_links(write: Write, text: str) -> None:
    """Another address is neither a link nor left bare, so that Slack makes none of it."""
    reader = DISCORD if write is discord_markdown else READER
    links, running = read_back(write(text, CITED), reader)
    assert links <= {CITED[0].uri}
    assert not ADDRESS.search(running)


@settings(max_examples=400, deadline=None)
@given(markdown)
def test_mrkdwn_has_cited_addresses_only(text: str) -> None:
    """What stands in angle brackets is a link to a citation; other addresses are code."""
    out = mrkdwn(text, CITED)
    links = re.findall(r"<([^|>]*)\|[^<>]*>", out)
    assert {link.partition("#")[0] for link in links} <= {html.escape(CITED[0].uri)}
    assert out.count("<") == len(links)
    running = re.sub(r"```.*?```|`[^`\n]+`|<[^>]*>", "", out, flags=re.DOTALL)
    assert not ADDRESS.search(running)


SIGNS = st.lists(
    st.sampled_from([*"ab *_~`\\#>-+=1.()[]!|\n", "__", "**", "```", "1. ", "- ", "-# "]),
    max_size=16,
).map("".join)


@pytest.mark.parametrize("write", [slack_markdown, discord_markdown])
@settings(max_examples=400, deadline=None)
@given(SIGNS)
def test_what_stands_for_itself_stays_as_it_is(write: Write, text: str) -> None:
    """No sign of a text that is escaped throughout becomes a mark, at whatever place."""
    literal = re.sub(r"([^\w\s]|_)", r"\\\1", " ".join(text.split()))
    literal = re.sub(r"^(\d+)\\?\.", r"\1\\.", literal)
    tokens = READER.parse(write(literal, ()))
    assert [t.type for t in tokens] in ([], ["paragraph_open", "inline", "paragraph_close"])
    for part in (p for t in tokens for p in t.children or ()):
        assert part.type in ("text", "softbreak")
