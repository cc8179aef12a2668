"""Who scores the style: the rules, the classifier of the home, and a model as a judge."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError, StorageError
from bot.telemetry import log
from persona.style_model import StyleModel
from persona.styling import REFRESH_S, Styler

if TYPE_CHECKING:
    from datetime import datetime

    from bot.llm.openai import ModelServer
    from bot.ports import Embedder
    from bot.settings import Settings
    from bot.store.base import Database
    from persona.profile import Persona
    from persona.style_judge import ModelStyleJudge

_KEPT = "SELECT embedder, weights, figures FROM style_models WHERE persona = ?"


def styler_of(
    persona: Persona, embedder: Embedder, database: Database, *, every_s: float = REFRESH_S
) -> Styler:
    """The style check of an application. A classifier that is trained by any process is taken up
    within ``every_s`` seconds; only when it was trained is asked each time."""
    return Styler(persona, embedder, source=_Newest(database, persona.version), every_s=every_s)


class _Newest:
    """The classifier in the database, read again only when there is another one."""

    def __init__(self, database: Database, version: str) -> None:
        from persona.book import StyleBook

        self._book = StyleBook(database)
        self._version = version
        self._at: datetime | None = None
        self._model: StyleModel | None = None

    async def __call__(self) -> StyleModel | None:
        at = await self._book.at(self._version)
        if at != self._at:
            self._model = None if at is None else await self._book.of(self._version)
            self._at = at
        return self._model


async def trained_model(settings: Settings, version: str) -> StyleModel | None:
    """The classifier of a persona's version for a command that scores alone; ``None`` where there
    is no home or nothing trained. Makes, migrates and locks nothing."""
    scheme, _, path = settings.database.partition(":///")
    if scheme.startswith("sqlite"):
        return _in_file(Path(path), version)
    from bot.store.base import Database
    from persona.book import StyleBook

    try:
        database = await Database.open(settings.database, migrate=False)
        try:
            return await StyleBook(database).of(version)
        finally:
            await database.close()
    except StorageError as error:
        log.warning("style classifier not read, the rules hold alone", error=str(error))
        return None


def _in_file(path: Path, version: str) -> StyleModel | None:
    path = path.expanduser()
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            row = file.execute(_KEPT, (version,)).fetchone()
    except sqlite3.Error as error:  # older than the table, or damaged: other commands say so
        log.debug("no style classifier in the database", error=str(error))
        return None
    return StyleModel.kept(row[0], json.loads(row[1]), json.loads(row[2])) if row else None


@dataclass(frozen=True, slots=True)
class StyleDesk:
    """What scores a text on the command line; ``judge`` where one was asked for."""

    styler: Styler
    judge: ModelStyleJudge | None = None


@asynccontextmanager
async def open_styling(
    settings: Settings, persona: Persona, *, judged: bool = False
) -> AsyncIterator[StyleDesk]:
    """Rules, the home's classifier with its embedder, and with ``judged`` the general model.

    Nothing that is not needed is loaded. Raises ConfigurationError where a judge has no model.
    """
    from adapters.models import model_server, open_embedder

    model = await trained_model(settings, persona.version)
    async with AsyncExitStack() as stack:
        vectors = model is not None and bool(model.embedder)
        server = None
        if judged or (vectors and settings.embedding_model != "builtin"):
            server = await stack.enter_async_context(model_server(settings))
        judge = _judge(settings, persona, server) if judged else None
        embedder = None
        if vectors:
            embedder = await stack.enter_async_context(open_embedder(settings, server, warm=False))
        yield StyleDesk(Styler(persona, embedder, model=model), judge)


def _judge(settings: Settings, persona: Persona, server: ModelServer | None) -> ModelStyleJudge:
    from adapters.models import prices_of
    from bot.llm.openai import OpenAIChatModel
    from persona.style_judge import ModelStyleJudge

    if server is None or not settings.model:
        raise ConfigurationError(
            where="WELLSPOKEN_MODEL",
            problem="--judge needs a model and its server; set it, and OPENAI_BASE_URL or "
            "OPENAI_API_KEY",
        )
    limits = settings.models
    chat = OpenAIChatModel(
        settings.model,
        server=server,
        first_token_s=limits.first_token.total_seconds(),
        answer_s=limits.answer.total_seconds(),
        prices=prices_of(settings).of(settings.model).pair,
        temperature=0.0,
        setting="WELLSPOKEN_MODEL",
    )
    return ModelStyleJudge(chat, persona)
