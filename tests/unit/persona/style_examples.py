"""Texts of a plain voice and of an office's, and an embedder that counts letters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.ports import Vectors
from persona.style_model import Example

PAIRS = [
    (record["on_voice"], record["off_voice"])
    for line in (Path(__file__).parents[3] / "benchmarks" / "style_pairs" / "fernbank.jsonl")
    .read_text("utf-8")
    .splitlines()
    if (record := json.loads(line))
]


def examples(count: int, *, start: int = 0) -> list[Example]:
    """``count`` pairs as examples, each pair a group."""
    found = []
    for number, (on, off) in enumerate(PAIRS[start : start + count]):
        found.append(Example(on, True, "file", str(number)))
        found.append(Example(off, False, "file", str(number)))
    return found


class LetterEmbedder:
    """Unit vectors of letter counts; ``asked`` counts the texts."""

    model = "letters"
    dimensions = 26

    def __init__(self) -> None:
        self.asked = 0

    async def embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([await self.embed_query(text) for text in texts])

    async def embed_query(self, text: str) -> Vectors:
        self.asked += 1
        counts = np.array([text.lower().count(chr(97 + i)) for i in range(26)], np.float32)
        return counts / np.float32(max(float(np.linalg.norm(counts)), 1e-9))
