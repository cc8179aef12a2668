"""Forgetting a person in suites, evaluations, their pages and the answers of runs half done."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.evaluation.answers import EvaluationFiles, ForgottenMeanwhileError
from adapters.forgetting import Forgotten
from adapters.forgetting_evaluations import TABLES
from bot.conversation import Platform
from bot.evaluation.told import Told
from bot.store.base import Database
from bot.store.evaluation import EvaluationBook, RunLine
from bot.store.suite_tables import suite_cases
from persona.suites import SuiteBook
from tests.integration.test_forgetting import ANN, BEN, OPERATOR, Home, home

__all__ = ["home"]

QUESTION = 'Why\'s my quittenmus "kettle" dripping at the spout?'
EDITED = "Why does a quittenmus kettle of this kind drip?"
COMMON = "How long does a refund take, please?"
MARKS = ("quittenmus", ANN.id, "Zwetschge")


async def a_case(database: Database, name: str, question: str, author: str, place: str) -> None:
    """A case that was approved."""
    row = {
        "id": f"case{name}", "suite": "asked", "case_id": name, "question": question,
        "answers": ["14 days"], "gold": ["Refunds.md"], "answerable": True, "groups": [],
        "paraphrases": [], "origin": "turn" if place else "hand", "place": place, "quote": "",
        "author": author, "state": "approved", "by": OPERATOR,
        "at": Home.clock(), "decided_at": None,
    }  # fmt: skip
    await database.write(lambda c: c.execute(sa.insert(suite_cases), row).rowcount)


def record(name: str, question: str) -> dict[str, object]:
    """What was said to a case, as a run keeps it."""
    said = {"text": f"You asked: {question}", "notes": [], "found": [], "error": ""}
    return {"id": name, "question": question, "paraphrases": [], "told": said, "values": {}}


async def evaluated(home: Home) -> tuple[Path, Path]:
    """A turn of Ann's became a case, which was asked; the page and the answers of a run that was
    cut off. A common question of Ann's is Ben's as well."""
    turn = await home.turn(0, ANN, QUESTION)
    for author in (ANN, BEN):
        await home.turn(0, author, COMMON)
    await a_case(home.database, "a", QUESTION, ANN.key, turn)
    await a_case(home.database, "b", EDITED, "", turn)
    await a_case(home.database, "c", COMMON, "", "")
    folder = home.folder / "evaluations"
    folder.mkdir(mode=0o700, parents=True)
    page, other = folder / "runone.html", folder / "runtwo.html"
    page.write_text("<p>Why&#39;s my quittenmus &#34;kettle&#34; dripping at the spout?</p>")
    other.write_text(f"<p>{COMMON}</p>")
    told = {"text": "x", "outcome": "answered"}
    lines = [
        json.dumps({"place": f"rag\n{name}\n{question}", "told": told})
        for name, question in (("a", QUESTION), ("c", COMMON))
    ]
    cut = json.dumps({"place": f"rag\na\n{QUESTION}"})[:-5]
    half = folder / "answers-0123.jsonl"
    half.write_text("\n\n".join([*lines, ""]) + EDITED + cut[:0])
    suites = home.folder / "suites"
    suites.mkdir()
    (suites / "asked.jsonl").write_text(
        "".join(
            json.dumps({"id": n, "question": q, "answers": ["14 days"]}) + "\n"
            for n, q in (("a", QUESTION), ("b", EDITED), ("c", COMMON))
        )
    )
    book = EvaluationBook(home.database)
    figures = {"rag": {"n": 2, "accuracy": 0.5}}
    for run, questions in (("runone", (QUESTION, COMMON)), ("runtwo", (COMMON,))):
        line = RunLine(
            run, "asked", "", "d", "p@1", figures, None, str(folder / f"{run}.html"), OPERATOR,
            Home.clock(),
        )  # fmt: skip
        await book.add(line, {"rag": [record(q[:5], q) for q in questions]})
    await SuiteBook(home.database).keep("d", "asked", "", [QUESTION, EDITED, COMMON])
    return page, half


def bytes_left(folder: Path) -> list[str]:
    """The marks in any byte of any file, the database's log and free pages too."""
    return sorted(
        f"{mark} in {path.relative_to(folder)}"
        for path in folder.rglob("*")
        if path.is_file()
        for mark in MARKS
        if mark.encode() in path.read_bytes()
    )


