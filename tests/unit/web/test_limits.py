from __future__ import annotations

import httpx2
import pytest
from starlette.requests import Request

from adapters.web.app import create_app
from adapters.web.limits import Limits, Rates, TooManyError, address_of
from bot.limits import Rate
from tests.platforms.web_application import TOKEN, WebApplication

FEW = Rates(Rate(2, 60), Rate(3, 60), Rate(2, 60))


def client(application: WebApplication, host: str = "203.0.113.7") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(
        create_app(application, FEW), raise_app_exceptions=False, client=(host, 5)
    )
    return httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    )


def request_from(host: str) -> Request:
    return Request({"type": "http", "client": (host, 5), "headers": []})


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::1"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_is_what_one_customer_has(host: str, address: str) -> None:
    """An IPv6 customer owns a /64, whichever address of it comes next."""
    assert address_of(request_from(host)) == address


def test_an_address_bounds_many_visitors_but_not_this_machines() -> None:
    """Throwing cookies away gives no more questions, except behind a proxy on this machine."""
    limits = Limits(FEW)
    far, here = request_from("203.0.113.7"), request_from("127.0.0.1")
    for n in range(3):
        limits.take_question(far, f"v{n}")
    with pytest.raises(TooManyError, match="try again in 60 s"):
        limits.take_question(far, "v3")
    for n in range(9):
        limits.take_question(here, f"w{n}")


async def test_a_visitor_who_asks_too_often_is_asked_to_wait(application: WebApplication) -> None:
    """429 with a sentence, the draft kept, and when to come back; other visitors go on."""
    async with client(application) as browser:
        await browser.get("/")
        for _ in range(2):
            assert (await browser.post("/ask", data={"question": "reset?"})).status_code == 303
        page = await browser.post("/ask", data={"question": "reset again?"})
        assert page.status_code == 429
        assert 1 <= int(page.headers["retry-after"]) <= 60
        assert "try again in" in page.text
        assert ">reset again?</textarea>" in page.text
        stream = {"accept": "text/event-stream"}
        told = await browser.post("/ask", data={"question": "reset?"}, headers=stream)
        assert (told.status_code, set(told.json())) == (429, {"error"})
    assert len(application.engine.asked) == 2


async def test_who_holds_the_token_is_not_counted(application: WebApplication) -> None:
    """Neither an operator in the chat nor a script."""
    async with client(application) as browser:
        await browser.post("/console/login", data={"token": TOKEN})
        bearer = {"authorization": f"Bearer {TOKEN}"}
        for _ in range(5):
            assert (await browser.post("/ask", data={"question": "reset?"})).status_code == 303
            asked = await browser.post("/api/ask", json={"question": "reset?"}, headers=bearer)
            assert asked.status_code == 200


async def test_scripts_are_bounded_where_that_is_set(application: WebApplication) -> None:
    """429 with Retry-After and one sentence; the answers before it were given."""
    rates = Rates(api=Rate(2, 60))
    transport = httpx2.ASGITransport(create_app(application, rates), raise_app_exceptions=False)
    bearer = {"authorization": f"Bearer {TOKEN}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://bot.test") as script:
        asked = [
            await script.post("/api/ask", json={"question": "reset?"}, headers=bearer)
            for _ in range(3)
        ]
    assert [response.status_code for response in asked] == [200, 200, 429]
    assert 1 <= int(asked[2].headers["retry-after"]) <= 60
    assert "please try again in" in asked[2].json()["error"]
    counted = application.metrics.exposition().decode()
    assert 'wellspoken_limited_total{kind="api",platform="api"} 1.0' in counted


def test_no_limits_bound_nobody() -> None:
    """`off` everywhere."""
    limits = Limits(Rates(None, None, None, None))
    for _ in range(300):
        limits.take_question(request_from("203.0.113.7"), "v")
        limits.take_script_question()
        limits.check_guess(request_from("203.0.113.7"), script=False)
        limits.guessed(request_from("203.0.113.7"), b"x", right=False, script=False)


async def test_tokens_cannot_be_guessed_quickly(application: WebApplication) -> None:
    """After a few wrong ones even the right one waits, on the form and in the API."""
    async with client(application) as browser:
        for guess in ("a", "b"):
            wrong = {"authorization": f"Bearer {guess}"}
            assert (await browser.post("/api/ask", headers=wrong)).status_code == 401
        for guess in ("a", "b"):
            response = await browser.post("/console/login", data={"token": guess})
            assert response.status_code == 401
        form = await browser.post("/console/login", data={"token": TOKEN})
        assert form.status_code == 429
        assert int(form.headers["retry-after"]) >= 1
        assert 'role="alert">That is more than there is room for' in form.text
        bearer = {"authorization": f"Bearer {TOKEN}"}
        asked = await browser.post("/api/ask", json={"question": "reset?"}, headers=bearer)
        assert asked.status_code == 429
        missing = await browser.post("/api/ask", json={"question": "reset?"})
        assert missing.status_code == 401


async def test_a_script_that_works_is_not_locked_out(application: WebApplication) -> None:
    """Wrong tokens from its address do not stop who had the right one."""
    async with client(application) as browser:
        right = {"authorization": f"Bearer {TOKEN}"}
        body = {"question": "reset?"}
        assert (await browser.post("/api/ask", json=body, headers=right)).status_code == 200
        assert (await browser.post("/console/login", data={"token": "d"})).status_code == 401
        assert (await browser.post("/console/login", data={"token": TOKEN})).status_code == 303
        for guess in "abc":
            wrong = {"authorization": f"Bearer {guess}"}
            assert (await browser.post("/api/ask", json=body, headers=wrong)).status_code == 401
        assert (await browser.post("/api/ask", json=body, headers=right)).status_code == 200
