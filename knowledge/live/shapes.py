"""What the values of a parameter look like, read from the example in its description.

"the product's code, like AX-100" tells that values are letters, a dash and digits; such words are
looked for in a question, and nothing else is ever sent. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from bot.lexical import STOP_WORDS, fold, words

LONGEST_VALUE = 64
"""Characters of a value; what is longer is no code of anything."""

_EXAMPLES = re.compile(
    r"(?:\blike\b|\be\.\s?g\.|\bfor example\b|\bfor instance\b|\bsuch as\b|\bwie\b|\bz\.\s?b\."
    r"|\bzum beispiel\b|\bpar exemple\b|\bpor ejemplo\b)[\s:]*(?P<list>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_BETWEEN = re.compile(r"\s*(?:,|;|\bor\b|\band\b|\boder\b|\bund\b)\s*", re.IGNORECASE)
_BLOCK = re.compile(r"[A-Za-z]+|\d+|[^A-Za-z\d]+")
_DASHES = "-–—‑−"
_DASH = re.compile(f"[{_DASHES}]")
_QUOTED = re.compile(r"[\"“”„'‘’`]([^\"“”„`\n]{1,64}?)[\"“”'‘’`](?!\w)")
_PROPER = re.compile(
    r"(?<![\w-])[A-ZÀ-ÖØ-Þ][^\W\d_]*(?:['’-][^\W\d_]+)*"
    r"(?: [A-ZÀ-ÖØ-Þ][^\W\d_]*(?:['’-][^\W\d_]+)*){0,2}(?![\w-])"
)
_ANY_CODE = r"(?=[\w.\-]*\d)[A-Za-z0-9](?:[\w.\-]{0,38}[A-Za-z0-9])?"
_PLAIN_NUMBER = re.compile(r"(?<![\w.,:/\\$€£@-])#?([0-9]+)(?![\w@\\]|[.,:/-]\d|\s?[%€$£°])")
_COUNTED = re.compile(r"\b(?:numbers?|ids?|no|nr|nummer|num[eé]ro|n[uú]mero)\b", re.IGNORECASE)
_BEFORE = r"(?<![\w@./\\$€£])(?<!\w-)"
_AFTER = r"(?![\w@\\])(?![-./:@][\w])"
_NO_NOUNS = frozenset({"code", "name", "value", "text", "word", "two", "three", "letters"})


@dataclass(frozen=True, slots=True)
class Value:
    """A value found in a text: in its normal form, and where it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Shape:
    """What values look like. ``examples`` may be empty: then anything that looks like a code."""

    examples: tuple[str, ...]
    nouns: frozenset[str]

    def values(self, text: str) -> tuple[Value, ...]:
        """The distinct values in a text, in reading order."""
        found = [v for example in self.examples for v in _found(example, self.nouns, text)]
        if not self.examples:
            found = list(_any_code(self._counted, text))
        first: dict[str, Value] = {}
        # Of two examples that fit, the one that fits as it is written: INC99999 is no SUP-12.
        for value in sorted(found, key=lambda v: (v.start, v.start + len(v.text) != v.end, -v.end)):
            inside = any(v.start <= value.start < v.end for v in first.values())
            if not inside and len(value.text) <= LONGEST_VALUE:
                first.setdefault(value.text, value)
        return tuple(first.values())

    @cached_property
    def _counted(self) -> bool:
        return any(_COUNTED.search(noun) for noun in self.nouns)


@lru_cache(maxsize=512)
def shape_of(description: str) -> Shape:
    """The shape that a parameter's description tells."""
    match = _EXAMPLES.search(description)
    said = description[: match.start()] if match else description
    nouns = {w.removesuffix("'s") for w in words(said)} - STOP_WORDS - _NO_NOUNS
    return Shape(tuple(_examples(match["list"])) if match else (), frozenset(nouns))


def _examples(listed: str) -> Iterator[str]:
    for piece in _BETWEEN.split(listed):
        example = piece.strip().strip("\"'“”„‘’`()[]").rstrip(".!?…").strip("\"'“”„‘’`()[]")
        if example and len(example) <= LONGEST_VALUE:
            yield example


# -- one example --------------------------------------------------------------------------------


def _found(example: str, nouns: frozenset[str], text: str) -> Iterator[Value]:
    if not any(c.isdigit() for c in example):
        yield from _worded(example, nouns, text) if _is_word(example) else _marked(example, text)
    elif example.isdigit():
        yield from _numbered(example, nouns, text)
    else:
        yield from _marked(example, text)


def _is_word(example: str) -> bool:
    return all(c.isalpha() or c in " '’-" for c in example)


def _cased(example: str, value: str) -> str:
    """Upper or lower case as in the example, where that has only one of them."""
    if example.upper() == example:
        return value.upper()
    return value.lower() if example.lower() == example else value


