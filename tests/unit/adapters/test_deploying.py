"""Adapters at the model server: loaded by it, or served there already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.release.deploying import ServerDeployment, deployment_of
from adapters.release.releasing import release_desk
from bot.errors import ConfigurationError, ReleaseError, UsageError
from bot.settings import load_settings
from bot.settings.loop import TuningSection
from bot.store.base import Database
from persona.tuning.deploying import Deployer
from tests.platforms.openai_server import Behaviour, OpenAIServer

BY = "terminal:operator"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """A server that loads nothing while it runs, and serves what it was started with."""
    with OpenAIServer(Behaviour(models=("served",))) as running:
        yield running


async def test_model_that_is_served_already_needs_no_loading(server: OpenAIServer) -> None:
    """A server without vLLM's endpoints, started with the adapter, is taken as it is."""
    deployment = ServerDeployment(Deployer(server.url), server.url)
    await deployment.load("served", Path("/adapters/served"))
    with pytest.raises(ReleaseError, match="cannot load adapters while it runs"):
        await deployment.load("other", Path("/adapters/other"))


async def test_version_that_the_server_cannot_load_is_not_released(
    server: OpenAIServer, sqlite_database: Database, tmp_path: Path
) -> None:
    """Promotion and canary say why in one sentence, and nothing is released."""
    settings = load_settings(
        WELLSPOKEN_HOME=tmp_path, OPENAI_BASE_URL=server.url, WELLSPOKEN_MODEL="general"
    )
    desk = release_desk(settings, sqlite_database)
    for model in ("served", "other"):
        await desk.register(model, by=BY, adapter=tmp_path)
    with pytest.raises(ReleaseError, match="cannot load adapters"):
        await desk.promote("v2", by=BY, force=True, reason="x")
    with pytest.raises(ReleaseError, match="cannot load adapters"):
        await desk.start_canary("v2", 0.5, by=BY)
    assert (await desk.release()).revision == 0
    assert (await desk.promote("v1", by=BY, force=True, reason="x")).changed


async def test_the_general_model_is_no_canary_of_itself(
    server: OpenAIServer, sqlite_database: Database, tmp_path: Path
) -> None:
    """Its turns could not be told from those of the other side."""
    settings = load_settings(
        WELLSPOKEN_HOME=tmp_path, OPENAI_BASE_URL=server.url, WELLSPOKEN_MODEL="general"
    )
    desk = release_desk(settings, sqlite_database)
    await desk.register("general", by=BY)
    with pytest.raises(UsageError, match="the general model itself"):
        await desk.start_canary("v1", 0.5, by=BY)


def test_a_vendors_service_keeps_its_adapters_itself(tmp_path: Path) -> None:
    """Without an address of one's own there is nothing to load into."""
    assert deployment_of(load_settings(WELLSPOKEN_HOME=tmp_path)) is None


async def test_openais_key_is_shown_to_no_other_server(
    server: OpenAIServer, tmp_path: Path
) -> None:
    """With OpenAI for answers and a server of one's own for adapters; that of one's own server is
    used there."""
    known = {"WELLSPOKEN_HOME": tmp_path, "WELLSPOKEN_MODEL": "m", "OPENAI_API_KEY": "sk-secret"}
    named = {"tuning": TuningSection(server=server.url)}
    for settings in (
        load_settings(**known, **named),
        load_settings(**known, **named, OPENAI_BASE_URL="https://api.openai.com/v1"),
    ):
        deployment = deployment_of(settings)
        assert deployment is not None
        await deployment.load("served", tmp_path)
    own = deployment_of(load_settings(**known, **named, OPENAI_BASE_URL=server.url))
    assert own is not None
    await own.load("served", tmp_path)
    keys = [request.headers.get("authorization") for request in server.requests]
    assert keys == [None] * 4 + ["Bearer sk-secret"] * 2


def test_an_address_that_is_none_is_told_at_the_start(tmp_path: Path) -> None:
    """Of the server that loads adapters, as of others."""
    with pytest.raises(ConfigurationError, match="no web address"):
        load_settings(WELLSPOKEN_HOME=tmp_path, tuning=TuningSection(server="localhost"))
