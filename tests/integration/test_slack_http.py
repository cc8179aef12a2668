"""HTTP mode and installation by OAuth, over the wire: signatures, replays, tokens at rest."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette

from adapters.slack.service import Slack, build_slack
from bot.errors import ConfigurationError, DatabaseUnavailableError
from bot.settings import Settings
from bot.store.base import Database
from bot.store.replies import Replies
from tests.platforms.slack_desk import NotingDesk
from tests.platforms.slack_server import SlackServer

BROKEN = DatabaseUnavailableError(url="db", reason="gone")


class _Server(uvicorn.Server):
    """uvicorn inside the test's own loop."""

    def install_signal_handlers(self) -> None:
        """None of its own."""


@asynccontextmanager
async def serving(slack: Slack) -> AsyncIterator[str]:
    """The routes of Slack on loopback; the address."""
    config = uvicorn.Config(
        Starlette(routes=slack.routes), log_config=None, lifespan="off", server_header=False
    )
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
            await slack.aclose()


def settings(slack: SlackServer, **given: Any) -> Settings:
    return Settings(slack_signing_secret=slack.signing_secret, slack_api_url=slack.url, **given)


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer(retry_delays=(0.2, 0.2, 0.2)) as server:
        yield server


@pytest.fixture
def desk() -> NotingDesk:
    return NotingDesk()


@pytest.fixture
async def over_http(
    slack: SlackServer, desk: NotingDesk, sqlite_database: Database
) -> AsyncIterator[str]:
    """One workspace in HTTP mode; events go there."""
    made = build_slack(
        settings(slack, slack_bot_token=slack.bot_token),
        desk, Replies(sqlite_database), sqlite_database, lambda: "unused",
    )  # fmt: skip
    async with serving(made) as address:
        slack.outbox.request_url = f"{address}/slack/events"
        yield address


def everything(folder: Path) -> bytes:
    """What all files of a folder hold."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def event(slack: SlackServer, text: str = "hello") -> dict[str, Any]:
    """A direct message as Slack sends it."""
    said = {"type": "message", "channel": "D1", "channel_type": "im", "user": "U1", "text": text,
            "ts": f"{time.time():.6f}"}  # fmt: skip
    return {"type": "event_callback", "team_id": "T1", "event_id": f"Ev{text}", "event": said}


async def test_events_and_presses_come_by_http(
    slack: SlackServer, desk: NotingDesk, over_http: str
) -> None:
    """The challenge is answered, a mention is taken once, a command is acknowledged."""
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    assert await slack.verify_address()
    await slack.say(ada, garden, "@wellspoken roses?")
    await slack.until(lambda: desk.heard and not slack.unacknowledged)
    gesture = await slack.command(ada, garden, "/ask", "cacti?")
    assert gesture.ack["text"] == "Looking that up…"
    assert [h.text for h in desk.heard] == ["roses?", "cacti?"]


async def test_a_refused_token_is_its_trouble(
    slack: SlackServer, desk: NotingDesk, sqlite_database: Database
) -> None:
    """It names the setting to correct, from the start until Slack takes the token."""
    made = build_slack(
        settings(slack, slack_bot_token="xoxb-wrong"),
        desk, Replies(sqlite_database), sqlite_database, lambda: "unused",
    )  # fmt: skip
    assert made.trouble is None
    hearing = asyncio.create_task(made.run())
    await slack.until(lambda: made.trouble)
    assert "correct SLACK_BOT_TOKEN" in str(made.trouble)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    await made.aclose()


async def test_what_could_not_be_kept_comes_again_by_http(
    slack: SlackServer, desk: NotingDesk, over_http: str
) -> None:
    """A failing store answers 503; Slack's retry finds it mended."""
    desk.faults = [BROKEN]
    ada = slack.user("U1", "Ada")
    await slack.say(ada, slack.dm(ada), "are you there?")
    await slack.until(lambda: desk.heard and not slack.unacknowledged)
    (delivery,) = slack.outbox.deliveries.values()
    assert len(delivery.attempts) == 2


async def test_forged_and_stale_signatures_are_refused(
    slack: SlackServer, desk: NotingDesk, over_http: str
) -> None:
    """Another secret, another time, no signature at all: 401, and nothing is taken."""
    now = int(time.time())
    statuses = [
        (await slack.post_to_app(event(slack), secret="forged"))[0],
        (await slack.post_to_app(event(slack), at=now - 400))[0],
        (await slack.post_to_app(event(slack), at=now + 400))[0],
        (await slack.post_to_app(event(slack), headers={"X-Slack-Signature": ""}))[0],
        (await slack.post_to_app(event(slack), headers={"X-Slack-Request-Timestamp": "soon"}))[0],
    ]
    assert statuses == [401] * 5
    assert desk.heard == []


async def test_replayed_signatures_are_refused(
    slack: SlackServer, desk: NotingDesk, over_http: str
) -> None:
    """What was handled serves once; what failed may be repeated as it was."""
    now = int(time.time())
    desk.faults = [BROKEN]
    given = event(slack)
    assert (await slack.post_to_app(given, at=now))[0] == 503
    assert (await slack.post_to_app(given, at=now))[0] == 200
    assert (await slack.post_to_app(given, at=now))[0] == 401
    assert (await slack.post_to_app(given, at=now - 1))[0] == 200  # signed anew
    assert [h.text for h in desk.heard] == ["hello"]


