"""The stand-in's views, assistant threads, connections, installations and response addresses."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tests.platforms.slack_limits import InvalidBlockError, check_blocks, check_view
from tests.platforms.slack_methods import Args, Caller, RefusedError, method, refusal_of
from tests.platforms.slack_payloads import changed_event, message_event
from tests.platforms.slack_state import Message, Status, Team, User, View, World
from tests.platforms.slack_words import Json

RESPONSES, RESPONSE_LIFE, TRIGGER_LIFE = 5, 30 * 60.0, 3.0


@method("apps.connections.open", token="app")
async def connections_open(caller: Caller, args: Args) -> Json:
    """Where to connect for Socket Mode."""
    address = caller.world.url.replace("http", "ws", 1)
    return {"url": f"{address}/link/?ticket={caller.world.new_id('')}&app_id={caller.team.app_id}"}


# -- views -------------------------------------------------------------------------------


def _view_of(args: Args, kind: str) -> Json:
    view = args.parsed("view")
    if not isinstance(view, dict):
        raise RefusedError("invalid_arguments")
    try:
        check_view(view, kind)
    except InvalidBlockError as problem:
        raise refusal_of(problem) from problem
    return view


def _user_of(caller: Caller, args: Args) -> str:
    """Whose trigger it is; it serves once, within 3 seconds."""
    trigger = args.text("trigger_id") or args.need("interactivity_pointer")
    if trigger in caller.world.spent_triggers:
        raise RefusedError("exchanged_trigger_id")
    if trigger not in caller.world.triggers:
        raise RefusedError("invalid_trigger_id")
    at, user = caller.world.triggers[trigger]
    if time.time() - at > TRIGGER_LIFE:
        raise RefusedError("expired_trigger_id")
    caller.world.spent_triggers.add(trigger)
    return user


def _open(caller: Caller, user: str, view: Json, parent: View | None = None) -> View:
    opened = View(caller.world.new_id("V"), user, caller.team, view, time.time(), parent=parent)
    caller.world.views[opened.id] = opened
    return opened


@method("views.open")
async def views_open(caller: Caller, args: Args) -> Json:
    """Open a modal for the person who pressed something."""
    view = _view_of(args, "modal")
    return {"view": _open(caller, _user_of(caller, args), view).payload()}


@method("views.push")
async def views_push(caller: Caller, args: Args) -> Json:
    """Put a modal on top of the open one."""
    view = _view_of(args, "modal")
    user = _user_of(caller, args)
    below = [v for v in caller.world.views.values() if v.user == user and not v.closed]
    if not below:
        raise RefusedError("not_found")
    if len(below) >= 3:
        raise RefusedError("push_limit_reached")
    return {"view": _open(caller, user, view, below[-1]).payload()}


@method("views.update")
async def views_update(caller: Caller, args: Args) -> Json:
    """Put other content into an open modal."""
    view = _view_of(args, "modal")
    views = caller.world.views.values()
    name = args.text("view_id")
    external = args.text("external_id")
    found = [
        v for v in views if v.id == name or (external and v.view.get("external_id") == external)
    ]
    if not found or found[0].closed:
        raise RefusedError("not_found")
    if "hash" in args and args.text("hash") != found[0].payload()["hash"]:
        raise RefusedError("hash_conflict")
    found[0].view, found[0].errors = view, {}
    found[0].revision += 1
    return {"view": found[0].payload()}


@method("views.publish")
async def views_publish(caller: Caller, args: Args) -> Json:
    """Set somebody's App Home."""
    view = _view_of(args, "home")
    user = caller.user(args.need("user_id"))
    home = caller.world.homes.get(user.id)
    if home is None:
        home = View(caller.world.new_id("V"), user.id, caller.team, view, time.time())
        caller.world.homes[user.id] = home
    elif "hash" in args and args.text("hash") != home.payload()["hash"]:
        raise RefusedError("hash_conflict")
    home.view = view
    home.revision += 1
    return {"view": home.payload()}


# -- assistant ---------------------------------------------------------------------------


@method("assistant.threads.setStatus", "chat:write")
async def set_status(caller: Caller, args: Args) -> Json:
    """Show what the bot is doing; empty takes it away."""
    channel = caller.writable(args, "channel_id")
    thread_ts = args.need("thread_ts")
    loading = args.parsed("loading_messages") or []
    if not isinstance(loading, list) or len(loading) > 10:
        raise RefusedError("invalid_arguments")
    if "status" not in args.raw:
        raise RefusedError("invalid_arguments")
    status = Status(channel.id, thread_ts, args.text("status"), loading, time.time())
    caller.world.statuses.append(status)
    return {}


