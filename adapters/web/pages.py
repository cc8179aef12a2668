"""Templates, and what they share: assets with their version, times, numbers, errors."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    select_autoescape,
)
from jinja2.bccache import Bucket
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from adapters.rendering import answer_html, is_web_address, markdown_html, passage_html, plain
from bot.conversation import Outcome, Platform, Route, Turn

STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"

OUTCOMES = {
    Outcome.ANSWERED: "Answered",
    Outcome.ABSTAINED: "Not known",
    Outcome.CLARIFY: "Asked back",
    Outcome.HANDOFF: "For a person",
    Outcome.ERROR: "Failed",
}
PLATFORMS = {
    Platform.SLACK: "Slack",
    Platform.DISCORD: "Discord",
    Platform.WEB: "Web chat",
    Platform.TERMINAL: "Terminal",
    Platform.API: "API",
}
ROUTES = {
    Route.RAG: "Documents",
    Route.VOICE: "Conversation",
    Route.HYBRID: "Documents and voice",
    Route.LIVE: "Live data",
    Route.HANDOFF: "A person",
}


_ROOMS = {
    "audit": "Audit",
    "datasets": "Data sets",
    "gaps": "Gaps",
    "gates": "Gate",
    "jobs": "Jobs",
    "knowledge": "Knowledge",
    "models": "Models",
    "people": "People",
    "persona": "Persona",
    "review": "Review",
    "scorecards": "Scorecards",
    "settings": "Settings",
    "suites": "Suites",
    "training": "Training",
    "turns": "Conversations",
}
"""Rooms with pages below them, by the first word of their addresses."""


class _Compiled(BytecodeCache):
    """Templates as this process compiled them: another application of it finds them ready."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_compiled = _Compiled()


class Pages:
    """Renders templates; every value is escaped unless it is marked as HTML."""

    def __init__(self, bot_name: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(("html",), default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=_compiled,
        )
        self._environment.globals.update(
            bot=bot_name, asset=_Assets().url, turn_url=turn_url, document_url=document_url
        )
        self._environment.filters.update(
            answer=answer_markup,
            markdown=lambda text: Markup(markdown_html(text)),  # noqa: S704 - made safe there
            passage=lambda p: Markup(passage_html(p.before, p.quote, p.after)),  # noqa: S704
            clock=clock,
            iso=iso,
            dollars=dollars,
            plain=plain,
            milliseconds=milliseconds,
            percent=lambda share: f"{share:.0%}",
            outcome_words=lambda outcome: OUTCOMES[Outcome(outcome)],
            route_words=lambda route: ROUTES[Route(route)],
            platform_words=platform_words,
            who=who,
            voice=voice,
        )
        self._environment.tests["web_address"] = is_web_address

    def share(self, **values: object) -> None:
        """Let every template see some values."""
        self._environment.globals.update(values)

    def compile(self) -> None:
        """Have every template ready, which takes most of a second of CPU the first time."""
        for name in self._environment.list_templates(extensions=["html"]):
            self._environment.get_template(name)

    def render(self, template: str, status: int = HTTPStatus.OK, /, **values: Any) -> HTMLResponse:
        """A page or a fragment."""
        html = self._environment.get_template(template).render(**values)
        # A lone surrogate that some document brought along cannot be sent as UTF-8.
        return HTMLResponse(html.encode("utf-8", "replace"), status)

    def fragment(self, template: str, /, **values: Any) -> str:
        """A piece of a page, to be sent inside an event."""
        html = self._environment.get_template(template).render(**values)
        return html.encode("utf-8", "replace").decode()

    def error(self, request: Request, status: int, sentence: str) -> HTMLResponse:
        """A page, or for htmx a line, that says in one sentence what went wrong."""
        titles = {404: "There is no such page", 403: "Not allowed", 413: "Too much at once"}
        template = "_error.html" if is_fragment(request) else "error.html"
        title = titles.get(status, "That did not work")
        inside = request.url.path.startswith("/console/")
        room = _room_of(request.url.path) if inside else None
        return self.render(
            template, status, title=title, sentence=sentence, status=status, console=inside,
            room=room,
        )  # fmt: skip


def _room_of(path: str) -> tuple[str, str] | None:
    """The room of the console that a page below it belongs to: address and title."""
    _, _, name, *below = path.split("/")
    title = _ROOMS.get(name)
    name = "conversations" if name == "turns" else name
    return (f"/console/{name}", title) if title and below else None


class _Assets:
    """Addresses of static files that change whenever a file does."""

    def __init__(self) -> None:
        self._versions: dict[str, str] = {}

    def url(self, name: str) -> str:
        if name not in self._versions:
            digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
            self._versions[name] = digest[:12]
        return f"/static/{name}?v={self._versions[name]}"


def is_fragment(request: Request) -> bool:
    """Whether a script asked for a piece of a page."""
    return "hx-request" in request.headers


def wants_page(request: Request) -> bool:
    """Whether an error should be a page rather than JSON."""
    if request.url.path.startswith("/api/") and request.url.path != "/api/docs":
        return False
    return is_fragment(request) or "text/html" in request.headers.get("accept", "")


def source_url(turn: str, n: int) -> str:
    """The page that shows the passage behind a citation."""
    return f"/sources/{turn}/{n}"


def turn_url(turn: str) -> str:
    """The console's page of a turn."""
    return f"/console/turns/{turn}"


def document_url(source: str, document: str) -> str:
    """The console's page of a document; of no use for what a question brought along."""
    return f"/console/knowledge/document?{urlencode({'source': source, 'document': document})}"


def answer_markup(turn: Turn, linked: bool = True) -> Markup:
    """The answer as HTML, its markers linked to the passages where these can be opened."""
    href = (lambda n: source_url(turn.id, n)) if linked else None
    return Markup(answer_html(turn, href))  # noqa: S704 - made safe there


def _moment(value: object) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(value: object) -> str:
    """A moment as machines read it."""
    return _moment(value).astimezone(UTC).isoformat(timespec="seconds")


def clock(value: object) -> str:
    """A moment as people read it, in UTC; scripts turn it into the reader's own zone."""
    moment = _moment(value).astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def platform_words(name: str) -> str:
    """A platform as people call it; what is none stays as it is."""
    return PLATFORMS[Platform(name)] if name in set(Platform) else name


def who(key: str) -> str:
    """A person whose name is not known: ``slack:U024BE7LH`` as ``Slack, U024BE7LH``."""
    platform, colon, own = key.partition(":")
    return f"{platform_words(platform)}, {own}" if colon and platform in set(Platform) else key


def voice(version: str) -> str:
    """A persona's version in words: ``Juniper@1f0c2d3e4a`` as ``Juniper, version 1f0c2d3e4a``."""
    name, at, digest = version.rpartition("@")
    return f"{name}, version {digest}" if at else version


def dollars(value: float) -> str:
    """A price as far as it says something: ``nothing``, ``$0.000210``, ``$1.25``."""
    if not value:
        return "nothing"
    return f"${value:,.2f}" if value >= 1 else f"${value:.6f}"


def milliseconds(value: float) -> str:
    """A duration in the unit that reads best."""
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
