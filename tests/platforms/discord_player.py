"""Plays people against a running ``wellspoken serve``: a stand-in Discord and a line to type in.

``python -m tests.platforms.discord_player --port 9200`` prints the environment to start the service
with, waits for it, and then takes lines from the keyboard, a pipe or ``--script FILE``:

    say TEXT            write in the channel (a mention: @wellspoken)
    thread TEXT         write in the thread that was opened on one's last message or post
    reply ID TEXT       reply to a message (ID: an id, "last" for one's own last, "answer")
    dm TEXT             write in the direct message with the bot
    post TITLE | TEXT   post into the forum
    ask TEXT            /ask, in the channel
    command NAME …      a slash command (wellspoken help), with options as NAME=VALUE; …
    about ID            the menu "Ask about this message" on a message
    press ID WHAT       a button by its label, emoji or custom id (ID may also be "answer")
    submit FIELD=TEXT … fill in and send the form that is open (more than one: FIELD=TEXT; …)
    react ID EMOJI      put an emoji on a message; unreact ID EMOJI takes it off
    edit ID TEXT        change one's message; delete ID takes it back
    archive             archive the thread of one's last message
    as NAME             be somebody else (Ada, Bob, and Hope, an expert, who sees "help")
    in CHANNEL          write in another channel (garden, help)
    wait [SECONDS]      wait for the bot to be done with what was asked last (30)
    pause SECONDS       do nothing
    show                everything as people see it
    calls               what the service called, how often
    cut | silent | reconnect | invalidate    what can happen to the gateway
    gap | back          take the gateway away and forget the session; let it come back
    kick | invite       throw the bot out of the guild, and back in
    quit
"""

from __future__ import annotations

import argparse
from collections import Counter

from tests.platforms.discord_gestures import NotAnsweredError, fields_of
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Channel, Message, Modal, User
from tests.platforms.playing import Lines, arguments, last_answer, pairs, perform, start, tell, told


