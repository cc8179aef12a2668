"""Whether a message is meant for the bot: the written cases, and what holds for any message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.addressee import Addressed, Before, Said, decide, without_call
from tests.unit.bot.addressee_cases import NAMES, NOW, SETS, Case, earlier, read

PEOPLE = st.sampled_from(["ann", "ben", "cy"])
WORDS = st.sampled_from(
    """and in winter? what about the X2 Juniper, juniper said thanks ok Ben: Ben can you show me the
    steps that didn't work I'll try did you restart? how do I @Ben <@U1> let's sync 👍 ```code``` no
    wrong danke geht nicht. Error: yes please anyone? the bot""".split(" ")
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=12).map(" ".join))


@st.composite
def _earlier(draw: st.DrawFn) -> list[Before]:
    speakers = draw(st.lists(st.sampled_from(["ann", "ben", "cy", "bot"]), max_size=8))
    ago = sorted(
        draw(st.lists(st.integers(0, 10**6), min_size=len(speakers), max_size=len(speakers))),
        reverse=True,
    )
    return [
        Before(
            who,
            NOW - timedelta(seconds=seconds),
            for_bot=who != "bot" and draw(st.booleans()),
            asked=who == "bot" and draw(st.booleans()),
        )
        for who, seconds in zip(speakers, ago, strict=True)
    ]


SAID = st.builds(
    Said,
    TEXTS,
    PEOPLE,
    st.just(NOW),
    for_bot=st.booleans(),
    mentions=st.lists(PEOPLE, max_size=2).map(tuple),
    replies_to=st.sampled_from(["", "bot", "ann", "ben"]),
    direct=st.booleans(),
    in_thread=st.booleans(),
)
WHEN = st.sampled_from(["mentioned", "addressed", "always"])


def _decide(
    said: Said,
    before: Sequence[Before],
    *,
    when: str = "mentioned",
    part: bool = True,
    muted: bool = False,
) -> Addressed:
    return decide(said, before, reply_when=when, names=NAMES, taking_part=part, muted=muted)


def _unmentioned(said: Said) -> Said:
    return replace(said, for_bot=False, direct=False)


def _counted(cases: Sequence[Case]) -> tuple[float, float, list[str]]:
    """Precision, recall, and the names of the cases that are not met."""
    met = [(case, case.decide().answer) for case in cases]
    right = sum(answer and case.answer for case, answer in met)
    answered = sum(answer for _, answer in met)
    wanted = sum(case.answer for case in cases)
    return right / answered, right / wanted, [c.id for c, answer in met if answer != c.answer]


def test_written_cases_are_met() -> None:
    """Of all written cases few interjections are wrong and few follow-ups are missed."""
    precision, recall, unmet = _counted([case for name in SETS for case in read(name)])
    assert precision >= 0.97, unmet
    assert recall >= 0.95, unmet


@pytest.mark.parametrize("name", SETS)
def test_each_set_of_written_cases_is_met(name: str) -> None:
    """No set is met at the cost of another."""
    precision, recall, unmet = _counted(read(name))
    assert precision >= 0.93, unmet
    assert recall >= 0.93, unmet


def test_written_cases_are_many_and_each_has_its_own_name() -> None:
    """Hundreds of cases, of both decisions, and no name twice."""
    cases = [case for name in SETS for case in read(name)]
    assert len({case.id for case in cases}) == len(cases) >= 300
    assert all(case.why for case in cases)
    assert sum(case.answer for case in cases) > len(cases) / 3
    assert sum(not case.answer for case in cases) > len(cases) / 3


@given(SAID, _earlier(), WHEN, st.booleans(), st.booleans())
def test_a_mention_is_always_answered(
    said: Said, before: list[Before], when: str, part: bool, muted: bool
) -> None:
    """Whoever mentions the bot or writes to it alone is answered, wherever and to whomever else."""
    mentioned = replace(said, for_bot=True)
    direct = replace(said, direct=True)
    assert _decide(mentioned, before, when=when, part=part, muted=muted).answer
    assert _decide(direct, before, when=when, part=part, muted=muted).answer


@given(SAID, _earlier(), WHEN, st.booleans())
def test_a_muted_thread_hears_nothing_without_a_mention(
    said: Said, before: list[Before], when: str, part: bool
) -> None:
    """Muted means silent, even for a follow-up and for the bot's name."""
    assert not _decide(_unmentioned(said), before, when=when, part=part, muted=True).answer


@given(SAID, _earlier(), WHEN, st.booleans(), st.sampled_from(["@Ben", "hey @Ben", "<@U1>"]))
def test_what_begins_with_a_mention_of_somebody_else_is_left_to_them(
    said: Said, before: list[Before], when: str, part: bool, mention: str
) -> None:
    """A message that begins with another person's mention is never answered."""
    to_ben = replace(_unmentioned(said), text=f"{mention} {said.text}", mentions=("ben",))
    assert not _decide(to_ben, before, when=when, part=part).answer


