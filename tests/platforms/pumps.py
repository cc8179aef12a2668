"""A little knowledge about pumps, and questions about it."""

from __future__ import annotations

from pathlib import Path

from tests.platforms.command import environment, run_command

PUMPS = ("Alpha", "Bravo", "Delta", "Kilo", "Lima", "Oscar", "Tango", "Zulu")
HOURS = dict(zip(PUMPS, range(11, 20), strict=False))
"""How long each pump runs: what the documents say, and what an answer has to say."""


def write_knowledge(home: Path, **settings: str) -> None:
    """One document about each pump, read in."""
    docs = home / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    for name, hours in HOURS.items():
        text = f"# The {name} pump\n\nThe {name} pump runs for {hours} hours on one battery.\n"
        (docs / f"{name.lower()}.md").write_text(text)
    env = environment(home, WELLSPOKEN_HOME=str(home), **settings)
    run_command("ingest", str(docs), cwd=home, env=env, timeout=60).check_returncode()


def question(pump: str) -> str:
    """A mention that asks about a pump."""
    return f"@wellspoken How long does the {pump} pump run?"
