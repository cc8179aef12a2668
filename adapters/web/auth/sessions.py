"""Who is asking: the tokens of operators, and the signed cookies of browsers.

Of a session the server keeps only that it was ended (:mod:`bot.store.console_ends`). Cookies are
signed with a key made from the console token, so that a new token ends every session; a session
also ends when what opened it changed: its own token, or the table of who may sign in.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.auth.roles import Role, least_for_address
from adapters.web.limits import Limits
from bot.conversation import Author, Platform, Principal
from bot.errors import WellspokenError

VISITOR_COOKIE = "wellspoken_visitor"
CONSOLE_COOKIE = "wellspoken_console"
_CONVERSATION = re.compile(r"[\w-]{1,32}", re.ASCII)
_VISITOR_SECONDS = 180 * 24 * 3600
_CONSOLE_SECONDS = 12 * 3600
TOKEN, SSO = "token", "sso"


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
class Identity:
    """Who was let in: ``how`` is ``token`` or ``sso``, ``seal`` a digest of what let them in."""

    author: Author
    role: Role
    how: str
    seal: str = ""


@dataclass(frozen=True, slots=True)
class Operator:
    """An open console session; ``csrf`` goes into each of its forms."""

    session: str
    csrf: str
    identity: Identity
    opened: datetime

    @property
    def author(self) -> Author:
        return self.identity.author

    @property
    def role(self) -> Role:
        return self.identity.role

    def may(self, address: str) -> bool:
        """Whether this role may send a form to an address."""
        return self.role >= least_for_address("POST", address)

    def opens(self, address: str) -> bool:
        """Whether this role may open a page."""
        return self.role >= least_for_address("GET", address)

    @property
    def reviews(self) -> bool:
        """Whether this operator's word counts as an expert's."""
        return self.role >= Role.REVIEWER


@dataclass(frozen=True, slots=True)
class Access:
    """What opens the console besides its own token: tokens of lesser roles, and single sign-on,
    whose table has a ``sso_seal`` and whose people are asked for again after ``recheck``."""

    viewer_token: str = field(default="", repr=False)
    reviewer_token: str = field(default="", repr=False)
    sso_seal: str = ""
    recheck: timedelta = timedelta(hours=1)


class SignInRequiredError(Exception):
    """The console is closed to this browser; it is led to the token form."""


class Sessions:
    """Checks tokens, reads and writes cookies."""

    def __init__(self, console_token: str, limits: Limits, access: Access | None = None) -> None:
        self._limits = limits
        self._access = access or Access()
        named = {
            Role.ADMIN: console_token,
            Role.REVIEWER: self._access.reviewer_token,
            Role.VIEWER: self._access.viewer_token,
        }
        self._tokens = {role: token.encode() for role, token in named.items() if token}
        self._secret = hashlib.sha256(
            b"wellspoken web sessions\0" + console_token.encode()
        ).digest()
        self._visitors = URLSafeTimedSerializer(self._secret, salt="visitor")
        self._operators = URLSafeTimedSerializer(self._secret, salt="console session")

    @property
    def limits(self) -> Limits:
        return self._limits

    def opens(self, request: Request, token: bytes, *, script: bool = False) -> Identity | None:
        """Who comes in with this token; takes the same time for every wrong one. For a script only
        the console token counts.

        Raises TooManyError for who guesses too often.
        """
        self._limits.check_guess(request, script=script)
        found: Role | None = None
        for role, right in self._tokens.items():  # all of them: no time tells which was near
            if hmac.compare_digest(token, right) and (role is Role.ADMIN or not script):
                found = role if found is None else found
        self._limits.guessed(request, token, right=found is not None, script=script)
        return None if found is None else self._identity_of(found)

    def _identity_of(self, role: Role) -> Identity:
        """Who holds a token; all who share it are one."""
        name = "operator" if role is Role.ADMIN else f"{role.word}-token"
        return Identity(Author(Platform.WEB, name, name), role, TOKEN, self._seal(role))

    def _seal(self, role: Role) -> str:
        """A digest of a role's token; empty where the role has none."""
        token = self._tokens.get(role)
        return self.keyed(f"seal {role.word} ".encode() + token)[:16] if token else ""

    def keyed(self, words: bytes) -> str:
        """A digest that only this server can make, as 64 hexadecimal digits."""
        return hmac.new(self._secret, words, "sha256").hexdigest()

    def bearer_opens(self, request: Request) -> bool:
        """Whether the request carries ``Authorization: Bearer TOKEN``; raises TooManyError."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return False
        return self.opens(request, token.encode("latin-1"), script=True) is not None

    def take_question(self, request: Request) -> None:
        """Count a question of somebody without the token; raises TooManyError."""
        if not self.operator(request):
            held = self._held_visitor(request)
            self._limits.take_question(request, held.id if held else None)

    def take_trial(self, operator: Operator) -> None:
        """Count a question that an operator tries out; raises TooManyError."""
        self._limits.take_trial(operator.author.key)

    def take_script_question(self) -> None:
        """Count a question of a script that holds the token; raises TooManyError."""
        self._limits.take_script_question()

    def visitor(self, request: Request) -> Visitor:
        """The browser's own visitor, or a new one."""
        visitor = self._held_visitor(request)
        if visitor is None:
            visitor = Visitor(secrets.token_urlsafe(12), secrets.token_urlsafe(6))
        operator = self.operator(request)
        return visitor if operator and operator.reviews else replace(visitor, groups=())

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
        """The open console session, if there is one, as the
        :class:`~adapters.web.auth.gate.SessionGate` found it.

        Raises the StorageError that kept it from looking.
        """
        found: object = getattr(request.state, "operator", None)
        if isinstance(found, WellspokenError):
            raise found
        return found if isinstance(found, Operator) else None

    def claimed(self, request: Request) -> Operator | None:
        """The session that a cookie of ours names; whether it was ended is not looked at here."""
        held = self._read(self._operators, request, CONSOLE_COOKIE, _CONSOLE_SECONDS)
        match held:
            case [str(session), str(id_), str(name), int(role), str(how), str(seal), int(opened)]:
                identity = Identity(Author(Platform.WEB, id_, name), Role(role), how, seal)
            case _:
                return None
        if not self._sealed(identity):
            return None
        at = datetime.fromtimestamp(opened / 1000, UTC)
        return Operator(session, self._csrf(session), identity, at)

    def _sealed(self, identity: Identity) -> bool:
        """Whether what let somebody in is still as it was."""
        seals = {TOKEN: self._seal(identity.role), SSO: self._access.sso_seal}
        seal = seals.get(identity.how, "")
        return bool(seal) and hmac.compare_digest(seal, identity.seal)

    def must_return(self, operator: Operator, *, page: bool) -> bool:
        """Whether a person of single sign-on must be asked for again: before the next page, and
        a while later before anything, so that nobody loses what was just being written."""
        if operator.identity.how != SSO:
            return False
        age = datetime.now(UTC) - operator.opened
        return age > self._access.recheck * (1 if page else 2)

    def open_console(self, request: Request, response: Response, identity: Identity) -> None:
        """Write the cookie of a new console session, with a name that nobody had before."""
        who = [identity.author.id, identity.author.name, int(identity.role)]
        opened = time.time_ns() // 1_000_000
        value = [secrets.token_urlsafe(18), *who, identity.how, identity.seal, opened]
        response.set_cookie(
            CONSOLE_COOKIE,
            str(self._operators.dumps(value)),
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
        return self.keyed(f"csrf {session}".encode())[:32]

    @staticmethod
    def _read(
        serializer: URLSafeTimedSerializer, request: Request, cookie: str, seconds: int
    ) -> object:
        try:
            return serializer.loads(request.cookies.get(cookie, ""), max_age=seconds)
        except BadData:
            return None  # no cookie, an old one, or somebody else's: a stranger
