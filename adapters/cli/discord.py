"""``discord``: setting up the Discord bot."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from adapters.cli.console import AsJson, print_json, run, settings

discord = typer.Typer(
    help="The Discord bot.", epilog="Example: wellspoken discord invite", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    app.add_typer(discord, name="discord")


@discord.callback()
def _group() -> None:
    """The Discord bot."""


@discord.command("invite", epilog="Example: wellspoken discord invite --application 1234567890")
def print_invitation(
    application: Annotated[
        int | None,
        typer.Option(metavar="ID", min=1, help="The application's id; default: the token's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the link that adds the bot to a server.

    It asks for exactly the permissions that this version uses, each with what it is for.
    """
    from adapters.discord.examination import find_invitation
    from adapters.discord.permissions import PERMISSIONS, SCOPES, invitation, needed

    url = invitation(application) if application else run(find_invitation(settings()))
    if as_json:
        print_json(
            {
                "url": url,
                "scopes": list(SCOPES),
                "permissions": {use.name: use.purpose for use in PERMISSIONS},
                "value": needed().value,
            }
        )
        return
    asked = "".join(f"  {use.title}: {use.purpose}\n" for use in PERMISSIONS)
    sys.stdout.write(f"{url}\n\nIt asks for:\n{asked}")
