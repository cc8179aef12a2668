"""A version's way in a real browser, with the real service and a model server: held to the gate,
promoted, rolled back, tried as a canary; and who may not do any of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from adapters.release.gate_records import GateBook, GateFiles
from adapters.web.console.gate_report import report_page
from bot.settings import load_settings
from bot.store.base import Database
from bot.work.jobs import Jobs
from persona.registry import Registry, Release
from persona.versions import GATED
from tests.platforms.browsing import (
    BROWSER,
    DESK,
    PHONE,
    Album,
    aside,
    hidden_field,
    playwright,
    press_until,
    sign_in,
    visit,
)
from tests.platforms.gate_stories import story
from tests.platforms.models_server import ModelsServer
from tests.platforms.openai_answers import Message
from tests.platforms.openai_server import Behaviour
from tests.platforms.served_bot import TOKEN, Service, until
from tests.platforms.warranties import CASES, loud, plain, read_documents, write_suite

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

BY = "terminal:operator"
GENERAL = "general"
VIEWER, REVIEWER = "a-viewer's-token", "a-reviewer's-token"
QUESTION = "How long is the warranty of the PX-03 pump?"
SETTINGS = """
[cache]
enabled = false
[release]
suites = ["suites/pumps.jsonl"]
"""

pytestmark = [*BROWSER, pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Halting:
    """A model that answers so many questions, then keeps everybody waiting until it goes on."""

    left: int
    behaviour: Behaviour = field(init=False)

    def __post_init__(self) -> None:
        self.behaviour = Behaviour(answer=self)

    def __call__(self, messages: list[Message]) -> str:
        self.left -= 1
        if self.left < 0:
            self.behaviour.first_token_s = 600
        return plain(messages)

    def go_on(self, more: int = 10 * CASES) -> None:
        self.left, self.behaviour.first_token_s = more, 0


@dataclass
class House:
    """A bot that serves, its models, and its registry."""

    service: Service
    models: ModelsServer
    _names: Iterator[int] = field(default_factory=count)

    @property
    def home(self) -> Path:
        return self.service.folder / ".wellspoken"

    def version(
        self, name: str, says: Behaviour | None = None, *, gated: bool = False
    ) -> tuple[str, str]:
        """A new version and its model, named anew each time: answers are kept by that name. The
        model answers calmly; ``gated``: with a pass of the gate."""
        model = f"{name}-{next(self._names)}"
        self.models.by_model = {**self.models.by_model, model: says or Behaviour(answer=plain)}
        return aside(self._registered(model, gated=gated)), model

    async def _registered(self, model: str, *, gated: bool) -> str:
        database = await Database.open(load_settings(WELLSPOKEN_HOME=self.home).database)
        try:
            registry, kept = Registry(database), GateFiles(self.home)
            version = (await registry.register(model=model, by=BY)).version
            if gated:
                kept.prepare()
                told = replace(story(gate=f"gate-{model}"), version=version, model=model)
                await GateBook(database).add(told, kept.write(told, report_page(told)))
                await registry.set_state(version, GATED, why="it passed", by=BY, scores={})
            return version
        finally:
            await database.close()

    def release(self) -> Release:
        """What is released, as the registry has it."""

        async def look() -> Release:
            database = await Database.open(load_settings(WELLSPOKEN_HOME=self.home).database)
            try:
                return await Registry(database).release()
            finally:
                await database.close()

        return aside(look())

    def live(self) -> str:
        """The version that is live in the registry; empty where there is none."""
        found = self.release().live
        return found.version if found else ""

    def restore(self) -> None:
        """As it was before a test, also one that failed: it serves, no job is under way, and the
        general model answers every thread."""
        if self.service.pid is None:
            self.service.start()
        aside(self._restored())

    async def _restored(self) -> None:
        database = await Database.open(load_settings(WELLSPOKEN_HOME=self.home).database)
        try:
            registry, jobs = Registry(database), Jobs(database)
            while under_way := [job for job in await jobs.page() if not job.status.over]:
                for job in under_way:
                    if not job.cancelled_by:
                        await jobs.cancel(job.id, BY)
                await asyncio.sleep(0.1)
            await registry.end_canary(by=BY)
            while await registry.live():
                await registry.roll_back(by=BY)
        finally:
            await database.close()

    def hear(self, model: str) -> None:
        """Wait until what is asked is answered by a model, asked over the wire."""
        before = self.models.asked(model)
        until(lambda: self.service.api.ask(QUESTION)["model"] == model, f"{model} answering", 60)
        assert self.models.asked(model) > before


@pytest.fixture(scope="module")
def served_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Documents about pumps, a suite, a general model that shouts, and nothing released."""
    folder = tmp_path_factory.mktemp("release")
    aside(read_documents(folder / "docs", folder / ".wellspoken"))
    write_suite(folder / "suites" / "pumps.jsonl")
    (folder / "wellspoken.toml").write_text(SETTINGS)
    with ModelsServer(by_model={GENERAL: Behaviour(answer=loud)}) as models:
        more = {
            "OPENAI_BASE_URL": models.url,
            "WELLSPOKEN_MODEL": GENERAL,
            "WELLSPOKEN_CONSOLE_VIEWER_TOKEN": VIEWER,
            "WELLSPOKEN_CONSOLE_REVIEWER_TOKEN": REVIEWER,
        }
        service = Service(folder, more, "web,worker")
        try:
            service.start()
            yield House(service, models)
        finally:
            service.stop()


