"""Which open sets are suites, how many of their questions are asked, and what a table says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.open_sets import data_folder
from benchmarks.suites import documentation, passages, turns
from benchmarks.suites.made import OpenSuite


@dataclass(frozen=True)
class Listed:
    """A set. ``size`` is how many questions are asked, ``None``: all. What is not ``usual`` is
    asked where it is named: its pages take long to read in."""

    make: Callable[[Path], OpenSuite]
    about: str
    size: int | None = None
    usual: bool = True


SETS: dict[str, Listed] = {
    "squad2": Listed(passages.squad2, "paragraphs; half the questions are near misses", 400),
    "clapnq": Listed(passages.clapnq, "Wikipedia, questions as people type them"),
    "northwind": Listed(passages.northwind, "an employees' handbook"),
    "anthropic_docs_qa": Listed(passages.anthropic_docs_qa, "a service's documentation"),
    "multihop_rag": Listed(passages.multihop_rag, "news, several documents a question"),
    "docs_plausible": Listed(documentation.docs_plausible, "a product's documentation"),
    "docs_wsl": Listed(documentation.docs_wsl, "a small documentation"),
    "docs_powershell": Listed(
        documentation.docs_powershell, "3,088 pages in five versions", usual=False
    ),
    "chunking_eval": Listed(documentation.chunking_eval, "two long texts", 200),
    "canard": Listed(turns.canard, "conversations, rewritten to stand alone", 300),
}
QUICK = 40
"""Questions of a set for a quick look."""


def missing(name: str, data: Path | None = None) -> str:
    """Why a set cannot be made; empty: it can."""
    folder = (data or data_folder()) / name
    return "" if folder.is_dir() else f"the open set {name} is not there"


def made(name: str, data: Path | None = None, *, size: int | None = None) -> OpenSuite:
    """A set as a suite, drawn to ``size``, else to the size it is listed with."""
    listed = SETS[name]
    return listed.make(data or data_folder()).drawn(size or listed.size)
