"""Thumbs, taken from buttons and reactions, and what two thumbs down lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.chat.base import Offer, Reaction
from bot.conversation import Author, Rating
from bot.errors import NotFoundError
from tests.platforms.chat_desk import Office, office
from tests.platforms.chat_fake import CHANNEL, FakeChat, Post, said

ADA, BEN = Author(CHANNEL.platform, "U1", "Ada"), Author(CHANNEL.platform, "U2", "Ben")


async def _answered(here: Office, text: str = "How often?") -> tuple[str, Post]:
    question = said(text, for_bot=True)
    await here.hear(question)
    (post,) = here.chat.in_thread(question.home)
    return next(key for key, value in here.chat.posts.items() if value is post), post


async def _react(here: Office, message: str, event: str, *, up: bool, added: bool = True) -> None:
    await here.desk.react(Reaction(CHANNEL, message, ADA, up, added), event)
    await here.work()


async def _ratings(here: Office, turn: str) -> dict[str, Rating]:
    return {given.author.key: given.rating for given in await here.app.feedback.of(turn)}


async def test_a_reaction_counts_like_a_button(tmp_path: Path) -> None:
    """A thumb put on the answer is its rating."""
    async with office(tmp_path) as here:
        message, post = await _answered(here)
        await _react(here, message, "e1", up=True)
        assert await _ratings(here, post.turn) == {"slack:U1": Rating.UP}


async def test_the_last_word_counts(tmp_path: Path) -> None:
    """A thumb up after a thumb down is a thumb up."""
    async with office(tmp_path) as here:
        message, post = await _answered(here)
        await _react(here, message, "e1", up=False)
        await _react(here, message, "e2", up=True)
        assert await _ratings(here, post.turn) == {"slack:U1": Rating.UP}


async def test_taking_back_takes_back(tmp_path: Path) -> None:
    """A removed thumb counts no more; removing an older one leaves the last word alone."""
    async with office(tmp_path) as here:
        message, post = await _answered(here)
        await _react(here, message, "e1", up=True)
        await _react(here, message, "e2", up=True, added=False)
        assert await _ratings(here, post.turn) == {}
        await _react(here, message, "e3", up=True)
        await _react(here, message, "e4", up=False)
        await _react(here, message, "e5", up=True, added=False)
        assert await _ratings(here, post.turn) == {"slack:U1": Rating.DOWN}


async def test_a_reaction_is_counted_once(tmp_path: Path) -> None:
    """The same event delivered again, after the thumb was taken back, changes nothing."""
    async with office(tmp_path) as here:
        message, post = await _answered(here)
        await _react(here, message, "e1", up=True)
        await _react(here, message, "e2", up=True, added=False)
        await _react(here, message, "e1", up=True)
        assert await _ratings(here, post.turn) == {}


async def test_a_reaction_that_comes_before_the_answer_is_stored_waits(tmp_path: Path) -> None:
    """A quick thumb is counted as soon as the answer is known."""
    async with office(tmp_path) as here:
        here.engine.delay = 0.3
        await here.desk.react(Reaction(CHANNEL, "m1", ADA, up=True, added=True), "e1")
        message, post = await _answered(here)
        assert message == "m1"
        assert await _ratings(here, post.turn) == {"slack:U1": Rating.UP}


async def test_people_are_kept_apart(tmp_path: Path) -> None:
    """Ratings of one turn by two people are two ratings."""
    async with office(tmp_path) as here:
        _, post = await _answered(here)
        await here.desk.rate(post.turn, ADA, Rating.UP, CHANNEL)
        await here.desk.rate(post.turn, BEN, Rating.DOWN, CHANNEL, reason="wrong")
        assert await _ratings(here, post.turn) == {
            "slack:U1": Rating.UP,
            "slack:U2": Rating.DOWN,
        }


async def test_an_unknown_turn_is_said(tmp_path: Path) -> None:
    """A button of a turn that is gone raises, so that its presser can be told."""
    async with office(tmp_path) as here:
        with pytest.raises(NotFoundError):
            await here.desk.rate("turn-none", ADA, Rating.UP, CHANNEL)


@pytest.mark.parametrize(("group", "expert"), [("leads", True), ("staff", False)])
async def test_a_correction_by_an_expert_is_marked(
    tmp_path: Path, group: str, expert: bool
) -> None:
    """Who is in an expert group corrects as an expert."""
    chat = FakeChat(groups={"U1": frozenset({group})})
    async with office(tmp_path, chat, training={"experts": ["leads"]}) as here:
        _, post = await _answered(here)
        await here.desk.rate(
            post.turn, ADA, Rating.DOWN, CHANNEL, reason="wrong", correction="Twice a week."
        )
        (given,) = await here.app.feedback.of(post.turn)
        assert (given.expert, given.correction) == (expert, "Twice a week.")


async def test_two_thumbs_down_offer_a_person_once(tmp_path: Path) -> None:
    """After the second answer of a thread that did not help, a person is offered, one time."""
    async with office(tmp_path) as here:
        first = said("How often?", for_bot=True)
        await here.hear(first)
        for text in ("And then?", "What else?"):
            await here.hear(said(text, place=first.home, for_bot=True))
        for post in list(here.chat.in_thread(first.home)):
            await here.desk.rate(post.turn, ADA, Rating.DOWN, first.home)
            await here.work()
        ((heard, _, offer, _),) = here.chat.told
        assert (heard.place, offer) == (first.home, Offer.PERSON)
