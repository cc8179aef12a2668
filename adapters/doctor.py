"""The examination behind ``wellspoken doctor``: what is wrong, and how to mend it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, closing
from dataclasses import asdict, dataclass
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from adapters.doctor_loop import loop_checks
from bot.errors import UsageError, WellspokenError
from bot.ports import ChatMessage, Embedder
from bot.settings import Settings, load_settings
from knowledge.embedder import BuiltinEmbedder

if TYPE_CHECKING:
    from knowledge.live.desk import LiveDesk

_LEAST_FREE_MB = 500
_PATIENCE_S = 10
_LOOP_S = 60  # a Python for training looks for its packages, a server loads an adapter
_LOADING_S = 120  # a judge's own model may be large
_IN_DATABASE = ("processes", "changed settings")
"""What stands in the database, and is not asked for where that cannot be read."""
_HELLO = (ChatMessage("user", "Say hello."),)
_SLACK_FIX = (
    "Take the tokens from your app's pages at https://api.slack.com/apps and install it with the "
    "permissions that `wellspoken slack manifest` prints."
)
_DISCORD_FIX = (
    "Take the token from https://discord.com/developers/applications (Bot), and add the bot again "
    "with the link that `wellspoken discord invite` prints."
)
_PROCESSES_FIX = (
    "Give every process the same settings and version and start it again; set clocks right (NTP)."
)
_CHANGED_FIX = (
    "Open the entry under Settings in the console and save it anew, or take it back there."
)
_LIVE_FIX = (
    "Check that its system runs, and its url, or its database and sql, under [[live]] in "
    "wellspoken.toml."
)
_CLAIMS_FIX = "Correct [checking] in wellspoken.toml, or mend the model that it names."
_SOURCES_FIX = (
    "Mend the source or its place under [[sources]], then `wellspoken sources sync`; "
    "`wellspoken sources list` tells how each stands."
)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``fix`` is empty where nothing is wrong."""

    check: str
    ok: bool
    detail: str
    fix: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def examine() -> list[Check]:
    """Run every check; settings that cannot be read end the examination."""
    try:
        settings = load_settings()
    except WellspokenError as error:
        return [Check("settings", ok=False, detail=str(error), fix="Correct it and run again.")]
    checks = [Check("settings", ok=True, detail=_settings_detail(settings))]
    examinations = _examinations(settings)
    for name, examination, fix in examinations:
        if name == "knowledge" and settings.weaviate_url:
            checks += await _weaviate(settings)
        if name in _IN_DATABASE and any(c.check == "database" and not c.ok for c in checks):
            continue
        checks.append(await _run(name, examination, settings, fix))
    checks.append(await _run("claims", _claims, settings, _CLAIMS_FIX, _LOADING_S))
    for name, examination, fix in loop_checks(settings):
        checks.append(await _run(name, examination, settings, fix, _LOOP_S))
    return [*checks, *await _live(settings)]


async def examine_some(settings: Settings, names: Sequence[str]) -> list[Check]:
    """The checks of these names, with settings that were read, in the order of the names."""
    known = {name: (examination, fix) for name, examination, fix in _examinations(settings)}
    return [await _run(name, known[name][0], settings, known[name][1]) for name in names]


def _examinations(
    settings: Settings,
) -> list[tuple[str, Callable[[Settings], Awaitable[str]], str]]:
    """The checks of the parts by name, each with what mends it."""
    sources = [("sources", _sources, _SOURCES_FIX)] if settings.sources else []
    return [
        ("data folder", _home, "Choose another folder with WELLSPOKEN_HOME or free some space."),
        ("database", _database, "Start it, correct DATABASE_URL, or mend its file."),
        ("processes", _processes, _PROCESSES_FIX),
        ("changed settings", _changed, _CHANGED_FIX),
        ("knowledge", _knowledge, _knowledge_fix(settings)),
        *sources,
        ("embedder", _embedder, "Install the package again; the model file is part of it."),
        (
            "persona",
            _persona,
            "Correct it (`wellspoken persona check` names the lines), or `wellspoken init`.",
        ),
        ("model", _model, "Check OPENAI_BASE_URL, OPENAI_API_KEY and WELLSPOKEN_MODEL."),
        ("slack", _slack, _SLACK_FIX),
        ("discord", _discord, _DISCORD_FIX),
    ]


