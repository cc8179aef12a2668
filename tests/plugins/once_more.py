"""A test that fails in CI is asked once more, and that is told.

Most tests drive real processes, threads and servers: a machine that stands still for seconds makes
one in some thousands fail, and one run has to be green on all of them. A test that hung is never
asked twice. What passed only the second time stands at the end of the run with the failure of its
first.
"""

from __future__ import annotations

import pytest

_ONCE_MORE = "flaky"  # as pytest-rerunfailures calls it


def _hung(error: BaseException | None) -> bool:
    return isinstance(error, pytest.fail.Exception) and "pytest-timeout" in str(error)


def pytest_configure(config: pytest.Config) -> None:
    """Failures of first times are shown with their tracebacks."""
    config.option.rerun_show_tracebacks = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One more time, two seconds later."""
    mark = getattr(pytest.mark, _ONCE_MORE)(
        reruns=1, reruns_delay=2, condition=lambda error: not _hung(error)
    )
    for item in items:
        item.add_marker(mark)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what did not pass at once."""
    names = sorted({report.nodeid for report in terminalreporter.stats.get("rerun", [])})
    if not names:
        return
    terminalreporter.write_sep("!", f"{len(names)} asked once more", yellow=True, bold=True)
    terminalreporter.write_line("Each is a race or a fault that is to be found and mended:")
    for name in names:
        terminalreporter.write_line(f"  {name}", yellow=True)
