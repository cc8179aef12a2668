"""``feedback review``: what waits for an operator's verdict, and the verdicts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from adapters.cli.console import (
    AsJson,
    counted,
    named_groups,
    print_json,
    remark,
    run,
    settings,
    table,
)
from bot.conversation import Author, Platform
from bot.errors import UsageError

if TYPE_CHECKING:
    from adapters.teaching.reviewing import Judged, Proposal, Queue
    from bot.store.rewrites import Draft, Verdict

OPERATOR = Author(Platform.TERMINAL, "operator").key
EXAMPLE = "Example: wellspoken feedback review --approve t0b6m3p5k2r8x1f4c"

_OPTIONS = ("--approve", "--reject", "--gap", "--undo", "--group")
_Turns = Annotated[
    list[str] | None, typer.Option(metavar="TURN...", help="Turns whose corrections are right.")
]
_Rejected = Annotated[
    list[str] | None, typer.Option(metavar="TURN...", help="Turns whose corrections are not.")
]
_Gaps = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TURN...", help="Turns whose answers were wanting, for want of knowledge."
    ),
]
_Undone = Annotated[
    list[str] | None, typer.Option(metavar="TURN...", help="Turns whose verdicts are taken back.")
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
    gap: _Gaps = None,
    undo: _Undone = None,
    text: Annotated[
        str, typer.Option(help="With one --approve: the answer as it should have been.")
    ] = "",
    prompt: Annotated[
        str,
        typer.Option(help="With one --approve: the question in neutral words, for training."),
    ] = "",
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
    Answers with a thumb up may be approved as they are: the voice learns from what is approved.
    An answer that a person gave becomes a document at once, for those who could read it where it
    was given, unless --group or --public says who. A verdict holds for everything of its turn that
    waits.
    """
    from bot.store.rewrites import Draft, Verdict

    words = {Verdict.APPROVED: approve, Verdict.REJECTED: reject, Verdict.GAP: gap}
    verdicts = [(turn, verdict) for verdict, turns in words.items()
                for turn in dict.fromkeys(turns or ())]  # fmt: skip
    named = [turn for turn, _ in verdicts] + list(dict.fromkeys(undo or ()))
    if twice := next((turn for turn in named if named.count(turn) > 1), ""):
        raise UsageError(f"Say one thing of {twice}: approve, reject, gap or undo.")
    groups = _readers(group, public)
    if groups is not None and not approve:
        raise UsageError("--group and --public belong to --approve TURN.")
    if (text or prompt) and len(set(approve or ())) != 1:
        raise UsageError("--text and --prompt belong to one --approve TURN.")
    draft = Draft(text, prompt).checked()
    if not named:
        run(_list(as_json))
    else:
        run(_judge(verdicts, list(undo or ()), groups, draft, as_json))


def _readers(group: list[str] | None, public: bool) -> frozenset[str] | None:
    """Who may read an answer, as far as it was said."""
    if group and public:
        raise UsageError("Say --group or --public, not both.")
    if public:
        return frozenset()
    return named_groups(group) if group else None


async def _list(as_json: bool) -> None:
    from adapters.assembly import assemble
    from adapters.teaching.reviewing import review_of

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
        _tell_liked(queue)
        return
    table(("turn", "what", "author", "question", "reason", "a better answer"), rows)
    _tell_liked(queue)


def _tell_liked(queue: Queue) -> None:
    """Thumbs up are not in the way of what was found wanting; they are listed with --json."""
    if queue.liked:
        told = counted(len(queue.liked), "answer")
        remark(f"{told} with thumbs up may be approved as they are; the console's Review has them.")


def _said(proposal: Proposal) -> str:
    """Who would read the document."""
    if proposal.readers is None:
        return "proposed; say who may read it"
    return f"proposed for {', '.join(sorted(proposal.readers)) or 'everybody'}"


def queue_json(queue: Queue) -> list[dict[str, Any]]:
    """The queue for scripts: ``kind`` is ``correction``, ``liked`` or ``answer``."""
    from adapters.listing import rating_json

    found = [{"kind": "correction", **rating_json(r)} for r in queue.corrections]
    found += [{"kind": "liked", **rating_json(r)} for r in queue.liked]
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
    verdicts: list[tuple[str, Verdict]],
    undone: list[str],
    groups: frozenset[str] | None,
    draft: Draft,
    as_json: bool,
) -> None:
    from adapters.assembly import assemble
    from adapters.teaching.reviewing import review_of

    async with assemble(settings(), warm=False) as app:
        desk = review_of(app)
        for turn, verdict in verdicts:  # all can be judged, or none is
            await desk.check(turn, verdict, groups)
        done = [
            (verdict, await desk.judge(turn, verdict, OPERATOR, groups=groups, draft=draft))
            for turn, verdict in verdicts
        ]
        for turn in dict.fromkeys(undone):
            await desk.take_back(turn, OPERATOR)
        if any(judged.document for _, judged in done):
            await app.ingestor.embed_waiting()
    if as_json:
        taken = [{"turn": turn, "verdict": "undone"} for turn in dict.fromkeys(undone)]
        print_json([_judged_json(verdict, judged) for verdict, judged in done] + taken)
        return
    for verdict, judged in done:
        sys.stdout.write(_told(verdict, judged) + "\n")
    for turn in dict.fromkeys(undone):
        sys.stdout.write(f"{turn} waits again\n")


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
