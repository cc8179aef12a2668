"""Files that came with a question: evidence for this one question, never kept.

A file is cut into passages; the few that the question is about are given to the voice and the
check after what was retrieved. What is stored of them is the file's name. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.conversation import Attachment, Route, RouteDecision
from bot.evidence import Chunk, Citation, Passage, Retrieval
from bot.facts import rarity
from bot.guardrails import clean, evidence_is_weak
from bot.lexical import STOP_WORDS, query_terms, terms, words

SOURCE = "attachment"
"""The source that passages of files name."""

LONGEST_PASSAGE = 1_500
"""Characters of one passage of a file, about as much as three chunks of a document."""

MOST_PASSAGES = 3
MOST_READ = 300_000
"""Characters of all files that are read, about 0.2 s of work; of a longer one its two ends."""

_LONGEST_NAME = 100
_SALIENT_WORDS = 12
_NEVER_READ = "\n[…]\n"

_TROUBLE = re.compile(
    r"\b(?:error|errors|exception|fatal|failed|failure|fails|fault|panic|critical|denied|refused"
    r"|rejected|invalid|unable|cannot|could not|timed? ?out|timeout|blocked|missing|warn(?:ing)?)\b"
    r"|(?:Error|Exception)\b|\b[A-Z]{1,4}-?\d{2,4}\b"
)
_CODE = re.compile(
    r"\b[A-Z]{1,5}[-_]?\d{2,5}\b|\b[A-Z]+(?:_[A-Z0-9]+)+\b|\b\w+(?:Error|Exception)\b"
    r"|(?i:(?<=HTTP )|(?<=status )|(?<=code )|(?<=error ))\d{3}\b"
)
_NOISE = re.compile(
    r"\d{4}-\d\d-\d\d[T ]?(?:\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\b\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?\b|\b(?=\w*\d)[0-9a-fA-F]{8,}\b|\b0x[0-9a-fA-F]+\b"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|https?://\S+|\b\d{1,3}(?:\.\d{1,3}){3}\b"
)
_WRAPPED = 45  # characters; a line of wrapped prose is hardly shorter
_ROW = re.compile(r"^\s*\|.*\|\s*$", re.MULTILINE)
_PARAGRAPH = re.compile(r"\n[ \t]*\n+")
_ABOUT_FILES = frozenset(
    """log logs file files attached attachment screenshot text output trace traceback message
    messages error errors problem issue wrong fix explain understand read look see check summary
    summarise summarize happen happens happened means idea ideas thing things solve resolve
    repair broken work works working fail fails failed failing crash crashes crashed line lines
    document content contents say says said code stack""".split()
)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a file."""

    name: str
    text: str
    start: int
    order: int


def attached(question: str, files: Sequence[Attachment]) -> tuple[Passage, ...]:
    """The passages of files that the question is about, at most three, in reading order.

    Where it names nothing that is in them ("what does this mean?"), those that tell of trouble,
    then the beginning. ``lexical`` is the sum of the rarity of the question's words that a passage
    holds, ``cosine`` is not known, ``uri`` is empty.
    """
    wanted = {term: rarity(term) for term in query_terms(question) if term not in STOP_WORDS}
    scored = []
    for piece in _pieces(files):
        held = set(terms(piece.text))
        overlap = sum(weight for term, weight in wanted.items() if term in held)
        trouble = min(len(_TROUBLE.findall(piece.text)), 3)
        scored.append((overlap + 0.1 * trouble, overlap, piece))
    scored.sort(key=lambda found: (-found[0], found[2].order))
    best = sorted(scored[:MOST_PASSAGES], key=lambda found: found[2].order)
    most = max((overlap for _, overlap, _ in best), default=0.0)
    return tuple(_passage(piece, overlap, most) for _, overlap, piece in best)


def searched_for(query: str, files: Sequence[Attachment]) -> str:
    """What to search the knowledge for: a question that only points at its files is completed by
    the error codes, or the words, of the line in them that tells most. Never stored."""
    said = [w for w in words(query) if w not in STOP_WORDS and w not in _ABOUT_FILES]
    if not files or said:
        return query
    line = _salient_line(files)
    return f"{query} {line}" if line else query


def with_files(query: str, found: Retrieval, files: Sequence[Passage]) -> Retrieval:
    """What was retrieved, then the files' passages. Documents that are far from the question are
    left out where there are files: those may answer it alone."""
    if not files:
        return found
    near = () if evidence_is_weak(query, found) else found.passages
    return replace(found, passages=(*near, *files))


