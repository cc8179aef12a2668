"""Commands, menus, buttons and forms of the stand-in Discord work with the real discord.py."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, Self

import pytest
from discord import ButtonStyle, Interaction, InteractionType, Message, TextStyle, app_commands, ui

from tests.platforms.discord_app import App, connected, refused
from tests.platforms.discord_gestures import NotAnsweredError, fields_of
from tests.platforms.discord_server import DiscordServer


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


class Reason(ui.Modal, title="What was wrong?"):
    """A form with two labelled fields."""

    reason: ui.Label[Any] = ui.Label(text="Reason", component=ui.TextInput(custom_id="reason"))
    better: ui.Label[Any] = ui.Label(
        text="A better answer",
        component=ui.TextInput(
            custom_id="better", style=TextStyle.paragraph, max_length=4000, required=False
        ),
    )

    def __init__(self) -> None:
        super().__init__(custom_id="reason:t1")

    async def on_submit(self, interaction: Interaction) -> None:
        component = self.reason.component
        assert isinstance(component, ui.TextInput)
        await interaction.response.send_message(f"Noted: {component.value}", ephemeral=True)


class Thumb(ui.DynamicItem[ui.Button[ui.View]], template=r"fb:(?P<side>up|down):(?P<turn>\w+)"):
    """A thumb under an answer that works after a restart."""

    def __init__(self, side: str, turn: str) -> None:
        emoji = {"up": "👍", "down": "👎"}[side]
        super().__init__(ui.Button(emoji=emoji, custom_id=f"fb:{side}:{turn}"))
        self.side = side

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: ui.Item[Any], match: re.Match[str]
    ) -> Self:
        return cls(match["side"], match["turn"])

    async def callback(self, interaction: Interaction) -> None:
        if self.side == "down":
            await interaction.response.send_modal(Reason())
        else:
            await interaction.response.defer()


async def test_a_command_is_answered_to_its_caller_alone(discord: DiscordServer) -> None:
    """Deferred, edited and continued, an ephemeral answer is seen by the caller, not in history."""
    ada = discord.user("Ada")
    guild = discord.guild("Garden", [ada])
    roses = discord.channel(guild, "roses")
    app, heard = App(), []
    app.sync = True

    @app.event
    async def on_message(message: Message) -> None:
        heard.append(message)

    @app.tree.command(description="Ask")
    @app_commands.describe(question="What you want to know")
    async def ask(interaction: Interaction, question: str) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        await interaction.edit_original_response(content=f"{question}: at night")
        await interaction.followup.send("And in the morning", ephemeral=True)

    async with connected(discord, app):
        gesture = await discord.command(ada, roses, "ask", {"question": "When?"})
        await discord.until(lambda: len(discord.ephemerals(ada)) == 2)
        await discord.until(lambda: len(heard) == 2)
        with pytest.raises(AssertionError, match="Discord asks for 'question'"):
            await discord.command(ada, roses, "ask")
    assert gesture.answer == 5
    assert [m.shown for m in discord.ephemerals(ada)] == ["When?: at night", "And in the morning"]
    assert [m.shown for m in gesture.followups] == ["And in the morning"]
    assert discord.messages(roses) == []
    assert {(m.guild, m.author.id) for m in heard} == {(None, int(discord.bot.id))}


async def test_subcommands_and_menus_reach_the_app(discord: DiscordServer) -> None:
    """A subcommand comes by its path; a message's menu brings its words without any intent."""
    discord.world.content_granted = False
    ada, bob = discord.user("Ada"), discord.user("Bob")
    guild = discord.guild("Garden", [ada, bob])
    roses = discord.channel(guild, "roses")
    app, heard = App(content=False), []
    app.sync = True
    group = app_commands.Group(name="wellspoken", description="The bot")
    app.tree.add_command(group)

    @app.event
    async def on_message(message: Message) -> None:
        heard.append(message.content)

    @group.command(name="help", description="Help")
    async def help_(interaction: Interaction) -> None:
        await interaction.response.send_message("Ask me", ephemeral=True)

    @app.tree.context_menu(name="Ask about this message")
    async def about(interaction: Interaction, message: Message) -> None:
        await interaction.response.send_message(f"You said {message.content}")

    async with connected(discord, app):
        said = await discord.say(bob, roses, "my roses")
        help_given = await discord.command(ada, roses, "wellspoken help")
        gesture = await discord.context_menu(ada, said, "Ask about this message")
        await discord.until(lambda: len(heard) == 3)
    assert help_given.message is not None
    assert help_given.message.only_for == ada.id
    assert gesture.message is not None
    assert gesture.message.shown == "You said my roses"
    assert heard[0] == ""
    assert discord.messages(roses)[-1] is gesture.message


