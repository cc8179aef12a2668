"""People: their data given out, and their choices kept."""

from __future__ import annotations

import asyncio
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Protocol

# Who did something is asked of every table that is known: all that tell it are, from here on.
import bot.store.evaluation_tables
import bot.store.routing_tables
import bot.store.setting_changes
import bot.store.suite_tables
import bot.store.watch_tables
import bot.work.tables  # noqa: F401
import persona.tables  # noqa: F401
from adapters.governance.files import held, private_file, remove_stale
from bot.errors import StorageError, UsageError
from bot.store.consent import ConsentChoice, ConsentLedger
from bot.store.forgetting import Person
from bot.store.ids import new_id
from bot.store.people_list import PAGE, PeopleList, PeopleLook
from bot.store.personal import PersonalData, person
from persona.outliving import mark_withdrawn

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.audit import AuditTrail
    from bot.store.base import Database
    from bot.store.turn_list import Place

EXPORTED = "person exported"
CHOSEN = "consent set"

_WHOSE = "whose"
"""The file of a draft that tells whose it is, before any other is there."""

_DRAFT = ".draft-"
_INDEX = "index.md"

_ABOUT = {
    "messages": "what you asked, and what was answered from which documents",
    "ratings": "your thumbs, with the reasons that you gave",
    "corrections": "better answers that you sent, and what was made of them",
    "handoffs": "questions that went to a person, and replies of yours to others",
    "consent": "whether your words may be used to improve the bot: each choice, with when and how",
    "audit": "what the audit trail keeps about your turns, and about what you did as an operator",
    "deeds": "what you judged, changed or have in hand as an operator: where it is kept, and when",
}


class NothingKeptError(UsageError):
    """Nothing is kept of {author}."""


class ForgottenError(StorageError):
    """The person was forgotten while this was being written; nothing of it is left."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was given out: how many records of each kind, and where they lie."""

    counts: dict[str, int]
    folder: Path

    def json(self) -> dict[str, Any]:
        return {**self.counts, "folder": str(self.folder)}


class PeopleDesk:
    """What is kept of people in one home."""

    def __init__(self, database: Database, trail: AuditTrail, home: Path, clock: Clock) -> None:
        self._database = database
        self._trail = trail
        self._home = home
        self._clock = clock
        self._ledger = ConsentLedger(database, clock)

    async def latest(self, after: Place | None = None, limit: int = PAGE) -> PeopleLook:
        """Who asked something, the latest first, behind a place."""
        return await PeopleList(self._database).latest(after, limit)

    async def search(self, words: str, after: str = "", limit: int = PAGE) -> PeopleLook:
        """Whose key or name holds some words, by their keys, behind a key."""
        return await PeopleList(self._database).search(words, after, limit)

    async def person(self, author: str) -> Any | None:
        """One of them, by the key; ``None`` where they asked nothing."""
        return await person(self._database, author)

    async def channels(self, author: str) -> Sequence[str]:
        """Where one of them asked of late, by name."""
        return await PeopleList(self._database).channels(author)

    async def consents(
        self, author: str | None = None, *, limit: int | None = None
    ) -> Sequence[ConsentChoice]:
        """The ledger, newest first."""
        return await self._ledger.listing(author, limit=limit)

    async def choose(
        self, author: str, allowed: bool, *, by: str, source: str, channel: str = ""
    ) -> None:
        """Keep a person's choice that an operator was told. Raises UsageError for no key, and for a
        channel that no turn can name: such a choice would never count."""
        key, channel = Person.of(author).key, channel.strip()
        await self._ledger.choose(key, allowed, channel=channel, source=source)
        await mark_withdrawn(self._database, key)
        word = "opt-in" if allowed else "opt-out"
        await self._trail.operator(CHOSEN, by, subject=key, choice=word, channel=channel)

    async def export(self, author: str, *, by: str, to: Path | None = None) -> Exported:
        """Write all that is kept of a person into a folder: JSON Lines, with an index for people.

        By default a new folder under ``exports`` in the home. It is written as it is read, so its
        length costs no memory; the folder's files are there once all of them are whole. That it
        was given out is on record before that. Raises UsageError for what is no key,
        NothingKeptError, StorageError.
        """
        folder = to or self._home / "exports" / new_id("person")
        with self._draft(author) as draft:
            counts = await self._write(author, draft)
            await self._put_on_record(author, by, counts)
            await asyncio.to_thread(_publish, draft, folder)
        return Exported(counts, folder)

    async def archive(self, author: str, *, by: str) -> IO[bytes]:
        """As :meth:`export`, as a ZIP file that has no name, to be closed: nothing of it is left in
        the home."""
        with self._draft(author) as draft:
            counts = await self._write(author, draft)
            await self._put_on_record(author, by, counts)
            return await asyncio.to_thread(_zipped, draft)

    @contextmanager
    def _draft(self, author: str) -> Iterator[Path]:
        """A folder for a while, where erasure and retention find what a killed process left."""
        exports = self._home / "exports"
        try:
            exports.mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_stale(exports, f"{_DRAFT}*")
            with (
                TemporaryDirectory(prefix=_DRAFT, dir=exports, ignore_cleanup_errors=True) as found,
                held(Path(found)),
            ):
                with private_file(Path(found) / _WHOSE) as file:
                    file.write(Person.of(author).key)
                yield Path(found)
        except OSError as error:
            raise StorageError(f"{exports} cannot be written ({error.strerror}).") from error

    async def _put_on_record(self, author: str, by: str, counts: Mapping[str, int]) -> None:
        await self._trail.operator(EXPORTED, by, subject=Person.of(author).key, **counts)

    async def _write(self, author: str, folder: Path) -> dict[str, int]:
        """Every part and the index; how many records of each."""
        data = PersonalData(self._database, self._trail, author)
        counts: dict[str, int] = {}
        for name, records in data.parts().items():
            with private_file(folder / f"{name}.jsonl") as file:
                counts[name] = 0
                async for record in records():
                    file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
                    counts[name] += 1
        if not any(counts.values()):
            raise NothingKeptError(author=author)
        await asyncio.to_thread(_write_index, folder, author, counts, self._clock())
        return counts


