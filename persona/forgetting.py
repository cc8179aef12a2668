"""A person's lines leave every data set: its files, its card, its figures and its lineage.

What was trained on them cannot be untrained; it is named, and a round that is still training on
them is named too, so that it can be ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database
from bot.store.forgetting import Person
from persona import forgetting_files as files
from persona.curation.card import markdown_of
from persona.curation.choosing import Dropped
from persona.datasets import Dataset, DatasetBook, Lineage
from persona.registry import Registry
from persona.tables import dataset_examples, datasets, tuning_jobs
from persona.tuning.base import Status

_BATCH = 5_000
_SPLITS = ("train", "validation")
_AS_BUILT = ("rated_turns", "threads", "taught", "questions", "topics", "checked")
"""What of a card cannot be told from the lines that are left."""

Stop = Callable[[str], Awaitable[object]]
"""Ends a round of fine-tuning, by its id."""


@dataclass(frozen=True, slots=True)
class Untaught:
    """What there was of a person: how many examples, in which data sets, and which versions were
    trained on them. ``rounds`` were ended, ``left`` are files that had been changed since they were
    built, so that it cannot be told which of their lines are the person's."""

    examples: int = 0
    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    rounds: tuple[str, ...] = ()
    left: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Work:
    """A data set with its lines; those of ``gone`` (places in ``lines``) leave it, and ``mine`` of
    these are the person's."""

    dataset: Dataset
    lines: Sequence[Lineage]
    gone: frozenset[int]
    mine: int

    def numbers(self, split: str) -> frozenset[int]:
        """The lines of a file that leave it."""
        return frozenset(self.lines[n].line for n in self.gone if self.lines[n].split == split)

    def count(self, split: str) -> int:
        return sum(line.split == split for line in self.lines)

    def without(self, splits: Set[str]) -> _Work:
        """With no line left of some files."""
        also = {n for n, line in enumerate(self.lines) if line.split in splits}
        return replace(self, gone=self.gone | also)

    def kept(self) -> list[Lineage]:
        """The lines that are left, newly numbered."""
        found, ends = [], dict.fromkeys(_SPLITS, 0)
        for place, line in enumerate(self.lines):
            if place not in self.gone:
                number = ends[line.split]
                ends[line.split] += 1
                found.append(Lineage(line.split, number, line.turn, line.asker, line.author))
        return found


@dataclass(frozen=True, slots=True)
class _Cleaned:
    """A data set after its files were cleaned, with its row as it becomes; ``left``: those that
    could not be."""

    work: _Work
    row: dict[str, Any]
    left: tuple[Path, ...] = ()


