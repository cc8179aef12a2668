"""The gap loop through the real engine and stores: asked, not known, answered, known."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.assembly import Application, assemble
from adapters.chat.base import ChannelKind, Place
from adapters.costing import CostDesk, statement_json
from adapters.gap_story import in_words, since_answered
from adapters.gaps import GapDesk, desk_of
from adapters.syncing import source_at
from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Principal,
    Question,
    Rating,
    Route,
    RouteDecision,
    Turn,
)
from bot.errors import NotFoundError, UsageError
from bot.handoff import HandoffBook
from bot.settings import load_settings
from bot.store import gap_said
from bot.store.erasure import Erasure
from bot.store.gaps import GapState
from bot.store.ids import new_id
from bot.store.reviews import ReviewBook, Verdict
from knowledge.gaps.drafting import Kind
from tests.platforms.command import environment, run_command
from tests.platforms.openai_server import Behaviour, Fault, OpenAIServer
from tests.platforms.turns import turn_of

ANN = Author(Platform.SLACK, "U024BE7LH", "Ann")
BEN = Author(Platform.SLACK, "U0G9QF9C6", "Ben")
TOM = Author(Platform.SLACK, "U0TOM0001", "Tom")
BY = "terminal:operator"
STAFF = frozenset({"staff"})

KEY = "Who holds the key of the pump house?"
KEY_AGAIN = "Where do I get the pump house key?"
GARDEN = """# Watering

The garden is watered from six to seven in the morning. The timer stands in the shed.
"""


@pytest_asyncio.fixture
async def app(tmp_path: Path) -> AsyncIterator[Application]:
    """An application that knows one document."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "watering.md").write_text(GARDEN)
    settings = load_settings(WELLSPOKEN_HOME=tmp_path / "home")
    async with assemble(settings) as app:
        await app.ingestor.ingest(source_at(str(tmp_path / "docs"), None))
        await app.ingestor.embed_waiting()
        yield app


@pytest.fixture
def desk(app: Application) -> GapDesk:
    return desk_of(app)


async def ask(app: Application, text: str, author: Author = ANN, *groups: str) -> Turn:
    return await app.engine.answer(
        Question(text, author, Principal(frozenset(groups)), channel="slack:C1")
    )


async def record(app: Application, question: str, **changes: Any) -> Turn:
    """A turn as the engine would have left it."""
    turn = replace(
        turn_of(
            "I do not know that.",
            id=new_id("turn"),
            thread=new_id("thread"),
            question=question,
            query=question,
            author=ANN,
            outcome=Outcome.ABSTAINED,
            route=RouteDecision(Route.HYBRID, 0.9, ()),
        ),
        **changes,
    )
    await app.history.record(turn)
    return turn


async def replied(app: Application, turn: Turn, kind: ChannelKind = ChannelKind.CHANNEL) -> str:
    book = HandoffBook(app.database)
    place = asdict(Place(Platform.SLACK, "T1", "C1", "171.1", kind=kind))
    handoff = await book.open(turn.id, turn.author, place, turn.question)
    await book.answered(handoff.id, "Tom holds it, in the office.", TOM.key)
    return handoff.id


async def test_what_was_not_known_is_known_after_an_operator_answered(
    app: Application, desk: GapDesk
) -> None:
    """Asked by two people it is one gap; answered, the same thing in other words is answered with
    a citation of the reviewed document; the deed is in the trail."""
    first = await ask(app, KEY)
    assert first.outcome is Outcome.ABSTAINED
    await ask(app, KEY_AGAIN, BEN)
    assert await desk.gather() == 2
    (shown,) = (await desk.listing()).gaps
    assert (shown.gap.turns, shown.gap.askers) == (2, 2)
    assert "pump house" in shown.name.topic.lower()
    assert in_words(shown.gap).startswith("asked twice by 2 people, last on ")
    done = await desk.answer(shown.gap.id, "Mrs Lindqvist keeps the pump house key.", BY)
    assert (done.gap.state, done.groups) == (GapState.ANSWERED, frozenset())
    await app.ingestor.embed_waiting()
    turn = await ask(app, "Who has got the key to the pump house now?", BEN)
    assert turn.outcome is Outcome.ANSWERED
    assert "Lindqvist" in turn.answer
    assert [c.document for c in turn.citations] == [done.document]
    assert (await desk.listing()).gaps == ()
    assert len((await desk.listing(GapState.ANSWERED)).gaps) == 1
    (entry,) = await app.audit.listing(kind="operator")
    assert (entry.content["action"], entry.content["actor"]) == ("gap answered", BY)
    assert (entry.content["document"], entry.content["groups"]) == (done.document, [])
    assert await app.audit.verify() is None


