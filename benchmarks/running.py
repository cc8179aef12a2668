"""One benchmark in a process of its own, with a limit, and what is known of the machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from benchmarks.catalogue import Benchmark
from benchmarks.keeping import Result, told
from benchmarks.open_sets import ROOT
from benchmarks.reporting import VARIABLE

_PRODUCT = ("bot", "knowledge", "persona", "adapters")
_RUNNER = ("__main__", "catalogue", "keeping", "publishing", "running")
_OTHERS = 0.15
"""The share of the machine that others may use before figures of speed are not believed."""


def code(module: str) -> str:
    """Names the code that a benchmark measures and is: the product, its module, what they share."""
    own = ROOT / Path(*module.split("."))
    files = [own.with_suffix(".py")] if own.with_suffix(".py").is_file() else own.rglob("*.py")
    return hashlib.sha256((_shared() + _digest(sorted(files))).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _shared() -> str:
    product = (path for part in _PRODUCT for path in sorted((ROOT / part).rglob("*.py")))
    beside = sorted((ROOT / "benchmarks").glob("*.py"))
    return _digest(
        [
            *product,
            *(p for p in beside if not p.stem.startswith("bench_") and p.stem not in _RUNNER),
        ]
    )


def _digest(files: Sequence[Path]) -> str:
    found = hashlib.sha256()
    for path in files:
        found.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return found.hexdigest()


def machine() -> dict[str, str]:
    """What a figure of speed depends on; no name of the machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": f"{os.cpu_count()} cores, {platform.machine()}",
        "memory": f"{pages / 2**30:.0f} GiB",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "wellspoken": version("wellspoken"),
    }


def measured(benchmark: Benchmark, *, quick: bool) -> tuple[Result, float, str]:
    """Run one; what it said, the share of the machine that others used, and what it printed."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.jsonl"
        begun, used, busy = time.perf_counter(), _children(), machine_cpu()
        printed, why = _process(benchmark, path, quick=quick)
        wall = time.perf_counter() - begun
        others = (machine_cpu() - busy - (_children() - used)) / (wall * (os.cpu_count() or 1))
        said = path.read_text("utf-8").splitlines() if path.exists() else []
    result = told(json.loads(line) for line in said)
    if why:
        result["not_run"] = why
    about = {"at": at, "seconds": round(wall, 1), "machine": machine()}
    return {**about, "code": code(benchmark.module), **result}, max(0.0, others), printed


def spoilt(others: float) -> bool:
    """Whether figures of speed say more about what else ran."""
    return others > _OTHERS


def _process(benchmark: Benchmark, path: Path, *, quick: bool) -> tuple[str, str]:
    """What it printed, and why there is no result; what it started ends with it."""
    begun = subprocess.Popen(
        [sys.executable, "-m", benchmark.module, *benchmark.arguments(quick=quick)],
        cwd=ROOT,
        env={**os.environ, VARIABLE: str(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    limit = benchmark.plan.minutes
    try:
        printed, _ = begun.communicate(timeout=limit * 60)
    except subprocess.TimeoutExpired:
        return _stopped(begun), f"it did not end within {limit:.0f} minutes"
    except KeyboardInterrupt:
        _stopped(begun)
        raise
    last = next((line for line in reversed(printed.splitlines()) if line.strip()), "")
    return printed, f"it failed: {last.strip()[:200]}" if begun.returncode else ""


def _stopped(begun: subprocess.Popen[str]) -> str:
    with suppress(ProcessLookupError):
        os.killpg(begun.pid, signal.SIGKILL)
    return begun.communicate()[0]


def _children() -> float:
    """Seconds of CPU of everything that was started and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def machine_cpu() -> float:
    """Seconds of CPU of everything on this machine; 0 where that cannot be told."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _idle, _wait, *rest = map(int, stat.read_text().split("\n")[0].split()[1:8])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")
