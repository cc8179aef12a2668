"""A knowledge base copied from store to store: whole, exact, mended, gone on with after a kill."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation import Principal
from bot.errors import UsageError
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.copying import CopyDiffersError, OtherKnowledgeError, copy, digest
from knowledge.exclusive import EMBEDDING, Exclusive
from knowledge.moving import copy_live, undisturbed
from knowledge.stores.base import SearchRequest, StoredDocument, VectorStore
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.files import EmbeddedShelf
from knowledge.stores.shelf import IndexShelf, IndexSpec
from tests.contracts.vector_store import DIMENSIONS, embed, found, key, search, stored, vector
from tests.platforms.weaviate_server import WeaviateProcess

ROOT = Path(__file__).parents[2]
SPEC = IndexSpec("none", DIMENSIONS, 1)
GROUPS = ["staff", "Büro 1", "a.b"]
MakeStore = Callable[[], Awaitable[VectorStore]]
_numbers = count(1)


def base(size: int, chance: random.Random, chunks: int = 3) -> list[StoredDocument]:
    """Documents of several sources and audiences, some of whose chunks wait for a vector."""
    return [
        stored(
            f"page {n}.md",
            *[f"Lamp {n} part {p} says {chance.random()}." for p in range(1 + n % chunks)],
            groups=chance.sample(GROUPS, n % 3),
            title=f"Lämp {n}",
            source="handbook" if n % 4 else "night",
            waiting=[0] if n % 5 == 0 else [],
        )
        for n in range(size)
    ]


async def digests(store: VectorStore) -> dict[str, bytes]:
    keys = sorted(await store.documents(), key=str)
    return {f"{d.key}": digest(d) for d in await store.read(keys)}


@pytest.fixture
async def make_embedded(tmp_path: Path) -> AsyncIterator[MakeStore]:
    opened: list[VectorStore] = []

    async def make() -> VectorStore:
        store = EmbeddedStore(tmp_path / f"{next(_numbers)}" / "k.db", SPEC.model, DIMENSIONS)
        await store.open()
        opened.append(store)
        return store

    yield make
    for store in opened:
        await store.close()


@pytest.fixture(params=["embedded", pytest.param("weaviate", marks=pytest.mark.weaviate)])
async def target_shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[IndexShelf]:
    """An empty shelf of each kind."""
    if request.param == "embedded":
        yield EmbeddedShelf(tmp_path / "target")
        return
    from knowledge.stores.weaviate import WeaviateServer
    from knowledge.stores.weaviate_shelf import WeaviateShelf

    process: WeaviateProcess = request.getfixturevalue("weaviate")
    server = WeaviateServer(process.url, process.grpc_url, process.key, timeout_s=20)
    shelf = WeaviateShelf(server, f"Copying{next(_numbers)}")
    yield shelf
    for record in await shelf.records():
        if record.state != "live":
            await shelf.drop(record.name)
    await shelf.close()
    await server.close()


@pytest.fixture
async def target(target_shelf: IndexShelf) -> AsyncIterator[VectorStore]:
    """An empty store of each kind."""
    await target_shelf.live()
    store = target_shelf.store(await target_shelf.create(SPEC))
    await store.open()
    yield store
    await store.close()


async def test_a_copy_is_the_same(make_embedded: MakeStore, target: VectorStore) -> None:
    """Every document with its places, groups and vectors; a second copy copies nothing, and one
    back into an empty store is the original again."""
    source = await make_embedded()
    await source.load(base(60, random.Random(1)))
    steps: list[tuple[str, int, int | None]] = []
    report = await copy(source, target, progress=lambda *step: steps.append(step))
    assert (report.documents, report.copied, report.unchanged, report.removed) == (60, 60, 0, 0)
    assert (report.chunks, report.waiting) == (120, 12)
    assert steps[0] == ("copy", 0, 120)
    assert steps[-1] == ("check", 120, 120)
    original = await digests(source)
    assert await digests(target) == original
    again = await copy(source, target)
    assert (again.copied, again.unchanged, again.checksum) == (0, 60, report.checksum)
    back = await make_embedded()
    returned = await copy(target, back)
    assert returned.checksum == report.checksum
    assert await digests(back) == original
    assert len(await embed(back)) == 12


async def test_a_target_that_differs_is_mended(
    make_embedded: MakeStore, target: VectorStore
) -> None:
    """Whatever is missing, too much, or not the same in the target, is as in the source after a
    copy, and only that was written."""
    source = await make_embedded()
    documents = base(30, random.Random(2))
    await source.load(documents)
    await copy(source, target)
    vectors = [replace(s, vector=vector("other")) for s in documents[3].chunks]
    late = [replace(s, vector=vector("late")) for s in documents[5].chunks]
    texts = [replace(s.chunk, text=s.chunk.text.upper()) for s in documents[7].chunks]
    places = [replace(s.chunk, end=s.chunk.end + 1) for s in documents[8].chunks]
    await target.set_groups(documents[1].key, frozenset())
    await target.remove([documents[2].key])
    await target.load([replace(documents[3], chunks=tuple(vectors))])
    await target.load([replace(documents[5], chunks=tuple(late))])
    await target.put(documents[7].key, texts)
    await target.put(documents[8].key, places)
    await target.load([stored("gone.md", "secret lamp", groups=["staff"])])
    report = await copy(source, target)
    assert (report.copied, report.unchanged, report.removed) == (6, 24, 1)
    assert await digests(target) == await digests(source)
    assert found(await search(target, "secret", *GROUPS)) == []


async def test_rights_come_first(make_embedded: MakeStore) -> None:
    """A copy that breaks off early has closed already what the source closed, and removed what it
    removed."""
    source, target = await make_embedded(), await make_embedded()
    before = [stored(f"d{n:04}", f"lamp {n}") for n in range(1500)]
    await target.load([*before, stored("gone", "lamp")])
    await source.load([*before, stored("z", "secret lamp", groups=["staff"])])
    await target.load([stored("z", "secret lamp")])

    def stop(what: str, done: int, total: int | None) -> None:
        if done:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await copy(source, target, progress=stop)
    assert found(await search(target, "secret")) == []
    assert found(await search(target, "secret", "staff")) == ["z"]
    assert key("gone") not in await target.documents()


async def test_what_is_too_much_may_stay(make_embedded: MakeStore) -> None:
    """Without removal the target keeps what it had beside."""
    source, target = await make_embedded(), await make_embedded()
    await source.load([stored("a", "green lamp")])
    await target.load([stored("b", "red lamp"), stored("a", "grey lamp")])
    report = await copy(source, target, remove_extra=False)
    assert (report.documents, report.copied, report.removed) == (2, 1, 0)
    assert sorted(found(await search(target, "lamp"))) == ["a", "b"]


async def test_another_knowledge_base_is_not_overwritten_unasked(make_embedded: MakeStore) -> None:
    """A target that would lose most of what it holds is left as it is, until that is said."""
    source, target = await make_embedded(), await make_embedded()
    await source.load(base(5, random.Random(1)))
    await target.load([stored(f"other {n}.md", "Another lamp.") for n in range(30)])
    before = await digests(target)
    with pytest.raises(OtherKnowledgeError, match=r"30 documents .* --prune"):
        await copy(source, target)
    assert await digests(target) == before
    report = await copy(source, target, remove_many=True)
    assert (report.documents, report.removed) == (5, 30)
    assert await digests(target) == await digests(source)


async def test_an_empty_store_makes_an_empty_one(make_embedded: MakeStore) -> None:
    """A copy of nothing is nothing."""
    source, target = await make_embedded(), await make_embedded()
    await target.load([stored("b", "red lamp")])
    report = await copy(source, target)
    assert (report.documents, report.chunks, report.removed) == (0, 0, 1)
    assert await target.documents() == set()


class ForgetfulStore(EmbeddedStore):
    """Stores one document with a letter too few."""

    async def load(self, documents: Sequence[StoredDocument]) -> None:
        await super().load([self._worn(d) for d in documents])

    def _worn(self, document: StoredDocument) -> StoredDocument:
        if document.key.document != "page 7.md":
            return document
        chunks = [
            replace(s, chunk=replace(s.chunk, text=s.chunk.text[:-1])) for s in document.chunks
        ]
        return replace(document, chunks=tuple(chunks))


async def test_a_document_that_does_not_arrive_is_named(
    make_embedded: MakeStore, tmp_path: Path
) -> None:
    """What is read back otherwise than it was written ends the copy with its name."""
    source = await make_embedded()
    await source.load(base(20, random.Random(3)))
    broken = ForgetfulStore(tmp_path / "broken.db", SPEC.model, DIMENSIONS)
    await broken.open()
    with pytest.raises(CopyDiffersError, match=r"handbook/page 7\.md\)"):
        await copy(source, broken)
    await broken.close()


@given(
    audiences=st.lists(st.frozensets(st.sampled_from("ABC"), max_size=2), min_size=1, max_size=9),
    before=st.lists(st.frozensets(st.sampled_from("ABC"), max_size=2), max_size=9),
    principals=st.lists(st.frozensets(st.sampled_from("ABCD")), min_size=1, max_size=3),
)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_rights_travel_exactly(
    make_embedded: MakeStore,
    audiences: list[frozenset[str]],
    before: list[frozenset[str]],
    principals: list[frozenset[str]],
) -> None:
    """Whoever asks, the copy shows and keeps back what the original does, whatever it held."""
    source, target = await make_embedded(), await make_embedded()
    for store, rights in ((source, audiences), (target, before)):
        await store.load(
            [stored(f"d{n}", f"lamp {n}", groups=sorted(who)) for n, who in enumerate(rights)]
        )
    await copy(source, target)
    for groups in principals:
        request = SearchRequest("lamp", Principal(groups), vector("\nlamp 1"), k=20)
        one, other = await source.search(request), await target.search(request)
        assert one.passages == other.passages
        assert one.withheld == other.withheld


CHILD = """
import asyncio, sys, time
from pathlib import Path
from knowledge.moving import copy_live
from knowledge.stores.files import EmbeddedShelf

