"""Tables as people write them: the built-in reader quotes what is asked of them, through search."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.conversation import Principal
from bot.llm.extractive import Extract, ExtractiveReader
from knowledge.checking.answering import EncoderJudge
from knowledge.checking.encoder import CheckerEncoder
from knowledge.chunking import chunk
from knowledge.document import Document
from knowledge.embedder import BuiltinEmbedder
from knowledge.retrieval import HybridRetriever
from knowledge.selection import evidence
from knowledge.stores.base import DocumentKey
from knowledge.stores.embedded import EmbeddedStore

PAGES = {
    "prices": """All prices include VAT.

| Product | Price | In stock |
|---|---|---|
| MG-200 controller | $189 | yes |
| MS-10 soil sensor | $49 | yes |
| VS-15 valve | $29 | no |
""",
    "mg-200": """The MG-200 waters gardens with up to six zones. It hangs on a wall.

## Technical data

| Property | Value |
|---|---|
| Weight | 480 g |
| Power supply | 24 V AC |
| Protection class | IP54 |
""",
    "mg-400": """The MG-400 is made for greenhouses with up to sixteen zones.

## Technical data

| Property | Value |
|---|---|
| Weight | 1.2 kg |
| Power supply | 24 V AC |
| Protection class | IP66 |
""",
    "which": """Both controllers work with the same valves and sensors.

| Model | Zones | Warranty | Ethernet |
|---|---|---|---|
| MG-200 | 6 | 24 months | no |
| MG-400 | 16 | 36 months | yes |

## Can I move from an MG-200 to an MG-400?

Yes. In the app, open the old controller and tap **Move to another controller**.
""",
    "alerts": """The app tells you when something is wrong.

## Thresholds

The app sends an alert at these values:

| Alert | Warning | Critical |
|---|---|---|
| Dry soil | below 20 % | below 12 % |
| Frost | below 3 °C | below 1 °C |

A critical alert also rings when the phone is silent.
""",
    "contact": """| Department | Phone | Email | Hours |
|---|---|---|---|
| Support | +1 555 0142 | help@brook.example | Monday to Friday |
| Sales | +1 555 0177 | sales@brook.example | Monday |
""",
    "plans": """| | Free | Grow | Estate |
|---|---|---|---|
| Price per month | $0 | $6 | $18 |
| Zones | 4 | 16 | unlimited |
| Phone support | no | no | yes |

You can change your plan at any time under **Profile > Plan**.
""",
}
TITLES = {"mg-200": "MG-200", "mg-400": "MG-400", "which": "Which controller do I need?"}


class House:
    """Search and reader over the pages."""

    def __init__(self, retriever: HybridRetriever, reader: ExtractiveReader) -> None:
        self._retriever = retriever
        self._reader = reader

    async def read(self, question: str) -> Extract:
        found = await self._retriever.retrieve(question, Principal())
        return await self._reader.read(question, found.passages)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The pages as the product stores and reads them, with its own models."""
    with closing(BuiltinEmbedder()) as embedder, closing(CheckerEncoder()) as encoder:
        store = EmbeddedStore(tmp_path / "k.db", embedder.model, embedder.dimensions)
        await store.open()
        for name, text in PAGES.items():
            title = TITLES.get(name, name.capitalize())
            document = Document("docs", f"{name}.md", title, f"# {title}\n\n{text}", "")
            await store.put(DocumentKey("docs", document.name), chunk(document))
        waiting = await store.waiting(64)
        vectors = await embedder.embed([w.text for w in waiting])
        await store.set_vectors([w.id for w in waiting], vectors)
        retriever = HybridRetriever(store, embedder, choice=evidence)
        yield House(retriever, ExtractiveReader(embedder, EncoderJudge(encoder)))
        await store.close()


def rows(extract: Extract) -> list[str]:
    """The quoted rows below the heads of tables."""
    lines = [line for s in extract.sentences for line in s.text.splitlines() if line[:1] == "|"]
    rules = [at for at, line in enumerate(lines) if set(line) <= set("|-: ")]
    heads = {at - 1 for at in rules} | set(rules)
    return [line for at, line in enumerate(lines) if at not in heads]


async def test_the_row_that_is_asked_for_is_quoted_alone(house: House) -> None:
    """By another word for its label, by its column, by the title above the table."""
    for question, row in (
        ("How much is the controller?", "| MG-200 controller | $189 | yes |"),
        ("How much is the sensor?", "| MS-10 soil sensor | $49 | yes |"),
        ("weight of the MG-200", "| Weight | 480 g |"),
        ("How heavy is the MG-400?", "| Weight | 1.2 kg |"),
        ("what is the IP rating of MG-400", "| Protection class | IP66 |"),
        ("When do I get a frost warning?", "| Frost | below 3 °C | below 1 °C |"),
        ("phone number of sales", "| Sales | +1 555 0177 | sales@brook.example | Monday |"),
        ("Is the VS-15 in stock?", "| VS-15 valve | $29 | no |"),
        ("how much does the Estate plan cost?", "| Price per month | $0 | $6 | $18 |"),
    ):  # fmt: skip
        extract = await house.read(question)
        assert extract.answered, question
        assert rows(extract) == [row], question


async def test_your_phone_number_are_those_of_all_departments(house: House) -> None:
    """Nothing is named whose number it is: all of the table, and no row that only says phone."""
    extract = await house.read("What is your phone number?")
    assert extract.answered
    assert [row.split("|")[2].strip() for row in rows(extract)] == ["+1 555 0142", "+1 555 0177"]


async def test_what_is_compared_stands_side_by_side(house: House) -> None:
    """Two rows of a table, two columns of one, or the same row of two tables."""
    both = await house.read("compare mg-200 and mg-400")
    assert both.answered
    assert rows(both) == ["| MG-200 | 6 | 24 months | no |", "| MG-400 | 16 | 36 months | yes |"]
    assert rows(await house.read("What is the difference between the MG-200 and the MG-400?")) == (
        rows(both)
    )
    plans = await house.read("compare Grow and Estate")
    assert "| Phone support | no | no | yes |" in rows(plans)
    weights = await house.read("compare the weight of the mg-200 and the mg-400")
    assert sorted(rows(weights)) == ["| Weight | 1.2 kg |", "| Weight | 480 g |"]


async def test_a_table_that_is_asked_for_is_quoted_as_a_table(house: House) -> None:
    """With its head, all rows and the line that leads to it."""
    for question in ("table of alert thresholds", "What are the alert thresholds?"):
        extract = await house.read(question)
        quoted = "\n".join(s.text for s in extract.sentences)
        assert extract.answered
        assert quoted.startswith("The app sends an alert at these values:\n\n| Alert | Warning |")
        assert rows(extract) == [
            "| Dry soil | below 20 % | below 12 % |",
            "| Frost | below 3 °C | below 1 °C |",
        ]
    prices = await house.read("price list")
    assert len(rows(prices)) == 3


async def test_a_price_that_no_page_has_is_not_known(house: House) -> None:
    """What else is said of the product is no answer to how much it is."""
    assert not (await house.read("How much is the MG-400?")).answered


async def test_two_things_asked_of_one_row_are_answered_by_it(house: House) -> None:
    """Both values stand in the row."""
    extract = await house.read("How many zones does the MG-200 have and how long is its warranty?")
    assert extract.answered
    assert rows(extract) == ["| MG-200 | 6 | 24 months | no |"]
