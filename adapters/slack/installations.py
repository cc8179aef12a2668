"""Installations into several workspaces, kept in our database with their tokens encrypted.

The SDK's own SQLAlchemy store is not used: it keeps tokens in plain text and wants an engine of
its own beside the one writer that our database has.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from logging import Logger, getLogger

import sqlalchemy as sa
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.models.bot import Bot
from slack_sdk.oauth.installation_store.models.installation import Installation
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from adapters.slack.sealing import Seal
from adapters.slack.tables import installations, states
from bot.store.base import Database, insert
from bot.store.timing import utc_now
from bot.telemetry import log

Clock = Callable[[], datetime]

_STATE_LIVES = timedelta(minutes=10)
_KEPT = (
    "app_id",
    "enterprise_id",
    "enterprise_name",
    "team_id",
    "team_name",
    "bot_token",
    "bot_id",
    "bot_user_id",
    "bot_scopes",
    "is_enterprise_install",
)
"""What is kept of an installation: the bot's side. The installer's own token is never asked for."""


class SlackInstallations(AsyncInstallationStore):
    """The workspaces and organisations into which the app of ``client_id`` is installed.

    Every method raises StorageError where the database cannot be reached.
    """

    def __init__(self, db: Database, client_id: str, seal: Seal, clock: Clock = utc_now) -> None:
        self._db, self._client_id, self._seal, self._clock = db, client_id, seal, clock

    @property
    def logger(self) -> Logger:
        return getLogger("slack_bolt.installations")

    async def async_save(self, installation: Installation) -> None:
        """Keep an installation; one of the same place is replaced."""
        kept = {name: getattr(installation, name) for name in _KEPT}
        await self._keep(kept)

    async def async_save_bot(self, bot: Bot) -> None:
        """Keep the bot's side of an installation."""
        kept = {name: getattr(bot, name) for name in _KEPT}
        await self._keep(kept)

    async def _keep(self, kept: dict[str, object]) -> None:
        whole = bool(kept["is_enterprise_install"])
        place = str(kept["enterprise_id"] if whole else kept["team_id"])
        row = {
            "client_id": self._client_id,
            "place": place,
            "organisation": "",
            "sealed": self._seal.seal(json.dumps(kept)),
            "installed_at": self._clock(),
        }
        await self._db.write(lambda connection: _put(connection, row))
        log.info("installed into a Slack workspace", place=place)

    async def async_find_bot(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        is_enterprise_install: bool | None = False,
    ) -> Bot | None:
        """The installation that serves a workspace: its own, else its organisation's.

        Which organisation serves a workspace is remembered, so that the workspace's id alone
        finds it later.
        """
        found = await self._sealed_of(team_id) if team_id and not is_enterprise_install else None
        if found is None and enterprise_id:
            found = await self._sealed_of(enterprise_id)
            if found is not None and team_id:
                await self._remember(team_id, enterprise_id)
        if found is None and team_id:
            found = await self._sealed_of(team_id)
        if found is None:
            return None
        return Bot(installed_at=found[1].timestamp(), **json.loads(self._seal.open(found[0])))

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """As :meth:`async_find_bot`; who installed it is not kept."""
        bot = await self.async_find_bot(
            enterprise_id=enterprise_id,
            team_id=team_id,
            is_enterprise_install=is_enterprise_install,
        )
        if bot is None:
            return None
        kept = {name: getattr(bot, name) for name in _KEPT}
        return Installation(user_id=user_id or "", installed_at=bot.installed_at, **kept)

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Forget the installation of a workspace, or of an organisation where no team is given."""
        place = team_id or enterprise_id
        if place is None:
            return
        gone = sa.delete(installations).where(
            installations.c.client_id == self._client_id,
            sa.or_(installations.c.place == place, installations.c.organisation == place),
        )
        if await self._db.write(lambda connection: connection.execute(gone).rowcount):
            log.info("uninstalled from a Slack workspace", place=place)

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """Nothing of a single installer is kept, so nothing is deleted."""

    async def places(self) -> list[str]:
        """The workspaces (and organisations) that have it, in the order of their ids."""
        c = installations.c
        known = sa.select(c.place).where(c.client_id == self._client_id, c.sealed != "")
        return await self._db.read(lambda conn: list(conn.scalars(known.order_by(c.place))))

    async def _sealed_of(self, place: str) -> tuple[str, datetime] | None:
        def op(connection: sa.Connection) -> tuple[str, datetime] | None:
            row = connection.execute(self._row(place)).one_or_none()
            if row is not None and row.organisation:
                row = connection.execute(self._row(row.organisation)).one_or_none()
            return None if row is None else (row.sealed, row.installed_at)

        return await self._db.read(op)

    def _row(self, place: str) -> sa.Select[tuple[str, str, datetime]]:
        c = installations.c
        return sa.select(c.organisation, c.sealed, c.installed_at).where(
            c.client_id == self._client_id, c.place == place
        )

    async def _remember(self, team: str, organisation: str) -> None:
        row = {
            "client_id": self._client_id,
            "place": team,
            "organisation": organisation,
            "sealed": "",
            "installed_at": self._clock(),
        }
        await self._db.write(lambda connection: _put(connection, row))


def _put(connection: sa.Connection, row: dict[str, object]) -> None:
    statement = insert(connection, installations).values(row)
    update = {name: row[name] for name in ("organisation", "sealed", "installed_at")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["client_id", "place"], set_=update)
    )


class SlackStates(AsyncOAuthStateStore):
    """The states of installations on their way: each serves once, within ten minutes.

    Only a digest is stored, so that nobody who reads the database can finish an installation.
    """

    def __init__(self, db: Database, clock: Clock = utc_now) -> None:
        self._db, self._clock = db, clock

    @property
    def logger(self) -> Logger:
        return getLogger("slack_bolt.states")

    async def async_issue(self, *_args: object, **_kwargs: object) -> str:
        """A new state."""
        state, now = secrets.token_urlsafe(24), self._clock()
        row = {"digest": _digest(state), "expires_at": now + _STATE_LIVES}

        def op(connection: sa.Connection) -> None:
            connection.execute(sa.delete(states).where(states.c.expires_at <= now))
            connection.execute(insert(connection, states).values(row))

        await self._db.write(op)
        return state

    async def async_consume(self, state: str) -> bool:
        """Whether a state was issued, is fresh and was not used before."""
        used = sa.delete(states).where(
            states.c.digest == _digest(state or ""), states.c.expires_at > self._clock()
        )
        return await self._db.write(lambda connection: connection.execute(used).rowcount == 1)


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
