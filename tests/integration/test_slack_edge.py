"""The edge of Slack over the wire: the real Bolt against the stand-in Slack."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from adapters.chat.base import ChannelKind, Heard
from adapters.slack.workspaces import OneWorkspace
from bot.errors import DatabaseUnavailableError
from tests.platforms.slack_edge import Connected, connected

BROKEN = DatabaseUnavailableError(url="db", reason="gone")


@pytest.fixture
async def scene() -> AsyncIterator[Connected]:
    """The edge, connected."""
    async with connected() as given:
        yield given


async def test_a_mention_is_taken_once(scene: Connected) -> None:
    """Its two events give one question, in the house's words, and both are acknowledged."""
    ts = await scene.slack.say(
        scene.ada, scene.garden, "@wellspoken may @Ben use <b> & *that*?", None
    )
    await scene.slack.until(lambda: scene.desk.heard)
    await scene.settled()
    (heard,) = scene.desk.heard
    assert heard.text == "may @U2 use <b> & **that**?"
    assert (heard.message, heard.author.id, heard.for_bot, heard.mentions) == (
        ts, "U1", True, ("U2",),
    )  # fmt: skip
    assert (heard.place.key, heard.home.key) == ("slack:T1:C1:", f"slack:T1:C1:{ts}")
    assert len(scene.slack.events) == 2


async def test_messages_of_every_kind_arrive_as_they_are_meant(scene: Connected) -> None:
    """Threads, direct and group messages, files; with their place, kind and file."""
    slack, desk = scene.slack, scene.desk
    group = slack.channel("G1", "mpdm-ada", [scene.ada, scene.ben], group=True)
    root = await slack.say(scene.ada, scene.garden, "who knows roses?")
    await slack.say(scene.ben, scene.garden, "I do", root)
    await slack.say(scene.ada, slack.dm(scene.ada), "hello")
    await slack.say(scene.ada, group, "all of you")
    log = slack.file("F1", "a.log", b"x")
    await slack.say(scene.ada, scene.garden, "see this", files=[log])
    await slack.until(lambda: len(desk.heard) == 5)
    said = {h.text: h for h in desk.heard}
    assert said["I do"].place.thread == root
    assert said["who knows roses?"].place.thread == ""
    assert said["hello"].place.kind is ChannelKind.DIRECT
    assert said["all of you"].place.kind is ChannelKind.GROUP
    assert [(f.id, f.name, f.media_type) for f in said["see this"].files] == [
        ("F1", "a.log", "text/plain")
    ]
    assert not any(h.for_bot for h in desk.heard)


async def test_what_is_no_question_is_acknowledged_and_left_alone(scene: Connected) -> None:
    """Edits and deletions come as such, other bots, our own posts, joins not at all: no question,
    no redelivery."""
    slack = scene.slack
    robot = slack.user("U9", "Robot", bot=True)
    slack.join(robot, scene.garden)
    await slack.say(robot, scene.garden, "@wellspoken beep")
    ts = await slack.say(scene.ada, scene.garden, "hm")
    await slack.edit(scene.ada, ts, "hm hm")
    await slack.delete(scene.ada, ts)
    await slack.react(scene.ben, await slack.say(scene.ada, scene.garden, "so"), "+1")
    await slack.until(lambda: len(scene.desk.heard) == 2)
    await scene.settled()
    assert [h.text for h in scene.desk.heard] == ["hm", "so"]
    assert scene.desk.reactions == []
    assert [(h.message, h.text) for h in scene.desk.edited] == [(ts, "hm hm")]
    assert [(d.place.channel, d.message) for d in scene.desk.deleted] == [("C1", ts)]


async def test_an_edit_that_adds_the_mention_is_a_question(scene: Connected) -> None:
    """Who forgot the mention and adds it is heard."""
    ts = await scene.slack.say(scene.ada, scene.garden, "how?")
    await scene.settled()
    scene.desk._keys.clear()  # a message that was not for us is not kept
    await scene.slack.edit(scene.ada, ts, "@wellspoken how?")
    await scene.slack.until(lambda: len(scene.desk.heard) == 2)
    heard = scene.desk.heard[-1]
    assert (heard.text, heard.for_bot, heard.message) == ("how?", True, ts)
    assert heard.edited


async def test_what_could_not_be_kept_comes_again(scene: Connected) -> None:
    """An event is acknowledged only once it is on disk; then it is there, once."""
    scene.desk.faults = [BROKEN]
    await scene.slack.say(scene.ada, scene.slack.dm(scene.ada), "are you there?")
    await scene.slack.until(lambda: scene.slack.unacknowledged)
    await scene.slack.until(lambda: scene.desk.heard)
    await scene.settled()
    assert [h.text for h in scene.desk.heard] == ["are you there?"]


