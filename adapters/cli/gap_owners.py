"""``gaps take`` and ``gaps release``: who sees to a gap."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, print_json, run, settings
from bot.errors import UsageError

if TYPE_CHECKING:
    from adapters.gap_owners import OwnerDesk
    from bot.store.gaps import Gap, Owner

_Id = Annotated[str, typer.Argument(metavar="ID", help="The gap, as `gaps list` names it.")]


def register(gaps: typer.Typer) -> None:
    """Put the commands beside those of the gaps."""
    gaps.command("take", epilog="Example: wellspoken gaps take gap0b6m3p5k2r8x1f4c")(take)
    gaps.command("release", epilog="Example: wellspoken gaps release gap0b6m3p5k2r8x1f4c")(release)


def take(
    gap: _Id,
    owner: Annotated[
        str, typer.Option(metavar="KEY", help="For this operator, like web:operator; else for you.")
    ] = "me",
    over: Annotated[bool, typer.Option("--over", help="Also where somebody else has it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say who sees to a gap, so that nobody else begins with it too.

    Owners are whoever opened the console in the last 90 days and may answer gaps, holders of a
    token that is set, and the terminal.
    """
    run(_take(gap, owner, as_json, over=over))


def release(gap: _Id, as_json: AsJson = False) -> None:
    """Give a gap back: nobody has it then, whoever had it."""
    run(_release(gap, as_json))


async def _take(gap: str, owner: str, as_json: bool, *, over: bool) -> None:
    from adapters.assembly import assemble
    from adapters.gap_owners import ME, TERMINAL
    from adapters.gaps import desk_of
    from bot.store.gap_owners import HeldError

    async with assemble(settings(), warm=False) as app:
        desk = desk_of(app)
        before = (await desk.gap(gap)).owner
        seen = before.key if before and over else ""
        key = TERMINAL.key if owner == ME else owner
        try:
            found = await desk.owners.give(gap, key, TERMINAL.key, seen=seen)
        except HeldError as error:
            name = error.gap.owner.name if error.gap.owner else "somebody"
            raise UsageError(f"{name} has {gap}; ask them, or take it over with --over.") from error
    _told(found, as_json)


async def _release(gap: str, as_json: bool) -> None:
    from adapters.assembly import assemble
    from adapters.gap_owners import TERMINAL
    from adapters.gaps import desk_of

    async with assemble(settings(), warm=False) as app:
        desk = desk_of(app)
        before = (await desk.gap(gap)).owner
        seen = before.key if before else ""
        found = await desk.owners.give_back(gap, TERMINAL.key, seen=seen)
    _told(found, as_json)


def _told(gap: Gap, as_json: bool) -> None:
    if as_json:
        print_json({"gap": gap.id, "state": gap.state.value, "owner": owner_json(gap.owner)})
        return
    sys.stdout.write(f"{gap.id}: {owner_words(gap.owner) or 'nobody has it'}\n")


def owner_words(owner: Owner | None) -> str:
    """Who has a gap, for people; empty: nobody."""
    if owner is None:
        return ""
    named = owner.key if owner.name in owner.key else f"{owner.name} ({owner.key})"
    return f"{named} has it"


def owner_json(owner: Owner | None) -> dict[str, Any] | None:
    """As ``--json`` prints it; ``None``: nobody."""
    if owner is None:
        return None
    since = owner.since.isoformat() if owner.since else None
    return {"key": owner.key, "name": owner.name, "since": since}


async def owner_asked_for(desk: OwnerDesk, word: str) -> str | None:
    """The key that ``gaps list --owner`` means: empty for nobody's, ``None`` for anybody's.

    Raises UnknownOperatorError for a key that is nobody's.
    """
    from adapters.gap_owners import TERMINAL, UnknownOperatorError, wanted_owner

    key = wanted_owner(word, TERMINAL.key)
    if not key:
        return key
    known = {owner.key for owner in await desk.known()} | {TERMINAL.key}
    known |= {tally.owner.key for tally in await desk.tallies() if tally.owner is not None}
    if key not in known:
        raise UnknownOperatorError(key=key, known=", ".join(sorted(known)))
    return key