async def main(source, target):
    def slowly(what, done, total):
        print(what, done, flush=True)
        time.sleep(0.2)
    await copy_live(EmbeddedShelf(Path(source)), EmbeddedShelf(Path(target)), progress=slowly)

asyncio.run(main(*sys.argv[1:]))
"""


def started(source: Path, target: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(source), str(target)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


async def test_a_killed_copy_goes_on(tmp_path: Path) -> None:
    """After kill -9 in the middle, again and again, the same call copies the rest and no more."""
    source, target = EmbeddedShelf(tmp_path / "a"), EmbeddedShelf(tmp_path / "b")
    await source.live()
    store = source.store(await source.create(SPEC))
    await store.open()
    await store.load(base(4000, random.Random(4), chunks=1))
    await store.close()
    chance = random.Random(5)
    for _ in range(2):
        child = started(tmp_path / "a", tmp_path / "b")
        assert child.stdout is not None
        while child.stdout.readline().strip() != "copy 2000":
            assert child.poll() is None
        time.sleep(chance.random() * 0.3)  # noqa: ASYNC251 - nothing else runs in this loop
        child.send_signal(signal.SIGKILL)
        child.communicate()
    record, report = await copy_live(source, target)
    assert report.unchanged >= 2000
    assert report.copied == 4000 - report.unchanged > 0
    assert await target.live() == record.name
    one, other = source.store((await source.records())[0]), target.store(record)
    await one.open()
    await other.open()
    assert await digests(other) == await digests(one)
    await one.close()
    await other.close()


# -- from shelf to shelf ------------------------------------------------------------------------


async def filled(shelf: IndexShelf, *documents: StoredDocument, spec: IndexSpec = SPEC) -> None:
    """Make the live index of a shelf hold these documents."""
    await shelf.live()
    record = await shelf.create(spec)
    await shelf.switch(record.name)
    store = shelf.store(record)
    await store.open()
    await store.load(documents)
    await store.close()


async def test_the_copy_is_live(tmp_path: Path, target_shelf: IndexShelf) -> None:
    """Where there was no index the copy answers afterwards, and takes up what changes later."""
    source = EmbeddedShelf(tmp_path / "source")
    await filled(source, *base(12, random.Random(6)))
    record, report = await copy_live(source, target_shelf)
    assert (report.documents, report.copied) == (12, 12)
    assert await target_shelf.live() == record.name
    assert [r.spec for r in await target_shelf.records()] == [SPEC]
    [original] = await source.records()
    store = source.store(original)
    await store.open()
    await store.remove([key("page 1.md", "handbook")])
    await store.close()
    again, report = await copy_live(source, target_shelf)
    assert again.name == record.name
    assert (report.documents, report.copied, report.removed) == (11, 0, 1)


async def test_an_interrupted_copy_is_not_live(tmp_path: Path) -> None:
    """A target that is asked meanwhile answers as before until the copy is whole, and the one that
    was begun is gone on with."""
    source, target = EmbeddedShelf(tmp_path / "source"), EmbeddedShelf(tmp_path / "target")
    await filled(source, *base(8, random.Random(7)))
    await filled(target, spec=IndexSpec("other", 12, 1))
    live = await target.live()

    def stop(what: str, done: int, total: int | None) -> None:
        raise asyncio.CancelledError

    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            await copy_live(source, target, progress=stop)
    assert await target.live() == live
    record, _ = await copy_live(source, target)
    assert [(r.name, r.state) for r in await target.records()] == [
        (live, "previous"),
        (record.name, "live"),
    ]


async def test_vectors_of_another_model_are_left_alone(
    tmp_path: Path, target_shelf: IndexShelf
) -> None:
    """An index that holds another embedder's vectors is neither mixed with these nor replaced."""
    source = EmbeddedShelf(tmp_path / "source")
    await filled(source, *base(8, random.Random(8)))
    await filled(target_shelf, stored("a", "lamp"), spec=replace(SPEC, model="other"))
    with pytest.raises(UsageError, match=r"other \(8 dimensions.*reindex"):
        await copy_live(source, target_shelf)
    assert len(await target_shelf.records()) == 1


