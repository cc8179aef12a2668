"""What people see who write to the bot: one answer, in its place, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.chat.base import Heard, Offer, heard_of, to_payload
from bot.conversation import Attachment, Outcome
from bot.errors import ChatLimitedError, ChatRefusedError, ChatUnavailableError, QuestionError
from tests.platforms.chat_desk import office
from tests.platforms.chat_fake import CHANNEL, DIRECT, FakeChat, said


def test_what_was_heard_survives_the_inbox() -> None:
    """A message comes back from its JSON as it was."""
    heard = said("Hi", for_bot=True, mentions=("U2",), extra={"response_url": "http://x"})
    assert heard_of(to_payload(heard)) == heard


async def test_a_mention_is_answered_in_its_thread(tmp_path: Path) -> None:
    """The answer stands in the thread that the question began, in its final form."""
    async with office(tmp_path) as here:
        question = said("How often?", for_bot=True)
        await here.hear(question)
        (post,) = here.chat.in_thread(question.home)
        assert (post.text, post.final, post.offer) == ("Answer to How often?", True, Offer.NOTHING)
        assert await here.desk.replies.turn_of(CHANNEL.platform, "C1", "m1") == post.turn


async def test_what_is_delivered_twice_is_answered_once(tmp_path: Path) -> None:
    """Redelivery, also at the same moment and after the answer, changes nothing."""
    async with office(tmp_path) as here:
        question = said("How often?", for_bot=True)
        taken = await asyncio.gather(*(here.desk.take(question) for _ in range(5)))
        await here.work()
        await here.hear(question)
        assert sorted(taken) == [False] * 4 + [True]
        assert len(here.chat.posts) == len(here.engine.asked) == 1


async def test_work_is_shown_to_begin_at_once(tmp_path: Path) -> None:
    """The first sign comes with the message being taken, before anything works on it."""
    async with office(tmp_path) as here:
        question = said("How often?", for_bot=True)
        await here.desk.take(question)
        await asyncio.sleep(0)
        assert here.chat.begun == [(question.message, "")]


async def test_a_thread_is_answered_in_order(tmp_path: Path) -> None:
    """Questions of one thread get their answers one after the other, as they were asked."""
    async with office(tmp_path) as here:
        here.engine.delay = 0.02
        first = said("One", for_bot=True)
        later = [said(word, for_bot=True, place=first.home) for word in ("Two", "Three", "Four")]
        await here.hear(first, *later)
        asked = [question.text for question in here.engine.asked]
        assert asked == ["One", "Two", "Three", "Four"]
        assert {question.thread for question in here.engine.asked} == {first.home.key}


async def test_a_thread_in_a_direct_message_is_answered_in_order(tmp_path: Path) -> None:
    """What begins a thread there stands outside of it; what follows waits for its answer."""
    async with office(tmp_path) as here:
        lately = datetime.now(UTC) - timedelta(seconds=10)
        first = said("One", place=DIRECT, at=lately)
        later = said("Two", place=first.home, at=lately + timedelta(seconds=1))
        for heard in (first, later):
            await here.desk.take(heard)
        (claim,) = await here.desk.inbox.claim(5)
        assert claim.payload["heard"]["text"] == "One"
        await here.desk.inbox.complete(claim)
        (claim,) = await here.desk.inbox.claim(5)
        assert claim.payload["heard"]["text"] == "Two"


async def test_threads_are_answered_side_by_side(tmp_path: Path) -> None:
    """A slow answer in one thread does not hold up another thread."""
    async with office(tmp_path) as here:
        here.engine.delay = 2  # one after the other they would take 40 s
        questions = [said(f"Question {n}", for_bot=True) for n in range(20)]
        async with asyncio.timeout(30):
            await here.hear(*questions)
        assert len(here.chat.posts) == 20


async def test_a_follow_up_needs_no_mention(tmp_path: Path) -> None:
    """In a thread of its own the bot answers the asker's next question by itself."""
    async with office(tmp_path) as here:
        first = said("How often shall I water?", for_bot=True)
        await here.hear(first)
        await here.hear(said("And in winter?", place=first.home))
        assert [q.text for q in here.engine.asked] == ["How often shall I water?", "And in winter?"]


async def test_people_who_talk_to_each_other_are_left_alone(tmp_path: Path) -> None:
    """A remark to a colleague in the bot's thread gets no answer, and is not stored."""
    async with office(tmp_path) as here:
        first = said("How often shall I water?", for_bot=True)
        await here.hear(first)
        await here.hear(
            said("Ben, can you take this one?", place=first.home, mentions=("U2",)),
            said("sure, on it tomorrow", by="U2", place=first.home),
        )
        assert len(here.engine.asked) == 1
        assert len(here.chat.posts) == 1


