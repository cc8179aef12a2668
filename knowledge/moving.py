"""A knowledge base from one shelf to another: outgrowing a machine, and the way back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from bot.errors import UsageError
from knowledge.copying import CopyReport, Progress, copy
from knowledge.exclusive import EMBEDDING, INDEXES, Exclusive
from knowledge.stores.base import VectorStore
from knowledge.stores.shelf import IndexRecord, IndexShelf, IndexSpec


async def copy_live(
    source: IndexShelf,
    target: IndexShelf,
    *,
    progress: Progress | None = None,
    remove_extra: bool = True,
    remove_many: bool = False,
) -> tuple[IndexRecord, CopyReport]:
    """Copy the live index of a shelf to another shelf, where it is live afterwards.

    A live index there that is for the same embedder takes up what differs, while it answers. Where
    there is none one is built, and switched to once it is whole; so it is where the live one holds
    nothing yet. One that holds another embedder's vectors is left alone. Raises UsageError, and as
    :func:`copy`.
    """
    original = await _live(source)
    if original is None:
        raise UsageError(f"{source.place} holds no index yet; read documents in first.")
    record, there = await _prepared(target, original.spec)
    async with _opened(source, original) as read, _opened(target, record) as written:
        report = await copy(
            read,
            written,
            progress=progress,
            remove_extra=remove_extra,
            remove_many=remove_many,
        )
    if there != record.name:
        await target.switch(record.name)
    return record, report


async def _live(shelf: IndexShelf) -> IndexRecord | None:
    name = await shelf.live()
    return next((r for r in await shelf.records() if r.name == name), None)


async def _prepared(shelf: IndexShelf, spec: IndexSpec) -> tuple[IndexRecord, str | None]:
    """The index to copy into, and the name of the one that is live now."""
    live = await _live(shelf)
    if live is not None and live.spec == spec:
        return live, live.name
    if live is not None and await _size(shelf, live):
        raise _other(shelf, live, spec)
    begun = [r for r in await shelf.records() if r.state == "building" and r.spec == spec]
    record = begun[-1] if begun else await shelf.create(spec)
    if record.spec != spec:  # somebody made the first index this moment
        raise _other(shelf, record, spec)
    return record, live.name if live else None


async def _size(shelf: IndexShelf, record: IndexRecord) -> int:
    async with _opened(shelf, record) as store:
        return (await store.stats()).chunks


def _other(shelf: IndexShelf, record: IndexRecord, wanted: IndexSpec) -> UsageError:
    held, read = (
        f"{spec.model} ({spec.dimensions} dimensions, chunking {spec.chunking})"
        for spec in (record.spec, wanted)
    )
    return UsageError(
        f"{shelf.place} holds vectors of {held}, not of {read}; bring one of the two to the other's"
        " with `wellspoken knowledge reindex`."
    )


@asynccontextmanager
async def _opened(shelf: IndexShelf, record: IndexRecord) -> AsyncIterator[VectorStore]:
    store = shelf.store(record)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def undisturbed(
    exclusive: Exclusive, sources: Iterable[str], on_wait: Callable[[], None] | None = None
) -> AsyncIterator[None]:
    """Be the only one that changes the knowledge base: nobody reads these sources in, embeds or
    reindexes. Waits for those who do, calling ``on_wait`` once."""
    told = False

    def tell() -> None:
        nonlocal told
        if on_wait and not told:
            on_wait()
        told = True

    async with AsyncExitStack() as held:
        for name in (INDEXES, EMBEDDING):
            await held.enter_async_context(exclusive.awaited(name, tell))
        await held.enter_async_context(exclusive.everything(sources, tell))
        yield
