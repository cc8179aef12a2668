"""The chat for websites: who may speak to it, as whom, and how often."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
import pytest_asyncio

from adapters.rendering.tree import markdown_tree
from adapters.web.app import create_app
from adapters.web.chat import REASONS
from adapters.web.limits import Rates
from adapters.web.pages import STATIC
from adapters.web.widget.gate import Widget
from bot.conversation import Turn
from bot.errors import ConfigurationError
from bot.limits import Rate
from bot.settings import load_settings
from bot.settings.widget import checked_origin
from bot.settings.widget_words import WORDS, checked_words
from bot.store.history import History
from tests.platforms.web_application import WebApplication, down

SITE, OTHER = "https://www.example.com", "https://shop.example.org"
TOKEN, SECOND = "acme-help", "shop-help"
WIDGET = Widget({TOKEN: (SITE,), SECOND: (OTHER,)}, title="Ask Acme")
HEADERS = {"origin": SITE, "x-widget-token": TOKEN}


def client_of(
    application: WebApplication, widget: Widget | None = WIDGET, rates: Rates | None = None
) -> httpx2.AsyncClient:
    app = create_app(application, rates, widget=widget)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False, client=("203.0.113.7", 5))
    return httpx2.AsyncClient(transport=transport, base_url="http://bot.test")


@pytest_asyncio.fixture
async def site(application: WebApplication) -> AsyncIterator[httpx2.AsyncClient]:
    """A page of the website that may ask."""
    async with client_of(application) as client:
        client.headers.update(HEADERS)
        yield client


async def begun(site: httpx2.AsyncClient) -> str:
    told = await site.post("/api/widget/session", json={})
    assert told.status_code == 200
    return str(told.json()["session"])


async def asked(
    site: httpx2.AsyncClient, session: str, question: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The finished answer at the end of the stream."""
    body = {"session": session, "question": question}
    told = await site.post("/api/widget/ask", json=body, headers=headers)
    assert told.status_code == 200, told.text
    name, data = told.text.strip().split("\n\n")[-1].split("\n")
    assert name == "event: answer"
    answer: dict[str, Any] = orjson.loads(data.removeprefix("data: "))
    return answer


async def test_a_website_asks_and_gets_a_cited_answer_in_parts_of_a_page(
    application: WebApplication, site: httpx2.AsyncClient
) -> None:
    """Streamed, numbered, as elements and texts; asked for public documents alone."""
    session = await begun(site)
    answer = await asked(site, session, "How do I reset the hub?")
    assert answer["outcome"] == "answered"
    assert [(s["n"], s["title"], s["uri"]) for s in answer["sources"]] == [
        (1, "Resetting the hub", ""),
        (2, "What the lights mean", "https://docs.example.com/lights"),
    ]
    assert ["strong", {}, "power button"] in answer["tree"][0]
    assert ["cite", {"n": 1}] in answer["tree"][0]
    question = application.engine.asked[0]
    assert question.principal.groups == frozenset()
    assert (question.channel, question.author.key) == ("widget", f"web:{question.author.id}")


REFUSED = [
    ({"x-widget-token": TOKEN}, "lists its origin"),
    ({"x-widget-token": TOKEN, "origin": "https://evil.example"}, "lists its origin"),
    ({"x-widget-token": TOKEN, "origin": "null"}, "lists its origin"),
    ({"x-widget-token": TOKEN, "origin": "http://www.example.com"}, "lists its origin"),
    ({"x-widget-token": TOKEN, "origin": f"{SITE}.evil.example"}, "lists its origin"),
    ({"x-widget-token": TOKEN, "origin": OTHER}, "another website"),
    ({"x-widget-token": "somebody", "origin": SITE}, "another website"),
    ({"origin": SITE}, "another website"),
]


