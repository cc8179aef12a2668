"""Thresholds from a bot's own turns: what is a sign, when they move, and when they stay."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Outcome, Rating, Route
from bot.routing import SHIPPED, Thresholds
from bot.routing.confusion import Confusion
from bot.routing.held_out import held_out
from bot.routing.learning import decisions, learn, lessons_of
from bot.routing.policy import decided_by
from bot.routing.signs import WEIGHTS, Happened, Kind, Sign, Source, same_question, sign_of


def odds(voice: float, handoff: float = 0.0, **more: float) -> dict[str, float]:
    rest = {"voice": voice, "handoff": handoff, "question": 1 - voice - handoff}
    return rest | {"follows": 0.0, decided_by(): 1.0} | more


def happened(route: Route = Route.HYBRID, **changes: object) -> Happened:
    turn = Happened("t", "thread", route, Outcome.ANSWERED, odds(0.1))
    return replace(turn, **changes)  # type: ignore[arg-type]  # each test names fields rightly


def world(n: int, edge: float, seed: int = 1) -> list[tuple[Happened, Sign]]:
    """Turns of a bot whose small talk begins at ``edge`` rather than where it ships."""
    rng = random.Random(seed)
    known = []
    for i in range(n):
        voice = rng.random()
        right = Kind.VOICE if voice >= edge else Kind.QUESTION
        known.append((happened(odds=odds(voice), thread=f"thread-{i}"), Sign(right, Source.LABEL)))
    return known


# -- signs ----------------------------------------------------------------------------------------


def test_operators_label_is_the_last_word() -> None:
    """Whatever readers did, a label says what was right."""
    turn = happened(label=Route.VOICE, thumbs=((Rating.UP, ""),))
    assert sign_of(turn) == Sign(Kind.VOICE, Source.LABEL)


def test_thumb_up_says_that_the_route_was_fine() -> None:
    """It counts for the route that was taken, and two thumbs that disagree for nothing."""
    assert sign_of(happened(thumbs=((Rating.UP, ""),))) == Sign(Kind.QUESTION, Source.THUMB_UP)
    both = ((Rating.UP, ""), (Rating.DOWN, "I wanted a person"))
    assert sign_of(happened(thumbs=both)) is None


@pytest.mark.parametrize(
    ("route", "reason", "kind"),
    [
        (Route.HYBRID, "I wanted to talk to a real person", Kind.HANDOFF),
        (Route.VOICE, "not what I asked", Kind.QUESTION),
        (Route.HYBRID, "not what I asked", None),
        (Route.HYBRID, "wrong number", None),
        (Route.VOICE, "", None),
    ],
)
def test_reason_of_a_thumb_down_counts_where_it_is_about_the_route(
    route: Route, reason: str, kind: Kind | None
) -> None:
    """A wish for a person, or an answer beside the question, tells of the route; the rest not."""
    sign = sign_of(happened(route, thumbs=((Rating.DOWN, reason),)))
    assert (sign and sign.kind) == kind


def test_what_followed_counts_little_and_only_where_there_was_doubt() -> None:
    """A person asked for, or nothing known, tells of the route when the odds did as well."""
    assert sign_of(happened(person_asked=True)) is None
    pressed = sign_of(happened(person_asked=True, odds=odds(0.1, 0.4)))
    assert pressed == Sign(Kind.HANDOFF, Source.PERSON_ASKED)
    unknown = odds(0.5, 0.1, cosine=0.1, covered=0.0)
    assert sign_of(happened(odds=unknown, outcome=Outcome.ABSTAINED)) == Sign(
        Kind.VOICE, Source.NOT_KNOWN
    )
    near = odds(0.5, 0.1, cosine=0.7, covered=0.9)
    assert sign_of(happened(odds=near, outcome=Outcome.ABSTAINED)) is None
    again = sign_of(happened(Route.VOICE, asked_again=True))
    assert again == Sign(Kind.QUESTION, Source.ASKED_AGAIN)
    assert all(weight < WEIGHTS[Source.LABEL] for s, weight in WEIGHTS.items() if s != "label")


def test_same_question_is_told_by_its_words() -> None:
    """A repeated question shares its telling words; thanks after an answer does not."""
    assert same_question("warranty of the MG-200?", "How long is the MG-200 warranty?")
    assert not same_question("hello", "How long is the MG-200 warranty?")


# -- learning -------------------------------------------------------------------------------------


def test_too_few_labels_leave_the_thresholds_and_say_so() -> None:
    """With less than it takes nothing is learned, and the sentence counts what is there."""
    learned = learn(lessons_of(world(20, 0.8)), SHIPPED)
    assert not learned.adopt
    assert learned.fitted is None
    assert "takes 30" in learned.reason
    assert "there are 20" in learned.reason


def test_thresholds_move_to_where_the_turns_say() -> None:
    """A bot whose small talk begins at 0.8 learns about that, with proof from held-out turns."""
    learned = learn(lessons_of(world(300, 0.8)), SHIPPED)
    assert learned.adopt
    assert learned.fitted is not None
    assert 0.75 <= learned.fitted.voice <= 0.85
    assert learned.fitted.handoff == SHIPPED.handoff  # nobody labelled a call for a person
    assert learned.before is not None
    assert learned.after is not None
    assert learned.after.macro_f1 > learned.before.macro_f1
    assert learned.interval is not None
    assert learned.interval[0] > 0


def test_thresholds_stay_where_they_are_right() -> None:
    """Turns that agree with what is in force move nothing."""
    learned = learn(lessons_of(world(300, SHIPPED.voice)), SHIPPED)
    assert not learned.adopt


def test_noise_is_not_learned() -> None:
    """Labels that have nothing to do with the odds give nothing that is surely better."""
    rng = random.Random(3)
    known = [
        (h, Sign(rng.choice([Kind.VOICE, Kind.QUESTION]), Source.LABEL)) for h, _ in world(80, 0.5)
    ]
    assert not learn(lessons_of(known), SHIPPED).adopt


def test_question_taken_for_small_talk_costs_more_than_the_other_way() -> None:
    """Where both mistakes are as frequent, the threshold errs on the side of looking up."""
    known = []
    for i in range(400):
        voice = 0.4 + (i % 10) * 0.05
        right = Kind.VOICE if i % 2 else Kind.QUESTION
        known.append((happened(odds=odds(voice), thread=f"thread-{i}"), Sign(right, Source.LABEL)))
    low = replace(SHIPPED, voice=0.4)
    fitted = learn(lessons_of(known), low).fitted
    assert fitted is not None
    assert fitted.voice > low.voice


def test_turns_of_an_older_classifier_are_left_out() -> None:
    """Probabilities of another classifier say nothing of this one's thresholds."""
    old = {"voice": 0.9, "handoff": 0.0, "question": 0.1, "classifier 00000000": 1.0}
    label = Sign(Kind.VOICE, Source.LABEL)
    assert len(lessons_of([(happened(odds=old), label), (happened(), label)])) == 1


