"""Files of a question, as Slack gives them out."""

from __future__ import annotations

from typing import Any

from adapters.chat.base import FileRef
from adapters.slack.files import read_files
from bot.errors import ChatRefusedError, ChatUnavailableError


def file(name: str, media: str = "text/plain", url: str = "https://files.slack.com/x") -> FileRef:
    return FileRef(f"F-{name}", name, media, 10, f"{url}/{name}" if url else "")


class Store:
    """Files by name; an exception in place of bytes is raised."""

    def __init__(self, **files: bytes | Exception) -> None:
        self.files = {name.replace("_", "."): content for name, content in files.items()}

    async def file(self, file: str) -> dict[str, Any]:
        return {"url_private": f"https://files.slack.com/{file.removeprefix('F-')}"}

    async def download(self, url: str, limit: int) -> tuple[bytes, str]:
        content = self.files[url.rpartition("/")[2]]
        if isinstance(content, Exception):
            raise content
        return content[:limit], "text/plain"


async def test_text_files_are_read_and_nothing_is_said() -> None:
    """A file that is known by its id alone is looked up."""
    store = Store(a_txt=b"Hello", b_md="# Größe".encode())
    found, sentence = await read_files(store, [file("a.txt"), file("b.md", url="")])
    assert [(a.name, a.text) for a in found] == [("a.txt", "Hello"), ("b.md", "# Größe")]
    assert sentence == ""


async def test_a_missing_permission_is_said_once() -> None:
    """A login page in place of files names the permission; other faults name the files."""
    login = ChatRefusedError(platform="Slack", method="file", reason="missing_scope")
    down = ChatUnavailableError(platform="Slack", method="file", reason="503")
    store = Store(a_txt=login, b_txt=login, c_txt=down)
    found, sentence = await read_files(store, [file("a.txt"), file("b.txt"), file("c.txt")])
    assert found == ()
    assert sentence == (
        "I may not read files here: the permission `files:read` is missing."
        " I could not read `c.txt`."
    )
