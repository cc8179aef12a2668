"""Settings and the first run: what is in force, where it comes from, what is left to do."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest

from adapters.first_run import FirstRun
from adapters.first_steps import Step, Way, is_done, is_waiting
from adapters.in_force import Entry, InForce
from adapters.web.app import create_app
from adapters.web.auth.sessions import Access
from bot.conversation import Author, Platform, Question
from bot.settings import Settings, load_settings
from knowledge.stores.base import StoreStats
from persona.profile import load_persona
from tests.platforms.web_application import RESET_ANSWER, WebApplication, stand_in_turn
from tests.unit.web.test_chat import sign_in

FILE = """\
wellspoken_model = "small"

[bot]
name = "Fern"

[channels]
handoff = "slack:C9"

[channels."slack:C0G9QF9GZ"]
thread = true

[[sources]]
name = "handbook"
path = "docs"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a settings file, and no setting from elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wellspoken.toml").write_text(FILE, "utf-8")
    return tmp_path


def entries(settings: Settings) -> dict[tuple[str, str], Entry]:
    parts = InForce(settings).parts()
    return {(part.title, entry.name): entry for part in parts for entry in part.entries}


def test_every_setting_says_where_it_comes_from(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file with its line, the environment, ``.env`` or the default."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    (home / ".env").write_text("DISCORD_TOKEN=also-secret\n", "utf-8")
    found = entries(load_settings())
    told = {name: (entry.value, entry.origin) for name, entry in found.items()}
    assert told["[bot]", "name"] == ("Fern", "wellspoken.toml, line 4")
    assert told["[bot]", "reply_when"] == ("mentioned", "default")
    assert told["Environment", "WELLSPOKEN_MODEL"] == ("small", "wellspoken.toml, line 1")
    assert told["Environment", "OPENAI_API_KEY"] == ("set", "environment")
    assert told["Environment", "DISCORD_TOKEN"] == ("set", ".env")
    assert told["Environment", "SLACK_BOT_TOKEN"] == ("not set", "default")
    assert told['[channels."*"]', "handoff"] == ("slack:C9", "wellspoken.toml, line 7")
    assert told['[channels."slack:C0G9QF9GZ"]', "thread"] == ("true", "wellspoken.toml, line 10")
    assert told["[[sources]] handbook", "path"] == ("docs", "wellspoken.toml, line 14")
    assert "secret" not in str(told)
    assert all(entry.meaning for entry in found.values())


def test_people_and_places_of_any_table_are_for_admins(home: Path) -> None:
    """Experts, operators, channels, addresses of this network; the rest of a table is for all."""
    named = [("training", "experts"), ("release", "operators"), ("watch", "channel"),
             ("tuning", "server"), ("web", "trusted_proxies")]  # fmt: skip
    found = entries(load_settings())
    assert all(found[f"[{table}]", key].sensitive for table, key in named)
    assert not found["[training]", "least"].sensitive


def test_an_address_is_told_without_its_password(home: Path) -> None:
    """Whatever signs the password has; other words stand as they were written."""
    server = "http://bob:p@ss@tuner.example:8000/v1"
    asked = {"greeting": "What can we do for you?"}
    found = entries(load_settings(OPENAI_BASE_URL=server, WELLSPOKEN_MODEL="small", widget=asked))
    assert found["Environment", "OPENAI_BASE_URL"].value == "http://…@tuner.example:8000/v1"
    assert found["[widget]", "greeting"].value == "What can we do for you?"


async def test_places_and_people_are_for_admins(application: WebApplication) -> None:
    """Others see what is set, and what each setting is for; the first run is an admin's, too."""
    app = create_app(application, access=Access("the-viewer's-token", "the-reviewer's-token"))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://bot.test",
        headers={"accept": "text/html"},
    ) as client:  # fmt: skip
        await client.post("/console/login", data={"token": "the-viewer's-token"})
        page = (await client.get("/console/settings")).text
        assert str(application.home) not in page
        assert "what the bot calls itself" in page
        assert "/console/first-run" not in page
        assert (await client.get("/console/first-run")).status_code == 403
        assert "/console/first-run" not in (await client.get("/console")).text
        client.cookies.clear()
        await sign_in(client)
        page = (await client.get("/console/settings")).text
        assert str(application.home) in page
        assert 'href="/console/first-run"' in page


async def test_an_empty_console_leads_through_the_first_run(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Each step with the lines to write; after the first question there is nothing left to do."""
    application.store.found = StoreStats(0, 0, 0)
    await sign_in(browser)
    opened = (await browser.get("/console")).text
    assert "No document has been read in" in opened
    assert 'href="/console/first-run"' in opened
    page = (await browser.get("/console/first-run")).text
    ways = re.findall(r'class="step step-(\w+)"', page)
    assert ways == ["todo", "optional", "optional", "optional", "optional", "todo"]
    assert "handbook is set up and holds no document yet" in page
    assert "SLACK_BOT_TOKEN=xoxb-" in page
    assert '<input type="password"' not in page
    application.store.found = StoreStats(3, 3, 1)
    question = Question("How do I reset it?", Author(Platform.WEB, "a"))
    await application.history.record(stand_in_turn(question, RESET_ANSWER))
    page = (await browser.get("/console/first-run?check=yes")).text
    assert "All that must be done is done" in page
    assert "/console/first-run" not in (await browser.get("/console")).text


async def steps_of(
    application: WebApplication,
    running: Settings,
    now: Settings,
    *,
    live: bool = True,
    voice: str = "",
) -> dict[str, Step]:
    desk = FirstRun(
        running,
        lambda: now,
        store=application.store,
        sources=application.sources,
        today=application.today,
        voice=voice,
    )
    return {step.name: step for step in await desk.steps(live=live)}


async def test_what_is_set_up_is_asked(application: WebApplication, home: Path) -> None:
    """A model server that is down is told with what mends it; nobody is asked before the page."""
    running = load_settings()
    now = load_settings(OPENAI_BASE_URL="http://127.0.0.1:9/v1", WELLSPOKEN_MODEL="small")
    waiting = await steps_of(application, running, now, live=False)
    assert waiting["model"].way is Way.CHECKING
    assert is_waiting(list(waiting.values()))
    asked = await steps_of(application, running, now)
    assert asked["model"].way is Way.TROUBLE
    assert "Check OPENAI_BASE_URL" in asked["model"].why
    assert not is_done(list(asked.values()))


async def test_a_persona_that_was_written_waits_for_the_next_start(
    application: WebApplication, home: Path
) -> None:
    """It is read at once, and so checked; one with a fault says where."""
    running = load_settings()
    persona = home / "persona.yaml"
    assert (await steps_of(application, running, running))["persona"].way is Way.OPTIONAL
    persona.write_text("name: Fern\n", "utf-8")
    label = load_persona(persona).label
    for voice, way in (("Fern@0", Way.TODO), (label, Way.DONE)):
        step = (await steps_of(application, running, running, voice=voice))["persona"]
        assert step.way is way, step
    persona.write_text("name: [", "utf-8")
    step = (await steps_of(application, running, running))["persona"]
    assert step.way is Way.TROUBLE
    assert "persona.yaml" in step.why


async def test_settings_that_cannot_be_read_are_told(
    browser: httpx2.AsyncClient, application: WebApplication, home: Path
) -> None:
    """With the line, in the page; nothing is a fault of ours."""
    await sign_in(browser)
    (home / "wellspoken.toml").write_text("[bot\n", "utf-8")
    page = await browser.get("/console/first-run")
    assert page.status_code == 200
    assert "wellspoken.toml:1: not valid TOML" in page.text
