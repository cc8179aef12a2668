"""Single sign-on in a real browser, over a provider on another site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.entrance import access_of, sso_of
from bot.settings import load_settings
from tests.platforms.browsing import (
    BROWSER,
    CHROMIUM,
    playwright,
)
from tests.platforms.oidc_provider import CLIENT, SECRET, OidcStandIn, oidc_provider
from tests.platforms.web_application import Served, served

pytestmark = BROWSER


@pytest.fixture
def provider() -> Iterator[OidcStandIn]:
    with oidc_provider() as it:
        it.issuer = it.issuer.replace("127.0.0.1", "localhost")  # another site than the bot's
        yield it


@pytest.fixture
def bot(tmp_path: Path, provider: OidcStandIn) -> Iterator[Served]:
    settings = load_settings(
        WELLSPOKEN_HOME=tmp_path,
        WELLSPOKEN_OIDC_CLIENT_SECRET=SECRET,
        sso={"issuer": provider.issuer, "client_id": CLIENT, "reviewers": ["support"]},
    )
    with served(tmp_path, access=access_of(settings), sso=sso_of(settings)) as bot:
        yield bot


def test_the_button_leads_into_the_console(bot: Served, provider: OidcStandIn) -> None:
    """Over the other site and back: the strict cookie is sent at once, the room that was wanted
    opens, and logging out ends it. Nothing that the pages forbid is tried."""
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{bot.address}/console/review")
        page.get_by_role("link", name="Sign in with your account").click()
        page.wait_for_url("**/console/review")
        assert page.get_by_text("ada@example.com, reviewer").is_visible()
        assert page.get_by_role("button", name="Log out").first.is_visible()
        page.get_by_role("button", name="Log out", exact=True).click()
        page.wait_for_url("**/console/login*")
        page.goto(f"{bot.address}/console/review")
        assert "/console/login" in page.url
        assert not [line for line in said if "Content Security Policy" in line]
        chromium.close()
