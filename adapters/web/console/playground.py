"""The playground: ask as anybody, and see everything. Nothing is kept unless somebody wants it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from adapters.trials import Audience, Choice, Choices, Trial, Tried
from adapters.web.auth.roles import Role
from adapters.web.console.eyes import eyes_of, known_groups
from adapters.web.console.other_eyes import choices_for
from adapters.web.console.turn import shown_turn
from adapters.web.failures import headers_of, sentence_of, status_of
from adapters.web.pages import turn_url
from adapters.web.texts import MAX_QUESTION, checked, question_of
from bot.conversation import Platform
from bot.errors import WellspokenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.web.console.base import Console

ROOM = "/console/playground"
_LONGEST_NAME = 300
_SHORT = 60


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form: the address of the page may fill it too."""

    question: str = ""
    audience: str = ""
    groups: tuple[str, ...] = ()
    model: str = ""
    persona: str = ""
    index: str = ""

    @property
    def address(self) -> str:
        """The page with the form filled in this way, for somebody else to ask the same."""
        single = ("question", "audience", "model", "persona", "index")
        pairs = [(name, getattr(self, name)) for name in single]
        pairs += [("groups", group) for group in self.groups]
        filled = [(name, value) for name, value in pairs if value]
        return f"{ROOM}?{urlencode(filled)}" if filled else ROOM


def not_filled(typed: Typed, choices: Choices, known: Sequence[str]) -> str:
    """What a link names and the form does not offer, in one sentence; empty where there is
    nothing. Otherwise the first choice would be asked in its place, unsaid."""
    offered: tuple[tuple[str, tuple[Choice | Audience, ...]], ...] = (
        ("audience", choices.audiences),
        ("model", choices.models),
        ("persona", choices.personas),
        ("index", choices.indexes),
    )
    lost = []
    for name, there in offered:
        value = getattr(typed, name)
        if value and value not in {choice.value for choice in there}:
            lost.append(f"the {name} “{_short(value)}”")
    lost += [f"the group “{_short(group)}”" for group in typed.groups if group not in known]
    if not lost:
        return ""
    named, does = ", ".join(lost[:-1]), "is" if len(lost) == 1 else "are"
    named = f"{named} and {lost[-1]}" if named else lost[-1]
    return (
        f"The link asks with {named}, which {does} gone or not yours to choose; look at what is "
        "chosen below instead before you ask."
    )


def _short(value: str) -> str:
    return value if len(value) <= _SHORT else f"{value[:_SHORT]}…"


def trial_of(typed: Typed, choices: Choices, known: Sequence[str]) -> Trial:
    """What the form asks for. Groups that no document and no rule of access names are none.

    Raises NotFoundError for an audience that is not there, BadTextError for a question that is
    none."""
    eyes = eyes_of(typed.audience, typed.groups, choices, known)
    return Trial(
        question_of(typed.question),
        eyes.groups,
        platform=eyes.audience.platform if eyes.audience else Platform.WEB,
        channel=eyes.audience.words if eyes.audience else "",
        model=checked(typed.model, "model", _LONGEST_NAME),
        persona=checked(typed.persona, "persona", _LONGEST_NAME),
        index=checked(typed.index, "index", _LONGEST_NAME),
    )


def shown_trial(tried: Tried, role: Role) -> dict[str, Any]:
    """What the pieces of a page need that tell of a trial. Prompts are an admin's: they hold the
    persona's rules, word for word."""
    return {
        **shown_turn(tried.turn, lambda n: f"#source-{n}"),
        "tried": tried,
        "prompts": tried.prompts if role is Role.ADMIN else (),
    }


def add_playground(router: APIRouter, console: Console) -> None:
    """The room."""

    @router.get("/playground")
    async def playground(
        request: Request,
        question: str = "",
        audience: str = "",
        groups: Annotated[list[str] | None, Query()] = None,
        model: str = "",
        persona: str = "",
        index: str = "",
    ) -> Response:
        console.operator(request)
        asked = checked(question, "question", MAX_QUESTION)
        typed = Typed(asked, audience, tuple(groups or ()), model, persona, index)
        return await _page(console, request, typed)

    @router.post("/playground")
    async def ask(
        request: Request,
        question: Annotated[str, Form()] = "",
        audience: Annotated[str, Form()] = "",
        groups: Annotated[list[str] | None, Form()] = None,
        model: Annotated[str, Form()] = "",
        persona: Annotated[str, Form()] = "",
        index: Annotated[str, Form()] = "",
        keep: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        typed = Typed(question, audience, tuple(groups or ()), model, persona, index)
        try:
            choices = await choices_for(console, request)
            trial = trial_of(typed, choices, await known_groups(console, choices))
            console.sessions.take_trial(operator)
            tried = await console.application.trials.ask(trial, operator.author, keep=bool(keep))
        except WellspokenError as error:
            return await _page(console, request, typed, failure=error)
        if tried.kept:
            return RedirectResponse(turn_url(tried.turn.id), HTTPStatus.SEE_OTHER)
        return await _page(console, request, typed, tried)


async def _page(
    console: Console,
    request: Request,
    typed: Typed,
    tried: Tried | None = None,
    failure: WellspokenError | None = None,
) -> Response:
    choices = await choices_for(console, request)
    operator = console.operator(request)
    known = await known_groups(console, choices)
    shown = shown_trial(tried, operator.role) if tried else {"tried": None}
    page = console.render(
        request,
        "console/playground.html",
        "playground",
        typed=typed,
        choices=choices,
        known_groups=known,
        lost="" if tried or failure else not_filled(typed, choices, known),
        failure=sentence_of(failure) if failure else "",
        **shown,
    )
    if failure is not None:
        page.status_code = status_of(failure)
        page.headers.update(headers_of(failure))
    return page
