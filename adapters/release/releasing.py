"""What is released, put together for a process, and the desk of this home's versions.

The command line and the console share the desk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.models import build_version_voice
from adapters.release.deploying import deployment_of
from bot.errors import UsageError
from persona.canary_curves import Curve, curves
from persona.canary_figures import CanaryTurns
from persona.canary_reading import Limits, Reading, reading
from persona.lineage import Lineage, lineage_of
from persona.promotions import check_share
from persona.registry import Change, GateRun, ModelVersion, Promotion, Registry, Release, Trial
from persona.releasing import VoiceReleases
from persona.versions import ROLLED_BACK

if TYPE_CHECKING:
    from bot.llm.openai import ModelServer
    from bot.ports import Voice
    from bot.ports_releasing import Releases
    from bot.settings import Settings
    from bot.store.audit import AuditTrail
    from bot.store.base import Database
    from persona.profile import Persona

__all__ = ["ReleaseDesk", "deployment_of", "open_releases", "release_desk"]

_PINNED = (
    "WELLSPOKEN_VOICE_MODEL names {model}, which speaks whatever is released; unset it to let the "
    "registry decide."
)
_NO_SERVER = "No model server is set, so the built-in reader answers; set OPENAI_BASE_URL."
_NO_ANSWERS = (
    "A version answers at its model server, and none is set: for one that was trained here start "
    "`wellspoken tune serve`; then set OPENAI_BASE_URL and start the bot again."
)
_NO_CANARY = "No canary runs."


@asynccontextmanager
async def open_releases(
    settings: Settings, persona: Persona, server: ModelServer | None, database: Database
) -> AsyncIterator[Releases | None]:
    """Which version speaks; ``None`` where no model server is set, or WELLSPOKEN_VOICE_MODEL names
    the model: it wins over the registry."""
    if server is None or settings.voice_model:
        yield None
        return
    speak = partial(build_version_voice, settings, persona, server)

    def voice_of(version: ModelVersion) -> Voice:
        return speak(version.model)

    releases = VoiceReleases(Registry(database).release, voice_of, deployment_of(settings))
    async with aclosing(releases):
        yield releases


@dataclass(frozen=True, slots=True)
class VersionStory:
    """A version with where it came from and what became of it; ``shares`` of threads that it
    answers now, 0 to 1."""

    version: ModelVersion
    share: float
    lineage: Lineage
    gate: GateRun | None
    canaries: tuple[Trial, ...]
    promotions: tuple[Promotion, ...]


@dataclass(frozen=True, slots=True)
class CanaryStory:
    """A canary with what its turns tell, and how that went on the way."""

    trial: Trial
    seen: Reading
    curves: tuple[Curve, ...] = ()


class ReleaseDesk:
    """The versions of one home, and what of them is released."""

    def __init__(self, settings: Settings, database: Database, audit: AuditTrail | None = None):
        self._settings = settings
        self._database = database
        self._turns = CanaryTurns(database, settings.model or "")
        self.registry = Registry(database, audit)

    # -- looking --------------------------------------------------------------------------------

    async def listing(self, author: str = "") -> Sequence[tuple[ModelVersion, float]]:
        """Every version with its share of threads, the newest first; with ``author`` those that
        were trained on that person's words or questions."""
        release = await self.registry.release()
        found = await (self.registry.trained_on(author) if author else self.registry.listing())
        return [(version, share_of(version, release)) for version in found]

    async def of_model(self, model: str) -> ModelVersion | None:
        """The version that is a model of this name; a model is one version only."""
        return next((v for v in await self.registry.listing() if v.model == model), None)

    async def release(self) -> Release:
        """What is released now."""
        return await self.registry.release()

    async def history(self) -> Sequence[Promotion]:
        """Every change of what is live, the newest first."""
        return await self.registry.promotions()

    async def story(self, version: str) -> VersionStory:
        """Everything about a version. Raises NotFoundError."""
        found = await self.registry.get(version)
        changes = await self.registry.promotions()
        return VersionStory(
            version=found,
            share=share_of(found, await self.registry.release()),
            lineage=await lineage_of(self._database, found.dataset),
            gate=await self.registry.gate(version),
            canaries=tuple(await self.registry.canaries(version)),
            promotions=tuple(p for p in changes if version in (p.version, p.before)),
        )

    async def canary(self) -> CanaryStory | None:
        """The canary that runs, with what its turns tell so far."""
        trial = (await self.registry.release()).trial
        if trial is None:
            return None
        turns, limits = await self._turns.of(trial), limits_of(self._settings)
        seen = await asyncio.to_thread(reading, turns, limits)
        return CanaryStory(trial, seen, await asyncio.to_thread(curves, turns, limits))

    async def undone(self) -> Trial | None:
        """The last canary, where it was rolled back by itself and nothing was released since."""
        tried, changes = await self.registry.canaries(), await self.registry.promotions()
        last = tried[0] if tried else None
        if last is None or last.state != ROLLED_BACK or last.ended_at is None:
            return None
        return last if not changes or changes[0].at < last.ended_at else None

    async def read(self, trial: Trial) -> Reading:
        """What the turns of a canary tell."""
        turns = await self._turns.of(trial)
        return await asyncio.to_thread(reading, turns, limits_of(self._settings))

    def remarks(self) -> tuple[str, ...]:
        """What keeps the registry from deciding who speaks, in sentences."""
        config = self._settings
        if config.voice_model:
            return (_PINNED.format(model=config.voice_model),)
        if not (config.openai_api_key or config.openai_base_url):
            return (_NO_SERVER,)
        return ()

    def usual_suites(self) -> Sequence[str]:
        """The suites that a version is held to where none is named."""
        return tuple(str(path) for path in self._settings.release.suites)

    async def check_gate(self, version: str, suites: Sequence[str]) -> None:
        """Look whether a version can be held to suites, before anything is asked. Raises
        NotFoundError, and UsageError for a suite that cannot be read and without a model server."""
        from adapters.release.gating import wanted_suites

        await self.registry.get(version)
        if not (self._settings.openai_api_key or self._settings.openai_base_url):
            raise UsageError(_NO_ANSWERS)
        await wanted_suites(self._settings, suites)

    # -- changing -------------------------------------------------------------------------------

    async def register(
        self,
        model: str,
        *,
        by: str,
        base: str = "",
        dataset: str = "",
        adapter: Path | None = None,
        persona: str = "",
    ) -> ModelVersion:
        """Keep a model that was trained elsewhere. Raises UsageError, NotFoundError for an unknown
        data set."""
        if dataset:
            await lineage_of(self._database, dataset, must_exist=True)
        return await self.registry.register(
            model=model, by=by, base=base, backend="external", dataset=dataset, adapter=adapter,
            persona=persona,
        )  # fmt: skip

    async def promote(
        self, version: str, *, by: str, force: bool = False, reason: str = ""
    ) -> Change:
        """Make a version live, once the model server has its adapter.

        Raises NotFoundError, GateNotPassedError, ReleaseError, UsageError.
        """
        await self.registry.check(version, force=force, reason=reason, canary=False)
        await self._load(version)
        return await self.registry.promote(version, by=by, force=force, reason=reason)

    async def start_canary(
        self, version: str, share: float, *, by: str, force: bool = False, reason: str = ""
    ) -> Trial:
        """Let a version answer a share of threads, likewise."""
        check_share(share)  # before what the version itself may be refused for
        found = await self.registry.check(version, force=force, reason=reason, canary=True)
        if found.model == self._settings.model:
            raise UsageError(
                f"{version} is the general model itself ({found.model}); there is nothing to "
                "compare it with."
            )
        await self._load(version)
        return await self.registry.start_canary(version, share, by=by, force=force, reason=reason)

    async def end_canary(self, version: str, *, by: str, reason: str = "") -> Trial:
        """End the canary of a version; it may be tried again. Raises UsageError."""
        trial = (await self.registry.release()).trial
        if trial is None or (version and trial.version != version):
            raise UsageError(_NO_CANARY if trial is None else f"The canary is {trial.version}.")
        figures = (await self.read(trial)).figures()
        why = reason or "ended by an operator"
        ended = await self.registry.end_canary(by=by, why=why, trial=trial.id, figures=figures)
        if ended is None:
            raise UsageError(_NO_CANARY)
        return ended

    async def roll_back(self, *, by: str, reason: str = "") -> Change:
        """Take the last step back. Raises UsageError where nothing is released."""
        return await self.registry.roll_back(by=by, reason=reason)

    async def _load(self, version: str) -> None:
        found = await self.registry.get(version)
        deployment = deployment_of(self._settings)
        if deployment is not None and found.adapter is not None and not self.remarks():
            await deployment.load(found.model, found.adapter)


