"""Citations follow the verdicts of the check."""

from __future__ import annotations

from bot.citing import CitationBook, cited_indexes, without_markers
from bot.evidence import Chunk, Passage
from bot.ports import Verdict
from bot.sentences import split


def passage(number: int, text: str = "The MG-200 needs 2.5 bar. It is green.") -> Passage:
    chunk = Chunk(
        id=f"c{number}",
        document=f"doc{number}.md",
        source="s",
        revision="r1",
        ordinal=0,
        title=f"Title {number}",
        headings=(),
        text=text,
        start=100,
        end=100 + len(text),
        uri=f"https://docs.example/{number}",
    )
    return Passage(chunk, 1.0)


PASSAGES = [passage(1), passage(2), passage(3)]


def place(book: CitationBook, text: str, verdict: Verdict) -> str:
    return book.place(text, split(text)[-1].unit, verdict)


def carried_by(index: int) -> Verdict:
    return Verdict(supported=True, score=0.9, passage=index, quote=(0, 25))


def test_markers_that_point_nowhere_are_ignored() -> None:
    """[7] with three sources is no citation."""
    assert cited_indexes("So it is [7]. And [2][2], also [1, 3].", 3) == (1, 0, 2)


def test_a_link_is_no_marker() -> None:
    """``[1](https://…)`` is a link of the voice, not a citation."""
    assert without_markers("See [1](https://x.example)") == "See [1](https://x.example)"


def cited(*said: tuple[str, int]) -> str:
    """Sentences with the passages that carry them, as the book shows them."""
    book = CitationBook(PASSAGES)
    return "".join(place(book, text, carried_by(index)) for text, index in said) + book.finish()


def test_a_wrong_marker_moves_to_the_passage_that_carries_the_sentence() -> None:
    """The voice said [1]; the check found it in passage 3, the first source shown."""
    book = CitationBook(PASSAGES)
    assert place(book, "It needs 2.5 bar [1].", carried_by(2)) == "It needs 2.5 bar."
    assert book.finish() == " [1]"
    assert [c.document for c in book.citations] == ["doc3.md"]


def test_sources_are_numbered_as_they_appear() -> None:
    """The first source cited is [1], whatever its place among the passages."""
    book = CitationBook(PASSAGES)
    text = place(book, "A a [3].", carried_by(2))
    text += place(book, " B b [1].", carried_by(0))
    text += place(book, " C c [3].", carried_by(2)) + book.finish()
    assert text == "A a. [1] B b. [2] C c. [1]"
    assert [(c.n, c.document) for c in book.citations] == [(1, "doc3.md"), (2, "doc1.md")]


def test_a_supported_statement_without_a_marker_gets_one() -> None:
    """A fact is never left without its source."""
    assert cited(("It needs 2.5 bar.", 0)) == "It needs 2.5 bar. [1]"


def test_a_paragraph_from_one_passage_gets_one_marker_at_its_end() -> None:
    """Three sentences from one source are not three times [1]; a new paragraph is a new run."""
    said = [("One is so.", 0), (" Two is so.", 0), ("\n\nThree is so.", 0)]
    assert cited(*said) == "One is so. Two is so. [1]\n\nThree is so. [1]"


def test_a_sentence_that_states_nothing_gets_no_marker() -> None:
    """A greeting with an invented citation loses it."""
    book = CitationBook(PASSAGES)
    verdict = Verdict(supported=True, score=1.0)
    assert place(book, "Happy to help [2]!", verdict) == "Happy to help!"
    assert book.citations == ()


def test_the_marker_of_a_code_block_comes_after_it() -> None:
    """Nothing is added inside a fence."""
    book = CitationBook(PASSAGES)
    code = "```sh\nmossgate reset\n```"
    assert place(book, code, carried_by(1)) == code
    assert book.finish() == "\n\n[1]"
    assert [c.document for c in book.citations] == ["doc2.md"]


def test_a_marker_alone_is_the_voices_and_is_left_out() -> None:
    """The voice put [9] behind the table; the table's own source is shown instead."""
    book = CitationBook(PASSAGES)
    place(book, "| a | b |", carried_by(1))
    assert place(book, "\n[9]", Verdict(supported=True, score=1.0)) == ""
    assert book.finish() == "\n\n[1]"


def test_a_list_from_one_passage_gets_one_marker_at_its_end() -> None:
    """Three steps from one source are not three times [1]."""
    book = CitationBook(PASSAGES)
    steps = ["1. Open the lid. [1]", "\n2. Press the button. [1]", "\n3. Wait."]
    text = "".join(place(book, step, carried_by(0)) for step in steps)
    text += place(book, "\n\nThen it is green.", carried_by(1)) + book.finish()
    assert text == ("1. Open the lid.\n2. Press the button.\n3. Wait. [1]\n\nThen it is green. [2]")


def test_a_list_from_two_passages_shows_where_the_second_begins() -> None:
    """The first source's marker stands at the end of its own items."""
    book = CitationBook(PASSAGES)
    text = place(book, "- One.", carried_by(0)) + place(book, "\n- Two.", carried_by(1))
    assert text + book.finish() == "- One. [1]\n- Two. [2]"


def test_a_table_is_not_cut_by_markers() -> None:
    """The line under a table's head has no source of its own, and the table stays whole."""
    book = CitationBook(PASSAGES)
    text = place(book, "The limits are:", carried_by(0))
    text += place(book, "\n\n| a | b |", carried_by(0))
    text += place(book, "\n|---|---|", Verdict(supported=True, score=1.0))
    text += place(book, "\n| 1 | 2 |", carried_by(0)) + book.finish()
    assert text == "The limits are:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[1]"


def test_a_bare_yes_shares_the_marker_of_its_reason() -> None:
    """One marker behind the sentence that says why."""
    book = CitationBook(PASSAGES)
    text = place(book, "Yes.", carried_by(0)) + place(book, " It is green.", carried_by(0))
    assert text + book.finish() == "Yes. It is green. [1]"


def test_a_line_that_leads_nowhere_keeps_its_own_marker() -> None:
    """A colon before another source's list does not lose the first source."""
    book = CitationBook(PASSAGES)
    text = place(book, "Steps:", carried_by(0)) + place(book, "\n- One.", carried_by(1))
    assert text + book.finish() == "Steps: [1]\n- One. [2]"


def test_the_quote_lies_in_the_document() -> None:
    """A citation's offsets are those of the document, its quote the text between them."""
    book = CitationBook(PASSAGES)
    place(book, "It needs 2.5 bar.", carried_by(0))
    book.finish()
    (citation,) = book.citations
    assert citation.quote == "The MG-200 needs 2.5 bar."
    assert (citation.start, citation.end) == (100, 125)


def test_a_head_belongs_to_the_rows_below_it() -> None:
    """Where another passage holds the same column names, its marker does not cut the table."""
    book = CitationBook(PASSAGES)
    text = place(book, "| a | b |", carried_by(1))
    text += place(book, "\n|---|---|", Verdict(supported=True, score=1.0))
    text += place(book, "\n| 1 | 2 |", carried_by(0)) + book.finish()
    assert text == "| a | b |\n|---|---|\n| 1 | 2 |\n\n[1]"
    assert [citation.document for citation in book.citations] == ["doc1.md"]
