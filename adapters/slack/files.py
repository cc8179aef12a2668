"""Files that come with a question, as Slack gives them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from adapters.chat.base import FileRef
from adapters.chat.files import read_files as read_from
from bot.conversation import Attachment
from bot.errors import ChatRefusedError

_SCOPE = "files:read"


class Files(Protocol):
    """Where files are; :class:`adapters.slack.web.SlackWeb` has it."""

    async def file(self, file: str) -> dict[str, Any]: ...
    async def download(self, url: str, limit: int) -> tuple[bytes, str]: ...


async def read_files(web: Files, files: Sequence[FileRef]) -> tuple[tuple[Attachment, ...], str]:
    """The text files among ``files``, and a sentence (Markdown) about what could not be read, as
    :func:`adapters.chat.files.read_files`. Never raises for a file."""

    async def fetch(file: FileRef, limit: int) -> bytes:
        try:
            url = file.url
            if not url:
                known = await web.file(file.id)
                url = str(known.get("url_private_download") or known.get("url_private") or "")
            content, _ = await web.download(url, limit)
        except ChatRefusedError as error:
            needed = ""
            if error.data.get("reason") == "missing_scope":
                needed = str(error.data.get("needed") or _SCOPE)
            raise ChatRefusedError(
                platform=error.data["platform"],
                method=error.data["method"],
                reason=error.data["reason"],
                needed=needed,
            ) from None
        return content

    return await read_from(fetch, files)
