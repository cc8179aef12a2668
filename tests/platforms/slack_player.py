"""Plays people against a running ``wellspoken serve``: a stand-in Slack and a line to type in.

``python -m tests.platforms.slack_player --port 9100`` prints the environment to start the service
with, waits for it, and then takes lines from the keyboard, a pipe or ``--script FILE``:

    say TEXT            write in the channel (a mention: @wellspoken)
    reply TS TEXT       write in the thread of a message (TS: a ts, or "last" for one's own last)
    dm TEXT             write in the direct message with the bot
    ask TEXT            /ask, in the channel
    command /X TEXT     any slash command
    about TS            the message shortcut on a message ("last" too; callback id by --shortcut)
    press TS WHAT       up, down, or a button's label or action id; TS may also be "answer" (the
                        bot's last), "home" or "modal"
    submit FIELD=TEXT … fill in and send the modal that is open (more than one: FIELD=TEXT; …)
    react TS NAME       put an emoji on a message (+1, -1); unreact TS NAME takes it off
    edit TS TEXT        change one's message; delete TS takes it back
    home [messages]     open the App Home or the Messages tab
    as NAME             be somebody else (Ada, Bob, and Hope who sees the handoff channel)
    in CHANNEL          write in another channel (garden, help)
    wait [SECONDS]      wait for the bot to be done with what was asked last (30)
    pause SECONDS       do nothing
    show                everything as people see it
    calls               what the service called, how often
    cut | silent | disconnect    cut the connections, make them silent, ask to reconnect
    quit
"""

from __future__ import annotations

import argparse
from collections import Counter

from tests.platforms.playing import Lines, arguments, last_answer, pairs, perform, start, tell, told
from tests.platforms.slack_outbox import NotDeliveredError
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_state import Channel, Message, User, View

_HTTP = "/slack/events"