@given(SAID, _earlier(), st.booleans())
def test_outside_its_threads_a_channel_for_mentions_is_silent(
    said: Said, before: list[Before], muted: bool
) -> None:
    """``mentioned`` means mentioned, where the bot takes no part."""
    assert not _decide(_unmentioned(said), before, part=False, muted=muted).answer


@given(SAID, _earlier(), st.booleans())
def test_a_more_talkative_channel_answers_no_less(
    said: Said, before: list[Before], part: bool
) -> None:
    """What ``mentioned`` answers, ``addressed`` does; what that answers, ``always`` does."""
    answers = [
        _decide(said, before, when=when, part=part).answer
        for when in ("mentioned", "addressed", "always")
    ]
    assert answers == sorted(answers)


@given(SAID, _earlier())
def test_another_person_who_speaks_up_makes_the_bot_no_more_eager(
    said: Said, before: list[Before]
) -> None:
    """After somebody spoke to the others, nothing is answered that was not before."""
    other = Before("dan", NOW, for_bot=False)
    said = replace(said, in_thread=True)
    if before and _decide(said, [*before, other]).answer:
        assert _decide(said, before).answer


@given(SAID, _earlier(), WHEN, st.booleans())
def test_a_decision_names_its_reasons_and_is_the_same_again(
    said: Said, before: list[Before], when: str, part: bool
) -> None:
    """The same message in the same place gets the same decision, with reasons."""
    decision = _decide(said, before, when=when, part=part)
    assert decision == _decide(said, list(before), when=when, part=part)
    assert all(decision.reasons)
    assert decision.reasons
    assert 0.5 <= decision.confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "thanks, " * 1_250,
        "```" * 3_333,
        "@" * 10_000,
        "<@" * 5_000,
        "\n" * 9_990 + "    at a",
        "\n \t" * 3_333,
        "y" * 10_000,
        "Ben, " * 2_000,
        "we should " * 1_000,
        "juniper " * 1_250,
        "I'll " * 2_000,
        "? " * 5_000,
        "> quoted\n" * 1_000,
        "https://example.com/" + "a" * 9_900,
        "か" + " " * 9_000 + "x",
    ],
)
def test_long_texts_are_decided(text: str) -> None:
    """Ten thousand characters of anything are decided well before the test's time is up."""
    said = Said(text, "ann", NOW, for_bot=False, in_thread=True)
    for part, when in ((True, "mentioned"), (False, "addressed"), (False, "always")):
        assert _decide(said, earlier("ann>bot -2m, bot -1m"), part=part, when=when).reasons


def test_a_question_after_a_long_paste_is_seen() -> None:
    """What is asked below a long log counts, as does what stands above it."""
    log = "\n".join(f"2026-03-02 12:00:{n % 60:02} INFO step {n} done" for n in range(300))
    said = Said(f"{log}\nwhy does it stop there?", "ann", NOW, for_bot=False, in_thread=True)
    decision = _decide(said, earlier("ann>bot -2m, bot -1m"))
    assert decision.answer
    assert any("asks something" in reason for reason in decision.reasons)


def test_a_bot_without_a_name_is_called_by_nothing() -> None:
    """Without names only the talk itself decides."""
    said = Said("Juniper, what is E4?", "ann", NOW, for_bot=False, in_thread=True)
    decision = decide(
        said, earlier("ben -9m, bot -8m, ben -5m"), reply_when="always", names=(), taking_part=True
    )
    assert not decision.answer


def test_an_offer_is_its_askers_to_take() -> None:
    """What the bot offers to one person, nobody else takes up; the asker's yes is heard."""
    before = [
        Before("ann", NOW - timedelta(minutes=2), for_bot=True),
        Before("bot", NOW - timedelta(minutes=1), for_bot=False, asked=True, offered=True),
    ]
    yes = Said("yes please", "ann", NOW, for_bot=False, in_thread=True)
    assert _decide(yes, before).answer
    for words in ("yes please", "In spring, I think."):
        other = Said(words, "ben", NOW, for_bot=False, in_thread=True)
        assert not _decide(other, before).answer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Juniper, how often?", "how often?"),
        ("Hey Juniper how often?", "how often?"),
        ("Hi Well-Spoken! How often?", "How often?"),
        ("How often, juniper?", "How often?"),
        ("Juniper how do I prune it?", "how do I prune it?"),
        ("so Juniper: list the plans", "list the plans"),
        ("Hi Juniper!", "Hi Juniper!"),
        ("Who is Juniper?", "Who is Juniper?"),
        ("Juniper is a plant, right?", "Juniper is a plant, right?"),
        ("Juniper's opening hours?", "Juniper's opening hours?"),
        ("thanks Juniper, that worked", "thanks Juniper, that worked"),
    ],
)
def test_the_name_by_which_it_is_called_is_no_part_of_the_question(text: str, said: str) -> None:
    """It goes where it calls the bot, and stays where it is spoken of or says all there is."""
    assert without_call(text, NAMES) == said


@given(st.text(max_size=200))
def test_a_text_without_the_name_stays(text: str) -> None:
    """Nothing is cut from what does not call the bot."""
    kept = (
        text if "juniper" in text.lower() or "well" in text.lower() else without_call(text, NAMES)
    )
    assert kept == text
