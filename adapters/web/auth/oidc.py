"""Who somebody is, from an OpenID Connect provider: the code flow with PKCE, each claim checked.

The flow is Authlib's, the signatures are joserfc's. What is checked follows OpenID Connect Core
1.0, 3.1.3.7; a signature counts only by a public key that the provider publishes, so neither
``none`` nor a shared secret can sign.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from bot.errors import UsageError
from bot.telemetry import log

if TYPE_CHECKING:
    # It has no types of its own.
    from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]
    from joserfc.jwk import KeySet

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY_S = 60
"""How far two clocks may be apart."""

_PATIENCE_S = 10.0
_KEPT_S = 3600.0
_KEYS_AGAIN_S = 30.0
_LARGEST = 1_000_000
_WELL_KNOWN = "/.well-known/openid-configuration"


class SignInError(UsageError):
    """You could not be signed in; begin again."""


class ProviderDownError(SignInError):
    """The sign-in service cannot be reached just now; try again in a moment, or use a token."""


class ProviderAnswerError(SignInError):
    """The sign-in service's answer cannot be trusted ({reason}); begin again, and tell an admin
    if it stays so."""


class ClockError(SignInError):
    """The clocks of this server and of the sign-in service are apart; begin again, and tell an
    admin if it stays so."""


class RefusedError(SignInError):
    """The sign-in service did not let you in; begin again, or ask an admin."""


class OldSignInError(SignInError):
    """This sign-in is out of date or was begun in another browser; begin again."""


@dataclass(frozen=True, slots=True)
class Client:
    """This server, as the provider knows it."""

    issuer: str
    id: str
    secret: str = field(repr=False)
    scopes: Sequence[str] = ("openid", "email", "profile")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in under way. ``back`` is where the provider sends the browser."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    back: str = ""


class Provider(Protocol):
    """Names people; fulfilled by :class:`OidcProvider`."""

    async def begin(self, attempt: Attempt, /) -> str:
        """The address to send the browser to; raises SignInError."""
        ...

    async def finish(self, attempt: Attempt, code: str, /) -> Mapping[str, Any]:
        """The checked claims of who came back with a code; raises SignInError."""
        ...

    async def aclose(self) -> None: ...


class OidcProvider:
    """A provider that is found by its issuer's address. ``clock`` gives seconds since 1970."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.time) -> None:
        self._about = client
        self._clock = clock
        self._client: AsyncOAuth2Client | None = None
        self._known: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def begin(self, attempt: Attempt) -> str:
        found = await self._discovered()
        url, _state = (await self._opened()).create_authorization_url(
            found["authorization_endpoint"],
            state=attempt.state,
            nonce=attempt.nonce,
            code_verifier=attempt.verifier,
            redirect_uri=attempt.back,
        )
        return str(url)

    async def finish(self, attempt: Attempt, code: str) -> Mapping[str, Any]:
        found = await self._discovered()
        token = await self._exchanged(found, attempt, code)
        signed = token.get("id_token")
        if not isinstance(signed, str) or len(signed) > _LARGEST:
            raise ProviderAnswerError(reason="it names nobody")
        return await self._checked(signed, attempt.nonce)

    async def _opened(self) -> AsyncOAuth2Client:
        if self._client is None:
            self._client = await asyncio.to_thread(_new_client, self._about)
        return self._client

    async def _exchanged(
        self, found: Mapping[str, Any], attempt: Attempt, code: str
    ) -> Mapping[str, Any]:
        import httpx2  # late: only single sign-on needs these
        from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]

        client = await self._opened()
        client.token_endpoint_auth_method = _method(found, bool(self._about.secret))
        try:
            async with asyncio.timeout(_PATIENCE_S):
                token = await client.fetch_token(
                    found["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=attempt.verifier,
                    redirect_uri=attempt.back,
                )
        except OAuthError as error:
            log.warning("the sign-in service refused a code", error=str(error.error)[:80])
            raise RefusedError from error
        except (httpx2.HTTPError, TimeoutError, OSError) as error:
            raise _down(error) from error
        except ValueError as error:
            raise ProviderAnswerError(reason="it cannot be read") from error
        finally:
            client.token = None  # nobody asks for anything in a person's name later
        if not isinstance(token, Mapping):
            raise ProviderAnswerError(reason="it cannot be read")
        return dict(token)

    async def _discovered(self) -> Mapping[str, Any]:
        """What the provider says of itself; kept for an hour."""
        now = self._clock()
        if self._known is None or now - self._known[0] > _KEPT_S:
            found = await self._get_json(self._about.issuer.rstrip("/") + _WELL_KNOWN)
            if found.get("issuer") != self._about.issuer:
                raise ProviderAnswerError(reason="it calls itself by another name")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _check_endpoint(found.get(name), self._about.issuer)
            self._known = (now, found)
        return self._known[1]

    async def _get_json(self, url: str) -> Mapping[str, Any]:
        import httpx2  # late, as above

        client = await self._opened()
        content = bytearray()
        try:
            async with (
                asyncio.timeout(_PATIENCE_S),
                client.stream("GET", url, withhold_token=True) as answer,
            ):
                if answer.status_code != 200:
                    raise _down(f"status {answer.status_code}")
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > _LARGEST:
                        raise ProviderAnswerError(reason="it is too large")
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
            raise _down(error) from error
        return _object(bytes(content))

    async def _key_set(self, *, again: bool = False) -> KeySet:
        """The provider's public keys; kept for an hour, unless one is missing."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        now, least = self._clock(), _KEYS_AGAIN_S if again else _KEPT_S
        if self._keys is None or now - self._keys[0] > least:
            found = await self._get_json((await self._discovered())["jwks_uri"])
            try:
                keys = KeySet.import_key_set({"keys": found["keys"]})
            except (JoseError, KeyError, TypeError, ValueError) as error:
                raise ProviderAnswerError(reason="its keys cannot be read") from error
            self._keys = (now, keys)
        return self._keys[1]

    async def _checked(self, signed: str, nonce: str) -> Mapping[str, Any]:
        from joserfc.errors import InvalidKeyIdError

        try:
            claims = _claims(signed, await self._key_set())
        except InvalidKeyIdError:
            try:  # the provider may have changed its keys
                claims = _claims(signed, await self._key_set(again=True))
            except InvalidKeyIdError as error:
                raise _unsigned(error) from error
        check_claims(claims, issuer=self._about.issuer, client=self._about.id, now=self._clock())
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise ProviderAnswerError(reason="it belongs to another sign-in")
        return claims


def check_claims(claims: Mapping[str, Any], *, issuer: str, client: str, now: float) -> None:
    """Raises SignInError unless the claims are this issuer's, for this client, and in time."""
    from joserfc import errors
    from joserfc.jwt import JWTClaimsRegistry

    registry = JWTClaimsRegistry(
        now=int(now),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(dict(claims))
    except errors.ExpiredTokenError as error:
        raise ClockError from error
    except errors.ClaimError as error:
        if error.claim in ("iat", "nbf"):
            raise ClockError from error
        raise ProviderAnswerError(reason=_WRONG.get(error.claim, "a claim is wrong")) from error
    audience = claims["aud"]
    several = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", None if several else client) != client:
        raise ProviderAnswerError(reason=_WRONG["aud"])


_WRONG = {
    "iss": "somebody else issued it",
    "aud": "it is for another program",
    "sub": "it names nobody",
    "exp": "it never ends",
}


def _claims(signed: str, keys: KeySet) -> Mapping[str, Any]:
    """The claims of a token that one of the keys signed; raises InvalidKeyIdError."""
    from joserfc import errors, jwt

    try:
        return dict(jwt.decode(signed, keys, algorithms=list(ALGORITHMS)).claims)
    except errors.InvalidKeyIdError:
        raise
    except (errors.JoseError, ValueError) as error:
        raise _unsigned(error) from error


def _unsigned(error: Exception) -> ProviderAnswerError:
    log.warning("a sign-in was not signed as it must be", error=type(error).__name__)
    return ProviderAnswerError(reason="its signature is wrong")


def _new_client(about: Client) -> AsyncOAuth2Client:
    """Loading the library and its certificates takes long: called beside the loop."""
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    return AsyncOAuth2Client(
        about.id,
        about.secret or None,
        scope=" ".join(about.scopes),
        code_challenge_method="S256",
        timeout=_PATIENCE_S,
        follow_redirects=False,
        trust_env=False,
    )


def _method(found: Mapping[str, Any], secret: bool) -> str:
    """How the client proves itself to the token endpoint: as the provider takes it."""
    if not secret:
        return "none"
    taken = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_basic" if "client_secret_basic" in taken else "client_secret_post"


def _check_endpoint(address: object, issuer: str) -> None:
    """Raises ProviderAnswerError for an endpoint that is less safe than its issuer."""
    parts = urlsplit(address) if isinstance(address, str) else None
    plain = urlsplit(issuer).scheme == "http" and parts and parts.scheme == "http"
    if not parts or not parts.hostname or not (parts.scheme == "https" or plain):
        raise ProviderAnswerError(reason="it names no safe address")


def _object(content: bytes) -> Mapping[str, Any]:
    import orjson

    try:
        found = orjson.loads(content)
    except ValueError as error:
        raise ProviderAnswerError(reason="it cannot be read") from error
    if not isinstance(found, dict):
        raise ProviderAnswerError(reason="it cannot be read")
    return found


def _down(error: object) -> ProviderDownError:
    told = type(error).__name__ if isinstance(error, Exception) else str(error)
    log.warning("the sign-in service does not answer", error=told)
    return ProviderDownError()
