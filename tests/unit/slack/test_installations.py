"""Installations: kept sealed, found by workspace and organisation, gone when they leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from slack_sdk.oauth.installation_store.models.installation import Installation

from adapters.slack.installations import SlackInstallations, SlackStates
from adapters.slack.sealing import Seal
from bot.errors import ConfigurationError
from bot.store.base import Database

MORNING = datetime(2026, 3, 1, 9, tzinfo=UTC)


def installation(team: str | None = "T1", enterprise: str | None = None) -> Installation:
    return Installation(
        app_id="A1",
        enterprise_id=enterprise,
        team_id=team,
        team_name="Team",
        bot_token=f"xoxb-{team or enterprise}",
        bot_id="B1",
        bot_user_id="U1",
        bot_scopes=["chat:write"],
        user_id="UADA",
        user_token="xoxp-never-kept",
        is_enterprise_install=team is None,
    )


def store(db: Database, secret: str = "s", client: str = "C1") -> SlackInstallations:
    return SlackInstallations(db, client, Seal(secret), lambda: MORNING)


async def token(
    kept: SlackInstallations, team: str | None, enterprise: str | None = None
) -> str | None:
    bot = await kept.async_find_bot(enterprise_id=enterprise, team_id=team)
    return bot.bot_token if bot else None


async def test_each_workspace_has_its_own_token(database: Database) -> None:
    """Installed again, the new one counts; another app of the same database is another."""
    kept = store(database)
    await kept.async_save(installation("T1"))
    await kept.async_save(installation("T2"))
    renewed = installation("T1")
    renewed.bot_token = "xoxb-new"
    await kept.async_save(renewed)
    assert (await token(kept, "T1"), await token(kept, "T2")) == ("xoxb-new", "xoxb-T2")
    assert await token(kept, "T3") is None
    assert await token(store(database, client="C2"), "T1") is None
    assert await kept.places() == ["T1", "T2"]
    found = await kept.async_find_installation(enterprise_id=None, team_id="T1")
    assert found is not None
    assert (found.bot_user_id, found.bot_scopes, found.user_token) == ("U1", ["chat:write"], None)


async def test_an_organisations_installation_serves_its_workspaces(database: Database) -> None:
    """Once seen, a workspace is found by its own id; with the organisation all of them go."""
    kept = store(database)
    await kept.async_save(installation(None, "E1"))
    assert await token(kept, "T1") is None
    assert await token(kept, "T1", "E1") == "xoxb-E1"
    assert await token(kept, "T1") == "xoxb-E1"
    await kept.async_delete_all(enterprise_id="E1", team_id=None)
    assert await token(kept, "T1", "E1") is None


async def test_who_leaves_is_forgotten(database: Database) -> None:
    """Nothing of a workspace stays."""
    kept = store(database)
    await kept.async_save(installation("T1"))
    await kept.async_delete_all(enterprise_id=None, team_id="T1")
    assert await token(kept, "T1") is None
    assert await kept.places() == []


async def test_tokens_are_not_in_the_rows(database: Database) -> None:
    """Neither the bot's nor the installer's can be read without the key."""
    await store(database).async_save(installation("T1"))
    rows = await database.read(
        lambda connection: str(
            list(connection.execute(sa.text("SELECT * FROM slack_installations")))
        )
    )
    assert "T1" in rows
    assert "xoxb" not in rows
    assert "xoxp" not in rows


async def test_another_key_is_said(database: Database) -> None:
    """It names the setting, not the token."""
    await store(database).async_save(installation("T1"))
    with pytest.raises(ConfigurationError, match="WELLSPOKEN_SECRET_KEY"):
        await token(store(database, "another"), "T1")


async def test_a_state_serves_once_and_not_for_long(database: Database) -> None:
    """Made up, used or stale ones do not."""
    now = MORNING
    states = SlackStates(database, lambda: now)
    state = await states.async_issue()
    assert not await states.async_consume("made-up")
    assert not await states.async_consume("")
    assert await states.async_consume(state)
    assert not await states.async_consume(state)
    late = await states.async_issue()
    now += timedelta(minutes=11)
    assert not await states.async_consume(late)
    await states.async_issue()
    count = sa.text("SELECT count(*) FROM slack_states")
    assert await database.read(lambda connection: connection.scalar(count)) == 1


def test_a_seal_opens_only_what_it_sealed() -> None:
    """The same text sealed twice looks different."""
    seal = Seal("secret")
    assert seal.open(seal.seal("tökén")) == "tökén"
    assert seal.seal("x") != seal.seal("x")
