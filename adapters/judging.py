"""Who judges claims, as ``[checking]`` says: the built-in check, a model, or LettuceDetect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError, UsageError
from bot.ports import Grounder

if TYPE_CHECKING:
    from bot.llm.openai import ModelServer
    from bot.settings import Settings
    from knowledge.judging import Judge

_WHERE = "[checking]"
_PASSAGE = "The MG-200 has a warranty of 24 months. It covers the pump and the hoses."
_CARRIED = "Pump and hoses are under guarantee with it."


def judged(settings: Settings, builtin: Grounder, server: ModelServer | None) -> Grounder:
    """The check, with the judge that is set in front of ``builtin``.

    Raises ConfigurationError where the judge lacks its server, its model or its library.
    """
    judge = build_judge(settings, server)
    if judge is None:
        return builtin
    from knowledge.judging import JudgedGrounder

    return JudgedGrounder(judge, builtin, seconds=settings.checking.seconds)


@asynccontextmanager
async def warmed(grounder: Grounder, *, warm: bool) -> AsyncIterator[Grounder]:
    """With ``warm`` a judge loads meanwhile, for those who are about to answer."""
    from knowledge.judging import JudgedGrounder

    if not warm or not isinstance(grounder, JudgedGrounder):
        yield grounder
        return
    warming = asyncio.create_task(grounder.warm())
    try:
        yield grounder
    finally:
        warming.cancel()
        await asyncio.gather(warming, return_exceptions=True)  # the log said why


@asynccontextmanager
async def open_grounder(settings: Settings, builtin: Grounder) -> AsyncIterator[Grounder]:
    """As :func:`judged`, with connections of its own; for a command that only checks."""
    if settings.checking.by == "builtin":
        yield builtin
        return
    from adapters.models import model_server

    async with model_server(settings) as server:
        grounder = judged(settings, builtin, server)
        await _warmed(server)
        yield grounder


async def _warmed(server: ModelServer | None) -> None:
    """Its client takes a moment to load, which is not the judge's."""
    if server is not None:
        await server.warm()


def build_judge(settings: Settings, server: ModelServer | None) -> Judge | None:
    """The judge that is set; none: the built-in check decides alone."""
    checking = settings.checking
    if checking.by == "model":
        return _model_judge(settings, server)
    if checking.by == "lettucedetect" and checking.path is not None:
        from knowledge.lettuce import LettuceJudge

        return LettuceJudge(settings.beside(checking.path))
    return None


def _model_judge(settings: Settings, server: ModelServer | None) -> Judge:
    from adapters.models import prices_of
    from bot.llm.openai import OpenAIChatModel
    from knowledge.model_judge import ModelJudge

    checking = settings.checking
    model = checking.model or settings.model
    if server is None or not model:
        problem = 'by = "model" needs a server and a model; set OPENAI_BASE_URL or OPENAI_API_KEY, '
        problem += "and model here or WELLSPOKEN_MODEL"
        raise ConfigurationError(where=_WHERE, problem=problem)
    return ModelJudge(
        OpenAIChatModel(
            model,
            server=server,
            first_token_s=checking.seconds,
            answer_s=checking.seconds,
            retries=0,  # the built-in check is quicker than a second try
            prices=prices_of(settings).of(model).pair,
            temperature=0.0,
            setting="[checking] model" if checking.model else "WELLSPOKEN_MODEL",
        )
    )


async def examine_judge(settings: Settings) -> str:
    """Who judges, and whether it answers, in one sentence. Raises WellspokenError."""
    from adapters.models import model_server

    async with model_server(settings) as server:
        judge = build_judge(settings, server)
        if judge is None:
            return "the built-in check judges claims alone"
        await _warmed(server)
        await judge.warm()
        try:
            async with asyncio.timeout(settings.checking.seconds):
                opinion = await judge.judge(_CARRIED, [_PASSAGE], "What does it cover?", ())
        except TimeoutError as error:
            seconds = settings.checking.seconds
            raise UsageError(
                f"{judge.name} took longer than {seconds:g} s for a sentence"
            ) from error
    verdict = "carried" if opinion.supported else "not carried"
    return f"{judge.name} answers; it calls a sample {verdict}, the built-in check stands behind it"