async def test_putting_a_gap_aside_or_taking_it_up_again_takes_no_answer_back(
    app: Application, desk: GapDesk
) -> None:
    """The document answers until it is removed, as docs/gaps.md says."""
    await record(app, KEY)
    await desk.gather()
    (shown,) = (await desk.listing()).gaps
    done = await desk.answer(shown.gap.id, "Mrs Lindqvist keeps the pump house key.", BY)
    await desk.reopen(shown.gap.id, BY)
    await desk.dismiss(shown.gap.id, BY)
    await app.ingestor.embed_waiting()
    assert "Lindqvist" in (await ask(app, KEY)).answer
    assert await app.ingestor.remove("answers", [done.document])
    assert (await ask(app, KEY)).outcome is Outcome.ABSTAINED


@pytest.mark.parametrize(
    "task", ["Write me a poem about the garden", "what is 12 * 7", "Translate timer into French"]
)
async def test_what_no_document_could_answer_is_no_gap(
    app: Application, desk: GapDesk, task: str
) -> None:
    """Sums, poems and translations are declined, and nobody is asked to write a document for them,
    not even after a thumb down."""
    turn = await ask(app, task)
    assert turn.outcome is Outcome.ABSTAINED
    await app.feedback.rate(Feedback(turn.id, ANN, Rating.DOWN))
    assert await desk.gather() == 0
    assert (await desk.listing(None)).gaps == ()


async def test_what_is_asked_again_opens_by_itself(app: Application, desk: GapDesk) -> None:
    """With the answer's date and how often since; a second answer replaces the document."""
    await record(app, KEY)
    await desk.gather()
    (shown,) = (await desk.listing()).gaps
    first = await desk.answer(shown.gap.id, "Somebody.", BY)
    await record(app, KEY_AGAIN, author=BEN)
    await desk.gather()
    (shown,) = (await desk.listing(GapState.OPEN)).gaps
    assert shown.gap.again == 1
    assert since_answered(shown.gap).endswith("asked again once since")
    story = await desk.story(shown.gap.id)
    assert (story.text, story.title) == ("Somebody.", KEY)
    second = await desk.answer(shown.gap.id, "Mrs Lindqvist.", BY)
    assert second.document == first.document
    _, text = await app.ledger.show(first.document, "answers")
    assert "Lindqvist" in text and "Somebody" not in text


async def test_only_what_was_looked_for_and_not_found_counts(
    app: Application, desk: GapDesk
) -> None:
    """Not a fault, not small talk, not a wish for a person, not what was answered well; a thumb
    down and a question that was handed over do."""
    voice, wish = RouteDecision(Route.VOICE, 1.0, ()), RouteDecision(Route.HANDOFF, 1.0, ())
    await record(app, "Is it broken?", outcome=Outcome.ERROR)
    await record(app, "Is it down?", error="The model is down.")
    await record(app, "Tell me a joke.", route=voice)
    await record(app, "I want a human.", route=wish, outcome=Outcome.HANDOFF)
    await record(app, "When is it watered?", outcome=Outcome.ANSWERED)
    assert await desk.gather() == 0
    down = await record(app, "How do I prune the roses?", outcome=Outcome.ANSWERED)
    await app.feedback.rate(Feedback(down.id, BEN, Rating.DOWN, "wrong"))
    handed = await record(app, "Which bus stops at the gate?", outcome=Outcome.ANSWERED)
    await replied(app, handed)
    assert await desk.gather() == 2
    story = [await desk.story(s.gap.id) for s in (await desk.listing()).gaps]
    assert {s.asked[0].turn: s.asked[0].why.value for s in story} == {
        down.id: "down",
        handed.id: "handoff",
    }


