"""Encryption of what must not be readable at rest: the tokens of installations."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.errors import ConfigurationError


class Seal:
    """Seals texts with a secret (Fernet: AES-128-CBC with HMAC-SHA256).

    The key is derived from the secret by HKDF-SHA256 (RFC 5869), so that a secret of any form
    serves; one made by this program has 192 random bits.
    """

    def __init__(self, secret: str) -> None:
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"wellspoken slack installations")
        self._fernet = Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))

    def seal(self, text: str) -> str:
        """The text, encrypted and signed."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """Back; raises ConfigurationError where another secret sealed it."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise ConfigurationError(
                where="WELLSPOKEN_SECRET_KEY",
                problem="kept Slack tokens were encrypted with another key; set that one again, "
                "or install the app into its workspaces anew",
            ) from error
