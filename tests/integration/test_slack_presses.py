"""Buttons, the form, commands, the shortcut, App Home and suggestions, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.chat.base import ChannelKind, Offer
from adapters.slack.blocks import knowledge_block, rating_block, under_answer
from adapters.slack.commands import command_of, puzzled
from adapters.slack.manifest import SHORTCUT
from adapters.slack.web import SlackWeb
from bot.conversation import Principal, Rating
from bot.errors import DatabaseUnavailableError
from bot.settings.sections import AccessSection, SlackAccess
from tests.platforms.slack_edge import Connected, connected

BROKEN = DatabaseUnavailableError(url="postgresql://secret@host", reason="gone")


@pytest.fixture
async def scene() -> AsyncIterator[Connected]:
    """The edge, connected."""
    async with connected() as given:
        yield given


async def posted(scene: Connected, blocks: list[dict[str, object]], thread: str = "") -> str:
    """A message of ours with these blocks; its ts."""
    web = SlackWeb(scene.slack.bot_token, scene.slack.url)
    try:
        return await web.post_message("C1", "an answer", blocks=blocks, thread=thread)
    finally:
        await web.aclose()


async def test_thumbs_are_kept_at_once(scene: Connected) -> None:
    """Up counts, pressed twice too; nothing else happens."""
    ts = await posted(scene, [rating_block("turn-1")])
    await scene.slack.press(scene.ada, ts, "up")
    await scene.slack.press(scene.ada, ts, "up")
    assert scene.desk.ratings == [("turn-1", "U1", Rating.UP, "", "")] * 2
    assert scene.slack.views_opened == []


async def test_a_thumb_down_counts_and_asks_why(scene: Connected) -> None:
    """The thumb is kept before the form is there; the form adds reason and better answer."""
    slack = scene.slack
    root = await slack.say(scene.ada, scene.garden, "how?")
    ts = await posted(scene, [rating_block("turn-1")], root)
    await slack.press(scene.ada, ts, "down")
    await slack.until(lambda: slack.views_opened)
    assert scene.desk.ratings == [("turn-1", "U1", Rating.DOWN, "", "")]
    (view,) = slack.views_opened
    await slack.submit(scene.ada, view, {})
    assert "Choose a reason" in str(view.errors)
    await slack.submit(scene.ada, view, {"Reason": "out of date", "A better answer": " At night. "})
    assert scene.desk.ratings[1:] == [("turn-1", "U1", Rating.DOWN, "out of date", "At night.")]
    assert scene.desk.places[1].key == f"slack:T1:C1:{root}"
    assert "noted" in str(view.view)


async def test_a_correction_that_could_not_be_kept_stays_in_the_form(scene: Connected) -> None:
    """Whoever wrote it does not lose it, and reads why in plain words."""
    slack = scene.slack
    await slack.press(scene.ada, await posted(scene, [rating_block("turn-1")]), "down")
    await slack.until(lambda: slack.views_opened)
    (view,) = slack.views_opened
    scene.desk.faults = [BROKEN]
    await slack.submit(scene.ada, view, {"A better answer": "At night."})
    assert "try again" in str(view.errors)
    assert "secret" not in str(view.errors)
    await slack.submit(scene.ada, view, {"A better answer": "At night."})
    assert scene.desk.ratings[-1][4] == "At night."


@pytest.mark.parametrize("what", ["up", "down"])
async def test_a_turn_that_is_gone_is_said_kindly(scene: Connected, what: str) -> None:
    """An unknown turn gives one sentence to who pressed, and no form."""
    scene.desk.turns = set()
    ts = await posted(scene, [rating_block("turn-0")])
    gesture = await scene.slack.press(scene.ada, ts, what)
    await scene.slack.until(lambda: gesture.responses)
    assert "no longer know that answer" in gesture.responses[0]["text"]
    assert gesture.responses[0]["response_type"] == "ephemeral"
    assert scene.slack.views_opened == []


async def test_a_form_that_slack_refuses_costs_no_thumb(scene: Connected) -> None:
    """The rating counts where the form could not be opened."""
    scene.slack.fault("views.open", error="expired_trigger_id")
    await scene.slack.press(scene.ada, await posted(scene, [rating_block("t")]), "down")
    assert scene.desk.ratings == [("t", "U1", Rating.DOWN, "", "")]


async def test_the_buttons_of_the_handoff(scene: Connected) -> None:
    """Asking a person and proposing as knowledge reach the desk; a faulty store is told."""
    slack, desk = scene.slack, scene.desk
    ts = await posted(scene, under_answer("turn-1", Offer.PERSON))
    desk.faults = [BROKEN]
    failed = await slack.press(scene.ada, ts, "Ask a person")
    await slack.until(lambda: failed.responses)
    assert "try again" in failed.responses[0]["text"]
    await slack.press(scene.ada, ts, "Ask a person")
    assert desk.handed_off == [("turn-1", "U1")]
    proposal = await posted(scene, [knowledge_block("handoff-1")])
    gesture = await slack.press(scene.ben, proposal, "Propose as knowledge")
    await slack.until(lambda: gesture.responses)
    assert desk.proposed == [("handoff-1", "U2")]
    assert gesture.responses[0]["text"] == "Proposed."


async def test_a_question_asked_in_private_is_handed_on_in_private(scene: Connected) -> None:
    """What a person answers goes to the direct messages of who asked, not before the channel."""
    slack, desk = scene.slack, scene.desk
    web = SlackWeb(slack.bot_token, slack.url)
    try:
        await web.post_ephemeral("C1", "U1", "?", blocks=under_answer("turn-1", Offer.PERSON))
    finally:
        await web.aclose()
    (shown,) = slack.ephemerals(scene.ada)
    gesture = await slack.press(scene.ada, shown, "Ask a person")
    await slack.until(lambda: gesture.responses)
    assert "direct messages" in gesture.responses[0]["text"]
    assert desk.handed_off == [("turn-1", "U1")]
    (place,) = desk.places
    assert (place.channel, place.thread) == (slack.dm(scene.ada).id, "")
    assert place.kind is ChannelKind.DIRECT
    assert place.channel_key == "slack:C1"  # whose handoff channel it is
    await slack.press(scene.ada, shown, "Ask a person")
    await slack.until(lambda: len(slack.ephemerals(scene.ada)) > 2)
    assert "already" in slack.ephemerals(scene.ada)[-1].shown


async def test_ask_is_private(scene: Connected) -> None:
    """It is kept, acknowledged at once, and answered where the response goes."""
    slack, desk = scene.slack, scene.desk
    gesture = await slack.command(scene.ada, scene.garden, "/ask", "may @Ben & I?", escape=True)
    assert gesture.ack["text"] == "Looking that up…"
    (heard,) = desk.heard
    assert (heard.text, heard.private, heard.for_bot) == ("may @U2 & I?", True, True)
    assert heard.extra["response_url"] == gesture.response_url
    assert heard.author.name == "ada"
    empty = await slack.command(scene.ada, slack.dm(scene.ada), "/ask", "  ")
    assert "Write your question" in empty.ack["text"]
    desk.faults = [BROKEN]
    broken = await slack.command(scene.ada, scene.garden, "/ask", "now?")
    assert "try again" in broken.ack["text"]
    assert len(desk.heard) == 1


async def test_own_commands(scene: Connected) -> None:
    """What is known is carried out, what is not shows the help; mute follows a link."""
    slack, desk = scene.slack, scene.desk
    gesture = await slack.command(scene.ada, scene.garden, "/wellspoken", "Sources")
    await slack.until(lambda: gesture.responses)
    assert gesture.responses[0]["text"] == "*sources* it is."
    await slack.command(scene.ada, scene.garden, "/wellspoken", "dance now")
    await slack.command(scene.ada, scene.garden, "/wellspoken")
    link = "https://team.slack.com/archives/C7/p1712345678000100"
    await slack.command(scene.ada, scene.garden, "/wellspoken", f"mute <{link}>")
    await slack.command(
        scene.ada, scene.garden, "/wellspoken", f"mute {link}?thread_ts=1712.5&amp;cid=C7"
    )
    await slack.command(scene.ada, scene.garden, "/wellspoken", "mute")
    await slack.until(lambda: len(desk.commands) == 6)
    answered = [shown.shown for shown in slack.ephemerals(scene.ada)]
    assert "I don't know `dance`.\n\n*help* it is." in answered
    assert [(name, place.key) for name, _, place in desk.commands] == [
        ("sources", "slack:T1:C1:"),
        ("help", "slack:T1:C1:"),
        ("help", "slack:T1:C1:"),
        ("mute", "slack:T1:C7:1712345678.000100"),
        ("mute", "slack:T1:C7:1712.5"),
        ("mute", "slack:T1:C1:"),
    ]


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("", ("help", "")),
        ("Forget me", ("forget-me", "")),
        ("forget_me!", ("forget-me", "")),
        ("optout", ("opt-out", "")),
        ("source", ("sources", "")),
        ("mute this thread", ("mute", "this thread")),
        ("how do I mute you", ("", "how do I mute you")),
    ],
)
def test_a_command_is_known_however_it_is_written(typed: str, command: tuple[str, str]) -> None:
    """Spaces, dashes and capitals do not matter."""
    assert command_of(typed) == command


def test_what_is_no_command_is_answered_with_a_hint() -> None:
    """A slip gets the right word, a question the right command."""
    assert "`/wellspoken sources`" in puzzled("souces")
    assert "`/ask`" in puzzled("how long is it?")


async def test_forgetting_asks_first(scene: Connected) -> None:
    """Nothing is erased before the red button is pressed."""
    slack, desk = scene.slack, scene.desk
    await slack.command(scene.ada, scene.garden, "/wellspoken", "forget-me")
    assert desk.forgotten == []
    (asked,) = slack.ephemerals(scene.ada)
    gesture = await slack.press(scene.ada, asked, "Forget me")
    await slack.until(lambda: gesture.responses)
    assert desk.forgotten == ["U1"]
    assert "erased" in gesture.responses[0]["text"]


async def test_ask_about_a_message(scene: Connected) -> None:
    """Answered in its thread where the bot is a member, else to who asked alone."""
    slack, desk = scene.slack, scene.desk
    attic = slack.channel("C2", "attic", [scene.ada, scene.ben], bot=False)
    here = await slack.say(scene.ben, scene.garden, "how do I water roses?")
    there = await slack.say(scene.ben, attic, "and cacti?")
    await slack.until(lambda: desk.heard)
    desk.heard.clear()
    openly = await slack.shortcut(scene.ada, here, SHORTCUT)
    private = await slack.shortcut(scene.ada, there, SHORTCUT)
    await slack.until(lambda: private.responses)
    first, second = desk.heard
    assert (first.text, first.author.id, first.private) == ("how do I water roses?", "U1", False)
    assert first.home.key == f"slack:T1:C1:{here}"
    assert (second.text, second.private) == ("and cacti?", True)
    assert second.extra["response_url"] == private.response_url
    assert private.responses[0]["text"] == "Looking that up…"
    assert openly.responses == []
    empty = await slack.say(scene.ben, scene.garden, "", subtype="thread_broadcast")
    nothing = await slack.shortcut(scene.ada, empty, SHORTCUT)
    await slack.until(lambda: nothing.responses)
    assert "no text" in nothing.responses[0]["text"]


async def test_the_home_shows_itself_and_its_settings(scene: Connected) -> None:
    """Sources and suggestions as they stand, and a switch that says what it does."""
    slack, desk = scene.slack, scene.desk
    await slack.open_home(scene.ada)
    await slack.until(lambda: "U1" in slack.homes)
    shown = str(slack.homes["U1"].view)
    for words in ("Juniper", "&lt;questions&gt; &amp; more", "7 documents", "water roses"):
        assert words in shown
    await slack.press(scene.ada, slack.homes["U1"], "Do not use my words")
    await slack.until(lambda: "Allow use of my words" in str(slack.homes["U1"].view))
    await slack.press(scene.ada, slack.homes["U1"], "Allow use of my words")
    await slack.until(lambda: "Do not use my words" in str(slack.homes["U1"].view))
    assert [name for name, *_ in desk.commands] == ["opt-out", "opt-in"]
    await slack.press(scene.ada, slack.homes["U1"], "Forget me")
    await slack.until(lambda: "erased" in str(slack.homes["U1"].view["blocks"][0]))
    assert desk.forgotten == ["U1"]


async def test_a_setting_that_could_not_be_changed_is_told(scene: Connected) -> None:
    """The App Home has no place for it, so it comes as a direct message."""
    slack = scene.slack
    await slack.open_home(scene.ada)
    await slack.until(lambda: "U1" in slack.homes)
    scene.desk.faults = [BROKEN]
    await slack.press(scene.ada, slack.homes["U1"], "Do not use my words")
    await slack.until(lambda: slack.answers(slack.dm(scene.ada)))
    assert "try again" in slack.answers(slack.dm(scene.ada))[0].text


async def test_suggestions_are_near_to_what_is_looked_at() -> None:
    """The agent view and the older one get four prompts, for what this person may see."""
    access = AccessSection(
        users={"slack:U1": ("staff",)}, slack=SlackAccess(channels={"C1": ("staff",)})
    )
    async with connected(access) as scene:
        slack, desk = scene.slack, scene.desk
        await slack.open_home(scene.ada, "messages", scene.garden)
        await slack.change_context(scene.ada, scene.garden)
        direct, ts = await slack.assistant_thread_started(scene.ada, scene.garden)
        await slack.assistant_context_changed(scene.ada, ts, scene.garden)
        method = "assistant.threads.setSuggestedPrompts"
        await slack.until(lambda: len(slack.called(method)) == 4)
        await scene.settled()
    staff = Principal(frozenset({"staff"}))
    assert desk.near == [(staff, "garden roses")] * 4
    calls = [call.args for call in slack.called(method)]
    assert {str(call["channel_id"]) for call in calls} == {direct.id}
    assert sorted(str(call.get("thread_ts") or "") for call in calls) == ["", "", ts, ts]


async def test_presses_on_what_is_not_ours_are_acknowledged(scene: Connected) -> None:
    """A button of another time does nothing, and nobody sees an error."""
    button = {"type": "button", "text": {"type": "plain_text", "text": "Old"}, "action_id": "old"}
    ts = await posted(scene, [{"type": "actions", "elements": [button]}])
    await scene.slack.press(scene.ada, ts, "Old")
    await scene.slack.command(scene.ada, scene.garden, "/other", "x")
    assert scene.desk.heard == []


async def test_a_fault_of_ours_is_told_in_one_sentence(scene: Connected) -> None:
    """Whatever was pressed or typed: no silence, no traceback."""
    slack, desk = scene.slack, scene.desk
    ts = await posted(scene, [rating_block("t")])
    fault = KeyError("secret detail")
    desk.faults = [fault, fault, fault]
    asked = await slack.command(scene.ada, scene.garden, "/ask", "why?")
    pressed = await slack.press(scene.ada, ts, "up")
    await slack.until(lambda: pressed.responses)
    told = await slack.command(scene.ada, scene.garden, "/wellspoken", "sources")
    await slack.until(lambda: told.responses)
    for sentence in (asked.ack["text"], pressed.responses[0]["text"], told.responses[0]["text"]):
        assert "something went wrong on our side" in sentence
        assert "secret" not in sentence
    await slack.press(scene.ada, ts, "down")
    await slack.until(lambda: slack.views_opened)
    desk.faults = [fault]
    (view,) = slack.views_opened
    await slack.submit(scene.ada, view, {"Reason": "tone"})
    assert "went wrong" in str(view.errors)
