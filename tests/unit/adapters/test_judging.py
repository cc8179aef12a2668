"""Who judges claims, as the settings say, and what the doctor finds of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.judging import examine_judge, judged, open_grounder
from adapters.models import model_server
from bot.errors import ConfigurationError, ModelError, UsageError
from bot.settings import Settings, environment_names, load_settings
from knowledge.grounding import BuiltinGrounder
from tests.platforms.openai_server import Behaviour, Fault, OpenAIServer

YES = '{"verdict": "SUPPORTED", "passage": 1, "reason": ""}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for row in environment_names():
        monkeypatch.delenv(row.environment, raising=False)
    return tmp_path


def with_server(folder: Path, server: OpenAIServer, checking: str) -> Settings:
    """Settings of a bot whose models are at a stand-in server."""
    lines = [f'openai_base_url = "{server.url}"', 'wellspoken_model = "big"', "[checking]"]
    (folder / "wellspoken.toml").write_text("\n".join([*lines, checking]), encoding="utf-8")
    return load_settings()


@pytest.mark.usefixtures("folder")
async def test_without_a_word_the_built_in_check_judges_alone() -> None:
    """Nothing is loaded, nothing is asked."""
    builtin = BuiltinGrounder()
    assert judged(load_settings(), builtin, None) is builtin
    assert "alone" in await examine_judge(load_settings())


async def test_the_judge_has_a_model_of_its_own(folder: Path) -> None:
    """As set, with the built-in check behind it; else the general model."""
    with OpenAIServer(Behaviour(answer=YES)) as server:
        settings = with_server(folder, server, 'by = "model"\nmodel = "judge-1"')
        async with model_server(settings) as at:
            assert judged(settings, BuiltinGrounder(), at).id.startswith("judge-1 over builtin")
        assert "judge-1 answers" in await examine_judge(settings)
        assert server.requests[-1].body["model"] == "judge-1"

        await examine_judge(with_server(folder, server, 'by = "model"'))
        assert server.requests[-1].body["model"] == "big"


async def test_the_doctor_finds_a_judge_that_is_down_or_slow(folder: Path) -> None:
    """In one sentence each."""
    with OpenAIServer(Behaviour(fault=Fault.FAILED)) as server:
        settings = with_server(folder, server, 'by = "model"\nseconds = 0.2')
        with pytest.raises(ModelError):
            await examine_judge(settings)
        server.behaviour = Behaviour(answer=YES, first_token_s=5)
        with pytest.raises((ModelError, UsageError), match="longer than"):
            await examine_judge(settings)


async def test_a_judge_without_its_server_or_folder_is_told(folder: Path) -> None:
    """Before anybody asks anything."""
    (folder / "wellspoken.toml").write_text('[checking]\nby = "model"\n')
    with pytest.raises(ConfigurationError, match="needs a server and a model"):
        judged(load_settings(), BuiltinGrounder(), None)
    (folder / "wellspoken.toml").write_text('[checking]\nby = "lettucedetect"\npath = "lettuce"\n')
    with pytest.raises(ConfigurationError, match="no folder with a model"):
        judged(load_settings(), BuiltinGrounder(), None)


async def test_a_command_opens_the_judge_by_itself(folder: Path) -> None:
    """With connections of its own, closed afterwards."""
    with OpenAIServer(Behaviour(answer=YES)) as server:
        settings = with_server(folder, server, 'by = "model"')
        async with open_grounder(settings, BuiltinGrounder()) as grounder:
            passages = ["The MG-200 has a warranty of 24 months. It covers the pump."]
            verdict = await grounder.open(passages).check("Pumps are under guarantee with it.")
        assert verdict.supported
        assert len(server.requests) == 1
