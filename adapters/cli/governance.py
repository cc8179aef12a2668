"""``forget``: what is kept of a person goes, wherever it is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import AsJson, counted, print_json, remark, run, settings

if TYPE_CHECKING:
    from adapters.forgetting import Forgotten
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.audit import AuditTrail
    from bot.store.base import Database

_BY = "terminal:operator"


def register(app: typer.Typer) -> None:
    app.command("forget", epilog="Example: wellspoken forget --author slack:U024BE7LH --json")(
        forget
    )


def forget(
    author: Annotated[
        str,
        typer.Option(
            "--author", metavar="ID", help="Who is forgotten: platform and id, slack:U024BE7LH."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Forget a person: messages, ratings, better answers, handoffs, examples of data sets.

    Versions of the voice that were trained on the examples cannot be untrained; they are named. The
    audit trail keeps that something was there, not what or whose, and still verifies. What is cut
    off is finished by forgetting again.
    """
    run(_forget(author, as_json))


async def _forget(author: str, as_json: bool) -> None:
    from adapters.cli.bars import bar
    from adapters.forgetting import desk_with, forgotten_json
    from adapters.home import open_database
    from bot.store.audit import AuditTrail
    from bot.store.forgetting import Person
    from bot.store.timing import utc_now

    Person.of(author)  # what is no key is said before anything is opened
    config = settings()
    async with open_database(config) as database:
        desk = desk_with(_Parts(config, database, AuditTrail(database), utc_now), _withdraw)
        with bar(elapsed=True) as shown:
            task = shown.add_task("Erasing", total=None)
            gone = await desk.forget(
                author,
                by=_BY,
                waiting=_waiting,
                progress=lambda done, total: shown.update(task, completed=done, total=total),
            )
    if as_json:
        print_json(forgotten_json(gone))
        for sentence in _beside(gone):
            remark(sentence)
        return
    for sentence in (*_told(gone), *_beside(gone)):
        sys.stdout.write(f"{sentence}\n")


class _Parts:
    """What forgetting needs, without the knowledge: most people left no document there."""

    def __init__(
        self, settings: Settings, database: Database, audit: AuditTrail, clock: Clock
    ) -> None:
        self.settings = settings
        self.database = database
        self.audit = audit
        self.clock = clock


async def _withdraw(documents: Sequence[str]) -> None:
    from adapters.assembly import assemble
    from adapters.forgetting import withdrawn

    async with assemble(settings(), warm=False) as app:
        await withdrawn(app, documents)


def _waiting() -> None:
    remark("A data set is being built; waiting for it.")


def _told(gone: Forgotten) -> list[str]:
    """What was erased, in sentences."""
    if gone.nothing:
        return ["Nothing of this person is kept here."]
    parts = [
        counted(number, thing)
        for number, thing in (
            (gone.messages, "message"),
            (gone.feedback, "rating"),
            (gone.handoffs, "handoff"),
        )
        if number
    ]
    said = [f"Erased: {_listed(parts)}."] if parts else []
    if gone.examples:
        said.append(
            f"{counted(gone.examples, 'example')} left the "
            f"{'data set' if len(gone.datasets) == 1 else 'data sets'} {_listed(gone.datasets)}."
        )
    if gone.models:
        said.append(
            f"Trained on them, and not to be untrained: {_listed(gone.models)}. Train a new version"
            " without them with `wellspoken tune start`, and promote that one."
        )
    return said


def _beside(gone: Forgotten) -> list[str]:
    """What the contract's JSON has no place for."""
    said = []
    if gone.documents:
        one = len(gone.documents) == 1
        said.append(
            f"Taken out of the knowledge: {_listed(gone.documents)}, "
            f"{'a document' if one else 'documents'} of the source `answers`."
        )
    if gone.rounds:
        said.append(
            f"Ended, as they were training on these examples: {_listed(gone.rounds)}. Start again "
            "with `wellspoken tune start`."
        )
    if gone.cases:
        said.append(
            f"{counted(gone.cases, 'case')} of suites and evaluations went; the figures of the runs"
            " stay."
        )
    if gone.pages:
        said.append(
            f"Deleted, as they showed these words: {_listed([str(p) for p in gone.pages])}."
        )
    said += [
        f"{path} was changed since it was built, and nobody can tell which lines are this "
        "person's; look through it yourself."
        for path in gone.left
    ]
    return said


def _listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