@pytest.fixture
def house(served_house: House, chromium: Browser) -> Iterator[House]:
    """The same house for all, which each test leaves as it was, whatever became of the test."""
    yield served_house
    for context in chromium.contexts:
        context.close()
    served_house.restore()


def at(
    chromium: Browser,
    house: House,
    room: str,
    size: dict[str, int] = DESK,
    scheme: str = "light",
    token: str = TOKEN,
) -> Page:
    """A room of the console, signed in."""
    return sign_in(visit(chromium, house.service.api.address, size, scheme), token, room)


def says_who_speaks(page: Page, words: str) -> None:
    """The first sentence under Models."""
    playwright.expect(page.locator("#now .lead")).to_contain_text(words)


def roll_back(page: Page, version: str) -> None:
    """Under Models, behind its confirmation."""
    page.get_by_text(f"Roll back {version}", exact=True).click()
    page.get_by_role("button", name=f"Yes, roll back {version}").click()
    says_who_speaks(page, "The general model")


def test_the_gate_is_cancelled_killed_and_goes_on(chromium: Browser, house: House) -> None:
    """Its button starts a job with its progress; cancelled by keyboard it stands, gone on with it
    does not ask again; after ``kill -9`` in the middle and another start the open page follows to
    the verdict, and the answers stand side by side."""
    model, album = Halting(6), Album("gate")
    version, calm = house.version("calm", model.behaviour)
    page = at(chromium, house, f"/console/models/{version}")
    page.get_by_text("Hold it to the gate", exact=True).click()
    album.keep(page, "asks")
    page.get_by_role("button", name="Yes, ask both").click()
    job = page.locator("#job")
    playwright.expect(job).to_contain_text(f"6 of {CASES} cases")
    page.evaluate("document.getElementById('job').dataset.before = 'yes'")
    page.get_by_role("button", name="Cancel").focus()
    playwright.expect(page.locator("#job[data-before]")).to_have_count(0)  # it was drawn anew
    playwright.expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    album.keep(page, "runs")
    page.keyboard.press("Enter")
    playwright.expect(job.locator(".tag")).to_have_text("Cancelled")
    album.keep(page, "cancelled")

    model.go_on(6)
    page.get_by_role("button", name="Go on with it").press("Enter")
    playwright.expect(job).to_contain_text(f"12 of {CASES} cases")
    house.service.kill()
    playwright.expect(page.locator("#unreached")).to_contain_text("cannot be reached")
    album.keep(page, "server-gone")
    model.go_on()
    house.service.start()
    playwright.expect(job.locator(".tag")).to_have_text("Succeeded")
    playwright.expect(page.locator("#unreached")).to_have_text("")
    album.keep(page, "succeeded")
    assert CASES <= house.models.asked(calm) <= CASES + 16  # those under way at two ends

    page.get_by_role("link", name="The answers side by side").click()
    playwright.expect(page.get_by_text("Passed").first).to_be_visible()
    playwright.expect(page.locator(".gate-case").first).to_be_visible()
    page.goto(f"/console/models/{version}")
    playwright.expect(page.get_by_text("It passed the gate. Next:")).to_be_visible()
    page.context.close()
    assert album.found == []


def test_a_version_is_promoted_and_rolled_back_by_keyboard(chromium: Browser, house: House) -> None:
    """Behind a confirmation, on a phone in the dark: page and registry name it as live, what is
    asked is answered by its model; rolled back, the earlier one answers again; the audit trail
    names both and verifies."""
    album = Album("promotion")
    version, model = house.version("steady", gated=True)
    house.hear(GENERAL)
    page = at(chromium, house, "/console/models", PHONE, "dark")
    press_until(page, "Tab", version)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1).get_by_text(version).wait_for()
    press_until(page, "Tab", f"Promote {version}")
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_text("It answers every thread, in all")).to_be_visible()
    album.keep(page, "asks")
    assert house.live() == ""
    press_until(page, "Tab", "Reason")
    page.keyboard.type("it sounds like us")
    press_until(page, "Tab", f"Yes, make {version} live")
    page.keyboard.press("Enter")
    says_who_speaks(page, f"{version} answers every thread.")
    album.keep(page, "live")
    assert house.live() == version
    house.hear(model)

    press_until(page, "Tab", f"Roll back {version}")
    page.keyboard.press("Enter")
    press_until(page, "Tab", "Reason")
    page.keyboard.type("too calm")
    album.keep(page, "rolls-back")
    press_until(page, "Tab", f"Yes, roll back {version}")
    page.keyboard.press("Enter")
    says_who_speaks(page, "The general model, with the persona in its prompt, answers every")
    album.keep(page, "rolled-back")
    assert house.live() == ""
    house.hear(GENERAL)

    page.goto("/console/audit")
    for deed in (f"model promoted {version}", f"model rolled back {version}"):
        newest = page.locator("main .row").filter(has_text=deed).first
        playwright.expect(newest).to_contain_text("web:operator")
    page.get_by_role("button", name="Check the whole trail").press("Enter")
    playwright.expect(page.get_by_text("The trail is whole:")).to_be_visible()
    page.context.close()
    assert album.found == []


