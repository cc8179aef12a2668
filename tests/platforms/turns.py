"""A turn with nothing in it but an answer and its citations, and with anything changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.conversation import Author, Outcome, Platform, Route, RouteDecision, Turn, Usage
from bot.evidence import Citation, Grounding


def turn_of(answer: str = "Fine.", *citations: Citation, **changes: Any) -> Turn:
    """An answered turn; keyword arguments replace the fields that they name."""
    turn = Turn(
        id="t0001",
        thread="thread",
        question="How?",
        query="how",
        author=Author(Platform.SLACK, "U1"),
        channel="slack:C1",
        audience=frozenset(),
        route=RouteDecision(Route.RAG, 1.0, ()),
        answer=answer,
        outcome=Outcome.ANSWERED,
        citations=citations,
        grounding=Grounding(),
        passages=(),
        withheld=(),
        model="extractive",
        persona="juniper@1",
        usage=Usage(),
        timings_ms={},
        at=datetime.now(UTC),
    )
    return replace(turn, **changes)
