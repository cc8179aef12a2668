"""The two databases of a move: whether they are one, and what is said where one cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import ConfigurationError, DatabaseFileError, DatabaseUnavailableError
from bot.store.drivers import Driver
from bot.store.sqlite import SqliteDriver


@contextmanager
def called(option: str) -> Iterator[None]:
    """Errors of a database that cannot be used name the option with which it was given."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(where=option, problem=error.data["problem"]) from error
    except DatabaseFileError as error:
        raise DatabaseFileError(
            f"The database file {error.data['url']} cannot be used ({error.data['reason']}); check"
            f" the permissions of its folder, or name another with {option}.",
            **error.data,
        ) from error
    except DatabaseUnavailableError as error:
        raise DatabaseUnavailableError(
            f"The database {error.data['url']} cannot be reached ({error.data['reason']}); start it"
            f" or correct {option}.",
            **error.data,
        ) from error


def is_same(source: Driver, target: Driver) -> bool:
    """Whether two drivers mean one database, as far as their names tell."""
    if isinstance(source, SqliteDriver) and isinstance(target, SqliteDriver):
        return Path(source.name).resolve() == Path(target.name).resolve()
    return source.name == target.name
