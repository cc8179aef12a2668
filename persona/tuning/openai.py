"""Training at a service with the OpenAI ``files`` and ``fine_tuning.jobs`` API: SFT and DPO.

Uploads and the job are made once, whatever breaks in between: the files' ids are kept, and the
service is asked for a job with them before one is created.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from bot.errors import TrainingError, TuningRefusedError, TuningUnavailableError, UsageError
from bot.llm.refusals import server_words, without_password, without_secrets
from bot.telemetry import log
from persona.datasets import Dataset
from persona.tuning.base import Event, Keep, Method, Progress, Report, Status, TuningJob
from persona.tuning.trainer.lines import DataError, read_rows

if TYPE_CHECKING:
    import openai

LEAST = 10
"""Examples that OpenAI asks for at least, https://platform.openai.com/docs/guides/fine-tuning."""

OPENAI_URL = "https://api.openai.com/v1"
_MARK = "wellspoken_job"
_TYPES = {Method.SFT: "supervised", Method.DPO: "dpo"}
_ASK_S, _UPLOAD_S = 30.0, 600.0
_FILES = ("training_file", "validation_file")
_LOOKED_THROUGH = 200
"""Jobs and files at the service that are looked through for ours."""

_PAGE, _EVENTS = 100, 1000
_NOT_OFFERED = (404, 405, 501)

_STATUS = {
    "succeeded": Status.SUCCEEDED,
    "failed": Status.FAILED,
    "cancelled": Status.CANCELLED,
    "validating_files": Status.QUEUED,
    "queued": Status.QUEUED,
}
_STEP = re.compile(r"[Ss]tep (\d+)(?:/(\d+))?")
_LOSS = re.compile(r"train(?:ing)?[ _]loss\s*[=:]\s*([\d.]+(?:e-?\d+)?)")


