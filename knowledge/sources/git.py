"""Git repositories: the files of a branch, read from the objects, never checked out.

Without a working tree there are no hooks, filters or links to follow, and only what is committed is
read. The commit is kept with each document.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit, urlunsplit

from bot.errors import SourceUnavailableError, UnreadableDocumentError, UsageError
from knowledge.document import DEFAULT_LIMIT, FailedDocument, RawDocument
from knowledge.readers import FORMATS
from knowledge.sources.addresses import resolved
from knowledge.sources.base import Item, Skipped
from knowledge.sources.gitcommand import UNKNOWN, Git, Objects, Setting, shown

_REF = "refs/wellspoken/current"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,200}")
_SHORT = re.compile(r"(?:[A-Za-z0-9._]+@)?([A-Za-z0-9.][A-Za-z0-9.-]*):(?!/)[^\s]+")
_LARGE_FILES = b"version https://git-lfs.github.com/spec/"
_PORTS = {"https": 443, "http": 80, "ssh": 22}
_MANY_PACKS = 20


@dataclass(frozen=True, slots=True)
class Link:
    """Where people read a file: an address with ``{path}`` and ``{commit}`` in it."""

    template: str = ""

    def to(self, path: str, commit: str) -> str:
        """The address of a file; empty where it cannot be told."""
        if "{commit}" in self.template and not commit:
            return ""
        return self.template.replace("{commit}", commit).replace("{path}", quote(path))

    @property
    def sign(self) -> str:
        """Another one for another template: then documents are read anew."""
        return sha256(self.template.encode()).hexdigest()[:8] if self.template else ""


@dataclass(frozen=True, slots=True)
class BlobItem:
    """A committed file. Fingerprint: the name of its content, and where it is linked."""

    source: GitSource
    name: str
    blob: str

    async def load(self, known: str = "") -> RawDocument | FailedDocument | None:
        """The file's content."""
        link, path = self.source.link, f"{self.source.prefix}{self.name}"
        fingerprint = f"git {self.blob} {link.sign}".strip()
        if known == fingerprint:
            return None
        content = await self.source.content(self.blob)
        if content.startswith(_LARGE_FILES):
            return _failed(self.name, "it is kept in Git LFS, which is not read.")
        return RawDocument(
            source=self.source.name,
            name=self.name,
            format=PurePosixPath(self.name).suffix.lower(),
            uri=link.to(path, self.source.commit),
            fingerprint=fingerprint,
            content=content,
            extra={"commit": self.source.commit},
        )


