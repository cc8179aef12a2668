"""The sample knowledge base: the documentation of Mossgate, an invented watering system.

Everything here is made up for the demo, the tests and the evaluation: the company, its products,
its prices and its people.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent

SUGGESTIONS = (
    "How long is the warranty of the MG-200?",
    "What does the Grow plan cost by the year?",
    "What does error E-204 mean?",
    "How do I start a zone with curl?",
    "Does Mossgate work with Apple HomeKit?",
    "How much discount may a support agent give?",
)
"""The questions of the demo page, in this order: a fact, a number that is easily confused, a row of
a table, code, a question that has no answer, one whose answer only staff may see."""

FOLLOW_UP = "And the MG-400?"
"""A follow-up of the first suggestion."""


def sample_folder() -> Path:
    """The folder of the documents, staff-only ones under ``staff/`` by their front matter."""
    return _HERE / "docs"


def sample_persona() -> Path:
    """The ``persona.yaml`` of Juniper, the sample's voice."""
    return _HERE / "persona.yaml"


def sample_suite() -> Path:
    """The evaluation suite over the sample documents, JSON Lines."""
    return _HERE / "suite.jsonl"


def sample_ratings() -> Path:
    """What an operator says of answers over the sample documents, JSON Lines."""
    return _HERE / "ratings.jsonl"