class OpenAITuner:
    """Trains at the service of ``base_url`` (``None``: OpenAI)."""

    def __init__(
        self, base_url: str | None = None, api_key: str | None = None, *, epochs: int | None = None
    ) -> None:
        self._base_url = base_url or OPENAI_URL
        self._api_key = api_key or ""
        self._epochs = epochs
        self.url = without_password(self._base_url)

    async def probe(self) -> str:
        """As the port says; jobs are listed, nothing is sent."""
        async with self._client("") as client:
            found = await client.with_options(max_retries=0).fine_tuning.jobs.list(limit=1)
            if not isinstance(found.data, list):
                raise ValueError("it answers with something that is no fine-tuning API")  # noqa: TRY004 - the server's mistake
            return f"{self.url} answers"

    async def check(self, method: Method, base: str, dataset: Dataset) -> str:
        """As the port says; nothing is sent."""
        if method is Method.KTO:
            raise UsageError(
                "Services with the OpenAI API train with sft and dpo; kto is trained on your own "
                "machine: --backend local."
            )
        if not base:
            raise UsageError(
                "No base model is named; give the service's name of one with --base, or set "
                "[tuning] base."
            )
        await asyncio.to_thread(_check_lines, dataset, method)
        return base

    async def begin(self, job: TuningJob, dataset: Dataset, keep: Keep) -> str:
        """Upload the files and create the job, as far as that has not happened yet."""
        if job.remote:
            return job.remote
        async with self._client(job.id) as client:
            again = bool(job.options.get("begun"))
            await keep({"begun": True})
            files: dict[str, str] = {}
            try:
                for name, path in _files(dataset):
                    kept = str(job.options.get(name) or "")
                    files[name] = kept or await self._uploaded(client, job, name, path, again=again)
                    await keep({name: files[name]})
                found = await self._ours(client, job, files) if again else None
                created = found or await self._created(client, job, files)
            except Exception as error:
                if _is_refusal(error):
                    await _removed(client, files)
                raise
            return str(created.id)

    async def _uploaded(
        self, client: openai.AsyncOpenAI, job: TuningJob, name: str, path: Path, *, again: bool
    ) -> str:
        title = f"{job.id}-{path.name}"
        if again and (there := (await _lying_there(client, job)).get(title)):
            return there
        content = await asyncio.to_thread(path.read_bytes)
        log.info("uploading", job=job.id, file=name, bytes=len(content))
        # Never again by itself: an answer that got lost may have left a file.
        made = await client.with_options(max_retries=0).files.create(
            file=(title, content), purpose="fine-tune", timeout=_UPLOAD_S
        )
        return str(_known(made, "id"))

    async def _ours(
        self, client: openai.AsyncOpenAI, job: TuningJob, files: Mapping[str, str]
    ) -> Any:
        """A job at the service that was made for ours, before whoever made it could note it."""
        async for found in _first(client.fine_tuning.jobs.list(limit=50), _LOOKED_THROUGH):
            marked = (getattr(found, "metadata", None) or {}).get(_MARK) == job.id
            if marked or found.training_file == files["training_file"]:
                return found
        return None

    async def _created(
        self, client: openai.AsyncOpenAI, job: TuningJob, files: Mapping[str, str]
    ) -> Any:
        how: dict[str, Any] = {}
        if self._epochs is not None:
            how["hyperparameters"] = {"n_epochs": self._epochs}
        kind = _TYPES[job.method]
        method: Any = {"type": kind, kind: how}
        # Never again by itself: an answer that got lost may have been a job.
        made = await client.with_options(max_retries=0).fine_tuning.jobs.create(
            model=job.base,
            method=method,
            suffix=job.id,
            metadata={_MARK: job.id},
            **files,  # type: ignore[arg-type]  # training_file and validation_file
        )
        _known(made, "id")
        return made

    async def look(self, job: TuningJob) -> Report:
        """What the service says of the job, with its events."""
        if not job.remote:
            return Report(job.status)
        async with self._client(job.id, looking=True) as client:
            try:
                remote = await client.fine_tuning.jobs.retrieve(job.remote)
            except Exception as error:
                if getattr(error, "status_code", None) != 404:
                    raise
                gone = f"The service does not know {job.remote} any more; start a new round."
                return Report(Status.FAILED, error=gone)
            status = _STATUS.get(str(_known(remote, "status")), Status.RUNNING)
            events = await _events(client, job.remote)
            if status.over:
                await _removed(client, {n: str(job.options.get(n) or "") for n in _FILES})
            return _report(remote, status, events[::-1], job)

    async def cancel(self, job: TuningJob) -> None:
        """Have the service end it."""
        files = {name: str(job.options[name]) for name in _FILES if job.options.get(name)}
        if not job.remote and not files:
            await self._cleared(job)
            return
        async with self._client(job.id, looking=True) as client:
            remote = job.remote
            if not remote:  # made, and not noted any more
                files = await _lying_there(client, job) | files
                found = await self._ours(client, job, files) if "training_file" in files else None
                remote = str(found.id) if found else ""
            try:
                if remote:
                    await client.fine_tuning.jobs.cancel(remote)
            except Exception as error:
                if getattr(error, "status_code", None) not in (400, 404, 409):  # over already
                    raise
            await _removed(client, files)

    async def _cleared(self, job: TuningJob) -> None:
        """Delete a file whose upload was not noted any more; a service that was never there holds
        none, and nobody waits for it."""
        if not job.options.get("begun"):
            return
        try:
            async with self._client(job.id, looking=True) as client:
                await _removed(client, await _lying_there(client, job))
        except TuningUnavailableError as error:
            log.warning("files of the job may lie at the service", job=job.id, error=str(error))

    @asynccontextmanager
    async def _client(
        self, job: str, *, looking: bool = False
    ) -> AsyncIterator[openai.AsyncOpenAI]:
        """A client, and our errors for the SDK's. ``looking``: a refusal is no end of the job."""
        import openai  # late: the import takes a second

        async with openai.AsyncOpenAI(
            api_key=self._api_key or "none", base_url=self._base_url, timeout=_ASK_S
        ) as client:
            try:
                yield client
            except (openai.APIStatusError, openai.APIError, ValueError) as error:
                self._translate(error, job, looking=looking)

    def _translate(self, error: Exception, job: str, *, looking: bool) -> NoReturn:
        status = getattr(error, "status_code", None)
        response = getattr(error, "response", None)
        said, code = server_words(response.content) if status and response else ("", "")
        words = without_secrets(said, self._api_key) or {
            401: "the API key is missing or wrong; set OPENAI_API_KEY",
            404: "it has no fine-tuning at this address",
        }.get(status or 0, f"status {status}" if status else _plainly(error))
        refused = status is not None and status < 500 and status not in (408, 409, 425)
        if status == 429:
            refused = code == "insufficient_quota"
        if refused and not looking:
            raise TuningRefusedError(reason=words.rstrip(".")) from error
        raise TuningUnavailableError(url=self.url, reason=words.rstrip("."), job=job) from error


def _plainly(error: Exception) -> str:
    cause = error.__cause__
    return type(cause).__name__ if cause is not None else type(error).__name__


async def _first(pages: Any, most: int) -> AsyncIterator[Any]:
    """The first of a list, each once: some services give the same page again, whatever is asked."""
    seen: set[str] = set()
    async for each in pages:
        key = _key(each)
        if key in seen:
            return
        seen.add(key)
        yield each
        if len(seen) >= most:
            return


