"""What each role may do in the console: for every address the least role that it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from html import unescape
from types import MappingProxyType

from bot.errors import UsageError


class Role(IntEnum):
    """Who is in the console; each may do what those before it may."""

    VIEWER = 1
    REVIEWER = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As people, cookies and the audit trail name it."""
        return self.name.lower()


class RoleError(UsageError):
    """This needs the role {least}, and you are signed in as {own}; ask an admin to do it."""

    def __init__(self, least: Role, own: Role) -> None:
        super().__init__(least=least.word, own=own.word)


OPEN = frozenset(
    {
        "GET /console/login",
        "POST /console/login",
        "GET /console/sso",
        "GET /console/sso/callback",
    }
)
"""Where people sign in: nobody has a role yet."""

_VIEWER = """
GET /console
GET /console/attention
GET /console/today
GET /console/conversations
GET /console/turns
GET /console/turns/{turn}
GET /console/turns/{turn}/again
GET /console/playground
GET /console/review
GET /console/feedback
GET /console/knowledge
GET /console/knowledge/sources
GET /console/knowledge/history
GET /console/knowledge/uploads
GET /console/knowledge/uploaded
GET /console/knowledge/document
GET /console/gaps
GET /console/gaps/{gap}
GET /console/costs
GET /console/watch
GET /console/advice
GET /console/routing
GET /console/persona
GET /console/persona/samples
GET /console/datasets
GET /console/datasets/{dataset}
GET /console/training
GET /console/training/{job}
GET /console/training/{job}/live
GET /console/gates
GET /console/gates/{gate}
GET /console/suites
GET /console/suites/{name}
GET /console/scorecards
GET /console/scorecards/live
GET /console/scorecards/{run}
GET /console/scorecards/{run}/cases
GET /console/scorecards/{run}/case
GET /console/scorecards/{run}/page
GET /console/scorecards/{run}/json
GET /console/models
GET /console/models/{version}
GET /console/audit
GET /console/audit/{sequence}
GET /console/people
GET /console/people/person
GET /console/processes
GET /console/settings
GET /console/jobs
GET /console/jobs/{job}
POST /console/audit/verify
POST /console/logout
"""

_REVIEWER = """
POST /console/review/words
POST /console/review/undo
POST /console/review/liked
POST /console/review/answer
POST /console/review/bulk
POST /console/review/changes
POST /console/review/open
POST /console/review/leave
GET /console/knowledge/preview
POST /console/knowledge/sync
POST /console/knowledge/upload
POST /console/knowledge/uploaded/remove
POST /console/turns/{turn}/again
POST /console/playground
POST /console/persona
POST /console/persona/look
POST /console/persona/file
POST /console/gaps/{gap}/draft
POST /console/gaps/{gap}/answer
POST /console/gaps/{gap}/verdict
POST /console/gaps/{gap}/owner
POST /console/gaps/{gap}/again
POST /console/gaps/{gap}/again/{turn}
POST /console/watch/alerts/{alert}/seen
POST /console/routing/label
POST /console/suites
POST /console/suites/{name}/case
POST /console/suites/{name}/all
"""

_ADMIN = """
GET /console/first-run
GET /console/first-run/steps
GET /console/settings/entry
POST /console/settings/entry
POST /console/settings/entry/back
POST /console/datasets/build
POST /console/knowledge/reindex
POST /console/routing/rollback
POST /console/training
POST /console/training/{job}/cancel
POST /console/training/{job}/resume
POST /console/scorecards
POST /console/scorecards/cancel
POST /console/scorecards/{run}/delete
POST /console/models/rollback
POST /console/models/{version}/promote
POST /console/models/{version}/gate
POST /console/models/{version}/canary
POST /console/audit/export
POST /console/people/consent
POST /console/people/export
POST /console/people/erase
POST /console/jobs/{job}/cancel
POST /console/jobs/{job}/resume
"""

LEAST: Mapping[str, Role] = MappingProxyType(
    {
        route: role
        for role, routes in (
            (Role.VIEWER, _VIEWER),
            (Role.REVIEWER, _REVIEWER),
            (Role.ADMIN, _ADMIN),
        )
        for route in routes.strip().splitlines()
    }
)
"""``METHOD /path/{with}/holes`` to the least role."""


def least_role(route: str) -> Role:
    """The least role for a route; one that nobody thought of is an admin's."""
    return LEAST.get(route, Role.ADMIN)


def _pattern(route: str) -> re.Pattern[str]:
    method, _, path = route.partition(" ")
    pieces = (re.escape(piece) for piece in re.split(r"\{\w+\}", path))
    return re.compile(f"{method} " + "[^/]+".join(pieces))


_PATTERNS = tuple((_pattern(route), role) for route, role in LEAST.items() if "{" in route)


def least_for_address(method: str, address: str) -> Role:
    """The least role for an address as a page names it, like ``/console/models/v3/promote``."""
    asked = f"{method} {address.partition('?')[0].partition('#')[0]}"
    if asked in LEAST:
        return LEAST[asked]
    return next((role for pattern, role in _PATTERNS if pattern.fullmatch(asked)), Role.ADMIN)


_FORM = r'<form\b[^>]*\bmethod="post"[^>]*\baction="([^"]*)"[^>]*>(?:(?!</?form\b).)*</form>'
_FORMS = re.compile(
    rf'<details class="confirm[^>]*>(?:(?!<form\b|</details>).)*{_FORM}\s*</details>|{_FORM}',
    re.DOTALL,
)


def without_forbidden_forms(html: str, role: Role) -> str:
    """A page without the forms that its reader may not send, wherever a room shows them."""
    if role is Role.ADMIN:
        return html

    def kept(found: re.Match[str]) -> str:
        address = found[1] if found[1] is not None else found[2]
        return found[0] if role >= least_for_address("POST", unescape(address)) else ""

    return _FORMS.sub(kept, html)
