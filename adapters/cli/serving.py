"""``serve`` and ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import run
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.settings import Settings

_PARTS = ("web", "slack", "discord", "worker")

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Log more.")]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: wellspoken serve --port 8080 --only slack,worker")(serve)
    app.command(epilog="Example: wellspoken demo --port 8080")(demo)


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    only: Annotated[
        str | None,
        typer.Option(metavar="PARTS", help="A comma list of web, slack, discord, worker."),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Run everything that is configured.

    The web chat, the console, the API, Slack, Discord and the worker.
    """
    from adapters.server import run_server

    parts = _parts(only)
    settings = _settings(verbose)
    if only is not None:
        from adapters.connecting import chat_platforms

        chat_platforms(settings, parts, asked=True)
    run(run_server(settings, host=host, port=port, parts=parts))


def demo(host: Host = "127.0.0.1", port: Port = 8080, verbose: Verbose = False) -> None:
    """Run everything with a sample knowledge base.

    It needs no key and no server.
    """
    from adapters.server import run_server
    from knowledge.sample import SUGGESTIONS, sample_folder, sample_persona
    from persona.profile import load_persona

    settings = _settings(verbose)
    persona = sample_persona()
    bot = settings.bot.model_copy(update={"persona": persona, "name": load_persona(persona).name})
    settings = settings.model_copy(update={"bot": bot})
    run(
        run_server(
            settings,
            host=host,
            port=port,
            parts=frozenset(_PARTS),
            sample=sample_folder(),
            suggestions=tuple(SUGGESTIONS),
        )
    )


def _settings(verbose: bool) -> Settings:
    from bot.settings import load_settings
    from bot.telemetry import configure_logging

    configure_logging(verbose=verbose)
    settings = load_settings()
    said = settings.telemetry
    as_json = None if said.format == "auto" else said.format == "json"
    configure_logging(verbose=verbose, json=as_json, level=said.level)
    return settings


def _parts(only: str | None) -> frozenset[str]:
    if only is None:
        return frozenset(_PARTS)
    chosen = {part.strip() for part in only.split(",") if part.strip()}
    unknown = sorted(chosen - set(_PARTS))
    if unknown or not chosen:
        raise UsageError(f"--only takes a comma list of {', '.join(_PARTS)}, not {only!r}.")
    return frozenset(chosen)
