"""Strings that break programs, wherever people and documents can bring them: nothing falls over,
nobody is pinged, and what was said is stored as it was said."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from adapters.assembly import assemble
from adapters.rendering import answer_ansi, answer_html
from adapters.rendering.discord import discord_parts
from adapters.rendering.slack import slack_parts
from adapters.web.app import create_app
from benchmarks.open_sets import data_folder, rows
from bot.conversation import Author, Message, Platform, Principal, Question, Rating, Role, Route
from bot.errors import QuestionError
from bot.guardrails import clean_question
from bot.marking import Marks
from bot.ports import Brief
from bot.settings import load_settings
from bot.store.base import Database
from bot.store.columns import clean
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from knowledge.sources.folder import FolderSource
from persona.profile import Persona, Sample
from persona.prompting import build_messages
from tests.contracts.chat_communities import discord_chat, slack_chat
from tests.contracts.chat_conversation import MakeDriver, read_in
from tests.contracts.chat_visitors import web_chat
from tests.platforms.command import Cli
from tests.platforms.obeying_model import outside, passage

TOKEN = "a-console-token-for-tests"
FEW = (
    "undefined",
    "\\",
    "1/0",
    "-1E+02",
    "̡͓̞ͅI̗̘̦͝n͇͇͙v̮̫ok̲̫̙͈i̖͙̭̹̠̞n̡̻̮̣̺g̲͈͙̭͙̬͎ ̰t͔̦h̞̲e̢̤ ͍̬̲͖f̴̘͕̣è͖ẹ̥̩l͖͔͚i͓͚̦͠n͖͍̗͓̳̮g͍ ̨o͚̪͡f̘̣̬ ̖̘͖̟͙̮c҉͔̫͖͓͇͖ͅh̵̤̣͚͔á̗̼͕ͅo̼̣̥s̱͈̺̖̦̻͢.̛̖̞̠̫̰",
    "<script>alert(0)</script>",
    "'; DROP TABLE turns; --",
    "{% raw %}{{ 7*7 }}{% endraw %}",
    "$(touch /tmp/blns.fail)",
    "\u202etest\u202e <!channel> @everyone @here <!subteam^S1>",
    "\u0000\ufeff\ufffe\ud800 lone",
    "👩‍👩‍👧‍👦 ﷽ 𝓣𝓱𝓮 ⒯⒣⒠",
    "\x1b[31mred\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "[x](javascript:alert(1)) ![y](http://evil.example/z.png)",
    "../../../../../etc/passwd%00",
    "%s%n%x%d {0} ${HOME}",
    "田中さんにあげて下さい",
    "=cmd|' /C calc'!A0",
)
PINGED = re.compile(r"<[!@#][\w!&]|@(?:everyone|here|channel)")


def naughty() -> list[str]:
    """The open set where it lies, and a few of our own."""
    there = data_folder() / "naughty_strings"
    found = [row["text"] for row in rows("naughty_strings/strings")] if there.is_dir() else []
    return [*FEW, *found]


def askable(text: str) -> bool:
    """Whether anything of it can be asked."""
    try:
        clean_question(text)
    except QuestionError:
        return False
    return True


@pytest.fixture(scope="module")
def strings() -> list[str]:
    return naughty()


def settings_of(home: Path) -> Mapping[str, str]:
    return {"WELLSPOKEN_HOME": str(home), "WELLSPOKEN_CONSOLE_TOKEN": TOKEN}


async def test_the_api_takes_them_and_stores_them_as_they_are(
    tmp_path: Path, strings: list[str]
) -> None:
    """As question, thread, group and key: an answer or one sentence why not, never a fault; the
    turn holds the question word for word, and the correction of it, too."""
    home = tmp_path / "home"
    await read_in(home)
    async with assemble(load_settings(**settings_of(home)), warm=False) as app:
        transport = httpx2.ASGITransport(app=create_app(app))
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=headers, timeout=60
        ) as client:
            for n, text in enumerate(strings):
                said = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
                body: dict[str, object] = {"question": said}
                body |= {"thread": said[:100]} if n % 3 == 1 else {}
                body |= {"groups": [said[:100]]} if n % 3 == 2 else {}
                response = await client.post("/api/ask", json=body)
                assert response.status_code < 500, (text, response.text)
                assert response.status_code == 200 or not (askable(said) and n % 3 == 0), text
                if response.status_code != 200:
                    assert response.json()["error"]
                    continue
                turn = await app.history.turn(response.json()["turn"])
                assert turn.question == clean(clean_question(said))
                rated = {"turn": turn.id, "rating": "down", "reason": said, "correction": said}
                given = await client.post("/api/feedback", json=rated)
                assert given.status_code < 500, (text, given.text)
                if given.status_code < 300 and said.strip():
                    (kept,) = await FeedbackBook(app.database).of(turn.id)
                    assert kept.correction.strip() in clean(said)


async def test_as_authors_titles_files_and_texts_they_are_data(
    tmp_path: Path, strings: list[str]
) -> None:
    """Documents are named, titled and filled with them; every answer is made, stored and shown in
    each platform's form, and nobody is pinged."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for n, text in enumerate(strings):
        name = re.sub(r"[/\x00\ud800-\udfff]", "_", text)[:40].strip(". ") or "x"
        body = text.encode("utf-8", "replace").decode()
        title = json.dumps(body[:200], ensure_ascii=False)
        page = f"---\ntitle: {title}\n---\n\nThe Alpha{n} pump runs for {n} hours. {body}\n"
        (docs / f"{n}-{name}.md").write_text(page, "utf-8")
    async with assemble(load_settings(**settings_of(tmp_path / "home")), warm=False) as app:
        report = await app.ingestor.ingest(FolderSource(docs, name="docs"))
        assert report.added + len(report.failed) == len(strings)
        assert len(report.failed) <= len(strings) // 20
        await app.ingestor.embed_waiting()
        for n, text in enumerate(strings[::12]):
            author = Author(Platform.SLACK, f"U{n}", clean(text))
            asked = Question(f"How long does the Alpha{n * 12} pump run?", author, Principal())
            turn = await app.engine.answer(asked)
            stored = await app.history.turn(turn.id)
            assert stored.answer == turn.answer
            assert stored.author.name == clean(text)
            shown = [*(f"{p.text}{p.blocks}" for p in slack_parts(turn)), *discord_parts(turn)]
            assert not any(PINGED.search(part) for part in shown), text
            page, lines = answer_html(turn), answer_ansi(turn, color=False)
            assert "<script" not in page.lower()
            assert not re.search("[\x1b\x07\u202e]", lines + page)