async def test_what_is_not_for_it_is_not_even_kept(tmp_path: Path) -> None:
    """A channel message without a mention leaves no trace in the inbox."""
    async with office(tmp_path) as here:
        assert not await here.desk.take(said("Lunch, anyone?"))
        assert await here.desk.inbox.counts() == {}


@pytest.mark.parametrize("reply_when", ["addressed", "always"])
async def test_a_channel_can_be_answered_without_a_mention(tmp_path: Path, reply_when: str) -> None:
    """Where the settings say so, a plain question in the channel is answered."""
    channels = {"slack:C1": {"reply_when": reply_when}}
    async with office(tmp_path, channels=channels) as here:
        await here.hear(said("How do I reset the hub?"))
        assert len(here.chat.posts) == 1


async def test_a_muted_thread_is_quiet_but_for_mentions(tmp_path: Path) -> None:
    """Said in the thread, "mute" ends the follow-ups; a mention still gets an answer."""
    async with office(tmp_path) as here:
        first = said("How often shall I water?", for_bot=True)
        await here.hear(first, said("mute", place=first.home, for_bot=True))
        await here.hear(said("And in winter?", place=first.home))
        assert len(here.engine.asked) == 1
        await here.hear(said("And in winter?", place=first.home, for_bot=True))
        assert len(here.engine.asked) == 2
        ((_, sentence, _, _),) = here.chat.told
        assert "quiet" in sentence


async def test_a_direct_message_goes_on_with_the_talk(tmp_path: Path) -> None:
    """A direct message soon after another belongs to the same conversation; each has its answer
    in a thread of its own."""
    async with office(tmp_path) as here:
        one, two = said("The hub is red", place=DIRECT), said("And green?", place=DIRECT)
        await here.hear(one)
        await here.hear(two)
        assert len({question.thread for question in here.engine.asked}) == 1
        assert len(here.chat.in_thread(one.home)) == len(here.chat.in_thread(two.home)) == 1


async def test_a_channel_answer_uses_what_the_channel_may_see(tmp_path: Path) -> None:
    """The asker's own groups count in private only."""
    chat = FakeChat(
        groups={"U1": frozenset({"staff"})}, channel_groups={"C1": frozenset({"garden"})}
    )
    async with office(tmp_path, chat) as here:
        await here.hear(said("Pay?", for_bot=True), said("Pay?", place=DIRECT))
        await here.hear(said("Pay?", private=True))
        audiences = [question.principal.groups for question in here.engine.asked]
        assert sorted(map(sorted, audiences)) == [["garden"], ["staff"], ["staff"]]


async def test_files_go_along_with_the_question(tmp_path: Path) -> None:
    """A text file is evidence for the question; what cannot be read is said below the answer."""
    chat = FakeChat(files=((Attachment("log.txt", "E42"),), "I can't see images yet."))
    async with office(tmp_path, chat) as here:
        await here.hear(said("What does it mean?", for_bot=True))
        assert here.engine.asked[0].attachments == (Attachment("log.txt", "E42"),)
        (post,) = here.chat.posts.values()
        assert post.text.endswith("I can't see images yet.")


async def test_a_mention_without_words_is_greeted(tmp_path: Path) -> None:
    """Somebody who only says the bot's name gets an answer, too."""
    async with office(tmp_path) as here:
        await here.hear(said("", for_bot=True))
        (post,) = here.chat.posts.values()
        assert post.text == "Answer to hello"


@pytest.mark.parametrize("outcome", [Outcome.ABSTAINED, Outcome.HANDOFF, Outcome.ERROR])
async def test_a_person_is_offered_where_the_bot_has_no_answer(
    tmp_path: Path, outcome: Outcome
) -> None:
    """Below "I don't know", a fault and a wish for a person stands the offer of one."""
    async with office(tmp_path) as here:
        here.engine.outcome = outcome
        await here.hear(said("Who is the boss?", for_bot=True))
        (post,) = here.chat.posts.values()
        assert post.offer is Offer.PERSON


async def test_a_colleague_who_answers_where_the_bot_could_not_is_left_alone(
    tmp_path: Path,
) -> None:
    """The offer to ask a person is the asker's alone to take; who helps out is not talked to."""
    async with office(tmp_path) as here:
        here.engine.outcome = Outcome.ABSTAINED
        here.engine.reply = lambda _: "I don't know. Shall I ask a colleague?"
        first = said("How do I prune the rose?", for_bot=True)
        await here.hear(first)
        await here.hear(said("In spring, I think.", place=first.home, by="U2"))
        await here.hear(said("thanks Ben!", place=first.home))
        assert len(here.engine.asked) == 1


