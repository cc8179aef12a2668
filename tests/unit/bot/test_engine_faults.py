"""The engine where something goes wrong in the middle: one answer, whole, true and stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

import pytest

from bot.conversation import Message, Outcome, Principal, Role, Route, Usage
from bot.engine import Engine
from bot.errors import ModelUnavailableError, StoreUnavailableError
from bot.evidence import Retrieval, Unknown
from bot.ladder import Ladder
from bot.ports import Brief, Spoken
from tests.unit.bot.test_engine import READER, TEXT, Literal, Shelf, Speaker, Turns, ask, passage
from tests.unit.bot.test_engine import engine as engine_of

DOWN = ModelUnavailableError(url="http://model", reason="refused")
ACME = "The hose is 3 m long."
TWO = Shelf(passage(), passage(ACME, "hoses.md"))
TALK = "do you eat beans"
"""Doubtful small talk: it is searched first."""


class Faulty(Speaker):
    """A voice with a fault in the middle of its second sentence."""

    async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        yield Spoken("The MG-200 needs 2.5 bar of water pressure [1]. It weighs ")
        raise ValueError(brief)


class Spent:
    """A day's budget of which nothing is left."""

    async def left(self) -> bool:
        return False

    def spend(self, usage: Usage) -> None:
        """It cannot become less."""


class Rewriter:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def rewrite(self, question: str, history: Sequence[Message], spend: object = None) -> str:
        self.asked += 1
        return question


class Slow(Shelf):
    """A search that never comes back."""

    async def retrieve(self, query: str, principal: Principal, k: int = 6) -> Retrieval:
        await asyncio.sleep(3600)
        raise AssertionError


async def test_a_fault_in_the_middle_ends_the_sentence_before_it() -> None:
    """What was shown keeps its source, and the apology is a paragraph of its own."""
    turn = await engine_of(Faulty()).answer(ask())
    first, apology = turn.answer.split("\n\n")
    assert first == "The MG-200 needs 2.5 bar of water pressure. [1]"
    assert apology.startswith("I had to stop here")
    assert turn.outcome is Outcome.ERROR
    assert len(turn.citations) == 1


async def test_a_reader_that_is_gone_does_not_cost_the_turn() -> None:
    """Where nothing can be shown any more, the answer is finished and stored all the same."""
    turns, shown = Turns(), []

    async def show(piece: str) -> None:
        shown.append(piece)
        raise ConnectionResetError

    turn = await engine_of(Speaker(TEXT), turns=turns).answer(ask(), show)
    assert turns.stored == [turn]
    assert turn.outcome is Outcome.ANSWERED
    assert turn.answer.startswith(TEXT[:40])
    assert len(shown) == 1


@pytest.mark.parametrize(
    "shelf", [Shelf(fail=StoreUnavailableError(url="x", reason="refused")), Slow()]
)
async def test_small_talk_needs_no_knowledge_base(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """Doubtful small talk is looked up first; where that cannot be, or takes too long, it is small
    talk."""
    turn = await engine_of(Speaker("Always!"), shelf=shelf).answer(ask(TALK))
    assert (turn.answer, turn.outcome) == ("Always!", Outcome.ANSWERED)
    assert turn.route.route is Route.VOICE
    assert "cosine" not in dict(turn.route.odds)


async def test_what_was_found_for_small_talk_is_not_used() -> None:
    """The voice gets no passages, the turn names none; what was withheld stays on record."""
    voice = Speaker("Always!")
    far = passage("Hoses are sold by the metre.", "hoses.md")
    turn = await engine_of(voice, shelf=Shelf(far)).answer(ask(TALK))
    assert turn.route.route is Route.VOICE
    assert voice.briefs[0].passages == turn.passages == ()
    assert turn.withheld == ("staff/secret.md",)


async def test_small_talk_states_no_figures() -> None:
    """Nothing was looked up, so a figure, a code or a source in it is from nowhere."""
    voice = Speaker("Hi there [1]! ", "The MG-200 is 59 € today. ", "What can I do for you?")
    turn = await engine_of(voice, plain=READER).answer(ask("Hello!"))
    assert turn.answer == "Hi there! What can I do for you?"
    assert [r.text for r in turn.grounding.rejected] == ["The MG-200 is 59 € today."]


async def test_figures_that_the_asker_said_may_be_repeated() -> None:
    """Somebody who wishes a happy 2027 is wished one back."""
    turn = await engine_of(Speaker("Happy 2027 to you!"), plain=READER).answer(
        ask("Thanks a lot, and a happy 2027 to you!")
    )
    assert turn.answer == "Happy 2027 to you!"


async def test_a_step_down_the_ladder_does_not_make_words_an_answer() -> None:
    """Words without a source are no answer, whoever says them and whatever failed before."""
    voice = Speaker(fail=DOWN)
    general = Speaker("Sure thing!", model="general")
    turn = await engine_of(voice, plain=READER, general=general).answer(ask())
    assert turn.outcome is Outcome.ABSTAINED
    assert turn.error


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("I don't know that! Shall I ask a colleague?", Outcome.ABSTAINED),
        ("Would you like me to ask a person?", Outcome.ABSTAINED),
        ("I'm not sure! Which model do you mean?", Outcome.CLARIFY),
    ],
)
async def test_an_offer_of_a_person_is_no_question_back(said: str, outcome: Outcome) -> None:
    """Who does not know and offers a person abstains; who asks what is meant asks back."""
    assert (await engine_of(Speaker(said)).answer(ask())).outcome is outcome


