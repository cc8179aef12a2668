"""The stand-in's REST side: authentication, faults, limits, and the door to the routes."""

from __future__ import annotations

import asyncio
import json
import time

from aiohttp import web

from tests.platforms import discord_interactions, discord_lookups, discord_messages, discord_threads
from tests.platforms.discord_faults import Budget, Fault, limit_headers
from tests.platforms.discord_gateway import Gateway
from tests.platforms.discord_methods import Answer, RefusedError, Request, Route, found
from tests.platforms.discord_state import Call, File, World
from tests.platforms.discord_words import Json

_REGISTERING = (discord_interactions, discord_lookups, discord_messages, discord_threads)
_VIA = {"Via": "1.1 google"}


class Rest:
    """Answers requests to ``/api/v10/…``, attachments and the gateway."""

    def __init__(self, world: World, gateway: Gateway, token: str) -> None:
        self.world = world
        self.gateway = gateway
        self.token = token
        self.faults: list[Fault] = []
        self.budget: Budget | None = None

    def application(self) -> web.Application:
        """Everything under its paths."""
        application = web.Application(client_max_size=64 * 1024 * 1024)
        for base in ("/api/v10", "/api/v9", "/api"):
            application.router.add_route("*", base + "/{rest:.*}", self._call)
        application.router.add_get("/attachments/{channel}/{id}/{name}", self._attachment)
        application.router.add_get("/gateway", self.gateway.serve)
        return application

    async def _call(self, http: web.Request) -> web.StreamResponse:
        there = found(http.method, "/" + http.match_info["rest"])
        if isinstance(there, int):
            words = {404: "404: Not Found", 405: "405: Method Not Allowed"}[there]
            self._note("unknown", http, {}, there, 0)
            return _json({"message": words, "code": 0}, there)
        route, path = there
        body, files, readable = await self._body(http)
        fault = next((one for one in self.faults if one.strikes(route.name, path)), None)
        answering = self._answer(http, route, path, body, files, readable)
        if fault is None:
            return await answering
        await asyncio.sleep(fault.delay)
        if fault.refuse or (fault.fails and not fault.done):
            answering.close()
            status = 0 if fault.refuse else _struck(fault).status
            self._note(route.name, http, body | path, status, fault.code, "refused")
            return _abort(http) if fault.refuse else _struck(fault)
        response = await answering
        if fault.fails:
            return _struck(fault)
        await asyncio.sleep(3600 if fault.hang else fault.late)
        return await _cut(http) if fault.cut else response

    async def _body(self, http: web.Request) -> tuple[Json, dict[str, File], bool]:
        """The JSON of a body, and its files; whether it could be read."""
        files: dict[str, File] = {}
        if http.content_type.startswith("multipart/"):
            posted = await http.post()
            text = str(posted.get("payload_json", "{}"))
            for name, part in posted.items():
                if isinstance(part, web.FileField):
                    content = part.file.read()
                    files[name] = File(self.world.new_id(), part.filename, content,
                                       _type_of(part.filename))  # fmt: skip
        else:
            text = await http.text() if http.can_read_body else ""
        try:
            given = json.loads(text) if text else {}
        except ValueError:
            return {}, files, False
        return given if isinstance(given, dict) else {"list": given}, files, True

    async def _answer(
        self, http: web.Request, route: Route, path: dict[str, str], body: Json,
        files: dict[str, File], readable: bool,
    ) -> web.Response:  # fmt: skip
        headers = limit_headers(route.name)
        if not route.public and http.headers.get("Authorization") != f"Bot {self.token}":
            self._note(route.name, http, body | path, 401, 0)
            return _json({"message": "401: Unauthorized", "code": 0}, 401)
        if self.budget is not None:
            wait, everything, headers = self.budget.take(route.name, route.major(path))
            if wait:
                self._note(route.name, http, body | path, 429, 0)
                return limited(wait, everything, headers)
        if not readable:
            self._note(route.name, http, path, 400, 50109)
            words = {"message": "The request body contains invalid JSON.", "code": 50109}
            return _json(words, 400, headers)
        try:
            request = Request(self.world, path, dict(http.query), body, files)
            given: Answer = await route.run(request)
        except RefusedError as refusal:
            self._note(route.name, http, body | path, refusal.status, refusal.code)
            words = {"message": refusal.words, "code": refusal.code, **refusal.more}
            return _json(words, refusal.status, headers)
        status = 204 if given is None else 200
        self._note(route.name, http, body | path, status, 0)
        return _json(given, status, headers)

    def _note(
        self, name: str, http: web.Request, args: Json, status: int, code: int, struck: str = ""
    ) -> None:
        path = "/" + http.match_info["rest"]
        args = args | {key: value for key, value in http.query.items() if key not in args}
        call = Call(name, http.method, path, args, time.time(), status, code, struck)
        self.world.calls.append(call)

    async def _attachment(self, http: web.Request) -> web.StreamResponse:
        file = self.world.files.get(http.match_info["id"])
        path = {"channel": http.match_info["channel"]}
        fault = next((one for one in self.faults if one.strikes("attachment", path)), None)
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.cut or fault.refuse:
                return await _cut(http)
            if fault.fails:
                return web.Response(status=fault.status)
        status = 200
        if file is None or file.name != http.match_info["name"] or file.until < self.world.now():
            status = 404
        call = Call("attachment", "GET", http.path, path, time.time(), status)
        self.world.calls.append(call)
        if status == 404 or file is None:
            return web.Response(status=404, text="This content is no longer available.")
        kind = file.content_type or "application/octet-stream"
        return web.Response(body=file.content, headers={"Content-Type": kind})