async def _live(settings: Settings) -> list[Check]:
    """Each live source, asked with the example of its description."""
    from adapters.live import open_live
    from bot.store.timing import utc_now

    try:
        async with open_live(settings, utc_now) as desk:
            if desk is None:
                return []
            return list(await asyncio.gather(*(_probe(desk, name) for name in desk.names)))
    except WellspokenError as error:
        fix = "Correct it in wellspoken.toml."
        return [Check("live facts", ok=False, detail=str(error), fix=fix)]


async def _probe(desk: LiveDesk, name: str) -> Check:
    try:
        return Check(f"live: {name}", ok=True, detail=await desk.probe(name))
    except WellspokenError as error:
        return Check(f"live: {name}", ok=False, detail=str(error), fix=_LIVE_FIX)


async def _run(
    name: str,
    examination: Callable[[Settings], Awaitable[str]],
    settings: Settings,
    fix: str,
    patience_s: int = _PATIENCE_S,
) -> Check:
    try:
        async with asyncio.timeout(patience_s):
            return Check(name, ok=True, detail=await examination(settings))
    except TimeoutError:
        return Check(name, ok=False, detail=f"no answer within {patience_s} s", fix=fix)
    except (WellspokenError, OSError) as error:
        return Check(name, ok=False, detail=str(error), fix=fix)


def _settings_detail(settings: Settings) -> str:
    if settings.config.is_file():
        return f"read from {settings.config}"
    return f"defaults and environment; there is no {settings.config}"


async def _home(settings: Settings) -> str:
    from adapters.home import prepare_home

    prepare_home(settings)
    free = shutil.disk_usage(settings.home).free // 2**20
    if free < _LEAST_FREE_MB:
        raise UsageError(f"only {free} MB are free in {settings.home}")
    try:
        with NamedTemporaryFile(dir=settings.home):
            pass
    except OSError as error:
        raise UsageError(f"{settings.home} cannot be written to ({error.strerror})") from error
    return f"{settings.home} is writable, {free // 1024} GB free"


async def _database(settings: Settings) -> str:
    from adapters.home import open_database
    from adapters.readiness import ping

    async with open_database(settings) as database:
        await ping(database)
    return f"{urlsplit(settings.database).scheme} answers, schema up to date"


async def _processes(settings: Settings) -> str:
    """Which processes serve this database; what they differ in is a fault."""
    from adapters.home import open_database
    from bot.store.processes import ProcessBook, differences

    async with open_database(settings) as database:
        found = await ProcessBook(database).listing()
    if told := differences(found):
        raise UsageError(" ".join(told))
    named = ", ".join(f"{each.name} ({' '.join(each.parts)})" for each in found)
    return f"{len(found)} serve: {named}" if found else "none serves just now"


async def _changed(settings: Settings) -> str:
    """Which channels and rights the console changed; one that does not hold is a fault."""
    from adapters.home import open_database
    from adapters.settings_desk import SettingsDesk, told
    from bot.store.setting_changes import SettingChanges

    async with open_database(settings) as database:
        desk = SettingsDesk(settings, SettingChanges(database))
        if faults := await desk.faults():
            raise UsageError(" ".join(faults))
        changed = await desk.changed()
    if not changed:
        return "none; channels and rights are as in the file"
    last = max(changed, key=lambda change: str(change.at))
    by = f" by {last.by_name}" if last.by_name else ""
    return f"in the console: {told(changed)}; last{by}, {last.at:%d %b %Y, %H:%M} UTC"


async def _weaviate(settings: Settings) -> list[Check]:
    """Each thing that may be wrong with the server by itself."""
    from knowledge.stores.weaviate_examination import Target, examine_weaviate

    key, at = settings.weaviate_api_key, settings.weaviate
    found = await examine_weaviate(
        Target(
            url=settings.weaviate_url or "",
            grpc_url=settings.weaviate_grpc_url,
            key=key.get_secret_value() if key else None,
            collection=at.collection,
            tenant=at.tenant,
            replicas=at.replicas,
        )
    )
    return [Check(f.name, f.ok, f.detail, f.fix) for f in found]


