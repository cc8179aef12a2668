"""A stand-in OpenID Connect provider on loopback that can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "wellspoken-console", "the-client's-secret"


def _piece(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@dataclass
class OidcStandIn:
    """The provider's state. ``person`` is who is signed in there; ``claims`` replaces claims of
    the next token (``None`` takes one away); ``signing`` chooses how it is signed; ``tells``
    replaces parts of the discovery document."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    person: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "u-1",
            "email": "ada@example.com",
            "email_verified": True,
            "groups": ["support"],
        }
    )
    claims: dict[str, Any] = field(default_factory=dict)
    signing: str = "RS256"
    tells: dict[str, Any] = field(default_factory=dict)
    fails: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    exchanged: list[dict[str, str]] = field(default_factory=list)

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.tells,
        }

    def authorize(self, asked: Mapping[str, str]) -> str:
        """The address that the browser is sent back to, with a code."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(12)
        self.codes[code] = dict(asked)
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: Mapping[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        sent = unquote(authorization.removeprefix("Basic "))
        if not hmac.compare_digest(sent, expected):
            return 401, {"error": "invalid_client"}
        begun = self.codes.pop(form.get("code", ""), None)  # once
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if begun is None or _piece(verifier) != begun["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if form["redirect_uri"] != begun["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        self.exchanged.append(dict(form))
        token = self.id_token(begun["nonce"])
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": token}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.person,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.signing == "RS256":
            return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        if self.signing == "another key":
            other = RSAKey.generate_key(2048, {"kid": "k1"})
            return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, other)
        header: dict[str, str] = {"alg": "none" if self.signing == "none" else "HS256", "kid": "k1"}
        told = f"{_piece(json.dumps(header).encode())}.{_piece(json.dumps(claims).encode())}"
        if self.signing == "none":
            return f"{told}."
        public = self.key.as_pem(private=False)  # the shared secret is the public key
        return f"{told}.{_piece(hmac.new(public, told.encode(), 'sha256').digest())}"

    def rotate(self) -> None:
        """From now on another key signs, under another name."""
        self.key = RSAKey.generate_key(2048, {"kid": "k2"})


class _Handler(BaseHTTPRequestHandler):
    provider: OidcStandIn

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if self.provider.fails and self.provider.fails in parts.path:
            self._send(503, {"error": "down"})
        elif parts.path.endswith("/openid-configuration"):
            self._send(200, self.provider.discovery())
        elif parts.path == "/keys":
            self._send(200, {"keys": [self.provider.key.as_dict(private=False)]})
        elif parts.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.send_response(302)
            self.send_header("location", self.provider.authorize(asked))
            self.send_header("content-length", "0")
            self.end_headers()
        else:
            self._send(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if self.provider.fails == "/token":
            self._send(503, {"error": "down"})
            return
        self._send(*self.provider.token(form, self.headers.get("authorization", "")))

    def _send(self, status: int, body: Mapping[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Nothing."""


@contextmanager
def oidc_provider() -> Iterator[OidcStandIn]:
    """The provider, until the block ends."""
    provider = OidcStandIn()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)
