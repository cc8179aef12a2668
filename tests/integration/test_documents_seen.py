"""Documents through the whole application: who cites them, and who sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.assembly import Application
from bot.conversation import Author, Feedback, Outcome, Platform, Principal, Question, Rating
from bot.errors import NotFoundError
from knowledge.catalogue import Wanted
from knowledge.sources.folder import FolderSource
from tests.integration.test_trying import RESET, house

STRANGER, STAFF = Principal(), Principal(frozenset({"staff"}))
VISITOR = Author(Platform.WEB, "visitor")


async def asked(app: Application, text: str, principal: Principal) -> str:
    """The id of an answered turn."""
    turn = await app.engine.answer(Question(text, VISITOR, principal))
    assert turn.outcome is Outcome.ANSWERED
    return turn.id


async def test_an_answer_counts_for_the_chunk_that_it_cited(tmp_path: Path) -> None:
    """With its thumb; a new revision is told apart from the one that was cited, and a document
    that was taken away is gone, with the answers that cited it."""
    async with house(tmp_path) as app:
        turn = await asked(app, RESET, STRANGER)
        await app.feedback.rate(Feedback(turn, VISITOR, Rating.UP))
        story = await app.documents.story("docs", "pumps.md")
        (piece,) = story.pieces
        assert (story.cited.answers, story.cited.thumbs.up, story.cited.thumbs.down) == (1, 1, 0)
        assert piece.cited == story.cited
        assert not piece.waits
        assert (story.indexed, piece.lines) == (story.record.revision, (3, 3))
        assert [t.id for t, _ in story.turns] == [turn]
        assert (await app.documents.listing(Wanted(), 9)).cited == {"pumps.md": 1}
        assert [r.document for r in (await app.documents.most_cited(9)).page.records] == [
            "pumps.md"
        ]

        path = tmp_path / "docs" / "pumps.md"
        path.write_text("# Pumps\n\nThe Quasar pump has no button any more.\n")
        await app.ingestor.ingest(FolderSource(path.parent, name="docs"))
        newer = await app.documents.story("docs", "pumps.md")
        assert newer.record.revision != story.record.revision
        assert [r.name for r in newer.revisions] == [story.record.revision]
        assert (newer.cited.answers, newer.pieces[0].cited.answers) == (1, 0)

        path.unlink()
        await app.ingestor.ingest(FolderSource(path.parent, name="docs"))
        with pytest.raises(NotFoundError):
            await app.documents.story("docs", "pumps.md")
        gone = await app.documents.gone("docs", "pumps.md")
        assert [t.id for t in gone.turns] == [turn]


async def test_what_others_see_is_what_answers_are_made_from(tmp_path: Path) -> None:
    """List, search and verdict tell the same of strangers and of the staff, page by page."""
    async with house(tmp_path) as app:
        desk = app.documents
        for principal, sees in ((STRANGER, ["pumps.md"]), (STAFF, ["pay.md", "pumps.md"])):
            sight = await desk.seen(principal, 9)
            assert [r.document for r in sight.page.records] == sees
            assert (sight.count, sight.of, sight.held) == (len(sees), 2, 0)
            found = await desk.found("How is the night shift paid?", principal)
            assert ("pay.md" in {p.chunk.document for p in found.passages}) is ("pay.md" in sees)
            verdict = await desk.verdict("docs", "pay.md", principal)
            assert (verdict.sees, verdict.groups) == ("pay.md" in sees, {"staff"})
        first = await desk.seen(STAFF, 1)
        assert first.page.more == ("docs", "pay.md")
        rest = await desk.seen(STAFF, 1, first.page.more)
        assert ([r.document for r in rest.page.records], rest.page.more) == (["pumps.md"], None)
