"""The application commands: what people find when they type a slash or open a message's menu."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import discord
from discord import app_commands

from adapters.discord.faults import fault_of
from adapters.discord.interactions import Interactions
from bot.telemetry import log

_OUT_OF_DATE: Final = "I don't have this command any more. Reload Discord, then it's up to date."
ABOUT_MESSAGE: Final = "Ask about this message"
_DESCRIBED: Final = {
    "help": "What I do and how to ask",
    "sources": "What I know, as far as you may see it",
    "forget-me": "Erase what I keep of you",
    "opt-out": "Don't use what I write to improve the bot",
    "opt-in": "What I write may be used to improve the bot",
}
_THREADS: Final = {
    "mute": "Stay quiet in this thread",
    "unmute": "Listen in this thread again",
}

Interaction = discord.Interaction[Any]


class Tree(app_commands.CommandTree[Any]):
    """Our commands. What reaches them they answer themselves."""

    async def on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """A command that an app of Discord's still shows and we no longer have."""
        log.warning("Discord: a command is not known", error=type(error).__name__)
        try:
            await interaction.response.send_message(_OUT_OF_DATE, ephemeral=True)
        except (discord.DiscordException, OSError, TimeoutError) as failed:
            log.warning("Discord: nobody could be told", error=type(failed).__name__)


def build_tree(client: discord.Client, answers: Interactions) -> Tree:
    """The commands, in servers and in direct messages with the bot."""
    tree = Tree(
        client,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )

    @tree.command(name="ask", description="Ask a question; only you see the answer")
    @app_commands.describe(question="What you want to know")
    async def ask(interaction: Interaction, question: app_commands.Range[str, 1, 2000]) -> None:
        await answers.ask(interaction, question)

    @tree.context_menu(name=ABOUT_MESSAGE)
    async def about(interaction: Interaction, message: discord.Message) -> None:
        await answers.about_message(interaction, message)

    tree.add_command(_group(answers))
    return tree


def _group(answers: Interactions) -> app_commands.Group:
    group = app_commands.Group(name="wellspoken", description="About me, and what I keep of you")
    for name, description in _DESCRIBED.items():
        group.add_command(_plain(answers, name, description))
    for name, description in _THREADS.items():
        group.add_command(_about_thread(answers, name, description))
    return group


def _plain(
    answers: Interactions, name: str, description: str
) -> app_commands.Command[Any, Any, Any]:
    async def run(interaction: Interaction) -> None:
        await answers.command(interaction, name)

    return app_commands.Command(name=name, description=description, callback=run)


def _about_thread(
    answers: Interactions, name: str, description: str
) -> app_commands.Command[Any, Any, Any]:
    @app_commands.describe(link="Another thread: a link to a message in it")
    async def run(interaction: Interaction, link: str | None = None) -> None:
        await answers.command(interaction, name, link or "")

    return app_commands.Command(name=name, description=description, callback=run)


async def publish(tree: Tree, client: discord.Client) -> bool:
    """Register the commands with Discord where it has others; whether that was needed. Raises
    ChatError. Discord allows 200 new ones a day."""
    application = client.application_id
    assert application is not None
    try:
        try:
            there = await client.http.get_global_commands(application)
        except discord.NotFound:  # none were ever registered
            there = []
        wanted = [command.to_dict(tree) for command in tree.get_commands()]
        if same_commands(there, wanted):
            return False
        await tree.sync()
    except (discord.DiscordException, OSError, TimeoutError) as error:
        raise fault_of("register commands", "", error) from None
    log.info("Discord: the commands are registered", commands=len(wanted))
    return True


def same_commands(there: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether Discord has these commands and no others. It adds ids and leaves out what is as
    usual."""
    known = {(one.get("type", 1), one["name"]): one for one in there}
    ours = {(one.get("type", 1), one["name"]): one for one in wanted}
    return known.keys() == ours.keys() and all(_holds(known[key], ours[key]) for key in ours)


def _holds(there: object, wanted: object) -> bool:
    """Whether what Discord has says the same as what we want."""
    if isinstance(wanted, Mapping):
        given = there if isinstance(there, Mapping) else {}
        return all(_holds(given.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, (list, tuple)):
        given_list = there if isinstance(there, (list, tuple)) else ()
        return len(given_list) == len(wanted) and all(map(_holds, given_list, wanted))
    return there == wanted or (not wanted and not there)
