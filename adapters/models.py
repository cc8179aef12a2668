"""The models of an application: who embeds, speaks, rewrites and checks, as the settings say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from bot.disagreeing import Doubts, look_up
from bot.errors import ConfigurationError
from bot.ladder import Ladder
from bot.ports import Embedder, Grounder, Rewriter, Voice
from bot.pricing import Price, Prices
from bot.settings import Settings
from knowledge.checking.answering import EncoderJudge
from knowledge.checking.encoder import CheckerEncoder
from knowledge.embedder import BuiltinEmbedder
from knowledge.grounding import BuiltinGrounder
from persona.profile import Persona, default_persona, load_persona

if TYPE_CHECKING:
    from bot.llm.openai import ModelServer
    from knowledge.ledger import Ledger


@asynccontextmanager
async def model_server(settings: Settings) -> AsyncIterator[ModelServer | None]:
    """The connections to the model server, where one is set; its client loads meanwhile."""
    if not (settings.openai_api_key or settings.openai_base_url):
        yield None
        return
    from bot.llm.openai import ModelServer

    key = settings.openai_api_key
    server = ModelServer(settings.openai_base_url, key.get_secret_value() if key else None)
    async with aclosing(server):
        warming = asyncio.create_task(server.warm())
        try:
            yield server
        finally:
            warming.cancel()
            await asyncio.gather(warming, return_exceptions=True)  # the first answer says it


@asynccontextmanager
async def open_embedder(
    settings: Settings, server: ModelServer | None, *, warm: bool
) -> AsyncIterator[Embedder]:
    """Who makes vectors: the built-in model, or one at the model server."""
    if settings.embedding_model == "builtin":
        with closing(BuiltinEmbedder()) as builtin:
            if warm:
                builtin.begin_loading()
            yield builtin
        return
    from bot.llm.openai_embedder import OpenAIEmbedder

    if server is None:
        raise ConfigurationError(
            where="WELLSPOKEN_EMBEDDING_MODEL",
            problem="a model needs its server; set OPENAI_BASE_URL or OPENAI_API_KEY",
        )
    remote = OpenAIEmbedder(settings.embedding_model, server=server)
    await remote.warm()  # the length of its vectors is not known before
    yield remote


@contextmanager
def open_checker(*, warm: bool) -> Iterator[CheckerEncoder]:
    """The trained checker, one for the check and the reader; with ``warm`` it loads meanwhile."""
    with closing(CheckerEncoder()) as encoder:
        if warm:
            encoder.begin_loading()
        yield encoder


def build_ladder(
    settings: Settings,
    persona: Persona,
    embedder: Embedder,
    server: ModelServer | None,
    encoder: CheckerEncoder | None = None,
    heard: Callable[[Voice], Voice] = lambda voice: voice,
) -> Ladder:
    """Who speaks: models where they are set, the built-in reader where none is or none answers.
    ``heard`` may stand between each model's voice and who asks it."""
    plain = build_plain_voice(embedder, persona, encoder)
    if server is None:
        return Ladder(plain)
    cheaper = settings.models.rag
    known = dict.fromkeys(m for m in (settings.voice_model, settings.model, cheaper) if m)
    voices = {model: heard(_model_voice(settings, persona, server, model)) for model in known}
    return Ladder(
        plain,
        voice=voices.get(settings.voice_model or ""),
        general=voices.get(settings.model or ""),
        lookup=voices.get(cheaper or ""),
    )


def build_version_voice(
    settings: Settings, persona: Persona, server: ModelServer, model: str
) -> Voice:
    """A version of the registry that speaks as the brand."""
    where = "the registry (`wellspoken models`)"
    return _model_voice(settings, persona, server, model, where)


def _model_voice(
    settings: Settings, persona: Persona, server: ModelServer, model: str, setting: str = ""
) -> Voice:
    """A model that speaks with the persona in its prompt; ``setting`` is where its id is set."""
    from bot.llm.openai import OpenAIChatModel
    from persona.voice import ModelVoice

    limits = settings.models
    chat = OpenAIChatModel(
        model,
        server=server,
        first_token_s=limits.first_token.total_seconds(),
        answer_s=limits.answer.total_seconds(),
        prices=prices_of(settings).of(model).pair,
        setting=setting or _named_by(settings, model),
    )
    return ModelVoice(
        chat, persona, budget_tokens=limits.prompt_tokens, answer_tokens=limits.answer_tokens
    )


def voice_setup(settings: Settings) -> str:
    """What the answers of models hang on besides their ids: another one, other answers."""
    limits = settings.models
    return f"{settings.openai_base_url or ''} {limits.prompt_tokens} {limits.answer_tokens}"


def _named_by(settings: Settings, model: str) -> str:
    """The setting that a model's id comes from."""
    if model == settings.voice_model:
        return "WELLSPOKEN_VOICE_MODEL"
    return "WELLSPOKEN_MODEL" if model == settings.model else "[models] rag"


def patient(settings: Settings, at_once: int) -> Settings:
    """Models may take as many times as long as questions are asked at once: a server that speaks
    one answer at a time is slow here by the run's own doing, and nobody waits in a chat."""
    limits = settings.models
    longer = {
        "first_token": limits.first_token * (at_once + 1),
        "answer": limits.answer * (at_once + 1),
    }
    return settings.model_copy(update={"models": limits.model_copy(update=longer)})


def prices_of(settings: Settings) -> Prices:
    """What models charge, as the settings say."""
    limits = settings.models
    own = {model: Price(p.prompt, p.completion) for model, p in limits.prices.items()}
    return Prices(Price(limits.prompt_price, limits.completion_price), own)


def build_rewriter(settings: Settings, server: ModelServer | None) -> Rewriter | None:
    """Who makes follow-ups stand alone: the general model where one is set, behind the rules."""
    if server is None or not settings.model:
        return None
    from bot.llm.openai import OpenAIChatModel
    from bot.llm.rewriting import ModelRewriter

    limits = settings.models
    return ModelRewriter(
        OpenAIChatModel(
            settings.model,
            server=server,
            first_token_s=limits.rewriting.total_seconds(),
            answer_s=limits.rewriting.total_seconds(),
            prices=prices_of(settings).of(settings.model).pair,
            setting="WELLSPOKEN_MODEL",
        ),
        seconds=limits.rewriting.total_seconds(),
    )


def build_plain_voice(
    embedder: Embedder, persona: Persona, encoder: CheckerEncoder | None = None
) -> Voice:
    """The built-in reader in the persona's manner; it needs no key.

    With an ``encoder`` it asks the trained checker whether passages answer.
    """
    from bot.llm.extractive import ExtractiveReader
    from persona.voice import ExtractiveVoice

    judge = EncoderJudge(encoder) if encoder else None
    return ExtractiveVoice(ExtractiveReader(embedder, judge), persona)


def build_grounder(settings: Settings, encoder: CheckerEncoder | None = None) -> Grounder:
    """The check of answers against their passages; without an ``encoder`` it has its own."""
    del settings  # one checker so far
    return BuiltinGrounder(encoder)


def build_doubts(ledger: Ledger) -> Doubts:
    """Who finds where documents disagree, and says how old they are."""
    from knowledge.dating import LedgerDates
    from knowledge.disagreement import DocumentDisagreements

    return partial(look_up, DocumentDisagreements(), LedgerDates(ledger))


def load_voice_persona(settings: Settings) -> Persona:
    """The persona of ``persona.yaml``, or a plain one with the bot's name."""
    path = settings.persona_path
    return load_persona(path) if path else default_persona(settings.bot.name)
