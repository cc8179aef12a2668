"""What Discord's events say, in the house's words. Pure: discord.py's objects in, ours out.

A place is named by the channel in which things happen and, within it, the thread::

    in a text channel      workspace=guild  channel=channel          thread=""
    in a thread            workspace=guild  channel=its parent       thread=thread
    a forum post's first   workspace=guild  channel=forum            thread=""   (home: the post)
    in a direct message    workspace=""     channel=channel          thread=""   kind=DIRECT

The thread that is made for a message has the message's id, so that ``Heard.home`` of a question is
the place of the follow-ups in its thread, as everywhere else; settings and rights of a thread are
those of ``channel``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import discord

from adapters.chat.answering import BOT
from adapters.chat.base import ChannelKind, FileRef, Heard, Place, Reaction
from bot.conversation import Author, Platform

POST: Final = "post"
"""In ``Heard.extra`` of what is said in a forum post: ``first`` for the post itself, whose thread
exists already, ``reply`` for what follows."""
INTERACTION, TOKEN, APPLICATION = "interaction", "token", "application"
"""In ``Heard.extra`` of a private question: what is needed to answer it within 15 minutes. It may
be taken up a moment before the interaction is acknowledged."""

Channel = Any
"""What discord.py calls a messageable channel."""

_SAID_BY_PEOPLE: Final = (discord.MessageType.default, discord.MessageType.reply)
_FORUMS: Final = (discord.ChannelType.forum, discord.ChannelType.media)
_MENTION: Final = re.compile(r"<(@[!&]?|#)(\d+)>")
_EMOJI: Final = re.compile(r"<a?:(\w+):\d+>")
_THUMBS: Final = {"👍": True, "👎": False}
_SKINS: Final = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")
_LINK: Final = re.compile(r"/channels/(\d+|@me)/(\d+)(?:/(\d+))?")


def author_of(user: discord.abc.User) -> Author:
    """A person, by the name that people see."""
    return Author(Platform.DISCORD, str(user.id), user.display_name)


def place_of(channel: Channel, guild: int | None) -> Place:
    """Where something happens; ``channel`` is a channel or thread that is known as such."""
    if guild is None:
        kind = ChannelKind.GROUP if _is_group(channel) else ChannelKind.DIRECT
        return Place(Platform.DISCORD, "", str(channel.id), kind=kind)
    if isinstance(channel, discord.Thread):
        return Place(Platform.DISCORD, str(guild), str(channel.parent_id), thread=str(channel.id))
    return Place(Platform.DISCORD, str(guild), str(channel.id))


def _is_group(channel: Channel) -> bool:
    return getattr(channel, "type", None) is discord.ChannelType.group


def in_forum(channel: Channel) -> bool:
    """Whether it is a forum post."""
    if not isinstance(channel, discord.Thread) or channel.parent is None:
        return False
    return channel.parent.type in _FORUMS


def said_by_a_person(message: discord.Message, us: int) -> bool:
    """Whether it is what a person wrote: not ours, no other bot's, none of Discord's own lines
    (like "started a thread"). Ephemeral messages of ours come back without a guild, too."""
    return (
        message.author.id != us
        and not message.author.bot
        and message.webhook_id is None
        and message.type in _SAID_BY_PEOPLE
    )


def heard_of_message(message: discord.Message, us: int) -> Heard:
    """What a person wrote. Where Discord withholds the content, ``text`` is empty."""
    channel, guild = message.channel, message.guild.id if message.guild else None
    place, text = place_of(channel, guild), plain_text(message, us)
    replied = message.reference if _replies_to(message, us) == BOT else None
    extra: dict[str, str] = {}
    if isinstance(channel, discord.Thread) and in_forum(channel):
        first = message.id == channel.id
        extra[POST] = "first" if first else "reply"
        if first:  # its title is half of the question
            place = place_of(channel.parent, guild)
            text = f"{channel.name}\n\n{text}".strip()
    return Heard(
        place,
        str(message.id),
        author_of(message.author),
        text,
        message.edited_at or message.created_at,
        for_bot=is_for_bot(message, us),
        mentions=tuple(str(u.id) for u in message.mentions if u.id != us and _named(message, u)),
        replies_to="" if _is_named(message, us) else _replies_to(message, us),
        answer=str(replied.message_id) if replied else "",
        edited=message.edited_at is not None,
        files=files_of(message.attachments),
        extra=extra,
    )


def is_for_bot(message: discord.Message, us: int) -> bool:
    """Whether it mentions the bot, as a person or by its own role, or replies to it."""
    return (
        _is_named(message, us)
        or any(user.id == us for user in message.mentions)
        or _replies_to(message, us) == BOT
    )


def _is_named(message: discord.Message, us: int) -> bool:
    """Whether the bot is mentioned in words."""
    own = message.guild.self_role if message.guild else None
    return us in message.raw_mentions or (own is not None and own.id in message.raw_role_mentions)


def _named(message: discord.Message, user: discord.abc.User) -> bool:
    """Whether a person is mentioned in words; a reply mentions its target without any."""
    return user.id in message.raw_mentions or not message.content


def _replies_to(message: discord.Message, us: int) -> str:
    """The key of the author of the message that is replied to."""
    answered = message.reference.resolved if message.reference else None
    if message.type is not discord.MessageType.reply or not isinstance(answered, discord.Message):
        return ""
    return BOT if answered.author.id == us else author_of(answered.author).key


def is_withheld(message: discord.Message) -> bool:
    """Whether the content is blank as it is without the message content intent."""
    return not (
        message.content
        or message.attachments
        or message.embeds
        or message.stickers
        or message.message_snapshots
        or message.poll
    )


def plain_text(message: discord.Message, us: int) -> str:
    """The words as plain Markdown: names for mentions, none for the bot's own."""
    content = message.content
    if not content and message.message_snapshots:
        content = message.message_snapshots[0].content
    own = message.guild.self_role if message.guild else None

    def name_of(kind: str, ident: int) -> str | None:
        if kind == "#":
            channel = message.guild.get_channel_or_thread(ident) if message.guild else None
            return channel.name if channel else None
        if kind == "@&":
            role = message.guild.get_role(ident) if message.guild else None
            return role.name if role else None
        return next((user.display_name for user in message.mentions if user.id == ident), None)

    return as_markdown(content, us, own.id if own else None, name_of)


