"""The advice room of the console: retrieval, fine-tuning or both, and what would change it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from adapters.web.plotting import Plot, Reading, bars
from bot.advisor import Advice, Answers, read_answers
from bot.advisor.answers import CHOICES
from bot.advisor.telling import MODES
from bot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.web.console.base import Console

_QUESTIONS = {
    "new_data": "How often the knowledge changes",
    "style_control": "How much voice and behaviour matter",
    "factual_accuracy": "How much right facts matter",
    "hallucination_tolerance": "How much invention is tolerated",
    "governance": "Rules on data",
    "upfront_cost": "What the start may cost",
    "time_to_deploy": "When it has to run",
}
_SHORT = {"style and behaviour control": "Style control"}
"""What would not fit under its bars."""
_A_NUMBER = "Write the questions a month as a number, 0 or more."
_NEED = {"yes": True, "no": False}


def answers_in(form: Mapping[str, str]) -> Answers:
    """Answers from the fields of the form; what was left open is not said. Raises UsageError."""
    given: dict[str, Any] = {name: form[name] for name in CHOICES if form.get(name)}
    task = form.get("task", "").strip()
    if task:
        given["task"] = task
    queries = form.get("monthly_queries", "").strip()
    if queries:
        try:
            given["monthly_queries"] = float(queries)
        except ValueError as error:
            raise UsageError(_A_NUMBER) from error
        if not 0 <= given["monthly_queries"] < math.inf:
            raise UsageError(_A_NUMBER)
    if form.get("sources_required") in _NEED:
        given["sources_required"] = _NEED[form["sources_required"]]
    return read_answers(given)


def pieces_of(step: str) -> list[tuple[str, bool]]:
    """A next step in pieces, each with whether it is a command, which stands in backticks."""
    return [(text, bool(n % 2)) for n, text in enumerate(step.split("`")) if text]


def plot_of(advice: Advice) -> Plot:
    """Points of the three ways by factor, 0 to 10, the sum last."""
    ways = {"Retrieval": "rag", "Fine-tuning": "fine-tuning", "Both": "hybrid"}
    points = [
        {"rag": f.rag, "fine-tuning": f.fine_tuning, "hybrid": f.hybrid} for f in advice.factors
    ]
    series = {
        title: [Reading(10 * each[way]) for each in (*points, advice.totals)]
        for title, way in ways.items()
    }
    plot = bars(
        "Points by factor",
        "The higher, the better a way serves what was said; all in all, each factor as it counts.",
        [*(_SHORT.get(f.factor, f.factor.capitalize()) for f in advice.factors), "All in all"],
        series,
        unit="score",
        tones={"Retrieval": 1, "Fine-tuning": 2, "Both": 3},
    )
    return {**plot, "draw": {**plot["draw"], "top": 10}}


def add_advice(router: APIRouter, console: Console) -> None:
    """The room."""

    @router.get("/advice")
    async def advice(request: Request) -> Response:
        console.operator(request)
        form, wrong = dict(request.query_params), ""
        try:
            answers = answers_in(form)
        except UsageError as error:
            answers, wrong = Answers(), str(error)
        found = await console.application.advising.advice(answers)
        return console.render(
            request,
            "console/advice.html",
            "advice",
            advice=found,
            plot=plot_of(found),
            form=form,
            wrong=wrong,
            questions=_QUESTIONS,
            choices=CHOICES,
            ways=MODES,
            pieces_of=pieces_of,
        )