class GitSource:
    """A branch of a repository, or a folder of it, fetched into ``home`` at every reading.

    ``branch`` may be a tag; without one it is what the repository calls its head. Documents are
    named by their path below ``folder``. Only the last commit is fetched, submodules are not.
    ``seconds`` bounds one git command.
    """

    def __init__(
        self,
        url: str,
        name: str,
        home: Path,
        *,
        branch: str = "",
        folder: str = "",
        link: str = "",
        limit: int = DEFAULT_LIMIT,
        seconds: float = 600.0,
        allow_private: bool = False,
    ) -> None:
        self.name = name
        self.link = Link(link)
        self.commit = ""
        self.prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
        self._url = url
        self._protocol, self._host, self._port = _parts(url)
        if branch and not _BRANCH.fullmatch(branch):
            raise UsageError(f'"{branch}" is no name of a branch.')
        self._branch = branch
        self._limit = limit
        self._allow_private = allow_private
        self._place = home / (name if _PLAIN.fullmatch(name) else _slug(name))
        self._git = Git(self._place, url, bare=True, protocols=[self._protocol], seconds=seconds)
        self._objects = Objects(self._git)

    async def content(self, blob: str) -> bytes:
        """The content of a file; raises SourceUnavailableError."""
        return await self._objects.read(blob)

    async def items(self) -> AsyncIterator[Item | Skipped | FailedDocument]:
        """The files of the newest commit."""
        if self._host:
            await resolved(self._host, self._port, allow_private=self._allow_private)
        await self._fetch()
        commit = (await self._git.run("rev-parse", f"{_REF}^{{commit}}")).decode().strip()
        listing = await self._listing(commit)
        self.commit = commit
        for entry in _entries(listing):
            yield self._item(*entry)

    async def close(self) -> None:
        """End what reads the objects."""
        await self._objects.close()

    async def _listing(self, commit: str) -> bytes:
        tree = f"{commit}:{self.prefix.rstrip('/')}"
        try:
            return await self._git.run("ls-tree", "-r", "-z", "-l", tree)
        except SourceUnavailableError as error:
            if not self.prefix:
                raise
            reason = f'it has no folder "{self.prefix.rstrip("/")}".'
            raise SourceUnavailableError(source=shown(self._url), reason=reason) from error

    def _item(self, mode: str, blob: str, size: int, name: str) -> Item | Skipped | FailedDocument:
        hidden = any(part.startswith((".", "~$")) for part in name.split("/"))
        readable = PurePosixPath(name).suffix.lower() in FORMATS
        # Links (120000) and submodules (160000) lead elsewhere: what they lead to is not theirs.
        if not mode.startswith("100") or hidden or not readable:
            return Skipped(name)
        if size > self._limit:
            return _failed(name, f"it is larger than {self._limit / 1e6:g} MB; split it.")
        return BlobItem(self, name, blob)

    async def _fetch(self) -> None:
        """Bring the newest commit here; a copy that is broken is made anew, once."""
        if not await self._is_whole():
            await self._make()
        try:
            await self._fetch_once()
        except SourceUnavailableError as error:
            if not str(error.data["reason"]).startswith(UNKNOWN):
                raise
            await self._make()
            await self._fetch_once()
        packs = await asyncio.to_thread(lambda: list(self._place.glob("objects/pack/*.pack")))
        if len(packs) > _MANY_PACKS:
            await self._git.run("gc", "--quiet", "--prune=now")

    async def _fetch_once(self) -> None:
        address, secret = _without_secret(self._url)
        await self._git.run(
            "fetch", "--quiet", "--depth=1", "--no-tags", "--force", "--no-write-fetch-head",
            "--no-recurse-submodules", "--", address, f"+{self._branch or 'HEAD'}:{_REF}",
            settings=secret,
        )  # fmt: skip

    async def _make(self) -> None:
        await asyncio.to_thread(shutil.rmtree, self._place, ignore_errors=True)
        await asyncio.to_thread(self._place.mkdir, mode=0o700, parents=True)
        await self._git.run("init", "--bare", "--quiet", "--template=")

    async def _is_whole(self) -> bool:
        if not (self._place / "HEAD").is_file():
            return False
        try:
            return await self._git.run("rev-parse", "--is-bare-repository") == b"true\n"
        except SourceUnavailableError:
            return False


def _parts(url: str) -> tuple[str, str, int]:
    """Protocol, host and port of a repository's address. Raises UsageError for one that is none."""
    short = _SHORT.fullmatch(url)
    if short and "://" not in url:
        return "ssh", short[1], 22
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname or ""
    if parts.scheme == "file" and parts.path and not host:
        return "file", "", 0
    if parts.scheme not in _PORTS or not host or host.startswith("-") or re.search(r"\s", url):
        raise UsageError(
            f'"{shown(url)}" is no address of a repository; it begins with https://, ssh:// or '
            "file://, or is written like git@host:path."
        )
    return parts.scheme, host, port or _PORTS[parts.scheme]


def _without_secret(url: str) -> tuple[str, list[Setting]]:
    """The address without a password, and the setting that puts it back."""
    if "://" not in url:
        return url, []
    parts = urlsplit(url)
    if parts.scheme == "ssh" or "@" not in parts.netloc:
        return url, []
    bare = parts.netloc.rpartition("@")[2]
    plain = urlunsplit((parts.scheme, bare, "/", "", ""))
    full = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))
    return shown(url), [(f"url.{full}.insteadOf", plain)]


def _entries(listing: bytes) -> Iterator[tuple[str, str, int, str]]:
    """Mode, content, size and path of each file of a listing."""
    for line in listing.split(b"\0"):
        if not line:
            continue
        head, _, path = line.partition(b"\t")
        mode, _kind, blob, size = head.decode().split()
        name = path.decode("utf-8", "backslashreplace")
        yield mode, blob, int(size) if size.isdigit() else 0, name


def _slug(name: str) -> str:
    """A folder's name for a source whose own cannot be one."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60]
    return f"{plain or 'source'}-{sha256(name.encode()).hexdigest()[:8]}"


def _failed(name: str, reason: str) -> FailedDocument:
    return FailedDocument(name, str(UnreadableDocumentError(reason=reason)))
