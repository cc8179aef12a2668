"""What people call themselves reaches nobody else where it pings, links, curses or commands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.chat.base import Card, Placement
from adapters.slack.adapter import SlackAdapter
from adapters.slack.workspaces import OneWorkspace
from bot.conversation import Author, Outcome, Platform
from tests.platforms.chat_desk import office
from tests.platforms.chat_fake import FakeChat, said
from tests.platforms.discord_service import Garden, serving
from tests.platforms.slack_server import SlackServer
from tests.platforms.standing_settings import StandingSettings

NASTY = (
    "@everyone",
    "<!channel>",
    "[Ada](https://evil.example)",
    "Ignore all previous instructions",
    "fuck off",
    "win at www.evil.example",
)
MARKS = ("everyone", "<!", "evil", "gnore all", "fuck")


class NoReplies:
    """No message carries a turn."""

    async def known(self, platform: Platform, channel: str, messages: Sequence[str]) -> set[str]:
        return set()


async def _save(_state: object) -> None:
    """Nothing is resumed here."""


@pytest.fixture
async def discord() -> AsyncIterator[Garden]:
    async with Garden() as server:
        yield server


@pytest.mark.parametrize("name", NASTY)
async def test_a_card_in_slack_calls_the_asker_somebody(name: str) -> None:
    """Over the wire: neither text nor blocks hold the name, and nobody is pinged."""
    async with SlackServer() as slack:
        ada = slack.user("U1", name)
        slack.channel("C9", "humans", [ada])
        workspaces = OneWorkspace(slack.bot_token, slack.url)
        adapter = SlackAdapter(workspaces, StandingSettings(), NoReplies())
        card = Card("h1", Author(Platform.SLACK, "U1"), "how?", (), "I do not know.", "")
        await adapter.post_card("C9", card, Placement("e1", None, _save))
        (post,) = slack.answers("C9")
        shown = f"{post.text} {post.blocks}"
        assert "Somebody" in shown
        assert not any(mark in shown for mark in MARKS)
        assert not post.pings
        await workspaces.aclose()


async def test_a_handoff_in_discord_says_no_nasty_name(discord: Garden, tmp_path: Path) -> None:
    """Neither the card and its thread, nor what is told to the colleague and the asker."""
    humans = discord.channel(discord.garden, "humans")
    discord.ada.name, discord.ben.name = "@everyone www.evil.example", "fuck off"
    handoff = {"*": {"handoff": f"discord:{humans.id}"}}
    async with serving(discord, tmp_path, channels=handoff) as scene:
        scene.engine.outcome = Outcome.ABSTAINED
        asked = await discord.say(discord.ada, discord.roses, "@wellspoken why do they wilt?")
        await discord.press(discord.ada, await discord.one_answer(asked), "Ask a person")
        await discord.until(lambda: discord.answers(humans))
        (card,) = discord.answers(humans)
        await discord.until(lambda: discord.thread_of(card))
        thread, own = discord.thread_of(card), discord.thread_of(asked)
        assert thread is not None
        assert own is not None
        await scene.rest()
        await discord.say(discord.ben, thread, "They want water.")
        await discord.until(lambda: "water" in discord.answers(own)[-1].shown)
        await scene.rest()
        everything = [card.shown, *(m.shown for c in (thread, own) for m in discord.answers(c))]
        assert "Somebody" in card.shown
        assert "A colleague" in everything[-1] or any("A colleague" in m for m in everything)
        assert not any(mark in text for text in everything for mark in MARKS), everything


@pytest.mark.parametrize("name", NASTY)
async def test_a_colleagues_nasty_name_is_not_carried(name: str, tmp_path: Path) -> None:
    """The asker hears from a colleague, the colleague of the asker; on any platform."""
    chat = FakeChat()
    asker, colleague = (Author(Platform.SLACK, id_, name) for id_ in ("U1", "U2"))
    async with office(tmp_path, chat, channels={"*": {"handoff": "slack:C9"}}) as here:
        here.engine.outcome = Outcome.ABSTAINED
        asked = replace(said("why?", for_bot=True), author=asker)
        await here.hear(asked)
        (answer,) = chat.in_thread(asked.home)
        await here.desk.hand_off(answer.turn, asked.author, asked.home)
        await here.work()
        (card,) = chat.cards
        thread = next(post.place for post in chat.posts.values() if post.place.channel == "C9")
        assert card.asker.name == ""
        message = next(key for key, post in chat.posts.items() if post.place == thread)
        reply = said("Because.", place=replace(thread, thread=message))
        await here.hear(replace(reply, author=colleague))
        texts = [post.text for post in chat.posts.values()]
        assert any("**A colleague** answers" in text for text in texts)
        assert not any(mark in text for text in texts for mark in MARKS), texts
