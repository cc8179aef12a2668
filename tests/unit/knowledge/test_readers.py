"""What readers make of files that are as they should be."""

from __future__ import annotations

import io
import json
from pathlib import PurePosixPath

import docx
import pytest
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

from knowledge.document import Document, FailedDocument, RawDocument, readable_name
from knowledge.readers import FORMATS, read


def raw(name: str, content: bytes | str) -> RawDocument:
    data = content.encode() if isinstance(content, str) else content
    return RawDocument("docs", name, PurePosixPath(name).suffix, content=data)


def one(name: str, content: bytes | str) -> Document:
    (found,) = read(raw(name, content))
    assert isinstance(found, Document), found
    return found


def pdf(*flow: object) -> bytes:
    out = io.BytesIO()
    SimpleDocTemplate(out).build(list(flow))
    return out.getvalue()


def test_all_formats_of_the_contract_are_read() -> None:
    """The suffixes that the contract names are read."""
    contract = ".md .mdx .rst .txt .html .pdf .docx .csv .json .jsonl".split()
    assert set(contract) <= FORMATS


def test_markdown_keeps_its_source_below_the_front_matter() -> None:
    """Front matter gives title, address and groups; the text is the Markdown below it."""
    front = "---\ntitle: Plans\nuri: https://x.test/plans\ngroups: [staff, hr]\n---\n\n"
    document = one("plans.md", f"{front}# Other\n\nA *b*.")
    assert document.title == "Plans"
    assert document.uri == "https://x.test/plans"
    assert document.groups == {"staff", "hr"}
    assert document.text == "# Other\n\nA *b*."


@pytest.mark.parametrize(
    ("front", "groups"),
    [
        ("groups: staff", {"staff"}),
        ("groups: staff, hr", {"staff", "hr"}),
        ("group: staff", {"staff"}),
        ("Groups:\n  - staff", {"staff"}),
        ("groups: []", set()),
        ("title: x", set()),
    ],
)
def test_groups_are_a_list_or_a_word(front: str, groups: set[str]) -> None:
    """Groups may be written in each of the ways that people write them."""
    assert one("a.md", f"---\n{front}\n---\ntext").groups == groups


def test_toml_front_matter_is_read_too() -> None:
    """Front matter between plus signs is TOML."""
    document = one("a.md", '+++\ntitle = "Plans"\ngroups = ["staff"]\n+++\ntext')
    assert (document.title, document.groups) == ("Plans", {"staff"})


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    """Prose between two rules stays in the text."""
    assert one("a.md", "---\nJust prose here.\n\n---\nMore.").text.startswith("---\nJust prose")


def test_the_title_is_the_first_heading_outside_code() -> None:
    """A comment in a code block is no heading; marks and links are left out of the title."""
    document = one("a.md", "```sh\n# no title\n```\n\n# The [**Plans**](x.md) `now` {#plans}\n")
    assert document.title == "The Plans now"


def test_the_file_name_is_the_last_resort_for_a_title() -> None:
    """A file without title and heading is called after its file or its folder."""
    assert one("guide/getting-started.md", "text").title == "Getting started"
    assert readable_name("billing/index.md") == "Billing"
    assert readable_name("release_v1.2.md") == "Release v1.2"


def test_underlined_headings_become_hash_headings() -> None:
    """The two styles of Markdown headings come out the same, and code stays as it is."""
    text = one("a.md", "Title\n=====\n\nPart\n----\n\ntext\n\n```\nx\n===\n```\n").text
    assert "# Title\n" in text
    assert "## Part\n" in text
    assert "x\n===" in text


def test_comments_go_and_code_stays() -> None:
    """HTML comments are no text unless they stand in code."""
    text = one("a.md", "a <!-- hidden --> b\n\n```html\n<!-- shown -->\n```\n`<!-- too -->`").text
    assert "hidden" not in text
    assert "<!-- shown -->" in text
    assert "<!-- too -->" in text


def test_mdx_keeps_the_words_of_its_components() -> None:
    """Imports, exports and tags go; titles, text and code stay."""
    source = """import { Tabs } from "x"
export const meta = {
  title: "no",
}

# Install

<Tabs>
  <Tab title="npm">
    Run `npm i <name>`.
  </Tab>
</Tabs>
{/* a comment */}
<Chart data={[{ a: 1 }]} onClick={() => go("x")} />

```jsx
import Kept from "kept"
<Kept />
```
"""
    text = one("a.mdx", source).text
    assert "Run `npm i <name>`." in text
    assert "npm\n" in text
    assert 'import Kept from "kept"\n<Kept />' in text
    for gone in ("Tabs", "export", "comment", "onClick", '"no"'):
        assert gone not in text


