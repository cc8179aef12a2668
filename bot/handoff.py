"""Questions that went to a person, the answers that came back, and which become knowledge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversation import Author, Platform
from bot.errors import NotFoundError
from bot.store.base import Database, insert
from bot.store.chat_tables import handoffs, is_proposed
from bot.store.forgetting import FORGOTTEN
from bot.store.ids import new_id
from bot.store.rewrites import JudgedBeforeError
from bot.store.tables import turns
from bot.store.timing import utc_now
from bot.store.turns import author_of

OPEN, ANSWERED, CLOSED = "open", "answered", "closed"
NONE, PROPOSED, APPROVED, REJECTED = "none", "proposed", "approved", "rejected"


@dataclass(frozen=True, slots=True)
class Handoff:
    """A question that went to a person.

    ``place`` is where it was asked, ``card_place`` where it was posted for the people who answer;
    ``None`` until then. ``status`` is ``open``, ``answered`` or ``closed`` (nobody waits for an
    answer). ``answer`` joins all replies, ``answered_by`` is the author key of the last.
    ``proposal`` is ``none``, ``proposed``, ``approved`` or ``rejected``.
    """

    id: str
    turn: str
    platform: Platform
    asker: Author
    place: dict[str, Any]
    question: str
    status: str
    card_place: dict[str, Any] | None
    answer: str
    answered_by: str
    proposal: str
    created_at: datetime
    answered_at: datetime | None


def _handoff_of(row: sa.Row[Any]) -> Handoff:
    asker = author_of(row.asker, row.asker_name)
    return Handoff(
        id=row.id,
        turn=row.turn_id,
        platform=asker.platform,
        asker=asker,
        place=row.place,
        question=row.question,
        status=row.status,
        card_place=row.card_place,
        answer="\n\n".join(reply["text"] for reply in row.replies),
        answered_by=row.replies[-1]["by"] if row.replies else "",
        proposal=row.proposal,
        created_at=row.created_at,
        answered_at=row.answered_at,
    )


def _locked(connection: sa.Connection, id_: str) -> sa.Row[Any]:
    """The row, held until the commit. Raises NotFoundError."""
    query = sa.select(handoffs).where(handoffs.c.id == id_).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(kind="handoff", id=id_)
    return row


def _changed(connection: sa.Connection, id_: str, **values: object) -> Handoff:
    change = sa.update(handoffs).where(handoffs.c.id == id_).values(**values)
    return _handoff_of(connection.execute(change.returning(handoffs)).one())


class HandoffBook:
    """The handoffs in a database."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._clock = clock

    # -- asking a person ----------------------------------------------------------------------

    async def open(
        self, turn: str, asker: Author, place: Mapping[str, Any], question: str
    ) -> Handoff:
        """Hand a turn's question over, once: later ones get the same handoff.

        Raises NotFoundError for an unknown turn.
        """
        row: dict[str, Any] = {
            "id": new_id("h"),
            "turn_id": turn,
            "asker": asker.key,
            "asker_name": asker.name,
            "place": dict(place),
            "question": question,
            "status": OPEN,
            "card_place": None,
            "replies": [],
            "proposal": NONE,
            "proposed_by": "",
            "judged_by": "",
            "created_at": self._clock(),
            "answered_at": None,
        }

        def op(connection: sa.Connection) -> Handoff:
            author = connection.scalar(sa.select(turns.c.author).where(turns.c.id == turn))
            if author is None or author.endswith(f":{FORGOTTEN}"):  # forgotten this very moment
                raise NotFoundError(kind="turn", id=turn)
            new = insert(connection, handoffs).on_conflict_do_nothing(index_elements=["turn_id"])
            connection.execute(new, row)
            known = sa.select(handoffs).where(handoffs.c.turn_id == turn)
            return _handoff_of(connection.execute(known).one())

        return await self._db.write(op)

    async def posted(self, id: str, card_place: Mapping[str, Any]) -> Handoff:  # noqa: A002
        """Note where the question was posted. Raises NotFoundError."""

        def op(connection: sa.Connection) -> Handoff:
            _locked(connection, id)
            return _changed(connection, id, card_place=dict(card_place))

        return await self._db.write(op)

    async def answered(self, id: str, text: str, by: str, *, message: str = "") -> Handoff:  # noqa: A002
        """Add a reply to the answer; what it is now. ``by`` is the author's key.

        A reply whose ``message`` (its id on the platform) is known changes nothing, and so does one
        to a closed handoff. Raises NotFoundError.
        """
        return await self._db.write(
            lambda connection: self.answered_in(connection, id, text, by, message=message)
        )

    def answered_in(
        self,
        connection: sa.Connection,
        id: str,  # noqa: A002
        text: str,
        by: str,
        *,
        message: str = "",
    ) -> Handoff:
        """As :meth:`answered`, inside the caller's transaction."""
        row = _locked(connection, id)
        known = message and any(reply["message"] == message for reply in row.replies)
        if known or row.status == CLOSED:
            return _handoff_of(row)
        reply = {"text": text, "by": by, "message": message}
        return _changed(
            connection,
            id,
            replies=[*row.replies, reply],
            status=ANSWERED,
            answered_at=self._clock(),
        )

    async def close(self, id: str) -> Handoff:  # noqa: A002
        """Nobody waits for an answer any more. Raises NotFoundError."""

        def op(connection: sa.Connection) -> Handoff:
            _locked(connection, id)
            return _changed(connection, id, status=CLOSED)

        return await self._db.write(op)

    # -- finding --------------------------------------------------------------------------------

    async def get(self, id: str) -> Handoff:  # noqa: A002
        """The handoff with this id. Raises NotFoundError."""
        found = await self._found(sa.select(handoffs).where(handoffs.c.id == id))
        if not found:
            raise NotFoundError(kind="handoff", id=id)
        return found[0]

    async def of_turn(self, turn: str) -> Handoff | None:
        """The handoff of a turn; ``None`` where there is none."""
        found = await self._found(sa.select(handoffs).where(handoffs.c.turn_id == turn))
        return found[0] if found else None

    async def of_thread(self, conversation: str) -> list[Handoff]:
        """The handoffs of the turns of a thread, oldest first."""
        query = (
            sa.select(handoffs)
            .join(turns, turns.c.id == handoffs.c.turn_id)
            .where(turns.c.thread_id == conversation)
        )
        return await self._found(query.order_by(handoffs.c.id))

    async def _found(self, query: sa.Select[Any]) -> list[Handoff]:
        return await self._db.read(lambda c: [_handoff_of(row) for row in c.execute(query)])

    # -- becoming knowledge -----------------------------------------------------------------------

    async def propose(self, id: str, by: str) -> Handoff:  # noqa: A002
        """Propose an answer as knowledge; ``by`` is the author's key.

        What was proposed or judged before stays as it is: see its ``proposal``. Raises
        NotFoundError where there is no answer to propose.
        """

        def op(connection: sa.Connection) -> Handoff:
            row = _locked(connection, id)
            if not row.replies:
                raise NotFoundError(kind="answered handoff", id=id)
            if row.proposal != NONE:
                return _handoff_of(row)
            return _changed(connection, id, proposal=PROPOSED, proposed_by=by)

        return await self._db.write(op)

    async def proposals(self) -> list[Handoff]:
        """What is proposed and not judged yet, oldest first."""
        return await self._found(sa.select(handoffs).where(is_proposed).order_by(handoffs.c.id))

    async def judge(self, id: str, approved: bool, by: str) -> Handoff:  # noqa: A002
        """Approve or reject a proposal, once. Raises NotFoundError where none waits under this id,
        JudgedBeforeError where that is because somebody judged it.

        The audit trail's entry belongs to the caller, who knows what became of it.
        """
        verdict = APPROVED if approved else REJECTED

        def op(connection: sa.Connection) -> Handoff:
            row = _locked(connection, id)
            if row.proposal in (APPROVED, REJECTED):
                told = f"It was {row.proposal} by {row.judged_by} before, and nothing was changed."
                raise JudgedBeforeError(told, verdict=row.proposal, by=row.judged_by)
            if row.proposal != PROPOSED:
                raise NotFoundError(kind="proposal", id=id)
            return _changed(connection, id, proposal=verdict, judged_by=by)

        return await self._db.write(op)
