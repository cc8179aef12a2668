"""What people press and call in the stand-in Slack: buttons, modals, commands, shortcuts, Home."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.platforms.slack_outbox import Delivery
from tests.platforms.slack_payloads import message_json
from tests.platforms.slack_people import People
from tests.platforms.slack_state import Channel, Message, Team, User, View
from tests.platforms.slack_surfaces import ResponseAddress, new_address
from tests.platforms.slack_words import Json, elements_of, labels_of

_SIDES = {
    "positive": "positive_button", "up": "positive_button",
    "negative": "negative_button", "down": "negative_button",
}  # fmt: skip


@dataclass
class Gesture:
    """What came of pressing or calling something.

    ``ack`` is what the app acknowledged with, ``responses`` what it sent to the response address
    since then, ``trigger`` what opens a modal.
    """

    payload: Json
    ack: Json = field(default_factory=dict)
    address: ResponseAddress | None = None
    trigger: str = ""

    @property
    def response_url(self) -> str:
        """The response address."""
        return str(self.payload.get("response_url", ""))

    @property
    def responses(self) -> list[Json]:
        """The bodies that were sent to the response address."""
        return self.address.used if self.address else []


class Gestures(People):
    """Interactions. An app that does not acknowledge within 3 s raises ``NotDeliveredError``."""

    # -- commands and shortcuts ------------------------------------------------------------

    async def command(
        self, user: User, channel: Channel, name: str, text: str = "", *, escape: bool = False
    ) -> Gesture:
        """Call a slash command. With ``escape``, mentions come as ids, as its manifest can ask.

        What the app acknowledges with or sends to the response address is seen by the user alone
        (:meth:`ephemerals`), or by all where it says ``in_channel``.
        """
        team = self._team_of(channel)
        address = ResponseAddress(team, user.id, channel.id)
        typed = self.typed(text, channel) if escape else text
        payload: Json = {
            "token": "verification-token",
            "team_id": team.id,
            "team_domain": team.id.lower(),
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.direct else channel.name,
            "user_id": user.id,
            "user_name": user.payload()["name"],
            "command": name,
            "text": typed,
            "api_app_id": team.app_id,
            "is_enterprise_install": "false",
            "response_url": new_address(self.world, address),
            "trigger_id": self.world.trigger(user.id),
        }
        gesture = Gesture(payload, {}, address, payload["trigger_id"])
        gesture.ack = await self._interact("slash_commands", payload)
        if gesture.ack:
            self._show(team, channel, user, gesture.ack)
        return gesture

    def _show(self, team: Team, channel: Channel, user: User, body: Json) -> None:
        """Show what a command was acknowledged with."""
        message = Message(
            self.world.new_ts(), channel.id, team.bot_user, body.get("text", ""),
            bot_id=team.bot_id, team=team.id, blocks=body.get("blocks") or [],
        )  # fmt: skip
        message.unfurls = False
        message.record()
        if body.get("response_type") == "in_channel":
            channel.messages[message.ts] = message
        else:
            message.only_for = user.id
            self.world.hidden.append(message)

    async def shortcut(self, user: User, message_ts: str, callback_id: str) -> Gesture:
        """Choose a message shortcut, like "Ask about this message"."""
        message = self.message(message_ts)
        channel = self.world.channels[message.channel]
        assert user.id in channel.members, "only members see its messages"
        address = ResponseAddress(self._team_of(channel), user.id, channel.id)
        payload = self._by(user, self._team_of(channel), "message_action") | {
            "callback_id": callback_id,
            "response_url": new_address(self.world, address),
            "message_ts": message.ts,
            "action_ts": self.world.new_ts(),
            "channel": self._named(channel),
            "message": message_json(self.world, message),
        }
        return await self._gesture(payload, address)

    async def global_shortcut(self, user: User, callback_id: str) -> Gesture:
        """Choose a shortcut from anywhere."""
        payload = self._by(user, self._team_of(user), "shortcut") | {
            "callback_id": callback_id,
            "action_ts": self.world.new_ts(),
        }
        return await self._gesture(payload, None)

    # -- pressing --------------------------------------------------------------------------

    async def press(
        self, user: User, where: str | Message | View, what: str, value: str | None = None
    ) -> Gesture:
        """Press something in a message (also by its ts), a modal or the App Home.

        ``what`` is an action id or a label; ``up`` and ``down`` (``positive``, ``negative``) mean
        the feedback buttons. ``value`` chooses from a menu. No such thing: ``AssertionError``.
        """
        place = self.message(where) if isinstance(where, str) else where
        if isinstance(place, View):
            blocks = place.view["blocks"]
            return await self._press_in_view(user, place, _action(blocks, what, value))
        assert not place.deleted, "the message is gone"
        assert place.only_for in ("", user.id), f"only {place.only_for} sees it"
        channel = self.world.channels[place.channel]
        assert user.id in channel.members, f"{user.name} is not in {channel.name}"
        action = _action(place.blocks, what, value) | {"action_ts": self.world.new_ts()}
        address = ResponseAddress(
            self._team_of(channel), user.id, channel.id, place.ts, place.thread_ts
        )
        container: Json = {
            "type": "message",
            "message_ts": place.ts,
            "channel_id": channel.id,
            "is_ephemeral": bool(place.only_for),
        }
        if place.thread_ts:
            container["thread_ts"] = place.thread_ts
        payload = self._by(user, self._team_of(channel), "block_actions") | {
            "container": container,
            "channel": self._named(channel),
            "state": {"values": {}},
            "response_url": new_address(self.world, address),
            "actions": [action],
        }
        if not place.only_for:
            payload["message"] = message_json(self.world, place)
        return await self._gesture(payload, address)

    async def _press_in_view(self, user: User, view: View, action: Json) -> Gesture:
        assert not view.closed and view.user == user.id, "this view is not open for them"
        payload = self._by(user, view.team, "block_actions") | {
            "container": {"type": "view", "view_id": view.id},
            "view": view.payload(),
            "actions": [action | {"action_ts": self.world.new_ts()}],
        }
        return await self._gesture(payload, None)

    # -- modals ----------------------------------------------------------------------------

    async def submit(
        self, user: User, view: View, values: Mapping[str, Any] | None = None
    ) -> Gesture:
        """Fill a modal in and send it. ``values`` by action id, block id or label.

        What is required must be there, as Slack asks for it. The modal closes, or shows the
        ``errors``, or becomes what the answer says.
        """
        assert not view.closed and view.user == user.id, "this view is not open for them"
        given = view.payload()
        given["state"] = {"values": _filled(view.view["blocks"], dict(values or {}))}
        payload = self._by(user, view.team, "view_submission") | {
            "view": given,
            "response_urls": [],
        }
        gesture = await self._gesture(payload, None)
        self._after(view, gesture.ack)
        return gesture

    def _after(self, view: View, ack: Json) -> None:
        view.errors = {}
        match ack.get("response_action"):
            case "errors":
                view.errors = ack["errors"]
                known = {block.get("block_id") for block in view.view["blocks"]}
                assert view.errors.keys() <= known, f"no such blocks: {view.errors}"
            case "update":
                view.view, view.revision = ack["view"], view.revision + 1
            case "push":
                pushed = View(
                    self.world.new_id("V"), view.user, view.team, ack["view"], time.time(),
                    parent=view,
                )  # fmt: skip
                self.world.views[pushed.id] = pushed
            case "clear":
                for open_ in self.world.views.values():
                    open_.closed = open_.closed or open_.user == view.user
            case _:
                view.closed = True

    async def close_view(self, user: User, view: View) -> None:
        """Close a modal without sending it."""
        view.closed = True
        if view.view.get("notify_on_close"):
            payload = self._by(user, view.team, "view_closed")
            await self._gesture(payload | {"view": view.payload(), "is_cleared": False}, None)

    # -- home and assistant ----------------------------------------------------------------

    async def open_home(
        self, user: User, tab: str = "home", context: Json | Channel | None = None
    ) -> str | None:
        """Open the app's Home or Messages tab, perhaps while looking at a channel; the event."""
        direct = self.dm(user)
        event: Json = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": direct.id,
            "tab": tab,
            "event_ts": self.world.new_ts(),
        }
        if tab == "home" and user.id in self.homes:
            event["view"] = self.homes[user.id].payload()
        if context is not None:
            event["context"] = self.world.contexts[user.id] = self._entities(context)
        return await self._emitted(user, event)

    async def change_context(self, user: User, context: Json | Channel) -> str | None:
        """Look at another channel beside the app's open Messages tab."""
        self.world.contexts[user.id] = self._entities(context)
        event = {
            "type": "app_context_changed",
            "user": user.id,
            "channel": self.dm(user).id,
            "context": self.world.contexts[user.id],
            "event_ts": self.world.new_ts(),
        }
        return await self._emitted(user, event)

    async def assistant_thread_started(
        self, user: User, context: Channel | None = None
    ) -> tuple[Channel, str]:
        """Open the legacy assistant view; its direct message and the thread to write in."""
        direct = self.dm(user)
        team = self._team_of(direct)
        root = Message(
            self.world.new_ts(), direct.id, team.bot_user, "New Assistant Thread",
            bot_id=team.bot_id, team=team.id, subtype="assistant_app_thread",
        )  # fmt: skip
        root.record()
        direct.messages[root.ts] = root
        await self._assistant("assistant_thread_started", user, root.ts, context)
        return direct, root.ts

    async def assistant_context_changed(self, user: User, thread_ts: str, context: Channel) -> None:
        """Look at another channel beside the open assistant thread."""
        await self._assistant("assistant_thread_context_changed", user, thread_ts, context)

    async def _assistant(
        self, kind: str, user: User, thread_ts: str, context: Channel | None
    ) -> None:
        seen: Json = {}
        if context is not None:
            seen = {"channel_id": context.id, "team_id": context.team, "enterprise_id": None}
        thread = {"user_id": user.id, "context": seen, "channel_id": self.dm(user).id,
                  "thread_ts": thread_ts}  # fmt: skip
        event = {"type": kind, "assistant_thread": thread, "event_ts": self.world.new_ts()}
        await self._emitted(user, event)

    async def _emitted(self, user: User, event: Json) -> str | None:
        event_id = self.emit(self._team_of(user), event)
        await asyncio.sleep(0)
        return event_id

    @staticmethod
    def _entities(context: Json | Channel) -> Json:
        if not isinstance(context, Channel):
            return context
        kind = "slack#/types/channel_id"
        return {"entities": [{"type": kind, "value": context.id, "team_id": context.team}]}

    # -- payloads --------------------------------------------------------------------------

    def _by(self, user: User, team: Team, kind: str) -> Json:
        """What every interaction says: who, where, and the trigger."""
        name = user.payload()["name"]
        return {
            "type": kind,
            "token": "verification-token",
            "team": {"id": team.id, "domain": team.id.lower()},
            "user": {"id": user.id, "username": name, "name": name, "team_id": user.team},
            "api_app_id": team.app_id,
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self.world.trigger(user.id),
        }

    @staticmethod
    def _named(channel: Channel) -> Json:
        return {"id": channel.id, "name": "directmessage" if channel.direct else channel.name}

    async def _gesture(self, payload: Json, address: ResponseAddress | None) -> Gesture:
        gesture = Gesture(payload, {}, address, payload["trigger_id"])
        gesture.ack = await self._interact("interactive", payload)
        return gesture

    async def _interact(self, kind: str, payload: Json) -> Json:
        return await self.outbox.ask(Delivery(self.world.new_id("In"), kind, payload))


