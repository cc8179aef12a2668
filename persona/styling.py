"""The style score of an answer: the rules of the persona, and its classifier where one is trained.

``score = rules * p ** trust``: ``p`` is the classifier's calibrated probability and ``trust`` how
much it has learned from (0 without training). So a finding of a rule always counts, a handful of
examples moves little, and nothing jumps when the first classifier is trained.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.errors import WellspokenError
from bot.ports import Embedder, Vectors
from bot.telemetry import log
from persona.profile import Persona
from persona.style import Finding, Rule, StyleScore, StyleScorer
from persona.style_features import REASONS, SURFACE, Features, features
from persona.style_model import LONGEST, READ, StyleModel
from persona.style_phrases import suspects, without

Source = Callable[[], Awaitable[StyleModel | None]]
"""Where the classifier of the persona's version comes from."""

REFRESH_S = 1.0
_PATIENCE_S = 1.0  # for a vector, with an embedder at a server; without it the rules decide
_TRIED = 6  # phrases a text that are taken out to see what changes: one vector each
_DISLIKED = 0.6  # of the probability; above, the text is well enough to name nothing
_MATTERS = 0.25  # by how much the log odds rise without the phrase
_CARRIES = 0.25  # of the rise: a single feature with so much of it is the reason
_NAMED = 3  # findings of the classifier a text


class Styler:
    """Scores texts against one persona; implements :class:`bot.ports_releasing.StyleCheck`.

    ``source`` is asked at most every ``every_s`` seconds, beside the scoring and never in its way.
    """

    def __init__(
        self,
        persona: Persona,
        embedder: Embedder | None = None,
        *,
        model: StyleModel | None = None,
        source: Source | None = None,
        every_s: float = REFRESH_S,
    ) -> None:
        self._rules = StyleScorer(persona)
        self._embedder = embedder
        self._model = model
        self._source = source
        self._every = every_s
        self._looked = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    @property
    def model(self) -> StyleModel | None:
        """The classifier that counts now; ``None``: the rules alone."""
        model = self._model
        return model if model is not None and self._fits(model) else None

    async def __call__(self, text: str) -> float | None:
        """0 to 1; ``None`` where it cannot be told. Never fails; one vector of the first
        characters is all that it costs."""
        try:
            self._look_again()
            return (await self._scored(text))[0]
        except Exception as error:  # noqa: BLE001 - an answer is never lost over its style
            log.warning("style not scored", error=type(error).__name__)
            return None

    async def score(self, text: str) -> StyleScore:
        """Score and findings; those of the classifier have the rule ``voice``."""
        self._look_again()
        score, ruled, margin = await self._scored(text)
        model = self.model
        if model is None or margin is None or model.probability(margin) >= _DISLIKED:
            return StyleScore(score, ruled.findings)
        voiced = await self._disliked(model, text, margin, ruled.findings)
        found = sorted([*ruled.findings, *voiced], key=lambda f: (f.start, f.end))
        return StyleScore(score, tuple(found))

    async def refresh(self) -> None:
        """Look for the newest classifier now; where that fails the last one stays."""
        if self._source is None:
            return
        self._looked = time.monotonic()
        try:
            self._model = await self._source()
        except Exception as error:  # noqa: BLE001 - answers go on, whatever is wrong there
            log.warning("style classifier not read, the last one stays", error=str(error))

    async def close(self) -> None:
        """End a look at the database that is under way."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _look_again(self) -> None:
        if self._source is None or time.monotonic() - self._looked < self._every:
            return
        if self._looking is None or self._looking.done():
            self._looked = time.monotonic()
            self._looking = asyncio.create_task(self.refresh())

    def _fits(self, model: StyleModel) -> bool:
        """Whether its vectors can be had here."""
        if not model.embedder:
            return True
        return self._embedder is not None and self._embedder.model == model.embedder

    async def _scored(self, text: str) -> tuple[float, StyleScore, float | None]:
        """The joined score, that of the rules, and the classifier's margin where there is one."""
        ruled = self._rules.score(text)
        model = self.model
        found = features(text[:LONGEST]) if model else None
        if model is None or found is None or not len(found.buckets):
            return ruled.score, ruled, None
        vector = await self._vector(model, text)
        if model.embedder and vector is None:
            return ruled.score, ruled, None
        margin = model.margin(found, vector)
        return ruled.score * model.probability(margin) ** model.trust, ruled, margin

    async def _vector(self, model: StyleModel, text: str) -> Vectors | None:
        if not model.embedder or self._embedder is None:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._embedder.embed_query(text[:READ])
        except (WellspokenError, TimeoutError) as error:
            log.warning("no vector for the style", error=type(error).__name__)
            return None

    async def _disliked(
        self, model: StyleModel, text: str, margin: float, ruled: tuple[Finding, ...]
    ) -> list[Finding]:
        """Phrases without which the text would be nearer to the voice, the worst ones."""
        text = text[:LONGEST]
        whole = await asyncio.to_thread(features, text)  # others are answered meanwhile
        gained: list[tuple[float, Finding]] = []
        for phrase in await asyncio.to_thread(suspects, model, text, whole, most=_TRIED):
            if any(f.start < phrase.end and phrase.start < f.end for f in ruled):
                continue  # a rule has said it, and more clearly
            rest = without(text, phrase)
            left = await asyncio.to_thread(features, rest)
            if not len(left.buckets):
                continue
            better = model.margin(left, await self._vector(model, rest))
            rise = model.slope * (better - margin)
            if rise >= _MATTERS:
                finding = Finding(
                    Rule.VOICE, phrase.start, phrase.end, text[phrase.start : phrase.end]
                )
                gained.append((rise, replace(finding, reason=_reason(model, whole, left, rise))))
        gained.sort(key=lambda each: -each[0])
        return [finding for _, finding in gained[:_NAMED]]


def _reason(model: StyleModel, whole: Features, left: Features, rise: float) -> str:
    """The surface feature that carries the phrase; empty where no single one does."""
    parts = model.slope * model.surface * (left.surface - whole.surface)
    told = [(float(parts[i]), name) for i, name in enumerate(SURFACE) if name in REASONS]
    carried, name = max(told)
    return name if carried >= _CARRIES * rise else ""
