"""A persona file looked through: what the file says, and whether its samples fit its rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from persona.nodes import Section, compose
from persona.profile import (
    Finding,
    Persona,
    Sample,
    Severity,
    check_persona,
    load_persona,
    read_persona,
)
from persona.style import StyleScorer
from persona.style_features import TOKEN
from persona.style_model import LEAST, Example, left_out_margins


def check_voice(path: Path) -> list[Finding]:
    """Everything that is wrong with a persona file, by line, and what of its samples is unwise.

    A sample's own ``on_voice`` that breaks the rules, and an ``off_voice`` that neither the rules
    nor the other samples tell from its ``on_voice``. Raises MissingFileError.
    """
    findings = check_persona(path)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return findings
    return _checked(load_persona(path), path.read_text("utf-8-sig"), findings)


def check_text(text: str) -> tuple[Persona | None, list[Finding]]:
    """The same of a text that is in no file: its persona, ``None`` where it has errors, and what is
    wrong or unwise, by line."""
    persona, findings = read_persona(text)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None, findings
    return persona, _checked(persona, text, findings)


def _checked(persona: Persona, text: str, findings: list[Finding]) -> list[Finding]:
    """The findings with those of the samples."""
    lines = _lines(text)
    if len(lines) != len(persona.samples):
        return findings
    scorer = StyleScorer(persona)
    undecided = []
    for number, (sample, (on, _)) in enumerate(zip(persona.samples, lines, strict=True)):
        score = scorer.score(sample.on_voice)
        for slip in score.findings:
            words = " ".join(slip.text.split())
            said = words if len(words) <= 60 else words[:60] + " …"
            problem = f'samples[{number + 1}].on_voice breaks the rules ({slip.rule}): "{said}"'
            findings.append(Finding(on, problem, Severity.WARNING))
        if sample.off_voice and scorer.score(sample.off_voice).score >= score.score:
            undecided.append(number)
    for number in _not_told_apart(persona, undecided):
        problem = (
            f"samples[{number + 1}].off_voice fits the voice as well as on_voice: neither the "
            "rules nor the other samples tell them apart; make it clearer or leave it out"
        )
        findings.append(Finding(lines[number][1], problem, Severity.WARNING))
    return sorted(findings, key=lambda finding: finding.line)


def samples_missing(persona: Persona) -> int:
    """How many samples with an ``off_voice`` are missing for the style classifier to be learned
    from the persona alone."""
    return max(0, LEAST - sum(bool(sample.off_voice) for sample in persona.samples))


def _lines(text: str) -> list[tuple[int, int]]:
    """Where the samples of a text say ``on_voice`` and ``off_voice``."""
    node = compose(text, [])
    if node is None:
        return []
    entries = Section(node, []).sections("samples")
    return [(entry.line("on_voice"), entry.line("off_voice")) for entry in entries]


def _not_told_apart(persona: Persona, undecided: Sequence[int]) -> list[int]:
    """Of the samples that the rules do not put in order those that a classifier of the other
    samples does not either. With too few others, texts that differ at all count as told apart."""
    same = [number for number in undecided if _same(persona.samples[number])]
    texts = sum(bool(sample.off_voice) for sample in persona.samples)
    if len(same) == len(undecided) or texts <= LEAST:
        return same
    examples = _examples(persona)
    margins = left_out_margins([example for _, example in examples])
    of = {
        (number, example.on_voice): margin
        for (number, example), margin in zip(examples, margins, strict=True)
    }
    return [n for n in undecided if n in same or of[n, False] >= of[n, True]]


def _examples(persona: Persona) -> list[tuple[int, Example]]:
    """The texts of all samples, each with its number; those of a sample are a group."""
    found = []
    for number, sample in enumerate(persona.samples):
        for text, on_voice in ((sample.on_voice, True), (sample.off_voice, False)):
            if text:
                found.append((number, Example(text, on_voice, group=str(number))))
    return found


def _same(sample: Sample) -> bool:
    """Whether both sides of a sample say the same."""
    return _plain(sample.off_voice) == _plain(sample.on_voice)


def _plain(text: str) -> list[str]:
    return TOKEN.findall(text.casefold())
