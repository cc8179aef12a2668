"""The data sets room: what was built, with its card and its lineage, for operators alone."""

from __future__ import annotations

import httpx2

from bot.conversation import Author, Feedback, Platform, Question, Rating
from persona.curation.choosing import Format
from tests.platforms.web_application import RESET_ANSWER, WebApplication, stand_in_turn
from tests.unit.web.test_chat import sign_in


async def test_the_room_is_for_operators(browser: httpx2.AsyncClient) -> None:
    """Others are led to the token form."""
    answer = await browser.get("/console/datasets")
    assert answer.status_code == 303
    assert "/console/login" in answer.headers["location"]


async def test_an_empty_room_says_how_to_begin(browser: httpx2.AsyncClient) -> None:
    """With the command that builds a set."""
    await sign_in(browser)
    page = await browser.get("/console/datasets")
    assert "No data sets yet" in page.text
    assert "wellspoken dataset build" in page.text


async def test_a_set_is_shown_with_card_and_lineage(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Counts, what was left out, and a link from each line to its turn; no figure is empty."""
    asker = Author(Platform.WEB, "asker")
    turn = stand_in_turn(Question("How does it reset?", asker), RESET_ANSWER)
    await application.history.record(turn)
    reader = Author(Platform.WEB, "reader")
    await application.feedback.rate(Feedback(turn.id, reader, Rating.UP))
    made = await application.datasets.build(Format.SFT)
    await sign_in(browser)
    assert made.id in (await browser.get("/console/datasets")).text
    page = (await browser.get(f"/console/datasets/{made.id}")).text
    assert made.digest in page
    assert "<dd>–</dd>" not in page
    assert f'href="/console/turns/{turn.id}"' in page
    assert turn.author.key in page
    missing = await browser.get("/console/datasets/dataset9")
    assert missing.status_code == 404
