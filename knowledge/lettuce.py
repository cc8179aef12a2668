"""LettuceDetect as the judge: an encoder that marks what passages do not carry.

Its library is optional (`pip install "wellspoken[grounding]"`) and loads when the first sentence
comes. See https://github.com/KRLabsOrg/LettuceDetect; the models are made for English and for seven
other languages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from bot.citing import without_markers
from bot.errors import ConfigurationError, KnowledgeError
from bot.telemetry import log
from knowledge.judging import Opinion, UnclearVerdictError

_WHERE = "[checking]"
_LEAST = 0.5  # as the library's own threshold for a token
_SHOWN = 80


class JudgeUnavailableError(KnowledgeError):
    """The model of LettuceDetect in {path} cannot be used ({reason}); check its folder."""


class Detector(Protocol):
    """What is used of ``lettucedetect.models.inference.HallucinationDetector``."""

    def predict(
        self, context: list[str], answer: str, question: str | None, output_format: str
    ) -> Any:
        """With ``"spans"``: ``[{"start", "end", "confidence", "text"}]``, each a piece of the
        answer that the context does not carry."""
        ...


def load_detector(path: Path) -> Detector:
    """The library's own detector; the import takes seconds and much memory."""
    library = import_module("lettucedetect.models.inference")  # an optional extra
    detector: Detector = library.HallucinationDetector(method="transformer", model_path=str(path))
    return detector


class LettuceJudge:
    """An encoder that judges; implements :class:`knowledge.judging.Judge`.

    ``path`` is a folder with a model of LettuceDetect. Raises ConfigurationError where the folder
    or the library is not there. One sentence at a time, in a thread of its own.
    """

    def __init__(self, path: Path, *, load: Callable[[Path], Detector] = load_detector) -> None:
        if not (path / "config.json").is_file():
            problem = f'path: "{path}" is no folder with a model of LettuceDetect'
            raise ConfigurationError(where=_WHERE, problem=problem)
        if load is load_detector and find_spec("lettucedetect") is None:
            problem = 'lettucedetect is not installed; `pip install "wellspoken[grounding]"`'
            raise ConfigurationError(where=_WHERE, problem=problem)
        self._path = path
        self._load = load
        self._detector: Detector | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lettucedetect")

    @property
    def name(self) -> str:
        return f"LettuceDetect ({self._path.name})"

    async def warm(self) -> None:
        """Load the model. Raises :class:`JudgeUnavailableError`."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._loaded)

    async def judge(
        self,
        sentence: str,
        passages: Sequence[str],
        question: str,
        cited: Sequence[int],  # noqa: ARG002 - it says what is not carried, not by whom
    ) -> Opinion:
        """Supported where no word of the sentence is marked. Raises JudgeUnavailableError."""
        answer = without_markers(sentence).strip()
        loop = asyncio.get_running_loop()
        spans = await loop.run_in_executor(
            self._thread, self._predict, list(passages), answer, question or None
        )
        marked = marks(spans, answer)
        if not marked:
            return Opinion(supported=True)
        shown = marked[0] if len(marked[0]) <= _SHOWN else marked[0][:_SHOWN].rstrip() + " …"
        return Opinion(supported=False, reason=f"the passages do not carry “{shown}”")

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _predict(self, passages: list[str], answer: str, question: str | None) -> Any:
        detector = self._loaded()
        try:
            return detector.predict(
                context=passages, answer=answer, question=question, output_format="spans"
            )
        except Exception as error:  # whatever a library of others raises
            raise self._unavailable(error) from error

    def _loaded(self) -> Detector:
        if self._detector is None:
            log.info("LettuceDetect loads", path=str(self._path))
            try:
                self._detector = self._load(self._path)
            except Exception as error:  # whatever a library of others raises
                raise self._unavailable(error) from error
        return self._detector

    def _unavailable(self, error: Exception) -> JudgeUnavailableError:
        said = str(error).strip().splitlines() or [""]
        reason = f"{type(error).__name__}: {said[0][:200]}".rstrip(": ")
        return JudgeUnavailableError(path=self._path, reason=reason)


def marks(spans: Any, answer: str) -> list[str]:
    """The marked pieces of an answer that hold a word, the surest first.

    Raises :class:`knowledge.judging.UnclearVerdictError` where it is not what the library promises.
    """
    found: list[tuple[float, str]] = []
    try:
        for span in spans:
            start, end, sure = int(span["start"]), int(span["end"]), float(span["confidence"])
            text = answer[max(start, 0) : max(end, 0)].strip()
            if sure >= _LEAST and any(c.isalnum() for c in text):
                found.append((sure, text))
    except (TypeError, KeyError, ValueError) as error:
        raise UnclearVerdictError("LettuceDetect gave no spans") from error
    return [text for _, text in sorted(found, key=lambda mark: -mark[0])]
