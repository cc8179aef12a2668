"""Slack's events in the house's words: pure, case by case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.base import ChannelKind, Place
from adapters.slack.events import (
    asked_by_shortcut,
    deleted_of,
    edited_of,
    heard_of_event,
    organisation_of,
    place_of_interaction,
    place_of_link,
    reaction_of,
    thumb,
    workspace_of,
)
from adapters.slack.lookups import Identity
from bot.conversation import Platform

US = Identity("T1", "UBOT", "BBOT", "Team", frozenset())
SAID = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "text": "hi",
        "ts": "1712345678.000100"}  # fmt: skip


def body(**event: Any) -> dict[str, Any]:
    return {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": SAID | event}


def test_both_events_of_a_mention_are_the_same() -> None:
    """``app_mention`` has neither channel type nor subtype, and gives the same message."""
    text = "<@UBOT> how do I <https://a.example|do> it &amp; when?"
    mention = body(text=text, type="app_mention")
    del mention["event"]["channel_type"]
    heard = heard_of_event(body(text=text), US)
    assert heard is not None
    assert heard == heard_of_event(mention, US)
    assert heard.for_bot
    assert heard.at == datetime(2024, 4, 5, 19, 34, 38, 100, tzinfo=UTC)
    assert heard.text == "how do I [do](https://a.example) it & when?"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<@UBOT>", ""),
        ("<@UBOT|wellspoken>: hello", "hello"),
        ("hey <@UBOT>, hello", "hey hello"),
        ("please <@UBOT>", "please"),
        ("a  b\n    code", "a  b\n    code"),
        ("<@UBOT> run\n```\n    a  <@UBOT>\n```", "run\n```\n    a\n```"),
        ("&lt;@UBOT&gt;", "<@UBOT>"),
    ],
)
def test_the_mention_leaves_the_text(text: str, left: str) -> None:
    """What was typed beside it stays as it was."""
    heard = heard_of_event(body(text=text), US)
    assert heard is not None
    assert heard.text == left
    assert heard.for_bot is ("<@UBOT" in text)


@pytest.mark.parametrize(
    "event",
    [
        {"bot_id": "B9"},
        {"bot_id": "BBOT", "user": "UBOT"},
        {"user": "UBOT"},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"subtype": "assistant_app_thread"},
        {"subtype": "message_replied"},
        {"hidden": True},
        {"type": "reaction_added"},
        {"channel": ""},
    ],
)
def test_what_no_person_says_is_nothing(event: dict[str, Any]) -> None:
    """Our own posts, other bots, and everything but a new message."""
    assert heard_of_event(body(**event), US) is None


def changed(old: str, **new: Any) -> dict[str, Any]:
    """The event of a message that was changed."""
    message = {"type": "message", "user": "U1", "ts": "171.1", "edited": {"ts": "172.0"}, **new}
    return body(
        subtype="message_changed",
        hidden=True,
        user=None,
        message=message,
        previous_message={"text": old, "ts": "171.1"},
    )


def test_an_edit_is_the_message_with_its_new_words() -> None:
    """In its place, at the moment of the edit."""
    heard = edited_of(changed("hi", text="<@UBOT> how?", thread_ts="170.1"), US)
    assert heard is not None
    assert (heard.message, heard.text, heard.place.key) == ("171.1", "how?", "slack:T1:C1:170.1")
    assert (heard.edited, heard.at.timestamp()) == (True, 172.0)


@pytest.mark.parametrize(
    "new", [{"text": "hi"}, {"text": "x", "edited": None}, {"text": "x", "bot_id": "B9"},
            {"text": "x", "user": "UBOT"}, {"subtype": "tombstone", "text": "gone"}]
)  # fmt: skip
def test_what_changes_no_words_of_a_person_is_no_edit(new: dict[str, Any]) -> None:
    """Previews, bots' messages, our own, and what was deleted."""
    assert edited_of(changed("hi", **new), US) is None


def test_a_deletion_names_the_message() -> None:
    """Also where only a tombstone is left above a thread that goes on."""
    before = {"ts": "171.1", "thread_ts": "170.1"}
    gone = body(subtype="message_deleted", deleted_ts="171.1", previous_message=before)
    tombstone = changed("hi", subtype="tombstone", user="USLACKBOT", edited=None)
    for event, home in ((gone, "170.1"), (tombstone, "171.1")):
        deleted = deleted_of(event)
        assert deleted is not None
        assert (deleted.message, deleted.home.key) == ("171.1", f"slack:T1:C1:{home}")
    assert deleted_of(body()) is None


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast"])
def test_files_and_broadcasts_are_messages(subtype: str) -> None:
    """A person said something with them."""
    whole = {"id": "F1", "name": "a.log", "mimetype": "text/plain", "size": 3,
             "url_private": "p", "url_private_download": "d"}  # fmt: skip
    files = [whole, {"id": "F2"}, {"name": "none"}]
    heard = heard_of_event(body(subtype=subtype, files=files), US)
    assert heard is not None
    assert [(f.id, f.name, f.size, f.url) for f in heard.files] == [
        ("F1", "a.log", 3, "d"),
        ("F2", "", 0, ""),
    ]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({}, ChannelKind.CHANNEL),
        ({"channel_type": "group"}, ChannelKind.CHANNEL),
        ({"channel_type": "mpim"}, ChannelKind.GROUP),
        ({"channel_type": "im", "channel": "D1"}, ChannelKind.DIRECT),
        ({"channel_type": "", "channel": "D1"}, ChannelKind.DIRECT),
    ],
)
def test_places_know_who_reads_along(event: dict[str, Any], kind: ChannelKind) -> None:
    """By the channel's type, and by its id where there is none."""
    heard = heard_of_event(body(**event), US)
    assert heard is not None
    assert heard.place.kind is kind


