"""Records as passages: JSON (or what Python prints of it) read as lines that say what they mean.

``{"hours": {"Monday": "11:0-21:0"}, "WiFi": false}`` becomes ``hours Monday: 11:00 (11 AM) to 21:00
(9 PM)`` and ``wi fi: no``, each with its place in the text, so that a sentence about the record
can be compared with it as with any other passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.sentences import Sentence, Unit, split

_OPENING = re.compile(r"\s*(?:\{\s*[\"']|\[\s*[\[{\"'])")
_TOKEN = re.compile(
    r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[{}\[\]:,]|[^\s{}\[\]:,\"']+|\"|'", re.DOTALL
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SIGNS = {"n": "\n", "t": " ", "r": " ", "b": "", "f": ""}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_-]+")
_WORDS = {"true": "yes", "false": "no", "null": "not known", "none": "not known", "": "not known"}
_HOURS = re.compile(r"(\d{1,2}):(\d{1,2})\s*[-–]\s*(\d{1,2}):(\d{1,2})")
_STATES = dict(
    pair.split("=")
    for pair in (
        "AL=Alabama AK=Alaska AZ=Arizona AR=Arkansas CA=California CO=Colorado CT=Connecticut"
        " DE=Delaware FL=Florida GA=Georgia HI=Hawaii ID=Idaho IL=Illinois IN=Indiana IA=Iowa"
        " KS=Kansas KY=Kentucky LA=Louisiana ME=Maine MD=Maryland MA=Massachusetts MI=Michigan"
        " MN=Minnesota MS=Mississippi MO=Missouri MT=Montana NE=Nebraska NV=Nevada"
        " NH=New_Hampshire NJ=New_Jersey NM=New_Mexico NY=New_York NC=North_Carolina"
        " ND=North_Dakota OH=Ohio OK=Oklahoma OR=Oregon PA=Pennsylvania RI=Rhode_Island"
        " SC=South_Carolina SD=South_Dakota TN=Tennessee TX=Texas UT=Utah VT=Vermont VA=Virginia"
        " WA=Washington WV=West_Virginia WI=Wisconsin WY=Wyoming"
    ).split()
)
_LONG = 120  # characters of a value that is read as prose, sentence by sentence
_MOST = 200_000  # characters; a longer text is no record that anybody answers from


@dataclass(frozen=True, slots=True)
class _Leaf:
    path: tuple[str, ...]
    value: str
    start: int
    end: int


def is_record(text: str) -> bool:
    """Whether a text is JSON or reads like it."""
    return len(text) <= _MOST and bool(_OPENING.match(text)) and text.rstrip()[-1:] in ("}", "]")


def _unescaped(match: re.Match[str]) -> str:
    sign = match.group(1)
    return chr(int(sign[1:], 16)) if len(sign) == 5 else _SIGNS.get(sign, sign)


def _value(token: str) -> str:
    if token[0] in "\"'" and len(token) > 1:
        return _ESCAPE.sub(_unescaped, token[1:-1])
    return token


def _leaves(text: str) -> Iterator[_Leaf]:
    """Every value with the keys above it, in order."""
    path: list[str] = []
    kinds: list[str] = []
    key: str | None = None
    tokens = list(_TOKEN.finditer(text))
    for index, found in enumerate(tokens):
        sign = found.group()
        if sign in "{[":
            kinds.append(sign)
            path.append(key or "")
            key = None
        elif sign in "}]":
            if kinds:
                kinds.pop()
                path.pop()
            key = None
        elif sign == ",":
            key = None
        elif sign != ":":
            following = tokens[index + 1].group() if index + 1 < len(tokens) else ""
            if following == ":" and kinds and kinds[-1] == "{" and key is None:
                key = _value(sign)
            else:
                names = (*path, key or "")
                yield _Leaf(tuple(n for n in names if n), _value(sign), *found.span())


def spoken_key(key: str) -> str:
    """A key as words: ``BusinessParking`` and ``business_parking`` alike; ``WiFi`` stays one."""
    parts = [p for p in _CAMEL.split(key) if p]
    if len(parts) < 2 or max(map(len, parts)) <= 2:
        return key
    return " ".join(parts).casefold()


def _clock(hour: str, minute: str) -> str:
    h, m = int(hour), int(minute)
    half = "AM" if h % 24 < 12 else "PM"
    minutes = f":{m:02d}" if m else ""
    return f"{h}:{m:02d} ({h % 12 or 12}{minutes} {half})"


def _hours(match: re.Match[str]) -> str:
    a, b, c, d = match.groups()
    if max(int(a), int(c)) > 24 or max(int(b), int(d)) > 59:
        return match.group()
    if (a, b) == (c, d):
        return f"{match.group()} (all day or closed)"
    return f"{_clock(a, b)} to {_clock(c, d)}"


def _said(value: str, key: str) -> str:
    word = _WORDS.get(value.casefold())
    if word is not None:
        return word
    if key.casefold() in ("state", "region") and value in _STATES:
        return f"{value} ({_STATES[value].replace('_', ' ')})"
    return _HOURS.sub(_hours, value)


def record_lines(text: str) -> list[Sentence]:
    """The values of a record as units: their texts are worded, their places are those in ``text``.

    Scalars of one list stand in one line; a long text is split into its sentences.
    """
    lines: list[Sentence] = []
    listed: tuple[str, ...] | None = None
    for leaf in _leaves(text):
        name = " ".join(spoken_key(k) for k in leaf.path)
        head = f"{name}: " if name else ""
        if len(leaf.value) > _LONG:
            short = f"{spoken_key(leaf.path[-1])}: " if leaf.path else ""
            lines += [
                Sentence(leaf.start, leaf.end, f"{short}{unit.text}", Unit.PROSE)
                for unit in split(leaf.value)
            ]
            listed = None
            continue
        said = _said(leaf.value, leaf.path[-1] if leaf.path else "")
        if listed == leaf.path and lines and len(lines[-1].text) < 2 * _LONG:
            last = lines[-1]
            lines[-1] = Sentence(last.start, leaf.end, f"{last.text}, {said}", Unit.PROSE)
        else:
            lines.append(Sentence(leaf.start, leaf.end, f"{head}{said}", Unit.PROSE))
        listed = leaf.path
    return lines
