"""From the settings to what opens the console besides its own token, and the widget."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from adapters.web.auth.oidc import Client, OidcProvider
from adapters.web.auth.sessions import Access
from adapters.web.auth.sso import Listed, SingleSignOn
from adapters.web.widget.gate import Widget

if TYPE_CHECKING:
    from pydantic import SecretStr

    from bot.settings import Settings


def access_of(settings: Settings) -> Access:
    """The tokens of lesser roles, and what ties sessions of single sign-on to their table."""
    return Access(
        viewer_token=_plain(settings.console_viewer_token),
        reviewer_token=_plain(settings.console_reviewer_token),
        sso_seal=_seal(settings),
        recheck=settings.sso.recheck,
    )


def sso_of(settings: Settings) -> SingleSignOn | None:
    """Single sign-on, where it is set up; the provider is asked only when somebody signs in."""
    table = settings.sso
    if not table.issuer:
        return None
    secret = _plain(settings.oidc_client_secret)
    return SingleSignOn(
        OidcProvider(Client(table.issuer, table.client_id, secret, table.scopes)),
        Listed(
            table.roles_claim,
            table.admins,
            table.reviewers,
            table.viewers,
            table.domains,
            table.verified_email,
        ),
        issuer=table.issuer,
        seal=_seal(settings),
        address=table.address,
    )


def widget_of(settings: Settings) -> Widget | None:
    """The chat for websites, where a token is set up for one."""
    table = settings.widget
    if not table.tokens:
        return None
    return Widget(
        table.tokens, table.title, table.greeting, table.colour, table.language, table.words
    )


def _seal(settings: Settings) -> str:
    """A digest of the table: whoever changes who is listed ends the sessions opened by it."""
    if not settings.sso.issuer:
        return ""
    return hashlib.sha256(settings.sso.model_dump_json().encode()).hexdigest()[:16]


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
