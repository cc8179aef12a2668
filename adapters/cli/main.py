"""The command line: one place where errors become one sentence and an exit code."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    try:
        code = _run()
    except KeyboardInterrupt:
        code = 130
    except RuntimeError as error:
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        code = 130  # while a class was made: Python 3.11 wraps what its attributes raise
    gc.freeze()  # the exit would look through all that was loaded: a sixth of a short command
    sys.exit(code)


def _first(error: BaseException) -> BaseException:
    """What went wrong first: tasks that run side by side raise in groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _run() -> int:
    # Loading makes many objects that stay: looking through them again and again for garbage would
    # be a tenth of a cold start.
    gc.set_threshold(50_000, 20, 50)
    # Imported here, so that Ctrl-C while they load is one as well.
    import typer

    from adapters.cli.commands import app
    from bot.errors import WellspokenError

    try:
        try:
            code = app(standalone_mode=False)
            sys.stdout.flush()
        except BaseExceptionGroup as group:
            raise _first(group) from group
    except typer.Abort:
        code = 130
    except typer.TyperException as error:
        message = error.format_message()
        is_help = "\n" in message  # a group without a command explains itself
        sentence = f"wellspoken: {message.rstrip('.')}. See --help."
        sys.stderr.write(f"{message if is_help else sentence}\n")
        code = 2
    except WellspokenError as error:
        sys.stderr.write(f"wellspoken: {error}\n")
        code = error.exit_code
    except (SystemExit, BrokenPipeError):
        # The reader of a pipe went away (`| head`), which Typer turns into an exit of its own:
        # nothing is wrong, and nothing is left to say.
        _drop_output()
        code = 0
    except OSError as error:
        _drop_output()
        what = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"wellspoken: {what}{error.strerror or error}; mend it and repeat.\n")
        code = 1
    return code if isinstance(code, int) else 0


def _drop_output() -> None:
    """Send what stdout still holds nowhere: it could not be written, now or at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.__stdout__.fileno() if sys.__stdout__ else 1)
    os.close(nowhere)
