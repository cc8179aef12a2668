"""Slack, Discord, the web chat and the terminal hold the same conversation alike."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Iterator

import pytest

from bot.conversation import Outcome, Platform, Rating, Turn
from tests.contracts.chat_communities import discord_chat, slack_chat
from tests.contracts.chat_conversation import (
    ALL,
    ALPHA,
    BRAVO,
    CORRECTION,
    DISCOUNT,
    DOCUMENTS,
    FRANCE,
    RESET,
    SECRET,
    SIGNS,
    SIGNS_RUN,
    SIGNS_SHOWN,
    SITE,
    STAFF_ONLY,
    Difference,
    Held,
    MakeDriver,
    Source,
    hold,
    read_in,
    words_of,
)
from tests.contracts.chat_visitors import terminal_chat, web_chat

CHATS: dict[Platform, MakeDriver] = {
    Platform.SLACK: slack_chat,
    Platform.DISCORD: discord_chat,
    Platform.WEB: web_chat,
    Platform.TERMINAL: terminal_chat,
}
ASKED = {
    "first": ALPHA,
    "follow-up": BRAVO,
    "signs": SIGNS,
    "reset": RESET,
    "refused": FRANCE,
    "hidden": DISCOUNT,
    "staff": DISCOUNT,
    "hidden again": DISCOUNT,
    "cut": ALL,
    "model away": ALPHA,
    "knowledge away": ALPHA,
    "mended": ALPHA,
}


@pytest.fixture(scope="module")
def hold_on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Platform], Held]]:
    """The conversation on a platform, held once."""
    knowledge = tmp_path_factory.mktemp("knowledge") / "home"
    asyncio.run(read_in(knowledge))
    conversations: dict[Platform, Held] = {}

    def held_on(platform: Platform) -> Held:
        if platform not in conversations:
            home = tmp_path_factory.mktemp(platform.value) / "home"
            shutil.copytree(knowledge, home)
            conversations[platform] = asyncio.run(hold(CHATS[platform], home))
        return conversations[platform]

    return held_on


@pytest.fixture(params=CHATS, ids=str)
def held(request: pytest.FixtureRequest, hold_on: Callable[[Platform], Held]) -> Held:
    """The conversation on each platform."""
    return hold_on(request.param)


def test_every_question_is_one_turn(held: Held) -> None:
    """Asked once, stored once, in the order in which they were asked."""
    assert list(held.turns) == list(ASKED)
    assert [turn.at for turn in held.turns.values()] == sorted(
        turn.at for turn in held.turns.values()
    )


def test_questions_reach_the_engine_unchanged(held: Held) -> None:
    """Signs, mentions of everyone, emoji, code and line ends included; only what the platform
    declares is otherwise."""
    driver = held.driver
    assert {name: turn.question for name, turn in held.turns.items()} == {
        name: driver.arrives(text) for name, text in ASKED.items()
    }
    declared = driver.differs.keys() & {Difference.ONE_LINE, Difference.OWN_MARKUP}
    assert (driver.arrives(SIGNS) == SIGNS) is not bool(declared)
    assert driver.arrives(ALPHA) == ALPHA


def test_the_author_is_known_by_platform_and_id(held: Held) -> None:
    """One key for one person, on every turn and rating."""
    driver = held.driver
    own = {turn.author.key for name, turn in held.turns.items() if name != "staff"}
    assert len(own) == 1
    rated = {given.author.key for ratings in held.ratings.values() for given in ratings}
    assert rated == own
    for turn in held.turns.values():
        assert turn.author.platform is driver.platform
        assert re.fullmatch(driver.author, turn.author.key)


def test_a_follow_up_stays_in_its_thread(held: Held) -> None:
    """A new conversation is another thread."""
    threads = {name: turn.thread for name, turn in held.turns.items()}
    assert threads["follow-up"] == threads["first"]
    assert len(set(threads.values())) == len(threads) - 1


def test_a_follow_up_is_understood_from_what_was_said_before(held: Held) -> None:
    """It is searched for as a whole question, and the model is told the talk so far."""
    assert held.turns["follow-up"].query == "How long does the Bravo pump run?"
    assert ALPHA in held.prompts["follow-up"]
    assert "runs for 11 hours" in held.prompts["follow-up"]
    assert "runs for 11 hours" not in held.prompts["signs"].partition("<passages>")[0]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("first", "alpha.md"),
        ("follow-up", "bravo.md"),
        ("signs", "signs.md"),
        ("staff", STAFF_ONLY),
    ],
)
def test_an_answer_is_cited_and_its_source_is_a_link(held: Held, name: str, document: str) -> None:
    """The number, the title and the address that are shown are those that are stored."""
    turn, seen = held.turns[name], held.seen[name]
    title, text = DOCUMENTS[document]
    address = f"{SITE}/{document}?a=1&b=2"
    assert turn.outcome is Outcome.ANSWERED
    assert [(c.n, c.document, c.title, c.uri) for c in turn.citations] == [
        (1, document, title, address)
    ]
    assert turn.citations[0].quote == text.partition("\n\n")[0]
    assert [(s.n, words_of(s.title), s.address) for s in seen.sources] == [
        (1, words_of(title), address)
    ]


def test_the_answer_that_is_shown_is_the_one_that_is_stored(held: Held) -> None:
    """Word for word, with its markers, whatever signs it holds."""
    for name, turn in held.turns.items():
        assert words_of(held.seen[name].words) == words_of(turn.answer), name
    assert SIGNS_SHOWN in held.turns["signs"].answer
    assert SIGNS_RUN in held.turns["reset"].answer


def test_nothing_in_an_answer_comes_to_life(held: Held) -> None:
    """Nobody is pinged and no tag is made, by words of documents or of people."""
    assert {name: seen.alive for name, seen in held.seen.items() if seen.alive} == {}


def test_what_is_not_known_is_refused_with_the_offer_of_a_person(held: Held) -> None:
    """No source, no invention; a button where the platform has one."""
    turn, seen = held.turns["refused"], held.seen["refused"]
    assert (turn.outcome, turn.citations, seen.sources) == (Outcome.ABSTAINED, (), ())
    assert "I don't know" in seen.words
    assert "person" in seen.words
    has_button = Difference.NO_BUTTON_FOR_A_PERSON not in held.driver.differs
    offered = {name: seen.offers_person for name, seen in held.seen.items()}
    unknown = (Outcome.ABSTAINED, Outcome.ERROR)
    assert offered == {
        name: has_button and turn.outcome in unknown for name, turn in held.turns.items()
    }


def test_staff_documents_are_for_staff(held: Held) -> None:
    """In public they are neither told nor named, also after staff was told; the trail says so."""
    for name in ("hidden", "hidden again"):
        turn, seen = held.turns[name], held.seen[name]
        assert (turn.audience, turn.outcome) == (frozenset(), Outcome.ABSTAINED)
        assert turn.withheld == (STAFF_ONLY,)
        assert SECRET not in seen.raw
        assert STAFF_ONLY not in seen.raw
        assert SECRET not in held.prompts[name]
    staff = held.turns["staff"]
    assert (staff.audience, staff.withheld) == (frozenset({"staff"}), ())
    assert SECRET in held.seen["staff"].words
    assert all(not t.audience for name, t in held.turns.items() if name != "staff")


def test_the_last_thumb_counts(held: Held) -> None:
    """Up, then down in its place; taken back there is none."""
    (up,), (down,) = held.ratings["up"], held.ratings["down"]
    assert (up.rating, down.rating) == (Rating.UP, Rating.DOWN)
    assert up.turn == down.turn == held.turns["first"].id
    assert held.ratings.get("taken back", []) == []
    declared = Difference.NO_TAKING_BACK in held.driver.differs
    assert ("taken back" in held.ratings) is not declared


def test_a_better_answer_is_kept_with_its_reason(held: Held) -> None:
    """As it was written, with all its signs."""
    (given,) = held.ratings["corrected"]
    assert (given.turn, given.rating) == (held.turns["follow-up"].id, Rating.DOWN)
    assert (given.reason, given.correction) == (held.driver.reason, CORRECTION)
    assert not given.expert


def test_without_the_model_documents_are_quoted(held: Held) -> None:
    """The built-in reader answers with the same source; the turn knows why."""
    turn = held.turns["model away"]
    assert (turn.outcome, turn.model) == (Outcome.ANSWERED, "extractive")
    assert turn.error
    assert "runs for 11 hours" in held.seen["model away"].words
    assert [c.document for c in turn.citations] == ["alpha.md"]


def test_a_model_that_goes_away_in_the_middle_is_said_in_one_sentence(held: Held) -> None:
    """What was checked until then stays."""
    words = words_of(held.seen["cut"].words)
    assert words.startswith("The Alpha pump runs for 11 hours on one battery.")
    assert words.endswith("I had to stop here: the language model does not answer just now.")


def test_an_error_is_one_friendly_sentence(held: Held) -> None:
    """Without innards, with the offer of a person; the next question is answered again."""
    turn, seen = held.turns["knowledge away"], held.seen["knowledge away"]
    assert (turn.outcome, turn.citations) == (Outcome.ERROR, ())
    assert words_of(seen.words) == (
        "Sorry, I could not answer that: the knowledge base cannot be reached just now. "
        "Please try again in a moment. Would you like me to ask a person?"
    )
    assert "knowledge.db" not in seen.raw
    assert held.turns["mended"].outcome is Outcome.ANSWERED
    assert held.seen["mended"].sources == (Source(1, "The Alpha pump", f"{SITE}/alpha.md?a=1&b=2"),)


@pytest.mark.parametrize("platform", [p for p in CHATS if p is not Platform.SLACK], ids=str)
def test_all_platforms_leave_the_same_behind(
    hold_on: Callable[[Platform], Held], platform: Platform
) -> None:
    """Turn by turn: what was decided, answered, cited and withheld."""
    assert _story(hold_on(platform)) == _story(hold_on(Platform.SLACK))


def _story(held: Held) -> dict[str, tuple[object, ...]]:
    def of(turn: Turn) -> tuple[object, ...]:
        return (
            turn.outcome,
            turn.route.route,
            turn.answer,
            [(c.n, c.document, c.quote) for c in turn.citations],
            [(claim.text, claim.supported) for claim in turn.grounding.claims],
            turn.withheld,
            turn.audience,
            turn.model,
            bool(turn.error),
        )

    return {name: of(turn) for name, turn in held.turns.items()}