async def test_a_thumb_that_was_dealt_with_counts_no_more(app: Application, desk: GapDesk) -> None:
    """Taken back, rejected, or its better answer approved."""
    reviews = ReviewBook(app.database, app.audit)
    turns = [
        await record(app, question, outcome=Outcome.ANSWERED)
        for question in ("How do I prune roses?", "Which bus stops here?", "Who won the cup?")
    ]
    for turn, correction in zip(turns, ("", "", "Lee."), strict=True):
        await app.feedback.rate(Feedback(turn.id, BEN, Rating.DOWN, "wrong", correction))
    assert await desk.gather() == 3
    await app.feedback.take_back(turns[0].id, BEN)
    await reviews.judge(turns[1].id, Verdict.REJECTED, BY)
    await reviews.judge(turns[2].id, Verdict.APPROVED, BY)
    await desk.gather()
    assert (await desk.listing(None)).gaps == ()


async def test_who_may_read_the_answer_is_never_guessed(app: Application, desk: GapDesk) -> None:
    """Staff's question gives staff's document; a group that all have is the narrowest; where none
    is, the operator says."""
    await record(app, KEY, audience=STAFF)
    await desk.gather()
    (shown,) = (await desk.listing()).gaps
    assert (await desk.story(shown.gap.id)).readers == STAFF
    await record(app, KEY_AGAIN, audience=frozenset({"staff", "board"}), author=BEN)
    await desk.gather()
    assert (await desk.story(shown.gap.id)).readers == STAFF
    await record(app, KEY, audience=frozenset(), author=TOM)
    await desk.gather()
    story = await desk.story(shown.gap.id)
    assert (story.gap.mixed, story.readers) == (True, None)
    with pytest.raises(UsageError, match="different groups"):
        await desk.answer(shown.gap.id, "Mrs Lindqvist.", BY)
    done = await desk.answer(shown.gap.id, "Mrs Lindqvist.", BY, groups=STAFF)
    assert done.groups == STAFF


async def test_an_answer_that_is_replaced_stays_whose_it_is(
    app: Application, desk: GapDesk
) -> None:
    """Asked in public it was answered for staff: a second answer is staff's too, unless an operator
    says otherwise; what somebody else said comes into it only where the operator says so."""
    turn = await record(app, KEY)
    await desk.gather()
    (shown,) = (await desk.listing()).gaps
    gap = shown.gap.id
    await desk.answer(gap, "Mrs Lindqvist.", BY, groups=STAFF)
    assert (await desk.story(gap)).readers == STAFF
    assert (await desk.answer(gap, "Mrs Lindqvist, in the office.", BY)).groups == STAFF
    await replied(app, turn)
    with pytest.raises(UsageError, match="may not be for staff"):
        await desk.answer(gap, await desk.reply(gap), BY, own=False)
    assert (await desk.answer(gap, "Everybody asks.", BY, groups=frozenset())).groups == frozenset()
    assert (await desk.answer(gap, await desk.reply(gap), BY, own=False)).groups == frozenset()
    await replied(app, await record(app, KEY_AGAIN, author=BEN), ChannelKind.DIRECT)
    await desk.gather()
    with pytest.raises(UsageError, match="may not be for everybody"):
        await desk.answer(gap, await desk.reply(gap), BY, own=False)
    assert (await desk.answer(gap, "It hangs there.", BY)).groups == frozenset()


