"""A pytest plugin under which nothing may be skipped: ``pytest -p tests.plugins.complete``.

On a machine that is meant to have every server, a skipped test is a missing server, and a run
that says green without it says too much. Only what trains a model may be left out, where
`.ci/train` has said that torch cannot be had.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.platforms.training import WITHOUT


def _missed(report: Any) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        if WITHOUT in str(reason):
            return
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in this run: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[Any]:
    """A skipped test fails."""
    report = yield
    _missed(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[Any]:
    """A skipped module fails."""
    report = yield
    _missed(report)
    return report
