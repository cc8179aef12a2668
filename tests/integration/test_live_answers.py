"""Live facts in whole answers: cited, stamped, above documents, for those who may see them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.models import build_plain_voice
from bot.conversation import Author, Outcome, Platform, Principal, Question, Route, Turn, Usage
from bot.engine import Engine
from bot.errors import ModelUnavailableError, StoreUnavailableError
from bot.evidence import Retrieval, Unknown
from bot.ladder import Ladder
from bot.ports import Brief, Spoken, Voice
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.history import History
from bot.work.leases import Leases
from knowledge.embedder import BuiltinEmbedder
from knowledge.grounding import BuiltinGrounder
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.live.desk import LiveDesk, LiveSource
from knowledge.retrieval import HybridRetriever
from knowledge.sources.folder import FolderSource
from knowledge.stores.embedded import EmbeddedStore
from persona.profile import default_persona
from tests.platforms.command import environment, run_command
from tests.platforms.live_server import ShopServer, Trouble

STAFF = Principal(frozenset({"staff"}))
PAGES = {
    "prices.md": "# Prices\n\nThe AX-100 costs 59 €. The AX-200 costs 89.00 €.\n\n"
    "Shipping costs 4.90 € for each order.\n",
    "ax-100.md": "# AX-100\n\nThe AX-100 is a kettle of 1.5 litres. It weighs 900 g.\n\n"
    "## Cleaning\n\nClean the AX-100 with vinegar every month. Rinse it twice.\n",
}
NOTE = 'Note: the page "Prices" says 59 €.'
NOW = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)


class Speaker:
    """A model that says one thing, and remembers what it was given."""

    persona = "juniper@1"
    model = "voice-1"

    def __init__(self, text: str, *, fail: bool = False) -> None:
        self.text, self.fail = text, fail
        self.briefs: list[Brief] = []

    async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        self.briefs.append(brief)
        yield Spoken(self.text)
        if self.fail:
            raise ModelUnavailableError(url="http://127.0.0.1:9")
        yield Spoken(usage=Usage(10, 5))

    def decline(self, brief: Brief, why: Unknown | None = None) -> str:
        return "I do not know that."


class Down:
    """A knowledge base that cannot be reached."""

    async def retrieve(self, query: str, principal: Principal, k: int = 6) -> Retrieval:
        raise StoreUnavailableError(url="http://127.0.0.1:9", reason="refused")


@dataclass
class House:
    """A shop with a knowledge base and a live source."""

    retriever: HybridRetriever
    plain: Voice
    history: History
    audit: AuditTrail
    shop: ShopServer
    groups: frozenset[str] = frozenset()
    down: bool = False
    desks: list[LiveDesk] = field(default_factory=list)

    async def ask(
        self,
        text: str,
        *,
        voice: Voice | None = None,
        thread: str | None = None,
        principal: Principal = Principal(),  # noqa: B008 - frozen
    ) -> Turn:
        """One answered turn, with a desk that remembers nothing."""
        source = LiveSource(
            "stock",
            "Price and units in stock of a product, by its code",
            {"code": "the product's code, like AX-100"},
            url=f"{self.shop.url}?key=k3y",
            groups=self.groups,
        )
        self.desks.append(LiveDesk([source], lambda: NOW, seconds=1.5))
        engine = Engine(
            turns=self.history,
            retriever=Down() if self.down else self.retriever,
            ladder=Ladder(self.plain, voice=voice),
            grounder=BuiltinGrounder(),
            clock=lambda: NOW,
            live=self.desks[-1],
        )
        asker = Author(Platform.TERMINAL, "u")
        return await engine.answer(Question(text, asker, thread=thread, principal=principal))


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[House]:
    """The shop, open, with its pages read in."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in PAGES.items():
        (folder / name).write_text(text)
    goods = {
        "AX-100": '{"code": "AX-100", "price": 49.00, "currency": "EUR", "stock": 12}',
        "AX-200": {"price": 89, "currency": "EUR", "stock": 0},
    }
    with closing(BuiltinEmbedder()) as embedder:
        store = EmbeddedStore(tmp_path / "k.db", embedder.model, embedder.dimensions)
        await store.open()
        ingestor = Ingestor(Ledger(sqlite_database), store, Leases(sqlite_database), embedder)
        await ingestor.ingest(FolderSource(folder, name="docs"))
        async with ShopServer(goods) as shop:
            house = House(
                HybridRetriever(store, embedder),
                build_plain_voice(embedder, default_persona()),
                History(sqlite_database),
                AuditTrail(sqlite_database),
                shop,
            )
            yield house
            for desk in house.desks:
                await desk.close()
        await store.close()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "How much is the AX-100?",
            f"Price of AX-100: 49.00 EUR. [1] (as of 10:42 UTC) {NOTE} [2]",
        ),
        ("Is the AX-100 in stock?", "Units in stock of AX-100: 12. [1] (as of 10:42 UTC)"),
        ("Ist der AX-200 auf Lager?", "Units in stock of AX-200: 0. [1] (as of 10:42 UTC)"),
        ("Was kostet der AX-200?", "Price of AX-200: 89 EUR. [1] (as of 10:42 UTC)"),
        (
            "price and stock of AX-200",
            "Price of AX-200: 89 EUR. Units in stock of AX-200: 0. [1] (as of 10:42 UTC)",
        ),
        (
            "How much are the AX-100 and the AX-200?",
            "Price of AX-100: 49.00 EUR. [1] Price of AX-200: 89 EUR. [2] (as of 10:42 UTC) "
            f"{NOTE} [3]",
        ),
    ],
)
async def test_without_a_model_the_facts_are_told(house: House, question: str, answer: str) -> None:
    """The built-in reader tells them as they are now, with source, time and what a page says."""
    turn = await house.ask(question)
    assert turn.answer == answer
    assert (turn.outcome, turn.route.route, turn.error) == (Outcome.ANSWERED, Route.LIVE, "")
    assert turn.grounding.claims and turn.grounding.supported
    for claim in turn.grounding.claims:
        assert turn.answer[claim.start : claim.end] == claim.text
    first = turn.citations[0]
    assert (first.document, first.uri) == ("stock", "")
    assert first.quote in turn.answer


