"""Where an answer is written, in Discord's own ids.

A :class:`Place` here names the channel of a guild in ``channel`` and the thread in ``thread``, as
on every platform: the thread that is made for an answer has the id of the message that it was made
from, so the first message's :attr:`Heard.home` and later messages of that thread have one key. A
forum's post is a thread of the forum, and its first message has the post's id: heard with an empty
``thread`` it is answered in the post. Where no thread can be made the answer stands in the channel,
as a reply, and the place stays the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapters.chat.base import ChannelKind, Heard, Place
from adapters.discord.events import POST
from adapters.rendering.mentions import visible
from bot.names import safe_name

_LONGEST_NAME = 80
_MENTION = re.compile(r"<(?:@[!&]?|#|a?:\w+:|/[\w -]+:)\d+>")
_MARKS = re.compile(r"[*`\\]+|~~|\|\||(?<!\w)_+|_+(?!\w)|^\s*[>#]+\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Seat:
    """A channel or thread that can be written in, and the message that is replied to there."""

    channel: str
    reply_to: str = ""


def channel_of(place: Place) -> str:
    """The guild's channel, or the direct message."""
    return place.parent or place.channel


def written_in(heard: Heard) -> str:
    """The channel or thread in which a message stands."""
    if heard.extra.get(POST):
        return heard.place.thread or heard.message
    return heard.place.thread or heard.place.channel


def seats_of(place: Place) -> tuple[Seat, ...]:
    """Where something can be said in a place, best first. The second is for a thread that does not
    exist, because the answer stands in the channel."""
    if place.kind is ChannelKind.DIRECT or not place.thread:
        return (Seat(place.channel),)
    above = channel_of(place)
    if above == place.thread:
        return (Seat(place.thread),)
    return Seat(place.thread), Seat(above, place.thread)


def thread_name(heard: Heard) -> str:
    """What a thread for an answer is called: the question, at most 80 characters."""
    words = _MARKS.sub("", _MENTION.sub("", visible(heard.text))).split()
    name = " ".join(words)
    if len(name) > _LONGEST_NAME:
        name = name[: _LONGEST_NAME - 1].rpartition(" ")[0] or name[: _LONGEST_NAME - 1]
        name = f"{name.rstrip('.,;:')}…"
    asker = safe_name(heard.author.name)
    return name or (f"A question from {asker}"[:_LONGEST_NAME] if asker else "A question")
