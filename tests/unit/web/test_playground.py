"""The playground, and asking a turn's question again: who may, what is asked, what is shown."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
import pytest_asyncio

from adapters.web.app import create_app
from adapters.web.auth.sessions import Access
from adapters.web.limits import Rates
from bot.conversation import Platform
from bot.errors import QuestionError
from bot.limits import Rate
from tests.platforms.web_application import TOKEN, WebApplication
from tests.unit.web.test_chat import ask

VIEWER, REVIEWER = "the-viewer's-token", "the-reviewer's-token"
ROOM = "/console/playground"

Visit = Callable[[str], httpx2.AsyncClient]


@pytest_asyncio.fixture
async def client(application: WebApplication) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser of a console with roles, in which three questions a minute may be tried."""
    app = create_app(application, Rates(trials=Rate(3, 60.0)), access=Access(VIEWER, REVIEWER))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://bot.test", headers={"accept": "text/html"}
    ) as client:
        yield client


async def sign_in(client: httpx2.AsyncClient, token: str) -> str:
    """The hidden value of this session's forms."""
    client.cookies.clear()
    assert (await client.post("/console/login", data={"token": token})).status_code == 303
    page = (await client.get("/console/conversations")).text
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


async def test_a_question_is_tried_with_the_eyes_that_were_chosen(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The channel's groups and those that are ticked, none that nobody named; nothing is stored."""
    csrf = await sign_in(client, TOKEN)
    sent = {"question": "How are night shifts paid?", "audience": "Slack channel:C1",
            "groups": ["made-up"], "model": "grand", "csrf": csrf}  # fmt: skip
    page = await client.post(ROOM, data=sent)

    assert page.status_code == 200
    (trial,) = application.trials.asked
    assert (trial.groups, trial.platform, trial.model) == ({"staff"}, Platform.SLACK, "grand")
    for words in ("Night shifts are paid at 1.5", "sees staff", "900 in, 120 out", "$0.002100",
                  "Passages given to the voice", "You are Juniper."):  # fmt: skip
        assert words in page.text
    assert "No questions yet" in (await client.get("/console/conversations")).text

    shared = re.search(r'href="(/console/playground\?[^"]+)">Link to this', page.text)
    assert shared is not None
    filled = (await client.get(html.unescape(shared[1]))).text
    assert "How are night shifts paid?</textarea>" in filled
    assert '<option value="grand" selected>' in filled
    assert len(application.trials.asked) == 1, "a link asks nothing by itself"


async def test_what_is_withheld_is_named_and_not_shown(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """An operator learns that something was kept from the audience, not what it says."""
    csrf = await sign_in(client, REVIEWER)
    page = (await client.post(ROOM, data={"question": "night shifts?", "csrf": csrf})).text
    assert "staff/pay.md" in page
    assert "1.5 times" not in page


async def test_a_turn_that_is_kept_has_a_page(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Its address can be shared with whoever may read the console."""
    csrf = await sign_in(client, REVIEWER)
    answer = await client.post(ROOM, data={"question": "reset?", "keep": "yes", "csrf": csrf})
    assert answer.status_code == 303
    story = await client.get(answer.headers["location"])
    assert story.status_code == 200
    assert "Hold the" in story.text


async def test_asking_again_stands_beside_the_first_answer(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Of the same audience, with what was said before it; figures that differ are marked."""
    csrf = await sign_in(client, TOKEN)
    await ask(client, "reset one?")
    turn = await ask(client, "and reset two?")
    address = f"/console/turns/{turn}/again"
    assert "stands here beside the first one" in (await client.get(address)).text

    page = (await client.post(address, data={"model": "grand", "csrf": csrf})).text
    (trial,) = application.trials.asked
    assert (trial.question, trial.again, trial.groups) == ("and reset two?", turn, frozenset())
    assert [m.text for m in trial.history][:1] == ["reset one?"]
    assert page.count("Hold the") >= 2
    assert re.search(
        r'class="differs"><th scope="row">Model</th><td>extractive</td><td>grand', page
    )
    assert (await client.get("/console/turns/nowhere/again")).status_code == 404


async def test_viewers_look_and_do_not_ask(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The page says what it takes and what a link asks, the server refuses the form; prompts are
    for admins."""
    csrf = await sign_in(client, VIEWER)
    turn = await ask(client, "reset?")
    page = (await client.get(f"{ROOM}?question=how+to+<b>reset")).text
    assert "takes the role reviewer" in page
    assert "how to &lt;b&gt;reset" in page, "the link says what was asked"
    assert "<textarea" not in page
    assert "takes the role reviewer" in (await client.get(f"/console/turns/{turn}/again")).text
    for address in (ROOM, f"/console/turns/{turn}/again"):
        sent = {"question": "reset?", "csrf": csrf}
        assert (await client.post(address, data=sent)).status_code == 403
    csrf = await sign_in(client, REVIEWER)
    sent = {"question": "reset?", "model": "grand", "csrf": csrf}
    page = (await client.post(ROOM, data=sent)).text
    assert "Hold the" in page
    assert "You are Juniper." not in page
    assert application.trials.asked


@pytest.mark.parametrize("csrf", ["", "made up"])
async def test_a_form_of_somebody_else_asks_nothing(
    client: httpx2.AsyncClient, application: WebApplication, csrf: str
) -> None:
    """Without the session's own value."""
    await sign_in(client, TOKEN)
    turn = await ask(client, "reset?")
    for address in (ROOM, f"/console/turns/{turn}/again"):
        answer = await client.post(address, data={"question": "reset?", "csrf": csrf})
        assert answer.status_code == 403
    assert application.trials.asked == []


async def test_what_goes_wrong_is_said_above_the_form(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A question that is none, a made-up audience, a model that is not there, too many: the form
    keeps what was typed."""
    csrf = await sign_in(client, TOKEN)
    for sent, status in (
        ({"question": " "}, 422),
        ({"question": "reset?", "audience": "nobody"}, 404),
    ):
        page = await client.post(ROOM, data={**sent, "csrf": csrf})
        assert (page.status_code, 'role="alert"' in page.text) == (status, True)
    application.trials.fails = QuestionError(problem="is too long.")
    page = await client.post(ROOM, data={"question": "What <b>now</b>?", "csrf": csrf})
    assert page.status_code == 422
    assert "What &lt;b&gt;now&lt;/b&gt;?</textarea>" in page.text
    application.trials.fails = None
    statuses = [
        (await client.post(ROOM, data={"question": "reset?", "csrf": csrf})).status_code
        for _ in range(3)
    ]
    assert statuses == [200, 200, 429]


async def test_a_link_says_what_it_could_not_fill_in(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """What is gone, or not for this role, is named in one sentence above the form; what was filled
    in stays, and nothing is asked."""
    await sign_in(client, REVIEWER)
    link = {"question": "reset?", "audience": "person:slack:U9", "model": "gr<b>",
            "persona": "0123456789", "groups": ["staff", "made-up"]}  # fmt: skip
    page = (await client.get(ROOM, params=link)).text
    told = re.findall(r'<p class="aside trouble" role="status">(.*?)</p>', page)
    assert told == [
        "The link asks with the audience “person:slack:U9”, the model “gr&lt;b&gt;” and the group "
        "“made-up”, which are gone or not yours to choose; look at what is chosen below instead "
        "before you ask."
    ]
    assert '<option value="0123456789" selected>' in page
    await sign_in(client, TOKEN)
    whole = {**link, "model": "grand", "groups": ["staff"]}
    assert "The link asks" not in (await client.get(ROOM, params=whole)).text
    one = (await client.get(ROOM, params={"index": "x" * 99})).text
    assert f"the index “{'x' * 60}…”, which is gone" in one
    assert "The link asks" not in (await client.get(ROOM)).text
    assert application.trials.asked == []


async def test_people_of_the_access_table_are_for_admins(
    client: httpx2.AsyncClient, application: WebApplication
) -> None:
    """A reviewer asks as a channel; who a person is and what they may see is told to admins alone,
    and nobody else asks as one of them."""
    asked = {"question": "How are night shifts paid?", "audience": "person:slack:U9"}
    csrf = await sign_in(client, REVIEWER)
    page = (await client.get(ROOM)).text
    assert "Slack channel C1" in page
    assert "slack:U9" not in page
    refused = await client.post(ROOM, data={**asked, "csrf": csrf})
    assert refused.status_code == 404
    assert application.trials.asked == []
    csrf = await sign_in(client, TOKEN)
    assert "slack:U9" in (await client.get(ROOM)).text
    assert (await client.post(ROOM, data={**asked, "csrf": csrf})).status_code == 200
