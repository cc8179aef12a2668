"""A scorecard as one file that stands alone: it can be mailed, printed and kept.

Modes side by side with their intervals, reliability, cost, earlier runs, differences to a baseline,
and every case, to be opened down to the answer, its claims and its sources. Nothing is loaded: the
scripts that draw lie inside, named by their hashes in the page's policy, so that no other script
runs whatever a document says. Without scripts the tables say the same.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from adapters.evaluation.report_cases import filters, views
from adapters.evaluation.running import records
from adapters.web.console.score_plots import MODES, Past, sections
from adapters.web.console.scorecards_view import Change, changes_of
from adapters.web.pages import STATIC, Pages
from adapters.web.plotting import TONES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.evaluation.running import Scorecard

_STYLES = ("base.css", "console.css", "plots.css", "evaluation.css")
_SCRIPTS = ("vendor/chart.min.js", "vendor/chart-error-bars.min.js", "plots.js")
_FEW = 100
"""Cases up to which a print opens them all."""
_OPENERS = ("</script", "<script", "<!--")


@dataclass(frozen=True, slots=True)
class Script:
    """A script inside the page, and the hash that lets it run."""

    text: Markup
    hash: str


def report_page(done: Scorecard) -> str:
    """The page of a scorecard."""
    bot = done.persona.partition("@")[0] or "Wellspoken"
    kept = records(done)
    found = views(kept)
    return _pages(bot).fragment(
        "evaluation_report.html",
        done=done,
        titles=MODES,
        tones=TONES,
        sections=sections(done.cards, kept, past(done)),
        changes=changes(done),
        cases=found,
        filters=filters(found, list(kept)),
        few=len(found) <= _FEW,
        styles=_styles(),
        scripts=_scripts(),
    )


@cache
def _pages(bot: str) -> Pages:
    return Pages(bot)


@cache
def _styles() -> Markup:
    text = "\n".join((STATIC / name).read_text("utf-8") for name in _STYLES)
    return Markup(text)  # noqa: S704 - our own files


@cache
def _scripts() -> tuple[Script, ...]:
    return tuple(_script((STATIC / name).read_text("utf-8")) for name in _SCRIPTS)


def _script(text: str) -> Script:
    """A script of ours as it may stand between tags. Its hash is of what a browser sees there."""
    lines = [line for line in text.split("\n") if not line.startswith("//# sourceMappingURL=")]
    inside = "\n".join(lines)
    for opener in _OPENERS:  # in code these only stand in strings, where the stroke changes nothing
        inside = inside.replace(opener, opener[0] + "\\x" + f"{ord(opener[1]):02x}" + opener[2:])
    digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
    return Script(Markup(inside), f"'sha256-{digest}'")  # noqa: S704 - our own files


def past(done: Scorecard) -> list[Past]:
    """The runs of this suite up to this one, the oldest first."""
    found = [
        Past(f"{run.at:%d %b %H:%M}", run.modes, other=run.digest != done.suite.digest)
        for run in reversed(done.earlier)
    ]
    return [*found, Past("this run", done.cards)]


def changes(done: Scorecard) -> Sequence[Change]:
    """The differences to the baseline, those that can be told first."""
    return changes_of(done.baseline.json()["differences"]) if done.baseline else []
