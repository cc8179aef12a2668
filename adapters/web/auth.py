"""Who is asking: the token of operators, and the signed cookies of browsers.

Nothing is kept on the server. Cookies are signed with a key made from the console token, so that a
new token ends every session.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.limits import Limits
from bot.conversation import Author, Platform, Principal

VISITOR_COOKIE = "wellspoken_visitor"
CONSOLE_COOKIE = "wellspoken_console"
_CONVERSATION = re.compile(r"[\w-]{1,32}", re.ASCII)
_VISITOR_SECONDS = 180 * 24 * 3600
_CONSOLE_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser that chats. ``groups`` is what an operator chose to ask as; only together with a
    console session does it count."""

    id: str
    conversation: str
    groups: tuple[str, ...] = ()

    @property
    def author(self) -> Author:
        return Author(Platform.WEB, self.id)

    @property
    def principal(self) -> Principal:
        return Principal(frozenset(self.groups))

    @property
    def thread(self) -> str:
        """The thread's id; another audience is another thread, so that no history crosses over."""
        audience = "".join(f"+{group}" for group in sorted(self.groups))
        return f"web:{self.id}:{self.conversation}{audience}"

    def afresh(self) -> Visitor:
        """The same visitor in a new conversation."""
        return replace(self, conversation=secrets.token_urlsafe(6))

    def in_conversation(self, name: str) -> Visitor:
        """The same visitor in the conversation that its page shows, as two tabs may show two.

        The name is the browser's word; a thread begins with the visitor, which is ours."""
        return replace(self, conversation=name) if _CONVERSATION.fullmatch(name) else self

    def asking_as(self, groups: Sequence[str]) -> Visitor:
        """The same visitor asking for another audience."""
        return replace(self, groups=tuple(sorted(set(groups))))


@dataclass(frozen=True, slots=True)
class Operator:
    """An open console session; ``csrf`` goes into each of its forms."""

    session: str
    csrf: str

    @property
    def author(self) -> Author:
        return Author(Platform.WEB, "operator", "operator")


class SignInRequiredError(Exception):
    """The console is closed to this browser; it is led to the token form."""


class Sessions:
    """Checks tokens, reads and writes cookies."""

    def __init__(self, console_token: str, limits: Limits) -> None:
        self._limits = limits
        self._token = console_token.encode()
        self._secret = hashlib.sha256(b"wellspoken web sessions\0" + self._token).digest()
        self._visitors = URLSafeTimedSerializer(self._secret, salt="visitor")
        self._operators = URLSafeTimedSerializer(self._secret, salt="console")

    def opens(self, request: Request, token: bytes, *, script: bool = False) -> bool:
        """Whether this is the console token; takes the same time for every wrong one.

        Raises TooManyError for who guesses too often.
        """
        self._limits.check_guess(request, script=script)
        right = bool(self._token) and hmac.compare_digest(token, self._token)
        self._limits.guessed(request, token, right=right, script=script)
        return right

    def bearer_opens(self, request: Request) -> bool:
        """Whether the request carries ``Authorization: Bearer TOKEN``; raises TooManyError."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return False
        return self.opens(request, token.encode("latin-1"), script=True)

    def take_question(self, request: Request) -> None:
        """Count a question of somebody without the token; raises TooManyError."""
        if not self.operator(request):
            held = self._held_visitor(request)
            self._limits.take_question(request, held.id if held else None)

    def visitor(self, request: Request) -> Visitor:
        """The browser's own visitor, or a new one."""
        visitor = self._held_visitor(request)
        if visitor is None:
            visitor = Visitor(secrets.token_urlsafe(12), secrets.token_urlsafe(6))
        return visitor if self.operator(request) else replace(visitor, groups=())

    def _held_visitor(self, request: Request) -> Visitor | None:
        held = self._read(self._visitors, request, VISITOR_COOKIE, _VISITOR_SECONDS)
        if isinstance(held, list) and len(held) == 3:
            return Visitor(str(held[0]), str(held[1]), tuple(held[2]))
        return None

    def keep_visitor(self, request: Request, response: Response, visitor: Visitor) -> None:
        """Write the visitor's cookie."""
        value = self._visitors.dumps([visitor.id, visitor.conversation, list(visitor.groups)])
        response.set_cookie(
            VISITOR_COOKIE,
            str(value),
            max_age=_VISITOR_SECONDS,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )

    def operator(self, request: Request) -> Operator | None:
        """The open console session, if there is one."""
        held = self._read(self._operators, request, CONSOLE_COOKIE, _CONSOLE_SECONDS)
        return Operator(held, self._csrf(held)) if isinstance(held, str) else None

    def open_console(self, request: Request, response: Response) -> None:
        """Write the cookie of a new console session."""
        response.set_cookie(
            CONSOLE_COOKIE,
            str(self._operators.dumps(secrets.token_urlsafe(12))),
            max_age=_CONSOLE_SECONDS,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )

    def close_console(self, response: Response) -> None:
        """Forget the console session, and the conversation that it may have widened."""
        response.delete_cookie(CONSOLE_COOKIE)
        response.delete_cookie(VISITOR_COOKIE)

    def csrf_holds(self, operator: Operator, sent: str) -> bool:
        """Whether a form came from a page of this console session."""
        return hmac.compare_digest(operator.csrf.encode(), sent.encode("utf-8", "replace"))

    def _csrf(self, session: str) -> str:
        return hmac.new(self._secret, f"csrf {session}".encode(), "sha256").hexdigest()[:32]

    @staticmethod
    def _read(
        serializer: URLSafeTimedSerializer, request: Request, cookie: str, seconds: int
    ) -> object:
        try:
            return serializer.loads(request.cookies.get(cookie, ""), max_age=seconds)
        except BadData:
            return None  # no cookie, an old one, or somebody else's: a stranger
