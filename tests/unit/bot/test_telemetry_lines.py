"""How a line of the log looks, on a terminal and elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys

_SAY = """
import logging
from bot.telemetry import configure_logging, log
from bot.underway import underway
configure_logging(json={json}, level={level!r})
log.info("started", parts=2)
log.debug("detail")
with underway("turn0", "slack:T1:C1:170", "slack"):
    log.info("answered", outcome="answered")
    logging.getLogger("uvicorn.error").warning("took %s", "long")
    logging.getLogger("httpx2").info("GET https://example.com/secret-path")
    logging.getLogger("slack_sdk").error("refused xoxb-1234567890-abcdef for Bearer abcdefghijkl")
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("it failed")
log.warning("at postgresql://me:hunter2@db/x")
"""


def _said(*, as_json: bool, level: str = "info") -> list[str]:
    program = _SAY.format(json=as_json, level=level)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stderr.splitlines()


def test_elsewhere_each_line_is_an_object_with_the_ids_of_its_turn() -> None:
    """Our own events and those of libraries have one form; nothing of a turn is outside of it."""
    events = [json.loads(line) for line in _said(as_json=True)]
    assert [e["event"] for e in events] == [
        "started",
        "answered",
        "took long",
        "refused … for Bearer …",
        "it failed",
        "at postgresql://…@db/x",
    ]
    inside = events[1:5]
    assert {e["turn"] for e in inside} == {"turn0"}
    (thread,) = {e["thread"] for e in inside}
    assert thread.startswith("#")
    assert "C1" not in thread
    assert "turn" not in events[0]
    assert "turn" not in events[5]
    assert events[2]["logger"] == "uvicorn.error"
    assert all({"level", "timestamp"} <= e.keys() for e in events)
    assert "ValueError: broken" in events[4]["exception"]


def test_on_a_terminal_a_line_is_for_people() -> None:
    """The same events, readable, with the same ids and without tokens."""
    text = "\n".join(_said(as_json=False))
    assert "answered" in text
    assert "turn0" in text
    assert "took long" in text
    assert "ValueError: broken" in text
    assert "{" not in text.partition("Traceback")[0]
    assert "hunter2" not in text
    assert "xoxb" not in text


def test_the_level_says_what_is_logged_at_the_least() -> None:
    """From debug everything of ours, from warning no more than warnings."""
    debug = [json.loads(line)["event"] for line in _said(as_json=True, level="debug")]
    assert "detail" in debug
    assert not any("example.com" in event for event in debug)
    quiet = [json.loads(line)["level"] for line in _said(as_json=True, level="warning")]
    assert set(quiet) == {"warning", "error"}
