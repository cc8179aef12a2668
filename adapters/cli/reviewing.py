"""``feedback review``: what waits for an operator's verdict, and the verdicts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from adapters.cli.console import AsJson, counted, named_groups, print_json, run, settings, table
from bot.conversation import Author, Platform
from bot.errors import UsageError

if TYPE_CHECKING:
    from adapters.reviewing import Judged, Proposal, Queue, Review
    from bot.store.reviews import Verdict

OPERATOR = Author(Platform.TERMINAL, "operator").key
EXAMPLE = "Example: wellspoken feedback review --approve t0b6m3p5k2r8x1f4c"

_OPTIONS = ("--approve", "--reject", "--group")
_Turns = Annotated[
    list[str] | None, typer.Option(metavar="TURN...", help="Turns whose corrections are right.")
]
_Rejected = Annotated[
    list[str] | None, typer.Option(metavar="TURN...", help="Turns whose corrections are not.")
]


class SeveralTurns(TyperCommand):
    """Takes several turns after one option: ``--approve T1 T2 --reject T3``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Each further word belongs to the option before it."""
        spread: list[str] = []
        option, taken = "", False
        for word in args:
            if word in _OPTIONS:
                option, taken = word, False
            elif word.startswith("-"):
                option = ""
            elif option and taken:
                spread.append(option)
            else:
                taken = True
            spread.append(word)
        return super().parse_args(ctx, spread)


def review(
    approve: _Turns = None,
    reject: _Rejected = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="G", help="Only this group reads what is approved; repeat it."),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Everybody reads what is approved.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what waits for review, or judge it.

    Thumbs down, better answers from readers, and people's answers that were proposed as knowledge.
    An approved answer becomes a document at once, for those who could read it where it was given,
    unless --group or --public says who. A verdict holds for everything of its turn that waits.
    """
    from bot.store.reviews import Verdict

    approved, rejected = list(approve or ()), list(reject or ())
    if both := sorted(set(approved) & set(rejected)):
        raise UsageError(f"{both[0]} cannot be approved and rejected at once.")
    groups = _readers(group, public)
    if groups is not None and not approved:
        raise UsageError("--group and --public belong to --approve TURN.")
    verdicts = [(turn, Verdict.APPROVED) for turn in dict.fromkeys(approved)]
    verdicts += [(turn, Verdict.REJECTED) for turn in dict.fromkeys(rejected)]
    run(_judge(verdicts, groups, as_json) if verdicts else _list(as_json))


def _readers(group: list[str] | None, public: bool) -> frozenset[str] | None:
    """Who may read an answer, as far as it was said."""
    if group and public:
        raise UsageError("Say --group or --public, not both.")
    if public:
        return frozenset()
    return named_groups(group) if group else None


async def _list(as_json: bool) -> None:
    from adapters.assembly import assemble
    from adapters.reviewing import review_of

    async with assemble(settings(), warm=False) as app:
        queue = await review_of(app).queue()
    if as_json:
        print_json(queue_json(queue))
        return
    rows = [
        (r.turn, f"thumb {r.rating}", r.author, r.question, r.reason, r.correction)
        for r in queue.corrections
    ]
    rows += [
        (p.handoff.turn, "answer", p.handoff.answered_by, p.handoff.question, _said(p),
         p.handoff.answer)
        for p in queue.proposals
    ]  # fmt: skip
    if not rows:
        sys.stdout.write("nothing waits for review\n")
        return
    table(("turn", "what", "author", "question", "reason", "a better answer"), rows)


def _said(proposal: Proposal) -> str:
    """Who would read the document."""
    if proposal.readers is None:
        return "proposed; say who may read it"
    return f"proposed for {', '.join(sorted(proposal.readers)) or 'everybody'}"


def queue_json(queue: Queue) -> list[dict[str, Any]]:
    """The queue for scripts: ``kind`` is ``correction`` or ``answer``."""
    from adapters.listing import rating_json

    found = [{"kind": "correction", **rating_json(r)} for r in queue.corrections]
    for proposal in queue.proposals:
        handoff = proposal.handoff
        readers = proposal.readers
        found.append(
            {
                "kind": "answer",
                "turn": handoff.turn,
                "platform": handoff.platform,
                "author": handoff.answered_by,
                "question": handoff.question,
                "answer": handoff.answer,
                "document": handoff.id,
                "groups": None if readers is None else sorted(readers),
                "created_at": handoff.created_at.isoformat(),
            }
        )
    return found


async def _judge(
    verdicts: list[tuple[str, Verdict]], groups: frozenset[str] | None, as_json: bool
) -> None:
    from adapters.assembly import assemble
    from adapters.reviewing import review_of

    async with assemble(settings(), warm=False) as app:
        desk = review_of(app)
        for turn, verdict in verdicts:  # all can be judged, or none is
            await desk.check(turn, verdict, groups)
        done = [await _one(desk, turn, verdict, groups) for turn, verdict in verdicts]
        if any(judged.document for _, judged in done):
            await app.ingestor.embed_waiting()
    if as_json:
        print_json([_judged_json(verdict, judged) for verdict, judged in done])
        return
    for verdict, judged in done:
        sys.stdout.write(_told(verdict, judged) + "\n")


async def _one(
    desk: Review, turn: str, verdict: Verdict, groups: frozenset[str] | None
) -> tuple[Verdict, Judged]:
    return verdict, await desk.judge(turn, verdict, OPERATOR, groups=groups)


def _judged_json(verdict: Verdict, judged: Judged) -> dict[str, Any]:
    return {
        "turn": judged.turn,
        "verdict": verdict.value,
        "corrections": judged.corrections,
        "document": judged.document or None,
        "groups": sorted(judged.groups) if judged.document else None,
    }


def _told(verdict: Verdict, judged: Judged) -> str:
    told = f"{judged.turn} {verdict.value}"
    if judged.corrections:
        told += f", {counted(judged.corrections, 'rating')}"
    if judged.document:
        readers = ", ".join(sorted(judged.groups)) or "everybody"
        told += f"; the answer is document {judged.document} now, for {readers}"
    return told
