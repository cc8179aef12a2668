"""Briefs and passages for the tests of the voice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.conversation import Message, Route
from bot.evidence import Chunk, Passage, Rejected
from bot.ports import Brief


def make_passage(text: str, title: str = "Warranty", cosine: float | None = 0.6) -> Passage:
    chunk = Chunk(
        id=f"{title}#0",
        document=f"{title}.md",
        source="docs",
        revision="r1",
        ordinal=0,
        title=title,
        headings=(title, "Details"),
        text=text,
        start=0,
        end=len(text),
        uri="",
    )
    return Passage(chunk, 1.0, 5.0, cosine)


def make_brief(
    question: str = "How long is the warranty?",
    *passages: Passage,
    history: tuple[Message, ...] = (),
    route: Route = Route.RAG,
    finding: str = "",
) -> Brief:
    rejected = (Rejected("What was said.", finding),) if finding else ()
    return Brief(question, question, history, passages, route, rejected)


@pytest.fixture
def passage() -> Callable[..., Passage]:
    """A passage of a text, with a title and a cosine."""
    return make_passage


@pytest.fixture
def brief() -> Callable[..., Brief]:
    """A brief of a question and passages."""
    return make_brief