def _action(blocks: list[Json], what: str, value: str | None) -> Json:
    """The action that pressing ``what`` sends."""
    found = list(elements_of(blocks))
    for block, element in found:
        action: Json = {"type": element["type"], "block_id": block.get("block_id", "b0")}
        action["action_id"] = element.get("action_id", "a0")
        if element["type"] == "feedback_buttons":
            side = _SIDES.get(what) or dict(
                zip(labels_of(element), ("positive_button", "negative_button"), strict=True)
            ).get(what)
            if side:
                return action | {"value": element[side]["value"]}
        elif what == element.get("action_id") or what in labels_of(element):
            return action | _choice(element, value)
    things = [label for _, element in found for label in labels_of(element)]
    raise AssertionError(f"nothing to press called {what!r} among {things}")


def _choice(element: Json, value: Any) -> Json:
    """The value of an element as the action or the state of a view gives it."""
    kind = element["type"]
    options = element.get("options", [])
    if kind in ("button", "icon_button"):
        return {"text": element.get("text"), "value": element.get("value", "")}
    if kind in ("static_select", "radio_buttons", "overflow"):
        return {"selected_option": _option(options, value) if value is not None else None}
    if kind in ("checkboxes", "multi_static_select"):
        return {"selected_options": [_option(options, one) for one in value or ()]}
    if kind.endswith("_select"):
        return {f"selected_{kind.removesuffix('s_select')}": value}
    return {"value": value}


