"""Handing a question to a person, and carrying the person's answer back.

Whoever presses the offer's button gets the question posted into the handoff channel, with what
was said before and what was tried. Replies in the thread that it opens go back to the asker; an
answer becomes knowledge only after it was proposed there and approved by an operator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from adapters.amended import AmendedSettings
from adapters.chat.base import (
    Card,
    ChatAdapter,
    Heard,
    Offer,
    Place,
    Placement,
    place_of,
)
from bot.conversation import Author, Platform, Turn
from bot.errors import ChatRefusedError
from bot.handoff import CLOSED, Handoff, HandoffBook
from bot.names import safe_name
from bot.ports import Clock
from bot.settings import Settings
from bot.store.base import Database
from bot.store.history import History
from bot.store.participation import HANDOFF, Participation
from bot.telemetry import log
from bot.work.inbox import Claim, Inbox

INTERNAL = "//"
"""What a reply in the handoff's thread begins with that is not for the asker."""

_LABELLED = re.compile(r"(?<!!)\[([^\[\]\n]+)\]\((https?://[^\s()]+)\)")
_CONTEXT = 6
_LONGEST_ASKED = 200
_PASSED_ON = "I've passed your question on to a colleague{where}. The answer will come here."
_NOBODY = "I can't pass it on from here. Please ask {contact}."
_NOT_REACHED = "Sorry, I could not reach a colleague for you. Please ask {contact}."
_ALREADY = "A colleague has that question already."
_YOU_ASKED = "You asked: “{question}”"
_CONTACT = "an admin"
_HIDDEN = "What I answered is not shown here: it may hold what this channel may not see."
_ANSWERS = "**{name}** answers:\n\n{text}"
_CARRIED = "Sent to {asker}, as every reply in this thread will be."
_NOT_CARRIED = "Sorry, that could not be sent to {asker}."
_FILES = "I can send words only: {asker} did not get {files}. Paste the text or the address."
_CLOSED = "Nobody waits for an answer here any more, so that was not sent."
_ERASED = "I no longer know that question. Ask me again, please."
_COLLEAGUE, _ASKER = "A colleague", "the asker"
_SHALL_I = "That did not help, it seems. Shall I ask a colleague?"


