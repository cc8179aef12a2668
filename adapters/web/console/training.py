"""The training room of the console: rounds of fine-tuning, with one that runs shown as it runs."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.teaching.tuning import NoDatasetError, Round
from adapters.web.plotting import Plot, curves
from adapters.web.texts import checked
from bot.errors import TooFewExamplesError, UsageError, WellspokenError
from persona.tuning.base import Backend, Event, Method, TuningJob
from persona.tuning.losses import Loss

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_ROOM = "/console/training"
_EVENTS = 200
"""Events of a job that are shown, the last ones."""
_POINTS = 120
"""Places of a curve."""
_LEAST = 2

_METHODS = {
    Method.SFT: "approved answers (SFT)",
    Method.DPO: "the better of two (DPO)",
    Method.KTO: "thumbs as they are (KTO)",
}
_LEARNED = {
    Method.SFT: "Imitating approved answers",
    Method.DPO: "Preferring the better of two",
    Method.KTO: "From thumbs as they are",
}
_BACKENDS = {Backend.LOCAL: "this machine", Backend.OPENAI: "the service of OPENAI_BASE_URL"}


def curves_of(losses: Sequence[Loss]) -> Plot | None:
    """The losses by step; ``None`` where nothing of a line is there yet."""
    training = [(loss.step, loss.training) for loss in losses if loss.training is not None]
    held_out = [(loss.step, loss.validation) for loss in losses if loss.validation is not None]
    if len(training) < _LEAST and len(held_out) < _LEAST:
        return None
    shown = thinned(training, _POINTS)
    named = {"Training": shown, "Validation": thinned(held_out, _POINTS)}
    note = ""
    if len(shown) < len(training):
        note = f"{len(shown)} of {len(training):,} measured steps are drawn."
    return curves(
        "Loss",
        "How far its answers are from those to learn, on the examples it trains on and on those "
        "kept to validate with. Where only the first one falls, it learns by heart.",
        {name: points for name, points in named.items() if points},
        x_title="step",
        unit="loss",
        note=note,
    )


def thinned(points: Sequence[tuple[int, float]], most: int) -> list[tuple[float, float]]:
    """At most ``most`` points, each the mean of its neighbours at the last one's step."""
    size = max(1, -(-len(points) // most))
    runs = [points[at : at + size] for at in range(0, len(points), size)]
    return [(run[-1][0], sum(loss for _, loss in run) / len(run)) for run in runs]


def title_of(job: TuningJob) -> str:
    """What a round is about, in words, and the base's own name without its folders."""
    return f"{_LEARNED[job.method]}, on {job.base.rstrip('/').rpartition('/')[2] or job.base}"


def told_of(events: Sequence[Event]) -> tuple[list[Event], list[Event]]:
    """What happened, newest first, and beside it the measured steps, which the curve has too."""
    newest = list(reversed(events))
    steps = [event for event in newest if event.kind == "loss"]
    return [event for event in newest if event.kind != "loss"], steps


def time_left(job: TuningJob) -> str:
    """How long a training still takes, in words; empty where that is not known."""
    left = job.progress.seconds_left
    if job.status.over or left is None:
        return ""
    if left < 90:
        return f"{left:.0f} s left"
    return f"{left / 60:.0f} min left" if left < 5400 else f"{left / 3600:.1f} h left"


def _named(kind: type[Backend] | type[Method], word: str, what: str) -> Backend | Method:
    try:
        return kind(word)
    except ValueError:
        raise UsageError(f'"{word[:50]}" is no {what}; choose one from the list.') from None


def add_training(router: APIRouter, console: Console) -> None:
    """The room."""
    _add_looking(router, console)
    _add_doing(router, console)


def _add_looking(router: APIRouter, console: Console) -> None:
    @router.get("/training")
    async def rounds(request: Request) -> Response:
        console.operator(request)
        return await _rounds(request, console)

    @router.get("/training/{job}")
    async def story(request: Request, job: str) -> Response:
        console.operator(request)
        found = await console.application.tuning.story(checked(job, "job", 200))
        return _page(request, console, "console/training_job.html", found)

    @router.get("/training/{job}/live")
    async def live(request: Request, job: str) -> Response:
        console.operator(request)
        found = await console.application.tuning.story(checked(job, "job", 200), glance=True)
        return _page(request, console, "console/_training_live.html", found)


async def _rounds(
    request: Request,
    console: Console,
    failure: WellspokenError | None = None,
    asked: tuple[str, str, str] | None = None,
) -> Response:
    """The list and the form; ``asked`` is one that was refused because of ``failure``, as it was
    filled in: method, way, base."""
    usual = console.application.tuning.usual
    method, backend, base = asked or (usual.method, usual.backend, "")
    page = console.render(
        request,
        "console/training.html",
        "training",
        jobs=await console.application.tuning.listing(),
        methods=[(method.value, words) for method, words in _METHODS.items()],
        backends=[(backend.value, words) for backend, words in _BACKENDS.items()],
        usual=usual,
        method=method,
        backend=backend,
        base=base,
        time_left=time_left,
        title_of=title_of,
        backend_words=_BACKENDS,
        wrong=_why(failure),
        lead=_leads_on(failure),
    )
    if failure:
        page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return page


def _why(failure: WellspokenError | None) -> str:
    """Why a round did not begin, in the words of the page."""
    if isinstance(failure, NoDatasetError):
        return f"There is no data set of {_METHODS[Method(str(failure.data['method']))]} yet."
    return str(failure) if failure else ""


def _leads_on(failure: WellspokenError | None) -> tuple[str, str] | None:
    """The room where what keeps a round from beginning is mended: address and words."""
    if isinstance(failure, NoDatasetError):
        return "/console/datasets", "Build one under Data sets"
    if isinstance(failure, TooFewExamplesError):
        return "/console/review", "Review"
    return None


def _page(request: Request, console: Console, template: str, found: Round) -> Response:
    events, steps = told_of(found.events[-_EVENTS:])
    return console.render(
        request,
        template,
        "training",
        job=found.job,
        events=events,
        steps=steps,
        older=max(0, len(found.events) - _EVENTS),
        curves=curves_of(found.losses),
        time_left=time_left,
        title_of=title_of,
        backend_words=_BACKENDS,
    )


def _add_doing(router: APIRouter, console: Console) -> None:
    @router.post("/training")
    async def start(
        request: Request,
        method: Annotated[str, Form()] = "",
        backend: Annotated[str, Form()] = "",
        base: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        try:
            job = await console.application.tuning.start(
                by=operator.author.key,
                method=Method(_named(Method, method, "method")),
                backend=Backend(_named(Backend, backend, "way to train")),
                base=checked(base, "base", 500).strip() or None,
            )
        except WellspokenError as error:  # said above the form, whatever kept it from beginning
            return await _rounds(request, console, error, (method, backend, base[:500]))
        return RedirectResponse(f"{_ROOM}/{job.id}", HTTPStatus.SEE_OTHER)

    @router.post("/training/{job}/cancel")
    async def cancel(request: Request, job: str, csrf: Annotated[str, Form()] = "") -> Response:
        operator = console.form(request, csrf)
        done = await console.application.tuning.cancel(
            checked(job, "job", 200), operator.author.key
        )
        return RedirectResponse(f"{_ROOM}/{done.id}", HTTPStatus.SEE_OTHER)

    @router.post("/training/{job}/resume")
    async def resume(request: Request, job: str, csrf: Annotated[str, Form()] = "") -> Response:
        operator = console.form(request, csrf)
        done = await console.application.tuning.resume(
            checked(job, "job", 200), by=operator.author.key
        )
        return RedirectResponse(f"{_ROOM}/{done.id}", HTTPStatus.SEE_OTHER)
