"""A persona file looked through: what the file says, and whether its samples fit its rules."""

from __future__ import annotations

from pathlib import Path

from persona.nodes import Section, compose
from persona.profile import (
    Finding,
    Persona,
    Severity,
    check_persona,
    load_persona,
    read_persona,
)
from persona.style import StyleScorer
from persona.style_features import TOKEN, features
from persona.style_model import LEAST, Example, StyleModel, train


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
    for number, (sample, (on, off)) in enumerate(zip(persona.samples, lines, strict=True), start=1):
        for slip in scorer.score(sample.on_voice).findings:
            words = " ".join(slip.text.split())
            said = words if len(words) <= 60 else words[:60] + " …"
            problem = f'samples[{number}].on_voice breaks the rules ({slip.rule}): "{said}"'
            findings.append(Finding(on, problem, Severity.WARNING))
        if sample.off_voice and not _told_apart(persona, number - 1, scorer):
            problem = (
                f"samples[{number}].off_voice fits the voice as well as on_voice: neither the "
                "rules nor the other samples tell them apart; make it clearer or leave it out"
            )
            findings.append(Finding(off, problem, Severity.WARNING))
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


def _told_apart(persona: Persona, number: int, scorer: StyleScorer) -> bool:
    """Whether rules or a classifier of the other samples put one sample's texts in order.

    With too few others, texts that differ at all count as told apart.
    """
    sample = persona.samples[number]
    if scorer.score(sample.off_voice).score < scorer.score(sample.on_voice).score:
        return True
    if _plain(sample.off_voice) == _plain(sample.on_voice):
        return False
    others = persona.samples[:number] + persona.samples[number + 1 :]
    against = [Example(other.off_voice, False) for other in others if other.off_voice]
    if len(against) < LEAST:
        return True
    model = train([*(Example(other.on_voice, True) for other in others), *against])
    return _margin(model, sample.off_voice) < _margin(model, sample.on_voice)


def _margin(model: StyleModel, text: str) -> float:
    return model.margin(features(text))


def _plain(text: str) -> list[str]:
    return TOKEN.findall(text.casefold())
