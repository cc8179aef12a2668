"""Jobs as operators see them: one list of the jobs table and of what has a durable life of its own.

Fine-tuning rounds have a table with the ids of the service or the trainer; they are shown beside
the others, and cancelled and resumed through their own desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from adapters import uploads
from adapters.jobs import copying, curating, gathering, gating, reindexing
from bot.errors import NotFoundError, UsageError
from bot.store.audit import AuditTrail
from bot.work.jobs import Job, JobNotResumableError, JobOverError, Jobs, Status, Wanted
from knowledge.syncing import reading_of

if TYPE_CHECKING:
    from adapters.home import Home
    from adapters.teaching.tuning import TuningDesk
    from persona.tuning.base import TuningJob

TUNING = "tuning"
KINDS = {
    "sync": "Reading a source",
    uploads.KIND: "Reading an upload",
    "evaluation": "Asking a suite",
    reindexing.KIND: "Building an index",
    copying.KIND: "Copying the knowledge base",
    gathering.KIND: "Grouping unanswered questions",
    curating.KIND: "Building a data set",
    gating.KIND: "Holding a version to the gate",
    TUNING: "Fine-tuning",
    "retention": "Removing what is too old",
}
"""The kinds, in the words of people."""

_LEARNS = {
    "sft": "imitating approved answers",
    "dpo": "preferring the better of two",
    "kto": "from thumbs as they are",
}
_ROOMS = {
    "knowledge": "Sources",
    "training": "The round",
    "scorecards": "Scorecards",
    "datasets": "The data set",
    "gates": "The answers side by side",
    "gaps": "Gaps",
    "": "",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A job in a list. ``by`` is who asked, a schedule's name where one did; ``page`` its own room
    in the console; ``due`` when one that waits is tried (again); ``lease_until``, of one that runs,
    until when its worker is known to live."""

    id: str
    kind: str
    title: str
    status: Status
    by: str
    created_at: datetime
    done: int = 0
    total: int | None = None
    doing: str = ""
    error: str = ""
    ending: bool = False
    resumable: bool = False
    attempts: int = 0
    parent: str = ""
    due: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancelled_by: str = ""
    result: Any = None
    page: str = ""
    lease_until: datetime | None = None

    @property
    def kind_words(self) -> str:
        return KINDS.get(self.kind, self.kind)

    @property
    def page_words(self) -> str:
        """What its own room is called."""
        room = self.page.removeprefix("/console/").partition("/")[0]
        return _ROOMS[room]

    @property
    def share(self) -> float | None:
        """How far it is, 0 to 1; ``None`` where nobody knows."""
        return min(1.0, self.done / self.total) if self.total else None

    def json(self) -> dict[str, Any]:
        """As ``wellspoken jobs`` prints it."""
        return {
            "job": self.id,
            "kind": self.kind,
            "title": self.title,
            "status": self.status.value,
            "cancelling": self.ending,
            "done": self.done,
            "total": self.total,
            "doing": self.doing or None,
            "error": self.error or None,
            "result": self.result,
            "attempts": self.attempts,
            "by": self.by or None,
            "cancelled_by": self.cancelled_by or None,
            "parent": self.parent or None,
            "created_at": self.created_at.isoformat(),
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
        }


