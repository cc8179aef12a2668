"""Questions for what to do: what tells to do it goes before what only has its words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.lexical import fold
from bot.llm.asking import Asked, Asks, holds_type
from bot.llm.manners import Manner, manner
from bot.llm.signals import Scored
from bot.sentences import Unit

_TASK = re.compile(r"\bhow (?:do|can|should|could|would) (?:i|we)\b|\bhow to\b")
_STEPS_FIRST, _NO_ROW, _NO_STEP = 1.0, -4.0, -1.0  # in the ranker's logits


def is_task(asked: Asked) -> bool:
    """Whether somebody asks how to do something, not how something is or came about."""
    return asked.asks is Asks.HOW and bool(_TASK.search(fold(asked.text)))


def for_task(asked: Asked, scored: Sequence[Scored]) -> NDArray[np.float64]:
    """What to add to the scores where steps are wanted: what tells to do it goes before what only
    has its words, and for a task a table of values after both."""
    added = np.zeros(len(scored))
    task = is_task(asked)
    if not (task or (asked.steps and manner(asked.text) is Manner.TROUBLE)):
        return added
    for at, each in enumerate(scored):
        candidate = each.candidate
        if candidate.whole and candidate.unit in (Unit.ITEM, Unit.CODE):
            added[at] = _STEPS_FIRST
        elif task and candidate.unit is Unit.ROW:
            added[at] = _NO_ROW
        elif task and not holds_type(asked, candidate.text):
            added[at] = _NO_STEP
    return added
