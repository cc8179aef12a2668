"""A copy of the knowledge base from one store into another as a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bot.work.claims import Patience
from bot.work.jobs import Wanted
from bot.work.runner import Kind, Running

if TYPE_CHECKING:
    from adapters.indexes import ShelfKind
    from adapters.jobs.reindexing import Steps
    from bot.settings import Settings
    from bot.store.base import Database
    from knowledge.copying import CopyReport
    from knowledge.stores.shelf import IndexRecord

KIND = "copy"
_WORDS = {"copy": "chunks copied", "check": "chunks read back"}
_PATIENCE = Patience(tries=3, first=10.0, longest=60.0)


def copying(origin: ShelfKind, target: ShelfKind, by: str, *, prune: bool = False) -> Wanted:
    """The job. ``prune``: also where the target loses most of what it holds."""
    arguments = {"from": origin, "to": target, "prune": prune}
    return Wanted(KIND, f"Copy from {origin} to {target}", arguments, key=KIND, by=by, alone=KIND)


async def copied(
    settings: Settings,
    database: Database,
    job: Running,
    steps: Steps | None = None,
    wait: Callable[[], None] | None = None,
) -> tuple[IndexRecord, CopyReport]:
    """Do it; it goes on where it was interrupted. ``wait`` is called once where others change
    documents first. Raises the errors of both stores."""
    from adapters.indexes import open_shelf
    from bot.work.leases import Leases
    from knowledge.exclusive import Exclusive
    from knowledge.ledger import Ledger
    from knowledge.moving import copy_live, undisturbed

    def tell(what: str, done: int, total: int | None) -> None:
        job.note(done, total, _WORDS.get(what, what))
        if steps is not None:
            steps(what, done, total)

    asked = job.arguments
    async with (
        open_shelf(settings, asked["from"]) as source,
        open_shelf(settings, asked["to"]) as shelf,
    ):
        sources = [found.name for found in await Ledger(database).sources()]
        async with undisturbed(Exclusive(Leases(database)), sources, wait):
            return await copy_live(source, shelf, progress=tell, remove_many=asked["prune"])


def as_json(
    origin: ShelfKind, target: ShelfKind, record: IndexRecord, report: CopyReport
) -> dict[str, Any]:
    """What came of it, as ``knowledge copy --json`` prints it."""
    return {
        "from": origin,
        "to": target,
        "index": record.name,
        "model": record.spec.model,
        "documents": report.documents,
        "chunks": report.chunks,
        "waiting": report.waiting,
        "copied": report.copied,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "checksum": report.checksum,
        "seconds": round(report.seconds, 3),
    }


def kind_of(settings: Settings, database: Database) -> Kind:
    """What does it in a worker."""

    async def work(job: Running) -> object:
        record, report = await copied(settings, database, job)
        return as_json(job.arguments["from"], job.arguments["to"], record, report)

    return Kind(KIND, work, 1, _PATIENCE)
