"""The failure ladder through the whole application, rung by rung, over a model server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.assembly import Application, assemble
from bot.conversation import Author, Outcome, Platform, Principal, Question, Turn
from bot.settings import load_settings
from knowledge.sources.folder import FolderSource
from tests.platforms.openai_server import Behaviour, Fault, OpenAIServer

PUMPS = """# Pumps

The Quasar pump is reset by holding its red button for nine seconds, until it blinks twice.
The Quasar pump weighs 4 kg.
"""
QUESTION = "How is the Quasar pump reset?"
RESET = "The Quasar pump is reset by holding its red button for nine seconds"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """A model server that has both models and quotes the passages."""
    with OpenAIServer(Behaviour(models=("brand-1", "big", "small"))) as running:
        yield running


@asynccontextmanager
async def house(tmp_path: Path, server: OpenAIServer, **models: Any) -> AsyncIterator[Application]:
    """A bot with a brand voice, a general model and one document."""
    docs = tmp_path / "docs"
    docs.mkdir(exist_ok=True)
    (docs / "pumps.md").write_text(PUMPS)
    settings = load_settings(
        WELLSPOKEN_HOME=tmp_path / "home",
        OPENAI_BASE_URL=server.url,
        WELLSPOKEN_MODEL="big",
        WELLSPOKEN_VOICE_MODEL="brand-1",
        models={"first_token": "5s", "answer": "15s", **models},
    )
    async with assemble(settings) as app:
        await app.ingestor.ingest(FolderSource(docs, name="docs"))
        await app.ingestor.embed_waiting()
        yield app


async def ask(app: Application, text: str = QUESTION, *groups: str, name: str = "v1") -> Turn:
    author = Author(Platform.WEB, name)
    return await app.engine.answer(Question(text, author, Principal(frozenset(groups))))


def asked(server: OpenAIServer) -> list[str]:
    """The models that chat requests named, in their order."""
    return [r.body["model"] for r in server.requests if r.path.endswith("/chat/completions")]


async def test_the_brand_voice_speaks(tmp_path: Path, server: OpenAIServer) -> None:
    """Top rung: the brand's model answers, checked and cited."""
    async with house(tmp_path, server) as app:
        turn = await ask(app)
    assert (turn.outcome, turn.model) == (Outcome.ANSWERED, "brand-1")
    assert RESET in turn.answer
    assert asked(server) == ["brand-1"]


async def test_brand_voice_down_the_general_model_speaks(
    tmp_path: Path, server: OpenAIServer
) -> None:
    """A model that the server does not have is stepped over, and the turn notes it."""
    server.behaviour.models = ("big",)
    async with house(tmp_path, server) as app:
        turn = await ask(app)
        stored = await app.history.turn(turn.id)
    assert (turn.outcome, turn.model) == (Outcome.ANSWERED, "big")
    assert any(note.startswith("brand-1 did not answer") for note in turn.notes)
    assert stored.notes == turn.notes


@pytest.mark.parametrize("fault", [Fault.CLOSED, Fault.UNAVAILABLE, Fault.SILENT_STREAM])
async def test_both_down_the_documents_own_words_are_given(
    tmp_path: Path, server: OpenAIServer, fault: Fault
) -> None:
    """A server that is gone, overloaded or silent: the built-in reader answers with its source."""
    server.behaviour.fault = fault
    async with house(tmp_path, server, first_token="1s") as app:
        turn = await ask(app)
    assert (turn.outcome, turn.model) == (Outcome.ANSWERED, "extractive")
    assert RESET in turn.answer
    assert [c.document for c in turn.citations] == ["pumps.md"]


async def test_a_server_that_stays_down_is_not_asked_every_time(
    tmp_path: Path, server: OpenAIServer
) -> None:
    """After three failures in a row questions no longer wait for it."""
    server.behaviour.fault = Fault.FORBIDDEN
    async with house(tmp_path, server) as app:
        for _ in range(3):
            await ask(app)
        before = len(asked(server))
        turn = await ask(app)
    assert len(asked(server)) == before
    assert turn.outcome is Outcome.ANSWERED


