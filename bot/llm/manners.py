"""How something is asked for: as a question, as trouble that is told, in a few keywords.

"The sensor is offline" asks what to do about it, "webhook retries" for what a page says under that
heading. Told by grammar alone; what is not certain is a question.
"""

from __future__ import annotations

import re
from enum import StrEnum

from bot.lexical import fold
from bot.llm.asking import ONE_VALUE, Asked, Asks, read_question

_ASKING = re.compile(
    r"\?\W*$|^\W*(?:(?:and|so|but|hi|hello|hey|please|ok|well)\b\W*)*"
    r"(?:how|what|which|who|whom|whose|where|when|why|can|could|do|does|did|is|are|was|were|has|have"
    r"|had|will|would|should|shall|may|must|am|tell|show|explain|give|list|describe|compare|name)"
    r"(?:['’]s)?\b"
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|am|has|have|had|can|cannot|will|keeps?|stays?|gets?|got|does|do|did"
    r"|comes?|goes|went|lost|broke|forgot|\w+n['’]t|\w{2,}ed)\b"
)
_LEAST = 3  # words of a sentence; fewer are keywords, or too little to go by
_MOST = 30
_FEW = 8


class Manner(StrEnum):
    """In what manner something is asked for."""

    QUESTION = "question"
    TROUBLE = "trouble"
    KEYWORDS = "keywords"


def manner(text: str) -> Manner:
    """A sentence that asks nothing tells of trouble; a few words without a verb are keywords."""
    folded = fold(text).strip()
    number = len(folded.split())
    if not folded or _ASKING.search(folded) or number > _MOST:
        return Manner.QUESTION
    if number >= _LEAST and _VERB.search(folded):
        return Manner.TROUBLE
    return Manner.KEYWORDS if number <= _FEW else Manner.QUESTION


def asked_for(text: str) -> Asked:
    """The question read, with what keywords ask for: "price of the hose" wants a number,
    a single word to be told what it is."""
    asked = read_question(text)
    if asked.asks is Asks.OTHER and manner(text) is Manner.KEYWORDS:
        if len(text.split()) == 1:
            return read_question(f"What is {text}?")
        question = read_question(f"What is the {text}?")
        if question.asks in ONE_VALUE:
            return question
    return asked