def test_html_gives_the_main_part_as_markdown() -> None:
    """Navigation and scripts go; headings, lists, code and tables become Markdown."""
    page = """<html><head><title>Site</title><style>x</style></head><body><nav>Menu</nav>
    <main><h1>Plans <a class="headerlink" href="#">¶</a></h1><p>Two <b>plans</b>
    are there for everybody who asks.</p><ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul>
    <ol><li>first</li></ol><pre><code class="language-py">a = 1\n  b</code></pre>
    <table><tr><th>Plan</th><th>Price</th></tr><tr><td>Pro</td><td>9|year</td></tr></table>
    <script>evil()</script></main><footer>Imprint</footer></body></html>"""
    document = one("a.html", page)
    assert document.title == "Plans"
    assert document.text == (
        "# Plans\n\nTwo plans are there for everybody who asks.\n\n"
        "- one\n  - inner\n- two\n1. first\n\n"
        "```py\na = 1\n  b\n```\n\n| Plan | Price |\n| --- | --- |\n| Pro | 9\\|year |"
    )


def test_html_says_its_encoding() -> None:
    """A page in the encoding that its head declares is read right."""
    page = '<meta charset="koi8-r"><p>Москва стоит на реке</p>'
    assert one("a.html", page.encode("koi8-r")).text == "Москва стоит на реке"


def test_html_that_nests_without_end_is_read() -> None:
    """Five thousand open elements do not end the reader; a million are refused at once."""
    assert one("a.html", "<div>" * 5_000 + "deep").text == "deep"
    (failure,) = read(raw("a.html", "<div>" * 1_000_000 + "deep"))
    assert isinstance(failure, FailedDocument)
    assert "too deeply" in failure.error


def test_restructured_text_becomes_markdown() -> None:
    """Headings, code, lists, tables, roles and Sphinx directives keep their text."""
    source = """Guide
=====

See :ref:`the plans <plans>`.

.. code-block:: python
   :linenos:

   a = 1

.. tabs::

   .. tab:: Linux

      Use apt.

Part
----

- one
- two

=====  =====
Plan   Price
=====  =====
Pro    9
=====  =====
"""
    document = one("a.rst", source)
    assert document.title == "Guide"
    for part in (
        "See the plans.", "```python\na = 1\n```", "Linux", "Use apt.", "## Part",
        "- one\n- two", "| Plan | Price |\n| --- | --- |\n| Pro | 9 |",
    ):  # fmt: skip
        assert part in document.text


def test_restructured_text_reads_no_other_file() -> None:
    """A document cannot pull the machine's files into the knowledge."""
    text = one(
        "a.rst", "Hello.\n\n.. include:: /etc/passwd\n\n.. csv-table::\n   :file: /etc/passwd\n"
    )
    assert "root:" not in text.text


def test_pdf_gives_headings_by_size_and_drops_running_heads() -> None:
    """Large lines become headings, and what stands on every page is not repeated."""
    style = getSampleStyleSheet()
    flow: list[object] = [Paragraph("The Manual", style["Title"])]
    for number in range(1, 6):
        flow += [
            Paragraph(f"ACME Corp, page {number}", style["BodyText"]),
            Paragraph(f"Chapter {'abcde'[number - 1]}", style["Heading2"]),
            Paragraph("The tank holds 2.5 litres of water. " * 8, style["BodyText"]),
            PageBreak(),
        ]
    document = one("manual.pdf", pdf(*flow))
    assert document.title == "The Manual"
    assert "## Chapter b" in document.text
    assert "2.5 litres" in document.text
    assert "ACME" not in document.text


