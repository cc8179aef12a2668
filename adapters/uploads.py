"""Documents that operators upload in the console: taken in, read in as a job, listed, removed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from adapters.amended import AmendedSettings, CurrentSettings
from adapters.home import Home
from adapters.uploaded_files import Arriving, UploadedFiles, safe_name
from bot.errors import IngestRunningError, NotFoundError
from bot.store.audit import OPERATOR
from bot.work.claims import Patience
from bot.work.jobs import Job, Jobs, Status, Wanted
from bot.work.runner import Kind, RefusedError, Running
from knowledge.access import normal_groups
from knowledge.sources.uploads import NAME, UploadSource

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from bot.settings import Settings
    from bot.store.audit import AuditTrail
    from bot.store.base import Database
    from knowledge.ingest import Ingestor, IngestReport
    from knowledge.ledger import DocumentRecord, Ledger

KIND = "upload"
_PATIENCE = Patience(tries=3, first=5.0, longest=30.0)
_BUSY_S = 1.0
_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sent, and what came of it. ``result`` is as :func:`_result` makes it,
    where it was read in."""

    job: str
    file: str
    groups: frozenset[str]
    status: Status
    at: datetime
    error: str = ""
    result: Mapping[str, Any] | None = None

    @property
    def open(self) -> bool:
        """Whether something is still to come of it."""
        return not self.status.over


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file whose documents are in the knowledge base."""

    name: str
    title: str
    document: str
    documents: int
    chunks: int
    groups: frozenset[str]
    at: datetime


class UploadDesk:
    """The uploads of a home. ``limit`` is the size of the largest file, in bytes."""

    def __init__(
        self,
        *,
        files: UploadedFiles,
        home: Path,
        database: Database,
        jobs: Jobs,
        ledger: Ledger,
        ingestor: Callable[[], Ingestor],
        audit: AuditTrail,
        limit: int,
        settings: CurrentSettings,
    ) -> None:
        self.limit = limit
        self._files = files
        self._home = home
        self._database = database
        self._jobs = jobs
        self._ledger = ledger
        self._ingestor = ingestor
        self._audit = audit
        self._settings = settings

    # -- for the pages ---------------------------------------------------------------------------

    async def groups(self) -> list[str]:
        """Every group that a document or the settings name, but for those of single people, which
        are told to nobody else. Raises StorageError."""
        return sorted({*await self._ledger.groups(), *_named_in(await self._settings.now())})

    def arriving(self) -> Arriving:
        """Room for a file that is about to come. Raises StorageError."""
        return self._files.arriving(self.limit)

    async def accept(self, name: str, arrived: Arriving, groups: frozenset[str], by: str) -> Upload:
        """Have a file that came read in by a worker; it is on the disk already. Raises
        UnreadKindError, StorageError."""
        file = safe_name(name)
        arguments = {
            "file": file,
            "draft": arrived.id,
            "groups": sorted(groups),
            "sha256": arrived.digest,
        }
        wanted = Wanted(KIND, f"Read the upload {file}", arguments, key=KIND, by=by)
        deed = {
            "action": "document uploaded",
            "actor": by,
            "subject": file,
            "groups": sorted(groups),
            "bytes": arrived.bytes,
        }

        def op(connection: Connection) -> Job:
            job, _ = self._jobs.put_in(connection, wanted)
            self._audit.append_in(connection, OPERATOR, deed)
            return job

        return _upload(await self._database.write(op))

    async def latest(self, limit: int) -> list[Upload]:
        """The uploads that were sent last, the newest first."""
        return [_upload(job) for job in await self._jobs.page(limit, kind=KIND)]

    async def files(self, limit: int, after: str = "") -> list[UploadedFile]:
        """At most ``limit`` files whose documents are there, by name; ``after`` is the last one of
        the page before."""
        held: dict[str, list[DocumentRecord]] = {}
        for record in await self._ledger.listing(NAME):
            if record.origin > after:
                held.setdefault(record.origin, []).append(record)
        return [_file(name, held[name]) for name in sorted(held)[:limit]]

    async def remove(self, file: str, by: str) -> int:
        """Remove a file with its documents; how many these were. Raises NotFoundError, and
        IngestRunningError while something else of the uploads is read in."""
        gone = [name for name, r in (await self._ledger.state(NAME)).items() if r.origin == file]
        if not gone:
            raise NotFoundError(kind="uploaded file", id=file)
        count = await self._ingestor().remove(NAME, gone, wait=False)
        self._files.remove(file)
        await self._audit.operator("document removed", by, subject=file, source=NAME)
        return count

    async def tidy(self) -> None:
        """Delete the files of which no document is left. Raises StorageError."""
        held = await self._held()
        for file in self._files.kept():
            if file not in held:
                self._files.remove(file)

    # -- for the worker --------------------------------------------------------------------------

    async def read_in(self, job: Running) -> Mapping[str, Any]:
        """Read an upload in; what came of it. Raises RefusedError where the file cannot be read,
        LaterError while another process changes the source."""
        file, draft = str(job.arguments["file"]), str(job.arguments["draft"])
        path = self._files.draft(draft)
        if not path.exists():
            if self._files.digest(file) == job.arguments["sha256"]:  # ended before it was told
                return _result(None, await self._of(file))
            why = f"Its bytes are not in {self._home} where it is to be read; upload it again."
            raise RefusedError(why=why)
        source = UploadSource(file, path, self._held)
        groups = frozenset(job.arguments["groups"])
        try:
            report = await self._ingestor().ingest(source, groups, wait=False)
        except IngestRunningError:
            raise job.later(_BUSY_S) from None
        mine = report.added + report.changed + report.unchanged - source.beside
        if not mine:
            path.unlink(missing_ok=True)
            raise RefusedError(why=_refusal(report, await self._of(file)))
        self._files.keep(draft, file)
        return _result(report, await self._of(file))

    async def _held(self) -> Mapping[str, int]:
        state = await self._ledger.state(NAME)
        return Counter(record.origin for record in state.values())

    async def _of(self, file: str) -> list[DocumentRecord]:
        state = await self._ledger.state(NAME)
        return [record for record in state.values() if record.origin == file]


def _refusal(report: IngestReport, before: Sequence[DocumentRecord]) -> str:
    """Why nothing came of a file."""
    why = report.failed[0][1] if report.failed else "There is no document in it."
    return f"{why} What was read in of it before stays as it was." if before else why


def _result(report: IngestReport | None, records: Sequence[DocumentRecord]) -> dict[str, Any]:
    """What came of a file, as its job keeps it; without a report it was read in before."""
    failed = report.failed if report else ()
    return {
        "added": report.added if report else 0,
        "changed": report.changed + report.removed if report else 0,
        "documents": len(records),
        "document": records[0].document if records else "",
        "chunks": sum(record.chunks for record in records),
        "groups": sorted({group for record in records for group in record.groups}),
        "failed": [{"document": d, "error": e} for d, e in failed[:_FAILURES]],
        "failures": len(failed),
    }


def _upload(job: Job) -> Upload:
    return Upload(
        job=job.id,
        file=str(job.arguments["file"]),
        groups=frozenset(job.arguments["groups"]),
        status=job.status,
        at=job.created_at,
        error=job.error,
        result=job.result if isinstance(job.result, dict) else None,
    )


def _file(name: str, records: Sequence[DocumentRecord]) -> UploadedFile:
    return UploadedFile(
        name=name,
        title=records[0].title if len(records) == 1 else name,
        document=records[0].document if len(records) == 1 else "",
        documents=len(records),
        chunks=sum(record.chunks for record in records),
        groups=frozenset(group for record in records for group in record.groups),
        at=max(record.ingested_at for record in records),
    )


def kind_of(desk: Callable[[], UploadDesk]) -> Kind:
    """What reads uploads in, in a worker."""

    async def work(job: Running) -> object:
        return await desk().read_in(job)

    return Kind(KIND, work, 1, _PATIENCE)


class Application(Home, Protocol):
    """What uploading needs of the application."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def ingestor(self) -> Ingestor: ...


