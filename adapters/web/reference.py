"""The API's reference as a page of our own: no script, nothing from another host."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a body."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of the API."""

    method: str
    path: str
    summary: str
    description: str
    needs_token: bool
    headers: tuple[str, ...]
    request: tuple[Field, ...]
    example: str
    answer: tuple[Field, ...]
    responses: tuple[tuple[str, str], ...]


def operations_of(schema: Mapping[str, Any]) -> list[Operation]:
    """The operations of an OpenAPI document, in its order."""
    return [
        _operation(schema, path, method, item[method])
        for path, item in schema.get("paths", {}).items()
        for method in _METHODS
        if method in item
    ]


def _operation(
    schema: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> Operation:
    body = _resolved(schema, _json_schema(operation.get("requestBody", {})))
    responses = operation.get("responses", {})
    answer = _resolved(schema, _json_schema(responses.get("200", {})))
    example = body.get("example")
    return Operation(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        needs_token=bool(operation.get("security")),
        headers=tuple(p["name"] for p in operation.get("parameters", ()) if p["in"] == "header"),
        request=_fields(schema, body),
        example=json.dumps(example, ensure_ascii=False) if example else "",
        answer=_fields(schema, answer),
        responses=tuple(sorted((code, r["description"]) for code, r in responses.items())),
    )


def _json_schema(part: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = part.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _resolved(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = part.get("$ref")
    if not reference:
        return part
    found: Mapping[str, Any] = schema["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _fields(schema: Mapping[str, Any], part: Mapping[str, Any]) -> tuple[Field, ...]:
    required = part.get("required", ())
    return tuple(
        Field(name, _type(schema, member), name in required, member.get("description", ""))
        for name, member in part.get("properties", {}).items()
    )


def _type(schema: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    part = _resolved(schema, part)
    if "anyOf" in part:
        kinds = [_type(schema, p) for p in part["anyOf"] if p.get("type") != "null"]
        return " or ".join(kinds)
    if "enum" in part:
        return " | ".join(part["enum"])
    if part.get("type") == "array":
        return f"list of {_type(schema, part.get('items', {}))}"
    if part.get("properties"):
        return "{" + ", ".join(part["properties"]) + "}"
    return str(part.get("type", "anything"))
