"""The stand-in's lookups: the gateway's address, the application, users, guilds, commands."""

from __future__ import annotations

from tests.platforms.discord_events import guild_left
from tests.platforms.discord_gateway import flags_of
from tests.platforms.discord_limits import check_command
from tests.platforms.discord_methods import Answer, RefusedError, Request, route
from tests.platforms.discord_payloads import (
    channel_json,
    channels_of,
    guild_json,
    member_json,
    role_json,
    thread_json,
    thread_member_json,
    threads_of,
)
from tests.platforms.discord_permissions import in_guild
from tests.platforms.discord_state import World
from tests.platforms.discord_words import Json


@route("GET", "/gateway", "get_gateway", public=True)
async def get_gateway(request: Request) -> Answer:
    """Where the gateway is."""
    return {"url": _socket(request.world)}


@route("GET", "/gateway/bot", "get_gateway_bot")
async def get_gateway_bot(request: Request) -> Answer:
    """Where the gateway is, and how many shards are wise."""
    limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
    return {
        "url": _socket(request.world),
        "shards": request.world.shards,
        "session_start_limit": limit,
    }


def _socket(world: World) -> str:
    return world.url.replace("http", "ws", 1) + "/gateway"


@route("GET", "/users/@me", "get_current_user")
async def get_current_user(request: Request) -> Answer:
    """The bot."""
    user = request.world.users[request.world.bot].payload()
    return user | {"verified": True, "mfa_enabled": False, "locale": "en-US", "flags": 0,
                   "email": None}  # fmt: skip


@route("GET", "/users/{user}", "get_user")
async def get_user(request: Request) -> Answer:
    """Anybody."""
    user = request.world.users.get(request.path["user"])
    if user is None:
        raise RefusedError(10013)
    return user.payload()


@route("GET", "/oauth2/applications/@me", "get_current_bot_application")
@route("GET", "/applications/@me", "get_current_application")
async def get_current_application(request: Request) -> Answer:
    """The application, with the flags of its intents."""
    world = request.world
    owner = next(user for user in world.users.values() if user.id == world.owner)
    return {
        "id": world.application,
        "name": world.users[world.bot].name,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": world.public_key,
        "flags": flags_of(world),
        "owner": owner.payload(),
        "team": None,
        "bot": world.users[world.bot].payload(),
        "approximate_guild_count": sum(guild.present for guild in world.guilds.values()),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "integration_types_config": {"0": {}},
    }


@route("GET", "/users/@me/guilds", "get_current_user_guilds")
async def get_current_user_guilds(request: Request) -> Answer:
    """The guilds that the bot is in, with what it may do there."""
    world = request.world
    limit = request.number("limit", 200, 1, 200)
    there = [guild for guild in world.guilds.values() if guild.present]
    there = [g for g in there if int(g.id) > int(request.query.get("after", 0))][:limit]
    return [
        {"id": guild.id, "name": guild.name, "icon": None, "banner": None,
         "owner": guild.owner == world.bot, "features": ["COMMUNITY"],
         "permissions": str(in_guild(guild, world.bot))}
        for guild in there
    ]  # fmt: skip


@route("DELETE", "/users/@me/guilds/{guild}", "leave_guild")
async def leave_guild(request: Request) -> Answer:
    """Leave."""
    guild = request.guild()
    guild.present = False
    guild.members.pop(request.world.bot)
    guild_left(request.world, guild)
    return None


@route("GET", "/guilds/{guild}", "get_guild")
async def get_guild(request: Request) -> Answer:
    """A guild."""
    guild = request.guild()
    counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
    asked = request.query.get("with_counts", "false") in ("true", "1")
    return guild_json(request.world, guild) | (counts if asked else {})


@route("GET", "/guilds/{guild}/channels", "get_guild_channels")
async def get_guild_channels(request: Request) -> Answer:
    """Its channels, without threads."""
    channels = channels_of(request.world, request.guild())
    return [channel_json(request.world, channel) for channel in channels]


@route("GET", "/guilds/{guild}/threads/active", "list_active_threads")
async def list_active_threads(request: Request) -> Answer:
    """Its active threads that the bot can see."""
    world = request.world
    threads = threads_of(world, request.guild())
    mine = [thread_member_json(t, world.bot) for t in threads if world.bot in t.members]
    return {"threads": [thread_json(world, thread) for thread in threads], "members": mine}


