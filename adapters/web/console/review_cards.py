"""The cards of the review room: what a rated answer stands on, and what a better one changes."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from adapters.rendering.changes import Piece, changes
from adapters.rendering.claims import claims_html
from adapters.teaching.reviewing import Proposal
from adapters.web.pages import source_url
from bot.conversation import Turn
from bot.errors import UsageError
from bot.evidence import Citation
from bot.store.feedback import RatedTurn
from bot.work.open_cards import Seat
from knowledge.access import normal_groups

if TYPE_CHECKING:
    from adapters.web.auth.sessions import Operator
    from adapters.web.ports.application import Application

_EVERYBODY = "everybody"
_GROUP = "group:"
_PAGE = re.compile(r"[\w-]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Readers:
    """A choice of who may read a document: what the form sends, and what the page says."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposed answer with the choices of its readers; ``unclear``: none is offered first."""

    proposal: Proposal
    choices: tuple[Readers, ...]
    unclear: bool


def waiting_answer(proposal: Proposal, groups: Sequence[str]) -> Waiting:
    """An answer for the page. Those who could read it come first, then the other ``groups`` that
    documents have, then everybody."""
    first = [] if proposal.readers is None else sorted(proposal.readers) or [_EVERYBODY]
    names = dict.fromkeys([*first, *sorted(proposal.audience), *groups, _EVERYBODY])
    choices = tuple(
        Readers(_EVERYBODY, "Everybody")
        if name == _EVERYBODY and name not in proposal.audience
        else Readers(f"{_GROUP}{name}", name)
        for name in names
    )
    return Waiting(proposal, choices, proposal.readers is None)


def chosen_groups(readers: str) -> frozenset[str] | None:
    """The groups that a form's choice stands for; ``None`` where nothing was chosen."""
    if not readers:
        return None
    if readers == _EVERYBODY:
        return frozenset()
    try:
        return normal_groups([readers.removeprefix(_GROUP)])
    except ValueError as error:
        raise UsageError(f"{error}; choose one from the list.") from error


@dataclass(frozen=True, slots=True)
class Card:
    """A rated turn with what it stands on: the answer with its claims marked, its sources, and
    what the reader's better answer would change in it."""

    id: str
    rated: RatedTurn
    answer: Markup
    sources: tuple[Citation, ...]
    unheld: tuple[str, ...]
    changes: tuple[Piece, ...] | None


async def cards_of(application: Application, rated: Sequence[RatedTurn]) -> tuple[Card, ...]:
    """The cards of a page, their turns in one read."""
    turns = await application.history.turns([each.turn for each in rated])
    found = [(turns[each.turn], each) for each in rated if each.turn in turns]
    # What readers wrote is compared word by word: chats go on meanwhile.
    return await asyncio.to_thread(lambda: tuple(_card(turn, each) for turn, each in found))


def card_id(turn: str, author: str) -> str:
    """The name of a card in its page: the same wherever it is shown, without anybody's."""
    return hashlib.sha256(f"{turn}\0{author}".encode()).hexdigest()[:16]


def _card(turn: Turn, rated: RatedTurn) -> Card:
    answer = claims_html(turn, lambda n: source_url(turn.id, n))
    unheld = tuple(c.finding for c in turn.grounding.claims if not c.supported and c.finding)
    return Card(
        card_id(rated.turn, rated.author),
        rated,
        Markup(answer),  # noqa: S704 - made safe there
        turn.citations,
        unheld,
        changes(rated.answer, rated.correction) if rated.correction else None,
    )


def new_page() -> str:
    """A name for a page that is about to be shown."""
    return secrets.token_urlsafe(6)


def seat_of(operator: Operator, page: str) -> Seat:
    """Where an operator sits. Two browsers are two people, also with the same token."""
    session = hashlib.sha256(operator.session.encode()).hexdigest()[:16]
    name = page if _PAGE.fullmatch(page) else "page"
    return Seat(session, name, operator.author.name or operator.author.id)
