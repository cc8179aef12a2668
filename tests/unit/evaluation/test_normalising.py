"""What is written otherwise and says the same is the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.normalising import contains, contains_one, said, token_f1

SAME = [
    ("**1,000 EUR** [1]", "€1000"),
    ("It takes two hours.", "2 hrs"),
    ("on 24 August 2011", "2011-08-24"),
    ("2011-08-24", "August 24, 2011"),
    ("until Aug 24th", "24 August"),
    ("a 24-month warranty", "24 months"),
    ("$59.00", "59 dollars"),
    ("59 €", "EUR 59"),
    ("5 %", "5 percent"),
    ("minus 5 °C", "-5°C"),
    ("Take vitamin A daily", "vitamin A"),
    ("AX-100", "AX 100"),
    ("Yes, it does", "yes"),
    ("1,5 Liter", "1.5 l"),
    ("between 5-10 days", "10 days"),
    ("Open [Settings](https://x.example/) > Billing", "Settings > Billing"),
    ("run `wellspoken ingest` first", "wellspoken ingest"),
    ("Crème brûlée", "creme brulee"),
    ("twenty-four hours", "24 hours"),
    ("10k users", "10,000 users"),
    ("up to 2 million", "2,000,000"),
    ("thirty (30) days", "30 days"),
    ("Rollo's arrival", "Rollo"),
    ('the 66 "villes de sûreté" of 1598', "villes de sûreté"),
    ("a US$1,000,000 prize", "$1,000,000"),
    ("2. Press the button for 10 s.", "ten seconds"),
]
OTHER = [
    ("15", "5"),
    ("-5 °C", "5 °C"),
    ("vitamin D", "vitamin A"),
    ("Use Python 3.10", "3.1"),
    ("AX-1000", "AX-100"),
    ("24 hours", "24 days"),
    ("anything", ""),
    ("", "anything"),
    ("anything", "!!!"),
]


@pytest.mark.parametrize(("answer", "wanted"), SAME)
def test_the_same_is_found(answer: str, wanted: str) -> None:
    """Markup, case, articles, numbers, units and dates are no difference."""
    assert contains(answer, wanted)


@pytest.mark.parametrize(("answer", "wanted"), OTHER)
def test_another_thing_is_not_found(answer: str, wanted: str) -> None:
    """A part of a number, another unit, sign or code is a difference; nothing is in nothing."""
    assert not contains(answer, wanted)


plain = st.text(
    alphabet=st.characters(whitelist_categories=("Lu", "Ll"), max_codepoint=0x17F), min_size=1
)
words = st.lists(plain, min_size=1, max_size=6).map(" ".join)


@given(words, words, words)
def test_an_answer_contains_what_it_says(before: str, wanted: str, after: str) -> None:
    """Whatever stands around it, and in whatever markup."""
    assert contains(f"# {before}\n\n- {before}. **{wanted}** [1], {after}!", wanted)


@given(st.integers(0, 10**9), st.sampled_from(["days", "kg", "%", "users", "GB"]))
def test_numbers_are_found_as_people_write_them(number: int, unit: str) -> None:
    """With and without separators, and never in a longer number."""
    assert contains(f"It is {number:,} {unit} in all.", f"{number} {unit}")
    assert not contains(f"It is 7{number}3 {unit}.", f"{number} {unit}")


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    """No text is refused, and a text that says something contains itself."""
    assert contains(text, text) is bool(said(text))


def test_the_best_of_several_answers_counts() -> None:
    """Any right answer will do, and the nearest gives the F1 of words."""
    assert contains_one("It is two years.", ["24 months", "2 years"])
    assert token_f1("two years", ["24 months", "2 years"]) == 1.0
    assert token_f1("it lasts 2 years", ["2 years"]) == pytest.approx(2 / 3)
    assert token_f1("", ["2 years"]) == token_f1("five", ["2 years"]) == token_f1("x", []) == 0.0


def test_a_number_after_a_price_leaves_it_its_currency() -> None:
    """Of $19 and 1 to 2 days, $19 is the price, and $1 is not."""
    assert contains("$19, 1 to 2 business days", "$19")
    assert contains("EUR 59 and 3 days", "59 EUR")
    assert not contains("$19, 1 to 2 business days", "$1")
