"""``tune``: rounds of fine-tuning, from a data set to a candidate of the voice."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from adapters.cli.console import AsJson, print_json, remark, run, settings, table
from bot.conversation import Author, Platform

if TYPE_CHECKING:
    from adapters.teaching.tuning import Round, TuningDesk
    from persona.tuning.base import TuningJob

OPERATOR = Author(Platform.TERMINAL, "operator").key

Job = Annotated[str, typer.Argument(help="Its id, as in `tune list`.")]
BackendOption = Annotated[
    Literal["openai", "local"] | None,
    typer.Option("--backend", help="Who trains; default: [tuning] backend."),
]
MethodOption = Annotated[
    Literal["sft", "dpo", "kto"] | None,
    typer.Option("--method", help="What is trained for; default: [tuning] method."),
]
BaseOption = Annotated[
    str | None,
    typer.Option("--base", metavar="MODEL", help="What to start from; default: [tuning] base."),
]
DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", metavar="ID", help="The data set; default: the method's newest."),
]


def register(app: typer.Typer) -> None:
    tune = typer.Typer(help="Fine-tuning rounds.", no_args_is_help=True)
    tune.command(
        "start", epilog="Example: wellspoken tune start --backend local --base ./models/small"
    )(start)
    tune.command("list", epilog="Example: wellspoken tune list --json")(listing)
    tune.command("show", epilog="Example: wellspoken tune show j1rk3fzmq6j8w2 --json")(show)
    tune.command("watch", epilog="Example: wellspoken tune watch j1rk3fzmq6j8w2")(watch)
    tune.command("cancel", epilog="Example: wellspoken tune cancel j1rk3fzmq6j8w2")(cancel)
    tune.command("serve", epilog="Example: wellspoken tune serve --base ./models/small")(serve)
    tune.command("practice", epilog="Example: wellspoken tune practice models/practice")(practice)
    app.add_typer(tune, name="tune")


def start(
    backend: BackendOption = None,
    method: MethodOption = None,
    base: BaseOption = None,
    dataset: DatasetOption = None,
    as_json: AsJson = False,
) -> None:
    """Begin a round and return at once; `tune watch` waits for it.

    What comes of it is a candidate: nothing reaches users before it is promoted.
    """
    told, persona = run(_start(backend, method, base, dataset))
    _tell_change(persona)
    if as_json:
        _print(told)
        return
    job = told.job
    sys.stdout.write(f"{job.id} is {job.status.value}, with data set {job.dataset}.\n")
    remark(f"Wait for it with `wellspoken tune watch {job.id}`.")


async def _start(
    backend: str | None, method: str | None, base: str | None, dataset: str | None
) -> tuple[Round, str]:
    from persona.tuning.base import Backend, Method

    async with _desk() as desk:
        job = await desk.start(
            by=OPERATOR,
            backend=Backend(backend) if backend else None,
            method=Method(method) if method else None,
            base=base,
            dataset=dataset,
        )
        return await desk.story(job.id), await desk.persona_of(job)


def _tell_change(persona: str) -> None:
    """Say so where the voice has changed since the data set was built."""
    from adapters.models import load_voice_persona

    now = load_voice_persona(settings()).label
    if persona and persona != now:
        remark(f"The data set was built for {persona}, the persona is {now} now; to train on the")
        remark("new one build it anew with `wellspoken dataset build`.")


def listing(as_json: AsJson = False) -> None:
    """List all rounds, the newest first."""
    jobs = run(_listing())
    if as_json:
        from adapters.teaching.tuning import Round, job_json

        print_json([job_json(Round(job, ())) for job in jobs])
        return
    rows = [
        (
            job.id,
            job.status.value,
            job.backend.value,
            job.method.value,
            job.base,
            job.dataset,
            _how_far(job),
            job.version,
            f"{job.at:%Y-%m-%d %H:%M}",
        )
        for job in jobs
    ]
    headings = ("job", "status", "backend", "method", "base", "data", "steps", "version", "UTC")
    table(headings, rows)


async def _listing() -> list[TuningJob]:
    async with _desk() as desk:
        return await desk.listing()


def show(job: Job, as_json: AsJson = False) -> None:
    """Show a round with everything that happened to it."""
    told = run(_story(job))
    if as_json:
        _print(told)
    else:
        _tell(told)


async def _story(job: str) -> Round:
    async with _desk() as desk:
        return await desk.story(job)


def watch(job: Job, as_json: AsJson = False) -> None:
    """Wait for a round with a bar (steps, loss, time left), taking it up wherever it stopped.

    When it is done, its model is registered as a candidate. Ctrl-C ends the waiting alone.
    """
    told = run(_watch(job))
    if as_json:
        _print(told)
    else:
        _tell_end(told.job)
    if told.job.status.value != "succeeded":
        raise typer.Exit(1)


async def _watch(job: str) -> Round:
    from adapters.cli.bars import bar

    with bar() as shown:
        task = shown.add_task("Waiting …", total=None)
        said = ""

        def seen(job: TuningJob) -> None:
            nonlocal said
            progress = job.progress
            words = _doing(job)
            if progress.steps:
                shown.update(task, description=words, completed=progress.step, total=progress.steps)
            else:
                shown.update(task, description=words)
            if shown.disable and job.status.value != said:
                said = job.status.value
                remark(f"{job.id} is {said}.")

        async with _desk() as desk:
            done = await desk.watch(job, seen, by=OPERATOR)
            return await desk.story(done.id)


def cancel(job: Job, as_json: AsJson = False) -> None:
    """End a round; one that is over stays as it is."""
    told = run(_cancel(job))
    if as_json:
        _print(told)
    else:
        sys.stdout.write(f"{told.job.id} is {told.job.status.value}.\n")


async def _cancel(job: str) -> Round:
    async with _desk() as desk:
        await desk.cancel(job, OPERATOR)
        return await desk.story(job)


def serve(
    base: BaseOption = None,
    host: Annotated[str, typer.Option("--host", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port.")] = 8000,
) -> None:
    """Serve the base model and what was trained on it, as OpenAI's API: for laptops without vLLM.

    Set OPENAI_BASE_URL to the printed address. Ctrl-C stops it.
    """
    from adapters.teaching.serving import serve as serving

    code = run(serving(settings(), base, host, port))
    raise typer.Exit(code)


def practice(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; a new folder.")],
    as_json: AsJson = False,
) -> None:
    """Make a tiny model with random weights, to practise the loop with.

    It says nonsense, but it is trained, served and released in minutes on any laptop.
    """
    from adapters.teaching.serving import practise

    code = run(practise(settings(), folder))
    if code:
        raise typer.Exit(code)
    if as_json:
        print_json({"model": str(folder)})
        return
    sys.stdout.write(f"{folder} is a model; name it with --base, or as [tuning] base\n")


# -- showing ------------------------------------------------------------------------------------


def _print(told: Round) -> None:
    from adapters.teaching.tuning import job_json

    print_json(job_json(told))


def _tell(told: Round) -> None:
    job = told.job
    lines: list[tuple[str, Any]] = [
        ("job", job.id),
        ("status", job.status.value),
        ("trains", f"{job.method.value} of {job.base}, {job.backend.value}"),
        ("data set", job.dataset),
        ("steps", _how_far(job)),
        ("model", job.model),
        ("version", job.version),
        ("error", job.error),
    ]
    for name, value in lines:
        if value:
            sys.stdout.write(f"{name:<9}{value}\n")
    for event in told.events:
        at = f"{event.at:%Y-%m-%d %H:%M:%S}" if event.at else ""
        sys.stdout.write(f"{at}  {event.message}\n")


def _tell_end(job: TuningJob) -> None:
    if job.version:
        sys.stdout.write(f"{job.id} succeeded: {job.version} is a candidate.\n")
        remark(f"Compare it with `wellspoken models gate {job.version} --suite SUITE`.")
    else:
        sys.stdout.write(f"{job.id} {job.status.value}. {job.error}".rstrip() + "\n")


def _how_far(job: TuningJob) -> str:
    progress = job.progress
    if not progress.steps:
        return ""
    loss = "" if progress.loss is None else f", loss {progress.loss:.4f}"
    return f"{progress.step}/{progress.steps}{loss}"


def _doing(job: TuningJob) -> str:
    """What the bar says: the loss, and the time left as the trainer reckons it."""
    progress = job.progress
    words = f"{job.method.value} {job.status.value}"
    if progress.loss is not None:
        words += f", loss {progress.loss:.4f}"
    if progress.seconds_left:
        minutes, seconds = divmod(round(progress.seconds_left), 60)
        words += f", {minutes}:{seconds:02d} left"
    return words


@asynccontextmanager
async def _desk() -> AsyncIterator[TuningDesk]:
    from adapters.home import open_home
    from adapters.teaching.tuning import desk_of

    async with open_home(settings()) as home:
        yield desk_of(home)
