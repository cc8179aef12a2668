"""The door to Weaviate: one connection, its collections, and its faults in our words.

The only module that imports the client, which takes seconds of CPU: import this one where it is
needed, not before. What is stored and asked is said in :mod:`knowledge.stores.weaviate_store`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import weaviate
from httpx import HTTPError, ReadError
from weaviate.classes.config import ConsistencyLevel
from weaviate.classes.data import DataObject
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.classes.query import Filter, HybridFusion, MetadataQuery, Sort
from weaviate.collections.classes.filters import _Filters
from weaviate.config import GrpcConfig
from weaviate.exceptions import (
    UnexpectedStatusCodeError,
    WeaviateBaseError,
    WeaviateInsertManyAllFailedError,
)

from bot.errors import StoreUnavailableError
from bot.ports import Vectors
from knowledge.stores.base import Fusion
from knowledge.stores.collection import (
    MOST,
    PAGE,
    VECTOR,
    Collection,
    Condition,
    Consistency,
    Where,
)
from knowledge.stores.faults import (
    PATIENCE_S,
    WRITING_S,
    Address,
    Guarded,
    translated,
    tries,
    unreachable,
)
from knowledge.stores.objects import WORDS, Properties, StoredObject
from knowledge.stores.weaviate_shelf import WeaviateShelf

__all__ = ["WeaviateServer", "WeaviateShelf"]

T = TypeVar("T")
_SLICE = 500
_AT_ONCE = 16


# The client logs what it raises or returns as well; it is said once, in our words.
logging.getLogger("weaviate-client").setLevel(logging.CRITICAL + 1)

_RECONNECTING = {"initial_reconnect_backoff_ms": 100, "max_reconnect_backoff_ms": 1000}
"""After an outage it is looked for again each second, not each two minutes."""


class WeaviateServer(Guarded):
    """A :class:`~knowledge.stores.collection.Server`: one connection, shared by all who use it.

    ``timeout_s`` is how long a question may take; whatever writes or reads whole documents may
    take longer. Without ``grpc_url`` gRPC is looked for on the same host at its usual port.
    """

    faults = (WeaviateBaseError, HTTPError, OSError)

    def __init__(
        self, url: str, grpc_url: str | None = None, key: str | None = None, timeout_s: float = 5.0
    ) -> None:
        super().__init__(url, timeout_s)
        self._http = Address.parse(url, 8080)
        self._grpc = self._http.beside(grpc_url, 50051)
        self._key = key
        self._client: weaviate.WeaviateAsyncClient | None = None
        self._opening = asyncio.Lock()

    @property
    def client(self) -> weaviate.WeaviateAsyncClient:
        """The connected client."""
        assert self._client is not None, "open the server first"
        return self._client

    async def open(self) -> None:
        """Connect, where that was not done. Raises StoreUnavailableError, StoreKeyError."""
        async with self._opening:
            if self._client is None:
                self._client = await self._connected()

    async def close(self) -> None:
        """Let go of the connection; the next :meth:`open` makes another."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _connected(self) -> weaviate.WeaviateAsyncClient:
        client = weaviate.use_async_with_custom(
            *(self._http.host, self._http.port, self._http.secure),
            *(self._grpc.host, self._grpc.port, self._grpc.secure),
            auth_credentials=Auth.api_key(self._key) if self._key else None,
            additional_config=AdditionalConfig(
                timeout=Timeout(init=self.timeout_s, query=WRITING_S, insert=WRITING_S),
                grpc_config=GrpcConfig(
                    channel_options=[(f"grpc.{k}", v) for k, v in _RECONNECTING.items()]
                ),
            ),
            skip_init_checks=True,  # one of them asks a package index for newer versions
        )
        try:
            async with asyncio.timeout(self.timeout_s):
                await client.connect()
                await self._speaks_grpc()
        except BaseException as error:
            await client.close()
            if isinstance(error, (*self.faults, TimeoutError)):
                raise self.fault(error) from error
            raise
        return client

    async def _speaks_grpc(self) -> None:
        try:
            _, writer = await asyncio.open_connection(self._grpc.host, self._grpc.port)
        except OSError:
            raise unreachable(self.url, f"no gRPC at {self._grpc}, see WEAVIATE_GRPC_URL") from None
        writer.close()
        await writer.wait_closed()

    async def lives(self) -> bool:
        # Not the client's own is_live: it prints what fails, to stdout, among a script's answers.
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.client.get_meta()
                await self._speaks_grpc()
        except (StoreUnavailableError, *self.faults):
            return False
        return True

    def collection(self, name: str, tenant: str | None, consistency: Consistency) -> Collection:
        return WeaviateCollection(self, name, tenant, consistency)

    # -- collections ---------------------------------------------------------------------------

    async def target(self, alias: str) -> str | None:
        await self.open()
        found = await self.ask(lambda: self.client.alias.get(alias_name=alias))
        return found.collection if found is not None else None

    async def point(self, alias: str, name: str) -> None:
        at = self.client.alias
        if await self.target(alias) is None:
            try:
                await self.ask(partial(at.create, alias_name=alias, target_collection=name))
            except StoreUnavailableError:
                if await self.target(alias) is None:  # else another process made it
                    raise
        await self.ask(partial(at.update, alias_name=alias, new_target_collection=name))

    async def unpoint(self, alias: str) -> None:
        await self.ask(lambda: self.client.alias.delete(alias_name=alias))

    async def described(self) -> dict[str, str]:
        await self.open()
        found = await self.ask(lambda: self.client.collections.list_all(simple=True))
        return {name: config.description or "" for name, config in found.items()}

    async def make(self, schema: dict[str, Any]) -> bool:
        try:
            await self.write(lambda: self.client.collections.create_from_dict(schema))
        except StoreUnavailableError:
            if schema["class"] not in await self.described():
                raise
            return False
        return True

    async def remove(self, name: str) -> None:
        await self.write(lambda: self.client.collections.delete(name))

    async def tenants(self, name: str) -> set[str]:
        return set(await self.ask(self.client.collections.use(name).tenants.get))

    async def admit(self, name: str, tenant: str) -> None:
        await self.write(lambda: self.client.collections.use(name).tenants.create(tenant))

    async def dismiss(self, name: str, tenant: str) -> None:
        await self.write(lambda: self.client.collections.use(name).tenants.remove(tenant))


