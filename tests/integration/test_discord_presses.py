"""What people press and type in Discord: commands, menus, thumbs, forms, also after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.conversation import Outcome, Rating
from bot.handoff import HandoffBook
from tests.platforms.discord_service import Garden, Scene, eventually, serving
from tests.platforms.discord_state import Message


@pytest.fixture
async def discord() -> AsyncIterator[Garden]:
    async with Garden() as server:
        yield server


async def answered(discord: Garden, scene: Scene) -> Message:
    """An answer to a mention, stored."""
    before = len(scene.engine.asked)
    asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
    answer = await discord.one_answer(asked)
    await scene.asked(before + 1)
    return answer


async def ratings(scene: Scene) -> list[tuple[str, Rating, str, str]]:
    """Every rating that is kept."""
    found = []
    for message in scene.engine.asked:
        turn = await scene.office.app.history.turn_for_key(message.key or "")
        assert turn is not None
        for given in await scene.office.app.feedback.of(turn.id):
            found.append((given.author.id, given.rating, given.reason, given.correction))
    return found


async def _rated(scene: Scene, expected: list[tuple[str, Rating, str, str]]) -> bool:
    return await ratings(scene) == expected


async def test_ask_is_answered_to_the_asker_alone(discord: Garden, tmp_path: Path) -> None:
    """``/ask`` is acknowledged at once, and the answer takes that message's place."""
    async with serving(discord, tmp_path) as scene:
        await discord.until(lambda: discord.world.commands)
        asked = {"question": "when to water?"}
        gesture = await discord.command(discord.ada, discord.roses, "ask", asked)
        assert gesture.answer == 5
        await scene.asked(1)
        assert gesture.message is not None
        assert "Answer to when to water?" in gesture.message.shown
        assert gesture.message.only_for == discord.ada.id
        assert not discord.answers(discord.roses)


async def test_a_message_can_be_asked_about(discord: Garden, tmp_path: Path) -> None:
    """The menu of a message asks what it says, for who chose it."""
    async with serving(discord, tmp_path) as scene:
        await discord.until(lambda: discord.world.commands)
        said = await discord.say(discord.ben, discord.roses, "when to water?")
        gesture = await discord.context_menu(discord.ada, said, "Ask about this message")
        await scene.asked(1)
        assert gesture.message is not None
        assert "Answer to when to water?" in gesture.message.shown
        (question,) = scene.engine.asked
        assert question.author.id == discord.ada.id


async def test_commands_answer_whoever_typed(discord: Garden, tmp_path: Path) -> None:
    """Each subcommand says something, to that person alone."""
    async with serving(discord, tmp_path) as scene:
        await discord.until(lambda: discord.world.commands)
        for name, word in {
            "help": "mention",
            "sources": "documents",
            "opt-out": "nothing that you write",
            "opt-in": "may be used",
            "mute": "thread",
            "unmute": "thread",
        }.items():
            gesture = await discord.command(discord.ada, discord.roses, f"wellspoken {name}")
            assert gesture.message is not None, name
            assert word in gesture.message.shown.lower(), gesture.message.shown
            assert gesture.message.only_for == discord.ada.id
        linked = {"link": "somewhere"}
        gesture = await discord.command(discord.ada, discord.roses, "wellspoken mute", linked)
        assert gesture.message is not None
        assert "no link" in gesture.message.shown
        await scene.rest()


async def test_forget_me_asks_before_it_forgets(discord: Garden, tmp_path: Path) -> None:
    """A button stands between the command and the loss; its press erases the person's words."""
    async with serving(discord, tmp_path) as scene:
        await answered(discord, scene)
        await discord.until(lambda: discord.world.commands)
        gesture = await discord.command(discord.ada, discord.roses, "wellspoken forget-me")
        assert gesture.message is not None
        assert "cannot be undone" in gesture.message.shown
        done = await discord.press(discord.ada, gesture.message, "Forget me")
        assert done.message is not None
        assert "erased" in done.message.shown


async def test_thumbs_count_and_the_last_word_stays(discord: Garden, tmp_path: Path) -> None:
    """Up, then down with a reason and a better answer: one rating of that person is kept."""
    async with serving(discord, tmp_path) as scene:
        answer = await answered(discord, scene)
        up = await discord.press(discord.ada, answer, "👍")
        assert up.answer == 4
        assert await ratings(scene) == [(discord.ada.id, Rating.UP, "", "")]
        down = await discord.press(discord.ada, answer, "👎")
        assert down.modal is not None
        words = {"Reason": "Incomplete", "A better answer": "At night, never at noon."}
        sent = await discord.submit(discord.ada, down.modal, words)
        assert sent.message is not None
        assert "Thank you" in sent.message.shown
        kept = (discord.ada.id, Rating.DOWN, "incomplete", "At night, never at noon.")
        assert await ratings(scene) == [kept]


