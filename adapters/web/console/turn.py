"""The room of one turn in the console: its whole story."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from adapters.rendering.claims import claims_html
from adapters.telling import READER, cited, story_of
from adapters.web.console.called import operators_called
from adapters.web.pages import source_url
from adapters.web.sources import CitedPlace, cited_place
from adapters.web.texts import checked
from bot.conversation import Turn
from bot.evidence import Claim
from persona.style import Finding, Rule

if TYPE_CHECKING:
    from adapters.web.console.base import Console
    from adapters.web.ports.application import Application

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


_MARKS = ("total", "first_sentence")
"""Moments among the timings, which are no stages."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One bar of a turn's timings: ``start`` and ``width`` are shares of the whole, 0 to 100;
    ``begun_ms`` is how long after the question it began."""

    name: str
    ms: float
    start: float
    width: float
    begun_ms: float


def stages_of(timings_ms: Mapping[str, float]) -> tuple[Stage, ...]:
    """Stages one after the other, as bars of a waterfall; marks are no stages."""
    parts = {name: ms for name, ms in timings_ms.items() if name not in _MARKS}
    whole = max(sum(parts.values()), timings_ms.get("total", 0.0), 0.001)
    bars: list[Stage] = []
    at = 0.0
    for name, ms in parts.items():
        bars.append(Stage(name.replace("_", " "), ms, 100 * at / whole, 100 * ms / whole, at))
        at += ms
    return tuple(bars)


def whole_ms(timings_ms: Mapping[str, float]) -> float:
    """How long a turn took."""
    parts = sum(ms for name, ms in timings_ms.items() if name not in _MARKS)
    return timings_ms.get("total", parts)


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


def checked_claims(turn: Turn) -> tuple[Checked, ...]:
    """Each claim of an answer with its quote."""
    numbers = {chunk: citations[0].n for chunk, citations in cited(turn).items()}
    found: list[Checked] = []
    for claim in turn.grounding.claims:
        if not any(c.isalnum() for c in claim.text):
            continue  # the line under a table's head
        there = claim.passage is not None and 0 <= claim.passage < len(turn.passages)
        chunk = turn.passages[claim.passage or 0].chunk.id if there else ""
        place = cited_place(turn, numbers[chunk]) if chunk in numbers else None
        found.append(Checked(claim, place))
    return tuple(found)


def add_story(router: APIRouter, console: Console) -> None:
    """The room of one turn."""

    @router.get("/turns/{turn}")
    async def story(request: Request, turn: str) -> Response:
        console.operator(request)
        application = console.application
        told = await story_of(application, checked(turn, "turn", 200))
        return console.render(
            request,
            "console/turn.html",
            "conversations",
            **shown_turn(told.turn, lambda n: source_url(told.turn.id, n)),
            story=told,
            style=await _style_of(application, told.turn),
            version=await application.models.of_model(told.turn.model),
            verdict=await application.review.standing(told.turn.id),
            called=await operators_called(console),
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


def shown_turn(turn: Turn, href: Callable[[int], str]) -> dict[str, Any]:
    """What the pieces of a page need that tell of one turn; ``href`` leads to a source."""
    return {
        "turn": turn,
        "answer": Markup(claims_html(turn, href)),  # noqa: S704 - made safe there
        "claims": checked_claims(turn),
        "odds": odds_of(turn.route.odds),
        "reader": READER,
        "stages": stages_of(turn.timings_ms),
        "whole_ms": whole_ms(turn.timings_ms),
        "places": [cited_place(turn, c.n) for c in turn.citations],
        "cited": cited(turn),
    }
