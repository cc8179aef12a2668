"""``export`` and ``consent``: a person's data given out, and whether it may be used."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import AsJson, print_json, run, settings, table

if TYPE_CHECKING:
    from adapters.governance.people import PeopleDesk

BY = "terminal:operator"

consent = typer.Typer(
    help="Whether people's words may be used to improve the bot.",
    epilog="Example: wellspoken consent list",
    no_args_is_help=True,
)

Author = Annotated[
    str, typer.Option("--author", metavar="ID", help="Platform and id, slack:U024BE7LH.")
]


def register(app: typer.Typer) -> None:
    app.command("export", epilog="Example: wellspoken export --author slack:U024BE7LH")(export)
    app.add_typer(consent, name="consent")


@asynccontextmanager
async def _desk() -> AsyncIterator[PeopleDesk]:
    from adapters.governance.people import PeopleDesk
    from adapters.home import open_database
    from bot.store.audit import AuditTrail
    from bot.store.timing import utc_now

    config = settings()
    async with open_database(config) as database:
        yield PeopleDesk(database, AuditTrail(database), config.home, utc_now)


def export(
    author: Author,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="The folder; default: one under the home."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a person what is kept of them: messages, ratings, better answers, choices, audit.

    JSON Lines with an index to read (0600). That it was given out is an entry of the audit trail.
    """
    run(_export(author, out, as_json))


async def _export(author: str, out: Path | None, as_json: bool) -> None:
    async with _desk() as desk:
        done = await desk.export(author, by=BY, to=out)
    if as_json:
        print_json(done.json())
        return
    told = ", ".join(f"{number} {name}" for name, number in done.counts.items() if number)
    sys.stdout.write(f"Written to {done.folder}: {told}.\n")


@consent.command("list", epilog="Example: wellspoken consent list --author slack:U024BE7LH")
def list_consent(
    author: Annotated[
        str | None, typer.Option("--author", metavar="ID", help="Only this person's choices.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List every choice, newest first: none is ever changed."""
    run(_list(author, as_json))


async def _list(author: str | None, as_json: bool) -> None:
    async with _desk() as desk:
        found = await desk.consents(author)
    words = {True: "opt-in", False: "opt-out"}
    if as_json:
        print_json(
            [
                {
                    "author": c.author,
                    "choice": words[c.allowed],
                    "channel": c.channel,
                    "source": c.source,
                    "at": c.at.isoformat(),
                }
                for c in found
            ]
        )
        return
    rows = [
        (c.at.isoformat(), c.author, words[c.allowed], c.channel or "everywhere", c.source)
        for c in found
    ]
    table(("at", "author", "choice", "channel", "source"), rows)


@consent.command("set", epilog="Example: wellspoken consent set opt-out --author slack:U024BE7LH")
def set_consent(
    choice: Annotated[str, typer.Argument(metavar="opt-in|opt-out", help="What was chosen.")],
    author: Author,
    channel: Annotated[
        str, typer.Option(metavar="CHANNEL", help="Only there, by its id, like slack:C0G9QF9GZ.")
    ] = "",
    source: Annotated[
        str, typer.Option(metavar="WORDS", help="How you were told, as for `e-mail of 3 May`.")
    ] = "command line",
) -> None:
    """Keep a choice that a person told you. It counts from the next data set on."""
    from bot.errors import UsageError

    if choice not in ("opt-in", "opt-out"):
        raise UsageError(f"The choice is opt-in or opt-out, not {choice!r}.")
    run(_set(author, choice == "opt-in", channel, source))
    where = channel or "everywhere"
    sys.stdout.write(f"{author} is now {choice} {'in ' if channel else ''}{where}.\n")


async def _set(author: str, allowed: bool, channel: str, source: str) -> None:
    async with _desk() as desk:
        await desk.choose(author, allowed, by=BY, source=source, channel=channel)
