"""A small server with OpenAI's chat completions, and vLLM's endpoints for adapters.

For a laptop without vLLM and for tests: one answer at a time, standard library alone around it.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from typing import Any

from persona.tuning.trainer.answering import (
    LONGEST,
    Counted,
    Speaker,
    TooLongError,
    UnknownModelError,
    Wanted,
)
from persona.tuning.trainer.faults import sentence
from persona.tuning.trainer.loading import first_line

_LARGEST = 8 * 1024 * 1024
_MOST_TOKENS = 8192


class _RefusedError(Exception):
    """A request that is not carried out."""

    def __init__(self, status: HTTPStatus, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def wanted_of(body: Mapping[str, Any], base: str) -> Wanted:
    """A request as an answer that is wanted. Raises ValueError, KeyError, TypeError."""
    messages = []
    for message in body["messages"]:
        content = message["content"]
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content)
        messages.append({"role": str(message["role"]), "content": str(content)})
    if not messages:
        raise ValueError("messages is empty")
    tokens = body.get("max_completion_tokens") or body.get("max_tokens") or LONGEST
    temperature, top_p = body.get("temperature"), body.get("top_p")
    stop = body.get("stop") or ()
    return Wanted(
        model=str(body.get("model") or base),
        messages=messages,
        tokens=min(max(1, int(tokens)), _MOST_TOKENS),
        temperature=0.0 if temperature is None else max(0.0, float(temperature)),
        top_p=1.0 if top_p is None else min(max(0.01, float(top_p)), 1.0),
        seed=None if body.get("seed") is None else int(body["seed"]),
        stop=(stop,) if isinstance(stop, str) else tuple(str(text) for text in stop),
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    speaker: Speaker

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - of the base class
        """No line for each request."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        if path in ("/health", "/v1/health"):
            self._json(HTTPStatus.OK, {"status": "ok"})
        elif path == "/v1/models":
            models = [
                {"id": name, "object": "model", "created": 0, "owned_by": "wellspoken"}
                for name in self.speaker.models
            ]
            self._json(HTTPStatus.OK, {"object": "list", "data": models})
        else:
            self._error(HTTPStatus.NOT_FOUND, f"There is no {path}.")

    def do_POST(self) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        doing = {
            "/v1/chat/completions": self._complete,
            "/v1/load_lora_adapter": self._load,
            "/v1/unload_lora_adapter": self._unload,
        }.get(path, self._unknown)
        try:
            doing(self._body())
        except _RefusedError as error:
            self._error(error.status, str(error), error.code)
        except (KeyError, TypeError, ValueError) as error:
            missing = f"{error} is missing" if isinstance(error, KeyError) else first_line(error)
            self._error(HTTPStatus.BAD_REQUEST, missing)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # nobody reads any more

    def _body(self) -> dict[str, Any]:
        # A web page may send what is no JSON to an address of this machine without asking first.
        if self.headers.get_content_type() != "application/json":
            self.close_connection = True
            said = "Send JSON, with the content type application/json."
            raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, said)
        length = int(self.headers.get("content-length") or 0)
        if not 0 <= length <= _LARGEST:
            self.close_connection = True
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
        value = json.loads(self.rfile.read(length) or b"{}")
        if not isinstance(value, dict):
            raise TypeError("the request is no object")
        return value

    def _unknown(self, _: dict[str, Any]) -> None:
        raise _RefusedError(HTTPStatus.NOT_FOUND, f"There is no {self.path}.")

    def _load(self, body: dict[str, Any]) -> None:
        name, folder = str(body["lora_name"]), Path(str(body["lora_path"]))
        try:
            new = self.speaker.load(name, folder)
        except Exception as error:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, first_line(error)) from error
        if not new:
            said = f"The lora adapter '{name}' has already been loaded."
            raise _RefusedError(HTTPStatus.BAD_REQUEST, said)
        self._json(HTTPStatus.OK, {"status": f"LoRA adapter '{name}' added."})

    def _unload(self, body: dict[str, Any]) -> None:
        name = str(body["lora_name"])
        if not self.speaker.unload(name):
            said = f"The lora adapter '{name}' cannot be found."
            raise _RefusedError(HTTPStatus.NOT_FOUND, said)
        self._json(HTTPStatus.OK, {"status": f"LoRA adapter '{name}' removed."})

    def _complete(self, body: dict[str, Any]) -> None:
        wanted, counted = wanted_of(body, self.speaker.base), Counted()
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time())}
        pieces = self.speaker.answer(wanted, counted)
        begun = False
        try:
            first = next(pieces, "")
            if body.get("stream"):
                begun = True
                self._stream(body, wanted, head, (first, pieces), counted)
                return
            text = first + "".join(pieces)
        except UnknownModelError as error:
            said = f"The model `{error}` does not exist."
            raise _RefusedError(HTTPStatus.NOT_FOUND, said, "model_not_found") from error
        except TooLongError as error:
            code = "context_length_exceeded"
            raise _RefusedError(HTTPStatus.BAD_REQUEST, str(error), code) from error
        except (BrokenPipeError, ConnectionResetError):
            for _ in pieces:  # the model is free again when its answer is over
                pass
            raise
        except Exception as error:
            said = sentence(error, self.speaker.base)
            if begun:
                self._chunk({"error": {"message": said, "code": 500}})
                self._chunk(None)
                return
            raise _RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, said) from error
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": counted.reason,
        }
        self._json(
            HTTPStatus.OK,
            head
            | {"object": "chat.completion", "model": wanted.model, "choices": [choice]}
            | {"usage": usage_of(counted)},
        )

    def _stream(
        self,
        body: Mapping[str, Any],
        wanted: Wanted,
        head: Mapping[str, Any],
        pieces: tuple[str, Any],
        counted: Counted,
    ) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        frame = dict(head) | {"object": "chat.completion.chunk", "model": wanted.model}

        def say(delta: dict[str, str], reason: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            self._chunk(frame | {"choices": [choice]})

        say({"role": "assistant", "content": ""})
        for piece in chain(pieces[:1], pieces[1]):
            if piece:
                say({"content": piece})
        say({}, counted.reason)
        if (body.get("stream_options") or {}).get("include_usage"):
            self._chunk(frame | {"choices": [], "usage": usage_of(counted)})
        self._chunk(None)

    def _chunk(self, value: Mapping[str, Any] | None) -> None:
        """One server-sent event; ``None`` ends them."""
        text = "[DONE]" if value is None else json.dumps(value, ensure_ascii=False)
        data = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        if value is None:
            self.wfile.write(b"0\r\n\r\n")

    def _json(self, status: HTTPStatus, value: Mapping[str, Any]) -> None:
        data = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _error(self, status: HTTPStatus, message: str, code: str = "") -> None:
        error = {"message": message, "type": "invalid_request_error", "code": code or status.value}
        self._json(status, {"error": error})


def usage_of(counted: Counted) -> dict[str, int]:
    """The tokens of an answer, in the API's words."""
    total = counted.prompt + counted.answer
    return {
        "prompt_tokens": counted.prompt,
        "completion_tokens": counted.answer,
        "total_tokens": total,
    }


def server_of(speaker: Any, host: str, port: int) -> ThreadingHTTPServer:
    """A server that answers with ``speaker``, a :class:`Speaker`; port 0: any. Raises OSError."""
    handler = type("Handler", (_Handler,), {"speaker": speaker})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    return server


def serve(base: str, host: str, port: int, adapters: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; prints the address when it answers. ``adapters`` are written
    ``name=folder``; one that cannot be loaded is told and left out."""
    try:
        speaker = Speaker(base)
    except Exception as error:  # noqa: BLE001 - one sentence, whatever it is
        sys.stderr.write(sentence(error, base) + "\n")
        return 1
    for adapter in adapters:
        name, _, folder = adapter.partition("=")
        try:
            speaker.load(name, Path(folder))
        except Exception as error:  # noqa: BLE001 - the others are served all the same
            sys.stderr.write(f"{name} is not served: {first_line(error)}\n")
    try:
        server = server_of(speaker, host, port)
    except OSError as error:
        sys.stderr.write(f"Cannot listen on {host}:{port}: {error.strerror}.\n")
        return 1

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    sys.stdout.write(f"http://{host}:{server.server_address[1]}/v1\n")
    sys.stdout.flush()
    with server:
        server.serve_forever(poll_interval=0.1)
    return 0
