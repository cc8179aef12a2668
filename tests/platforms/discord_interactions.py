"""The stand-in's interactions: how the app responds, and what it sends with their tokens."""

from __future__ import annotations

from tests.platforms.discord_limits import check_modal, check_new_message
from tests.platforms.discord_messages import change, ephemeral, filled, put, remove, uploaded
from tests.platforms.discord_methods import Answer, RefusedError, Request, invalid, route
from tests.platforms.discord_payloads import message_json
from tests.platforms.discord_state import EPHEMERAL, LOADING, Interaction, Message, Modal
from tests.platforms.discord_words import Json, numbered

ANSWER_SECONDS, TOKEN_SECONDS = 3.0, 900.0
"""How long the app has for a first response, and how long the token serves.
https://docs.discord.com/developers/interactions/receiving-and-responding
"""

REPLY, DEFER, DEFER_UPDATE, UPDATE, AUTOCOMPLETE, MODAL = 4, 5, 6, 7, 8, 9


@route("POST", "/interactions/{id}/{token}/callback", "create_interaction_response", public=True)
async def create_interaction_response(request: Request) -> Answer:
    """The first response, within three seconds."""
    world, body = request.world, request.body
    interaction = world.interactions.get(request.path["token"])
    if interaction is None or interaction.id != request.path["id"]:
        raise RefusedError(10062)
    if interaction.answer:
        raise RefusedError(40060)
    if world.now() - interaction.at > ANSWER_SECONDS:
        raise RefusedError(10062)
    kind, data = int(body["type"]), body.get("data") or {}
    _fits(interaction, kind)
    if kind == MODAL:
        check_modal(data)
    elif kind == REPLY:
        check_new_message(data, bool(request.files))
    if kind == UPDATE and interaction.message is not None:
        change(world, interaction.message, data, request.files)
    interaction.answer = kind
    if kind == MODAL:
        interaction.modal = Modal(
            world.new_id(), interaction.user, data["custom_id"], data["title"],
            numbered(data["components"]), interaction,
        )  # fmt: skip
        world.modals.append(interaction.modal)
    elif kind in (REPLY, DEFER):
        interaction.private = ephemeral(data.get("flags"))
        interaction.original = _sent(request, interaction, data, loading=kind == DEFER)
    elif kind in (DEFER_UPDATE, UPDATE):
        interaction.original = interaction.message
    return _callback(request, interaction) if request.query.get("with_response") else None


def _fits(interaction: Interaction, kind: int) -> None:
    """Updating wants a message, a modal cannot open a modal, completing wants type 4."""
    wrong = (
        kind not in (1, REPLY, DEFER, DEFER_UPDATE, UPDATE, AUTOCOMPLETE, MODAL, 10)
        or (kind in (DEFER_UPDATE, UPDATE) and interaction.message is None)
        or (kind == MODAL and interaction.kind == 5)
        or (kind == AUTOCOMPLETE) != (interaction.kind == 4)
    )
    if wrong:
        raise invalid("type", "BASE_TYPE_CHOICES", "Invalid interaction response type.")


def _callback(request: Request, interaction: Interaction) -> Json:
    told: Json = {"id": interaction.id, "type": interaction.kind}
    given: Json = {"interaction": told}
    message = interaction.original
    if message is not None and interaction.answer in (REPLY, DEFER, UPDATE):
        told |= {
            "response_message_id": message.id,
            "response_message_loading": message.loading,
            "response_message_ephemeral": bool(message.only_for),
        }
        shown = message_json(request.world, message)
        given["resource"] = {"type": interaction.answer, "message": shown}
    return given


def _sent(
    request: Request, interaction: Interaction, body: Json, *, loading: bool = False
) -> Message:
    """A message by an interaction, seen by all or by its user alone."""
    world, channel = request.world, request.world.channels[interaction.channel]
    message = Message(world.new_id(), channel.id, world.bot, webhook=world.application)
    message.type = {2: 23 if interaction.data.get("type") == 3 else 20}.get(interaction.kind, 0)
    if interaction.original is not None:
        message.type, message.reference = 19, interaction.original.id
    elif interaction.kind == 3 and interaction.message is not None:
        message.type, message.reference = 19, interaction.message.id
    message.interaction = {
        "id": interaction.id,
        "type": interaction.kind,
        "user": world.users[interaction.user].payload(),
        "authorizing_integration_owners": {"0": channel.guild or "0"},
    }
    if interaction.message is not None and interaction.kind == 3:
        message.interaction["interacted_message_id"] = interaction.message.id
    if interaction.kind == 5:
        message.interaction["triggering_interaction_metadata"] = message.interaction | {"type": 2}
    private = interaction.private if loading or not interaction.answer else False
    private = private or ephemeral(body.get("flags"))
    if private:
        message.flags |= EPHEMERAL
        message.only_for = interaction.user
    message.flags |= LOADING if loading else 0
    uploaded(world, channel, request.files)
    filled(message, {} if loading else body, request.files)
    return put(world, message, body.get("allowed_mentions"))


def _interaction(request: Request) -> Interaction:
    """The interaction of a token that still serves and was responded to."""
    interaction = request.world.interactions.get(request.path["token"])
    if interaction is None or request.path["application"] != request.world.application:
        raise RefusedError(10015)
    if request.world.now() - interaction.at > TOKEN_SECONDS:
        raise RefusedError(50027)
    if not interaction.answer:
        raise RefusedError(10015)
    return interaction


def _message(request: Request, interaction: Interaction) -> Message:
    wanted = request.path["message"]
    if wanted == "@original":
        message = interaction.original
    else:
        mine = [interaction.original, *interaction.followups]
        message = next((one for one in mine if one is not None and one.id == wanted), None)
    if message is None or message.deleted:
        raise RefusedError(10008)
    return message


@route("POST", "/webhooks/{application}/{token}", "create_followup_message", public=True)
async def create_followup_message(request: Request) -> Answer:
    """Send more; the first after a deferral takes the place of the thinking message."""
    interaction = _interaction(request)
    check_new_message(request.body, bool(request.files))
    original = interaction.original
    if original is not None and original.loading:
        channel = request.world.channels[original.channel]
        uploaded(request.world, channel, request.files)
        change(request.world, original, request.body, request.files)
        return message_json(request.world, original)
    message = _sent(request, interaction, request.body)
    interaction.followups.append(message)
    return message_json(request.world, message)


@route("GET", "/webhooks/{application}/{token}/messages/{message}", "get_webhook_message",
       public=True)  # fmt: skip
async def get_webhook_message(request: Request) -> Answer:
    """The original response (``@original``) or a followup."""
    return message_json(request.world, _message(request, _interaction(request)))


@route("PATCH", "/webhooks/{application}/{token}/messages/{message}", "edit_webhook_message",
       public=True)  # fmt: skip
async def edit_webhook_message(request: Request) -> Answer:
    """Edit the original response (``@original``) or a followup."""
    message = _message(request, _interaction(request))
    uploaded(request.world, request.world.channels[message.channel], request.files)
    change(request.world, message, request.body, request.files)
    return message_json(request.world, message)


@route("DELETE", "/webhooks/{application}/{token}/messages/{message}", "delete_webhook_message",
       public=True)  # fmt: skip
async def delete_webhook_message(request: Request) -> Answer:
    """Delete the original response (``@original``) or a followup."""
    remove(request.world, _message(request, _interaction(request)))
    return None
