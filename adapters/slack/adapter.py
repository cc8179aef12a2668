"""Slack as the desk uses it: implements :class:`adapters.chat.base.ChatAdapter`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from adapters.amended import CurrentSettings
from adapters.chat.base import Card, ChannelKind, Heard, Offer, Place, Placement, Surface
from adapters.chat.ports import Replies
from adapters.slack.blocks import (
    Block,
    as_mrkdwn,
    knowledge_block,
    person_block,
    section,
    under_answer,
)
from adapters.slack.cards import card_blocks, card_text
from adapters.slack.files import read_files
from adapters.slack.posting import post_once
from adapters.slack.private import PrivateSurface
from adapters.slack.streaming import Streaming
from adapters.slack.surface import SlackSurface
from adapters.slack.wording import Wording
from adapters.slack.workspaces import Workspace, Workspaces
from bot.conversation import Attachment, Author, Platform, Principal
from bot.errors import ChatError, ChatRefusedError, WellspokenError
from bot.names import safe_name
from bot.telemetry import log

_STATUS: Final = "is reading the documentation…"
_WAITING: Final = "Your question is waiting; others are before it…"
_SOMEBODY: Final = "Somebody"
_REFUSALS_MOST: Final = 10_000


class SlackAdapter:
    """All workspaces in which the bot is. Raises the ``Chat…`` errors of :mod:`bot.errors`."""

    platform = Platform.SLACK

    def __init__(self, workspaces: Workspaces, amended: CurrentSettings, replies: Replies) -> None:
        self._workspaces, self._amended, self._replies = workspaces, amended, replies
        self._streaming = Streaming()
        self._without_status: set[str] = set()

    # -- who may see what ---------------------------------------------------------------------

    async def principal(self, heard: Heard) -> Principal:
        """What everybody who reads the answer may see."""
        workspace = await self._of(heard.place)
        alone = heard.private or heard.place.kind is ChannelKind.DIRECT
        access = (await self._amended.now()).access
        return await workspace.directory.principal(
            access, author=heard.author.id, channel=heard.place.channel, alone=alone
        )

    async def groups_of(self, author: Author, workspace: str) -> frozenset[str]:
        """The groups of one person; none where Slack cannot be asked."""
        found = await self._workspaces.of(workspace)
        return await found.directory.groups_of((await self._amended.now()).access, author.id)

    async def name_of(self, author: Author, workspace: str) -> str:
        """What people call somebody."""
        try:
            found = await self._workspaces.of(workspace)
            return await found.directory.name(author.id)
        except WellspokenError as error:
            log.info("Slack: no name for somebody", error=str(error))
            return author.name

    # -- answering ----------------------------------------------------------------------------

    async def begin(self, heard: Heard, sentence: str = "") -> None:
        """Show the status line of the thread. Where Slack refuses it, it is not tried again: the
        placeholder tells the same a moment later."""
        try:
            if heard.private:
                if sentence:  # the acknowledgement said already that work began
                    await self.tell(heard, _WAITING)
                return
            where = heard.home
            if where.channel in self._without_status or where.workspace in self._without_status:
                return
            workspace = await self._of(where)
            await workspace.web.set_status(where.channel, where.thread, sentence or _STATUS)
        except ChatRefusedError as error:
            self._note_refusal(heard.place, error)
        except WellspokenError as error:
            log.warning("Slack: no status was shown", error=str(error))

    def _note_refusal(self, place: Place, error: ChatRefusedError) -> None:
        reason = str(error.data.get("reason", ""))
        of_the_workspace = reason in ("missing_scope", "not_allowed_token_type", "unknown_method")
        if len(self._without_status) >= _REFUSALS_MOST:
            self._without_status.clear()
        self._without_status.add(place.workspace if of_the_workspace else place.channel)
        log.info("Slack: the status line is refused", channel=place.channel, reason=reason)

    async def surface(self, heard: Heard, placement: Placement) -> Surface:
        """Where the answer goes."""
        workspace = await self._of(heard.place)
        if heard.private:
            return PrivateSurface(
                workspace.web, heard, placement, rendering=Wording(), controls=under_answer
            )
        return SlackSurface(
            workspace.web,
            heard,
            placement,
            us=workspace.us,
            rendering=Wording(),
            controls=under_answer,
            known=partial(self._replies.known, self.platform, heard.place.channel),
            streaming=self._streaming,
        )

    async def attachments(self, heard: Heard) -> tuple[tuple[Attachment, ...], str]:
        """The text files that came along, and a sentence about those that cannot be read."""
        if not heard.files:
            return (), ""
        workspace = await self._of(heard.place)
        return await read_files(workspace.web, heard.files)

    async def tell(
        self, heard: Heard, text: str, offer: Offer = Offer.NOTHING, turn: str = ""
    ) -> None:
        """Say a sentence of the house where ``heard`` is answered."""
        workspace = await self._of(heard.place)
        said = as_mrkdwn(text)
        below: list[Block] = [person_block(turn)] if offer is Offer.PERSON and turn else []
        blocks = [section(said), *below] if below else []
        url = heard.extra.get("response_url", "")
        if heard.private and url:
            try:
                await workspace.web.respond(url, said, blocks=blocks)
            except ChatRefusedError as error:
                log.info("Slack: a response address serves no more", error=str(error))
            else:
                return
        where = heard.home
        if heard.private:
            await workspace.web.post_ephemeral(
                where.channel, heard.author.id, said, thread=heard.place.thread, blocks=blocks
            )
        else:
            await workspace.web.post_message(
                where.channel, said, thread=where.thread, blocks=blocks
            )

    # -- the handoff --------------------------------------------------------------------------

    async def post(self, place: Place, text: str, placement: Placement) -> str:
        """Post Markdown into a place, once; the message's ts."""
        workspace = await self._of(place)
        return await post_once(workspace.web, workspace.us, place, placement, as_mrkdwn(text))

    async def post_card(self, channel: str, card: Card, placement: Placement) -> Place:
        """Post a question for a person; the thread that it opens."""
        workspace = await self._workspaces.holding(channel)
        where = Place(Platform.SLACK, workspace.us.team, channel)
        asker = card.asker.name
        if card.asker.platform is Platform.SLACK:
            asker = safe_name(await workspace.directory.name(card.asker.id))
        ts = await post_once(
            workspace.web,
            workspace.us,
            where,
            placement,
            card_text(card, asker or _SOMEBODY),
            card_blocks(card, asker or _SOMEBODY),
        )
        return replace(where, thread=ts)

    async def offer_knowledge(
        self, place: Place, handoff: str, text: str, placement: Placement
    ) -> None:
        """Say once that the answer was carried back, with a button that proposes it as
        knowledge."""
        workspace = await self._of(place)
        said = as_mrkdwn(text)
        blocks = [section(said), knowledge_block(handoff)]
        await post_once(workspace.web, workspace.us, place, placement, said, blocks)

    async def link(self, place: Place, message: str) -> str:
        """The web address of a message; empty where Slack gives none."""
        if not message:
            return ""
        try:
            workspace = await self._of(place)
            return await workspace.web.permalink(place.channel, message)
        except ChatError as error:
            log.warning("Slack: no link to a message", error=str(error))
            return ""

    async def _of(self, place: Place) -> Workspace:
        if not place.workspace:  # a channel that the settings name
            return await self._workspaces.holding(place.channel)
        return await self._workspaces.of(place.workspace)
