"""What of an answer stands where some of its sentences are left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.sentences import SentenceStream, Unit
from bot.standing import HEADLESS, LEANS, NOTHING_FOLLOWS, Standing


def left(answer: str, *wrong: str) -> tuple[str, dict[str, str]]:
    """What is shown of an answer, and why other units are not, where some did not pass."""
    stream, standing = SentenceStream(), Standing[str]()
    fates = []
    for piece in [*stream.feed(answer), *stream.finish()]:
        body = piece.text.strip()
        if body:
            passed = not any(part in body for part in wrong)
            fates += standing.take(piece.text, body, piece.unit, passed=passed)
    fates += standing.end()
    shown = "".join(f.item for f in fates if f.shown).strip()
    return shown, {f.item.strip(): f.finding for f in fates if not f.shown}


def test_a_heading_goes_with_what_stands_below_it() -> None:
    """A heading alone says nothing; the next section keeps its own."""
    shown, gone = left("# Care\n\nWash it daily.\n\n# Power\n\nIt needs 1,450 W.", "daily")
    assert shown == "# Power\n\nIt needs 1,450 W."
    assert gone == {"Wash it daily.": "", "# Care": NOTHING_FOLLOWS}


def test_a_line_that_leads_into_a_list_goes_with_the_list() -> None:
    """What follows the list is not what the line spoke of."""
    shown, gone = left("You need:\n\n- a cat\n- a dog\n\nThe hose is 3 m long.", "cat", "dog")
    assert shown == "The hose is 3 m long."
    assert gone["You need:"] == NOTHING_FOLLOWS


def test_a_list_that_lost_an_item_keeps_its_line() -> None:
    """What is left of a list is still what the line spoke of."""
    shown, _ = left("You need:\n\n- a cat\n- a hose\n", "cat")
    assert shown == "You need:\n- a hose"


def test_a_line_before_code_goes_with_the_code() -> None:
    """ "Run this:" without anything to run helps nobody."""
    shown, gone = left("It is easy. Run this:\n\n```\nrm -rf /\n```\n", "rm")
    assert shown == "It is easy."
    assert gone["Run this:"] == NOTHING_FOLLOWS


TABLE = "| Model | Bar |\n|---|---|\n| MG-200 | 2.5 |\n| MG-300 | 9 |\n\nAll of them are red."


def test_a_table_stands_without_one_of_its_rows() -> None:
    """A row is left out, the rest is a table."""
    shown, gone = left(TABLE, "MG-300")
    assert shown == "| Model | Bar |\n|---|---|\n| MG-200 | 2.5 |\n\nAll of them are red."
    assert gone == {"| MG-300 | 9 |": ""}


def test_a_table_without_its_head_is_none() -> None:
    """Rows would be shown as they are typed."""
    shown, gone = left(TABLE, "Model")
    assert shown == "All of them are red."
    assert gone["| MG-200 | 2.5 |"] == HEADLESS


def test_a_head_without_rows_is_no_table() -> None:
    """Head and rule go with the rows."""
    shown, gone = left(TABLE, "MG-")
    assert shown == "All of them are red."
    assert gone["| Model | Bar |"] == gone["|---|---|"] == NOTHING_FOLLOWS


def test_rows_without_a_head_stand_for_themselves() -> None:
    """Some quote a row alone."""
    assert left("| MG-200 | 2.5 |")[0] == "| MG-200 | 2.5 |"
    assert left("| MG-200 | 2.5 |\n| MG-300 | 9 |\n", "MG-200")[0] == "| MG-300 | 9 |"


def test_a_sentence_does_not_lean_on_another_than_it_was_said_of() -> None:
    """ "It" would be the MG-200 once the sentence between them is gone."""
    said = "The MG-200 is red. The MG-400 is tiny. It weighs 900 g. The hose is 3 m long."
    shown, gone = left(said, "tiny")
    assert shown == "The MG-200 is red. The hose is 3 m long."
    assert gone["It weighs 900 g."] == LEANS


def test_a_sentence_that_leans_on_the_question_stays() -> None:
    """Where nothing stands before it, "it" is what was asked about."""
    assert left("The MG-200 is lovely. It weighs 900 g.", "lovely")[0] == "It weighs 900 g."


_UNITS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                ("# Care", Unit.HEADING),
                ("You need:", Unit.PROSE),
                ("It is red.", Unit.PROSE),
                ("The hose is long.", Unit.PROSE),
                ("- a hose", Unit.ITEM),
                ("| a | b |", Unit.ROW),
                ("|---|---|", Unit.ROW),
                ("```\nx\n```", Unit.CODE),
            ]
        ),
        st.booleans(),
    ),
    max_size=12,
)


@given(_UNITS)
def test_every_unit_has_one_fate_and_what_is_shown_keeps_its_order(
    units: list[tuple[tuple[str, Unit], bool]],
) -> None:
    """Nothing is lost, nothing is said twice, and nothing that did not pass is shown."""
    standing = Standing[int]()
    fates = []
    for number, ((text, unit), passed) in enumerate(units):
        fates += standing.take(number, text, unit, passed=passed)
    fates += standing.end()
    shown = [f.item for f in fates if f.shown]
    assert sorted(f.item for f in fates) == list(range(len(units)))
    assert shown == sorted(shown)
    assert all(units[number][1] for number in shown)
    if all(passed for _, passed in units) and not any(
        unit is Unit.HEADING or text.endswith(":") or text[1:2] == "-" for (text, unit), _ in units
    ):
        assert len(shown) == len(units)


def test_the_head_of_a_table_does_not_stand_before_prose() -> None:
    """Head and rule without a row are left out; what follows is shown."""
    standing = Standing[int]()
    fates = standing.take(0, "| a | b |", Unit.ROW, passed=True)
    fates += standing.take(1, "|---|---|", Unit.ROW, passed=True)
    fates += standing.take(2, "Red it is.", Unit.PROSE, passed=True)
    assert [f.item for f in fates + standing.end() if f.shown] == [2]
