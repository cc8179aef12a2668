"""The chat page, its answers and ratings, and the passages behind its citations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.rendering import markdown_html
from adapters.web.answers import Answers, RunningAnswer
from adapters.web.api import event_stream, sse
from adapters.web.auth.sessions import Operator, Sessions, Visitor
from adapters.web.failures import headers_of, sentence_for_visitors, status_of
from adapters.web.pages import Pages, is_fragment
from adapters.web.ports.application import Application
from adapters.web.security import own_forms_only
from adapters.web.sources import CitedPlace, cited_place, quote_alone
from adapters.web.texts import MAX_CORRECTION, MAX_REASON, checked, question_of
from bot.conversation import Feedback, Platform, Principal, Question, Rating, Turn
from bot.errors import KnowledgeError, NotFoundError, WellspokenError

REASONS = ("Not correct", "Not what I asked", "Incomplete", "Out of date", "Hard to read")


class Chat:
    """What the routes of the chat share."""

    def __init__(
        self, application: Application, answers: Answers, sessions: Sessions, pages: Pages
    ) -> None:
        self.application = application
        self.answers = answers
        self.sessions = sessions
        self.pages = pages

    async def page(
        self,
        request: Request,
        *,
        failure: WellspokenError | None = None,
        draft: str = "",
        unkept: Turn | None = None,
    ) -> Response:
        """The whole conversation of the browser that asks.

        ``failure`` is told with the question that failed still in the field; ``unkept`` is an
        answer that could not be stored, shown this once.
        """
        visitor = self.sessions.visitor(request)
        turns, ratings = await self._conversation(visitor, may_fail=bool(failure or unkept))
        operator = self.sessions.operator(request)
        status = status_of(failure) if failure else HTTPStatus.OK
        response = self.pages.render(
            "chat.html",
            status,
            persona=self.application.persona,
            suggestions=self.application.suggestions,
            turns=[*turns, unkept] if unkept else turns,
            ratings=ratings,
            unkept=unkept.id if unkept else "",
            improve=request.query_params.get("improve", ""),
            reasons=REASONS,
            error=sentence_for_visitors(failure) if failure else "",
            draft=draft,
            operator=operator,
            visitor=visitor,
            known_groups=await self._groups_for(operator),
        )
        self.sessions.keep_visitor(request, response, visitor)
        response.headers.update(headers_of(failure) if failure else {})
        return response

    async def _conversation(
        self, visitor: Visitor, *, may_fail: bool
    ) -> tuple[Sequence[Turn], dict[str, Feedback | None]]:
        """The visitor's turns and ratings; none where the store is what failed just now."""
        try:
            turns = await self.application.history.of_thread(visitor.thread)
            given = await self.application.feedback.of_many([turn.id for turn in turns])
        except WellspokenError:
            if not may_fail:
                raise
            return (), {}
        return turns, {turn: _own(said, visitor) for turn, said in given.items()}

    async def _groups_for(self, operator: Operator | None) -> Sequence[str]:
        """The groups that an operator may ask as."""
        return await self.application.ledger.groups() if operator and operator.reviews else ()

    def is_expert(self, request: Request) -> bool:
        """Whether a rating of this browser is an expert's."""
        operator = self.sessions.operator(request)
        return operator is not None and operator.reviews

    async def is_kept(self, turn: Turn) -> bool:
        """Whether an answer was stored: its thumbs and sources work only then."""
        if not turn.error:
            return True
        try:
            return (await self.application.history.turn(turn.id)).id == turn.id
        except WellspokenError:
            return False

    def question(self, text: str, visitor: Visitor) -> Question:
        """A visitor's question: public documents only, unless an operator chose groups."""
        return Question(
            text=question_of(text),
            author=visitor.author,
            principal=visitor.principal,
            channel="web",
            thread=visitor.thread,
        )

    async def place(self, turn: Turn, n: int) -> CitedPlace:
        """The place behind a citation; the quote alone where its document is gone by now, or not
        for those any more whom the answer was for."""
        place = cited_place(turn, n)
        try:
            there = await self.application.store.chunk(
                place.citation.chunk, Principal(turn.audience)
            )
        except KnowledgeError:
            there = None
        return place if there is not None else quote_alone(place)

    async def own_turn(self, request: Request, turn: str) -> Turn:
        """A turn that this browser may see: its own, or any with a console session."""
        found = await self.application.history.turn(checked(turn, "turn", 200))
        visitor = self.sessions.visitor(request)
        own = found.author.key == visitor.author.key
        if self.sessions.operator(request) or (own and found.audience <= set(visitor.groups)):
            return found
        raise NotFoundError(kind="turn", id=turn)

    async def rating_of(self, turn: Turn, visitor: Visitor) -> Feedback | None:
        """What this visitor thinks of a turn."""
        return _own(await self.application.feedback.of(turn.id), visitor)

    async def rating_shown(
        self, request: Request, turn: Turn, *, improve: bool, thanks: bool = False
    ) -> Response:
        """The thumbs after a change: a fragment, or without a script the page again."""
        if not is_fragment(request):
            query = f"?improve={turn.id}" if improve else ""
            return _see_other(f"/{query}#turn-{turn.id}")
        rating = await self.rating_of(turn, self.sessions.visitor(request))
        return self.pages.render(
            "_rating.html",
            turn=turn,
            rating=rating,
            improve=improve,
            swapped=True,
            thanks=thanks,
            reasons=REASONS,
        )

    async def events(self, running: RunningAnswer) -> AsyncIterator[bytes]:
        """An answer for the page's script: HTML that grows, then the finished turn."""
        text = ""
        async for piece in running.pieces():
            text += piece
            yield sse("piece", {"html": markdown_html(text)})
        try:
            turn = await running.turn()
        except Exception as error:  # noqa: BLE001 - the stream has begun: its end must say why
            yield sse("error", {"error": sentence_for_visitors(error)})
            return
        html = self.pages.fragment(
            "_answer.html",
            turn=turn,
            rating=None,
            kept=await self.is_kept(turn),
            improve=False,
            thanks=False,
            reasons=REASONS,
        )
        yield sse("answer", {"html": html, "turn": turn.id})


