"""The sources of the settings, and what reads them: shared by command line, console and server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bot.errors import ConfigurationError
from bot.work.claims import Patience
from bot.work.runner import Kind
from knowledge.access import normal_groups
from knowledge.syncing import KIND, Plan, Reading, Schedule, Syncer

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.settings.sections import SourceSection
    from bot.store.base import Database
    from knowledge.ingest import Ingestor
    from knowledge.ledger import Ledger
    from knowledge.sources.base import Source
    from knowledge.standing import SourceDesk


_AT_ONCE = 2
"""Sources that a process reads side by side."""


class Application(Protocol):
    """What syncing needs of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def ingestor(self) -> Ingestor: ...
    @property
    def clock(self) -> Clock: ...


def syncer_of(app: Application, ingestor: Ingestor | None = None) -> Syncer:
    """What reads planned sources; ``ingestor`` where another one than the application's does."""
    from knowledge.syncbook import SyncBook

    return Syncer(ingestor or app.ingestor, app.ledger, SyncBook(app.database), app.clock)


def schedule_of(app: Application) -> Schedule:
    """What puts a job for each source of the settings that is due: run it in the worker."""
    from bot.work.jobs import Jobs
    from knowledge.syncbook import SyncBook

    book, jobs = SyncBook(app.database), Jobs(app.database, app.clock)
    return Schedule(plans_of(app.settings), book, jobs, app.clock)


def kind_of(app: Application) -> Kind:
    """What reads the sources of the settings. What fails is due again by the schedule."""
    from bot.work.leases import Leases
    from knowledge.exclusive import Exclusive
    from knowledge.syncbook import SyncBook

    exclusive, book = Exclusive(Leases(app.database)), SyncBook(app.database)
    reading = Reading(plans_of(app.settings), syncer_of(app), book, exclusive, app.clock)
    return Kind(KIND, reading, _AT_ONCE, Patience(tries=1))


def desk_of(app: Application) -> SourceDesk:
    """What operators see of the sources."""
    from bot.work.leases import Leases
    from knowledge.standing import SourceDesk
    from knowledge.syncbook import SyncBook

    leases = Leases(app.database)
    return SourceDesk(plans_of(app.settings), app.ledger, SyncBook(app.database), leases, app.clock)


def plans_of(settings: Settings) -> list[Plan]:
    """The sources of the settings, those of one name as one.

    Raises ConfigurationError where two of one name are for different groups.
    """
    named: dict[str, list[SourceSection]] = {}
    for section in settings.sources:
        named.setdefault(section.name, []).append(section)
    return [_plan(settings, name, sections) for name, sections in named.items()]


def _plan(settings: Settings, name: str, sections: Sequence[SourceSection]) -> Plan:
    groups = {_groups(section) for section in sections}
    if len(groups) > 1:
        raise ConfigurationError(
            where=str(settings.config),
            problem=f'two [[sources]] are named "{name}" and have different groups; '
            "give them different names",
        )
    every: list[timedelta] = [s.sync for s in sections if s.sync is not None]

    def opened() -> Source:
        from knowledge.sources.joined import joined

        (source,) = joined([_source(settings, section) for section in sections])
        return source

    return Plan(
        name=name,
        place=", ".join(_place(section) for section in sections),
        open=opened,
        groups=groups.pop(),
        every=min(every, default=None),
    )


def _groups(section: SourceSection) -> frozenset[str]:
    try:
        return normal_groups(section.groups)
    except ValueError as error:
        where = f'[[sources]] "{section.name}"'
        raise ConfigurationError(
            where=where, problem=f"{error}; write a word like staff"
        ) from error


def _place(section: SourceSection) -> str:
    from knowledge.sources.gitcommand import shown

    if section.git is not None:
        inside = f" {section.folder}" if section.folder else ""
        branch = f" ({section.branch})" if section.branch else ""
        return f"{shown(section.git)}{inside}{branch}"
    if section.url is not None:
        return shown(section.url)
    return str(section.path) if section.path is not None else str(section.type)


def _source(settings: Settings, section: SourceSection) -> Source:
    if section.git is not None:
        from knowledge.sources.git import GitSource

        return GitSource(
            section.git,
            section.name,
            settings.home / "sources",
            branch=section.branch,
            folder=section.folder,
            link=section.uri,
            allow_private=section.allow_private,
        )
    if section.type is not None:
        return own_source(section.type, section.name, section.options)
    place = section.url or str(settings.beside(section.path or Path()))
    return source_at(place, section.name, link=section.uri, allow_private=section.allow_private)


def source_at(
    place: str, name: str | None, *, link: str = "", allow_private: bool = False
) -> Source:
    """The source at a path or an address; ``name``: by default that of the folder or host."""
    if place.startswith(("http://", "https://")):
        from knowledge.sources.web import WebSource

        return WebSource(place, name=name, allow_private=allow_private)
    from knowledge.sources.checkout import CheckoutSource

    return CheckoutSource(Path(place), name=name, link=link)


def own_source(type_: str, name: str, options: dict[str, Any]) -> Source:
    """A source of somebody's own: the class at ``package.module:Class``, made with its name and
    the options. Raises ConfigurationError."""
    module, _, attribute = type_.partition(":")
    where = f'[[sources]] "{name}"'
    try:
        made: Source = getattr(import_module(module), attribute)(name=name, **options)
    except ImportError as error:
        problem = f"{module} cannot be imported ({error}); is it installed here?"
        raise ConfigurationError(where=where, problem=problem) from error
    except (AttributeError, TypeError) as error:
        problem = f"{type_} cannot be made a source ({error})"
        raise ConfigurationError(where=where, problem=problem) from error
    if not all(hasattr(made, part) for part in ("name", "items", "close")):
        raise ConfigurationError(where=where, problem=f"{type_} is no source; see docs/sources.md")
    return made
