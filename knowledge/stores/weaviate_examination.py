"""What an operator should know about a Weaviate server: each thing that may be wrong, by itself.

It looks over plain HTTP and gRPC, without the client: that one wants both to work before it says
anything, and a blocked gRPC port is the commonest mistake.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import grpc  # type: ignore[import-untyped]  # it ships no types
import httpx2

from bot.errors import KnowledgeError
from knowledge.stores.description import Described, checked
from knowledge.stores.faults import Address

_LEAST = (1, 33)
"""The first version with everything that we use: aliases and filters for none of some values."""

_START = "Start it with `docker compose up weaviate`, or correct WEAVIATE_URL."
_ADDRESS = "Correct WEAVIATE_URL and WEAVIATE_GRPC_URL."
_KEY = "Set WEAVIATE_API_KEY to one of the server's AUTHENTICATION_APIKEY_ALLOWED_KEYS."
_GRPC = (
    "Open the server's gRPC port (50051 by default) to this machine, as the HTTP port is, or"
    " correct WEAVIATE_GRPC_URL."
)
_NODES = "Start the nodes that are missing; until then writes and answers may fail."
_REPLICAS = "Start more nodes, or set fewer replicas in [weaviate] of wellspoken.toml."
_ANOTHER = "Set another `collection` in [weaviate] of wellspoken.toml, or install what made it."
_SPACE = (
    "Free some space on the server's disk, restart it, and set the shards back to READY"
    " (PUT /v1/schema/{name}/shards/…); nothing stored is lost."
)
_HEALTH = "/grpc.health.v1.Health/Check"


@dataclass(frozen=True, slots=True)
class Target:
    """The server as it is set."""

    url: str
    grpc_url: str | None
    key: str | None = field(repr=False)
    collection: str
    tenant: str | None = None
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``fix`` is empty where nothing is wrong."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


class _RefusedError(Exception):
    """A request that the server answered with something else than success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


async def examine_weaviate(target: Target, patience_s: float = 5.0) -> list[Finding]:
    """Everything that can be looked at, in the order in which to mend it. Raises nothing that the
    server can cause; takes up to a few times ``patience_s`` where it hangs."""
    try:
        http = Address.parse(target.url, 8080)
        spoken = Address.parse(target.grpc_url or f"//{http.host}:50051", 50051)
    except ValueError:
        detail = f"{target.url} and {target.grpc_url} must be addresses like http://host:8080"
        return [Finding("weaviate", ok=False, detail=detail, fix=_ADDRESS)]
    if not target.grpc_url:
        spoken = replace(spoken, secure=http.secure)
    async with httpx2.AsyncClient(
        base_url=f"{'https' if http.secure else 'http'}://{http}/v1/",
        headers={"Authorization": f"Bearer {target.key}"} if target.key else {},
        timeout=patience_s,
        trust_env=False,
    ) as client:
        over_grpc, found = await asyncio.gather(
            _grpc_finding(spoken, patience_s), _http_findings(client, target)
        )
    return [*found[:2], over_grpc, *found[2:]] if found[0].ok else found


# -- HTTP ----------------------------------------------------------------------------------------


async def _http_findings(client: httpx2.AsyncClient, target: Target) -> list[Finding]:
    try:
        await client.get(".well-known/live")
        ready = (await client.get(".well-known/ready")).status_code
    except httpx2.HTTPError as error:
        detail = f"{target.url} does not answer ({_reason(error)})"
        return [Finding("weaviate", ok=False, detail=detail, fix=_START)]
    try:
        meta = await _get(client, "meta")
    except _RefusedError as error:
        if error.status in (401, 403):
            answers = Finding("weaviate", ok=True, detail=f"{target.url} answers")
            detail = "the key is refused" if target.key else "it wants a key, and none is set"
            return [answers, Finding("weaviate key", ok=False, detail=detail, fix=_KEY)]
        meta = {}
    except (httpx2.HTTPError, ValueError):
        meta = {}
    version = str(meta.get("version") or "")
    if not version:
        detail = f"what answers at {target.url} is no Weaviate"
        return [Finding("weaviate", ok=False, detail=detail, fix="Correct WEAVIATE_URL.")]
    accepted = "accepted" if target.key else "none set, none wanted"
    return [
        _version_finding(target.url, version, ready),
        Finding("weaviate key", ok=True, detail=accepted),
        *await _inner_findings(client, target),
    ]


def _version_finding(url: str, version: str, ready: int) -> Finding:
    numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:2])
    if numbers < _LEAST:
        least = ".".join(map(str, _LEAST))
        detail = f"{url} is version {version}; {least} or newer is needed"
        return Finding("weaviate", ok=False, detail=detail, fix="Install a newer Weaviate.")
    if ready != httpx2.codes.OK:
        detail = f"{url} answers, but is not ready (version {version})"
        fix = "Wait until it has started, and see its log."
        return Finding("weaviate", ok=False, detail=detail, fix=fix)
    return Finding("weaviate", ok=True, detail=f"{url} answers, version {version}")


