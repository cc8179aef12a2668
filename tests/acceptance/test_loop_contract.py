"""From thumbs to training data, as somebody meets it who has read the contract alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.command import Cli
from tests.platforms.rated_bot import OWN_WORDS, rate_all, sample_in
from tests.platforms.served_bot import Api, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

RATED = {
    "turn", "platform", "author", "rating", "reason", "correction", "question", "answer",
    "created_at",
}  # fmt: skip
BUILT = {"dataset", "format", "examples", "train", "validation", "dropped", "files"}


@dataclass(frozen=True, slots=True)
class World:
    """A bot that runs, and what was said of its answers."""

    cli: Cli
    api: Api
    rated: dict[str, dict[str, Any]]

    def listed(self, turn: str) -> list[dict[str, Any]]:
        """The ratings of a turn."""
        return [e for e in self.cli.json("feedback", "list") if e["turn"] == turn]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("bot")
    cli = sample_in(folder)
    with serving(folder, {}) as api:
        yield World(cli, api, rate_all(api, folder))


@pytest.fixture
def copy(world: World, tmp_path: Path) -> Cli:
    """The same bot for a test that changes it."""
    shutil.copytree(world.cli.folder, tmp_path / "bot")
    return Cli(tmp_path / "bot")


@dataclass(frozen=True, slots=True)
class Built:
    """A data set as the command told it, with the lines of both its files."""

    told: dict[str, Any]
    lines: list[dict[str, Any]]


@pytest.fixture(scope="module")
def sets(world: World) -> dict[str, Built]:
    """A data set of each format."""
    return {wanted: built(world.cli, wanted) for wanted in ("sft", "dpo", "kto")}


def lines_of(path: str | Path) -> list[dict[str, Any]]:
    """A file of JSON Lines."""
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def built(cli: Cli, wanted: str) -> Built:
    """A data set of a format."""
    out = cli.folder / f"{wanted}.jsonl"
    told = cli.json("dataset", "build", "--format", wanted, "--out", str(out), timeout=120)
    train, validation = told["files"]
    assert Path(train) == out and Path(validation).parent == out.parent
    lines = [lines_of(train), lines_of(validation)]
    assert [len(each) for each in lines] == [told["train"], told["validation"]]
    assert told["train"] + told["validation"] == told["examples"] >= 10
    assert set(told) == BUILT and told["format"] == wanted
    return Built(told, [*lines[0], *lines[1]])


# -- thumbs -----------------------------------------------------------------------------------


def test_every_rating_is_listed_as_promised(world: World) -> None:
    """Exactly the nine keys, one entry a turn, with the words that were sent."""
    listed = world.cli.json("feedback", "list")
    assert all(set(entry) == RATED for entry in listed)
    by_turn = {entry["turn"]: entry for entry in listed}
    assert len(by_turn) == len(listed) and set(by_turn) >= set(world.rated)
    for turn, sent in world.rated.items():
        entry = by_turn[turn]
        assert sent["question"] in entry["question"]
        assert (entry["rating"], entry["answer"]) == (sent["rating"], sent["answer"])
        assert (entry["reason"] or "") == sent.get("reason", "")
        assert (entry["correction"] or "") == sent.get("correction", "")


def test_the_last_word_counts(world: World) -> None:
    """Down with a reason and a correction, then up: one entry, without the reason."""
    turn = world.api.ask("How long is the warranty of the MG-200?")["turn"]
    assert world.api.rate(turn, "down", reason="dry", correction="24 months. [1]") == 200
    [entry] = world.listed(turn)
    assert (entry["rating"], entry["reason"]) == ("down", "dry")
    assert world.api.rate(turn, "up") == 200
    [entry] = world.listed(turn)
    assert entry["rating"] == "up"
    assert not entry["reason"]


@pytest.mark.parametrize(
    "body",
    [
        {"turn": "t404", "rating": "up"},
        {"rating": "up"},
        {"turn": "t404", "rating": "meh"},
        {"turn": 7, "rating": "up"},
        {"turn": "t404", "rating": "up", "correction": "x" * 200_000},
        ["up"],
        None,
    ],
    ids=str,
)
def test_a_bad_rating_is_refused_as_json(world: World, body: object) -> None:
    """An unknown turn, a missing or wrong field, no object: 4xx with an error, never 500."""
    response = world.api.post("/api/feedback", body)
    assert 400 <= response.status_code < 500
    assert response.json()["error"]


def test_ratings_need_the_token(world: World) -> None:
    """401 without it and with another one."""
    turn = next(iter(world.rated))
    for token in ("", "another"):
        assert Api(world.api.address, token).rate(turn, "up") == 401


# -- review -----------------------------------------------------------------------------------


def test_verdicts_are_given_and_audited(copy: Cli, world: World) -> None:
    """Several turns at once, each in the operators' trail; what was rejected is not taught."""
    liked = [turn for turn, sent in world.rated.items() if sent["rating"] == "up"][:2]
    bad, worse = [turn for turn, sent in world.rated.items() if sent.get("correction")][:2]
    done = copy("feedback", "review", "--approve", *liked, "--reject", bad, worse)
    assert done.returncode == 0, done.stderr
    audited = json.dumps(copy.json("audit", "list", "--kind", "operator"))
    assert all(turn in audited for turn in (*liked, bad, worse))
    built(copy, "sft")
    taught = set(copy.json("dataset", "show")["turns"])
    assert not taught & {bad, worse}
    assert copy.json("audit", "verify")["ok"]


