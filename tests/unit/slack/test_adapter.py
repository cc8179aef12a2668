"""Slack as the desk uses it, over the wire against the stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.chat.base import Card, Heard, Offer, Place, Placement
from adapters.slack.adapter import SlackAdapter
from adapters.slack.workspaces import OneWorkspace
from bot.conversation import Author, Platform, Principal
from bot.settings.sections import AccessSection, SlackAccess
from tests.platforms.slack_server import SlackServer
from tests.platforms.standing_settings import StandingSettings

ACCESS = AccessSection(
    users={"slack:U1": ("staff",)}, slack=SlackAccess(channels={"C1": ("garden",)})
)
CHANNEL = Place(Platform.SLACK, "T1", "C1")
ADA = Author(Platform.SLACK, "U1")


class NoReplies:
    """No message carries a turn."""

    async def known(self, platform: Platform, channel: str, messages: Sequence[str]) -> set[str]:
        return set()


@dataclass
class Scene:
    slack: SlackServer
    adapter: SlackAdapter
    ts: str = ""

    def heard(self, **more: Any) -> Heard:
        """What Ada asked in the garden."""
        plain = Heard(CHANNEL, self.ts, ADA, "how?", datetime.now(UTC), for_bot=True)
        return replace(plain, **more)


class Noted:
    """What a placement saved."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []

    async def save(self, state: Mapping[str, Any]) -> None:
        self.states.append({**state, "messages": list(state["messages"])})

    def placement(self, state: Mapping[str, Any] | None = None) -> Placement:
        return Placement("event-1", state, self.save)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with SlackServer() as slack:
        ada = slack.user("U1", "Ada")
        garden = slack.channel("C1", "garden", [ada])
        slack.channel("C9", "humans", [ada])
        workspaces = OneWorkspace(slack.bot_token, slack.url)
        given = Scene(
            slack, SlackAdapter(workspaces, StandingSettings.with_access(ACCESS), NoReplies())
        )
        given.ts = await slack.say(ada, garden, "@wellspoken how?")
        yield given
        await workspaces.aclose()


async def test_the_status_line_shows_that_work_began(scene: Scene) -> None:
    """In the thread of the question; with a sentence where it takes long."""
    await scene.adapter.begin(scene.heard())
    assert scene.slack.status("C1", scene.ts) == "is reading the documentation…"
    await scene.adapter.begin(scene.heard(), "has your question")
    assert scene.slack.status("C1", scene.ts) == "has your question"


@pytest.mark.parametrize(
    ("error", "other_asked"), [("missing_scope", 0), ("channel_not_supported", 1)]
)
async def test_a_refused_status_is_not_tried_again(
    scene: Scene, error: str, other_asked: int
) -> None:
    """In this channel, or in the whole workspace where the permission is missing."""
    method = "assistant.threads.setStatus"
    scene.slack.fault(method, error=error, times=9)
    for _ in range(3):
        await scene.adapter.begin(scene.heard())
    assert len([c for c in scene.slack.calls if c.method == method]) == 1
    await scene.adapter.begin(scene.heard(place=replace(CHANNEL, channel="C9")))
    assert len([c for c in scene.slack.calls if c.method == method]) == 1 + other_asked


async def test_a_failing_status_harms_nobody(scene: Scene) -> None:
    """Whatever Slack says, it is no error, and it is tried the next time."""
    scene.slack.fault("assistant.threads.setStatus", status=500, times=1)
    await scene.adapter.begin(scene.heard())
    await scene.adapter.begin(scene.heard())
    assert scene.slack.status("C1", scene.ts)


async def test_rights_are_those_of_all_who_read_it(scene: Scene) -> None:
    """The channel's in a channel, the asker's where they alone read it."""
    assert await scene.adapter.principal(scene.heard()) == Principal(frozenset({"garden"}))
    assert await scene.adapter.principal(scene.heard(private=True)) == Principal(
        frozenset({"staff"})
    )
    assert await scene.adapter.groups_of(ADA, "T1") == {"staff"}


async def test_sentences_of_the_house_with_the_offer(scene: Scene) -> None:
    """In the thread, with a button for a person; nobody is pinged."""
    text = "I **don't** know, @everyone."
    await scene.adapter.tell(scene.heard(), text, Offer.PERSON, "turn-1")
    (told,) = scene.slack.answers("C1", scene.ts)
    assert "I *don't* know" in told.shown
    assert "Ask a person" in str(told.blocks)
    assert not told.pings


async def test_private_sentences_find_their_reader(scene: Scene) -> None:
    """By the response address; where that serves no more, as a message for one."""
    gone = {"response_url": f"{scene.slack.address}/response/unknown"}
    await scene.adapter.tell(scene.heard(private=True, extra=gone), "Only you.")
    assert [m.text for m in scene.slack.ephemerals("U1")] == ["Only you."]
    assert scene.slack.answers("C1") == []


async def test_a_post_is_made_once(scene: Scene) -> None:
    """Cut off after the post, the next attempt finds it."""
    noted, place = Noted(), replace(CHANNEL, thread=scene.ts)
    ts = await scene.adapter.post(place, "**Ben** answers: at night", noted.placement())
    before = noted.states[0]
    assert before["pending"] is True
    again = await scene.adapter.post(place, "**Ben** answers: at night", noted.placement(before))
    assert again == ts
    (post,) = scene.slack.answers("C1", scene.ts)
    assert post.text == "*Ben* answers: at night"


async def test_a_link_to_a_message_stays_one(scene: Scene) -> None:
    """Our own permalinks are links, foreign addresses are not."""
    place = replace(CHANNEL, thread=scene.ts)
    link = await scene.adapter.link(place, scene.ts)
    assert "/archives/C1/p" in link
    text = f"Passed on ([their thread]({link})), see [this](https://evil.example/x)."
    ts = await scene.adapter.post(place, text, Noted().placement())
    shown = scene.slack.message(ts).text
    assert "|their thread>" in shown
    assert "evil.example" not in shown
    assert await scene.adapter.link(place, "1.1") == ""


async def test_a_card_asks_people(scene: Scene) -> None:
    """With the asker's name, what was said and tried, the link, and how replies travel; once."""
    card = Card(
        "handoff-1", ADA, "how? <!channel> *now*", (("user", "hello"), ("assistant", "hi")),
        "I found **nothing**.", "https://team.example/archives/C1/p1",
    )  # fmt: skip
    noted = Noted()
    where = await scene.adapter.post_card("C9", card, noted.placement())
    again = await scene.adapter.post_card("C9", card, noted.placement(noted.states[0]))
    assert where == again == Place(Platform.SLACK, "T1", "C9", where.thread)
    (post,) = scene.slack.answers("C9")
    shown = str(post.blocks)
    for words in (
        "*Ada* asks", "_asked_: hello", "_answered_: hi", "I found *nothing*.",
        "Replies in this thread go to Ada; one that begins with // stays here.",
        "archives/C1/p1|The conversation>",
    ):  # fmt: skip
        assert words in shown
    assert not post.pings


async def test_knowledge_is_offered_once(scene: Scene) -> None:
    """With a button that proposes the answer; cut off after the post, it is not offered again."""
    noted, thread = Noted(), replace(CHANNEL, thread=scene.ts)
    placement = noted.placement()
    await scene.adapter.offer_knowledge(thread, "handoff-1", "Sent to Ada.", placement)
    placement = noted.placement(noted.states[0])
    await scene.adapter.offer_knowledge(thread, "handoff-1", "Sent to Ada.", placement)
    (offer,) = scene.slack.answers("C1", scene.ts)
    assert "handoff:handoff-1" in str(offer.blocks)