async def test_redelivery_and_lost_acknowledgements_change_nothing(scene: Connected) -> None:
    """Whatever comes twice is heard once."""
    scene.slack.outbox.acks_to_lose = 1
    await scene.slack.say(scene.ada, scene.garden, "@wellspoken roses?")
    await scene.slack.until(lambda: scene.desk.heard)
    await scene.settled()
    for event in list(scene.slack.events):
        await scene.slack.redeliver(event["event_id"])
    assert len(scene.desk.heard) == 1


async def test_reactions_on_our_messages_are_thumbs(scene: Connected) -> None:
    """In any skin tone, put and taken; other emoji and other people's messages are none."""
    slack = scene.slack
    web = (await OneWorkspace(slack.bot_token, slack.url).of("")).web
    ours = await web.post_message("C1", "an answer")
    await web.aclose()
    await slack.react(scene.ada, ours, "thumbsup::skin-tone-3")
    await slack.unreact(scene.ada, ours, "thumbsup::skin-tone-3")
    await slack.react(scene.ben, ours, "-1")
    await slack.react(scene.ben, ours, "tada")
    await slack.until(lambda: len(scene.desk.reactions) == 3)
    await scene.settled()
    assert [(r.author.id, r.up, r.added, r.message == ours) for r, _ in scene.desk.reactions] == [
        ("U1", True, True, True),
        ("U1", True, False, True),
        ("U2", False, True, True),
    ]
    assert len({event for _, event in scene.desk.reactions}) == 3


async def test_a_lost_connection_is_made_anew(scene: Connected) -> None:
    """A hard cut, a silent one and a polite goodbye: the next message is heard."""
    slack = scene.slack

    async def heard_after(text: str) -> None:
        before = slack.outbox.connected_ever
        if text == "silence":
            slack.go_silent()
        elif text == "cut":
            slack.cut_sockets()
        else:
            await slack.disconnect()
        await slack.until(lambda: slack.outbox.connected_ever > before)
        await slack.say(scene.ada, slack.dm(scene.ada), text)
        await slack.until(lambda: any(h.text == text for h in scene.desk.heard))

    for text in ("cut", "goodbye", "silence"):
        await heard_after(text)
    assert [h.text for h in scene.desk.heard] == ["cut", "goodbye", "silence"]


async def test_slack_that_refuses_at_first_is_asked_again(scene: Connected) -> None:
    """While Slack gives no address the edge goes on trying."""
    slack = scene.slack
    slack.fault("apps.connections.open", status=500, times=2)
    slack.cut_sockets()
    await slack.until(lambda: not slack.outbox.connections or slack.outbox.connected_ever > 1)
    await slack.until(lambda: slack.outbox.connected_ever > 1)
    await slack.say(scene.ada, slack.dm(scene.ada), "again")
    await slack.until(lambda: scene.desk.heard)


async def test_order_is_kept_within_a_thread(scene: Connected) -> None:
    """However long the desk takes for one message, the next waits; other threads do not."""
    slow = iter([0.05, 0.0, 0.02] * 20)

    async def busy(heard: Heard) -> bool:
        await asyncio.sleep(next(slow))
        return await take(heard)

    take = scene.desk.take
    scene.desk.take = busy  # type: ignore[method-assign]  # the desk of this test is slow at times
    root = await scene.slack.say(scene.ada, scene.garden, "0")
    for n in range(1, 20):
        await scene.slack.say(scene.ada, scene.garden, str(n), root)
    await scene.slack.until(lambda: len(scene.desk.heard) == 20)
    assert [h.text for h in scene.desk.heard] == [str(n) for n in range(20)]


async def test_logs_hold_no_words_and_no_secrets(
    scene: Connected, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes wrong: what people wrote, tokens and tickets stay out of the logs."""
    caplog.set_level(logging.INFO)
    slack = scene.slack
    scene.desk.faults = [BROKEN, BROKEN]
    for _ in range(2):
        await slack.say(scene.ada, scene.garden, "@wellspoken my-own-words")
    await slack.until(lambda: not scene.desk.faults)
    await slack.command(scene.ada, scene.garden, "/ask", "my-own-words")
    await slack.command(scene.ada, scene.garden, "/unknown", "my-own-words")
    slack.fault("apps.connections.open", error="invalid_auth", times=1)
    slack.cut_sockets()
    await slack.until(lambda: slack.outbox.connected_ever > 1)
    await scene.settled()
    said = caplog.text + "".join(capfd.readouterr())
    assert "not kept" in said
    for secret in ("my-own-words", slack.bot_token, slack.app_token, "ticket", "Traceback"):
        assert secret not in said
