"""Moments, platforms, people and voices as the console's pages say them."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2

from adapters.web.pages import clock, platform_words, voice, who
from tests.unit.web.test_chat import sign_in


def test_a_moment_has_no_nought_before_its_day() -> None:
    """As scripts write it in the reader's own zone."""
    assert clock(datetime(2026, 11, 3, 4, 5, tzinfo=UTC)) == "3 Nov 2026, 04:05 UTC"


def test_a_person_without_a_name_is_told_by_platform_and_id() -> None:
    """What is no id of a platform stays as it is."""
    assert who("slack:U024BE7LH") == "Slack, U024BE7LH"
    assert who("web:a:b") == "Web chat, a:b"
    assert who("erased") == "erased"
    assert who("mail:ann") == "mail:ann"
    assert (platform_words("api"), platform_words("mail")) == ("API", "mail")


def test_a_voice_is_told_by_name_and_version() -> None:
    """One that has no version is its name alone."""
    assert voice("Juniper@1f0c2d3e4a") == "Juniper, version 1f0c2d3e4a"
    assert (voice("Juniper"), voice("")) == ("Juniper", "")


async def test_what_was_read_in_first_is_shown_at_once(browser: httpx2.AsyncClient) -> None:
    """A page that had nothing is loaded anew when the reading is over; another one is not."""
    await sign_in(browser)
    first = await browser.get("/console/knowledge/sources?first=yes")
    assert first.headers["hx-refresh"] == "true"
    assert "hx-refresh" not in (await browser.get("/console/knowledge/sources")).headers
