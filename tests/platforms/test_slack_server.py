"""The stand-in Slack behaves as Slack does, towards the real clients."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.platforms.slack_app import app_of, connected, refused
from tests.platforms.slack_faults import Budget
from tests.platforms.slack_server import SlackServer


async def test_a_token_is_asked_for(slack: SlackServer) -> None:
    """A wrong token, none, and the wrong kind are refused, each in its own words."""
    wrong = AsyncWebClient("xoxb-wrong", base_url=slack.url)
    none = AsyncWebClient(base_url=slack.url)
    app = AsyncWebClient(slack.app_token, base_url=slack.url)
    assert await refused(wrong.auth_test()) == "invalid_auth"
    assert await refused(none.auth_test()) == "not_authed"
    assert await refused(app.auth_test()) == "not_allowed_token_type"


async def test_a_mention_arrives_twice_and_is_answered_in_its_thread(slack: SlackServer) -> None:
    """A mention comes as message and app_mention; the stream that answers it is seen."""
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    app = app_of(slack)
    heard: list[dict[str, Any]] = []

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], client: AsyncWebClient) -> None:
        heard.append(event)
        stream = await client.chat_stream(
            channel=event["channel"], thread_ts=event["ts"],
            recipient_team_id="T1", recipient_user_id=event["user"],
        )  # fmt: skip
        await stream.append(markdown_text="Water them **at night**.")
        await stream.stop(blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "[1]"}}])

    @app.event("message")
    async def said(event: dict[str, Any]) -> None:
        heard.append(event)

    async with connected(slack, app):
        ts = await slack.say(ada, garden, "@wellspoken roses & <water>?")
        answers = await slack.answered(garden, ts)
        await slack.until(lambda: not slack.unacknowledged)
    assert [a.shown for a in answers] == ["Water them **at night**.\n[1]"]
    mine = [e for e in heard if e.get("user") == "U1"]
    assert {e["type"] for e in mine} == {"message", "app_mention"}
    assert {e["ts"] for e in mine} == {ts}
    assert {e["text"] for e in mine} == {"<@UBOT> roses &amp; &lt;water&gt;?"}
    assert any(e["event"].get("bot_id") == "BBOT" for e in slack.events)


async def test_what_people_type_arrives_escaped_and_with_mentions(slack: SlackServer) -> None:
    """Typed words become Slack's markup: entities, mentions, addresses."""
    ada = slack.user("U1", "Ada")
    slack.user("U2", "Ada Byron")
    slack.user_group("S1", "support", [ada])
    garden = slack.channel("C1", "garden", [ada])
    typed = "@Ada Byron and @Ada: a < b & c, @support @here #garden https://x.test/a?b=1&c=2."
    ts = await slack.say(ada, garden, typed)
    assert slack.message(ts).text == (
        "<@U2> and <@U1>: a &lt; b &amp; c, <!subteam^S1> <!here> <#C1|garden> "
        "<https://x.test/a?b=1&amp;c=2>."
    )


async def test_posts_are_refused_where_slack_refuses_them(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    """Unknown, foreign and archived channels refuse a post; a public one that is not joined too."""
    ada = slack.user("U1", "Ada")
    slack.channel("C1", "open", [ada], bot=False)
    slack.channel("C2", "secret", [ada], private=True, bot=False)
    slack.channel("C3", "old", [ada], archived=True)
    errors = [await refused(client.chat_postMessage(channel=c, text="x")) for c in
              ("C9", "C1", "C2", "C3")]  # fmt: skip
    assert errors == ["channel_not_found", "not_in_channel", "channel_not_found", "is_archived"]
    assert await refused(client.api_call("chat.nonsense")) == "unknown_method"


async def test_messages_and_blocks_have_limits(slack: SlackServer, client: AsyncWebClient) -> None:
    """Every limit is refused with Slack's word for it; a long text is cut."""
    slack.channel("C1", "garden")

    async def post(*blocks: dict[str, Any]) -> str:
        return await refused(client.chat_postMessage(channel="C1", text="x", blocks=list(blocks)))

    def section(length: int) -> dict[str, Any]:
        return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}}

    def button(**more: Any) -> dict[str, Any]:
        text = {"type": "plain_text", "text": "Go"}
        return {"type": "actions", "elements": [{"type": "button", "text": text, **more}]}

    posted = await client.chat_postMessage(channel="C1", text="x" * 50_000)
    assert len(slack.message(posted["ts"]).text) == 40_000
    assert await refused(
        client.chat_update(channel="C1", ts=posted["ts"], text="x" * 4_001)
    ) == "msg_too_long"  # fmt: skip
    assert await post(section(3_001)) == "invalid_blocks"
    assert await post(*[{"type": "divider"}] * 51) == "invalid_blocks"
    assert await post(*[section(3_000)] * 5) == "msg_blocks_too_long"
    assert await post({"type": "markdown", "text": "x" * 12_001}) == "msg_too_long"
    assert await post(button(action_id="a" * 256)) == "invalid_blocks"
    assert await post(button(value="v" * 2_001)) == "invalid_blocks"
    assert await post({"type": "nonsense"}) == "invalid_blocks"
    assert await post({"type": "input"}) == "invalid_blocks"
    assert len(slack.messages("C1")) == 1


