"""Reading the settings, explaining what is wrong with them, telling where they come from."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from bot.errors import ConfigurationError, MissingFileError
from bot.settings.settings import SettingRow, Settings, environment_names
from bot.settings.toml import line_of


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises :class:`ConfigurationError` naming the place and the problem."""
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise _explain(error) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(where=".env", problem="is not UTF-8 text; save it so") from error
    except OSError as error:
        raise ConfigurationError(
            where=error.filename or ".env",
            problem=f"cannot be read ({error.strerror}); check its permissions",
        ) from error
    explicit = "config" in settings.model_fields_set
    if explicit and not settings.config.is_file():
        raise MissingFileError(path=settings.config)
    return settings


def _explain(error: ValidationError) -> ConfigurationError:
    """The first problem as one sentence with its place."""
    first = error.errors()[0]
    loc = [part for part in first["loc"] if not isinstance(part, int)]
    problem = _in_words(first["type"], first["msg"])
    if loc in (["sources"], ["live"]) and first["type"] == "tuple_type":
        problem = f"each is a table of its own; write [[{loc[0]}]]"
    if not loc:
        where, _, rest = problem.partition(": ")
        return ConfigurationError(where=where, problem=rest)
    name = str(loc[0])
    ours = {row.environment for row in environment_names()}
    if name.upper() in ours and name.upper() in os.environ:
        return ConfigurationError(where=f"environment variable {name.upper()}", problem=problem)
    config = Path(os.environ.get("WELLSPOKEN_CONFIG") or "wellspoken.toml")
    if first["type"] == "extra_forbidden":
        problem = f'unknown setting "{loc[-1]}"{_near(loc)}'
    else:
        problem = f"{'.'.join(map(str, loc))}: {problem}"
    line = line_of(config, tuple(first["loc"]))
    return ConfigurationError(where=f"{config}:{line}" if line else str(config), problem=problem)


def problem_of(error: ValidationError) -> str:
    """The first problem in words, after the name of what it is about where it is a part of it."""
    first = error.errors()[0]
    told = _in_words(first["type"], first["msg"])
    if first["type"] == "extra_forbidden":
        return f'unknown setting "{first["loc"][-1]}"'
    names = [str(part) for part in first["loc"] if not isinstance(part, int)]
    return f"{names[-1]}: {told}" if len(names) == 1 else told


_WORDS = {
    "tuple_type": 'it must be a list, like ["staff"]',
    "missing": "it is missing",
    "string_too_short": "it must not be empty",
    "string_pattern_mismatch": "it has letters and digits only; a collection begins with a capital "
    "letter, a tenant may hold dashes",
    "bool_parsing": "it must be true or false",
    "bool_type": "it must be true or false",
    "int_parsing": "it must be a whole number",
    "int_type": "it must be a whole number",
    "string_type": "it must be text, in quotes",
    "model_type": "it must be a table, like [bot]",
    "dict_type": "it must be a table, like [access.users]",
}


def _in_words(kind: str, message: str) -> str:
    """What pydantic says, for a person who wrote a settings file."""
    if kind in _WORDS:
        return _WORDS[kind]
    message = message.removeprefix("Value error, ").replace("Input should be", "it must be")
    message = message.replace("greater than or equal to", "at least")
    return message.replace("less than or equal to", "at most")


def _near(loc: list[Any]) -> str:
    """A known name close to a misspelt one."""
    model: Any = Settings
    for part in loc[:-1]:
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        candidates = [field.annotation, *get_args(field.annotation)] if field else []
        model = next((c for c in candidates if hasattr(c, "model_fields")), None)
        if model is None:
            return ""
    names = list(model.model_fields)
    if model is Settings:
        written = {row.field: row.environment.lower() for row in environment_names()}
        if loc[-1] in written:
            return f'; did you mean "{written[loc[-1]]}"?'
        names = [written.get(name, name) for name in names]
    close = difflib.get_close_matches(str(loc[-1]), names, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def origin(settings: Settings, row: SettingRow) -> str:
    """Where a setting's value comes from: the environment, ``.env``, the file, or the default."""
    if os.environ.get(row.environment):
        return "environment"
    if row.field not in settings.model_fields_set:
        return "default"
    dotenv = Path(".env")
    if dotenv.is_file() and re.search(
        rf"(?im)^\s*(export\s+)?{row.environment}\s*=", dotenv.read_text("utf-8", "replace")
    ):
        return ".env"
    return str(settings.config)
