"""`wellspoken serve` on Slack as people see it while things go wrong around it.

One process serves the whole module, in Socket Mode, beside a stand-in Slack and a stand-in model.
Each test has channels of its own; the log of all of it is read at the end.
"""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from tests.platforms.openai_server import Behaviour, OpenAIServer
from tests.platforms.openai_server import Fault as ModelFault
from tests.platforms.pumps import HOURS, PUMPS, question, write_knowledge
from tests.platforms.slack_faults import Budget
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_service import Service, answered, assert_clean, serving
from tests.platforms.slack_state import Channel, Message, User

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

FEW = 60
LOCKED_S = float(os.environ.get("LOCKED_S", "3"))
"""Beyond 10 s the service itself gives up waiting for the lock."""
GUARDED = [f"CGUARDED{n}" for n in range(8)]
SETTINGS = "[cache]\nenabled = false\n[access.slack.channels]\n"
SETTINGS += "".join(f'{name} = ["staff"]\n' for name in GUARDED)


@dataclass
class Place:
    """The service with everything around it, and the channels that tests take from it."""

    slack: SlackServer
    service: Service
    models: OpenAIServer
    ada: User
    taken: list[str] = field(default_factory=list)

    def channel(self, id_: str = "") -> Channel:
        """A channel of its own, with Ada and the bot in it."""
        name = id_ or f"CROOM{len(self.taken)}"
        self.taken.append(name)
        return self.slack.channel(name, name.lower(), [self.ada])

    async def ask(self, channel: Channel, pump: str = "Kilo", thread: str | None = None) -> str:
        """Mention the bot with a question about a pump; the message's ts."""
        return await self.slack.say(self.ada, channel, question(pump), thread_ts=thread)

    async def one_answer(self, channel: Channel, ts: str, pump: str = "Kilo") -> Message:
        """The one answer in a thread: there is no other message of the bot, and it is right."""
        (answer,) = await self.slack.answered(channel, ts, timeout=FEW, final=answered)
        await asyncio.sleep(0.1)
        assert self.slack.answers(channel, ts) == [answer], told(self.slack.answers(channel))
        assert f"{HOURS[pump]} hours" in answer.shown, answer.shown
        return answer


def told(messages: list[Message]) -> list[str]:
    return [message.shown for message in messages]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """The service, connected."""
    home = tmp_path_factory.mktemp("service")
    write_knowledge(home)
    (home / "wellspoken.toml").write_text(SETTINGS)
    with OpenAIServer() as models:
        async with SlackServer(ack_timeout=2.0, retry_delays=(0.1, 1.0, 3.0, 6.0)) as slack:
            spoken = {"OPENAI_BASE_URL": models.url, "WELLSPOKEN_MODEL": "stand-in"}
            async with serving(Service(slack, home, spoken)) as service:
                yield Place(slack, service, models, slack.user("UADA", "Ada"))


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _mended(place: Place) -> None:
    """Each test begins in fair weather, with nothing of the one before still on its way."""
    place.slack.heal()
    await place.slack.until(lambda: not place.slack.unacknowledged, FEW)
    place.slack.web.budget = None
    place.models.behaviour = Behaviour()


# -- Slack's Web API -------------------------------------------------------------------------


FAULTS: dict[str, dict[str, Any]] = {
    "limited": {"retry_after": 2.0},
    "failed": {"status": 500, "times": 2},
    "internal": {"error": "internal_error"},
    "refused": {"refuse": True},
    "cut": {"cut": True},
    "done": {"status": 503, "done": True},
    "late": {"late": 2.0},
    "hanging": {"hang": True},
}
METHODS: dict[str, list[str]] = {
    "assistant.threads.setStatus": [],
    "chat.startStream": [],
    "chat.stopStream": [],
    "chat.postMessage": ["chat.startStream"],
    "chat.update": ["chat.startStream"],
    "conversations.info": [],
}
"""What is struck, and what has to be limited so that it is called at all."""


async def test_every_fault_of_every_method_ends_in_one_answer(place: Place) -> None:
    """48 channels, in each something else goes wrong: one answer in each, others wait for none."""
    slack, asked = place.slack, []
    for method, before in METHODS.items():
        for number, (name, fault) in enumerate(FAULTS.items()):
            guarded = GUARDED[number] if method == "conversations.info" else ""
            channel = place.channel(guarded)
            for limited in before:
                slack.fault(limited, retry_after=60.0, channel=channel)
            slack.fault(method, channel=channel, **fault)
            asked.append((f"{method} {name}", channel, await place.ask(channel)))
    calm = place.channel()
    await place.one_answer(calm, await place.ask(calm))
    done = [any(map(answered, slack.answers(channel, ts))) for _, channel, ts in asked]
    assert not all(done), "the calm channel waited for all the others"
    wrong = []
    for what, channel, ts in asked:
        try:
            await place.one_answer(channel, ts)
        except (AssertionError, TimeoutError, ValueError) as error:
            wrong.append((what, str(error)[:300]))
    assert not wrong


