"""The pages that are written by the program itself: ``make docs`` writes them, a test compares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import typer

_HEAD = "<!-- Written by `make docs`; change the code instead. -->\n"


def pages() -> dict[str, str]:
    """Every generated page by its path below the project."""
    return {"docs/settings.md": settings_page(), "docs/commands.md": commands_page()}


def settings_page() -> str:
    """The settings table and the tables of ``wellspoken.toml``."""
    from bot.settings import Settings, environment_names

    lines = [
        "# Settings",
        "",
        _HEAD,
        "From the environment, `.env` and `wellspoken.toml`; the environment wins over `.env`,",
        "which wins over the file. In the file these names stand in lower case at the top.",
        "",
        "| name | meaning | default |",
        "|---|---|---|",
    ]
    for row in environment_names():
        default = f"`{row.default}`" if row.default else ""
        secret = " (secret: never printed)" if row.secret else ""
        lines.append(f"| `{row.environment}` | {row.meaning}{secret} | {default} |")
    lines += ["", "## Tables of `wellspoken.toml`", ""]
    for name, field in Settings.model_fields.items():
        if field.json_schema_extra is None:
            lines += _section(name, field.annotation)
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, annotation: Any) -> Iterator[str]:
    written = str(annotation)
    if written.startswith("dict"):
        title = f'[{name}."…"]'
    else:
        title = f"[[{name}]]" if written.startswith("tuple") else f"[{name}]"
    model = next(
        (a for a in (annotation, *get_args(annotation)) if hasattr(a, "model_fields")), None
    )
    if model is None:
        return
    yield f"### `{title}`"
    yield ""
    nested: list[tuple[str, Any]] = []
    rows: list[str] = []
    for key, field in model.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            nested.append((f"{name}.{key}", field.annotation))
        else:
            rows.append(f"| `{key}` | {field.description} | {_default(field)} |")
    if rows:
        yield from ("| key | meaning | default |", "|---|---|---|", *rows, "")
    for nested_name, nested_model in nested:
        yield from _section(nested_name, nested_model)


def _default(field: Any) -> str:
    from datetime import timedelta

    from bot.limits import Rate
    from bot.settings import write_duration
    from bot.settings.limits import write_rate

    if field.is_required():
        return "required"
    value = field.default
    if value in (None, "", (), {}):
        return ""
    if isinstance(value, timedelta):
        return f"`{write_duration(value)}`"
    if isinstance(value, Rate):
        return f"`{write_rate(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def commands_page() -> str:
    """Every command with its help text."""
    from adapters.cli.commands import app

    lines = ["# Commands", "", _HEAD]
    root = typer.main.get_command(app)
    lines += _command(root, "wellspoken")
    return "\n".join(lines).rstrip() + "\n"


def _command(command: Any, path: str) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if not children or getattr(command, "invoke_without_command", False):  # it does work itself
        yield f"## `{path}`"
        yield ""
        yield (command.help or "").strip()
        yield ""
        yield f"```\n{path}{_usage(command)}\n```"
        yield ""
        options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
        if options:
            yield "| option | meaning | default |"
            yield "|---|---|---|"
            for option in options:
                yield f"| `{_flags(option)}` | {option.help or ''} | {_option_default(option)} |"
            yield ""
        if command.epilog:
            example = command.epilog.removeprefix("Example: ")
            yield f"Example: `{example}`"
            yield ""
    for name, child in children.items():
        yield from _command(child, f"{path} {name}")


def _usage(command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    pieces = [p.metavar or f"[{p.name.upper()}]" for p in arguments]
    return "".join(f" {piece}" for piece in ["[OPTIONS]", *pieces])


def _flags(option: Any) -> str:
    flags = ", ".join([*option.opts, *option.secondary_opts])
    takes = "" if option.is_flag else f" {option.metavar or 'VALUE'}"
    return f"{flags}{takes}"


def _option_default(option: Any) -> str:
    value = option.default
    if option.is_flag or value in (None, [], ()) or callable(value):
        return ""
    return f"`{value}`"


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
