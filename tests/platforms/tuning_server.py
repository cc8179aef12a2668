"""A stand-in for a service with the OpenAI ``files`` and ``fine_tuning.jobs`` API.

Jobs stand still until a test moves them: ``advance`` and ``end``. ``refusal`` makes the creation of
jobs fail, ``refused_file`` the upload of files whose names end so, ``down`` everything,
``lost_after`` cuts the connection after a request was carried out.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from typing import Any, Self

from aiohttp import web

from tests.platforms.stand_in import Served, Watched, serve


def _error(status: int, message: str, code: str = "invalid_request_error") -> web.Response:
    body = {"error": {"message": message, "type": code, "code": code}}
    return web.json_response(body, status=status)


class TuningServer(Served, Watched):
    """The service. ``files`` and ``jobs`` are what it holds, by id."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[str] = []
        self.refusal: tuple[int, str] | None = None
        self.refused_file = ""
        self.lost_after: set[str] = set()
        self.down = False
        self.eventless = False
        self.plain = False
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        return f"{self.address}/v1"

    def _last_calls(self) -> list[str]:
        return self.calls[-10:]

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._befall], client_max_size=2**28)
        application.add_routes(
            [
                web.get("/v1/files", self._list_files),
                web.post("/v1/files", self._upload),
                web.delete("/v1/files/{id}", self._delete),
                web.get("/v1/fine_tuning/jobs", self._list_jobs),
                web.post("/v1/fine_tuning/jobs", self._create),
                web.get("/v1/fine_tuning/jobs/{id}", self._retrieve),
                web.get("/v1/fine_tuning/jobs/{id}/events", self._list_events),
                web.post("/v1/fine_tuning/jobs/{id}/cancel", self._cancel),
            ]
        )
        await self._listen(application)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._hear_no_more()

    # -- what a test does ----------------------------------------------------------------------

    def advance(self, job: str, step: int, steps: int, loss: float) -> None:
        """A job got as far as a step."""
        self.jobs[job]["status"] = "running"
        data = {"step": step, "total_steps": steps, "train_loss": loss}
        self._happened(job, f"Step {step}/{steps}: training loss={loss}", "metrics", data)

    def end(self, job: str, status: str = "succeeded", error: str = "") -> None:
        """A job is over."""
        found = self.jobs[job]
        found["status"] = status
        found["finished_at"] = int(time.time())
        if status == "succeeded":
            found["fine_tuned_model"] = f"ft:{found['model']}:{found['suffix']}"
        if error:
            found["error"] = {"code": "failed", "message": error, "param": None}
        self._happened(job, f"The job {status}", "message", None)

    def _happened(self, job: str, message: str, kind: str, data: Any) -> None:
        event = {
            "id": f"ftevent-{next(self._numbers)}", "object": "fine_tuning.job.event",
            "created_at": int(time.time()), "level": "info", "message": message, "type": kind,
            "data": data,
        }  # fmt: skip
        self.events[job].append(event)

    # -- the API -------------------------------------------------------------------------------

    @web.middleware
    async def _befall(self, request: web.Request, handler: Any) -> web.StreamResponse:
        call = f"{request.method} {request.path}"
        self.calls.append(call)
        if self.down:
            return _error(503, "The service is down.", "server_error")
        response: web.StreamResponse = await handler(request)
        if call in self.lost_after:
            self.lost_after.discard(call)
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file: Any = form["file"]
        content = file.file.read()
        if self.refused_file and file.filename.endswith(self.refused_file):
            return _error(400, "Invalid file format.")
        try:
            lines = [json.loads(line) for line in content.splitlines() if line.strip()]
        except ValueError:
            return _error(400, "Invalid file format: a line is no JSON.")
        name = f"file-{next(self._numbers)}"
        self.contents[name] = content
        self.files[name] = {
            "id": name, "object": "file", "bytes": len(content), "created_at": int(time.time()),
            "filename": file.filename, "purpose": str(form["purpose"]), "status": "processed",
            "lines": len(lines),
        }  # fmt: skip
        return web.json_response(self.files[name])

    async def _list_files(self, request: web.Request) -> web.Response:
        return _page(request, list(self.files.values()))

    async def _delete(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if self.files.pop(name, None) is None:
            return _error(404, f"No such File object: {name}")
        return web.json_response({"id": name, "object": "file", "deleted": True})

    async def _create(self, request: web.Request) -> web.Response:
        if self.refusal is not None:
            return _error(*self.refusal)
        body = await request.json()
        missing = [
            body[field]
            for field in ("training_file", "validation_file")
            if field in body and body[field] not in self.files
        ]
        if missing:
            return _error(400, f"No such file: {missing[0]}")
        name = f"ftjob-{next(self._numbers)}"
        self.jobs[name] = {
            "id": name, "object": "fine_tuning.job", "created_at": int(time.time()), "error": None,
            "fine_tuned_model": None, "finished_at": None, "hyperparameters": {"n_epochs": 3},
            "model": body["model"], "organization_id": "org", "result_files": [], "seed": 1,
            "status": "validating_files", "trained_tokens": None,
            "training_file": body["training_file"], "suffix": body.get("suffix"),
            "validation_file": body.get("validation_file"), "metadata": body.get("metadata"),
            "method": body.get("method"),
        }  # fmt: skip
        self.events[name] = []
        self._happened(name, "Created the job", "message", None)
        return web.json_response(self.jobs[name])

    async def _list_jobs(self, request: web.Request) -> web.Response:
        return _page(request, list(self.jobs.values())[::-1])

    async def _retrieve(self, request: web.Request) -> web.Response:
        found = self.jobs.get(request.match_info["id"])
        return web.json_response(found) if found else _error(404, "No such job")

    async def _list_events(self, request: web.Request) -> web.Response:
        if self.eventless:
            return _error(404, "Not Found")
        events = self.events[request.match_info["id"]][::-1]
        if self.plain:
            bare = [{k: e[k] for k in ("object", "created_at", "message")} for e in events]
            return web.json_response({"object": "list", "data": bare})
        return _page(request, events)

    async def _cancel(self, request: web.Request) -> web.Response:
        found = self.jobs.get(request.match_info["id"])
        if found is None:
            return _error(404, "No such job")
        if found["status"] in ("succeeded", "failed", "cancelled"):
            return _error(400, f"Job has already {found['status']}")
        self.end(found["id"], "cancelled")
        return web.json_response(found)


def _page(request: web.Request, items: list[dict[str, Any]]) -> web.Response:
    """What comes behind ``after``, at most ``limit``."""
    after, limit = request.query.get("after"), int(request.query.get("limit", 20))
    ids = [item["id"] for item in items]
    start = ids.index(after) + 1 if after in ids else 0
    part = items[start : start + limit]
    more = start + limit < len(items)
    return web.json_response({"object": "list", "data": part, "has_more": more})


async def played_through(server: TuningServer, seconds: float = 0.2) -> None:
    """Bring every job to its end, for a look by hand."""
    while True:
        await asyncio.sleep(seconds)
        for name, job in list(server.jobs.items()):
            if job["status"] in ("validating_files", "running"):
                step = len(server.events[name])
                server.advance(name, step, 10, 2 / step)
                if step >= 10:
                    server.end(name)


if __name__ == "__main__":
    serve(TuningServer(9010))
