"""An answer being spoken: each sentence goes through the check before anybody sees it.

What passes is shown as it comes. From the first sentence that does not pass, the rest is held back
until the voice was asked once more for sentences that its sources carry; what then still does not
pass is left out, with what does not stand without it (:mod:`bot.standing`), and nothing that was
shown is ever taken back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from bot.abstaining import asks_back
from bot.attaching import from_file
from bot.citing import CitationBook, cited_indexes, without_markers
from bot.conversation import Usage
from bot.errors import ModelError
from bot.evidence import Claim, Rejected
from bot.guardrails import clean
from bot.leaks import LEAKED, LeakError
from bot.linking import NO_SITES, Sites, only_known_links
from bot.ports import Brief, GroundingCheck, Verdict, Voice
from bot.repairing import replacements
from bot.reply import Reply
from bot.sentences import Piece, Sentence, SentenceStream, Unit, closed, split
from bot.standing import Fate, Standing, leads
from bot.telemetry import log

_MOST_REPAIRED = 8
"""Sentences that are asked for again at once; an answer with more wrong ones is not worth it."""

_MOVED = "the citation pointed at a passage that does not say so; it was moved to the one that does"

_MARKERS_BEFORE = re.compile(r"(?:\[\d{1,3}\]\s*)+")
_BEGINNING = re.compile(r"\s*(?:(?:[-*+•]|\d{1,3}[.)])[ \t]+|#{1,6}[ \t]+|>[ \t]?)*")


@dataclass(slots=True)
class _Slot:
    """A sentence on its way: its text with the white space before it, and the verdict on it."""

    text: str
    unit: Unit
    verdict: Verdict

    @property
    def body(self) -> str:
        return self.text.strip()


class Speaker:
    """Takes the sentences for one brief through a check into a reply."""

    def __init__(
        self, brief: Brief, check: GroundingCheck, reply: Reply, sites: Sites = NO_SITES
    ) -> None:
        self.brief = brief
        self._check = check
        self._reply = reply
        self._sites = sites
        self._waiting: list[_Slot] = []  # may still be repaired
        self._standing = Standing[_Slot]()
        self._ready: list[_Slot] = []  # an opening without an answer so far
        self._repairs = False
        self._opened = False

    def begin(self, voice: Voice) -> None:
        """A voice is about to speak: nothing that another one said counts."""
        self._reply.book = CitationBook(self.brief.passages)
        self._reply.claims.clear()
        self._reply.model = voice.model

    async def speak(
        self, voice: Voice, brief: Brief | None = None, *, lead: str = "", repair: bool = False
    ) -> None:
        """Stream one voice through the check, after white space ``lead``.

        With ``repair`` the voice is asked once more for what did not pass. Where nothing that it
        said has a source and something was kept back, nothing is shown. Raises ModelError.
        """
        brief = brief or self.brief
        self._repairs, self._opened, self._standing = repair, False, Standing()
        stream = SentenceStream()
        stream.feed(lead)
        try:
            async with aclosing(voice.speak(brief)) as pieces:
                async for spoken in pieces:
                    self._reply.spend(spoken.usage or Usage())
                    for piece in stream.feed(spoken.text):
                        await self._take(piece)
            for piece in stream.finish():
                await self._take(piece)
            if any(not slot.verdict.supported for slot in self._waiting):
                await self._repair(voice, brief)
        except ModelError:
            await self._end(whole=False)
            raise
        await self._end()
        if self._reply.text:
            await self._reply.say(self._reply.book.finish())

    async def pass_on(self, piece: Piece, check: GroundingCheck | None = None) -> None:
        """Show a sentence that its sources carry, with the marker it deserves; keep back others."""
        slot = await self._judged(piece, check or self._check)
        if slot is not None and slot.verdict.supported:
            await self._show(slot)
        elif slot is not None:
            self._strike(slot)

    async def _take(self, piece: Piece) -> None:
        """One sentence of a stream: shown as soon as nothing before it waits."""
        slot = await self._judged(piece, self._check)
        if slot is not None:
            self._waiting.append(slot)
            await self._release()

    async def _judged(self, piece: Piece, check: GroundingCheck) -> _Slot | None:
        """A sentence with the verdict on it; ``None`` for white space and markers alone."""
        text = self._with_known_links(clean(piece.text))
        if piece.unit is Unit.CODE:
            text = closed(text)
        body = text.strip()
        if not without_markers(body).strip():
            return None
        cited = cited_indexes(body, len(self.brief.passages))
        verdict = await check.check(body, cited)
        if verdict.supported:
            # Of all that was found, only what carries the sentence may bring it an address.
            text = self._with_known_links(text, {verdict.passage, *cited})
            if cited and verdict.passage not in (None, *cited):
                verdict = replace(verdict, finding=_MOVED)
        return _Slot(text, piece.unit, verdict)

    async def _release(self) -> None:
        """Show what waits, unless something of it may still be repaired."""
        if not self._repairs or all(slot.verdict.supported for slot in self._waiting):
            self._weigh()
            await self._show_ready()

    def _weigh(self) -> None:
        """See of what waits which sentences stand."""
        waiting, self._waiting = self._waiting, []
        for slot in waiting:
            text, passed = without_markers(slot.body), slot.verdict.supported
            self._settle(self._standing.take(slot, text, slot.unit, passed=passed))

    def _settle(self, fates: Sequence[Fate[_Slot]]) -> None:
        """Sentences that stand are ready, the others are left out."""
        for fate in fates:
            if fate.shown:
                self._ready.append(fate.item)
                continue
            if fate.finding:
                fate.item.verdict = replace(fate.item.verdict, finding=fate.finding)
            self._strike(fate.item)

    async def _show_ready(self) -> None:
        """Show what is ready. The opening ("Good question!") waits for the first sentence with a
        source, so that it does not stand alone where nothing follows."""
        self._opened = self._opened or any(map(_has_source, self._ready))
        if self._opened:
            ready, self._ready = self._ready, []
            for slot in ready:
                await self._show(slot)

    async def _end(self, *, whole: bool = True) -> None:
        """Nothing more comes: show what passed, unless it is an opening without an answer.

        Of words without any source a question back is shown; that nothing is known, the persona
        says itself, with what is near.
        """
        self._weigh()
        self._settle(self._standing.end())
        await self._show_ready()
        alone = "".join(slot.text for slot in self._ready)
        if whole and not (self._reply.text or self._reply.rejected) and asks_back(alone):
            self._opened = True
            await self._show_ready()
        self._ready.clear()

    async def _repair(self, voice: Voice, brief: Brief) -> None:
        """Ask the voice once more for the sentences that did not pass, with what was found."""
        wrong = [slot for slot in self._waiting if not slot.verdict.supported][:_MOST_REPAIRED]
        self._repairs = False
        passed = (slot for slot in self._waiting if slot.verdict.supported)
        stands = "".join(slot.text for slot in (*self._ready, *passed))
        asked = replace(
            brief,
            rejected=tuple(_rejected(slot) for slot in wrong),
            shown=self._reply.text + stands,
        )
        said = ""
        try:
            async with aclosing(voice.speak(asked)) as pieces:
                async for spoken in pieces:
                    self._reply.spend(spoken.usage or Usage())
                    said += spoken.text
        except ModelError as error:
            log.warning("sentences could not be repaired", error=str(error))
            leaked = isinstance(error, LeakError)
            self._reply.notes.append(
                f"{LEAKED}: {voice.model}, asked again"
                if leaked
                else f"asking again failed: {error}"
            )
            return
        for slot, text in zip(wrong, replacements(said, len(wrong)), strict=True):
            piece = _in_place(slot, text)
            new = await self._judged(piece, self._check) if text and _fits(slot, piece) else None
            if new is None or self._stands(new, besides=slot):
                continue
            if new.verdict.supported and new.verdict.passage is not None:
                self._reply.rejected.append(
                    replace(_rejected(slot), became=without_markers(new.body))
                )
                slot.text, slot.verdict = new.text, new.verdict

    def _stands(self, new: _Slot, *, besides: _Slot) -> bool:
        """Whether the answer says a sentence already."""
        said = _bare(new)
        others = (slot for slot in self._waiting if slot is not besides and slot.verdict.supported)
        return said in without_markers(self._reply.text) or said in map(_bare, others)

    def _strike(self, slot: _Slot) -> None:
        """Keep a sentence back for good."""
        log.info("claim removed", score=round(slot.verdict.score, 3))
        self._reply.rejected.append(_rejected(slot))

    async def _show(self, slot: _Slot) -> None:
        reply = self._reply
        placed = reply.book.place(slot.text, slot.unit, slot.verdict)
        if not placed.strip():
            return
        if not reply.text:
            placed = placed.lstrip()
        start = len(reply.text) + len(placed) - len(placed.lstrip())
        await reply.say(placed)
        reply.claims.extend(
            Claim(
                start=start + unit.start,
                end=start + unit.end,
                text=unit.text,
                supported=True,
                score=slot.verdict.score,
                passage=slot.verdict.passage,
                finding=slot.verdict.finding,
            )
            for unit in _claimed(placed.lstrip())
        )

    def _with_known_links(self, text: str, carrying: Collection[int | None] | None = None) -> str:
        """A sentence without addresses that the passages (``carrying``: these of them) do not hold.
        A file that came along may bring any address; only those of documents become links."""
        chunks = [
            p.chunk
            for n, p in enumerate(self.brief.passages)
            if not from_file(p) and (carrying is None or n in carrying)
        ]
        allowed = [c.text for c in chunks] + [c.uri for c in chunks]
        return only_known_links(text, allowed, self._sites)


def _claimed(placed: str) -> Iterator[Sentence]:
    """The statements of a text as it was placed: markers at their beginning belong to what stands
    before, and the line under a table's head says nothing."""
    for unit in split(placed):
        marked = _MARKERS_BEFORE.match(unit.text)
        skipped = marked.end() if marked else 0
        if any(c.isalnum() for c in unit.text[skipped:]):
            yield replace(unit, start=unit.start + skipped, text=unit.text[skipped:])


