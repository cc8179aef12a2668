"""From where the style classifier learns: the persona's samples, rewrites, rated turns, a file.

Only what the bot or an operator wrote; never a reader's words, nothing of live facts or of files
that came along, and no rating of somebody who does not allow that it is learned from.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from bot.citing import without_markers
from bot.conversation import Rating, Role, Route
from bot.errors import MissingFileError, TrainingError, UsageError
from bot.ports import LIVE, Embedder
from bot.store.base import Database
from bot.store.consent import ConsentLedger
from bot.store.forgetting import FILES
from bot.store.review_tables import rewrites
from bot.store.tables import feedback, messages, turns
from persona.profile import Persona
from persona.style_features import TOKEN
from persona.style_model import LEAST, LONGEST, READ, Example, StyleModel, train

MOST = 500
"""Texts of each kind that are learned from, the first ones: persona, file, rewrites, the newest
ratings. Learning from so many took 12 s and 260 MB on two busy cores."""

# A judgement: a thumb may be about the facts, a rewrite too; samples are about the voice alone.
_REWRITTEN, _BEFORE_REWRITE, _UP, _DOWN = 1.0, 0.4, 0.5, 0.3
_LOOKED_AT = 6 * MOST
"""Turns that are looked at: of several, one has a text that nobody said before."""
_BATCH = 500
_LARGEST_FILE = 20_000_000
_SLICE = 32  # texts whose vectors are asked for at once


def of_persona(persona: Persona) -> list[Example]:
    """The persona's own samples."""
    found = []
    for sample in persona.samples:
        found.append(Example(sample.on_voice, True, "persona", sample.question))
        if sample.off_voice:
            found.append(Example(sample.off_voice, False, "persona", sample.question))
    return found


def of_file(path: Path) -> list[Example]:
    """Examples of a file: a JSON object a line with ``on_voice`` or ``off_voice`` or both (a text
    or a list of texts). Raises MissingFileError, and UsageError with the line."""
    if not path.is_file():
        raise MissingFileError(path=path)
    if path.stat().st_size > _LARGEST_FILE:
        raise UsageError(f"{path} is larger than {_LARGEST_FILE // 1_000_000} MB; give fewer.")
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text; save the file as UTF-8.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}).") from error
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            found += _of_line(line, f"{path}:{number}", f"file:{number}")
    return found


def _of_line(line: str, where: str, group: str) -> list[Example]:
    wanted = '{"on_voice": "…", "off_voice": "…"}'
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is no JSON; a line is like {wanted}.") from error
    if not isinstance(record, dict) or not {"on_voice", "off_voice"} & set(record):
        raise UsageError(f"{where} has neither on_voice nor off_voice; a line is like {wanted}.")
    found = []
    for key in ("on_voice", "off_voice"):
        value = record.get(key)
        texts = [value] if isinstance(value, str) else ([] if value is None else value)
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise UsageError(f"{where}: {key} is a text or a list of texts.")
        found += [Example(text, key == "on_voice", "file", group) for text in texts]
    return found


async def of_turns(db: Database, *, opt_in: bool = False) -> list[Example]:
    """What rewrites and ratings of a home teach, the newest first.

    An approved rewrite of an operator is in the voice, and so is an answer that was approved as it
    is; the answer before a rewrite counts a little as not in it. Ratings count for the bot's own
    answer where all who rated it agree. ``opt_in``: only ratings of those who said yes.
    """
    ids = await db.read(_newest)
    rated = await db.read(lambda connection: _ratings(connection, ids))
    choices = await ConsentLedger(db).choices({author for _, author, _ in rated})
    thumbs: dict[str, set[str]] = {}
    for turn, author, rating in rated:
        if choices.get(author, not opt_in):
            thumbs.setdefault(turn, set()).add(rating)
    return await db.read(lambda connection: _taught(connection, ids, thumbs))


def _newest(connection: sa.Connection) -> list[str]:
    """The turns that are looked at: those approved last, then those rated last. Two short walks
    along indexes, however many turns there are."""
    approved = (
        sa.select(rewrites.c.turn_id)
        .where(rewrites.c.verdict == "approved")
        .order_by(rewrites.c.at.desc(), rewrites.c.turn_id.desc())
        .limit(_LOOKED_AT)
    )
    rated = (
        sa.select(feedback.c.turn_id)
        .order_by(feedback.c.updated_at.desc(), feedback.c.turn_id.desc())
        .limit(_LOOKED_AT)
    )
    found = (*connection.scalars(approved), *connection.scalars(rated))
    return list(dict.fromkeys(found))[:_LOOKED_AT]


