"""``persona``: who speaks, checked, shown, and learned from."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, counted, print_json, remark, run, settings, table
from adapters.cli.reviewing import OPERATOR
from bot.errors import MissingFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from persona.style_model import Example, StyleModel

persona = typer.Typer(
    help="The voice's definition.", epilog="Example: wellspoken persona check", no_args_is_help=True
)


@persona.command("check", epilog="Example: wellspoken persona check persona.yaml")
def check(
    path: Annotated[Path | None, typer.Argument(help="Default: the persona in use.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a persona file; every finding has its line."""
    from persona.checking import check_voice, samples_missing
    from persona.profile import load_persona

    path = path or settings().persona_path
    if path is None:
        remark("No persona file is set; `wellspoken init` writes one.")
        if as_json:
            print_json([])
        return
    if not path.is_file():
        raise MissingFileError(path=path)
    findings = check_voice(path)
    if as_json:
        print_json(
            [{"line": f.line, "problem": f.problem, "severity": f.severity} for f in findings]
        )
    else:
        for finding in findings:
            sys.stdout.write(f"{path}:{finding.line}: {finding.severity}: {finding.problem}\n")
        if not findings:
            sys.stdout.write(f"{path} is fine\n")
    if any(f.severity == "error" for f in findings):
        raise typer.Exit(2)
    missing = 0 if as_json else samples_missing(load_persona(path))
    if missing:
        remark(
            f"{counted(missing, 'more sample')} with on_voice and off_voice would let "
            "`wellspoken persona learn` learn the voice from this file alone."
        )


@persona.command("show", epilog="Example: wellspoken persona show --version 1f0c2a9b7e")
def show(
    version: Annotated[str | None, typer.Option(help="One that was in use before.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the persona in use, or an earlier version of it, and what its style is learned from."""
    run(_show(version, as_json))


async def _show(version: str | None, as_json: bool) -> None:
    from dataclasses import asdict

    from adapters.models import load_voice_persona

    content: Mapping[str, Any]
    if version is None:
        from adapters.teaching.styling import trained_model

        configured = settings()
        who = load_voice_persona(configured)
        model = await trained_model(configured, who.version)
        version, content = who.version, json.loads(json.dumps(asdict(who)))
        figures = dict(model.figures) if model else None
    else:
        from adapters.home import open_database
        from persona.book import PersonaBook

        async with open_database(settings()) as database:
            kept = await PersonaBook(database).get(version)
        content, figures = kept.content, dict(kept.figures) if kept.figures else None
    if as_json:
        print_json({**content, "version": version, "classifier": figures})
        return
    import yaml

    said = {k: v for k, v in content.items() if v not in ("", [])}
    learned = "none is trained; see wellspoken persona learn --help"
    sys.stdout.write(f"# version {version}\n")
    sys.stdout.write(f"# style classifier: {_told(figures) if figures else learned}\n")
    sys.stdout.write(yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=100))


@persona.command("versions", epilog="Example: wellspoken persona versions --json")
def versions(as_json: AsJson = False) -> None:
    """List every version of the persona that was in use, newest first."""
    run(_versions(as_json))


async def _versions(as_json: bool) -> None:
    from adapters.home import open_database
    from adapters.models import load_voice_persona
    from persona.book import PersonaBook

    configured = settings()
    current = load_voice_persona(configured).version
    async with open_database(configured) as database:
        kept = await PersonaBook(database).listing()
    if as_json:
        print_json(
            [
                {
                    "version": each.version,
                    "name": each.name,
                    "current": each.version == current,
                    "first_at": each.first_at.isoformat(),
                    "classifier": dict(each.figures) if each.figures else None,
                }
                for each in kept
            ]
        )
        return
    table(
        ("version", "name", "first in use", "classifier"),
        [
            (
                each.version + (" (now)" if each.version == current else ""),
                each.name,
                f"{each.first_at:%Y-%m-%d %H:%M}",
                _told(each.figures) if each.figures else "",
            )
            for each in kept
        ],
    )


@persona.command("learn", epilog="Example: wellspoken persona learn --examples style.jsonl")
def learn(
    examples: Annotated[
        Path | None,
        typer.Option(
            help='More examples, one a line: {"on_voice": "…", "off_voice": "…"}, either or both.'
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Train and tell, and keep nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train the style classifier of this persona.

    It learns from the persona's samples, approved rewrites, rated answers of the bot and the file.
    """
    run(_learn(examples, dry_run, as_json))


async def _learn(path: Path | None, dry_run: bool, as_json: bool) -> None:
    from adapters.cli.bars import bar
    from adapters.home import open_database
    from adapters.models import load_voice_persona, model_server, open_embedder
    from bot.store.audit import AuditTrail
    from bot.store.base import Database
    from persona.book import PersonaBook, StyleBook
    from persona.style_learning import check_enough, learn, of_file, of_persona, of_turns, usable

    configured = settings()
    who = load_voice_persona(configured)
    given = of_file(path) if path else []
    opt_in = configured.training.consent == "opt-in"

    async def gather(database: Database) -> list[Example]:
        turns = await of_turns(database, opt_in=opt_in)
        return usable([*of_persona(who), *given, *turns])

    async with open_database(configured) as database:
        found = await gather(database)
        check_enough(found)
        async with (
            model_server(configured) as server,
            open_embedder(configured, server, warm=False) as embedder,
        ):
            with bar() as shown:
                task = shown.add_task("Reading examples", total=len(found))
                model = await learn(
                    found, embedder, lambda done, _: shown.update(task, completed=done)
                )
        if not dry_run:
            await PersonaBook(database).keep(who)
            trail = AuditTrail(database)
            await StyleBook(database, trail).keep(who.version, model, by=OPERATOR)
    _say_learned(who.version, model, kept=not dry_run, as_json=as_json)


def _say_learned(version: str, model: StyleModel, *, kept: bool, as_json: bool) -> None:
    if as_json:
        print_json({"persona": version, "kept": kept, **model.figures})
        return
    sys.stdout.write(f"persona {version}: {_told(model.figures)}\n")
    for origin, counts in model.figures["origins"].items():
        on, off = counts["on_voice"], counts["off_voice"]
        sys.stdout.write(f"  {origin}: {on} in the voice, {off} off it\n")
    sys.stdout.write("kept; answers are scored with it from now on\n" if kept else "not kept\n")


def _told(figures: Mapping[str, Any]) -> str:
    number = int(figures["on_voice"]) + int(figures["off_voice"])
    return f"{counted(number, 'example')}, AUC {figures['auc']:.2f} on those it did not see"


__all__ = ["persona"]
