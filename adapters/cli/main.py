"""The command line: one place where errors become one sentence and an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from adapters.cli import answering, ingesting, operations, records, serving, stages
from bot.errors import WellspokenError

app = typer.Typer(
    name="wellspoken",
    help="A support bot that answers from your facts in your voice.",
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


for room in (operations, serving, ingesting, answering, stages, records):
    room.register(app)


def main() -> None:
    """Run the command. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        code = 130
    except KeyboardInterrupt:
        code = 130
    except typer.TyperException as error:
        message = error.format_message()
        is_help = "\n" in message  # a group without a command explains itself
        sys.stderr.write(message + "\n" if is_help else f"wellspoken: {message} See --help.\n")
        code = 2
    except WellspokenError as error:
        sys.stderr.write(f"wellspoken: {error}\n")
        code = error.exit_code
    except BrokenPipeError:
        # The reader of a pipe went away (`| head`): nothing is wrong, and nothing is left to say.
        sys.stderr.close()
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