def limited(wait: float, everything: bool, headers: dict[str, str]) -> web.Response:
    """A 429 of a bucket or of everything."""
    words = {"message": "You are being rate limited.", "retry_after": round(wait, 3),
             "global": everything}  # fmt: skip
    scope = {"X-RateLimit-Scope": "global" if everything else "user"}
    scope |= {"X-RateLimit-Global": "true"} if everything else {}
    return _json(words, 429, {**headers, **scope, "Retry-After": f"{wait:.0f}"})


def _struck(fault: Fault) -> web.Response:
    if fault.ban:
        headers = {"Retry-After": f"{fault.retry_after or 60:.0f}"}
        return web.Response(status=429, text="error code: 1015", headers=headers)
    if fault.retry_after is not None or fault.status == 429:
        empty = limit_headers(fault.route, 5, 0, fault.retry_after or 1.0)
        return limited(fault.retry_after or 1.0, fault.everything, empty)
    if fault.code:
        refusal = RefusedError(fault.code)
        return _json({"message": refusal.words, "code": fault.code}, refusal.status)
    if fault.status >= 500:
        return web.Response(status=fault.status, text="<html>upstream error</html>",
                            content_type="text/html", headers=_VIA)  # fmt: skip
    return _json({"message": f"{fault.status}", "code": 0}, fault.status)


def _json(given: Answer, status: int, headers: dict[str, str] | None = None) -> web.Response:
    """JSON exactly as Discord labels it: discord.py knows ``application/json`` alone."""
    body = b"" if status == 204 else json.dumps(given).encode()
    kind = {} if status == 204 else {"Content-Type": "application/json"}
    return web.Response(status=status, body=body, headers={**kind, **_VIA, **(headers or {})})


def _type_of(name: str) -> str:
    kinds = {"txt": "text/plain; charset=utf-8", "md": "text/markdown; charset=utf-8",
             "pdf": "application/pdf", "png": "image/png", "json": "application/json"}  # fmt: skip
    return kinds.get(name.rpartition(".")[2].lower(), "")


def _abort(http: web.Request) -> web.Response:
    if http.transport is not None:
        http.transport.abort()
    return web.Response()


async def _cut(http: web.Request) -> web.StreamResponse:
    """Half of an answer, then the end of the connection."""
    response = web.StreamResponse(headers={"Content-Length": "100", **_VIA})
    response.content_type = "application/json"
    await response.prepare(http)
    await response.write(b'{"id": ')
    if http.transport is not None:
        http.transport.abort()
    return response