def _parts(draft: Path) -> list[Path]:
    return sorted(path for path in draft.iterdir() if path.name != _WHOSE)


def _publish(draft: Path, folder: Path) -> None:
    """A new folder is there whole or not at all; in one that is there already the index comes last.

    Raises ForgottenError where the person was forgotten meanwhile: then nothing is left.
    """
    try:
        parts = _parts(draft)
        _put(parts, folder)
        (draft / _WHOSE).stat()
    except FileNotFoundError as error:  # an erasure found the draft, and may have missed the copy
        for name in (_INDEX, *(f"{name}.jsonl" for name in _ABOUT)):
            (folder / name).unlink(missing_ok=True)
        raise ForgottenError from error


def _put(parts: Sequence[Path], folder: Path) -> None:
    if folder.exists():
        (folder / _INDEX).unlink(missing_ok=True)
        _copy(sorted(parts, key=lambda path: path.name == _INDEX), folder)
    else:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_stale(folder.parent, f".{escape(folder.name)}.part*")
        beside = folder.with_name(f".{folder.name}.{new_id('part')}")
        beside.mkdir(mode=0o700)
        try:
            with held(beside):
                _copy(parts, beside)
                beside.rename(folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise


def _copy(parts: Sequence[Path], folder: Path) -> None:
    for path in parts:
        with (
            path.open(encoding="utf-8", newline="") as lines,
            private_file(folder / path.name) as file,
        ):
            shutil.copyfileobj(lines, file)


def _zipped(folder: Path) -> IO[bytes]:
    out = TemporaryFile(dir=folder)  # noqa: SIM115 - whoever gives it out closes it
    try:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in _parts(folder):
                archive.write(path, path.name)
        out.seek(0)
    except OSError as error:
        out.close()
        raise StorageError(f"The archive cannot be written ({error.strerror}).") from error
    return out


def _write_index(folder: Path, author: str, counts: dict[str, int], at: datetime) -> None:
    """What is in the files, in words, and the conversation itself."""
    listed = "\n".join(
        f"- `{name}.jsonl` ({number}): {_ABOUT[name]}" for name, number in counts.items()
    )
    with (
        private_file(folder / _INDEX) as file,
        (folder / "messages.jsonl").open(encoding="utf-8", newline="") as lines,
    ):
        file.write(
            f"# What is kept of {author}\n\nWritten on {at:%d %B %Y, %H:%M} UTC.\n\n{listed}\n\n"
            "## Conversations\n\n"
        )
        for line in lines:
            file.write(_told(json.loads(line)) + "\n")


def _told(record: dict[str, Any]) -> str:
    """A turn, each line of it quoted, so that no word of it becomes a heading or a link list."""
    question = record["question"] or "(erased)"
    answer = record["answer"] or "(erased)"
    quoted = [f"> {line}" for line in f"You: {question}\n\nAnswer: {answer}".splitlines()]
    return "\n".join([f"### {record['at']}", "", *quoted, ""])


class Application(Protocol):
    """What the desk needs of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def audit(self) -> AuditTrail: ...
    @property
    def clock(self) -> Clock: ...


def desk_of(app: Application) -> PeopleDesk:
    """The desk of an application."""
    return PeopleDesk(app.database, app.audit, app.settings.home, app.clock)