async def test_without_an_index_there_is_nothing_to_copy(tmp_path: Path) -> None:
    """One sentence, and nothing is made on either side."""
    source, target = EmbeddedShelf(tmp_path / "source"), EmbeddedShelf(tmp_path / "target")
    with pytest.raises(UsageError, match="holds no index yet"):
        await copy_live(source, target)
    assert await target.records() == []


async def test_who_asks_all_the_while_is_answered(tmp_path: Path) -> None:
    """The live store of another process takes up the copy document by document: no failed search,
    and nothing but what one of both states holds."""
    source, target = EmbeddedShelf(tmp_path / "source"), EmbeddedShelf(tmp_path / "target")
    await filled(source, *[stored(f"d{n}", f"new lamp {n}") for n in range(300)])
    await filled(target, *[stored(f"d{n}", f"old lamp {n}") for n in range(300)])
    asking = target.store((await target.records())[0])
    await asking.open()
    copying = asyncio.create_task(copy_live(source, target))
    asked = 0
    while not copying.done() or not asked:
        texts = [
            p.chunk.text for p in (await search(asking, "lamp 7", near="\nold lamp 7")).passages
        ]
        assert texts
        assert all(text.startswith(("old lamp", "new lamp")) for text in texts)
        asked += 1
    await copying
    assert found(await search(asking, "old")) == []
    await asking.close()


