"""Answers on their way into Slack: the real SDK against the stand-in, with faults and kills."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.chat.base import ChannelKind, Heard, Offer, Place, Placement
from adapters.slack.blocks import under_answer
from adapters.slack.lookups import Identity
from adapters.slack.pacing import START, TIERS
from adapters.slack.posting import post_once
from adapters.slack.private import PrivateSurface
from adapters.slack.streaming import Streaming
from adapters.slack.surface import PLACEHOLDER, SlackSurface
from adapters.slack.web import SlackWeb
from adapters.slack.wording import Wording
from bot.conversation import Author, Platform
from bot.errors import ChatError, ChatRefusedError, ChatUnavailableError
from bot.evidence import Citation
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_state import Message
from tests.platforms.slack_surfaces import ResponseAddress, new_address
from tests.platforms.turns import turn_of

ANSWER = "Water roses **at night** [1]. Never at noon."
SOURCE = Citation(1, "roses.md", "Roses", "https://garden.example/roses", "at night")


@dataclass
class Desk:
    """What the desk keeps for one question: the state of its placement, across attempts."""

    slack: SlackServer
    web: SlackWeb
    us: Identity
    heard: Heard
    streaming: Streaming = field(default_factory=Streaming)
    state: dict[str, Any] | None = None
    event: str = "E1"
    others: set[str] = field(default_factory=set)

    def placement(self) -> Placement:
        """The placement as it was last noted."""
        return Placement(self.event, deepcopy(self.state), self._save)

    def surface(self) -> SlackSurface:
        """A surface for a fresh attempt."""
        return SlackSurface(
            self.web,
            self.heard,
            self.placement(),
            us=self.us,
            rendering=Wording(),
            controls=under_answer,
            known=self._known,
            streaming=self.streaming,
        )

    async def answer(self, text: str = ANSWER, *citations: Citation) -> None:
        """One whole attempt."""
        surface = self.surface()
        await surface.open()
        for piece in text.split(". "):
            await surface.show(f"{piece}. " if not text.endswith(piece) else piece)
        await surface.close(turn_of(text, *citations), Offer.NOTHING)

    async def _save(self, state: Mapping[str, Any]) -> None:
        self.state = deepcopy(dict(state))

    async def _known(self, messages: Sequence[str]) -> set[str]:
        return self.others & set(messages)

    @property
    def messages(self) -> list[Message]:
        """What stands in the thread from the bot."""
        return self.slack.answers(self.heard.home.channel, self.heard.home.thread)

    def made(self, method: str) -> int:
        return len([call for call in self.slack.calls if call.method == method])


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
async def desk(slack: SlackServer) -> AsyncIterator[Desk]:
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    ts = await slack.say(ada, garden, "How do I water roses?")
    web = SlackWeb(slack.bot_token, slack.url, timeout_s=3.0, patience_s=20.0, delivery_s=20.0)
    heard = Heard(
        Place(Platform.SLACK, "T1", "C1"), ts, Author(Platform.SLACK, "U1"), "?", datetime.now(UTC)
    )
    yield Desk(slack, web, await web.auth_test(), heard)
    await web.aclose()


def refuse_streams(desk: Desk) -> None:
    desk.slack.fault("chat.startStream", error="unknown_method", times=99)


# -- streams ----------------------------------------------------------------------------------


async def test_an_answer_is_streamed_with_sources_and_thumbs(desk: Desk) -> None:
    """One stream in the thread, ended with the sources as links, the thumbs and our label."""
    await desk.answer(ANSWER, SOURCE)
    (message,) = desk.messages
    assert message.was_stream
    assert not message.streaming
    assert message.has_feedback
    assert message.metadata is not None
    assert message.metadata["event_payload"] == {"event": "E1", "part": 0}
    assert "at night" in message.shown
    assert "https://garden.example/roses" in message.shown
    assert desk.made("chat.update") == desk.made("chat.postMessage") == 0


async def test_the_first_words_show_before_the_end(desk: Desk) -> None:
    """What is shown appears while the rest is still being written."""
    surface = desk.surface()
    await surface.open()
    await surface.show("Water roses **at night** [1]. ")
    (message,) = desk.messages
    await desk.slack.until(lambda: "at night" in message.shown)
    assert message.streaming
    await surface.close(turn_of(ANSWER), Offer.NOTHING)
    assert message.shown.count("at night") == 1


async def test_showing_never_waits_for_slack(desk: Desk) -> None:
    """A Slack that takes its time with appends does not hold up the words behind them."""
    desk.slack.fault("chat.appendStream", delay=0.5)
    surface = desk.surface()
    await surface.open()
    async with asyncio.timeout(5):
        for _ in range(50):
            await surface.show("Water at night. ")
    await surface.close(turn_of("Water at night. " * 50), Offer.NOTHING)
    assert desk.messages[0].shown.count("Water at night.") == 50


async def test_an_offer_stands_below(desk: Desk) -> None:
    """The offer of a person is a button under the answer."""
    surface = desk.surface()
    await surface.open()
    await surface.close(turn_of("I do not know."), Offer.PERSON, "I can't see images yet.")
    (message,) = desk.messages
    assert "Ask a person" in message.buttons
    assert message.has_feedback
    assert "I can't see images yet." in message.shown


@pytest.mark.parametrize("fault", [{"error": "missing_scope"}, {"status": 429, "retry_after": 30}])
async def test_where_streams_are_refused_it_is_posted_and_edited(
    desk: Desk, fault: dict[str, Any]
) -> None:
    """A refused or limited stream becomes a labelled placeholder at once, and the answer in it."""
    desk.slack.fault("chat.startStream", **fault)
    surface = desk.surface()
    await surface.open()
    (message,) = desk.messages
    assert message.text == PLACEHOLDER
    await surface.close(turn_of(ANSWER, SOURCE), Offer.NOTHING)
    assert desk.messages == [message]
    assert "at night" in message.shown
    assert message.has_feedback
    assert not message.was_stream


async def test_a_spent_minute_is_posted_without_asking(desk: Desk) -> None:
    """Where the workspace has begun as many streams as a minute allows, none is asked for."""
    for _ in range(TIERS[START]):
        await desk.web.pacer.ready(START, "C9")
    await desk.answer()
    assert desk.made("chat.startStream") == 0
    (message,) = desk.messages
    assert "at night" in message.shown


async def test_a_refusal_is_remembered(desk: Desk) -> None:
    """The next answers in the workspace do not ask for a stream again."""
    refuse_streams(desk)
    await desk.answer()
    desk.state, desk.event = None, "E2"
    await desk.answer()
    assert desk.made("chat.startStream") == 1
    assert len(desk.messages) == 2


async def test_drafts_are_edited_in(desk: Desk) -> None:
    """Without streams the message grows by edits, marked as unfinished until the end."""
    refuse_streams(desk)
    surface = desk.surface()
    await surface.open()
    await surface.show("Water roses **at night**. ")
    (message,) = desk.messages
    await desk.slack.until(lambda: "*at night*" in message.text)
    assert message.text.endswith("…")
    await surface.close(turn_of(ANSWER), Offer.NOTHING)
    assert not message.text.endswith("…")


async def test_limits_on_drafts_leave_the_answer_whole(desk: Desk) -> None:
    """Appends that are limited are left out; the end brings everything."""
    desk.slack.fault("chat.appendStream", status=429, retry_after=20, times=99)
    await desk.answer()
    assert desk.messages[0].shown.count("at noon") == 1
    assert desk.made("chat.appendStream") <= 1


@pytest.mark.parametrize("error", ["message_not_in_streaming_state", "stopped_by_user"])
async def test_a_stream_that_ends_early_is_completed_by_edits(desk: Desk, error: str) -> None:
    """Slack or the user ends the stream: the same message gets the whole answer."""
    surface = desk.surface()
    await surface.open()
    (message,) = desk.messages
    if error == "stopped_by_user":
        await desk.slack.stop_stream(desk.slack.world.users["U1"], message.ts)
    else:
        message.streaming = False
    await surface.show("Water roses **at night** [1]. ")
    await asyncio.sleep(0.05)
    await surface.close(turn_of(ANSWER, SOURCE), Offer.NOTHING)
    assert desk.messages == [message]
    assert message.shown.count("at noon") == 1
    assert message.has_feedback


@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream"])
async def test_a_cut_in_a_stream_neither_loses_nor_doubles_words(desk: Desk, method: str) -> None:
    """Where nobody knows what arrived, the message is written anew, once."""
    desk.slack.fault(method, cut=True)
    surface = desk.surface()
    await surface.open()
    await surface.show("Water roses **at night** [1]. ")
    await asyncio.sleep(0.1)
    await surface.close(turn_of(ANSWER, SOURCE), Offer.NOTHING)
    (message,) = desk.messages
    assert message.shown.count("at night") == message.shown.count("at noon") == 1
    assert message.has_feedback
    assert not message.streaming


async def test_an_answer_that_turns_out_otherwise_replaces_the_stream(desk: Desk) -> None:
    """When the check takes back what was shown, the final text is what stands there."""
    surface = desk.surface()
    await surface.open()
    await surface.show("Water at noon, always at noon. ")
    await asyncio.sleep(0.1)
    await surface.close(turn_of("I do not know."), Offer.NOTHING)
    (message,) = desk.messages
    assert "noon" not in message.shown
    assert "I do not know." in message.shown


async def test_direct_messages_stream_without_recipients(desk: Desk) -> None:
    """In a direct message Slack knows the reader."""
    ada = desk.slack.world.users["U1"]
    direct = desk.slack.dm(ada)
    ts = await desk.slack.say(ada, direct, "hello")
    place = Place(Platform.SLACK, "T1", direct.id, kind=ChannelKind.DIRECT)
    desk.heard = Heard(place, ts, desk.heard.author, "hello", datetime.now(UTC))
    await desk.answer()
    assert desk.messages[0].was_stream
    (call,) = [call for call in desk.slack.calls if call.method == "chat.startStream"]
    assert "recipient_user_id" not in call.args


# -- long answers, refusals -------------------------------------------------------------------


@pytest.mark.parametrize("streams", [True, False])
async def test_a_long_answer_is_split_with_thumbs_on_its_last_part(
    desk: Desk, streams: bool
) -> None:
    """Every part within the limits, in order, each with its own label; sources and thumbs last."""
    if not streams:
        refuse_streams(desk)
    text = "\n\n".join(f"Paragraph {n}: " + "water the roses. " * 40 for n in range(40))
    await desk.answer(text, SOURCE)
    parts = desk.messages
    assert len(parts) > 2
    assert [m.has_feedback for m in parts] == [False] * (len(parts) - 1) + [True]
    labels = [m.metadata["event_payload"]["part"] for m in parts if m.metadata]
    assert labels == list(range(len(parts)))
    shown = "".join(m.shown for m in parts)
    assert [shown.count(f"Paragraph {n}:") for n in range(40)] == [1] * 40
    assert desk.state is not None
    assert desk.state["messages"] == [m.ts for m in parts]


async def test_blocks_that_slack_refuses_are_made_plainer(desk: Desk) -> None:
    """When a workspace refuses a kind of block, the words still arrive."""
    refuse_streams(desk)
    surface = desk.surface()
    await surface.open()
    desk.slack.fault("chat.update", error="invalid_blocks", times=2)
    await surface.close(turn_of(ANSWER), Offer.NOTHING)
    assert "at night" in desk.messages[0].shown


async def test_where_the_bot_may_not_speak_it_is_refused(desk: Desk) -> None:
    """Not in the channel, or an archived one: the desk is told, nothing is tried twice."""
    channel = desk.slack.world.channels["C1"]
    channel.archived = True
    with pytest.raises(ChatRefusedError) as refused:
        await desk.surface().open()
    assert refused.value.data["reason"] == "is_archived"
    channel.archived = False
    desk.slack.leave(desk.slack.bot, channel)
    with pytest.raises(ChatRefusedError) as refused:
        await desk.surface().open()
    assert refused.value.data["reason"] == "not_in_channel"
    assert desk.made("chat.postMessage") == 0


@pytest.mark.parametrize("streams", [True, False])
async def test_a_message_that_was_deleted_is_posted_anew_once(desk: Desk, streams: bool) -> None:
    """Somebody deletes the placeholder: the answer comes in a new message, and is noted."""
    if not streams:
        refuse_streams(desk)
    surface = desk.surface()
    await surface.open()
    (first,) = desk.messages
    first.deleted, first.streaming = True, False
    await surface.close(turn_of(ANSWER), Offer.NOTHING)
    (second,) = desk.messages
    assert second.ts != first.ts
    assert second.has_feedback
    assert desk.state is not None
    assert desk.state["messages"] == [second.ts]


# -- exactly once -----------------------------------------------------------------------------


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    "fault", [{"cut": True}, {"hang": True}, {"refuse": True}, {"status": 503}]
)
async def test_a_placeholder_whose_fate_is_unknown_is_found_not_doubled(
    desk: Desk, fault: dict[str, Any], streams: bool
) -> None:
    """A cut right after the post: the message is looked for, and there is one."""
    if not streams:
        refuse_streams(desk)
    desk.slack.fault("chat.startStream" if streams else "chat.postMessage", **fault)
    await desk.answer(ANSWER, SOURCE)
    (message,) = desk.messages
    assert message.shown.count("at noon") == 1
    assert message.has_feedback


@pytest.mark.parametrize("streams", [True, False])
async def test_every_cut_in_the_life_of_an_answer_leaves_one_answer(
    desk: Desk, streams: bool
) -> None:
    """Killed after any save or at any call, the next attempt completes the same message."""
    if not streams:
        refuse_streams(desk)
    for at in range(6):
        desk.event, desk.state = f"K{at}", None
        ts = await desk.slack.say(
            desk.slack.world.users["U1"], desk.slack.world.channels["C1"], "again?"
        )
        desk.heard = Heard(desk.heard.place, ts, desk.heard.author, "again?", datetime.now(UTC))
        task = asyncio.create_task(desk.answer(ANSWER, SOURCE))
        begun = len(desk.slack.calls)
        while len(desk.slack.calls) < begun + at and not task.done():  # noqa: ASYNC110 - every step counts
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        kept = deepcopy(desk.state)
        await asyncio.sleep(0.05)
        desk.state = kept
        await desk.answer(ANSWER, SOURCE)
        (message,) = desk.messages
        assert message.shown.count("at noon") == 1, at
        assert message.has_feedback
        assert not message.streaming


async def test_a_resumed_stream_is_completed_in_place(desk: Desk) -> None:
    """A new process closes the stream that the killed one left open, in the same message."""
    surface = desk.surface()
    await surface.open()
    await surface.show("Water roses **at night** [1]. ")
    await asyncio.sleep(0.1)
    await desk.answer(ANSWER, SOURCE)
    (message,) = desk.messages
    assert message.shown.count("at night") == 1
    assert message.has_feedback
    assert not message.streaming


@pytest.mark.parametrize("streams", [True, False])
async def test_who_was_stopped_does_not_write_over_the_next_attempt(
    desk: Desk, streams: bool
) -> None:
    """A process that handed the answer back leaves its unsaid drafts unsaid."""
    if not streams:
        refuse_streams(desk)

    async def begin() -> None:
        surface = desk.surface()
        await surface.open()
        for _ in range(20):
            await surface.show("Only a draft. ")
            await asyncio.sleep(0.02)

    task = asyncio.create_task(begin())
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await desk.answer(ANSWER, SOURCE)
    await asyncio.sleep(2.0)
    (message,) = desk.messages
    assert message.shown.count("at noon") == 1
    assert "draft" not in message.shown


async def test_a_pace_that_is_not_free_leaves_the_others_alone(desk: Desk) -> None:
    """While appends are blocked nothing spins: the loop goes on, and so does the answer."""
    desk.web.pacer.blocked("chat.appendStream", "C1", 60)
    async with asyncio.timeout(20):
        await desk.answer()
    assert "at noon" in desk.messages[0].shown


async def test_a_message_of_another_question_is_never_taken_for_ours(desk: Desk) -> None:
    """A stream of another turn, a note of ours and an older answer are left as they are."""
    await desk.answer("Another answer.")
    (other,) = desk.messages
    other.metadata = None
    desk.others = {other.ts}
    note = await desk.web.post_message("C1", "A note.", thread=desk.heard.home.thread)
    desk.event, desk.state = "E2", {"pending": True, "marks": {"stream": True}}
    await desk.answer()
    assert [m.shown.split("\n")[0][:10] for m in desk.messages] == [
        "Another an",
        "A note.",
        "Water rose",
    ]
    assert desk.slack.message(note).text == "A note."


async def test_closing_again_changes_nothing(desk: Desk) -> None:
    """A kill after the last edit: the next attempt edits the same messages to the same."""
    long = "\n\n".join(f"Paragraph {n}: " + "water the roses. " * 40 for n in range(30))
    await desk.answer(long, SOURCE)
    before = [(m.ts, m.shown) for m in desk.messages]
    await desk.answer(long, SOURCE)
    after = [(m.ts, m.shown) for m in desk.messages]
    assert [ts for ts, _ in after] == [ts for ts, _ in before]
    assert "".join(shown for _, shown in after).count("Paragraph") == 30


async def test_a_slack_that_is_down_is_said_to_be(desk: Desk) -> None:
    """While nothing can be posted the error says so, and the next attempt answers once."""
    desk.slack.fault("chat.startStream", status=503, times=99)
    fault = desk.slack.fault("chat.postMessage", status=503, times=99)
    with pytest.raises(ChatUnavailableError):
        await desk.answer()
    fault.times = fault.struck
    await desk.answer()
    assert len(desk.messages) == 1


# -- failing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("streams", [True, False])
async def test_a_failure_ends_the_placeholder_with_a_sentence(desk: Desk, streams: bool) -> None:
    """The placeholder becomes the sentence."""
    if not streams:
        refuse_streams(desk)
    surface = desk.surface()
    await surface.open()
    await surface.fail("Sorry, that took too long.")
    (message,) = desk.messages
    assert message.shown == "Sorry, that took too long."
    assert not message.streaming


@pytest.mark.parametrize("streams", [True, False])
async def test_a_failure_keeps_what_was_said(desk: Desk, streams: bool) -> None:
    """Words that were shown stay, the sentence follows."""
    if not streams:
        refuse_streams(desk)
    surface = desk.surface()
    await surface.open()
    await surface.show("Water roses at night. ")
    (message,) = desk.messages
    await desk.slack.until(lambda: "at night" in message.shown)
    await surface.fail("Sorry, that took too long.")
    assert message.shown.index("at night") < message.shown.index("too long")
    assert "…" not in message.shown


async def test_giving_up_without_opening_ends_what_an_earlier_attempt_left(desk: Desk) -> None:
    """Attempts are used up: the open stream of an earlier one ends in the sentence."""
    await desk.surface().open()
    await desk.surface().fail("Sorry.")
    (message,) = desk.messages
    assert message.shown == "Sorry."
    assert not message.streaming


async def test_giving_up_where_nothing_was_posted_posts_the_sentence(desk: Desk) -> None:
    """Never silence."""
    await desk.surface().fail("Sorry.")
    assert [m.shown for m in desk.messages] == ["Sorry."]


# -- to one person ----------------------------------------------------------------------------


def private(desk: Desk, url: str = "") -> PrivateSurface:
    desk.heard = Heard(
        desk.heard.place,
        desk.heard.message,
        desk.heard.author,
        "?",
        datetime.now(UTC),
        private=True,
        extra={"response_url": url} if url else {},
    )
    return PrivateSurface(
        desk.web,
        desk.heard,
        desk.placement(),
        rendering=Wording(),
        controls=under_answer,
    )


def address(desk: Desk) -> ResponseAddress:
    """Where a command of the asker's is answered."""
    return ResponseAddress(desk.slack.home, "U1", "C1")


