"""What is shown when somebody opens the bot: the App Home, and suggestions in its views."""

from __future__ import annotations

from collections.abc import Awaitable

from adapters.slack.blocks import as_mrkdwn, escape, meaning
from adapters.slack.edge import Ack, Body, Edge
from adapters.slack.events import Payload, place_of_event, presser_of, workspace_of
from adapters.slack.home import channel_in_view, home_view, prompts_of
from bot.conversation import Author, Platform, Principal


class OpeningListeners:
    """Fills the App Home and the suggested prompts. Nothing here is worth a redelivery: what
    fails is logged, and the next opening tries again."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def opened(self, body: Body) -> None:
        """``app_home_opened``: the Home tab, or the Messages tab, which is the agent view."""
        event = body["event"]
        author = Author(Platform.SLACK, str(event.get("user") or ""))
        if event.get("tab") == "messages":
            await self._suggest(body, author, str(event.get("channel") or ""))
        else:
            await self._publish(body, author)

    async def context_changed(self, body: Body) -> None:
        """``app_context_changed``: the agent view stays, what is beside it changes."""
        event = body["event"]
        author = Author(Platform.SLACK, str(event.get("user") or ""))
        await self._suggest(body, author, str(event.get("channel") or ""))

    async def assistant_opened(self, body: Body) -> None:
        """``assistant_thread_started`` and ``…_context_changed`` of the older assistant view."""
        thread = body["event"].get("assistant_thread") or {}
        author = Author(Platform.SLACK, str(thread.get("user_id") or ""))
        channel, ts = str(thread.get("channel_id") or ""), str(thread.get("thread_ts") or "")
        await self._suggest({**body, "event": thread}, author, channel, ts)

    async def consent(self, ack: Ack, body: Body) -> None:
        """The switch in the App Home."""
        _, choice = meaning(str((body.get("actions") or [{}])[0].get("value") or ""))
        await ack()
        if choice not in ("opt-in", "opt-out"):
            return
        author = presser_of(body)
        place = place_of_event({"channel": ""}, workspace_of(body))
        await self._after(body, self._edge.desk.command(choice, author, place))

    async def forget(self, ack: Ack, body: Body) -> None:
        """ "Forget me", after its dialog: in the App Home, or behind ``/wellspoken forget-me``."""
        await ack()
        await self._after(body, self._edge.desk.forget(presser_of(body)))

    async def _after(self, body: Body, work: Awaitable[str]) -> None:
        """Carry it out and say what came of it where the button was pressed."""
        said = as_mrkdwn(await work)
        if body.get("view"):
            await self._publish(body, presser_of(body), said)
        else:
            await self._edge.tell(body, said)

    async def _publish(self, body: Payload, author: Author, note: str = "") -> None:
        workspace = await self._edge.workspace(body)
        about = await self._edge.desk.about(author, workspace_of(body))
        await workspace.web.publish_home(author.id, home_view(about, escape, note))

    async def _suggest(self, body: Payload, author: Author, channel: str, thread: str = "") -> None:
        """Suggest what the knowledge base answers, near to what is looked at."""
        if not channel or not author.id:
            return
        workspace = await self._edge.workspace(body)
        looked_at = channel_in_view(body["event"])
        near = " ".join(await workspace.directory.topic(looked_at)) if looked_at else ""
        access = (await self._edge.amended.now()).access
        groups = await workspace.directory.groups_of(access, author.id)
        found = await self._edge.desk.suggestions(Principal(groups), near.strip())
        if found:
            await workspace.web.set_suggested_prompts(channel, prompts_of(found), thread=thread)