def _ratings(connection: sa.Connection, ids: Sequence[str]) -> list[tuple[str, str, str]]:
    query = sa.select(feedback.c.turn_id, feedback.c.author, feedback.c.rating)
    return [
        (row.turn_id, row.author, row.rating)
        for few in _batches(ids)
        for row in connection.execute(query.where(feedback.c.turn_id.in_(few)))
    ]


def _taught(
    connection: sa.Connection, ids: Sequence[str], thumbs: Mapping[str, set[str]]
) -> list[Example]:
    query = (
        sa.select(
            turns.c.id,
            turns.c.passages,
            messages.c.text,
            rewrites.c.verdict,
            rewrites.c.text.label("rewritten"),
            rewrites.c.author.label("whose"),
        )
        .join(messages, (messages.c.turn_id == turns.c.id))
        .join(rewrites, rewrites.c.turn_id == turns.c.id, isouter=True)
        .where(
            messages.c.role == Role.ASSISTANT.value,
            turns.c.outcome == "answered",
            turns.c.route != Route.LIVE.value,
        )
    )
    found: list[Example] = []
    for few in _batches(ids):
        rows = {row.id: row for row in connection.execute(query.where(turns.c.id.in_(few)))}
        for turn in few:
            row = rows.get(turn)
            if row is not None and not any(_kept_out(passage) for passage in row.passages):
                found += _of_turn(row, thumbs.get(turn, set()))
    return found


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))


def _kept_out(passage: Mapping[str, Any]) -> bool:
    """Whether a passage is of a live source or of a file that came with the question."""
    chunk = passage.get("chunk")
    source = chunk.get("source") if isinstance(chunk, dict) else passage.get("source")
    return source in (LIVE, FILES)


def _of_turn(row: Any, thumbs: set[str]) -> list[Example]:
    """The examples of one turn; a rejected one and a reader's words give none."""
    if row.verdict == "approved" and not row.whose:
        if not row.rewritten or row.rewritten.strip() == row.text.strip():
            return [Example(row.text, True, "rewrites", row.id, _REWRITTEN)]
        return [
            Example(row.rewritten, True, "rewrites", row.id, _REWRITTEN),
            Example(row.text, False, "rewrites", row.id, _BEFORE_REWRITE),
        ]
    if row.verdict is not None or len(thumbs) != 1:
        return []
    up = thumbs == {Rating.UP.value}
    return [Example(row.text, up, "ratings", row.id, _UP if up else _DOWN)]


def usable(examples: Iterable[Example]) -> list[Example]:
    """Examples with words, each text once (the first counts), at most ``MOST`` of a kind."""
    seen: set[str] = set()
    counts = {True: 0, False: 0}
    found = []
    for example in examples:
        text = without_markers(example.text).strip()[:LONGEST]
        key = " ".join(TOKEN.findall(text.casefold()))
        if not key or key in seen or counts[example.on_voice] >= MOST:
            continue
        seen.add(key)
        counts[example.on_voice] += 1
        found.append(Example(text, example.on_voice, example.origin, example.group, example.weight))
    return found


def check_enough(examples: Sequence[Example]) -> None:
    """Raises TrainingError that says how many of which kind are missing."""
    on = sum(example.on_voice for example in examples)
    off = len(examples) - on
    missing = [
        f"{LEAST - count} more {words}"
        for count, words in ((on, "in the voice"), (off, "off the voice"))
        if count < LEAST
    ]
    if missing:
        raise TrainingError(
            reason=f"it needs {' and '.join(missing)} ({on} and {off} texts found); add samples "
            "with on_voice and off_voice to persona.yaml, or give a file with --examples"
        )


async def learn(
    examples: Sequence[Example],
    embedder: Embedder | None,
    progress: Callable[[int, int], None] | None = None,
) -> StyleModel:
    """Train a classifier; the embedder is asked in slices, and ``progress`` hears of them.

    Raises TrainingError for too few examples. The fit runs in a thread of its own.
    """
    check_enough(examples)
    if embedder is None:
        return await asyncio.to_thread(train, examples)
    vectors = []
    for start in range(0, len(examples), _SLICE):
        part = examples[start : start + _SLICE]
        vectors.append(await embedder.embed([example.text[:READ] for example in part]))
        if progress:
            progress(start + len(part), len(examples))
    joined = np.concatenate(vectors)
    return await asyncio.to_thread(train, examples, joined, embedder=embedder.model)
