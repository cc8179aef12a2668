"""The table of ``wellspoken.toml`` on who may open the console by single sign-on."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator, model_validator

from bot.settings.sections import Duration, Section

Entry = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


def _checked_issuer(value: str) -> str:
    """The address; raises ValueError where what comes from it could be read or changed."""
    parts = urlsplit(value)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
    if not safe or not parts.hostname:
        raise ValueError("it starts with https:// (http:// only on this machine)")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("it is an address without a password, ? and #")
    return value


class SsoSection(Section):
    issuer: str = Field(
        "",
        max_length=500,
        description="the OpenID Connect provider's issuer address, as it writes it; empty: off",
    )
    client_id: str = Field(
        "",
        max_length=300,
        description="this server's id there; its secret is `WELLSPOKEN_OIDC_CLIENT_SECRET`",
    )
    scopes: tuple[Entry, ...] = Field(
        ("openid", "email", "profile"), description="what the provider is asked to tell"
    )
    address: str = Field(
        "",
        max_length=500,
        description="this server's own address as browsers see it, for the way back "
        "(`…/console/sso/callback`); empty: as the browser named it",
    )
    roles_claim: str = Field(
        "groups",
        min_length=1,
        max_length=300,
        description="the claim that holds a person's groups; a dotted path leads inside",
    )
    admins: tuple[Entry, ...] = Field(
        (), description="who may do everything: e-mail addresses, or values of that claim"
    )
    reviewers: tuple[Entry, ...] = Field((), description="who may review and read, likewise")
    viewers: tuple[Entry, ...] = Field((), description="who may read, likewise")
    domains: tuple[Entry, ...] = Field(
        (), description="the only domains that e-mail addresses may have; none: any"
    )
    verified_email: bool = Field(
        default=True,
        description="whether an e-mail address counts only where the provider says that it is "
        "verified",
    )
    recheck: Duration = Field(
        timedelta(hours=1),
        description="how long until the provider is asked again; a session ends after 12h",
    )

    @field_validator("issuer", "address")
    @classmethod
    def _safe_address(cls, value: str) -> str:
        return _checked_issuer(value) if value else value

    @field_validator("domains")
    @classmethod
    def _bare(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.lower().removeprefix("@") for domain in value)

    @field_validator("scopes")
    @classmethod
    def _of_openid(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in value:
            raise ValueError('"openid" is missing; without it nobody is named')
        return value

    @field_validator("recheck")
    @classmethod
    def _in_a_session(cls, value: timedelta) -> timedelta:
        if not timedelta(minutes=5) <= value <= timedelta(hours=12):
            raise ValueError("it is from 5m to 12h")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.issuer:
            return self
        if not self.client_id:
            raise ValueError("client_id is missing; the provider gave it with the secret")
        if not (self.admins or self.reviewers or self.viewers):
            raise ValueError("nobody may come in; list somebody under admins, reviewers or viewers")
        return self