# -- what goes wrong ------------------------------------------------------------------------------


async def test_a_platform_that_is_away_is_tried_again(tmp_path: Path) -> None:
    """An answer that could not be posted is posted when the platform is back."""
    away = ChatUnavailableError(platform="Slack", method="post", reason="timeout")
    async with office(tmp_path, FakeChat(faults=[away])) as here:
        await here.hear(said("How often?", for_bot=True))
        (post,) = here.chat.posts.values()
        assert post.text == "Answer to How often?"


async def test_a_platform_that_asks_for_patience_gets_it(tmp_path: Path) -> None:
    """The next attempt is not made before the time that the platform named."""
    limited = ChatLimitedError(platform="Slack", method="post", seconds=60)
    async with office(tmp_path, FakeChat(faults=[limited])) as here:
        await here.desk.take(said("How often?", for_bot=True))
        with pytest.raises(TimeoutError):
            await here.work(2.5)  # without the word of the platform it would be tried after 1 s
        assert not here.chat.posts


async def test_a_channel_that_is_closed_is_given_up(tmp_path: Path) -> None:
    """What the platform refuses for good is not tried for ever, and harms nobody else."""
    refused = ChatRefusedError(platform="Slack", method="post", reason="is_archived")
    async with office(tmp_path, FakeChat(faults=[refused, refused])) as here:
        await here.hear(said("How often?", for_bot=True))
        await here.hear(said("And else?", for_bot=True))
        assert [post.text for post in here.chat.posts.values()] == ["Answer to And else?"]


async def test_a_fault_of_ours_ends_in_a_sentence(tmp_path: Path) -> None:
    """After three attempts people are told; the message is the one that was posted first."""
    async with office(tmp_path) as here:
        here.engine.fault = ZeroDivisionError("a bug")
        await here.hear(said("How often?", for_bot=True))
        (post,) = here.chat.posts.values()
        assert "Sorry" in post.text
        assert post.final


async def test_a_question_that_cannot_be_asked_is_told_why(tmp_path: Path) -> None:
    """A question that is refused gets the reason as its answer."""
    async with office(tmp_path) as here:
        here.engine.fault = QuestionError(problem="it is too long; shorten it")
        await here.hear(said("How often?", for_bot=True))
        (post,) = here.chat.posts.values()
        assert "too long" in post.text


async def test_what_takes_too_long_ends_in_a_sentence(tmp_path: Path) -> None:
    """An answer that does not come in time is given up with a friendly word."""
    async with office(tmp_path, desk={"patience_s": 0.05}) as here:
        here.engine.delay = 5
        await here.hear(said("How often?", for_bot=True))
        (post,) = here.chat.posts.values()
        assert "too long" in post.text


async def test_an_old_question_is_not_answered_out_of_the_blue(tmp_path: Path) -> None:
    """What was asked over an hour ago gets an apology instead of a belated answer."""
    async with office(tmp_path) as here:
        old = datetime.now(UTC) - timedelta(hours=2)
        await here.hear(said("How often?", for_bot=True, at=old))
        (post,) = here.chat.posts.values()
        assert "away" in post.text
        assert not here.engine.asked


# -- the process ends -----------------------------------------------------------------------------


async def _operations(home: Path, question: Heard) -> int:
    async with office(home) as here:
        await here.hear(question)
        return here.chat.operations


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_kill_at_any_step_leaves_one_answer(tmp_path: Path, after_effect: bool) -> None:
    """Wherever the process is cut off, the next one completes the same message."""
    question = said("How often?", for_bot=True)
    steps = await _operations(tmp_path / "whole", question)
    assert steps >= 5
    for step in range(1, steps + 1):
        home = tmp_path / f"{step}"
        chat = FakeChat(die_at=step, after_effect=after_effect)
        async with office(home, chat) as first:
            await first.hear(question)
        assert chat.dead
        chat.dead = False
        async with office(home, chat) as second:
            await second.work()
        (post,) = chat.posts.values()
        assert (post.text, post.final) == ("Answer to How often?", True)


async def test_a_worker_that_is_stopped_hands_back(tmp_path: Path) -> None:
    """An answer that is cut off by a stop is taken up by the next process at once."""
    chat = FakeChat()
    question = said("How often?", for_bot=True)
    async with office(tmp_path, chat, desk={"finish_s": 0.05}) as first:
        first.engine.delay = 60
        await first.desk.take(question)
        running = asyncio.create_task(first.desk.run())
        async with asyncio.timeout(60):
            while not chat.posts:  # noqa: ASYNC110 - it is the worker who posts
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await first.desk.inbox.counts() == {"waiting": 1}
    async with office(tmp_path, chat) as second:
        await second.work()
    (post,) = chat.posts.values()
    assert post.final