async def test_a_stream_has_states(slack: SlackServer, client: AsyncWebClient) -> None:
    """A stream wants its recipient, takes no edits while it runs, and nothing after its end."""
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    root = await slack.say(ada, garden, "roses?")
    start: dict[str, Any] = {"channel": "C1", "thread_ts": root}
    missing = await refused(client.chat_startStream(**start, recipient_user_id="U1"))
    assert missing == "missing_recipient_team_id"
    stream = await client.chat_startStream(
        **start, recipient_user_id="U1", recipient_team_id="T1", markdown_text="At "
    )
    at = {"channel": "C1", "ts": stream["ts"]}
    assert await refused(client.chat_update(**at, text="no")) == "streaming_state_conflict"
    assert await refused(client.chat_delete(**at)) == "cant_delete_message"
    assert await refused(client.chat_appendStream(**at, markdown_text="x" * 12_001)) == (
        "msg_too_long"
    )
    await client.chat_appendStream(**at, markdown_text="night.")
    await client.chat_stopStream(**at)
    assert await refused(client.chat_appendStream(**at, markdown_text="!")) == (
        "message_not_in_streaming_state"
    )
    answer = slack.message(stream["ts"])
    assert answer.shown == "At night."
    assert [version.text for version in answer.versions] == ["At ", "At night.", "At night."]
    direct = slack.dm(ada)
    root = await slack.say(ada, direct, "roses?")
    await client.chat_startStream(channel=direct.id, thread_ts=root)


async def test_a_thread_is_read_in_pages_with_metadata(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    """Replies come in pages behind their first message; metadata only where it is asked for."""
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    root = await slack.say(ada, garden, "roses?")
    note = {"event_type": "turn", "event_payload": {"id": "t1"}}
    for number in range(5):
        await client.chat_postMessage(
            channel="C1", thread_ts=root, text=f"{number}", metadata=note
        )  # fmt: skip
    page = await client.conversations_replies(
        channel="C1", ts=root, limit=3, include_all_metadata=True
    )
    assert [m["text"] for m in page["messages"]] == ["roses?", "0", "1", "2"]
    assert page["messages"][1]["metadata"] == note
    cursor = page["response_metadata"]["next_cursor"]
    rest = await client.conversations_replies(channel="C1", ts=root, limit=3, cursor=cursor)
    assert [m["text"] for m in rest["messages"]] == ["3", "4"]
    assert "metadata" not in rest["messages"][0]
    history = await client.conversations_history(channel="C1")
    assert [(m["text"], m["reply_count"]) for m in history["messages"]] == [("roses?", 5)]


async def test_an_event_without_acknowledgement_comes_again(slack: SlackServer) -> None:
    """A lost acknowledgement brings the same event id again, counted; a hard cut as well."""
    slack.outbox.ack_timeout, slack.outbox.retry_delays = 0.2, (0.0, 0.1, 0.1)
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    app = app_of(slack)
    heard: list[tuple[str, str | None]] = []

    @app.event("message")
    async def said(body: dict[str, Any], request: Any) -> None:
        heard.append((body["event_id"], request.headers["x-slack-retry-num"][0]))

    async with connected(slack, app):
        slack.outbox.acks_to_lose = 1
        await slack.say(ada, garden, "one")
        await slack.until(lambda: len(heard) == 2 and not slack.unacknowledged)
        assert [number for _, number in heard] == ["0", "1"]
        assert len({event_id for event_id, _ in heard}) == 1
        slack.cut_sockets()
        await slack.say(ada, garden, "two")
        await slack.until(lambda: not slack.unacknowledged)
        await slack.redeliver(heard[0][0])
        assert [event_id for event_id, _ in heard].count(heard[0][0]) == 3
    assert slack.lost == []


async def test_sockets_end_in_three_ways(slack: SlackServer) -> None:
    """A disconnect frame, a hard cut and a silent connection each bring the app back."""
    slack.outbox.ack_timeout = 0.3
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    app = app_of(slack)
    heard: list[str] = []

    @app.event("message")
    async def said(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    async def hears(text: str) -> None:
        await slack.say(ada, garden, text)
        await slack.until(lambda: text in heard)

    async with connected(slack, app):
        await hears("first")
        await slack.disconnect(grace=0.2)
        await hears("after a disconnect frame")
        slack.cut_sockets()
        await hears("after a cut")
        slack.go_silent()
        await hears("after silence")
    assert slack.outbox.connected_ever == 4


async def test_faults_strike_the_calls_they_are_meant_for(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    """429, errors and cut connections strike so often, there; a cut one was carried out."""
    client.retry_handlers.clear()
    slack.channel("C1", "garden")
    slack.channel("C2", "shed")
    limited = slack.fault("chat.postMessage", retry_after=7, channel="C1")
    await client.chat_postMessage(channel="C2", text="passes")
    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel="C1", text="limited")
    assert raised.value.response.status_code == 429
    assert raised.value.response.headers["Retry-After"] == "7"
    assert limited.struck == 1
    slack.fault("chat.postMessage", cut=True)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="C1", text="did it happen?")
    slack.fault("chat.postMessage", refuse=True)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="C1", text="it did not")
    slack.fault("*", error="fatal_error")
    assert await refused(client.auth_test()) == "fatal_error"
    slack.fault("auth.test", status=503)
    with pytest.raises(SlackApiError) as raised:
        await client.auth_test()
    assert raised.value.response.status_code == 503
    assert [m.text for m in slack.messages("C1")] == ["did it happen?"]


