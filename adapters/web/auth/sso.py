"""Single sign-on: from the button to a console session, and who gets which role."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.auth.gate import Ends
from adapters.web.auth.oidc import (
    Attempt,
    OldSignInError,
    Provider,
    ProviderAnswerError,
    RefusedError,
    SignInError,
)
from adapters.web.auth.roles import Role
from adapters.web.auth.sessions import SSO, Identity, Sessions
from bot.conversation import Author, Platform

COOKIE = "wellspoken_sso"
_PATH = "/console/sso"
_CALLBACK = "/console/sso/callback"
_SECONDS = 600
_LONGEST = 300


class NotListedError(SignInError):
    """{name} is not among those who may open this console; ask an admin to be listed."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Who may come in. An entry with an ``@`` is an e-mail address, any other one a value of the
    claim ``claim``. ``domains``: the only ones that addresses may have; none: any."""

    claim: str
    admins: Sequence[str] = ()
    reviewers: Sequence[str] = ()
    viewers: Sequence[str] = ()
    domains: Sequence[str] = ()
    verified_email: bool = True

    def role_of(self, claims: Mapping[str, Any]) -> Role | None:
        """The highest role that the claims give; ``None``: nobody that is listed."""
        email = self._email(claims)
        if self.domains and email.rpartition("@")[2] not in self.domains:
            return None
        groups = set(_values(claims, self.claim))
        lists = (
            (self.admins, Role.ADMIN),
            (self.reviewers, Role.REVIEWER),
            (self.viewers, Role.VIEWER),
        )
        for entries, role in lists:
            for entry in entries:
                fits = entry.casefold() == email if "@" in entry else entry in groups
                if fits:
                    return role
        return None

    def _email(self, claims: Mapping[str, Any]) -> str:
        """The address that counts, in lower case; empty where the provider does not vouch."""
        email = claims.get("email")
        vouched = claims.get("email_verified") is True or not self.verified_email
        return email.strip().casefold() if isinstance(email, str) and vouched else ""


def _values(claims: Mapping[str, Any], path: str) -> list[str]:
    """The texts of a claim: one, or a list; a dotted path leads inside where no claim has it as
    its whole name."""
    found: object = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    each = found if isinstance(found, list) else [found]
    return [value for value in each if isinstance(value, str) and value]


def identity_of(claims: Mapping[str, Any], issuer: str, listed: Listed, seal: str) -> Identity:
    """Who the claims name; raises NotListedError. The key stays when the address changes, and
    no other person of any provider has it."""
    name = next(
        (
            value.strip()[:_LONGEST]
            for value in (claims.get("email"), claims.get("preferred_username"), claims.get("name"))
            if isinstance(value, str) and value.strip()
        ),
        "This account",
    )
    role = listed.role_of(claims)
    if role is None:
        raise NotListedError(name=name)
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject:
        raise ProviderAnswerError(reason="it names nobody")
    digest = hashlib.sha256(f"{issuer}\0{subject}".encode("utf-8", "replace")).hexdigest()[:24]
    return Identity(Author(Platform.WEB, f"oidc:{digest}", name), role, SSO, seal)


class SingleSignOn:
    """The way out to the provider and back. ``address``: this server's own, if it is set."""

    def __init__(
        self, provider: Provider, listed: Listed, *, issuer: str, seal: str, address: str = ""
    ) -> None:
        self.provider = provider
        self._listed = listed
        self._issuer = issuer
        self._seal = seal
        self._address = address.rstrip("/")

    async def begin(self, request: Request, sessions: Sessions, wanted: str) -> tuple[str, str]:
        """Where to send the browser, and what its cookie is to hold; raises SignInError."""
        state = secrets.token_urlsafe(24)
        address = await self.provider.begin(self._attempt(request, sessions, state))
        return address, str(_serializer(sessions).dumps([state, wanted]))

    async def finish(
        self, request: Request, sessions: Sessions, ends: Ends
    ) -> tuple[Identity, str]:
        """Who came back, and where they wanted to go; raises SignInError, TooManyError."""
        sessions.limits.check_guess(request, script=False)
        asked = request.query_params
        state, wanted = self._begun(request, sessions)
        if not await ends.use_once(f"sso {state}"):
            raise OldSignInError
        if asked.get("iss", self._issuer) != self._issuer:  # RFC 9207
            raise ProviderAnswerError(reason="somebody else sent it")
        code = asked.get("code", "")
        if "error" in asked or not code or len(code) > 4_000:
            raise RefusedError
        claims = await self.provider.finish(self._attempt(request, sessions, state), code)
        return identity_of(claims, self._issuer, self._listed, self._seal), wanted

    def _begun(self, request: Request, sessions: Sessions) -> tuple[str, str]:
        """The state and the aim of the sign-in that this browser began; raises OldSignInError."""
        try:
            held = _serializer(sessions).loads(request.cookies.get(COOKIE, ""), max_age=_SECONDS)
        except BadData as error:
            raise OldSignInError from error
        state, wanted = str(held[0]), str(held[1])
        if not secrets.compare_digest(
            state.encode(), request.query_params.get("state", "").encode("utf-8", "replace")
        ):
            raise OldSignInError
        return state, wanted

    def _attempt(self, request: Request, sessions: Sessions, state: str) -> Attempt:
        """Nonce and verifier are made from the state, so that the cookie holds no secret."""
        here = self._address or str(request.base_url).rstrip("/")
        return Attempt(
            state,
            nonce=sessions.keyed(f"sso nonce {state}".encode()),
            verifier=sessions.keyed(f"sso verifier {state}".encode()),
            back=here + _CALLBACK,
        )


def _serializer(sessions: Sessions) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(sessions.keyed(b"sso cookie"), salt="sso")


def keep_begun(request: Request, response: Response, value: str) -> None:
    """Write the cookie of a sign-in under way. It is Lax: the provider's page leads back here."""
    response.set_cookie(
        COOKIE,
        value,
        max_age=_SECONDS,
        path=_PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def forget_begun(response: Response) -> None:
    """The sign-in is over, whichever way."""
    response.delete_cookie(COOKIE, path=_PATH)


def is_inside(address: str) -> bool:
    """Whether an address is a room of this console and nothing else."""
    parts = urlsplit(address) if "\\" not in address and address.isprintable() else None
    return bool(
        parts
        and not parts.scheme
        and not parts.netloc
        and (parts.path == "/console" or parts.path.startswith("/console/"))
    )
