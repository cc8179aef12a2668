"""Models behind any OpenAI-compatible server: OpenAI, vLLM, Ollama, llama.cpp, routers.

Answers come as raw server-sent events through the SDK's transport, with its headers: its typed
stream builds three objects a chunk and costs five times the CPU (``benchmarks/bench_relay.py``),
its typed request a millisecond; its transport over aiohttp costs half of the one over httpx. The
SDK's import takes about a second of CPU, so it happens in :meth:`ModelServer.warm` or at the first
request, in a thread. This is the only module of ``bot`` that knows the SDK.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import orjson

from bot.conversation import Usage
from bot.errors import (
    ConfigurationError,
    ModelBrokenAnswerError,
    ModelError,
    ModelRefusedError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from bot.llm.dialect import Dialect
from bot.llm.reading import Answer, Patience, Reply
from bot.llm.refusals import (
    Asked,
    refusal,
    retry_after,
    server_words,
    without_password,
)
from bot.llm.retrying import retried
from bot.ports import ChatMessage, Spoken
from bot.sentences import may_be_cut

if TYPE_CHECKING:
    import httpx2
    import openai

OPENAI_URL = "https://api.openai.com/v1"
Resource = Literal["chat", "embeddings"]
_PATHS: dict[Resource, bytes] = {"chat": b"chat/completions", "embeddings": b"embeddings"}
_LONGEST_PIECE = 400  # characters: what has no sentences is passed on all the same
_CHARACTERS_A_TOKEN = 4  # English, https://platform.openai.com/tokenizer


class ModelServer:
    """One pool of connections to one server, shared by the models behind it.

    ``base_url`` ``None`` is OpenAI; ``api_key`` ``None`` suits servers that ask for none.
    ``connect_s`` limits the connection alone: three attempts fit into the limit of a first token.
    Never retries: callers do, once, in one place.
    """

    def __init__(
        self, base_url: str | None = None, api_key: str | None = None, *, connect_s: float = 4.0
    ) -> None:
        self._base_url = base_url or OPENAI_URL
        self._api_key = api_key or ""
        self._connect_s = connect_s
        self._line: _Line | None = None
        self._connecting = asyncio.Lock()
        self.url = without_password(self._base_url)
        parts = urlsplit(self._base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(
                where="OPENAI_BASE_URL",
                problem=f'"{self.url}" is not an address like http://127.0.0.1:8000/v1',
            )
        self.host = parts.hostname
        self._signed = parts.username is not None  # aiohttp takes no credentials beside a key

    async def warm(self) -> None:
        """Import the SDK and make the client, so that the first request does not wait for it."""
        await self._connected()

    async def aclose(self) -> None:
        """Close the connections."""
        line, self._line = self._line, None
        if line is not None:
            await line.http.aclose()

    async def send(self, resource: Resource, body: Mapping[str, Any], asked: Asked) -> Reply:
        """Send a request; the reply is the caller's to close.

        Raises :class:`bot.errors.ModelUnavailableError` where no answer comes, what
        :func:`bot.llm.refusals.refusal` makes of a refusal, and
        :class:`bot.errors.ModelRefusedError` for a web page.
        """
        line = await self._connected()
        try:
            response = await line.http.send(line.request(resource, body), stream=True)
        except line.failures as error:
            raise ModelUnavailableError(url=self.url, cause=type(error).__name__) from None
        if not response.is_success:
            raise await self._refused(line, response, asked)
        reply = Reply(response)
        if reply.media == "text/html":
            await reply.close()
            reason = f"{self.url} is a web page; OPENAI_BASE_URL mostly ends in /v1"
            raise ModelRefusedError(status=200, reason=reason)
        return reply

    def asked(self, model: str, setting: str) -> Asked:
        """The words for the errors of a request."""
        return Asked(self.url, model, setting, self._api_key)

    async def _refused(self, line: _Line, response: httpx2.Response, asked: Asked) -> ModelError:
        """What the refusal of a request is in our words."""
        try:
            words = server_words(await response.aread())
        except line.failures as error:
            return ModelUnavailableError(url=self.url, cause=type(error).__name__)
        finally:
            await response.aclose()
        return refusal(response.status_code, *words, asked, retry_after(response.headers))

    async def _connected(self) -> _Line:
        if self._line is None:
            async with self._connecting:
                if self._line is None:
                    self._line = await asyncio.to_thread(self._connect)
        return self._line

    def _connect(self) -> _Line:
        import httpx2  # late: see the module's docstring
        import openai

        http = (openai.DefaultAsyncHttpxClient if self._signed else openai.DefaultAioHttpClient)()
        key = self._api_key or "none"  # the SDK wants one; servers without keys ignore it
        client = openai.AsyncOpenAI(base_url=self._base_url, api_key=key, http_client=http)
        limits = httpx2.Timeout(None, connect=self._connect_s)  # the rest is limited here
        return _Line(http, client, limits)


class _Line:
    """The SDK's transport, with what the SDK sends along. Built once: its resources make address,
    headers and options anew for each request, and look at every field of it."""

    def __init__(
        self, http: httpx2.AsyncClient, client: openai.AsyncOpenAI, timeout: httpx2.Timeout
    ) -> None:
        import anyio
        import httpx2

        self.http = http
        told = {**client.auth_headers, **client.default_headers}  # those of the environment last
        self._headers = {k: v for k, v in told.items() if isinstance(v, str)}  # or "omit"
        self._timeout = timeout
        base = client.base_url
        path, mark, query = base.raw_path.partition(b"?")
        self._urls = {
            resource: base.copy_with(raw_path=path + end + mark + query)
            for resource, end in _PATHS.items()
        }
        # as the SDK has it: faults of TLS come as they are
        self.failures = (httpx2.RequestError, ssl.SSLError, anyio.EndOfStream)

    def request(self, resource: Resource, body: Mapping[str, Any]) -> httpx2.Request:
        """A request for the transport."""
        return self.http.build_request(
            "POST",
            self._urls[resource],
            content=orjson.dumps(body),
            headers=self._headers,
            timeout=self._timeout,
        )


class OpenAIChatModel:
    """A chat completion model; implements :class:`bot.ports.ChatModel`.

    Limits: ``first_token_s`` from the call to the first token, all attempts included, and later
    between two reads; ``answer_s`` for the whole answer, without the time that the reader of
    the stream takes. Faults that pass (no connection, 408, 409, 429, 5xx, a cut) are tried again
    ``retries`` times after ``pause_s`` and longer, never once text came. ``prices`` are US
    dollars a million tokens (prompt, completion). ``setting`` is the setting that errors speak
    of. A ``server`` in place of an address and a key is shared: its owner closes it.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        server: ModelServer | None = None,
        first_token_s: float = 15.0,
        answer_s: float = 60.0,
        retries: int = 2,
        pause_s: float = 0.25,
        prices: tuple[float, float] | None = None,
        temperature: float | None = None,
        setting: str = "WELLSPOKEN_MODEL",
    ) -> None:
        self._owned = server is None
        self._server = server or ModelServer(base_url, api_key)
        self._model = model
        self._first_token_s = min(first_token_s, answer_s)
        self._answer_s = answer_s
        self._retries, self._pause_s = retries, pause_s
        self._prices = prices or (0.0, 0.0)
        self._temperature = temperature
        self._asked = self._server.asked(model, setting)
        self._dialect = Dialect(self._server.host)

    @property
    def id(self) -> str:
        """The model's id at the server."""
        return self._model

    async def warm(self) -> None:
        """Do what the first answer would wait for, besides the model."""
        await self._server.warm()

    async def aclose(self) -> None:
        """Close the connections, unless they are shared."""
        if self._owned:
            await self._server.aclose()

    async def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int | None = None
    ) -> AsyncGenerator[Spoken, None]:
        """The answer in pieces at whose ends a sentence may be complete, then its usage.

        Nobody shows less than a sentence, and a piece for each token would cost each step behind
        as much as the sentence does. The first piece is as short as the model sent it. Close it
        (``contextlib.aclosing``) to stop the model early. Usage is estimated from the length of
        the text where the server sends none. Raises :class:`bot.errors.ModelError`, after what
        the model said until then.
        """
        loop = asyncio.get_running_loop()
        begun = loop.time()
        answer, text = await retried(
            lambda: self._begin(messages, max_tokens),
            retries=self._retries,
            pause_s=self._pause_s,
            seconds=self._first_token_s,
            url=self._server.url,
        )
        left = self._answer_s - (loop.time() - begun)
        length = 0
        try:
            while True:
                if text:
                    length += len(text)
                    yield Spoken(text)
                if answer.over:
                    await answer.reply.finish()
                    break
                waiting = loop.time()
                text, error = await self._next(answer, left)
                if error is not None:
                    if text:
                        yield Spoken(text)
                    raise error
                left -= loop.time() - waiting
        finally:
            await answer.reply.close()
        if not length:
            raise self._nothing_said(answer)
        yield Spoken(usage=self._usage(answer, messages, length))

    async def _begin(
        self, messages: Sequence[ChatMessage], max_tokens: int | None
    ) -> tuple[Answer, str]:
        """Send the question and read until the model has begun: a text, thoughts, or the end."""
        answer = Answer(await self._sent(messages, max_tokens), self._asked)
        text = ""
        try:
            while not (text or answer.over or answer.reader.thinking):
                text = await answer.read()
        except ModelBrokenAnswerError as error:
            await answer.reply.close()
            raise self._early(error) from error
        except BaseException:
            await answer.reply.close()
            raise
        return answer, text

    async def _sent(self, messages: Sequence[ChatMessage], max_tokens: int | None) -> Reply:
        """Send the question, without what this server turns out not to know.

        What it refused is remembered for this model, once a request without it went through.
        """
        dialect = self._dialect
        while True:
            body = dialect.body(self._model, messages, max_tokens, self._temperature)
            try:
                reply = await self._server.send("chat", body, self._asked)
            except ModelRefusedError as error:
                simpler = dialect.without_refused(error, body)
                if simpler is None:
                    raise
                dialect = simpler
            else:
                self._dialect = dialect
                return reply

    async def _next(self, answer: Answer, left: float) -> tuple[str, ModelError | None]:
        """The text up to where a sentence may end, or the answer does; and what broke it off.

        Where only usage is missing, its absence ends the answer.
        """
        text = ""
        patience = Patience(self._first_token_s, left)
        try:
            async with asyncio.timeout_at(patience.until) as limit:
                while not (answer.over or may_be_cut(text) or len(text) > _LONGEST_PIECE):
                    patience.extend(limit, finished=bool(answer.reader.finish_reason))
                    text += await answer.read()
        except TimeoutError:
            if answer.reader.finish_reason:
                answer.over = True
                return text, None
            seconds = self._answer_s if patience.at_last else self._first_token_s
            return text, ModelTimeoutError(url=self._server.url, seconds=seconds)
        except ModelError as error:
            return text, error
        return text, None

    def _early(self, error: ModelBrokenAnswerError) -> ModelError:
        """An error event before any text is what a status would have been, elsewhere."""
        code = str(error.data.get("code", ""))
        reason = str(error.data.get("reason", ""))
        if code.startswith("4") and code.isdecimal() and len(code) == 3:
            return refusal(int(code), reason, code, self._asked)
        return ModelBrokenAnswerError(reason=reason, cut=True)

    def _nothing_said(self, answer: Answer) -> ModelError:
        if answer.reader.finish_reason == "content_filter":
            reason = "the server's content filter held the answer back"
            return ModelRefusedError(status=200, reason=reason)
        return ModelBrokenAnswerError(reason="the answer has no text")

    def _usage(self, answer: Answer, messages: Sequence[ChatMessage], length: int) -> Usage:
        asked = sum(len(m.content) for m in messages)
        prompt, completion = answer.reader.usage or (
            -(-asked // _CHARACTERS_A_TOKEN),
            -(-length // _CHARACTERS_A_TOKEN),
        )
        cost = (prompt * self._prices[0] + completion * self._prices[1]) / 1_000_000
        return Usage(prompt, completion, cost)
