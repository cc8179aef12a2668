"""The stand-in's HTTP side: authentication, faults, limits, and the door to the methods."""

from __future__ import annotations

import asyncio
import base64
import json
import time

from aiohttp import web

from tests.platforms import slack_chat, slack_files, slack_lookups, slack_surfaces
from tests.platforms.slack_faults import Budget, Fault
from tests.platforms.slack_methods import METHODS, Args, Caller, RefusedError, Registered
from tests.platforms.slack_outbox import Outbox
from tests.platforms.slack_state import Call, Team, World
from tests.platforms.slack_words import Json

_REGISTERING = (slack_chat, slack_files, slack_lookups, slack_surfaces)
_LOGIN = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body></body></html>"


class WebApi:
    """Answers requests to ``/api/…``, response addresses, files and Socket Mode."""

    def __init__(self, world: World, outbox: Outbox, app_token: str) -> None:
        self.world = world
        self.outbox = outbox
        self.app_token = app_token
        self.faults: list[Fault] = []
        self.budget: Budget | None = None
        self.strict_scopes = False

    def application(self) -> web.Application:
        """Everything under its paths."""
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/api/{method}", self._call)
        application.router.add_post("/response/{key}", self._respond)
        application.router.add_get("/files-pri/{id}/{rest:.*}", self._file)
        application.router.add_post("/upload/{id}", self._upload)
        application.router.add_get("/link/", self._link)
        return application

    async def _call(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        raw = await _arguments(request)
        token = _token(request, raw)
        fault = self._fault(name, raw)
        if fault is None:
            return await self._answer(name, raw, token)
        await asyncio.sleep(fault.delay)
        if fault.refuse:
            self._note(name, raw, token, "refused")
            return _abort(request)
        if fault.fails and not fault.done:
            return self._strike(name, raw, token, fault)
        response = await self._answer(name, raw, token)
        if fault.fails:
            return self._strike("", raw, token, fault)
        await asyncio.sleep(3600 if fault.hang else fault.late)
        return await _cut(request) if fault.cut else response

    def _fault(self, name: str, raw: Json) -> Fault | None:
        return next((fault for fault in self.faults if fault.strikes(name, raw)), None)

    def _strike(self, name: str, raw: Json, token: str, fault: Fault) -> web.Response:
        error = fault.error or ("ratelimited" if fault.status == 429 else "internal_error")
        if name:
            self._note(name, raw, token, error)
        headers = {}
        if fault.retry_after is not None or fault.status == 429:
            headers["Retry-After"] = (
                f"{fault.retry_after if fault.retry_after is not None else 1:g}"
            )
        if fault.status >= 500:
            return web.Response(status=fault.status, text="<html>Server Error</html>",
                                content_type="text/html")  # fmt: skip
        status = 429 if fault.retry_after is not None else fault.status
        return web.json_response({"ok": False, "error": error}, status=status, headers=headers)

    async def _answer(self, name: str, raw: Json, token: str) -> web.Response:
        try:
            registered = _registered(name)
            team = self._team(registered, token)
            if self.budget is not None:
                channel = str(raw.get("channel", ""))
                seconds = self.budget.wait(name, team.id, channel)
                if seconds:
                    self._note(name, raw, token, "ratelimited")
                    return web.json_response(
                        {"ok": False, "error": "ratelimited"},
                        status=429,
                        headers={"Retry-After": str(seconds)},
                    )
            self._scopes(registered, team)
            given = await registered.run(Caller(self.world, team, token), Args(raw))
        except RefusedError as refusal:
            self._note(name, raw, token, refusal.error)
            return web.json_response({"ok": False, "error": refusal.error, **refusal.more})
        self._note(name, raw, token, "")
        scopes = ",".join(sorted(team.scopes if team.scopes is not None else ALL_SCOPES))
        return web.json_response({"ok": True, **given}, headers={"x-oauth-scopes": scopes})

    def _team(self, registered: Registered, token: str) -> Team:
        """Whose token it is; refused like Slack does where it is none, or the wrong kind."""
        if registered.token == "none":
            return next(iter(self.world.teams.values()))
        if not token:
            raise RefusedError("not_authed")
        if token == self.app_token:
            if registered.token != "app":
                raise RefusedError("not_allowed_token_type")
            return next(iter(self.world.teams.values()))
        for team in self.world.teams.values():
            if team.token == token:
                if registered.token != "bot":
                    raise RefusedError("not_allowed_token_type")
                if not team.installed:
                    raise RefusedError("account_inactive")
                return team
        raise RefusedError("invalid_auth")

    def _scopes(self, registered: Registered, team: Team) -> None:
        if not self.strict_scopes or team.scopes is None:
            return
        for scope in registered.scopes:
            if not any(scope_fits(scope, granted) for granted in team.scopes):
                provided = ",".join(sorted(team.scopes))
                raise RefusedError("missing_scope", needed=scope, provided=provided)

    def _note(self, name: str, raw: Json, token: str, error: str) -> None:
        args = {key: value for key, value in raw.items() if key != "token"}
        self.world.calls.append(Call(name, args, time.time(), token, error))

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        raw = json.loads(await request.text())
        fault = self._fault("response_url", raw)
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.refuse:
                return _abort(request)
            if fault.fails:
                return self._strike("response_url", raw, "", fault)
        error = slack_surfaces.respond(self.world, request.match_info["key"], raw)
        self._note("response_url", raw, "", error)
        if fault is not None and fault.cut:
            return await _cut(request)
        if error:
            return web.json_response({"ok": False, "error": error}, status=404)
        return web.Response(text="ok")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        raw = {"file": request.match_info["id"]}
        fault = self._fault("file", raw)
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.cut or fault.refuse:
                return await _cut(request)
            if fault.status != 200:
                return web.Response(status=fault.status)
        token = _token(request, {})
        team = next((t for t in self.world.teams.values() if t.token == token), None)
        allowed = team is not None and team.installed
        if team is not None and team.scopes is not None and self.strict_scopes:
            allowed = allowed and "files:read" in team.scopes
        self._note("file", raw, token, "" if allowed else "login page")
        if not allowed:
            return web.Response(text=_LOGIN, content_type="text/html")
        file = self.world.files.get(request.match_info["id"].partition("-")[2])
        if file is None or file.deleted:
            return web.Response(status=404, text="File not found")
        headers = {"Content-Type": file.mimetype}
        return web.Response(body=file.content, headers=headers)

    async def _upload(self, request: web.Request) -> web.Response:
        file = self.world.files[request.match_info["id"]]
        if request.content_type.startswith("multipart/"):
            posted = await request.post()
            part = next(iter(posted.values()))
            assert isinstance(part, web.FileField)
            file.content = part.file.read()
        else:
            file.content = await request.read()
        return web.Response(text=f"OK - {len(file.content)}")

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        return await self.outbox.serve(request)


def _registered(name: str) -> Registered:
    if name not in METHODS:
        raise RefusedError("unknown_method", req_method=name)
    return METHODS[name]


ALL_SCOPES = frozenset(
    {scope for registered in METHODS.values() for scope in registered.scopes}
    | {"app_mentions:read", "commands", "groups:history", "im:history", "mpim:history",
       "groups:read", "im:read", "mpim:read"}
)  # fmt: skip


def scope_fits(needed: str, granted: str) -> bool:
    """``channels:read`` is also met by the same right on another kind of conversation."""
    kinds = ("channels:", "groups:", "im:", "mpim:")
    if needed.startswith(kinds) and granted.startswith(kinds):
        return needed.partition(":")[2] == granted.partition(":")[2]
    return needed == granted


async def _arguments(request: web.Request) -> Json:
    """The arguments from the query and from a form or a JSON body."""
    raw: Json = dict(request.query)
    if request.content_type == "application/json":
        text = await request.text()
        body = json.loads(text) if text else {}
        return raw | body
    posted = await request.post()
    return raw | {key: value for key, value in posted.items() if isinstance(value, str)}


def _token(request: web.Request, raw: Json) -> str:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip()
    if header.startswith("Basic "):
        client = base64.b64decode(header.removeprefix("Basic ")).decode().split(":", 1)
        raw.setdefault("client_id", client[0])
        raw.setdefault("client_secret", client[-1])
    return str(raw.get("token", ""))


def _abort(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut(request: web.Request) -> web.StreamResponse:
    """Half of an answer, then the end of the connection."""
    response = web.StreamResponse(headers={"Content-Length": "100"})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(b'{"ok": true, ')
    if request.transport is not None:
        request.transport.abort()
    return response
