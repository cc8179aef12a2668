"""Who speaks as the brand just now, in a process that runs: a release is taken up in seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from bot.errors import ModelRefusedError, StorageError, WellspokenError
from bot.evidence import Unknown
from bot.ports import Brief, Spoken, Voice
from bot.telemetry import log
from persona.canary import takes_part
from persona.versions import ModelVersion, Release

SECONDS = 1.0
"""How long a process goes by what it knows before it looks again."""

AGAIN_S = 30.0
"""How long an adapter that could not be loaded is left alone."""

UNLOAD_S = 60.0
"""How long a version that speaks no more stays loaded: answers are on their way, other processes
hear of it later, and a rollback may want it back."""

FIRST_S = 5.0
"""How long the first asker of a process waits at most until adapters are loaded."""

AGAIN_WITHIN_S = 10.0
"""How long an asker waits until an adapter is loaded again; then the next rung answers."""

_MISSING = 404


class Deployment(Protocol):
    """Loads adapters into the model server: :class:`persona.tuning.deploying.Deployer`."""

    async def load(self, model: str, adapter: Path) -> None:
        """Have the server answer for a model's id; loaded already is no error."""
        ...

    async def unload(self, model: str) -> None:
        """Have the server forget it; not loaded is no error."""
        ...


class VersionVoice:
    """A version's voice. Where the server no longer knows its adapter (it was started again), the
    adapter is loaded and the brief spoken once more."""

    def __init__(self, voice: Voice, version: ModelVersion, deployment: Deployment | None) -> None:
        self._voice = voice
        self._version = version
        self._deployment = deployment

    @property
    def model(self) -> str:
        return self._voice.model

    @property
    def persona(self) -> str:
        return self._voice.persona

    async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        """The answer piece by piece. Raises :class:`bot.errors.ModelError`."""
        said = False
        try:
            async with aclosing(self._voice.speak(brief)) as pieces:
                async for piece in pieces:
                    said = True
                    yield piece
        except ModelRefusedError as error:
            if said or not is_missing(error) or not await self._load():
                raise
        else:
            return
        async with aclosing(self._voice.speak(brief)) as pieces:
            async for piece in pieces:
                yield piece

    def decline(self, brief: Brief, why: Unknown | None = None) -> str:
        """In the persona's words: I do not know."""
        return self._voice.decline(brief, why)

    async def _load(self) -> bool:
        if self._deployment is None or self._version.adapter is None:
            return False
        try:
            async with asyncio.timeout(AGAIN_WITHIN_S):
                await self._deployment.load(self.model, self._version.adapter)
        except (WellspokenError, TimeoutError) as error:
            log.warning(
                "adapter not loaded again", model=self.model, error=str(error) or "too slow"
            )
            return False
        log.info("adapter loaded again", model=self.model)
        return True


def is_missing(error: ModelRefusedError) -> bool:
    """Whether the server does not know the model: its adapter may be loaded again."""
    return error.data.get("status") == _MISSING or error.data.get("code") == "model_not_found"