async def test_an_old_reply_in_private_keeps_the_answer_from_being_public(
    app: Application, desk: GapDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where so much was said since that it is not told any more."""
    old = await record(app, KEY)
    await replied(app, old, ChannelKind.DIRECT)
    await replied(app, await record(app, KEY_AGAIN, author=BEN))
    await desk.gather()
    (shown,) = (await desk.listing()).gaps
    monkeypatch.setattr(gap_said, "FAR", 1)
    monkeypatch.setattr(gap_said, "WISHES", 1)
    story = await desk.story(shown.gap.id)
    assert old.id not in {told.turn for told in story.told}
    assert story.readers is None
    with pytest.raises(UsageError, match="answered in private"):
        await desk.answer(shown.gap.id, "Mrs Lindqvist.", BY)


async def test_what_a_person_said_is_the_draft(app: Application, desk: GapDesk) -> None:
    """A colleague's reply before a reader's better answer; given in private it is not public by
    itself; approved in the review, the gap is answered."""
    turn = await record(app, KEY)
    await app.feedback.rate(Feedback(turn.id, BEN, Rating.DOWN, "", "Perhaps Lee."))
    await desk.gather()
    (shown,) = (await desk.listing()).gaps
    draft = (await desk.story(shown.gap.id)).draft
    assert (draft.kind, draft.text) == (Kind.CORRECTION, "Perhaps Lee.")
    handoff = await replied(app, turn, ChannelKind.DIRECT)
    story = await desk.story(shown.gap.id)
    assert (story.draft.kind, story.draft.text) == (Kind.REPLY, "Tom holds it, in the office.")
    assert story.readers is None
    await HandoffBook(app.database).propose(handoff, TOM.key)
    await app.review.judge_answer(turn.id, Verdict.APPROVED, BY, groups=frozenset())
    await desk.gather()
    gap = (await desk.story(shown.gap.id)).gap
    assert (gap.state, gap.document) == (GapState.ANSWERED, handoff)


async def test_a_dismissed_gap_stays_dismissed_and_is_counted(
    app: Application, desk: GapDesk
) -> None:
    """Asked again it only grows, until somebody takes it up."""
    await record(app, KEY)
    await desk.gather()
    (shown,) = (await desk.listing()).gaps
    await desk.dismiss(shown.gap.id, BY)
    await record(app, KEY_AGAIN, author=BEN)
    await desk.gather()
    assert (await desk.listing()).gaps == ()
    (dismissed,) = (await desk.listing(GapState.DISMISSED)).gaps
    assert dismissed.gap.turns == 2
    assert (await desk.reopen(shown.gap.id, BY)).state is GapState.OPEN
    actions = [e.content["action"] for e in await app.audit.listing(kind="operator")]
    assert actions == ["gap dismissed", "gap reopened"]


async def test_nothing_of_who_is_forgotten_is_left(app: Application, desk: GapDesk) -> None:
    """Their questions leave the gap, its name and its vector; a gap of theirs alone is gone."""
    await record(app, "Where is the quince marmalade of the pump house?")
    await record(app, "Where is the marmalade of the pump house?", author=BEN)
    await record(app, "How tall is the Zwetschge tree?")
    await desk.gather()
    assert len((await desk.listing()).gaps) == 2
    await Erasure(app.database, app.audit).forget(ANN.key)
    await desk.gather()
    (shown,) = (await desk.listing(None)).gaps
    assert (shown.gap.turns, shown.gap.askers) == (1, 1)
    story = await desk.story(shown.gap.id)
    assert "quince" not in repr(story).lower()
    assert "zwetschge" not in repr(story).lower()


async def test_an_answered_gap_outlives_its_questions(app: Application, desk: GapDesk) -> None:
    """Its name is then its document's title, and the topic still finds it."""
    await record(app, KEY)
    await desk.gather()
    (shown,) = (await desk.listing()).gaps
    title = "Who keeps the key of the pump house?"
    await desk.answer(shown.gap.id, "Mrs Lindqvist.", BY, title=title)
    await Erasure(app.database, app.audit).forget(ANN.key)
    await desk.gather()
    (left,) = (await desk.listing(GapState.ANSWERED)).gaps
    assert (left.gap.id, left.name.topic) == (shown.gap.id, title)
    await record(app, KEY_AGAIN, author=BEN)
    await desk.gather()
    (again,) = (await desk.listing(GapState.OPEN)).gaps
    assert (again.gap.id, again.gap.again) == (shown.gap.id, 1)


async def test_what_is_hidden_from_askers_is_shown_as_hidden(
    app: Application, desk: GapDesk, tmp_path: Path
) -> None:
    """The operator sees that the answer is there, for others than those who asked."""
    (tmp_path / "staff").mkdir()
    (tmp_path / "staff" / "keys.md").write_text("# Keys\n\nMrs Lindqvist has the pump house key.\n")
    await app.ingestor.ingest(source_at(str(tmp_path / "staff"), None), STAFF)
    await record(app, KEY)
    await desk.gather()
    (shown,) = (await desk.listing()).gaps
    near = (await desk.story(shown.gap.id)).near
    assert (near[0].passage.chunk.document, near[0].for_all) == ("keys.md", False)


async def test_an_unknown_gap_is_named(desk: GapDesk) -> None:
    """Whatever is asked of it."""
    with pytest.raises(NotFoundError, match="gap0"):
        await desk.story("gap0")
    with pytest.raises(NotFoundError, match="gap0"):
        await desk.dismiss("gap0", BY)


async def test_a_model_drafts_only_when_asked_and_from_what_askers_may_see(tmp_path: Path) -> None:
    """Nothing is published by it; what is hidden from who asked is not in the prompt; a model that
    is down leaves what people said, and a note."""
    told: list[str] = []

    def draft(messages: list[Any]) -> str:
        told.append(str(messages[-1]))
        return "Mrs Lindqvist keeps the key."

    with OpenAIServer(Behaviour(models=("big",), answer=draft)) as server:
        settings = load_settings(
            WELLSPOKEN_HOME=tmp_path / "home", OPENAI_BASE_URL=server.url, WELLSPOKEN_MODEL="big"
        )
        async with assemble(settings, warm=False) as app:
            for name, groups in (("open", frozenset[str]()), ("hidden", STAFF)):
                (tmp_path / name).mkdir()
                text = f"# Keys\n\nThe pump house key is in the {name} drawer.\n"
                (tmp_path / name / f"{name}.md").write_text(text)
                source = source_at(str(tmp_path / name), None)
                await app.ingestor.ingest(source, groups)
            desk = desk_of(app)
            turn = await record(app, KEY)
            await desk.gather()
            (shown,) = (await desk.listing()).gaps
            assert (await desk.story(shown.gap.id)).draft.kind is Kind.NONE
            assert told == []
            story = await desk.story(shown.gap.id, write=True)
            assert (story.draft.kind, story.draft.text) == (
                Kind.MODEL,
                "Mrs Lindqvist keeps the key.",
            )
            assert "open drawer" in told[0] and "hidden drawer" not in told[0]
            assert story.gap.state is GapState.OPEN
            statement = await CostDesk(settings, app.database, app.clock).statement(1)
            assert statement.report.drafts.tokens == story.draft.usage.prompt_tokens + (
                story.draft.usage.completion_tokens
            )
            assert statement_json(statement)["drafts"]["prompt_tokens"] > 0
            assert statement.spent.prompt_tokens == story.draft.usage.prompt_tokens
            await replied(app, turn)
            server.behaviour.fault = Fault.FORBIDDEN
            story = await desk.story(shown.gap.id, write=True)
            assert (story.draft.kind, story.draft.text[:3]) == (Kind.REPLY, "Tom")
            assert "no draft" in story.draft.note
            await desk.answer(shown.gap.id, "In the drawer.", BY, groups=STAFF)
            assert (await desk.story(shown.gap.id, write=True)).readers == STAFF
            server.behaviour.fault = None
            assert (await desk.story(shown.gap.id, write=True)).readers is None


def test_the_command_goes_the_whole_way(tmp_path: Path) -> None:
    """Asked, listed, shown, answered from a file, asked again; wrong usage is one sentence."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            *arguments,
            cwd=tmp_path,
            env=environment(tmp_path),
            timeout=100,
        )

    run("ask", KEY, "--group", "staff")
    (gap,) = json.loads(run("gaps", "list", "--json").stdout)
    assert (gap["turns"], gap["audiences"], gap["state"]) == (1, [["staff"]], "open")
    shown = json.loads(run("gaps", "show", gap["gap"], "--json").stdout)
    assert (shown["readers"], shown["draft"]["kind"]) == (["staff"], "none")
    refused = run("gaps", "answer", gap["gap"])
    assert (refused.returncode, len(refused.stderr.strip().splitlines())) == (2, 1)
    (tmp_path / "answer.md").write_text("Mrs Lindqvist keeps the pump house key.")
    done = json.loads(run("gaps", "answer", gap["gap"], "--file", "answer.md", "--json").stdout)
    assert (done["state"], done["groups"]) == ("answered", ["staff"])
    again = json.loads(run("ask", KEY_AGAIN, "--group", "staff", "--json").stdout)
    assert [c["document"] for c in again["citations"]] == [done["document"]]
    run("ask", KEY_AGAIN)
    second = run("gaps", "answer", gap["gap"], "--text", "Mrs Lindqvist keeps it.")
    assert second.stdout.rstrip().endswith(", for staff")