async def test_a_spent_budget_pays_for_no_rewriting_and_is_noted() -> None:
    """Nothing is asked of a model any more, and the turn says why, also where it abstains."""
    rewriter, voice = Rewriter(), Speaker(TEXT)
    turn = await Engine(
        turns=Turns(),
        retriever=Shelf(passage()),
        ladder=Ladder(READER, voice=voice),
        grounder=Literal(),
        clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        budget=Spent(),
        rewriter=rewriter,
    ).answer(ask(history=(Message(Role.USER, "Tell me about the MG-200."),)))
    assert rewriter.asked == len(voice.briefs) == 0
    assert turn.outcome is Outcome.ABSTAINED
    assert any("budget" in note for note in turn.notes)
    assert turn.answer.startswith("I do not know that.")
    assert "Today's budget for the language model is used up" in turn.answer


async def test_a_failure_offers_a_person_in_the_built_in_voice() -> None:
    """As where it does not know; a model is not asked for it, and a fault in the offer costs
    nothing but the offer."""
    down = Shelf(fail=StoreUnavailableError(url="x", reason="refused"))
    voice, plain = Speaker("I will call you!"), Speaker("Shall I ask a person?", model="reader")
    turn = await engine_of(voice, shelf=down, plain=plain).answer(ask())
    assert turn.outcome is Outcome.ERROR
    assert turn.answer.startswith("Sorry, I could not answer that")
    assert turn.answer.endswith("in a moment. Shall I ask a person?")
    assert plain.briefs[0].route is Route.HANDOFF and not voice.briefs
    without = await engine_of(voice, shelf=down, plain=Faulty()).answer(ask())
    assert without.answer.endswith("Please try again in a moment.")


async def test_a_claim_holds_no_marker_of_the_one_before() -> None:
    """Each claim is its own words, in their exact place."""
    turn = await engine_of(Speaker(f"{TEXT[:43]} [1] {ACME} [2]"), shelf=TWO).answer(ask())
    assert [c.text for c in turn.grounding.claims] == [TEXT[:43], ACME]
    assert all(turn.answer[c.start : c.end] == c.text for c in turn.grounding.claims)


async def test_a_heading_is_no_answer() -> None:
    """Where nothing below a heading holds, the heading is not shown either."""
    shelf = Shelf(passage(f"# The MG-200\n\n{TEXT}"))
    voice = Speaker("# The MG-200\n\nIt is lovely beyond words.")
    turn = await engine_of(voice, shelf=shelf, plain=READER).answer(ask())
    assert turn.answer == "I do not know that."


async def test_markers_alone_are_no_sentence() -> None:
    """A model that writes nothing but markers said nothing, and nothing was kept back."""
    turn = await engine_of(Speaker("[1][2] [1]")).answer(ask())
    assert turn.outcome is Outcome.ABSTAINED
    assert turn.grounding.rejected == ()


@pytest.mark.parametrize(
    "again", ["1: The hose is 3 m long.", "1: | Hose | 3 m | red |", "1: ```\nrm -rf /\n```"]
)
async def test_a_second_try_does_not_break_a_table(again: str) -> None:
    """What comes in the place of a row is a row of as many cells, or nothing."""
    table = "| Model | Bar |\n|---|---|\n| MG-200 | 2.5 |\n"
    shelf = Shelf(passage(f"{table}\n{ACME}\n\n| Hose | 3 m | red |\n"))
    voice = Speaker(f"{table}| MG-300 | 9 |\n", again=again)
    turn = await engine_of(voice, shelf=shelf).answer(ask())
    assert turn.answer == f"{table}\n[1]"