async def _inner_findings(client: httpx2.AsyncClient, target: Target) -> list[Finding]:
    """Nodes, collection and disk; what cannot be asked is said as it is."""
    try:
        nodes = (await _get(client, "nodes?output=verbose")).get("nodes") or []
        findings = [_nodes_finding(nodes, target.replicas)]
        collection, name = await _collection_finding(client, target)
        findings.append(collection)
        if name:
            findings.append(_disk_finding(nodes, name))
    except (httpx2.HTTPError, _RefusedError, ValueError) as error:
        detail = f"the server does not say how it is ({_reason(error)})"
        fix = "Give the key the rights to read nodes, aliases and collections."
        return [Finding("weaviate nodes", ok=False, detail=detail, fix=fix)]
    return findings


def _nodes_finding(nodes: Sequence[Mapping[str, Any]], replicas: int) -> Finding:
    well = [n for n in nodes if n.get("status") == "HEALTHY"]
    detail = f"{len(well)} of {len(nodes)} healthy, {replicas} replica{'s' * (replicas != 1)} set"
    if len(well) < len(nodes):
        names = ", ".join(str(n.get("name")) for n in nodes if n not in well)
        return Finding("weaviate nodes", ok=False, detail=f"{detail}; down: {names}", fix=_NODES)
    if replicas > len(nodes):
        return Finding("weaviate nodes", ok=False, detail=detail, fix=_REPLICAS)
    return Finding("weaviate nodes", ok=True, detail=detail)


async def _collection_finding(client: httpx2.AsyncClient, target: Target) -> tuple[Finding, str]:
    """The collection behind the alias, and its name where there is one of ours."""
    aliases = (await _get(client, "aliases")).get("aliases") or []
    classes = {
        str(c.get("class")): str(c.get("description") or "")
        for c in (await _get(client, "schema")).get("classes") or []
    }
    label = "weaviate collection"
    if target.tenant is None:
        names = [str(a["class"]) for a in aliases if a.get("alias") == target.collection]
    else:
        prefix = f"{target.collection}_tenant_"
        names = [str(a["class"]) for a in aliases if str(a.get("alias")).startswith(prefix)]
    if target.collection in classes:
        detail = f"{target.collection} is a collection of another program"
        return Finding(label, ok=False, detail=detail, fix=_ANOTHER), ""
    if not names:
        return Finding(label, ok=True, detail="none yet; it is made with the first start"), ""
    try:
        found = checked(names[0], classes.get(names[0], ""))
    except KnowledgeError as error:
        return Finding(label, ok=False, detail=str(error), fix=_ANOTHER), ""
    return Finding(label, ok=True, detail=_described(target.collection, names[0], found)), names[0]


def _described(alias: str, name: str, found: Described) -> str:
    built = found.built_at.strftime("%d %b %Y")
    return f"{alias} is {name}, built {built} for {found.spec.model}"


def _disk_finding(nodes: Sequence[Mapping[str, Any]], name: str) -> Finding:
    """A shard that is read-only is one whose disk was full, or that somebody set so."""
    shards = [
        (str(node.get("name")), shard)
        for node in nodes
        for shard in node.get("shards") or []
        if shard.get("class") == name
    ]
    closed = [node for node, shard in shards if shard.get("vectorIndexingStatus") == "READONLY"]
    if closed:
        where = ", ".join(dict.fromkeys(closed))
        detail = f"{len(closed)} of {len(shards)} shards take no changes, on {where}"
        return Finding("weaviate disk", ok=False, detail=detail, fix=_SPACE.format(name=name))
    waiting = sum(int(shard.get("vectorQueueLength") or 0) for _, shard in shards)
    queued = f", {waiting} vectors wait to be indexed" if waiting else ""
    count = f"{len(shards)} shard{'s' * (len(shards) != 1)}"
    return Finding("weaviate disk", ok=True, detail=f"{count} writable{queued}")


async def _get(client: httpx2.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    if not answer.is_success:
        raise _RefusedError(answer.status_code)
    said = answer.json()
    return said if isinstance(said, dict) else {}


def _reason(error: Exception) -> str:
    """In a word or two: libraries' own words are long, or none."""
    if isinstance(error, httpx2.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx2.ConnectError):
        return "no connection"
    return " ".join(str(error).split())[:120] or type(error).__name__


# -- gRPC ----------------------------------------------------------------------------------------


async def _grpc_finding(at: Address, patience_s: float) -> Finding:
    """The server's own health check, asked as any client of gRPC may."""
    options = [("grpc.enable_http_proxy", 0)]
    channel = (
        grpc.aio.secure_channel(str(at), grpc.ssl_channel_credentials(), options)
        if at.secure
        else grpc.aio.insecure_channel(str(at), options)
    )
    async with channel:
        check = channel.unary_unary(
            _HEALTH, request_serializer=lambda b: b, response_deserializer=lambda b: b
        )
        try:
            async with asyncio.timeout(patience_s):
                await check(b"")
        except TimeoutError:
            return _no_grpc(at, "no answer in time")
        except grpc.RpcError as error:
            said = str(getattr(error, "details", str)() or "")
            return _no_grpc(at, "it speaks HTTP" if "http1" in said else "no connection")
    return Finding("weaviate gRPC", ok=True, detail=f"{at} answers")


def _no_grpc(at: Address, reason: str) -> Finding:
    detail = f"{at} does not answer over gRPC ({reason})"
    return Finding("weaviate gRPC", ok=False, detail=detail, fix=_GRPC)
