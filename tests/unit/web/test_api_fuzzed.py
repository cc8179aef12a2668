"""The API against requests that its own description makes, right and wrong ones."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from adapters.web.app import create_app
from tests.platforms.web_application import TOKEN, web_application

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inside: (
        st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=12), inside, max_size=4)
    ),
    max_leaves=12,
)


def _value(schema: dict[str, Any], whole: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit a schema of ours."""
    if "$ref" in schema:
        return _value(whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], whole)
    if "anyOf" in schema:
        return st.one_of([_value(each, whole) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "string":
            return st.text(min_size=schema.get("minLength", 0), max_size=60)
        case "array":
            return st.lists(_value(schema["items"], whole), max_size=4)
        case "object":
            required = set(schema.get("required", ()))
            fields = {n: _value(s, whole) for n, s in schema["properties"].items()}
            return st.fixed_dictionaries(
                {name: value for name, value in fields.items() if name in required},
                optional={name: value for name, value in fields.items() if name not in required},
            )
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    raise AssertionError(f"no strategy for {schema}")


def _spoilt(body: Any, data: st.DataObject) -> Any:
    """A body with one member replaced by anything, or something else altogether."""
    if not isinstance(body, dict) or data.draw(st.integers(0, 4)) == 0:
        return data.draw(_ANYTHING)
    name = data.draw(st.sampled_from([*body, "question", "unknown"]))
    return {**body, name: data.draw(_ANYTHING)}


def _fits(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether a value is of the kind that a schema of ours says, all the way down."""
    if "$ref" in schema:
        return _fits(value, whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], whole)
    if "anyOf" in schema:
        return any(_fits(value, each, whole) for each in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    match schema["type"]:
        case "object" if "properties" in schema:
            return set(value) == set(schema["properties"]) and all(
                _fits(value[name], inside, whole) for name, inside in schema["properties"].items()
            )
        case "object":
            return isinstance(value, dict)
        case "array":
            return all(_fits(each, schema["items"], whole) for each in value)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
    raise AssertionError(f"no check for {schema}")


@pytest.mark.parametrize("path", ["/api/ask", "/api/feedback"])
def test_no_request_makes_the_server_fail(tmp_path: Path, path: str) -> None:
    """Whatever is sent: a status that is described, the body that goes with it, never a 500."""
    with asyncio.Runner() as runner:
        session = web_application(tmp_path)
        app = create_app(runner.run(session.__aenter__()))
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://bot.test",
            headers={"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
        )
        whole = app.openapi()
        operation = whole["paths"][path]["post"]
        described = operation["requestBody"]["content"]["application/json"]["schema"]

        @seed(20260101)
        @settings(
            max_examples=120,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(_value(described, whole), st.booleans(), st.data())
        def check(body: Any, wrong: bool, data: st.DataObject) -> None:
            sent = json.dumps(_spoilt(body, data) if wrong else body).encode("utf-8", "replace")
            answer = runner.run(client.post(path, content=sent))
            assert str(answer.status_code) in operation["responses"], answer.text
            assert answer.status_code < 500
            contents = operation["responses"][str(answer.status_code)]["content"]
            kind = answer.headers["content-type"].partition(";")[0]
            assert kind in contents
            if kind == "application/json":
                assert _fits(answer.json(), contents[kind]["schema"], whole), answer.text

        check()
        runner.run(client.aclose())
        runner.run(session.__aexit__(None, None, None))
