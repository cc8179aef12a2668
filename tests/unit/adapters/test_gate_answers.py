"""Answers of a run that is not over, and the cases that it asks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.evaluation.finding import found_suites
from adapters.release.gate_answers import AnswerFile, Kept
from adapters.release.gate_comparing import cases_of, spoken
from bot.conversation import Route, Usage
from bot.errors import StorageError
from bot.llm.openai import OpenAIChatModel
from bot.ports import Brief
from bot.settings import load_settings
from persona.profile import default_persona
from persona.voice import ModelVoice
from tests.platforms.openai_server import Behaviour, Fault, OpenAIServer

SAID = Kept('He said "so" [1].\n\nYes.', 0.5, Usage(10, 5, 0.001))


def test_an_answer_is_found_again_for_the_same_question_and_evidence(tmp_path: Path) -> None:
    """Not for another question, other passages, or the other side."""
    path = tmp_path / "answers.jsonl"
    with AnswerFile(path) as first:
        first.keep("1", "live", "e1", "Why?", SAID)
    assert path.stat().st_mode & 0o777 == 0o600
    with AnswerFile(path) as again:
        assert again.find("1", "live", "e1", "Why?") == SAID
        assert again.find("1", "live", "e2", "Why?") is None
        assert again.find("1", "live", "e1", "How?") is None
        assert again.find("1", "candidate", "e1", "Why?") is None
        again.remove()
    assert not path.exists()


def test_a_line_that_was_cut_off_is_no_answer(tmp_path: Path) -> None:
    """What stands before it and what comes after it is whole; the last answer to a case counts."""
    path = tmp_path / "answers.jsonl"
    with AnswerFile(path) as first:
        first.keep("1", "live", "e", "Why?", SAID)
    path.write_bytes(path.read_bytes() + b'{"case": "2", "si')
    later = Kept("Later.", 1.0)
    with AnswerFile(path) as again:
        again.keep("1", "live", "e", "Why?", later)
        again.keep("3", "live", "e", "Why?", SAID)
    with AnswerFile(path) as third:
        assert third.find("1", "live", "e", "Why?") == later
        assert third.find("3", "live", "e", "Why?") == SAID
        assert third.find("2", "live", "e", "Why?") is None


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """One sentence with the path."""
    with pytest.raises(StorageError, match="cannot be written"), AnswerFile(tmp_path / "no" / "a"):
        pass


async def test_cases_of_several_suites_are_told_apart(tmp_path: Path) -> None:
    """By the suite's name; the same content twice is one suite."""
    one = {"id": "1", "question": "Why?", "answers": ["so"]}
    for name, record in (("a", one), ("b", one | {"question": "How?"}), ("copy", one)):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(record))
    settings = load_settings(WELLSPOKEN_HOME=tmp_path)
    named = [tmp_path / f"{name}.jsonl" for name in ("a", "b", "copy")]
    suites = await found_suites(settings, named)
    assert [case.id for case in cases_of(suites)] == ["a/1", "b/1"]
    assert [case.id for case in cases_of(suites[:1])] == ["1"]


@pytest.mark.parametrize(
    ("fault", "failed"),
    [(None, False), (Fault.EMPTY, False), (Fault.FAILED, True), (Fault.BROKEN_CHUNK, True)],
)
async def test_silence_is_an_answer_and_a_failure_is_none(
    fault: Fault | None, failed: bool
) -> None:
    """A model without a word does not know; one that fails has no time and an error."""
    brief = Brief("Why?", "Why?", (), (), Route.HYBRID)
    with OpenAIServer(Behaviour(answer="Because of that and nothing else.", fault=fault)) as server:
        model = OpenAIChatModel("m", server.url, retries=0, prices=(1.0, 2.0))
        said = await spoken(ModelVoice(model, default_persona()), brief)
        await model.aclose()
    assert bool(said.error) is failed
    assert (said.seconds is None) is failed
    if fault is None:
        assert said.text == "Because of that and nothing else."
        assert said.usage.cost_usd > 0
    if fault is Fault.EMPTY:
        assert said.text == ""
