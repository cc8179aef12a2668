"""Refusals in the words that servers use, and ours."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from bot.errors import ModelFailedError, ModelOverloadedError, ModelRefusedError
from bot.llm.refusals import (
    Asked,
    refusal,
    retry_after,
    server_words,
    without_password,
    without_secrets,
)

ASKED = Asked("http://127.0.0.1:8000/v1", "juniper", secret="hush-hush")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "The model `juniper` does not exist or you do not have access to it."),
        (404, 'model "juniper" not found, try pulling it first'),
        (400, "juniper is not a valid model ID"),
        (400, "Invalid model name passed in model=juniper. Call `/v1/models`"),
        (422, "Unknown model: juniper"),
    ],
)
def test_unknown_model_is_understood_in_many_words(status: int, message: str) -> None:
    """OpenAI, Ollama, OpenRouter, LiteLLM say it differently; we always name the setting."""
    error = refusal(status, message, "", ASKED)
    assert 'unknown model id "juniper"; set WELLSPOKEN_MODEL' in str(error)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 529, 408, 409])
def test_failures_of_the_server_name_the_status(status: int) -> None:
    """A failing server is not a refusal."""
    error = refusal(status, "", "", ASKED)
    assert isinstance(error, ModelFailedError)
    assert str(status) in str(error)


def test_rate_limit_is_an_overload_and_an_empty_account_is_not() -> None:
    """Waiting helps against the one only."""
    assert isinstance(refusal(429, "slow down", "", ASKED), ModelOverloadedError)
    assert isinstance(refusal(429, "", "insufficient_quota", ASKED), ModelRefusedError)


def test_other_refusals_show_the_servers_words_without_secrets() -> None:
    """Where we have no better advice the server's own sentence stands, masked and short."""
    message = "bad field\nfor key hush-hush and sk-proj-abc123 " + "x " * 300
    text = str(refusal(400, message, "", ASKED))
    assert text.startswith("The model server refused the request (400): bad field for key …")
    assert "hush" not in text
    assert "abc123" not in text
    assert len(text) < 270


def test_refusal_without_a_word_still_is_a_sentence() -> None:
    """An empty body gives a reason too."""
    assert "it gave no reason" in str(refusal(418, "", "", ASKED))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "m", "code": "c"}}, ("m", "c")),
        ({"error": {"message": "m", "type": "t", "code": None}}, ("m", "t")),
        ({"error": "m"}, ("m", "")),
        ({"object": "error", "message": "m", "code": 404}, ("m", "404")),
        ({"detail": "Not Found"}, ("Not Found", "")),
        ({"detail": [{"loc": ["stream_options"]}]}, ('[{"loc":["stream_options"]}]', "")),
        ([], ("[]", "")),
    ],
)
def test_words_are_found_in_every_shape_of_error(body: object, words: tuple[str, str]) -> None:
    """OpenAI, vLLM old and new, Ollama, FastAPI."""
    assert server_words(orjson.dumps(body)) == words


def test_words_of_a_page_are_none() -> None:
    """A proxy's HTML is not shown."""
    assert server_words(b"<html>502</html>") == ("", "")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT"}, 0.0),
    ],
)
def test_retry_after_is_read_in_its_three_forms(
    headers: dict[str, str], seconds: float | None
) -> None:
    """Milliseconds, seconds, a date; nonsense is no wish."""
    assert retry_after(headers, datetime(2026, 11, 22, 10, tzinfo=UTC)) == seconds


def test_address_is_shown_without_user_and_query() -> None:
    """A password in an address stays there."""
    assert without_password("https://me:hush@llm.example:8443/v1/?key=x") == (
        "https://llm.example:8443/v1"
    )


def test_masking_leaves_ordinary_words() -> None:
    """Only keys and long opaque strings are masked."""
    text = "The request exceeds the available context size of gpt-4.1-mini-2025"
    assert without_secrets(text) == text