class JobDesk:
    """The jobs of a home."""

    def __init__(self, jobs: Jobs, tuning: TuningDesk, audit: AuditTrail) -> None:
        self._jobs = jobs
        self._tuning = tuning
        self._audit = audit

    async def listing(
        self, kind: str = "", status: str = "", *, limit: int | None = None, before: str = ""
    ) -> Sequence[Line]:
        """Jobs, the newest first, those put before the one with the id ``before``. Raises
        UsageError for a kind or a status that there is not, NotFoundError."""
        if kind and kind not in KINDS:
            raise UsageError(f'There is no kind of job "{kind[:50]}"; one of {", ".join(KINDS)}.')
        wanted = _status(status)
        last = await self.show(before) if before else None
        found: list[Line] = []
        if kind != TUNING:
            under = await self._number(last)
            found += map(line_of, await self._jobs.page(limit, under, kind=kind, status=wanted))
        if kind in ("", TUNING):
            found += [
                line
                for line in map(_round, await self._tuning.listing())
                if (wanted is None or line.status is wanted)
                and (last is None or line.created_at < last.created_at)
            ]
        found.sort(key=lambda line: line.created_at, reverse=True)
        return found[:limit]

    async def _number(self, last: Line | None) -> int | None:
        """Which rows are older than a line, whatever kind it is of."""
        if last is None:
            return None
        if last.kind != TUNING:
            return (await self._jobs.get(last.id)).number
        return await self._jobs.first_after(last.created_at)

    async def show(self, id: str) -> Line:  # noqa: A002 - the store's own word
        """One job. Raises NotFoundError."""
        try:
            return line_of(await self._jobs.get(id))
        except NotFoundError:
            rounds = {job.id: job for job in await self._tuning.listing()}
            if id not in rounds:
                raise
            return _round(rounds[id])

    async def parts(self, id: str) -> Sequence[Line]:  # noqa: A002 - the store's own word
        """The jobs that a job put, the newest first."""
        return [line_of(job) for job in await self._jobs.page(parent=id)]

    async def read_source(self, source: str, by: str) -> Line:
        """Put the job that reads a source, or the one that is there."""
        return await self._put(reading_of(source, by))

    async def reindex(self, by: str, *, force: bool = False) -> Line:
        """Put the job that builds the index anew, or the one that is there."""
        return await self._put(reindexing.reindexing(by, force=force))

    async def build_dataset(self, format_: str, by: str) -> Line:
        """Put a job that builds a data set. Raises UsageError for a format that there is not."""
        return await self._put(curating.building(format_, by))

    async def hold_to_gate(self, version: str, suites: Sequence[str], by: str) -> Line:
        """Put the job that holds a version to the gate, or the one that is there."""
        return await self._put(gating.gating(version, suites, by))

    async def gather_gaps(self, by: str) -> Line:
        """Put the job that groups unanswered questions, or the one that is there."""
        return await self._put(gathering.gathering(by))

    async def _put(self, wanted: Wanted) -> Line:
        job, _ = await self._jobs.put(wanted)
        return line_of(job)

    async def cancel(self, id: str, by: str) -> Line:  # noqa: A002 - the store's own word
        """Wish for the end of a job. Raises NotFoundError, JobOverError."""
        line = await self.show(id)
        if line.kind == TUNING:
            if line.status.over and not line.resumable:
                raise JobOverError(id=id, status=line.status.value)
            return _round(await self._tuning.cancel(id, by))
        done = line_of(await self._jobs.cancel(id, by))
        await self._audit.operator("job cancelled", by, subject=id, kind=done.kind)
        return done

    async def resume(self, id: str, by: str) -> Line:  # noqa: A002 - the store's own word
        """Have a job go on. Raises NotFoundError, JobNotResumableError."""
        line = await self.show(id)
        if line.kind == TUNING:
            if not line.resumable:
                why = f"is {line.status.value}; start a new round with `wellspoken tune start`"
                raise JobNotResumableError(id=id, why=why)
            return _round(await self._tuning.resume(id, by=by))
        done = line_of(await self._jobs.resume(id))
        await self._audit.operator("job resumed", by, subject=id, kind=done.kind)
        return done


def _status(word: str) -> Status | None:
    try:
        return Status(word) if word else None
    except ValueError:
        known = ", ".join(status.value for status in Status)
        raise UsageError(f'There is no status "{word[:50]}"; one of {known}.') from None


def line_of(job: Job) -> Line:
    """A row of the jobs table as a line."""
    return Line(
        id=job.id,
        kind=job.kind,
        title=job.title,
        status=job.status,
        by=job.asked_by,
        created_at=job.created_at,
        done=job.done,
        total=job.total,
        doing=job.doing,
        error=job.error,
        ending=job.ending,
        resumable=job.resumable,
        attempts=job.attempts,
        parent=job.parent,
        due=job.due if job.status is Status.QUEUED else None,
        started_at=job.started_at,
        finished_at=job.finished_at,
        cancelled_by=job.cancelled_by,
        result=job.result,
        page=_page(job),
        lease_until=job.lease_until,
    )


_PAGES = {
    "sync": "/console/knowledge",
    uploads.KIND: "/console/knowledge/uploaded",
    gathering.KIND: "/console/gaps",
}


def _page(job: Job) -> str:
    result = job.result if isinstance(job.result, dict) else {}
    if job.kind == "evaluation":
        run = result.get("run")
        return f"/console/scorecards/{run}" if run else "/console/scorecards"
    if job.kind == curating.KIND and "dataset" in result:
        return f"/console/datasets/{result['dataset']}"
    if job.kind == gating.KIND and "gate" in result:
        return f"/console/gates/{result['gate']}"
    return _PAGES.get(job.kind, "")


def _round(job: TuningJob) -> Line:
    """A fine-tuning round as a line."""
    base = job.base.rstrip("/").rpartition("/")[2]
    return Line(
        id=job.id,
        kind=TUNING,
        title=f"Train {base or job.base}: {_LEARNS[job.method.value]}",
        status=Status(job.status.value),
        by=job.by,
        created_at=job.at,
        done=job.progress.step,
        total=job.progress.steps or None,
        doing="" if job.progress.loss is None else f"steps, loss {job.progress.loss:.4f}",
        error=job.error,
        resumable=job.resumable,
        started_at=job.started_at,
        finished_at=job.finished_at,
        result={"version": job.version} if job.version else None,
        page=f"/console/training/{job.id}",
    )


def desk_of(app: Home) -> JobDesk:
    """The jobs of an application."""
    from adapters.teaching.tuning import desk_of as tuning_of

    return JobDesk(Jobs(app.database, app.clock), tuning_of(app), app.audit)