class DatasetErasure:
    """Forgets people in the data sets of a home. Nobody builds one meanwhile: hold its lease."""

    def __init__(self, db: Database, audit: AuditTrail, home: Path) -> None:
        self._db = db
        self._audit = audit
        self._home = home.absolute()
        self._folder = self._home / "datasets"
        self._book = DatasetBook(db)

    async def forget(
        self, author: str, *, by: str, stop: Stop, texts: Sequence[str] = ()
    ) -> Untaught:
        """Take every example that a person asked or wrote out of every data set, and those that
        show one of some ``texts``: of documents that are taken back.

        ``by`` is the key of who asked for it. Cut off anywhere, a second time finishes it. Raises
        UsageError for what is no key, StorageError, DiskFullError, and what ``stop`` raises.
        """
        person = Person.of(author)
        if person.is_forgotten:
            return Untaught()
        known = await self._book.listing()
        await asyncio.to_thread(self._tidy, known)
        theirs = await self._book.with_person(person.key)
        wanted = files.needles(texts)
        cleaned: list[_Cleaned] = []
        for each in known:
            shown = await asyncio.to_thread(_showing, each, wanted)
            if each.id in theirs or shown or await asyncio.to_thread(_names, each, person):
                work = _work_on(each, await self._book.examples(each.id), person, shown)
                cleaned.append(await asyncio.to_thread(self._clean, work, person, known))
        untaught = Untaught()
        if cleaned:
            untaught = await self._untaught(person, cleaned, stop)
            await self._db.write(lambda c: self._keep(c, cleaned, untaught, person.without(by)))
        for each in await self._book.listing():
            await asyncio.to_thread(self._settle, each)
        await asyncio.to_thread(files.remove_showing, self._home / "gates", wanted)
        for name in ("datasets", "gates", "tuning"):
            await asyncio.to_thread(files.sweep, self._home / name, person)
        return untaught

    # -- what is to be done ---------------------------------------------------------------------

    def _tidy(self, known: Sequence[Dataset]) -> None:
        """Remove what killed builds left behind."""
        for each in known:
            beside = self._folder / each.id
            files.clear_parts([*_files(each), beside / "card.json", beside / "card.md"])
        files.remove_orphans(self._folder, {each.id for each in known})

    # -- the files ------------------------------------------------------------------------------

    def _clean(self, work: _Work, person: Person, known: Sequence[Dataset]) -> _Cleaned:
        """Empty the lines of a data set's files; its row as it becomes."""
        dataset = work.dataset
        overwritten = _overwritten(dataset, known)
        as_built = not overwritten and _as_built(dataset)
        found = {
            split: (path, known_)
            for split, path in zip(_SPLITS, _files(dataset), strict=True)
            if not overwritten and (known_ := files.positions(path)) is not None
        }
        begun = any(empty and empty <= work.numbers(s) for s, (_, (_, empty)) in found.items())
        left, lost = [], set()
        for split, (path, (number, _)) in found.items():
            inside = path.is_relative_to(self._home)
            same = number == work.count(split)
            if inside and not same:
                lost.add(split)
            elif not (same and (inside or as_built or begun)):
                left.append(path)
        work = work.without(lost)
        marked = {
            path: frozenset(range(number)) if split in lost else work.numbers(split)
            for split, (path, (number, _)) in found.items()
            if path not in left
        }
        files.blank(marked, person)
        row = _row(work, ours=not left and not overwritten)
        return _Cleaned(work, row, tuple(left))

    # -- the database ---------------------------------------------------------------------------

    async def _untaught(self, person: Person, cleaned: Sequence[_Cleaned], stop: Stop) -> Untaught:
        """What there was, while the lineage still tells; rounds on it are ended."""
        theirs = [each.work for each in cleaned if each.work.mine]
        ids = tuple(work.dataset.id for work in theirs)
        rounds = await self._end_rounds(ids, stop)
        registry = Registry(self._db, self._audit)
        models = {version.version: None for version in await registry.trained_on(person.key)}
        models |= {v.version: None for v in await registry.listing() if v.dataset in ids}
        left = [path for each in cleaned if each.work.mine for path in each.left]
        return Untaught(
            examples=sum(work.mine for work in theirs),
            datasets=ids,
            models=tuple(models),
            rounds=rounds,
            left=tuple(left),
        )

    async def _end_rounds(self, ids: Sequence[str], stop: Stop) -> tuple[str, ...]:
        """End the rounds that are trained on data sets as they were, or could go on with them."""
        query = sa.select(tuning_jobs).where(tuning_jobs.c.dataset.in_(ids))
        rows = await self._db.read(lambda c: c.execute(query.order_by(tuning_jobs.c.id)).all())
        ended = []
        for row in rows:
            resumable = row.status == Status.FAILED.value and row.options.get("resumable")
            if not Status(row.status).over or resumable:
                await stop(row.id)
                ended.append(row.id)
        return tuple(ended)

    def _keep(
        self,
        connection: sa.Connection,
        cleaned: Sequence[_Cleaned],
        untaught: Untaught,
        by: str,
    ) -> None:
        """All data sets as they are now, with an entry that names no person."""
        for each in cleaned:
            here = datasets.c.id == each.work.dataset.id
            connection.execute(sa.update(datasets).where(here).values(**each.row))
            if each.work.gone:
                _renumber(connection, each.work)
        if untaught.examples:
            told = {
                "action": "forgotten in data sets",
                "actor": by,
                "subject": ", ".join(untaught.datasets),
                "examples": untaught.examples,
                "models": list(untaught.models),
                "rounds": list(untaught.rounds),
            }
            self._audit.append_in(connection, OPERATOR, told)

    # -- afterwards -----------------------------------------------------------------------------

    def _settle(self, dataset: Dataset) -> None:
        """Have the files as the database has them."""
        beside = self._folder / dataset.id / "card.json"
        if files.card_of_file(beside) == orjson.loads(orjson.dumps(dataset.card)):
            return  # as it was built, or cleaned to its end
        counts = (dataset.train, dataset.validation)
        for path, count in zip(_files(dataset), counts, strict=True):
            found = files.positions(path)
            if found is not None and found[0] - len(found[1]) == count:
                files.compact([path])
        if beside.with_name("card.md").is_file():
            files.rewrite({beside.with_name("card.md"): _in_words(dataset).encode()})
        as_json = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        files.rewrite({beside: orjson.dumps(dataset.card, option=as_json)})  # the last: it is done


