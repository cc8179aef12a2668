"""Single sign-on against a provider on loopback that does everything wrong on request."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from adapters.entrance import access_of, sso_of
from adapters.web.app import create_app
from adapters.web.auth.oidc import Attempt, Client, OidcProvider, ProviderAnswerError
from adapters.web.auth.roles import Role
from adapters.web.auth.sessions import SSO, Access, Identity, Operator, Sessions
from adapters.web.auth.sessions import TOKEN as BY_TOKEN
from adapters.web.auth.sso import Listed, is_inside
from adapters.web.limits import Limits
from bot.conversation import Author, Platform
from bot.errors import ConfigurationError
from bot.settings import Settings, load_settings
from tests.platforms.oidc_provider import CLIENT, SECRET, OidcStandIn, oidc_provider
from tests.platforms.web_application import TOKEN, WebApplication


@pytest.fixture
def provider() -> Iterator[OidcStandIn]:
    with oidc_provider() as it:
        yield it


@pytest.fixture
def browsing(
    application: WebApplication, provider: OidcStandIn, tmp_path: Path
) -> Callable[..., object]:
    """Opens a browser on a server with single sign-on, as its settings say."""

    @asynccontextmanager
    async def opened(**table: object) -> AsyncIterator[httpx2.AsyncClient]:
        settings = settings_with(tmp_path, provider, **table)
        app = create_app(application, access=access_of(settings), sso=sso_of(settings))
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        headers = {"accept": "text/html"}
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(
                transport=transport, base_url="http://bot.test", headers=headers
            ) as client,
        ):
            yield client

    return opened


def settings_with(folder: Path, provider: OidcStandIn, **table: object) -> Settings:
    sso = {
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "admins": ["ada@example.com"],
        "reviewers": ["support"],
        **table,
    }
    return load_settings(WELLSPOKEN_HOME=folder, sso=sso, WELLSPOKEN_OIDC_CLIENT_SECRET=SECRET)


async def way_back(browser: httpx2.AsyncClient, wanted: str = "/console/review") -> str:
    """From the button over the provider; the address that the provider leads back to."""
    begun = await browser.get("/console/sso", params={"next": wanted})
    assert begun.status_code == 303, begun.text
    async with httpx2.AsyncClient(trust_env=False) as outside:
        answer = await outside.get(begun.headers["location"])
    parts = urlsplit(answer.headers["location"])
    return f"{parts.path}?{parts.query}"


def told(response: httpx2.Response) -> str:
    return re.search(r'role="alert">([^<]+)<', response.text)[1]


async def test_somebody_listed_comes_in(
    browsing: Callable, provider: OidcStandIn, application: WebApplication
) -> None:
    """The button leads over the provider to the room that was wanted, as who they are."""
    async with browsing() as browser:
        assert 'href="/console/sso?next=/console"' in (await browser.get("/console/login")).text
        page = await browser.get(await way_back(browser))
        assert page.status_code == 200
        assert 'content="0;url=/console/review"' in page.text
        cookie = next(c for c in page.headers.get_list("set-cookie") if "wellspoken_console=" in c)
        assert "SameSite=strict" in cookie
        assert "HttpOnly" in cookie
        review = await browser.get("/console/review")
        assert review.status_code == 200
        assert "ada@example.com, admin" in review.text
    entry = (await application.audit.listing())[-1]
    assert entry.content["name"] == "ada@example.com"
    assert (entry.content["role"], entry.content["how"]) == ("admin", "sso")
    assert re.fullmatch(r"web:oidc:[0-9a-f]{24}", entry.content["actor"])
    assert len(provider.exchanged[0]["code_verifier"]) >= 43


async def test_an_operator_can_be_forgotten(
    browsing: Callable, application: WebApplication
) -> None:
    """Neither the key nor the address stays in the trail, which still holds."""
    async with browsing() as browser:
        assert (await browser.get(await way_back(browser))).status_code == 200
    key = (await application.audit.listing())[-1].content["actor"]
    await application.governance.forget(key, by="web:operator")
    left = [str(dict(entry.content)) for entry in await application.audit.listing()]
    assert any("console opened" in content for content in left)
    assert not [c for c in left if "ada@example.com" in c or key in c]
    assert await application.audit.verify() is None


async def test_each_person_has_a_key_of_their_own(
    browsing: Callable, provider: OidcStandIn, application: WebApplication
) -> None:
    """Another subject is another author, and the same one stays the same with a new address."""
    keys = []
    for subject, email in (("u-1", "ada@example.com"), ("u-2", "bob@x.com"), ("u-1", "ad@x.com")):
        provider.person |= {"sub": subject, "email": email}
        async with browsing() as browser:
            assert (await browser.get(await way_back(browser))).status_code == 200
        entry = (await application.audit.listing())[-1]
        keys.append(entry.content["actor"])
    assert keys[0] == keys[2] != keys[1]


@pytest.mark.parametrize(
    ("claims", "signing", "words"),
    [
        ({"nonce": "made up"}, "RS256", "another sign-in"),
        ({"nonce": None}, "RS256", "another sign-in"),
        ({"aud": "somebody-else"}, "RS256", "for another program"),
        ({"aud": [CLIENT, "somebody-else"]}, "RS256", "for another program"),
        ({"azp": "somebody-else"}, "RS256", "for another program"),
        ({"iss": "https://evil.example"}, "RS256", "somebody else issued it"),
        ({"sub": None}, "RS256", "names nobody"),
        ({"sub": ""}, "RS256", "names nobody"),
        ({"exp": int(time.time()) - 120}, "RS256", "clocks"),
        ({"exp": None}, "RS256", "never ends"),
        ({"iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200}, "RS256", "clocks"),
        ({}, "none", "signature"),
        ({}, "HS256 with the public key", "signature"),
        ({}, "another key", "signature"),
    ],
)
async def test_a_token_that_is_wrong_opens_nothing(
    browsing: Callable, provider: OidcStandIn, claims: dict, signing: str, words: str
) -> None:
    """Each thing that can be wrong with it is said in a sentence, and nobody is signed in."""
    provider.claims, provider.signing = claims, signing
    async with browsing() as browser:
        refused = await browser.get(await way_back(browser))
        assert refused.status_code == 401
        assert words in told(refused)
        assert (await browser.get("/console")).status_code == 303


async def test_a_sign_in_works_once_and_in_its_own_browser(browsing: Callable) -> None:
    """A wrong state, a missing cookie and a second use of the way back are refused."""
    async with browsing() as browser:
        back = await way_back(browser)
        wrong = await browser.get(re.sub(r"state=[^&]+", "state=made-up", back))
        assert wrong.status_code == 401
        assert "out of date" in told(wrong)
        again = await browser.get(back)  # its cookie went with the first attempt
        assert "out of date" in told(again)
        back = await way_back(browser)
        cookie = browser.cookies.get("wellspoken_sso")
        assert (await browser.get(back)).status_code == 200
        browser.cookies.clear()
        replayed = await browser.get(back, headers={"cookie": f"wellspoken_sso={cookie}"})
        assert replayed.status_code == 401
        assert "out of date" in told(replayed)


async def test_a_code_that_was_used_is_refused(browsing: Callable, provider: OidcStandIn) -> None:
    """The provider takes no code twice; its refusal is a sentence."""
    async with browsing() as browser:
        back = await way_back(browser)
        provider.codes.clear()
        refused = await browser.get(back)
        assert refused.status_code == 401
        assert "did not let you in" in told(refused)


async def test_who_is_not_listed_stays_outside(browsing: Callable, provider: OidcStandIn) -> None:
    """Neither an unlisted person, nor an address that is not verified, nor a foreign domain."""
    provider.person = {"sub": "u-9", "email": "eve@example.com", "email_verified": True}
    async with browsing() as browser:
        refused = await browser.get(await way_back(browser))
        assert refused.status_code == 403
        assert told(refused).startswith("eve@example.com is not among those")
        provider.person |= {"email": "ada@example.com", "email_verified": False}
        assert (await browser.get(await way_back(browser))).status_code == 403
    provider.person["email_verified"] = True
    async with browsing(domains=["other.example"]) as browser:
        assert (await browser.get(await way_back(browser))).status_code == 403


@pytest.mark.parametrize("part", ["/openid-configuration", "/keys", "/token"])
async def test_a_provider_that_is_down_is_said_so(
    browsing: Callable, provider: OidcStandIn, part: str
) -> None:
    """Whatever part fails, one sentence tells it; the token still opens, and later all works."""
    provider.fails = part
    async with browsing() as browser:
        answer = await browser.get("/console/sso")
        if answer.status_code == 303:
            answer = await browser.get(await way_back(browser))
        assert answer.status_code in (401, 503)
        assert told(answer)
        provider.fails = ""
        assert (await browser.get(await way_back(browser))).status_code == 200
        browser.cookies.clear()
        assert (await browser.post("/console/login", data={"token": TOKEN})).status_code == 303


@pytest.mark.parametrize(
    "tells",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"jwks_uri": None},
    ],
)
async def test_a_provider_that_lies_about_itself_is_not_used(
    browsing: Callable, provider: OidcStandIn, tells: dict
) -> None:
    """Its own name must be the issuer's, and its addresses safe."""
    provider.tells = tells
    async with browsing() as browser:
        answer = await browser.get("/console/sso")
        assert answer.status_code == 401
        assert "cannot be trusted" in told(answer)


