"""The generated tables of ``docs/benchmarks.md`` and ``README.md``, between their markers.

They are made of ``benchmarks/results`` alone, so that a test can tell a table that was edited by
hand; ``python -m benchmarks --write`` writes them without running anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.catalogue import SUITE
from benchmarks.keeping import Figure, Result, load
from benchmarks.open_sets import ROOT
from benchmarks.simulation import publishing as sizing

DOCS = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
_RATES = (
    ("accuracy", "right"),
    ("claim_coverage", "covered"),
    ("abstain_precision", "abstain precision"),
    ("abstain_recall", "abstain recall"),
    ("citation_precision", "citation precision"),
    ("retrieval_recall_at_5", "recall at 5"),
    ("hallucination_rate", "hallucinated"),
)
HEADLINES = (
    (
        "retrieval",
        "search -k 5: recall@5, mean of nine sets",
        "Gold documents among the first five found, mean of nine open sets",
    ),
    (
        "retrieval",
        "plain BM25: recall@5, mean of nine sets",
        "the same by a plain BM25",
    ),
    (
        "refusal",
        "northwind: recall at 15 % refused",
        "Unanswerable ones refused where 15 % of others are: a handbook new to the checker",
    ),
    (
        "refusal",
        "squad2, unseen documents: recall at 15 % refused",
        "the same: near misses about unseen articles of SQuAD 2",
    ),
    (
        "evidence",
        "mean of the sets: cited sources that are a gold document",
        "Cited documents that are one that answers, mean of eight open sets",
    ),
    (
        "visitors",
        "late: right",
        "Questions of a newcomer to the demo answered rightly",
    ),
    (
        "routing",
        "held out, balanced mix: macro F1",
        "Questions, small talk and wishes for a person told apart, macro F1",
    ),
    (
        "style",
        "paradetox: AUC after 50 examples",
        "On-voice told from off-voice after 50 examples, AUC",
    ),
    (
        "search",
        "100,000 chunks: hybrid search, all visible, p50",
        "Hybrid search over 100,000 chunks, p50",
    ),
    (
        "turn",
        "10,000 chunks: besides the model, p50",
        "A whole turn over 10,000 chunks besides the model, p50",
    ),
    (
        "turn",
        "100,000 chunks: besides the model, p50",
        "the same over 100,000",
    ),
    (
        "slack",
        "sqlite: event to first visible sign, p99",
        "First visible sign in Slack, p99",
    ),
)
"""Benchmark, figure, and what the README calls it; one that is not there is left out."""
README_SUITES = {
    "squad2": "SQuAD 2, half of it near misses: right or rightly refused",
    "clapnq": "Natural questions of Wikipedia, half of them unanswerable: the same",
    "docs_plausible": "Headings of a product's documentation, asked: right",
    "chunking_eval": "Two long texts, the marked span quoted: right",
}
"""Sets by what the README calls them; their figure is the accuracy of ``hybrid``."""


def share(value: float) -> str:
    """As the docs write what lies between 0 and 1."""
    written = f"{value:.3f}"
    return f"{value:.1f}" if written == "1.000" else written.replace("0.", ".", 1)


def number(value: float, unit: str) -> str:
    """A figure with its unit."""
    if unit == "share":
        return share(value)
    if unit == "difference":
        return f"{value:+.3f}".replace("0.", ".", 1)
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}" + (f" {unit}" if unit else "")


def _cell(value: float | None, ends: Sequence[float] | None) -> str:
    if value is None:
        return "–"
    return share(value) + (f" ({share(ends[0])} to {share(ends[1])})" if ends else "")


def suites_table(results: Mapping[str, Result]) -> str:
    """One line a set and mode."""
    header = ["set", "mode", "cases", *(title for _, title in _RATES), "measured"]
    lines = [_line(header), "|" + "---|" * len(header)]
    notes, unmeasured = [], []
    for name, result in results.items():
        if not name.startswith(SUITE):
            continue
        set_ = name.removeprefix(SUITE)
        if "not_run" in result:
            unmeasured.append(f"{set_}: not run: {result['not_run']}.")
        if "card" not in result:
            continue
        about = result["about"]
        count = f"{about['cases']}, {about['cases'] - about['answerable']} unanswerable"
        for rates, modes in _by_rates(result).items():
            lines.append(_line([set_, ", ".join(modes), count, *rates, result["at"][:10]]))
        notes.append(f"- {set_}: {about['told']}.")
    told = "What counts as right:\n\n" + "\n".join(notes) if notes else ""
    return "\n\n".join(part for part in ("\n".join(lines), told, " ".join(unmeasured)) if part)


def _by_rates(result: Result) -> dict[tuple[str, ...], list[str]]:
    """The modes by what they reached: with the built-in reader several do the same."""
    about = result["about"]
    left_out = set() if about["matched"] else {"accuracy"}
    left_out |= set() if about.get("covered", True) else {"claim_coverage"}
    if about["answerable"] == about["cases"]:
        left_out |= {"abstain_precision", "abstain_recall"}  # it could only be 0
    found: dict[tuple[str, ...], list[str]] = {}
    for mode, card in result["card"]["modes"].items():
        rates = tuple(
            "–" if key in left_out else _cell(card.get(key), card.get(f"{key}_ci95"))
            for key, _ in _RATES
        )
        found.setdefault(rates, []).append(mode)
    return found


def figures_table(results: Mapping[str, Result]) -> str:
    """One line a figure, by benchmark; then what did not run, and what only prints."""
    lines = [_line(["benchmark", "figure", "", "n", "bar", "measured"]), "|" + "---|" * 6]
    silent, notes = [], []
    for name, result in results.items():
        if name.startswith(SUITE):
            continue
        shown = f"`{name}`"
        if "not_run" in result:
            notes.append(f"- {shown} was not run on {result['tried'][:10]}: {result['not_run']}")
        elif not result.get("figures"):
            silent.append(shown)
        for figure in result.get("figures", []):
            lines.append(_line([shown, figure["what"], *_told(figure)]))
            shown = ""
    parts = ["\n".join(lines)]
    if silent:
        parts.append(f"These print tables of their own and no figure here: {', '.join(silent)}.")
    if notes:
        parts.append("\n".join(notes))
    return "\n\n".join([*parts, *_machines(results)])


def _machines(results: Mapping[str, Result]) -> list[str]:
    """On what was measured, and by which versions; results without are older than this runner."""
    found = dict.fromkeys(
        f"{m['cores']}, {m['memory']}, Python {m['python']}, SQLite {m['sqlite']},"
        f" Wellspoken {m['wellspoken']}"
        for m in (result["machine"] for result in results.values() if "machine" in result)
    )
    return [f"Measured on: {'; '.join(found)}."] if found else []


def _told(figure: Figure) -> list[str]:
    at = str(figure["at"]) + (", busy machine" if figure.get("busy") else "")
    return [_value(figure), str(figure.get("n", "")), _bar(figure), at]


def _value(figure: Figure) -> str:
    value = number(figure["value"], figure["unit"])
    ends = figure.get("interval")
    if not ends:
        return value
    low, high = (number(end, figure["unit"]) for end in ends)
    return f"{value} ({low} to {high})"


def _bar(figure: Figure) -> str:
    if "bar" not in figure:
        return ""
    kind, value = figure["bar"]
    met = figure["value"] <= value if kind == "at most" else figure["value"] >= value
    return f"{kind} {number(value, figure['unit'])}" + ("" if met else ", missed")


def readme_table(results: Mapping[str, Result]) -> str:
    """What is told first."""
    lines = [_line(["", "", "bar"]), "|---|---|---|"]
    for set_, title in README_SUITES.items():
        result = results.get(f"{SUITE}{set_}", {})
        card: dict[str, Any] = result.get("card", {}).get("modes", {}).get("hybrid", {})
        if card.get("accuracy") is not None:
            told = f"{title}, {result['about']['cases']} questions"
            lines.append(_line([told, _cell(card["accuracy"], card["accuracy_ci95"]), ""]))
    for name, what, title in HEADLINES:
        found = results.get(name, {}).get("figures", [])
        lines += [_line([title, _value(f), _bar(f)]) for f in found if f["what"] == what]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def filled(text: str, name: str, table: str) -> str:
    """A page with a table between its markers. Raises ValueError where it has none."""
    begin, end = f"<!-- begin: {name} (python -m benchmarks) -->", f"<!-- end: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"the markers of {name} must stand once: {begin} … {end}")
    return pattern.sub(lambda _: f"{begin}\n\n{table}\n\n{end}", text)


def pages(results: Mapping[str, Result]) -> dict[Path, str]:
    """The pages as they should be, by path."""
    docs = filled(DOCS.read_text("utf-8"), "open suites", suites_table(results))
    return {
        DOCS: filled(docs, "figures", figures_table(results)),
        README: filled(README.read_text("utf-8"), "results", readme_table(results)),
    }


def write() -> None:
    """Write the tables from the results that are kept; the sizing where it is of older ones."""
    results = load()
    for path, text in pages(results).items():
        path.write_text(text, encoding="utf-8")
    if not sizing.is_current(results):
        sizing.write(results)
