"""An answer with its claims marked: safe, whole, and each verdict where it belongs."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from adapters.rendering import answer_html
from adapters.rendering.claims import claims_html
from bot.evidence import Claim, Grounding
from bot.sentences import split
from tests.platforms.turns import turn_of

_SPAN = re.compile(r'<span class="claim (?:held|unheld)">|</span>')


def marked(answer: str, *unheld: int) -> str:
    """The answer with every unit as a claim; some are not carried."""
    claims = tuple(
        Claim(u.start, u.end, u.text, supported=n not in unheld, score=0.9)
        for n, u in enumerate(split(answer))
    )
    return claims_html(turn_of(answer, grounding=Grounding(claims)))


def test_each_claim_has_its_verdict() -> None:
    """Sentences, items, rows and code, inside their own markup."""
    html = marked(
        "It lasts **24 months** [1]. It is red.\n\n1. Press Reset.\n\n"
        "| A | B |\n|---|---|\n| 1 | 2 |\n\n```sh\nmossgate login\n```\n",
        1,
    )
    for part in (
        '<span class="claim held">It lasts </span><strong><span class="claim held">24 months',
        '<span class="claim unheld">It is red.</span>',
        '<li><span class="claim held">Press Reset.</span></li>',
        '<td><span class="claim held">2</span></td>',
        '<code class="language-sh"><span class="claim held">mossgate login</span>',
    ):
        assert part in html


def test_bold_claims_stay_bold() -> None:
    """A sign behind the closing stars would end their being such."""
    assert marked("**Mind the gap.** It is wide.") == (
        '<p><strong><span class="claim held">Mind the gap.</span></strong> '
        '<span class="claim held">It is wide.</span></p>\n'
    )


def test_markup_of_others_stays_text() -> None:
    """A claim cannot bring a tag of its own, nor our signs."""
    html = marked("<b>Bold</b> \ue000claim\ue001 <script>alert(1)</script>.")
    assert "<script" not in html
    assert "&lt;b&gt;" in html
    assert "\ue000" not in html


def test_claims_outside_the_answer_are_left_out() -> None:
    """Spans of a turn that was changed since do no harm."""
    claims = tuple(
        Claim(start, end, "x", supported=True, score=1.0)
        for start, end in ((-3, 2), (5, 4), (3, 99), (0, 4), (2, 5))
    )
    html = claims_html(turn_of("Fine.", grounding=Grounding(claims)))
    assert html == '<p><span class="claim held">Fine</span>.</p>\n'


@given(st.text(alphabet=st.sampled_from("ab.*|-`#1> [])(\n!_~<&\\"), max_size=80))
def test_marks_change_nothing_but_marks(answer: str) -> None:
    """Without its spans the page is the answer as everybody sees it."""
    assert _SPAN.sub("", marked(answer)) == answer_html(turn_of(answer))