async def test_a_changed_list_ends_the_sessions_that_it_opened(
    browsing: Callable, application: WebApplication
) -> None:
    """A server whose table is another one does not know the cookie."""
    async with browsing() as browser:
        await browser.get(await way_back(browser))
        assert (await browser.get("/console")).status_code == 200
        kept = browser.cookies
    async with browsing(admins=["bob@example.com"]) as browser:
        browser.cookies = kept
        assert (await browser.get("/console")).status_code == 303


def test_the_provider_is_asked_again_in_time(tmp_path: Path, provider: OidcStandIn) -> None:
    """The table's own limits hold: an issuer over plain HTTP elsewhere, nobody listed, no time."""
    for wrong in (
        {"issuer": "http://id.example.com"},
        {"issuer": "https://user:pw@id.example.com"},
        {"client_id": ""},
        {"admins": [], "reviewers": []},
        {"recheck": "1m"},
        {"scopes": ["email"]},
    ):
        with pytest.raises(ConfigurationError):
            settings_with(tmp_path, provider, **wrong)
    assert settings_with(tmp_path, provider, recheck="30m").sso.recheck == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"email": "Ada@Example.com", "email_verified": True}, Role.ADMIN),
        ({"email": "ada@example.com"}, None),
        ({"email": "ada@example.com", "email_verified": "true"}, None),
        ({"groups": ["ada@example.com"]}, None),
        ({"groups": ["support", "staff"]}, Role.REVIEWER),
        ({"groups": "staff"}, Role.VIEWER),
        ({"groups": {"staff": True}}, None),
        ({"groups": [["staff"], 7, None]}, None),
        ({}, None),
    ],
)
def test_only_what_is_listed_gives_a_role(claims: dict, role: Role | None) -> None:
    """The highest role counts; a group cannot pass for an address, nor an unverified one."""
    listed = Listed("groups", ["ada@example.com"], ["support"], ["staff"])
    assert listed.role_of(claims) is role


