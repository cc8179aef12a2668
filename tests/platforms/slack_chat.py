"""The stand-in's chat.* methods: posts, edits, streams, ephemerals."""

from __future__ import annotations

import time

from tests.platforms.slack_limits import (
    MARKDOWN,
    POSTED_TEXT,
    STREAM,
    UPDATED_TEXT,
    InvalidBlockError,
    check_blocks,
)
from tests.platforms.slack_methods import Args, Caller, RefusedError, method, refusal_of
from tests.platforms.slack_payloads import changed_event, deleted_event, message_event, message_json
from tests.platforms.slack_state import Channel, Message
from tests.platforms.slack_words import Json


def blocks_of(args: Args) -> list[Json]:
    """The blocks of a call, checked."""
    blocks = args.parsed("blocks", "invalid_blocks_format")
    if blocks is None:
        return []
    try:
        check_blocks(blocks)
    except InvalidBlockError as problem:
        raise refusal_of(problem) from problem
    assert isinstance(blocks, list)
    return blocks


def _content(args: Args) -> tuple[str, list[Json], list[Json]]:
    """Text, blocks and attachments of a call that must have one of them."""
    blocks = blocks_of(args)
    attachments = args.parsed("attachments") or []
    assert isinstance(attachments, list)
    text = args.text("text")
    markdown = args.text("markdown_text")
    if markdown:
        if text or blocks:
            raise RefusedError("markdown_text_conflict")
        if len(markdown) > MARKDOWN:
            raise RefusedError("msg_too_long")
        return markdown, [{"type": "markdown", "text": markdown}], attachments
    if not (text or blocks or attachments):
        raise RefusedError("no_text")
    return text, blocks, attachments


