"""Rights changed in the console of one process hold in the process beside it, at once.

One process serves the console, another one a stand-in Slack; they share nothing but the database.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.platforms.command import Cli
from tests.platforms.ports import free_port
from tests.platforms.postgres_server import Cluster
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_service import Service, answered, serving
from tests.platforms.slack_state import Channel, User

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

TOKEN = "operator-token"
ENTRY = "/console/settings/entry"
DOCUMENT = "---\ngroups: [staff]\n---\n# Larkspur lamp\n\nThe Larkspur lamp lasts seven years.\n"
QUESTION = "@wellspoken How long does the Larkspur lamp last?"


@dataclass
class Office:
    """Both processes, and Ada in a channel."""

    slack: SlackServer
    console: httpx2.AsyncClient
    cli: Cli
    ada: User
    garden: Channel

    async def asked(self, words: str = QUESTION) -> str:
        """What the channel is answered."""
        ts = await self.slack.say(self.ada, self.garden, words)
        (answer,) = await self.slack.answered(self.garden, ts, timeout=60, final=answered)
        return str(answer.shown)

    async def _form(self, table: str, name: str) -> dict[str, str]:
        page = (await self.console.get(ENTRY, params={"table": table, "name": name})).text
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        return {key: html.unescape(value) for key, value in fields.items()}

    async def change(self, table: str, name: str, **fields: str) -> None:
        """Save an entry as its page does; a new one where it is not there yet."""
        there = (await self.console.get(ENTRY, params={"table": table, "name": name})).is_success
        sent = {**await self._form(table, name if there else ""), **fields}
        done = await self.console.post(ENTRY, data=sent if there else {**sent, "named": name})
        assert done.status_code == 303, done.text

    async def take_back(self, table: str, name: str) -> None:
        done = await self.console.post(f"{ENTRY}/back", data=await self._form(table, name))
        assert done.status_code == 303, done.text


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The address of an empty database; empty for the file in the home."""
    if request.param == "sqlite":
        return ""
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.url(cluster.create())


@asynccontextmanager
async def office(home: Path, database: str) -> AsyncIterator[Office]:
    more = {"WELLSPOKEN_CONSOLE_TOKEN": TOKEN, **({"DATABASE_URL": database} if database else {})}
    (home / "wellspoken.toml").write_text('[access.slack.channels]\nCGARDEN = ["staff"]\n')
    (home / "docs").mkdir()
    (home / "docs/lamp.md").write_text(DOCUMENT)
    cli = Cli(home, {"WELLSPOKEN_HOME": str(home), **more})
    assert (await asyncio.to_thread(cli, "ingest", "docs")).returncode == 0
    async with SlackServer() as slack:
        ada = slack.user("UADA", "Ada")
        garden = slack.channel("CGARDEN", "garden", [ada])
        chat = Service(slack, home, more)
        web = Service(slack, home, more, parts="web", name="web", port=free_port())
        async with (
            serving(web, connected=False),
            serving(chat),
            httpx2.AsyncClient(base_url=web.address, timeout=60) as console,
        ):
            await _ready(console)
            assert (await console.post("/console/login", data={"token": TOKEN})).is_redirect
            yield Office(slack, console, cli, ada, garden)


async def _ready(console: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(120):
        while True:
            try:
                if (await console.get("/readyz")).is_success:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.1)


async def test_a_right_that_was_taken_away_is_gone_with_the_next_question(
    tmp_path: Path, database: str
) -> None:
    """In the process beside the console: neither a stored answer nor anything else shows the
    document; taken back, the file counts again. Doctor and the audit trail name who and what."""
    async with office(tmp_path, database) as here:
        assert "seven years" in await here.asked()
        assert "seven years" in await here.asked()  # from the answers that are given again

        await here.change("access.slack.channels", "CGARDEN", groups="garden")
        assert "seven years" not in await here.asked()

        await here.take_back("access.slack.channels", "CGARDEN")
        assert "seven years" in await here.asked()

        await here.change("access.slack.channels", "CGARDEN", groups="")
        assert "seven years" not in await here.asked()
        doctor = (await asyncio.to_thread(here.cli, "doctor", "--json")).stdout
        (check,) = (c for c in json.loads(doctor) if c["check"] == "changed settings")
        assert check["ok"]
        assert "1 of [access.slack.channels]; last by operator" in check["detail"]
        trail = (await asyncio.to_thread(here.cli, "audit", "list", "--json")).stdout
        assert trail.count("setting changed") == 2
        assert trail.count("setting taken back") == 1


async def test_a_channels_manners_are_heard_without_a_restart(tmp_path: Path) -> None:
    """What nobody asked the bot by name is answered, once the channel says so."""
    async with office(tmp_path, "") as here:
        await here.change("channels", "slack:CGARDEN", reply_when="always")
        asked: list[str] = []
        async with asyncio.timeout(60):
            while not any(here.slack.answers(here.garden, ts) for ts in asked):
                words = "How long does the Larkspur lamp last?"
                asked.append(await here.slack.say(here.ada, here.garden, words))
                await here.slack.until(lambda: not here.slack.unacknowledged, 60)
                await asyncio.sleep(0.1)