async def test_who_is_not_listed_is_refused(application: WebApplication) -> None:
    """403 as JSON, before the body is read; a foreign origin cannot read even that."""
    async with client_of(application) as client:
        for path in ("session", "ask", "feedback"):
            for headers, told in REFUSED:
                address = f"/api/widget/{path}"
                refused = await client.post(address, content=b"{", headers=headers)
                assert refused.status_code == 403
                assert told in refused.json()["error"]
                origin = headers.get("origin")
                listed = origin if origin in (SITE, OTHER) else None
                assert refused.headers.get("access-control-allow-origin") == listed
                assert "origin" in refused.headers["vary"].lower()
                assert "content-security-policy" in refused.headers
    assert application.engine.asked == []


async def test_browsers_are_told_exactly_what_is_allowed(application: WebApplication) -> None:
    """A preflight names the origin that asked, if it is listed; never a star, never cookies."""
    ask = {"access-control-request-method": "POST"}
    async with client_of(application) as client:
        mine = await client.options("/api/widget/ask", headers={"origin": SITE, **ask})
        foreign = await client.options("/api/widget/ask", headers={"origin": "https://x.y", **ask})
        elsewhere = await client.options("/api/ask", headers={"origin": SITE, **ask})
    assert mine.status_code == 204
    assert mine.headers["access-control-allow-origin"] == SITE
    assert "x-widget-token" in mine.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in mine.headers
    assert foreign.status_code == 403
    for other in (foreign, elsewhere):
        assert "access-control-allow-origin" not in other.headers


async def test_without_a_token_set_up_there_is_no_widget(application: WebApplication) -> None:
    """Neither script nor endpoints."""
    async with client_of(application, None) as client:
        assert (await client.get("/widget.js")).status_code == 404
        assert (await client.post("/api/widget/ask", json={}, headers=HEADERS)).status_code == 404


async def test_the_script_is_small_and_asked_for_once(application: WebApplication) -> None:
    """Under 20 KB on the way, with an ETag; it says what the settings say."""
    async with client_of(application) as client:
        plain = await client.get("/widget.js", headers={"accept-encoding": "identity"})
        again = await client.get("/widget.js", headers={"if-none-match": plain.headers["etag"]})
        async with client.stream("GET", "/widget.js") as packed:
            sent = b"".join([piece async for piece in packed.aiter_raw()])
    assert plain.headers["content-type"].startswith("text/javascript")
    assert '"title":"Ask Acme"' in plain.text
    assert "innerHTML" not in plain.text
    assert len(sent) < 20_000
    assert gzip.decompress(sent) == plain.content
    assert (again.status_code, again.content) == (304, b"")
    assert "set-cookie" not in plain.headers


def test_each_of_its_words_stands_in_the_script() -> None:
    """As it is listed, so that none is set in vain; what leads a thumb stands in its own list."""
    script = (STATIC / "widget.js").read_text("utf-8")
    missing = [w for w in WORDS if f'"{w}"' not in script and w not in REASONS]
    assert missing == []
    manual = Path("docs/widget.md").read_text("utf-8")
    assert [w for w in WORDS if f"- `{w.strip()}`" not in manual] == []
    assert set(REASONS) <= set(WORDS)


async def test_it_speaks_the_words_that_are_set(application: WebApplication) -> None:
    """In place of its own, wherever they stand, with its language; quotes and angles stay text."""
    words = {
        "Your question": 'Deine "Frage" </script>',
        "Incomplete": "Unvollständig",
        "Conversation": "Sources",
        "Sources": "Quellen",
    }
    widget = Widget({TOKEN: (SITE,)}, language="de", words=checked_words(words))
    async with client_of(application, widget) as client:
        script = (await client.get("/widget.js")).text
    assert '"Your question"' not in script
    assert script.count('"Deine \\"Frage\\" </script>"') == 2
    assert '["Incomplete","Unvollständig"]' in script
    assert '"language":"de"' in script
    assert ('"aria-label": "Sources"' in script, '{}, "Quellen")' in script) == (True, True)


