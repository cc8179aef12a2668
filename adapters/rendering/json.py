"""A turn as the object that scripts read."""

from __future__ import annotations

from typing import Any

from bot.conversation import Turn


def turn_json(turn: Turn) -> dict[str, Any]:
    """The object that ``ask`` prints and ``POST /api/ask`` answers."""
    return {
        "answer": turn.answer,
        "outcome": turn.outcome.value,
        "route": turn.route.route.value,
        "citations": [
            {"n": c.n, "document": c.document, "title": c.title, "uri": c.uri, "quote": c.quote}
            for c in turn.citations
        ],
        "grounding": {
            "score": round(turn.grounding.score, 4),
            "supported": turn.grounding.supported,
            "unsupported": [
                {"start": c.start, "end": c.end, "text": c.text} for c in turn.grounding.unsupported
            ],
        },
        "model": turn.model,
        "usage": {
            "prompt_tokens": turn.usage.prompt_tokens,
            "completion_tokens": turn.usage.completion_tokens,
            "cost_usd": round(turn.usage.cost_usd, 10),
        },
        "timings_ms": {stage: round(ms, 3) for stage, ms in turn.timings_ms.items()},
        "turn": turn.id,
    }
