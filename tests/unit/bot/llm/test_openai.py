"""The chat model over the wire: the real SDK against the stand-in server."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import aclosing

import pytest

from bot.conversation import Usage
from bot.errors import (
    ConfigurationError,
    ModelBrokenAnswerError,
    ModelFailedError,
    ModelOverloadedError,
    ModelRefusedError,
    ModelTimeoutError,
    ModelUnavailableError,
    WellspokenError,
)
from bot.llm.openai import ModelServer, OpenAIChatModel
from bot.ports import ChatMessage, Spoken
from tests.platforms.openai_server import Fault, OpenAIServer

ANSWER = "Two days [1]. Größe 42 🙂 passt."
KEY = "sk-live-4f1d77aa90"
QUESTION = [ChatMessage("system", "You are Juniper."), ChatMessage("user", "How long?")]
Chat = Callable[..., OpenAIChatModel]


async def pieces(model: OpenAIChatModel, max_tokens: int | None = None) -> list[Spoken]:
    """Everything that the model says."""
    return [piece async for piece in model.stream(QUESTION, max_tokens=max_tokens)]


async def said(model: OpenAIChatModel) -> str:
    """The whole text."""
    return "".join(piece.text for piece in await pieces(model))


async def heard(model: OpenAIChatModel, error: type[Exception]) -> tuple[str, Exception]:
    """What text came before the error, and the error."""
    text = ""
    with pytest.raises(error) as caught:
        async for piece in model.stream(QUESTION):
            text += piece.text
    return text, caught.value


# -- answers ------------------------------------------------------------------------------


async def test_answer_comes_in_pieces_and_ends_with_its_usage(
    server: OpenAIServer, chat: Chat
) -> None:
    """Text streams piece by piece; the last piece is empty and carries what the server counted."""
    server.behaviour.token_s = 0.001
    model = chat(prices=(2.0, 10.0))
    *texts, last = await pieces(model)
    assert len(texts) >= 2
    assert "".join(p.text for p in texts) == ANSWER
    assert all(p.text and p.usage is None for p in texts)
    assert last.text == ""
    assert last.usage == Usage(6, 7, (6 * 2.0 + 7 * 10.0) / 1_000_000)


async def test_request_holds_the_prompt_the_limit_and_the_key(
    server: OpenAIServer, chat: Chat
) -> None:
    """The server is asked for a stream with usage, of this model, with these messages."""
    await pieces(chat("juniper-7b"), max_tokens=300)
    request = server.requests[-1]
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "juniper-7b",
        "messages": [
            {"role": "system", "content": "You are Juniper."},
            {"role": "user", "content": "How long?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 300,
    }


async def test_a_query_of_the_address_stays_behind_the_path(
    server: OpenAIServer, chat: Chat
) -> None:
    """As ``?api-version=…`` of a gateway, which every request has to bring."""
    assert await said(chat(base_url=f"{server.url}?api-version=1")) == ANSWER
    request = server.requests[-1]
    assert (request.path, request.query) == ("/v1/chat/completions", "api-version=1")


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
async def test_text_survives_any_split_of_the_bytes(
    server: OpenAIServer, chat: Chat, piece: int, line_end: str
) -> None:
    """Characters and lines that are split across network reads come out whole."""
    server.behaviour.piece, server.behaviour.line_end = piece, line_end
    assert await said(chat()) == ANSWER


async def test_plain_json_is_read_as_an_answer(server: OpenAIServer, chat: Chat) -> None:
    """A server that does not stream answers all the same."""
    server.behaviour.fault = Fault.PLAIN_JSON
    texts = await pieces(chat())
    assert [p.text for p in texts] == [ANSWER, ""]
    assert texts[-1].usage == Usage(6, 7)


async def test_reasoning_is_not_shown(server: OpenAIServer, chat: Chat) -> None:
    """What a model thinks is no part of its answer."""
    server.behaviour.reasoning = "Hmm, the passage says two days."
    assert await said(chat()) == ANSWER


async def test_usage_is_estimated_where_the_server_sends_none(
    server: OpenAIServer, chat: Chat
) -> None:
    """Four characters count as a token, rounded up."""
    server.behaviour.usage = False
    last = (await pieces(chat()))[-1]
    assert last.usage == Usage(-(-25 // 4), -(-len(ANSWER) // 4))


async def test_missing_done_is_no_fault_after_a_finish_reason(
    server: OpenAIServer, chat: Chat
) -> None:
    """An answer that says it is finished is whole without ``[DONE]``."""
    server.behaviour.done = False
    assert await said(chat()) == ANSWER


async def test_keepalive_comments_and_odd_events_are_skipped(
    server: OpenAIServer, chat: Chat
) -> None:
    """Comments, pings, event names, empty choices and null contents change nothing."""
    server.behaviour.stream = (
        b"\xef\xbb\xbf: OPENROUTER PROCESSING\n\n"
        b'event: ping\ndata: {"choices": []}\n\n'
        b'data:{"choices":[{"delta":{"role":"assistant","content":null}}]}\n\n'
        b'data: {"choices":[{"index":1,"delta":{"content":"another"}}]}\n\n'
        b'data: {"choices":[{"index":0,\ndata: "delta":{"content":"Two"}}]}\n\n'
        b'data: {"choices":[{"delta":{"content":[{"type":"text","text":" days"}]}}]}\n\n'
        b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}\n\n'
        b"data: [DONE]"
    )
    assert await said(chat()) == "Two days"


async def test_halves_of_characters_do_not_stop_a_question(
    server: OpenAIServer, chat: Chat
) -> None:
    """A lone surrogate, as some clients send it, is replaced; the question is asked."""
    stream = chat().stream([ChatMessage("user", "Größe \ud83d?")])
    assert "".join([piece.text async for piece in stream]) == ANSWER
    assert server.requests[-1].body["messages"][0]["content"] == "Größe ??"


# -- servers that know less ----------------------------------------------------------------


async def test_refused_stream_options_are_left_out_from_then_on(
    server: OpenAIServer, chat: Chat
) -> None:
    """One 400 that names them is enough; later requests go without, usage is estimated."""
    server.behaviour.refuses = ["stream_options"]
    model = chat()
    assert await said(model) == ANSWER
    assert await said(model) == ANSWER
    assert ["stream_options" in r.body for r in server.requests] == [True, False, False]


async def test_limit_takes_the_name_that_the_server_knows(server: OpenAIServer, chat: Chat) -> None:
    """A server that refuses one name of the limit gets the other one."""
    server.behaviour.refuses = ["max_tokens"]
    model = chat()
    await pieces(model, max_tokens=50)
    await pieces(model, max_tokens=60)
    limits = [
        (r.body.get("max_tokens"), r.body.get("max_completion_tokens")) for r in server.requests
    ]
    assert limits == [(50, None), (None, 50), (None, 60)]


async def test_refused_temperature_is_left_out(server: OpenAIServer, chat: Chat) -> None:
    """Models that take no temperature are asked without."""
    server.behaviour.refuses = ["temperature"]
    assert await said(chat(temperature=0.2)) == ANSWER
    assert ["temperature" in r.body for r in server.requests] == [True, False]


async def test_one_bad_request_does_not_change_later_ones(server: OpenAIServer, chat: Chat) -> None:
    """What a request was refused for is remembered only once a request without it went through."""
    server.behaviour.refuses = ["stream_options", "messages"]
    model = chat()
    await heard(model, ModelRefusedError)
    server.behaviour.refuses = []
    await pieces(model)
    assert "stream_options" in server.requests[-1].body


# -- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "advice"),
    [
        (Fault.UNAUTHORISED, 401, "the API key is missing or wrong; set OPENAI_API_KEY"),
        (Fault.FORBIDDEN, 403, 'may not use model "nope"'),
        (Fault.UNKNOWN_MODEL, 404, 'unknown model id "nope"; set WELLSPOKEN_MODEL'),
        (Fault.UNKNOWN_PATH, 404, "OPENAI_BASE_URL mostly ends in /v1"),
        (Fault.CONTEXT_LENGTH, 400, "longer context in WELLSPOKEN_MODEL"),
        (Fault.NO_QUOTA, 429, "quota is used up"),
        (Fault.WEB_PAGE, 200, "is a web page"),
    ],
)
async def test_refusal_says_what_to_do_and_is_not_repeated(
    server: OpenAIServer, chat: Chat, fault: Fault, status: int, advice: str
) -> None:
    """What will not pass is told at once, in one sentence, after one request."""
    server.behaviour.fault = fault
    _, error = await heard(chat("nope"), ModelRefusedError)
    assert f"({status})" in str(error)
    assert advice in str(error)
    assert "\n" not in str(error)
    assert len(server.requests) == 1


async def test_refusal_names_the_setting_of_its_model(server: OpenAIServer, chat: Chat) -> None:
    """An unknown brand-voice model is corrected in its own setting."""
    server.behaviour.models = ["stand-in"]
    _, error = await heard(chat("lost", setting="WELLSPOKEN_VOICE_MODEL"), ModelRefusedError)
    assert 'unknown model id "lost"; set WELLSPOKEN_VOICE_MODEL' in str(error)


@pytest.mark.parametrize("fault", list(Fault))
async def test_key_is_in_no_error_and_no_log(
    server: OpenAIServer, chat: Chat, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """Servers repeat the key in their errors; we do not, whatever the fault."""
    caplog.set_level(logging.INFO)
    server.behaviour.fault = fault
    try:
        await said(chat(first_token_s=0.3, answer_s=0.6, retries=0))
    except WellspokenError as error:
        chain = [error, error.__cause__]
        shown = " ".join(f"{e} {e!r} {getattr(e, 'data', '')}" for e in chain)
        assert KEY not in shown
    assert KEY not in caplog.text


# -- faults that pass ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault.OVERLOADED,
        Fault.FAILED,
        Fault.UNAVAILABLE,
        Fault.CLOSED,
        Fault.CUT_EARLY,
        Fault.ERROR_EVENT_EARLY,
    ],
)
async def test_fault_before_the_first_token_is_tried_again(
    server: OpenAIServer, chat: Chat, fault: Fault
) -> None:
    """The asker gets one whole answer and notices nothing."""
    server.behaviour.fault, server.behaviour.strikes = fault, 1
    assert await said(chat()) == ANSWER
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.OVERLOADED, ModelOverloadedError),
        (Fault.FAILED, ModelFailedError),
        (Fault.CLOSED, ModelUnavailableError),
        (Fault.CUT_EARLY, ModelBrokenAnswerError),
    ],
)
async def test_fault_that_stays_ends_after_the_retries(
    server: OpenAIServer, chat: Chat, fault: Fault, error: type[Exception]
) -> None:
    """One attempt and the retries, then our own error."""
    server.behaviour.fault = fault
    await heard(chat(retries=1), error)
    assert len(server.requests) == 2


async def test_server_is_left_alone_for_as_long_as_it_asks(
    server: OpenAIServer, chat: Chat
) -> None:
    """A ``retry-after`` that fits into the limit is obeyed."""
    server.behaviour.fault, server.behaviour.strikes = Fault.OVERLOADED, 1
    server.behaviour.retry_after = "1"
    begun = time.monotonic()
    assert await said(chat()) == ANSWER
    assert time.monotonic() - begun >= 1.0


async def test_long_retry_after_is_told_instead_of_waited_for(
    server: OpenAIServer, chat: Chat
) -> None:
    """Nobody waits two minutes in a chat: the overload is the answer, at once."""
    server.behaviour.fault, server.behaviour.retry_after = Fault.OVERLOADED, "120"
    _, error = await heard(chat(), ModelOverloadedError)
    assert isinstance(error, ModelOverloadedError)
    assert error.data["retry_after"] == 120.0
    assert len(server.requests) == 1


async def test_nobody_there_is_said_with_the_address(chat: Chat) -> None:
    """A refused connection names the address, without user and password."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        model = chat(base_url=f"http://me:hush@127.0.0.1:{port}/v1", retries=0)
        _, error = await heard(model, ModelUnavailableError)
    assert f"http://127.0.0.1:{port}/v1 cannot be reached" in str(error)
    assert "hush" not in str(error)


