"""Handing a question to a person and carrying the answer back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.chat.base import FileRef, Place
from bot.conversation import Author, Outcome
from bot.errors import ChatRefusedError
from bot.handoff import HandoffBook
from tests.platforms.chat_desk import Office, office
from tests.platforms.chat_fake import CHANNEL, DIRECT, FakeChat, said

ADA = Author(CHANNEL.platform, "U1", "Ada")
CHANNELS = {"slack:C1": {"handoff": "slack:C0HUMANS"}}


async def _asked(here: Office, text: str = "Who is the boss?") -> tuple[str, Place]:
    question = said(text, for_bot=True)
    await here.hear(question)
    return here.chat.in_thread(question.home)[-1].turn, question.home


async def _handed(here: Office) -> tuple[Place, Place]:
    """The asker's thread and the colleagues' thread."""
    turn, place = await _asked(here)
    await here.desk.hand_off(turn, ADA, place)
    await here.work()
    ((message, _),) = [
        (key, post) for key, post in here.chat.posts.items() if post.place.channel == "C0HUMANS"
    ]
    return place, Place(CHANNEL.platform, "T1", "C0HUMANS", message)


async def test_the_question_goes_to_the_colleagues(tmp_path: Path) -> None:
    """The card holds the question, what was tried and the way back; the asker is told."""
    async with office(tmp_path, channels=CHANNELS) as here:
        place, _ = await _handed(here)
        (card,) = here.chat.cards
        assert card.question == "Who is the boss?"
        assert card.tried == "Answer to Who is the boss?"
        assert place.channel in card.link
        told = here.chat.in_thread(place)[-1].text
        assert "colleague" in told
        assert "C0HUMANS" in told


async def test_pressing_twice_asks_once(tmp_path: Path) -> None:
    """A second press, by anybody, changes nothing."""
    async with office(tmp_path, channels=CHANNELS) as here:
        turn, place = await _asked(here)
        await asyncio.gather(*(here.desk.hand_off(turn, ADA, place) for _ in range(3)))
        await here.work()
        await here.desk.hand_off(turn, ADA, place)
        await here.work()
        assert len(here.chat.cards) == 1


async def test_the_answer_is_carried_back(tmp_path: Path) -> None:
    """What a colleague replies appears in the asker's thread under the colleague's name."""
    async with office(tmp_path, channels=CHANNELS) as here:
        place, theirs = await _handed(here)
        await here.hear(said("That is Dora.", by="U2", place=theirs))
        assert here.chat.in_thread(place)[-1].text == "**Ben** answers:\n\nThat is Dora."


async def test_a_reply_to_the_bots_post_is_carried_back(tmp_path: Path) -> None:
    """Who uses the platform's reply on what the bot posted there answers the asker; who calls the
    bot by its name asks the bot."""
    async with office(tmp_path, channels=CHANNELS) as here:
        place, theirs = await _handed(here)
        reply = said("That is Dora.", by="U2", place=theirs, for_bot=True)
        await here.hear(replace(reply, replies_to="bot"))
        assert here.chat.in_thread(place)[-1].text == "**Ben** answers:\n\nThat is Dora."
        await here.hear(said("Who is Dora?", by="U2", place=theirs, for_bot=True))
        assert here.chat.in_thread(theirs)[-1].text == "Answer to Who is Dora?"


async def test_a_word_among_colleagues_stays_there(tmp_path: Path) -> None:
    """A reply that begins with two slashes is not carried back."""
    async with office(tmp_path, channels=CHANNELS) as here:
        place, theirs = await _handed(here)
        before = len(here.chat.in_thread(place))
        await here.hear(said("// who knows this?", by="U2", place=theirs))
        assert len(here.chat.in_thread(place)) == before


async def test_an_answer_can_be_proposed(tmp_path: Path) -> None:
    """The colleagues are offered to keep the answer; proposing it puts it up for review."""
    async with office(tmp_path, channels=CHANNELS) as here:
        _, theirs = await _handed(here)
        await here.hear(said("That is Dora.", by="U2", place=theirs))
        ((place, handoff),) = here.chat.proposals
        assert place == theirs
        assert "operator" in await here.desk.propose(handoff, ADA)


async def test_without_a_channel_it_says_whom_to_ask(tmp_path: Path) -> None:
    """Where no handoff channel is set the button names a contact."""
    async with office(tmp_path, bot={"contact": "Dora in room 5"}) as here:
        turn, place = await _asked(here)
        await here.desk.hand_off(turn, ADA, place)
        await here.work()
        assert here.chat.in_thread(place)[-1].text.endswith("Please ask Dora in room 5.")


async def test_colleagues_see_what_their_channel_may_see(tmp_path: Path) -> None:
    """An answer for staff does not appear in a handoff channel of others."""
    chat = FakeChat(channel_groups={"C1": frozenset({"staff"})})
    async with office(tmp_path, chat, channels=CHANNELS) as here:
        await _handed(here)
        (card,) = chat.cards
        assert "Answer to" not in card.tried
        assert card.context == ()


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_kill_at_any_step_hands_off_once(tmp_path: Path, after_effect: bool) -> None:
    """Wherever the process is cut off, there is one card and one word to the asker."""
    whole = FakeChat()
    async with office(tmp_path / "whole", whole, channels=CHANNELS) as here:
        turn, place = await _asked(here)
        whole.operations = 0
        await here.desk.hand_off(turn, ADA, place)
        await here.work()
    assert whole.operations >= 2
    for step in range(1, whole.operations + 1):
        chat = FakeChat(after_effect=after_effect)
        home = tmp_path / str(step)
        async with office(home, chat, channels=CHANNELS) as here:
            turn, place = await _asked(here)
            chat.operations, chat.die_at = 0, step
            await here.desk.hand_off(turn, ADA, place)
            await here.work()
        assert chat.dead
        chat.dead, chat.die_at = False, None
        async with office(home, chat, channels=CHANNELS) as here:
            await here.work()
        assert sorted(p.text[:8] for p in chat.posts.values()) == sorted(
            p.text[:8] for p in whole.posts.values()
        )


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_kill_at_any_step_carries_once(tmp_path: Path, after_effect: bool) -> None:
    """Wherever the process is cut off, a reply reaches the asker once and is offered once."""
    for step in (1, 2):  # the words for the asker, the offer to the colleagues
        chat = FakeChat(after_effect=after_effect)
        home = tmp_path / str(step)
        async with office(home, chat, channels=CHANNELS) as here:
            place, theirs = await _handed(here)
            chat.operations, chat.die_at = 0, step
            await here.hear(said("That is Dora.", by="U2", place=theirs))
        assert chat.dead
        chat.dead, chat.die_at = False, None
        async with office(home, chat, channels=CHANNELS) as here:
            await here.work()
        carried = [post for post in here.chat.in_thread(place) if "Dora" in post.text]
        assert (len(carried), len(chat.proposals)) == (1, 1)


async def test_who_presses_again_is_told(tmp_path: Path) -> None:
    """The first press says nothing more; a later one says that it is with a colleague already."""
    async with office(tmp_path, channels=CHANNELS) as here:
        turn, place = await _asked(here)
        assert await here.desk.hand_off(turn, ADA, place) == ""
        await here.work()
        assert "already" in await here.desk.hand_off(turn, ADA, place)


async def test_a_channel_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    """Where the bot may not post into the handoff channel, the asker reads whom to ask."""
    refused = ChatRefusedError(platform="slack", method="post", reason="not_in_channel")
    async with office(tmp_path, channels=CHANNELS, bot={"contact": "Dora"}) as here:
        turn, place = await _asked(here)
        here.chat.faults = [refused]
        await here.desk.hand_off(turn, ADA, place)
        await here.work()
        assert "could not reach a colleague" in here.chat.in_thread(place)[-1].text
        assert "Dora" in await here.desk.hand_off(turn, ADA, place)


async def test_where_no_thread_shows_the_question_it_is_quoted(tmp_path: Path) -> None:
    """In a direct message outside of threads, what is said about a question repeats it."""
    channels = {"slack:D1": {"handoff": "slack:C0HUMANS"}}
    async with office(tmp_path, channels=channels) as here:
        turn, _ = await _asked(here)
        await here.desk.hand_off(turn, ADA, DIRECT)
        await here.work()
        message = next(key for key, p in here.chat.posts.items() if p.place.channel == "C0HUMANS")
        theirs = Place(CHANNEL.platform, "T1", "C0HUMANS", message)
        await here.hear(said("That is Dora.", by="U2", place=theirs))
        asked, answered = [post.text for post in here.chat.in_thread(DIRECT)]
        assert asked.startswith("You asked: “Who is the boss?”\n\n")
        assert answered == "You asked: “Who is the boss?”\n\n**Ben** answers:\n\nThat is Dora."


async def test_later_replies_are_carried_without_ado(tmp_path: Path) -> None:
    """The offer to keep the answer stands below the first reply only."""
    async with office(tmp_path, channels=CHANNELS) as here:
        place, theirs = await _handed(here)
        for text in ("That is Dora.", "She is in room 5."):
            await here.hear(said(text, by="U2", place=theirs))
        assert here.chat.in_thread(place)[-1].text.endswith("room 5.")
        assert len(here.chat.proposals) == 1


async def test_colleagues_learn_that_files_stay_behind(tmp_path: Path) -> None:
    """A file is not carried; whoever sent it is told, and the words beside it are carried."""
    async with office(tmp_path, channels=CHANNELS) as here:
        place, theirs = await _handed(here)
        file = FileRef("F1", "plan.pdf", "application/pdf", 9, "")
        await here.hear(said("Here it is.", by="U2", place=theirs, files=(file,)))
        await here.hear(said("", by="U2", place=theirs, files=(file,)))
        assert here.chat.in_thread(place)[-1].text.endswith("Here it is.")
        hints = [post.text for post in here.chat.in_thread(theirs) if "plan.pdf" in post.text]
        assert len(hints) == 2


async def test_a_reply_that_cannot_be_carried_is_told(tmp_path: Path) -> None:
    """Where the asker cannot be reached any more, the colleague reads that."""
    refused = ChatRefusedError(platform="slack", method="post", reason="is_archived")
    async with office(tmp_path, channels=CHANNELS) as here:
        _, theirs = await _handed(here)
        here.chat.faults = [refused]
        await here.hear(said("That is Dora.", by="U2", place=theirs))
        assert "could not be sent to Ada" in here.chat.told[-1][1]


async def test_people_in_a_reply_are_called_by_name(tmp_path: Path) -> None:
    """An id that the platform has in place of a name is carried as the name."""
    chat = FakeChat(names={"U3": "Cleo"})
    async with office(tmp_path, chat, channels=CHANNELS) as here:
        place, theirs = await _handed(here)
        await here.hear(said("Ask @U3 or @U9.", by="U2", place=theirs, mentions=("U3", "U9")))
        assert chat.in_thread(place)[-1].text.endswith("Ask @Cleo or @U9.")


async def test_an_address_in_a_reply_stays_readable(tmp_path: Path) -> None:
    """What a colleague linked is carried with its address; the kept answer has it as a link."""
    async with office(tmp_path, channels=CHANNELS) as here:
        place, theirs = await _handed(here)
        text = "See [the plan](https://example.org/plan)."
        await here.hear(said(text, by="U2", place=theirs))
        carried = here.chat.in_thread(place)[-1].text
        assert carried.endswith("See the plan (https://example.org/plan).")
        ((_, handoff),) = here.chat.proposals
        assert (await HandoffBook(here.app.database).get(handoff)).answer == text


async def test_who_asked_to_be_forgotten_hears_no_more(tmp_path: Path) -> None:
    """A late reply stays with the colleagues, who are told so; an old offer leads nowhere."""
    async with office(tmp_path, channels=CHANNELS) as here:
        place, theirs = await _handed(here)
        turn, other = await _asked(here, "Who else?")
        await here.desk.forget(ADA)
        before = len(here.chat.in_thread(place))
        await here.hear(said("That is Dora.", by="U2", place=theirs))
        assert len(here.chat.in_thread(place)) == before
        assert "not sent" in here.chat.in_thread(theirs)[-1].text
        await here.desk.hand_off(turn, ADA, other)
        await here.work()
        assert len(here.chat.cards) == 1
        assert "Ask me again" in here.chat.in_thread(other)[-1].text


@pytest.mark.parametrize("words", ["yes please", "Ja, bitte!", "ok", "👍"])
async def test_a_yes_to_the_offer_hands_off(tmp_path: Path, words: str) -> None:
    """Typed, a yes to the offer of a person is as good as the button."""
    async with office(tmp_path, channels=CHANNELS) as here:
        here.engine.outcome = Outcome.ABSTAINED
        _, place = await _asked(here)
        await here.hear(said(words, place=place))
        await here.work()
        (card,) = here.chat.cards
        assert card.question == "Who is the boss?"
        assert len(here.engine.asked) == 1


async def test_a_yes_of_somebody_else_hands_nothing_off(tmp_path: Path) -> None:
    """Only whose question it was says yes to the offer in a word."""
    async with office(tmp_path, channels=CHANNELS) as here:
        here.engine.outcome = Outcome.ABSTAINED
        _, place = await _asked(here)
        await here.hear(said("yes please", by="U2", place=place))
        assert here.chat.cards == []


async def test_a_yes_in_a_direct_message_hands_off(tmp_path: Path) -> None:
    """A direct message goes on with the talk, so that a yes there needs no thread."""
    async with office(tmp_path, channels={"*": CHANNELS["slack:C1"]}) as here:
        here.engine.outcome = Outcome.ABSTAINED
        await here.hear(said("Who is the boss?", place=DIRECT))
        await here.hear(said("yes", place=DIRECT))
        await here.work()
        (card,) = here.chat.cards
        assert card.question == "Who is the boss?"


async def test_what_was_asked_in_private_stays_out_of_the_thread(tmp_path: Path) -> None:
    """A private question within a thread is no part of its talk: a yes there means what was said
    openly, and the colleagues see nothing else."""
    async with office(tmp_path, channels=CHANNELS) as here:
        here.engine.outcome = Outcome.ABSTAINED
        question = said("Who is the boss?", for_bot=True)
        await here.hear(question)
        await here.hear(said("What does Ben earn?", private=True, place=question.home))
        await here.hear(said("yes please", place=question.home))
        (card,) = here.chat.cards
        assert card.question == "Who is the boss?"
        assert not card.context


async def test_the_card_names_who_asked(tmp_path: Path) -> None:
    """Where the platform gives no name with a message, it is looked up there: the colleagues may
    sit on another platform, which does not know the asker."""
    async with office(tmp_path, channels=CHANNELS) as here:
        here.chat.names["U7"] = "Grace"
        unnamed = Author(CHANNEL.platform, "U7")
        question = replace(said("Who is the boss?", for_bot=True), author=unnamed)
        await here.hear(question)
        turn = here.chat.in_thread(question.home)[-1].turn
        await here.desk.hand_off(turn, unnamed, question.home)
        await here.work()
        (card,) = here.chat.cards
        assert card.asker.name == "Grace"
