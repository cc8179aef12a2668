"""A model that writes questions: asked part by part, charged, and never more than is wanted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncGenerator, Sequence

from bot.conversation import Principal, Usage
from bot.evidence import Chunk, Passage, Retrieval
from bot.ports import ChatMessage, Spoken
from knowledge.proposing.choosing import Dropped
from knowledge.proposing.material import Material
from knowledge.proposing.modelled import written_cases
from knowledge.proposing.proposing import propose

_TEXT = """# Lamps

The lamp burns for nine nights on a single tin of oil, whatever the weather outside is like.
"""
_MATERIAL = Material("docs", "lamps.md", "Lamps", _TEXT)


class _Model:
    """Says the same each time."""

    id = "stand-in"

    def __init__(self, *cases: dict[str, object]) -> None:
        self.said = json.dumps({"cases": cases})
        self.asked = 0

    async def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int | None = None, **_: object
    ) -> AsyncGenerator[Spoken, None]:
        self.asked += 1
        assert "nine nights" in messages[1].content
        yield Spoken(self.said, Usage(10, 5))


class _Search:
    """Finds the one document."""

    async def retrieve(self, query: str, principal: Principal, k: int = 6) -> Retrieval:
        chunk = Chunk("c", "lamps.md", "docs", "r", 0, "Lamps", (), _TEXT, 0, len(_TEXT), "")
        return Retrieval((Passage(chunk, 1.0),))


async def test_a_models_questions_are_tried_and_charged() -> None:
    """A literal answer becomes a case with its quote; another one is dropped with the reason."""
    model = _Model(
        {"question": "For how many nights does a lamp burn?", "answer": "nine nights"},
        {"question": "What does a lamp burn?", "answer": "paraffin"},
    )
    charged: list[tuple[str, Usage]] = []
    dropped: Counter[Dropped] = Counter()

    async def charge(name: str, usage: Usage) -> None:
        charged.append((name, usage))

    written = written_cases(model, [_MATERIAL], 0, dropped, charge)
    done = await propose([_MATERIAL], _Search(), 4, written=written, dropped=dropped)
    first = done.cases[0]
    assert first.case.answers == ("nine nights",)
    assert (first.case.gold, first.place) == (("lamps.md",), "lamps.md")
    assert first.quote in _TEXT
    assert charged == [("stand-in", Usage(10, 5))]
    assert done.dropped[Dropped.NO_SPAN] == 1
