"""The room of conversations: a search over stored turns whose address can be shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from adapters.web.console.days import days_of
from adapters.web.pages import OUTCOMES, PLATFORMS, ROUTES
from adapters.web.texts import checked
from adapters.web.zones import zone_of
from bot.conversation import Outcome, Platform, Rating, Route
from bot.errors import NotFoundError
from bot.store.endings import Ending
from bot.store.turn_list import LONGEST_SEARCH, MOST_COUNTED, Look, Place, TurnLine, Wanted

if TYPE_CHECKING:
    from adapters.web.console.base import Console

Choice = TypeVar("Choice", bound=StrEnum)

_ROOM = "/console/conversations"
_LONGEST_NAME = 300
_PERIODS = (("Today", 1), ("7 days", 7), ("30 days", 30), ("90 days", 90))
_ENDINGS = {
    Ending.ANSWERED: "Answered, as Today counts it",
    Ending.UNSURE: "Unsure: did not know or asked back",
    Ending.HANDED_OVER: "Handed over to a person",
    Ending.FAILED: "Failed",
}
_RATINGS = {Rating.UP: "Thumbs up", Rating.DOWN: "Thumbs down"}
_BEHIND_THE_FOLD = ("platform", "channel", "model", "from", "to", "kept_back")


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set, in words, and the address without it."""

    words: str
    without: str


@dataclass(frozen=True, slots=True)
class Period:
    """A period that is one step away; ``here``: it is the one that is shown."""

    words: str
    address: str
    here: bool


def cursor_of(place: Place) -> str:
    """A place in the list as it stands in an address."""
    return f"{place.at.isoformat()}~{place.id}"


def place_of(cursor: str) -> Place | None:
    """And back; raises NotFoundError for what is no place."""
    if not cursor:
        return None
    moment, _, turn = checked(cursor, "cursor", 300).partition("~")
    try:
        written = datetime.fromisoformat(moment)
        at = written.astimezone(UTC) if written.tzinfo else None
    except (ValueError, OverflowError):  # the second: a moment beyond the calendar
        at = None
    if at is None or not turn:
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


def wanted_of(asked: Mapping[str, str], zone: tzinfo) -> Wanted:
    """What the fields of the form ask for, its days those of a zone. Raises NotFoundError,
    UsageError."""
    days = days_of(asked["from"], asked["to"], zone)
    return Wanted(
        route=_one_of(Route, asked["route"]),
        outcome=_one_of(Outcome, asked["outcome"]),
        platform=_one_of(Platform, asked["platform"]),
        rated=_one_of(Rating, asked["rated"]),
        words=checked(asked["words"], "search", LONGEST_SEARCH).strip(),
        kept_back=bool(asked["kept_back"]),
        channel=checked(asked["channel"], "channel", _LONGEST_NAME).strip(),
        model=checked(asked["model"], "model", _LONGEST_NAME).strip(),
        since=days.since,
        until=days.until,
        ended=_one_of(Ending, asked["ended"]),
    )


def address_of(asked: Mapping[str, str], before: str = "") -> str:
    """The list's address with the filters that are set."""
    wanted = {name: value for name, value in asked.items() if value}
    if before:
        wanted["before"] = before
    return f"{_ROOM}?{urlencode(wanted)}" if wanted else _ROOM


def chips_of(asked: Mapping[str, str], wanted: Wanted, models: Mapping[str, str]) -> list[Chip]:
    """What is set, each with the way to the list without it."""
    words = {
        "words": f"“{asked['words']}”",
        "outcome": OUTCOMES[wanted.outcome] if wanted.outcome else "",
        "route": ROUTES[wanted.route] if wanted.route else "",
        "rated": _RATINGS[wanted.rated] if wanted.rated else "",
        "platform": PLATFORMS[wanted.platform] if wanted.platform else "",
        "channel": f"Channel {wanted.channel}",
        "model": f"By {models.get(wanted.model, wanted.model)}",
        "from": f"From {asked['from']}",
        "to": f"Until {asked['to']}",
        "kept_back": "Something kept back",
        "ended": _ENDINGS[wanted.ended] if wanted.ended else "",
    }
    return [
        Chip(words[name], address_of({**asked, name: ""})) for name, value in asked.items() if value
    ]