class Player(Lines[User, Channel]):
    """The people and places of the play, and what each line of it does."""

    def __init__(self, discord: DiscordServer) -> None:
        self.discord = discord
        people = [discord.user(name, str(n)) for n, name in enumerate(("Ada", "Bob", "Hope"), 101)]
        self.guild = discord.guild("Garden", people, "200")
        experts = discord.role(self.guild, "Experts", [people[2]], "201")
        garden = discord.channel(self.guild, "garden", "301")
        helpers = discord.channel(self.guild, "help", "302", only=[experts])
        self.forum = discord.forum(self.guild, "questions", ["solved", "answered"], "303")
        super().__init__(
            {user.name: user for user in people},
            {channel.name: channel for channel in (garden, helpers)},
            NotAnsweredError,
            "the application did not respond",
        )
        self.mine: Message | None = None

    # -- writing ---------------------------------------------------------------------------

    async def on_say(self, text: str) -> None:
        """Write in the channel."""
        self.mine = await self.discord.say(self.me, self.here, text)

    async def on_dm(self, text: str) -> None:
        """Write to the bot alone."""
        self.mine = await self.discord.say(self.me, self.discord.dm(self.me), text)

    async def on_thread(self, text: str) -> None:
        """Write in the thread of one's last message."""
        self.mine = await self.discord.say(self.me, self._thread(), text)

    async def on_reply(self, rest: str) -> None:
        """Reply to a message."""
        name, _, text = rest.partition(" ")
        message = self._message(name)
        channel = self.discord.world.channels[message.channel]
        self.mine = await self.discord.say(self.me, channel, text, reply_to=message)

    async def on_post(self, rest: str) -> None:
        """Post into the forum."""
        title, _, text = rest.partition("|")
        post = await self.discord.forum_post(self.me, self.forum, title.strip(), text.strip())
        self.mine = self.discord.message(post.id)

    async def on_edit(self, rest: str) -> None:
        """Change one's message."""
        name, _, text = rest.partition(" ")
        await self.discord.edit(self.me, self._message(name), text)

    async def on_delete(self, name: str) -> None:
        """Take one's message back."""
        await self.discord.delete(self.me, self._message(name))

    async def on_react(self, rest: str) -> None:
        """Put an emoji on a message."""
        name, emoji = rest.split()
        await self.discord.react(self.me, self._message(name), emoji)

    async def on_unreact(self, rest: str) -> None:
        """Take an emoji off a message."""
        name, emoji = rest.split()
        await self.discord.unreact(self.me, self._message(name), emoji)

    async def on_archive(self, _: str) -> None:
        """Archive the thread of one's last message."""
        await self.discord.archive(self._thread())

    # -- pressing and calling --------------------------------------------------------------

    async def on_ask(self, text: str) -> None:
        """Ask for oneself."""
        await self.discord.command(self.me, self.here, "ask", {"question": text})

    async def on_command(self, rest: str) -> None:
        """Call a slash command."""
        words = rest.split(" ")
        name = [word for word in words if "=" not in word and ";" not in word]
        options = rest.removeprefix(" ".join(name))
        await self.discord.command(self.me, self.here, " ".join(name), pairs(options))

    async def on_about(self, name: str) -> None:
        """Choose the menu of a message."""
        await self.discord.context_menu(self.me, self._message(name), "Ask about this message")

    async def on_press(self, rest: str) -> None:
        """Press something in a message."""
        name, _, what = rest.partition(" ")
        await self.discord.press(self.me, self._message(name), what)

    async def on_submit(self, rest: str) -> None:
        """Send the open form."""
        await self.discord.submit(self.me, self._modal(), pairs(rest))

    # -- who, where, when ------------------------------------------------------------------

    async def on_wait(self, seconds: str) -> None:
        """Wait for the answer to what was said last, and for quiet."""
        if self.mine is not None:
            mine = self.mine
            await self.discord.until(lambda: self._answers_to(mine), float(seconds or 30))
        self.watch()

    def _answers_to(self, mine: Message) -> list[Message]:
        return [m for m in self.discord.answers(mine) if m.final]

    # -- what happens to the line ----------------------------------------------------------

    async def on_cut(self, _: str) -> None:
        """Cut the connections."""
        self.discord.cut_sockets()

    async def on_silent(self, _: str) -> None:
        """Make the connections silent."""
        self.discord.go_silent()

    async def on_reconnect(self, _: str) -> None:
        """Ask the service to reconnect."""
        self.discord.reconnect()

    async def on_invalidate(self, _: str) -> None:
        """Invalidate the session."""
        self.discord.invalidate()

    async def on_gap(self, _: str) -> None:
        """Take the gateway away, and forget the session."""
        self.discord.close_gateway(forget=True)

    async def on_back(self, _: str) -> None:
        """Let the gateway come back."""
        self.discord.open_gateway()

    async def on_kick(self, _: str) -> None:
        """Throw the bot out."""
        await self.discord.kick(self.guild)

    async def on_invite(self, _: str) -> None:
        """Let the bot in again."""
        await self.discord.invite(self.guild)

    # -- seeing ----------------------------------------------------------------------------

    async def on_show(self, _: str) -> None:
        """Show everything as people see it."""
        for channel in self.discord.world.channels.values():
            for message in channel.standing():
                tell(self._told(message))
        for message in self.discord.world.hidden:
            tell(self._told(message))

    async def on_calls(self, _: str) -> None:
        """Show what the service called."""
        counted = Counter(
            f"{c.name} {c.status if c.status >= 300 else ''} {c.code or ''}".strip()
            for c in self.discord.calls
        )
        for name, number in sorted(counted.items()):
            tell(f"  {number:4} {name}")

    def watch(self) -> None:
        """Print what is new or other than before."""
        world = self.discord.world
        every = [m for channel in world.channels.values() for m in channel.messages.values()]
        for message in [*every, *world.hidden]:
            look = (f"{message.shown} {message.buttons} {message.reactions}", message.deleted)
            settled = message.final or message.deleted or message.author != world.bot
            if self._seen.get(message.id) != look and (settled or message.id not in self._seen):
                self._seen[message.id] = look
                tell(self._told(message))
        for modal in self.discord.modals:
            self._once(modal.id, f"  form {modal.title!r} asks {fields_of(modal)}")
        for typing in world.typings:
            where = world.channels[typing.channel].name or "direct"
            self._once(f"typing {typing.at}", f"  typing in {where}")
        for post in self.discord.threads(self.forum):
            tags = self.discord.tags(post)
            self._once(f"{post.id} {tags}", f"  post {post.name!r} has tags {tags}")

    def _told(self, message: Message) -> str:
        world = self.discord.world
        channel = world.channels[message.channel]
        own = message.author == world.bot
        marks = [
            "thinking" if message.loading else "",
            "deleted" if message.deleted else "",
            "edited" if message.edited else "",
            f"type {message.type}" if message.type in (18, 21) else "",
            f"to {message.reference}" if message.type == 19 else "",
            f"only for {world.users[message.only_for].name}" if message.only_for else "",
            f"pings {sorted(message.pings)}" if message.pings and own else "",
        ]
        place = "direct" if channel.direct else f"#{channel.name}"
        sigil = "↳ " if channel.is_thread else ""
        head = f"{message.id} {place} {sigil}{world.users[message.author].name}"
        return told(head, marks, message.shown, message)

    def _message(self, name: str) -> Message:
        """A message by its id, ``last`` (one's own) or ``answer`` (the bot's last that rests)."""
        if name == "last":
            if self.mine is None:
                raise LookupError("nothing said yet")
            return self.mine
        if name != "answer":
            return self.discord.message(name)
        channels = self.discord.world.channels.values()
        answers = [m for channel in channels for m in self.discord.answers(channel)]
        answers += self.discord.ephemerals(self.me)
        return last_answer(answers, lambda message: int(message.id))

    def _thread(self) -> Channel:
        mine = self._message("last")
        there = self.discord.world.channels[mine.channel]
        thread = there if there.is_thread else self.discord.thread_of(mine)
        if thread is None:
            raise LookupError("no thread was opened on it")
        return thread

    def _modal(self) -> Modal:
        opened = [m for m in self.discord.modals if m.user == self.me.id and not m.closed]
        if not opened:
            raise LookupError("no form is open")
        return opened[-1]


async def run(given: argparse.Namespace, script: str | None) -> None:
    """Play until the lines end."""
    content, members = not given.no_content, given.members
    async with DiscordServer(port=given.port, content=content, members=members) as discord:
        tell(f"export DISCORD_API_URL={discord.url}")
        tell(f"export DISCORD_TOKEN={discord.token}")
        player = Player(discord)
        places = [*player.channels.values(), player.forum]
        named = ", ".join(f"{place.name} ({place.id})" for place in places)
        tell(f"# people: {', '.join(player.people)}; channels: {named}; role Experts (201)")
        if given.await_service:
            tell("# waiting for the service to connect")
            await discord.connected(timeout=given.await_service)
        await perform(player, script)


def main() -> None:
    """Read the arguments and play."""
    parser = arguments(__doc__, 9200)
    parser.add_argument("--no-content", action="store_true", help="without the content intent")
    parser.add_argument("--members", action="store_true", help="with the members intent")
    start(run, parser)


if __name__ == "__main__":
    main()
