"""Chunks: exact spans, whole sentences, structure kept, nothing lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from bot.evidence import Chunk
from bot.sentences import Unit, split
from knowledge.chunking import LIMIT, chunk, pieces
from knowledge.document import Document, clean, plain_heading
from knowledge.sample import sample_folder

TOKENIZER = Path(__file__).parents[3] / "knowledge/models/minilm-l6-v2-int8/tokenizer.json"

SENTENCE = "The tank of the machine holds 2.5 litres of clean water for one week."


def document(text: str, title: str = "T", name: str = "a.md") -> Document:
    return Document("docs", name, title, text, name)


def words(count: int) -> st.SearchStrategy[str]:
    word = st.sampled_from(
        "tank water holds the AX-100 v1.2.3 größe 水が 2.5 e.g. `x` **b**".split()
    )
    return st.lists(word, min_size=1, max_size=count).map(" ".join)


BLOCKS = st.one_of(
    words(60).map(lambda t: f"{t}."),
    st.builds(lambda n, t: f"{'#' * n} {t}", st.integers(1, 6), words(5)),
    st.lists(words(12), min_size=1, max_size=40).map(lambda i: "\n".join(f"- {t}" for t in i)),
    st.lists(words(10), min_size=2, max_size=60).map(
        lambda r: "\n".join(["| A | B |", "| --- | --- |", *(f"| {t} | 1 |" for t in r)])
    ),
    st.lists(words(8), min_size=1, max_size=60).map(lambda c: "```sh\n" + "\n".join(c) + "\n```"),
    words(600),
    st.text(max_size=400).map(clean),
)
TEXTS = st.lists(BLOCKS, min_size=1, max_size=12).map("\n\n".join).filter(str.strip)


def check(source: Document, chunks: list[Chunk]) -> None:
    """What holds for the chunks of every document."""
    assert chunks
    at = 0
    for number, each in enumerate(chunks):
        assert each.ordinal == number
        assert each.text == source.text[each.start : each.end]
        assert each.text.strip() == each.text != ""
        assert each.start >= at
        at = each.end
    assert len({c.id for c in chunks}) == len(chunks)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_spans_are_exact_and_in_order(text: str) -> None:
    """Every chunk is a piece of its document, they follow one another and do not overlap."""
    source = document(text)
    check(source, chunk(source))


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_every_unit_is_whole_and_in_one_chunk(text: str) -> None:
    """No sentence, row or code block within the limit is cut or lost; headings are in a path."""
    source = document(text)
    chunks = chunk(source)
    for unit in split(text):
        inside = [c for c in chunks if c.start <= unit.start and unit.end <= c.end]
        if unit.unit is Unit.HEADING:
            said = any(plain_heading(unit.text) in c.headings for c in chunks)
            empty = not plain_heading(unit.text)
            below = [u for u in split(text) if u.start > unit.start and u.unit is not Unit.HEADING]
            assert inside or said or empty or not below or _closed_before_text(text, unit.start)
        elif pieces(unit.text) <= LIMIT:
            assert len(inside) == 1, unit
        else:
            covered = sum(
                len("".join(text[max(c.start, unit.start) : min(c.end, unit.end)].split()))
                for c in chunks
                if c.start < unit.end and unit.start < c.end
            )
            assert covered == len("".join(unit.text.split()))


def _closed_before_text(text: str, start: int) -> bool:
    """Whether a heading has no text of its own before one of its level or above follows."""
    level = None
    for unit in split(text):
        if unit.start < start:
            continue
        if unit.unit is not Unit.HEADING:
            return False
        depth = len(unit.text) - len(unit.text.lstrip("#"))
        if level is None:
            level = depth
        elif depth <= level:
            return True
    return True


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_no_chunk_is_much_over_the_limit(text: str) -> None:
    """A chunk holds at most the limit, but for a tenth that an estimate may be off by."""
    assert all(pieces(c.text) <= LIMIT * 1.1 + 8 for c in chunk(document(text)))


def test_ids_depend_on_source_name_and_ordinal_alone() -> None:
    """The same place has the same id whatever it says, and another document another one."""
    one = chunk(document(SENTENCE))[0]
    assert one.id == chunk(document("Something else."))[0].id
    assert one.id != chunk(document(SENTENCE, name="b.md"))[0].id
    assert one.revision != chunk(document("Something else."))[0].revision


def test_headings_are_the_path_above_and_not_in_the_text() -> None:
    """A section's heading is in its header, so it need not be in its text."""
    long = " ".join([SENTENCE] * 8)
    text = f"# Guide\n\n{long}\n\n## Water\n\n{long}\n\n### Hard `water` {{#hard}}\n\n{long}"
    chunks = chunk(document(text, title="Guide"))
    assert [c.headings for c in chunks] == [
        ("Guide",),
        ("Guide", "Water"),
        ("Guide", "Water", "Hard water"),
    ]
    assert all(c.text == long for c in chunks)
    assert chunks[2].header == "Guide > Water > Hard water"


