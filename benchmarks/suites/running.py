"""A suite asked by the real command: its documents read in, then ``wellspoken evaluate``."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.product import command
from benchmarks.reporting import card as keep_card
from benchmarks.suites.made import DOCUMENTS, SEED, OpenSuite

MODES = ("rag", "hybrid")
"""The voice alone needs a model; there is none without a key."""
RATES = (
    "accuracy",
    "hallucination_rate",
    "abstain_precision",
    "abstain_recall",
    "citation_precision",
    "citation_recall",
    "retrieval_recall_at_5",
)


def asked(suite: OpenSuite, modes: Sequence[str] = MODES) -> tuple[dict[str, Any], dict[str, Any]]:
    """The scorecard of a suite, as ``--json`` prints it, and what to tell about it.

    Nothing but the built-in reader answers: no key and no model's address is passed on.
    """
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        path = suite.write(folder)
        command(folder, "ingest", DOCUMENTS, "--strict")
        chosen = [part for mode in modes for part in ("--mode", mode)]
        card = json.loads(command(folder, "evaluate", str(path), *chosen, "--json"))
    card.pop("report")  # a page of a home that is gone
    about = {
        "told": suite.told,
        "matched": suite.matched,
        "covered": suite.covered,
        "cases": len(suite.cases),
        "answerable": sum(case.answerable for case in suite.cases),
        "seed": SEED,
        "reader": "built-in",
        "seconds": round(time.perf_counter() - begun, 1),
    }
    return card, about


def kept(name: str, card: dict[str, Any], about: dict[str, Any]) -> None:
    """Hand a scorecard to the runner."""
    keep_card(name, card, about)


def printed(suite: OpenSuite, card: dict[str, Any]) -> str:
    """A scorecard as lines."""
    found = [f"{suite.name}: {len(suite.cases)} cases; right: {suite.told}"]
    for mode, whole in card["modes"].items():
        rates = [(name, whole[name]) for name in RATES if name != "accuracy" or suite.matched]
        told = ", ".join(f"{name} {value:.3f}" for name, value in rates if value is not None)
        found.append(f"  {mode:7} {told}")
    return "\n".join(found)
