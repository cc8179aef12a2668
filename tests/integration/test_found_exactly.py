"""Several languages and names to be found exactly, on both stores with the real embedder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.conversation import Principal
from bot.evidence import Passage
from knowledge.chunking import chunk
from knowledge.document import Document
from knowledge.embedder import BuiltinEmbedder
from knowledge.retrieval import HybridRetriever
from knowledge.selection import Choice, evidence, listed, near_evidence
from knowledge.stores.base import DocumentKey, StoredChunk, StoredDocument, VectorStore
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.shelf import IndexSpec
from tests.platforms.weaviate_server import WeaviateProcess

PUBLIC = Principal()

PAGES = {
    "de/rückgabe": "Sie können die Lampe innerhalb von 14 Tagen zurückgeben. Das ist kostenlos.",
    "de/lieferung": "Die Lieferung dauert drei bis fünf Werktage. Expressversand kostet 9 €.",
    "de/garantie": "Die Garantie beträgt zwei Jahre ab Kaufdatum.",
    "fr/retours": "Vous pouvez retourner la lampe dans un délai de 14 jours. C'est gratuit.",
    "fr/livraison": "La livraison prend de trois à cinq jours ouvrés. L'express coûte 9 €.",
    "fr/garantie": "La garantie est de deux ans à compter de la date d'achat.",
    "ja/返品": "ランプは14日以内に返品できます。返送料は無料です。",
    "ja/配送": "配送には3〜5営業日かかります。速達は9ユーロです。",
    "ja/保証": "保証期間は購入日から2年間です。",
    "ar/returns": "يمكنك إرجاع المصباح خلال 14 يومًا. الإرجاع مجاني.",
    "ar/shipping": "يستغرق التوصيل من ثلاثة إلى خمسة أيام عمل.",
    "ar/warranty": "مدة الضمان سنتان من تاريخ الشراء.",
    "models/AX-100": "The AX-100 takes two bulbs of 40 watts.",
    "models/AX-200": "The AX-200 takes two bulbs of 60 watts.",
    "errors/E-204": "Error E-204: the bulb is loose.",
    "errors/E-205": "Error E-205: the fuse is gone.",
    "releases/v1.39.0": "Release v1.39.0 mends the timer.",
    "releases/v1.39.1": "Release v1.39.1 mends the dimmer.",
    "api/get_user_id": "Call get_user_id() for the id of who is signed in.",
    "api/set_user_id": "Call set_user_id() to change the id of who is signed in.",
    "cmdlets/Get-Item": "Get-Item brings the item at a place.",
    "cmdlets/Set-Item": "Set-Item changes the item at a place.",
    "network/SSO": "SSO signs people in once for everything.",
    "network/SSH": "SSH opens a shell on another machine.",
}

ASKED = [
    ("Wie lange habe ich Zeit, die Lampe zurückzugeben?", "de/rückgabe"),
    ("Was kostet der Expressversand?", "de/lieferung"),
    ("wie lange gilt die GARANTIE", "de/garantie"),
    ("Combien de temps prend la livraison ?", "fr/livraison"),
    ("Est-ce que le retour de la lampe est gratuit ?", "fr/retours"),
    ("Quelle est la durée de la garantie ?", "fr/garantie"),
    ("返品は何日以内ですか？", "ja/返品"),
    ("配送にどのくらいかかりますか", "ja/配送"),
    ("保証は何年ですか", "ja/保証"),
    ("كم يومًا لدي لإرجاع المصباح؟", "ar/returns"),
    ("كم يستغرق التوصيل؟", "ar/shipping"),
    ("ما هي مدة الضمان؟", "ar/warranty"),
    ("Which bulbs does the AX-100 take?", "models/AX-100"),
    ("bulbs of the ax200", "models/AX-200"),
    ("What does error E-204 mean?", "errors/E-204"),
    ("e 205", "errors/E-205"),
    ("what is new in 1.39.0", "releases/v1.39.0"),
    ("What does v1.39.1 mend?", "releases/v1.39.1"),
    ("What is set_user_id for?", "api/set_user_id"),
    ("get_user_id()", "api/get_user_id"),
    ("How do I use Get-Item?", "cmdlets/Get-Item"),
    ("what is SSO", "network/SSO"),
    ("what is ssh?", "network/SSH"),
]


@pytest.fixture(
    params=["embedded", pytest.param("weaviate", marks=pytest.mark.weaviate)], scope="module"
)
def where(request: pytest.FixtureRequest) -> str:
    """Which store."""
    return str(request.param)


@pytest.fixture
def embedder() -> Iterator[BuiltinEmbedder]:
    """The embedder that ships with the product."""
    made = BuiltinEmbedder()
    yield made
    made.close()


@pytest.fixture
async def store(
    where: str, tmp_path: Path, embedder: BuiltinEmbedder, request: pytest.FixtureRequest
) -> AsyncIterator[VectorStore]:
    """All pages, with their vectors."""
    if where == "embedded":
        embedded = EmbeddedStore(tmp_path / "k.db", embedder.model, embedder.dimensions)
        await embedded.open()
        await fill(embedded, embedder)
        yield embedded
        await embedded.close()
        return
    from knowledge.stores.weaviate import WeaviateServer
    from knowledge.stores.weaviate_shelf import WeaviateShelf

    node: WeaviateProcess = request.getfixturevalue("weaviate")
    shelf = WeaviateShelf(WeaviateServer(node.url, node.grpc_url, node.key), "FoundExactly")
    record = await shelf.create(IndexSpec(embedder.model, embedder.dimensions, 1))
    remote = shelf.store(record)
    await remote.open()
    await fill(remote, embedder)
    yield remote
    await shelf.drop(record.name)
    await shelf.close()


async def fill(store: VectorStore, embedder: BuiltinEmbedder) -> None:
    documents = []
    for name, text in PAGES.items():
        made = chunk(Document("pages", name, "", text, name))
        vectors = await embedder.embed([c.text for c in made])
        stored = tuple(StoredChunk(c, v) for c, v in zip(made, vectors, strict=True))
        documents.append(StoredDocument(DocumentKey("pages", name), stored))
    await store.load(documents)


async def test_every_language_and_name_finds_its_page(
    store: VectorStore, embedder: BuiltinEmbedder
) -> None:
    """German, French, Japanese and Arabic questions, product codes, error codes, versions, function
    names and acronyms each bring their own page first, listed, as evidence and in a prompt."""
    wrong = []
    for choice in (listed, evidence, near_evidence):
        for question, page in ASKED:
            found = await asked(store, embedder, choice, question)
            if not found or found[0].chunk.document != page:
                wrong.append((question, [p.chunk.document for p in found[:2]]))
    assert wrong == []


async def asked(
    store: VectorStore, embedder: BuiltinEmbedder, choice: Choice, question: str
) -> tuple[Passage, ...]:
    retriever = HybridRetriever(store, embedder, choice=choice)
    return (await retriever.retrieve(question, PUBLIC, 3)).passages
