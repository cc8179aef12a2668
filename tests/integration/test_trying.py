"""Questions tried out through the whole application: other models, readers and personas, and
nothing kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.assembly import Application, assemble
from adapters.trials import READER, Trial, TrialsFullError, audiences_of
from adapters.trying import AT_ONCE, WAITING
from bot.conversation import Author, Message, Outcome, Platform, Role
from bot.errors import NotFoundError, QuestionError
from bot.settings import load_settings
from bot.settings.sections import AccessSection
from bot.store.cost_tables import drafts
from bot.store.tables import messages, threads, turns
from knowledge.sources.folder import FolderSource
from persona.book import PersonaBook
from persona.profile import Habits, Sample, WordChoice, default_persona
from persona.registry import Registry
from tests.platforms.models_server import ModelsServer
from tests.platforms.openai_server import Behaviour

PUMPS = """# Pumps

The Quasar pump is reset by holding its red button for nine seconds, until it blinks twice.
"""
PAY = """---
groups: [staff]
---
# Night pay

The Nebula night shift is paid at 1.5 times the usual rate.
"""
RESET = "How is the Quasar pump reset?"
BY = Author(Platform.WEB, "operator", "operator")


@pytest.fixture
def server() -> Iterator[ModelsServer]:
    """A model server with two models that quote the passages."""
    with ModelsServer(Behaviour(models=("general", "one"))) as running:
        yield running


@asynccontextmanager
async def house(home: Path, **more: object) -> AsyncIterator[Application]:
    """A bot with a public document and one for the staff."""
    docs = home / "docs"
    docs.mkdir()
    (docs / "pumps.md").write_text(PUMPS)
    (docs / "pay.md").write_text(PAY)
    async with assemble(load_settings(WELLSPOKEN_HOME=home / "home", **more)) as app:
        await app.ingestor.ingest(FolderSource(docs, name="docs"))
        await app.ingestor.embed_waiting()
        yield app


async def rows(app: Application, *tables: sa.Table) -> int:
    """How many rows stand in some tables."""
    counts = [sa.select(sa.func.count()).select_from(table) for table in tables]
    return await app.database.read(lambda c: sum(c.scalar(each) or 0 for each in counts))


async def test_another_model_answers_and_nothing_but_its_cost_is_kept(
    tmp_path: Path, server: ModelsServer
) -> None:
    """No thread, turn or message; its tokens are booked, the deed is audited without the words."""
    more = {"OPENAI_BASE_URL": server.url, "WELLSPOKEN_MODEL": "general"}
    async with house(tmp_path, **more) as app:
        await Registry(app.database).register(model="one", by="terminal:operator")

        assert {c.value for c in (await app.trials.choices()).models} == {
            "", "general", "one", READER,
        }  # fmt: skip
        today = await app.trials.ask(Trial(RESET), BY)
        other = await app.trials.ask(Trial(RESET, model="one", again="turn-1"), BY)
        reader = await app.trials.ask(Trial(RESET, model=READER), BY)

        told = [(t.turn.outcome, t.turn.model) for t in (today, other, reader)]
        assert told == [(Outcome.ANSWERED, name) for name in ("general", "one", READER)]
        assert [prompt.model for prompt in other.prompts] == ["one"]
        assert RESET in other.prompts[0].messages[-1].content
        assert reader.prompts == ()
        assert await rows(app, threads, turns, messages) == 0
        assert await rows(app, drafts) == 2
        entries = [entry async for entry in app.audit.each()]
        tried = [e.content for e in entries if e.content.get("action") == "question tried"]
        assert [(e["actor"], e["model"], e.get("subject")) for e in tried] == [
            (BY.key, "general", None), (BY.key, "one", "turn-1"), (BY.key, READER, None),
        ]  # fmt: skip
        assert all(e["tokens"] for e in tried[:2])
        assert "Quasar" not in str(tried)


async def test_an_audience_sees_what_it_may_and_a_kept_trial_is_a_turn(tmp_path: Path) -> None:
    """Groups open what they open; with ``keep`` the turn has a page, a history and an audit entry
    like any other, as one of the operator."""
    async with house(tmp_path) as app:
        wanted = Trial("How is the Nebula night shift paid?")
        stranger = await app.trials.ask(wanted, BY)
        assert stranger.turn.outcome is Outcome.ABSTAINED
        assert "pay.md" in stranger.turn.withheld
        staff = replace(wanted, groups=frozenset({"staff"}))
        kept = await app.trials.ask(staff, BY, keep=True)
        assert kept.turn.outcome is Outcome.ANSWERED
        stored = await app.history.turn(kept.turn.id)
        assert (stored.author.key, stored.audience) == (BY.key, frozenset({"staff"}))
        assert await rows(app, turns) == 1


async def test_a_question_brings_its_thread_along(tmp_path: Path) -> None:
    """A follow-up is understood as it was; what is none is refused in words."""
    async with house(tmp_path) as app:
        before = (Message(Role.USER, RESET), Message(Role.ASSISTANT, "Hold its red button."))
        found = await app.trials.ask(Trial("And for how long?", history=before), BY)
        assert "Quasar" in found.turn.query
        with pytest.raises(QuestionError):
            await app.trials.ask(Trial("   "), BY)


async def test_an_earlier_persona_speaks_as_it_did(tmp_path: Path) -> None:
    """Its content comes back whole, habits, samples and words among it."""
    former = replace(
        default_persona("Juniper"),
        unknown=("No idea, dear colleague.",),
        habits=Habits(emoji="some", openers=("Well,",)),
        samples=(Sample("Hi?", "Hello there."),),
        words_to_use=(WordChoice("device", ("gadget", "thing")),),
    )
    async with house(tmp_path) as app:
        await PersonaBook(app.database).keep(former)
        kept = await PersonaBook(app.database).get(former.version)
        assert kept.persona == former
        assert former.version in {c.value for c in (await app.trials.choices()).personas}
        trial = Trial("Who painted the Nebula?", persona=former.version)
        told = (await app.trials.ask(trial, BY)).turn
        assert told.persona == former.label
        assert "dear colleague" in told.answer


@pytest.mark.parametrize("where", ["model", "persona", "index"])
async def test_what_nobody_offered_is_not_asked(tmp_path: Path, where: str) -> None:
    """A model, persona or index that is made up."""
    async with house(tmp_path) as app:
        with pytest.raises(NotFoundError):
            await app.trials.ask(replace(Trial(RESET), **{where: "made-up"}), BY)


async def test_another_index_is_asked_beside_the_live_one(tmp_path: Path) -> None:
    """The one before, as long as it stands on the shelf; one that is not built yet is none. The
    live one is empty here, so nothing is known."""
    async with house(tmp_path) as app:
        shelf = app.index.shelf
        spec = app.index.opened.record.spec if app.index.opened else None
        assert spec is not None
        live = await shelf.live()
        other = await shelf.create(spec)
        await shelf.switch(other.name)
        await app.index.current(0)
        values = {c.value for c in (await app.trials.choices()).indexes}
        assert values == {"", live}
        assert (await app.trials.ask(Trial(RESET), BY)).turn.outcome is Outcome.ABSTAINED
        before = await app.trials.ask(Trial(RESET, index=live or ""), BY)
        assert before.turn.outcome is Outcome.ANSWERED
        building = await shelf.create(spec)
        with pytest.raises(NotFoundError):
            await app.trials.ask(Trial(RESET, index=building.name), BY)


def test_every_rule_of_access_is_an_audience() -> None:
    """Channels, user groups, roles and people, each with what it may see."""
    access = AccessSection.model_validate(
        {
            "users": {"slack:U1": ["hr"], "nobody": ["x"]},
            "slack": {"channels": {"C1": ["staff"]}, "usergroups": {"S1": ["hr"]}},
            "discord": {"roles": {"Team": ["staff"]}, "channels": {"help": []}},
        }
    )
    found = {each.words: (each.platform, set(each.groups)) for each in audiences_of(access)}
    assert found == {
        "Slack channel C1": (Platform.SLACK, {"staff"}),
        "Slack user group S1": (Platform.SLACK, {"hr"}),
        "Discord channel help": (Platform.DISCORD, set()),
        "Discord role Team": (Platform.DISCORD, {"staff"}),
        "slack:U1": (Platform.SLACK, {"hr"}),
        "nobody": (Platform.WEB, {"x"}),
    }


async def test_an_edited_persona_speaks_and_is_kept_nowhere(
    tmp_path: Path, server: ModelsServer
) -> None:
    """Its rules stand in the prompt, the turn and the audit trail name its version, and neither the
    book of personas nor the next question knows of it."""
    more = {"OPENAI_BASE_URL": server.url, "WELLSPOKEN_MODEL": "general"}
    async with house(tmp_path, **more) as app:
        edited = replace(app.persona, name="Sage", do=("Begin with a proverb.",))
        before = await PersonaBook(app.database).listing()
        tried = await app.trials.ask(Trial(RESET, edited=edited), BY)
        assert tried.turn.persona == edited.label
        assert "Begin with a proverb." in tried.prompts[0].messages[0].content
        assert await PersonaBook(app.database).listing() == before
        assert await rows(app, turns, drafts) == 1, "its cost is booked"
        entries = [entry.content async for entry in app.audit.each()]
        (entry,) = [e for e in entries if e.get("action") == "question tried"]
        assert entry["persona"] == edited.label
        assert (await app.trials.ask(Trial(RESET), BY)).turn.persona == app.persona.label


async def test_no_more_trials_wait_than_there_is_room_for(tmp_path: Path) -> None:
    """Whoever comes too many is told so in a sentence; the others are answered, and then there is
    room again."""
    async with house(tmp_path) as app:
        asked = [app.trials.ask(Trial(RESET), BY) for _ in range(AT_ONCE + WAITING + 2)]
        came = await asyncio.gather(*asked, return_exceptions=True)
        refused = [each for each in came if isinstance(each, TrialsFullError)]
        assert len(refused) == 2
        assert "ask again in a minute" in str(refused[0])
        assert sum(not isinstance(each, BaseException) for each in came) == AT_ONCE + WAITING
        assert (await app.trials.ask(Trial(RESET), BY)).turn.outcome is Outcome.ANSWERED