def _own(given: Sequence[Feedback], visitor: Visitor) -> Feedback | None:
    return next((f for f in given if f.author.key == visitor.author.key), None)


def _see_other(address: str) -> RedirectResponse:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def chat_router(chat: Chat) -> APIRouter:
    """The routes of the chat."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(own_forms_only)])
    _add_conversation(router, chat)
    _add_ratings(router, chat)
    return router


def _add_conversation(router: APIRouter, chat: Chat) -> None:
    sessions = chat.sessions

    @router.get("/")
    async def conversation(request: Request) -> Response:
        return await chat.page(request)

    @router.post("/ask")
    async def ask(
        request: Request,
        question: Annotated[str, Form()] = "",
        conversation: Annotated[str, Form()] = "",
    ) -> Response:
        visitor = sessions.visitor(request).in_conversation(conversation)
        response: Response
        if "text/event-stream" in request.headers.get("accept", ""):
            sessions.take_question(request)
            running = await chat.answers.start(chat.question(question, visitor))
            response = event_stream(chat.events(running))
        else:
            try:
                sessions.take_question(request)
                running = await chat.answers.start(chat.question(question, visitor))
                turn = await running.turn()
            except WellspokenError as error:
                return await chat.page(request, failure=error, draft=question)
            if not await chat.is_kept(turn):
                return await chat.page(request, unkept=turn)
            response = _see_other(f"/#turn-{turn.id}")
        sessions.keep_visitor(request, response, visitor)
        return response

    @router.post("/new")
    async def start_anew(request: Request) -> Response:
        response = _see_other("/")
        sessions.keep_visitor(request, response, sessions.visitor(request).afresh())
        return response

    @router.post("/audience")
    async def ask_as(
        request: Request, groups: Annotated[list[str] | None, Form()] = None
    ) -> Response:
        visitor = sessions.visitor(request)
        operator = sessions.operator(request)
        if operator and operator.reviews:
            known = await chat.application.ledger.groups()
            visitor = visitor.asking_as([g for g in groups or () if g in known])
        response = _see_other("/")
        sessions.keep_visitor(request, response, visitor)
        return response

    @router.get("/sources/{turn}/{n}")
    async def source(request: Request, turn: str, n: int) -> Response:
        found = await chat.own_turn(request, turn)
        place = await chat.place(found, n)
        template = "_source.html" if is_fragment(request) else "source.html"
        own = found.author.key == sessions.visitor(request).author.key
        back = f"/#turn-{turn}" if own else f"/console/turns/{quote(turn, safe='')}"
        return chat.pages.render(template, place=place, back=back)


def _add_ratings(router: APIRouter, chat: Chat) -> None:
    sessions = chat.sessions

    @router.post("/turns/{turn}/rating")
    async def rate(
        request: Request, turn: str, rating: Annotated[Literal["up", "down"], Form()]
    ) -> Response:
        found = await chat.own_turn(request, turn)
        visitor = sessions.visitor(request)
        before = await chat.rating_of(found, visitor)
        wanted = Rating(rating)
        if before and before.rating is wanted:
            await chat.application.feedback.take_back(found.id, visitor.author)
            return await chat.rating_shown(request, found, improve=False)
        expert = chat.is_expert(request)
        await chat.application.feedback.rate(
            Feedback(found.id, visitor.author, wanted, expert=expert)
        )
        chat.application.metrics.observe_rating(wanted, Platform.WEB)
        return await chat.rating_shown(request, found, improve=wanted is Rating.DOWN)

    @router.post("/turns/{turn}/correction")
    async def correct(
        request: Request,
        turn: str,
        reason: Annotated[str, Form()] = "",
        correction: Annotated[str, Form()] = "",
    ) -> Response:
        found = await chat.own_turn(request, turn)
        await chat.application.feedback.rate(
            Feedback(
                found.id,
                sessions.visitor(request).author,
                Rating.DOWN,
                reason=checked(reason, "reason", MAX_REASON).strip(),
                correction=checked(correction, "better answer", MAX_CORRECTION).strip(),
                expert=chat.is_expert(request),
            )
        )
        return await chat.rating_shown(request, found, improve=False, thanks=True)