async def test_a_command_is_answered_at_its_address(desk: Desk) -> None:
    """The whole answer with sources and thumbs, seen by the asker alone."""
    given = address(desk)
    await private(desk, new_address(desk.slack.world, given)).close(
        turn_of(ANSWER, SOURCE), Offer.PERSON, "A note."
    )
    (message,) = desk.slack.world.hidden
    assert message.only_for == "U1"
    assert {"Ask a person"} <= set(message.buttons)
    assert "https://garden.example/roses" in message.shown
    assert "A note." in message.shown
    assert [body["replace_original"] for body in given.used] == [False]
    assert desk.made("chat.postEphemeral") == 0


@pytest.mark.parametrize("spent", [{"at": 0.0}, {"used": [{}] * 5}])
async def test_an_address_that_is_spent_is_no_end(desk: Desk, spent: dict[str, Any]) -> None:
    """Expired or used up: the asker still gets the answer, and others still do not."""
    given = replace(address(desk), **spent)
    await private(desk, new_address(desk.slack.world, given)).close(turn_of(ANSWER), Offer.NOTHING)
    (message,) = desk.slack.world.hidden
    assert message.only_for == "U1"
    assert desk.made("chat.postEphemeral") == 1


async def test_without_an_address_the_asker_sees_an_ephemeral_message(desk: Desk) -> None:
    """A spent address falls back to a message that only the asker sees."""
    surface = private(desk, f"{desk.slack.address}/response/unknown")
    await surface.open()
    await surface.show("x")
    await surface.close(turn_of(ANSWER, SOURCE), Offer.NOTHING)
    (message,) = desk.slack.world.hidden
    assert message.only_for == "U1"
    assert message.has_feedback
    assert desk.messages == []


