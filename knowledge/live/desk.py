"""The desk for live facts: decides, fetches side by side, and tells in sentences what it got."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.conversation import Message, Principal
from bot.errors import ConfigurationError, LiveFactError
from bot.evidence import Chunk, Passage
from bot.ports import (
    LIVE,
    Clock,
    Contradiction,
    LiveFinding,
    LiveFindings,
    LivePlan,
    LiveWant,
)
from bot.telemetry import log
from knowledge.live.address import address_template
from knowledge.live.cache import FactCache, Kept
from knowledge.live.contradicting import contradictions, disagrees
from knowledge.live.deciding import Offer, plan
from knowledge.live.fetching import Fetch, HttpFetch
from knowledge.live.querying import query_fetch
from knowledge.live.reading import rows, told
from knowledge.live.shapes import shape_of
from knowledge.live.statement import statement

SECONDS = 4.0
"""How long a fact may take; somebody waits for it."""

_LONGEST_TITLE = 120
_NAMED = frozenset({"price", "stock"})


@dataclass(frozen=True, slots=True, repr=False)
class LiveSource:
    """Where a fact comes from: ``url`` with ``{parameters}``, or ``database`` and ``sql`` with
    ``:parameters``. Not for printing: the addresses may hold keys."""

    name: str
    description: str
    parameters: dict[str, str]
    url: str | None = None
    database: str | None = None
    sql: str | None = None
    groups: frozenset[str] = frozenset()
    ttl: timedelta = timedelta(seconds=60)


class LiveDesk:
    """Implements :class:`bot.ports.LiveFacts` for the sources of the settings.

    Raises ConfigurationError for a source that cannot work, naming it: an address or a statement
    that is not of the kind that is allowed, parameters that do not fit.
    """

    def __init__(
        self, sources: Sequence[LiveSource], clock: Clock, *, seconds: float = SECONDS
    ) -> None:
        self._clock = clock
        self._sources = {s.name: s for s in sources}
        if len(self._sources) < len(sources):
            names = [s.name for s in sources]
            twice = next(n for n in names if names.count(n) > 1)
            raise _wrong(twice, "another live source has that name; give each its own")
        self._offers = tuple(offer_of(s) for s in sources)
        self._fetches = {s.name: _fetch_of(s, seconds) for s in sources}
        self._cache = FactCache(clock)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._sources)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._cache.close()
        for fetch in self._fetches.values():
            await fetch.close()

    def plan(
        self, question: str, query: str, history: Sequence[Message], principal: Principal
    ) -> LivePlan:
        """See :func:`knowledge.live.deciding.plan`."""
        return plan(self._offers, question, query, history, principal)

    async def look_up(self, plan: LivePlan) -> LiveFindings:
        """Fetch what a plan wants, side by side. Its wants were checked against the asker's groups
        when it was made."""
        told = await asyncio.gather(*(self._one(n, w) for n, w in enumerate(plan.wants)))
        missing = [t for t in told if isinstance(t, _Missing)]
        left = plan.left
        sentences = [m.sentence for m in missing]
        if left:
            sentences.append(
                f"That is {len(plan.wants)} of {len(plan.wants) + left}; ask again for the others."
            )
        return LiveFindings(
            found=tuple(t for t in told if isinstance(t, LiveFinding)),
            missing=tuple(dict.fromkeys(sentences)),
            errors=tuple(dict.fromkeys(m.error for m in missing if m.error)),
        )

    def contradictions(
        self, found: Sequence[LiveFinding], passages: Sequence[Passage]
    ) -> tuple[Contradiction, ...]:
        """See :mod:`knowledge.live.contradicting`."""
        return contradictions(found, passages)

    def disagrees(self, found: Sequence[LiveFinding], sentence: str) -> bool:
        """See :mod:`knowledge.live.contradicting`."""
        return any(disagrees(finding, sentence) for finding in found)

    async def probe(self, name: str) -> str:
        """Ask a source with the examples of its parameters, for the doctor: what came of it.

        Raises LiveFactError.
        """
        source = self._sources[name]
        examples = {p: shape_of(d).examples for p, d in source.parameters.items()}
        if not all(examples.values()):
            return "set up; its parameters give no example to try it with"
        values = {p: found[0] for p, found in examples.items()}
        data = await self._fetches[name].fetch(values)
        found = [] if data is None else rows(data, list(values.values()))
        if not found:
            return "answers; it has nothing for the example"
        labels = ", ".join(f.label for f in found[0] if f.label)
        return f"answers ({labels})" if labels else "answers"

    async def _one(self, number: int, want: LiveWant) -> LiveFinding | _Missing:
        source = self._sources[want.source]
        begun = time.perf_counter()
        try:
            kept = await self._cache.get(
                (source.name, want.values),
                source.ttl,
                lambda: self._fetches[source.name].fetch(dict(want.values)),
            )
        except LiveFactError as error:
            log.warning("live fact not fetched", source=source.name, error=str(error))
            return _failed(source, want, error)
        log.info(
            "live fact",
            source=source.name,
            found=kept.data is not None,
            ms=round((time.perf_counter() - begun) * 1000, 1),
        )
        return _finding(source, want, kept, number)


def offer_of(source: LiveSource) -> Offer:
    """A source as the decision sees it: without its address."""
    return Offer(source.name, source.description, tuple(source.parameters.items()), source.groups)


def _fetch_of(source: LiveSource, seconds: float) -> Fetch:
    if source.url is None and (source.database is None or source.sql is None):
        raise _wrong(source.name, "it needs a url, or a database with sql.")
    try:
        if source.url is not None:
            address = address_template(source.url)
            holes, place = address.holes, "url"
            fetch: Fetch = HttpFetch(source.name, address, seconds=seconds)
        else:
            select = statement(source.sql or "")
            holes, place = select.holes, "sql"
            fetch = query_fetch(source.name, source.database or "", select, seconds=seconds)
    except ValueError as error:
        raise _wrong(source.name, f"{error}.") from error
    unknown = sorted(set(holes) - set(source.parameters))
    unused = sorted(set(source.parameters) - set(holes))
    if unknown:
        raise _wrong(
            source.name, f'its {place} uses "{unknown[0]}", which parameters does not describe.'
        )
    if unused:
        raise _wrong(source.name, f'its parameter "{unused[0]}" is not used in its {place}.')
    return fetch


def _wrong(name: str, problem: str) -> ConfigurationError:
    return ConfigurationError(where=f'live source "{name}"', problem=problem)


# -- in words -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Missing:
    """What could not be told, in a sentence for the asker; ``error``: for the log and the turn."""

    sentence: str
    error: str = ""


def _failed(source: LiveSource, want: LiveWant, error: LiveFactError) -> _Missing:
    of = f" of {_subject(source, want)}" if want.values else ""
    reason = error.data.get("reason", "its system does not answer")
    sentence = f"I could not look up the current {_asked(source, want)}{of} just now: {reason}."
    return _Missing(sentence, str(error))


def _finding(source: LiveSource, want: LiveWant, kept: Kept, number: int) -> LiveFinding | _Missing:
    values = [value for _, value in want.values]
    found = [] if kept.data is None else rows(kept.data, values)
    subject = _subject(source, want)
    if not found:
        return _Missing(_nothing(source, want))
    stamp = stamp_of(kept.at)
    text = told(found, subject, stamp, want.topics, want.said)
    title = " ".join(source.description.split())[:_LONGEST_TITLE]
    chunk = Chunk(
        id=f"{LIVE}:{source.name}#{number}",
        document=source.name,
        source=LIVE,
        revision="",
        ordinal=number,
        title=title,
        headings=(),
        text=text.text,
        start=0,
        end=len(text.text),
        uri="",  # the address is the operator's own, and no page for people
        groups=source.groups,
    )
    passage = Passage(chunk, score=1.0, lexical=1.0)
    return LiveFinding(passage, text.spans, stamp, tuple(values), text.figures)


def _nothing(source: LiveSource, want: LiveWant) -> str:
    asked = _asked(source, want)
    if not want.values:
        return f"I found no current {asked} just now."
    described = next(iter(source.parameters.values()))
    what = described.split(",")[0].split(" like ")[0].strip()
    subject = _subject(source, want)
    if asked == _named(source):
        return f"I found nothing for {subject}: please check {what}."
    return f"I found no current {asked} of {subject}: please check {what}."


def _asked(source: LiveSource, want: LiveWant) -> str:
    """What was asked for: "price and stock", else the source's name."""
    if want.topics and want.topics <= _NAMED:
        return " and ".join(sorted(want.topics))
    return _named(source)


def _named(source: LiveSource) -> str:
    return source.name.replace("_", " ").replace("-", " ")


def _subject(source: LiveSource, want: LiveWant) -> str:
    """ "AX-100"; a bare number with what it numbers: "order 10482"."""
    said = []
    for name, value in want.values:
        thing = offer_of(source).thing(name) if value.isdigit() else ""
        said.append(f"{thing} {value}".strip())
    return ", ".join(said)


def stamp_of(at: datetime) -> str:
    """The time in words, always in UTC: a chat has readers in many places."""
    return f"{at.astimezone(UTC):%H:%M} UTC"