async def test_what_else_is_asked_the_documents_tell(house: House) -> None:
    """Two questions in one: the fact from the shop, the rest from the pages."""
    turn = await house.ask("How much is the AX-200 and how do I clean the AX-100?")
    assert "Price of AX-200: 89 EUR. [1] (as of 10:42 UTC)" in turn.answer
    assert "Clean the AX-100 with vinegar every month." in turn.answer


async def test_a_half_that_nobody_can_tell_is_said_to_be(house: House) -> None:
    """The fact comes, and of the other half it is said that the pages do not tell."""
    turn = await house.ask("How much is the AX-200 and does it work with HomeKit?")
    assert turn.answer == (
        "Price of AX-200: 89 EUR. [1] (as of 10:42 UTC)\n\n"
        "I found nothing in the documentation about the rest of your question."
    )
    assert turn.outcome is Outcome.ANSWERED
    polite = await house.ask("How much is the AX-200? Thanks a lot in advance!")
    assert polite.answer == "Price of AX-200: 89 EUR. [1] (as of 10:42 UTC)"


async def test_a_question_for_documents_asks_no_shop(house: House) -> None:
    """Codes and prices in a question are not enough."""
    for question in ("How do I clean the AX-100?", "How much is shipping?", "Hello!"):
        turn = await house.ask(question)
        assert turn.outcome is Outcome.ANSWERED and turn.route.route is not Route.LIVE
    assert house.shop.asked == []


async def test_a_thread_goes_from_question_to_fact(house: House) -> None:
    """What is meant is asked back, the next message says it, and a follow-up needs no more."""
    first = await house.ask("Is it in stock?")
    assert first.outcome is Outcome.CLARIFY
    assert first.answer == "Which product? Tell me the product's code, like AX-100."
    assert house.shop.asked == []
    second = await house.ask("AX-100", thread=first.thread)
    assert second.answer == "Units in stock of AX-100: 12. [1] (as of 10:42 UTC)"
    third = await house.ask("and the AX-200?", thread=first.thread)
    assert third.answer.startswith("Units in stock of AX-200: 0.")


async def test_a_model_speaks_from_the_fact_and_the_time_is_added(house: House) -> None:
    """The fact is its first passage; what it forgets, its time and another page, comes after."""
    voice = Speaker("The AX-100 costs 49.00 EUR [1].")
    turn = await house.ask("How much is the AX-100?", voice=voice)
    assert turn.answer == f"The AX-100 costs 49.00 EUR. [1] (as of 10:42 UTC) {NOTE} [2]"
    assert voice.briefs[0].passages[0].chunk.source == "live"
    assert voice.briefs[0].route is Route.LIVE


