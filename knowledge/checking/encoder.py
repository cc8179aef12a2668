"""The trained checker: a small cross-encoder, int8, on the CPU, in this process.

It reads a claim or a question beside chosen evidence and gives the probability that the evidence
carries the claim, or answers the question. One pass a call and one thread, as with the embedder:
with dynamic quantisation a score depends on its batch mates. What it is and how it was trained:
``models/checker-minilm-l6-int8/README.md``.
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.errors import CheckerError
from knowledge.checking.showing import SEPARATOR, Ids, Shown, encoded
from knowledge.embedder import SLOWER

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Values = NDArray[np.float32]

MODEL = "checker-minilm-l6-int8"
_TOKENIZER = "minilm-l6-v2-int8"  # both models are of one family and read the same word pieces
_REMEMBERED = 512  # passes: a repaired answer repeats most of its sentences
_CLAIM, _QUESTION = 0, 1

SIGNALS_READ = ("pair", "foreign_most", "foreign_three", "foreign_mean")
"""What a pass tells of a claim: the logit that the evidence carries it, and of its word pieces the
logit that nothing carries them: the highest, the mean of the highest three, the mean of all."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one pass says: the values of ``SIGNALS_READ``, and the logit of the question's head."""

    claim: tuple[float, ...]
    question: float


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic regression: the weight of each value, and a constant; a half is the threshold."""

    each: tuple[float, ...]
    constant: float

    def probability(self, values: Sequence[float]) -> float:
        total = self.constant + sum(w * v for w, v in zip(self.each, values, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


@dataclass(frozen=True, slots=True)
class _Loaded:
    tokenizer: Tokenizer
    session: InferenceSession
    claim: Weights
    question: Weights


def reading(pair: Values, piece: Values, ids: Ids) -> Reading:
    """What the outputs of a pass say: ``pair`` of shape [2], ``piece`` [n, 2], ``ids`` [n]."""
    ends = np.flatnonzero(ids == SEPARATOR)
    foreign = np.sort(piece[ends[-2] + 1 : ends[-1], _CLAIM].astype(float))[::-1]
    if not len(foreign):
        foreign = np.zeros(1)
    claim = (float(pair[_CLAIM]), float(foreign[0]), float(foreign[:3].mean()),
             float(foreign.mean()))  # fmt: skip
    return Reading(claim, float(pair[_QUESTION]))


class CheckerEncoder:
    """Scores what :mod:`knowledge.checking.showing` shows; the model loads at first use (0.2 s)."""

    def __init__(self, folder: Path | None = None) -> None:
        models = Path(str(files("knowledge") / "models"))
        self._folder = folder or models / MODEL
        self._words = models / _TOKENIZER / "tokenizer.json"
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="check")
        self._recent: OrderedDict[Shown, Reading] = OrderedDict()

    async def warm(self) -> None:
        """Load the model ahead of the first answer. Raises CheckerError."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._parts)

    def begin_loading(self) -> None:
        """Load the model beside whatever comes next; what fails is said by the first check."""
        self._thread.submit(self._parts)

    async def carries(self, shown: Shown, signals: Sequence[float]) -> float:
        """The probability that the evidence carries the claim; about 8 ms.

        ``signals`` are those of :data:`knowledge.support.SIGNALS`, of all passages. Raises
        CheckerError.
        """
        read = await self._read(shown)
        return self._parts().claim.probability((*signals, *read.claim))

    async def answers(self, shown: Shown) -> float:
        """The probability that the evidence answers the question. Raises CheckerError."""
        read = await self._read(shown)
        return self._parts().question.probability((read.question,))

    def close(self) -> None:
        """Drop what waits and end the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _read(self, shown: Shown) -> Reading:
        known = self._recent.get(shown)
        if known is None:
            loop = asyncio.get_running_loop()
            known = await loop.run_in_executor(self._thread, self.read, shown)
            self._recent[shown] = known
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
        else:
            self._recent.move_to_end(shown)
        return known

    def read(self, shown: Shown) -> Reading:
        """One pass, in the calling thread. Raises CheckerError."""
        parts = self._parts()
        ids, types = encoded(parts.tokenizer, shown)
        pair, piece = parts.session.run(
            ["pair", "piece"], {"input_ids": ids, "token_type_ids": types}
        )
        return reading(pair[0], piece[0], ids[0])

    def _parts(self) -> _Loaded:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> _Loaded:
        for path in (self._words, self._folder / "model.onnx", self._folder / "scales.json"):
            if not path.is_file():
                raise CheckerError(path=path, reason="the file is missing")
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # The further rewrites of "all" change nothing in this graph and take half of the loading.
        level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.graph_optimization_level = level
        try:
            tokenizer = Tokenizer.from_file(str(self._words))
            tokenizer.no_truncation()
            tokenizer.encode_special_tokens = True  # "[SEP]" in a passage is a word like any other
            session = onnxruntime.InferenceSession(
                str(self._folder / "model.onnx"),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=SLOWER,
            )
            kept = json.loads((self._folder / "scales.json").read_text(encoding="utf-8"))
            claim = Weights(tuple(kept["claim"]["weights"].values()), kept["claim"]["constant"])
            question = Weights((kept["question"]["weight"],), kept["question"]["constant"])
        except Exception as error:  # both libraries raise bare Exception for a broken file
            raise CheckerError(path=self._folder, reason=str(error)) from error
        return _Loaded(tokenizer, session, claim, question)
