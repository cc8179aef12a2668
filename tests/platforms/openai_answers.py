"""What the stand-in model server says, as values and as bytes on the wire."""

from __future__ import annotations

import base64
import functools
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Message = dict[str, Any]


_PASSAGE = re.compile(
    r"<passage n=\"(\d+)\"[^\n]*>\n(.*?)\n</passage>|^\s*\[(\d+)\]\s*(.+?)(?=^\s*\[\d+\]|\Z)",
    re.DOTALL | re.MULTILINE,
)


def quote_passages(messages: list[Message]) -> str:
    """The two sentences of the prompt's passages nearest to the question, cited; good by hand.

    Passages are ``<passage n="1">`` elements or lines that begin with ``[1]``.
    """
    last = str(messages[-1].get("content") or "") if messages else ""
    question = re.search(r"<question>(.*?)</question>", last, re.DOTALL)
    asked = set(re.findall(r"\w{4,}", (question.group(1) if question else last[-500:]).lower()))
    found: list[tuple[int, int, str]] = []
    for match in _PASSAGE.finditer(last):
        number, text = match.group(1) or match.group(3), match.group(2) or match.group(4)
        for sentence in re.findall(r"[^\s#|`][^\n#|`?]*?[.!](?=\s|$)", text):
            shared = len(asked & set(re.findall(r"\w{4,}", sentence.lower())))
            cited = f"{sentence[:-1]} [{number}]{sentence[-1]}"
            found.append((-shared, len(found), cited))
    if not found:
        return "I do not know: there are no passages in what I was given."
    return " ".join(sentence for _, _, sentence in sorted(found)[:2])


def tokens_of(text: str, count: int | None = None) -> list[str]:
    """Words with the space before them; repeated or cut to ``count``."""
    found = re.findall(r"\s*\S+|\s+$", text)
    if count is None or not found:
        return found
    again = [f" {found[0].lstrip()}", *found[1:]]
    return [*found, *(again[i % len(again)] for i in range(count - len(found)))][:count]


def words_vector(text: str, dimensions: int) -> list[float]:
    """A bag of hashed words, not normalised: texts that share words are near each other."""
    vector = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [text]:
        vector[zlib.crc32(word.encode()) % dimensions] += 2.0
    return vector


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return {
        "id": "chatcmpl-7",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "stand-in",
        "choices": [choice],
    }


def usage_of(messages: Iterable[Message], tokens: int) -> dict[str, int]:
    prompt = sum(len(str(m.get("content") or "")) for m in messages) // 4
    return {
        "prompt_tokens": prompt,
        "completion_tokens": tokens,
        "total_tokens": prompt + tokens,
    }


def event(data: object, end: str) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f"data: {text}{end}{end}".encode()


@functools.lru_cache(maxsize=256)
def events_of(tokens: tuple[str, ...], reasoning: str, end: str) -> tuple[bytes, ...]:
    """Role, tokens, finish; each event as it stands on the wire."""
    out = [event(chunk({"role": "assistant", "content": None}), end)]
    out += [event(chunk({"reasoning_content": t}), end) for t in tokens_of(reasoning)]
    out += [event(chunk({"content": t}), end) for t in tokens]
    out.append(event(chunk({}, "stop"), end))
    return tuple(out)


@functools.lru_cache(maxsize=256)
def framed(events: tuple[bytes, ...]) -> bytes:
    """Each event as an HTTP chunk of its own."""
    return b"".join(b"%x\r\n%b\r\n" % (len(e), e) for e in events)


def error_of(code: str, text: str) -> dict[str, Any]:
    return {"error": {"message": text, "type": "invalid_request_error", "code": code}}


def embeddings_of(
    body: dict[str, Any], vector: Callable[[str], Sequence[float]], floats_only: bool
) -> dict[str, Any]:
    """The answer of ``/embeddings``: base64 where it is asked for and known."""
    given = body.get("input", [])
    texts = [given] if isinstance(given, str) else given
    vectors: list[Any] = [list(vector(text)) for text in texts]
    if body.get("encoding_format") == "base64" and not floats_only:
        vectors = [base64.b64encode(struct.pack(f"<{len(v)}f", *v)).decode() for v in vectors]
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    used = sum(len(t) for t in texts) // 4
    usage = {"prompt_tokens": used, "total_tokens": used}
    return {"object": "list", "model": body.get("model"), "data": data, "usage": usage}
