"""An answer with its claims marked by their verdicts, as safe HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from adapters.rendering.cleaning import plain
from adapters.rendering.html import SourceHref, markdown_html
from adapters.rendering.links import linkable
from bot.conversation import Turn
from bot.evidence import Claim

_BEGIN, _END = "\ue000", "\ue001"
_SIGNS = re.compile(f"[{_BEGIN}{_END}]")
# Signs stand inside emphasis: "**Now.**" with a letter behind it would be bold no more.
_BLOCK_START = re.compile(
    r"\s*(?:(?:`{3,}|~{3,})[^\n]*\n|(?:(?:[-*+>]|\d{1,3}[.)]|#{1,6})\s+|\|\s*)*[*_]*)"
)
_BLOCK_END = re.compile(r"(?:\n[ \t]*(?:`{3,}|~{3,})|\s*\||[*_]+)?\s*$")
_PIECE = re.compile(f"(<[^>]*>|{_BEGIN}|{_END})")


def claims_html(turn: Turn, source_href: SourceHref | None = None) -> str:
    """The answer as :func:`adapters.rendering.html.answer_html` gives it, each claim inside
    ``<span class="claim held">`` or ``unheld``; without one where a sign would change the rest."""
    linked = linkable(turn)
    unmarked = markdown_html(turn.answer, linked, source_href)

    def with_signs(claims: Sequence[Claim]) -> str | None:
        """The page with signs around some claims; ``None`` where they change more than that."""
        source = plain(_signed_answer(turn.answer, claims))
        html = markdown_html(source, linked, source_href)
        whole = _SIGNS.sub("", html) == _SIGNS.sub("", unmarked)
        return html if whole and _in_order(html, len(claims)) else None

    claims = _apart(turn.grounding.claims, turn.answer)
    html = with_signs(claims)
    if html is None:
        claims = [claim for claim in claims if with_signs([claim]) is not None]
        html = with_signs(claims)
    return unmarked if html is None else _with_spans(html, claims)


def _signed_answer(answer: str, claims: Sequence[Claim]) -> str:
    """The answer with signs around some claims, and none of its own."""
    parts: list[str] = []
    at = 0
    for claim in claims:
        parts.append(_SIGNS.sub("", answer[at : claim.start]))
        parts.append(_signed(_SIGNS.sub("", answer[claim.start : claim.end])))
        at = claim.end
    return "".join([*parts, _SIGNS.sub("", answer[at:])])


def _apart(claims: Sequence[Claim], answer: str) -> list[Claim]:
    """The claims that lie in the answer, in order, none over another."""
    found: list[Claim] = []
    for claim in sorted(claims, key=lambda c: c.start):
        free = not found or found[-1].end <= claim.start
        inside = 0 <= claim.start < claim.end <= len(answer)
        # The line under a table's head claims nothing, and would be no such line with signs in it.
        if free and inside and any(c.isalnum() for c in answer[claim.start : claim.end]):
            found.append(claim)
    return found


def _signed(text: str) -> str:
    """A claim between signs, inside the marks that open its block."""
    lead = _BLOCK_START.match(text)
    start = lead.end() if lead else 0
    end = max(start, len(_BLOCK_END.sub("", text)))
    return f"{text[:start]}{_BEGIN}{text[start:end]}{_END}{text[end:]}"


def _in_order(html: str, marked: int) -> bool:
    """Whether each claim begins and ends in the text, and not in an attribute."""
    signs = [piece for piece in _PIECE.split(html) if piece in (_BEGIN, _END)]
    return signs == [_BEGIN, _END] * marked and len(_SIGNS.findall(html)) == 2 * marked


def _with_spans(html: str, claims: Sequence[Claim]) -> str:
    """Every run of text inside a claim in a span of its own: none crosses a tag."""
    out: list[str] = []
    number, inside = 0, False
    for piece in _PIECE.split(html):
        if piece == _BEGIN:
            number, inside = number + 1, True
        elif piece == _END:
            inside = False
        elif inside and piece.strip() and not piece.startswith("<"):
            held = "held" if claims[number - 1].supported else "unheld"
            out.append(f'<span class="claim {held}">{piece}</span>')
        else:
            out.append(piece)
    return "".join(out)
