"""A turn as rows, and back again: nothing is lost on the way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.conversation import Author, Outcome, Platform, Role, Route, RouteDecision, Turn, Usage
from bot.evidence import Chunk, Citation, Claim, Grounding, Passage, Rejected
from bot.store.tables import citations, messages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Row = dict[str, Any]

_BATCH = 500
_ids: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_said = sa.select(messages.c.turn_id, messages.c.role, messages.c.text).where(
    messages.c.turn_id.in_(_ids)
)
_cited = (
    sa.select(citations)
    .where(citations.c.turn_id.in_(_ids))
    .order_by(citations.c.turn_id, citations.c.position)
)


def author_of(key: str, name: str = "") -> Author:
    """The author behind a key such as ``slack:U024BE7LH``."""
    platform, _, id_ = key.partition(":")
    return Author(Platform(platform), id_, name)


def _finite(number: float) -> float:
    """A number that every database takes; what is none becomes 0."""
    return float(number) if math.isfinite(number) else 0.0


def turn_row(turn: Turn, key: str | None) -> Row:
    """The row of ``turns``."""
    return {
        "id": turn.id,
        "thread_id": turn.thread,
        "key": key,
        "at": turn.at,
        "query": turn.query,
        "author": turn.author.key,
        "author_name": turn.author.name,
        "channel": turn.channel,
        "audience": sorted(turn.audience),
        "route": turn.route.route.value,
        "confidence": _finite(turn.route.confidence),
        "reasons": turn.route.reasons,
        "odds": turn.route.odds,
        "outcome": turn.outcome.value,
        "model": turn.model,
        "persona": turn.persona,
        "prompt_tokens": turn.usage.prompt_tokens,
        "completion_tokens": turn.usage.completion_tokens,
        "cost_usd": _finite(turn.usage.cost_usd),
        "timings": turn.timings_ms,
        "error": turn.error,
        "notes": turn.notes,
        "cached_from": turn.cached_from,
        "saved_usd": _finite(turn.saved_usd),
        "style": turn.style,
        "rejected": turn.grounding.rejected,
        "claims": turn.grounding.claims,
        "withheld": turn.withheld,
        "passages": turn.passages,
    }


def message_rows(turn: Turn) -> list[Row]:
    """The rows of ``messages``: the question, then the answer."""
    shared = {"thread_id": turn.thread, "turn_id": turn.id, "at": turn.at}
    return [
        {**shared, "role": Role.USER.value, "text": turn.question, "author": turn.author.key},
        {**shared, "role": Role.ASSISTANT.value, "text": turn.answer, "author": ""},
    ]


def citation_rows(turn: Turn) -> list[Row]:
    """The rows of ``citations``, in the order of the turn."""
    return [
        {
            "turn_id": turn.id,
            "position": position,
            "n": c.n,
            "document": c.document,
            "title": c.title,
            "uri": c.uri,
            "quote": c.quote,
            "chunk": c.chunk,
            "revision": c.revision,
            "start": c.start,
            "end": c.end,
        }
        for position, c in enumerate(turn.citations)
    ]


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def texts_in(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Question and answer of turns, by id.

    A query of its own: SQLite, which keeps no statistics, would join it the wrong way round.
    """
    found: dict[tuple[str, str], str] = {}
    for batch in _batches(ids):
        for row in connection.execute(_said, {"ids": batch}):
            found[row.turn_id, row.role] = row.text
    return {id_: (found[id_, Role.USER], found[id_, Role.ASSISTANT]) for id_ in ids}


def citations_in(connection: sa.Connection, ids: Sequence[str]) -> dict[str, list[Citation]]:
    """The citations of turns, by id, in their order; turns without any are missing."""
    found: dict[str, list[Citation]] = {}
    for batch in _batches(ids):
        for row in connection.execute(_cited, {"ids": batch}):
            found.setdefault(row.turn_id, []).append(_citation_of(row._asdict()))
    return found


def _citation_of(row: Row) -> Citation:
    return Citation(
        n=row["n"],
        document=row["document"],
        title=row["title"],
        uri=row["uri"],
        quote=row["quote"],
        chunk=row["chunk"],
        revision=row["revision"],
        start=row["start"],
        end=row["end"],
    )


def _chunk_of(data: Row) -> Chunk:
    return Chunk(
        id=data["id"],
        document=data["document"],
        source=data["source"],
        revision=data["revision"],
        ordinal=data["ordinal"],
        title=data["title"],
        headings=tuple(data["headings"]),
        text=data["text"],
        start=data["start"],
        end=data["end"],
        uri=data["uri"],
        groups=frozenset(data["groups"]),
    )


def _passage_of(data: Row) -> Passage:
    return Passage(
        chunk=_chunk_of(data["chunk"]),
        score=data["score"] or 0.0,  # null: it was not a number
        lexical=data["lexical"] or 0.0,
        cosine=data["cosine"],
    )


def _claim_of(data: Row) -> Claim:
    return Claim(
        start=data["start"],
        end=data["end"],
        text=data["text"],
        supported=data["supported"],
        score=data["score"] or 0.0,
        passage=data["passage"],
        finding=data["finding"],
    )


def _rejected_of(data: Row) -> Rejected:
    return Rejected(data["text"], data["finding"], data["score"] or 0.0, data["became"])


def _decision_of(row: Row) -> RouteDecision:
    odds = tuple((name, probability or 0.0) for name, probability in row["odds"])
    return RouteDecision(Route(row["route"]), row["confidence"], tuple(row["reasons"]), odds)


def turn_of(row: Row, question: str, answer: str, cited: Sequence[Citation]) -> Turn:
    """A turn from its row of ``turns`` and what belongs to it."""
    return Turn(
        id=row["id"],
        thread=row["thread_id"],
        question=question,
        query=row["query"],
        author=author_of(row["author"], row["author_name"]),
        channel=row["channel"],
        audience=frozenset(row["audience"]),
        route=_decision_of(row),
        answer=answer,
        outcome=Outcome(row["outcome"]),
        citations=tuple(cited),
        grounding=Grounding(
            tuple(_claim_of(c) for c in row["claims"]),
            tuple(_rejected_of(r) for r in row["rejected"]),
        ),
        passages=tuple(_passage_of(p) for p in row["passages"]),
        withheld=tuple(row["withheld"]),
        model=row["model"],
        persona=row["persona"],
        usage=Usage(row["prompt_tokens"], row["completion_tokens"], row["cost_usd"]),
        timings_ms={stage: ms or 0.0 for stage, ms in row["timings"].items()},
        at=row["at"],
        error=row["error"],
        notes=tuple(row["notes"]),
        cached_from=row["cached_from"],
        saved_usd=row["saved_usd"],
        style=row["style"],
    )
