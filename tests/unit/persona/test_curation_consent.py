"""Whose consent a data set needs, and what is said where it is missing."""

from __future__ import annotations

import pytest

from persona.curation.choosing import Consent, Dropped, Format
from persona.curation.curator import nothing_usable


@pytest.mark.parametrize("key", ["terminal:operator", "web:operator"])
def test_what_an_operator_asked_needs_no_consent(key: str) -> None:
    """An operator has nowhere to opt in: ratings of a file would teach nothing."""
    assert Consent({}, silence=False).asker(key)


def test_who_asked_through_the_api_is_not_known() -> None:
    """A caller with the token may hand on what somebody else wrote: silence is no consent."""
    assert not Consent({}, silence=False).asker("api:operator")


def test_where_consent_is_missing_the_sentence_says_how_it_is_given() -> None:
    """Approving more answers would change nothing."""
    said = nothing_usable(Format.SFT, 9, {Dropped.CONSENT: 9})
    assert "no consent: 9" in said
    assert "/wellspoken opt-in" in said
    assert "feedback review" not in said


def test_a_channel_has_a_choice_of_its_own() -> None:
    """Who opted out in one channel is heard in the others, and the other way round."""
    ann, lobby = "slack:U1", "slack:C1"
    consent = Consent({ann: True}, silence=False, channels={(ann, lobby): False})
    assert consent.asker(ann)
    assert not consent.asker(ann, lobby)
    assert not consent.author(ann, lobby)
    assert consent.chosen(ann, "slack:C2") is True
    only = Consent({}, silence=False, channels={(ann, lobby): True})
    assert only.asker(ann, lobby)
    assert not only.asker(ann, "slack:C2")
