"""How well a text keeps to the persona: rules, each finding with its exact place.

Code, links and citation markers are never judged. A trained classifier may stand beside the rules
(:mod:`persona.styling`); the rules stay, as what they say is checkable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.sentences import Unit, split
from persona.profile import Persona

Span = tuple[int, int]


class Rule(StrEnum):
    """What a finding is about."""

    AVOIDED_WORD = "avoided-word"
    PREFERRED_WORD = "preferred-word"
    EXCLAMATION = "exclamation"
    EMOJI = "emoji"
    LONG_SENTENCE = "long-sentence"
    SHOUTING = "shouting"
    CONTRACTION = "contraction"
    VOICE = "voice"  # of the trained classifier, not of a rule


# How much one finding counts in a text of up to 40 words: a judgement, not a measurement. A word
# that the persona forbids is a fault; a long sentence is a blemish.
_WEIGHTS = {
    Rule.AVOIDED_WORD: 1.0,
    Rule.SHOUTING: 1.0,
    Rule.PREFERRED_WORD: 0.7,
    Rule.EMOJI: 0.7,
    Rule.EXCLAMATION: 0.5,
    Rule.LONG_SENTENCE: 0.5,
    Rule.CONTRACTION: 0.5,
}
_STEEPNESS = 0.35  # one fault in a short text gives 0.70, two 0.50, three 0.35
_WORDS_PER_UNIT = 40
_MOST_EMOJI = 3  # where the persona allows some

_PROTECTED = re.compile(
    r"^ {0,3}(?P<fence>```+|~~~+).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?P<ticks>`+)(?:.+?)(?P=ticks)(?!`)"
    r"|https?://[^\s<>)\]]+"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|\]\([^)\s]*\)"
    r"|\[\d{1,3}\]",
    re.MULTILINE | re.DOTALL,
)
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_EMOJI_ONE = (
    "(?:[\U0001f1e6-\U0001f1ff]{2}"
    "|[\u231a\u231b\u23e9-\u23f3\u2600-\u2604\u260e\u2611\u2614\u2615\u261d\u2639\u263a\u2648-\u2653"
    "\u2665\u2692-\u2697\u26a0\u26a1\u26bd\u26c4\u26c5\u26d4\u2702\u2705\u2708-\u270d\u270f\u2728\u274c"
    "\u274e\u2753-\u2755\u2757\u2763\u2764\u2795-\u2797\u2b50\u2b55"
    "\U0001f300-\U0001f64f\U0001f680-\U0001f6ff\U0001f900-\U0001f9ff\U0001fa70-\U0001faff]"
    "[\ufe0f\U0001f3fb-\U0001f3ff]*)"
)
_EMOJI = re.compile(f"{_EMOJI_ONE}(?:\u200d{_EMOJI_ONE})*")
_CAPITALS = re.compile(r"(?<![\w-])[A-Z]{2,}(?:['’][A-Z]+)?(?![\w-])")
_ACRONYMS = frozenset("ASCII POSIX OAUTH IEEE JPEG MPEG UTF NASA UNESCO UNICEF ISO".split())
_CONTRACTION = re.compile(
    r"(?<!\w)(?:\w+n['’]t|\w+['’](?:ll|re|ve|d|m)"
    r"|(?:it|that|what|let|here|there|he|she|who|where|how)['’]s)(?!\w)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“]([^\"“”]{2,80})[\"”]")


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where a text leaves the voice: ``source[start:end] == text``.

    ``reason`` is set where the classifier found it and can say what it is about.
    """

    rule: str
    start: int
    end: int
    text: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StyleScore:
    """``score`` from 0 to 1, 1 without any finding; findings in reading order."""

    score: float
    findings: tuple[Finding, ...]


def protected_spans(text: str) -> list[Span]:
    """Where nothing may be judged or changed: code, links, addresses and citation markers."""
    return [m.span() for m in _PROTECTED.finditer(text)]