async def test_cancelling_stores_nothing_and_stops_the_voice() -> None:
    """A turn that is given up on leaves no half answer behind."""
    turns, begun, closed = Turns(), asyncio.Event(), asyncio.Event()

    class Endless(Speaker):
        async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
            try:
                while True:
                    begun.set()
                    yield Spoken(TEXT)
                    await asyncio.sleep(0)
            finally:
                closed.set()

    task = asyncio.create_task(engine_of(Endless(), turns=turns).answer(ask()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set()
    assert turns.stored == []


async def test_code_that_is_cut_off_is_closed() -> None:
    """The source and whatever else follows stand below the block, not in it."""
    shelf = Shelf(passage(f"{TEXT}\n\n```\nmg reset\n```\n"))
    turn = await engine_of(Speaker("```\nmg reset"), shelf=shelf).answer(ask())
    assert turn.answer == "```\nmg reset\n```\n\n[1]"


async def test_a_second_try_says_nothing_twice() -> None:
    """What the answer says already is no repair."""
    said = f"- {TEXT[:43]}\n- It weighs 800 g.\n- {TEXT[44:]}\n"
    again = f"1: - {TEXT[:43]} [1]"
    turn = await engine_of(Speaker(said, again=again)).answer(ask())
    assert turn.answer == f"- {TEXT[:43]}\n- {TEXT[44:]} [1]"
    assert turn.grounding.rejected[0].became == ""


async def test_a_model_writes_no_invisible_characters() -> None:
    """Controls and marks of direction are not shown, whoever wrote them."""
    turn = await engine_of(Speaker("Good\u202e\x00 question! ", TEXT)).answer(ask())
    assert turn.answer == f"Good question! {TEXT} [1]"


async def test_an_opening_does_not_stand_before_what_fell() -> None:
    """A sentence that leans on one that was left out brings no "Sure!" with it."""
    said = f"{TEXT[:43]} The MG-400 is tiny. "
    after = Speaker(f"{said}It weighs 900 g. Good luck!")
    turn = await engine_of(after).answer(ask())
    assert turn.answer == f"{TEXT[:43]} [1] Good luck!"
    assert [r.text for r in turn.grounding.rejected] == ["The MG-400 is tiny.", "It weighs 900 g."]


async def test_a_heading_and_an_opening_are_no_answer_either() -> None:
    """Something with a source has to follow before any of it is shown."""
    shelf = Shelf(passage(f"# The MG-200\n\n{TEXT}"))
    voice = Speaker("# The MG-200\n\nGood question! It is lovely.")
    turn = await engine_of(voice, shelf=shelf, plain=READER).answer(ask())
    assert turn.answer == "I do not know that."


class ByPart(Speaker):
    """A built-in reader that answers what is asked of the pressure alone."""

    async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        self.briefs.append(brief)
        asked = brief.query.lower()
        knows = "pressure" in asked and "homekit" not in asked
        yield Spoken("The MG-200 needs 2.5 bar of water pressure." if knows else "")

    def decline(self, brief: Brief, why: Unknown | None = None) -> str:
        return f"{why.kind if why else ''}: {brief.question}"


BOTH = "How much pressure does the MG-200 need and does it support HomeKit?"


class PassesOver(ByPart):
    """A model that answers one part of a question and is silent about the other one."""

    async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        yield Spoken("The MG-200 needs 2.5 bar of water pressure [1].")


@pytest.mark.parametrize("voice", [ByPart(), PassesOver()])
async def test_of_two_parts_the_known_one_is_answered_and_the_other_one_named(
    voice: Speaker,
) -> None:
    """With its source, whether the reader answers or a model that passes the rest over."""
    turn = await engine_of(voice, plain=ByPart()).answer(ask(BOTH))
    known, rest = turn.answer.split("\n\n")
    assert known == "The MG-200 needs 2.5 bar of water pressure. [1]"
    assert rest == "part: Does it support HomeKit?"
    assert turn.outcome is Outcome.ANSWERED
    assert any("HomeKit" in note for note in turn.notes)


async def test_where_both_parts_are_unknown_it_does_not_know() -> None:
    """Nothing is said of parts where none of them is answered."""
    turn = await engine_of(ByPart()).answer(ask("Who made the MG-200 and does it support HomeKit?"))
    assert turn.outcome is Outcome.ABSTAINED
    assert turn.answer.startswith("near: Who made")


async def test_who_says_again_that_it_does_not_work_is_offered_a_person() -> None:
    """It was asked what happens; words that say no more are not looked up as if they did."""
    voice = Speaker("The MG-200 needs 2.5 bar of water pressure.")
    thread = (
        Message(Role.USER, "How do I reset the MG-200?"),
        Message(Role.ASSISTANT, "Hold the button [1]."),
        Message(Role.USER, "it doesn't work"),
        Message(Role.ASSISTANT, "What exactly happens with the MG-200?"),
    )
    turn = await engine_of(voice).answer(ask("it still doesn't work", history=thread))
    assert (turn.outcome, turn.answer) == (Outcome.ABSTAINED, "I do not know that.")
    told = await engine_of(voice).answer(ask("the pressure is low", history=thread))
    assert told.outcome is Outcome.ANSWERED
