"""The contract of a knowledge store: every implementation passes these tests unchanged.

A test class inherits :class:`VectorStoreContract` and gives a fixture ``make_store``: a coroutine
function that returns an open, empty store for vectors of 8 dimensions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation import Principal
from bot.evidence import Chunk
from bot.ports import Vectors
from knowledge.stores.base import (
    DocumentKey,
    Outline,
    SearchRequest,
    SearchResult,
    StoredChunk,
    StoredDocument,
    VectorStore,
)

DIMENSIONS = 8
PUBLIC = Principal()
MakeStore = Callable[[], Awaitable[VectorStore]]


def key(name: str, source: str = "docs") -> DocumentKey:
    return DocumentKey(source, name)


def chunks(
    name: str,
    *texts: str,
    groups: Sequence[str] = (),
    title: str = "",
    headings: tuple[str, ...] = (),
    source: str = "docs",
) -> list[Chunk]:
    """A document's chunks, one a text."""
    made, start = [], 0
    for ordinal, text in enumerate(texts):
        made.append(
            Chunk(
                id=f"{source}/{name}#{ordinal}",
                document=name,
                source=source,
                revision="r1",
                ordinal=ordinal,
                title=title,
                headings=headings,
                text=text,
                start=start,
                end=start + len(text),
                uri=f"https://example.org/{name}",
                groups=frozenset(groups),
            )
        )
        start += len(text) + 1
    return made


def vector(text: str) -> Vectors:
    """A unit vector that stands for a text: the same for the same text."""
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "little")
    drawn = np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)
    return drawn / np.linalg.norm(drawn)


def stored(
    name: str,
    *texts: str,
    groups: Sequence[str] = (),
    title: str = "",
    source: str = "docs",
    waiting: Sequence[int] = (),
) -> StoredDocument:
    """A document whole, with a vector for every chunk but those that wait."""
    made = chunks(name, *texts, groups=groups, title=title, source=source)
    return StoredDocument(
        key(name, source),
        tuple(
            StoredChunk(c, None if c.ordinal in waiting else vector(f"{c.header}\n{c.text}"))
            for c in made
        ),
    )


def same(one: Sequence[StoredDocument], other: Sequence[StoredDocument]) -> bool:
    """Whether two lists of documents are equal to the last bit of their vectors."""
    return _bits(one) == _bits(other)


def _bits(documents: Sequence[StoredDocument]) -> list[object]:
    return [
        (d.key, [(s.chunk, None if s.vector is None else _bytes(s.vector)) for s in d.chunks])
        for d in documents
    ]


def _bytes(values: Vectors) -> bytes:
    return np.asarray(values, np.float32).tobytes()


async def put(store: VectorStore, name: str, *texts: str, groups: Sequence[str] = ()) -> None:
    await store.put(key(name), chunks(name, *texts, groups=groups))


async def embed(store: VectorStore) -> list[str]:
    """Give every waiting chunk its vector; the texts that waited."""
    waiting = await store.waiting(1000)
    if waiting:
        vectors = np.stack([vector(w.text) for w in waiting])
        await store.set_vectors([w.id for w in waiting], vectors)
    return [w.text for w in waiting]


async def search(
    store: VectorStore,
    text: str,
    *groups: str,
    near: str | None = None,
    k: int = 10,
    spare: int = 0,
) -> SearchResult:
    principal = Principal(frozenset(groups))
    wanted = None if near is None else vector(near)
    return await store.search(SearchRequest(text, principal, wanted, k=k, spare=spare))


def found(result: SearchResult) -> list[str]:
    return [p.chunk.document for p in result.passages]


