"""The voice's second try: what it says in the place of sentences that no passage carries.

It is asked for numbered lines, and models keep to that more or less. What can be told apart is
taken, what cannot be assigned is dropped: nothing is said in that place then. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.sentences import split

NOTHING = "-"
"""What a voice writes where the passages carry nothing in the place of a sentence."""

NO_ANSWER = "NO_ANSWER"
"""What a model writes, alone, when the passages do not answer; the voice turns it into silence."""

_LONGEST = 1_000  # characters; a longer "sentence" is an answer of its own
_NUMBERED = re.compile(
    r"^\s*(?:[-*+•>]\s+)?[*_`\[(]{0,3}(?:(?:sentence|replacement|repair|no|nr|number)\b\.?\s*)?#?"
    r"(?P<n>\d{1,3})[*_`\])]{0,3}\s*(?:[:.)=]|[-–—](?=\s|$))(?P<after>[*_`]{0,2}(?:\s|$)|(?=\D))"
    r"(?P<text>.*)$",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_LABEL = re.compile(
    r"^(?:replacement|repaired|corrected|correction|new(?: sentence)?|better)\s*:\s*", re.IGNORECASE
)
_INSTEAD = re.compile(r"^[\"“].*[\"”]\s*(?:→|->|=>)\s*(.+)$", re.DOTALL)
_NONE = re.compile(
    r"^[\W_]*(?:(?:no[_ ]answer|none|nothing|n/?a|null|removed?|deleted?|omit(?:ted)?|empty"
    r"|no replacement|nothing (?:to say|left))[\W_]*)?$",
    re.IGNORECASE,
)
_QUOTES = (('"', '"'), ("“", "”"), ("'", "'"), ("‘", "’"), ("**", "**"))


def replacements(text: str, count: int) -> tuple[str, ...]:
    """What a voice says instead of each of ``count`` sentences; empty: nothing.

    Lines count by their number, the last of the same number; numbers from 0, or all of them 1 as
    in Markdown, are put right where there are as many as were asked for. For a single sentence a
    line without a number will do. Nothing here has been checked against any passage yet.
    """
    found = list(_numbered(text.splitlines()))
    if not found:
        return _alone(text, count)
    numbers = [n for n, _ in found]
    if count == 1 and len(found) == 1:
        numbers = [1]
    elif len(found) == count and (numbers == list(range(count)) or set(numbers) == {1}):
        numbers = list(range(1, count + 1))
    said = dict(zip(numbers, (body for _, body in found), strict=True))
    return tuple(_sentence(said.get(n, "")) for n in range(1, count + 1))


def _numbered(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Each numbered line with its text; what stands below it belongs to it where its own line
    says nothing, or as a block of code."""
    number: int | None = None
    body: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        match = _NUMBERED.match(line)
        if match:
            if number is not None:
                yield number, "\n".join(body)
            number, body = int(match["n"]), [match["text"].strip()]
        elif number is None:
            continue
        elif _FENCE.match(line):
            block = list(_block(lines[at:]))
            if any(map(_NUMBERED.match, block)):
                continue  # a fence around the whole reply
            at += len(block) + 1
            if block:
                body += [line, *block, "```" if "```" in line else "~~~"]
        elif body == [""] and line.strip():
            body = [line.strip()]
    if number is not None:
        yield number, "\n".join(body)


def _block(lines: Sequence[str]) -> Iterator[str]:
    """The lines before the end of a fence."""
    for line in lines:
        if _FENCE.match(line):
            return
        yield line


def _alone(text: str, count: int) -> tuple[str, ...]:
    """A reply without any number: one sentence for one sentence, else nothing that can be told
    apart. A line that leads into it ("Here it is:") is none."""
    lines = [line for line in text.splitlines() if line.strip() and not _FENCE.match(line)]
    while lines and lines[0].rstrip().endswith(":"):
        lines.pop(0)
    if count != 1 or len(lines) != 1 or len(split(lines[0])) != 1:
        return ("",) * count
    return (_sentence(lines[0]),)


def _sentence(said: str) -> str:
    """A line as it may be said: no label, no quotation marks around it; empty where it says that
    there is nothing."""
    said = _LABEL.sub("", said.strip())
    instead = _INSTEAD.match(said)
    said = (instead[1] if instead else said).strip()
    for opening, closing in _QUOTES:
        inside = said[len(opening) : -len(closing)]
        quoted = said.startswith(opening) and said.endswith(closing) and bool(inside)
        if quoted and opening not in inside and closing not in inside:
            said = inside.strip()
    if said == NOTHING or _NONE.match(said) or NO_ANSWER in said or len(said) > _LONGEST:
        return ""
    return said
