"""The contract of a chat: the same conversation, held on every platform, leaves the same behind.

A platform brings a :class:`Driver`, which plays people there and reads what they see. The
conversation is held once a platform by :func:`hold`, on real parts from the platform's edge to the
database; only the platform's other side and the model server are stand-ins. What is otherwise on a
platform by design stands in its driver's ``differs``, and is tested to be so.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from adapters.assembly import assemble
from bot.conversation import Feedback, Platform, Rating, Turn
from bot.settings import load_settings
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from knowledge.sources.folder import FolderSource
from tests.platforms.openai_server import Behaviour, Fault, OpenAIServer

SITE = "https://docs.example.com"
SIGNS_SHOWN = "A & B < 5 > 3 @everyone *now* _soon_ 🌱"
SIGNS_RUN = 'pump --reset && echo "a < b > c" # tell @everyone *now* _soon_ 🌱'
DOCUMENTS = {
    "alpha.md": ("The Alpha pump", "The Alpha pump runs for 11 hours on one battery."),
    "bravo.md": ("The Bravo pump", "The Bravo pump runs for 12 hours on one battery."),
    "signs.md": (
        "Signs <on> & *the* @everyone panel_x",
        f"The panel of the Delta pump shows `{SIGNS_SHOWN}` while R&D <tests> it at 2 * 3 bar in"
        " room_x_y @everyone 🌱.\n\n"
        f"Reset the Delta panel like this:\n\n```sh\n{SIGNS_RUN}\n```",
    ),
    "discount.md": ("Dealer discount", "The dealer discount on pumps is 37 percent."),
}
STAFF_ONLY = "discount.md"
SECRET = "37 percent"

ALPHA = "How long does the Alpha pump run?"
BRAVO = "And the Bravo pump?"
FRANCE = "What is the capital of France?"
SIGNS = (
    "What does the panel of the Delta pump show when <b>starved</b> & *blinking* > 5"
    " @everyone 🌱?\n"
    "```\nif a < b && c > d:\n    @here **x**\n```\nand _why_?"
)
RESET = "How do I reset the Delta panel?"
DISCOUNT = "What is the dealer discount on pumps?"
ALL = (
    "How long do the Alpha pump and the Bravo pump run, "
    "and what does the panel of the Delta pump show?"
)
CORRECTION = "12 hours & 30 minutes <measured> at *dawn*, says @everyone 🌱"


class Difference(StrEnum):
    """What a platform may do otherwise by design."""

    NO_BUTTON_FOR_A_PERSON = "the offer to ask a person is made in words alone"
    NO_TAKING_BACK = "a rating can be changed, not taken back"
    ONE_LINE = "a question is one line"
    OWN_MARKUP = "what people type is markup of the platform's own"


@dataclass(frozen=True)
class Source:
    """A source below an answer: its number, what it is called, where it leads."""

    n: int
    title: str
    address: str


@dataclass(frozen=True)
class Seen:
    """An answer as its reader sees it: the words without the sources, and what stands below.

    ``raw`` is what was sent to show it; ``alive`` is what of the words did something: who was
    notified, which tags were made.
    """

    words: str
    sources: tuple[Source, ...]
    offers_person: bool
    raw: str
    alive: frozenset[str] = frozenset()


class Driver(Protocol):
    """People on a platform. ``author`` is what the key of the one who asks looks like, ``reason``
    what was wrong with an answer in the platform's words."""

    platform: Platform
    author: str
    reason: str
    differs: Mapping[Difference, str]

    async def ask(self, text: str, *, staff: bool = False) -> Seen:
        """Begin a conversation where all may read along, or where staff alone do."""
        ...

    async def go_on(self, text: str) -> Seen:
        """Go on with the conversation that was begun last."""
        ...

    async def rate(self, rating: Rating) -> None:
        """Put a thumb on the last answer."""
        ...

    async def correct(self, correction: str) -> None:
        """Put a thumb down on the last answer, with the reason and a better one."""
        ...

    async def take_back(self) -> None:
        """Take the thumb off the last answer again."""
        ...

    def arrives(self, text: str) -> str:
        """What the engine gets of what people type."""
        ...


MakeDriver = Callable[[Path, Mapping[str, str]], AbstractAsyncContextManager[Driver]]
"""Starts a platform on a data folder, with settings by their environment names."""


@dataclass
class Held:
    """What a conversation left behind, by the name of its steps."""

    driver: Driver
    seen: dict[str, Seen] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    ratings: dict[str, list[Feedback]] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)


def words_of(text: str) -> str:
    """The words of Markdown, or of a page: without the signs of code, in one line."""
    bare = re.sub(r"```\w*|`|\u200b", "", text)
    return " ".join(re.sub(r"(?<=\S)(\[\d+\])", r" \1", bare).split())


async def read_in(home: Path) -> None:
    """The documents of the conversation, with their vectors, into a data folder."""
    docs = home / "docs"
    docs.mkdir(parents=True)
    for name, (title, text) in DOCUMENTS.items():
        groups = "groups: [staff]\n" if name == STAFF_ONLY else ""
        head = f'title: "{title}"\nuri: {SITE}/{name}?a=1&b=2\n{groups}'
        (docs / name).write_text(f"---\n{head}---\n\n# {title}\n\n{text}\n", "utf-8")
    async with assemble(load_settings(WELLSPOKEN_HOME=home)) as app:
        report = await app.ingestor.ingest(FolderSource(docs, name="docs"))
        assert report.added == len(DOCUMENTS)
        await app.ingestor.embed_waiting()


