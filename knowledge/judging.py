"""A judge behind the check of answers: a model that is asked, with the built-in check around it.

What must agree to the letter stays with :mod:`knowledge.exactness`: no judge passes a number or a
link that no passage holds. A judge that is down, slow or answers nonsense costs nothing but its own
opinion: the built-in check decides then, and the log says so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.conversation import Usage
from bot.errors import WellspokenError
from bot.lexical import terms
from bot.ports import Grounder, GroundingCheck, Verdict
from bot.telemetry import log
from knowledge.exactness import Standing, exactness, nearest
from knowledge.statements import PassageText, read_passage

SECONDS = 5.0
"""How long one sentence may take: the reader waits for it while an answer streams."""

REST = 30.0
"""Seconds that a judge is left alone after it failed, so that a dead one slows no answer."""

_FAILED = "The judge of claims did not answer; the built-in check decided in its place."
# The score of a verdict: as sure as the two that were asked. Not calibrated.
_AGREED, _ALONE = 0.95, 0.75


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge thinks of one sentence.

    ``passage`` is the index of the one that carries it, where the judge says so; ``reason`` one
    short sentence; ``usage`` what it charged.
    """

    supported: bool
    passage: int | None = None
    reason: str = ""
    usage: Usage = field(default_factory=Usage)


class UnclearVerdictError(WellspokenError):
    """The judge's answer could not be read: {said}"""

    def __init__(self, said: str, usage: Usage | None = None) -> None:
        super().__init__(said=said)
        self.usage = usage or Usage()


class Judge(Protocol):
    """Somebody who can tell whether passages carry a sentence."""

    @property
    def name(self) -> str:
        """As it stands in the log; it changes whenever opinions may."""
        ...

    async def warm(self) -> None:
        """Do what the first sentence would wait for. Raises :class:`bot.errors.WellspokenError`."""
        ...

    async def judge(
        self, sentence: str, passages: Sequence[str], question: str, cited: Sequence[int]
    ) -> Opinion:
        """Its opinion. Raises :class:`UnclearVerdictError`, :class:`bot.errors.WellspokenError`."""
        ...


class _Patience:
    """How long a judge is waited for, and whether it is left alone now."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._until = float("-inf")

    @property
    def resting(self) -> bool:
        return self._clock() < self._until

    def failed(self) -> None:
        self._until = self._clock() + REST


class JudgedCheck:
    """Passages opened for a judge; see :class:`bot.ports.GroundingCheck`.

    ``usage`` is what the judge charged so far, ``notes`` what went otherwise than usual.
    """

    def __init__(
        self,
        judge: Judge,
        fallback: GroundingCheck,
        patience: _Patience,
        passages: Sequence[str],
        read: tuple[PassageText, ...],
        question: str,
    ) -> None:
        self._judge = judge
        self._fallback = fallback
        self._patience = patience
        self._passages = passages
        self._read = read
        self._question = question
        self._asked = frozenset(terms(question))
        self._known: dict[tuple[str, tuple[int, ...]], Verdict] = {}
        self.usage = Usage()
        self.notes: tuple[str, ...] = ()

    async def check(self, sentence: str, cited: Sequence[int] = ()) -> Verdict:
        """Whether the passages carry the sentence: one question to the judge, unless the answer is
        plain. The same sentence is judged once."""
        key = (sentence, tuple(cited))
        if key not in self._known:
            self._known[key] = await self._check(sentence, cited)
        return self._known[key]

    async def _check(self, sentence: str, cited: Sequence[int]) -> Verdict:
        verdict = await self._fallback.check(sentence, cited)
        if not self._passages:
            return verdict
        exact = exactness(sentence, self._read, self._asked)
        if exact.standing is Standing.BROKEN and verdict.supported:
            return Verdict(False, 0.1, None, None, exact.finding)
        if exact.standing is not Standing.OPEN:
            return verdict
        opinion = await self._opinion(sentence, cited)
        if isinstance(opinion, str):
            self.notes = (_FAILED,)
            log.warning(
                "the judge did not judge, the built-in check decides",
                judge=self._judge.name,
                reason=opinion,
            )
            return verdict
        self.usage += opinion.usage
        return self._joined(sentence, verdict, opinion)

    def _joined(self, sentence: str, verdict: Verdict, opinion: Opinion) -> Verdict:
        """The judge's word, with the place that the built-in check knows."""
        agreed = verdict.supported is opinion.supported
        score = _AGREED if agreed else _ALONE
        if not opinion.supported:
            found = opinion.reason or verdict.finding or "the judge finds it in no passage"
            return Verdict(False, round(1 - score, 4), verdict.passage, None, found)
        same = verdict.supported and opinion.passage in (None, verdict.passage)
        if same and verdict.passage is not None:
            return Verdict(True, score, verdict.passage, verdict.quote)
        known = opinion.passage is not None and 0 <= opinion.passage < len(self._read)
        place = nearest(sentence, self._read, opinion.passage if known else None)
        passage, quote = place or (None, None)
        return Verdict(True, score, passage, quote)

    async def _opinion(self, sentence: str, cited: Sequence[int]) -> Opinion | str:
        """The judge's opinion, or in words why it has none."""
        if self._patience.resting:
            return "it is left alone for a while after it failed"
        try:
            async with asyncio.timeout(self._patience.seconds):
                return await self._judge.judge(sentence, self._passages, self._question, cited)
        except UnclearVerdictError as error:  # it is up: the next sentence may fare better
            self.usage += error.usage
            return str(error)
        except TimeoutError:
            reason = f"no answer within {self._patience.seconds:g} s"
        except WellspokenError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - a fault of a judge costs its opinion, not the answer
            log.exception("the judge of claims failed because of a fault in the program")
            reason = type(error).__name__
        self._patience.failed()
        return reason


class JudgedGrounder:
    """Opens passages for a judge; ``fallback`` knows what is exact, and decides without it.

    ``clock`` gives seconds that only go forward.
    """

    def __init__(
        self,
        judge: Judge,
        fallback: Grounder,
        *,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._judge = judge
        self._fallback = fallback
        self._patience = _Patience(seconds, clock)

    @property
    def id(self) -> str:
        """Both of them: what the one does not decide, the other does."""
        return f"{self._judge.name} over {self._fallback.id}"

    async def warm(self) -> None:
        """Load what the judge needs, for those who are about to answer; the log says if it
        cannot."""
        try:
            await self._judge.warm()
        except WellspokenError as error:
            log.warning("the judge is not ready", judge=self._judge.name, reason=str(error))

    def open(
        self, passages: Sequence[str], question: str = "", headers: Sequence[str] = ()
    ) -> JudgedCheck:
        """Open the passages for both."""
        above = [*headers, *[""] * (len(passages) - len(headers))]
        read = tuple(read_passage(p, h) for p, h in zip(passages, above, strict=False))
        check = self._fallback.open(passages, question, headers)
        shown = [f"{h}\n{p}" if h else p for p, h in zip(passages, above, strict=False)]
        return JudgedCheck(self._judge, check, self._patience, shown, read, question)
