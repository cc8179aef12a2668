"""The advice room: a recommendation, why, what next, and what was said again in the form."""

from __future__ import annotations

import httpx2
import pytest

from adapters.web.advising import answers_in
from bot.advisor import Answers
from bot.errors import UsageError
from tests.unit.web.test_chat import sign_in


async def test_without_answers_the_records_decide_and_assumptions_are_told(
    browser: httpx2.AsyncClient,
) -> None:
    """A bot that answers from three documents is told to keep to retrieval."""
    await sign_in(browser)
    page = await browser.get("/console/advice")
    assert page.status_code == 200
    assert "Use retrieval" in page.text
    assert "Not said, so taken as" in page.text
    assert "What would change the advice" in page.text
    assert "3 documents" in page.text
    assert 'aria-current="page">Advice<' in page.text


async def test_what_was_said_changes_the_advice_and_stays_in_the_form(
    browser: httpx2.AsyncClient,
) -> None:
    """Answers are in the address, so that it can be passed on."""
    await sign_in(browser)
    page = await browser.get(
        "/console/advice", params={"task": "SQL over <our> schemas", "style_control": "high"}
    )
    assert "Fine-tune:" in page.text
    assert "SQL over &lt;our&gt; schemas" in page.text
    assert '<option value="high" selected>' in page.text


async def test_a_wrong_answer_is_told_on_the_page(browser: httpx2.AsyncClient) -> None:
    """One sentence, and the advice of the records."""
    await sign_in(browser)
    for query in ("new_data=sometimes", "monthly_queries=many", "monthly_queries=nan"):
        page = await browser.get(f"/console/advice?{query}")
        assert page.status_code == 200
        assert 'id="wrong"' in page.text


async def test_the_room_is_closed_without_the_token(browser: httpx2.AsyncClient) -> None:
    """Records are the operator's business."""
    page = await browser.get("/console/advice")
    assert page.status_code == 303


def test_fields_that_were_left_open_are_not_said() -> None:
    """An empty form is no answer."""
    assert answers_in({"task": " ", "new_data": "", "sources_required": ""}) == Answers()
    assert answers_in({"sources_required": "no"}) == Answers(sources_required=False)
    with pytest.raises(UsageError):
        answers_in({"governance": "strict"})
