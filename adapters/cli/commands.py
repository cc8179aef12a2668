"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.cli import (
    advise,
    answering,
    backups,
    costs,
    dataset,
    discord,
    evaluate,
    gaps,
    governance,
    ingesting,
    jobs,
    knowledge,
    models,
    operations,
    people,
    records,
    retaining,
    routing,
    serving,
    slack,
    sources,
    stages,
    suites,
    tuning,
    watch,
)

app = typer.Typer(
    name="wellspoken",
    help="A support bot that answers from your facts in your voice.",
    epilog="Example: wellspoken init my-bot",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(version("wellspoken"))
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """A support bot that answers from your facts in your voice."""


for room in (
    operations,
    backups,
    serving,
    ingesting,
    sources,
    jobs,
    knowledge,
    answering,
    stages,
    records,
    governance,
    retaining,
    people,
    gaps,
    routing,
    costs,
    watch,
    advise,
    dataset,
    models,
    slack,
    discord,
    tuning,
    evaluate,
    suites,
):
    room.register(app)
