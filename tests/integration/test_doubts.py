"""What the bot does in doubt, through the whole application and without a model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.assembly import Application, assemble
from bot.conversation import Author, Outcome, Platform, Principal, Question, Turn
from bot.settings import load_settings
from knowledge.sources.folder import FolderSource

DOCUMENTS = {
    "returns.md": """---
date: 2026-03-03
---
# Returns

A garden pump can be returned within 30 days of delivery.
""",
    "faq.md": """---
date: 2024-01-12
---
# Frequently asked

A garden pump can be returned within 14 days of delivery.
""",
    "quasar.md": "# Quasar lamp\n\nThe Quasar lamp has a warranty of 24 months.\n",
    "secret.md": """---
groups: [staff]
date: 2026-10-01
---
# Returns for staff

A garden pump can be returned within 90 days of delivery.
""",
}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Application]:
    """A bot with documents that disagree, one of them for staff alone."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in DOCUMENTS.items():
        (docs / name).write_text(text)
    async with assemble(load_settings(WELLSPOKEN_HOME=tmp_path / "home")) as application:
        await application.ingestor.ingest(FolderSource(docs, name="docs"))
        await application.ingestor.embed_waiting()
        yield application


async def ask(app: Application, text: str, *groups: str, thread: str | None = None) -> Turn:
    author, reader = Author(Platform.WEB, "v1"), Principal(frozenset(groups))
    return await app.engine.answer(Question(text, author, reader, thread=thread))


async def test_documents_that_disagree_are_both_named(app: Application) -> None:
    """Both values with their pages and days, the newer first, each cited."""
    turn = await ask(app, "Within how many days can a garden pump be returned?")
    assert turn.outcome is Outcome.ANSWERED
    assert turn.answer.index("30 days") < turn.answer.index("14 days")
    assert "3 March 2026" in turn.answer
    assert "12 January 2024" in turn.answer
    assert {c.document for c in turn.citations} >= {"returns.md", "faq.md"}
    assert "90" not in turn.answer
    assert turn.notes


async def test_what_the_public_may_not_see_disagrees_with_nothing(app: Application) -> None:
    """The staff's value is named to staff alone."""
    turn = await ask(app, "Within how many days can a garden pump be returned?", "staff")
    assert "90 days" in turn.answer


async def test_a_poem_is_declined_without_a_search_for_rhymes(app: Application) -> None:
    """What no document answers is said to be no question for them."""
    turn = await ask(app, "Please write me a poem about the Quasar lamp")
    assert turn.outcome is Outcome.ABSTAINED
    assert not turn.citations


async def test_a_question_outside_says_what_it_does_not_know(app: Application) -> None:
    """It abstains, and the turn keeps why in words."""
    turn = await ask(app, "What is the capital of France?")
    assert turn.outcome is Outcome.ABSTAINED
    assert turn.notes
    assert "Paris" not in turn.answer
