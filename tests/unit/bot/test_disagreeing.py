"""How documents that disagree are said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from bot.disagreeing import BothSides, day, look_up, tell, told
from bot.errors import DatabaseUnavailableError
from bot.evidence import Chunk, Passage
from bot.ports import GroundingCheck, Verdict
from bot.ports_abstaining import Dated, DatedBy, Disagreement, DocumentKey, Side
from bot.sentences import Piece

TEXTS = ("Hardware can be returned within 14 days.", "You can return hardware within 30 days.")
PASSAGES = tuple(
    Passage(Chunk(t, f"{n}.md", "docs", "r", 0, "", (), t, 0, len(t), ""), 1.0)
    for n, t in enumerate(TEXTS)
)
FAQ = Side(0, (0, len(TEXTS[0])), "14 days", "time 14day", "FAQ", ("docs", "0.md"))
RETURNS = Side(1, (0, len(TEXTS[1])), "30 days", "time 30day", "Returns", ("docs", "1.md"))
FOUND = Disagreement((FAQ, RETURNS), "they differ")
DATES = {
    FAQ.key: Dated(date(2024, 1, 12), DatedBy.ITSELF),
    RETURNS.key: Dated(date(2026, 3, 3), DatedBy.ITSELF),
}


class Passing:
    """A check that everything passes."""

    async def check(self, sentence: str, cited: Sequence[int] = ()) -> Verdict:
        return Verdict(True, 1.0, 0)


def test_the_newer_is_said_first_and_the_older_called_so() -> None:
    """Both with their titles and dates."""
    newer, older = told(FOUND, DATES)

    assert newer.sentence == "The page “Returns” (updated 3 March 2026) says 30 days."
    assert older.sentence == ("An older page, “FAQ” (updated 12 January 2024), still says 14 days.")
    assert (newer.side, older.side) == (RETURNS, FAQ)


@pytest.mark.parametrize(
    "dates",
    [
        {},
        {FAQ.key: Dated(date(2024, 1, 12), DatedBy.ITSELF)},
        {FAQ.key: DATES[FAQ.key], RETURNS.key: Dated(date(2026, 3, 3), DatedBy.FILE)},
        {FAQ.key: DATES[FAQ.key], RETURNS.key: DATES[FAQ.key]},
    ],
)
def test_none_is_called_older_where_the_dates_do_not_tell(
    dates: dict[DocumentKey, Dated],
) -> None:
    """A file's time, a missing or an equal day prove nothing; both are said all the same."""
    one, other = told(FOUND, dates)

    assert "older" not in other.sentence
    assert "contradict" in other.sentence
    assert {one.side.value, other.side.value} == {"14 days", "30 days"}


def test_a_day_of_reading_in_is_said_as_such() -> None:
    """It is no day of the document."""
    dates = {FAQ.key: Dated(date(2024, 1, 12), DatedBy.READ)}

    assert "“FAQ” (read in on 12 January 2024)" in told(FOUND, dates)[0].sentence


def test_it_is_said_in_german() -> None:
    """With German dates."""
    newer, older = told(FOUND, DATES, "de")

    assert newer.sentence == "Auf der Seite „Returns“ (Stand 3. März 2026) steht 30 days."
    assert older.sentence.startswith("Auf einer älteren, „FAQ“ (Stand 12. Januar 2024)")
    assert day(date(2026, 12, 1), "de") == "1. Dezember 2026"


async def test_each_sentence_is_cited_by_the_place_that_says_it() -> None:
    """The check that comes with it names passage and quote."""
    heard: list[tuple[str, int | None]] = []

    async def pass_on(piece: Piece, check: GroundingCheck | None = None) -> None:
        assert check is not None
        heard.append((piece.text.strip()[:12], (await check.check(piece.text)).passage))

    await tell((FOUND,), DATES, pass_on)

    assert heard == [("The page “Re", 1), ("An older pag", 0)]


async def test_a_sentence_that_gives_one_side_alone_does_not_pass() -> None:
    """Whichever side; what speaks of something else does."""
    check = BothSides(Passing(), (FOUND,), PASSAGES)

    for sentence in ("You can return hardware within 14 days.", "Return it within 30 days."):
        verdict = await check.check(sentence)
        assert not verdict.supported and "documents disagree" in verdict.finding
    for sentence in ("The refund takes 14 days to arrive.", "Returns are free of charge."):
        assert (await check.check(sentence)).supported


async def test_dates_are_looked_up_only_where_there_is_a_disagreement() -> None:
    """The ledger is left alone by all other questions."""
    asked: list[Sequence[DocumentKey]] = []

    class Finder:
        def __init__(self, found: tuple[Disagreement, ...]) -> None:
            self.found = found

        def among(self, question: str, passages: Sequence[Passage]) -> tuple[Disagreement, ...]:
            return self.found

    class Dates:
        async def dated(self, documents: Sequence[DocumentKey]) -> dict[DocumentKey, Dated]:
            asked.append(documents)
            return DATES

    assert await look_up(Finder(()), Dates(), "?", PASSAGES) == ((), {})
    assert await look_up(Finder((FOUND,)), Dates(), "?", PASSAGES) == ((FOUND,), DATES)
    assert asked == [[FAQ.key, RETURNS.key]]


async def test_without_dates_both_sides_are_told_all_the_same() -> None:
    """A database that is down must not leave one side to be told alone."""

    class Finder:
        def among(self, question: str, passages: Sequence[Passage]) -> tuple[Disagreement, ...]:
            return (FOUND,)

    class Dates:
        async def dated(self, documents: Sequence[DocumentKey]) -> dict[DocumentKey, Dated]:
            raise DatabaseUnavailableError(url="x", reason="gone")

    assert await look_up(Finder(), Dates(), "?", PASSAGES) == ((FOUND,), {})
