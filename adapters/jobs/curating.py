"""A data set as a job: built of what was rated, corrected and approved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import TrainingError, UsageError
from bot.work.claims import Patience
from bot.work.jobs import Wanted
from bot.work.runner import Kind, RefusedError, Running

if TYPE_CHECKING:
    from adapters.teaching.datasets import DatasetDesk
    from persona.datasets import Dataset

KIND = "dataset"
_TEACHES = {
    "sft": "answers to imitate",
    "dpo": "better and worse answers",
    "kto": "answers with their thumbs",
}
_PATIENCE = Patience(tries=3, first=10.0, longest=60.0)


def building(format_: str, by: str, out: Path | None = None) -> Wanted:
    """The job; ``out`` is where a command wants its file. Raises UsageError."""
    from persona.curation.choosing import Format

    if format_ not in set(Format):
        raise UsageError(f'"{format_[:50]}" is no format; say sft, dpo or kto.')
    arguments = {"format": format_, "out": str(out.absolute()) if out else None}
    title = f"Build a data set: {_TEACHES[format_]}"
    return Wanted(KIND, title, arguments, key=KIND, by=by)


async def built(
    desk: DatasetDesk,
    job: Running,
    progress: Callable[[int, int], None] | None = None,
    waiting: Callable[[], None] | None = None,
) -> Dataset:
    """Do it. Raises as :meth:`adapters.teaching.datasets.DatasetDesk.build`."""
    from persona.curation.choosing import Format

    def tell(done: int, total: int) -> None:
        job.note(done, total, "rated turns")
        if progress is not None:
            progress(done, total)

    out = job.arguments["out"]
    wanted = Format(job.arguments["format"])
    return await desk.build(wanted, Path(out) if out else None, tell, waiting, by=job.job.asked_by)


def as_json(made: Dataset) -> dict[str, Any]:
    """What came of it, for the list of jobs."""
    return {
        "dataset": made.id,
        "format": made.format,
        "examples": made.examples,
        "train": made.train,
        "validation": made.validation,
    }


def kind_of(desk: Callable[[], DatasetDesk]) -> Kind:
    """What does it in a worker."""

    async def work(job: Running) -> object:
        if out := job.arguments["out"]:  # of a command that was killed; it may be another machine
            raise RefusedError(why=f"It was to write {out}; repeat `wellspoken dataset build`.")
        try:
            return as_json(await built(desk(), job))
        except (TrainingError, UsageError) as error:  # nothing to teach yet: no try changes that
            raise RefusedError(why=str(error)) from error

    return Kind(KIND, work, 1, _PATIENCE)