async def test_no_byte_of_a_case_is_left(home: Home) -> None:
    """Cases, answers, pages and lines of files go; figures, and what others asked too, stay."""
    page, half = await evaluated(home)
    assert any("quittenmus in evaluations" in each for each in bytes_left(home.folder))
    done = await asyncio.to_thread(home.command, "forget", "--author", ANN.key)
    assert done.returncode == 0, done.stderr
    assert str(page) in done.stdout
    assert "3 cases" in done.stdout
    assert bytes_left(home.folder) == []
    assert not page.exists()
    assert (page.parent / "runtwo.html").exists()
    assert COMMON in half.read_text()
    left = (home.folder / "suites/asked.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in left] == ["c"]
    book = EvaluationBook(home.database)
    assert (await book.get("runone")).modes["rag"]["accuracy"] == pytest.approx(0.5)
    assert (await book.get("runone")).report == ""
    assert [c["question"] for c in (await book.cases("runone"))["rag"]] == [COMMON]
    assert await SuiteBook(home.database).questions() == [COMMON]
    verified = await asyncio.to_thread(home.command, "audit", "verify")
    assert verified.returncode == 0, verified.stdout


async def test_a_run_under_way_keeps_nothing_of_who_is_forgotten(home: Home) -> None:
    """It ends with a sentence, at the next answer or at its end, and what it answered before is
    taken up again; a run that begins then is left alone."""
    await evaluated(home)
    files, told = EvaluationFiles(home.folder), Told("Quittenmus!", "answered", "rag", "m")
    running, later = files.answers("run"), files.answers("later")
    with running.open():
        running.keep("rag\nc", Told("No.", "answered", "rag", "m"))
        await home.desk().forget(ANN.key, by=OPERATOR)
        with pytest.raises(ForgottenMeanwhileError, match="start it again"):
            running.keep(f"rag\na\n{QUESTION}", told)
        with pytest.raises(ForgottenMeanwhileError):
            running.check()
        with later.open():
            later.check()
    assert bytes_left(home.folder / "evaluations") == []
    with running.open():
        assert running.find("rag\nc") is not None


async def test_both_databases_forget_cases(database: Database, tmp_path: Path) -> None:
    """No row tells of them; a second time there is nothing."""
    made = Home(tmp_path / "home", database)
    await evaluated(made)
    gone = await made.desk().forget(ANN.key, by=OPERATOR)
    assert gone.cases == 3
    assert [path.name for path in gone.pages] == ["runone.html"]
    assert await made.desk().forget(ANN.key, by=OPERATOR) == Forgotten()
    for name in TABLES:
        rows = await database.read(
            lambda c, name=name: c.execute(sa.text(f'SELECT * FROM "{name}"')).all()
        )
        assert not [mark for mark in MARKS if mark in str(rows)], name


async def test_what_was_cut_off_is_finished(home: Home) -> None:
    """Where a file cannot be written, the messages stay, so that another time finds the words."""
    page, half = await evaluated(home)
    in_the_way = half.with_name(f".{half.name}.part")
    in_the_way.mkdir()
    done = await asyncio.to_thread(home.command, "forget", "--author", ANN.key)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    in_the_way.rmdir()
    again = await asyncio.to_thread(home.command, "forget", "--author", ANN.key)
    assert again.returncode == 0, again.stderr
    assert bytes_left(home.folder) == []
    assert not page.exists()


async def test_nobodys_evaluations_are_left_alone(home: Home) -> None:
    """Somebody who is not known changes no file."""
    page, half = await evaluated(home)
    before = half.read_bytes()
    stranger = f"{Platform.SLACK}:U0STRANGER9"
    assert await home.desk().forget(stranger, by=OPERATOR) == Forgotten()
    assert page.exists()
    assert half.read_bytes() == before