async def test_a_voice_that_invents_is_asked_again_and_then_replaced(
    tmp_path: Path, server: OpenAIServer
) -> None:
    """Two tries with an invented number: the document's own words are given, the number never."""
    server.behaviour.answer = "The Quasar pump is reset by holding its button for 30 seconds [1]."
    async with house(tmp_path, server) as app:
        turn = await ask(app)
    assert asked(server) == ["brand-1", "brand-1"]
    assert (turn.outcome, turn.model) == (Outcome.ANSWERED, "extractive")
    assert "30" not in turn.answer
    assert "30 seconds" in turn.grounding.rejected[0].text
    assert turn.grounding.rejected[0].finding


async def test_a_voice_that_sees_its_mistake_is_shown(tmp_path: Path, server: OpenAIServer) -> None:
    """The second try holds, and stands in the answer."""

    def answer(messages: list[dict[str, Any]]) -> str:
        if "30 seconds" in messages[-1]["content"]:
            return "1: You reset the Quasar pump by holding its red button for nine seconds."
        return "The Quasar pump is reset by holding its button for 30 seconds [1]."

    server.behaviour.answer = answer
    async with house(tmp_path, server) as app:
        turn = await ask(app)
    assert (turn.model, turn.outcome) == ("brand-1", Outcome.ANSWERED)
    assert "nine seconds" in turn.answer
    [kept_back] = turn.grounding.rejected
    assert "nine seconds" in kept_back.became


async def test_over_budget_the_reader_answers_with_a_notice(
    tmp_path: Path, server: OpenAIServer
) -> None:
    """The first answer spends the day's tokens; the next comes from the documents and says so."""
    async with house(tmp_path, server, daily_limit_tokens=10) as app:
        first = await ask(app)
        second = await ask(app, "How heavy is the Quasar pump?")
    assert first.model == "brand-1"
    assert (second.model, second.outcome) == ("extractive", Outcome.ANSWERED)
    assert "budget" in second.answer
    assert second.usage.prompt_tokens == 0
    assert any("budget" in note for note in second.notes)


async def test_a_plain_lookup_goes_to_the_cheaper_model(
    tmp_path: Path, server: OpenAIServer
) -> None:
    """A question for a number is for the small model; one with feelings is for the brand's."""
    async with house(tmp_path, server, rag="small") as app:
        lookup = await ask(app, "How much does the Quasar pump weigh?")
        feeling = await ask(app, "I am so frustrated, please help me reset the Quasar pump!")
    assert lookup.model == "small"
    assert feeling.model == "brand-1"


async def test_the_same_question_again_costs_nothing(tmp_path: Path, server: OpenAIServer) -> None:
    """A second asker gets the stored answer with its sources; a changed document asks anew."""
    async with house(tmp_path, server, prompt_price=1.0, completion_price=2.0) as app:
        first = await ask(app)
        again = await ask(app, "hi, how is the Quasar pump reset??", name="v2")
        assert (again.answer, again.citations) == (first.answer, first.citations)
        assert again.cached_from == first.id
        assert again.saved_usd == first.usage.cost_usd > 0
        assert again.usage.prompt_tokens == 0
        assert len(asked(server)) == 1
        (tmp_path / "docs" / "pumps.md").write_text(PUMPS.replace("twice", "three times"))
        await app.ingestor.ingest(FolderSource(tmp_path / "docs", name="docs"))
        changed = await ask(app, name="v3")
    assert not changed.cached_from
    assert "three times" in changed.answer


async def test_an_answer_is_never_given_across_rights(tmp_path: Path, server: OpenAIServer) -> None:
    """What staff were answered is made anew for the public, even from the same public page."""
    async with house(tmp_path, server) as app:
        await ask(app, QUESTION, "staff")
        turn = await ask(app)
    assert not turn.cached_from
    assert len(asked(server)) == 2


async def test_an_answer_with_a_thumb_down_is_not_given_again(
    tmp_path: Path, server: OpenAIServer
) -> None:
    """A reader's doubt ends the repetition."""
    from bot.conversation import Feedback, Rating

    async with house(tmp_path, server) as app:
        first = await ask(app)
        await app.feedback.rate(Feedback(first.id, Author(Platform.WEB, "v1"), Rating.DOWN))
        again = await ask(app, name="v2")
    assert not again.cached_from
