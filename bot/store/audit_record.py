"""What the audit trail keeps of a turn."""

from __future__ import annotations

from typing import Any

from bot.conversation import Turn
from bot.evidence import Grounding


def turn_content(turn: Turn) -> dict[str, Any]:
    """Everything that decided a turn, but nothing of what was said.

    ``evidence`` are the pieces that the voice was given, with their revision and span in the
    document; ``cited`` those that the answer points to. Each of ``claims`` is a statement by its
    span in the answer (Python characters), the verdict on it, and the place in ``evidence`` of the
    piece that carries it best.
    """
    return {
        "author": turn.author.key,
        "audience": sorted(turn.audience),
        "route": turn.route.route.value,
        "reasons": list(turn.route.reasons),
        **_evidence(turn),
        "withheld": list(turn.withheld),
        "model": turn.model,
        "persona": turn.persona,
        **_verdicts(turn.grounding),
        "cached_from": turn.cached_from,
        "usage": {
            "prompt_tokens": turn.usage.prompt_tokens,
            "completion_tokens": turn.usage.completion_tokens,
            "cost_usd": turn.usage.cost_usd,
            "saved_usd": turn.saved_usd,
        },
        "outcome": turn.outcome.value,
        "failed": bool(turn.error),
    }


def _evidence(turn: Turn) -> dict[str, Any]:
    chunks = [p.chunk for p in turn.passages]
    return {
        "used": list(dict.fromkeys(c.document for c in chunks)),
        "evidence": [
            {
                "source": c.source,
                "document": c.document,
                "revision": c.revision,
                "chunk": c.id,
                "start": c.start,
                "end": c.end,
            }
            for c in chunks
        ],
        "cited": [
            {
                "n": c.n,
                "document": c.document,
                "revision": c.revision,
                "start": c.start,
                "end": c.end,
            }
            for c in turn.citations
        ],
    }


def _verdicts(grounding: Grounding) -> dict[str, Any]:
    return {
        "grounding": {
            "score": float(grounding.score),
            "supported": bool(grounding.supported),
            "rejected": len(grounding.rejected),
        },
        "claims": [
            {
                "start": c.start,
                "end": c.end,
                "supported": bool(c.supported),
                "score": round(float(c.score), 4),
                "evidence": c.passage,
            }
            for c in grounding.claims
        ],
    }