async def test_a_button_works_after_a_restart(discord: DiscordServer) -> None:
    """Another process knows a dynamic button by its id; the form it opens is filled in and sent."""
    ada = discord.user("Ada")
    guild = discord.guild("Garden", [ada])
    roses = discord.channel(guild, "roses")
    view = ui.View(timeout=None)
    view.add_item(Thumb("up", "t1"))
    view.add_item(Thumb("down", "t1"))
    view.add_item(ui.Button(label="Source", style=ButtonStyle.link, url="https://x.test"))
    async with connected(discord, first := App()):
        channel: Any = first.get_channel(int(roses.id))
        await channel.send("At night", view=view)
    second = App()
    second.add_dynamic_items(Thumb)
    async with connected(discord, second):
        (answer,) = discord.answers(roses)
        assert answer.buttons == ["👍", "👎", "Source"]
        up = await discord.press(ada, answer, "👍")
        down = await discord.press(ada, answer, "fb:down:t1")
        assert (up.answer, down.answer) == (6, 9)
        modal = down.modal
        assert modal is not None
        assert fields_of(modal) == ["Reason", "A better answer"]
        with pytest.raises(AssertionError, match="Discord asks to fill in 'Reason'"):
            await discord.submit(ada, modal, {})
        sent = await discord.submit(ada, modal, {"Reason": "too short", "better": "At night!"})
    assert modal.closed
    assert sent.message is not None
    assert sent.message.shown == "Noted: too short"
    with pytest.raises(AssertionError, match="is a link"):
        await discord.press(ada, answer, "Source")


async def test_a_form_outlives_its_process_for_who_listens(discord: DiscordServer) -> None:
    """After a restart a form comes as a raw interaction, and without an answer it stays open."""
    ada = discord.user("Ada")
    guild = discord.guild("Garden", [ada])
    roses = discord.channel(guild, "roses")
    view = ui.View(timeout=None)
    view.add_item(Thumb("down", "t1"))
    first = App()
    first.add_dynamic_items(Thumb)
    async with connected(discord, first):
        channel: Any = first.get_channel(int(roses.id))
        await channel.send("At night", view=view)
        modal = (await discord.press(ada, discord.answers(roses)[0], "👎")).modal
    assert modal is not None
    async with connected(discord, second := App()):
        with pytest.raises(NotAnsweredError):
            await discord.submit(ada, modal, {"Reason": "short"})
        assert not modal.closed

        @second.event
        async def on_interaction(interaction: Interaction) -> None:
            assert interaction.type is InteractionType.modal_submit
            data: Any = interaction.data
            texts = [one["component"]["value"] for one in data["components"]]
            await interaction.response.send_message(f"{data['custom_id']} {texts}")

        sent = await discord.submit(ada, modal, {"Reason": "short"})
    assert sent.message is not None
    assert sent.message.shown == "reason:t1 ['short', '']"


async def test_responses_have_their_time(discord: DiscordServer) -> None:
    """Too late, twice, and after a quarter of an hour are refused, each with its code."""
    ada = discord.user("Ada")
    guild = discord.guild("Garden", [ada])
    roses = discord.channel(guild, "roses")
    app, codes = App(), []
    app.sync = True

    @app.tree.command(description="Late")
    async def late(interaction: Interaction) -> None:
        discord.shift_time(4)
        codes.append(await refused(interaction.response.defer()))

    @app.tree.command(description="Twice")
    async def twice(interaction: Interaction) -> None:
        await interaction.response.send_message("once")
        interaction.response._response_type = None
        codes.append(await refused(interaction.response.send_message("again")))
        discord.shift_time(901)
        codes.append(await refused(interaction.edit_original_response(content="old")))
        codes.append(await refused(interaction.followup.send("old")))

    async with connected(discord, app):
        await discord.command(ada, roses, "late", wait=False)
        await discord.until(lambda: len(codes) == 1)
        await discord.command(ada, roses, "twice")
        await discord.until(lambda: len(codes) == 4)
    assert codes == [10062, 40060, 50027, 50027]


async def test_a_press_can_change_its_message(discord: DiscordServer) -> None:
    """An update takes the buttons away, and a greyed out button cannot be pressed."""
    ada = discord.user("Ada")
    direct = discord.dm(ada)
    app = App()

    class Offer(ui.View):
        """A button that goes when it was pressed."""

        @ui.button(label="Ask a person", custom_id="handoff")
        async def handoff(self, interaction: Interaction, _: ui.Button[Self]) -> None:
            await interaction.response.edit_message(content="Asked", view=None)

        @ui.button(label="Never", custom_id="never", disabled=True)
        async def never(self, interaction: Interaction, _: ui.Button[Self]) -> None:
            raise AssertionError

    async with connected(discord, app):
        user = await app.fetch_user(int(ada.id))
        await user.send("I do not know", view=Offer(timeout=None))
        (answer,) = discord.answers(direct)
        with pytest.raises(AssertionError, match="greyed out"):
            await discord.press(ada, answer, "Never")
        gesture = await discord.press(ada, answer, "Ask a person")
    assert gesture.answer == 7
    assert gesture.message is answer
    assert (answer.shown, answer.buttons) == ("Asked", [])
