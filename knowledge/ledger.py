"""The ledger: which documents were read in, from where, in which revision, with their text.

For operators and for ingestion. The search never goes through it: what a caller may see is decided
in the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from bot.conversation import Principal
from bot.errors import NotFoundError
from bot.store.base import Database, insert, metadata
from bot.store.columns import Json, Moment, RowId, Words

_BATCH = 500

_RUNS_KEPT = 200
"""Runs of a source that are kept; it may be read every minute for years."""

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("source", Words, primary_key=True),
    sa.Column("document", Words, primary_key=True),
    sa.Column("title", Words, nullable=False),
    sa.Column("uri", Words, nullable=False),
    sa.Column("groups", Json, nullable=False),
    sa.Column("hash", Words, nullable=False),
    sa.Column("revision", Words, nullable=False),
    sa.Column("chunks", sa.Integer, nullable=False),
    sa.Column("characters", sa.Integer, nullable=False),
    sa.Column("ingested_at", Moment, nullable=False),
    sa.Column("origin", Words, nullable=False),
    sa.Column("extra", Json, nullable=False),
    sa.Index(None, "document"),
)

document_texts = sa.Table(
    "document_texts",
    metadata,
    sa.Column("source", Words, primary_key=True),
    sa.Column("document", Words, primary_key=True),
    sa.Column("revision", Words, nullable=False),
    sa.Column("text", Words, nullable=False),
    sa.ForeignKeyConstraint(
        ["source", "document"], ["documents.source", "documents.document"], ondelete="CASCADE"
    ),
)

source_runs = sa.Table(
    "source_runs",
    metadata,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("source", Words, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("finished_at", Moment, nullable=False),
    sa.Column("report", Json, nullable=False),
    sa.Column("error", Words, nullable=False, server_default=sa.text("''")),
    sa.Index(None, "source", "id"),
)

source_syncs = sa.Table(
    "source_syncs",
    metadata,
    sa.Column("source", Words, primary_key=True),
    sa.Column("wanted_at", Moment),
    sa.Column("started_at", Moment),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer),
)
"""What is under way; :mod:`knowledge.syncbook` keeps it."""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One document as it was last read in.

    ``hash`` is of the content that decides whether it changed, ``origin`` where it was read (a
    path, an address), ``extra`` whatever a source wants to find again (JSON).
    """

    source: str
    document: str
    title: str
    uri: str
    groups: frozenset[str]
    hash: str
    revision: str
    chunks: int
    characters: int
    ingested_at: datetime
    origin: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def commit(self) -> str:
        """The commit that this revision was read at; empty where its source has none."""
        return str(self.extra.get("commit", ""))


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One reading-in of a source, with its report; ``error`` says why it came to nothing."""

    source: str
    started_at: datetime
    finished_at: datetime
    report: Mapping[str, Any]
    error: str = ""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source in figures, with its last run."""

    name: str
    documents: int
    chunks: int
    characters: int
    last_run: RunRecord | None


_FIELDS = tuple(f.name for f in fields(DocumentRecord))


def record_of(row: sa.Row[Any]) -> DocumentRecord:
    """A document from its row of ``documents``."""
    data = row._asdict()
    data["groups"] = frozenset(data["groups"])
    return DocumentRecord(**data)


def run_of(row: sa.Row[Any]) -> RunRecord:
    return RunRecord(row.source, row.started_at, row.finished_at, row.report, row.error)


def _batches(names: Iterable[str]) -> Iterable[list[str]]:
    rest = iter(names)
    while batch := list(islice(rest, _BATCH)):
        yield batch


