"""A process among others: it notes itself, and says in what they differ."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import orjson

from bot.errors import WellspokenError
from bot.store.ids import new_id
from bot.store.processes import Process, ProcessBook, differences
from bot.telemetry import log

if TYPE_CHECKING:
    from adapters.assembly import Application
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.base import Database

BEAT_S = 5.0
_LEAVE_S = 2.0

_OWN = frozenset({"home", "config", "database_url", "telemetry", "serve", "web"})
"""What every process may have its own way: where things are, and how it is watched and stopped."""
_OF_PART = {"slack_": "slack", "discord_": "discord", "console_": "web", "oidc_": "web"}
"""Settings that only a process with this part needs."""
_SECRET_DIGITS = 4
"""Of a secret's fingerprint: two differ but once in 65,536, and nobody can guess one from it."""
_OTHER_DIGITS = 16


def fingerprints(settings: Settings, parts: frozenset[str], persona: str = "") -> dict[str, str]:
    """A fingerprint of each setting that must be the same in every process, by the name that an
    operator knows. Of a secret it is too short to tell anything but a difference. ``persona`` is
    the version of its words."""
    found: dict[str, str] = {"persona.yaml": _print(persona)} if persona else {}
    printed: dict[str, Any] = settings.model_dump(mode="json")
    for name, field in type(settings).model_fields.items():
        part = next((p for begin, p in _OF_PART.items() if name.startswith(begin)), None)
        if name in _OWN or (part is not None and part not in parts) or name.startswith("ot"):
            continue
        extra = field.json_schema_extra
        known = str(extra["environment"]) if isinstance(extra, dict) else ""
        value = getattr(settings, name)
        if hasattr(value, "get_secret_value"):
            found[known or name] = _print(value.get_secret_value(), _SECRET_DIGITS)
        elif known or not isinstance(printed[name], dict):
            found[known or f"[{name}]"] = _print(printed[name])
        else:
            found |= {f"[{name}] {key}": _print(each) for key, each in printed[name].items()}
    return found


def _print(value: object, digits: int = _OTHER_DIGITS) -> str:
    said = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(b"wellspoken" + said).hexdigest()[:digits]


class Membership:
    """This process among those of its database."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        parts: frozenset[str],
        clock: Clock,
        *,
        persona: str = "",
        beat_s: float = BEAT_S,
    ) -> None:
        self._book = ProcessBook(database, clock)
        now = clock()
        self._me = Process(
            id=new_id("process"),
            host=socket.gethostname(),
            pid=os.getpid(),
            parts=tuple(sorted(parts)),
            version=version("wellspoken"),
            settings=fingerprints(settings, parts, persona),
            clock_s=0.0,
            started_at=now,
            seen_at=now,
        )
        self._beat_s = beat_s
        self.known: Sequence[Process] = (self._me,)
        """The processes, as last seen."""
        self.differences: tuple[str, ...] = ()
        """In what they differ, a sentence each."""

    def remarks(self) -> dict[str, str | None]:
        """For /readyz and the console: one sentence, or ``None``."""
        return {"processes": " ".join(self.differences) or None}

    async def note(self) -> None:
        """Note this process, look at the others, and say once what differs. Raises StorageError."""
        self.known = await self._book.note(self._me)
        found = differences(self.known)
        for sentence in found:
            if sentence not in self.differences:
                log.warning("processes differ", error=sentence)
        if self.differences and not found:
            log.info("processes agree again")
        self.differences = found

    async def run(self) -> None:
        """Note it again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._beat_s)
            try:
                await self.note()
            except WellspokenError as error:
                log.debug("this process could not be noted", error=str(error))
            except Exception:  # noqa: BLE001 - one fault must not take it off the list for good
                log.exception("this process was not noted because of a fault in the program")

    async def leave(self) -> None:
        """Take this process off the list; a database that is down forgets it by itself."""
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._book.leave(self._me.id)
        except (WellspokenError, TimeoutError) as error:
            log.debug("this process could not be taken off the list", error=str(error))


@asynccontextmanager
async def membership(app: Application, parts: frozenset[str]) -> AsyncIterator[Membership]:
    """This process on the list for the time of the block."""
    member = Membership(app.settings, app.database, parts, app.clock, persona=app.persona.version)
    await member.note()
    beating = asyncio.create_task(member.run())
    try:
        yield member
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        await member.leave()
