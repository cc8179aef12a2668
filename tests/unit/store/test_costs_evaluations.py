"""Evaluations stand in the cost books by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.conversation import Usage
from bot.store.base import Database
from bot.store.costs import CostBook, Costs
from bot.store.evaluation import EvaluationBook, RunLine

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def run(name: str, at: datetime, **cards: dict[str, Any]) -> RunLine:
    return RunLine(name, "support", "", "", "Max@1", cards, None, "", "terminal:operator", at)


def card(**models: tuple[int, int, int, float]) -> dict[str, Any]:
    keys = ("asked", "prompt_tokens", "completion_tokens", "cost_usd")
    told = {model: dict(zip(keys, charged, strict=True)) for model, charged in models.items()}
    return {"prompt_tokens": 1, "completion_tokens": 1, "cost_usd": 0.1, "models": told}


async def test_evaluations_are_a_line_of_their_own(database: Database) -> None:
    """By model, judges too, over all modes and runs of the days; in no other sum, and against no
    day's limit; a run of old, without models, costs what its cards say."""
    book, costs = EvaluationBook(database), CostBook(database)
    modes = {
        "rag": card(big=(3, 30, 3, 0.5)),
        "voice": card(big=(1, 10, 1, 0.25), judge=(2, 5, 1, 1)),
    }
    await book.add(run("run_a", NOW, **modes), {})
    old = {"prompt_tokens": 7, "completion_tokens": 2, "cost_usd": 0.125}
    await book.add(run("run_b", datetime(2026, 3, 2, tzinfo=UTC), rag=old), {})
    await book.add(run("run_c", datetime(2026, 2, 2, tzinfo=UTC), rag=old), {})
    await book.add(run("run_d", NOW, rag={"accuracy": 1.0}), {})  # nothing was charged
    report = await costs.report(NOW, 3)
    assert report.evaluated.runs == 3
    assert report.evaluated.by_model == {
        "judge": Costs(2, 5, 1, 1.0),
        "big": Costs(4, 40, 4, 0.75),
        "": Costs(0, 7, 2, 0.125),
    }
    assert report.evaluated.total == Costs(6, 52, 7, 1.875)
    assert report.total == Costs()
    assert await costs.spent(NOW.replace(hour=0)) == Usage()
