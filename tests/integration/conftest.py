"""What tests of whole services begin with: knowledge that was read in, and a model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.openai_answers import quote_passages
from tests.platforms.openai_server import Behaviour, OpenAIServer
from tests.platforms.pumps import write_knowledge


@pytest.fixture(scope="session")
def _read_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("knowledge")
    write_knowledge(home)
    return home


@pytest.fixture
def home(_read_in: Path, tmp_path: Path) -> Path:
    """A data folder with the pumps' documents read in."""
    return Path(shutil.copytree(_read_in, tmp_path / "home"))


@pytest.fixture
def models() -> Iterator[OpenAIServer]:
    """A model that quotes what it is given; about the Zulu pump it talks for minutes."""

    def talk(messages: list[Any]) -> str:
        long = "Zulu pump run?" in str(messages[-1])
        return " ".join([quote_passages(messages)] * (20 if long else 1))

    with OpenAIServer(Behaviour(answer=talk)) as server:
        yield server