def as_markdown(
    content: str, us: int, role: int | None, name_of: Callable[[str, int], str | None]
) -> str:
    """Discord's text as plain Markdown. Our mention (``us``, or our ``role``) goes, with a comma
    or colon behind it; ``name_of`` gives the name of what else is mentioned."""
    bare = re.sub(rf"[ \t]*<@(?:!?{us}|&{role})>[,:]?[ \t]*", lambda m: _gap(m, content), content)

    def named(found: re.Match[str]) -> str:
        kind, ident = found[1].replace("!", ""), int(found[2])
        return f"{kind[0]}{name_of(kind, ident) or ident}"

    return _EMOJI.sub(r":\1:", _MENTION.sub(named, bare)).strip()


def _gap(found: re.Match[str], content: str) -> str:
    """What stays between the words around a mention."""
    at_start = found.start() == 0 or content[found.start() - 1] == "\n"
    at_end = found.end() == len(content) or content[found.end()] == "\n"
    return "" if at_start or at_end else " "


def files_of(attachments: Sequence[discord.Attachment]) -> tuple[FileRef, ...]:
    """The files of a message; the addresses are signed and lapse after a day."""
    return tuple(
        FileRef(str(file.id), file.filename, file.content_type or "", file.size, file.url)
        for file in attachments
    )


def thumb(emoji: str) -> bool | None:
    """Whether an emoji is a thumb up or down, in any skin tone."""
    return _THUMBS.get(_SKINS.sub("", emoji))


def reaction_of(
    event: discord.RawReactionActionEvent, place: Place, us: int, *, added: bool
) -> Reaction | None:
    """A thumb put on a message of ours or taken off; ``None`` for anything else. Who wrote the
    message is only named when a reaction is added."""
    up = thumb(event.emoji.name or "") if event.emoji.id is None else None
    if up is None or event.user_id == us or event.message_author_id not in (us, None):
        return None
    if event.member is not None and event.member.bot:
        return None
    name = event.member.display_name if event.member is not None else ""
    author = Author(Platform.DISCORD, str(event.user_id), name)
    return Reaction(place, str(event.message_id), author, up, added)


def asked(interaction: discord.Interaction[Any], place: Place, text: str) -> Heard:
    """The question of ``/ask``; its author alone sees the answer."""
    return Heard(
        place,
        str(interaction.id),
        author_of(interaction.user),
        text,
        datetime.now(UTC),
        for_bot=True,
        private=True,
        extra={
            INTERACTION: str(interaction.id),
            TOKEN: interaction.token,
            APPLICATION: str(interaction.application_id),
        },
    )


def place_of_link(text: str, near: Place, parent_of: Callable[[int], int | None]) -> Place | None:
    """The thread to which a link leads, within the same server; ``None`` where there is none.
    ``parent_of`` gives the channel of a thread, nothing for what is no thread."""
    found = _LINK.search(text)
    if found is None or found[1] != near.workspace:
        return None
    channel, message = found[2], found[3] or ""
    parent = parent_of(int(channel))
    if parent is not None:
        return Place(Platform.DISCORD, near.workspace, str(parent), thread=channel)
    return Place(Platform.DISCORD, near.workspace, channel, thread=message)
