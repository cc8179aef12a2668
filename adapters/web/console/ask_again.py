"""A turn's question asked again, of another model, persona or index, beside the first answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response

from adapters.gap_again import trial_again
from adapters.telling import Story, story_of
from adapters.trials import Trial, Tried
from adapters.web.console.playground import shown_trial
from adapters.web.console.turn import shown_turn, whole_ms
from adapters.web.failures import headers_of, sentence_of, status_of
from adapters.web.pages import OUTCOMES, ROUTES, dollars, milliseconds, source_url
from adapters.web.texts import checked
from bot.conversation import Turn
from bot.errors import WellspokenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.web.console.base import Console

_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form."""

    model: str = ""
    persona: str = ""
    index: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both answers."""

    words: str
    first: str
    again: str

    @property
    def differs(self) -> bool:
        return self.first != self.again


def _held(turn: Turn) -> str:
    claims = turn.grounding.claims
    return f"{sum(c.supported for c in claims)} of {len(claims)}" if claims else "none"


_FIGURES: tuple[tuple[str, Callable[[Turn], str]], ...] = (
    ("Outcome", lambda t: OUTCOMES[t.outcome]),
    ("Route", lambda t: ROUTES[t.route.route]),
    ("Searched for", lambda t: t.query),
    ("Model", lambda t: t.model),
    ("Persona", lambda t: t.persona),
    ("Claims that hold", _held),
    ("Style", lambda t: "not scored" if t.style is None else f"{t.style:.0%}"),
    ("Tokens", lambda t: f"{t.usage.prompt_tokens:,} in, {t.usage.completion_tokens:,} out"),
    ("Price", lambda t: dollars(t.usage.cost_usd)),
    ("Time", lambda t: milliseconds(whole_ms(t.timings_ms))),
)


def differences_of(first: Turn, again: Turn) -> list[Difference]:
    """Both answers in figures."""
    return [Difference(words, figure(first), figure(again)) for words, figure in _FIGURES]


def trial_of(story: Story, typed: Typed) -> Trial:
    """The question as it was asked, of what was chosen."""
    return replace(
        trial_again(story),
        model=checked(typed.model, "model", _LONGEST_NAME),
        persona=checked(typed.persona, "persona", _LONGEST_NAME),
        index=checked(typed.index, "index", _LONGEST_NAME),
    )


def add_again(router: APIRouter, console: Console) -> None:
    """The page of a question that is asked again."""

    @router.get("/turns/{turn}/again")
    async def again(request: Request, turn: str) -> Response:
        console.operator(request)
        story = await story_of(console.application, checked(turn, "turn", 200))
        return await _page(console, request, story, Typed())

    @router.post("/turns/{turn}/again")
    async def ask(
        request: Request,
        turn: str,
        model: Annotated[str, Form()] = "",
        persona: Annotated[str, Form()] = "",
        index: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        typed = Typed(model, persona, index)
        story = await story_of(console.application, checked(turn, "turn", 200))
        try:
            trial = trial_of(story, typed)
            console.sessions.take_trial(operator)
            tried = await console.application.trials.ask(trial, operator.author)
        except WellspokenError as error:
            return await _page(console, request, story, typed, failure=error)
        return await _page(console, request, story, typed, tried)


async def _page(
    console: Console,
    request: Request,
    story: Story,
    typed: Typed,
    tried: Tried | None = None,
    failure: WellspokenError | None = None,
) -> Response:
    turn, role = story.turn, console.operator(request).role
    page = console.render(
        request,
        "console/again.html",
        "conversations",
        typed=typed,
        choices=await console.application.trials.choices(),
        first=shown_turn(turn, lambda n: source_url(turn.id, n)),
        again=shown_trial(tried, role) if tried else None,
        differences=differences_of(turn, tried.turn) if tried else [],
        failure=sentence_of(failure) if failure else "",
    )
    if failure is not None:
        page.status_code = status_of(failure)
        page.headers.update(headers_of(failure))
    return page