def _marked(example: str, text: str) -> Iterator[Value]:
    """Codes with letters, digits and marks: ``AX-100``, ``1Z999AA1``, ``2024/17``."""
    pattern, marks = _pattern(example)
    for match in pattern.finditer(text):
        groups = ["", *(g or "" for g in match.groups())]
        joined = "".join(g + mark for g, mark in zip(groups, marks, strict=True))
        written = _DASH.sub("-", match.group()).removesuffix("s" if example.isupper() else "")
        if joined != written and not _fits(example, written):
            continue
        yield Value(_cased(example, joined), match.start(), match.end())


def _fits(example: str, written: str) -> bool:
    """Other marks than the example's: "AX100" and "AX 100" are AX-100, "E42" and "in 100" not."""
    wanted, letters = (re.match(r"[A-Za-z]*", text) for text in (example, written))
    if wanted is None or letters is None or len(wanted.group()) != len(letters.group()):
        return False
    return " " not in written or letters.group().isupper()


@lru_cache(maxsize=512)
def _pattern(example: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """An example as a pattern with a group for each run, and the marks between the groups."""
    runs: list[str] = []
    marks: list[str] = []
    for piece in re.split(r"([^A-Za-z\d]+)", example):
        if not piece:
            continue
        if not piece.isalnum():
            marks.append(piece)
            continue
        blocks = _BLOCK.findall(piece)
        if len(blocks) > 2 or (len(blocks) == 2 and piece[0].isdigit()):
            blocks = [piece]
        for block in blocks:
            if len(runs) > len(marks):
                marks.append("")
            runs.append(block)
    lead = marks.pop(0) if marks and not example[0].isalnum() else ""
    tail = marks.pop() if len(marks) == len(runs) and runs else ""
    body = re.escape(lead)
    for index, run in enumerate(runs):
        body += f"({_run(run)})"
        if index < len(marks):
            body += _mark(marks[index])
    suffix = r"[A-Z]{0,2}(?:-[A-Z0-9]{1,6}){0,2}" if example.isupper() and not tail else ""
    many = "s?" if example.isupper() and example[-1].isdigit() else ""  # "are AX-100s in stock?"
    pattern = re.compile(f"{_BEFORE}{body}({suffix}){re.escape(tail)}{many}{_AFTER}")
    return pattern, (lead, *marks, "", tail)


def _run(run: str) -> str:
    size = len(run)
    if run.isdigit():
        return f"[0-9]{{1,{size + 3}}}"
    if run.isalpha():
        return rf"[A-Za-z]{{{max(1, size - 2)},{size + 12 if size > 3 else size + 3}}}"
    return rf"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{{{max(2, size - 4)},{size + 6}}}"


def _mark(mark: str) -> str:
    if mark in ("", "-"):
        return f"[{_DASHES} ]?"
    return re.escape(mark)


def _numbered(example: str, nouns: frozenset[str], text: str) -> Iterator[Value]:
    """Plain numbers: of the example's length, or named ("order 7", "#7")."""
    size = len(example)
    for match in re.finditer(
        r"(?<![\w.,:/\\$€£@-])#?([0-9]+)(?![\w@\\]|[.,:/-]\d|\s?[%€$£°])", text
    ):
        digits = match.group(1)
        before = fold(text[max(0, match.start() - 30) : match.start()])
        named = match.group().startswith("#") or _names(before, nouns)
        if len(digits) == size >= 3 or (named and len(digits) <= size + 4):
            yield Value(digits, match.start(), match.end())


def _names(before: str, nouns: frozenset[str]) -> bool:
    """Whether one of the last three words before a number is what it numbers."""
    last = words(before)[-3:]
    return any(w in nouns or _COUNTED.fullmatch(w) for w in last)


def _worded(example: str, nouns: frozenset[str], text: str) -> Iterator[Value]:
    """Names: in quotes, in capitals as the example, or proper nouns inside a sentence."""
    quoted = [Value(m[1].strip(), m.start(1), m.end(1)) for m in _QUOTED.finditer(text)]
    if quoted:
        yield from (v for v in quoted if _is_word(v.text))
        return
    if example.isupper():
        for match in re.finditer(rf"{_BEFORE}[A-Z]{{{len(example)}}}{_AFTER}", text):
            yield Value(match.group(), match.start(), match.end())
    elif example[:1].isupper():
        for match in _PROPER.finditer(text):
            opens = not text[: match.start()].rstrip(" \"'“„") or text[
                : match.start()
            ].rstrip().endswith((".", "!", "?", ":"))
            own = fold(match.group()) in nouns or fold(match.group()) in STOP_WORDS
            if not opens and not own:
                yield Value(match.group(), match.start(), match.end())


def _any_code(counted: bool, text: str) -> Iterator[Value]:
    """Where no example tells: words with a digit; plain numbers only where they number things."""
    for match in re.finditer(f"{_BEFORE}{_ANY_CODE}{_AFTER}", text):
        if counted or not match.group().isdigit():
            yield Value(match.group(), match.start(), match.end())
