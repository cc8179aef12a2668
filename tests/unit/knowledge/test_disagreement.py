"""Where documents state different values, and where they only seem to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence import Chunk, Passage
from knowledge.disagreement import DocumentDisagreements, disagreements


def page(title: str, text: str, name: str = "", headings: tuple[str, ...] = ()) -> Passage:
    name = name or f"{title.lower().replace(' ', '-')}.md"
    chunk = Chunk(
        name, name, "docs", "r1", 0, title, (title, *headings), text, 0, len(text), f"/{name}"
    )
    return Passage(chunk, 1.0, 5.0, 0.6)


RETURNS = page("Returns and refunds", "You can return hardware within 30 days of delivery.")
ASKED = "Within how many days can I return hardware?"


@pytest.mark.parametrize(
    ("question", "one", "other", "values"),
    [
        (
            ASKED,
            RETURNS,
            page("FAQ", "Hardware can be returned within 14 days."),
            ("30 days", "14 days"),
        ),
        (
            ASKED,
            RETURNS,
            page("FAQ", "14 days.", headings=("How many days do I have to return hardware?",)),
            ("30 days", "14 days"),
        ),
        (
            "How much does the MG-200 cost?",
            page("MG-200 controller", "The MG-200 costs $189, transformer included."),
            page("Welcome", "An MG-200 costs $199."),
            ("$189", "$199"),
        ),
        (
            "What is the price of the MG-200?",
            page("Prices", "| Product | Price |\n|---|---|\n| MG-200 | $189 |\n| MG-400 | $429 |"),
            page("Welcome", "An MG-200 costs $199."),
            ("$189", "$199"),
        ),
        (
            "When does support for API v1 end?",
            page("Deprecations", "Support for API v1 ends on 31 December 2026."),
            page("Roadmap", "Support for API v1 ends on 30 June 2026."),
            ("31 December 2026", "30 June 2026"),
        ),
        (
            "What are the opening hours of the shop?",
            page("Contact", "The shop is open from 9:00 am to 5:00 pm."),
            page("Visit us", "The shop is open from 10 am to 6 pm."),
            ("9:00 am to 5:00 pm", "10 am to 6 pm"),
        ),
        (
            "Wie viele Tage gilt das Rückgaberecht?",
            page("Rückgabe", "Das Rückgaberecht gilt 30 Tage."),
            page("Hilfe", "Das Rückgaberecht gilt 14 Tage."),
            ("30 Tage", "14 Tage"),
        ),
    ],
)
def test_different_values_for_the_same_are_found(
    question: str, one: Passage, other: Passage, values: tuple[str, str]
) -> None:
    """Numbers, prices, dates, hours, in sentences and tables, whatever the order."""
    (found,) = disagreements(question, (one, other))
    (turned,) = disagreements(question, (other, one))

    assert {s.value for s in found.sides} == {s.value for s in turned.sides} == set(values)
    for side in found.sides:
        text = (one, other)[side.passage].chunk.text
        assert side.value.split()[0] in text[slice(*side.quote)]
    assert all(value in found.reason for value in values)


def test_a_yes_and_a_no_are_found() -> None:
    """One page affirms what the other denies."""
    pages = (
        page("Integrations", "The MG-400 works with HomeKit."),
        page("Apple", "The MG-400 does not work with HomeKit."),
    )

    assert len(disagreements("Does the MG-400 work with HomeKit?", pages)) == 1


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        # another product, plan, version, region, period, condition
        (
            "How long is the warranty?",
            page("MG-200 controller", "The warranty is 24 months."),
            page("MG-400 controller", "The warranty is 36 months."),
        ),
        (
            "How much does a plan cost?",
            page("Grow plan", "The plan costs $5."),
            page("Estate plan", "The plan costs $12."),
        ),
        (
            "How many members can a garden have?",
            page("Members", "A garden has 5 members on Grow."),
            page("Gardens", "A garden has 25 members on Estate."),
        ),
        (
            "What is the timeout of a session?",
            page("Sessions", "The timeout of a session is 30 seconds.", "5.1/sessions.md"),
            page("Sessions", "The timeout of a session is 60 seconds.", "7.4/sessions.md"),
        ),
        (
            "How long does shipping take?",
            page("Shipping", "Shipping takes 3 days in Germany."),
            page("Delivery", "Shipping takes 8 days in Norway."),
        ),
        (
            "How much does the plan cost?",
            page("Plans", "The plan costs $5 monthly."),
            page("Billing", "The plan costs $50 yearly."),
        ),
        (ASKED, RETURNS, page("FAQ", "Hardware can be returned within 90 days if it is faulty.")),
        (ASKED, RETURNS, page("Partners", "Wholesale hardware can be returned within 14 days.")),
        # the same in other words
        (ASKED, RETURNS, page("FAQ", "Hardware can be returned within thirty days.")),
        (
            "How long is the warranty?",
            page("Warranty", "The warranty is 24 months."),
            page("FAQ", "The warranty is 2 years."),
        ),
        # a bound, the past, an example, a question
        (ASKED, RETURNS, page("FAQ", "Hardware can be returned within at most 60 days.")),
        (
            ASKED,
            RETURNS,
            page("News", "It was 14 days to return hardware."),
        ),
        (ASKED, RETURNS, page("FAQ", "For example, hardware returned within 14 days.")),
        # another thing
        (
            ASKED,
            RETURNS,
            page("Sending", "Send hardware that you return within 14 days after that."),
        ),
        # it says both
        (
            ASKED,
            RETURNS,
            page(
                "FAQ",
                "Hardware can be returned within 30 days.\n\n"
                "Hardware can be returned within 14 days.",
            ),
        ),
    ],
)
def test_what_is_told_of_something_else_is_no_disagreement(
    question: str, one: Passage, other: Passage
) -> None:
    """Better one missed than one that is none."""
    assert disagreements(question, (one, other)) == ()


def test_one_document_alone_does_not_disagree() -> None:
    """Two sections of a page have one date and one author."""
    pages = (
        page("FAQ", "Hardware can be returned within 30 days."),
        page("FAQ", "Hardware can be returned within 14 days."),
    )

    assert DocumentDisagreements().among(ASKED, pages) == ()
    assert DocumentDisagreements().among(ASKED, ()) == ()


@given(
    st.text(max_size=60),
    st.lists(st.builds(page, st.text(min_size=1, max_size=20), st.text(max_size=80)), max_size=4),
)
def test_sides_are_of_two_documents_and_stand_where_they_say(
    question: str, pages: list[Passage]
) -> None:
    """Whatever is asked of whatever stands there."""
    for found in disagreements(question, pages):
        one, other = found.sides
        assert one.key != other.key
        for side in found.sides:
            start, end = side.quote
            assert 0 <= start < end <= len(pages[side.passage].chunk.text)