async def test_two_processes_share_the_work(tmp_path: Path) -> None:
    """Two desks on one database answer each question once, each thread in order."""
    chat = FakeChat()
    desks: list[dict[str, object]] = [{"owner": f"machine-{n}/1/x", "places": 3} for n in "ab"]
    async with (
        office(tmp_path, chat, desk=desks[0]) as one,
        office(tmp_path, chat, desk=desks[1]) as two,
    ):
        one.engine.delay = two.engine.delay = 0.02
        threads = [said(f"Thread {n}", for_bot=True) for n in range(10)]
        more = [said(f"{t.text} again", for_bot=True, place=t.home) for t in threads]
        for heard in (*threads, *more):
            await one.desk.take(heard)
            await two.desk.take(replace(heard))
        await asyncio.gather(one.work(), two.work())
        for thread in threads:
            texts = [post.text for post in chat.in_thread(thread.home)]
            assert texts == [f"Answer to {thread.text}", f"Answer to {thread.text} again"]
        assert one.engine.asked
        assert two.engine.asked


async def test_what_comes_by_two_ways_at_once_is_put_in_order(tmp_path: Path) -> None:
    """A follow-up that overtakes its question, at another process, still comes after it; one
    without a mention is not lost either."""
    chat = FakeChat()
    async with office(tmp_path, chat) as one, office(tmp_path, chat) as two:
        now = datetime.now(UTC)
        first = said("First", for_bot=True, at=now)
        later = [now + timedelta(milliseconds=n) for n in (1, 2)]
        second = said("And in winter?", place=first.home, at=later[0])
        third = said("Third", for_bot=True, place=first.home, at=later[1])
        await two.desk.take(second)
        await two.desk.take(third)
        await one.desk.take(first)
        await asyncio.sleep(0.4)
        await one.work()
        texts = [post.text for post in chat.in_thread(first.home)]
        assert texts == ["Answer to First", "Answer to And in winter?", "Answer to Third"]


@pytest.mark.parametrize(
    ("text", "told"), [("x" * 8001, "8,001 characters"), ("\u202e\u2066", "no words")]
)
async def test_a_question_that_cannot_be_asked_gets_advice(
    tmp_path: Path, text: str, told: str
) -> None:
    """One friendly sentence says what to do instead."""
    async with office(tmp_path) as here:
        here.engine.fault = QuestionError(problem="no")
        question = said(text, for_bot=True)
        await here.hear(question)
        (post,) = here.chat.in_thread(question.home)
        assert told in post.text
        assert "Sorry" in post.text


async def test_a_file_that_cannot_be_read_alone_is_no_question(tmp_path: Path) -> None:
    """Who sends an image without a word is told, and asked what they want."""
    chat = FakeChat(files=((), "I can't see images yet."))
    async with office(tmp_path, chat) as here:
        question = said("", for_bot=True)
        await here.hear(question)
        (post,) = chat.in_thread(question.home)
        assert post.text == "I can't see images yet. What would you like to know?"
        assert here.engine.asked == []


async def test_a_mention_that_an_edit_adds_is_answered(tmp_path: Path) -> None:
    """A remark in a thread that was left alone is answered once it mentions the bot; what was
    answered stays as it is, however often it is edited."""
    async with office(tmp_path) as here:
        first = said("How often?", for_bot=True)
        await here.hear(first)
        thread = replace(first.place, thread=first.message)
        remark = said("@U2 lunch?", place=thread, mentions=("U2",))
        await here.hear(remark)
        assert len(here.engine.asked) == 1
        edited = replace(remark, text="And in May?", for_bot=True, edited=True)
        await here.hear(edited, edited)
        await here.hear(edited)
        await here.hear(replace(first, edited=True))
        assert [question.text for question in here.engine.asked] == ["How often?", "And in May?"]
        assert len(here.chat.posts) == 2


async def test_a_reply_to_an_answer_goes_on_with_its_talk(tmp_path: Path) -> None:
    """Where a platform has no thread for it, what is replied to says which conversation it is."""
    async with office(tmp_path) as here:
        question = said("How often?", for_bot=True)
        await here.hear(question)
        reply = said("And how much?", for_bot=True, answer="m1")
        stranger = said("And where?", for_bot=True, answer="m77")
        await here.hear(reply)
        await here.hear(stranger)
        first, second, third = here.engine.asked
        assert second.thread == first.thread
        assert third.thread == stranger.home.key
