"""Training on this machine: LoRA in a process of its own, which outlives the one that starts it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import DiskFullError, StorageError, TrainerMissingError, TrainingError, UsageError
from bot.settings.child import child_environment
from bot.telemetry import log
from persona.datasets import Dataset
from persona.tuning.base import Event, Keep, Method, Progress, Report, Status, TuningJob
from persona.tuning.trainer.folder import FAILED, SUCCEEDED, JobFolder, write_object

PROGRAM = Path(__file__).parent / "trainer" / "__main__.py"
_NEEDED = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")
_CHECK_S = 60
_SECRETS = ("OPENAI_", "SLACK_", "DISCORD_", "WELLSPOKEN_", "DATABASE_", "WEAVIATE_", "PYTHON")
_PATIENCE_S = 10.0
"""How long a trainer may take to write its checkpoint when it is told to stop."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """How is trained; ``learning_rate`` ``None``: the method's own."""

    epochs: int = 3
    learning_rate: float | None = None
    rank: int = 16
    tokens: int = 4096
    checkpoint_every: int = 0


class LocalTuner:
    """Trains with TRL and PEFT. ``home`` is the folder of all jobs, ``python`` the interpreter that
    has the extra ``train``."""

    def __init__(
        self, home: Path, python: Path | None = None, wanted: Hyperparameters | None = None
    ) -> None:
        self._home = home
        self._python = python or Path(sys.executable)
        self._wanted = wanted or Hyperparameters()

    def folder(self, job: str) -> JobFolder:
        """The files of a job."""
        return JobFolder(self._home / job)

    async def probe(self) -> str:
        """As the port says; the packages are looked for, not loaded."""
        await asyncio.to_thread(self._check_packages)
        return f"{self._python} has what training needs"

    async def check(self, method: Method, base: str, dataset: Dataset) -> str:
        """As the port says; a base that is a folder comes back as its whole path."""
        if not base:
            raise UsageError(
                "No base model is named; give one with --base, a folder or a name, or set "
                "[tuning] base."
            )
        await asyncio.to_thread(self._check_packages)
        found = _base(base)
        await asyncio.to_thread(_check_lines, dataset, method)
        return found

    def _check_packages(self) -> None:
        """Raises TrainerMissingError."""
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                [str(self._python), str(PROGRAM), "--check"],
                capture_output=True,
                text=True,
                timeout=_CHECK_S,
                check=False,
                env=trainer_environment({}),
            )
            packages = json.loads(done.stdout)["packages"]
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = getattr(error, "strerror", None) or "it does not answer"
            raise TrainerMissingError(python=self._python, reason=reason) from error
        except (ValueError, KeyError, TypeError) as error:
            raise TrainerMissingError(
                python=self._python, reason="it is no Python 3.11 or newer"
            ) from error
        missing = [name for name in _NEEDED if not packages.get(name)]
        if missing:
            raise TrainerMissingError(python=self._python, reason=f"without {', '.join(missing)}")

    async def begin(self, job: TuningJob, dataset: Dataset, keep: Keep) -> str:
        """Start a trainer, where none has the job."""
        del keep  # all of it is in the folder
        folder = self.folder(job.id)
        return await asyncio.to_thread(self._start, folder, job, dataset)

    def _start(self, folder: JobFolder, job: TuningJob, dataset: Dataset) -> str:
        try:
            folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            held = folder.take_lock(patient=True)
            if held is None:
                return job.remote or str(folder.trainer() or "")
            try:
                os.ftruncate(held, 0)  # the number of the one before
                if folder.read_progress().get("state") == SUCCEEDED:
                    return job.remote or "over"
                if not folder.job.exists():
                    write_object(folder.job, self._order(job, dataset))
                folder.progress.unlink(missing_ok=True)  # of the one that stopped
                return str(self._spawn(folder, job, held))
            finally:
                os.close(held)  # the trainer has it now
        except OSError as error:
            raise _disk(error, folder.path) from error

    def _order(self, job: TuningJob, dataset: Dataset) -> dict[str, Any]:
        wanted = self._wanted
        return {
            "job": job.id,
            "method": job.method.value,
            "base": job.base,
            "dataset": dataset.id,
            "persona": dataset.persona,
            "train": str(dataset.train_file.absolute()),
            "validation": str(dataset.validation_file.absolute()),
            "hyperparameters": {
                "epochs": wanted.epochs,
                "learning_rate": wanted.learning_rate,
                "rank": wanted.rank,
                "tokens": wanted.tokens,
                "checkpoint_every": wanted.checkpoint_every,
            },
        }

    def _spawn(self, folder: JobFolder, job: TuningJob, held: int) -> int:
        """Start the trainer in a session of its own; its process number."""
        command = [str(self._python), str(PROGRAM), str(folder.path), "--lock", str(held)]
        offline = {"HF_HUB_OFFLINE": "1"} if Path(job.base).is_dir() else {}
        with folder.log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder.path,
                env=trainer_environment(offline),
                start_new_session=True,
                pass_fds=(held,),
            )
        _reaped.append(process)
        return process.pid

    async def look(self, job: TuningJob) -> Report:
        """What the trainer wrote last, and whether it still lives."""
        return await asyncio.to_thread(self._look, job)

    def _look(self, job: TuningJob) -> Report:
        _reap()
        folder = self.folder(job.id)
        if job.remote and not folder.job.exists():  # in the home of another machine
            return Report(job.status, progress=job.progress)
        lives = folder.trainer() is not None  # before its words are read: they may be its last
        told = folder.read_progress()
        seen = Report(Status.RUNNING, progress=_progress(told, job), events=_events(folder))
        state = told.get("state")
        if state == SUCCEEDED:
            return replace(
                seen,
                status=Status.SUCCEEDED,
                model=str(folder.adapter),
                served_as=served_as(job.id),
                adapter=str(folder.adapter),
            )
        if lives:
            return seen
        if state == FAILED:
            error, may = str(told.get("error", "")), bool(told.get("resumable"))
            return replace(seen, status=Status.FAILED, error=error, resumable=may)
        if job.status is Status.QUEUED and not folder.job.exists():
            return Report(Status.QUEUED)
        killed = _killed(told, folder, job)
        return replace(seen, status=Status.FAILED, error=killed, resumable=True, vanished=True)

    async def cancel(self, job: TuningJob) -> None:
        """Stop the trainer: first with a word, then for good. Its checkpoints are removed."""
        folder = self.folder(job.id)
        told, deadline = 0, time.monotonic() + _PATIENCE_S
        while (process := await asyncio.to_thread(folder.trainer)) is not None:
            late = time.monotonic() > deadline
            if process and (late or process != told):  # 0: it has not said its number yet
                _signal(process, signal.SIGKILL if late else signal.SIGTERM)
                told = process
            if time.monotonic() > deadline + _PATIENCE_S:
                break
            await asyncio.sleep(0.1)
        await asyncio.to_thread(shutil.rmtree, folder.checkpoints, ignore_errors=True)


