"""The advice room: a recommendation, why, what next, and what was said again in the form."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import httpx2
import pytest

from adapters.web.console.advice import answers_in
from bot.advisor import Answers
from bot.errors import UsageError
from bot.store.evaluation import EvaluationBook, RunLine
from tests.platforms.web_application import WebApplication
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
    assert "The four questions" in page.text
    assert 'href="/console/scorecards"' in page.text
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


async def test_points_are_drawn_as_the_table_has_them(browser: httpx2.AsyncClient) -> None:
    """Three bars for each of the eight factors and for the sum."""
    await sign_in(browser)
    page = (await browser.get("/console/advice")).text
    (drawn,) = re.findall(r'class="plotted-data">(.*?)</script>', page)
    plot = json.loads(drawn)
    assert [len(series["points"]) for series in plot["series"]] == [9, 9, 9]
    assert (plot["labels"][0], plot["labels"][-1]) == ("Upfront cost", "All in all")
    table = page[page.index('class="factors"') :]
    told = [float(re.sub("<.*?>", "", cell)) for cell in re.findall(r'num">(.+?)</td>', table)[:3]]
    assert [round(series["points"][0]["y"], 1) for series in plot["series"]] == told


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


async def test_a_run_is_shown_with_its_figures_and_leads_to_its_scorecard(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The share, its interval, how many cases; the suite's name is a link, and only text."""
    card = {
        "n": 80, "accuracy": 0.89, "accuracy_ci95": [0.8, 0.94], "accuracy_n": 80,
        "p50_ms": 1200.0, "cost_usd": 0.12, "prompt_tokens": 900, "completion_tokens": 90,
    }  # fmt: skip
    at = datetime(2026, 1, 2, tzinfo=UTC)
    line = RunLine("run7abc", "<b>hand", "", "d", "p@1", {"rag": card}, None, "", "x", at)
    await EvaluationBook(application.database).add(line, {})
    await sign_in(browser)
    page = (await browser.get("/console/advice")).text
    assert "What was measured" in page
    assert 'href="/console/scorecards/run7abc">&lt;b&gt;hand</a>' in page
    assert "80% to 94%, of 80" in page
    assert "$1.50" in page


async def test_answers_that_do_not_fit_together_are_told(browser: httpx2.AsyncClient) -> None:
    """One list, near the top."""
    await sign_in(browser)
    page = await browser.get("/console/advice?style_control=high&time_to_deploy=days")
    assert 'id="contradictions"' in page.text
    assert "days leave no time to train" in page.text


async def test_a_step_names_its_command_as_code(browser: httpx2.AsyncClient) -> None:
    """What is to be typed stands apart from the sentence."""
    await sign_in(browser)
    page = (await browser.get("/console/advice")).text
    assert "<code>wellspoken " in page
    assert "`" not in page


@pytest.mark.parametrize("many", ["nan", "1e400", "-5", "many"])
async def test_a_number_that_is_none_is_told_by_its_label(
    browser: httpx2.AsyncClient, many: str
) -> None:
    """The sentence names the field as the form does, not the key of a file."""
    await sign_in(browser)
    page = (await browser.get(f"/console/advice?monthly_queries={many}")).text
    assert "Write the questions a month as a number" in page
    assert "monthly_queries&#34;" not in page