@route("GET", "/guilds/{guild}/roles", "get_guild_roles")
async def get_guild_roles(request: Request) -> Answer:
    """Its roles."""
    return [role_json(role) for role in request.guild().roles.values()]


@route("GET", "/guilds/{guild}/members", "list_guild_members")
async def list_guild_members(request: Request) -> Answer:
    """Its members, where the members intent is switched on."""
    guild = request.guild()
    if not request.world.members_granted:
        raise RefusedError(50001)
    limit, after = request.number("limit", 1, 1, 1000), int(request.query.get("after", 0))
    ordered = sorted(guild.members.values(), key=lambda member: int(member.user))
    page = [member for member in ordered if int(member.user) > after][:limit]
    return [member_json(request.world, member) for member in page]


@route("GET", "/guilds/{guild}/members/{user}", "get_guild_member")
async def get_guild_member(request: Request) -> Answer:
    """One member."""
    guild = request.guild()
    user = request.path["user"].replace("@me", request.world.bot)
    if user not in request.world.users:
        raise RefusedError(10013)
    if user not in guild.members:
        raise RefusedError(10007)
    return member_json(request.world, guild.members[user])


@route("GET", "/channels/{channel}", "get_channel")
async def get_channel(request: Request) -> Answer:
    """A channel of any kind."""
    return channel_json(request.world, request.channel())


# -- application commands ------------------------------------------------------------------


@route("GET", "/applications/{application}/commands", "get_global_commands")
@route("GET", "/applications/{application}/guilds/{guild}/commands", "get_guild_commands")
async def get_commands(request: Request) -> Answer:
    """The commands, global or of a guild."""
    return list(request.world.commands.get(request.path.get("guild", ""), []))


@route("PUT", "/applications/{application}/commands", "bulk_overwrite_global_commands")
@route("PUT", "/applications/{application}/guilds/{guild}/commands",
       "bulk_overwrite_guild_commands")  # fmt: skip
async def bulk_overwrite_commands(request: Request) -> Answer:
    """Set all the commands, global or of a guild."""
    world, where = request.world, request.path.get("guild", "")
    if request.path["application"] != world.application:
        raise RefusedError(50001)
    if where:
        request.guild()
    known = {(one["type"], one["name"]): one for one in world.commands.get(where, [])}
    new = []
    for number, body in enumerate(request.body["list"]):
        check_command(body, str(number))
        old = known.get((body.get("type") or 1, body["name"]))
        if old is None:
            world.creates += 1
            if world.creates > 200:
                raise RefusedError(30034)
        new.append(_command(world, body, where, old))
    world.commands[where] = new
    return list(new)


@route("POST", "/applications/{application}/commands", "create_global_command")
@route("POST", "/applications/{application}/guilds/{guild}/commands", "create_guild_command")
async def create_command(request: Request) -> Answer:
    """Add or replace one command."""
    world, where = request.world, request.path.get("guild", "")
    check_command(request.body, "0")
    there = world.commands.setdefault(where, [])
    kind = request.body.get("type") or 1
    same = [one for one in there if (one["type"], one["name"]) == (kind, request.body["name"])]
    made = _command(world, request.body, where, same[0] if same else None)
    world.commands[where] = [one for one in there if one not in same] + [made]
    return made


@route("DELETE", "/applications/{application}/commands/{command}", "delete_global_command")
@route("DELETE", "/applications/{application}/guilds/{guild}/commands/{command}",
       "delete_guild_command")  # fmt: skip
async def delete_command(request: Request) -> Answer:
    """Take one command away."""
    there = request.world.commands.get(request.path.get("guild", ""), [])
    left = [one for one in there if one["id"] != request.path["command"]]
    if len(left) == len(there):
        raise RefusedError(10063)
    request.world.commands[request.path.get("guild", "")] = left
    return None


def _command(world: World, body: Json, guild: str, old: Json | None) -> Json:
    given: Json = {
        "description": "",
        "options": [],
        "default_member_permissions": None,
        "dm_permission": True,
        "contexts": None,
        "integration_types": [0],
        "nsfw": False,
        **{key: value for key, value in body.items() if value is not None},
        "id": old["id"] if old else world.new_id(),
        "application_id": world.application,
        "version": world.new_id(),
        "type": body.get("type") or 1,
    }
    return given | ({"guild_id": guild} if guild else {})
