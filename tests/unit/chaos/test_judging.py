"""The judge of the fault tests sees what it is there to see."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.chats import Asked, Said, Talk
from tests.chaos.judging import CEILING_S, Counts, judge_talk
from tests.platforms.pumps import HOURS

AT = 1_000.0


@dataclass
class Board:
    """A platform on which stands what a test says."""

    name: str = "board"
    board: Sequence[Said] = ()
    unheard: Sequence[str] = ()
    heard_at: dict[str, float] = field(default_factory=dict)

    def talk(self, chance: random.Random) -> Talk:
        return Talk(self, None, None)

    async def ask(self, talk: Talk, chance: random.Random) -> Asked:
        raise NotImplementedError

    def may_follow(self, talk: Talk) -> bool:
        return False

    def heard(self, one: Asked) -> float | None:
        return self.heard_at.get(one.pump, one.asked)

    def given_up(self, one: Asked) -> bool:
        return one.pump in self.unheard

    def said(self, talk: Talk) -> list[Said]:
        return list(self.board)


def about(pump: str, at: float = AT, finished: float | None = AT) -> Said:
    return Said(f"It runs for {HOURS[pump]} hours.", at, finished)


def judged(*said: Said, pumps: Sequence[str] = ("Alpha",), **board: object) -> Counts:
    chat = Board(board=said, **board)  # type: ignore[arg-type]  # fields of the board
    talk = Talk(chat, None, None, "first", [Asked(p, AT + n, p) for n, p in enumerate(pumps)])
    return judge_talk(talk, AT)


def test_one_answer_to_each_question_is_no_fault() -> None:
    """The right answers in their order are counted, and nothing else."""
    counts = judged(about("Alpha"), about("Bravo", AT + 1), pumps=("Alpha", "Bravo"))
    assert (counts.asked, counts.answered, counts.faults) == (2, 2, {})


def test_a_missing_answer_is_lost() -> None:
    """A question without any message is lost, unless nobody ever took it."""
    assert judged().faults == {"lost": 1}
    counts = judged(unheard=["Alpha"])
    assert (counts.unheard, counts.faults) == (1, {})


def test_a_second_answer_is_doubled() -> None:
    """Two answers, or an answer and an apology, are one too many."""
    assert judged(about("Alpha"), about("Alpha")).faults == {"doubled": 1}
    sorry = Said("Sorry, I could not answer that. Please ask me again in a moment.", AT, AT)
    assert judged(about("Alpha"), sorry).faults == {"doubled": 1}
    counts = judged(sorry)
    assert (counts.honest, counts.faults) == (1, {})


def test_an_answer_to_something_else_is_wrong() -> None:
    """Words that answer none of the questions are wrong, and the question is lost."""
    assert judged(about("Bravo")).faults == {"lost": 1, "wrong": 1}


def test_a_message_that_was_never_finished_is_half_posted() -> None:
    """What stands there unfinished is told apart from an answer."""
    assert judged(about("Alpha", finished=None)).faults == {"lost": 1, "half_posted": 1}


def test_answers_in_another_order_than_the_questions() -> None:
    """The order counts where the first question was heard before the second was asked."""
    turned = about("Alpha", AT + 5), about("Bravo", AT + 4)
    assert judged(*turned, pumps=("Alpha", "Bravo")).faults == {"disordered": 1}
    late = {"Alpha": AT + 3}
    assert not judged(*turned, pumps=("Alpha", "Bravo"), heard_at=late).faults


def test_an_answer_after_the_ceiling_is_late() -> None:
    """It is counted from the end of the fault."""
    assert judged(about("Alpha", finished=AT + CEILING_S + 1)).faults == {"late": 1}
