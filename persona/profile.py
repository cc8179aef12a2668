"""Who the bot is: the persona, read from ``persona.yaml`` with complaints that name their line."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path

from bot.errors import ConfigurationError, MissingFileError
from persona.nodes import Finding, Section, Severity, compose

__all__ = [
    "Finding",
    "Habits",
    "Persona",
    "Sample",
    "Severity",
    "WordChoice",
    "check_persona",
    "default_persona",
    "load_persona",
    "persona_yaml_template",
    "read_persona",
]

LARGEST_FILE = 256_000
"""Bytes of a persona file: it is a page or two, and all of it goes into a prompt."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Habits:
    """How the persona writes.

    ``contractions``: ``None`` leaves it open, ``False`` forbids them. ``exclamations`` is the
    most a whole answer may hold, ``sentence_words`` the most words of one sentence. ``openers``
    may begin the first answer of a thread, ``closers`` may end one that gives steps to follow;
    both state nothing.
    """

    contractions: bool | None = None
    emoji: str = "none"
    exclamations: int = 1
    sentence_words: int = 30
    address: str = ""
    openers: tuple[str, ...] = ()
    closers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """An exchange in the voice; ``off_voice`` shows how it would not be said."""

    question: str
    on_voice: str
    off_voice: str = ""


@dataclass(frozen=True, slots=True)
class WordChoice:
    """A preferred word and those that it stands in for."""

    preferred: str
    instead_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Persona:
    """The definition of the voice. Every phrase is one of several that mean the same."""

    name: str
    voice: str = "friendly, plain and brief"
    audience: str = ""
    about: str = ""
    do: tuple[str, ...] = ()
    dont: tuple[str, ...] = ()
    words_to_use: tuple[WordChoice, ...] = ()
    words_to_avoid: tuple[str, ...] = ()
    greeting: tuple[str, ...] = ("Hello! What can I help you with?",)
    sign_off: tuple[str, ...] = ("Goodbye, and come back any time.",)
    thanks: tuple[str, ...] = ("You're welcome.",)
    unknown: tuple[str, ...] = ("I don't know that: I can't find it in what I have read.",)
    near: str = "The closest I have: {titles}."
    offer: str = "You can ask me about {topics}, for example."
    handoff: tuple[str, ...] = ("Would you like me to ask a person?",)
    languages: tuple[str, ...] = ("en",)
    habits: Habits = field(default_factory=Habits)
    samples: tuple[Sample, ...] = ()

    @cached_property
    def version(self) -> str:
        """The first 10 hexadecimal digits of the SHA-256 of the content, comments aside."""
        content = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:10]

    @property
    def label(self) -> str:
        """Name and version, as kept on a turn: ``Juniper@1f0c…``."""
        return f"{self.name}@{self.version}"


def default_persona(name: str = "Wellspoken") -> Persona:
    """A plain persona, for a bot that has no ``persona.yaml``."""
    return Persona(name=name)


def _read_samples(top: Section) -> tuple[Sample, ...]:
    samples = []
    for entry in top.sections("samples"):
        question = entry.text("question")
        on_voice = entry.text("on_voice", longest=1500)
        off_voice = entry.text("off_voice", longest=1500)
        entry.close()
        if question and on_voice:
            samples.append(Sample(question, on_voice, off_voice))
        else:
            missing = "question" if not question else "on_voice"
            problem = f"{entry.label} must have both question and on_voice"
            entry.findings.append(Finding(entry.line(missing), problem))
    return tuple(samples)


def _read_habits(top: Section) -> Habits:
    found = top.section("habits")
    if found is None:
        return Habits()
    plain = Habits()
    habits = Habits(
        contractions=found.flag("contractions"),
        emoji=found.choice("emoji", plain.emoji, ("none", "some")),
        exclamations=found.number("exclamations", plain.exclamations, least=0, most=20),
        sentence_words=found.number("sentence_words", plain.sentence_words, least=5, most=100),
        address=found.text("address", longest=200),
        openers=found.texts("openers", longest=80, most=20),
        closers=found.texts("closers", longest=120, most=20),
    )
    found.close()
    return habits