def masked(text: str) -> str:
    """The text with code, links, addresses and markers blanked out; offsets stay."""
    return _PROTECTED.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def word_pattern(phrases: Sequence[str], *, inflected: bool = True) -> re.Pattern[str] | None:
    """A pattern for any of the phrases, whole words, in any case; ``None`` for no phrases.

    ``inflected`` also finds the regular endings of single words: ``utilizes``, ``utilizing``.
    """
    options = []
    for phrase in sorted(set(phrases), key=len, reverse=True):
        parts = [re.escape(part) for part in phrase.replace("’", "'").split()]
        body = r"\s+".join(parts).replace("'", "['’]")
        if inflected and len(parts) == 1 and phrase.isalpha():
            stem = re.escape(phrase[:-1])
            body = f"{stem}(?:e|es|ed|ing)" if phrase.endswith("e") else f"{body}(?:s|es|ed|ing)?"
        if body:
            options.append(body)
    if not options:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(options)})(?!\w)", re.IGNORECASE)


class StyleScorer:
    """Scores texts against one persona; the rules are prepared once."""

    def __init__(self, persona: Persona) -> None:
        self._habits = persona.habits
        quoted = [phrase for rule in persona.dont for phrase in _QUOTED.findall(rule)]
        self._avoided = word_pattern([*persona.words_to_avoid, *quoted])
        replaced = [word for choice in persona.words_to_use for word in choice.instead_of]
        self._replaced = word_pattern(replaced)
        self._rules: tuple[tuple[Rule, Callable[[str], Iterator[Span]]], ...] = (
            (Rule.AVOIDED_WORD, lambda text: _matches(self._avoided, text)),
            (Rule.PREFERRED_WORD, lambda text: _matches(self._replaced, text)),
            (Rule.EXCLAMATION, self._exclamations),
            (Rule.EMOJI, self._emoji),
            (Rule.LONG_SENTENCE, self._long_sentences),
            (Rule.SHOUTING, _shouting),
            (Rule.CONTRACTION, self._contractions),
        )

    def score(self, text: str) -> StyleScore:
        """How well a text keeps to the persona.

        ``exp(-0.35 x)``, where ``x`` is the weighted findings for each 40 words, so that one slip
        in a long answer weighs less than in a short one. A text without words scores 1.
        """
        plain = masked(text)
        found = [
            Finding(rule, start, end, text[start:end])
            for rule, spans in self._rules
            for start, end in spans(plain)
        ]
        found.sort(key=lambda finding: (finding.start, finding.end))
        weight = sum(_WEIGHTS[Rule(finding.rule)] for finding in found)
        length = max(1.0, len(_WORD.findall(plain)) / _WORDS_PER_UNIT)
        return StyleScore(math.exp(-_STEEPNESS * weight / length), tuple(found))

    def _exclamations(self, text: str) -> Iterator[Span]:
        for number, run in enumerate(re.finditer(r"!+|！+", text), 1):
            if number > self._habits.exclamations or len(run.group()) > 1:
                yield run.span()

    def _emoji(self, text: str) -> Iterator[Span]:
        allowed = 0 if self._habits.emoji == "none" else _MOST_EMOJI
        for number, found in enumerate(_EMOJI.finditer(text)):
            if number >= allowed:
                yield found.span()

    def _long_sentences(self, text: str) -> Iterator[Span]:
        for unit in split(text):
            if unit.unit not in (Unit.PROSE, Unit.ITEM):
                continue
            if len(_WORD.findall(unit.text)) > self._habits.sentence_words:
                yield unit.start, unit.end

    def _contractions(self, text: str) -> Iterator[Span]:
        if self._habits.contractions is False:
            yield from _matches(_CONTRACTION, text)


def _matches(pattern: re.Pattern[str] | None, text: str) -> Iterator[Span]:
    if pattern is not None:
        for found in pattern.finditer(text):
            yield found.span()


def _shouting(text: str) -> Iterator[Span]:
    """Words in capitals that are no abbreviations: two in a row, or a long one with vowels."""
    run: list[re.Match[str]] = []

    def shouted() -> bool:
        letters = [word.group() for word in run]
        if len(run) > 1:
            return sum(map(len, letters)) >= 8 and sum(map(_speakable, letters)) > len(run) / 2
        return len(letters[0]) >= 5 and _speakable(letters[0])

    for word in _CAPITALS.finditer(text):
        if run and text[run[-1].end() : word.start()].strip(" \n\t"):
            if shouted():
                yield run[0].start(), run[-1].end()
            run = []
        run.append(word)
    if run and shouted():
        yield run[0].start(), run[-1].end()


def _speakable(word: str) -> bool:
    """Whether letters in capitals read as a word: enough vowels, and no known abbreviation."""
    vowels = sum(letter in "AEIOUY" for letter in word)
    return word not in _ACRONYMS and vowels * 4 >= len(word)