@given(
    st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 0.5), st.booleans()), min_size=1),
    st.floats(0.3, 0.95),
)
def test_columns_decide_as_the_policy_does(
    rows: list[tuple[float, float, bool]], threshold: float
) -> None:
    """What learning computes for a turn is what the thresholds mean."""
    lessons = lessons_of(
        [
            (happened(odds=odds(v, h, follows=float(f))), Sign(Kind.VOICE, Source.LABEL))
            for v, h, f in rows
        ]
    )
    thresholds = Thresholds(voice=threshold, handoff=threshold, in_thread=0.45)
    for (voice, handoff, follows), said in zip(
        rows, decisions(lessons, thresholds).tolist(), strict=True
    ):
        needed = 0.45 if follows else threshold
        expected = 1 if handoff >= needed else 0 if voice >= needed else 2
        assert said == expected


def test_threshold_that_cannot_decide_is_refused() -> None:
    """Values out of range, as a damaged row may hold, are no thresholds."""
    with pytest.raises(ValueError, match="voice"):
        Thresholds.of({"voice": 0.0}, 1, "learned")
    kept = Thresholds.of({"voice": 0.6, "of a later program": 1.0}, 1, "learned")
    assert kept.voice == 0.6


# -- the matrix -----------------------------------------------------------------------------------


def test_matrix_gives_each_class_its_scores() -> None:
    """Counts, precision, recall and F1; a class that never occurs has none and does not count."""
    matrix = Confusion.of({("a", "a"): 8, ("a", "b"): 2, ("b", "b"): 10}, ["a", "b", "c"])
    assert (matrix.n, matrix.right) == (20, 18)
    a, b, c = matrix.scores
    assert (a.recall, b.recall, c.f1) == (0.8, 1.0, None)
    assert matrix.macro_f1 == pytest.approx((16 / 18 + 20 / 22) / 2)


def test_shipped_matrix_is_of_open_data() -> None:
    """The program brings the matrix of its classifier on data that was held out."""
    assert held_out().n > 500
    assert (held_out().macro_f1 or 0) > 0.9