def served_as(job: str) -> str:
    """The id that a job's adapter is asked by at the model server."""
    return f"voice-{job}"


_reaped: list[subprocess.Popen[bytes]] = []
"""Trainers that this process started: a dead one stays a zombie until it is asked for."""


def _reap() -> None:
    _reaped[:] = [process for process in _reaped if process.poll() is None]


def trainer_environment(values: Mapping[str, str]) -> dict[str, str]:
    """Nothing of ours goes to the trainer, least of all a key; and nothing of it to any hub."""
    quiet = {
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
    }
    # Threads that spin cost a shared machine three times the CPU; several GPUs would each get a
    # copy of the model and a part of every batch, which preferences do not stand.
    polite = {"OMP_WAIT_POLICY": "PASSIVE", "CUDA_VISIBLE_DEVICES": "0"}
    return child_environment({**quiet, **values}, defaults=polite, without=_SECRETS)


def whole_path(base: str) -> str:
    """A base that is a folder by its whole path; a name as it is."""
    path = Path(base).expanduser()
    return str(path.absolute()) if path.is_dir() else base


def _base(base: str) -> str:
    """A base as it is kept. Raises UsageError for a folder that holds no model."""
    path = Path(base).expanduser()
    if not path.exists():
        if base.startswith((".", "/", "~")):
            raise UsageError(f'The base model "{base}" does not exist; check the path.')
        return base
    if not (path / "config.json").is_file():
        raise UsageError(
            f'"{base}" holds no model: config.json is missing; name the folder of a causal model '
            "as transformers saves it."
        )
    return whole_path(base)


def _check_lines(dataset: Dataset, method: Method) -> None:
    """Raises TrainingError for lines that the trainer would refuse."""
    from persona.tuning.trainer.lines import DataError, read_rows

    try:
        rows = read_rows(dataset.train_file, method.value)
        if dataset.validation_file.is_file():
            read_rows(dataset.validation_file, method.value)
    except DataError as error:
        raise TrainingError(reason=f"{error}.") from error
    if method is Method.KTO and len({row["label"] for row in rows}) == 1:
        only = "good" if rows[0]["label"] else "bad"
        raise TrainingError(
            reason=f"kto learns from good and bad answers, and all of data set {dataset.id} are "
            f"{only}; gather thumbs of both kinds, or train with --method sft."
        )


def _disk(error: OSError, path: Path) -> StorageError:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(path=path)
    return StorageError(f"{path} cannot be written ({error.strerror}); check its permissions.")


def _killed(told: Mapping[str, Any], folder: JobFolder, job: TuningJob) -> str:
    """A trainer that is gone without a word: what can be said of it."""
    log.debug("the trainer is gone", job=job.id, log=str(folder.log))
    step, steps = told.get("step", 0), told.get("steps", 0)
    where = f"at step {step} of {steps}" if steps else "before its first step"
    return (
        f"The trainer was killed {where}, by somebody or for want of memory; go on from its last "
        f"checkpoint with `wellspoken tune watch {job.id}`."
    )


def _progress(told: Mapping[str, Any], job: TuningJob) -> Progress:
    if not told:
        return job.progress
    return Progress(
        int(told.get("step") or 0),
        int(told.get("steps") or 0),
        told.get("loss"),
        told.get("seconds_left"),
    )


def _events(folder: JobFolder) -> Sequence[Event]:
    return tuple(
        Event(
            f"line {number}",
            str(event.get("kind", "")),
            str(event.get("message", "")),
            event.get("data") or {},
            datetime.fromtimestamp(float(event.get("at", 0)), UTC),
        )
        for number, event in enumerate(folder.read_events())
    )


def _signal(process: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, what)
