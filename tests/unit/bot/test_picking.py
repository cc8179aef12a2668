"""What is quoted: complete, brief, nothing twice; and the part below the heading that asks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.evidence import Chunk, Passage
from bot.lexical import STOP_WORDS, terms
from bot.llm.extractive import Extract, ExtractiveReader
from bot.llm.units import candidates, parts


class WordEmbedder:
    """Texts that share words point the same way: a hashed bag of words."""

    model = "words"
    dimensions = 256

    def _one(self, text: str) -> NDArray[np.float32]:
        vector = np.full(self.dimensions, 1e-3, np.float32)
        for term in terms(text):
            if term not in STOP_WORDS:
                vector[sum(map(ord, term)) % self.dimensions] += 1
        return vector / np.linalg.norm(vector)

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self._one(t) for t in texts])

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        return self._one(text)


def passage(text: str, title: str = "Help", headings: tuple[str, ...] = ()) -> Passage:
    chunk = Chunk("c", f"{title}.md", "s", "r", 0, title, headings, text, 0, len(text), "")
    return Passage(chunk, 1.0, lexical=12.0, cosine=0.6)


async def read(question: str, *passages: Passage) -> Extract:
    return await ExtractiveReader(WordEmbedder()).read(question, passages)


def quoted(extract: Extract) -> str:
    return "\n".join(s.text for s in extract.sentences)


FAQ = passage(
    "# Questions\n\n## How often can documents be read in?\n\nAs often as you like: only what"
    " changed is read again.\n\n## Who may see them?\n\nEverybody.\n\n"
    "**Do you ship abroad?**\nWe send parcels to every country in Europe. It takes five days.\n\n"
    "Q: Where do I enter a voucher code?\nA: On the last page, below the total.\n\n"
    "1. **What if a parcel is lost?** Tell us and we send a new one.\n\n"
    "## Can I return a gift?\n\nYes. Bring the receipt within a month."
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How often can documents be read in?", "As often as you like: only what changed"),
        ("Do you ship abroad?", "We send parcels to every country in Europe."),
        ("Where do I enter a voucher code?", "On the last page, below the total."),
        ("What if a parcel is lost?", "Tell us and we send a new one."),
        ("Can I return a gift?", "Yes. Bring the receipt within a month."),
    ],
)
async def test_below_the_heading_that_asks_stands_the_answer(question: str, answer: str) -> None:
    """Headings, bold lines, Q and A, numbered questions: the answer need share no word."""
    extract = await read(question, FAQ)
    assert extract.answered
    assert quoted(extract).startswith(answer)
    assert "?" not in quoted(extract)


async def test_a_question_that_differs_in_one_thing_is_not_the_heading() -> None:
    """The heading must not answer for a product that it does not name."""
    about = passage("## Can I use the MT-20 with the MG-200?\n\nYes. It shows temperature.")
    assert not (await read("Can I use the MT-20 with the MG-900?", about)).answered
    assert not (await read("Can I use the MT-20 with HomeKit?", about)).answered


PLANS = passage(
    "We have three plans. The Sprout plan is free. The Grow plan costs $6 a month. The Estate plan"
    " costs $18 a month.\n\n| | Sprout | Grow | Estate |\n|---|---|---|---|\n"
    "| Controllers | 1 | 3 | 20 |\n| Members | 2 | 5 | 25 |\n",
    "Plans",
)


async def test_a_listing_gets_all_of_it() -> None:
    """ "Which plans are there" is not answered by two of three."""
    extract = await read("Which plans are there and what do they cost?", PLANS)
    assert all(name in quoted(extract) for name in ("Sprout", "$6", "$18"))


COMPARED = passage(
    "| | MG-200 | MG-400 |\n|---|---|---|\n| Price | $189 | $429 |\n| Zones | 6 | 16 |\n"
    "| Ethernet | no | yes |\n",
    "Compare the MG-200 and the MG-400",
)


async def test_a_comparison_gets_the_whole_table() -> None:
    """All rows, under the header that names both."""
    extract = await read("What is the difference between the MG-200 and the MG-400?", COMPARED)
    assert quoted(extract).strip() == COMPARED.chunk.text.strip()


COVER = passage(
    "The warranty does not cover:\n\n- Damage by frost or lightning\n- Batteries and filters\n"
    "- Products that were opened\n",
    "Warranty",
)


async def test_the_item_that_decides_comes_alone_with_its_lead_in() -> None:
    """One thing asked about, one item; the list whole where all of it is asked for."""
    one = quoted(await read("Does the warranty cover damage by frost?", COVER))
    assert one.startswith("The warranty does not cover:")
    assert "frost" in one and "Batteries" not in one
    everything = quoted(await read("What does the warranty not cover?", COVER))
    assert "frost" in everything and "opened" in everything


async def test_a_lead_in_is_never_left_dangling() -> None:
    """What ends with a colon is followed by what it announces."""
    install = passage("Install it and sign in:\n\n```bash\npipx install tool\ntool login\n```\n")
    assert "pipx install tool" in quoted(await read("How do I install it and sign in?", install))


async def test_the_same_is_not_said_twice() -> None:
    """Two pages that say one thing give one sentence."""
    pages = [
        passage("A yearly plan can be refunded in full within 14 days of the payment.", "Billing"),
        passage("A yearly plan is refunded in full within 14 days of the payment.", "Refunds"),
    ]
    extract = await read("When can a yearly plan be refunded?", *pages)
    assert len(extract.sentences) == 1


async def test_both_halves_of_a_question_are_answered() -> None:
    """A second fact is quoted where the first leaves part of the question open."""
    page = passage("An MG-200 takes up to 8 sensors. It is grey.\n\nThe MG-200 waters 6 zones.")
    text = quoted(await read("How many sensors and zones does the MG-200 have?", page))
    assert "8 sensors" in text and "6 zones" in text


async def test_a_page_for_all_models_answers_for_one() -> None:
    """A product that the passages know may be asked about where the page names none."""
    pages = [
        passage("To do a factory reset:\n\n1. Press the button.\n2. Let go.", "Factory reset"),
        passage("The MG-200 hangs on a wall.", "Install the MG-200"),
    ]
    assert "1. Press the button." in quoted(await read("how do i factory reset my mg-200", *pages))


def test_question_lines_are_headings_not_answers() -> None:
    """No candidate is a question; each knows the line above it."""
    found = candidates(FAQ.chunk.text)
    assert not any(c.text.rstrip("*").endswith("?") for c in found)
    assert {c.heading for c in found} >= {"Do you ship abroad?", "Who may see them?"}
    assert [p.heading for p in parts("## A\n\nb\n\n**C**\n\nd")] == ["A", "C"]
