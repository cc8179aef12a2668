"""What is said where a question lacks the value that a live source needs."""

from __future__ import annotations

import re
from collections.abc import Sequence


def question_back(descriptions: Sequence[str]) -> str:
    """ "Which product? Tell me the product's code, like AX-100." for what is missing."""
    listed = [" ".join(d.split()).rstrip(".!? ") for d in descriptions]
    if not listed:
        return ""
    return f"Which {thing(listed[0])}? Tell me {' and '.join(listed)}."


def thing(description: str) -> str:
    """What a parameter picks: "product" of "the product's code, like AX-100"."""
    said = re.split(r",|\(|\blike\b|\be\.g\.|\bsuch as\b", description)[0]
    said = re.sub(r"^\s*(?:the|an?|your|its)\s+", "", said.strip(), flags=re.IGNORECASE)
    owner = re.match(r"([\w -]+?)(?:'s|’s|s')\s", said)
    if owner:
        return owner[1].strip()
    of = re.search(r"\bof (?:the |an? |your )?([\w -]+)$", said)
    return (of[1] if of else said).strip() or "one"