# -- faults after the first token, and time ----------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.BROKEN_CHUNK, Fault.ERROR_EVENT])
async def test_fault_in_the_middle_is_an_error_and_never_a_second_answer(
    server: OpenAIServer, chat: Chat, fault: Fault
) -> None:
    """What was shown stays; the model is not asked again behind the asker's back."""
    server.behaviour.fault = fault
    text, _ = await heard(chat(), ModelBrokenAnswerError)
    assert text
    assert ANSWER.startswith(text)
    assert len(server.requests) == 1


async def test_answer_that_ends_without_an_end_is_broken(server: OpenAIServer, chat: Chat) -> None:
    """A stream that just stops is no whole answer, though its connection ended cleanly."""
    server.behaviour.stream = b'data: {"choices":[{"delta":{"content":"Two"}}]}\n\n'
    text, _ = await heard(chat(), ModelBrokenAnswerError)
    assert text == "Two"


async def test_answer_without_text_is_broken(server: OpenAIServer, chat: Chat) -> None:
    """An empty answer is a fault of the model, not an answer."""
    server.behaviour.fault = Fault.EMPTY
    text, _ = await heard(chat(), ModelBrokenAnswerError)
    assert text == ""


async def test_answer_held_back_by_a_filter_says_so(server: OpenAIServer, chat: Chat) -> None:
    """A content filter is named as the reason."""
    server.behaviour.stream = (
        b'data: {"choices":[{"delta":{},"finish_reason":"content_filter"}]}\n\ndata: [DONE]\n\n'
    )
    _, error = await heard(chat(), ModelRefusedError)
    assert "content filter" in str(error)


