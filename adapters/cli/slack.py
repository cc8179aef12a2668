"""``slack``: setting up the Slack app."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from adapters.cli.console import AsJson, print_json, settings
from bot.errors import UsageError

slack = typer.Typer(
    help="Set up the Slack app.", epilog="Example: wellspoken slack manifest", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    app.add_typer(slack, name="slack")


@slack.callback()
def _group() -> None:
    """Set up the Slack app."""


@slack.command(
    "manifest", epilog="Example: wellspoken slack manifest --http https://bot.example.com"
)
def print_manifest(
    http: Annotated[
        str | None,
        typer.Option(metavar="URL", help="HTTP mode, at this public address (https)."),
    ] = None,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print YAML instead of JSON.")] = False,
    assistant_view: Annotated[
        bool, typer.Option("--assistant-view", help="For an app with the older assistant view.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the manifest to paste at api.slack.com/apps.

    There: Create New App, From a manifest, JSON. It asks for exactly the permissions and events
    that this version uses; name and description are those of persona.yaml. Socket Mode unless
    --http names the address at which Slack reaches the web server. docs/slack.md has the rest.
    """
    from adapters.models import load_voice_persona
    from adapters.slack.manifest import manifest

    if http is not None and not http.startswith("https://"):
        raise UsageError("--http takes an address that begins with https://; Slack asks for that.")
    persona = load_voice_persona(settings())
    about = persona.about or "Answers questions from your documents, with its sources."
    made = manifest(persona.name, about, address=http, legacy=assistant_view)
    if as_json:
        print_json(made)
    elif as_yaml:
        import yaml

        sys.stdout.write(yaml.safe_dump(made, sort_keys=False, allow_unicode=True))
    else:
        sys.stdout.write(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
