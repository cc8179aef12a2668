"""What needs a look: gaps, drops, sources that are down, rounds that wait, jobs that failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.errors import WellspokenError
from bot.store.processes import differences
from bot.telemetry import log
from bot.work.jobs import Status
from knowledge.standing import State
from persona.versions import CANDIDATE

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_LATELY = timedelta(days=7)
"""How long a job that failed is named here."""
_MOST = 3
"""Lines of one kind; the room has all."""


@dataclass(frozen=True, slots=True)
class Look:
    """Something that waits for an operator: a ``title``, what it is about in a sentence, and the
    page where it is mended, as ``address`` and in ``words``. ``bad``: something does not work."""

    title: str
    sentence: str
    address: str
    words: str
    bad: bool = False


async def looks_of(console: Console, failed: int, since: str, me: str) -> list[Look]:
    """Everything that waits, what does not work first; ``failed`` questions failed ``since`` a
    day, ``me`` is the key of who looks."""

    async def _gaps(console: Console) -> Sequence[Look]:
        return await _open_gaps(console, me)

    found = [
        look
        for room in (_documents, _sources, _jobs, _processes, _drops)
        for look in await _told(room, console)
    ]
    found += _failed(failed, since)
    found += [look for room in (_rounds, _review, _gaps) for look in await _told(room, console)]
    return sorted(found, key=lambda look: not look.bad)


async def _told(
    look: Callable[[Console], Awaitable[Sequence[Look]]], console: Console
) -> Sequence[Look]:
    """What one room says; that it cannot be asked is a thing to look at, too."""
    try:
        return await look(console)
    except WellspokenError as error:
        log.warning("what needs a look is not known", room=look.__name__.strip("_"))
        room = _ROOMS[look.__name__]
        return [Look(f"{room[0]} cannot be read", str(error), room[1], room[0], bad=True)]


_ROOMS = {
    "_documents": ("Knowledge", "/console/knowledge"),
    "_sources": ("Knowledge", "/console/knowledge"),
    "_jobs": ("Jobs", "/console/jobs"),
    "_processes": ("Processes", "/console/processes"),
    "_drops": ("Watch", "/console/watch"),
    "_rounds": ("Models", "/console/models"),
    "_review": ("Review", "/console/review"),
    "_gaps": ("Gaps", "/console/gaps"),
}


async def _documents(console: Console) -> Sequence[Look]:
    if (await console.application.store.stats()).documents:
        return []
    sentence = "The bot has nothing to answer from. Upload documents, or read a source in."
    return [Look("No document has been read in", sentence, "/console/knowledge", "Knowledge")]


async def _sources(console: Console) -> Sequence[Look]:
    down = [s for s in await console.application.sources.standings() if s.state is State.DOWN]
    told = [
        Look(
            f"{s.name} could not be read",
            f"{s.reason.rstrip('.')}. What it held keeps answering.",
            "/console/knowledge",
            "Sources",
            bad=True,
        )
        for s in down[:_MOST]
    ]
    return [*told, *_more(len(down), "sources could not be read", "_sources")]


async def _jobs(console: Console) -> Sequence[Look]:
    since = datetime.now(UTC) - _LATELY
    lines = await console.application.jobs.listing(status=Status.FAILED.value, limit=20)
    lately = [
        line
        for line in lines
        if (line.finished_at or line.created_at) >= since and line.kind != "sync"  # its source is
    ]
    told = [
        Look(
            f"{line.kind_words} failed",
            " ".join(filter(None, (line.title and f"{line.title.rstrip('.')}.", line.error))),
            f"/console/jobs/{line.id}",
            "The job",
            bad=True,
        )
        for line in lately[:_MOST]
    ]
    return [*told, *_more(len(lately), "jobs failed", "_jobs")]


async def _processes(console: Console) -> Sequence[Look]:
    told = differences(await console.application.processes.listing())
    if not told:
        return []
    sentence = " ".join(told)
    return [Look("Processes differ", sentence, "/console/processes", "Processes", bad=True)]


async def _drops(console: Console) -> Sequence[Look]:
    drops = await console.application.watch.unseen()
    told = [
        Look("Got worse", f"{d.why.rstrip('.')}.", "/console/watch", "Watch", bad=True)
        for d in drops[:_MOST]
    ]
    return [*told, *_more(len(drops), "figures got worse", "_drops")]


def _failed(failed: int, since: str) -> Sequence[Look]:
    if not failed:
        return []
    title = "One question failed" if failed == 1 else f"{failed:,} questions failed"
    sentence = "The story of each says at which stage, and why."
    address = f"/console/conversations?ended=failed&from={since}"
    return [Look(title, sentence, address, "Conversations", bad=True)]


async def _rounds(console: Console) -> Sequence[Look]:
    versions = [version for version, _ in await console.application.models.listing()]
    waiting = [version for version in versions if version.state == CANDIDATE]
    told = [
        Look(
            f"{version.version} waits for its gate",
            "It speaks to nobody before it was held to the suites.",
            f"/console/models/{version.version}",
            "The version",
        )
        for version in waiting[:_MOST]
    ]
    return [*told, *_more(len(waiting), "versions wait for their gate", "_rounds")]


async def _review(console: Console) -> Sequence[Look]:
    waiting = await console.application.review.waiting()
    if not waiting:
        return []
    title = "One answer waits for a verdict" if waiting == 1 else f"{waiting:,} wait for a verdict"
    return [
        Look(
            title, "Readers were not happy, or wrote a better answer.", "/console/review", "Review"
        )
    ]


async def _open_gaps(console: Console, me: str) -> Sequence[Look]:
    number = await console.application.today.open_gaps()
    if not number:
        return []
    mine = await console.application.gaps.owners.open_of(me)
    title = "One gap is open" if number == 1 else f"{number:,} gaps are open"
    sentence = "An answer that you write or approve there becomes a document."
    if not mine:
        return [Look(title, sentence, "/console/gaps", "Gaps")]
    if number == 1:
        sentence = f"It is yours. {sentence}"
    else:
        sentence = f"{'One is' if mine == 1 else f'{mine:,} are'} yours. {sentence}"
    return [Look(title, sentence, "/console/gaps?owner=me", "Your gaps")]


def _more(number: int, what: str, room: str) -> Sequence[Look]:
    if number <= _MOST:
        return []
    words, address = _ROOMS[room]
    return [Look(f"{number:,} {what}", "These are the first ones.", address, words, bad=True)]
