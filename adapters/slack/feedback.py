"""Thumbs, the form behind a thumb down, and the buttons of the handoff."""

from __future__ import annotations

from adapters.chat.base import ChannelKind, Place
from adapters.slack.blocks import as_mrkdwn, meaning
from adapters.slack.edge import Ack, Body, Edge
from adapters.slack.events import Payload, place_of_interaction, presser_of
from adapters.slack.modals import correction_modal, problem, submission_of, thanks_modal
from bot.conversation import Rating
from bot.errors import ChatError
from bot.telemetry import log

_NOTHING_SENT = "Choose a reason or write a better answer, please."
_IN_DIRECT = "You'll hear from me in our direct messages."
_THANKS = "Your word is noted. A person looks at better answers before I use them."


class FeedbackListeners:
    """Keeps what people think, before it is acknowledged: an interaction comes once only. What
    cannot be kept is told by :mod:`adapters.slack.faultless`."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def rate(self, ack: Ack, body: Body) -> None:
        """A thumb under an answer. Pressed twice, it counts once."""
        word, turn = meaning(_value(body))
        if word not in (Rating.UP, Rating.DOWN):
            await ack()
            return
        place, author = place_of_interaction(body), presser_of(body)
        await self._edge.desk.rate(turn, author, Rating(word), place)
        await ack()
        if word == Rating.DOWN:
            await self._ask_why(body, turn)

    async def _ask_why(self, body: Body, turn: str) -> None:
        """Open the form; the thumb counts without it."""
        try:
            workspace = await self._edge.workspace(body)
            view = correction_modal(turn, place_of_interaction(body))
            await workspace.web.open_view(str(body["trigger_id"]), view)
        except ChatError as error:
            log.warning("Slack: the form was not opened", turn=turn, error=str(error))

    async def correct(self, ack: Ack, body: Body) -> None:
        """The form was sent."""
        sent = submission_of(body["view"])
        if not sent.reason and not sent.correction:
            await ack(response_action="errors", errors=problem(_NOTHING_SENT))
            return
        await self._edge.desk.rate(
            sent.turn,
            presser_of(body),
            Rating.DOWN,
            sent.place,
            reason=sent.reason,
            correction=sent.correction,
        )
        await ack(response_action="update", view=thanks_modal(_THANKS))

    async def ask_a_person(self, ack: Ack, body: Body) -> None:
        """Yes to the offer; the desk says what comes of it."""
        _, turn = meaning(_value(body))
        if not turn:
            await ack()
            return
        author, place = presser_of(body), place_of_interaction(body)
        alone = bool((body.get("container") or {}).get("is_ephemeral"))
        if alone:  # what was asked in private is not answered before the channel
            workspace = await self._edge.workspace(body)
            direct = await workspace.web.open_dm(author.id)
            place = Place(
                place.platform,
                place.workspace,
                direct,
                kind=ChannelKind.DIRECT,
                parent=place.channel,  # whose handoff channel it is
            )
        said = await self._edge.desk.hand_off(turn, author, place)
        await ack()
        if said or alone:
            await self._edge.tell(body, as_mrkdwn(said) if said else _IN_DIRECT)

    async def propose(self, ack: Ack, body: Body) -> None:
        """A person's answer is proposed as knowledge."""
        _, handoff = meaning(_value(body))
        said = await self._edge.desk.propose(handoff, presser_of(body))
        await ack()
        await self._edge.tell(body, as_mrkdwn(said))


def _value(body: Payload) -> str:
    """What the pressed button carries."""
    actions = body.get("actions") or [{}]
    return str(actions[0].get("value") or "")