def desk_of(app: Application) -> UploadDesk:
    """The uploads of an application."""
    config = app.settings
    return UploadDesk(
        files=UploadedFiles(config.home),
        home=config.home,
        database=app.database,
        jobs=Jobs(app.database, app.clock),
        ledger=app.ledger,
        ingestor=lambda: app.ingestor,
        audit=app.audit,
        limit=config.limits.longest_document,
        settings=AmendedSettings(config, app.database),
    )


async def unread(home: Path, database: Database) -> int:
    """How many files came and will not be read in: those of cancelled uploads, and what came long
    ago."""
    drafts = await _cancelled(database)
    return len(await asyncio.to_thread(UploadedFiles(home).unread, drafts))


async def swept(home: Path, database: Database) -> int:
    """Delete them; how many went. A cancelled upload that is resumed after that is to be sent
    again."""
    drafts = await _cancelled(database)
    return await asyncio.to_thread(UploadedFiles(home).sweep, drafts)


async def _cancelled(database: Database) -> list[str]:
    """The drafts of cancelled uploads."""
    cancelled = await Jobs(database).page(kind=KIND, status=Status.CANCELLED)
    return [str(job.arguments["draft"]) for job in cancelled]


def _named_in(settings: Settings) -> frozenset[str]:
    """The groups that the settings name of sources, channels and groups of people."""
    access = settings.access
    tables: tuple[Mapping[str, Sequence[str]], ...] = (
        access.slack.usergroups,
        access.slack.channels,
        access.discord.roles,
        access.discord.channels,
    )
    found = {group for table in tables for groups in table.values() for group in groups}
    with suppress(ValueError):  # reading that source says what is wrong with it
        for section in settings.sources:
            found |= normal_groups(section.groups)
    return frozenset(found)
