"""The watch room of the console: how live turns do, week by week, and what got worse."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from adapters.watch.desk import LOOK, SUITE, Report, WatchedWeek
from adapters.web.console.called import operators_called
from adapters.web.plotting import Plot, Reading, Unit, trend
from bot.store.watch_figures import ALL, Measure
from bot.watching.drops import in_words
from bot.watching.figures import QUANTILES, TITLES, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.web.console.base import Console
    from bot.watching import Figure

_WEEKS = 8
_CHOICES = (8, 13, 26, 52)
_OLD_ALERTS = 20
_LINES = 6
"""Parts that a plot shows beside each other, the largest ones."""

_SMALL = 0.4
"""Up to this share the axis ends where the figures do."""

_MEANINGS = {
    Measure.SATISFACTION: "Thumbs up of all thumbs.",
    Measure.RATED: "Turns that anybody rated.",
    Measure.GROUNDED: "Sentences shown that their sources carry.",
    Measure.CHECKER: "What the check gave these sentences on average, 0 to 1.",
    Measure.KEPT_BACK: "Sentences that the check let nobody see.",
    Measure.ABSTENTIONS: "Turns in which the bot said that it does not know.",
    Measure.HANDOFFS: "Turns that went to a person.",
    Measure.ERRORS: "Turns that failed.",
    Measure.P50: "Half of the turns took no longer.",
    Measure.P95: "19 of 20 turns took no longer.",
    Measure.COST: "What a question cost on average.",
    Measure.CACHED: "Turns whose answer was given before.",
}
By = Literal["", "route", "model"]


def plots_of(report: Report) -> list[Plot]:
    """A trend of each measure: of all turns, or of the largest parts."""
    parts = [scope for scope in report.scopes if scope != ALL][:_LINES]
    lines = {scope.partition(":")[2]: report.scopes[scope] for scope in parts} or {
        "all turns": report.all
    }
    moments = [_day(week) for week in report.all]
    return [_trend(measure, moments, lines) for measure in Measure]


def _trend(
    measure: Measure, moments: Sequence[str], lines: Mapping[str, Sequence[WatchedWeek]]
) -> Plot:
    series = {
        name: [_reading(week.figures[measure]) for week in weeks] for name, weeks in lines.items()
    }
    title = TITLES[measure].capitalize()
    plot = trend(title, _MEANINGS[measure], moments, series, unit=_unit(measure), moment="Week of")
    highest = max((r.high or r.value or 0.0 for found in series.values() for r in found), default=1)
    if highest > _SMALL:
        return plot
    return {**plot, "draw": {**plot["draw"], "top": None}}  # a few points of a hundred are a line


def _day(week: WatchedWeek) -> str:
    return f"{week.start:%d %b}{' (running)' if week.running else ''}"


def _reading(figure: Figure) -> Reading:
    ends = figure.interval
    return Reading(figure.value, ends.low if ends else None, ends.high if ends else None, figure.n)


def _unit(measure: Measure) -> Unit:
    if measure in QUANTILES:
        return "milliseconds"
    if measure is Measure.COST:
        return "dollars"
    return "score" if measure is Measure.CHECKER else "share"


def add_watch(router: APIRouter, console: Console) -> None:
    """The room."""

    @router.get("/watch")
    async def watch(
        request: Request,
        weeks: Annotated[int, Query(ge=1, le=104)] = _WEEKS,
        by: By = "",
    ) -> Response:
        console.operator(request)
        desk = console.application.watch
        report = await desk.report(weeks, by)
        return console.render(
            request,
            "console/watch.html",
            "watch",
            report=report,
            plots=plots_of(report),
            titles=TITLES,
            meanings=_MEANINGS,
            shown=shown,
            in_words=in_words,
            weeks=weeks,
            by=by,
            choices=_CHOICES,
            old=[a for a in await desk.listing(_OLD_ALERTS) if a.seen_by],
            planned=await desk.planned(),
            look=LOOK,
            suite=SUITE,
            called=await operators_called(console),
        )

    @router.post("/watch/alerts/{alert}/seen")
    async def seen(request: Request, alert: str, csrf: Annotated[str, Form()] = "") -> Response:
        operator = console.form(request, csrf)
        await console.application.watch.see(alert, operator.author.key)
        await console.attention.look_for_drops()
        return RedirectResponse("/console/watch", HTTPStatus.SEE_OTHER)