def test_an_unknown_turn_is_wrong_usage(copy: Cli) -> None:
    """Exit code 2 with one sentence."""
    for option in ("--approve", "--reject"):
        done = copy("feedback", "review", option, "t404")
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.strip().splitlines()) == 1
        assert "t404" in done.stderr


# -- data sets --------------------------------------------------------------------------------


def test_sft_lines_are_openai_chat(sets: dict[str, Built], world: World) -> None:
    """Messages with role and content that end with the assistant's; an operator's correction is
    taught in the place of the answer."""
    answers = []
    for line in sets["sft"].lines:
        assert set(line) == {"messages"}
        assert all(set(m) == {"role", "content"} and m["content"] for m in line["messages"])
        roles = [m["role"] for m in line["messages"]]
        assert roles[-2:] == ["user", "assistant"] and set(roles[:-2]) <= {"system"}
        answers.append(line["messages"][-1]["content"])
    corrections = [c for sent in world.rated.values() if (c := sent.get("correction"))]
    firsts = [" ".join(text.split()[:3]) for text in corrections]
    assert sum(any(a.startswith(first) for a in answers) for first in firsts) >= 5


def test_dpo_lines_are_openai_preferences(sets: dict[str, Built]) -> None:
    """An input, one answer that is preferred and one that is not, and they differ."""
    for line in sets["dpo"].lines:
        assert set(line) == {"input", "preferred_output", "non_preferred_output"}
        assert line["input"]["messages"][-1]["role"] == "user"
        [good], [bad] = line["preferred_output"], line["non_preferred_output"]
        assert {good["role"], bad["role"]} == {"assistant"}
        assert good["content"] and bad["content"] and good["content"] != bad["content"]


def test_kto_lines_are_trls(sets: dict[str, Built]) -> None:
    """Prompt, completion, and a label that is a boolean, of both kinds."""
    lines = sets["kto"].lines
    assert all(set(line) == {"prompt", "completion", "label"} for line in lines)
    assert {line["label"] for line in lines} == {True, False}
    assert all(line["prompt"] and line["completion"] for line in lines)


@pytest.mark.parametrize("wanted", ["sft", "dpo", "kto"])
def test_no_line_holds_an_askers_words_or_personal_data(
    sets: dict[str, Built], wanted: str
) -> None:
    """Neither the words that only the asker uses, nor address or number."""
    text = json.dumps(sets[wanted].lines, ensure_ascii=False).lower()
    assert not [word for word in (*OWN_WORDS, "1234567") if word in text]