class Ledger:
    """The ledger in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # -- writing ----------------------------------------------------------------------------

    async def record(self, entries: Sequence[tuple[DocumentRecord, str]]) -> None:
        """Keep documents with their text, all or nothing; the revision before is forgotten."""
        if entries:
            await self._db.write(lambda connection: self.record_in(connection, entries))

    def record_in(
        self, connection: sa.Connection, entries: Sequence[tuple[DocumentRecord, str]]
    ) -> None:
        """As :meth:`record`, inside the caller's transaction."""
        rows, texts = [], []
        for record, text in entries:
            rows.append({name: getattr(record, name) for name in _FIELDS})
            texts.append(
                {
                    "source": record.source,
                    "document": record.document,
                    "revision": record.revision,
                    "text": text,
                }
            )
        for table, values in ((documents, rows), (document_texts, texts)):
            new = insert(connection, table)
            changed = {c.name: new.excluded[c.name] for c in table.columns if not c.primary_key}
            upsert = new.on_conflict_do_update(index_elements=["source", "document"], set_=changed)
            connection.execute(upsert, values)

    async def unsettle(self, source: str, names: Iterable[str]) -> None:
        """Blank the hashes of documents that are about to change in the store: whatever happens
        before they are recorded again, the next run writes them anew."""
        changing = list(names)

        def op(connection: sa.Connection) -> None:
            for batch in _batches(changing):
                here = (documents.c.source == source) & documents.c.document.in_(batch)
                connection.execute(sa.update(documents).where(here).values(hash=""))

        if changing:
            await self._db.write(op)

    async def remove(self, source: str, names: Iterable[str]) -> int:
        """Forget documents of a source with their text; how many there were."""
        gone = list(names)

        def op(connection: sa.Connection) -> int:
            count = 0
            for batch in _batches(gone):
                here = (documents.c.source == source) & documents.c.document.in_(batch)
                count += connection.execute(sa.delete(documents).where(here)).rowcount
            return count

        return await self._db.write(op) if gone else 0

    async def record_run(
        self,
        source: str,
        report: Mapping[str, Any],
        started_at: datetime,
        finished_at: datetime,
        error: str = "",
    ) -> None:
        """Keep the report of one reading-in, or why it came to nothing; old ones go."""
        row = {
            "source": source,
            "report": dict(report),
            "started_at": started_at,
            "finished_at": finished_at,
            "error": error,
        }

        def op(connection: sa.Connection) -> None:
            connection.execute(sa.insert(source_runs), [row])
            connection.execute(_old_runs(source))

        await self._db.write(op)

    # -- reading ----------------------------------------------------------------------------

    async def state(self, source: str) -> dict[str, DocumentRecord]:
        """Every document of a source by its name."""
        found = await self._records(sa.select(documents).where(documents.c.source == source))
        return {record.document: record for record in found}

    async def listing(self, source: str | None = None) -> list[DocumentRecord]:
        """All documents, or those of a source, in the order of their names."""
        query = sa.select(documents).order_by(documents.c.source, documents.c.document)
        if source is not None:
            query = query.where(documents.c.source == source)
        return await self._records(query)

    async def page(
        self, limit: int, after: tuple[str, str] | None = None, source: str | None = None
    ) -> list[DocumentRecord]:
        """At most ``limit`` documents in the order of :meth:`listing`; ``after`` is the source
        and the name of the last one of the page before."""
        place = sa.tuple_(documents.c.source, documents.c.document)
        query = sa.select(documents).order_by(documents.c.source, documents.c.document)
        if source is not None:
            query = query.where(documents.c.source == source)
        if after is not None:
            query = query.where(place > sa.tuple_(*(sa.literal(part, Words) for part in after)))
        return await self._records(query.limit(limit))

    async def visible(self, principal: Principal) -> dict[str, int]:
        """How many documents of each source a principal may see, by the source's name."""
        counted = sa.select(documents.c.source, documents.c.groups, sa.func.count().label("n"))
        query = counted.group_by(documents.c.source, documents.c.groups)

        def op(connection: sa.Connection) -> dict[str, int]:
            found: dict[str, int] = {}
            for row in connection.execute(query.order_by(documents.c.source)):
                if principal.may_see(frozenset(row.groups)):
                    found[row.source] = found.get(row.source, 0) + row.n
            return found

        return await self._db.read(op)

    async def texts(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The texts of documents by source and name; unknown ones are missing."""
        place = sa.tuple_(document_texts.c.source, document_texts.c.document)

        def op(connection: sa.Connection) -> dict[tuple[str, str], str]:
            found: dict[tuple[str, str], str] = {}
            rest = iter(dict.fromkeys(names))
            while batch := list(islice(rest, _BATCH)):
                query = sa.select(document_texts).where(place.in_(batch))
                for row in connection.execute(query):
                    found[row.source, row.document] = row.text
            return found

        return await self._db.read(op)

    async def groups(self) -> list[str]:
        """Every group that some document names, sorted."""
        named = sa.select(documents.c.groups).distinct()

        def op(connection: sa.Connection) -> list[str]:
            return sorted({group for groups in connection.scalars(named) for group in groups})

        return await self._db.read(op)

    async def mark(self) -> tuple[int, datetime | None, int | None]:
        """A value that is another one after every change of the documents: for caches.

        The last run counts too: the clock of the machine that changed a document may be behind that
        of the one that wrote the newest.
        """
        run = sa.select(sa.func.max(source_runs.c.id)).scalar_subquery()
        query = sa.select(sa.func.count(), sa.func.max(documents.c.ingested_at), run)

        def op(connection: sa.Connection) -> tuple[int, datetime | None, int | None]:
            count, newest, last = connection.execute(query).one()
            return count, newest, last

        return await self._db.read(op)

    async def find(self, document: str) -> list[DocumentRecord]:
        """The documents of this name, whatever their source."""
        query = sa.select(documents).where(documents.c.document == document)
        return await self._records(query.order_by(documents.c.source))

    async def show(self, document: str, source: str | None = None) -> tuple[DocumentRecord, str]:
        """A document with its text; the first by source where several have the name.

        Raises NotFoundError.
        """
        query = (
            sa.select(documents, document_texts.c.text.label("text"))
            .join(document_texts)
            .where(documents.c.document == document)
            .order_by(documents.c.source)
            .limit(1)
        )
        if source is not None:
            query = query.where(documents.c.source == source)

        def op(connection: sa.Connection) -> tuple[DocumentRecord, str]:
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFoundError(kind="document", id=document)
            data = row._asdict()
            text = data.pop("text")
            data["groups"] = frozenset(data["groups"])
            return DocumentRecord(**data), text

        return await self._db.read(op)

    async def sources(self) -> list[SourceRecord]:
        """All sources that hold documents or were read in once, by name."""
        counted = sa.select(
            documents.c.source,
            sa.func.count().label("documents"),
            sa.func.sum(documents.c.chunks).label("chunks"),
            sa.func.sum(documents.c.characters).label("characters"),
        ).group_by(documents.c.source)
        newest = sa.select(sa.func.max(source_runs.c.id)).group_by(source_runs.c.source)
        last = sa.select(source_runs).where(source_runs.c.id.in_(newest))

        def op(connection: sa.Connection) -> list[SourceRecord]:
            figures = {r.source: r for r in connection.execute(counted)}
            runs = {r.source: run_of(r) for r in connection.execute(last)}
            return [
                SourceRecord(
                    name,
                    row.documents if (row := figures.get(name)) else 0,
                    int(row.chunks) if row else 0,
                    int(row.characters) if row else 0,
                    runs.get(name),
                )
                for name in sorted(figures.keys() | runs.keys())
            ]

        return await self._db.read(op)

    async def runs(self, source: str, limit: int | None = None) -> list[RunRecord]:
        """The runs of a source, the last one first."""
        query = (
            sa.select(source_runs)
            .where(source_runs.c.source == source)
            .order_by(source_runs.c.id.desc())
            .limit(limit)
        )
        return await self._db.read(lambda c: [run_of(row) for row in c.execute(query)])

    async def _records(self, query: sa.Select[Any]) -> list[DocumentRecord]:
        return await self._db.read(lambda c: [record_of(row) for row in c.execute(query)])


def _old_runs(source: str) -> sa.Delete:
    """Deletes what is older than the last runs, but for the last good one and the first failure
    after it: they tell since when a source is down."""
    runs = source_runs.alias()
    ours = runs.c.source == source
    edge = sa.select(runs.c.id).where(ours).order_by(runs.c.id.desc()).offset(_RUNS_KEPT).limit(1)
    good = sa.select(sa.func.max(runs.c.id)).where(ours, runs.c.error == "").scalar_subquery()
    first = sa.select(sa.func.min(runs.c.id)).where(ours, runs.c.id > sa.func.coalesce(good, 0))
    return sa.delete(source_runs).where(
        source_runs.c.source == source,
        source_runs.c.id <= edge.scalar_subquery(),
        source_runs.c.id != sa.func.coalesce(good, 0),
        source_runs.c.id != sa.func.coalesce(first.scalar_subquery(), 0),
    )
