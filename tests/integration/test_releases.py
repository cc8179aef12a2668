"""Releases through the whole application: who speaks, in seconds, and who steps in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.assembly import Application, assemble
from adapters.release.watching import watcher_of
from bot.conversation import Author, Outcome, Platform, Question, Turn
from bot.settings import load_settings
from knowledge.sources.folder import FolderSource
from persona.canary import takes_part
from persona.canary_reading import Finding
from persona.registry import Registry
from persona.releasing import SECONDS
from tests.platforms.models_server import ModelsServer
from tests.platforms.openai_server import Behaviour, Fault

PUMPS = """# Pumps

The Quasar pump is reset by holding its red button for nine seconds, until it blinks twice.
The Quasar pump weighs 4 kg.
"""
QUESTION = "How is the Quasar pump reset?"
BY = "terminal:operator"


@pytest.fixture
def server() -> Iterator[ModelsServer]:
    """A model server that quotes the passages; model two is not there."""
    models = ("general", "one", "two")
    missing = {"two": Behaviour(models=models, fault=Fault.UNKNOWN_MODEL)}
    with ModelsServer(Behaviour(models=models), by_model=missing) as running:
        yield running


@asynccontextmanager
async def house(tmp_path: Path, server: ModelsServer, **more: object) -> AsyncIterator[Application]:
    """A bot with a general model, one document, and no stored answers."""
    docs = tmp_path / "docs"
    docs.mkdir(exist_ok=True)
    (docs / "pumps.md").write_text(PUMPS)
    settings = load_settings(
        WELLSPOKEN_HOME=tmp_path / "home",
        OPENAI_BASE_URL=server.url,
        WELLSPOKEN_MODEL="general",
        cache={"enabled": False},
        release={"turns": 8},
        **more,
    )
    async with assemble(settings) as app:
        await app.ingestor.ingest(FolderSource(docs, name="docs"))
        await app.ingestor.embed_waiting()
        yield app


async def ask(app: Application, thread: str | None = None) -> Turn:
    return await app.engine.answer(Question(QUESTION, Author(Platform.WEB, "v"), thread=thread))


async def test_promotion_and_rollback_reach_a_running_bot(
    tmp_path: Path, server: ModelsServer
) -> None:
    """Another connection promotes and rolls back: the running bot follows within seconds."""
    async with house(tmp_path, server) as app:
        registry = Registry(app.database)
        await registry.register(model="one", by=BY)
        assert (await ask(app)).model == "general"
        await registry.promote("v1", by=BY, force=True, reason="x")
        await asyncio.sleep(SECONDS)
        turn = await ask(app)
        assert (turn.outcome, turn.model) == (Outcome.ANSWERED, "one")
        await registry.roll_back(by=BY)
        await asyncio.sleep(SECONDS)
        assert (await ask(app)).model == "general"


async def test_voice_model_in_the_settings_wins(tmp_path: Path, server: ModelsServer) -> None:
    """Where WELLSPOKEN_VOICE_MODEL names a model the registry decides nothing, and says so."""
    async with house(tmp_path, server, WELLSPOKEN_VOICE_MODEL="general") as app:
        await Registry(app.database).register(model="one", by=BY)
        await app.models.promote("v1", by=BY, force=True, reason="x")
        assert "WELLSPOKEN_VOICE_MODEL names general" in app.models.remarks()[0]
        assert (await ask(app)).model == "general"


async def test_canary_that_does_not_answer_is_found_out(
    tmp_path: Path, server: ModelsServer
) -> None:
    """Askers get their answer from the model below; the watch sees that the canary failed."""
    async with house(tmp_path, server) as app:
        registry = Registry(app.database)
        for model in ("one", "two"):
            await registry.register(model=model, by=BY)
        await registry.promote("v1", by=BY, force=True, reason="x")
        trial = await registry.start_canary("v2", 0.5, by=BY)
        threads = [f"thread{n}" for n in range(60)]
        for thread in threads:
            turn = await ask(app, thread)
            assert turn.outcome is Outcome.ANSWERED
            canary = takes_part(thread, trial.id, 0.5)
            assert turn.model == ("general" if canary else "one")
        assert await watcher_of(app).look() is Finding.WORSE
        version = await registry.get("v2")
        assert version.state == "rejected"
        assert "model errors 100.0% against 0.0%" in version.why
        release = await registry.release()
        assert release.canary is None