def release_desk(
    settings: Settings, database: Database, audit: AuditTrail | None = None
) -> ReleaseDesk:
    """The versions of the home behind a database."""
    return ReleaseDesk(settings, database, audit)


def limits_of(settings: Settings) -> Limits:
    """What a canary is held to, as [release] says."""
    release = settings.release
    return Limits(1 - release.interval, release.turns, release.worse, release.slower)


def share_of(version: ModelVersion, release: Release) -> float:
    """The share of threads that a version answers, 0 to 1."""
    canary = 0.0 if release.canary is None else release.share
    if release.canary is not None and release.canary.version == version.version:
        return canary
    if release.live is not None and release.live.version == version.version:
        return round(1 - canary, 6)
    return 0.0


def version_json(version: ModelVersion, share: float) -> dict[str, Any]:
    """A version, as ``models list --json`` prints it."""
    return {
        "version": version.version,
        "model": version.model,
        "base": version.base,
        "backend": version.backend,
        "dataset": version.dataset,
        "state": version.state,
        "share": share,
        "scores": dict(version.scores),
        "created_at": version.at.isoformat(),
    }


def trial_json(trial: Trial) -> dict[str, Any]:
    """A canary, for scripts."""
    return {
        "canary": trial.id,
        "version": trial.version,
        "against": trial.against,
        "share": trial.share,
        "state": trial.state,
        "why": trial.why,
        "by": trial.by,
        "started_at": trial.at.isoformat(),
        "ended_at": trial.ended_at.isoformat() if trial.ended_at else None,
        "figures": dict(trial.figures),
    }


def promotion_json(promotion: Promotion) -> dict[str, Any]:
    """A change of what is live, for scripts."""
    return {
        "version": promotion.version,
        "before": promotion.before,
        "how": promotion.how,
        "reason": promotion.reason,
        "by": promotion.by,
        "at": promotion.at.isoformat(),
    }


def story_json(story: VersionStory) -> dict[str, Any]:
    """A version, as ``models show --json`` prints it."""
    version, gate = story.version, story.gate
    return {
        **version_json(version, story.share),
        "method": version.method,
        "job": version.job,
        "adapter": str(version.adapter) if version.adapter else "",
        "persona": version.persona,
        "why": version.why,
        "by": version.by,
        "state_at": version.state_at.isoformat(),
        "examples": story.lineage.examples,
        "turns": list(story.lineage.turns),
        "people": list(story.lineage.people),
        "gate": None
        if gate is None
        else {
            "verdict": "pass" if gate.passed else "fail",
            "against": gate.against,
            "reasons": list(gate.reasons),
            "reports": list(gate.reports),
            "at": gate.at.isoformat() if gate.at else None,
        },
        "canaries": [trial_json(trial) for trial in story.canaries],
        "promotions": [promotion_json(promotion) for promotion in story.promotions],
    }
