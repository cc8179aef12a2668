"""A turn to store, with anything changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.conversation import Author, Outcome, Platform, Route, RouteDecision, Turn, Usage
from bot.evidence import Chunk, Citation, Claim, Grounding, Passage
from bot.store.ids import new_id

_CHUNK = Chunk(
    id="chunk-1",
    document="guide/filters.md",
    source="guide",
    revision="r1",
    ordinal=0,
    title="Filters",
    headings=("Care", "Filters"),
    text="Change the filter every 400 hours.",
    start=10,
    end=44,
    uri="https://example.com/filters",
    groups=frozenset({"staff"}),
)


@pytest.fixture
def make_turn() -> Callable[..., Turn]:
    """A turn with an id of its own; keyword arguments replace what they name."""

    def make(**changes: Any) -> Turn:
        turn = Turn(
            id=new_id(),
            thread="thread-1",
            question="How often does the filter change?",
            query="filter change interval",
            author=Author(Platform.WEB, "visitor", "Ann"),
            channel="lobby",
            audience=frozenset({"staff"}),
            route=RouteDecision(Route.RAG, 0.8, ("asks for a fact",)),
            answer="Every 400 hours [1].",
            outcome=Outcome.ANSWERED,
            citations=(
                Citation(1, "guide/filters.md", "Filters", "https://example.com/filters", "400 h"),
            ),
            grounding=Grounding((Claim(0, 16, "Every 400 hours", True, 0.9, 0),)),
            passages=(Passage(_CHUNK, 0.9, 7.5, 0.6),),
            withheld=("board/minutes.md",),
            model="extractive",
            persona="juniper@1",
            usage=Usage(10, 5, 0.01),
            timings_ms={"retrieve": 1.5},
            at=datetime.now(UTC),
        )
        return replace(turn, **changes)

    return make
