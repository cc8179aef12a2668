"""``audit show``: the whole story of one turn."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import AsJson, print_json, run, settings
from bot.errors import NotFoundError

if TYPE_CHECKING:
    from bot.store.audit import AuditTrail
    from bot.store.feedback import FeedbackBook
    from bot.store.history import History

EXAMPLE = "Example: wellspoken audit show tcrk3fzmq6j8w --json"


@dataclass(frozen=True, slots=True)
class Books:
    """Where a story is kept."""

    history: History
    feedback: FeedbackBook
    audit: AuditTrail


def show(
    turn: Annotated[str, typer.Argument(help="Its id, as in `audit list` and under an answer.")],
    as_json: AsJson = False,
) -> None:
    """Show a turn from the question to the check: route and why, passages used and withheld, each
    claim with its verdict, what was kept back, and its entry in the trail."""
    run(_show(turn, as_json))


async def _show(turn: str, as_json: bool) -> None:
    from adapters.home import open_database
    from adapters.rendering.story import audit_lines, story_text
    from adapters.telling import audit_json, audited, story_json, story_of
    from bot.store.audit import AuditTrail
    from bot.store.feedback import FeedbackBook
    from bot.store.history import History

    async with open_database(settings()) as database:
        trail = AuditTrail(database)
        try:
            story = await story_of(Books(History(database), FeedbackBook(database), trail), turn)
        except NotFoundError:
            entry = await audited(trail, turn)
            if entry is None:
                raise
            if as_json:
                print_json({"turn": turn, "audit": audit_json(entry)})
            else:
                lines = ["the turn itself was deleted; the trail remembers it", *audit_lines(entry)]
                sys.stdout.write("\n".join(lines) + "\n")
            return
    if as_json:
        print_json(story_json(story))
    else:
        sys.stdout.write(story_text(story))
