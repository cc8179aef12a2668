"""The examination of the loop from thumbs to a model: who trains, who speaks, and the canary."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from bot.errors import ModelRefusedError, TuningUnavailableError, UsageError
from bot.ports import ChatMessage
from bot.settings.sections import write_duration

if TYPE_CHECKING:
    from adapters.release.releasing import ReleaseDesk
    from bot.llm.openai import ModelServer
    from bot.settings import Settings
    from persona.versions import ModelVersion, Release

_HELLO = (ChatMessage("user", "Say hello."),)
_FIRST_TOKEN_S = 9
_LOCAL_FIX = (
    "Install wellspoken[train] into a Python of its own and name it in [tuning] python; "
    "docs/training.md says how."
)
_SERVICE_FIX = (
    "Check OPENAI_BASE_URL and OPENAI_API_KEY, or train on your own machine with [tuning] backend "
    '= "local".'
)
_VOICE_FIX = (
    "Have the model server serve it, or `wellspoken models rollback`; `wellspoken models list` "
    "shows the versions."
)
_WATCH_FIX = "Mend the suite, or its name under [watch] suites in wellspoken.toml."
_CANARY_FIX = "`wellspoken models list` shows the versions."


def loop_checks(
    settings: Settings,
) -> list[tuple[str, Callable[[Settings], Awaitable[str]], str]]:
    """The checks by name, each with what mends it."""
    fix = _SERVICE_FIX if settings.tuning.backend == "openai" else _LOCAL_FIX
    return [
        ("training", _training, fix),
        ("voice", _voice, _VOICE_FIX),
        ("canary", _canary, _CANARY_FIX),
        ("watch", _watch, _WATCH_FIX),
    ]


async def _training(settings: Settings) -> str:
    """Whether a round could begin; where nobody asked for one, nothing is looked at."""
    from adapters.teaching.tuning import tuner_for
    from persona.tuning.base import Backend

    wanted = settings.tuning
    if wanted.backend == "local" and not (wanted.base or wanted.python or wanted.every):
        return "not set up; [tuning] names a base model to start from"
    try:
        found = await tuner_for(settings, Backend(wanted.backend)).probe()
    except TuningUnavailableError as error:  # its own words are about a job
        raise UsageError(
            f"the fine-tuning service at {error.data['url']} cannot be reached "
            f"({error.data['reason']})"
        ) from error
    return f"{found}; {wanted.method} of {wanted.base or 'a model that --base names'}"


async def _voice(settings: Settings) -> str:
    """A word from each version that is released: only that shows that it is served."""
    from adapters.home import open_database
    from adapters.release.releasing import release_desk

    async with open_database(settings) as database:
        release = await release_desk(settings, database).release()
    if settings.voice_model:
        return f"WELLSPOKEN_VOICE_MODEL names {settings.voice_model}, which wins over the registry"
    named = _released(release)
    served = bool(settings.openai_api_key or settings.openai_base_url)
    if not named:
        return (
            f"no version is released; {settings.model if served else 'the built-in reader'} speaks"
        )
    if not served:
        told = " and ".join(f"{version.version} is {what}" for version, what in named)
        raise UsageError(f"{told}, but no model server is set, so the built-in reader answers")
    from bot.llm.openai import ModelServer

    key = settings.openai_api_key
    server = ModelServer(settings.openai_base_url, key.get_secret_value() if key else None)
    async with aclosing(server):
        for version, _ in named:
            await _greeted(settings, server, version)
    return "; ".join(f"{v.version}, {what}, answers as {v.model}" for v, what in named)


def _released(release: Release) -> list[tuple[ModelVersion, str]]:
    """The versions that may speak, each with what it is."""
    found = ((release.live, "live"), (release.canary, "the canary"))
    return [(version, what) for version, what in found if version is not None]


async def _greeted(settings: Settings, server: ModelServer, version: ModelVersion) -> None:
    """Have a version say hello; one that the server forgot is loaded again, as a turn does it."""
    from adapters.release.releasing import deployment_of
    from persona.releasing import is_missing

    try:
        await _hello(settings, server, version.model)
    except ModelRefusedError as error:
        deployment = deployment_of(settings)
        if not is_missing(error) or deployment is None or version.adapter is None:
            raise
        await deployment.load(version.model, version.adapter)
        await _hello(settings, server, version.model)


async def _hello(settings: Settings, server: ModelServer, ident: str) -> None:
    from bot.llm.openai import OpenAIChatModel

    where = "the registry (`wellspoken models`)"
    model = OpenAIChatModel(ident, server=server, setting=where, first_token_s=_FIRST_TOKEN_S)
    limit = settings.models.answer_tokens  # some models think before they say hello
    async with aclosing(model.stream(_HELLO, max_tokens=limit)) as pieces:
        await anext(pieces, None)


async def _canary(settings: Settings) -> str:
    """What runs, and how it stands."""
    from adapters.home import open_database
    from adapters.release.releasing import release_desk

    async with open_database(settings) as database:
        return await _told(release_desk(settings, database))


async def _told(desk: ReleaseDesk) -> str:
    story = await desk.canary()
    if story is not None:
        trial = story.trial
        return f"{trial.version} answers {trial.share:.0%} of threads: {story.seen.why}"
    undone = await desk.undone()
    if undone is not None:
        return f"none runs; {undone.version} was rolled back by itself: {undone.why}"
    return "none runs"


async def _watch(settings: Settings) -> str:
    """Whether the suites that are asked by themselves can be read."""
    from adapters.evaluation.finding import found_suite

    section = settings.watch
    looked = "live turns are looked at daily" if section.enabled else "live turns are not watched"
    if not section.suites:
        return f"{looked}; no suite is asked by itself"
    read = [await found_suite(settings, name) for name in section.suites]
    asked = ", ".join(f"{suite.name} ({len(suite.cases)} cases)" for suite in read)
    return f"{looked}; asked every {write_duration(section.every)}: {asked}"
