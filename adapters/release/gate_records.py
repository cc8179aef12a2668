"""What is kept of a gate's run: a row in the database, and the answers side by side in a file.

``<home>/gates/ID.json`` holds the story that the console shows, ``ID.html`` the same as a page that
stands alone. Both are for operators: they quote documents of every group that a suite asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from adapters.private_files import make_private, write_private
from bot.errors import NotFoundError
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database
from bot.store.columns import to_json
from bot.store.timing import utc_now
from persona.gate import Measure
from persona.tables import gates

_FOLDER = "gates"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place of an answer and what is wrong there: ``text[start:end]``."""

    start: int
    end: int
    note: str


@dataclass(frozen=True, slots=True)
class Said:
    """One side's answer to a case. ``findings`` are of style, ``unheld`` claims that the passages
    do not carry; ``error`` says why there is no answer."""

    text: str
    right: bool
    refused: bool
    claims: int = 0
    carried: int = 0
    style: float | None = None
    seconds: float | None = None
    tokens: int = 0
    cost_usd: float = 0.0
    error: str = ""
    findings: tuple[Mark, ...] = ()
    unheld: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that both sides were given as ``[n]``, with the beginning of its text."""

    n: int
    document: str
    title: str
    uri: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A case with both answers."""

    id: str
    question: str
    answers: tuple[str, ...]
    answerable: bool
    sources: tuple[Source, ...]
    candidate: Said
    live: Said

    @property
    def change(self) -> str:
        """What became of it: ``lost``, ``gained``, or empty."""
        if self.candidate.right == self.live.right:
            return ""
        return "gained" if self.candidate.right else "lost"


@dataclass(frozen=True, slots=True)
class SuiteLine:
    """A suite that was used."""

    name: str
    path: str
    digest: str
    cases: int


@dataclass(frozen=True, slots=True)
class Story:
    """All of one run: the verdict with its measures, the figures of both sides, every answer.

    ``confidence`` is that of the intervals, ``worse`` what might be lost.
    """

    id: str
    version: str
    model: str
    against: str
    persona: str
    verdict: str
    reasons: tuple[str, ...]
    measures: tuple[Measure, ...]
    candidate: Mapping[str, Any]
    live: Mapping[str, Any]
    suites: tuple[SuiteLine, ...]
    confidence: float
    worse: float
    by: str
    at: datetime
    rows: tuple[Row, ...] = ()

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"


@dataclass(frozen=True, slots=True)
class GateLine:
    """A run as a line of a list."""

    id: str
    version: str
    against: str
    suite: str
    verdict: str
    reasons: tuple[str, ...]
    report: str
    by: str
    at: datetime


class GateFiles:
    """The folder of the runs, for its owner alone."""

    def __init__(self, home: Path) -> None:
        self.folder = home / _FOLDER

    def prepare(self) -> None:
        """Make the folder (0700)."""
        make_private(self.folder)

    def report(self, gate: str) -> Path:
        """The page that stands alone."""
        return self.folder / f"{gate}.html"

    def answers(self, key: str) -> Path:
        """The answers of a run that is not over."""
        return self.folder / f"answers-{key}.jsonl"

    def write(self, story: Story, page: str) -> Path:
        """Keep the story and its page; where the page is. Raises StorageError."""
        report = self.report(story.id)
        write_private(self._story(story.id), to_json(story))
        write_private(report, page)
        return report

    def read(self, gate: str) -> Story | None:
        """The story of a run; ``None`` where its file is gone or cannot be read."""
        try:
            return story_of(orjson.loads(self._story(gate).read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _story(self, gate: str) -> Path:
        return self.folder / f"{gate}.json"


def story_of(record: Mapping[str, Any]) -> Story:
    """The story that a file holds. Raises KeyError, TypeError, ValueError."""
    plain = {**record}
    return Story(
        **{
            **plain,
            "reasons": tuple(plain["reasons"]),
            "measures": tuple(Measure(**m) for m in plain["measures"]),
            "suites": tuple(SuiteLine(**s) for s in plain["suites"]),
            "at": datetime.fromisoformat(plain["at"]),
            "rows": tuple(_row(row) for row in plain["rows"]),
        }
    )


def _row(record: Mapping[str, Any]) -> Row:
    return Row(
        **{
            **record,
            "answers": tuple(record["answers"]),
            "sources": tuple(Source(**s) for s in record["sources"]),
            "candidate": _said(record["candidate"]),
            "live": _said(record["live"]),
        }
    )


def _said(record: Mapping[str, Any]) -> Said:
    marks = {name: tuple(Mark(**mark) for mark in record[name]) for name in ("findings", "unheld")}
    return Said(**{**record, **marks})


class GateBook:
    """The runs in a database; each is an entry of the audit trail, in the same transaction."""

    def __init__(
        self,
        db: Database,
        audit: AuditTrail | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._audit = audit or AuditTrail(db)
        self._clock = clock

    def now(self) -> datetime:
        """The moment of a run."""
        return self._clock()

    async def add(self, story: Story, report: Path) -> None:
        """Keep a run that is over."""
        row = {
            "id": story.id,
            "version": story.version,
            "against": story.against,
            "suite": ", ".join(suite.name for suite in story.suites),
            "digest": ", ".join(suite.digest for suite in story.suites),
            "verdict": story.verdict,
            "reasons": list(story.reasons),
            "candidate": dict(story.candidate),
            "live": dict(story.live),
            "report": str(report),
            "by": story.by,
            "at": story.at,
        }
        content = {
            "action": "gate passed" if story.passed else "gate failed",
            "actor": story.by,
            "subject": story.version,
            "gate": story.id,
            "against": story.against,
            "suites": [f"{suite.name}@{suite.digest[:12]}" for suite in story.suites],
            "reasons": list(story.reasons),
        }

        def op(connection: sa.Connection) -> None:
            connection.execute(sa.insert(gates), [row])
            self._audit.append_in(connection, OPERATOR, content)

        await self._db.write(op)

    async def get(self, gate: str) -> GateLine:
        """One run. Raises NotFoundError."""
        query = sa.select(gates).where(gates.c.id == gate)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(kind="run of the gate", id=gate)
        return _line(row)

    async def listing(self, version: str = "") -> Sequence[GateLine]:
        """Every run, or those of a version, the newest first."""
        query = sa.select(gates).order_by(gates.c.at.desc(), gates.c.id.desc())
        if version:
            query = query.where(gates.c.version == version)
        return await self._db.read(lambda c: [_line(row) for row in c.execute(query)])


def _line(row: Any) -> GateLine:
    return GateLine(
        id=row.id,
        version=row.version,
        against=row.against,
        suite=row.suite,
        verdict=row.verdict,
        reasons=tuple(str(reason) for reason in row.reasons),
        report=row.report,
        by=row.by,
        at=row.at,
    )


class GateDesk:
    """The runs of one home, for operators' eyes."""

    def __init__(self, book: GateBook, files: GateFiles) -> None:
        self._book = book
        self._files = files

    async def listing(self, version: str = "") -> Sequence[GateLine]:
        """Every run, or those of a version, the newest first."""
        return await self._book.listing(version)

    async def story(self, gate: str) -> tuple[GateLine, Story | None]:
        """A run, with its answers where their file is still there. Raises NotFoundError."""
        line = await self._book.get(gate)  # who is not known names no file
        return line, await asyncio.to_thread(self._files.read, gate)
