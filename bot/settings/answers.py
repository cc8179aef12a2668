"""The table of ``wellspoken.toml`` on what answers may hold."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from bot.settings.sections import Section

_HOST = re.compile(
    r"(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
)
_ADDRESS = re.compile(r"https?://[a-z0-9.-]+(?::\d{1,5})?(?:/[^\s<>\"|\\]*)?", re.IGNORECASE)


class AnswersSection(Section):
    links: tuple[str, ...] = Field(
        (),
        description="where answers may link to besides the sources that they cite: hosts like "
        "`status.example.com` or `*.example.com`, or beginnings of addresses",
    )

    @field_validator("links")
    @classmethod
    def _readable(cls, links: tuple[str, ...]) -> tuple[str, ...]:
        for link in links:
            if not (_HOST.fullmatch(link.lower()) or _ADDRESS.fullmatch(link)):
                raise ValueError(
                    f'"{link}" is neither a host (example.com, *.example.com) nor an address '
                    "(https://example.com/help/)"
                )
        return links
