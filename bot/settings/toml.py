"""``wellspoken.toml`` as a source of settings, and where in it a key stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from bot.errors import ConfigurationError


def read_toml(path: Path) -> dict[str, Any]:
    """The parsed file, empty where there is none. Raises ConfigurationError with the line."""
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"{path}:{line[1]}" if line else str(path)
        problem = re.sub(r"\s*\(at .*\)$", "", str(error))
        raise ConfigurationError(where=where, problem=f"not valid TOML: {problem}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            where=path, problem="is not UTF-8 text; save it as UTF-8"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            where=path, problem=f"cannot be read ({error.strerror}); check its permissions"
        ) from error


def line_of(path: Path, loc: tuple[Any, ...]) -> int | None:
    """The line where a key of a TOML file stands, by its location in the parsed data."""
    if not path.is_file():
        return None
    wanted = [str(part).lower() for part in loc]
    table: list[str] = []
    counts: dict[str, int] = {}
    table_line = 0
    for number, raw in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        line = raw.strip()
        header = re.match(r"\[(\[?)([^\]]+)\]?\]", line)
        if header:
            table = re.findall(r'"[^"]*"|[^.\s"]+', header[2])
            table = [part.strip('"') for part in table]
            if header[1]:
                key = ".".join(table)
                counts[key] = counts.get(key, -1) + 1
                table.append(str(counts[key]))
            if [part.lower() for part in table] == wanted[: len(table)]:
                table_line = number
                if len(table) == len(wanted):
                    return number
            continue
        key_match = re.match(r'("[^"]*"|[\w.-]+)\s*=', line)
        if key_match:
            here = [*table, key_match[1].strip('"')]
            if [part.lower() for part in here] == wanted[: len(here)]:
                return number
    return table_line or None
