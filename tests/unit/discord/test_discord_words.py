"""The words around answers in Discord: names of threads, drafts, cards, seats."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.base import Card, ChannelKind, Heard, Place
from adapters.discord import wording
from adapters.discord.cards import card_name, card_text
from adapters.discord.seats import Seat, seats_of, thread_name, written_in
from bot.conversation import Author, Platform

PLACE = Place(Platform.DISCORD, "1", "2")
MARKDOWN = st.text(alphabet=st.sampled_from(list("ab *_`~|>#-1.[]()\n@<&é😀\\")), max_size=4000)


def heard(text: str, place: Place = PLACE, **extra: str) -> Heard:
    author = Author(Platform.DISCORD, "7", "Ada")
    return Heard(place, "3", author, text, datetime.now(UTC), extra=extra)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("How do I **water** roses?", "How do I water roses?"),
        ("one\ntwo   three", "one two three"),
        ("## Is MAX_SIZE > 3 in _C#_?", "Is MAX_SIZE > 3 in C#?"),
        ("", "A question from Ada"),
        ("<@1> <#2> <a:wave:3>", "A question from Ada"),
        ("```py\nx = 1\n```", "py x = 1"),
    ],
)
def test_a_thread_is_called_like_its_question(text: str, name: str) -> None:
    """Without marks and mentions; where nothing is left, after who asked."""
    assert thread_name(heard(text)) == name


@given(st.text(max_size=400))
def test_a_name_of_a_thread_always_fits(text: str) -> None:
    """1 to 100 characters, whatever was asked."""
    assert 1 <= len(thread_name(heard(text)).strip()) <= 100


@given(MARKDOWN)
def test_drafts_always_fit(text: str) -> None:
    """Each message of a draft holds 1 to 2,000 characters, and says that it goes on."""
    drafts = wording.drafts(text)
    assert all(1 <= len(draft) <= 2000 for draft in drafts)
    assert drafts[-1].rstrip("_").endswith("…")


@given(MARKDOWN, MARKDOWN)
def test_a_card_always_fits(question: str, tried: str) -> None:
    """At most 2,000 characters, with a name of at most 100 for its thread."""
    card = Card(
        "h", Author(Platform.DISCORD, "7"), question, (("user", tried),) * 6, tried, "https://x.y/z"
    )
    assert 1 <= len(card_text(card, question[:80])) <= 2000
    assert 1 <= len(card_name(card, question[:80]).strip()) <= 100


def test_a_card_escapes_the_name_of_who_asked() -> None:
    """A name makes no markup."""
    card = Card("h", Author(Platform.DISCORD, "7"), "why?", (), "", "")
    assert "**\\*\\*Bob\\*\\*** asks:" in card_text(card, "**Bob**")


def test_seats() -> None:
    """The thread, and where there is none the channel; direct messages have one seat."""
    assert seats_of(PLACE) == (Seat("2"),)
    threaded = Place(Platform.DISCORD, "1", "2", thread="3")
    assert seats_of(threaded) == (Seat("3"), Seat("2", "3"))
    direct = Place(Platform.DISCORD, "", "9", thread="3", kind=ChannelKind.DIRECT)
    assert seats_of(direct) == (Seat("9"),)


def test_where_a_question_stands() -> None:
    """In its thread, its channel, or the post that it begins."""
    assert written_in(heard("x")) == "2"
    assert written_in(heard("x", Place(Platform.DISCORD, "1", "2", thread="5"))) == "5"
    assert written_in(heard("x", post="first")) == "3"
