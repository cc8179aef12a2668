"""Discord as the desk uses it: rights, names, sentences, handoffs, files, against the stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from adapters.chat.base import Card, ChannelKind, FileRef, Offer, Place, Placement
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.events import APPLICATION, POST, TOKEN
from adapters.discord.forum import close_post
from bot.conversation import Author, Platform
from bot.settings import Settings
from tests.platforms.discord_delivery import Desk, garden, heard_of, place_of, turn_of
from tests.platforms.discord_state import Channel, Guild, Message
from tests.platforms.standing_settings import StandingSettings

ACCESS = {
    "users": {"discord:42": ["vip"]},
    "discord": {"roles": {"Gardener": ["staff"]}, "channels": {"sheds": ["staff"]}},
}


class Nobody:
    """No message carries a turn."""

    async def known(self, _platform: Platform, _channel: str, _messages: Sequence[str]) -> set[str]:
        return set()


@dataclass
class House:
    """The adapter in a guild."""

    desk: Desk
    adapter: DiscordAdapter
    guild: Guild

    def placement(self) -> Placement:
        """A placement whose state is kept by the desk."""
        return self.desk.placement()


def adapter_of(desk: Desk, **tables: Any) -> DiscordAdapter:
    return DiscordAdapter(
        desk.rest,
        StandingSettings(Settings.model_validate({"access": ACCESS, **tables})),
        Nobody(),
    )


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with garden() as desk:
        guild = desk.server.world.guilds[desk.roses.guild or ""]
        yield House(desk, adapter_of(desk), guild)


# -- rights -------------------------------------------------------------------------------------


async def test_a_channel_gives_what_it_is_mapped_to_and_nothing_of_the_asker(house: House) -> None:
    """Threads of it too, private ones alike; a moderator who asks in public gets public things."""
    desk, server = house.desk, house.desk.server
    server.role(house.guild, "Gardener", [desk.ada])
    sheds = server.channel(house.guild, "sheds")
    open_thread = await server.thread(desk.ada, sheds, "talk")
    closed = await server.thread(desk.ada, sheds, "secret", private=True)
    elsewhere = await server.thread(desk.ada, desk.roses, "hidden", private=True)
    wanted: list[tuple[Channel, set[str]]] = [
        (sheds, {"staff"}),
        (open_thread, {"staff"}),
        (closed, {"staff"}),
        (desk.roses, set()),
        (elsewhere, set()),
    ]
    for channel, groups in wanted:
        heard = replace(desk.heard, place=place_of(channel))
        assert (await house.adapter.principal(heard)).groups == groups, channel.name


async def test_alone_counts_who_reads(house: House) -> None:
    """In a direct message and in private the asker's roles are fetched, and what they have by
    name."""
    desk = house.desk
    desk.server.role(house.guild, "Gardener", [desk.ada])
    direct = replace(desk.heard, place=place_of(desk.server.dm(desk.ada)))
    private = replace(desk.heard, private=True)
    stranger = replace(direct, author=Author(Platform.DISCORD, "42"))
    assert (await house.adapter.principal(direct)).groups == {"staff"}
    assert (await house.adapter.principal(private)).groups == {"staff"}
    assert (await house.adapter.principal(stranger)).groups == {"vip"}
    group = replace(direct, place=replace(direct.place, kind=ChannelKind.GROUP))
    assert (await house.adapter.principal(group)).groups == frozenset()


async def test_people_of_other_platforms_have_nothing_here(house: House) -> None:
    """An id of Slack that equals one of Discord is somebody else."""
    slack = Author(Platform.SLACK, "42", "Sue")
    assert await house.adapter.groups_of(slack, "") == frozenset()
    assert await house.adapter.name_of(slack, house.guild.id) == "Sue"


async def test_people_are_called_as_the_guild_calls_them(house: House) -> None:
    """The nickname there; where Discord does not tell, the name that came with them."""
    desk = house.desk
    house.guild.members[desk.ada.id].nick = "Ada the Rose"
    ada = Author(Platform.DISCORD, desk.ada.id, "Ada")
    assert await house.adapter.name_of(ada, house.guild.id) == "Ada the Rose"
    unknown = Author(Platform.DISCORD, "1", "Somebody")
    assert await house.adapter.name_of(unknown, house.guild.id) == "Somebody"


# -- answering ----------------------------------------------------------------------------------


async def test_typing_is_shown_where_the_question_stands(house: House) -> None:
    """At once, and never an error."""
    desk = house.desk
    await house.adapter.begin(desk.heard)
    assert desk.server.typing(desk.roses)
    desk.server.fault("trigger_typing", status=503)
    await house.adapter.begin(desk.heard)


@pytest.mark.parametrize(
    ("channels", "in_thread"),
    [
        ({}, True),
        ({"*": {"thread": False}}, False),
        ({"discord:ROSES": {"thread": False}}, False),
        ({"*": {"thread": False}, "discord:ROSES": {"thread": True}}, True),
    ],
)
async def test_threads_as_the_settings_say(
    house: House, channels: dict[str, Any], in_thread: bool
) -> None:
    """`[channels] thread`, for all or one; without it a thread is made."""
    desk = house.desk
    tables = {key.replace("ROSES", desk.roses.id): table for key, table in channels.items()}
    surface = await adapter_of(desk, channels=tables).surface(desk.heard, desk.placement())
    await surface.open()
    await surface.close(turn_of(), Offer.NOTHING)
    (message,) = desk.messages
    assert (message.channel == desk.heard.message) is in_thread


async def test_a_post_is_tagged_as_answered(house: House) -> None:
    """Where the forum has such a tag; where the bot may not, it is answered all the same."""
    desk = house.desk
    for moderated in (False, True):
        tags: dict[str, Any] = {"moderated": ["Answered"]} if moderated else {"tags": ["Answered"]}
        forum = desk.server.forum(house.guild, f"help{moderated}", **tags)
        if moderated:
            role = desk.server.bot_role(house.guild)
            desk.server.permit(forum, role, deny=["MANAGE_THREADS"])
        post = await desk.server.forum_post(desk.ada, forum, "Roses", "How?")
        heard = heard_of(desk.server.message(post.id), desk.server, extra={POST: "first"})
        heard = replace(heard, place=replace(heard.place, thread=""))
        desk.state, desk.event = None, f"E{post.id}"
        surface = await house.adapter.surface(heard, desk.placement())
        await surface.open()
        await surface.close(turn_of(), Offer.NOTHING)
        assert "Solved" in desk.server.answers(post)[0].buttons
        assert bool(post.applied_tags) is not moderated


async def test_a_solved_post_is_tagged_and_archived(house: House) -> None:
    """With the tag for that where there is one; it can be opened again by writing."""
    desk = house.desk
    forum = desk.server.forum(house.guild, "help", ["Solved", "other"])
    post = await desk.server.forum_post(desk.ada, forum, "Roses", "How?")
    await close_post(desk.rest, post.id)
    assert post.archived
    assert not post.locked
    assert post.applied_tags == [forum.available_tags[0].id]


async def test_sentences_stand_where_the_answer_stands(house: House) -> None:
    """In the thread where there is one, in the channel as a reply where there is none."""
    desk = house.desk
    await house.adapter.tell(desk.heard, "Shall I ask a colleague?", Offer.PERSON, "t0001")
    (told,) = desk.server.answers(desk.roses)
    assert told.reference == desk.heard.message
    assert told.buttons == ["Ask a person"]
    thread = await desk.server.thread(desk.ada, desk.server.message(desk.heard.message), "x")
    await house.adapter.tell(desk.heard, "And here?")
    assert [m.content for m in desk.server.answers(thread)] == ["And here?"]


async def test_private_sentences_are_private(house: House) -> None:
    """To the interaction, or directly once that has lapsed."""
    desk = house.desk
    extra = {TOKEN: "lapsed", APPLICATION: desk.server.world.application}
    heard = replace(desk.heard, private=True, extra=extra)
    await house.adapter.tell(heard, "Only for you.")
    assert [m.content for m in desk.server.answers(desk.server.dm(desk.ada))] == ["Only for you."]
    assert desk.server.answers(desk.roses) == []
    await house.adapter.begin(heard, "waits")  # never raises


# -- files --------------------------------------------------------------------------------------


def refs(desk: Desk, message: Message) -> tuple[FileRef, ...]:
    return tuple(
        FileRef(
            file.id,
            file.name,
            file.content_type,
            len(file.content),
            f"{desk.server.address}/attachments/{file.channel}/{file.id}/{file.name}?ex=1",
        )
        for file in message.attachments
    )


@pytest.mark.parametrize("lapsed", [False, True])
async def test_text_files_are_read(house: House, lapsed: bool) -> None:
    """A day later as well: the message names a fresh address."""
    desk, server = house.desk, house.desk.server
    files = [server.file("a.log", b"all is well"), server.file("b.png", b"\x89", "image/png")]
    message = await server.say(desk.ada, desk.roses, "why?", attachments=files)
    heard = heard_of(message, server, files=refs(desk, message))
    if lapsed:
        heard = replace(heard, files=tuple(replace(f, url=f.url + "&old") for f in heard.files))
        server.fault("attachment", status=404)
    found, sentence = await house.adapter.attachments(heard)
    assert [(file.name, file.text) for file in found] == [("a.log", "all is well")]
    assert sentence.startswith("I can't see images yet")


async def test_a_file_that_is_gone_is_named(house: House) -> None:
    """The message was deleted with it: the sentence says what was not read."""
    desk, server = house.desk, house.desk.server
    message = await server.say(
        desk.ada, desk.roses, "why?", attachments=[server.file("a.log", b"x")]
    )
    heard = heard_of(message, server, files=refs(desk, message))
    message.deleted = True
    server.world.files.clear()
    assert await house.adapter.attachments(heard) == ((), "I could not read `a.log`.")


# -- the handoff --------------------------------------------------------------------------------


def card(desk: Desk, **more: Any) -> Card:
    given: dict[str, Any] = {
        "handoff": "h1",
        "asker": Author(Platform.DISCORD, desk.ada.id, "Ada"),
        "question": "How do I water @everyone's roses?",
        "context": (("user", "hello"), ("assistant", "hi")),
        "tried": "I do **not** know.",
        "link": "https://discord.com/channels/1/2/3",
    }
    return Card(**{**given, **more})


async def test_a_card_opens_a_thread_for_the_colleagues(house: House) -> None:
    """Question, context, what was tried and the link, pinging nobody; told twice it stands once."""
    desk, server = house.desk, house.desk.server
    humans = server.channel(house.guild, "humans")
    place = await house.adapter.post_card(humans.id, card(desk), desk.placement())
    again = await house.adapter.post_card(humans.id, card(desk), desk.placement())
    (posted,) = server.answers(humans)
    assert place == again == Place(Platform.DISCORD, house.guild.id, humans.id, thread=posted.id)
    for words in ("Ada", "water", "hello", "not", "discord.com/channels/1/2/3"):
        assert words in posted.shown
    assert posted.pings == set()
    thread = server.thread_of(posted)
    assert thread is not None
    assert thread.name.startswith("Ada: How do I water")


async def test_a_card_of_any_length_fits(house: House) -> None:
    """What was tried and said before gives way to the question."""
    desk = house.desk
    humans = desk.server.channel(house.guild, "humans")
    long = card(
        desk,
        question="How? " * 900,
        tried="`x` " * 900,
        context=(("user", "w" * 900),) * 6,
        asker=Author(Platform.SLACK, "U1", "*" * 300),
    )
    await house.adapter.post_card(humans.id, long, desk.placement())
    (posted,) = desk.server.answers(humans)
    assert "How?" in posted.content
    assert len(posted.content) <= 2000


async def test_a_card_in_a_forum_is_a_post(house: House) -> None:
    """The handoff channel may be a forum; told twice, the first time cut off, it is one post."""
    desk, server = house.desk, house.desk.server
    forum = server.forum(house.guild, "humans")
    server.fault("start_thread", cut=True)
    with pytest.raises(Exception, match="cannot be reached"):
        await house.adapter.post_card(forum.id, card(desk), desk.placement())
    place = await house.adapter.post_card(forum.id, card(desk), desk.placement())
    posts = [c for c in server.world.channels.values() if c.parent == forum.id]
    assert [post.id for post in posts] == [place.thread]
    assert "water" in server.answers(posts[0])[0].shown


async def test_a_forum_that_asks_for_a_tag_gets_one(house: House) -> None:
    """The first that the bot may give."""
    desk, server = house.desk, house.desk.server
    forum = server.forum(house.guild, "humans", ["open"], moderated=["done"], require_tag=True)
    place = await house.adapter.post_card(forum.id, card(desk), desk.placement())
    assert server.tags(server.world.channels[place.thread]) == ["open"]


async def test_a_sentence_may_lead_to_messages_and_nowhere_else(house: House) -> None:
    """Links to messages stay links; other addresses are not made into any."""
    desk = house.desk
    theirs = "https://discord.com/channels/1/2/3"
    said = f"Passed on ([their thread]({theirs}), [x](https://evil.example))."
    await house.adapter.post(place_of(desk.roses), said, desk.placement())
    (posted,) = desk.server.answers(desk.roses)
    assert posted.content == f"Passed on ([their thread](<{theirs}>), x)."


async def test_a_card_without_the_right_to_make_threads_still_stands(house: House) -> None:
    """The question is not lost; an admin hears which permission is missing."""
    desk, server = house.desk, house.desk.server
    humans = server.channel(house.guild, "humans")
    server.permit(humans, house.guild, deny=["CREATE_PUBLIC_THREADS"])
    place = await house.adapter.post_card(humans.id, card(desk), desk.placement())
    assert [message.id for message in server.answers(humans)] == [place.thread]
    assert [e.data["needed"] for _, e in desk.refused] == ["Create Public Threads"]


async def test_a_colleagues_long_answer_is_split(house: House) -> None:
    """Every word arrives, once, in the asker's thread or where there is none in the channel."""
    desk, server = house.desk, house.desk.server
    text = "\n\n".join(f"Point {n}: " + "prune the roses. " * 30 for n in range(8))
    place = replace(place_of(desk.roses), thread=desk.heard.message)
    first = await house.adapter.post(place, text, desk.placement())
    assert await house.adapter.post(place, text, desk.placement()) == first
    posted = server.answers(desk.roses)
    assert posted[0].id == first
    assert posted[0].reference == desk.heard.message
    shown = "".join(message.shown for message in posted)
    assert [shown.count(f"Point {n}:") for n in range(8)] == [1] * 8