async def test_a_conversation_belongs_to_whoever_holds_its_word(
    application: WebApplication, site: httpx2.AsyncClient
) -> None:
    """Others neither see it nor rate it, and a word that was changed, or that another website's
    token signed for, is nobody's."""
    mine, others = await begun(site), await begun(site)
    turn = (await asked(site, mine, "How do I reset the hub?"))["turn"]
    await asked(site, mine, "And the lights after the reset?")
    assert len({question.thread for question in application.engine.asked}) == 1
    before = (await site.post("/api/widget/session", json={"session": mine})).json()["turns"]
    assert [t["question"] for t in before] == [
        "How do I reset the hub?",
        "And the lights after the reset?",
    ]
    assert (await site.post("/api/widget/session", json={"session": others})).json()["turns"] == []
    body = {"turn": turn, "rating": "up"}
    told = await site.post("/api/widget/feedback", json={"session": others, **body})
    assert told.status_code == 404
    elsewhere = {"origin": OTHER, "x-widget-token": SECOND}
    for session, headers in ((mine + "x", {}), ("", {}), (mine, elsewhere)):
        told = await site.post(
            "/api/widget/feedback", json={"session": session, **body}, headers=headers
        )
        assert told.status_code == 422
        assert "begin a new one" in told.json()["error"]
    anew = await site.post("/api/widget/session", json={"session": mine, "anew": True})
    assert anew.json()["turns"] == []


async def test_a_visitor_rates_what_they_were_told(
    application: WebApplication, site: httpx2.AsyncClient
) -> None:
    """Up, taken back, down with a better answer; it counts as a reader's, not as an expert's."""
    session = await begun(site)
    turn = (await asked(site, session, "How do I reset the hub?"))["turn"]

    async def rate(**body: str) -> None:
        sent = {"session": session, "turn": turn, **body}
        assert (await site.post("/api/widget/feedback", json=sent)).status_code == 200

    await rate(rating="up")
    await rate(rating="none")
    assert await application.feedback.of(turn) == []
    await rate(rating="down", reason="Incomplete", correction="Hold it for twelve seconds.")
    (kept,) = await application.feedback.of(turn)
    assert (kept.rating.value, kept.reason, kept.expert) == ("down", "Incomplete", False)
    assert kept.correction == "Hold it for twelve seconds."


async def test_a_repeated_request_is_the_same_turn(
    application: WebApplication, site: httpx2.AsyncClient
) -> None:
    """By its key, which is the visitor's own: another visitor's equal key is another question."""
    session, other = await begun(site), await begun(site)
    key = {"idempotency-key": "k"}
    first = await asked(site, session, "How do I reset the hub?", key)
    again = await asked(site, session, "How do I reset the hub?", key)
    theirs = await asked(site, other, "How do I reset the hub?", key)
    assert first["turn"] == again["turn"] != theirs["turn"]
    body = {"session": session, "question": "Something else?"}
    told = await site.post("/api/widget/ask", json=body, headers=key)
    assert (told.status_code, set(told.json())) == (422, {"error"})


async def test_a_visitor_and_a_website_have_their_share(application: WebApplication) -> None:
    """429 with a sentence the page can read; the others of the website go on until it is full."""
    rates = Rates(widget_visitor=Rate(2, 60), widget_token=Rate(3, 60), address=None)
    async with client_of(application, rates=rates) as site:
        site.headers.update(HEADERS)
        one, two = await begun(site), await begun(site)
        for _ in range(2):
            await asked(site, one, "How do I reset the hub?")
        body = {"session": one, "question": "Again?"}
        told = await site.post("/api/widget/ask", json=body)
        assert told.status_code == 429
        assert "try again in" in told.json()["error"]
        assert told.headers["access-control-allow-origin"] == SITE
        assert 1 <= int(told.headers["retry-after"]) <= 60
        await asked(site, two, "How do I reset the hub?")
        full = await site.post("/api/widget/ask", json={"session": two, "question": "Again?"})
        assert full.status_code == 429
    counted = application.metrics.exposition().decode()
    assert 'wellspoken_limited_total{kind="widget_visitor",platform="web"} 1.0' in counted
    assert 'wellspoken_limited_total{kind="widget",platform="web"} 1.0' in counted


