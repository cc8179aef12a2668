"""Which examples make the set: no near duplicates, nothing too often, and a split by thread. Pure.

Everything hangs on the examples alone: the same ones give the same set, in the same order.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from persona.curation.choosing import Dropped, Format
from persona.curation.duplicates import Print, near_duplicates
from persona.curation.showing import seed_of

VALIDATION = 0.1
"""Share of the examples, at most, that is kept for validation."""

LABELS = 4
"""In KTO, so many of one label to one of the other at most; TRL advises to keep the weighted
ratio between 1:1 and 4:3, which its two weights do for any ratio up to here."""

_TOPIC_SHARE, _TOPIC_LEAST = 0.05, 25
_TALK_SHARE, _TALK_LEAST = 0.2, 10


@dataclass(frozen=True, slots=True)
class Kept:
    """An example on disk: its place in the spool, and what the choice hangs on.

    ``threads`` are all that it comes of; ``rank`` is 0 for what a person wrote or approved.
    ``instead`` is what it is preferred to where that is another turn's answer, ``other`` that turn
    and who asked there. ``turned``: most others gave the same answer the other label.
    """

    offset: int
    length: int
    turn: str
    threads: tuple[str, ...]
    asker: str
    author: str
    kind: str
    topic: str
    label: bool
    rank: int
    prompt_tokens: int
    completion_tokens: int
    print: Print
    instead: str = ""
    other: tuple[str, str] = ("", "")
    turned: bool = False
    prompted: str = "made"


@dataclass(frozen=True, slots=True)
class Selection:
    """The examples of both files, in their order, and how many were left out for what."""

    train: tuple[Kept, ...]
    validation: tuple[Kept, ...]
    dropped: Counter[Dropped]


def select(found: Sequence[Kept], wanted: Format) -> Selection:
    """The set that is made of the examples."""
    dropped: Counter[Dropped] = Counter()
    ranked = sorted(found, key=lambda kept: kept.rank)  # stable: the newest first among equals
    near = _near(ranked, wanted)
    left = [kept for n, kept in enumerate(ranked) if n not in near]
    dropped[Dropped.NEAR_DUPLICATE] = len(near)
    balanced = _balanced(left)
    if wanted is Format.KTO:
        balanced = _even(balanced)
    dropped[Dropped.BALANCE] = len(left) - len(balanced)
    train, validation = split(balanced)
    return Selection(_mixed(train), _mixed(validation), +dropped)


def _near(ranked: Sequence[Kept], wanted: Format) -> set[int]:
    """Near duplicates; in KTO among those of one label, since a pair of both says the most."""
    if wanted is not Format.KTO:
        return near_duplicates([kept.print for kept in ranked])
    gone: set[int] = set()
    for label in (True, False):
        places = [n for n, kept in enumerate(ranked) if kept.label is label]
        found = near_duplicates([ranked[n].print for n in places])
        gone.update(places[n] for n in found)
    return gone


def _balanced(ranked: Sequence[Kept]) -> list[Kept]:
    """At most a twentieth about one document, and a fifth of talk; small sets keep more."""
    topics = max(_TOPIC_LEAST, math.ceil(_TOPIC_SHARE * len(ranked)))
    grounded = sum(not kept.topic.startswith("talk:") for kept in ranked)
    talk = max(_TALK_LEAST, math.ceil(_TALK_SHARE / (1 - _TALK_SHARE) * grounded))
    seen: Counter[tuple[str, bool]] = Counter()
    chatted = 0
    kept: list[Kept] = []
    for each in ranked:
        is_talk = each.topic.startswith("talk:")
        key = each.topic, each.label
        if seen[key] >= topics or (is_talk and chatted >= talk):
            continue
        seen[key] += 1
        chatted += is_talk
        kept.append(each)
    return kept


def _even(ranked: Sequence[Kept]) -> list[Kept]:
    """Not more than ``LABELS`` of one label to one of the other, the first of the more frequent."""
    counts = Counter(kept.label for kept in ranked)
    most = LABELS * min(counts[True], counts[False])
    seen: Counter[bool] = Counter()
    kept = []
    for each in ranked:
        seen[each.label] += 1
        if seen[each.label] <= most:
            kept.append(each)
    return kept


def split(found: Sequence[Kept]) -> tuple[list[Kept], list[Kept]]:
    """Training and validation; what comes of one thread, or of threads that share an example, is
    in one of them. Validation is empty where all is of one thread."""
    groups = _groups(found)
    ordered = sorted(groups, key=lambda name: (seed_of(name, "split"), name))
    room = VALIDATION * len(found)
    chosen: set[str] = set()
    taken = 0
    for name in ordered:
        if taken + len(groups[name]) <= room:
            chosen.add(name)
            taken += len(groups[name])
    if not chosen and len(ordered) > 1:
        chosen.add(min(ordered, key=lambda name: (len(groups[name]), seed_of(name), name)))
    train = [each for name in ordered if name not in chosen for each in groups[name]]
    return train, [each for name in ordered if name in chosen for each in groups[name]]


def _groups(found: Iterable[Kept]) -> dict[str, list[Kept]]:
    """Examples by the first of the threads that they are tied to."""
    parent: dict[str, str] = {}

    def root(thread: str) -> str:
        while (above := parent.setdefault(thread, thread)) != thread:
            parent[thread] = parent[above]
            thread = parent[thread]
        return thread

    kept = list(found)
    for each in kept:
        roots = sorted(root(thread) for thread in each.threads)
        for other in roots[1:]:
            parent[root(other)] = root(roots[0])
    groups: defaultdict[str, list[Kept]] = defaultdict(list)
    for each in kept:
        groups[root(each.threads[0])].append(each)
    return dict(groups)


def _mixed(found: Sequence[Kept]) -> tuple[Kept, ...]:
    """In an order that has nothing to do with time or topic."""
    return tuple(sorted(found, key=lambda k: (seed_of(k.turn, "order"), k.turn, k.kind)))
