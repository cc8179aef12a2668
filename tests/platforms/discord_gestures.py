"""What people press and call in the stand-in Discord: commands, menus, buttons, forms."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.platforms.discord_interactions import ANSWER_SECONDS
from tests.platforms.discord_payloads import interaction_json, message_json
from tests.platforms.discord_people import People
from tests.platforms.discord_permissions import in_channel, may
from tests.platforms.discord_state import Channel, Interaction, Message, Modal, User
from tests.platforms.discord_words import Json, elements_of, label_of, walk

_KINDS = {str: (3,), int: (4, 10), float: (10,), bool: (5,)}


class NotAnsweredError(Exception):
    """The app did not respond within three seconds: people read "The application did not respond".

    With a form: "Something went wrong", and it stays open.
    """


@dataclass
class Gesture:
    """What came of pressing or calling something."""

    interaction: Interaction

    @property
    def answer(self) -> int:
        """The type of the app's response (4 message, 5 thinking, 6 and 7 update, 9 form), or 0."""
        return self.interaction.answer

    @property
    def message(self) -> Message | None:
        """The original response, as it stands now."""
        return self.interaction.original

    @property
    def followups(self) -> list[Message]:
        """What was sent after it."""
        return self.interaction.followups

    @property
    def modal(self) -> Modal | None:
        """The form that was opened."""
        return self.interaction.modal


class Gestures(People):
    """Interactions. An app that does not respond within 3 s raises :class:`NotAnsweredError`.

    With ``wait=False`` nobody waits for it: look at the :class:`Gesture` later.
    """

    # -- commands --------------------------------------------------------------------------

    async def command(
        self, user: User, channel: Channel, name: str, options: Mapping[str, Any] | None = None,
        *, wait: bool = True,
    ) -> Gesture:  # fmt: skip
        """Call a slash command, like ``ask`` or ``wellspoken help``, with its options by name."""
        names = name.lstrip("/").split()
        found = self._command_of(channel, names[0], 1)
        self._may_call(user, channel)
        given, inner = dict(options or {}), found
        path = []
        for sub in names[1:]:
            there = [one for one in inner["options"] if one["name"] == sub and one["type"] < 3]
            assert there, (
                f"/{name} has no subcommand {sub}: {[o['name'] for o in inner['options']]}"
            )
            inner = {"options": [], **there[0]}
            path.append(inner)
        deeper = [one["name"] for one in inner["options"] if one["type"] < 3]
        assert not deeper, f"/{name} wants one of {deeper}"
        filled = [_option(one, given.pop(one["name"], None)) for one in inner["options"]]
        assert not given, f"/{name} has no {sorted(given)}"
        inside: list[Json] = [one for one in filled if one is not None]
        for sub_command in reversed(path):
            inside = [{"type": sub_command["type"], "name": sub_command["name"], "options": inside}]
        data: Json = {"id": found["id"], "name": found["name"], "type": 1, "options": inside}
        data |= {"guild_id": found["guild_id"]} if "guild_id" in found else {}
        return await self._interact(user, channel, 2, data, None, wait)

    async def context_menu(
        self, user: User, message: Message | str, name: str, *, wait: bool = True
    ) -> Gesture:
        """Choose a command in the menu of a message. The app gets its words in any case."""
        message = self._message(message)
        channel = self.world.channels[message.channel]
        found = self._command_of(channel, name, 3)
        self._may_call(user, channel)
        assert not message.only_for, "an ephemeral message has no such menu"
        resolved = {"messages": {message.id: message_json(self.world, message)}}
        data = {"id": found["id"], "name": name, "type": 3, "target_id": message.id,
                "resolved": resolved}  # fmt: skip
        return await self._interact(user, channel, 2, data, None, wait)

    def _command_of(self, channel: Channel, name: str, kind: int) -> Json:
        """A registered command that can be called there."""
        commands = self.world.commands
        there = [*commands.get(channel.guild or "-", []), *commands.get("", [])]
        if channel.guild is None:
            there = [c for c in there if 1 in (c["contexts"] or [1]) and c["dm_permission"]]
        for command in there:
            if (command["type"], command["name"]) == (kind, name):
                return command
        raise AssertionError(f"no command {name!r} among {[c['name'] for c in there]}")

    def _may_call(self, user: User, channel: Channel) -> None:
        if channel.guild is not None:
            allowed = may(self.world, channel, user.id, "USE_APPLICATION_COMMANDS")
            assert allowed, f"{user.name} may not call commands in {channel.name}"

    # -- pressing --------------------------------------------------------------------------

    async def press(
        self, user: User, where: Message | str, what: str, values: list[str] | None = None,
        *, wait: bool = True,
    ) -> Gesture:  # fmt: skip
        """Press a button, or choose ``values`` from a menu: by its label, emoji or custom id."""
        message = self._message(where)
        channel = self.world.channels[message.channel]
        assert not message.deleted, "the message is gone"
        assert message.only_for in ("", user.id), "somebody else alone sees it"
        assert in_channel(self.world, channel, user.id), f"{user.name} cannot see it"
        element = _element(message.components, what)
        assert not element.get("disabled"), f"{what!r} is greyed out"
        assert element.get("style") != 5, f"{what!r} is a link"
        data: Json = {"component_type": element["type"], "custom_id": element["custom_id"],
                      "id": element.get("id", 0)}  # fmt: skip
        if element["type"] != 2:
            data["values"] = _chosen(element, values or [])
        return await self._interact(user, channel, 3, data, message, wait)

    async def submit(
        self, user: User, modal: Modal, values: Mapping[str, Any] | None = None, *,
        wait: bool = True,
    ) -> Gesture:  # fmt: skip
        """Fill a form in and send it: ``values`` by label or custom id. It closes when answered.

        What is required must be there, as Discord asks for it.
        """
        assert not modal.closed and modal.user == user.id, "this form is not open for them"
        given = dict(values or {})
        components = [_submitted(one, given, "") for one in modal.components]
        assert not given, f"the form has no {sorted(given)}"
        data: Json = {"custom_id": modal.custom_id, "components": components, "resolved": {}}
        opened = modal.interaction
        channel = self.world.channels[opened.channel]
        gesture = await self._interact(user, channel, 5, data, opened.message, wait)
        modal.closed = True
        return gesture

    def close_modal(self, modal: Modal) -> None:
        """Close a form without sending it: the app is not told."""
        modal.closed = True

    def dismiss(self, message: Message) -> None:
        """Put an ephemeral message away: the app is not told."""
        assert message.only_for, "only ephemeral messages can be dismissed"
        message.deleted = True

    # -- interactions ----------------------------------------------------------------------

    async def _interact(
        self, user: User, channel: Channel, kind: int, data: Json, message: Message | None,
        wait: bool,
    ) -> Gesture:  # fmt: skip
        world = self.world
        interaction = Interaction(
            world.new_id(), f"token-{world.new_id()}", kind, user.id, channel.id, world.now(),
            data, message,
        )  # fmt: skip
        world.interactions[interaction.token] = interaction
        payload = interaction_json(world, interaction)
        world.emit("INTERACTION_CREATE", channel.guild, lambda _: payload)
        deadline = time.monotonic() + ANSWER_SECONDS
        while wait and not interaction.answer:
            if time.monotonic() > deadline:
                raise NotAnsweredError(f"{data.get('name') or data.get('custom_id')}")
            await asyncio.sleep(0.01)
        return Gesture(interaction)