async def test_buttons_and_forms_work_after_a_restart(discord: Garden, tmp_path: Path) -> None:
    """An answer of an earlier process is rated, and a form that it opened can be sent."""
    async with serving(discord, tmp_path) as scene:
        answer = await answered(discord, scene)
        opened = await discord.press(discord.ben, answer, "👎")
        asked = scene.engine.asked
    async with serving(discord, tmp_path) as scene:
        scene.engine.asked += asked
        await discord.press(discord.ada, answer, "👍")
        assert opened.modal is not None
        await discord.submit(discord.ben, opened.modal, {"A better answer": "At dawn."})
        assert sorted(await ratings(scene)) == sorted(
            [
                (discord.ada.id, Rating.UP, "", ""),
                (discord.ben.id, Rating.DOWN, "", "At dawn."),
            ]
        )


async def test_reactions_rate_and_take_back(discord: Garden, tmp_path: Path) -> None:
    """👍 under an answer counts like the button, in any skin tone; taken off, it is gone."""
    async with serving(discord, tmp_path) as scene:
        answer = await answered(discord, scene)
        await discord.react(discord.ben, answer, "👍🏽")
        await discord.react(discord.ben, answer, "🎉")
        await eventually(lambda: _rated(scene, [(discord.ben.id, Rating.UP, "", "")]))
        await discord.unreact(discord.ben, answer, "👍🏽")
        await eventually(lambda: _rated(scene, []))


async def test_a_person_is_asked(discord: Garden, tmp_path: Path) -> None:
    """Where the bot does not know, a press posts the question into the handoff channel, a reply
    there comes back to the asker, and a button proposes it as knowledge."""
    humans = discord.channel(discord.garden, "humans")
    channels = {"*": {"handoff": f"discord:{humans.id}"}}
    async with serving(discord, tmp_path, channels=channels) as scene:
        scene.engine.outcome = Outcome.ABSTAINED
        answer = await answered(discord, scene)
        await discord.press(discord.ada, answer, "Ask a person")
        await discord.until(lambda: discord.threads(humans))
        (thread,) = discord.threads(humans)
        await scene.rest()
        await discord.say(discord.ben, thread, "Twice a week.")
        await discord.until(lambda: any("Twice a week" in m.shown for m in discord.answers(answer)))
        await discord.until(lambda: any(m.buttons for m in discord.answers(thread)))
        offer = next(m for m in discord.answers(thread) if m.buttons)
        said = await discord.press(discord.ben, offer, "Propose as knowledge")
        assert said.message is not None
        assert "Proposed" in said.message.shown
        (proposal,) = await HandoffBook(scene.office.app.database).proposals()
        assert proposal.answer == "Twice a week."


async def test_who_presses_again_is_told(discord: Garden, tmp_path: Path) -> None:
    """A second press of "Ask a person" posts nothing anew and says so to who pressed."""
    humans = discord.channel(discord.garden, "humans")
    channels = {"*": {"handoff": f"discord:{humans.id}"}}
    async with serving(discord, tmp_path, channels=channels) as scene:
        scene.engine.outcome = Outcome.ABSTAINED
        answer = await answered(discord, scene)
        first = await discord.press(discord.ada, answer, "Ask a person")
        await discord.until(lambda: discord.threads(humans))
        await scene.rest()
        again = await discord.press(discord.ben, answer, "Ask a person")
        assert first.answer == 6
        assert again.message is not None
        assert "has that question already" in again.message.shown
        assert again.message.only_for == discord.ben.id
        assert len(discord.answers(humans)) == 1


async def test_what_was_asked_alone_is_handed_on_alone(discord: Garden, tmp_path: Path) -> None:
    """The offer below an ephemeral answer: the question goes to the channel's colleagues, nothing
    to the channel, and what they reply comes in a direct message."""
    humans = discord.channel(discord.garden, "humans")
    channels = {f"discord:{discord.roses.id}": {"handoff": f"discord:{humans.id}"}}
    async with serving(discord, tmp_path, channels=channels) as scene:
        scene.engine.outcome = Outcome.ABSTAINED
        await discord.until(lambda: discord.world.commands)
        asked = {"question": "what do I earn?"}
        gesture = await discord.command(discord.ada, discord.roses, "ask", asked)
        await scene.asked(1)
        assert gesture.message is not None
        pressed = await discord.press(discord.ada, gesture.message, "Ask a person")
        assert pressed.message is not None
        assert "direct messages" in pressed.message.shown
        await discord.until(lambda: discord.threads(humans))
        await scene.rest()
        await discord.say(discord.ben, discord.threads(humans)[0], "Enough.")
        direct = discord.dm(discord.ada)
        await discord.until(lambda: any("Enough." in m.shown for m in discord.answers(direct)))
        assert not discord.answers(discord.roses)


async def test_an_unknown_answer_is_said_so(discord: Garden, tmp_path: Path) -> None:
    """A thumb on an answer that is not known here gets one sentence, not silence."""
    async with serving(discord, tmp_path / "one") as scene:
        answer = await answered(discord, scene)
    async with serving(discord, tmp_path / "other"):
        gesture = await discord.press(discord.ben, answer, "👍")
        assert gesture.message is not None
        assert "no longer know" in gesture.message.shown
