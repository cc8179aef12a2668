"""What is quoted for the manners of a newcomer: definitions, tasks, trouble, keywords, tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.evidence import Passage
from bot.llm.extractive import Extract
from tests.unit.bot.test_picking import passage, quoted, read

HUB = passage(
    "The HX-7 joins all lamps of a house. The HX-7 costs $89.\n\n"
    "| Property | HX-7 |\n|---|---|\n| Lamps | 40 |\n| Enclosure | IP44 |",
    "HX-7 light hub",
    ("HX-7 light hub",),
)
HOUSE = passage(
    "The light hub is screwed to a wall. A second light hub is for a second floor.",
    "Wiring of a house",
    ("Wiring of a house", "Places for a hub"),
)
CARE = passage(
    "A restart mends most faults of the hub.\n\n## Restart\n\nPull the plug for ten seconds.\n\n"
    "## Erase the hub\n\nTo erase the hub:\n\n1. Press the button for a minute.\n2. Let the hub"
    " restart.\n\n## The hub does not answer\n\nMove it out of the cellar and wait.",
    "Care of the hub",
    ("Care of the hub",),
)
GUARANTEE = passage(
    "How long the guarantee lasts depends on the product.\n\n"
    "| Product | Guarantee |\n|---|---|\n| HX-7 hub | 24 months |\n| LX-1 lamp | 12 months |",
    "Guarantee",
    ("Guarantee",),
)
SIGNALS = passage(
    "The hub sends a signal as soon as something happens.\n\n## Signals\n\n"
    "| Signal | Sent when |\n|---|---|\n| on | a lamp is lit |\n| off | a lamp goes out |",
    "Signals of the hub",
    ("Signals of the hub",),
)
ABOUT = passage("Lumo is a make of lamps. Lumo works with Sonar.", "Lumo", ("Lumo",))
SHIPPING = passage(
    "Parcels to the United Kingdom take five days. Parcels to France take three days.", "Shipping"
)


async def ask(question: str, *passages: Passage) -> Extract:
    """The reader's answer, with the passages as parts of different pages."""
    kept = [
        replace(p, chunk=replace(p.chunk, document=f"{n}.md", id=str(n)))
        for n, p in enumerate(passages)
    ]
    return await read(question, *kept)


@pytest.mark.parametrize("question", ["What does the light hub do?", "What is the HX-7?"])
async def test_definition_is_the_opening_of_the_page_about_it(question: str) -> None:
    """What a thing is or does is told by the first sentences of the page that has its name."""
    extract = await ask(question, HOUSE, HUB)
    assert extract.answered
    assert quoted(extract) == "The HX-7 joins all lamps of a house. The HX-7 costs $89."


@pytest.mark.parametrize("question", ["How do I restart the hub?", "hub restart"])
async def test_heading_that_names_the_task(question: str) -> None:
    """The part below the heading that names the task is quoted, not another one's steps."""
    extract = await ask(question, CARE, HOUSE)
    assert extract.answered
    assert quoted(extract).startswith("Pull the plug")
    assert "Press the button" not in quoted(extract)


async def test_trouble_that_is_told() -> None:
    """Who tells of trouble gets what stands below the heading that names it."""
    extract = await ask("My hub doesn't answer", CARE, HOUSE)
    assert extract.answered
    assert quoted(extract) == "Move it out of the cellar and wait."


async def test_column_that_is_asked_for_of_nothing_in_particular() -> None:
    """A question for what a column tells gets the whole table, one for a thing its row."""
    everything = await ask("How long is the guarantee?", GUARANTEE, HOUSE)
    assert "24 months" in quoted(everything)
    assert "12 months" in quoted(everything)
    lamp = await ask("How long is the guarantee of the LX-1?", GUARANTEE, HOUSE)
    assert "12 months" in quoted(lamp)
    assert "24 months" not in quoted(lamp)


async def test_kind_of_things_is_a_table_of_them() -> None:
    """What is asked for in the plural, and listed by a table, is quoted as the table."""
    extract = await ask("Which signals does the hub send?", SIGNALS, HUB)
    assert "a lamp is lit" in quoted(extract)
    assert "a lamp goes out" in quoted(extract)


async def test_price_below_the_title_of_the_thing() -> None:
    """A price is found where the title names the thing and the sentence only its code."""
    extract = await ask("price of the light hub", HOUSE, HUB)
    assert extract.answered
    assert quoted(extract).startswith("The HX-7 costs $89.")