class VoiceReleases:
    """Implements :class:`bot.ports_releasing.Releases` over the registry.

    ``read`` reads what is released, at most once in ``seconds``; ``make`` makes a version's voice,
    which is kept, since models that failed are known by it. A version with an adapter gets traffic
    once ``deployment`` has loaded it: until then the one before goes on, and after a rollback the
    general model speaks.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[Release]],
        make: Callable[[ModelVersion], Voice],
        deployment: Deployment | None = None,
        *,
        seconds: float = SECONDS,
        unload_s: float = UNLOAD_S,
        watch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._make = make
        self._deployment = deployment
        self._seconds = seconds
        self._unload_s = unload_s
        self._watch = watch
        self._known = Release()
        self._begun = False
        self._read_at = 0.0
        self._first = asyncio.Lock()
        self._voices: dict[str, Voice] = {}
        self._loaded: set[str] = set()
        self._failed: dict[str, float] = {}
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._spoke_last: ModelVersion | None = None

    async def voice(self, thread: str) -> Voice | None:
        """See :class:`bot.ports_releasing.Releases`."""
        await self._look()
        version = self._version_for(thread)
        return None if version is None else self._voice_of(version)

    async def aclose(self) -> None:
        """Let go of what is being loaded; what is loaded stays."""
        tasks = [*self._loading.values(), *self._leaving]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _version_for(self, thread: str) -> ModelVersion | None:
        known = self._known
        canary, trial = known.canary, known.trial
        if (
            canary is not None
            and trial is not None
            and self._is_ready(canary)
            and takes_part(thread, trial.id, known.share)
        ):
            return canary
        if known.live is None or self._is_ready(known.live):
            self._spoke_last = known.live
        elif self._spoke_last is not None and self._spoke_last.number > known.live.number:
            self._spoke_last = None  # it was rolled back, and must not go on
        return self._spoke_last

    # -- what is released -----------------------------------------------------------------------

    async def _look(self) -> None:
        if not self._begun:
            async with self._first:  # nobody is answered before it is known who speaks
                if not self._begun:
                    await self._refresh()
                    await self._settled()
                    self._begun = True
        elif self._watch() - self._read_at >= self._seconds:
            await self._refresh()

    async def _refresh(self) -> None:
        read_at, self._read_at = self._read_at, self._watch()
        try:
            found = await self._read()
        except StorageError as error:
            log.warning("releases not read, those known stay", error=str(error))
            return
        except asyncio.CancelledError:
            self._read_at = read_at
            raise
        if found.revision != self._known.revision:
            log.info(
                "release taken up",
                live=found.live.version if found.live else "none",
                canary=found.canary.version if found.canary else "none",
                share=found.share,
            )
            self._unload_later(self._known, found)
        self._known = found
        for version in _speaking(found):
            self._load_if_needed(version)

    async def _settled(self) -> None:
        """In a process that has just started there is nothing to go on with meanwhile."""
        if self._loading:
            await asyncio.wait(self._loading.values(), timeout=FIRST_S)

    # -- adapters -------------------------------------------------------------------------------

    def _is_ready(self, version: ModelVersion) -> bool:
        return not self._needs_loading(version) or version.model in self._loaded

    def _needs_loading(self, version: ModelVersion) -> bool:
        return self._deployment is not None and version.adapter is not None

    def _load_if_needed(self, version: ModelVersion) -> None:
        model = version.model
        if self._is_ready(version) or model in self._loading:
            return
        failed_at = self._failed.get(model)
        if failed_at is not None and self._watch() - failed_at < AGAIN_S:
            return
        task = asyncio.create_task(self._load(version))
        self._loading[model] = task
        task.add_done_callback(lambda _: self._loading.pop(model, None))

    async def _load(self, version: ModelVersion) -> None:
        assert self._deployment is not None  # looked at in _needs_loading
        assert version.adapter is not None
        try:
            await self._deployment.load(version.model, version.adapter)
        except WellspokenError as error:
            self._failed[version.model] = self._watch()
            log.warning("version not loaded, it gets no traffic", version=version.version,
                        error=str(error))  # fmt: skip
        except Exception:  # noqa: BLE001 - nobody awaits it: it would be tried again at every look
            self._failed[version.model] = self._watch()
            log.exception("version not loaded because of a fault in the program",
                          version=version.version)  # fmt: skip
        else:
            self._failed.pop(version.model, None)
            self._loaded.add(version.model)

    def _unload_later(self, before: Release, after: Release) -> None:
        stay = {version.model for version in _speaking(after)}
        for version in _speaking(before):
            if self._needs_loading(version) and version.model not in stay:
                task = asyncio.create_task(self._unload(version))
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)

    async def _unload(self, version: ModelVersion) -> None:
        assert self._deployment is not None  # looked at in _needs_loading
        await asyncio.sleep(self._unload_s)
        stay = {
            speaking.model for speaking in (*_speaking(self._known), self._spoke_last) if speaking
        }
        if version.model in stay:
            return
        self._loaded.discard(version.model)
        try:
            await self._deployment.unload(version.model)
        except WellspokenError as error:
            log.warning("version not unloaded", version=version.version, error=str(error))

    def _voice_of(self, version: ModelVersion) -> Voice:
        voice = self._voices.get(version.model)
        if voice is None:
            voice = VersionVoice(self._make(version), version, self._deployment)
            self._voices[version.model] = voice
        return voice


def _speaking(release: Release) -> tuple[ModelVersion, ...]:
    return tuple(version for version in (release.live, release.canary) if version is not None)
