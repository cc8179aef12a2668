"""Deletions through the whole application: what is gone from a source is gone everywhere."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.assembly import Application, assemble
from adapters.chat.commands import Commands
from adapters.syncing import desk_of, plans_of, syncer_of
from bot.conversation import Author, Outcome, Platform, Principal, Question
from bot.settings import load_settings
from bot.store.participation import Participation
from knowledge.overview import overview

PUMP = """# Pumps

## How do I reset the Quasar pump?

Hold the red button of the Quasar pump for nine seconds, until it blinks twice.
"""
LAWN = "# Lawn\n\n## How often do I mow the lawn?\n\nMow the lawn once a week in summer.\n"
QUESTION = "How do I reset the Quasar pump?"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "pumps.md").write_text(PUMP)
    (folder / "lawn.md").write_text(LAWN)
    return folder


@pytest.fixture
async def app(tmp_path: Path, docs: Path) -> AsyncIterator[Application]:
    settings = load_settings(
        WELLSPOKEN_HOME=tmp_path / "home",
        sources=({"name": "guide", "path": str(docs), "sync": "1h"},),
    )
    async with assemble(settings) as application:
        yield application


async def sync(app: Application) -> None:
    (plan,) = plans_of(app.settings)
    await syncer_of(app).sync(plan)
    await app.ingestor.embed_waiting()


async def ask(app: Application, text: str) -> tuple[Outcome, list[str]]:
    turn = await app.engine.answer(Question(text, Author(Platform.WEB, "v1"), Principal()))
    return turn.outcome, [citation.document for citation in turn.citations]


async def test_what_is_gone_from_a_source_is_gone_everywhere(app: Application, docs: Path) -> None:
    """Answers, search, suggestions, the overview and the console know nothing of it, at once."""
    commands = Commands(app, Participation(app.database))

    async def suggested() -> str:
        return " ".join(s.message for s in await commands.suggestions(Principal(), ""))

    await sync(app)
    assert await ask(app, QUESTION) == (Outcome.ANSWERED, ["pumps.md"])
    assert "Quasar" in await suggested()
    (docs / "pumps.md").unlink()
    await sync(app)
    outcome, cited = await ask(app, QUESTION)
    assert outcome is not Outcome.ANSWERED
    assert cited == []
    found = await app.retriever.retrieve(QUESTION, Principal())
    assert "pumps.md" not in [p.chunk.document for p in found.passages]
    assert "Quasar" not in await suggested()
    assert [s.documents for s in await overview(app.ledger, Principal())] == [1]
    assert [d.document for d in await app.ledger.page(50)] == ["lawn.md"]
    (standing,) = await desk_of(app).standings()
    assert standing.documents == 1
    assert (await app.store.stats()).documents == 1


async def test_the_commit_of_a_checkout_is_kept_with_each_document(
    app: Application, docs: Path
) -> None:
    """A committed file carries its commit and a later one its own; a changed file carries none."""

    def git(*arguments: str) -> str:
        names = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        command = ["git", *names, *arguments]
        return subprocess.run(
            command, cwd=docs, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    first = git("rev-parse", "HEAD")
    (docs / "notes.md").write_text("# Notes\n\nNot committed.\n")
    await sync(app)
    commits = {r.document: r.commit for r in await app.ledger.listing()}
    assert commits == {"pumps.md": first, "lawn.md": first, "notes.md": ""}
    (docs / "lawn.md").write_text(LAWN.replace("once", "twice"))
    git("commit", "--quiet", "-a", "-m", "second")
    await sync(app)
    commits = {r.document: r.commit for r in await app.ledger.listing()}
    second = git("rev-parse", "HEAD")
    assert commits == {"pumps.md": first, "lawn.md": second, "notes.md": ""}
    assert (await app.ledger.runs("guide"))[0].report["commit"] == second
