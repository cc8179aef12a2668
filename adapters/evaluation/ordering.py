"""Runs that are asked for as jobs, in the words of a standing run."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.evaluation.standing import Order, Standing, State
from bot.work.jobs import Job, Status, Wanted

KIND = "evaluation"
_STATES = {
    Status.QUEUED: State.RUNNING,
    Status.RUNNING: State.RUNNING,
    Status.SUCCEEDED: State.DONE,
    Status.FAILED: State.FAILED,
    Status.CANCELLED: State.CANCELLED,
}


def run_wanted(suite: str, modes: Sequence[str], baseline: str, by: str) -> Wanted:
    """The job that asks a suite; one at a time in a home."""
    told = {"suite": suite, "modes": list(modes), "baseline": baseline}
    title = f"Ask {suite} in {', '.join(modes)}"
    return Wanted(KIND, title, told, key=KIND, by=by, alone=KIND)


def order_of(job: Job) -> Order:
    """What a job asks for."""
    told = job.arguments
    return Order(job.id, told["suite"], tuple(told["modes"]), told["baseline"], job.asked_by)


def standing_of(job: Job) -> Standing:
    """How a job stands, as a run does."""
    result = job.result if isinstance(job.result, dict) else {}
    return Standing(
        order_of(job),
        job.created_at,
        _STATES[job.status],
        job.done,
        job.total or 0,
        str(result.get("run", "")),
        job.error if job.status is Status.FAILED else "",
        job.ending,
    )