async def test_a_model_that_says_the_time_itself_is_not_corrected(house: House) -> None:
    """The stamp comes once."""
    voice = Speaker("As of 10:42 UTC, AX-200 is at 89 EUR [1].")
    turn = await house.ask("How much is the AX-200?", voice=voice)
    assert turn.answer.lower().count("10:42 utc") == 1


async def test_a_model_that_takes_the_old_value_is_overruled(house: House) -> None:
    """A page says 59 €, the shop says 49: the answer is 49, and says what the page says."""
    voice = Speaker("The AX-100 costs 59 € [2].")
    turn = await house.ask("How much is the AX-100?", voice=voice)
    assert turn.answer == f"Price of AX-100: 49.00 EUR. [1] (as of 10:42 UTC) {NOTE} [2]"


@pytest.mark.parametrize("said", ["", "Which one do you mean?", "The AX-100 is a kettle [2]."])
async def test_a_model_that_passes_the_fact_over_is_completed(house: House, said: str) -> None:
    """Whatever else it says, the fact that was fetched is told."""
    turn = await house.ask("Is the AX-100 in stock?", voice=Speaker(said))
    assert "Units in stock of AX-100: 12. [" in turn.answer
    assert turn.answer.endswith("(as of 10:42 UTC)")
    assert turn.outcome is Outcome.ANSWERED


async def test_a_model_that_is_down_takes_no_fact_away(house: House) -> None:
    """The built-in reader tells it."""
    turn = await house.ask("Is the AX-100 in stock?", voice=Speaker("", fail=True))
    assert turn.answer == "Units in stock of AX-100: 12. [1] (as of 10:42 UTC)"
    assert "cannot be reached" in turn.error


async def test_knowledge_that_is_down_takes_no_fact_away(house: House) -> None:
    """The shop answers alone; without its answer the turn is an honest error."""
    house.down = True
    turn = await house.ask("Is the AX-100 in stock?")
    assert turn.answer == "Units in stock of AX-100: 12. [1] (as of 10:42 UTC)"
    both = await house.ask("Is the AX-100 in stock and how do I clean it?")
    rest = both.answer.partition("\n\n")[2]
    assert rest.startswith("I could not look up the rest of your question: the knowledge base")
    house.shop.trouble = Trouble.FAILS
    turn = await house.ask("Is the AX-100 in stock?")
    assert turn.outcome is Outcome.ERROR and "knowledge base" in turn.answer


@pytest.mark.parametrize("trouble", [Trouble.HANGS, Trouble.FAILS, Trouble.HTML, Trouble.BROKEN])
async def test_a_shop_in_trouble_leaves_the_documents(house: House, trouble: Trouble) -> None:
    """They answer what they can, and one sentence says that it may be out of date."""
    house.shop.trouble = trouble
    turn = await house.ask("How much is the AX-100?")
    assert "59 €" in turn.answer
    last = turn.answer.rsplit("\n\n", maxsplit=1)[-1]
    assert last.startswith("I could not look up the current price of AX-100 just now: its system")
    assert (turn.outcome, turn.route.route) == (Outcome.ANSWERED, Route.LIVE)
    assert turn.error.startswith('"stock" cannot be looked up')
    assert "as of" not in turn.answer
    alone = await house.ask("Is the MG-900 in stock?")
    assert alone.outcome is Outcome.ABSTAINED
    assert alone.answer.startswith("I could not look up the current stock of MG-900 just now")


async def test_a_product_that_is_not_there_is_said_to_be(house: House) -> None:
    """The shop knows no such code."""
    turn = await house.ask("How much is the MG-900?")
    assert turn.answer.endswith(
        "I found no current price of MG-900: please check the product's code."
    )
    assert turn.outcome is Outcome.ABSTAINED and turn.error == ""


async def test_nothing_of_a_fact_is_kept_but_the_answer(house: House) -> None:
    """The record of a turn names the source; what it said is not stored as a passage."""
    turn = await house.ask("How much is the AX-100?")
    stored = await house.history.turn(turn.id)
    (live,) = (p for p in stored.passages if p.chunk.source == "live")
    assert (live.chunk.document, live.chunk.text) == ("stock", "")
    assert stored.route.route is Route.LIVE
    (record,) = await house.audit.listing()
    assert "stock" in record.content["used"]
    assert "k3y" not in repr(stored) + repr(record)


