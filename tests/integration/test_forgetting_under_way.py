"""Forgetting somebody who is just being answered, while others write to the same home."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.platforms.command import COMMAND, environment
from tests.platforms.openai_server import Behaviour, OpenAIServer
from tests.platforms.pumps import HOURS, question, write_knowledge
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_service import Service, answered, assert_clean, serving
from tests.platforms.slack_state import Channel, Message, User

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

ANN = "U024BE7LH"
FEW = 60
WORDS = (ANN, "zwetschge", "Zwetschge")


class Scene:
    """``serve`` beside a stand-in Slack and a slow model; Ann, and Ben who stays."""

    def __init__(self, slack: SlackServer, service: Service, models: OpenAIServer) -> None:
        self.slack, self.service, self.models = slack, service, models
        self.ann: User = slack.user(ANN, "Ann Zwetschge")
        self.ben: User = slack.user("U0G9QF9C6", "Ben")

    def room(self, name: str) -> Channel:
        return self.slack.channel(f"C{name}", name.lower(), [self.ann, self.ben])

    async def spoken(self, channel: Channel, ts: str) -> None:
        """Until a part of the answer is seen, and it is still being written."""

        def begun() -> bool:
            return any("hours" in each.shown for each in self.slack.answers(channel, ts))

        await self.slack.until(begun, FEW)

    async def command(self, *words: str) -> str:
        """A command in a process of its own; what it printed."""
        home = self.service.home
        process = await asyncio.create_subprocess_exec(
            *COMMAND, *words,
            env=environment(home, WELLSPOKEN_HOME=str(home)),
            cwd=home,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()

    async def one_answer(self, channel: Channel, ts: str) -> Message:
        """The answer in its last form: there is one, and it is whole."""
        (answer,) = await self.slack.answered(channel, ts, timeout=FEW, final=answered)
        assert self.slack.answers(channel, ts) == [answer]
        assert f"{HOURS['Kilo']} hours" in answer.shown
        return answer

    def left(self) -> list[str]:
        """The person's words in any byte of the home, with where; the log is a file of the test."""
        home = self.service.home
        return sorted(
            f"{word} in {path.relative_to(home)}"
            for path in home.rglob("*")
            if path.is_file()
            for word in WORDS
            if word.encode() in path.read_bytes()
        )


@pytest_asyncio.fixture(loop_scope="module")
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    write_knowledge(tmp_path)
    (tmp_path / "wellspoken.toml").write_text("[cache]\nenabled = false\n")
    with OpenAIServer() as models:
        async with SlackServer() as slack:
            spoken = {"OPENAI_BASE_URL": models.url, "WELLSPOKEN_MODEL": "stand-in"}
            async with serving(Service(slack, tmp_path, spoken)) as service:
                yield Scene(slack, service, models)


async def test_in_the_middle_of_an_answer(scene: Scene) -> None:
    """The answer comes to its end, once; nothing of it is kept, and the trail holds."""
    room = scene.room("ROOM")
    scene.models.behaviour = slow = Behaviour(token_s=0.3, tokens=120)
    ts = await scene.slack.say(scene.ann, room, f"{question('Kilo')} I am Zwetschge.")
    await scene.spoken(room, ts)
    assert scene.left()
    told = json.loads(await scene.command("forget", "--author", f"slack:{ANN}", "--json"))
    assert told["messages"] == 0  # nothing was stored yet
    assert not answered(scene.slack.answers(room, ts)[0])
    slow.token_s = 0.001
    await scene.one_answer(room, ts)
    assert await scene.service.stop(signal.SIGTERM) == 0
    assert scene.left() == []
    assert await scene.command("audit", "verify") == "the audit trail is whole\n"
    assert_clean(scene.service.log, *WORDS)
