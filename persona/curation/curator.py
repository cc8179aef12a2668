"""Curation as a story: rated turns stream by, what may be taught is prepared and chosen."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Protocol

from bot.citing import without_markers
from bot.errors import TrainingError
from bot.store.rated import Rated
from persona.curation.choosing import Candidate, Consent, Dropped, Format, choose
from persona.curation.duplicates import printed
from persona.curation.lines import line_of
from persona.curation.pairing import Pairs
from persona.curation.preparing import Preparer, Ready
from persona.curation.selecting import Kept, Selection, select
from persona.curation.writing import Spool
from persona.fitting import estimate_tokens
from persona.prompting import prompt_tokens

Progress = Callable[[int, int], None]
"""Called with how many rated turns were read, and of how many."""

_AGREED = 2
"""So many times as often one label must have been given to the same answer as the other."""

_DOMINATE = 5
"""From so many on, answers that state facts without a source are no accident."""


class Choices(Protocol):
    """Who said that their words may be used, or may not."""

    async def standing(
        self, authors: set[str], /
    ) -> tuple[dict[str, bool], dict[tuple[str, str], bool]]: ...


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came of all rated turns: the set, what was left out, and how many turns there were."""

    selection: Selection
    dropped: Counter[Dropped]
    rated: int


class Curator:
    """Makes one data set; ``silence`` is what a missing choice means."""

    def __init__(
        self, wanted: Format, preparer: Preparer, choices: Choices, spool: Spool, *, silence: bool
    ) -> None:
        self._wanted = wanted
        self._preparer = preparer
        self._choices = choices
        self._spool = spool
        self._silence = silence
        self._found: list[Kept] = []
        self._dropped: Counter[Dropped] = Counter()
        self._seen: dict[bytes, int] = {}
        self._votes = {label: array("L") for label in (True, False)}  # by place in ``_found``
        self._words: dict[str, str] = {}
        self._pairs = Pairs()
        self._prepared = 0

    async def curate(
        self, batches: AsyncIterator[list[Rated]], total: int, progress: Progress
    ) -> Gathered:
        """Read all turns once. Raises TrainingError where nothing can be taught, where the set
        would teach facts, and DiskFullError."""
        done = 0
        async for batch in batches:
            consent = await self._consent(batch)
            for rated in batch:
                choice = choose(rated, self._wanted, consent)
                self._dropped.update(choice.dropped)
                for candidate in choice.found:
                    agreed = consent.chosen(rated.turn.author.key, rated.turn.channel) is True
                    await self._take(candidate, agreed)
                await asyncio.sleep(0)  # a worker answers people in the same loop
            done += len(batch)
            progress(done, max(total, done))
        self._spool.flush()
        found = self._all_found()
        self._refuse_facts()
        selection = await asyncio.to_thread(select, found, self._wanted)
        self._dropped.update(selection.dropped)
        kept = (*selection.train, *selection.validation)
        self._refuse_one_class(found)
        if not kept:
            raise TrainingError(reason=self._nothing(done))
        return Gathered(selection, +self._dropped, done)

    async def _consent(self, batch: list[Rated]) -> Consent:
        people = {rated.turn.author.key for rated in batch}
        people |= {said.author for rated in batch for said in rated.said}
        people |= {rated.rewritten.author for rated in batch if rated.rewritten}
        overall, channels = await self._choices.standing(people - {""})
        return Consent(overall, self._silence, channels)

    async def _take(self, candidate: Candidate, agreed: bool) -> None:
        ready = await self._preparer.prepare(candidate, agreed=agreed)
        if isinstance(ready, Dropped):
            self._dropped[ready] += 1
            return
        self._prepared += 1
        half = self._wanted is Format.DPO and not ready.instead
        if half and not candidate.label:
            self._pairs.dislike(ready)
            return
        if self._known(ready, half=half):
            return
        kept = self._kept(ready)
        if half:
            self._pairs.like(ready, kept)
        else:
            self._found.append(kept)

    def _known(self, ready: Ready, *, half: bool) -> bool:
        """Whether the same example is there already; then it is one more voice on that one."""
        said = without_markers(ready.completion), without_markers(ready.instead)
        text = "\x1f".join((ready.question.casefold(), *said))
        key = blake2b(text.encode("utf-8", "replace"), digest_size=12).digest()
        if half:
            return False
        first = self._seen.setdefault(key, len(self._found))
        new = first == len(self._found)
        for label, votes in self._votes.items():
            if new:
                votes.append(0)
            votes[first] += label is ready.candidate.label
        if new:
            return False
        self._dropped[Dropped.DUPLICATE] += 1
        return True

    def _kept(self, ready: Ready) -> Kept:
        candidate, turn = ready.candidate, ready.candidate.turn
        line = line_of(
            self._wanted,
            ready.prompt,
            ready.completion,
            instead=ready.instead,
            label=candidate.label,
        )
        offset, length = self._spool.add(line)
        return Kept(
            offset=offset,
            length=length,
            turn=turn.id,
            threads=(self._once(turn.thread),),
            asker=self._once(turn.author.key),
            author=self._once(candidate.author),
            kind=candidate.kind.value,
            topic=self._once(ready.topic),
            label=candidate.label,
            rank=0 if candidate.approved else 1,
            prompt_tokens=prompt_tokens(ready.prompt),
            completion_tokens=estimate_tokens(ready.completion),
            print=printed(f"{ready.question}\n{without_markers(ready.completion)}"),
            prompted=ready.prompted,
        )

    def _once(self, word: str) -> str:
        """The same word as before, where it was there: people, threads and documents come again."""
        return self._words.setdefault(word, word)

    def _all_found(self) -> list[Kept]:
        """What is left of single turns, and the pairs of two."""
        pairs = list(self._pairs.made())
        self._dropped[Dropped.NO_PAIR] += self._pairs.halves - 2 * len(pairs)
        votes = zip(self._votes[True], self._votes[False], strict=True)
        single = [self._voted(kept, *both) for kept, both in zip(self._found, votes, strict=True)]
        agreed = [kept for kept in single if kept is not None]
        self._dropped[Dropped.DISPUTED] += len(single) - len(agreed)
        return [*agreed, *pairs]

    def _voted(self, kept: Kept, liked: int, disliked: int) -> Kept | None:
        """An example with the label that most gave it; ``None`` where they do not agree."""
        if max(liked, disliked) < _AGREED * min(liked, disliked):
            return None
        label = liked > disliked
        return kept if kept.label is label else replace(kept, label=label, turned=True)

    def _refuse_facts(self) -> None:
        """A set of answers whose facts stand nowhere would teach them by heart."""
        bare, usable = self._dropped[Dropped.UNGROUNDED], self._prepared
        if bare >= _DOMINATE and bare > usable:
            raise TrainingError(
                f"{bare} of {bare + usable} answers state facts that their sources do not have: "
                "a model would learn them by heart instead of reading; correct those answers, or "
                "read in the documents that they come from."
            )

    def _refuse_one_class(self, found: list[Kept]) -> None:
        if self._wanted is not Format.KTO or not found:
            return
        labels = {kept.label for kept in found}
        if len(labels) == 1:
            what, other = ("liked", "disliked") if True in labels else ("disliked", "liked")
            raise TrainingError(
                f"All {len(found)} usable answers were {what}, and KTO learns from both: rate some "
                f"that you {other}, or build with --format sft."
            )

    def _nothing(self, turns: int) -> str:
        return nothing_usable(self._wanted, turns, self._dropped)


def nothing_usable(wanted: Format, turns: int, dropped: Mapping[Dropped, int]) -> str:
    """Why there is no set, in one sentence."""
    if not turns:
        return "no answer was rated, corrected or approved yet; do that in the chat or the console."
    ranked = sorted(((-n, why) for why, n in dropped.items() if n), key=lambda each: each)
    reasons = ", ".join(f"{why.value}: {-n}" for n, why in ranked)
    wanting = {
        Format.SFT: "approve or rewrite answers with `wellspoken feedback review` or in the "
        "console's Review",
        Format.DPO: "correct answers that got a thumb down, and approve the corrections",
        Format.KTO: "rate some answers up and some down",
    }
    advice = wanting[wanted]
    if 2 * dropped.get(Dropped.CONSENT, 0) > turns:
        advice = "ask people to allow it with `/wellspoken opt-in`, or see [training] consent"
    return f"nothing of {turns} rated turns can be used ({reasons}); {advice}."
