"""The gate's pages: every run, one run side by side, and the file that stands alone."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx2

from adapters.release.gate_records import GateFiles, Mark, Said, Story
from adapters.web.console.gate_report import report_page
from adapters.web.console.gate_view import paired
from bot.store.audit import OPERATOR
from tests.platforms.gate_stories import story
from tests.platforms.web_application import WebApplication
from tests.unit.web.test_chat import sign_in


async def keep(application: WebApplication, told: Story) -> None:
    """Keep a run as the gate does."""
    files = GateFiles(application.home)
    files.prepare()
    await application.gate_book.add(told, files.write(told, report_page(told)))


async def test_the_runs_are_for_operators(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Without the token they are not shown; with an empty home the page says how to begin."""
    await keep(application, story())
    assert (await browser.get("/console/gates")).status_code in (303, 307, 401)
    assert (await browser.get("/console/gates/gate0test")).status_code in (303, 307, 401)


async def test_an_empty_home_says_how_to_begin(browser: httpx2.AsyncClient) -> None:
    """No run: the command; an unknown run: not found."""
    await sign_in(browser)
    assert "wellspoken models gate" in (await browser.get("/console/gates")).text
    assert (await browser.get("/console/gates/gone")).status_code == 404


async def test_a_run_shows_what_was_lost_first(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Verdict, each measure with its reason, and the changed cases; all of them on demand."""
    await keep(application, story(passed=False))
    await sign_in(browser)
    listed = (await browser.get("/console/gates?version=v2")).text
    assert 'href="/console/gates/gate0test"' in listed
    assert 'href="/console/gates/' not in (await browser.get("/console/gates?version=v9")).text
    page = (await browser.get("/console/gates/gate0test")).text
    for words in ("v2 against v1", "Correctness", "worse by 20.0 points", "Lost", "No source"):
        assert words in page
    assert page.count('<li class="gate-case">') == 6
    every = (await browser.get("/console/gates/gate0test?show=all")).text
    assert every.count('<li class="gate-case">') == 25
    second = (await browser.get("/console/gates/gate0test?show=all&page=2")).text
    assert second.count('<li class="gate-case">') == 5


async def test_a_run_without_its_file_keeps_its_reasons(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """The verdict is in the database; a damaged file takes the answers alone."""
    await keep(application, story())
    (application.home / "gates" / "gate0test.json").write_text("{}")
    await sign_in(browser)
    page = (await browser.get("/console/gates/gate0test")).text
    assert "The answers are gone" in page
    assert "better by" in page


async def test_a_run_is_kept_whole_and_audited(application: WebApplication) -> None:
    """Written and read again it is the same, its files are the owner's alone, and the trail names
    the verdict."""
    told = story(passed=False)
    await keep(application, told)
    line, kept = await application.gates.story(told.id)
    assert kept == told
    assert (line.verdict, line.suite) == ("fail", "support")
    folder = application.home / "gates"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    entry = next(e for e in await application.audit.listing() if e.kind == OPERATOR)
    assert entry.content["action"] == "gate failed"
    assert entry.content["subject"] == "v2"


def test_the_file_stands_alone() -> None:
    """Nothing is loaded, no script runs, and what models said is text."""
    told = story()
    nasty = Said('<script>alert(1)</script> "x" [1]', right=True, refused=False)
    page = report_page(replace(told, rows=(replace(told.rows[0], candidate=nasty),)))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"""(?:src|href)=["'](?!https://example\.org|#)""", page)
    assert "@import" not in page
    assert "url(" not in page


def test_answers_are_cut_where_they_change() -> None:
    """Joined, the pieces are the answer; words of one side alone, claims and findings are told
    apart, also where they overlap."""
    row = story().rows[0]
    mine = Said(
        "It has 36 months!!", right=False, refused=False,
        unheld=(Mark(0, 18, ""),), findings=(Mark(16, 18, "exclamation"),),
    )  # fmt: skip
    theirs = Said("It has 24 months.", right=True, refused=False)
    pair = paired(replace(row, candidate=mine, live=theirs))
    assert "".join(s.text for s in pair.candidate) == mine.text
    assert "".join(s.text for s in pair.live) == theirs.text
    assert [s.text for s in pair.live if s.differs] == ["24", "."]
    assert [(s.text, s.differs, s.unheld, s.finding) for s in pair.candidate] == [
        ("It has ", False, True, False),
        ("36", True, True, False),
        (" months", False, True, False),
        ("!!", True, True, True),
    ]


def test_answers_that_say_the_same_over_and_over_are_shown_as_they_are() -> None:
    """Comparing them word by word would take seconds: nothing is marked, and nothing is lost."""
    row = story().rows[0]
    mine = Said("reset, " * 300, right=False, refused=False)
    theirs = Said("the reset, " * 200, right=False, refused=False)
    pair = paired(replace(row, candidate=mine, live=theirs))
    assert not any(s.differs for s in (*pair.candidate, *pair.live))
    assert "".join(s.text for s in pair.candidate) == mine.text
