"""A persona file looked through: samples that break the rules or teach nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from persona import style_model
from persona.checking import check_voice, samples_missing
from persona.profile import Severity, load_persona, persona_yaml_template
from persona.style_features import features
from tests.unit.persona.style_examples import PAIRS


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "persona.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_sample_that_breaks_the_rules_is_named_by_line(tmp_path: Path) -> None:
    """The persona's own sample may not say what it forbids."""
    path = written(
        tmp_path,
        "name: Fern\nwords_to_avoid: [seamless]\nsamples:\n"
        "  - question: Hi\n    on_voice: A seamless day to you.\n",
    )
    (finding,) = check_voice(path)
    assert (finding.line, finding.severity) == (5, Severity.WARNING)
    assert 'avoided-word): "seamless"' in finding.problem


def test_two_sides_that_say_the_same_are_named(tmp_path: Path) -> None:
    """An off_voice that is the on_voice again teaches nothing."""
    path = written(
        tmp_path,
        "name: Fern\nsamples:\n  - question: Hi\n    on_voice: Hello there.\n"
        "    off_voice: hello there\n",
    )
    (finding,) = check_voice(path)
    assert finding.line == 5
    assert "samples[1].off_voice" in finding.problem


def test_sides_that_are_swapped_are_found_by_the_other_samples(tmp_path: Path) -> None:
    """Among samples that agree, the one with its sides swapped is named, and no other."""
    samples = [
        {"question": f"Q{i}", "on_voice": on, "off_voice": off}
        for i, (on, off) in enumerate(PAIRS[:16])
    ]
    samples[3]["on_voice"], samples[3]["off_voice"] = PAIRS[3][1], PAIRS[3][0]
    path = written(tmp_path, yaml.safe_dump({"name": "Fern", "samples": samples}, width=1000))
    assert [f.problem.split(" ")[0] for f in check_voice(path)] == ["samples[4].off_voice"]


def test_telling_samples_apart_reads_each_text_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest file costs as many readings as it has texts, not as many again for each sample;
    and what it finds is what a classifier of the other samples says."""
    pairs = PAIRS[:50]
    samples = [
        {"question": f"Q{i}", "on_voice": on, "off_voice": off} if i % 3 else
        {"question": f"Q{i}", "on_voice": off, "off_voice": on}
        for i, (on, off) in enumerate(pairs)
    ]  # fmt: skip
    path = written(tmp_path, yaml.safe_dump({"name": "Fern", "samples": samples}, width=1000))
    read: list[str] = []
    monkeypatch.setattr(style_model, "features", lambda t: read.append(t) or features(t))
    named = {f.problem.split(".")[0] for f in check_voice(path) if "off_voice fits" in f.problem}
    assert len(read) == 100
    swapped = {f"samples[{i + 1}]" for i in range(50) if i % 3 == 0}
    assert len(named & swapped) > len(named - swapped)


def test_errors_come_first(tmp_path: Path) -> None:
    """A file that cannot be used is not judged for its style."""
    path = written(tmp_path, "samples:\n  - question: Hi\n    on_voice: SEAMLESS WONDERS\n")
    assert all(finding.severity is Severity.ERROR for finding in check_voice(path))


def test_the_template_is_fine_and_says_how_many_samples_are_missing(tmp_path: Path) -> None:
    """What init writes has no finding."""
    path = written(tmp_path, persona_yaml_template("Fern"))
    assert check_voice(path) == []
    assert samples_missing(load_persona(path)) == 4
