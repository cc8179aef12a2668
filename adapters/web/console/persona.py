"""The persona's room of the console: who speaks, what is wrong with the file, and a preview.

Nothing is stored: the text that is edited here is tried and downloaded; the file on disk is the
truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.web.console.eyes import known_groups
from adapters.web.console.other_eyes import choices_for
from adapters.web.console.persona_checks import (
    AGAIN_S,
    CheckQueue,
    ChecksFullError,
    looked_through,
)
from adapters.web.console.playground import Typed as Asked
from adapters.web.console.playground import shown_trial, trial_of
from adapters.web.failures import headers_of, sentence_of, status_of
from adapters.web.pages import is_fragment
from adapters.web.texts import BadTextError, checked
from bot.errors import NotFoundError, WellspokenError
from persona.profile import LARGEST_FILE
from persona.style import Rule

if TYPE_CHECKING:
    from adapters.teaching.persona import Checked, Scored, Standing
    from adapters.trials import Trial, Tried
    from adapters.web.console.base import Console
    from persona.profile import Persona, WordChoice
    from persona.style import Finding

_NAME = "persona"
_ROOM = "/console/persona"
_LONGEST_SAMPLE = 8_000
_CHECK, _SAY = "check", "say"
_RULES = {
    Rule.AVOIDED_WORD: "a word to avoid",
    Rule.PREFERRED_WORD: "there is a preferred word",
    Rule.EXCLAMATION: "too many exclamation marks",
    Rule.EMOJI: "too many emoji",
    Rule.LONG_SENTENCE: "a long sentence",
    Rule.SHOUTING: "shouting",
    Rule.CONTRACTION: "a contraction",
    Rule.VOICE: "not in the voice",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a scored text; ``why`` says why it does not fit, empty where it does."""

    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form."""

    yaml: str = ""
    sample: str = ""
    question: str = ""
    audience: str = ""
    groups: tuple[str, ...] = ()


def why_of(finding: Finding) -> str:
    """What a finding is about, in words."""
    return finding.reason or _RULES.get(Rule(finding.rule), finding.rule)


def pieces_of(text: str, findings: Sequence[Finding]) -> list[Piece]:
    """The text cut where findings begin and end; where several meet all of them are said."""
    ends = {0, len(text), *(f.start for f in findings), *(f.end for f in findings)}
    edges = sorted(ends)
    found = []
    for start, end in pairwise(edges):
        here = [why_of(f) for f in findings if f.start <= start and end <= f.end]
        found.append(Piece(text[start:end], ", ".join(dict.fromkeys(here))))
    return found


def rows_of(persona: Persona) -> list[tuple[str, Sequence[str]]]:
    """What a persona says of itself, by name, without what it leaves open; lists are lists."""
    habits = persona.habits
    manners = [
        {True: "Contractions are wanted.", False: "No contractions.", None: ""}[
            habits.contractions
        ],
        f"Exclamation marks in a whole answer: {habits.exclamations} at most.",
        f"Sentences of up to {habits.sentence_words} words.",
        "A few emoji." if habits.emoji == "some" else "No emoji.",
        f"People are addressed {habits.address}." if habits.address else "",
    ]
    rows: list[tuple[str, Sequence[str]]] = [
        ("Voice", [persona.voice]),
        ("Audience", [persona.audience]),
        ("About", [persona.about]),
        ("It does", persona.do),
        ("It does not", persona.dont),
        ("It prefers", [_choice(w) for w in persona.words_to_use]),
        ("It avoids", [", ".join(persona.words_to_avoid)]),
        ("Habits", manners),
        ("Languages", [", ".join(persona.languages)]),
    ]  # fmt: skip
    said = [(name, [line for line in lines if line]) for name, lines in rows]
    return [(name, lines) for name, lines in said if lines]


def _choice(word: WordChoice) -> str:
    return (
        f"{word.preferred}, not {', '.join(word.instead_of)}" if word.instead_of else word.preferred
    )


def phrases_of(persona: Persona) -> list[tuple[str, Sequence[str]]]:
    """What it says in a fixed way, by occasion."""
    near = [line for line in (persona.near, persona.offer) if line]
    phrases: list[tuple[str, Sequence[str]]] = [
        ("Greeting", persona.greeting),
        ("Thanked", persona.thanks),
        ("Goodbye", persona.sign_off),
        ("Not known", persona.unknown),
        ("Near it", near),
        ("A colleague", persona.handoff),
        ("Openers", persona.habits.openers),
        ("Closers", persona.habits.closers),
    ]
    return [(name, said) for name, said in phrases if said]


def add_persona(router: APIRouter, console: Console) -> None:
    """The room."""
    queue = CheckQueue()
    _add_looking(router, console, queue)
    _add_trying(router, console, queue)


def _add_looking(router: APIRouter, console: Console, queue: CheckQueue) -> None:
    @router.get("/persona/samples")
    async def samples(request: Request) -> Response:
        console.operator(request)
        if not is_fragment(request):
            return RedirectResponse(f"{_ROOM}?samples=yes#check", HTTPStatus.SEE_OTHER)
        standing, full = await console.application.persona_room.standing(), False
        try:
            standing = await looked_through(console, queue, standing)
        except ChecksFullError:  # the page says so, and asks again by itself
            full = True
        return console.render(
            request, "console/_persona_file.html", _NAME,
            standing=standing, full=full, again_s=AGAIN_S,
        )  # fmt: skip

    @router.get("/persona")
    async def persona(
        request: Request, before: str = "", after: str = "", samples: str = ""
    ) -> Response:
        console.operator(request)
        room = console.application.persona_room
        standing = await room.standing()
        if samples:
            standing = await looked_through(console, queue, standing)
        old, new = checked(before, "version", 50), checked(after, "version", 50)
        difference, wrong = None, ""
        if old and new:
            try:
                difference = await room.difference(old, new)
            except NotFoundError as error:
                wrong = sentence_of(error)
        return await _page(
            request, console, standing, Typed(standing.text),
            looked=standing.checked, before=old, after=new, difference=difference, wrong=wrong,
        )  # fmt: skip


def _add_trying(router: APIRouter, console: Console, queue: CheckQueue) -> None:
    @router.post("/persona")
    async def tried(
        request: Request,
        yaml: Annotated[str, Form()] = "",
        sample: Annotated[str, Form()] = "",
        question: Annotated[str, Form()] = "",
        audience: Annotated[str, Form()] = "",
        groups: Annotated[list[str] | None, Form()] = None,
        do: Annotated[str, Form()] = _CHECK,
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator, room = console.form(request, csrf), console.application.persona_room
        text = checked(sample, "text", _LONGEST_SAMPLE)
        typed = Typed(yaml_of(yaml), text, question, audience, tuple(groups or ()))
        looked = await queue.check(console, typed.yaml)  # remembered: asking checks it again
        answer: Tried | None = None
        failure: WellspokenError | None = None
        if do == _SAY:
            try:
                trial = await _trial(console, request, typed)
                console.sessions.take_trial(operator)
                answer = await room.say(typed.yaml, trial, operator.author)
            except WellspokenError as error:
                failure = error
        return await _page(
            request, console, await room.standing(), typed,
            looked=looked, scored=await _scored(console, looked, typed.sample),
            tried=answer, failure=failure,
        )  # fmt: skip

    @router.post("/persona/look")
    async def look(
        request: Request,
        yaml: Annotated[str, Form()] = "",
        sample: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        console.form(request, csrf)
        looked = await queue.check(console, yaml_of(yaml))
        text = checked(sample, "text", _LONGEST_SAMPLE)
        scored = await _scored(console, looked, text)
        values = _looked(looked, scored)
        return console.render(request, "console/_persona_looked.html", _NAME, **values)

    @router.post("/persona/file")
    async def file(
        request: Request,
        yaml: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        console.form(request, csrf)
        return Response(
            yaml_of(yaml).encode("utf-8", "replace"),
            media_type="application/yaml",
            headers={"content-disposition": 'attachment; filename="persona.yaml"'},
        )


async def _trial(console: Console, request: Request, typed: Typed) -> Trial:
    """What the form asks, with whose eyes. Raises NotFoundError, BadTextError."""
    choices = await choices_for(console, request)
    asked = Asked(typed.question, typed.audience, typed.groups)
    return trial_of(asked, choices, await known_groups(console, choices))


def yaml_of(text: str) -> str:
    """A persona as a form sends it, with the line ends of a file. Raises BadTextError."""
    if "\0" in text:
        raise BadTextError(field="persona", problem="holds characters that are no text")
    return checked(text.replace("\r\n", "\n"), "persona", LARGEST_FILE)


async def _scored(console: Console, looked: Checked, sample: str) -> Scored | None:
    """How well the sample fits; ``None`` without one, or where no persona can be read."""
    if looked.persona is None or not sample.strip():
        return None
    return await console.application.persona_room.style(looked.persona, sample)


def _looked(looked: Checked, scored: Scored | None) -> dict[str, Any]:
    """What the findings and the score of a sample are shown from."""
    found = scored.style.findings if scored else ()
    return {
        "looked": looked,
        "scored": scored,
        "pieces": pieces_of(scored.text, found) if scored else [],
        "reasons": [(" ".join(f.text.split())[:80], why_of(f)) for f in found],
    }


async def _page(
    request: Request,
    console: Console,
    standing: Standing,
    typed: Typed,
    *,
    looked: Checked,
    scored: Scored | None = None,
    tried: Tried | None = None,
    failure: WellspokenError | None = None,
    **values: Any,
) -> Response:
    operator, room = console.operator(request), console.application.persona_room
    shown = shown_trial(tried, operator.role) if tried else {"tried": None}
    choices = await choices_for(console, request)
    page = console.render(
        request,
        "console/persona.html",
        _NAME,
        standing=standing,
        persona=standing.persona,
        rows=rows_of(standing.persona),
        phrases=phrases_of(standing.persona),
        typed=typed,
        choices=choices,
        known_groups=await known_groups(console, choices),
        remark=room.remark(),
        failure=sentence_of(failure) if failure else "",
        **{"before": "", "after": "", "difference": None, "wrong": "", **values},
        **_looked(looked, scored),
        **shown,
    )
    if failure is not None:
        page.status_code = status_of(failure)
        page.headers.update(headers_of(failure))
    return page