def test_a_dotted_claim_leads_inside() -> None:
    """As some providers nest their roles; a claim of exactly that name comes first."""
    listed = Listed("realm.roles", viewers=["staff"])
    assert listed.role_of({"realm": {"roles": ["staff"]}}) is Role.VIEWER
    assert listed.role_of({"realm.roles": [], "realm": {"roles": ["staff"]}}) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/console",
        "//evil.example/console",
        "/console\\@evil",
        "/consolex",
        "/console\t/x",
        "/\t/evil.example",
        "javascript:alert(1)",
        "",
    ],
)
def test_no_sign_in_leads_elsewhere(address: str) -> None:
    """Only a room of the console can follow."""
    assert not is_inside(address)
    assert is_inside("/console/turns?before=x")


def test_people_are_asked_for_again_after_a_while() -> None:
    """Before the next page once the time is over, before anything once it is over twice; tokens
    never."""
    sessions = Sessions(TOKEN, Limits(), Access(sso_seal="s", recheck=timedelta(hours=1)))

    def operator(how: str, minutes: int) -> Operator:
        who = Identity(Author(Platform.WEB, "oidc:x", "x"), Role.ADMIN, how, "s")
        return Operator("s", "c", who, datetime.now(UTC) - timedelta(minutes=minutes))

    asked = [
        (minutes, page)
        for minutes in (30, 90, 150)
        for page in (True, False)
        if sessions.must_return(operator(SSO, minutes), page=page)
    ]
    assert asked == [(90, True), (150, True), (150, False)]
    assert not sessions.must_return(operator(BY_TOKEN, 600), page=True)


async def test_changed_keys_are_fetched_again(provider: OidcStandIn) -> None:
    """A key that is not known yet is looked for again, but not more often than twice a minute."""
    ahead = 0.0
    client = Client(provider.issuer, CLIENT, SECRET)
    asking = OidcProvider(client, clock=lambda: time.time() + ahead)

    async def sign_in() -> str:
        attempt = Attempt("state", "nonce", "verifier" * 8, "http://bot.test/console/sso/callback")
        async with httpx2.AsyncClient(trust_env=False) as outside:
            answer = await outside.get(await asking.begin(attempt))
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        return str((await asking.finish(attempt, code))["sub"])

    assert await sign_in() == "u-1"
    provider.rotate()
    with pytest.raises(ProviderAnswerError, match="signature"):
        await sign_in()
    ahead = 31.0
    assert await sign_in() == "u-1"
    await asking.aclose()
