"""Which questions were used to evaluate: they are never trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.store.base import Database, insert
from bot.store.timing import utc_now
from persona.tables import suite_questions, suites


class SuiteBook:
    """The suites that were evaluated in a home, with their questions and paraphrases."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._clock = clock

    async def keep(self, digest: str, name: str, path: str, questions: Sequence[str]) -> None:
        """Remember a suite by its content; one that is known already changes nothing.

        ``questions`` holds every question and every paraphrase of one; their number is kept as the
        suite's cases.
        """
        asked = [q for q in dict.fromkeys(text.strip() for text in questions) if q]
        suite = {
            "digest": digest,
            "name": name,
            "path": path,
            "cases": len(questions),
            "at": self._clock(),
        }
        rows = [{"digest": digest, "position": n, "question": q} for n, q in enumerate(asked)]

        def op(connection: sa.Connection) -> None:
            new = insert(connection, suites).on_conflict_do_nothing()
            if connection.execute(new, suite).rowcount and rows:
                connection.execute(sa.insert(suite_questions), rows)

        await self._db.write(op)

    async def questions(self) -> list[str]:
        """Every question and paraphrase of every suite, each once, in a fixed order."""
        query = sa.select(suite_questions.c.question).distinct()
        found = await self._db.read(lambda connection: list(connection.scalars(query)))
        return sorted(found)