def _read(top: Section) -> Persona:
    plain = default_persona()
    persona = Persona(
        name=top.text("name", longest=60),
        voice=top.text("voice", plain.voice, longest=1000),
        audience=top.text("audience", longest=500),
        about=top.text("about", longest=500),
        do=top.texts("do", most=30),
        dont=top.texts("dont", most=30),
        words_to_use=tuple(WordChoice(*pair) for pair in top.pairs("words_to_use")),
        words_to_avoid=top.texts("words_to_avoid", longest=80, most=500),
        greeting=top.texts("greeting", plain.greeting, most=20),
        sign_off=top.texts("sign_off", plain.sign_off, most=20),
        thanks=top.texts("thanks", plain.thanks, most=20),
        unknown=top.texts("unknown", plain.unknown, most=20),
        near=top.text("near", plain.near, longest=200),
        offer=top.text("offer", plain.offer, longest=200),
        handoff=top.texts("handoff", plain.handoff, most=20),
        languages=top.texts("languages", plain.languages, longest=20, most=50),
        habits=_read_habits(top),
        samples=_read_samples(top),
    )
    top.close()
    return persona


def _check_content(persona: Persona, top: Section) -> None:
    """What is well-formed and yet wrong, or only unwise."""

    def report(key: str, problem: str, severity: Severity = Severity.ERROR) -> None:
        top.findings.append(Finding(top.line(key), problem, severity))

    if not persona.name and not top.has("name"):
        report("name", "name is missing; add a line such as `name: Juniper`")
    if persona.near and "{titles}" not in persona.near:
        report("near", "near must hold {titles}, where the titles of near pages are put")
    if persona.offer and "{topics}" not in persona.offer:
        report("offer", "offer must hold {topics}, where the topics are put")
    for language in persona.languages:
        if not _LANGUAGE.fullmatch(language):
            report("languages", f'"{language}" is no language code such as en, de or pt-BR')
    wanted = {choice.preferred.casefold() for choice in persona.words_to_use}
    for word in persona.words_to_avoid:
        if word.casefold() in wanted:
            report("words_to_avoid", f'"{word}" is also in words_to_use', Severity.WARNING)
    for key in ("greeting", "sign_off", "thanks", "unknown", "handoff"):
        said = " ".join(getattr(persona, key))
        for word in persona.words_to_avoid:
            if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said, re.IGNORECASE):
                problem = f'{key} says "{word}", which is in words_to_avoid'
                report(key, problem, Severity.WARNING)


def _parse(path: Path) -> tuple[Persona, list[Finding]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise ConfigurationError(where=path, problem=f"cannot be read: {reason}") from error
    if len(raw) > LARGEST_FILE:
        return default_persona(), [_too_large(len(raw))]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return default_persona(), [Finding(line, "not UTF-8 text; save the file as UTF-8")]
    return read_persona(text)


def _too_large(size: int) -> Finding:
    return Finding(1, f"too large ({size} bytes); {LARGEST_FILE} are the limit")


def read_persona(text: str) -> tuple[Persona, list[Finding]]:
    """The persona of a YAML text and everything that is wrong with it, by line; a persona with
    errors is not to be used."""
    findings: list[Finding] = []
    size = len(text.encode("utf-8", "replace"))
    if size > LARGEST_FILE:
        return default_persona(), [_too_large(size)]
    node = compose(text, findings)
    if node is None:
        return default_persona(), findings
    top = Section(node, findings)
    persona = _read(top)
    _check_content(persona, top)
    findings.sort(key=lambda finding: finding.line)
    return persona, findings


def check_persona(path: Path) -> list[Finding]:
    """Everything that is wrong with a persona file, by line; empty where all is well.

    Raises :class:`MissingFileError` where there is no such file.
    """
    if not path.exists():
        raise MissingFileError(path=path)
    return _parse(path)[1]


def load_persona(path: Path | None = None) -> Persona:
    """The persona of a file; a plain one where there is no file.

    Raises :class:`ConfigurationError` that names file and line of the first error and how many
    more there are.
    """
    if path is None or not path.exists():
        return default_persona()
    persona, findings = _parse(path)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        problem = errors[0].problem
        if len(errors) > 1:
            problem += f" (and {len(errors) - 1} more: see wellspoken persona check)"
        raise ConfigurationError(where=f"{path}:{errors[0].line}", problem=problem)
    return persona


def persona_yaml_template(name: str) -> str:
    """A commented ``persona.yaml`` to start from."""
    template = resources.files("persona").joinpath("template.yaml").read_text("utf-8")
    return template.replace("__NAME__", json.dumps(name, ensure_ascii=False))
