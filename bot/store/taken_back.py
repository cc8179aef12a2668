"""Messages that were deleted or edited on their platform: what is stored of their words.

A message is found by the names under which it was put into the inbox: they are the keys of turns.
Of a deleted one the turn keeps its figures, as with :mod:`bot.store.erasure`, and its author. The
key stays, so that a message that is delivered again stays known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.conversation import Role
from bot.guardrails import clean
from bot.store import forgetting
from bot.store.audit import AuditTrail
from bot.store.audit_chain import OPERATOR, TURN
from bot.store.base import Database, insert
from bot.store.chat_tables import handoffs
from bot.store.columns import to_json
from bot.store.cost_tables import answer_cache
from bot.store.history import short_key
from bot.store.review_tables import rewrites
from bot.store.rewrites import Verdict
from bot.store.suite_tables import suite_cases
from bot.store.tables import audit, messages, turns
from bot.store.wordless import erase_words, unborrow

TABLES = (*forgetting.TABLES, "suite_cases")

_PIECE, _TELLING = 128, 16
"""Characters of what is looked for in the file: at most, and at least."""
_KEPT = 1024
"""Characters by which it is told whether somebody else wrote the same."""


class TakenBack:
    """Follows deletions and edits in a database with its audit trail."""

    def __init__(self, db: Database, trail: AuditTrail) -> None:
        self._db = db
        self._trail = trail

    def turns_in(self, connection: sa.Connection, names: Sequence[str]) -> list[str]:
        """The turns of a message, by its names; none or one."""
        keys = [short_key(name) for name in names]
        return list(connection.scalars(sa.select(turns.c.id).where(turns.c.key.in_(keys))))

    def erase_in(self, connection: sa.Connection, names: Sequence[str], by: str) -> list[str]:
        """Erase the words of a deleted message, inside the caller's transaction; which they were.

        ``by`` is what the audit trail names: the platform, which tells nobody who deleted it.
        """
        found = self._with_words(connection, names)
        ids = [row.turn_id for row in found]
        if not ids:
            return []
        self._forget_traces(connection, ids)
        forgetting.erase_rewrites(connection, ids)
        ended = {"question": "", "replies": [], "status": "closed"}
        change = sa.update(handoffs).where(handoffs.c.turn_id.in_(ids))
        connection.execute(change.values(**ended))
        waiting = change.where(handoffs.c.proposal == "proposed")
        connection.execute(waiting.values(proposal="none"))
        erase_words(connection, ids)
        self._forget_files(connection, ids)
        for id_ in ids:
            self._tell(connection, "message deleted", by, id_)
        return [row.text for row in found]

    def erase_reply_in(self, connection: sa.Connection, message: str, by: str) -> list[str]:
        """Erase a colleague's deleted reply to a handoff; its words. What an operator approved
        stays."""
        named = f'"message":{to_json(message)}'
        holds = sa.type_coerce(handoffs.c.replies, sa.Text).contains(named, autoescape=True)
        query = sa.select(handoffs.c.id, handoffs.c.turn_id, handoffs.c.replies).where(holds)
        gone: list[str] = []
        for row in connection.execute(query.with_for_update()).all():
            kept = [reply for reply in row.replies if reply["message"] != message]
            gone += [reply["text"] for reply in row.replies if reply["message"] == message]
            change = sa.update(handoffs).where(handoffs.c.id == row.id)
            connection.execute(change.values(replies=kept))
            if not kept:
                waiting = change.where(handoffs.c.proposal == "proposed")
                connection.execute(waiting.values(proposal="none"))
            self._tell(connection, "reply deleted", by, row.turn_id)
        return gone

    def replace_in(
        self, connection: sa.Connection, names: Sequence[str], text: str, by: str
    ) -> list[str]:
        """Put the new words of an edited message in place of the old ones; which these were.

        What was answered stays. What was deleted meanwhile stays without words.
        """
        text = clean(text).strip()
        found = [row for row in self._with_words(connection, names) if row.text != text]
        for row in found:
            self._forget_traces(connection, [row.turn_id])
            here = messages.c.turn_id == row.turn_id, messages.c.role == Role.USER.value
            connection.execute(sa.update(messages).where(*here).values(text=text))
            asked = sa.update(turns).where(turns.c.id == row.turn_id)
            connection.execute(asked.values(query=text, notes=[], error=""))
            kept = sa.delete(answer_cache).where(answer_cache.c.turn_id == row.turn_id)
            connection.execute(kept)
            change = sa.update(handoffs).where(handoffs.c.turn_id == row.turn_id)
            connection.execute(change.where(handoffs.c.question != "").values(question=text))
            self._tell(connection, "message edited", by, row.turn_id)
        return [row.text for row in found]

    def not_again_in(self, connection: sa.Connection, turn: str, by: str) -> None:
        """The bot's own answer was deleted: nobody is given it again from the answer cache, and it
        is not taught, unless an operator has judged it."""
        first = sa.select(turns.c.cached_from).where(turns.c.id == turn)
        ids = {turn, connection.scalar(first) or turn}
        gone = sa.delete(answer_cache).where(answer_cache.c.turn_id.in_(ids))
        changed = connection.execute(gone).rowcount
        there = sa.select(turns.c.id).where(turns.c.id.in_(ids)).order_by(turns.c.id)
        for id_ in connection.scalars(there).all():
            kept_out = insert(connection, rewrites).on_conflict_do_nothing(
                index_elements=["turn_id"]
            )
            row = {"turn_id": id_, "verdict": Verdict.REJECTED.value, "by": by}
            row |= {"text": "", "prompt": "", "author": ""}
            values = {**row, "at": datetime.now(UTC)}
            changed += connection.execute(kept_out, values).rowcount
        if changed:
            self._tell(connection, "answer deleted", by, turn)

    async def scrub(self, words: Sequence[str]) -> None:
        """Have the bytes of erased words gone too. The file is written anew only where one is left
        that nobody else wrote, so that deleting what is asked every day costs no such rewriting.
        """
        there: list[str] = []
        for word in (each for each in words if len(each) >= _TELLING):
            same = sa.func.substr(messages.c.text, 1, _KEPT) == word[:_KEPT]
            query = sa.select(sa.exists().where(same))
            if not await self._db.read(lambda c, query=query: c.scalar(query)):  # type: ignore[misc]  # bound now
                there.append(word)
        pieces = (word[at : at + _PIECE] for word in there for at in range(0, len(word), _PIECE))
        await self._db.scrub(TABLES, [each for each in pieces if len(each) >= _TELLING])

    async def compact(self) -> None:
        """As :meth:`scrub`, where it is no longer known which words they were."""
        await self._db.compact(TABLES)

    # -- steps ------------------------------------------------------------------------------------

    def _with_words(self, connection: sa.Connection, names: Sequence[str]) -> list[sa.Row[Any]]:
        """Turns of a message whose question still stands there."""
        query = sa.select(messages.c.turn_id, messages.c.text).where(
            messages.c.turn_id.in_(self.turns_in(connection, names)),
            messages.c.role == Role.USER.value,
            messages.c.text != "",
        )
        return list(connection.execute(query))

    def _forget_traces(self, connection: sa.Connection, ids: Sequence[str]) -> None:
        """What was made of the words: queries of others, gaps, proposed cases."""
        of_turns = sa.select(turns.c.id, turns.c.thread_id).where(turns.c.id.in_(ids))
        for row in connection.execute(of_turns).all():
            said = messages.c.turn_id == row.id, messages.c.role == Role.USER.value
            unborrow(connection, row.thread_id, said, turns.c.id != row.id)
        forgetting.erase_from_gaps(connection, ids)
        proposed = suite_cases.c.place.in_(ids), suite_cases.c.origin == "turn"
        gone = sa.delete(suite_cases).where(*proposed, suite_cases.c.state != "approved")
        connection.execute(gone)

    def _forget_files(self, connection: sa.Connection, ids: Sequence[str]) -> None:
        """Names of files that came along, out of the audit trail."""
        told = sa.select(audit.c.sequence).where(audit.c.turn.in_(ids), audit.c.kind == TURN)
        contents = self._trail.contents_in(connection, list(connection.scalars(told)))
        changed = {
            sequence: forgetting.without_files(content)
            for sequence, content in contents.items()
            if content and any(e["source"] == forgetting.FILES for e in content["evidence"])
        }
        if changed:
            self._trail.redact_in(connection, changed)

    def _tell(self, connection: sa.Connection, action: str, by: str, turn: str) -> None:
        content = {"action": action, "actor": by, "subject": turn}
        self._trail.append_in(connection, OPERATOR, content)