async def test_slack_away_in_the_middle_of_answers_loses_none(place: Place) -> None:
    """Slack is gone for 20 s while ten answers are streamed: each is there once afterwards."""
    slack = place.slack
    place.models.behaviour = Behaviour(first_token_s=0.5, token_s=0.1)
    rooms = [place.channel() for _ in PUMPS]
    asked = [await place.ask(room, pump) for room, pump in zip(rooms, PUMPS, strict=True)]
    await slack.until(lambda: any(slack.answers(room) for room in rooms))
    await asyncio.sleep(0.5)
    slack.fault("*", refuse=True, times=1_000_000)
    slack.cut_sockets()
    await asyncio.sleep(20)  # longer than a call is repeated, so that whole answers are
    slack.heal()
    later = [await place.ask(room, pump) for room, pump in zip(rooms, PUMPS, strict=True)]
    for room, pump, first, second in zip(rooms, PUMPS, asked, later, strict=True):
        await place.one_answer(room, first, pump)
        await place.one_answer(room, second, pump)


# -- Socket Mode -----------------------------------------------------------------------------


async def test_lost_and_late_acknowledgements_end_in_one_answer(place: Place) -> None:
    """What is delivered again, and what is delivered twice, is answered once."""
    slack = place.slack
    lost, late, again = place.channel(), place.channel(), place.channel()
    slack.lose_acks(2)
    first = await place.ask(lost)
    await slack.until(lambda: not slack.outbox.acks_to_lose)
    slack.delay_acks(2.5)
    second = await place.ask(late)
    await slack.until(lambda: any(len(d.attempts) > 1 for d in events_of(slack, second)))
    slack.delay_acks(0)
    third = await place.ask(again)
    await place.one_answer(again, third)
    for delivery in events_of(slack, third):
        await slack.redeliver(delivery.id)
    for channel, ts in ((lost, first), (late, second), (again, third)):
        await place.one_answer(channel, ts)
    await slack.until(lambda: not slack.unacknowledged, FEW)
    assert sum(len(d.attempts) - 1 for d in events_of(slack, first)) >= 2


def events_of(slack: SlackServer, ts: str) -> list[Any]:
    """The deliveries of the events about a person's message."""
    deliveries = slack.outbox.deliveries.values()
    return [d for d in deliveries if d.payload.get("event", {}).get("ts") == ts]


async def test_every_end_of_a_connection_ends_in_one_answer(place: Place) -> None:
    """Refreshed, cut hard, gone silent: questions around it are answered, once each."""
    slack = place.slack
    asked: list[tuple[Channel, str]] = []

    async def ask() -> None:
        channel = place.channel()
        asked.append((channel, await place.ask(channel)))

    await ask()
    await slack.disconnect(grace=0.3)
    await ask()
    slack.cut_sockets()
    await ask()
    await slack.until(lambda: any(not c.silent for c in slack.outbox.connections), FEW)
    slack.go_silent()
    await ask()
    for channel, ts in asked:
        await place.one_answer(channel, ts)
    assert not slack.lost


# -- waiting ---------------------------------------------------------------------------------


async def test_who_waits_is_told_at_once_and_again(place: Place) -> None:
    """The first sign comes within 3 s, another while the model has not begun after 10 s."""
    slack, channel = place.slack, place.channel()
    place.models.behaviour = Behaviour(first_token_s=12.0)
    ts = await place.ask(channel)
    await slack.until(lambda: slack.status(channel, ts) or slack.answers(channel, ts), 3)
    first = [s for s in slack.statuses if s.thread_ts == ts]
    await slack.until(
        lambda: len([s for s in slack.statuses if s.thread_ts == ts]) > len(first), 12
    )
    await place.one_answer(channel, ts)


async def test_fifty_mentions_at_once_are_answered_in_order(place: Place) -> None:
    """50 in 20 threads within Slack's limits, 300 ms to a token: each once, in order."""
    slack = place.slack
    place.models.behaviour = Behaviour(first_token_s=0.3)
    slack.web.budget = Budget()
    rooms = [place.channel() for _ in range(4)]
    threads: dict[str, tuple[Channel, list[str]]] = {}
    for number in range(50):
        pump = PUMPS[number % len(PUMPS)]
        if number < 20:
            room = rooms[number % len(rooms)]
            threads[await place.ask(room, pump)] = (room, [pump])
        else:
            root = list(threads)[number % 20]
            await place.ask(threads[root][0], pump, root)
            threads[root][1].append(pump)
    for root, (room, pumps) in threads.items():
        answers = await slack.answered(room, root, len(pumps), timeout=FEW, final=answered)
        said = told(answers)
        assert len(slack.answers(room, root)) == len(pumps), said
        for pump, words in zip(pumps, said, strict=True):
            assert f"{HOURS[pump]} hours" in words, said
    slack.web.budget = None


