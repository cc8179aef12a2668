"""The chat on other people's websites: its script, and the endpoints that only it speaks to.

A visitor is a signed word of ours, handed to the page's script and kept there: no cookie, nothing
that a page could guess or take over. It asks as the chat page does, for public documents alone.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Header, Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import BaseModel, ConfigDict

from adapters.rendering import is_web_address, plain
from adapters.rendering.tree import answer_tree, markdown_tree
from adapters.web.answers import RunningAnswer
from adapters.web.api import event_stream, sse
from adapters.web.auth.sessions import Visitor
from adapters.web.chat import REASONS, Chat
from adapters.web.failures import sentence_for_visitors
from adapters.web.pages import STATIC
from adapters.web.security import json_only
from adapters.web.texts import CorrectionText, NameText, QuestionText, ReasonText, checked
from adapters.web.widget.gate import PATH, TOKEN_HEADER, Widget
from bot.conversation import Feedback, Outcome, Platform, Principal, Question, Rating, Turn
from bot.errors import NotFoundError, UsageError

CHANNEL = "widget"
_SESSION_S = 24 * 3600
_LONGEST_SESSION = 400
_JS = "text/javascript"
_KEPT = "public, max-age=300"
_ASK_A_PERSON = (Outcome.ABSTAINED, Outcome.HANDOFF, Outcome.ERROR)


class StaleVisitError(UsageError):
    """This conversation is over or was begun elsewhere; begin a new one."""


class VisitBody(BaseModel):
    """Whose conversation it is: nobody's yet, one that goes on, or with ``anew`` another one."""

    session: str | None = None
    anew: bool = False


class WidgetQuestion(BaseModel):
    """What a visitor asks."""

    model_config = ConfigDict(extra="forbid")
    session: str
    question: QuestionText


class WidgetFeedback(BaseModel):
    """A visitor's thumb on an answer of their own; ``none`` takes it back."""

    model_config = ConfigDict(extra="forbid")
    session: str
    turn: NameText
    rating: Literal["up", "down", "none"]
    reason: ReasonText = ""
    correction: CorrectionText = ""


class Visits:
    """Hands visitors of websites their word, and reads it."""

    def __init__(self, secret: str) -> None:
        self._signed = URLSafeTimedSerializer(secret, salt="widget visitor")

    def begun(self) -> Visitor:
        """A visitor whom nobody has seen before."""
        return Visitor(f"widget-{secrets.token_urlsafe(12)}", secrets.token_urlsafe(6))

    def word(self, visitor: Visitor, token: str) -> str:
        """What the page's script keeps: signed, and good with this token alone."""
        return str(self._signed.dumps([_digest(token), visitor.id, visitor.conversation]))

    def visitor(self, word: str, token: str) -> Visitor:
        """Raises StaleVisitError for a word that is not ours, too old, or another token's."""
        try:
            held = self._signed.loads(word[:_LONGEST_SESSION], max_age=_SESSION_S)
        except (BadData, UnicodeError) as error:  # the second: half of a surrogate pair
            raise StaleVisitError from error
        match held:
            case [str(site), str(id_), str(conversation)] if hmac.compare_digest(
                site, _digest(token)
            ):
                return Visitor(id_, conversation)
            case _:
                raise StaleVisitError


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]


class Desk:
    """What the widget's endpoints share."""

    def __init__(self, chat: Chat, contact: str) -> None:
        self.chat = chat
        self.contact = contact
        self.visits = Visits(chat.sessions.keyed(b"widget visitors"))

    def question(self, body: WidgetQuestion, visitor: Visitor, key: str | None) -> Question:
        """Public documents only; a key is the visitor's own."""
        key = checked(key, "Idempotency-Key", 255) if key else None
        return Question(
            text=body.question,
            author=visitor.author,
            principal=Principal(),
            channel=CHANNEL,
            thread=visitor.thread,
            key=f"{visitor.thread}:{key}" if key else None,
        )

    async def events(self, running: RunningAnswer) -> AsyncIterator[bytes]:
        """An answer that grows, then the finished one."""
        text = ""
        async for piece in running.pieces():
            text += piece
            yield sse("piece", {"tree": markdown_tree(text)})
        try:
            turn = await running.turn()
        except Exception as error:  # noqa: BLE001 - the stream has begun: its end must say why
            yield sse("error", {"error": sentence_for_visitors(error)})
            return
        yield sse("answer", await self.told(turn))

    async def told(self, turn: Turn, given: Feedback | None = None) -> dict[str, Any]:
        """A turn as the script shows it: what its visitor may know, and no more."""
        person = f"I can't pass it on from here. Please ask {self.contact}."
        return {
            "turn": turn.id,
            "question": plain(turn.question),
            "outcome": turn.outcome.value,
            "tree": answer_tree(turn),
            "sources": [
                {
                    "n": c.n,
                    "title": plain(c.title) or f"Source {c.n}",
                    "uri": c.uri if is_web_address(c.uri) else "",
                    "quote": plain(c.quote),
                }
                for c in turn.citations
            ],
            "person": person if turn.outcome in _ASK_A_PERSON else "",
            "kept": await self.chat.is_kept(turn),
            "rating": given.rating.value if given else "none",
        }

    async def before(self, visitor: Visitor) -> list[dict[str, Any]]:
        """The conversation as it stands."""
        turns = await self.chat.application.history.of_thread(visitor.thread)
        given = await self.chat.application.feedback.of_many([turn.id for turn in turns])
        own = {
            turn: next((f for f in said if f.author.key == visitor.author.key), None)
            for turn, said in given.items()
        }
        return [await self.told(turn, own.get(turn.id)) for turn in turns]

    async def own_turn(self, turn: str, visitor: Visitor) -> Turn:
        """A turn of this very visitor; to others there is none."""
        found = await self.chat.application.history.turn(turn)
        if found.author.key != visitor.author.key:
            raise NotFoundError(kind="turn", id=turn)
        return found


