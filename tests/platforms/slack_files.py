"""The stand-in's files: what is known of one, and the three steps of an upload."""

from __future__ import annotations

from tests.platforms.slack_methods import Args, Caller, RefusedError, method
from tests.platforms.slack_payloads import message_event
from tests.platforms.slack_state import File, Message
from tests.platforms.slack_words import Json


@method("files.info", "files:read")
async def files_info(caller: Caller, args: Args) -> Json:
    """One file."""
    file = caller.world.files.get(args.need("file"))
    if file is None:
        raise RefusedError("file_not_found")
    if file.deleted:
        raise RefusedError("file_deleted")
    return {"file": file.payload(caller.world.url), "comments": []}


@method("files.getUploadURLExternal", "files:write")
async def upload_address(caller: Caller, args: Args) -> Json:
    """Where to send a file's bytes."""
    if args.number("length", 0) <= 0:
        raise RefusedError("invalid_arguments")
    id_ = caller.world.new_id("F")
    file = File(id_, args.need("filename"), b"", "text/plain", caller.team.id, caller.team.bot_user)
    caller.world.files[id_] = file
    return {"upload_url": f"{caller.world.url}/upload/{id_}", "file_id": id_}


@method("files.completeUploadExternal", "files:write")
async def complete_upload(caller: Caller, args: Args) -> Json:
    """Share uploaded files into a channel or thread."""
    wanted = args.parsed("files")
    if not isinstance(wanted, list) or not wanted:
        raise RefusedError("invalid_arguments")
    files = [caller.world.files.get(row["id"]) for row in wanted]
    if None in files:
        raise RefusedError("file_not_found")
    if "channel_id" in args:
        channel = caller.writable(args, "channel_id")
        team = caller.team
        message = Message(
            caller.world.new_ts(), channel.id, team.bot_user, args.text("initial_comment"),
            args.text("thread_ts"), team.bot_id, team.id, files=[row["id"] for row in wanted],
        )  # fmt: skip
        message.unfurls = False
        message.record()
        channel.messages[message.ts] = message
        caller.world.emit(team, message_event(caller.world, channel, message))
    return {"files": [{"id": row["id"], "title": row.get("title", "")} for row in wanted]}
