"""The table of permissions is exactly what is needed: none is missing, none is too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.discord.permissions import PERMISSIONS
from tests.platforms.discord_service import Garden, serving

ALL = tuple(use.name.upper() for use in PERMISSIONS)
_REFUSED = {50001, 50013, 160002}


def garden_with(*permissions: str) -> Garden:
    """A server whose bot may do this and nothing else: it is everyone else who may do the rest."""
    discord = Garden()
    discord.garden.roles[discord.garden.id].permissions = 0
    discord.empower(discord.garden, discord.bot_role(discord.garden), *permissions)
    people = discord.role(discord.garden, "people", [discord.ada, discord.ben], permissions=ALL)
    discord.empower(discord.garden, people, *ALL, "USE_APPLICATION_COMMANDS", "ADD_REACTIONS")
    return discord


async def visit(discord: Garden, home: Path, *, thread: bool) -> list[int]:
    """A mention and a forum post, each answered as far as that is allowed; the codes of what was
    refused."""
    forum = discord.forum(discord.garden, "help", ["Answered", "Solved"])
    channels = {"*": {"thread": thread}, f"discord:{forum.id}": {"reply_when": "always"}}
    async with discord, serving(discord, home, channels=channels) as scene:
        post = await discord.forum_post(discord.ada, forum, "Which soil?", "For roses.")
        await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        await scene.handled(2)
        if discord.answers(post):
            await discord.press(discord.ada, discord.answers(post)[0], "Solved")
            await scene.rest()
    return [call.code for call in discord.calls if call.code in _REFUSED]


@pytest.mark.parametrize("thread", [True, False])
async def test_the_table_is_enough(tmp_path: Path, thread: bool) -> None:
    """With exactly these permissions nothing is refused."""
    assert await visit(garden_with(*ALL), tmp_path, thread=thread) == []


@pytest.mark.parametrize("missing", [one for one in ALL if one != "VIEW_CHANNEL"])
async def test_each_permission_is_needed(tmp_path: Path, missing: str) -> None:
    """Without one of them something is refused, in a thread or in the channel."""
    left = [one for one in ALL if one != missing]
    in_thread = missing not in ("SEND_MESSAGES", "READ_MESSAGE_HISTORY")
    assert await visit(garden_with(*left), tmp_path, thread=in_thread)
