"""`wellspoken serve` on Slack started wrongly, stopped in the middle, and run twice at once."""

from __future__ import annotations

import asyncio
import json
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.platforms.openai_server import Behaviour, OpenAIServer
from tests.platforms.ports import free_port
from tests.platforms.pumps import HOURS, PUMPS, question, write_knowledge
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_service import Service, answered, assert_clean, serving
from tests.platforms.slack_state import Channel, User

pytestmark = pytest.mark.slow

FEW = 40
WORDS = ("How long", "on one battery")


def spoken(models: OpenAIServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": models.url, "WELLSPOKEN_MODEL": "stand-in"}


def furnish(slack: SlackServer) -> tuple[User, Channel]:
    """Somebody who asks, and where."""
    ada = slack.user("UADA", "Ada")
    return ada, slack.channel("CGARDEN", "garden", [ada])


async def one_answer(slack: SlackServer, channel: Channel, thread: str, pump: str) -> None:
    """Wait for the one answer in a thread; there is no other message of the bot there."""
    (answer,) = await slack.answered(channel, thread, timeout=FEW, final=answered)
    assert slack.answers(channel, thread) == [answer]
    assert f"{HOURS[pump]} hours" in answer.shown, answer.shown


# -- stopping ----------------------------------------------------------------------------------


async def test_a_stop_in_the_middle_loses_nothing(home: Path, models: OpenAIServer) -> None:
    """SIGTERM while answers are streamed, 300 ms a token: what can be finished is, the rest is
    handed back within 40 s and finished by the next start in the same message."""
    models.behaviour.token_s = 0.3
    async with SlackServer() as slack:
        ada, garden = furnish(slack)
        async with serving(Service(slack, home, spoken(models))) as service:
            short = await slack.say(ada, garden, question("Kilo"))
            long = await slack.say(ada, garden, question("Zulu"))
            behind = await slack.say(ada, garden, question("Lima"), thread_ts=long)
            await slack.until(lambda: slack.answers(garden, long))
            await slack.until(lambda: not slack.unacknowledged)
            assert await service.stop(within=40) == 0
            await one_answer(slack, garden, short, "Kilo")
            (unfinished,) = slack.answers(garden, long)
            assert not answered(unfinished)
            models.behaviour.token_s = 0
        async with serving(Service(slack, home, spoken(models))) as service:
            both = await slack.answered(garden, long, 2, timeout=FEW, final=answered)
            assert [m.ts for m in slack.answers(garden, long)] == [m.ts for m in both]
            assert both[0].ts == unfinished.ts
            assert f"{HOURS['Lima']} hours" in both[1].shown
            assert behind in {m.ts for m in slack.messages(garden, long)}
            assert await service.stop() == 0
        assert_clean(service.log, *WORDS)


@pytest.mark.parametrize(
    ("parts", "how"), [("slack", signal.SIGTERM), ("web,slack,worker", signal.SIGINT)]
)
async def test_at_rest_it_is_down_at_once(home: Path, parts: str, how: signal.Signals) -> None:
    """SIGTERM or Ctrl-C at rest: exit 0 within 10 s, nothing but sentences in the log."""
    async with SlackServer() as slack:
        ada, garden = furnish(slack)
        service = Service(slack, home, parts=parts, port=free_port())
        async with serving(service):
            await one_answer(slack, garden, await slack.say(ada, garden, question("Kilo")), "Kilo")
            assert await service.stop(how, within=10) == 0
        assert_clean(service.log, *WORDS)


async def test_a_second_ctrl_c_does_not_wait(home: Path, models: OpenAIServer) -> None:
    """It ends at once without a traceback; the next start finishes the same message."""
    models.behaviour.token_s = 0.3
    async with SlackServer() as slack:
        ada, garden = furnish(slack)
        async with serving(Service(slack, home, spoken(models))) as service:
            long = await slack.say(ada, garden, question("Zulu"))
            await slack.until(lambda: slack.answers(garden, long))
            assert service.process is not None
            service.process.send_signal(signal.SIGINT)
            await slack.until(lambda: service.said("stopping"))
            assert await service.stop(signal.SIGINT, within=10) in (0, 130)
        models.behaviour.token_s = 0
        async with serving(Service(slack, home, spoken(models))) as service:
            await one_answer(slack, garden, long, "Zulu")
        assert_clean(service.log, *WORDS)


# -- starting wrongly --------------------------------------------------------------------------


WRONG = {
    "correct SLACK_BOT_TOKEN": {"SLACK_BOT_TOKEN": "xoxb-wrong"},
    "correct SLACK_APP_TOKEN": {"SLACK_APP_TOKEN": "xapp-wrong"},
    "Slack cannot be reached": {"SLACK_API_URL": "http://127.0.0.1:1/api/"},
}


async def test_a_wrong_setting_is_one_sentence_and_the_web_keeps_running(home: Path) -> None:
    """A token that Slack refuses, a Slack that is not there: said once, the web chat is up."""

    async def start(advice: str, settings: dict[str, str]) -> None:
        name = advice.replace(" ", "-")
        service = Service(slack, home, settings, parts="web,slack", name=name, port=free_port())
        async with serving(service, connected=False):
            await slack.until(lambda: advice in service.log, FEW)
            await asyncio.sleep(1.0)
            assert service.log.count(advice) == 1
            status, ready = await asyncio.to_thread(fetch, service, "/readyz")
            assert (status, advice in json.loads(ready)["notes"]["slack"]) == (200, True)
            assert await service.stop() == 0
        assert_clean(service.log)

    async with SlackServer() as slack:
        await asyncio.gather(*(start(advice, settings) for advice, settings in WRONG.items()))


async def test_missing_permissions_are_named(home: Path) -> None:
    """At the start those that are missing, at a refusal the one that it takes."""
    async with SlackServer(scopes={"app_mentions:read"}, strict_scopes=True) as slack:
        ada, garden = furnish(slack)
        async with serving(Service(slack, home)) as service:
            (missing,) = service.said("Slack: permissions are missing")
            assert "chat:write" in missing["scopes"]
            await slack.say(ada, garden, question("Kilo"))
            await slack.until(lambda: service.said("given up"))
            assert "permission chat:write" in service.said("given up")[0]["error"]
            assert service.running
        assert_clean(service.log, *WORDS)


def fetch(service: Service, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and body of an address of the service's web server."""
    request = urllib.request.Request(f"{service.address}{path}", body)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


# -- HTTP mode ---------------------------------------------------------------------------------


async def test_over_http_it_serves_slack_alone_and_answers_once(home: Path) -> None:
    """Events, lost acknowledgements, forged and replayed requests; no page, no API; a clean log."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/slack/events"
    async with SlackServer(request_url=address, retry_delays=(0.1, 0.5, 1.0)) as slack:
        ada, garden = furnish(slack)
        service = Service(slack, home, port=port)
        async with serving(service, connected=False):
            await up(service)
            served = {
                path: (await asyncio.to_thread(fetch, service, path))[0]
                for path in ("/healthz", "/readyz", "/metrics", "/", "/console", "/api/ask",
                             "/api/openapi.json", "/docs", "/static/chat.css")
            }  # fmt: skip
            assert served == {path: 200 if path in list(served)[:3] else 404 for path in served}
            assert await slack.verify_address()
            ts = await slack.say(ada, garden, question("Kilo"))
            await one_answer(slack, garden, ts, "Kilo")
            await asyncio.sleep(1.1)  # signed within the same second they would be replays
            for delivery in list(slack.outbox.deliveries.values()):
                await slack.redeliver(delivery.id)
            await refusals(slack)
            gesture = await slack.command(ada, garden, "/ask", "How long does the Lima pump run?")
            assert gesture.ack["text"]
            await slack.until(lambda: any("15 hours" in m.shown for m in slack.ephemerals(ada)))
            await one_answer(slack, garden, ts, "Kilo")
            assert len(slack.answers(garden)) == 1
            late = await slack.say(ada, garden, question("Zulu"))
            assert await service.stop() == 0
        async with serving(service, connected=False):
            await one_answer(slack, garden, late, "Zulu")
        assert_clean(service.log, *WORDS)


async def refusals(slack: SlackServer) -> None:
    """Requests that do not come from Slack, or not now, or came before: 401."""
    (event,) = [e for e in slack.events if e["event"]["type"] == "app_mention"]
    forged = json.loads(json.dumps(event))
    forged["event"] |= {"ts": f"{time.time():.6f}", "client_msg_id": "forged"}
    now = int(time.time())
    assert (await slack.post_to_app(forged, secret="guessed"))[0] == 401
    assert (await slack.post_to_app(forged, at=now - 301))[0] == 401
    assert (await slack.post_to_app(forged, at=now + 400))[0] == 401
    assert (await slack.post_to_app(forged, headers={"X-Slack-Signature": "v0="}))[0] == 401
    assert (await slack.post_to_app(event, at=now - 7))[0] == 200
    assert (await slack.post_to_app(event, at=now - 7))[0] == 401


async def up(service: Service) -> None:
    """Wait until the web server answers."""
    for _ in range(900):
        try:
            await asyncio.to_thread(fetch, service, "/healthz")
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    raise TimeoutError(service.log[-2000:])


# -- two of them -------------------------------------------------------------------------------


async def two_processes(home: Path, settings: dict[str, str]) -> None:
    """Two services on one database, questions in threads, one of them killed in the middle."""
    # One event a mention: they go to the two by turns.
    delays, mentions = (0.1, 0.5, 1.0, 2.0), {"app_mention"}
    async with SlackServer(ack_timeout=1.0, retry_delays=delays, events=mentions) as slack:
        ada, garden = furnish(slack)
        one, two = (Service(slack, home, settings, name=name) for name in ("one", "two"))
        async with serving(one, connected=False), serving(two, connected=False):
            await slack.connected(2)
            threads = {await slack.say(ada, garden, question(p)): [p] for p in PUMPS}
            for pump in ("Kilo", "Tango"):
                # What one of them has not heard of yet cannot come before what the other one has.
                await slack.until(lambda: not slack.unacknowledged)
                for root, pumps in threads.items():
                    await slack.say(ada, garden, question(pump), thread_ts=root)
                    pumps.append(pump)
            await slack.until(lambda: len(slack.answers(garden)) > len(PUMPS))
            one.kill()
            for root, pumps in threads.items():
                answers = await slack.answered(garden, root, 3, timeout=FEW, final=answered)
                said = [answer.shown for answer in answers]
                assert len(slack.answers(garden, root)) == 3, said
                for pump, words in zip(pumps, said, strict=True):
                    assert f"{HOURS[pump]} hours" in words, (pumps, said)
            await slack.until(lambda: not slack.unacknowledged)
            assert await two.stop() == 0
        assert_clean(one.log + two.log, *WORDS)


async def test_two_on_one_sqlite_home_answer_each_question_once(
    home: Path, models: OpenAIServer
) -> None:
    """Each in its thread's order, also those that the killed one had in hand."""
    models.behaviour = Behaviour(token_s=0.03)
    await two_processes(home, spoken(models))


@pytest.mark.postgres
async def test_two_on_one_postgres_database_answer_each_question_once(
    tmp_path: Path, models: OpenAIServer, postgres_database_url: str
) -> None:
    """The same on PostgreSQL."""
    models.behaviour = Behaviour(token_s=0.03)
    write_knowledge(tmp_path, DATABASE_URL=postgres_database_url)
    await two_processes(tmp_path, {**spoken(models), "DATABASE_URL": postgres_database_url})
