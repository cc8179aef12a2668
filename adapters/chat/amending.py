"""What people delete or edit on their platform is followed, in the order of its thread.

What still waits is changed where it lies: a deleted message loses its words and is answered no
more, of an edited one the newest words are answered. What is being answered comes to its end, and
an event behind it in the same thread erases or replaces the words that were stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from adapters.chat.answering import Job
from adapters.chat.base import Deleted, Heard, heard_of, to_payload
from adapters.chat.intake import Intake, names_of_message
from bot.conversation import Platform
from bot.errors import ChatRefusedError
from bot.store.base import Database
from bot.store.replies import Replies
from bot.store.taken_back import TakenBack
from bot.telemetry import log
from bot.work.amending import Known, amend_in
from bot.work.inbox import Claim, Inbox

WITHDRAWN, DELETED, EDITED = "withdrawn", "deleted", "edited"
"""Kinds of events: a message that was deleted while it waited; what was stored of one is erased,
or replaced."""

_NOTHING = "This message was deleted before I could answer it."
_ERASED = "erased"


class Amending:
    """Follows deletions and edits. Its parts are handed in."""

    def __init__(
        self,
        *,
        database: Database,
        inbox: Inbox,
        intake: Intake,
        replies: Replies,
        taken_back: TakenBack,
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._intake = intake
        self._replies = replies
        self._taken_back = taken_back
        self._words: list[str] = []
        self._scrubbing = asyncio.Lock()
        self._unknown = False
        self._asked = self._scrubbed = 0

    # -- handing in -------------------------------------------------------------------------------

    async def drop(self, deleted: Deleted) -> None:
        """Follow a deletion. Of messages that nobody knows nothing is kept.

        Raises StorageError where it could not be kept: then it must not be acknowledged.
        """
        place, message = deleted.place, deleted.message
        names = names_of_message(place, message)
        self._intake.let_go(names[0])
        turn = await self._replies.turn_of(place.platform, place.channel, message)
        if turn is None and not await self._database.read(lambda c: self._is_known(c, names)):
            return
        payload = {"kind": DELETED, "names": names, "message": message, "answer": turn or ""}

        def op(connection: sa.Connection) -> None:
            known = amend_in(connection, names, partial(_withdrawn, words=words))
            self._put_in(connection, f"{names[0]}:{DELETED}", known, payload, place.platform)

        words: set[str] = set()
        await self._database.write(op)
        self._words += words
        self._inbox.wake()

    async def amend(self, heard: Heard, event_id: str) -> None:
        """Follow an edit; ``event_id`` names it. Raises StorageError, as :meth:`drop`."""
        names = names_of_message(heard.place, heard.message)
        self._intake.amend(names[0], heard)
        if not await self._database.read(lambda c: self._is_known(c, names)):
            return
        payload = {"kind": EDITED, "names": names, "text": heard.text}

        def op(connection: sa.Connection) -> None:
            known = amend_in(connection, names, partial(_newer, heard=heard, words=words))
            stored = self._taken_back.turns_in(connection, names)
            if stored or (known is not None and known.open):
                self._put_in(connection, event_id, known, payload, heard.place.platform, heard.at)

        words: set[str] = set()
        await self._database.write(op)
        self._words += words
        self._inbox.wake()

    def _is_known(self, connection: sa.Connection, names: tuple[str, ...]) -> bool:
        known = self._inbox.knows_in(connection, names)
        return known or bool(self._taken_back.turns_in(connection, names))

    def _put_in(
        self,
        connection: sa.Connection,
        event_id: str,
        known: Known | None,
        payload: Mapping[str, Any],
        platform: Platform,
        at: datetime | None = None,
    ) -> None:
        thread = known.thread if known is not None else event_id
        self._inbox.put_in(connection, event_id, thread, payload, topic=platform, at=at)

    # -- working ----------------------------------------------------------------------------------

    async def work(self, claim: Claim) -> None:
        """Erase or replace what was stored, and have the bytes gone."""
        payload = claim.payload
        if claim.step == _ERASED:  # cut off, and nobody knows any more which words they were
            await self._scrub(None)
            await self._inbox.complete(claim)
            return

        def op(connection: sa.Connection) -> list[str]:
            if payload["kind"] == EDITED:
                gone = self._taken_back.replace_in(
                    connection, payload["names"], payload["text"], claim.topic
                )
            else:
                gone = self._erase_in(connection, payload, claim.topic)
            self._inbox.checkpoint_in(connection, claim, _ERASED)
            return gone

        words = await self._database.write(op)
        log.info("followed on the platform", what=payload["kind"], platform=claim.topic)
        if not payload.get("answer"):
            await self._scrub(words)
        await self._inbox.complete(claim)

    def _erase_in(
        self, connection: sa.Connection, payload: Mapping[str, Any], platform: str
    ) -> list[str]:
        if payload["answer"]:
            self._taken_back.not_again_in(connection, payload["answer"], platform)
            return []
        gone = self._taken_back.erase_in(connection, payload["names"], platform)
        return gone + self._taken_back.erase_reply_in(connection, payload["message"], platform)

    async def _scrub(self, words: list[str] | None) -> None:
        """One look through the file for all that is waiting for one; it is written anew where it
        is not known for which ``words``."""
        self._words += words or []
        self._unknown |= words is None
        mark = self._asked = self._asked + 1
        async with self._scrubbing:
            if self._scrubbed >= mark:
                return
            upto, mine, self._words = self._asked, self._words, []
            unknown, self._unknown = self._unknown, False
            try:
                if unknown:
                    await self._taken_back.compact()
                else:
                    await self._taken_back.scrub(mine)
            except BaseException:
                self._words, self._unknown = mine + self._words, unknown or self._unknown
                raise
            self._scrubbed = upto

    async def withdraw(self, job: Job) -> None:
        """It was deleted while it waited: a placeholder that stands there already says so."""
        placement = job.placement()
        if placement.resumed:
            surface = await job.adapter.surface(job.heard, placement)
            try:
                await surface.fail(_NOTHING)
            except ChatRefusedError as error:
                log.info("a placeholder stays as it is", error=str(error))
        await self._inbox.complete(job.claim)


def _withdrawn(payload: dict[str, Any], words: set[str]) -> dict[str, Any]:
    """A message that waits, without its ``words``; only where it stands is left."""
    if "heard" not in payload:
        return payload
    words.add(payload["heard"]["text"])
    heard = {**payload["heard"], "text": "", "files": [], "mentions": []}
    return {"kind": WITHDRAWN, "heard": heard}


def _newer(payload: dict[str, Any], heard: Heard, words: set[str]) -> dict[str, Any]:
    """A message that waits, with its newest words; ``words`` are the old ones. What it was for the
    bot it stays."""
    if "heard" not in payload or payload["kind"] == WITHDRAWN:
        return payload
    old = heard_of(payload["heard"])
    if heard.at < old.at:
        return payload
    words.add(old.text)
    new = to_payload(heard)
    kept = {name: payload["heard"][name] for name in ("place", "author", "replies_to", "answer")}
    now = {**new, **kept, "for_bot": old.for_bot or heard.for_bot, "extra": dict(old.extra)}
    return {**payload, "heard": now}