def _metadata(args: Args) -> Json | None:
    metadata = args.parsed("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not {"event_type", "event_payload"} <= metadata.keys():
        raise RefusedError("invalid_metadata_format")
    return metadata


def _thread(channel: Channel, args: Args) -> str:
    """The root of the thread to post into; a reply's ts means its thread.

    Where the first message is gone, Slack posts at the top of the channel without a word.
    """
    ts = args.text("thread_ts")
    root = channel.messages.get(ts)
    if root is None or (root.deleted and not channel.thread(ts)):
        return ""
    return root.thread_ts or root.ts


def _new(caller: Caller, channel: Channel, thread_ts: str) -> Message:
    team = caller.team
    return Message(
        caller.world.new_ts(),
        channel.id,
        team.bot_user,
        thread_ts=thread_ts,
        bot_id=team.bot_id,
        team=team.id,
    )


def _add(caller: Caller, channel: Channel, message: Message) -> None:
    """Put it into the channel; the app hears its own posts as events too."""
    message.record()
    channel.messages[message.ts] = message
    caller.world.emit(caller.team, message_event(caller.world, channel, message))


@method("chat.postMessage", "chat:write")
async def post_message(caller: Caller, args: Args) -> Json:
    """Post; the text is cut at 40,000 characters."""
    channel = caller.writable(args)
    text, blocks, attachments = _content(args)
    message = _new(caller, channel, _thread(channel, args))
    message.text, message.blocks, message.attachments = text[:POSTED_TEXT], blocks, attachments
    message.metadata = _metadata(args)
    message.unfurls = args.flag("unfurl_links", True) or args.flag("unfurl_media", True)
    message.parsed = args.flag("link_names") or args.text("parse") == "full"
    _add(caller, channel, message)
    posted = message_json(caller.world, message)
    return {"channel": channel.id, "ts": message.ts, "message": posted}


@method("chat.update", "chat:write")
async def update(caller: Caller, args: Args) -> Json:
    """Edit one of the bot's messages; blocks that are not given stay as they are."""
    channel = caller.channel(args)
    message = caller.own(channel, args.need("ts"), "cant_update_message")
    if _streams(caller, message):
        raise RefusedError("streaming_state_conflict")
    text, blocks, attachments = _content(args)
    if len(args.text("text")) > UPDATED_TEXT:
        raise RefusedError("msg_too_long")
    before = message_json(caller.world, message)
    message.text, message.streamed, message.expired = text, "", False
    if "blocks" in args.raw or args.text("markdown_text"):
        message.blocks = blocks  # else they stay, and the new text is not seen
    if "attachments" in args.raw:
        message.attachments = attachments
    if "metadata" in args:
        message.metadata = _metadata(args)
    message.edited = caller.world.new_ts()
    message.record()
    caller.world.emit(caller.team, changed_event(caller.world, channel, message, before))
    after = message_json(caller.world, message)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": after}


@method("chat.delete", "chat:write")
async def delete(caller: Caller, args: Args) -> Json:
    """Delete one of the bot's messages."""
    channel = caller.channel(args)
    message = caller.own(channel, args.need("ts"), "cant_delete_message")
    if _streams(caller, message):
        raise RefusedError("cant_delete_message")
    remove(caller, channel, message)
    return {"channel": channel.id, "ts": message.ts}


def remove(caller: Caller, channel: Channel, message: Message) -> None:
    """Take a message out of its channel."""
    message.deleted, message.streaming = True, False
    caller.world.emit(caller.team, deleted_event(caller.world, channel, message))


@method("chat.postEphemeral", "chat:write")
async def post_ephemeral(caller: Caller, args: Args) -> Json:
    """Post for one member of the channel alone."""
    channel = caller.writable(args)
    user = args.need("user")
    if user not in channel.members:
        raise RefusedError("user_not_in_channel")
    text, blocks, attachments = _content(args)
    message = _new(caller, channel, args.text("thread_ts"))
    message.text, message.blocks, message.attachments = text, blocks, attachments
    message.only_for, message.unfurls = user, False
    message.record()
    caller.world.hidden.append(message)
    return {"message_ts": message.ts}


@method("chat.getPermalink")
async def permalink(caller: Caller, args: Args) -> Json:
    """The web address of a message."""
    channel = caller.channel(args)
    message = channel.messages.get(args.need("message_ts"))
    if message is None or message.deleted:
        raise RefusedError("message_not_found")
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
    name = f"p{message.ts.replace('.', '')}"
    link = f"https://{caller.team.id.lower()}.slack.com/archives/{channel.id}/{name}{thread}"
    return {"channel": channel.id, "permalink": link}


# -- streams -----------------------------------------------------------------------------


def _chunks(args: Args) -> str:
    """The Markdown of ``markdown_text`` and ``chunks``; other chunks are checked, not shown."""
    markdown = args.text("markdown_text")
    chunks = args.parsed("chunks", "invalid_chunks")
    if markdown and chunks:
        raise RefusedError("invalid_arguments")
    for chunk in chunks if isinstance(chunks, list) else ():
        if chunk.get("type") == "markdown_text":
            markdown += chunk["text"]
        elif chunk.get("type") not in ("task_update", "plan_update", "blocks"):
            raise RefusedError("invalid_chunks")
    if len(markdown) > MARKDOWN:
        raise RefusedError("msg_too_long")
    return markdown


def _grow(message: Message, added: str) -> None:
    """Add to a stream. Developers measured that one holds about 12,000 bytes of UTF-8 in all."""
    if len((message.streamed + added).encode()) > STREAM:
        raise RefusedError("msg_too_long")
    message.streamed += added


def _streams(caller: Caller, message: Message) -> bool:
    """Whether it is being streamed. Slack closes a stream by itself after some minutes."""
    world, now = caller.world, time.time()
    too_old = now - message.stream_opened > world.stream_life
    too_idle = now - message.versions[-1].at > world.stream_idle
    if message.streaming and (too_old or too_idle):
        message.streaming, message.expired = False, True
    return message.streaming


def _stream(caller: Caller, args: Args) -> tuple[Channel, Message]:
    channel = caller.channel(args)
    message = caller.own(channel, args.need("ts"), "message_not_owned_by_app")
    if message.stopped_by_user:
        raise RefusedError("stopped_by_user")
    if not _streams(caller, message):
        raise RefusedError("message_not_in_streaming_state")
    return channel, message


@method("chat.startStream", "chat:write")
async def start_stream(caller: Caller, args: Args) -> Json:
    """Begin a message that grows; always in a thread."""
    channel = caller.writable(args)
    args.need("thread_ts")
    thread_ts = _thread(channel, args)
    if not thread_ts:
        raise RefusedError("thread_not_found")
    if not channel.direct:
        for name in ("recipient_team_id", "recipient_user_id"):
            if name not in args:
                raise RefusedError(f"missing_{name}")
    recipient = args.text("recipient_user_id")
    if recipient:
        user = caller.user(recipient)
        if args.text("recipient_team_id") not in (user.team, ""):
            raise RefusedError("team_not_found")
    message = _new(caller, channel, thread_ts)
    message.streamed, message.streaming, message.was_stream = _chunks(args), True, True
    message.stream_opened, message.unfurls = time.time(), False
    _add(caller, channel, message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.appendStream", "chat:write")
async def append_stream(caller: Caller, args: Args) -> Json:
    """Add to a stream."""
    channel, message = _stream(caller, args)
    added = _chunks(args)
    if not added and not args.parsed("chunks"):
        raise RefusedError("no_text")
    _grow(message, added)
    message.record()
    return {"channel": channel.id, "ts": message.ts}


@method("chat.stopStream", "chat:write")
async def stop_stream(caller: Caller, args: Args) -> Json:
    """End a stream, with blocks below it."""
    channel, message = _stream(caller, args)
    added, blocks, metadata = _chunks(args), blocks_of(args), _metadata(args)
    before = message_json(caller.world, message)
    _grow(message, added)
    message.blocks, message.streaming = blocks, False
    message.metadata = metadata or message.metadata
    message.record()
    caller.world.emit(caller.team, changed_event(caller.world, channel, message, before))
    after = message_json(caller.world, message)
    return {"channel": channel.id, "ts": message.ts, "message": after}
