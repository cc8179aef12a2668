"""The trained part of routing: how likely a message is small talk, a call for a person, a question.

Logistic regression over hashed features; ``model.npz`` (made by ``benchmarks/train_routing.py``,
which names the data) holds ``table`` int8 ``[3, BUCKETS]``, its ``scale``, ``bias`` ``[3]``, and
``known``, a bit for each bucket of a word that small talk is made of.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.routing.features import buckets


class Odds(NamedTuple):
    """Probabilities, together 1."""

    voice: float
    handoff: float
    question: float


@dataclass(frozen=True)
class Classifier:
    """Weights in memory: ``table`` float32 ``[BUCKETS, 3]``, ``bias`` ``[3]``, ``known`` bool
    ``[BUCKETS]``.

    ``id`` changes whenever the probabilities would: what was learned from them holds for it alone.
    """

    table: NDArray[np.float32]
    bias: NDArray[np.float32]
    known: NDArray[np.bool_]
    id: str

    def odds(self, words: list[str]) -> Odds:
        """The probabilities for a message's words (see :func:`bot.routing.features.spell`)."""
        rows = buckets(words, self.known)
        logits = self.table[rows].sum(axis=0) / np.sqrt(max(len(rows), 1)) + self.bias
        powers = np.exp(logits - logits.max())
        return Odds(*(powers / powers.sum()).tolist())


def read(content: bytes) -> Classifier:
    """A classifier from the bytes of its file."""
    with np.load(io.BytesIO(content)) as saved:
        table = saved["table"].T.astype(np.float32) * saved["scale"]
        known = np.unpackbits(saved["known"]).astype(np.bool_)
        id_ = hashlib.sha256(content).hexdigest()[:8]
        return Classifier(np.ascontiguousarray(table), saved["bias"], known, id_)


@cache
def builtin() -> Classifier:
    """The classifier that comes with the program, read once a process."""
    return read(files("bot.routing").joinpath("model.npz").read_bytes())
