"""The suites room of the console: proposed questions, what answers them, and the verdicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from adapters.suites import OWN, Wish
from adapters.web.texts import MAX_QUESTION, checked
from bot.errors import NotFoundError, UsageError
from bot.store.suites import LONGEST_NAME, CaseDraft, CaseState, SuiteCase, SuiteLine

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_ROOM = "/console/suites"
_NAME = "suites"
_CARDS = 20
_UNDO = timedelta(minutes=30)
"""How long the last decision is offered to be taken back."""
_LONGEST = 20_000
_MOST = 500
"""Cases that a page proposes at once."""


class Verdict(StrEnum):
    """The buttons of a card."""

    APPROVED = "approved"
    REJECTED = "rejected"
    PROPOSED = "proposed"


def place_of(name: str, state: str = CaseState.PROPOSED.value, page: int = 1) -> str:
    """The address of a page of a suite; what is as usual is left out of it."""
    asked: dict[str, object] = {} if state == CaseState.PROPOSED.value else {"show": state}
    asked |= {"page": page} if page > 1 else {}
    address = f"{_ROOM}/{quote(name, safe='')}"
    return f"{address}?{urlencode(asked)}" if asked else address


def edited(case: CaseDraft, question: str, answers: str, paraphrases: str, gold: str) -> CaseDraft:
    """A case as a form has it: lists are lines."""
    return replace(
        case,
        question=" ".join(question.split()),
        answers=_lines(answers),
        paraphrases=_lines(paraphrases),
        gold=_lines(gold),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def add_suites(router: APIRouter, console: Console) -> None:
    """The room: the list, a suite's cases, and what is said of them."""
    _add_list(router, console)
    _add_suite(router, console)
    _add_verdicts(router, console)


def _add_list(router: APIRouter, console: Console) -> None:
    @router.get("/suites")
    async def suites(request: Request) -> Response:
        console.operator(request)
        return await _list(request, console)

    @router.post("/suites")
    async def propose(
        request: Request,
        name: Annotated[str, Form()] = OWN,
        source: Annotated[str, Form(alias="from")] = "documents",
        count: Annotated[int, Form(ge=1, le=_MOST)] = 40,
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        console.form(request, csrf)
        named = checked(name.strip() or OWN, "name", LONGEST_NAME)
        wish = Wish(source != "turns", source != "documents", count, model=False)
        try:
            done = await console.application.suites.propose(named, wish)
        except UsageError as error:
            return await _list(request, console, wrong=str(error), typed=named)
        if not done.new and not done.known:
            wrong = "Nothing new could be made of them."
            return await _list(request, console, wrong=wrong, typed=named)
        return _gone(place_of(named))


async def _list(
    request: Request, console: Console, *, wrong: str = "", typed: str = OWN
) -> Response:
    return console.render(
        request, "console/suites.html", _NAME,
        lines=await console.application.suites.suites(), place_of=place_of, wrong=wrong,
        typed=typed, most=_MOST,
    )  # fmt: skip


def _add_suite(router: APIRouter, console: Console) -> None:
    @router.get("/suites/{name}")
    async def suite(
        request: Request,
        name: str,
        show: str = CaseState.PROPOSED.value,
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> Response:
        operator, desk = console.operator(request), console.application.suites
        name, state = checked(name, "suite", LONGEST_NAME), _state(show)
        line = await desk.counts(name)
        every = _count(line, state)
        if page > 1 and (page - 1) * _CARDS >= every:  # the last one of the page was judged
            return _gone(place_of(name, state.value, max(1, -(-every // _CARDS))))
        cases = await desk.cases(name, state, _CARDS, (page - 1) * _CARDS)
        since = datetime.now(UTC) - _UNDO
        return console.render(
            request, "console/suite.html", _NAME,
            line=line, state=state.value, cases=cases, excerpts=await desk.excerpts(cases),
            page=page, pages=max(1, -(-every // _CARDS)), place_of=place_of,
            tabs=[(s.value, _WORDS[s], _count(line, s)) for s in CaseState],
            last=await desk.last(name, operator.author.key, since),
        )  # fmt: skip


_WORDS = {
    CaseState.PROPOSED: "Waiting",
    CaseState.APPROVED: "Approved",
    CaseState.REJECTED: "Rejected",
}


def _count(line: SuiteLine, state: CaseState) -> int:
    return {
        CaseState.PROPOSED: line.proposed,
        CaseState.APPROVED: line.approved,
        CaseState.REJECTED: line.rejected,
    }[state]


def _state(word: str) -> CaseState:
    if word not in set(CaseState):
        raise UsageError(f'"{word}" is no state of a case; choose one from the list.')
    return CaseState(word)


def _add_verdicts(router: APIRouter, console: Console) -> None:
    @router.post("/suites/{name}/case")
    async def judge(
        request: Request,
        name: str,
        case: Annotated[str, Form()],
        verdict: Annotated[Verdict, Form()],
        question: Annotated[str, Form()] = "",
        answers: Annotated[str, Form()] = "",
        paraphrases: Annotated[str, Form()] = "",
        gold: Annotated[str, Form()] = "",
        show: Annotated[str, Form()] = CaseState.PROPOSED.value,
        page: Annotated[int, Form(ge=1, le=100_000)] = 1,
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        by, desk = console.form(request, csrf).author.key, console.application.suites
        found = await _found(console, name, case)
        if verdict is Verdict.APPROVED:
            typed = (checked(text, "case", _LONGEST) for text in (answers, paraphrases, gold))
            asked = checked(question, "question", MAX_QUESTION)
            await desk.approve(found.id, by, edited(found.case, asked, *typed))
        elif verdict is Verdict.REJECTED:
            await desk.decide([found.id], CaseState.REJECTED, by)
        else:
            await desk.undo(found.id, by)
        return _gone(place_of(found.suite, _state(show).value, page))

    @router.post("/suites/{name}/all")
    async def judge_all(
        request: Request,
        name: str,
        verdict: Annotated[Verdict, Form()],
        case: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        by, desk = console.form(request, csrf).author.key, console.application.suites
        if verdict is Verdict.PROPOSED:
            await _take_back(console, name, by, checked(case, "case", 200))
            return _gone(place_of(name))
        waiting = await desk.cases(checked(name, "suite", LONGEST_NAME), CaseState.PROPOSED)
        await desk.decide([each.id for each in waiting], CaseState(verdict.value), by)
        return _gone(place_of(name, verdict.value))


async def _take_back(console: Console, name: str, by: str, case: str) -> None:
    """Take back what this operator decided last of several cases, of which ``case`` is one."""
    desk, suite = console.application.suites, checked(name, "suite", LONGEST_NAME)
    last = [each.id for each in await desk.last(suite, by, datetime.now(UTC) - _UNDO)]
    if case not in last:
        raise UsageError("That was taken back or decided anew already; look at the cases again.")
    await desk.decide(last, CaseState.PROPOSED, by)


async def _found(console: Console, name: str, case: str) -> SuiteCase:
    """A case of this suite. Raises NotFoundError."""
    suite = checked(name, "suite", LONGEST_NAME)
    found = await console.application.suites.find(suite, checked(case, "case", 200))
    if found.suite != suite:
        raise NotFoundError(kind="case", id=case)
    return found


def _gone(address: str) -> Response:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