async def test_where_the_bot_is_no_member_it_writes_to_the_asker(desk: Desk) -> None:
    """The last resort is a direct message."""
    desk.slack.leave(desk.slack.bot, desk.slack.world.channels["C1"])
    await private(desk).close(turn_of(ANSWER), Offer.NOTHING)
    direct = desk.slack.dm(desk.slack.world.users["U1"])
    assert ["at night" in m.shown for m in direct.messages.values()] == [True]


async def test_a_private_answer_is_given_once(desk: Desk) -> None:
    """An attempt after the answer was given gives nothing more."""
    await private(desk).close(turn_of(ANSWER), Offer.NOTHING)
    await private(desk).close(turn_of(ANSWER), Offer.NOTHING)
    assert len(desk.slack.world.hidden) == 1


async def test_a_private_failure_is_a_sentence(desk: Desk) -> None:
    """Only the asker sees that it went wrong."""
    await private(desk).fail("Sorry.")
    assert [m.shown for m in desk.slack.world.hidden] == ["Sorry."]


# -- single posts -----------------------------------------------------------------------------


@pytest.mark.parametrize("thread", [True, False])
async def test_a_post_that_was_cut_off_is_found_again(desk: Desk, thread: bool) -> None:
    """In a thread and at the top of a channel, one message whatever broke off."""
    place = desk.heard.home if thread else desk.heard.place
    desk.slack.fault("chat.postMessage", cut=True)
    with pytest.raises(ChatError):
        await post_once(desk.web, desk.us, place, desk.placement(), "A card.")
    ts = await post_once(desk.web, desk.us, place, desk.placement(), "A card.")
    again = await post_once(desk.web, desk.us, place, desk.placement(), "A card.")
    assert ts == again
    posted = [m for m in desk.slack.world.channels["C1"].messages.values() if m.text == "A card."]
    assert [m.ts for m in posted] == [ts]
