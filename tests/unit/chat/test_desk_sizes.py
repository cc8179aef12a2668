"""What is too large gets one clear sentence, and nothing of it is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.assembly import assemble
from bot.conversation import Author, Feedback, Platform, Principal, Question, Rating
from bot.errors import QuestionError, UsageError
from bot.settings import load_settings
from bot.store.feedback import LONGEST_CORRECTION
from tests.platforms.chat_desk import office
from tests.platforms.chat_fake import said


async def test_a_question_over_the_set_size_is_said_to_be(tmp_path: Path) -> None:
    """The sentence names the size and what to do; the next question is answered."""
    async with office(tmp_path, limits={"longest_question": 200}) as here:
        fault = QuestionError(problem="it is too long")
        here.engine.fault = fault
        await here.hear(said("word " * 100, for_bot=True))
        (post,) = here.chat.posts.values()
        assert "it has 499 characters, and I take 200 at most" in post.text
        assert "text file beside your question" in post.text
        here.engine.fault = None
        await here.hear(said("short", for_bot=True))
        assert [post.text for post in here.chat.posts.values()][1] == "Answer to short"


async def test_the_engine_keeps_to_the_set_size(tmp_path: Path) -> None:
    """On every way in: it raises what becomes one sentence."""
    settings = load_settings(WELLSPOKEN_HOME=tmp_path, limits={"longest_question": 200})
    async with assemble(settings, warm=False) as app:
        question = Question("x" * 201, Author(Platform.WEB, "u"), Principal(), "web")
        with pytest.raises(QuestionError, match="201 characters; ask with at most 200"):
            await app.engine.answer(question)


async def test_a_better_answer_that_is_too_long_is_refused_and_the_thumb_stays(
    tmp_path: Path,
) -> None:
    """What was rated before is as it was."""
    async with office(tmp_path) as here:
        await here.hear(said("How often?", for_bot=True))
        (post,) = here.chat.posts.values()
        given = Feedback(post.turn, Author(Platform.SLACK, "U1"), Rating.DOWN)
        await here.app.feedback.rate(given)
        with pytest.raises(UsageError, match=r"20,001 characters; write at most 20,000\."):
            await here.app.feedback.rate(replace(given, correction="x" * (LONGEST_CORRECTION + 1)))
        (kept,) = await here.app.feedback.of(post.turn)
        assert (kept.rating, kept.correction) == (Rating.DOWN, "")
