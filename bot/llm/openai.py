"""Models behind any OpenAI-compatible server: OpenAI, vLLM, Ollama, llama.cpp, routers.

Answers come as raw server-sent events through the SDK's client: its typed stream builds three
objects a chunk and costs five times the CPU (``benchmarks/bench_relay.py``). The SDK's import
takes about a second of CPU, so it happens in :meth:`ModelServer.warm` or at the first request,
in a thread. This is the only module of ``bot`` that knows the SDK.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from bot.conversation import Usage
from bot.errors import (
    ConfigurationError,
    ModelBrokenAnswerError,
    ModelError,
    ModelRefusedError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from bot.llm.completion import CompletionReader
from bot.llm.dialect import Dialect
from bot.llm.events import EventDecoder
from bot.llm.refusals import (
    Asked,
    refusal,
    retry_after,
    server_words,
    without_password,
)
from bot.llm.retrying import retried
from bot.ports import ChatMessage, Spoken

if TYPE_CHECKING:
    import httpx2
    import openai

OPENAI_URL = "https://api.openai.com/v1"
_AFTER_FINISH_S = 2.0  # for the usage that follows a finished answer
_TAIL_S = 0.1
_CHARACTERS_A_TOKEN = 4  # English, https://platform.openai.com/tokenizer


class Reply:
    """An answer with status 200, still coming in."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._reads = response.aiter_bytes()
        media = str(response.headers.get("content-type", ""))
        self.media = media.partition(";")[0].strip().lower()

    async def read(self) -> bytes:
        """What the next network read brings; empty at the end.

        Raises :class:`bot.errors.ModelBrokenAnswerError` (``cut``) where the connection ends
        before the answer does.
        """
        import httpx2  # late: see the module's docstring

        try:
            return await anext(self._reads, b"")
        except httpx2.RequestError as error:
            raise ModelBrokenAnswerError(reason=type(error).__name__, cut=True) from error

    async def rest(self) -> bytes:
        """Everything that is left."""
        parts: list[bytes] = []
        while part := await self.read():
            parts.append(part)
        return b"".join(parts)

    async def finish(self) -> None:
        """Read the end that follows a whole answer, which keeps the connection for the next one.

        A server that does not end it soon loses the connection, never the answer.
        """
        with suppress(TimeoutError, ModelBrokenAnswerError):
            async with asyncio.timeout(_TAIL_S):
                await self.rest()

    async def close(self) -> None:
        """Let go of the connection; it is kept for the next request where the answer ended."""
        await self._response.aclose()


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
        self._client: openai.AsyncOpenAI | None = None
        self._connecting = asyncio.Lock()
        self.url = without_password(self._base_url)
        parts = urlsplit(self._base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(
                where="OPENAI_BASE_URL",
                problem=f'"{self.url}" is not an address like http://127.0.0.1:8000/v1',
            )
        self.host = parts.hostname

    async def warm(self) -> None:
        """Import the SDK and make the client, so that the first request does not wait for it."""
        await self._connected()

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def send(
        self, resource: Literal["chat", "embeddings"], body: Mapping[str, Any], asked: Asked
    ) -> Reply:
        """Send a request; the reply is the caller's to close.

        Raises :class:`bot.errors.ModelUnavailableError` where no answer comes, what
        :func:`bot.llm.refusals.refusal` makes of a refusal, and
        :class:`bot.errors.ModelRefusedError` for a web page.
        """
        client = await self._connected()
        import openai  # late: see the module's docstring

        create: Any = (
            client.chat.completions.with_streaming_response.create
            if resource == "chat"
            else client.embeddings.with_streaming_response.create
        )
        try:
            response = await create(**body).__aenter__()
        except openai.APIStatusError as error:
            answer = error.response
            # "from None": the SDK's message may repeat the key, and a log would show it
            words, wait = server_words(answer.content), retry_after(answer.headers)
            raise refusal(error.status_code, *words, asked, wait) from None
        except openai.APIConnectionError as error:
            cause = type(error.__cause__ or error).__name__
            raise ModelUnavailableError(url=self.url, cause=cause) from None
        reply = Reply(response.http_response)
        if reply.media == "text/html":
            await reply.close()
            reason = f"{self.url} is a web page; OPENAI_BASE_URL mostly ends in /v1"
            raise ModelRefusedError(status=200, reason=reason)
        return reply

    def asked(self, model: str, setting: str) -> Asked:
        """The words for the errors of a request."""
        return Asked(self.url, model, setting, self._api_key)

    async def _connected(self) -> openai.AsyncOpenAI:
        if self._client is None:
            async with self._connecting:
                if self._client is None:
                    self._client = await asyncio.to_thread(self._connect)
        return self._client

    def _connect(self) -> openai.AsyncOpenAI:
        import httpx2  # late: see the module's docstring
        import openai

        client = openai.AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key or "none",  # the SDK wants one; servers without keys ignore it
            max_retries=0,
            timeout=httpx2.Timeout(None, connect=self._connect_s),  # the rest is limited here
        )
        _ = client.chat.completions, client.embeddings  # imported by the SDK when first touched
        return client