async def test_who_may_not_see_the_shop_learns_nothing_of_it(house: House) -> None:
    """No request, no hint, no question back; its name stands in the audit alone."""
    house.groups = frozenset({"staff"})
    for principal in (Principal(), Principal(frozenset({"sales"}))):
        turn = await house.ask("How much is the AX-100?", principal=principal)
        assert "59 €" in turn.answer and "49" not in turn.answer
        assert turn.route.route is not Route.LIVE
        assert turn.withheld == ("stock",)
        said = f"{turn.answer}{turn.citations}{turn.route}{turn.error}{turn.passages}"
        assert "stock" not in said
        back = await house.ask("Is it in stock?", principal=principal)
        assert back.outcome is not Outcome.CLARIFY and "code" not in back.answer
    assert house.shop.asked == []
    allowed = await house.ask("How much is the AX-100?", principal=STAFF)
    assert allowed.answer.startswith("Price of AX-100: 49.00 EUR. [1]")
    assert allowed.withheld == ()


async def test_what_staff_were_told_does_not_come_back_to_others(house: House) -> None:
    """In a thread of both, a follow-up of somebody without the group gets no fact."""
    house.groups = frozenset({"staff"})
    first = await house.ask("How much is the AX-100?", principal=STAFF)
    turn = await house.ask("and in stock?", thread=first.thread)
    assert "12" not in turn.answer and "49" not in turn.answer
    assert len(house.shop.asked) == 1


# -- on the command line --------------------------------------------------------------------------

SETTINGS = """
[[live]]
name = "stock"
description = "Price and units in stock of a product, by its code"
url = "{url}?key=k3y"
parameters = {{ code = "the product's code, like AX-100" }}
{more}
"""


def run(home: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """One command in a folder."""
    return run_command(
        *arguments,
        cwd=home,
        env=environment(home),
        typed=stdin,
        timeout=60,
    )


def test_on_the_command_line_it_works_as_set_up(tmp_path: Path) -> None:
    """``ask``, ``route``, ``doctor`` and ``config show`` with a shop; no address is ever shown."""
    with ShopServer({"AX-100": {"price": 49.5, "stock": 3}}) as shop:
        (tmp_path / "wellspoken.toml").write_text(SETTINGS.format(url=shop.url, more=""))
        answered = json.loads(run(tmp_path, "ask", "How much is the AX-100?", "--json").stdout)
        assert answered["answer"].startswith("Price of AX-100: 49.50. [1] (as of ")
        assert (answered["outcome"], answered["route"]) == ("answered", "live")
        assert answered["citations"][0]["uri"] == ""
        lines = '{"id": 1, "text": "AX-100 in stock?"}\n{"id": 2, "text": "How do I clean it?"}\n'
        routed = run(tmp_path, "route", "--jsonl", "-", stdin=lines).stdout.splitlines()
        assert [json.loads(line)["route"] == "live" for line in routed] == [True, False]
        checks = json.loads(run(tmp_path, "doctor", "--json").stdout)
        assert {"check": "live: stock", "ok": True, "detail": "answers (price, units in stock)",
                "fix": ""} in checks  # fmt: skip
        shown = run(tmp_path, "config", "show").stdout
        assert "stock" in shown and "k3y" not in shown


def test_a_source_for_staff_is_no_route_for_the_public(tmp_path: Path) -> None:
    """Without a group a caller is the public, on the command line too."""
    groups = 'groups = ["staff"]'
    with ShopServer({"AX-100": {"price": 49.5}}) as shop:
        (tmp_path / "wellspoken.toml").write_text(SETTINGS.format(url=shop.url, more=groups))
        routed = json.loads(run(tmp_path, "route", "AX-100 price?", "--json").stdout)
        assert routed["route"] != "live" and "stock" not in str(routed)
        assert shop.asked == []
        told = run(tmp_path, "ask", "AX-100 price?", "--group", "staff", "--json").stdout
        assert "49.50" in json.loads(told)["answer"]


def test_a_source_that_cannot_work_is_refused_at_the_start(tmp_path: Path) -> None:
    """Exit code 2 and one sentence that names it."""
    text = SETTINGS.format(url="http://{code}.shop", more="").replace("{{", "{")
    (tmp_path / "wellspoken.toml").write_text(text)
    done = run(tmp_path, "ask", "How much is the AX-100?")
    assert done.returncode == 2
    assert 'live source "stock": its url may have {parameters} in the path' in done.stderr
    assert "Traceback" not in done.stderr