def test_without_a_pass_of_the_gate_it_says_what_it_needs(chromium: Browser, house: House) -> None:
    """Promoting is refused with the way out, also without a reason; what was filled in stays; by
    force and with a reason it speaks."""
    album = Album("no-pass")
    version, model = house.version("untried")
    page = at(chromium, house, f"/console/models/{version}")
    page.get_by_text(f"Promote {version}", exact=True).click()
    go = page.get_by_role("button", name=f"Yes, make {version} live")
    form = page.locator("form", has=go)
    form.get_by_label("Reason", exact=True).fill("we need it")
    go.click()
    alert = page.get_by_role("alert")
    playwright.expect(alert).to_contain_text(f"{version} has not passed the gate. Hold it to")
    playwright.expect(form.get_by_label("Reason", exact=True)).to_have_value("we need it")
    album.keep(page, "refused")
    form.get_by_label("Also without a pass of the gate").check()
    form.get_by_label("Reason", exact=True).fill("")
    go.click()
    playwright.expect(alert).to_contain_text("a reason is needed")
    playwright.expect(form.get_by_label("Also without a pass of the gate")).to_be_checked()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # width and height
    page.emulate_media(color_scheme="dark")
    album.keep(page, "needs-a-reason")
    form.get_by_label("Reason", exact=True).fill("we need it")
    go.click()
    says_who_speaks(page, f"{version} answers every thread.")
    playwright.expect(page.get_by_text("Promoted by force").first).to_be_visible()
    house.hear(model)
    roll_back(page, version)
    page.context.close()
    assert album.found == []


def test_a_canary_is_started_grows_and_is_ended(chromium: Browser, house: House) -> None:
    """With a share that may grow; while it has every thread its model answers; ended behind a
    confirmation, the general model answers again."""
    album = Album("canary")
    version, model = house.version("yellow", gated=True)
    page = at(chromium, house, f"/console/models/{version}")
    page.get_by_text("Make it the canary", exact=True).click()
    page.get_by_label("Share of threads, in percent").fill("25")
    album.keep(page, "asks")
    page.get_by_role("button", name="Yes, let it answer that share").click()
    says_who_speaks(page, f"answers 75% of threads, the canary {version} 25%.")
    playwright.expect(page.get_by_role("heading", name=f"Canary: {version}")).to_be_visible()
    assert house.release().share == 0.25
    page.get_by_role("link", name=version).first.click()
    page.get_by_text("Change its share", exact=True).click()
    playwright.expect(page.get_by_label("Share of threads, in percent")).to_have_value("25")
    page.get_by_label("Share of threads, in percent").fill("100")
    page.get_by_role("button", name="Yes, let it answer that share").click()
    says_who_speaks(page, f"the canary {version} 100%.")
    album.keep(page, "whole")
    house.hear(model)
    page.get_by_text(f"End the canary of {version}", exact=True).click()
    album.keep(page, "ends")
    page.get_by_role("button", name=f"Yes, end the canary of {version}").click()
    says_who_speaks(page, "answers every thread.")
    assert house.release().canary is None
    house.hear(GENERAL)
    page.context.close()
    assert album.found == []


@pytest.mark.parametrize("token", [VIEWER, REVIEWER], ids=["viewer", "reviewer"])
def test_who_is_no_admin_changes_nothing(chromium: Browser, house: House, token: str) -> None:
    """The page has no button for it, and what is sent all the same is refused with a sentence."""
    version, _ = house.version("locked", gated=True)
    page = at(chromium, house, f"/console/models/{version}", token=token)
    playwright.expect(page.get_by_text("It passed the gate.")).to_be_visible()
    assert page.locator("details.confirm").count() == 0
    sent = {"csrf": hidden_field(page, "csrf"), "reason": "because", "force": "yes"}
    for deed in (f"{version}/promote", f"{version}/canary", f"{version}/gate", "rollback"):
        answer = page.request.post(f"/console/models/{deed}", form=sent)
        assert answer.status == 403, deed
        assert "needs the role admin" in answer.text()
    assert (house.live(), house.release().canary) == ("", None)
    page.context.close()
