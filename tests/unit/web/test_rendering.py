from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from adapters.rendering import markdown_html, passage_html, plain, sources_ansi, turn_json
from bot.evidence import Citation

CITED = (
    Citation(1, "a.md", "A & B", "https://docs.example.com/a", "a quote"),
    Citation(2, "b.md", "B", "docs/b.md", "another"),
)


def html(text: str) -> str:
    return markdown_html(text, CITED, lambda n: f"/sources/t/{n}")


def test_markers_link_to_their_passages() -> None:
    """A marker of a citation is a link with a name; any other stays text."""
    out = html("Yes [1]. No [7]. Code `[1]`.")
    assert 'href="/sources/t/1" data-source aria-label="Source 1: A &amp; B">1</a>' in out
    assert "[7]" in out
    assert "<code>[1]</code>" in out


def test_only_cited_addresses_are_links() -> None:
    """Other addresses keep their text alone, whatever their form."""
    out = html(
        "[good](https://docs.example.com/a#part) [bad](https://evil.example) <https://evil.example>"
        " [js](javascript:alert(1)) [path](docs/b.md) ![pixel](https://evil.example/p.gif)"
    )
    assert re.findall(r'href="([^"]+)"', out) == [
        "https://docs.example.com/a#part",
        "/sources/t/2",
    ]
    assert "<img" not in out


def test_definitions_cannot_turn_markers_into_links() -> None:
    """A reference definition in an answer defines nothing."""
    out = html("See [1].\n\n[1]: https://evil.example")
    assert 'href="https://evil' not in out


def test_raw_html_is_text() -> None:
    """Tags of a model or a document are shown, not obeyed."""
    out = html("<script>alert(1)</script>\n\n<div onclick=x>\n\na <b>b</b>")
    assert "<script" not in out
    assert "<div onclick" not in out
    assert "<b>" not in out


def test_tables_need_no_inline_style() -> None:
    """Alignment is a class, since the pages forbid inline styles, and wide tables scroll."""
    out = html("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert 'style="' not in out
    assert '<td class="align-right">2</td>' in out
    assert out.startswith('<div class="table"')


def test_an_empty_cell_of_a_tables_head_heads_nothing() -> None:
    """The corner of a comparison is a plain cell, as screen readers want it."""
    out = html("| | A |\n|---|---|\n| Price | 1 |")
    assert "<td></td>" in out
    assert "<th>A</th>" in out


def test_headings_stay_below_the_pages_own() -> None:
    """A heading of an answer begins at the third level, and none is left out."""
    assert html("# Big\n\n###### Small") == "<h3>Big</h3>\n<h4>Small</h4>\n"
    assert html("## A\n\n# B\n\n### C\n\n## D") == (
        "<h3>A</h3>\n<h3>B</h3>\n<h4>C</h4>\n<h4>D</h4>\n"
    )


@given(
    st.text(alphabet=st.sampled_from(list("<>&\"'`[]()!#|*_~\\:/ab1 \n\x1b\u202e")), max_size=80)
)
def test_no_text_becomes_foreign_markup(text: str) -> None:
    """Whatever is rendered holds known tags only, and links of our own only."""
    out = html(text)
    for tag in re.findall(r"<\s*/?\s*([a-zA-Z!][^\s>/]*)", out):
        assert tag in {
            *("p", "br", "em", "strong", "code", "pre", "s", "ul", "ol", "li", "blockquote", "hr"),
            *("h3", "h4", "h5", "h6", "sup", "a", "div", "table", "thead", "tbody", "tr"),
            *("th", "td"),
        }
    for address in re.findall(r'href="([^"]*)"', out):
        assert address.startswith(("/sources/t/", "https://docs.example.com/a"))
    assert "\x1b" not in out


def test_a_quote_is_marked_across_markup() -> None:
    """A sentence, a table row and a list item are marked word for word where they stand."""
    assert passage_html("a ", "b **c**", " d") == (
        "<p>a <mark>b </mark><strong><mark>c</mark></strong> d</p>\n"
    )
    row = passage_html("| a | b |\n|---|---|\n", "| 1 | 2 |", "\n| 3 | 4 |")
    assert re.findall("<mark>(.*?)</mark>", row) == ["1", "2"]
    assert "<li><mark>two</mark></li>" in passage_html("- one\n", "- two", "\n- three")


def test_a_quoted_block_of_code_ends_where_it_ends() -> None:
    """A quote that opens or closes a fence leaves the fence alone."""
    out = passage_html("a\n\n", "Send:\n\n```bash\ncurl x\n```", "\n\nThe answer is 202.")
    assert "<mark>curl x</mark>\n</code></pre>" in out
    assert out.endswith("<p>The answer is 202.</p>\n")
    assert "<mark>curl x</mark>" in passage_html("", "```bash\ncurl x\n```", "")


def test_a_marker_alone_is_told_from_text() -> None:
    """Below a table a marker stands alone; it says so to the style sheet."""
    table = "| a |\n|---|\n| 1 |\n\n"
    assert '<p class="lone"><sup' in markdown_html(f"{table}[1]")
    assert "lone" not in markdown_html(f"{table}See [1]")


@given(st.text(max_size=30), st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_a_marked_passage_is_never_foreign_markup(before: str, quote: str, after: str) -> None:
    """Whatever the passage holds, only known tags come out and marks are closed."""
    out = passage_html(before, quote, after)
    assert out.count("<mark>") == out.count("</mark>")
    assert "<script" not in passage_html(before, f"<script>{quote}", after)
    assert "href=" not in out


def test_terminal_text_cannot_steer_the_terminal() -> None:
    """Escape sequences and marks that turn text around are dropped."""
    assert plain("a\x1b[2Jb\x07c\u202ed\r\ne\tf") == "a[2Jbcd\ne\tf"
    cited = Citation(1, "x.md", "A \x1b]0;title\x07", "https://e\x1bvil", "quote\x9b")
    turn = type("T", (), {"citations": (cited,)})()
    out = sources_ansi(turn, color=False)
    assert out == "\n  [1] A ]0;title  https://evil\n      “quote”\n"


def test_json_offsets_point_into_the_answer(make_turn) -> None:
    """Unsupported claims are named by their place in the answer."""
    turn = make_turn("It is so. It is not.", unsupported="It is not.")
    body = turn_json(turn)
    [span] = body["grounding"]["unsupported"]
    assert body["answer"][span["start"] : span["end"]] == span["text"] == "It is not."
    assert body["grounding"]["score"] == 0.5
    assert body["grounding"]["supported"] is False