def periods_of(asked: Mapping[str, str], today: date) -> list[Period]:
    """Any time, and the last days up to now."""

    def period(words: str, first: str) -> Period:
        here = (asked["from"], asked["to"]) == (first, "")
        return Period(words, address_of({**asked, "from": first, "to": ""}), here)

    days = [(words, today - timedelta(days=n - 1)) for words, n in _PERIODS]
    return [period("Any time", ""), *(period(words, day.isoformat()) for words, day in days)]


def counted_words(look: Look) -> str:
    """How many fit, where that is known: ``37 conversations``."""
    if look.count is None or look.reached:
        return ""
    if look.count > MOST_COUNTED:
        return f"More than {MOST_COUNTED:,} conversations"
    return f"{look.count:,} conversation{'' if look.count == 1 else 's'}"


async def _models(console: Console) -> dict[str, str]:
    """Every model that answered, with its version where the registry has one."""
    application = console.application
    names = await application.turn_list.models()
    versions = {version.model: version for version, _ in await application.models.listing()}
    return {
        name: f"{versions[name].version} ({name})" if name in versions else name for name in names
    }


def add_conversations(router: APIRouter, console: Console, page: int) -> None:
    """The room, with ``page`` turns on a page."""

    @router.get("/conversations")
    @router.get("/turns")
    async def conversations(
        request: Request,
        words: str = "",
        outcome: str = "",
        route: str = "",
        rated: str = "",
        platform: str = "",
        channel: str = "",
        model: str = "",
        since: Annotated[str, Query(alias="from")] = "",
        until: Annotated[str, Query(alias="to")] = "",
        kept_back: str = "",
        ended: str = "",
        before: str = "",
    ) -> Response:
        console.operator(request)
        asked = {
            "words": words.strip(), "outcome": outcome, "route": route, "rated": rated,
            "platform": platform, "channel": channel.strip(), "model": model.strip(),
            "from": since.strip(), "to": until.strip(), "kept_back": "yes" if kept_back else "",
            "ended": ended,
        }  # fmt: skip
        zone, zone_name = zone_of(request)
        wanted, after = wanted_of(asked, zone), place_of(before)
        turn_list = console.application.turn_list
        look = await turn_list.look(wanted, page + 1, after, count=after is None)
        models = await _models(console)
        return console.render(
            request,
            "console/conversations.html",
            "conversations",
            **await _shown(console, look, page),
            asked=asked,
            zone=zone_name,
            chips=chips_of(asked, wanted, models),
            periods=periods_of(asked, datetime.now(zone).date()),
            filtered=wanted != Wanted(),
            unfolded=any(asked[name] for name in _BEHIND_THE_FOLD),
            counted=counted_words(look) if after is None else "",
            newest=address_of(asked) if after else "",
            older=_older(asked, look.lines, page),
            further=address_of(asked, cursor_of(look.reached)) if look.reached else "",
            choices={**_choices(), "models": models, "channels": await turn_list.channels()},
        )


def _older(asked: Mapping[str, str], lines: Sequence[TurnLine], page: int) -> str:
    """The address of the next page, where there is one."""
    return address_of(asked, cursor_of(lines[page - 1].place)) if len(lines) > page else ""


async def _shown(console: Console, look: Look, page: int) -> dict[str, Any]:
    """The lines of the page with what people thought of them."""
    lines = look.lines[:page]
    ratings = await console.application.feedback.of_many([line.id for line in lines])
    return {"turns": lines, "ratings": ratings, "reached": look.reached}


def _choices() -> dict[str, Any]:
    return {
        "routes": list(Route),
        "outcomes": list(Outcome),
        "platforms": PLATFORMS,
        "ratings": _RATINGS,
    }
