"""Files that come with a question, as Discord gives them out: signed addresses that lapse."""

from __future__ import annotations

from typing import Any, Protocol

from adapters.chat.base import FileRef, Heard
from adapters.chat.files import read_files
from adapters.discord.seats import written_in
from bot.conversation import Attachment
from bot.errors import ChatRefusedError


class Files(Protocol):
    """Where files are; :class:`adapters.discord.rest.DiscordRest` has it."""

    async def message(self, channel: str, message: str) -> dict[str, Any]: ...
    async def download(self, url: str, limit: int) -> bytes: ...


async def attachments_of(rest: Files, heard: Heard) -> tuple[tuple[Attachment, ...], str]:
    """The text files of a message, and a sentence about what could not be read. Never raises for
    a file."""

    async def fetch(file: FileRef, limit: int) -> bytes:
        try:
            return await rest.download(file.url, limit)
        except ChatRefusedError:  # lapsed: the message names a fresh address
            message = await rest.message(written_in(heard), heard.message)
            for attachment in message.get("attachments") or ():
                if str(attachment["id"]) == file.id and attachment["url"] != file.url:
                    return await rest.download(str(attachment["url"]), limit)
            raise

    return await read_files(fetch, heard.files)
