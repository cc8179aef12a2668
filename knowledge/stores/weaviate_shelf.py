"""The indexes in Weaviate: each a collection, the live one behind an alias.

An alias moves in one step for every process. Where several workspaces share a server, each is a
tenant in collections that serve all of one embedder, with aliases of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bot.errors import (
    CollectionForeignError,
    CollectionNewerError,
    NotFoundError,
    StoreUnavailableError,
    UsageError,
)
from knowledge.stores.base import VectorStore
from knowledge.stores.collection import Consistency, Server, schema
from knowledge.stores.description import checked, description
from knowledge.stores.shelf import IndexRecord, IndexSpec, IndexState
from knowledge.stores.weaviate_store import WeaviateStore

_FIRST = "0" * 20


class WeaviateShelf:
    """An :class:`~knowledge.stores.shelf.IndexShelf` whose indexes are collections that begin with
    ``collection``. The server is the shelf's: closing the shelf closes the connection."""

    def __init__(
        self,
        server: Server,
        collection: str = "Wellspoken",
        tenant: str | None = None,
        replicas: int = 1,
        consistency: Consistency = "quorum",
    ) -> None:
        self._server = server
        self._prefix = collection
        self._tenant = tenant
        self._replicas = replicas
        self._consistency: Consistency = consistency
        suffix = "" if tenant is None else f"_{_plain(tenant)}"
        self._live = collection if tenant is None else f"{collection}_tenant{suffix}"
        self._previous = f"{collection}_previous{suffix}"

    @property
    def place(self) -> str:
        return self._server.url

    async def close(self) -> None:
        await self._server.close()

    async def live(self) -> str | None:
        found = await self._server.target(self._live)
        if found is None and self._live in await self._server.described():
            raise CollectionForeignError(name=self._live, reason="it is a collection, no alias")
        return found

    async def records(self) -> list[IndexRecord]:
        live, previous = await self.live(), await self._server.target(self._previous)
        records = []
        for name, said in (await self._server.described()).items():
            if name != live and not name.startswith(f"{self._prefix}_{self._kind}"):
                continue
            try:
                found = checked(name, said)
            except (CollectionForeignError, CollectionNewerError):
                if name == live:
                    raise
                continue
            if self._tenant is None or self._tenant in await self._server.tenants(name):
                state: IndexState = (
                    "live" if name == live else "previous" if name == previous else "building"
                )
                records.append(IndexRecord(name, found.spec, state, found.built_at))
        return sorted(records, key=lambda record: (record.built_at, record.name))

    @property
    def _kind(self) -> str:
        return "index" if self._tenant is None else "shared"

    async def create(self, spec: IndexSpec) -> IndexRecord:
        now = datetime.now(UTC)
        if self._tenant is not None and (found := await self._shared(spec, self._tenant)):
            await self._server.admit(found.name, self._tenant)
            return found
        # Processes that begin at once all make the first index of one name, and so the same one.
        first = await self.live() is None
        for number in (
            (_FIRST, now.strftime("%Y%m%d%H%M%S%f")) if first else (now.strftime("%Y%m%d%H%M%S%f"),)
        ):
            name = f"{self._prefix}_{self._kind}{number}"
            made = await self._server.make(
                schema(
                    name,
                    description(spec, now),
                    replicas=self._replicas,
                    tenants=self._tenant is not None,
                )
            )
            said = checked(name, (await self._server.described())[name])
            if made or said.spec == spec:
                if self._tenant is not None:
                    await self._server.admit(name, self._tenant)
                return IndexRecord(name, said.spec, "building", said.built_at)
        raise StoreUnavailableError(url=self.place, reason=f"{name} is there already")

    async def _shared(self, spec: IndexSpec, tenant: str) -> IndexRecord | None:
        """The newest collection of this kind that the tenant has no index in."""
        for name, said in sorted((await self._server.described()).items(), reverse=True):
            if not name.startswith(f"{self._prefix}_shared"):
                continue
            found = checked(name, said)
            if found.spec == spec and tenant not in await self._server.tenants(name):
                return IndexRecord(name, spec, "building", found.built_at)
        return None

    def store(self, record: IndexRecord) -> VectorStore:
        at = self._server.collection(record.name, self._tenant, self._consistency)
        return WeaviateStore(at, record.spec.dimensions)

    async def switch(self, name: str) -> None:
        await self._known(name)
        before = await self.live()
        if before == name:
            return
        if before is not None:
            await self._server.point(self._previous, before)
        await self._server.point(self._live, name)

    async def drop(self, name: str) -> None:
        record = await self._known(name)
        if record.state == "live":
            raise UsageError(f"{name} is the live index; switch to another one first.")
        if record.state == "previous":
            await self._server.unpoint(self._previous)
        if self._tenant is not None:
            await self._server.dismiss(name, self._tenant)
            if await self._server.tenants(name):
                return
        await self._server.remove(name)

    async def _known(self, name: str) -> IndexRecord:
        for record in await self.records():
            if record.name == name:
                return record
        raise NotFoundError(kind="index", id=name)


def _plain(tenant: str) -> str:
    """A tenant's name in the letters that a collection's may have; different ones stay so."""
    return "".join(c if c.isdecimal() or c.islower() else f"_{ord(c):x}" for c in tenant)
