"""The demo as a bot of one's own, and ratings from a file."""

from __future__ import annotations

import json
from pathlib import Path

from tests.platforms.command import Cli


def sample_bot(folder: Path) -> Cli:
    """The sample, written out and read in."""
    cli = Cli(folder)
    cli("init", "--sample", ".")
    cli("ingest")
    return cli


def write(path: Path, *lines: object) -> None:
    """Lines of JSON, a text as it is."""
    said = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(said) + "\n", "utf-8")


def test_ratings_of_a_file_are_asked_and_kept(tmp_path: Path) -> None:
    """Questions are answered, better answers count as an expert's, a reader's as a reader's; the
    same file again changes nothing."""
    cli = sample_bot(tmp_path)
    better = "Open **Garden > Members**, tap **Invite** and type the email address. [1]"
    write(
        tmp_path / "said.jsonl",
        {"question": "How do I invite a member?", "rating": "down", "correction": better},
        {"question": "When is support open?", "rating": "up", "author": "mia"},
    )
    told = {"imported": 2, "up": 1, "down": 1, "corrections": 1, "failed": []}
    assert cli.json("feedback", "import", "said.jsonl") == told
    assert cli.json("feedback", "import", "said.jsonl") == told
    rated = {r["author"]: r for r in cli.json("feedback", "list")}
    assert rated["terminal:operator"]["correction"] == better
    assert rated["terminal:mia"]["rating"] == "up"
    assert len(rated) == 2
    built = cli.json("dataset", "build", "--format", "sft")
    assert built["examples"] == 2


def test_bad_lines_are_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    """Each with its number and reason; the exit code says that not all went well."""
    cli = sample_bot(tmp_path)
    write(
        tmp_path / "said.jsonl",
        "nonsense",
        {"question": "x", "rating": "maybe"},
        {"rating": "up"},
        ["a list"],
        {"question": "x", "rating": "up", "stars": 5},
        '{"question": "When is support open?", "rating": "up", "reason": "clear\u2028and short"}',
    )
    done = cli("feedback", "import", "said.jsonl", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["imported"] == 1
    assert [failed["line"] for failed in told["failed"]] == [1, 2, 3, 4, 5]
    assert "stars is not known" in told["failed"][4]["error"]
    missing = cli("feedback", "import", "none.jsonl")
    assert missing.returncode == 2
    assert missing.stderr.count("\n") == 1


def test_the_samples_ratings_make_data_sets(tmp_path: Path) -> None:
    """None of them is in the suite that a version is held to, and each format finds enough."""
    cli = sample_bot(tmp_path)
    told = cli.json("feedback", "import", "ratings.jsonl")
    assert told["failed"] == []
    assert (tmp_path / "suites" / "sample.jsonl").is_file()
    suite = (tmp_path / "suites" / "sample.jsonl").read_text("utf-8").casefold()
    questions = [r["question"] for r in cli.json("feedback", "list")]
    assert not [q for q in questions if q.casefold() in suite]
    for wanted, least in (("sft", 25), ("dpo", 10), ("kto", 40)):
        assert cli.json("dataset", "build", "--format", wanted)["examples"] >= least