def test_a_long_section_is_cut_into_even_parts() -> None:
    """No chunk of a long section is a poor rest."""
    sizes = [pieces(c.text) for c in chunk(document(" ".join([SENTENCE] * 40)))]
    assert len(sizes) >= 2
    assert min(sizes) > 0.6 * max(sizes)


def test_small_sections_under_one_parent_are_joined() -> None:
    """Sections of a few words make one chunk that still holds their headings."""
    text = "# Keys\n\n" + "\n\n".join(f"## Key {n}\n\nOpens door {n}." for n in range(3))
    (only,) = chunk(document(text, title="Keys"))
    assert only.headings == ("Keys",)
    assert only.text.startswith("## Key 0")
    assert only.text.endswith("Opens door 2.")


def test_small_sections_of_other_chapters_stay_apart() -> None:
    """A chunk does not reach over the end of a chapter."""
    text = "# A\n\n## One\n\nText one.\n\n# B\n\n## Two\n\nText two."
    assert [c.headings[0] for c in chunk(document(text))] == ["A", "B"]


def test_a_table_that_fits_is_one_chunk() -> None:
    """A table is not torn for the sake of an even cut."""
    table = "| Plan | Price |\n| --- | --- |\n" + "\n".join(f"| P{n} | {n} |" for n in range(12))
    chunks = chunk(document(f"{' '.join([SENTENCE] * 12)}\n\n{table}"))
    assert sum(table in c.text for c in chunks) == 1


def test_the_parts_of_a_long_table_know_their_columns() -> None:
    """A row is understood without the head of its table: the columns are in the headings."""
    rows = "\n".join(f"| Plan number {n} | {n}.50 EUR a month |" for n in range(80))
    chunks = chunk(document(f"# Prices\n\n| Plan | Price |\n|---|:---:|\n{rows}", title="Prices"))
    assert len(chunks) > 2
    assert chunks[0].headings == ("Prices",)
    assert all(c.headings == ("Prices", "Plan | Price") for c in chunks[1:])
    assert all(line.startswith("|") for c in chunks for line in c.text.split("\n"))


def test_code_within_the_limit_is_never_cut() -> None:
    """A fenced block stays whole, with its fences."""
    code = "```sh\n" + "\n".join(f"run step {n}" for n in range(30)) + "\n```"
    text = f"{' '.join([SENTENCE] * 10)}\n\n{code}\n\n{' '.join([SENTENCE] * 10)}"
    assert sum(code in c.text for c in chunk(document(text))) == 1


def test_a_line_that_leads_to_a_list_goes_with_it() -> None:
    """ "The steps are these:" is not the end of a chunk."""
    before = " ".join([SENTENCE] * 13)
    items = "\n".join(f"- Step {n}: {SENTENCE}" for n in range(12))
    chunks = chunk(document(f"{before}\n\nThe steps are these:\n\n{items}"))
    assert len(chunks) > 1
    assert not any(c.text.endswith("these:") for c in chunks)


def test_a_document_of_headings_is_still_found() -> None:
    """Headings without any text are the text."""
    (only,) = chunk(document("# One\n\n## Two\n"))
    assert only.text == "# One\n\n## Two"


def test_a_word_without_end_is_cut() -> None:
    """A million letters without a space become chunks of a bearable size."""
    source = document("x" * 1_000_000)
    chunks = chunk(source)
    check(source, chunks)
    assert "".join(c.text for c in chunks) == source.text


def test_groups_come_from_the_document_or_the_caller() -> None:
    """The audience of a chunk is its document's unless another one is given."""
    source = Document("docs", "a", "A", "text", "a", frozenset({"staff"}))
    assert chunk(source)[0].groups == {"staff"}
    assert chunk(source, groups=frozenset({"hr"}))[0].groups == {"hr"}


@pytest.mark.parametrize("page", sorted(sample_folder().rglob("*.md"))[:12], ids=lambda p: p.stem)
def test_pieces_are_near_the_tokenizers(page: Path) -> None:
    """On a page of documentation the estimate is within a fifth of the embedder's tokenizer."""
    text = page.read_text("utf-8").split("---\n", 2)[2]
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    real = len(tokenizer.encode(text, add_special_tokens=False).ids)
    assert pieces(text) == pytest.approx(real, rel=0.2)


def test_the_sample_knowledge_is_cut_sensibly() -> None:
    """On the sample pages no chunk is over the limit, and few are tiny."""
    sizes: Counter[bool] = Counter()
    for page in sample_folder().rglob("*.md"):
        source = document(page.read_text("utf-8").split("---\n", 2)[2])
        for each in chunk(source):
            assert pieces(each.text) <= LIMIT
            sizes[pieces(each.text) < 20] += 1
    assert sizes[True] < 0.1 * sizes[False]