def test_a_threads_first_message_begins_it() -> None:
    """Its own ts is no thread that it stands in; a reply's is."""
    first = heard_of_event(body(thread_ts=SAID["ts"]), US)
    reply = heard_of_event(body(ts="1712345679.000100", thread_ts=SAID["ts"]), US)
    assert first is not None
    assert reply is not None
    assert (first.place.thread, reply.place.thread) == ("", SAID["ts"])
    assert first.home.key == reply.home.key


@pytest.mark.parametrize(
    ("more", "team", "organisation"),
    [
        ({}, "T1", ""),
        ({"context_team_id": "T2", "context_enterprise_id": "E2"}, "T2", "E2"),
        ({"authorizations": [{"team_id": "T3", "enterprise_id": "E3"}]}, "T3", "E3"),
        ({"authorizations": []}, "T1", ""),
        ({"team_id": None, "team": {"id": "T4"}, "enterprise": {"id": "E4"}}, "T4", "E4"),
        ({"team_id": None, "team": None, "user": {"id": "U1", "team_id": "T5"}}, "T5", ""),
    ],
)
def test_the_workspace_is_the_one_we_are_in(
    more: dict[str, Any], team: str, organisation: str
) -> None:
    """In shared channels and organisations the context says it."""
    assert workspace_of(body() | more) == team
    assert organisation_of(body() | more) == organisation


def reaction(name: str = "+1", **more: Any) -> dict[str, Any]:
    item = {"type": "message", "channel": "C1", "ts": "1.2"}
    return {"team_id": "T1", "event": {"type": "reaction_added", "user": "U1", "reaction": name,
            "item": item, "item_user": "UBOT"} | more}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "up"),
    [
        ("+1", True), ("thumbsup", True), ("+1::skin-tone-6", True),
        ("-1", False), ("thumbsdown::skin-tone-2", False),
        ("tada", None), ("+100", None), ("", None),
    ],
)  # fmt: skip
def test_thumbs(name: str, up: bool | None) -> None:
    """In any skin tone; nothing else is one."""
    assert thumb(name) is up
    found = reaction_of(reaction(name), US)
    assert (found.up if found else None) is up


def test_only_thumbs_of_people_on_our_messages_count() -> None:
    """Not on other people's, not on files, not our own; an unnamed author is left to the desk."""
    assert reaction_of(reaction(item_user="U2"), US) is None
    assert reaction_of(reaction(user="UBOT"), US) is None
    assert reaction_of(reaction(item={"type": "file", "file": "F1"}), US) is None
    unnamed = reaction()
    del unnamed["event"]["item_user"]
    found = reaction_of(unnamed, US)
    assert found is not None
    assert (found.message, found.place.key, found.added) == ("1.2", "slack:T1:C1:", True)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("https://a.slack.com/archives/C7/p1712345678000100", "slack:T1:C7:1712345678.000100"),
        ("<https://a.slack.com/archives/C7/p1712345678000100?thread_ts=1712.5&amp;cid=C7>",
         "slack:T1:C7:1712.5"),
        ("x https://a.slack.com/archives/D7/p1712345678000100?cid=D7&thread_ts=1.5 y",
         "slack:T1:D7:1.5"),
        ("https://a.slack.com/archives/C7", None),
        ("please", None),
    ],
)  # fmt: skip
def test_links_lead_to_threads(text: str, key: str | None) -> None:
    """A message's own thread, or the one that it stands in."""
    found = place_of_link(text, Place(Platform.SLACK, "T1", "C1"))
    assert (found.key if found else None) == key


def test_interactions_stand_where_their_message_does() -> None:
    """Also where only the container tells, as for messages that one person sees."""
    pressed = {"team": {"id": "T1"}, "container": {"channel_id": "C1", "thread_ts": "1.2"}}
    assert place_of_interaction(pressed).key == "slack:T1:C1:1.2"
    group = {"team": {"id": "T1"}, "channel": {"id": "C9", "name": "mpdm-ada--ben-1"}}
    assert place_of_interaction(group).kind is ChannelKind.GROUP
    command = {"team_id": "T1", "channel_id": "D1", "user_id": "U1"}
    assert place_of_interaction(command).kind is ChannelKind.DIRECT


def test_a_shortcut_asks_now() -> None:
    """However old the message is, the question is not."""
    old = {"ts": "1712345678.000100", "user": "U2", "text": "How do I water roses?"}
    used = {"team": {"id": "T1"}, "user": {"id": "U1"}, "channel": {"id": "C1"}, "message": old,
            "trigger_id": "1.2.x"}  # fmt: skip
    asked = asked_by_shortcut(used, US, openly=True)
    assert (asked.author.id, asked.home.thread) == ("U1", "1712345678.000100")
    assert datetime.now(UTC) - asked.at < timedelta(minutes=1)


scalars = st.none() | st.booleans() | st.text(max_size=8)
payloads = st.dictionaries(
    st.sampled_from(["user", "bot_id", "subtype", "hidden", "text", "thread_ts", "channel_type"]),
    scalars,
)


@given(payloads)
def test_no_event_makes_it_fall_over(event: dict[str, Any]) -> None:
    """Whatever is missing or odd: a message or nothing."""
    heard = heard_of_event(body(**event), US)
    assert heard is None or heard.author.id
