"""What is found by its words alone: codes, slips, and languages other than English."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.conversation import Principal
from knowledge.chunking import chunk
from knowledge.document import Document
from knowledge.stores.base import DocumentKey, SearchRequest
from knowledge.stores.embedded import EmbeddedStore

CODES = {
    "ax-100": "The AX-100 pump moves 40 litres a minute.",
    "ax-1000": "The AX-1000 pump moves 400 litres a minute.",
    "ax-101": "The AX-101 pump moves 41 litres a minute.",
    "mg-200": "The MG-200 needs 2.5 bar of water pressure.",
    "mg 300": "The MG 300 needs 3.5 bar of water pressure.",
    "e-204": "When the display shows E-204 the filter is clogged.",
    "e-205": "When the display shows E-205 the valve is stuck.",
    "e-24": "E-24 stands for a low battery. There are 204 others.",
    "v1.39.0": "With v1.39.0 came the dark mode.",
    "v1.39.1": "With v1.39.1 came repairs of the dark mode.",
    "user_id": "The column `user_id` holds the number of the account.",
    "users": "A user has a name and an id. The id of a user is secret.",
    "--no-prune": "Pass `--no-prune` to keep what is gone from the source.",
    "prune": "Prune removes what is gone. No, prune does not ask, prune acts.",
    "c++": "The library is written in C++.",
    "c#": "The client is written in C#.",
    "c": "The driver is written in C.",
    "warranty": "The warranty lasts 24 months from purchase.",
    "shipping": "Shipping takes three working days.",
    "0x80070005": "0x80070005 means that access was denied.",
    "os.path.join": "Call `os.path.join` to put a path together.",
}
LANGUAGES = {
    "de": "# Rückgabe\n\nDas Rückgaberecht gilt dreißig Tage ab dem Kauf.",
    "de 2": "# Versand\n\nPakete kommen nach drei Werktagen an.",
    "fr": "# Résiliation\n\nL'abonnement peut être résilié à tout moment. L'accès reste ouvert.",
    "fr 2": "# Paiement\n\nLe paiement est fait par carte.",
    "zh": "# 保修\n\n产品的保修期为二十四个月。退货需要在三十天内申请。",
    "zh 2": "# 配送\n\n包裹将在三个工作日内送达。",
    "ja": "# 保証\n\n製品の保証期間は二十四か月です。返品は三十日以内にお願いします。",
    "ja 2": "# 配送\n\n荷物は三営業日以内に届きます。",
    "ko": "# 보증\n\n제품의 보증 기간은 이십사 개월입니다.",
    "ko 2": "# 배송\n\n소포는 사흘 안에 도착합니다.",
    "ar": "# الضمان\n\nمدة الضمان أربعة وعشرون شهرا من تاريخ الشراء.",
    "ar 2": "# الشحن\n\nتصل الطرود خلال ثلاثة أيام عمل.",
    "ru": "# Гарантия\n\nГарантия действует двадцать четыре месяца.",
}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EmbeddedStore]:
    """A store with a page for each code and language."""
    made = EmbeddedStore(tmp_path / "k.db", "none", 3)
    await made.open()
    pages = [Document("s", name, "", text, "") for name, text in {**CODES, **LANGUAGES}.items()]
    await made.put_many([(DocumentKey("s", page.name), chunk(page)) for page in pages])
    yield made
    await made.close()


async def first(store: EmbeddedStore, question: str) -> str:
    found = await store.search(SearchRequest(question, Principal()))
    return found.passages[0].chunk.document if found.passages else ""


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("AX-100", "ax-100"),
        ("How fast is the AX100?", "ax-100"),
        ("ax 1000", "ax-1000"),
        ("AX–101", "ax-101"),
        ("MG200", "mg-200"),
        ("which pressure does the MG 200 need", "mg-200"),
        ("mg-300", "mg 300"),
        ("MG300", "mg 300"),
        ("E-204", "e-204"),
        ("e204", "e-204"),
        ("the display shows E 204", "e-204"),
        ("E205", "e-205"),
        ("v1.39.0", "v1.39.0"),
        ("what came with 1.39.1", "v1.39.1"),
        ("user_id", "user_id"),
        ("userid", "user_id"),
        ("--no-prune", "--no-prune"),
        ("what does no_prune do", "--no-prune"),
        ("C++", "c++"),
        ("is it written in c#?", "c#"),
        ("0x80070005", "0x80070005"),
        ("os.path.join()", "os.path.join"),
        ("how long is the waranty", "warranty"),
        ("shiping", "shipping"),
    ],
)
async def test_a_code_finds_its_page(store: EmbeddedStore, question: str, page: str) -> None:
    """Codes, versions, options and names come first however they are written, slips too."""
    assert await first(store, question) == page


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("Wie lange gilt das Rückgaberecht?", "de"),
        ("rueckgaberecht oder Rueckgabe in dreissig Tagen", "de"),
        ("Comment résilier un abonnement ?", "fr"),
        ("abonnement", "fr"),
        ("保修期是多久？", "zh"),
        ("如何退货", "zh"),
        ("保証期間はどのくらいですか？", "ja"),
        ("荷物はいつ届きますか", "ja 2"),
        ("보증 기간은 얼마입니까?", "ko"),
        ("보증", "ko"),
        ("ما هي مدة الضمان؟", "ar"),
        ("متى تصل الطرود", "ar 2"),
        ("ГАРАНТИЯ", "ru"),
    ],
)
async def test_other_languages_are_found_by_their_words(
    store: EmbeddedStore, question: str, page: str
) -> None:
    """German, French, Chinese, Japanese, Korean, Arabic and Russian questions find their page."""
    assert await first(store, question) == page


async def test_a_hidden_word_is_as_good_as_unknown(store: EmbeddedStore) -> None:
    """Whether another spelling is looked for does not tell of pages that one may not see."""
    question = SearchRequest("waranty", Principal())
    before = await store.search(question)
    page = Document("s", "x", "", "Waranty is the code name.", "", frozenset({"staff"}))
    await store.put(DocumentKey("s", "x"), chunk(page))
    after = await store.search(question)
    assert [p.chunk for p in after.passages] == [p.chunk for p in before.passages]
    assert after.withheld == ("x",)