class _Answer:
    """One answer as it comes in: its text, read by read."""

    def __init__(self, reply: Reply, asked: Asked) -> None:
        self.reply = reply
        self.reader = CompletionReader(asked.secret)
        self.over = False
        self._events = EventDecoder()

    async def read(self) -> str:
        """The text of one network read, often empty; sets ``over`` at the end of the answer."""
        try:
            if self.reply.media == "application/json":
                return self._plain(await self.reply.rest())
            read = await self.reply.read()
        except ModelBrokenAnswerError:
            if not self.reader.whole:
                raise
            read = b""  # the text is complete; only usage is missing
        events = self._events.feed(read) if read else self._events.finish()
        text = self._texts(events)
        self.over = self.over or not read or self.reader.done
        if self.over and not self.reader.whole:
            raise ModelBrokenAnswerError(reason="the stream ended early", cut=True)
        return text

    def _texts(self, events: Sequence[bytes]) -> str:
        text = ""
        for event in events:
            try:
                text += self.reader.read(event)
            except ModelBrokenAnswerError:
                if not self.reader.whole:
                    raise
                self.over = True  # a broken tail takes nothing from a whole answer
        return text

    def _plain(self, body: bytes) -> str:
        """A server that does not stream, or that says JSON where it means events."""
        self.over = True
        if body.lstrip().startswith(b"{"):
            return self.reader.read(body) + self.reader.read(b"[DONE]")
        return self._texts([*self._events.feed(body), *self._events.finish()])


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
        """The answer, a piece for each network read, then its usage.

        Close it (``contextlib.aclosing``) to stop the model early. Usage is estimated from the
        length of the text where the server sends none. Raises :class:`bot.errors.ModelError`.
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
                text = await self._next(answer, left)
                left -= loop.time() - waiting
        finally:
            await answer.reply.close()
        if not length:
            raise self._nothing_said(answer)
        yield Spoken(usage=self._usage(answer, messages, length))

    async def _begin(
        self, messages: Sequence[ChatMessage], max_tokens: int | None
    ) -> tuple[_Answer, str]:
        """Send the question and read until the model has begun: a text, thoughts, or the end."""
        answer = _Answer(await self._sent(messages, max_tokens), self._asked)
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

    async def _next(self, answer: _Answer, left: float) -> str:
        """The text of the next read; nothing and the end where only usage is missing."""
        finished = bool(answer.reader.finish_reason)
        limit = min(left, _AFTER_FINISH_S if finished else self._first_token_s)
        try:
            async with asyncio.timeout(max(limit, 0.0)):
                return await answer.read()
        except TimeoutError:
            if finished:
                answer.over = True
                return ""
            seconds = self._answer_s if limit == left else self._first_token_s
            raise ModelTimeoutError(url=self._server.url, seconds=seconds) from None

    def _early(self, error: ModelBrokenAnswerError) -> ModelError:
        """An error event before any text is what a status would have been, elsewhere."""
        code = str(error.data.get("code", ""))
        reason = str(error.data.get("reason", ""))
        if code.startswith("4") and code.isdecimal() and len(code) == 3:
            return refusal(int(code), reason, code, self._asked)
        return ModelBrokenAnswerError(reason=reason, cut=True)

    def _nothing_said(self, answer: _Answer) -> ModelError:
        if answer.reader.finish_reason == "content_filter":
            reason = "the server's content filter held the answer back"
            return ModelRefusedError(status=200, reason=reason)
        return ModelBrokenAnswerError(reason="the answer has no text")

    def _usage(self, answer: _Answer, messages: Sequence[ChatMessage], length: int) -> Usage:
        asked = sum(len(m.content) for m in messages)
        prompt, completion = answer.reader.usage or (
            -(-asked // _CHARACTERS_A_TOKEN),
            -(-length // _CHARACTERS_A_TOKEN),
        )
        cost = (prompt * self._prices[0] + completion * self._prices[1]) / 1_000_000
        return Usage(prompt, completion, cost)
