"""The sample as a bot whose answers were rated through the API, by somebody with own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.platforms.command import Cli
from tests.platforms.served_bot import Api

OWN_WORDS = ("quillabee", "vandersnoot", "zorbton", "vorpalorchard")
"""What only the asker says."""

_BEFORE = (
    "Quillabee Vandersnoot here. ",
    "Greetings from Zorbton! ",
    "My vorpalorchard is dry. ",
    "Call me on +49 170 1234567 or mail quillabee@zorbton.example. ",
)


def sample_in(folder: Path) -> Cli:
    """A bot with the sample's documents, ratings and suite, in its own folder."""
    folder.mkdir(parents=True, exist_ok=True)
    cli = Cli(folder)
    assert cli("init", "--sample", ".").returncode == 0
    assert cli("ingest", "docs").returncode == 0
    return cli


def said(folder: Path) -> list[dict[str, Any]]:
    """The sample's ratings: question, rating, reason, correction."""
    return [json.loads(line) for line in (folder / "ratings.jsonl").read_text().splitlines()]


def rate_all(api: Api, folder: Path, most: int = 100) -> dict[str, dict[str, Any]]:
    """Ask and rate; what was sent and answered, by turn."""
    done = {}
    for number, line in enumerate(said(folder)[:most]):
        answer = api.ask(_BEFORE[number % len(_BEFORE)] + line["question"])
        words = {key: line[key] for key in ("reason", "correction") if key in line}
        assert api.rate(answer["turn"], line["rating"], **words) == 200
        done[answer["turn"]] = {**line, "answer": answer["answer"], "outcome": answer["outcome"]}
    return done
