"""A gate's run as one file that stands alone: it can be mailed, printed and kept."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

from adapters.release.gate_records import Story
from adapters.web.console.gate_view import judged, ordered, paired
from adapters.web.pages import STATIC, Pages

_STYLES = ("base.css", "console.css", "gate.css")


@cache
def _pages(bot: str) -> Pages:
    return Pages(bot)


def report_page(story: Story) -> str:
    """The page, with its styles inside and nothing to load."""
    bot = story.persona.partition("@")[0] or "Wellspoken"
    styles = "\n".join((STATIC / name).read_text("utf-8") for name in _STYLES)
    return _pages(bot).fragment(
        "gate_report.html",
        story=story,
        judged=judged(story, story.worse),
        pairs=[paired(row) for row in ordered(story.rows)],
        styles=Markup(styles),  # noqa: S704 - our own files
    )