class VectorStoreContract:
    """What every knowledge store does."""

    # -- putting and removing ----------------------------------------------------------------

    async def test_a_document_is_found_by_its_words_at_once(self, make_store: MakeStore) -> None:
        """A chunk can be found before it has a vector, exactly as it was put in."""
        store = await make_store()
        made = chunks("lamps", "The lamp needs two bulbs.", title="Lamps", headings=("Care",))
        await store.put(key("lamps"), made)
        result = await search(store, "which bulbs for the lamp?")
        assert [p.chunk for p in result.passages] == made
        assert result.passages[0].cosine is None
        assert result.passages[0].lexical > 0

    async def test_title_and_headings_are_found_too(self, make_store: MakeStore) -> None:
        """The header counts as words of the chunk."""
        store = await make_store()
        made = chunks("a", "Turn it left.", title="Thermostat", headings=("Resetting",))
        await store.put(key("a"), made)
        assert found(await search(store, "thermostat")) == ["a"]
        assert found(await search(store, "resetting")) == ["a"]

    async def test_other_forms_of_a_word_are_found(self, make_store: MakeStore) -> None:
        """Case, accents and English endings make no difference."""
        store = await make_store()
        await put(store, "a", "Crème brûlée recipes for beginners")
        assert found(await search(store, "CREME recipe")) == ["a"]

    async def test_a_replaced_text_is_gone_at_once(self, make_store: MakeStore) -> None:
        """After a put only the new revision answers."""
        store = await make_store()
        await put(store, "a", "The old price is nine.", "An appendix about ducks.")
        await put(store, "a", "The new price is ten.")
        assert found(await search(store, "ducks appendix")) == []
        assert [p.chunk.text for p in (await search(store, "price")).passages] == [
            "The new price is ten."
        ]
        assert (await store.stats()).chunks == 1

    async def test_a_removed_document_is_gone_at_once(self, make_store: MakeStore) -> None:
        """Removal takes words, vectors and counts; unknown documents are no error."""
        store = await make_store()
        await put(store, "a", "green lamp")
        await put(store, "b", "blue lamp")
        await embed(store)
        await store.remove([key("a"), key("never there")])
        assert found(await search(store, "lamp", near="\ngreen lamp")) == ["b"]
        assert await store.documents() == {key("b")}
        assert (await store.stats()).chunks == 1

    async def test_a_document_without_chunks_is_a_removed_one(self, make_store: MakeStore) -> None:
        """Putting no chunks leaves nothing behind."""
        store = await make_store()
        await put(store, "a", "green lamp")
        await store.put(key("a"), [])
        await store.put(key("b"), [])
        assert await store.documents() == set()
        assert found(await search(store, "lamp")) == []

    async def test_putting_twice_is_putting_once(self, make_store: MakeStore) -> None:
        """A repeated put changes nothing, neither counts nor scores."""
        store = await make_store()
        await put(store, "a", "green lamp", "red lamp")
        await embed(store)
        before = await search(store, "green lamp", near="\nred lamp")
        await put(store, "a", "green lamp", "red lamp")
        assert await search(store, "green lamp", near="\nred lamp") == before
        assert await store.waiting(10) == []

    async def test_several_documents_go_in_together(self, make_store: MakeStore) -> None:
        """put_many puts every document, and sources do not mix."""
        store = await make_store()
        other = chunks("a", "night lamp", source="night")
        await store.put_many(
            [
                (key("a"), chunks("a", "day lamp")),
                (key("a", "night"), other),
                (key("b"), chunks("b", "desk lamp")),
            ]
        )
        assert await store.documents() == {key("a"), key("b"), key("a", "night")}
        assert await store.documents("night") == {key("a", "night")}
        await store.remove([key("a", "night")])
        assert sorted(found(await search(store, "lamp"))) == ["a", "b"]

    async def test_the_stats_count(self, make_store: MakeStore) -> None:
        """Documents, chunks, and chunks that wait for a vector."""
        store = await make_store()
        await put(store, "a", "one", "two")
        await put(store, "b", "three")
        first = (await store.waiting(1))[0]
        await store.set_vectors([first.id], vector("one")[None])
        stats = await store.stats()
        assert (stats.documents, stats.chunks, stats.waiting) == (2, 3, 2)

    # -- vectors -----------------------------------------------------------------------------

    async def test_chunks_wait_oldest_first(self, make_store: MakeStore) -> None:
        """What to embed is header, newline, text; the limit holds."""
        store = await make_store()
        made = chunks("a", "first", "second", title="T", headings=("H",))
        await store.put(key("a"), made)
        await put(store, "b", "third")
        assert [w.text for w in await store.waiting(2)] == ["T > H\nfirst", "T > H\nsecond"]
        assert await embed(store) == ["T > H\nfirst", "T > H\nsecond", "\nthird"]
        assert await store.waiting(10) == []

    async def test_meaning_finds_what_words_do_not(self, make_store: MakeStore) -> None:
        """A near vector is found without a shared word, with its cosine."""
        store = await make_store()
        await put(store, "a", "green lamp", "red chair", "blue door")
        await embed(store)
        result = await search(store, "zzz", near="\nred chair", k=1)
        assert result.passages[0].chunk.text == "red chair"
        assert result.passages[0].lexical == 0
        assert result.passages[0].cosine == pytest.approx(1, abs=0.01)

    async def test_cosines_are_true(self, make_store: MakeStore) -> None:
        """The cosine of a passage is that of its vector with the query's."""
        store = await make_store()
        texts = [f"chunk number {n}" for n in range(30)]
        await put(store, "a", *texts)
        await embed(store)
        result = await search(store, "chunk", near="query", k=30)
        assert len(result.passages) == 30
        for passage in result.passages:
            true = float(vector("query") @ vector(f"\n{passage.chunk.text}"))
            assert passage.cosine == pytest.approx(true, abs=0.01)

    async def test_unchanged_texts_keep_their_vectors(self, make_store: MakeStore) -> None:
        """After a put only chunks whose header or text changed wait again."""
        store = await make_store()
        await put(store, "a", "first", "second", "third")
        await embed(store)
        await put(store, "a", "new start", "first", "third, changed", "second")
        assert await embed(store) == ["\nnew start", "\nthird, changed"]
        result = await search(store, "zzz", near="\nsecond", k=1)
        assert result.passages[0].chunk.text == "second"

    async def test_a_changed_header_waits_again(self, make_store: MakeStore) -> None:
        """Title and headings are part of what is embedded."""
        store = await make_store()
        await store.put(key("a"), chunks("a", "text", title="Old"))
        await embed(store)
        await store.put(key("a"), chunks("a", "text", title="New"))
        assert await embed(store) == ["New\ntext"]

    async def test_new_places_show_without_new_vectors(self, make_store: MakeStore) -> None:
        """Revision, offsets and address follow the document though text and vector stay."""
        store = await make_store()
        [made] = chunks("a", "green lamp")
        await store.put(key("a"), [made])
        await embed(store)
        moved = replace(made, revision="r2", start=70, end=80, uri="https://example.org/new")
        await store.put(key("a"), [moved])
        assert await store.waiting(10) == []
        assert (await search(store, "lamp")).passages[0].chunk == moved

    async def test_a_late_vector_does_not_fit_a_newer_text(self, make_store: MakeStore) -> None:
        """A vector made of a text that was replaced meanwhile is skipped."""
        store = await make_store()
        await put(store, "a", "green lamp")
        [old] = await store.waiting(10)
        await put(store, "a", "red chair")
        await store.set_vectors([old.id], vector(old.text)[None])
        assert [w.text for w in await store.waiting(10)] == ["\nred chair"]
        await store.remove([key("a")])
        await store.set_vectors([old.id], vector(old.text)[None])
        assert (await store.stats()).chunks == 0

    async def test_new_knowledge_ranks_by_its_words(self, make_store: MakeStore) -> None:
        """A chunk without a vector stands beside embedded ones where its words put it."""
        store = await make_store()
        await put(store, "old", "garden furniture", "garden lamp care")
        await embed(store)
        await put(store, "new", "reset the garden lamp timer")
        result = await search(store, "reset lamp timer", near="\ngarden furniture", k=3)
        passages = {p.chunk.text: p for p in result.passages}
        assert passages["reset the garden lamp timer"].cosine is None
        assert passages["reset the garden lamp timer"].score >= passages["garden lamp care"].score

    # -- documents whole -----------------------------------------------------------------------

    async def test_a_document_is_read_as_it_was_loaded(self, make_store: MakeStore) -> None:
        """Text, places, groups and vectors come back exactly, in the order asked for."""
        store = await make_store()
        documents = [
            stored(
                "a", "green lamp", "red\x00 chair 🦆", title="Lamps", groups=["staff", "Büro 1"]
            ),
            stored("b", "blue door", waiting=[0]),
            stored("a", "night lamp", source="night"),
        ]
        await store.load(documents)
        a, b, night = documents
        assert same(await store.read([night.key, a.key, b.key]), [night, a, b])
        assert same(await store.read([key("never there"), b.key]), [b])
        assert await store.read([]) == []

    async def test_a_document_put_and_embedded_is_read_whole(self, make_store: MakeStore) -> None:
        """read gives what put and set_vectors stored, and the groups as they are now."""
        store = await make_store()
        await put(store, "a", *[f"lamp number {n}" for n in range(12)])
        await embed(store)
        await store.set_groups(key("a"), frozenset({"staff"}))
        wanted = stored("a", *[f"lamp number {n}" for n in range(12)], groups=["staff"])
        assert same(await store.read([key("a")]), [wanted])

    async def test_loaded_chunks_with_a_vector_do_not_wait(self, make_store: MakeStore) -> None:
        """They are found by words and by meaning at once; only the others wait."""
        store = await make_store()
        await store.load([stored("a", "green lamp", "red chair", waiting=[0])])
        assert [w.text for w in await store.waiting(10)] == ["\ngreen lamp"]
        result = await search(store, "zzz", near="\nred chair", k=1)
        assert result.passages[0].chunk.text == "red chair"
        assert result.passages[0].cosine == pytest.approx(1, abs=0.01)
        assert [p.chunk.text for p in (await search(store, "lamp")).passages] == ["green lamp"]

    async def test_loading_replaces_a_document(self, make_store: MakeStore) -> None:
        """Chunks, rights and vectors are those of the document loaded last, twice or once."""
        store = await make_store()
        await put(store, "a", "green lamp", "old appendix", groups=["staff"])
        await embed(store)
        newer = stored("a", "green lamp", "new lamp appendix", title="Lamps")
        other = replace(newer.chunks[0], vector=vector("another"))
        newer = replace(newer, chunks=(other, newer.chunks[1]))
        for _ in range(2):
            await store.load([newer])
        assert same(await store.read([key("a")]), [newer])
        assert found(await search(store, "old")) == []
        result = await search(store, "lamp", near="another")
        assert len(result.passages) == 2
        assert result.passages[0].cosine == pytest.approx(1, abs=0.01)
        stats = await store.stats()
        assert (stats.documents, stats.chunks, stats.waiting) == (1, 2, 0)

    async def test_loading_no_chunks_removes(self, make_store: MakeStore) -> None:
        """A document loaded without chunks is a removed one."""
        store = await make_store()
        await store.load([stored("a", "green lamp"), stored("b", "red lamp")])
        await store.load([StoredDocument(key("a"), ())])
        assert await store.documents() == {key("b")}
        assert await store.read([key("a")]) == []

    async def test_a_loaded_vector_of_another_length_is_refused(
        self, make_store: MakeStore
    ) -> None:
        """A vector that does not fit is the caller's mistake and stores nothing of the call."""
        store = await make_store()
        wrong = replace(stored("b", "x").chunks[0], vector=np.ones(DIMENSIONS + 1, np.float32))
        with pytest.raises(ValueError, match="8 dimensions"):
            await store.load([stored("a", "green lamp"), StoredDocument(key("b"), (wrong,))])
        assert await store.documents() == set()

    async def test_outlines_tell_what_is_stored(self, make_store: MakeStore) -> None:
        """Revision, groups and number of chunks of every document, of one source or of all."""
        store = await make_store()
        assert await store.outlines() == {}
        await store.load([stored("a", "one", "two", groups=["staff"]), stored("b", "three")])
        moved = [replace(c, revision="r2") for c in chunks("a", "night", source="night")]
        await store.put(key("a", "night"), moved)
        docs = {
            key("a"): Outline("r1", frozenset({"staff"}), 2),
            key("b"): Outline("r1", frozenset(), 1),
        }
        night = {key("a", "night"): Outline("r2", frozenset(), 1)}
        assert await store.outlines() == docs | night
        assert await store.outlines("docs") == docs
        assert await store.outlines("night") == night
        assert await store.outlines("never there") == {}
        await store.set_groups(key("b"), frozenset({"staff", "x"}))
        await store.remove([key("a")])
        assert await store.outlines("docs") == {
            key("b"): Outline("r1", frozenset({"staff", "x"}), 1)
        }

    # -- ranking -----------------------------------------------------------------------------

    async def test_passages_come_best_first(self, make_store: MakeStore) -> None:
        """Scores fall, lie between 0 and 1, and a repeated search gives the same."""
        store = await make_store()
        await put(store, "a", *[f"lamp {'bulb ' * (n % 5)}{n}" for n in range(40)])
        await embed(store)
        result = await search(store, "lamp bulb", near="query", k=20)
        scores = [p.score for p in result.passages]
        assert len(scores) == 20
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= s <= 1 for s in scores)
        assert await search(store, "lamp bulb", near="query", k=20) == result

    async def test_passages_come_best_first_by_ranks(self, make_store: MakeStore) -> None:
        """Reciprocal rank fusion gives falling scores too, on the same scale: what is first in both
        legs scores 1."""
        store = await make_store()
        texts = [f"lamp {'bulb ' * (n % 5)}{n}" for n in range(24)]
        await store.load([stored("a", *texts, "a lamp socket")])
        wanted = "\na lamp socket"
        request = SearchRequest("lamp socket", PUBLIC, vector(wanted), k=20, fusion="ranked")
        result = await store.search(request)
        scores = [p.score for p in result.passages]
        assert len(scores) == 20
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= s <= 1 for s in scores)
        assert result.passages[0].chunk.text == "a lamp socket"
        assert scores[0] == pytest.approx(1, abs=0.02)
        by_words = await store.search(replace(request, vector=None))
        assert by_words.passages[0].chunk.text == "a lamp socket"

    async def test_a_product_code_is_found_exactly(self, make_store: MakeStore) -> None:
        """A code ranks its own page first, before codes that look alike."""
        store = await make_store()
        await put(store, "AX-1000", "The AX-1000 weighs nine kilos.")
        await put(store, "AX-100", "The AX-100 weighs two kilos.")
        await put(store, "BX-100", "The BX-100 weighs three kilos.")
        assert found(await search(store, "How heavy is the AX-100?"))[0] == "AX-100"

    async def test_k_and_spare_limit_the_passages(self, make_store: MakeStore) -> None:
        """The best k, and so many more as were asked for beside."""
        store = await make_store()
        await put(store, "a", *[f"lamp {n}" for n in range(10)])
        assert len((await search(store, "lamp", k=3)).passages) == 3
        assert len((await search(store, "lamp", k=3, spare=2)).passages) == 5
        assert len((await search(store, "lamp", k=30)).passages) == 10

    @pytest.mark.parametrize(
        "text",
        ["", " ", "?!", "the and of", "\x00", "\ud800", "🦆", "ﷺ" * 50, "lamp " * 3000, '"AND (*'],
    )
    async def test_any_question_is_answered(self, make_store: MakeStore, text: str) -> None:
        """No question breaks the search, with and without a vector."""
        store = await make_store()
        await put(store, "a", "The lamp and the duck.")
        await embed(store)
        assert len((await search(store, text)).passages) <= 1
        assert found(await search(store, text, near="\nThe lamp and the duck.")) == ["a"]

    @pytest.mark.parametrize(
        "text",
        [
            "naïve café\u0301",
            "日本語のランプ",
            "a\x00b",
            "مصباح",
            "👩🏽‍🔧 lamp",
            "ﬁne line",
            "İstanbul",
        ],
    )
    async def test_any_text_comes_back_as_it_was(self, make_store: MakeStore, text: str) -> None:
        """Odd characters neither break the store nor change."""
        store = await make_store()
        made = chunks(text, text, title=text, headings=(text,))
        await store.put(key(text), made)
        assert [p.chunk for p in (await search(store, text)).passages] == made
        assert await store.documents() == {key(text)}

    # -- rights ------------------------------------------------------------------------------

    async def test_without_groups_only_the_public_is_seen(self, make_store: MakeStore) -> None:
        """Nobody's groups open public documents and nothing else."""
        store = await make_store()
        await put(store, "open", "lamp price")
        await put(store, "closed", "lamp margin", groups=["staff"])
        await embed(store)
        assert found(await search(store, "lamp", near="\nlamp margin")) == ["open"]
        assert found(await search(store, "lamp", "guests", near="\nlamp margin")) == ["open"]
        both = await search(store, "lamp", "staff", "guests", near="\nlamp margin")
        assert sorted(found(both)) == ["closed", "open"]

    @pytest.mark.parametrize(
        ("group", "others"),
        [
            ("Staff", ["staff", "STAFF", "Staf", "Staff "]),
            ("new staff", ["new", "staff", "newstaff"]),
            ("a.b", ["a", "b", "a-b", "a.b.c", "axb"]),
            ("g1", ["g", "1", "g10", "g11"]),
            ('quo"te', ["quo", "te", "quo'te"]),
            ("%", ["staff", "", "_"]),
            ("Büro", ["Buro", "büro", "Bu\u0308ro"]),
            ('["staff"]', ["staff"]),
        ],
    )
    async def test_group_names_are_taken_literally(
        self, make_store: MakeStore, group: str, others: list[str]
    ) -> None:
        """Spaces, dots, case, quotes and wildcards are part of the name and open nothing else."""
        store = await make_store()
        await put(store, "closed", "lamp margin", groups=[group])
        await embed(store)
        assert found(await search(store, "lamp", *others, near="\nlamp margin")) == []
        assert found(await search(store, "lamp", group, near="\nlamp margin")) == ["closed"]

    async def test_changed_rights_hold_for_the_next_search(self, make_store: MakeStore) -> None:
        """set_groups closes and opens a document at once, without new vectors."""
        store = await make_store()
        await put(store, "a", "lamp one")
        await put(store, "b", "lamp two")
        await embed(store)
        await store.set_groups(key("a"), frozenset({"staff"}))
        assert found(await search(store, "lamp")) == ["b"]
        result = await search(store, "lamp", "staff", near="\nlamp one")
        assert found(result)[0] == "a"
        assert result.passages[0].chunk.groups == {"staff"}
        await store.set_groups(key("a"), frozenset())
        assert sorted(found(await search(store, "lamp"))) == ["a", "b"]
        await store.set_groups(key("unknown"), frozenset({"staff"}))
        assert await store.waiting(10) == []

    async def test_a_put_brings_its_groups(self, make_store: MakeStore) -> None:
        """A document that is put again has the groups of the new chunks."""
        store = await make_store()
        await put(store, "a", "lamp one")
        await put(store, "a", "lamp one", groups=["staff"])
        assert found(await search(store, "lamp")) == []
        await put(store, "a", "lamp one")
        assert found(await search(store, "lamp")) == ["a"]

    async def test_what_was_kept_back_is_named(self, make_store: MakeStore) -> None:
        """withheld names documents that would have been among the best k, and only those."""
        store = await make_store()
        await put(store, "margins", "lamp margin margin", groups=["staff"])
        await put(store, "prices", "lamp margin, prices and very many other words about shops")
        await put(store, "cellar", "an unrelated cellar", groups=["staff"])
        result = await search(store, "lamp margin", k=2)
        assert found(result) == ["prices"]
        assert result.withheld == ("margins",)
        assert (await search(store, "lamp margin", "staff", k=2)).withheld == ()

    async def test_what_is_beyond_the_best_is_not_named(self, make_store: MakeStore) -> None:
        """A hidden document that nobody would have been shown counts as nothing kept back."""
        store = await make_store()
        await put(store, "best", "lamp margin")
        words = "lamp and a good many other words that make this one rank behind the first"
        await put(store, "hidden", words, groups=["staff"])
        assert (await search(store, "lamp margin", k=1, spare=5)).withheld == ()

    async def test_a_chunk_is_shown_to_those_who_may_see_it(self, make_store: MakeStore) -> None:
        """A quoted passage opens for its groups; for others it is as if it were not there."""
        store = await make_store()
        [made] = chunks("a", "lamp margin", groups=["staff"])
        await store.put(key("a"), [made])
        assert await store.chunk(made.id, Principal(frozenset({"staff"}))) == made
        assert await store.chunk(made.id, PUBLIC) is None
        assert await store.chunk("unknown", PUBLIC) is None

    async def test_the_documents_somebody_may_see_are_those_a_search_goes_through(
        self, make_store: MakeStore
    ) -> None:
        """Of the documents that are asked about; a changed right holds at once, and neither a
        removed document nor one that was never there is seen by anybody."""
        store = await make_store()
        staff, both = Principal(frozenset({"staff"})), Principal(frozenset({"board", "staff"}))
        await put(store, "open", "lamp open")
        await put(store, "staff", "lamp staff", "lamp again", groups=["staff"])
        await put(store, "board", "lamp board", groups=["board", "Staff"])
        keys = [key(name) for name in ("open", "staff", "board", "unknown")]

        async def seen(principal: Principal) -> set[str]:
            return {k.document for k in await store.visible(keys, principal)}

        for principal in (PUBLIC, staff, both, Principal(frozenset({"public"}))):
            passages = (await store.search(SearchRequest("lamp", principal, k=9))).passages
            assert await seen(principal) == {p.chunk.document for p in passages}
        assert (await seen(PUBLIC), await seen(both)) == ({"open"}, {"open", "staff", "board"})
        assert await store.visible([key("open", "elsewhere")], both) == set()
        assert await store.visible([], both) == set()

        await store.set_groups(key("staff"), frozenset({"board"}))
        await store.remove([key("open")])
        assert (await seen(staff), await seen(both)) == (set(), {"staff", "board"})

    @given(
        audiences=st.lists(st.frozensets(st.sampled_from("ABCDE"), max_size=3), max_size=14),
        principal=st.frozensets(st.sampled_from("ABCDEF"), max_size=3),
        changes=st.dictionaries(
            st.integers(0, 13), st.frozensets(st.sampled_from("ABCDE"), max_size=2), max_size=3
        ),
        gone=st.frozensets(st.integers(0, 13), max_size=3),
        k=st.integers(1, 16),
        near=st.sampled_from([None, "\nlamp 0", "\nlamp 3"]),
        embedded=st.booleans(),
    )
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,  # the class of each store inherits it
        ],
    )
    async def test_nothing_leaks_and_nothing_is_missing(
        self,
        make_store: MakeStore,
        audiences: list[frozenset[str]],
        principal: frozenset[str],
        changes: dict[int, frozenset[str]],
        gone: frozenset[int],
        k: int,
        near: str | None,
        embedded: bool,
    ) -> None:
        """Whatever the rights, a search brings as many as there are, and only what may be seen."""
        store = await make_store()
        rights = {f"d{n}": groups for n, groups in enumerate(audiences)}
        for n, groups in enumerate(audiences):
            await put(store, f"d{n}", f"lamp {n}", groups=sorted(groups))
        if embedded:
            await embed(store)
        await search(store, "lamp", *principal)
        for n, groups in changes.items():
            await store.set_groups(key(f"d{n}"), groups)
            if f"d{n}" in rights:
                rights[f"d{n}"] = groups
        await store.remove([key(f"d{n}") for n in gone])
        rights = {name: g for name, g in rights.items() if name not in {f"d{n}" for n in gone}}
        who = Principal(principal)
        visible = {name for name, groups in rights.items() if who.may_see(groups)}
        result = await search(store, "lamp", *principal, near=near, k=k)
        assert set(found(result)) <= visible
        assert len(result.passages) == min(k, len(visible))
        assert len(set(found(result))) == len(result.passages)
        assert set(result.withheld) <= rights.keys() - visible
        everything = await search(store, "lamp", *"ABCDE", near=near, k=k)
        assert set(result.withheld) == set(found(everything)) - visible