async def test_refusal_as_an_event_is_a_refusal(server: OpenAIServer, chat: Chat) -> None:
    """vLLM sends some 400s inside the stream: the advice is the same."""
    server.behaviour.stream = (
        b'data: {"error": {"message": "The model `x` does not exist.", "code": 404}}\n\n'
    )
    _, error = await heard(chat(), ModelRefusedError)
    assert 'unknown model id "stand-in"' in str(error)


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.SILENT_STREAM])
async def test_silence_before_the_first_token_is_a_timeout(
    server: OpenAIServer, chat: Chat, fault: Fault
) -> None:
    """The first-token limit is for all attempts: the server is asked once and given up."""
    server.behaviour.fault = fault
    _, error = await heard(chat(first_token_s=1.5), ModelTimeoutError)
    assert "longer than 1.5 s" in str(error)
    assert len(server.requests) == 1


async def test_silence_in_the_middle_is_a_timeout(server: OpenAIServer, chat: Chat) -> None:
    """A model that stops speaking is not waited for until the end of the answer's limit."""
    server.behaviour.fault = Fault.STALL
    text, error = await heard(chat(first_token_s=4), ModelTimeoutError)
    assert text
    assert "longer than 4 s" in str(error)


async def test_answer_that_never_ends_is_a_timeout(server: OpenAIServer, chat: Chat) -> None:
    """The whole answer has a limit too, however steadily it flows."""
    server.behaviour.tokens, server.behaviour.token_s = 10_000, 0.01
    text, error = await heard(chat(first_token_s=30, answer_s=4), ModelTimeoutError)
    assert text
    assert "longer than 4 s" in str(error)