def _key(each: Any) -> str:
    """What tells a thing of a list from the others; not every service gives its events an id."""
    told = getattr(each, "created_at", ""), getattr(each, "message", "")
    return str(getattr(each, "id", None) or told)


async def _events(client: openai.AsyncOpenAI, remote: str) -> list[Any]:
    """What happened to a job, the newest first; nothing where the service keeps no events."""
    pages = client.fine_tuning.jobs.list_events(remote, limit=_PAGE)
    try:
        return [event async for event in _first(pages, _EVENTS)]
    except Exception as error:
        if getattr(error, "status_code", None) not in _NOT_OFFERED:
            raise
        return []


def _known(value: Any, name: str) -> Any:
    """A field that the API's objects have; a web page in their place has none."""
    found = getattr(value, name, None)
    if not found:
        raise ValueError("it answers with something that is no fine-tuning API")
    return found


async def _lying_there(client: openai.AsyncOpenAI, job: TuningJob) -> dict[str, str]:
    """The files at the service that were uploaded for a job: ids by their names."""
    found: dict[str, str] = {}
    async for file in _first(client.files.list(purpose="fine-tune"), _LOOKED_THROUGH):
        if str(file.filename).startswith(f"{job.id}-"):
            found[file.filename] = str(file.id)
    return found


async def _removed(client: openai.AsyncOpenAI, files: Mapping[str, str]) -> None:
    """Delete our files at the service: what people wrote stays there no longer than needed."""
    import openai

    for name, file in files.items():
        if not file:
            continue
        try:
            await client.files.delete(file)
        except openai.APIError as error:  # gone already, or it deletes nothing
            log.debug(
                "a file at the service was not deleted", file=name, error=type(error).__name__
            )


def _is_refusal(error: Exception) -> bool:
    status = getattr(error, "status_code", None)
    return status is not None and 400 <= status < 500 and status not in (408, 409, 425, 429)


def _files(dataset: Dataset) -> list[tuple[str, Path]]:
    found = [("training_file", dataset.train_file)]
    if dataset.validation_file.is_file() and dataset.validation_file.stat().st_size:
        found.append(("validation_file", dataset.validation_file))
    return found


def _check_lines(dataset: Dataset, method: Method) -> None:
    try:
        rows = read_rows(dataset.train_file, method.value)
        if dataset.validation_file.is_file():
            read_rows(dataset.validation_file, method.value)
    except DataError as error:
        raise TrainingError(reason=f"{error}.") from error
    if len(rows) < LEAST:
        raise TrainingError(
            reason=f"services ask for {LEAST} training examples, and data set {dataset.id} has "
            f"{len(rows)}; approve more answers, or train with --backend local."
        )


def _report(remote: Any, status: Status, events: Sequence[Any], job: TuningJob) -> Report:
    model = str(getattr(remote, "fine_tuned_model", None) or "")
    error = ""
    if status is Status.FAILED:
        said = getattr(getattr(remote, "error", None), "message", None) or "it gave no reason"
        error = f"The service failed to train: {without_secrets(str(said)).rstrip('.')}."
    elif status is Status.SUCCEEDED and not model:
        status, error = Status.FAILED, "The service says that it is done, and names no model."
    progress = job.progress
    for event in events:
        progress = _after(event, progress)
    left = getattr(remote, "estimated_finish", None)
    seconds = max(0.0, float(left) - time.time()) if left and not status.over else None
    return Report(
        status,
        remote=str(remote.id),
        model=model,
        error=error,
        progress=Progress(progress.step, progress.steps, progress.loss, seconds),
        events=tuple(
            Event(
                _key(event),
                str(getattr(event, "type", None) or getattr(event, "level", None) or "message"),
                without_secrets(str(getattr(event, "message", ""))),
                _data(event),
                _moment(getattr(event, "created_at", None)),
            )
            for event in events
        ),
    )


def _moment(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int | float) else None


def _data(event: Any) -> dict[str, Any]:
    data = getattr(event, "data", None)
    return dict(data) if isinstance(data, dict) else {}


def _after(event: Any, before: Progress) -> Progress:
    """The progress after an event: its figures, or what its words say."""
    data, words = _data(event), str(getattr(event, "message", ""))
    step, loss = _STEP.search(words), _LOSS.search(words)
    number = data.get("step") or (int(step[1]) if step else before.step)
    total = data.get("total_steps") or (int(step[2]) if step and step[2] else before.steps)
    value = data.get("train_loss")
    if value is None and loss:
        value = float(loss[1])
    return Progress(int(number), int(total), before.loss if value is None else float(value), None)
