"""The port of tuners: who trains a data set into a new model, here or at a service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from persona.datasets import Dataset


class Backend(StrEnum):
    """Who trains."""

    LOCAL = "local"
    OPENAI = "openai"


class Method(StrEnum):
    """What is trained for: imitation, preferences in pairs, thumbs as they are."""

    SFT = "sft"
    DPO = "dpo"
    KTO = "kto"


class Status(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self not in (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is. ``steps`` is 0 until it is known."""

    step: int = 0
    steps: int = 0
    loss: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job. ``key`` tells it from the others of the same job, so that
    it is kept once, however often it is seen."""

    key: str
    kind: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TuningJob:
    """A round of fine-tuning. ``remote`` is the service's own id, or the trainer's process.

    ``model`` is what came of it: a model's id or an adapter's folder; ``version`` what it was
    registered as. ``options`` are kept for the tuner alone, and ``resumable`` says that a failed
    one can go on.
    """

    id: str
    backend: Backend
    method: Method
    base: str
    dataset: str
    status: Status
    remote: str
    model: str
    version: str
    error: str
    options: Mapping[str, Any]
    progress: Progress
    by: str
    at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def resumable(self) -> bool:
        """Whether a failed job can go on from where it stopped."""
        return self.status is Status.FAILED and bool(self.options.get("resumable"))


@dataclass(frozen=True, slots=True)
class Report:
    """What a tuner sees of a job now. ``model`` is what came of it; ``served_as`` is the id that it
    is asked by, where that is another; ``adapter`` its folder, where it has one. ``vanished``: who
    trained it ended without a word, and may be started again."""

    status: Status
    remote: str = ""
    model: str = ""
    served_as: str = ""
    adapter: str = ""
    error: str = ""
    resumable: bool = False
    vanished: bool = False
    progress: Progress = Progress()
    events: Sequence[Event] = ()


Keep = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Keeps values among a job's ``options``, safe on disk when it returns."""


class Tuner(Protocol):
    """Trains. Every method may be called again after a crash: nothing happens twice."""

    async def probe(self) -> str:
        """Look whether there is anything to train with; what it is, in words for people.

        Raises TrainerMissingError, TuningUnavailableError, TuningRefusedError.
        """
        ...

    async def check(self, method: Method, base: str, dataset: Dataset) -> str:
        """Look whether a job could begin, before there is one; the base as it shall be kept.

        Raises UsageError for what the backend cannot do, TrainerMissingError, and TrainingError
        for data that it would refuse.
        """
        ...

    async def begin(self, job: TuningJob, dataset: Dataset, keep: Keep) -> str:
        """Have the training begin, or go on after it stopped; its ``remote``.

        A job that runs is left alone. Raises TuningRefusedError, TuningUnavailableError,
        TrainingError.
        """
        ...

    async def look(self, job: TuningJob) -> Report:
        """How the job stands. Raises TuningUnavailableError where that cannot be told now."""
        ...

    async def cancel(self, job: TuningJob) -> None:
        """Have the training end; one that is over is left alone. Raises TuningUnavailableError."""
        ...
