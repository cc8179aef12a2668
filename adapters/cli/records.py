"""``feedback``, ``audit`` and ``persona``: what was said of answers, what was done, who speaks."""

from __future__ import annotations

import typer

from adapters.cli import auditing, rating, reviewing
from adapters.cli.console import AsJson, print_json, run, settings, table
from adapters.cli.persona import persona

feedback = typer.Typer(
    help="Ratings and corrections.",
    epilog="Example: wellspoken feedback list",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    app.add_typer(persona, name="persona")
    app.add_typer(feedback, name="feedback")
    app.add_typer(auditing.audit, name="audit")


@feedback.command("list", epilog="Example: wellspoken feedback list --json")
def list_feedback(as_json: AsJson = False) -> None:
    """List every rating that stands, newest first."""
    run(_list_feedback(as_json))


async def _list_feedback(as_json: bool) -> None:
    from adapters.home import open_database
    from adapters.listing import rating_json
    from bot.store.feedback import FeedbackBook

    async with open_database(settings()) as database:
        rated = await FeedbackBook(database).listing()
    if as_json:
        print_json([rating_json(r) for r in rated])
        return
    table(
        ("turn", "author", "rating", "question", "reason", "a better answer"),
        [(r.turn, r.author, r.rating, r.question, r.reason, r.correction) for r in rated],
    )


feedback.command("import", epilog=rating.EXAMPLE)(rating.import_feedback)
feedback.command("review", cls=reviewing.SeveralTurns, epilog=reviewing.EXAMPLE)(reviewing.review)