def test_personal_data_in_a_correction_is_not_taught(copy: Cli) -> None:
    """A correction's address, number and card are gone from the files."""
    with serving(copy.folder, {}) as api:
        turn = api.ask("What does error E-301 mean?")["turn"]
        better = (
            "Error E-301 means that the controller has not heard a sensor for 3 hours. [1] "
            "Write to jane.doe@private.example, call +44 20 7946 0958, or pay with "
            "4111 1111 1111 1111."
        )
        assert api.rate(turn, "down", correction=better) == 200
    text = json.dumps(built(copy, "sft").lines, ensure_ascii=False)
    assert not [v for v in ("jane.doe", "7946 0958", "4111 1111") if v in text]


def test_with_opt_in_nobody_is_taught_who_did_not_say_yes(copy: Cli) -> None:
    """Whoever asks through the API said nothing: there is nothing to train on, and it says why."""
    settings = copy.folder / "wellspoken.toml"
    settings.write_text(settings.read_text() + '\n[training]\nconsent = "opt-in"\n')
    done = copy("dataset", "build", "--format", "sft", "--json", timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no consent" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_lineage_is_the_rated_turns(sets: dict[str, Built], world: World) -> None:
    """``dataset show`` adds the turns that a set came of; the same turns give the same bytes."""
    first = sets["kto"].told
    before = [Path(file).read_bytes() for file in first["files"]]
    shown = world.cli.json("dataset", "show", first["dataset"])
    assert {key: shown[key] for key in BUILT} == first
    assert set(shown["turns"]) <= {e["turn"] for e in world.cli.json("feedback", "list")}
    assert len(shown["turns"]) >= 10
    built(replace(world.cli, more={**world.cli.more, "PYTHONHASHSEED": "1"}), "kto")
    assert [Path(file).read_bytes() for file in first["files"]] == before


def test_wrong_usage_of_data_sets_exits_with_two(copy: Cli) -> None:
    """A format that does not exist, a set that does not exist: one sentence."""
    for arguments in (("build", "--format", "rlhf"), ("show", "dataset404"), ("build", "--nope")):
        done = copy("dataset", *arguments, "--json")
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


# -- the voice by itself ----------------------------------------------------------------------


def test_the_style_of_lines_is_scored_in_order(world: World) -> None:
    """A score from 0 to 1 and findings that quote the text; a bad line fails alone, exit code 1."""
    texts = ["Start with the hose.", "Unfortunately we leverage SEAMLESS synergies!!! 😀😀"]
    rows = [json.dumps({"id": n, "text": text}) for n, text in enumerate(texts)]
    file = world.cli.folder / "style.jsonl"
    file.write_text("\n".join([*rows, "no json", json.dumps({"id": "x"})]))
    done = world.cli("style", "--jsonl", str(file))
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [line.get("id") for line in told[:2]] == [0, 1]
    assert all("error" in line for line in told[2:]) and len(told) == 4
    for line, text in zip(told[:2], texts, strict=True):
        assert set(line) == {"id", "score", "findings"}
        assert 0 <= line["score"] <= 1
        for found in line["findings"]:
            assert set(found) == {"rule", "start", "end", "text"}
            assert text[found["start"] : found["end"]] == found["text"]
    assert told[0]["score"] > told[1]["score"] and told[1]["findings"]


def test_a_persona_is_checked(world: World, tmp_path: Path) -> None:
    """0 for a good one; 1 or 2 with a sentence for a broken or missing one."""
    assert world.cli("persona", "check").returncode == 0
    (tmp_path / "wellspoken.toml").write_text('[bot]\npersona = "persona.yaml"\n')
    cli = Cli(tmp_path)
    missing = cli("persona", "check")
    assert missing.returncode == 2 and "persona.yaml" in missing.stderr
    (tmp_path / "persona.yaml").write_text("voice: [unclosed\n")
    broken = cli("persona", "check")
    assert broken.returncode in (1, 2)
    assert "Traceback" not in broken.stderr + broken.stdout