class Handing:
    """The handoffs of all platforms: a question may be handed from one to another."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        history: History,
        participation: Participation,
        book: HandoffBook,
        inbox: Inbox,
        adapters: Mapping[Platform, ChatAdapter],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._amended = AmendedSettings(settings, database)
        self._database = database
        self._history = history
        self._participation = participation
        self._book = book
        self._inbox = inbox
        self._adapters = adapters
        self._clock = clock

    # -- the asker said yes ---------------------------------------------------------------------

    async def hand_off(self, claim: Claim, turn_id: str, place: Place) -> None:
        """Post the question into the handoff channel, once, and tell the asker."""
        turn = await self._history.turn(turn_id)
        heard = self._as_heard(turn.author, place)
        channel = await self.channel_for(place)
        target = self._adapter_of(channel) if channel else None
        steps = _Steps(claim, self._inbox)
        if not turn.question:  # erased since
            sentence = _ERASED
        elif channel is None or target is None:
            if channel is not None:
                log.warning("the handoff channel's platform is not connected", channel=channel)
            sentence = self._ask_yourself(_NOBODY)
        else:
            try:
                sentence = await self._post(turn, heard, target, channel.partition(":")[2], steps)
            except ChatRefusedError as error:
                log.warning(
                    "the bot may not post into the handoff channel; is it a member there?",
                    channel=channel,
                    error=str(error),
                )
                sentence = self._ask_yourself(_NOT_REACHED)
        about = _about(turn.question, place) if turn.question else ""
        await self._say(place, about + sentence, steps)
        await self._inbox.complete(claim)

    async def already(self, turn_id: str) -> str:
        """What to tell who presses once more."""
        handoff = await self._book.of_turn(turn_id)
        handed = handoff is not None and handoff.card_place is not None
        return _ALREADY if handed else self._ask_yourself(_NOBODY)

    async def not_handed(self, turn_id: str, place: Place) -> None:
        """Tell the asker that the question did not get through."""
        turn = await self._history.turn(turn_id)
        heard = self._as_heard(turn.author, place)
        await self._adapters[place.platform].tell(heard, self._ask_yourself(_NOT_REACHED))

    def _ask_yourself(self, sentence: str) -> str:
        return sentence.format(contact=self._settings.bot.contact or _CONTACT)

    async def _post(
        self, turn: Turn, heard: Heard, target: ChatAdapter, channel: str, steps: _Steps
    ) -> str:
        """Post the card; the sentence for the asker."""
        handoff = await self._book.open(turn.id, turn.author, asdict(heard.place), turn.question)
        if handoff.card_place is None:
            card = await self._card(handoff, turn, heard, target, channel)
            where = await target.post_card(channel, card, steps.placement("card"))
            await self._book.posted(handoff.id, asdict(where))
            await self._database.write(
                lambda c: self._participation.join_in(c, where.key, handoff.id, HANDOFF)
            )
        else:
            where = place_of(handoff.card_place)
        log.info("handed off", handoff=handoff.id, turn=turn.id)
        link = await target.link(where, where.thread)
        return _PASSED_ON.format(where=f" ([their thread]({link}))" if link else "")

    async def _card(
        self, handoff: Handoff, turn: Turn, heard: Heard, target: ChatAdapter, channel: str
    ) -> Card:
        """What the colleagues see: nothing that their channel may not see."""
        readers = await target.principal(
            self._as_heard(turn.author, Place(target.platform, heard.place.workspace, channel))
        )
        said = await self._history.messages(turn.thread, readers)
        before = [m for m in said if m.text not in (turn.question, turn.answer)]
        context = tuple((m.role.value, m.text) for m in before[-_CONTEXT:])
        tried = turn.answer if readers.groups.issuperset(turn.audience) else _HIDDEN
        source = self._adapters[heard.place.platform]
        link = await source.link(heard.place, heard.place.thread)
        name = await source.name_of(turn.author, heard.place.workspace)
        asker = replace(turn.author, name=safe_name(name or turn.author.name))
        return Card(handoff.id, asker, turn.question, context, tried, link)

    # -- a colleague replied ----------------------------------------------------------------------

    async def carry(self, claim: Claim, heard: Heard, handoff_id: str) -> None:
        """Carry a reply from the handoff's thread to the asker; the first time offer to keep it."""
        text = heard.text.strip()
        if text.startswith(INTERNAL) or not (text or heard.files):
            await self._inbox.complete(claim)
            return
        handoff = await self._book.get(handoff_id)
        steps = _Steps(claim, self._inbox)
        if handoff.status == CLOSED:
            adapter = self._adapters[heard.place.platform]
            await adapter.post(heard.home, _CLOSED, steps.placement("closed"))
            await self._inbox.complete(claim)
            return
        if heard.files:
            names = " and ".join(f"`{file.name or file.id}`" for file in heard.files)
            said = _FILES.format(asker=await self._asker(handoff), files=names.replace("``", "`"))
            await self._adapters[heard.place.platform].post(
                heard.home, said, steps.placement("files")
            )
        if text:
            await self._carry(handoff, heard, text, steps)
        await self._inbox.complete(claim)

    async def _carry(self, handoff: Handoff, heard: Heard, text: str, steps: _Steps) -> None:
        adapter = self._adapters[heard.place.platform]
        name = await adapter.name_of(heard.author, heard.place.workspace)
        name = safe_name(name) or _COLLEAGUE
        text = await self._with_names(heard, text)
        place = place_of(handoff.place)
        first = await steps.first_said("first", not handoff.answer)
        # Addresses of people are no links here (they may be once approved): they stay readable.
        answer = _ANSWERS.format(name=name, text=_LABELLED.sub(r"\1 (\2)", text))
        await self._say(place, _about(handoff.question, place) + answer, steps)
        if not steps.done("kept"):
            await self._book.answered(handoff.id, text, heard.author.key, message=heard.message)
            await steps.note("kept")
        if first:
            sentence = _CARRIED.format(asker=await self._asker(handoff))
            placement = steps.placement("offered")
            await adapter.offer_knowledge(heard.place, handoff.id, sentence, placement)

    async def _with_names(self, heard: Heard, text: str) -> str:
        """A text with the names of the people in it in place of their ids."""
        adapter = self._adapters[heard.place.platform]
        for person in heard.mentions:
            author = Author(heard.place.platform, person)
            if name := safe_name(await adapter.name_of(author, heard.place.workspace)):
                text = text.replace(f"@{person}", f"@{name}")
        return text

    async def not_carried(self, heard: Heard, handoff_id: str) -> None:
        """Tell the colleagues that a reply did not get through."""
        asker = await self._asker(await self._book.get(handoff_id))
        await self._adapters[heard.place.platform].tell(heard, _NOT_CARRIED.format(asker=asker))

    async def _asker(self, handoff: Handoff) -> str:
        asked = self._adapters[handoff.asker.platform]
        name = await asked.name_of(handoff.asker, place_of(handoff.place).workspace)
        return safe_name(name) or _ASKER

    # -- offering ---------------------------------------------------------------------------------

    async def offer(self, claim: Claim, turn_id: str, place: Place) -> None:
        """After two thumbs down: ask whether a person shall look at it."""
        turn = await self._history.turn(turn_id)
        if not await self._book.of_thread(turn.thread):
            heard = self._as_heard(turn.author, place)
            await self._adapters[place.platform].tell(heard, _SHALL_I, Offer.PERSON, turn_id)
        await self._inbox.complete(claim)

    async def channel_for(self, place: Place) -> str | None:
        """The handoff channel of a place, like ``slack:C0HUMANS``."""
        channels = (await self._amended.now()).of_channel(place.channel_key)
        return next((channel.handoff for channel in channels if channel.handoff), None)

    # -- parts ------------------------------------------------------------------------------------

    def _adapter_of(self, channel: str) -> ChatAdapter | None:
        """The platform of a channel like ``slack:C0HUMANS``, where it is connected."""
        name = channel.partition(":")[0]
        return self._adapters.get(Platform(name)) if name in set(Platform) else None

    async def _say(self, place: Place, text: str, steps: _Steps) -> None:
        adapter = self._adapters.get(place.platform)
        if adapter is None:
            raise ChatRefusedError(
                platform=place.platform, method="post", reason="it is not connected here"
            )
        await adapter.post(place, text, steps.placement("said"))

    def _as_heard(self, author: Author, place: Place) -> Heard:
        """Something said by an author in a place, where only these two matter."""
        return Heard(place, place.thread, author, "", self._clock())