def test_docx_gives_headings_lists_and_tables() -> None:
    """The styles of a Word document become Markdown."""
    file = docx.Document()
    file.add_heading("Plans", 0)
    file.add_heading("Prices", 1)
    file.add_paragraph("There are two.")
    file.add_paragraph("one", style="List Bullet")
    table = file.add_table(2, 2)
    for n, text in enumerate(("Plan", "Price", "Pro", "9")):
        table.cell(n // 2, n % 2).text = text
    out = io.BytesIO()
    file.save(out)
    document = one("a.docx", out.getvalue())
    assert document.title == "Plans"
    assert document.text == (
        "# Plans\n\n# Prices\n\nThere are two.\n\n- one\n\n"
        "| Plan | Price |\n| --- | --- |\n| Pro | 9 |"
    )


def test_short_csv_is_a_table_and_long_csv_is_sections() -> None:
    """A table is kept where it reads well; questions with long answers become sections."""
    assert one("a.csv", "Plan;Price\nPro;9\n").text == (
        "| Plan | Price |\n| --- | --- |\n| Pro | 9 |"
    )
    answer = "It is done in the settings. " * 20
    text = one("faq.csv", f'Question,Answer\nHow is it done?,"{answer}"\n').text
    assert text.startswith("## How is it done?\n\nAnswer: It is done")


def test_json_becomes_headings_fields_and_tables() -> None:
    """Objects are headings and fields, lists of alike objects are tables."""
    value = {"title": "Shop", "hours": {"open": 9}, "plans": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}
    document = one("a.json", json.dumps(value))
    assert document.title == "Shop"
    assert "## hours\n\n- open: 9" in document.text
    assert "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |" in document.text


def test_json_lines_give_a_document_a_line() -> None:
    """Each line is a document of its own; numbers are names too."""
    lines = [
        {"id": "a", "title": "A", "text": "Hello."},
        {"id": 7, "title": "B", "text": "Bye.", "uri": "https://x.test/b", "groups": ["staff"]},
    ]
    found = list(read(raw("all.jsonl", "\n".join(map(json.dumps, lines)))))
    assert [(d.name, d.title, d.uri, d.groups) for d in found if isinstance(d, Document)] == [
        ("a", "A", "a", frozenset()),
        ("7", "B", "https://x.test/b", {"staff"}),
    ]


def test_front_matter_inside_a_line_is_no_text_but_its_groups_hold() -> None:
    """A page that names its groups keeps them when it is packed into JSON Lines."""
    line = json.dumps({"id": "a", "title": "A", "text": "---\ngroups: staff\n---\nSecret."})
    document = one("a.jsonl", line)
    assert (document.text, document.groups) == ("Secret.", {"staff"})


def test_a_line_with_broken_front_matter_is_text_unless_it_names_groups() -> None:
    """Broken front matter is no reason to lose a line, but groups must be understood."""
    harmless = json.dumps({"id": "a", "title": "A", "text": "---\nx: % y: %\n---\nText."})
    assert "Text." in one("a.jsonl", harmless).text
    secret = json.dumps({"id": "a", "title": "A", "text": "---\ngroups: {\n---\nText."})
    (found,) = read(raw("a.jsonl", secret))
    assert isinstance(found, FailedDocument)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252"]
)
def test_text_is_read_in_every_usual_encoding(encoding: str) -> None:
    """Old and foreign encodings give the same text."""
    text = "Größe und Übermut tun selten gut, sagte der Bär für sich."
    assert one("a.txt", text.encode(encoding)).text == text


def test_a_few_broken_places_do_not_spoil_utf8() -> None:
    """UTF-8 with one broken byte keeps all other characters."""
    content = ("Die Größe der Bären ist überall verschieden. " * 20).encode() + b"\xff end"
    assert one("a.txt", content).text.count("Größe") == 20


def test_characters_that_stores_refuse_are_replaced() -> None:
    """NULs and lone surrogates never reach a database."""
    document = one("a.jsonl", '{"id": "a", "title": "t", "text": "a\\u0000b \\ud800 c"}')
    assert document.text.encode() == b"a b   c"


def test_line_ends_are_one_kind() -> None:
    """Windows and old Mac line ends count as line ends."""
    assert one("a.txt", b"one\r\ntwo\rthree").text == "one\ntwo\nthree"


def test_the_hash_changes_with_title_address_and_text_only() -> None:
    """Groups are changed without a new revision; everything shown makes one."""
    same = one("a.md", "---\ntitle: T\n---\nx")
    assert same.hash == one("a.md", "---\ntitle: T\ngroups: g\n---\nx").hash
    assert same.hash != one("a.md", "---\ntitle: U\n---\nx").hash
    assert same.hash != one("a.md", "---\ntitle: T\nuri: /x\n---\nx").hash
    assert same.hash != one("a.md", "---\ntitle: T\n---\ny").hash