@method("assistant.threads.setTitle", "assistant:write")
async def set_title(caller: Caller, args: Args) -> Json:
    """Name a thread in the list of threads."""
    channel = caller.writable(args, "channel_id")
    caller.world.titles[channel.id, args.need("thread_ts")] = args.need("title")
    return {}


@method("assistant.threads.setSuggestedPrompts", "assistant:write")
async def set_suggested_prompts(caller: Caller, args: Args) -> Json:
    """Offer prompts (at most four) in a thread, or in the Messages tab."""
    channel = caller.writable(args, "channel_id")
    prompts = args.parsed("prompts")
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= 4:
        raise RefusedError("invalid_arguments")
    if any(not prompt.get("title") or not prompt.get("message") for prompt in prompts):
        raise RefusedError("invalid_arguments")
    given = {"title": args.text("title"), "prompts": prompts}
    caller.world.prompts[channel.id, args.text("thread_ts")] = given
    return {}


# -- installation ------------------------------------------------------------------------


@method("oauth.v2.access", token="none")
async def oauth_access(caller: Caller, args: Args) -> Json:
    """Turn a code into the token of a workspace; a code serves once."""
    world = caller.world
    client = args.text("client_id")
    if client not in world.clients:
        raise RefusedError("invalid_client_id")
    if world.clients[client] != args.text("client_secret"):
        raise RefusedError("bad_client_secret")
    granted = world.codes.pop(args.text("code"), None)
    if granted is None:
        raise RefusedError("invalid_code")
    if granted["redirect_uri"] and args.text("redirect_uri") not in ("", granted["redirect_uri"]):
        raise RefusedError("bad_redirect_uri")
    team: Team = granted["team"]
    user: User = granted["user"]
    team.installed, team.scopes = True, frozenset(granted["scopes"])
    return {
        "app_id": team.app_id,
        "authed_user": {"id": user.id},
        "scope": ",".join(granted["scopes"]),
        "token_type": "bot",
        "access_token": team.token,
        "bot_user_id": team.bot_user,
        "team": {"id": team.id, "name": team.name},
        "enterprise": None,
        "is_enterprise_install": False,
    }


# -- response addresses ------------------------------------------------------------------


@dataclass
class ResponseAddress:
    """A ``response_url``: serves five times, for 30 minutes."""

    team: Team
    user: str
    channel: str
    message: str = ""
    """The ts of the message whose button was pressed; empty for a command."""
    thread_ts: str = ""
    at: float = field(default_factory=time.time)
    used: list[Json] = field(default_factory=list)


def new_address(world: World, address: ResponseAddress) -> str:
    """A fresh response address."""
    key = world.new_id("R")
    world.addresses[key] = address
    return f"{world.url}/response/{key}"


def respond(world: World, key: str, body: Json) -> str:
    """Carry out what was sent to a response address; an error as Slack names it, or nothing."""
    address: ResponseAddress | None = world.addresses.get(key)
    if address is None:
        return "no_service"
    if time.time() - address.at > RESPONSE_LIFE:
        return "expired_url"
    if len(address.used) >= RESPONSES:
        return "used_url"
    blocks = body.get("blocks") or []
    try:
        check_blocks(blocks)
    except InvalidBlockError as problem:
        return problem.error
    if not (body.get("text") or blocks or body.get("delete_original")):
        return "no_text"
    address.used.append(body)
    if address.message and (body.get("delete_original") or body.get("replace_original")):
        _replace(world, address, body)
    else:
        _say(world, address, body)
    return ""


def _replace(world: World, address: ResponseAddress, body: Json) -> None:
    message = world.message(address.message)
    before: Json = {"type": "message", "ts": message.ts, "text": message.text}
    if body.get("delete_original"):
        message.deleted = True
        return
    message.text, message.blocks, message.streamed = (
        body.get("text", ""),
        body.get("blocks", []),
        "",
    )
    message.record()
    if not message.only_for:
        channel = world.channels[message.channel]
        world.emit(address.team, changed_event(world, channel, message, before))


def _say(world: World, address: ResponseAddress, body: Json) -> None:
    team = address.team
    thread_ts = body.get("thread_ts") or address.thread_ts
    message = Message(
        world.new_ts(), address.channel, team.bot_user, body.get("text", ""), thread_ts,
        team.bot_id, team.id, blocks=body.get("blocks") or [],
    )  # fmt: skip
    message.unfurls = bool(body.get("unfurl_links", True))
    message.record()
    if body.get("response_type") == "in_channel":
        channel = world.channels[address.channel]
        channel.messages[message.ts] = message
        world.emit(team, message_event(world, channel, message))
    else:
        message.only_for = address.user
        world.hidden.append(message)
