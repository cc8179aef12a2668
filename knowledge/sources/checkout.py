"""Files of a folder with what git knows of them, and with links to where people read them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.errors import SourceUnavailableError
from bot.telemetry import log
from knowledge.document import DEFAULT_LIMIT, FailedDocument, RawDocument
from knowledge.sources.base import Item, Skipped
from knowledge.sources.folder import FolderSource
from knowledge.sources.git import Link
from knowledge.sources.gitcommand import Git

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Checkout:
    """A work tree's commit: ``prefix`` leads from its root to the folder, ``blobs`` maps paths
    below the folder to the names of their committed contents."""

    commit: str = ""
    prefix: str = ""
    blobs: dict[str, str] = field(default_factory=dict)


def in_work_tree(path: Path) -> bool:
    """Whether a path may be in a git checkout: a look at the folders above it."""
    absolute = path.absolute()
    return any((above / ".git").exists() for above in (absolute, *absolute.parents))


async def examine(folder: Path) -> Checkout:
    """What git knows of a folder; empty where it is in no checkout or there is no git."""
    if not in_work_tree(folder):
        return Checkout()
    git = Git(folder, str(folder), seconds=_SECONDS)
    try:
        prefix = (await git.run("rev-parse", "--show-prefix")).decode().strip()
        commit = (await git.run("rev-parse", "--verify", "HEAD^{commit}")).decode().strip()
        listing = await git.run("ls-tree", "-r", "-z", f"{commit}:{prefix.rstrip('/')}")
    except SourceUnavailableError as error:
        log.debug("no commit is known", folder=str(folder), error=str(error))
        return Checkout()
    blobs = {}
    for line in listing.split(b"\0"):
        head, _, path = line.partition(b"\t")
        if path:
            blobs[path.decode("utf-8", "backslashreplace")] = head.decode().split()[2]
    return Checkout(commit, prefix, blobs)


@dataclass(frozen=True, slots=True)
class LinkedItem:
    """A file with its link, and its commit where it is as committed."""

    inner: Item
    checkout: Checkout
    link: Link

    @property
    def name(self) -> str:
        return self.inner.name

    async def load(self, known: str = "") -> RawDocument | FailedDocument | None:
        """The file; changed as well where its link is made in another way."""
        before, _, sign = known.partition(" ")
        raw = await self.inner.load(before if sign == self.link.sign else "")
        if not isinstance(raw, RawDocument):
            return raw
        commit = self.checkout.commit if await asyncio.to_thread(self._is_committed, raw) else ""
        return replace(
            raw,
            uri=self.link.to(f"{self.checkout.prefix}{self.name}", commit),
            fingerprint=f"{raw.fingerprint} {self.link.sign}".strip() if raw.fingerprint else "",
            extra={**raw.extra, "commit": commit} if commit else raw.extra,
        )

    def _is_committed(self, raw: RawDocument) -> bool:
        """Whether the file's bytes are those of the commit."""
        blob = self.checkout.blobs.get(self.name)
        if blob is None or raw.path is None:
            return False
        try:
            if raw.path.stat().st_size > DEFAULT_LIMIT:
                return False
            content = raw.path.read_bytes()
        except OSError:  # reading it will say so
            return False
        digest = hashlib.new("sha256" if len(blob) == 64 else "sha1", usedforsecurity=False)
        digest.update(b"blob %d\0" % len(content) + content)
        return digest.hexdigest() == blob


class CheckoutSource:
    """A folder as a :class:`~knowledge.sources.folder.FolderSource` reads it. Where it is in a git
    checkout, the commit is kept with each file that is as committed; ``link`` is the address where
    people read a file, with ``{path}`` (from the root of the checkout) and ``{commit}``."""

    def __init__(self, path: Path, name: str | None = None, *, link: str = "") -> None:
        self._folder = FolderSource(path, name=name)
        self._link = Link(link)
        self.name = self._folder.name
        self.commit = ""

    async def items(self) -> AsyncIterator[Item | Skipped | FailedDocument]:
        """Every file in the order of names."""
        path = self._folder.path
        checkout = await examine(path if path.is_dir() else path.parent)
        self.commit = checkout.commit
        async for each in self._folder.items():
            if isinstance(each, Skipped | FailedDocument):
                yield each
            else:
                yield LinkedItem(each, checkout, self._link)

    async def close(self) -> None:
        """Nothing is held."""
