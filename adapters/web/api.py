"""The HTTP API for scripts: ask and rate, with the console token."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from http import HTTPStatus
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from adapters.rendering import turn_json
from adapters.web.answers import Answers, RunningAnswer
from adapters.web.auth.sessions import Sessions
from adapters.web.failures import sentence_of
from adapters.web.ports.application import Application
from adapters.web.security import json_only
from adapters.web.texts import (
    MAX_QUESTION,
    BadTextError,
    CorrectionText,
    NameText,
    QuestionText,
    ReasonText,
    checked,
)
from bot.conversation import Author, Feedback, Platform, Principal, Question, Rating, Turn
from knowledge.access import normal_groups

_OPERATOR = Author(Platform.API, "operator", "operator")
_WORDS = re.compile(r"\s*\S+(?:\s+\S+){0,3}\s*")
"""A piece of a stream is a few words: a client that draws them moves evenly."""


class AskBody(BaseModel):
    """A question, and what its reader may see: no groups, public documents only."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"question": "How do I reset it?", "groups": ["staff"]}}
    )
    question: QuestionText = Field(description=f"up to {MAX_QUESTION:,} characters")
    groups: Annotated[list[NameText], Field(max_length=200)] | None = Field(
        None, description="what the reader may see besides public documents; trusted"
    )
    thread: NameText | None = Field(None, description="a name of yours; follow-ups name it again")
    stream: Annotated[bool, Field(strict=True)] | None = Field(
        None, description="answer as server-sent events"
    )


class FeedbackBody(BaseModel):
    """A thumb on a turn; the last word counts."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"turn": "…", "rating": "down", "reason": "outdated"}}
    )
    turn: NameText = Field(description="the turn of an answer")
    rating: Literal["up", "down"]
    reason: ReasonText | None = Field(None, description="in a few words")
    correction: CorrectionText | None = Field(None, description="a better answer")


class ErrorBody(BaseModel):
    """One sentence that says what to do."""

    error: str


class CitationBody(BaseModel):
    """A source; marker ``[n]`` in the answer stands for it."""

    n: int
    document: str
    title: str
    uri: str
    quote: str


class SpanBody(BaseModel):
    """A part of the answer, ``answer[start:end]``, offsets in characters."""

    start: int
    end: int
    text: str


class GroundingBody(BaseModel):
    """The check of the answer; ``score`` is the share of its claims that sources carry."""

    score: float
    supported: bool
    unsupported: list[SpanBody]


class UsageBody(BaseModel):
    """What the model charged."""

    prompt_tokens: int
    completion_tokens: int
    cost_usd: float


class AnswerBody(BaseModel):
    """One answered turn."""

    answer: str
    outcome: Literal["answered", "abstained", "clarify", "handoff", "error"]
    route: Literal["rag", "voice", "hybrid", "live", "handoff"]
    citations: list[CitationBody]
    grounding: GroundingBody
    model: str
    usage: UsageBody
    timings_ms: dict[str, float]
    turn: str


class KeptBody(BaseModel):
    """The rating as it was kept."""

    turn: str
    rating: Literal["up", "down"]


_ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorBody, "description": description}
    for code, description in {
        400: "The request cannot be read.",
        401: "The token is missing or wrong.",
        413: "The body is over 1 MB.",
        415: "The body is not JSON.",
        422: "The body is not as described, or the key was used for another question.",
        429: "Too many wrong tokens, or questions; Retry-After says when to go on.",
        503: "A part that is needed cannot be reached.",
    }.items()
}


_STREAMED: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}


def _token_route(sessions: Sessions) -> type[APIRoute]:
    class TokenRoute(APIRoute):
        """Looks at the token before anything else of the request is read."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def with_token(request: Request) -> Response:
                if not sessions.bearer_opens(request):
                    sentence = "Send the console token as Authorization: Bearer TOKEN."
                    return JSONResponse(
                        {"error": sentence},
                        HTTPStatus.UNAUTHORIZED,
                        {"www-authenticate": "Bearer"},
                    )
                if request.method == "POST":
                    json_only(request)
                return await handle(request)

            return with_token

    return TokenRoute


def api_router(application: Application, answers: Answers, sessions: Sessions) -> APIRouter:
    """``/api/ask`` and ``/api/feedback``."""

    bearer = HTTPBearer(auto_error=False, description="The console token.")
    router = APIRouter(
        prefix="/api",
        route_class=_token_route(sessions),
        dependencies=[Depends(bearer)],
        tags=["answers"],
    )

    @router.post(
        "/ask",
        response_model=AnswerBody,
        responses=_ERRORS | _STREAMED,
        summary="Ask a question",
        response_description="The answer.",
    )
    async def ask(
        body: AskBody, idempotency_key: Annotated[str | None, Header(max_length=255)] = None
    ) -> Response:
        """Answers one question. With `stream` the response is `text/event-stream`: several
        `token` events with `{"text"}`, then one `answer` event with the whole object, or one
        `error` event with `{"error"}`. A repeated `Idempotency-Key` gives the same turn; with
        another question, groups or thread it is refused."""
        sessions.take_script_question()
        running = await answers.start(_question(body, idempotency_key))
        if body.stream:
            return event_stream(_events(running))
        return Response(orjson.dumps(turn_json(await running.turn())), media_type=JSON)

    @router.post(
        "/feedback",
        response_model=KeptBody,
        responses=_ERRORS | {404: {"model": ErrorBody, "description": "There is no such turn."}},
        summary="Rate an answer",
        response_description="The rating was kept.",
    )
    async def feedback(body: FeedbackBody) -> KeptBody:
        """Keeps a rating. Who holds the token is an operator: a correction counts as approved."""
        rating = Rating(body.rating)
        await application.feedback.rate(
            Feedback(
                turn=body.turn,
                author=_OPERATOR,
                rating=rating,
                reason=body.reason or "",
                correction=body.correction or "",
                expert=True,
            )
        )
        application.metrics.observe_rating(rating, Platform.API)
        return KeptBody(turn=body.turn, rating=body.rating)

    return router


JSON = "application/json"


def _question(body: AskBody, key: str | None) -> Question:
    return Question(
        text=body.question,
        author=_OPERATOR,
        principal=Principal(_groups(body.groups or ())),
        channel="api",
        thread=f"api:{body.thread}" if body.thread else None,
        key=f"api/ask:{checked(key, 'Idempotency-Key', 255)}" if key else None,
    )


def _groups(names: Iterable[str]) -> frozenset[str]:
    try:
        return normal_groups(names)
    except ValueError as error:
        raise BadTextError(f"groups: {error}.") from error


def event_stream(events: AsyncIterator[bytes]) -> StreamingResponse:
    """Server-sent events that no proxy should hold back."""
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def sse(event: str, data: object) -> bytes:
    """One server-sent event; its data is one line of JSON."""
    return b"event: " + event.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"


async def _events(running: RunningAnswer) -> AsyncIterator[bytes]:
    shown = False
    async for piece in running.pieces():
        shown = True
        for words in _few_words(piece):
            yield sse("token", {"text": words})
    try:
        turn: Turn = await running.turn()
    except Exception as error:  # noqa: BLE001 - the stream has begun: its end must say why
        yield sse("error", {"error": sentence_of(error)})
        return
    if not shown:  # a repeated request: the turn was there before
        for words in _few_words(turn.answer):
            yield sse("token", {"text": words})
    yield sse("answer", turn_json(turn))


def _few_words(text: str) -> list[str]:
    return _WORDS.findall(text) or ([text] if text else [])