async def test_nobody_changes_anything_meanwhile(sqlite_database: Database) -> None:
    """A copy waits for those who read in, embed or reindex, and they for it; once told of it."""
    exclusive = Exclusive(Leases(sqlite_database))
    told: list[str] = []
    begun = asyncio.Event()

    async def hold() -> None:
        async with undisturbed(exclusive, ["docs", "night"], lambda: told.append("waits")):
            begun.set()
            holders = [
                await Leases(sqlite_database).holder(name)
                for name in ("source:docs", "source:night", EMBEDDING, "reindex")
            ]
            assert all(holders)

    async with exclusive.source("night"), exclusive.lease(EMBEDDING):
        waiting = asyncio.create_task(hold())
        async with asyncio.timeout(60):
            while not told:  # noqa: ASYNC110 - what is waited for knows no event
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.6)
        assert not begun.is_set()
    await waiting
    assert told == ["waits"]
    assert await Leases(sqlite_database).holder("source:docs") is None


def test_the_digest_tells_every_field_apart() -> None:
    """No two documents that differ in anything have the same digest."""
    document = stored("a", "green lamp", groups=["x"], title="T")
    [only] = document.chunks
    changed = [
        replace(only, vector=None),
        replace(only, vector=np.nextafter(vector("x"), np.float32(2))),
        *(
            replace(only, chunk=replace(only.chunk, **field))
            for field in (
                {"id": "b"}, {"document": "b"}, {"source": "b"}, {"revision": "b"}, {"ordinal": 1},
                {"title": "b"}, {"headings": ("b",)}, {"text": "b"}, {"start": 1}, {"end": 1},
                {"uri": "b"}, {"groups": frozenset()},
            )
        ),
    ]  # fmt: skip
    documents = [replace(document, chunks=(chunk,)) for chunk in changed]
    documents += [document, replace(document, chunks=(only, only)), replace(document, chunks=())]
    assert len({digest(d) for d in documents}) == len(documents)
