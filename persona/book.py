"""The personas of a home: each one's content by its version, and the classifiers trained for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.errors import NotFoundError
from bot.store.audit import AuditTrail
from bot.store.base import Database, insert
from bot.store.timing import utc_now
from persona.profile import Habits, Persona, Sample, WordChoice
from persona.style_model import StyleModel
from persona.tables import personas, style_models


@dataclass(frozen=True, slots=True)
class KeptPersona:
    """A persona as it was: ``content`` are its fields, ``figures`` those of its classifier
    (``None``: none is trained)."""

    version: str
    name: str
    content: Mapping[str, Any]
    first_at: datetime
    figures: Mapping[str, Any] | None = None
    trained_at: datetime | None = None

    @property
    def persona(self) -> Persona:
        """The persona itself, to speak as it did. Raises NotFoundError where this program cannot
        read what an older or newer one kept."""
        try:
            made = _persona_of(self.content)
        except (TypeError, KeyError, AttributeError) as error:
            raise NotFoundError(kind="persona version", id=self.version) from error
        if made.version != self.version:
            raise NotFoundError(kind="persona version", id=self.version)
        return made


class PersonaBook:
    """The versions of the persona in a database."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._clock = clock

    async def keep(self, persona: Persona) -> None:
        """Keep a persona's content under its version; what is kept stays as it is."""
        row = {
            "version": persona.version,
            "name": persona.name,
            "content": json.loads(json.dumps(asdict(persona))),
            "first_at": self._clock(),
        }

        def op(connection: sa.Connection) -> None:
            connection.execute(insert(connection, personas).on_conflict_do_nothing(), row)

        await self._db.write(op)

    async def listing(self) -> list[KeptPersona]:
        """All versions, the newest first."""
        query = _joined().order_by(personas.c.first_at.desc(), personas.c.version)
        return await self._db.read(
            lambda connection: [_kept(row) for row in connection.execute(query)]
        )

    async def get(self, version: str) -> KeptPersona:
        """One version. Raises NotFoundError."""
        query = _joined().where(personas.c.version == version)
        row = await self._db.read(lambda connection: connection.execute(query).first())
        if row is None:
            raise NotFoundError(kind="persona version", id=version)
        return _kept(row)


class StyleBook:
    """The trained classifiers in a database, one a persona's version."""

    def __init__(
        self,
        db: Database,
        audit: AuditTrail | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._audit = audit
        self._clock = clock

    async def keep(self, version: str, model: StyleModel, *, by: str = "") -> None:
        """Keep a classifier in place of the one before, with its entry of the audit trail."""
        row = {
            "persona": version,
            "embedder": model.embedder,
            "weights": model.weights(),
            "figures": dict(model.figures),
            "at": self._clock(),
        }

        def op(connection: sa.Connection) -> None:
            new = insert(connection, style_models)
            changed = {name: new.excluded[name] for name in row if name != "persona"}
            connection.execute(
                new.on_conflict_do_update(index_elements=["persona"], set_=changed), row
            )
            if self._audit is not None:
                counts = {name: model.figures.get(name) for name in ("auc", "origins")}
                told = {"action": "style learned", "actor": by, "subject": version, **counts}
                self._audit.append_in(connection, "operator", told)

        await self._db.write(op)

    async def at(self, version: str) -> datetime | None:
        """When the classifier of a version was trained; ``None``: none is."""
        query = sa.select(style_models.c.at).where(style_models.c.persona == version)
        return await self._db.read(lambda connection: connection.scalar(query))

    async def of(self, version: str) -> StyleModel | None:
        """The classifier of a version; ``None`` where none is trained or none that this program
        can read."""
        query = sa.select(style_models).where(style_models.c.persona == version)
        row = await self._db.read(lambda connection: connection.execute(query).first())
        return None if row is None else StyleModel.kept(row.embedder, row.weights, row.figures)


def _persona_of(content: Mapping[str, Any]) -> Persona:
    """A persona from its fields as JSON has them: lists for tuples, objects for its parts."""
    fields: dict[str, Any] = {name: _frozen(value) for name, value in content.items()}
    habits: dict[str, Any] = {n: _frozen(value) for n, value in content["habits"].items()}
    fields["habits"] = Habits(**habits)
    fields["samples"] = tuple(Sample(**each) for each in content["samples"])
    fields["words_to_use"] = tuple(
        WordChoice(each["preferred"], tuple(each["instead_of"])) for each in content["words_to_use"]
    )
    return Persona(**fields)


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _joined() -> sa.Select[Any]:
    trained = style_models.c.persona == personas.c.version
    columns = (personas, style_models.c.figures, style_models.c.at.label("trained_at"))
    return sa.select(*columns).join(style_models, trained, isouter=True)


def _kept(row: sa.Row[Any]) -> KeptPersona:
    return KeptPersona(
        row.version, row.name, row.content, row.first_at, row.figures, row.trained_at
    )