def _knowledge_fix(settings: Settings) -> str:
    if settings.weaviate_url:
        return "Mend what the checks of Weaviate above name."
    return "Mend its file or move it away, then `wellspoken ingest`."


async def _sources(settings: Settings) -> str:
    """How the last runs of the sources in the settings went; nothing is read."""
    from adapters.home import open_database
    from adapters.syncing import plans_of
    from bot.store.timing import utc_now
    from bot.work.leases import Leases
    from knowledge.ledger import Ledger
    from knowledge.standing import SourceDesk, State
    from knowledge.syncbook import SyncBook

    async with open_database(settings) as database:
        desk = SourceDesk(
            plans_of(settings), Ledger(database), SyncBook(database), Leases(database), utc_now
        )
        standings = [s for s in await desk.standings() if s.plan is not None]
    down = [
        f'"{s.name}" is down: {s.reason.rstrip(".")}' for s in standings if s.state is State.DOWN
    ]
    if down:
        raise UsageError(f"{'; '.join(down)}. What they held keeps answering")
    new = sum(s.state is State.NEW for s in standings)
    unread = f"; {new} not read yet: `wellspoken sources sync`" if new else ""
    return f"{len(standings)} set up, none is down{unread}"


async def _knowledge(settings: Settings) -> str:
    from adapters.indexes import open_knowledge

    async with open_knowledge(settings) as knowledge:
        stats = await knowledge.store.stats()
    if not stats.documents:
        return "empty; read documents in with `wellspoken ingest`"
    waiting = f", {stats.waiting} wait for their vectors" if stats.waiting else ""
    documents = f"{stats.documents} document{'s' if stats.documents != 1 else ''}"
    return f"{documents}, {stats.chunks} chunk{'s' if stats.chunks != 1 else ''}{waiting}"


async def _embedder(settings: Settings) -> str:
    if settings.embedding_model == "builtin":  # by itself: a broken store is not its fault
        with closing(BuiltinEmbedder()) as builtin:
            return await _describe(builtin)
    from adapters.indexes import open_knowledge

    async with open_knowledge(settings) as knowledge:
        return await _describe(knowledge.embedder)


async def _describe(embedder: Embedder) -> str:
    vector = await embedder.embed_query("hello")
    return f"{embedder.model}, {vector.shape[0]} dimensions"


async def _persona(settings: Settings) -> str:
    from adapters.models import load_voice_persona

    persona = load_voice_persona(settings)
    where = settings.persona_path or "built in"
    return f"{persona.name} ({where}), version {persona.version}"


async def _model(settings: Settings) -> str:
    """A word from the model itself: only that shows that address, key and id are right."""
    if not (settings.openai_api_key or settings.openai_base_url):
        return "the built-in reader answers; no model server is set"
    from bot.llm.openai import ModelServer, OpenAIChatModel

    key = settings.openai_api_key
    server = ModelServer(settings.openai_base_url, key.get_secret_value() if key else None)
    ids = {"WELLSPOKEN_MODEL": settings.model, "WELLSPOKEN_VOICE_MODEL": settings.voice_model}
    limit = settings.models.answer_tokens  # some models think before they say hello
    async with aclosing(server):
        for setting, ident in ids.items():
            if ident:
                model = OpenAIChatModel(
                    ident, server=server, setting=setting, first_token_s=_PATIENCE_S - 1
                )
                async with aclosing(model.stream(_HELLO, max_tokens=limit)) as pieces:
                    await anext(pieces, None)
    named = " and ".join(dict.fromkeys(filter(None, ids.values())))
    return f"{named} at {server.url} answers"


async def _claims(settings: Settings) -> str:
    from adapters.judging import examine_judge

    return await examine_judge(settings)


async def _slack(settings: Settings) -> str:
    if settings.slack_bot_token is None and settings.slack_client_id is None:
        return "not set up"  # without loading what speaks to Slack
    from adapters.slack.examination import examine_slack

    return await examine_slack(settings)


async def _discord(settings: Settings) -> str:
    if settings.discord_token is None:
        return "not set up"  # without loading what speaks to Discord
    from adapters.discord.examination import examine_discord

    return await examine_discord(settings)