def _about(question: str, place: Place) -> str:
    """The question before what is said about it, where no thread shows it."""
    if place.thread:
        return ""
    words = " ".join(question.split())
    if len(words) > _LONGEST_ASKED:
        words = words[: _LONGEST_ASKED - 1] + "…"
    return _YOU_ASKED.format(question=words) + "\n\n"


class _Steps:
    """What of a claim is done: its posts, each with a placement of its own, and its notes."""

    def __init__(self, claim: Claim, inbox: Inbox) -> None:
        self._claim = claim
        self._inbox = inbox
        self._state: dict[str, Any] = dict(claim.state or {})

    def placement(self, name: str) -> Placement:
        """The placement of one post."""

        async def save(state: Mapping[str, Any]) -> None:
            self._state[name] = dict(state)
            await self._inbox.checkpoint(self._claim, name, self._state)

        return Placement(f"{self._claim.event_id}:{name}", self._state.get(name), save)

    def done(self, name: str) -> bool:
        """Whether a step was noted."""
        return name in self._state

    async def first_said(self, name: str, value: bool) -> bool:
        """What was noted under a name when this was first worked on; ``value`` where it is now."""
        if name not in self._state:
            self._state[name] = value
            await self._inbox.checkpoint(self._claim, name, self._state)
        return bool(self._state[name])

    async def note(self, name: str) -> None:
        """Note a step as done."""
        self._state[name] = True
        await self._inbox.checkpoint(self._claim, name, self._state)