def _rejected(slot: _Slot) -> Rejected:
    said = without_markers(slot.body)
    return Rejected(said, slot.verdict.finding, round(slot.verdict.score, 4))


def _has_source(slot: _Slot) -> bool:
    leading = leads(slot.unit, without_markers(slot.body))
    return slot.verdict.passage is not None and not leading


def _bare(slot: _Slot) -> str:
    """What a sentence says, without bullet and markers."""
    return without_markers(_BEGINNING.sub("", slot.text, count=1)).strip()


def _in_place(slot: _Slot, text: str) -> Piece:
    """A replacement with the white space, bullet or number that its sentence began with."""
    before = _BEGINNING.match(slot.text)
    after = text[len(found.group()) :] if (found := _BEGINNING.match(text)) else text
    return Piece((before.group() if before else "") + after, slot.unit)


def _fits(slot: _Slot, piece: Piece) -> bool:
    """Whether a replacement is of the kind of what it replaces, so that lists, tables and code
    around it stay what they are; words may stand for code."""
    kinds = {unit.unit for unit in split(piece.text)}
    if slot.unit is Unit.ROW:
        same = piece.text.count("|") == slot.text.count("|")
        return kinds == {Unit.ROW} and same and "\n" not in piece.text.strip()
    if slot.unit in (Unit.CODE, Unit.ITEM):
        return kinds in ({slot.unit}, {Unit.PROSE})
    return kinds == {slot.unit}