def widget_routers(widget: Widget | None, chat: Chat, contact: str) -> tuple[APIRouter, ...]:
    """The script, and what it asks; none where it is not set up."""
    if widget is None:
        return ()
    router = APIRouter(include_in_schema=False)
    _add_script(router, widget, chat)
    endpoints = APIRouter(
        prefix=PATH.rstrip("/"), dependencies=[Depends(json_only)], include_in_schema=False
    )
    _add_endpoints(endpoints, Desk(chat, contact))
    return router, endpoints


def script_of(widget: Widget, chat: Chat) -> bytes:
    """The script with how it looks and what it says here: indentation and remarks are left out."""
    persona = chat.application.persona
    greeting = persona.greeting[0] if persona.greeting else "What would you like to know?"
    look = {
        "bot": persona.name,
        "title": widget.title or f"Ask {persona.name}",
        "greeting": widget.greeting or greeting,
        "colour": widget.colour,
        "suggestions": list(chat.application.suggestions[:3]),
        "language": widget.language,
        "reasons": [[reason, widget.words.get(reason, reason)] for reason in REASONS],
    }
    style = (STATIC / "widget.css").read_text("utf-8").replace("#2b6150", widget.colour, 1)
    style = style.replace("\n", "")
    script = (STATIC / "widget.js").read_bytes()
    script = script.replace(b"`/*style*/`", orjson.dumps(style), 1)
    script = _said_in(widget.words, script)
    lines = (line.strip() for line in script.splitlines())
    script = b"\n".join(line for line in lines if line and not line.startswith(b"// "))
    return script.replace(b"/*look*/ {}", orjson.dumps(look), 1)


def _said_in(words: Mapping[str, str], script: bytes) -> bytes:
    """The script with other words in place of its own; each stands there as a string by itself."""
    if not words:
        return script
    said = {orjson.dumps(english): orjson.dumps(other) for english, other in words.items()}
    own = b"|".join(map(re.escape, said))
    return re.sub(own, lambda found: said[found[0]], script)


def _add_script(router: APIRouter, widget: Widget, chat: Chat) -> None:
    script = script_of(widget, chat)
    packed = gzip.compress(script, 9, mtime=0)
    tag = f'W/"{hashlib.sha256(script).hexdigest()[:16]}"'
    kept = {
        "etag": tag,
        "cache-control": _KEPT,
        "vary": "accept-encoding",
        "access-control-allow-origin": "*",  # for pages that load scripts with their hash
        "cross-origin-resource-policy": "cross-origin",
    }

    @router.get("/widget.js")
    async def whole(request: Request) -> Response:
        named = request.headers.get("if-none-match", "")
        if tag in [each.strip() for each in named.split(",")]:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=kept)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(packed, headers={**kept, "content-encoding": "gzip"}, media_type=_JS)
        return Response(script, headers=kept, media_type=_JS)


def _add_endpoints(router: APIRouter, desk: Desk) -> None:
    visits, chat = desk.visits, desk.chat

    def token_of(request: Request) -> str:
        return request.headers.get(TOKEN_HEADER, "")

    @router.post("/session")
    async def visit(request: Request, body: VisitBody) -> dict[str, Any]:
        """A visitor's word, and what was said before."""
        chat.sessions.limits.take_widget_visit(request)
        token = token_of(request)
        turns: list[dict[str, Any]] = []
        try:
            visitor = visits.visitor(body.session or "", token)
        except StaleVisitError:
            visitor = visits.begun()
        else:
            visitor = visitor.afresh() if body.anew else visitor
            turns = [] if body.anew else await desk.before(visitor)
        return {"session": visits.word(visitor, token), "turns": turns}

    @router.post("/ask")
    async def ask(
        request: Request,
        body: WidgetQuestion,
        idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    ) -> Response:
        token = token_of(request)
        visitor = visits.visitor(body.session, token)
        chat.sessions.limits.take_widget_question(request, visitor.id, token)
        running = await chat.answers.start(desk.question(body, visitor, idempotency_key))
        return event_stream(desk.events(running))

    @router.post("/feedback")
    async def feedback(request: Request, body: WidgetFeedback) -> dict[str, str]:
        chat.sessions.limits.take_widget_visit(request)
        visitor = visits.visitor(body.session, token_of(request))
        turn = await desk.own_turn(body.turn, visitor)
        book = chat.application.feedback
        if body.rating == "none":
            await book.take_back(turn.id, visitor.author)
            return {"turn": turn.id, "rating": body.rating}
        rating = Rating(body.rating)
        down = rating is Rating.DOWN
        await book.rate(
            Feedback(
                turn.id,
                visitor.author,
                rating,
                reason=body.reason.strip() if down else "",
                correction=body.correction.strip() if down else "",
            )
        )
        if not (body.reason or body.correction):  # those come after the thumb that was counted
            chat.application.metrics.observe_rating(rating, Platform.WEB)
        return {"turn": turn.id, "rating": body.rating}