def test_on_the_command_line_each_has_its_line(tmp_path: Path, strings: list[str]) -> None:
    """``ask --jsonl`` answers every one of them, in order, an answer or an error."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("# Pump\n\nThe Alpha pump runs for 11 hours.\n")
    cli = Cli(tmp_path, {"WELLSPOKEN_HOME": str(tmp_path / "home")})
    assert cli("ingest", str(folder)).returncode == 0
    picked = [*FEW, *strings[len(FEW) :: 4]]  # all of them take half a minute
    lines = [json.dumps({"id": n, "question": text}) for n, text in enumerate(picked)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    done = cli("ask", "--jsonl", "in.jsonl", timeout=110)
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["id"] for each in said] == list(range(len(picked)))
    for each, text in zip(said, picked, strict=True):
        assert ("answer" in each) is askable(text), (text, each)
    for text in ("--", "-rf /", "\x1b[31m"):
        alone = cli("ask", "--", text)
        assert alone.returncode in (0, 2)
        assert "Traceback" not in alone.stderr
        assert "\x1b[31m" not in alone.stdout


@pytest.mark.parametrize(
    "make", [slack_chat, discord_chat, web_chat], ids=["slack", "discord", "web"]
)
async def test_in_chats_they_are_answered_once_and_ping_nobody(
    make: MakeDriver, tmp_path: Path
) -> None:
    """Asked and given as a better answer: one turn each, the words as they arrive, no ping."""
    home = tmp_path / "home"
    await read_in(home)
    rng = random.Random(9)
    known = [text for text in naughty() if askable(text) and text.isprintable() and text.strip()]
    picked = rng.sample([text for text in known if len(text) < 300], 6)
    database = await Database.open(f"sqlite:///{home / 'wellspoken.db'}")
    try:
        async with make(home, {"WELLSPOKEN_HOME": str(home)}) as driver:
            for text in (*picked, *FEW[9:10]):
                asked = f"How long does the Alpha pump run? {text}"
                seen = await driver.ask(asked)
                assert not seen.alive, (text, seen.alive)
                (turn,) = [t for t in await History(database).recent() if t.question][:1]
                arrived = clean_question(driver.arrives(asked))
                assert " ".join(turn.question.split()) == " ".join(arrived.split()), text
                assert not PINGED.search(seen.words), text
            await driver.correct(picked[0])
            (kept,) = await FeedbackBook(database).of(turn.id)
            assert kept.rating is Rating.DOWN
            assert kept.correction
    finally:
        await database.close()


def test_a_persona_may_be_written_in_any_of_them(strings: list[str]) -> None:
    """As name, voice, rule and sample of the persona, and as thread, title and question: a prompt
    comes of it, and what is not the operator's stands in the marked data."""
    for text in strings:
        own = Persona(
            name=text or "x",
            voice=text or "x",
            do=(text,),
            samples=(Sample(text, text or "x", text),),
        )
        said = (Message(Role.USER, text), Message(Role.ASSISTANT, text))
        found = (passage(text, title=text, document=text),)
        brief = Brief(text, text, said, found, Route.RAG)
        plain = Persona(name="Juniper", voice="plain")
        for persona in (own, plain):
            assert build_messages(brief, persona, 6000, Marks.fresh())[0].role == "system"
        told = build_messages(brief, plain, 6000, Marks.fresh())
        assert outside(told).strip() == ""