class WeaviateCollection:
    """A :class:`~knowledge.stores.collection.Collection`."""

    def __init__(
        self, server: WeaviateServer, name: str, tenant: str | None, consistency: Consistency
    ) -> None:
        self.server = server
        self.name = name
        self._tenant = tenant
        self._level = ConsistencyLevel[consistency.upper()]
        self._made: tuple[object, Any] | None = None

    @property
    def _handle(self) -> Any:
        client = self.server.client
        if self._made is None or self._made[0] is not client:
            handle = client.collections.use(self.name).with_consistency_level(self._level)
            if self._tenant is not None:
                handle = handle.with_tenant(self._tenant)
            self._made = client, handle
        return self._made[1]

    async def hybrid(
        self,
        query: str,
        vector: Vectors | None,
        *,
        alpha: float,
        fusion: Fusion,
        where: Where,
        limit: int,
        shown: Sequence[str] = (),
    ) -> list[StoredObject]:
        kind = HybridFusion.RELATIVE_SCORE if fusion == "relative" else HybridFusion.RANKED
        found = await self.server.ask(
            lambda: self._handle.query.hybrid(
                query=query or None,
                vector=None if vector is None else vector.tolist(),
                alpha=alpha,
                fusion_type=kind,
                query_properties=[WORDS],
                filters=_filter(where),
                limit=limit,
                return_metadata=MetadataQuery(score=True, explain_score=True),
                return_properties=list(shown),
            )
        )
        return [_stored(o) for o in found.objects]

    async def lexical(
        self, query: str, *, where: Where, limit: int, shown: Sequence[str] = (), offset: int = 0
    ) -> list[StoredObject]:
        found = await self.server.ask(
            lambda: self._handle.query.bm25(
                query=query,
                query_properties=[WORDS],
                filters=_filter(where),
                limit=limit,
                offset=offset,
                return_metadata=MetadataQuery(score=True),
                return_properties=list(shown),
            )
        )
        return [_stored(o) for o in found.objects]

    async def replicas(self) -> int:
        config = await self.server.ask(self._handle.config.get)
        return int(config.replication_config.factor)

    async def fetch(
        self,
        where: Where,
        *,
        limit: int = PAGE,
        shown: Sequence[str] = (),
        vectors: bool = False,
        oldest_first: bool = False,
        asked: bool = False,
        agreed: bool = False,
    ) -> list[StoredObject]:
        limit_s = None if asked else WRITING_S
        found = await self.server.ask(
            lambda: self._handle.query.fetch_objects(
                filters=_filter(where),
                limit=limit,
                sort=Sort.by_property("turn") if oldest_first else None,
                include_vector=vectors,
                return_metadata=MetadataQuery(is_consistent=True) if agreed else None,
                return_properties=list(shown),
            ),
            limit_s,
        )
        return [_stored(o) for o in found.objects if not agreed or o.metadata.is_consistent]

    async def count(self, where: Where) -> int:
        answer = await self.server.write(
            lambda: self._handle.aggregate.over_all(filters=_filter(where), total_count=True)
        )
        return int(answer.total_count or 0)

    async def insert(self, objects: Sequence[StoredObject]) -> None:
        left = [
            DataObject(
                properties=dict(o.properties),
                uuid=o.id,
                vector=None if o.vector is None else {VECTOR: o.vector.tolist()},
            )
            for o in objects
        ]
        async for attempt in tries():
            with attempt:
                await self._insert(left)

    async def _insert(self, objects: list[Any]) -> None:
        """Put them; where some fail, those are left, and it raises."""
        failed: list[Any] = []
        reasons: list[str] = []
        for at in range(0, len(objects), _SLICE):
            part = objects[at : at + _SLICE]
            try:
                answer = await self.server.write(partial(self._handle.data.insert_many, part))
            except StoreUnavailableError as error:
                if not isinstance(error.__cause__, WeaviateInsertManyAllFailedError):
                    raise
                failed.extend(part)
                reasons.append(str(error.data["reason"]))
            else:
                failed.extend(part[n] for n in answer.errors)
                reasons.extend(e.message for e in answer.errors.values())
        if failed:
            objects[:] = failed
            reason = f"{len(failed)} objects failed, the first: {reasons[0]}"
            raise translated(self.server.url, reason)

    async def change(self, changes: Iterable[tuple[str, Properties, Vectors | None]]) -> None:
        waiting = list(changes)

        async def work() -> None:
            try:
                while waiting:
                    await self.server.write(partial(self._change, *waiting.pop()))
            finally:
                waiting.clear()

        # None is left under way: whoever is told of a failure may begin to mend it.
        for end in await asyncio.gather(*(work() for _ in range(_AT_ONCE)), return_exceptions=True):
            if end is not None:
                raise end

    async def _change(self, id: str, properties: Properties, vector: Vectors | None) -> None:  # noqa: A002
        given = None if vector is None else {VECTOR: vector.tolist()}
        change = partial(self._handle.data.update, id, properties=properties, vector=given)
        try:
            try:
                await change()
            except ReadError:  # the server closed a kept connection as it was used
                await change()
        except UnexpectedStatusCodeError as error:
            if error.status_code != 404:
                raise

    async def delete(self, where: Where) -> None:
        chosen = _filter(where)
        while True:
            done = await self.server.write(lambda: self._handle.data.delete_many(where=chosen))
            if done.failed:
                raise translated(self.server.url, f"{done.failed} left{await self._hindrance()}")
            if done.matches < MOST:
                return

    async def _hindrance(self) -> str:
        """Why a deletion fails; its own reply does not say, and breaks where it is asked to."""
        shards = await self.server.write(self._handle.config.get_shards)
        closed = [shard.status for shard in shards if shard.status.casefold() != "ready"]
        return f": a shard is {closed[0]}" if closed else ""


def _filter(where: Where) -> _Filters | None:
    parts = [_part(condition) for condition in where]
    return Filter.all_of(parts) if parts else None


def _part(condition: Condition) -> _Filters:
    values = list(condition.values)
    if condition.name == "id":
        return Filter.by_id().contains_any(values)
    by = Filter.by_property(condition.name)
    if condition.holds == "between":
        return by.greater_or_equal(values[0]) & by.less_than(values[1])
    if condition.holds == "none":
        return by.contains_none(values)
    return by.equal(values[0]) if len(values) == 1 else by.contains_any(values)


def _stored(found: Any) -> StoredObject:
    vector = (found.vector or {}).get(VECTOR)
    return StoredObject(
        id=str(found.uuid),
        properties=found.properties,
        vector=np.array(vector, np.float32) if vector else None,
        score=float(found.metadata.score or 0.0),
        explained=found.metadata.explain_score or "",
    )
