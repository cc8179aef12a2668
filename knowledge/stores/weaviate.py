"""The door to Weaviate: one connection, its collections, and its faults in our words.

The only module that imports the client, which takes seconds of CPU: import this one where it is
needed, not before. What is stored and asked is said in :mod:`knowledge.stores.weaviate_store`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import grpc
import numpy as np
import stamina
import weaviate
from httpx import HTTPError
from weaviate.classes.config import (
    Configure,
    ConsistencyLevel,
    DataType,
    Property,
    StopwordsPreset,
    Tokenization,
    VectorDistances,
    VectorFilterStrategy,
)
from weaviate.classes.data import DataObject
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.classes.query import Filter, HybridFusion, MetadataQuery, Sort
from weaviate.collections.classes.filters import _Filters
from weaviate.config import GrpcConfig
from weaviate.exceptions import (
    AuthenticationFailedError,
    UnexpectedStatusCodeError,
    WeaviateBaseError,
    WeaviateInsertManyAllFailedError,
)

from bot.errors import (
    StoreKeyError,
    StoreReadOnlyError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from bot.ports import Vectors
from knowledge.stores.base import Fusion
from knowledge.stores.objects import Properties, StoredObject
from knowledge.stores.postings import K1, B

T = TypeVar("T")
Where = _Filters
"""Which objects; made by the functions at the end of this module."""

Consistency = Literal["one", "quorum", "all"]

VECTOR = "default"
PAGE = 2000
"""Objects read at once."""

MOST = 10_000
"""Objects that the server finds, or deletes, at once (QUERY_MAXIMUM_RESULTS)."""

_WRITING_S = 90.0
_PATIENCE_S = 1.0
"""The client tries a server that refuses connections again for 31 s; after so long without an
answer we look ourselves whether there is one."""

_SLICE = 500
_AT_ONCE = 16
_TRIES = 4
_HTTP_PORTS = {"http": 80, "https": 443}

_FAULTS = (WeaviateBaseError, grpc.RpcError, HTTPError, OSError)

# The client logs what it raises or returns as well; it is said once, in our words.
logging.getLogger("weaviate-client").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int
    secure: bool = False

    @classmethod
    def parse(cls, text: str, port: int) -> Address:
        """``http://host:port``, ``https://host`` or ``host:port``; ``port`` where none is named."""
        named = "//" in text
        parts = urlsplit(text if named else f"//{text}")
        known = _HTTP_PORTS.get(parts.scheme, port) if port in _HTTP_PORTS.values() else port
        return cls(parts.hostname or "localhost", parts.port or known, parts.scheme == "https")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class WeaviateServer:
    """One connection to a server, shared by everything that uses it.

    ``timeout_s`` is how long a question may take; whatever writes or reads whole documents may
    take longer. Without ``grpc_url`` gRPC is looked for on the same host at its usual port.
    """

    def __init__(
        self, url: str, grpc_url: str | None = None, key: str | None = None, timeout_s: float = 5.0
    ) -> None:
        self.url = url
        self.timeout_s = timeout_s
        self._http = Address.parse(url, 80 if "//" in url else 8080)
        self._grpc = (
            Address.parse(grpc_url, 50051)
            if grpc_url
            else Address(self._http.host, 50051, self._http.secure)
        )
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
                timeout=Timeout(init=self.timeout_s, query=_WRITING_S, insert=_WRITING_S),
                grpc_config=GrpcConfig(
                    channel_options=[
                        # After an outage it is looked for again each second, not each two minutes.
                        ("grpc.initial_reconnect_backoff_ms", 100),
                        ("grpc.max_reconnect_backoff_ms", 1000),
                    ]
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
            if isinstance(error, (*_FAULTS, TimeoutError)):
                raise self.fault(error) from error
            raise
        return client

    async def _speaks_grpc(self) -> None:
        options = [("grpc.enable_http_proxy", 0)]
        channel = (
            grpc.aio.secure_channel(str(self._grpc), grpc.ssl_channel_credentials(), options)
            if self._grpc.secure
            else grpc.aio.insecure_channel(str(self._grpc), options)
        )
        async with channel:
            try:
                await asyncio.wait_for(channel.channel_ready(), self.timeout_s / 2)
            except TimeoutError:
                reason = f"gRPC at {self._grpc} does not answer, check WEAVIATE_GRPC_URL"
                raise self.unavailable(reason) from None

    async def ask(self, operation: Callable[[], Awaitable[T]], seconds: float | None = None) -> T:
        """What an operation gives, within so many seconds (``timeout_s``). Raises
        StoreUnavailableError and its kin."""
        limit = self.timeout_s if seconds is None else seconds
        task = asyncio.ensure_future(operation())
        try:
            async with asyncio.timeout(limit):
                while not (await asyncio.wait({task}, timeout=_PATIENCE_S))[0]:
                    if not await self._lives():
                        raise self.unavailable("no connection")
                return task.result()
        except TimeoutError:
            raise StoreTimeoutError(url=self.url, seconds=limit) from None
        except _FAULTS as error:
            raise self.fault(error) from error
        finally:
            task.cancel()

    async def write(self, operation: Callable[[], Awaitable[T]]) -> T:
        """As :meth:`ask`, for whatever may take long."""
        return await self.ask(operation, _WRITING_S)

    async def _lives(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self.client.is_live()
        except TimeoutError:
            return False

    # -- collections ---------------------------------------------------------------------------

    async def target(self, alias: str) -> str | None:
        """The collection that an alias stands for."""
        await self.open()
        found = await self.ask(lambda: self.client.alias.get(alias_name=alias))
        return found.collection if found is not None else None

    async def point(self, alias: str, name: str) -> None:
        """Let an alias stand for a collection from now on."""
        if await self.target(alias) is None:
            try:
                await self.ask(
                    lambda: self.client.alias.create(alias_name=alias, target_collection=name)
                )
            except StoreUnavailableError:
                if await self.target(alias) is None:  # else another process made it
                    raise
        await self.ask(
            lambda: self.client.alias.update(alias_name=alias, new_target_collection=name)
        )

    async def unpoint(self, alias: str) -> None:
        """Forget an alias."""
        await self.ask(lambda: self.client.alias.delete(alias_name=alias))

    async def described(self) -> dict[str, str]:
        """Every collection by its name, with its description."""
        await self.open()
        found = await self.ask(lambda: self.client.collections.list_all(simple=True))
        return {name: config.description or "" for name, config in found.items()}

    async def make(self, name: str, description: str, *, replicas: int, tenants: bool) -> bool:
        """Make a collection for chunks; false where there is one of that name."""
        try:
            await self.write(lambda: self._make(name, description, replicas, tenants=tenants))
        except StoreUnavailableError:
            if name not in await self.described():
                raise
            return False
        return True

    async def _make(self, name: str, description: str, replicas: int, *, tenants: bool) -> None:
        await self.client.collections.create(
            name,
            description=description,
            properties=_PROPERTIES,
            vector_config=Configure.Vectors.self_provided(
                name=VECTOR,
                quantizer=Configure.VectorIndex.Quantizer.rq(bits=8),
                vector_index_config=Configure.VectorIndex.hnsw(
                    distance_metric=VectorDistances.COSINE,
                    filter_strategy=VectorFilterStrategy.ACORN,
                ),
            ),
            inverted_index_config=Configure.inverted_index(
                bm25_b=B, bm25_k1=K1, stopwords_preset=StopwordsPreset.NONE
            ),
            replication_config=Configure.replication(factor=replicas),
            multi_tenancy_config=Configure.multi_tenancy(
                enabled=tenants, auto_tenant_creation=False
            ),
        )

    async def remove(self, name: str) -> None:
        """Delete a collection with all that it holds."""
        await self.write(lambda: self.client.collections.delete(name))

    async def tenants(self, name: str) -> set[str]:
        """The tenants of a collection."""
        return set(await self.ask(self.client.collections.use(name).tenants.get))

    async def admit(self, name: str, tenant: str) -> None:
        """Make a tenant, where it is not there."""
        await self.write(lambda: self.client.collections.use(name).tenants.create(tenant))

    async def dismiss(self, name: str, tenant: str) -> None:
        """Delete a tenant with all that it holds."""
        await self.write(lambda: self.client.collections.use(name).tenants.remove(tenant))

    # -- faults --------------------------------------------------------------------------------

    def unavailable(self, reason: str) -> StoreUnavailableError:
        """It is not there, and how to start it."""
        return StoreUnavailableError(
            f"The knowledge store at {self.url} cannot be reached ({reason}); start it with"
            " `docker compose up weaviate`, or correct WEAVIATE_URL.",
            url=self.url,
            reason=reason,
        )

    def fault(self, error: BaseException | str) -> StoreUnavailableError:
        """A fault of the client, or an object's as the server words it, in our words."""
        text = error if isinstance(error, str) else _said(error)
        low = text.casefold()
        if isinstance(error, AuthenticationFailedError) or any(
            mark in low for mark in ("unauthenticated", "unauthorized", "permission_denied")
        ):
            return StoreKeyError(url=self.url, reason=text)
        if isinstance(error, UnexpectedStatusCodeError) and error.status_code in (401, 403):
            return StoreKeyError(url=self.url, reason=f"status {error.status_code}")
        if "read-only" in low or "readonly" in low or "no space left" in low:
            return StoreReadOnlyError(url=self.url, reason=text)
        if isinstance(error, TimeoutError):
            return StoreTimeoutError(url=self.url, seconds=self.timeout_s)
        if isinstance(error, (OSError, HTTPError)) or "connect" in low or "unavailable" in low:
            return self.unavailable(text)
        return StoreUnavailableError(
            f"The knowledge store at {self.url} could not carry out the request ({text}).",
            url=self.url,
            reason=text,
        )


def _said(error: BaseException) -> str:
    """The reason of an error in one line."""
    text = " ".join(str(getattr(error, "message", None) or error or type(error).__name__).split())
    for mark in ('details = "', "'message': '", "'message': \""):
        if mark in text:
            text = text.split(mark, 1)[1].split(mark[-1], 1)[0]
    return text[:300].rstrip(".") or type(error).__name__


class Collection:
    """One collection, or one tenant's part of it."""

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
        where: Where | None,
        limit: int,
        shown: Sequence[str],
        vectors: bool,
    ) -> list[StoredObject]:
        """The best by words and meaning, fused by the server."""
        kind = HybridFusion.RELATIVE_SCORE if fusion == "relative" else HybridFusion.RANKED
        found = await self.server.ask(
            lambda: self._handle.query.hybrid(
                query=query or None,
                vector=None if vector is None else vector.tolist(),
                alpha=alpha,
                fusion_type=kind,
                query_properties=["words"],
                filters=where,
                limit=limit,
                include_vector=vectors,
                return_metadata=MetadataQuery(score=True, explain_score=True),
                return_properties=list(shown),
            )
        )
        return [_stored(o) for o in found.objects]

    async def lexical(
        self, query: str, *, where: Where | None, limit: int, shown: Sequence[str] = ()
    ) -> list[StoredObject]:
        """The best by words alone, each with its BM25 score."""
        found = await self.server.ask(
            lambda: self._handle.query.bm25(
                query=query,
                query_properties=["words"],
                filters=where,
                limit=limit,
                return_metadata=MetadataQuery(score=True),
                return_properties=list(shown),
            )
        )
        return [_stored(o) for o in found.objects]

    async def fetch(
        self,
        where: Where,
        *,
        limit: int = PAGE,
        shown: Sequence[str] = (),
        vectors: bool = False,
        oldest_first: bool = False,
    ) -> list[StoredObject]:
        """Objects without a search."""
        found = await self.server.write(
            lambda: self._handle.query.fetch_objects(
                filters=where,
                limit=limit,
                sort=Sort.by_property("turn") if oldest_first else None,
                include_vector=vectors,
                return_properties=list(shown),
            )
        )
        return [_stored(o) for o in found.objects]

    async def count(self, where: Where) -> int:
        """How many objects there are."""
        answer = await self.server.write(
            lambda: self._handle.aggregate.over_all(filters=where, total_count=True)
        )
        return int(answer.total_count or 0)

    async def insert(self, objects: Sequence[StoredObject]) -> None:
        """Put objects, in place of those with their ids. What failed for a while is tried again;
        if some still fail, one error says how many."""
        left = [
            DataObject(
                properties=dict(o.properties),
                uuid=o.id,
                vector=None if o.vector is None else {VECTOR: o.vector.tolist()},
            )
            for o in objects
        ]
        async for attempt in stamina.retry_context(
            on=_passes, attempts=_TRIES, timeout=None, wait_initial=0.2, wait_max=2.0
        ):
            with attempt:
                left = await self._inserted(left)

    async def _inserted(self, objects: list[Any]) -> list[Any]:
        """Those that failed, none; raises where some did."""
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
        if not failed:
            return []
        objects[:] = failed
        fault = self.server.fault(reasons[0])
        reason = f"{len(failed)} of its objects failed, the first: {fault.data['reason']}"
        raise type(fault)(url=self.server.url, reason=reason)

    async def change(self, changes: Iterable[tuple[str, Properties, Vectors | None]]) -> None:
        """Change properties or vectors of objects, several at once; ids that are gone are
        skipped."""
        waiting = list(changes)

        async def work() -> None:
            while waiting:
                await self.server.write(partial(self._change, *waiting.pop()))

        try:
            await asyncio.gather(*(work() for _ in range(min(_AT_ONCE, len(waiting)))))
        finally:
            waiting.clear()

    async def _change(self, id: str, properties: Properties, vector: Vectors | None) -> None:  # noqa: A002
        given = None if vector is None else {VECTOR: vector.tolist()}
        try:
            await self._handle.data.update(id, properties=properties, vector=given)
        except UnexpectedStatusCodeError as error:
            if error.status_code != 404:
                raise

    async def delete(self, where: Where) -> None:
        """Delete objects, however many."""
        while True:
            done = await self.server.write(lambda: self._handle.data.delete_many(where=where))
            if done.failed:
                raise self.server.fault(f"{done.failed} objects could not be deleted")
            if done.matches < MOST:
                return


def _passes(error: Exception) -> bool:
    return isinstance(error, StoreUnavailableError) and not isinstance(
        error, (StoreKeyError, StoreReadOnlyError)
    )


def _text(name: str, **more: Any) -> Property:
    return Property(
        name=name, data_type=DataType.TEXT, index_filterable=False, index_searchable=False, **more
    )


def _exact(name: str, kind: DataType = DataType.TEXT) -> Property:
    return Property(
        name=name,
        data_type=kind,
        index_filterable=True,
        index_searchable=False,
        tokenization=Tokenization.FIELD,
    )


def _number(name: str, *, ranges: bool = False) -> Property:
    return Property(
        name=name,
        data_type=DataType.INT,
        index_filterable=ranges,
        index_range_filters=ranges,
    )


def _flag(name: str) -> Property:
    return Property(name=name, data_type=DataType.BOOL, index_filterable=True)


_PROPERTIES = [
    *(_text(name) for name in ("revision", "title", "text", "uri")),
    Property(
        name="headings",
        data_type=DataType.TEXT_ARRAY,
        index_filterable=False,
        index_searchable=False,
    ),
    *(_exact(name) for name in ("chunk", "document", "source", "document_key")),
    _exact("groups", DataType.TEXT_ARRAY),
    Property(
        name="words",
        data_type=DataType.TEXT,
        index_filterable=False,
        index_searchable=True,
        tokenization=Tokenization.WHITESPACE,
    ),
    *(_number(name) for name in ("ordinal", "start", "end", "chunks")),
    *(_number(name, ranges=True) for name in ("bucket", "place", "turn")),
    *(_flag(name) for name in ("first", "last", "embedded")),
]


def any_of(name: str, values: Sequence[str]) -> Where:
    """Objects with one of these values."""
    return Filter.by_property(name).contains_any(list(values))


def none_of(name: str, values: Sequence[str]) -> Where:
    """Objects with none of these values."""
    return Filter.by_property(name).contains_none(list(values))


def is_(name: str, value: str | bool) -> Where:
    """Objects with this value."""
    return Filter.by_property(name).equal(value)


def between(name: str, low: int, high: int) -> Where:
    """Objects with a number from ``low`` to below ``high``."""
    by = Filter.by_property(name)
    return by.greater_or_equal(low) & by.less_than(high)


def with_ids(ids: Sequence[str]) -> Where:
    """Objects of these ids."""
    return Filter.by_id().contains_any(list(ids))


def _stored(found: Any) -> StoredObject:
    vector = (found.vector or {}).get(VECTOR)
    return StoredObject(
        id=str(found.uuid),
        properties=found.properties,
        vector=np.array(vector, np.float32) if vector else None,
        score=float(found.metadata.score or 0.0),
        explained=found.metadata.explain_score or "",
    )
