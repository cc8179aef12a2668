"""Another index as a job: built beside the live one, compared, switched to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot.work.claims import Patience
from bot.work.jobs import Wanted
from bot.work.runner import Kind, RefusedError, Running

if TYPE_CHECKING:
    from bot.settings import Settings
    from knowledge.reindexing import Probe, Reindexed

KIND = "reindex"
UP_TO_DATE = {"switched": False, "reason": "the live index is up to date"}
_WORDS = {"vectors": "chunks embedded", "questions": "questions compared"}
_PATIENCE = Patience(tries=3, first=10.0, longest=60.0)
_BUSY_S = 15.0

Steps = Callable[[str, int, int | None], None]
"""Called with what is being done, how many are done, and of how many where that is known."""


class FindsLessError(RefusedError):
    """{why}"""

    def __init__(self, done: Reindexed) -> None:
        super().__init__(why=finds_less(done))
        self.done = done


def finds_less(done: Reindexed) -> str:
    """Why an index that was built is not switched to."""
    return (
        f"{done.index.name} finds less, so the index before goes on answering. "
        "--force switches all the same."
    )


def reindexing(by: str, probes: Sequence[Probe] | None = None, *, force: bool = False) -> Wanted:
    """The job. ``force``: though nothing changed, and though it finds less."""
    asked = [
        {"question": p.question, "gold": sorted(p.gold), "groups": sorted(p.groups)}
        for p in probes or ()
    ]
    arguments = {"force": force, "probes": asked}
    return Wanted(KIND, "Build the index anew", arguments, key=KIND, by=by, alone=KIND)


async def reindexed(
    settings: Settings, job: Running, steps: Steps | None = None
) -> Reindexed | None:
    """Do it; ``None`` where the live index is what the settings ask for. A switch is put on record
    before it is made.

    Raises FindsLessError where it was built and not switched to, ReindexRunningError, and the
    errors of store and embedder.
    """
    from adapters.indexes import open_reindexing

    force = bool(job.arguments["force"])

    def tell(what: str, done: int, total: int | None) -> None:
        job.note(done, total, _WORDS.get(what, what))
        if steps is not None:
            steps(what, done, total)

    async def before(index: str) -> None:
        by = job.job.asked_by
        await on_record(settings, "index switched", index, by=by, forced=force)

    async with open_reindexing(settings) as (reindexer, shelf, wanted):
        live = await shelf.live()
        specs = {record.name: record.spec for record in await shelf.records()}
        if live is not None and specs.get(live) == wanted and not force:
            return None
        done = await reindexer.reindex(
            wanted, probes=_probes(job.arguments), force=force, progress=tell, before=before
        )
    if not done.switched:
        raise FindsLessError(done)
    return done


def _probes(arguments: Mapping[str, Any]) -> list[Probe] | None:
    from knowledge.reindexing import Probe

    asked = arguments["probes"]
    if not asked:
        return None
    return [Probe(p["question"], frozenset(p["gold"]), frozenset(p["groups"])) for p in asked]


async def on_record(
    settings: Settings, action: str, index: str, *, by: str, **details: object
) -> None:
    """Put a change of what answers on record."""
    from adapters.home import open_database
    from bot.store.audit import AuditTrail

    async with open_database(settings) as database:
        await AuditTrail(database).operator(action, by, subject=index, **details)


def as_json(done: Reindexed | None) -> dict[str, Any]:
    """What came of it, as ``knowledge reindex --json`` prints it."""
    if done is None:
        return dict(UP_TO_DATE)
    found = done.comparison
    return {
        "switched": done.switched,
        "index": done.index.name,
        "model": done.index.spec.model,
        "documents": done.documents,
        "chunks": done.chunks,
        "comparison": found
        and {"questions": found.questions, "before": found.live, "after": found.new},
    }


def kind_of(settings: Settings) -> Kind:
    """What does it in a worker."""

    async def work(job: Running) -> object:
        from knowledge.reindexing import ReindexRunningError

        try:
            return as_json(await reindexed(settings, job))
        except ReindexRunningError:  # somebody switches back, or deletes one
            raise job.later(_BUSY_S) from None

    return Kind(KIND, work, 1, _PATIENCE)