def routed(decision: RouteDecision, files: Sequence[Passage]) -> RouteDecision:
    """The route of a message that brought files: no small talk, somebody wants them looked at."""
    if not files or decision.route is not Route.VOICE:
        return decision
    reasons = (*decision.reasons, "a file came along, so it is looked into")
    return RouteDecision(Route.HYBRID, decision.confidence, reasons)


def from_file(passage: Passage) -> bool:
    """Whether a passage is of a file that came with the question."""
    return passage.chunk.source == SOURCE


def names_only(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages as they may be stored: of files nothing but the name."""
    return tuple(
        replace(p, chunk=replace(p.chunk, text="", start=0, end=0)) if from_file(p) else p
        for p in passages
    )


def without_quotes(
    citations: Sequence[Citation], passages: Sequence[Passage]
) -> tuple[Citation, ...]:
    """The citations as they may be stored: those of files without what they quote."""
    files = {p.chunk.id for p in passages if from_file(p)}
    return tuple(replace(c, quote="", start=0, end=0) if c.chunk in files else c for c in citations)


# -- cutting ----------------------------------------------------------------------------------


def _pieces(files: Sequence[Attachment]) -> Iterator[_Piece]:
    """The files cut into pieces, in order; both ends of what is too long to read."""
    order = 0
    for name, text in _readable(files):
        for start, end in _stretches(text):
            if text[start:end].strip():
                yield _Piece(name, text[start:end], start, order)
                order += 1


def _readable(files: Sequence[Attachment]) -> Iterator[tuple[str, str]]:
    """Name and text of each file, cleaned, within the share of reading that each may have."""
    share = MOST_READ // max(len(files), 1)
    for file in files:
        text = file.text
        if len(text) > share:
            text = text[: share // 2] + _NEVER_READ + text[-share // 2 :]
        name = " ".join(clean(file.name).split())[:_LONGEST_NAME].strip() or "file"
        yield name, clean(text)


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Whole paragraphs, else lines, else words, gathered up to the length of a passage."""
    start, end = 0, 0
    for stop in _stops(text):
        if stop - start > LONGEST_PASSAGE and end > start:
            yield start, end
            start = end
        end = stop
    if end > start:
        yield start, end


def _stops(text: str) -> Iterator[int]:
    """Where a text may be cut, never further apart than the length of a passage."""
    at = 0
    for paragraph in (*(m.end() for m in _PARAGRAPH.finditer(text)), len(text)):
        if paragraph - at <= LONGEST_PASSAGE:
            at = paragraph
            yield at
            continue
        for line in text[at:paragraph].splitlines(keepends=True):
            for begin in range(0, len(line), LONGEST_PASSAGE):
                at += len(line[begin : begin + LONGEST_PASSAGE])
                yield at


def _passage(piece: _Piece, overlap: float, most: float) -> Passage:
    text = _lines_apart(piece.text.strip("\n"))
    chunk = Chunk(
        id=f"{SOURCE}:{piece.name}#{piece.order}",
        document=piece.name,
        source=SOURCE,
        revision="",
        ordinal=piece.order,
        title=piece.name,
        headings=(),
        text=text,
        start=piece.start,
        end=piece.start + len(text),
        uri="",
    )
    return Passage(chunk, score=overlap / most if most else 0.0, lexical=overlap)


def _lines_apart(text: str) -> str:
    """A log or a configuration with an empty line after each line, so that each is a statement of
    its own; wrapped prose, tables and fenced code as they are."""
    paragraphs = _PARAGRAPH.split(text)
    return "\n\n".join(p if _flows(p) else p.replace("\n", "\n\n") for p in paragraphs)


def _flows(paragraph: str) -> bool:
    """Whether the lines of a paragraph belong together."""
    if "```" in paragraph or "~~~" in paragraph or _ROW.search(paragraph):
        return True
    lines = paragraph.splitlines()
    wraps = [
        len(line) >= _WRAPPED and line.rstrip()[-1:] not in ".!?:;" and following[:1].islower()
        for line, following in pairwise(lines)
    ]
    return 2 * sum(wraps) >= len(wraps)


# -- what a file is about -----------------------------------------------------------------------


def _salient_line(files: Sequence[Attachment]) -> str:
    """The first of the lines that tell of trouble most, without times, ids and addresses, or the
    error codes in it alone; the first line that says anything where none does."""
    best, told = "", -1
    for _, text in _readable(files):
        for line in text.splitlines():
            if not line.strip():
                continue
            trouble = len(_TROUBLE.findall(line[:500]))
            if trouble > told:
                best, told = line[:500], trouble
    quiet = _NOISE.sub(" ", best)
    codes = _CODE.findall(quiet)
    kept = codes or [w for w in quiet.split() if any(c.isalnum() for c in w)]
    return " ".join(dict.fromkeys(kept[:_SALIENT_WORDS]))