def speak(messages: list[dict[str, Any]]) -> str:
    """A model that says what a document tells about which it is asked, with its passage's number
    behind the first line."""
    prompt = str(messages[-1]["content"])
    asked = prompt.rpartition("<question>")[2]
    said = {"Alpha": "alpha.md", "Bravo": "bravo.md", "Delta": "signs.md", "discount": STAFF_ONLY}
    passages = re.findall(r"<passage n=\"(\d+)\".*?\n(.*?)</passage>", prompt, re.DOTALL)
    answers = []
    for name in (name for word, name in said.items() if word in asked):
        whole = DOCUMENTS[name][1]
        shown, _, reset = whole.partition("\n\n")
        text = reset if "reset" in asked else whole if answers else shown
        number = next(n for n, passage in passages if text in passage)
        first, line, rest = text.partition("\n")
        answers.append(f"{first[:-1]} [{number}]{first[-1]}{line}{rest}")
    return " ".join(answers)


# -- the conversation ----------------------------------------------------------------------------


@dataclass
class Talk:
    """A conversation while it is held; what it leaves is looked up in the data folder."""

    driver: Driver
    home: Path
    models: OpenAIServer
    history: History
    feedback: FeedbackBook
    held: Held

    async def step(self, name: str, asking: Awaitable[Seen]) -> Turn:
        """Ask, and note what was seen, stored, and told to the model."""
        known = {turn.id for turn in self.held.turns.values()}
        before = len(self.models.requests)
        self.held.seen[name] = await asking
        (turn,) = [t for t in await self.history.recent() if t.id not in known]
        self.held.turns[name] = turn
        told = list(self.models.requests)[before:]
        self.held.prompts[name] = "\n".join(
            str(m["content"]) for r in told for m in r.body["messages"]
        )
        return turn

    async def rated(self, name: str, turn: Turn, rating: Awaitable[None], *wanted: str) -> None:
        """Rate, and note the ratings once those stand there that are wanted, or after a while."""
        await rating
        until = time.monotonic() + 60
        while True:
            given = await self.feedback.of(turn.id)
            if [f"{f.rating} {bool(f.correction)}" for f in given] == list(wanted):
                break
            if time.monotonic() > until:
                break
            await asyncio.sleep(0.02)
        self.held.ratings[name] = list(given)

    @asynccontextmanager
    async def without_knowledge(self) -> AsyncIterator[None]:
        """While the knowledge is away."""
        for file in self.home.glob("knowledge.db*"):
            file.rename(self.home / f"away-{file.name}")
        try:
            yield
        finally:
            for file in self.home.glob("away-*"):
                file.rename(self.home / file.name.removeprefix("away-"))


async def hold(make: MakeDriver, home: Path) -> Held:
    """The whole conversation on one platform, with a data folder that :func:`read_in` filled."""
    with OpenAIServer(Behaviour(answer=speak)) as models:
        settings = {
            "WELLSPOKEN_HOME": str(home),
            "OPENAI_BASE_URL": models.url,
            "WELLSPOKEN_MODEL": "stand-in",
        }
        database = await Database.open(f"sqlite:///{home / 'wellspoken.db'}")
        try:
            async with make(home, settings) as driver:
                held = Held(driver)
                stored = History(database), FeedbackBook(database)
                await converse(Talk(driver, home, models, *stored, held))
                return held
        finally:
            await database.close()


async def converse(talk: Talk) -> None:
    """What is said, in its order."""
    driver, models = talk.driver, talk.models
    first = await talk.step("first", driver.ask(ALPHA))
    await talk.rated("up", first, driver.rate(Rating.UP), "up False")
    await talk.rated("down", first, driver.rate(Rating.DOWN), "down False")
    if Difference.NO_TAKING_BACK not in driver.differs:
        await talk.rated("taken back", first, driver.take_back())
    follow = await talk.step("follow-up", driver.go_on(BRAVO))
    await talk.rated("corrected", follow, driver.correct(CORRECTION), "down True")
    await talk.step("signs", driver.ask(SIGNS))
    await talk.step("reset", driver.ask(RESET))
    await talk.step("refused", driver.ask(FRANCE))
    await talk.step("hidden", driver.ask(DISCOUNT))
    await talk.step("staff", driver.ask(DISCOUNT, staff=True))
    await talk.step("hidden again", driver.ask(DISCOUNT))
    models.behaviour.fault, models.behaviour.token_s = Fault.CUT, 0.01
    await talk.step("cut", driver.ask(ALL))
    models.behaviour.fault = Fault.CLOSED
    with closing(sqlite3.connect(talk.home / "wellspoken.db")) as connection, connection:
        connection.execute("DELETE FROM answer_cache")  # it would not need the model
    await talk.step("model away", driver.ask(ALPHA))
    async with talk.without_knowledge():
        await talk.step("knowledge away", driver.ask(ALPHA))
    models.behaviour.fault = None
    await talk.step("mended", driver.ask(ALPHA))