async def test_label_that_a_word_stands_for() -> None:
    """A word that asks for an attribute need not stand in the pages: the table has its label."""
    extract = await ask("Is the HX-7 splash-proof?", HUB, HOUSE)
    assert extract.answered
    assert "IP44" in quoted(extract)


@pytest.mark.parametrize("question", ["Who founded Lumo?", "When was Lumo founded?"])
async def test_product_name_alone_answers_nothing(question: str) -> None:
    """Sentences that have only the name of the product say not who or when."""
    others = [replace(ABOUT, chunk=replace(ABOUT.chunk, text=f"Lumo {n}.")) for n in "abcd"]
    assert not (await ask(question, ABOUT, *others)).answered


async def test_initials_are_the_name_that_pages_write_out() -> None:
    """UK finds what is said of the United Kingdom."""
    extract = await ask("How long do parcels to the UK take?", SHIPPING)
    assert extract.answered
    assert "five days" in quoted(extract)


async def test_no_before_its_reason() -> None:
    """A question for yes or no gets the No that stands before the sentence that says why."""
    page = passage(
        "## Can I go back to an old version?\n\nNo. Versions are signed, and only new ones fit."
    )
    extract = await ask("Can I install an old version?", page)
    assert quoted(extract).startswith("No. Versions are signed")


async def test_price_of_something_else_is_no_answer() -> None:
    """What costs something is not answered by the price of another thing."""
    page = passage("The app shows all lamps. The label costs $8, which we take off the refund.")
    assert not (await ask("What does the app cost?", page, HOUSE)).answered


async def test_sentence_that_only_points_elsewhere_is_never_quoted() -> None:
    """A "See …" with nothing but a link is no answer."""
    page = passage(
        "Returns are free for faulty lamps. See [Returns and refunds](returns.md).", "Money"
    )
    assert "See" not in quoted(await ask("Are returns free?", page, HOUSE))


async def test_row_that_is_cut_off_from_its_table() -> None:
    """Of a table's rest in a later chunk the one row is quoted that has the code asked for."""
    rest = passage(
        "| F-11 | no current | check the plug |\n| F-12 | too hot | open a window |",
        "Faults",
        ("Faults", "Code | Meaning | What to do"),
    )
    assert quoted(await ask("What does F-12 mean?", rest)) == "| F-12 | too hot | open a window |"
    assert quoted(await ask("F-12", rest)) == "| F-12 | too hot | open a window |"


async def test_keywords_of_a_title_get_the_opening_of_its_page() -> None:
    """A few words that are the title of a page get what the page says first."""
    hours = passage(
        "We are open from 8 to 18. The shop is shut on Sundays.",
        "Contact and opening hours",
        ("Contact and opening hours",),
    )
    assert quoted(await ask("opening hours", HOUSE, hours)).startswith("We are open from 8 to 18.")


async def test_price_of_a_thing_goes_before_a_row_that_has_a_percentage() -> None:
    """What a thing costs is the sentence with its price, not a row with some share."""
    page = passage(
        "The SX-2 costs $19.\n\n| Property | SX-2 |\n|---|---|\n| Range of light | 0 % to 100 % |",
        "SX-2 light sensor",
        ("SX-2 light sensor",),
    )
    assert quoted(await ask("What does a light sensor cost?", page, HOUSE)) == "The SX-2 costs $19."


async def test_list_under_the_heading_that_says_what_is_asked() -> None:
    """What a heading announces and is asked for comes as its whole list."""
    page = passage(
        "## App 7.2\n\n- Themes for the night.\n- A lamp may have two names.\n- The app is faster.",
        "News",
    )
    extract = await ask("What's new in app 7.2?", page, HOUSE)
    assert quoted(extract).count("\n- ") == 2


async def test_table_for_who_tells_of_trouble() -> None:
    """A code that is told as trouble finds its row."""
    page = passage(
        "| Status | Meaning | What to do |\n|---|---|---|\n"
        "| 401 | the key is wrong | make a new one |\n| 404 | no such lamp | look at its name |",
        "Status codes",
        ("Status codes",),
    )
    extract = await ask("I get status 401", page, HOUSE)
    assert "make a new one" in quoted(extract)
    assert "no such lamp" not in quoted(extract)
