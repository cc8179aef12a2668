"""The rooms of turns in the console: the list with its filters, and one turn's whole story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from adapters.rendering.claims import claims_html
from adapters.telling import READER, Story, story_of
from adapters.web.pages import source_url
from adapters.web.sources import CitedPlace, cited_place
from adapters.web.texts import checked
from bot.conversation import Outcome, Platform, Rating, Route, Turn
from bot.errors import NotFoundError
from bot.evidence import Claim
from bot.store.turn_list import LONGEST_SEARCH, Place, TurnLine, Wanted
from persona.style import Finding, Rule

if TYPE_CHECKING:
    from adapters.web.console import Console
    from adapters.web.ports import Application

Choice = TypeVar("Choice", bound=StrEnum)

_ROOM = "/console/turns"
_KINDS = {"question": "A question", "voice": "Small talk", "handoff": "For a person"}
_MEASURES = {
    "cosine": "nearest meaning",
    "covered": "words covered",
    "plain": "plain look-up",
    "follows": "leans on the thread",
}
_RULES = {
    Rule.AVOIDED_WORD: "A word to avoid",
    Rule.PREFERRED_WORD: "Another word is preferred",
    Rule.EXCLAMATION: "Exclamation mark",
    Rule.EMOJI: "Emoji",
    Rule.LONG_SENTENCE: "Long sentence",
    Rule.SHOUTING: "Shouting",
    Rule.CONTRACTION: "Contraction",
    Rule.VOICE: "Off-voice",
}
_RATINGS = {Rating.UP: "Thumbs up", Rating.DOWN: "Thumbs down"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One bar of a turn's timings: ``start`` and ``width`` are shares of the whole, 0 to 100."""

    name: str
    ms: float
    start: float
    width: float


def stages_of(timings_ms: Mapping[str, float]) -> tuple[Stage, ...]:
    """Stages one after the other, as bars of a waterfall; the total is not a stage."""
    parts = {name: ms for name, ms in timings_ms.items() if name not in ("total", "first_sentence")}
    whole = max(sum(parts.values()), timings_ms.get("total", 0.0), 0.001)
    bars: list[Stage] = []
    at = 0.0
    for name, ms in parts.items():
        bars.append(Stage(name.replace("_", " "), ms, 100 * at / whole, 100 * ms / whole))
        at += ms
    return tuple(bars)


@dataclass(frozen=True, slots=True)
class Odds:
    """What the classifier gave each kind of message, in words with a share of 0 to 1; the figures
    that decided besides, and who gave them."""

    kinds: tuple[tuple[str, float], ...]
    measures: tuple[tuple[str, float], ...]
    by: str