def _option(option: Json, value: Any) -> Json | None:
    """An option of a slash command as the app gets it."""
    name = option["name"]
    if value is None:
        assert not option.get("required"), f"Discord asks for {name!r}"
        return None
    kinds = _KINDS.get(type(value), ())
    if option["type"] in (3, 4, 5, 10):
        assert option["type"] in kinds, f"{name!r} is of another type"
    if option["type"] == 3:
        length = len(value)
        assert option.get("min_length", 0) <= length <= option.get("max_length", 6000), (
            f"{name!r} has a wrong length"
        )
    choices = [choice["value"] for choice in option.get("choices") or []]
    assert not choices or value in choices, f"{name!r} is one of {choices}"
    return {"name": name, "type": option["type"], "value": value}


def _element(components: list[Json], what: str) -> Json:
    found = elements_of(components)
    for element in found:
        emoji = (element.get("emoji") or {}).get("name")
        if what in (element.get("custom_id"), label_of(element), emoji):
            return element
    things = [label_of(element) for element in found]
    raise AssertionError(f"nothing to press called {what!r} among {things}")


def _chosen(element: Json, wanted: list[str]) -> list[str]:
    """The values of chosen options, named by value or label."""
    options = element.get("options")
    if options is None:
        return wanted
    named = {o["label"]: o["value"] for o in options} | {o["value"]: o["value"] for o in options}
    unknown = [one for one in wanted if one not in named]
    assert not unknown, f"no option {unknown} among {list(named)}"
    least, most = element.get("min_values", 1), element.get("max_values", 1)
    assert least <= len(wanted) <= most, f"choose {least} to {most}"
    return [named[one] for one in wanted]


def _submitted(component: Json, values: dict[str, Any], label: str) -> Json:
    """A part of a form as the app gets it back, filled in with ``values``."""
    given: Json = {"type": component["type"], "id": component.get("id", 0)}
    if component["type"] == 1:
        return given | {"components": [_submitted(c, values, "") for c in component["components"]]}
    if component["type"] == 18:
        return given | {"component": _submitted(component["component"], values, component["label"])}
    if component["type"] == 10:
        return given
    label = label or str(component.get("label") or "")
    named = next((n for n in (component["custom_id"], label) if n in values), None)
    value = values.pop(named) if named is not None else _preset(component)
    required = component.get("required", True) and component["type"] != 23
    assert value or not required, f"Discord asks to fill in {label!r}"
    given["custom_id"] = component["custom_id"]
    if component["type"] == 4:
        most, least = component.get("max_length", 4000), component.get("min_length", 0)
        text = str(value or "")
        assert len(text) <= most, f"too long for {label!r}"
        assert not text or len(text) >= least, f"too short for {label!r}"
        return given | {"value": text}
    if component["type"] == 21:
        return given | {"value": (_chosen(component, [value]) if value else [None])[0]}
    if component["type"] == 23:
        return given | {"value": bool(value)}
    wanted = [value] if isinstance(value, str) else list(value or [])
    chosen = _chosen(component, wanted) if wanted or required else []
    return given | {"values": chosen}


def _preset(component: Json) -> Any:
    if "options" in component:
        defaults = [one["value"] for one in component["options"] if one.get("default")]
        return defaults if component["type"] != 21 else next(iter(defaults), None)
    return component.get("value", component.get("default"))


def fields_of(modal: Modal) -> list[str]:
    """The labels of a form's fields."""
    labels = [one.get("label") for one in walk(modal.components) if one.get("label")]
    return [str(label) for label in labels]