async def test_broken_bodies_are_no_fault_of_ours(
    slack: SlackServer, desk: NotingDesk, over_http: str
) -> None:
    """What is no JSON is refused, with and without a signature."""
    status, _ = await slack.post_to_app(["no", "event"])  # type: ignore[arg-type]  # on purpose
    assert status in (400, 401, 404)
    assert desk.heard == []


# -- several workspaces ---------------------------------------------------------------------------

# slack_sdk 3.47 signs the exchange of the code with a class that aiohttp 3.14 deprecates.
oauth = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")


@pytest.fixture
async def installing(
    slack: SlackServer, desk: NotingDesk, sqlite_database: Database
) -> AsyncIterator[tuple[str, Slack]]:
    """An app that is installed by OAuth."""
    slack.client("C-ID", "C-SECRET")
    made = build_slack(
        settings(slack, slack_client_id="C-ID", slack_client_secret="C-SECRET"),
        desk, Replies(sqlite_database), sqlite_database, lambda: "our own secret",
    )  # fmt: skip
    async with serving(made) as address:
        slack.outbox.request_url = f"{address}/slack/events"
        yield address, made


@oauth
async def test_two_workspaces_install_and_are_heard(
    slack: SlackServer,
    desk: NotingDesk,
    installing: tuple[str, Slack],
    sqlite_database: Database,
    tmp_path: Path,
) -> None:
    """Each with its own token, which is nowhere in the database's files; gone when it leaves."""
    address, made = installing
    teams = [
        slack.team(name, token=f"xoxb-secret-{name}", installed=False) for name in ("T7", "T8")
    ]
    for team in teams:
        ada = slack.user(f"U{team.id}", "Ada", team=team)
        visit = await slack.install(address, team, ada)
        assert (visit.status, "Installed" in visit.text) == (200, True)
        assert "chat:write" in visit.asked["scope"]
        garden = slack.channel(f"C{team.id}", "garden", [ada], team=team)
        await slack.say(ada, garden, f"@wellspoken roses in {team.id}?")
    await slack.until(lambda: len(desk.heard) == 2 and not slack.unacknowledged)
    assert {h.place.workspace for h in desk.heard} == {"T7", "T8"}
    assert all(h.for_bot for h in desk.heard)
    webs = [(await made.workspaces.of(team.id)).web for team in teams]
    assert webs[0] is not webs[1]
    assert (await made.workspaces.holding("CT8")).us.team == "T8"
    files = everything(tmp_path)
    assert b"slack_installations" in files
    assert b"xoxb-secret" not in files

    await slack.uninstall(teams[0])
    await slack.until(lambda: not slack.unacknowledged)
    with pytest.raises(Exception, match="not_installed"):
        await made.workspaces.of("T7")
    assert (await made.workspaces.of("T8")).us.team == "T8"


async def test_an_installation_that_was_not_asked_for_is_refused(
    slack: SlackServer, installing: tuple[str, Slack]
) -> None:
    """A forged state, a denial: a page says so, nothing is installed."""
    address, made = installing
    team = slack.team("T7", installed=False)
    ada = slack.user("U7", "Ada", team=team)
    forged = await slack.install(address, team, ada, forge_state="made-up")
    assert (forged.status, "Not installed" in forged.text) == (400, True)
    denied = await slack.install(address, team, ada, deny=True)
    assert "did not allow" in denied.text
    with pytest.raises(Exception, match="not_installed"):
        await made.workspaces.of("T7")


async def test_events_of_workspaces_that_are_not_ours_are_dropped(
    slack: SlackServer, desk: NotingDesk, installing: tuple[str, Slack]
) -> None:
    """They are acknowledged, so that Slack does not go on, and nobody hears them."""
    status, _ = await slack.post_to_app(event(slack))
    assert status == 200
    assert desk.heard == []


# -- set up wrongly -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"slack_bot_token": "xoxb-1"}, "SLACK_BOT_TOKEN"),
        ({"slack_client_id": "1", "slack_client_secret": "2"}, "SLACK_CLIENT_ID"),
    ],
)
async def test_half_a_set_up_is_said(
    given: dict[str, Any], where: str, desk: NotingDesk, sqlite_database: Database
) -> None:
    """Without an app token or a signing secret nothing could be heard."""
    with pytest.raises(ConfigurationError, match=f"{where}: alone it hears nothing"):
        build_slack(Settings(**given), desk, Replies(sqlite_database), sqlite_database, lambda: "")


async def test_other_programs_settings_change_nothing(
    monkeypatch: pytest.MonkeyPatch, slack: SlackServer, desk: NotingDesk, sqlite_database: Database
) -> None:
    """Bolt would take tokens and an OAuth set-up from the environment; it does not here."""
    for name in (
        "CLIENT_ID",
        "CLIENT_SECRET",
        "SIGNING_SECRET",
        "BOT_TOKEN",
        "APP_TOKEN",
        "SCOPES",
    ):
        monkeypatch.setenv(f"SLACK_{name}", "of-another-program")
    chosen = settings(slack).model_copy(
        update={"slack_bot_token": None, "slack_client_id": None, "slack_client_secret": None}
    )
    given = Settings.model_validate({"SLACK_BOT_TOKEN": slack.bot_token}).slack_bot_token
    chosen = chosen.model_copy(update={"slack_bot_token": given, "slack_app_token": None})
    made = build_slack(chosen, desk, Replies(sqlite_database), sqlite_database, lambda: "")
    async with serving(made) as address:
        slack.outbox.request_url = f"{address}/slack/events"
        status, _ = await slack.post_to_app(event(slack))
    assert status == 200
    assert [h.text for h in desk.heard] == ["hello"]
    assert json.dumps(slack.calls[0].args).count("of-another-program") == 0