async def test_a_follow_up_at_once_belongs_to_its_question(place: Place) -> None:
    """A question and its follow-up without a mention within 10 ms: two answers, in order."""
    slack = place.slack
    for _ in range(5):
        channel = place.channel()
        ts = await place.ask(channel, "Lima")
        follow = "And how long does the Oscar pump run?"
        await slack.say(place.ada, channel, follow, thread_ts=ts)
        answers = await slack.answered(channel, ts, 2, timeout=FEW, final=answered)
        assert [
            f"{HOURS[p]} hours" in a.shown for p, a in zip(("Lima", "Oscar"), answers, strict=True)
        ]


# -- what people do meanwhile ----------------------------------------------------------------


async def test_edits_and_deletions_meanwhile_do_no_harm(place: Place) -> None:
    """An edited question is answered once; a deleted one, a deleted placeholder harm nobody."""
    slack = place.slack
    place.models.behaviour = Behaviour(first_token_s=0.5, token_s=0.05)
    edited, mentioned, gone, taken = (place.channel() for _ in range(4))
    first = await place.ask(edited)
    second = await slack.say(place.ada, mentioned, "How long does the Kilo pump run?")
    third = await place.ask(gone)
    fourth = await place.ask(taken)
    await slack.until(lambda: slack.answers(taken, fourth))
    placeholder = slack.answers(taken, fourth)[0]
    placeholder.deleted, placeholder.streaming = True, False
    await slack.edit(place.ada, first, question("Zulu"))
    await slack.edit(place.ada, second, question("Kilo"))
    await slack.delete(place.ada, third)
    await place.one_answer(edited, first)
    await place.one_answer(mentioned, second)
    await place.one_answer(taken, fourth)
    calm = place.channel()
    await place.one_answer(calm, await place.ask(calm))


async def test_a_channel_that_closes_takes_nothing_else_along(place: Place) -> None:
    """Archived, or the bot removed, in the middle of an answer: given up in one line, and others
    are answered; so is who asks there once it is open again."""
    slack = place.slack
    place.models.behaviour = Behaviour(first_token_s=0.5, token_s=0.05)
    closing = {"is_inactive": place.channel(), "channel_not_found": place.channel()}
    before = len(place.service.said("given up"))
    for error, channel in closing.items():
        ts = await place.ask(channel)
        await slack.answered(channel, ts, final=lambda message: not message.deleted)
        slack.fault("*", error=error, channel=channel, times=1_000_000)
    calm = place.channel()
    await place.one_answer(calm, await place.ask(calm))
    await slack.until(lambda: len(place.service.said("given up")) == before + 2, FEW)
    slack.heal()
    for channel in closing.values():
        await place.one_answer(channel, await place.ask(channel))


# -- what is behind it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [ModelFault.UNAUTHORISED, ModelFault.UNAVAILABLE, ModelFault.CLOSED, ModelFault.CUT]
)
async def test_a_model_that_fails_is_no_silence(place: Place, fault: ModelFault) -> None:
    """Whatever the model server does, the question has one answer."""
    place.models.behaviour = Behaviour(fault=fault, token_s=0.01)
    channel = place.channel()
    await place.one_answer(channel, await place.ask(channel))


async def test_a_locked_database_acknowledges_nothing_and_loses_nothing(place: Place) -> None:
    """Another process holds the lock: no acknowledgement meanwhile, one answer to each after."""
    slack, channel, begun = place.slack, place.channel(), place.channel()
    place.models.behaviour = Behaviour(first_token_s=0.3, token_s=0.05)
    earlier = await place.ask(begun)
    await slack.until(lambda: slack.answers(begun, earlier))
    other = sqlite3.connect(place.service.home / "wellspoken.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        ts = await place.ask(channel)
        await slack.until(lambda: any(len(d.attempts) > 1 for d in events_of(slack, ts)), 20)
        assert not any(d.acked for d in events_of(slack, ts))
        await asyncio.sleep(LOCKED_S)
    finally:
        other.execute("ROLLBACK")
        other.close()
    await place.one_answer(channel, ts)
    await place.one_answer(begun, earlier)
    await slack.until(lambda: all(d.acked for d in events_of(slack, ts)), FEW)
    assert place.service.running


async def test_the_log_of_all_this_is_clean(place: Place) -> None:
    """No token, no traceback, and not a word that anybody wrote or was answered."""
    assert_clean(place.service.log, "How long", "on one battery", "battery", "hours")
    assert re.search("answered", place.service.log)
    assert await place.service.stop() == 0
