"""Every form of the console changes something only where the console itself wrote it."""

from __future__ import annotations

import httpx2
from fastapi import APIRouter
from fastapi.routing import APIRoute

from adapters.web.console.base import Console
from adapters.web.console.rooms import console_router
from adapters.web.console.uploads import UPLOAD
from tests.platforms.web_application import WebApplication
from tests.unit.web.test_chat import sign_in

_FITTING = {"verdict": "rejected", "to": "1", "percent": "10", "page": "1", "count": "1"}


def _forms(router: APIRouter) -> list[APIRoute]:
    found = [route for route in router.routes if isinstance(route, APIRoute)]
    return [r for r in found if r.methods and r.methods - {"GET", "HEAD"}]


async def test_no_form_is_taken_without_its_hidden_value(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """All but the one that signs in, also those that are written next."""
    await sign_in(browser)
    router = console_router(Console(application, None, None, None))  # type: ignore[arg-type]  # asked for nothing
    forms = [route for route in _forms(router) if route.path != "/console/login"]
    assert len(forms) > 10
    for route in forms:
        fields = {field.alias: "x" for field in route.dependant.body_params}
        sent = {name: _FITTING.get(name, value) for name, value in fields.items()}
        address = route.path.format(**dict.fromkeys(_names(route.path), "x"))
        told = await browser.post(address, data={**sent, "csrf": "made up"})
        assert told.status_code == 403, route.path
        assert "csrf" in fields or route.path == UPLOAD, route.path  # it reads its form as it comes
    file = [("files", ("plans.md", b"# Plans"))]
    told = await browser.post(UPLOAD, data={"csrf": "made up", "readers": "everybody"}, files=file)
    assert told.status_code == 403


def _names(path: str) -> list[str]:
    return [part.strip("{}") for part in path.split("/") if part.startswith("{")]
