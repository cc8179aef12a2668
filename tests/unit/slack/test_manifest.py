"""The manifest asks for exactly what the code uses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.slack import app as app_module
from adapters.slack.manifest import manifest
from adapters.slack.scopes import (
    EVENTS,
    LEGACY_EVENTS,
    METHODS,
    bot_scopes,
    event_types,
    purposes,
)

FOLDER = Path(app_module.__file__).parent
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.py")))

# Called for us by the SDK: the flow of an installation.
BY_THE_SDK = {"oauth.v2.access", "apps.connections.open", "auth.test"}


def methods_in_code() -> set[str]:
    """The Web API methods that the source calls: the SDK's names, as Slack writes them."""
    names = {use.name.replace(".", "_"): use.name for use in METHODS}
    called = set(re.findall(r"\bclient\.([a-z]+(?:_[A-Za-z]+)+)\(", SOURCE))
    unknown = called - set(names) - {"connect_to_new_endpoint", "is_connected"}
    assert not unknown, f"not in the table of scopes: {unknown}"
    return {names[name] for name in called & set(names)}


def events_in_code() -> set[str]:
    """The event types that have a listener."""
    listing = SOURCE[SOURCE.index("def _listen(") : SOURCE.index("async def _done")]
    return {name for name in re.findall(r'"([a-z_]+)"', listing) if name in event_types()}


def test_every_method_in_the_table_is_called_and_the_other_way_round() -> None:
    """No scope for a method that nobody calls, none missing for one that somebody does."""
    assert methods_in_code() | BY_THE_SDK == {use.name for use in METHODS}


def test_every_event_in_the_table_has_a_listener() -> None:
    """What is subscribed to is heard, what is heard is subscribed to."""
    assert events_in_code() == set(event_types())


def events(**given: Any) -> list[str]:
    asked: list[str] = manifest("J", "", **given)["settings"]["event_subscriptions"]["bot_events"]
    return asked


def test_the_manifest_has_the_scopes_and_events_of_the_table() -> None:
    """Both views together have every event; each has those that its apps may get."""
    made = manifest("Juniper", "Answers questions")
    assert made["oauth_config"]["scopes"] == {"bot": list(bot_scopes())}
    assert made["_metadata"]["major_version"] == 2
    assert {*events(), *events(legacy=True)} == {use.name for use in EVENTS}
    assert LEGACY_EVENTS.isdisjoint(events())
    assert "app_context_changed" not in events(legacy=True)


def test_the_scopes_are_these() -> None:
    """A new permission is seen here, by whoever reviews it."""
    assert " ".join(bot_scopes()) == (
        "app_mentions:read assistant:write channels:history channels:read chat:write commands "
        "files:read groups:history groups:read im:history im:read im:write mpim:history mpim:read "
        "reactions:read usergroups:read users:read"
    )
    assert all(purposes().values())


def test_socket_mode_needs_no_address_and_http_mode_has_it_everywhere() -> None:
    """Events, interactions and each command go to the same address."""
    plain = manifest("J", "")
    assert plain["settings"]["socket_mode_enabled"] is True
    assert "url" not in str(plain)
    made = manifest("J", "", address="https://bot.example.com/")
    url = "https://bot.example.com/slack/events"
    assert made["settings"]["socket_mode_enabled"] is False
    assert made["settings"]["event_subscriptions"]["request_url"] == url
    assert made["settings"]["interactivity"]["request_url"] == url
    assert {command["url"] for command in made["features"]["slash_commands"]} == {url}
    assert made["oauth_config"]["redirect_urls"] == ["https://bot.example.com/slack/oauth_redirect"]


@pytest.mark.parametrize("legacy", [False, True])
def test_the_manifest_keeps_slacks_limits(legacy: bool) -> None:
    """A long name and description are cut, so that Slack takes it."""
    prompts: Sequence[dict[str, str]] = [{"title": "t", "message": "m"}] * 9
    made = manifest("n" * 100, "d" * 1000, legacy=legacy, prompts=prompts)
    assert len(made["display_information"]["name"]) == 35
    assert len(made["display_information"]["description"]) == 140
    assert len(made["features"]["bot_user"]["display_name"]) <= 80
    (view,) = (v for k, v in made["features"].items() if k in ("agent_view", "assistant_view"))
    assert len(view["suggested_prompts"]) == 4
    assert max(len(v) for v in view.values() if isinstance(v, str)) <= 300
    assert all(len(s["name"]) <= 24 for s in made["features"]["shortcuts"])