async def test_visitors_that_are_made_up_share_their_address(application: WebApplication) -> None:
    """A new conversation for each question gives no more of them than an address has."""
    async with client_of(application, rates=Rates(address=Rate(2, 60))) as site:
        site.headers.update(HEADERS)
        for _ in range(2):
            await asked(site, await begun(site), "How do I reset the hub?")
        body = {"session": await begun(site), "question": "Again?"}
        assert (await site.post("/api/widget/ask", json=body)).status_code == 429


async def test_visits_that_are_made_up_have_an_end(application: WebApplication) -> None:
    """Who only ever begins conversations is told to wait, before anything is looked up."""
    async with client_of(application, rates=Rates(address=Rate(2, 60))) as site:
        site.headers.update(HEADERS)
        told = [(await site.post("/api/widget/session", json={})).status_code for _ in range(9)]
        assert told == [200] * 8 + [429]


BAD = [
    (b"{", "application/json", 422),
    (b"[]", "application/json", 422),
    (b'{"session": "x"}', "application/json", 422),
    (b'{"session": 1, "question": "a"}', "application/json", 422),
    (b'{"session": "x", "question": " "}', "application/json", 422),
    (b'{"session": "x", "question": "a", "groups": ["staff"]}', "application/json", 422),
    (b'{"session": "x", "question": "a"}', "text/plain", 415),
    (b'{"session": "' + b"x" * 1_100_000 + b'"}', "application/json", 413),
]


async def test_a_bad_body_is_one_sentence(site: httpx2.AsyncClient) -> None:
    """As JSON that the page may read."""
    for body, kind, status in BAD:
        told = await site.post("/api/widget/ask", content=body, headers={"content-type": kind})
        assert (told.status_code, set(told.json())) == (status, {"error"})
        assert told.headers["access-control-allow-origin"] == SITE


@pytest.mark.parametrize("word", [r"\ud800", r"\u0000", "a.b.c", "é" * 500])
async def test_a_word_that_is_none_begins_another_visit(
    site: httpx2.AsyncClient, word: str
) -> None:
    """Half of a surrogate pair, too; asking with it is refused in a sentence."""
    kind = {"content-type": "application/json"}
    body = f'{{"session": "{word}", "question": "Hello?"}}'.encode()
    visit = await site.post("/api/widget/session", content=body, headers=kind)
    assert (visit.status_code, visit.json()["turns"]) == (200, [])
    told = await site.post("/api/widget/ask", content=body, headers=kind)
    assert (told.status_code, set(told.json())) == (422, {"error"})
    assert told.headers["access-control-allow-origin"] == SITE


async def test_a_visitor_hears_nothing_of_the_inside(
    application: WebApplication, site: httpx2.AsyncClient
) -> None:
    """A failure is told in our words, without an address of this server."""
    session = await begun(site)
    application.engine.fails = down("http://model.inside:9")
    told = await site.post("/api/widget/ask", json={"session": session, "question": "Hello?"})
    assert "event: error" in told.text
    assert "inside" not in told.text


async def test_a_fault_can_be_read_by_the_page(
    application: WebApplication, site: httpx2.AsyncClient
) -> None:
    """A 500 names the origin like every other answer, says one sentence, and is fenced in; it is
    not read by others."""

    class FaultyHistory(History):
        async def of_thread(self, thread: str, limit: int | None = 50) -> list[Turn]:
            raise RuntimeError(f"a secret of the inside: {thread}, {limit}")

    session = await begun(site)
    application.history = FaultyHistory(application.database)
    told = await site.post("/api/widget/session", json={"session": session})
    assert told.status_code == 500
    assert told.headers["access-control-allow-origin"] == SITE
    assert "origin" in told.headers["vary"].lower()
    assert "content-security-policy" in told.headers
    assert told.json() == {"error": "Something went wrong on our side; try again in a moment."}
    foreign = await site.post(
        "/api/widget/session", json={"session": session}, headers={"origin": "https://x.example"}
    )
    assert foreign.status_code == 403
    assert "access-control-allow-origin" not in foreign.headers


