"""A person's words leave evaluations: cases made of them, what was said to these, and files.

What is looked for are the person's messages, better answers and cases; words that others wrote too
are nobody's. It comes before the messages go: cut off anywhere, a second time finds the rest.
"""

from __future__ import annotations

import asyncio
import html
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from adapters.evaluation.answers import KEEPING, held
from bot.conversation import Role
from bot.store.base import Database
from bot.store.columns import to_json
from bot.store.evaluation_tables import evaluation_cases, evaluations
from bot.store.forgetting import Person
from bot.store.review_tables import rewrites
from bot.store.suite_tables import suite_cases
from bot.store.suites import erase_author_in
from bot.store.tables import feedback, messages, turns
from bot.work.leases import Leases
from knowledge.exclusive import Exclusive
from persona.forgetting_files import remove_showing
from persona.tables import suite_questions

TABLES = ("evaluation_cases", "evaluations", "suite_cases", "suite_questions")
_FOLDERS = ("evaluations", "suites", "exports")
"""Folders of a home with suites, answers of runs that are not over, and pages."""
_TELLING = 16
"""Characters of a text that is nobody else's by chance."""
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Unasked:
    """What went: how many cases and answers to them, pages that showed them, and files that have
    fewer lines. ``words`` are what was looked for."""

    cases: int = 0
    pages: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Texts that are looked for, folded, and the documents that are taken back."""

    texts: Mapping[str, tuple[frozenset[str], tuple[int, ...]]]
    """By how they begin, with their lengths: ten thousands of them cost no more than a few."""
    documents: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Iterable[str], documents: Iterable[str] = ()) -> _Wanted:
        found: dict[str, set[str]] = {}
        for text in map(_folded, texts):
            if text:
                found.setdefault(text[:_TELLING], set()).add(text)
        ready = {
            start: (frozenset(several), tuple({len(text) for text in several}))
            for start, several in found.items()
        }
        return cls(ready, frozenset(documents))

    def __bool__(self) -> bool:
        return bool(self.texts or self.documents)

    def in_text(self, text: str) -> bool:
        folded = _folded(text)
        return any(
            self._begins(folded, at, self.texts[start])
            for at in range(len(folded) - _TELLING + 1)
            if (start := folded[at : at + _TELLING]) in self.texts
        )

    @staticmethod
    def _begins(folded: str, at: int, known: tuple[frozenset[str], tuple[int, ...]]) -> bool:
        """Whether one of several texts that begin alike stands there."""
        several, lengths = known
        return any(folded[at : at + length] in several for length in lengths)

    def in_value(self, value: object) -> bool:
        """Whether a parsed JSON value holds one of the texts, or names one of the documents."""
        return any(self.in_text(text) or text in self.documents for text in _strings(value))


class EvaluationErasure:
    """Forgets people in the evaluations of a home."""

    def __init__(self, db: Database, home: Path) -> None:
        self._db = db
        self._home = home.absolute()

    async def forget(
        self, author: str, *, documents: Sequence[str] = (), texts: Iterable[str] = ()
    ) -> Unasked:
        """Take out every case of a person, and whatever shows the person's words; ``texts`` are
        those of ``documents`` that are taken back. Raises UsageError for what is no key, OSError.
        """
        person = Person.of(author)
        if person.is_forgotten:
            return Unasked()
        own = await self._db.read(lambda c: _words_of(c, person))
        words = tuple(dict.fromkeys(part for text in (*own, *texts) for part in _parts(text)))
        wanted = _Wanted.of(words, documents)
        gone, runs = 0, frozenset[str]()
        async with Exclusive(Leases(self._db)).awaited(KEEPING):
            if wanted:
                runs, rows = await self._answers(wanted)
                gone += rows
            pages, files = await asyncio.to_thread(self._clean, wanted, runs)
        await asyncio.to_thread(remove_showing, self._home / "gates", words)
        gone += await self._db.write(lambda c: _erase_cases(c, person, wanted))
        return Unasked(gone, pages, files, words)

    async def scrub(self, words: Sequence[str]) -> None:
        """See to it that the words are in no byte of the database's file. Raises StorageError."""
        written = (form for word in words for form in (word, to_json(word)[1:-1]))
        await self._db.scrub(TABLES, list(dict.fromkeys(written)))

    async def _answers(self, wanted: _Wanted) -> tuple[frozenset[str], int]:
        """Take what was said to cases out of runs, whose figures stay; which runs, how many."""
        every = sa.select(evaluations.c.id).order_by(evaluations.c.id)
        showing: set[str] = set()
        count = 0
        for run in await self._db.read(lambda c: list(c.scalars(every))):
            rows = await self._db.read(partial(_answers_in, run=run))
            found = [(r.mode, r.position) for r in rows if wanted.in_value(r.record)]
            if found:
                showing.add(run)
                count += len(found)
                await self._db.write(partial(_erase_answers, run=run, found=found))
        return frozenset(showing), count

    def _clean(
        self, wanted: _Wanted, runs: frozenset[str]
    ) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Remove pages, and lines from files."""
        if not wanted:
            return (), ()
        pages, files = [], []
        for folder in _FOLDERS:
            for path in sorted((self._home / folder).rglob("*")):
                if path.is_symlink() or not path.is_file():
                    continue
                if path.suffix == ".part":  # somebody was killed while writing it
                    path.unlink()
                elif path.suffix == ".html":
                    if path.stem in runs or wanted.in_text(_page(path)):
                        path.unlink()
                        pages.append(path)
                elif path.suffix in {".json", ".jsonl"} and _without_lines(path, wanted):
                    files.append(path)
        return tuple(pages), tuple(files)


def _words_of(connection: sa.Connection, person: Person) -> list[str]:
    """What the person wrote: messages, better answers, cases, and what was made of the turns."""
    mine = sa.select(turns.c.id).where(turns.c.author == person.key)
    said = sa.select(messages.c.text).where(
        messages.c.author == person.key, messages.c.role == Role.USER.value
    )
    found = list(connection.scalars(said))
    better = sa.select(feedback.c.correction).where(
        sa.or_(feedback.c.author == person.key, feedback.c.turn_id.in_(mine))
    )
    found += connection.scalars(better)
    found += connection.scalars(sa.select(rewrites.c.text).where(rewrites.c.turn_id.in_(mine)))
    theirs = _others_too(connection, person, [text for text in found if text])
    for case in connection.execute(sa.select(suite_cases).where(_is_theirs(person))).all():
        theirs += [case.question, *case.paraphrases]
        theirs += case.answers if case.origin == "turn" else ()
    return theirs


def _is_theirs(person: Person) -> sa.ColumnElement[bool]:
    """Cases that hold the person's words or were made of the person's turns."""
    mine = sa.select(turns.c.id).where(turns.c.author == person.key)
    made = sa.and_(suite_cases.c.origin == "turn", suite_cases.c.place.in_(mine))
    return sa.or_(suite_cases.c.author == person.key, made)


def _others_too(connection: sa.Connection, person: Person, found: Sequence[str]) -> list[str]:
    """Texts without those that somebody else wrote as well, which tell nobody."""
    shared: set[str] = set()
    for few in _batches(found):
        others = sa.select(messages.c.text).where(
            messages.c.text.in_(few),
            messages.c.role == Role.USER.value,
            messages.c.author != person.key,
        )
        shared.update(connection.scalars(others))
        cases = sa.select(suite_cases.c.question).where(
            suite_cases.c.question.in_(few), ~_is_theirs(person)
        )
        shared.update(connection.scalars(cases))
    samples = _samples()
    return [text for text in found if text not in shared and _folded(text) not in samples]


def _samples() -> frozenset[str]:
    """The questions of the suite that comes with us, which anybody may ask."""
    from bot.evaluation.cases import read_suite
    from knowledge.sample import sample_suite

    return frozenset(_folded(question) for question in read_suite(sample_suite()).questions)


def _answers_in(connection: sa.Connection, run: str) -> Sequence[Any]:
    cases = evaluation_cases.c
    query = sa.select(cases.mode, cases.position, cases.record).where(cases.run == run)
    return connection.execute(query).all()


def _erase_answers(connection: sa.Connection, run: str, found: Sequence[tuple[str, int]]) -> None:
    """The figures of a run stay, its page goes."""
    for mode, position in found:
        here = (
            evaluation_cases.c.run == run,
            evaluation_cases.c.mode == mode,
            evaluation_cases.c.position == position,
        )
        connection.execute(sa.delete(evaluation_cases).where(*here))
    connection.execute(sa.update(evaluations).where(evaluations.c.id == run).values(report=""))


def _erase_cases(connection: sa.Connection, person: Person, wanted: _Wanted) -> int:
    """Cases of the person, proposed or approved; and questions that were evaluated."""
    showing = [
        case.id
        for case in connection.execute(sa.select(suite_cases)).all()
        if wanted.in_value([case.question, case.paraphrases, case.answers, case.quote, case.place])
    ]
    mine = sa.select(turns.c.id).where(turns.c.author == person.key)
    count = erase_author_in(connection, person.key, list(connection.scalars(mine)))
    for few in _batches(showing):
        count += connection.execute(
            sa.delete(suite_cases).where(suite_cases.c.id.in_(few))
        ).rowcount
    asked = sa.select(suite_questions.c.question).distinct()
    theirs = [question for question in connection.scalars(asked) if wanted.in_text(question)]
    for few in _batches(theirs):
        connection.execute(sa.delete(suite_questions).where(suite_questions.c.question.in_(few)))
    return count


def _batches(found: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(found), _BATCH):
        yield found[start : start + _BATCH]


def _without_lines(path: Path, wanted: _Wanted) -> bool:
    """Take the lines out of a file that show what is looked for; whether there were any."""
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not wanted.in_value(_parsed(line))]
    if len(kept) == len(lines) and not held(path):
        return False
    draft = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.writelines(kept)
    draft.chmod(path.stat().st_mode & 0o777)
    draft.replace(path)  # a run that goes on sees that its file is another one
    return len(kept) < len(lines)


def _parsed(line: bytes) -> object:
    """A line as JSON; else its text: a line that was cut off may hold words too."""
    try:
        return orjson.loads(line)
    except ValueError:
        return line.decode("utf-8", "replace")


def _page(path: Path) -> str:
    return html.unescape(path.read_text("utf-8", "replace"))


def _parts(text: str) -> Iterator[str]:
    """The lines of a text that tell whose it is."""
    for line in text.splitlines():
        part = " ".join(line.split())
        if len(part) >= _TELLING:
            yield part


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)