async def test_knowledge_is_offered_with_a_button(house: House) -> None:
    """In the colleagues' thread; an attempt that was cut off does not say it twice."""
    desk, server = house.desk, house.desk.server
    thread = await server.thread(desk.ada, desk.roses, "humans")
    desk.state = None
    for _ in range(2):
        placement = desk.placement()
        await house.adapter.offer_knowledge(place_of(thread), "h1", "Sent to Ada.", placement)
        desk.state = {**(desk.state or {}), "messages": [], "pending": True}
    assert [m.buttons for m in server.answers(thread)] == [["Propose as knowledge"]]


async def test_links_lead_to_messages(house: House) -> None:
    """To the message in its thread, to a thread's beginning, to a post; none to direct ones."""
    desk, server, link = house.desk, house.desk.server, house.adapter.link
    web, guild = "https://discord.com/channels", house.guild.id
    place = place_of(desk.roses)
    assert await link(place, "5") == f"{web}/{guild}/{desk.roses.id}/5"
    threaded = replace(place, thread="7")
    assert await link(threaded, "5") == f"{web}/{guild}/7/5"
    assert await link(threaded, "7") == f"{web}/{guild}/{desk.roses.id}/7"
    forum = server.forum(house.guild, "help")
    assert await link(replace(place_of(forum), thread="9"), "9") == f"{web}/{guild}/9"
    assert await link(place_of(server.dm(desk.ada)), "5") == ""
    assert await link(place, "") == ""
