"""``init``, ``doctor``, ``config`` and ``db``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.cli import moving
from adapters.cli.console import AsJson, out, print_json, remark, run, settings, table
from bot.errors import UsageError

config = typer.Typer(
    help="The settings.", epilog="Example: wellspoken config show", no_args_is_help=True
)
db = typer.Typer(
    help="The database.", epilog="Example: wellspoken db upgrade", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: wellspoken init support-bot")(init)
    app.command(epilog="Example: wellspoken doctor --json")(doctor)
    app.add_typer(config, name="config")
    moving.register(db)
    app.add_typer(db, name="db")


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where; it is made if need be.")
    ] = Path(),
    sample: Annotated[
        bool,
        typer.Option("--sample", help="With the demo's documents, persona, ratings and suite."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start a bot: settings, persona, docs folder.

    Writes a commented wellspoken.toml, persona.yaml and docs; what is there is kept.
    """
    from adapters.templates import sample_files, starting_files

    files = sample_files() if sample else starting_files()
    had_docs = (folder / "docs").exists()
    written, kept = [], []
    try:
        for name, text in files.items():
            path = folder / name
            if path.exists() or (name.startswith("docs/") and had_docs):
                kept.append(name)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            written.append(name)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}.") from error
    if as_json:
        print_json({"folder": str(folder), "written": written, "kept": kept})
        return
    for name in written:
        sys.stdout.write(f"wrote {folder / name}\n")
    for name in kept:
        sys.stdout.write(f"kept  {folder / name}\n")
    if sample:
        remark("Next: `wellspoken ingest`, then `wellspoken feedback import ratings.jsonl`.")
    else:
        remark("Next: put your documents into docs, then `wellspoken ingest`, `wellspoken chat`.")


def doctor(as_json: AsJson = False) -> None:
    """Check everything, and say how to mend it.

    Settings, storage, knowledge, embedder, persona, model server.
    """
    from adapters.doctor import examine

    checks = run(examine())
    if as_json:
        print_json([c.as_json() for c in checks])
    else:
        for check in checks:
            mark = "[green]ok[/]" if check.ok else "[red]!![/]"
            out().print(f"{mark}  ", end="")
            out().print(f"{check.check}: {check.detail}", markup=False)
            if check.fix:
                out().print(f"    {check.fix}", markup=False)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


@config.command("show", epilog="Example: wellspoken config show --json")
def show_config(as_json: AsJson = False) -> None:
    """Show every setting in force and where it comes from; secrets stay hidden."""
    from bot.settings import environment_names, origin

    current = settings()
    rows = []
    for row in environment_names():
        value = getattr(current, row.field)
        shown = None if value is None else "********" if row.secret else _shown(value)
        rows.append((row.environment, shown, origin(current, row)))
    sections = current.model_dump(
        mode="json",
        include={
            "bot",
            "models",
            "sources",
            "access",
            "channels",
            "live",
            "web",
            "retention",
            "training",
            "tuning",
            "release",
        },
    )
    if as_json:
        values = {name: {"value": value, "from": source} for name, value, source in rows}
        print_json({"settings": values, **sections})
        return
    table(("setting", "value", "from"), [(name, value or "", place) for name, value, place in rows])
    sys.stdout.write("\n")
    for line in _written(sections):
        sys.stdout.write(f"{line}\n")


def _shown(value: object) -> str:
    """A value that is no secret; an address may hold one."""
    from bot.settings.addresses import without_secrets

    said = str(value)
    return without_secrets(said, "***@") if "://" in said else said


def _written(values: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Settings as lines like ``bot.name = "Juniper"``; what is not set is left out."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _written(value, f"{path}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for entry in value:
                said = {k: v for k, v in entry.items() if v not in (None, [], {})}
                yield f"{path}{key} = {json.dumps(said, ensure_ascii=False)}"
        elif value not in (None, []):
            yield f"{path}{key} = {json.dumps(value, ensure_ascii=False)}"


@db.command("upgrade", epilog="Example: wellspoken db upgrade")
def upgrade(as_json: AsJson = False) -> None:
    """Bring the database to this version's schema; every start does so by itself."""
    from adapters.home import prepare_home

    current = settings()
    prepare_home(current)
    before, after = run(_upgrade(current.database))
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        sys.stdout.write(f"the database is up to date ({after})\n")
    else:
        sys.stdout.write(f"the database went from {before or 'nothing'} to {after}\n")


async def _upgrade(url: str) -> tuple[str | None, str | None]:
    from bot.store import migrations

    before = await migrations.current(url)
    await migrations.upgrade(url)
    return before, await migrations.current(url)