class Player(Lines[User, Channel]):
    """The people and places of the play, and what each line of it does."""

    def __init__(self, slack: SlackServer, shortcut: str) -> None:
        self.slack = slack
        self.shortcut = shortcut
        ada, bob, hope = (slack.user(f"U{n}", n.title()) for n in ("ADA", "BOB", "HOPE"))
        garden = slack.channel("CGARDEN", "garden", [ada, bob, hope])
        helpers = slack.channel("CHELP", "help", [hope])
        super().__init__(
            {user.name: user for user in (ada, bob, hope)},
            {channel.name: channel for channel in (garden, helpers)},
            NotDeliveredError,
            "the service did not acknowledge",
        )
        self.asked: tuple[Channel, str] | None = None
        self.mine = ""

    # -- writing ---------------------------------------------------------------------------

    async def _say(self, channel: Channel, text: str, thread_ts: str = "") -> None:
        if not channel.direct and self.me.id not in channel.members:
            raise ValueError(f"{self.me.name} is not in {channel.name}")
        self.mine = await self.slack.say(self.me, channel, text, thread_ts or None)
        self.asked = (channel, thread_ts or self.mine)

    async def on_say(self, text: str) -> None:
        """Write in the channel."""
        await self._say(self.here, text)

    async def on_dm(self, text: str) -> None:
        """Write to the bot alone."""
        await self._say(self.slack.dm(self.me), text)

    async def on_reply(self, rest: str) -> None:
        """Write in a thread."""
        name, _, text = rest.partition(" ")
        message = self._message(name)
        channel = self.slack.world.channels[message.channel]
        await self._say(channel, text, message.thread_ts or message.ts)

    async def on_edit(self, rest: str) -> None:
        """Change one's message."""
        name, _, text = rest.partition(" ")
        await self.slack.edit(self.me, self._message(name).ts, text)

    async def on_delete(self, name: str) -> None:
        """Take one's message back."""
        await self.slack.delete(self.me, self._message(name).ts)

    async def on_react(self, rest: str) -> None:
        """Put an emoji on a message."""
        name, emoji = rest.split()
        await self.slack.react(self.me, self._message(name).ts, emoji)

    async def on_unreact(self, rest: str) -> None:
        """Take an emoji off a message."""
        name, emoji = rest.split()
        await self.slack.unreact(self.me, self._message(name).ts, emoji)

    # -- pressing and calling --------------------------------------------------------------

    async def on_ask(self, text: str) -> None:
        """Ask for oneself."""
        await self.slack.command(self.me, self.here, "/ask", text)

    async def on_command(self, rest: str) -> None:
        """Call a slash command."""
        name, _, text = rest.partition(" ")
        await self.slack.command(self.me, self.here, name, text)

    async def on_about(self, name: str) -> None:
        """Choose the message shortcut."""
        message = self._message(name)
        await self.slack.shortcut(self.me, message.ts, self.shortcut)
        self.asked = (self.slack.world.channels[message.channel], message.thread_ts or message.ts)

    async def on_press(self, rest: str) -> None:
        """Press something in a message, the App Home ("home") or the modal ("modal")."""
        name, _, what = rest.partition(" ")
        if name == "home":
            await self.slack.press(self.me, self.slack.homes[self.me.id], what)
        elif name == "modal":
            await self.slack.press(self.me, self._modal(), what)
        else:
            await self.slack.press(self.me, self._message(name), what)

    async def on_submit(self, rest: str) -> None:
        """Send the open modal."""
        view = self._modal()
        await self.slack.submit(self.me, view, pairs(rest))
        tell(f"  modal {'refused: ' + str(view.errors) if view.errors else 'sent'}")

    async def on_home(self, tab: str) -> None:
        """Open a tab of the app."""
        await self.slack.open_home(self.me, tab or "home", context=self.here)

    # -- who, where, when ------------------------------------------------------------------

    async def on_wait(self, seconds: str) -> None:
        """Wait for the answer to what was said last, and for quiet."""
        if self.asked is not None:
            channel, thread_ts = self.asked
            mine = float(self.mine or 0)
            await self.slack.until(
                lambda: any(
                    answer.final and answer.at > mine
                    for answer in self.slack.answers(channel, thread_ts)
                ),
                float(seconds or 30),
            )
        self.watch()

    # -- seeing ----------------------------------------------------------------------------

    async def on_show(self, _: str) -> None:
        """Show everything as people see it."""
        for channel in self.slack.world.channels.values():
            for message in self.slack.messages(channel):
                if message.thread_ts in ("", message.ts):
                    for one in self.slack.messages(channel, message.ts):
                        tell(self._told(one))
        for message in self.slack.world.hidden:
            tell(self._told(message))
        for home in self.slack.homes.values():
            tell(f"home of {home.user}")
            tell("\n".join(f"    {line}" for line in home.shown.splitlines()))
            tell(f"    [{'] ['.join(home.buttons)}]")
        for prompts in self.slack.world.prompts.values():
            tell(f"prompts: {[prompt['title'] for prompt in prompts['prompts']]}")

    async def on_calls(self, _: str) -> None:
        """Show what the service called."""
        counted = Counter(f"{c.method} {c.error}".strip() for c in self.slack.calls)
        for name, number in sorted(counted.items()):
            tell(f"  {number:4} {name}")

    async def on_cut(self, _: str) -> None:
        """Cut the connections."""
        self.slack.cut_sockets()

    async def on_silent(self, _: str) -> None:
        """Make the connections silent."""
        self.slack.go_silent()

    async def on_disconnect(self, _: str) -> None:
        """Ask the service to reconnect."""
        await self.slack.disconnect()

    def watch(self) -> None:
        """Print what is new or other than before."""
        for channel in self.slack.world.channels.values():
            for message in channel.messages.values():
                self._notice(message)
        for message in self.slack.world.hidden:
            self._notice(message)
        for view in self.slack.views_opened:
            labels = [block.get("label", {}).get("text") for block in view.view["blocks"]]
            self._once(view.id, f"  modal {view.view['title']['text']!r} asks {labels}")
        for status in self.slack.statuses:
            self._once(
                f"status {status.at}", f"  status {status.status!r} {status.loading_messages}"
            )

    def _notice(self, message: Message) -> None:
        if message.streaming and message.ts in self._seen:
            return  # told once as begun, then when it is done
        look = (f"{message.shown} {message.buttons} {message.reactions}", message.deleted)
        if self._seen.get(message.ts) != look:
            self._seen[message.ts] = look
            tell(self._told(message))

    def _told(self, message: Message) -> str:
        who = self.slack.world.users[message.user].name
        where = self.slack.world.channels[message.channel]
        place = "direct" if where.direct else f"#{where.name}"
        marks = [
            "streaming" if message.streaming else "",
            "deleted" if message.deleted else "",
            "edited" if message.edited else "",
            f"only for {message.only_for}" if message.only_for else "",
            f"pings {sorted(message.pings)}" if message.pings and message.bot_id else "",
            "unfurls" if message.unfurls and message.bot_id else "",
        ]
        head = f"{message.ts} {place} {'↳ ' if message.thread_ts else ''}{who}"
        words = message.shown
        for user in self.slack.world.users.values():
            words = words.replace(f"@{user.id}", f"@{user.name}")
        return told(head, marks, words, message)

    def _message(self, name: str) -> Message:
        """A message by its ts, ``last`` (one's own) or ``answer`` (the bot's last that rests)."""
        if name == "last":
            return self.slack.message(self.mine)
        if name != "answer":
            return self.slack.message(name)
        channels = self.slack.world.channels.values()
        answers = [m for channel in channels for m in self.slack.answers(channel)]
        answers += self.slack.ephemerals(self.me)
        return last_answer(answers, lambda message: message.at)

    def _modal(self) -> View:
        opened = [v for v in self.slack.views_opened if v.user == self.me.id and not v.closed]
        if not opened:
            raise LookupError("no modal is open")
        return opened[-1]


def environment(slack: SlackServer, request_url: str | None) -> dict[str, str]:
    """What to start the service with; the signing secret in HTTP mode, else the app token."""
    way = {"SLACK_APP_TOKEN": slack.app_token}
    if request_url is not None:
        way = {"SLACK_SIGNING_SECRET": slack.signing_secret}
    return {"SLACK_API_URL": slack.url, "SLACK_BOT_TOKEN": slack.bot_token, **way}


async def run(given: argparse.Namespace, script: str | None) -> None:
    """Play until the lines end."""
    async with SlackServer(port=given.port, request_url=given.request_url) as slack:
        for name, value in environment(slack, given.request_url).items():
            tell(f"export {name}={value}")
        player = Player(slack, given.shortcut)
        tell(f"# people: {', '.join(player.people)}; channels: CGARDEN (garden), CHELP (help)")
        if given.request_url is None and given.await_service:
            tell("# waiting for the service to connect")
            await slack.connected(timeout=given.await_service)
        await perform(player, script)


def main() -> None:
    """Read the arguments and play."""
    parser = arguments(__doc__, 9100)
    parser.add_argument("--request-url", help=f"HTTP mode: the service's address with {_HTTP}")
    parser.add_argument("--shortcut", default="ask_about_this_message", help="its callback id")
    start(run, parser)


if __name__ == "__main__":
    main()