def test_what_a_model_wrote_is_text_and_leads_nowhere() -> None:
    """No raw HTML, no image, no link that is not cited."""
    tree = markdown_tree("<img src=x onerror=a()> [here](https://evil.example) ![i](https://e/x)")
    assert tree == [["p", {}, "<img src=x onerror=a()> ", "here", " !", "i"]]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('tokens = {"acme-help" = ["www.example.com"]}', "begins with https://"),
        ('tokens = {"acme-help" = ["https://example.com/help"]}', "without a path"),
        ('tokens = {"acme-help" = ["https://example.com/"]}', "without a path"),
        ('tokens = {"acme-help" = ["*"]}', "there is no *"),
        ('tokens = {"acme-help" = ["https://*.example.com"]}', "there is no *"),
        ('tokens = {"acme-help" = ["https://example.com:99999"]}', "is no origin"),
        ('tokens = {"acme-help" = []}', "has no origin"),
        ('tokens = {"a b" = ["https://example.com"]}', "is no token"),
        ('colour = "#ffee00"', "too light"),
        ('colour = "green"', "is no colour"),
        ('language = "German"', "is no language"),
        ('words = {"Frage" = "?"}', "none of the widget's words"),
        ('words = {"Send" = " "}', "needs 1 to 200 characters"),
        ('words = {"Source {n}:" = "Quelle"}', "needs {n} in it"),
        ('words = {"Send" = "{bot} fragen"}', "has no {bot} in it"),
        ('visitor = "many"', "is no rate"),
    ],
)
def test_a_wrong_setting_is_one_sentence_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, told: str
) -> None:
    """It names the file, the line and what to write."""
    file = tmp_path / "wellspoken.toml"
    file.write_text(f"[widget]\n{line}\n")
    monkeypatch.setenv("WELLSPOKEN_CONFIG", str(file))
    with pytest.raises(ConfigurationError, match=r"wellspoken\.toml:2") as error:
        load_settings()
    assert told in str(error.value)


def test_an_origin_is_as_browsers_send_it() -> None:
    """Lower case, no port of the scheme's own, other alphabets as browsers write them."""
    assert checked_origin("https://WWW.Example.com:443") == "https://www.example.com"
    assert checked_origin("http://localhost:3000") == "http://localhost:3000"
    assert checked_origin("https://bücher.example") == "https://xn--bcher-kva.example"
    assert checked_origin("http://[::1]:8000") == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://[2001:DB8:0:0:0:0:0:1]", "https://[2001:db8::1]"),
        ("https://[2001:0db8:0000:0001::0001]:443", "https://[2001:db8:0:1::1]"),
        ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
        ("http://[2001:db8:0:0:1:0:0:1]", "http://[2001:db8::1:0:0:1]"),
        ("http://[::ffff:192.0.2.128]", "http://[::ffff:c000:280]"),
        ("http://[2001:db8:0:1:1:1:1:1]", "http://[2001:db8:0:1:1:1:1:1]"),
        ("http://192.0.2.1:80", "http://192.0.2.1"),
    ],
)
def test_an_address_is_written_as_browsers_send_it(written: str, sent: str) -> None:
    """However it was written, it is one origin: the shortest form, as the URL standard has it."""
    assert checked_origin(written) == sent


@pytest.mark.parametrize(
    "origin",
    ["http://[fe80::1%25eth0]", "http://[::1", "http://[1::2::3]", "http://127.1", "http://0x7f.1"],
)
def test_an_address_that_browsers_send_otherwise_is_refused(origin: str) -> None:
    """Rather than never be met."""
    with pytest.raises(ValueError, match="is no origin"):
        checked_origin(origin)


@pytest.mark.parametrize("origin", ["https://straße.example", "https://ｆull.example"])
def test_an_origin_never_becomes_another_website(origin: str) -> None:
    """``straße`` is not ``strasse``: who means it writes the name that browsers send."""
    with pytest.raises(ValueError, match="xn--"):
        checked_origin(origin)
