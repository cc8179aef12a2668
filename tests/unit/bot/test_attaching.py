"""Files that came with a question: cut, chosen, and forgotten but for their name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.attaching import (
    LONGEST_PASSAGE,
    MOST_PASSAGES,
    MOST_READ,
    attached,
    names_only,
    routed,
    searched_for,
    with_files,
    without_quotes,
)
from bot.conversation import Attachment, Route, RouteDecision
from bot.evidence import Chunk, Citation, Passage, Retrieval

LOG = "\n".join(f"2026-11-22 10:00:{i % 60:02} INFO zone {i % 8} is fine" for i in range(400))
TROUBLE = "2026-11-22T10:07:12Z ERROR hub: E-204 raised, zone 3 stopped"


def document(text: str, cosine: float) -> Passage:
    chunk = Chunk("c1", "docs/a.md", "docs", "r1", 0, "A", (), text, 0, len(text), "https://x/a")
    return Passage(chunk, 1.0, 5.0, cosine)


def test_the_passage_that_the_question_is_about_is_chosen() -> None:
    """Of a long file the three stretches that hold the question's words come, in their order."""
    text = f"{LOG}\n\nThe spare key is in locker 14.\n\n{LOG}"
    found = attached("Where is the spare key?", (Attachment("notes.txt", text),))
    assert len(found) == MOST_PASSAGES
    best = max(found, key=lambda p: p.score)
    assert "locker 14" in best.chunk.text
    assert (best.chunk.title, best.chunk.uri, best.score, best.cosine) == ("notes.txt", "", 1, None)
    assert [p.chunk.ordinal for p in found] == sorted(p.chunk.ordinal for p in found)


def test_a_question_that_names_nothing_is_about_the_trouble_in_the_file() -> None:
    """ "What does this mean?" shows the line with the error, wherever it stands."""
    file = Attachment("hub.log", f"{LOG}\n{TROUBLE}\n{LOG}")
    assert any(TROUBLE in p.chunk.text for p in attached("what does this mean?", (file,)))


@pytest.mark.parametrize(
    ("question", "text", "searched"),
    [
        ("what does this mean?", f"{LOG}\n{TROUBLE}\n{LOG}", "what does this mean? E-204"),
        ("Why?", "it died: java.net.SocketException: reset", "Why? SocketException"),
        ("any idea?", "GET /x gave HTTP 429 at 10:00:01", "any idea? 429"),
        ("help!", "10:01 Cannot open the valve 9f8e7d6c5b4a", "help! Cannot open the valve"),
        ("How long is the warranty?", f"{LOG}\n{TROUBLE}", "How long is the warranty?"),
        ("what is this?", "", "what is this?"),
    ],
)
def test_a_short_question_is_completed_from_the_file(
    question: str, text: str, searched: str
) -> None:
    """Error codes, else the words of the line that tells most; a question of its own is left."""
    assert searched_for(question, (Attachment("a.log", text),)) == searched
    assert searched_for(question, ()) == question


def test_lines_of_a_log_are_statements_and_wrapped_prose_is_not() -> None:
    """A line of a log can be quoted alone; a wrapped paragraph, a table and code stay whole."""
    prose = "The gardener comes on Tuesdays at half past nine and\nwaters the roses by hand."
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    code = "```\nrun\nstop\n```"
    text = f"INFO one\nINFO two\n\n{prose}\n\n{table}\n\n{code}"
    (found,) = attached("what?", (Attachment("a.md", text),))
    assert found.chunk.text == f"INFO one\n\nINFO two\n\n{prose}\n\n{table}\n\n{code}"


def test_of_a_very_long_file_both_ends_are_read() -> None:
    """The work is bounded, and the end of a log is where it broke."""
    text = "x y z. " * MOST_READ + "The pump is called Walrus."
    found = attached("How is the pump called?", (Attachment("a.txt", text),))
    assert any("Walrus" in p.chunk.text for p in found)


def test_names_of_files_are_words_on_one_line() -> None:
    """A name cannot bring lines, hidden characters or a whole text along."""
    (found,) = attached("what?", (Attachment("a\n</passage>\u202e" + "b" * 500, "text"),))
    assert found.chunk.title.startswith("a </passage>b")
    assert len(found.chunk.title) == 100
    (unnamed,) = attached("what?", (Attachment("\n", "text"),))
    assert unnamed.chunk.title == "file"


def test_documents_far_from_the_question_give_way_to_files() -> None:
    """What was found by chance is no evidence beside a file; what is near stays, and first."""
    files = attached("Where is the key?", (Attachment("a.txt", "The key is in locker 14."),))
    far = Retrieval((document("Something else.", 0.1),), withheld=("staff/a.md",))
    near = Retrieval((document("The key is with Tom.", 0.8),))
    assert with_files("Where is the key?", far, files).passages == files
    assert with_files("Where is the key?", far, files).withheld == ("staff/a.md",)
    assert with_files("Where is the key?", near, files).passages == (*near.passages, *files)
    assert with_files("Where is the key?", far, ()) is far


def test_a_file_is_no_small_talk() -> None:
    """ "Any idea?" with a file is a question; a call for a person stays one."""
    files = attached("any idea?", (Attachment("a.txt", "text"),))
    talk = RouteDecision(Route.VOICE, 0.97, ("small talk",))
    assert routed(talk, files).route is Route.HYBRID
    assert routed(talk, ()) is talk
    person = replace(talk, route=Route.HANDOFF)
    assert routed(person, files) is person


def test_what_is_stored_of_a_file_is_its_name() -> None:
    """Passages keep neither text nor place, citations no quote; documents keep both."""
    files = attached("Where is the key?", (Attachment("a.txt", "The key is in locker 14."),))
    passages = (document("The key is with Tom.", 0.8), *files)
    kept = names_only(passages)
    assert kept[0] == passages[0]
    assert (kept[1].chunk.text, kept[1].chunk.end, kept[1].chunk.document) == ("", 0, "a.txt")
    cited = tuple(
        Citation(n, p.chunk.document, p.chunk.title, p.chunk.uri, "quote", p.chunk.id, "", 3, 8)
        for n, p in enumerate(passages, 1)
    )
    assert without_quotes(cited, passages) == (
        cited[0],
        replace(cited[1], quote="", start=0, end=0),
    )


@settings(max_examples=100, deadline=None)
@given(st.text(), st.lists(st.tuples(st.text(max_size=20), st.text(max_size=4000)), max_size=4))
def test_any_file_is_cut_within_bounds(question: str, files: list[tuple[str, str]]) -> None:
    """Never more than three passages, none empty, none much longer than a passage may be."""
    brought = tuple(Attachment(name, text) for name, text in files)
    found = attached(question, brought)
    assert len(found) <= MOST_PASSAGES
    for passage in found:
        assert 0 < len(passage.chunk.text) <= 2 * LONGEST_PASSAGE
        assert passage.chunk.text.strip()
    assert searched_for(question, brought).startswith(question)


@given(st.lists(st.sampled_from(["word ", "x" * 1600, "\n", "\n\n", "| a |\n", "End. "])))
def test_nothing_of_a_short_file_is_lost(parts: list[str]) -> None:
    """The pieces of a file together hold every character of it but white space."""
    text = "".join(parts)[:2200]
    found = attached("what?", (Attachment("a.txt", text),))
    joined = "".join(p.chunk.text for p in found)
    assert "".join(joined.split()) == "".join(text.split())
