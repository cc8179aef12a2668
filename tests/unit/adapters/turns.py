"""A turn with nothing in it but an answer and its citations."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.conversation import Author, Outcome, Platform, Route, RouteDecision, Turn, Usage
from bot.evidence import Citation, Grounding


def turn(answer: str, citations: tuple[Citation, ...] = ()) -> Turn:
    return Turn(
        id="t1",
        thread="th",
        question="q",
        query="q",
        author=Author(Platform.SLACK, "U1"),
        channel="C1",
        audience=frozenset(),
        route=RouteDecision(Route.RAG, 1.0, ()),
        answer=answer,
        outcome=Outcome.ANSWERED,
        citations=citations,
        grounding=Grounding(),
        passages=(),
        withheld=(),
        model="m",
        persona="p",
        usage=Usage(),
        timings_ms={},
        at=datetime(2026, 1, 2, tzinfo=UTC),
    )
