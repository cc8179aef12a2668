"""Limits where messages are taken in: what is one too many is said once, and else left alone.

A sentence about a limit is an event of the inbox like any other, kept before its message is
acknowledged: it is said once, whoever is killed meanwhile. Floods, channels and workspaces are
counted in this process; a person's questions also in the turns that all processes store.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from adapters.chat.base import Heard
from bot.errors import StorageError
from bot.limits import Asked, Kind, Limiter, Rates, Verdict
from bot.metrics import Metrics
from bot.store.base import Database
from bot.store.limits import RecentTurns
from bot.telemetry import log
from bot.work.inbox import Claim, Inbox
from persona.phrases_limits import limited

LIMITED, MARK = "limited", "mark"
"""The kinds of events: a sentence to be said, and the note of all processes that one was."""

_TOLD = "told"
_ABOUT_S = 5.0


class Limiting:
    """Weighs what was heard, and says where it was too much."""

    def __init__(
        self,
        rates: Rates,
        *,
        database: Database,
        inbox: Inbox,
        metrics: Metrics,
        languages: tuple[str, ...] = (),
        clock: Callable[[], datetime],
    ) -> None:
        self._rates = rates
        self._limiter = Limiter(rates)
        self._turns = RecentTurns(database)
        self._database = database
        self._inbox = inbox
        self._metrics = metrics
        self._languages = languages
        self._clock = clock
        self._warned = 0.0

    async def weigh(self, event: str, heard: Heard, *, sure: bool) -> Verdict:
        """Whether it is taken in; ``event`` names the message."""
        asked = Asked(
            event=event,
            person=f"{heard.place.workspace}:{heard.author.key}",
            channel=f"{heard.place.workspace}:{heard.place.channel_key}",
            workspace=f"{heard.place.platform}:{heard.place.workspace}",
            text=heard.text,
            at=heard.at.timestamp(),
            sure=sure,
            thread=heard.place.key if heard.place.thread else "",
        )
        verdict = self._limiter.weigh(asked)
        if verdict.passes and sure:
            wait = await self._elsewhere(heard)
            if wait > 0:
                verdict = self._limiter.refuse(asked, Kind.PERSON, wait)
        if verdict.kind is not None:
            self._metrics.observe_limited(verdict.kind, heard.place.platform)
            self._warn(verdict, heard)
        return verdict

    async def _elsewhere(self, heard: Heard) -> float:
        """Seconds that a person has to wait by what is stored, of whichever process; 0: none."""
        rate = self._rates.person
        if rate is None:
            return 0.0
        now = self._clock()
        span = timedelta(seconds=rate.seconds)
        try:
            found = await self._turns.of(heard.author.key, now - span)
        except StorageError as error:
            log.warning("limits count this process alone", error=str(error))
            return 0.0
        if found.count < rate.most or found.oldest is None:
            return 0.0
        return max(1.0, (found.oldest + span - now).total_seconds())

    def _warn(self, verdict: Verdict, heard: Heard) -> None:
        """One line a minute at most: a flood must not flood the log."""
        now = time.monotonic()
        if not self._warned or now - self._warned > 60.0:
            self._warned = now
            log.warning("over a limit", kind=verdict.kind, platform=heard.place.platform)

    def overtaken(self, heard: Heard) -> bool:
        """Whether a flood went over it before it was worked on: then the newest counts."""
        person = f"{heard.place.workspace}:{heard.author.key}"
        return not heard.private and self._limiter.flooding(person, heard.at.timestamp())

    @property
    def trouble(self) -> str | None:
        """Where more is asked than there is room for, in one sentence."""
        full = self._limiter.full(self._clock().timestamp())
        if not full:
            return None
        more = f" and {len(full) - 1} more" if len(full) > 1 else ""
        return f"More is asked in {full[0]}{more} than [limits] allows; some questions wait."

    # -- saying it ------------------------------------------------------------------------------

    def payload(self, verdict: Verdict, heard: dict[str, Any]) -> dict[str, Any]:
        """The event of a sentence about a limit."""
        return {"kind": LIMITED, "limit": verdict.kind, "wait": verdict.wait_s, "heard": heard}

    async def sentence(self, claim: Claim, heard: Heard) -> str:
        """What to say; empty where another process has said it to this person just now."""
        payload = claim.payload
        if not claim.step and not await self._is_first(claim, heard):
            return ""
        late = (self._clock() - heard.at).total_seconds()
        wait = float(payload["wait"]) - max(0.0, late)
        return limited(Kind(payload["limit"]), wait, heard.text, self._languages)

    def _about(self, kind: Kind) -> float:
        """Within how many seconds two processes mean the same moment: one counts from when a
        question was asked, the other from when it was answered."""
        rates = {
            Kind.PERSON: self._rates.person,
            Kind.CHANNEL: self._rates.channel,
            Kind.WORKSPACE: self._rates.workspace,
            Kind.FLOOD: self._rates.burst,
            Kind.REPEAT: self._rates.repeats,
        }
        rate = rates[kind]
        return max(_ABOUT_S, rate.seconds / 6 if rate is not None else 0.0)

    async def _is_first(self, claim: Claim, heard: Heard) -> bool:
        """Note, together with the claim's step, that it is said: once a person until about the
        moment that is named."""
        until = heard.at.timestamp() + float(claim.payload["wait"])
        span = int(until // self._about(Kind(claim.payload["limit"])))
        name, *others = (_mark(heard, near) for near in (span, span - 1, span + 1))

        def op(connection: sa.Connection) -> bool:
            if self._inbox.knows_in(connection, others):
                return False
            topic = heard.place.platform
            if not self._inbox.put_in(connection, name, name, {"kind": MARK}, topic=topic):
                return False
            self._inbox.checkpoint_in(connection, claim, _TOLD, claim.state)
            return True

        return await self._database.write(op)


def _mark(heard: Heard, span: int) -> str:
    """The id of a note that a person was told; it outlives who is forgotten, so it names nobody."""
    who = f"{heard.place.workspace}:{heard.author.key}:{span}"
    return f"{LIMITED}:{sha256(who.encode()).hexdigest()[:32]}"