async def test_slow_reader_does_not_use_up_the_model_s_time(
    server: OpenAIServer, chat: Chat
) -> None:
    """Time in which we post what came is not the model's."""
    server.behaviour.token_s = 0.001
    text = ""
    async for piece in chat(first_token_s=30, answer_s=3).stream(QUESTION):
        text += piece.text
        await asyncio.sleep(0.6)
    assert text == ANSWER


async def test_usage_that_never_comes_does_not_hold_up_a_finished_answer(
    server: OpenAIServer, chat: Chat
) -> None:
    """After the finish the connection may break: the text is whole, usage is estimated."""
    server.behaviour.stream = (
        b'data: {"choices":[{"delta":{"content":"Two"},"finish_reason":"stop"}]}\n\ndata: {"cho'
    )
    server.behaviour.done = False
    last = (await pieces(chat()))[-1]
    assert last.usage == Usage(7, 1)


async def test_closed_early_the_model_stops_and_the_next_answer_works(
    server: OpenAIServer, chat: Chat
) -> None:
    """Who stops listening lets go of the connection, and the model is ready again."""
    server.behaviour.tokens, server.behaviour.token_s = 10_000, 0.005
    model = chat()
    async with aclosing(model.stream(QUESTION)) as answer:
        assert (await anext(answer)).text
    await server.until(lambda: not server.open_streams)
    server.behaviour.tokens, server.behaviour.token_s = None, 0.0
    assert await said(model) == ANSWER


# -- the client ------------------------------------------------------------------------------


async def test_models_share_one_server(server: OpenAIServer) -> None:
    """Closing a model leaves the shared connections to their owner."""
    shared = ModelServer(server.url, KEY)
    general, voice = (OpenAIChatModel(m, server=shared) for m in ("general", "voice"))
    assert await said(general) == ANSWER
    await general.aclose()
    assert await said(voice) == ANSWER
    await shared.aclose()
    assert [r.body["model"] for r in server.requests] == ["general", "voice"]


async def test_many_at_once_all_get_their_own_answer(server: OpenAIServer, chat: Chat) -> None:
    """Answers at the same time do not mix."""
    server.behaviour.answer = lambda messages: f"You asked {messages[-1]['content']}"
    model = chat()

    async def ask(text: str) -> str:
        stream = model.stream([ChatMessage("user", text)])
        return "".join([piece.text async for piece in stream])

    answers = await asyncio.gather(*(ask(f"number {i}") for i in range(40)))
    assert answers == [f"You asked number {i}" for i in range(40)]


@pytest.mark.parametrize("address", ["127.0.0.1:9000/v1", "ftp://host/v1", "http://", "/v1"])
def test_address_without_a_scheme_or_host_is_a_configuration_error(address: str) -> None:
    """A mistyped address is told at start, not at the first question."""
    with pytest.raises(ConfigurationError, match="OPENAI_BASE_URL"):
        OpenAIChatModel("stand-in", address, None)


def test_sdk_is_imported_late() -> None:
    """Making a model costs no import of the SDK."""
    code = (
        "import sys; from bot.llm.openai import OpenAIChatModel;"
        "OpenAIChatModel('m', 'http://127.0.0.1:1/v1'); print('openai' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
