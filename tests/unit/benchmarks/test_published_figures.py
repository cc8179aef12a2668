"""The runner of benchmarks: what is kept, and the tables that are made of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.catalogue import Benchmark, Plan, benchmarks
from benchmarks.keeping import load, merged, told
from benchmarks.publishing import (
    figures_table,
    filled,
    number,
    pages,
    readme_table,
    share,
    suites_table,
)
from benchmarks.reporting import VARIABLE, at_most, figure, not_run, proportion
from benchmarks.running import measured

NOW = "2026-11-23T10:00:00+00:00"


def said(what: str, value: float, **more: Any) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": "ms", **more}


def test_the_pages_hold_what_the_runner_writes() -> None:
    """Nobody edited a generated table by hand, or changed a result without writing the pages."""
    for path, text in pages(load()).items():
        assert path.read_text("utf-8") == text, f"{path.name}: run python -m benchmarks --write"


def test_results_tell_nothing_of_the_machine_that_is_private() -> None:
    """A result that is committed holds no path of the machine it was measured on."""
    home = str(Path(__file__).parents[3])
    for name, result in load().items():
        assert home not in json.dumps(result), name
        assert "/tmp/" not in json.dumps(result), name


def test_every_result_is_of_a_benchmark() -> None:
    """A result whose benchmark is gone would stand in the tables for ever."""
    assert set(load()) <= {each.name for each in benchmarks()}


def test_a_figure_is_said_to_the_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a benchmark says arrives: figures with interval and bar, and why one was not run."""
    path = tmp_path / "figures.jsonl"
    monkeypatch.setenv(VARIABLE, str(path))
    figure("p50", 3.0, unit="ms", bar=at_most(5), speed=True)
    figure("nothing", float("nan"))
    proportion("right", 8, 10)
    proportion("of none", 0, 0)
    not_run("no server")
    found = told(json.loads(line) for line in path.read_text().splitlines())
    assert [f["what"] for f in found["figures"]] == ["p50", "right"]
    assert found["figures"][0]["bar"] == ["at most", 5]
    low, high = found["figures"][1]["interval"]
    assert low < 0.8 < high
    assert found["not_run"] == "no server"


def test_a_busy_machine_keeps_the_older_speed() -> None:
    """Where others used the machine, speed stays as it was with its date; quality is new."""
    before = {"at": "2026-11-01", "figures": [said("p50", 5, speed=True, at="2026-11-01")]}
    now = {"at": NOW, "figures": [said("p50", 9, speed=True), said("right", 0.8)]}
    busy = merged(now, before, busy=True)["figures"]
    assert [(f["value"], f["at"]) for f in busy] == [(5, "2026-11-01"), (0.8, "2026-11-23")]
    quiet = merged(now, before, busy=False)["figures"]
    assert quiet[0]["value"] == 9
    assert merged(now, None, busy=True)["figures"][0]["busy"] is True


def test_what_cannot_run_keeps_its_older_figures() -> None:
    """The table says why it was not run, and the older figure with its date stays."""
    before = {"at": "2026-11-01", "figures": [said("p50", 5, at="2026-11-01")]}
    kept = merged({"at": NOW, "not_run": "no Weaviate"}, before, busy=False)
    table = figures_table({"weaviate": kept})
    assert "| `weaviate` | p50 | 5 ms |  |  | 2026-11-01 |" in table
    assert "`weaviate` was not run on 2026-11-23: no Weaviate" in table


def test_a_missed_bar_is_told() -> None:
    """A figure beside its bar says so where it misses it."""
    figures = [
        said("a", 18.2, bar=["at most", 15], at="2026-11-01"),
        said("b", 14, bar=["at most", 15], at="2026-11-01"),
    ]
    table = figures_table({"turn": {"figures": figures}})
    assert "| 18.2 ms |  | at most 15 ms, missed |" in table
    assert "| 14 ms |  | at most 15 ms |" in table


def test_modes_that_do_the_same_are_one_line() -> None:
    """Without a model rag and hybrid reach the same; the table says it once."""
    keys = ("accuracy", "abstain_precision", "abstain_recall", "citation_precision",
            "retrieval_recall_at_5", "hallucination_rate")  # fmt: skip
    card = dict.fromkeys(keys, 0.5) | {f"{key}_ci95": [0.4, 0.6] for key in keys}
    about = {"cases": 10, "answerable": 8, "matched": True, "told": "says it"}
    result = {"at": NOW, "about": about, "card": {"modes": {"rag": card, "hybrid": card}}}
    table = suites_table({"suite_squad2": result})
    assert "| squad2 | rag, hybrid | 10, 2 unanswerable | .500 (.400 to .600) | – |" in table
    result["about"]["matched"] = False
    assert "| 10, 2 unanswerable | – |" in suites_table({"suite_squad2": result})
    assert "rightly refused, 10 questions | .500" in readme_table({"suite_squad2": result})


def test_numbers_are_written_as_the_docs_write_them() -> None:
    """Shares without the leading nought, thousands with a comma."""
    assert [share(v) for v in (0, 0.8712, 1.0, 0.9999)] == [".000", ".871", "1.0", "1.0"]
    assert [number(*v) for v in ((3209, ""), (18.2, "ms"), (0.12, "ms"), (0.9, "share"))] == [
        "3,209", "18.2 ms", "0.120 ms", ".900"
    ]  # fmt: skip


def test_a_page_without_markers_is_refused() -> None:
    """A table has its place, or the runner says that it has none."""
    with pytest.raises(ValueError, match="markers of figures"):
        filled("# A page\n", "figures", "| |")


def test_a_benchmark_that_fails_is_told(tmp_path: Path) -> None:
    """A benchmark that ends badly says its last line, and what it started ends with it."""
    broken = Benchmark("broken", "benchmarks.no_such_module", Plan())
    result, _, printed = measured(broken, quick=False)
    assert "No module named benchmarks.no_such_module" in result["not_run"]
    assert printed
    slow = Benchmark(
        "slow", "timeit", Plan(("-n", "1", "-r", "1", "import time; time.sleep(60)"), minutes=0.02)
    )
    result, _, _ = measured(slow, quick=False)
    assert "did not end within" in result["not_run"]
    assert sys.executable not in json.dumps(result)
    assert not list(tmp_path.iterdir())