async def test_scopes_are_told_and_asked_for() -> None:
    """auth.test tells the scopes; strictly, a call without its scope is refused with its name."""
    async with SlackServer(scopes=["chat:write", "groups:read"], strict_scopes=True) as slack:
        ada = slack.user("U1", "Ada")
        slack.channel("C1", "garden", [ada])
        client = AsyncWebClient(slack.bot_token, base_url=slack.url)
        tested = await client.auth_test()
        assert tested.headers["x-oauth-scopes"] == "chat:write,groups:read"
        with pytest.raises(SlackApiError) as raised:
            await client.users_info(user="U1")
        assert raised.value.response["needed"] == "users:read"
        assert raised.value.response["provided"] == "chat:write,groups:read"
        assert (await client.conversations_info(channel="C1"))["channel"]["name"] == "garden"


async def test_a_budget_paces_posts_by_channel_and_methods_by_tier() -> None:
    """Beyond a post a second and a method's tier Slack says when to come again."""
    async with SlackServer(budget=Budget()) as slack:
        slack.channel("C1", "garden")
        slack.channel("C2", "shed")
        client = AsyncWebClient(slack.bot_token, base_url=slack.url)
        for _ in range(3):
            await client.chat_postMessage(channel="C1", text="x")
        assert await refused(client.chat_postMessage(channel="C1", text="x")) == "ratelimited"
        await client.chat_postMessage(channel="C2", text="x")
        for _ in range(20):
            await client.usergroups_list()
        assert await refused(client.usergroups_list()) == "ratelimited"


async def test_who_would_be_notified_is_seen(slack: SlackServer, client: AsyncWebClient) -> None:
    """Mentions in the bot's text count as pings; text under blocks is not shown."""
    slack.channel("C1", "garden")
    loud = await client.chat_postMessage(channel="C1", text="<!here> <@U1> &lt;@U2&gt;")
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}
    quiet = await client.chat_postMessage(channel="C1", text="<!here>", blocks=[section])
    assert slack.message(loud["ts"]).pings == {"!here", "@U1"}
    assert slack.message(quiet["ts"]).pings == set()


async def test_a_stream_that_rests_too_long_is_closed(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    """Slack closes an idle stream by itself; an edit is then the way to finish the message."""
    slack.world.stream_idle = 0.0
    ada = slack.user("U1", "Ada")
    direct = slack.dm(ada)
    root = await slack.say(ada, direct, "roses?")
    stream = await client.chat_startStream(channel=direct.id, thread_ts=root, markdown_text="At")
    at = {"channel": direct.id, "ts": stream["ts"]}
    assert await refused(client.chat_appendStream(**at, markdown_text=" night")) == (
        "message_not_in_streaming_state"
    )
    assert slack.message(stream["ts"]).expired
    await client.chat_update(**at, text="At night")
    assert slack.message(stream["ts"]).shown == "At night"
    assert not slack.message(stream["ts"]).expired


async def test_an_edit_keeps_blocks_unless_they_are_given(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    """New text alone does not show under old blocks; an empty list takes them away."""
    slack.channel("C1", "garden")
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}
    post = await client.chat_postMessage(channel="C1", text="x", blocks=[section])
    await client.chat_update(channel="C1", ts=post["ts"], text="new")
    assert slack.message(post["ts"]).shown == "Hello"
    await client.chat_update(channel="C1", ts=post["ts"], text="new", blocks=[])
    assert slack.message(post["ts"]).shown == "new"


def test_it_serves_a_test_without_a_loop() -> None:
    """In a thread of its own it is played from outside."""
    with SlackServer() as slack:
        ada = slack.user("U1", "Ada")
        garden = slack.channel("C1", "garden", [ada])
        ts = slack.play(slack.say(ada, garden, "roses?"))
        client = WebClient(slack.bot_token, base_url=slack.url)
        client.chat_postMessage(channel="C1", thread_ts=ts, text="At night")
        (answer,) = slack.answers(garden, ts)
    assert answer.shown == "At night"
