"""The contract of a shelf of indexes: every implementation passes these tests unchanged.

A test class inherits :class:`IndexShelfContract` and gives a fixture ``make_shelf``: a coroutine
function that returns a shelf; all that it returns stand in the same place, empty at first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.errors import NotFoundError, UsageError
from knowledge.stores.shelf import IndexRecord, IndexShelf, IndexSpec
from tests.contracts.vector_store import DIMENSIONS, found, key, same, search, stored

MakeShelf = Callable[[], Awaitable[IndexShelf]]
SPEC = IndexSpec("model one", DIMENSIONS, 1)
OTHER = IndexSpec("text-embedding-3: large (v2)", 12, 2)


async def first(shelf: IndexShelf, spec: IndexSpec = SPEC) -> IndexRecord:
    """The live index, as who needs one makes it where there is none."""
    name = await shelf.live()
    if name is None:
        await shelf.switch((await shelf.create(spec)).name)
        name = await shelf.live()
    return next(r for r in await shelf.records() if r.name == name)


async def states(shelf: IndexShelf) -> dict[str, str]:
    return {record.name: record.state for record in await shelf.records()}


class IndexShelfContract:
    """What every shelf does."""

    async def test_an_empty_shelf_has_nothing(self, make_shelf: MakeShelf) -> None:
        """No index is live where none was made."""
        shelf = await make_shelf()
        assert await shelf.live() is None
        assert await shelf.records() == []
        assert shelf.place

    async def test_an_index_keeps_what_it_is_for(self, make_shelf: MakeShelf) -> None:
        """Model, dimensions and chunking come back as they were given, to every process."""
        shelf, other = await make_shelf(), await make_shelf()
        one = await first(shelf)
        two = await shelf.create(OTHER)
        assert [r.spec for r in await other.records()] == [SPEC, OTHER]
        assert [r.name for r in await other.records()] == [one.name, two.name]
        assert [r.built_at for r in await other.records()] == [one.built_at, two.built_at]
        assert two.state == "building"

    async def test_a_switch_holds_for_everybody_at_once(self, make_shelf: MakeShelf) -> None:
        """What was live becomes the previous one, and there is a way back."""
        shelf, other = await make_shelf(), await make_shelf()
        one = await first(shelf)
        assert await other.live() == one.name
        two = await shelf.create(OTHER)
        assert await other.live() == one.name
        await shelf.switch(two.name)
        assert await other.live() == two.name
        assert await states(other) == {one.name: "previous", two.name: "live"}
        await other.switch(one.name)
        assert await shelf.live() == one.name
        assert await states(shelf) == {one.name: "live", two.name: "previous"}
        await shelf.switch(one.name)
        assert await states(other) == {one.name: "live", two.name: "previous"}

    async def test_each_index_holds_its_own(self, make_shelf: MakeShelf) -> None:
        """A store of one index shows nothing of another, before and after a switch."""
        shelf = await make_shelf()
        one = await first(shelf)
        two = await shelf.create(SPEC)
        old, new = shelf.store(one), shelf.store(two)
        await old.open()
        await new.open()
        await old.load([stored("a", "green lamp")])
        await new.load([stored("b", "red lamp")])
        assert found(await search(old, "lamp", near="\ngreen lamp")) == ["a"]
        assert found(await search(new, "lamp", near="\nred lamp")) == ["b"]
        await shelf.switch(two.name)
        assert found(await search(old, "lamp")) == ["a"]
        assert found(await search(new, "lamp")) == ["b"]
        await new.close()
        assert await old.documents() == {key("a")}
        await old.close()
        assert await shelf.live() == two.name

    async def test_a_store_opened_again_has_everything(self, make_shelf: MakeShelf) -> None:
        """What was loaded is there for whoever opens the index next."""
        shelf = await make_shelf()
        record = await first(shelf)
        document = stored("a", "green lamp", "red chair", groups=["staff"])
        store = shelf.store(record)
        await store.open()
        await store.load([document])
        await store.close()
        again = (await make_shelf()).store(record)
        await again.open()
        assert same(await again.read([key("a")]), [document])
        await again.close()

    async def test_a_dropped_index_is_gone(self, make_shelf: MakeShelf) -> None:
        """The previous one and one half built can be dropped, the live one cannot."""
        shelf, other = await make_shelf(), await make_shelf()
        one = await first(shelf)
        two, three = await shelf.create(OTHER), await shelf.create(SPEC)
        await shelf.switch(two.name)
        with pytest.raises(UsageError, match="live"):
            await shelf.drop(two.name)
        await shelf.drop(one.name)
        await other.drop(three.name)
        assert await states(other) == {two.name: "live"}
        four = await shelf.create(SPEC)
        assert four.name not in (one.name, two.name, three.name)

    async def test_unknown_names_are_not_found(self, make_shelf: MakeShelf) -> None:
        """Nothing is made, switched to or deleted by a name that is no index's."""
        shelf = await make_shelf()
        one = await first(shelf)
        for name in ("", "nothing", f"{one.name}x", "../knowledge.db", "wellspoken.db"):
            with pytest.raises(NotFoundError):
                await shelf.switch(name)
            with pytest.raises(NotFoundError):
                await shelf.drop(name)
        assert await states(shelf) == {one.name: "live"}

    async def test_two_that_begin_at_once_share_one_index(self, make_shelf: MakeShelf) -> None:
        """Whoever makes the first index, everybody ends up with the same live one."""
        shelves = [await make_shelf() for _ in range(3)]
        opened = await asyncio.gather(*(first(shelf) for shelf in shelves))
        live = {await shelf.live() for shelf in shelves}
        assert len(live) == 1
        assert opened[-1].name in await states(shelves[0])
