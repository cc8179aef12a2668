"""The clauses of a question: "what does the AX-100 cost and how long is its warranty?" has two."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BETWEEN = re.compile(
    r"[?!;.]\s+|,?\s+(?:and|und|et|y)\s+(?:also\s+)?"
    r"|,\s+(?=(?:how|what|when|where|which|who|does|do|is|are|can|will|wie|was|wann|wo)\b)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"(?:(?:the|an?|your|our|den|die|das|dem|der|le|la|el)\s+)?", re.IGNORECASE)
_COURTESY = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|thanks?|thx|cheers|many thanks"
    r"|(?:best|kind|warm)(?: wishes| regards)?|regards|greetings|hallo|guten \w+|danke|vielen dank"
    r"|mit freundlichen|viele gr|bonjour|merci|hola|gracias"
    r"|(?:i have|i've got|just) an? (?:quick )?question)\b",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\b(?:how|what|when|where|which|who|why|does|do|is|are|can|tell me|wie|was|wann|wo)\b",
    re.IGNORECASE,
)


def clauses(text: str, values: Sequence[tuple[int, int]] = ()) -> list[str]:
    """A text piece by piece. Two ``values`` (where they start and end) with nothing but "and"
    between them stay together: "the AX-100 and the AX-200" is one thing to ask of."""
    starts, ends = {start for start, _ in values}, {end for _, end in values}
    pieces, begun = [], 0
    for match in _BETWEEN.finditer(text):
        article = _ARTICLE.match(text, match.end())
        after = article.end() if article else match.end()
        if match.start() in ends and {match.end(), after} & starts:
            continue
        pieces.append(text[begun : match.start()])
        begun = match.end()
    return [*pieces, text[begun:]]


def courtesy(clause: str) -> bool:
    """Whether a clause greets, thanks or takes leave, and asks nothing."""
    said = clause.strip(" ,!.?")
    return _COURTESY.match(said) is not None and _ASKING.search(said) is None
