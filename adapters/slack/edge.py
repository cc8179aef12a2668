"""What all listeners share: the desk, the workspaces, and a way to say something to one person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from adapters.amended import CurrentSettings
from adapters.chat.ports import Desk
from adapters.slack.blocks import Block
from adapters.slack.events import Payload, organisation_of, presser_of, workspace_of
from adapters.slack.workspaces import Workspace, Workspaces
from bot.errors import WellspokenError
from bot.telemetry import log

Body = dict[str, Any]
Ack = Callable[..., Awaitable[Any]]


class Edge:
    """The house as the listeners see it."""

    def __init__(self, desk: Desk, workspaces: Workspaces, amended: CurrentSettings) -> None:
        self.desk, self.workspaces, self.amended = desk, workspaces, amended

    async def workspace(self, body: Payload) -> Workspace:
        """The workspace of a payload. Raises ChatError, StorageError."""
        return await self.workspaces.of(workspace_of(body), organisation_of(body))

    async def leave(self, body: Payload) -> None:
        """The app was removed from the workspace of a payload. Raises StorageError."""
        await self.workspaces.leave(workspace_of(body), organisation_of(body))

    async def tell(self, body: Payload, text: str, blocks: Sequence[Block] = ()) -> None:
        """Say something (mrkdwn) to who pressed or typed, to nobody else. Never raises: what
        cannot be said is logged."""
        try:
            workspace = await self.workspace(body)
            url = body.get("response_url")
            if url:
                await workspace.web.respond(str(url), text, blocks=blocks)
            else:  # pressed in the App Home or a form: there is no other way to this person
                direct = await workspace.web.open_dm(presser_of(body).id)
                await workspace.web.post_message(direct, text, blocks=blocks)
        except WellspokenError as error:
            log.warning("Slack: nobody could be told", kind=body.get("type"), error=str(error))
