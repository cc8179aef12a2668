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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import KnowledgeError
from knowledge.checking.showing import Shown, encoded

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

MODEL = "checker-minilm-l6-int8"
_TOKENIZER = "minilm-l6-v2-int8"  # both models are of one family and read the same word pieces
_REMEMBERED = 512  # passes: a repaired answer repeats most of its sentences
_CLAIM, _QUESTION = 0, 1


class CheckerError(KnowledgeError):
    """The built-in checker {path} cannot be loaded ({reason}); install Wellspoken anew."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From a logit to a probability; a half is the fitted threshold."""

    factor: float
    shift: float

    def probability(self, logit: float) -> float:
        value = self.factor * logit + self.shift
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, value))))


@dataclass(frozen=True, slots=True)
class _Loaded:
    tokenizer: Tokenizer
    session: InferenceSession
    claim: Scale
    question: Scale


class CheckerEncoder:
    """Scores what :mod:`knowledge.checking.showing` shows; the model loads at first use (0.2 s)."""

    def __init__(self, folder: Path | None = None) -> None:
        models = Path(str(files("knowledge") / "models"))
        self._folder = folder or models / MODEL
        self._words = models / _TOKENIZER / "tokenizer.json"
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="check")
        self._recent: OrderedDict[Shown, tuple[float, float]] = OrderedDict()

    async def warm(self) -> None:
        """Load the model ahead of the first answer. Raises CheckerError."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._parts)

    def begin_loading(self) -> None:
        """Load the model beside whatever comes next; what fails is said by the first check."""
        self._thread.submit(self._parts)

    async def carries(self, shown: Shown) -> float:
        """The probability that the evidence carries the claim; about 8 ms. Raises CheckerError."""
        logits = await self._scored(shown)
        return self._parts().claim.probability(logits[_CLAIM])

    async def answers(self, shown: Shown) -> float:
        """The probability that the evidence answers the question. Raises CheckerError."""
        logits = await self._scored(shown)
        return self._parts().question.probability(logits[_QUESTION])

    def close(self) -> None:
        """Drop what waits and end the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _scored(self, shown: Shown) -> tuple[float, float]:
        known = self._recent.get(shown)
        if known is None:
            loop = asyncio.get_running_loop()
            known = await loop.run_in_executor(self._thread, self.logits, shown)
            self._recent[shown] = known
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
        else:
            self._recent.move_to_end(shown)
        return known

    def logits(self, shown: Shown) -> tuple[float, float]:
        """Both heads on one pass, in the calling thread. Raises CheckerError."""
        parts = self._parts()
        ids, types = encoded(parts.tokenizer, shown)
        pair = parts.session.run(["pair"], {"input_ids": ids, "token_type_ids": types})[0][0]
        return float(pair[_CLAIM]), float(pair[_QUESTION])

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
        try:
            tokenizer = Tokenizer.from_file(str(self._words))
            tokenizer.no_truncation()
            session = onnxruntime.InferenceSession(
                str(self._folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            kept = json.loads((self._folder / "scales.json").read_text(encoding="utf-8"))
            claim, question = Scale(*kept["claim"]), Scale(*kept["question"])
        except Exception as error:  # both libraries raise bare Exception for a broken file
            raise CheckerError(path=self._folder, reason=str(error)) from error
        return _Loaded(tokenizer, session, claim, question)