def odds_of(odds: Sequence[tuple[str, float]]) -> Odds:
    """The odds of a decision, sorted into what they are."""
    kinds = [(_KINDS[name], share) for name, share in odds if name in _KINDS]
    by = [name for name, _ in odds if name.startswith("classifier ")]
    rest = [(n, share) for n, share in odds if n not in _KINDS and n not in by]
    return Odds(
        tuple(sorted(kinds, key=lambda pair: -pair[1])),
        tuple((_MEASURES.get(name, name), share) for name, share in rest),
        by[0] if by else "",
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim with the place of its citation, where the passage that carries it is cited."""

    claim: Claim
    place: CitedPlace | None

    @property
    def words(self) -> str:
        """What it claims, as Markdown; the cells of a table's row side by side."""
        row = self.claim.text.strip()
        if not row.startswith("|") or "\n" in row:
            return self.claim.text
        return " · ".join(cell.strip() for cell in row.strip("|").split("|") if cell.strip())


def checked_claims(story: Story) -> tuple[Checked, ...]:
    """Each claim of an answer with its quote."""
    turn = story.turn
    numbers = {chunk: citations[0].n for chunk, citations in story.cited.items()}
    found: list[Checked] = []
    for claim in turn.grounding.claims:
        if not any(c.isalnum() for c in claim.text):
            continue  # the line under a table's head
        there = claim.passage is not None and 0 <= claim.passage < len(turn.passages)
        chunk = turn.passages[claim.passage or 0].chunk.id if there else ""
        place = cited_place(turn, numbers[chunk]) if chunk in numbers else None
        found.append(Checked(claim, place))
    return tuple(found)


def cursor_of(line: TurnLine) -> str:
    """A place in the list as it stands in an address."""
    return f"{line.at.isoformat()}~{line.id}"


def place_of(cursor: str) -> Place | None:
    """And back; raises NotFoundError for what is no place."""
    if not cursor:
        return None
    moment, _, turn = checked(cursor, "cursor", 300).partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not turn:
        raise NotFoundError(kind="page", id=cursor[:60])
    return Place(at, turn)


def _one_of(kind: type[Choice], value: str) -> Choice | None:
    """A choice of a form; raises NotFoundError for what it does not offer."""
    if not value:
        return None
    try:
        return kind(value)
    except ValueError as error:
        raise NotFoundError(kind="filter", id=value[:60]) from error


def _address(asked: Mapping[str, str], before: str = "") -> str:
    """The list's address with the filters that are set."""
    wanted = {name: value for name, value in asked.items() if value}
    if before:
        wanted["before"] = before
    return f"{_ROOM}?{urlencode(wanted)}" if wanted else _ROOM


def add_turns(router: APIRouter, console: Console, page: int) -> None:
    """The rooms, with ``page`` turns on a page; the list is where the console opens."""

    @router.get("")
    @router.get("/turns")
    async def turns(
        request: Request,
        route: str = "",
        outcome: str = "",
        platform: str = "",
        rated: str = "",
        kept_back: str = "",
        words: str = "",
        before: str = "",
    ) -> Response:
        console.operator(request)
        wanted = Wanted(
            _one_of(Route, route),
            _one_of(Outcome, outcome),
            _one_of(Platform, platform),
            _one_of(Rating, rated),
            checked(words, "search", LONGEST_SEARCH).strip(),
            bool(kept_back),
        )
        after = place_of(before)
        found = await console.application.turn_list.page(wanted, page + 1, after)
        shown = found[:page]
        asked = {
            "route": route, "outcome": outcome, "platform": platform, "rated": rated,
            "kept_back": kept_back, "words": wanted.words,
        }  # fmt: skip
        ratings = await console.application.feedback.of_many([line.id for line in shown])
        return console.render(
            request,
            "console/turns.html",
            "conversations",
            turns=shown,
            ratings=ratings,
            asked=asked,
            filtered=wanted != Wanted(),
            newest=_address(asked) if after else "",
            older=_address(asked, cursor_of(shown[-1])) if len(found) > page else "",
            choices=_choices(),
        )

    @router.get("/turns/{turn}")
    async def story(request: Request, turn: str) -> Response:
        console.operator(request)
        application = console.application
        told = await story_of(application, checked(turn, "turn", 200))
        return console.render(
            request,
            "console/turn.html",
            "conversations",
            **shown_story(told),
            style=await _style_of(application, told.turn),
            version=await application.models.of_model(told.turn.model),
            verdict=await application.review.standing(told.turn.id),
        )


@dataclass(frozen=True, slots=True)
class Style:
    """The style of an answer: its score when it was given, 0 to 1, and what a look at it finds
    now. ``later``: that look was by another version of the persona."""

    score: float
    findings: tuple[tuple[str, Finding], ...]
    later: bool


async def _style_of(application: Application, turn: Turn) -> Style | None:
    """``None`` where the style was not scored."""
    if turn.style is None:
        return None
    now = await application.style_of(turn.answer)
    found = tuple((_RULES[Rule(f.rule)], f) for f in now.findings)
    return Style(turn.style, found, turn.persona != application.persona.label)


def _choices() -> dict[str, Any]:
    return {
        "routes": list(Route),
        "outcomes": list(Outcome),
        "platforms": list(Platform),
        "ratings": _RATINGS,
    }


def shown_story(story: Story) -> dict[str, Any]:
    """What the page of a turn needs."""
    turn = story.turn
    return {
        "story": story,
        "turn": turn,
        "answer": Markup(claims_html(turn, lambda n: source_url(turn.id, n))),  # noqa: S704 - made safe there
        "claims": checked_claims(story),
        "odds": odds_of(turn.route.odds),
        "reader": READER,
        "stages": stages_of(turn.timings_ms),
        "places": [cited_place(turn, c.n) for c in turn.citations],
    }