def _work_on(
    dataset: Dataset, lines: Sequence[Lineage], person: Person, shown: Set[tuple[str, int]]
) -> _Work:
    """What leaves a data set with a person."""
    gone = frozenset(
        place
        for place, line in enumerate(lines)
        if person.key in (line.asker, line.author) or (line.split, line.line) in shown
    )
    return _Work(dataset, lines, gone, len(gone))


def _showing(dataset: Dataset, wanted: Sequence[str]) -> frozenset[tuple[str, int]]:
    """The lines of a data set that show some texts."""
    return frozenset(
        (split, line)
        for split, path in zip(_SPLITS, _files(dataset), strict=True)
        for line in files.lines_with(path, wanted)
    )


def _files(dataset: Dataset) -> tuple[Path, Path]:
    return dataset.train_file, dataset.validation_file


def _names(dataset: Dataset, person: Person) -> bool:
    """Whether a file of a data set holds a person's id, as others may have written it."""
    return any(files.has_trace(path, person) for path in _files(dataset))


def _overwritten(dataset: Dataset, known: Sequence[Dataset]) -> bool:
    """Whether a later data set was built into the same file."""
    return any(
        (each.at, each.id) > (dataset.at, dataset.id) and each.train_file == dataset.train_file
        for each in known
    )


def _as_built(dataset: Dataset) -> bool:
    """Whether both files are what was written then."""
    train, validation = _files(dataset)
    if not (train.is_file() and validation.is_file()):
        return False
    digests = files.digest_of(train), files.digest_of(validation)
    return files.both_digests(*digests) == dataset.digest


def _row(work: _Work, *, ours: bool) -> dict[str, Any]:
    """The columns of a data set after its files were cleaned; ``ours``: they can be counted."""
    dataset, gone = work.dataset, len(work.gone)
    kept = work.kept()
    counts = {split: sum(line.split == split for line in kept) for split in _SPLITS}
    row: dict[str, Any] = {"examples": len(kept), **counts}
    card = {**dataset.card, **{name: row[name] for name in row if name in dataset.card}}
    if gone:
        why = Dropped.FORGOTTEN.value
        row["dropped"] = {**dataset.dropped, why: dataset.dropped.get(why, 0) + gone}
        card["dropped"] = row["dropped"]
        card["forgotten"] = card.get("forgotten", 0) + gone
        card["as_built"] = [name for name in _AS_BUILT if name in card]
    there = [path.is_file() for path in _files(dataset)]
    if ours and all(there):
        train, validation = (files.figures_of(p, dataset.format) for p in _files(dataset))
        row["digest"] = files.both_digests(train.digest, validation.digest)
        card["digest"] = row["digest"]
        _recount(card, train, validation)
    return {**row, "card": card}


def _recount(card: dict[str, Any], train: files.Figures, validation: files.Figures) -> None:
    """The figures of a card that follow from the lines, as curation counts them."""
    if card.get("labels"):
        liked, disliked = (train.labels[b] + validation.labels[b] for b in (True, False))
        ratio = round(liked / disliked, 2) if disliked else None
        card["labels"] = {"true": liked, "false": disliked, "true_to_false": ratio}
    if not isinstance(card.get("tokens"), dict):
        return
    before, now = card["tokens"].get("train", 0), train.prompt + train.completion
    card["tokens"] = {
        "prompt": train.prompt + validation.prompt,
        "completion": train.completion + validation.completion,
        "train": now,
        "validation": validation.prompt + validation.completion,
        "longest": max(train.longest, validation.longest),
    }
    if card.get("cost_usd") and before:
        card["cost_usd"] = round(card["cost_usd"] * now / before, 4)


def _renumber(connection: sa.Connection, work: _Work) -> None:
    """Put the lineage of the lines that are left in the place of all."""
    name = work.dataset.id
    connection.execute(sa.delete(dataset_examples).where(dataset_examples.c.dataset_id == name))
    rows = [
        {
            "dataset_id": name,
            "position": position,
            "split": line.split,
            "line": line.line,
            "turn_id": line.turn,
            "asker": line.asker,
            "author": line.author,
        }
        for position, line in enumerate(work.kept())
    ]
    for start in range(0, len(rows), _BATCH):
        connection.execute(sa.insert(dataset_examples), rows[start : start + _BATCH])


def _in_words(dataset: Dataset) -> str:
    """The card for people, which says what it counts."""
    number = dataset.card.get("forgotten", 0)
    one = "1 example was" if number == 1 else f"{number:,} examples were"
    note = (
        f"\n{one} taken out again, of people who asked to be forgotten. Threads, what is taught, "
        "questions, topics and checked sentences are counted as they were built.\n"
    )
    return markdown_of(dataset.card, dataset.id) + (note if number else "")
