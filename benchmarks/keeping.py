"""Results of benchmarks as they are kept: one file each in ``benchmarks/results``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
Result = dict[str, Any]
Figure = dict[str, Any]


def load(folder: Path = RESULTS) -> dict[str, Result]:
    """Every result by the benchmark's name."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))
    }


def save(name: str, result: Result, folder: Path = RESULTS) -> None:
    """Keep one; a half-written file never stands in its place."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    half = path.with_suffix(".part")
    half.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    half.replace(path)


def told(lines: Iterable[Mapping[str, Any]]) -> Result:
    """What a benchmark said while it ran: figures, a scorecard, or why it could not run."""
    found: Result = {"figures": []}
    for line in lines:
        if "card" in line:
            found |= {"suite": line["suite"], "about": line["about"], "card": line["card"]}
        elif "not run" in line:
            found["not_run"] = line["not run"]
        else:
            found["figures"].append(dict(line))
    return found


def merged(now: Result, before: Result | None, *, busy: bool) -> Result:
    """A result that takes an older one's place.

    What could not run, or failed, keeps every older figure that it had not said anew by then. Where
    others used the machine meanwhile, older figures of speed stay; those that are the first say so.
    """
    known = {figure["what"]: figure for figure in (before or {}).get("figures", [])}
    figures = [_chosen(f, known.get(f["what"]), now, busy=busy) for f in now.get("figures", ())]
    said, stopped = {figure["what"] for figure in figures}, "not_run" in now
    older = [f for f in known.values() if f["what"] not in said and (stopped or f.get("speed"))]
    if not stopped:
        return {**now, "figures": [*figures, *older]}
    kept = {key: value for key, value in (before or {}).items() if key != "not_run"}
    told = {"figures": [*figures, *older], "not_run": now["not_run"], "tried": now["at"]}
    return kept | told


def _chosen(figure: Figure, older: Figure | None, result: Result, *, busy: bool) -> Figure:
    dated = {**figure, "at": result["at"][:10]}
    if not (busy and figure.get("speed")):
        return dated
    return older if older and not older.get("busy") else {**dated, "busy": True}


def names(results: Mapping[str, Result], prefix: str) -> Sequence[str]:
    """Of results, those whose name starts so."""
    return [name for name in results if name.startswith(prefix)]
