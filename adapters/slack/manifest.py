"""The app manifest: what a Slack app must be allowed to do for the code to work, and no more.

Limits as Slack's schema of manifests has them (https://github.com/slackapi/manifest-schema,
version 2): name 35, description 140, agent description 300 characters, four suggested prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.slack.scopes import EVENTS, LEGACY_EVENTS, bot_scopes

ASK_COMMAND: Final = "/ask"
OWN_COMMAND: Final = "/wellspoken"
SHORTCUT: Final = "ask_about_this_message"

EVENTS_PATH: Final = "/slack/events"
INSTALL_PATH: Final = "/slack/install"
REDIRECT_PATH: Final = "/slack/oauth_redirect"

_PROMPTS: Final = (
    {"title": "What can you do?", "message": "What can you help me with?"},
    {"title": "What do you know?", "message": "Which documents do you answer from?"},
)


def manifest(
    name: str,
    description: str,
    *,
    prompts: Sequence[Mapping[str, str]] = _PROMPTS,
    address: str | None = None,
    legacy: bool = False,
) -> dict[str, Any]:
    """The manifest of an app, to be pasted where Slack asks for one.

    ``address`` is the web server's public address, like ``https://bot.example.com``: HTTP mode,
    with the paths of this program below it. Without one the app uses Socket Mode. ``legacy`` makes
    an app with the older assistant view in place of the agent view.
    """
    request_url = address.rstrip("/") + EVENTS_PATH if address else None
    hooked = {"request_url": request_url} if request_url else {}
    oauth: dict[str, Any] = {"scopes": {"bot": list(bot_scopes())}}
    if address:
        oauth["redirect_urls"] = [address.rstrip("/") + REDIRECT_PATH]
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {"name": name[:35], "description": description[:140] or name[:35]},
        "features": _features(name, description, prompts, request_url, legacy=legacy),
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": {**hooked, "bot_events": _events(legacy=legacy)},
            "interactivity": {"is_enabled": True, **hooked},
            "org_deploy_enabled": False,
            "socket_mode_enabled": request_url is None,
            "token_rotation_enabled": False,
        },
    }


def _events(*, legacy: bool) -> list[str]:
    """The events of the app's view: each view has its own way to say that it was opened."""
    other = {"app_context_changed"} if legacy else LEGACY_EVENTS
    return sorted(use.name for use in EVENTS if use.name not in other)


def _features(
    name: str,
    description: str,
    prompts: Sequence[Mapping[str, str]],
    request_url: str | None,
    *,
    legacy: bool,
) -> dict[str, Any]:
    shown = [dict(prompt) for prompt in prompts[:4]]
    about = (description or name)[:300]
    view: dict[str, Any] = (
        {"assistant_view": {"assistant_description": about, "suggested_prompts": shown}}
        if legacy
        else {"agent_view": {"agent_description": about, "suggested_prompts": shown}}
    )
    return {
        "bot_user": {"display_name": name[:80], "always_online": True},
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        **view,
        "shortcuts": [
            {
                "name": "Ask about this message",
                "type": "message",
                "callback_id": SHORTCUT,
                "description": "Answers what the message asks",
            }
        ],
        "slash_commands": [
            _command(ASK_COMMAND, "Ask; only you see the answer", "[question]", request_url),
            _command(
                OWN_COMMAND,
                "Help, sources and your settings",
                "help | sources | opt-out | opt-in | forget-me | mute | unmute",
                request_url,
            ),
        ],
    }


def _command(command: str, description: str, hint: str, request_url: str | None) -> dict[str, Any]:
    address = {"url": request_url} if request_url else {}
    return {
        "command": command,
        **address,
        "description": description,
        "usage_hint": hint,
        "should_escape": True,
    }