def _option(options: list[Json], wanted: str) -> Json:
    for option in options:
        if wanted in (option["value"], option["text"]["text"]):
            return option
    raise AssertionError(f"no option {wanted!r} among {[o['value'] for o in options]}")


def _filled(blocks: list[Json], values: dict[str, Any]) -> Json:
    """The state of a modal that is filled in with ``values``; what was preset stays."""
    state: Json = {}
    for number, block in enumerate(blocks):
        for _, element in elements_of([block]):
            label = block.get("label", {}).get("text", "")
            names = (element.get("action_id", "a0"), block.get("block_id", ""), label)
            named = next((name for name in names if name in values), None)
            value = values.pop(named) if named is not None else _preset(element)
            if block["type"] == "input" and not block.get("optional") and value in (None, "", []):
                raise AssertionError(f"Slack asks to fill in {label!r}")
            most = element.get("max_length")
            assert not (most and value and len(value) > most), f"too long for {label!r}"
            name = block.get("block_id", f"b{number}")
            filled = {"type": element["type"], **_choice(element, value)}
            state.setdefault(name, {})[names[0]] = filled
    assert not values, f"the modal has no {sorted(values)}"
    return state


def _preset(element: Json) -> Any:
    if "initial_options" in element:
        return [option["value"] for option in element["initial_options"]]
    if "initial_option" in element:
        return element["initial_option"]["value"]
    return element.get("initial_value")
