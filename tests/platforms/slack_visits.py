"""A browser's part at the stand-in Slack: installing by OAuth, uninstalling, checking addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp

from tests.platforms.slack_gestures import Gestures
from tests.platforms.slack_state import Team, User
from tests.platforms.slack_words import Json

_AUTHORIZE = re.compile(r'https?://[^"\'\s<>]+/oauth/v2/authorize\?[^"\'\s<>]+')


@dataclass(frozen=True)
class Visit:
    """What the browser ended on."""

    status: int
    text: str
    asked: Json
    """The query of the authorisation page: client_id, scope, state, redirect_uri…"""


class Visits(Gestures):
    """Installation and removal of the app."""

    def client(self, client_id: str, client_secret: str) -> None:
        """The credentials of the app for OAuth."""
        self.world.clients[client_id] = client_secret

    async def install(
        self,
        app: str,
        team: Team,
        user: User,
        *,
        path: str = "/slack/install",
        redirect: str = "/slack/oauth_redirect",
        deny: bool = False,
        forge_state: str | None = None,
    ) -> Visit:
        """Install into a workspace as a browser does: from ``app`` + ``path``, by the page that
        asks, back to the app. ``team`` may be made with ``installed=False``.
        """
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser:
            async with browser.get(urljoin(app, path), allow_redirects=False) as page:
                text = page.headers.get("Location", "") or await page.text()
                cookies = {name: morsel.value for name, morsel in page.cookies.items()}
            found = _AUTHORIZE.search(unescape(text))
            assert found, f"no way to Slack from {path}: {page.status} {text[:300]}"
            asked = {k: v[0] for k, v in parse_qs(urlsplit(found[0]).query).items()}
            assert asked.get("client_id") in self.world.clients, "unknown client"
            back = asked.get("redirect_uri") or urljoin(app, redirect)
            answer = {"state": asked.get("state", "") if forge_state is None else forge_state}
            if deny:
                answer["error"] = "access_denied"
            else:
                answer["code"] = self._code(asked, team, user)
            sent = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())} if cookies else {}
            async with browser.get(back, params=answer, headers=sent) as end:
                return Visit(end.status, await end.text(), asked)

    def _code(self, asked: Json, team: Team, user: User) -> str:
        code = self.world.new_id("code")
        self.world.codes[code] = {
            "team": team,
            "user": user,
            "scopes": asked.get("scope", "").split(","),
            "redirect_uri": asked.get("redirect_uri", ""),
        }
        return code

    async def uninstall(self, team: Team) -> None:
        """Take the app out of a workspace: two events, and its token serves no more."""
        bots = {"oauth": [], "bot": [team.bot_user]}
        self.emit(team, {"type": "tokens_revoked", "tokens": bots})
        self.emit(team, {"type": "app_uninstalled"})
        team.installed = False

    async def verify_address(self) -> bool:
        """Whether the request address answers Slack's challenge."""
        assert self.outbox.request_url is not None, "only in HTTP mode"
        challenge = {"token": "t", "challenge": "3eZbrw1aB", "type": "url_verification"}
        status, text = await self.post_to_app(challenge)
        return status == 200 and challenge["challenge"] in text

    async def post_to_app(
        self,
        payload: Json,
        *,
        at: int | None = None,
        secret: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        """Post an event's payload to the request address; status and text.

        ``at`` and ``secret`` sign it for another time or with another secret; ``headers`` replace
        any of its headers.
        """
        assert self.outbox.request_url is not None, "only in HTTP mode"
        body = self.outbox.json_of(payload)
        sent = {"Content-Type": "application/json", **self.outbox.sign(body, at, secret)}
        sent |= headers or {}
        async with aiohttp.ClientSession() as session:
            url = self.outbox.request_url
            async with session.post(url, data=body.encode(), headers=sent) as response:
                return response.status, await response.text()
