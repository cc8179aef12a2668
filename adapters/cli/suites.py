"""``suite``: questions to evaluate with, proposed from documents and turns, and reviewed."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, counted, print_json, remark, run, settings, table
from adapters.cli.reviewing import OPERATOR
from bot.errors import UsageError

if TYPE_CHECKING:
    from adapters.suites import Done, SuiteDesk, Wish
    from bot.store.suites import SuiteCase

suite = typer.Typer(
    help="Questions to evaluate with: proposed, reviewed, exported.",
    epilog="Example: wellspoken suite propose support --count 40",
    no_args_is_help=True,
)
_Name = Annotated[str, typer.Argument(metavar="NAME", help="The suite, as `suite list` names it.")]
_Cases = Annotated[
    list[str] | None, typer.Argument(metavar="CASE…", help="Cases, as `suite show` names them.")
]
_All = Annotated[bool, typer.Option("--all", help="Every case that waits.")]


class Origins(StrEnum):
    """What ``--from`` takes."""

    DOCUMENTS = "documents"
    TURNS = "turns"
    BOTH = "both"


class States(StrEnum):
    """What ``--state`` takes."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    ALL = "all"


def register(app: typer.Typer) -> None:
    app.add_typer(suite, name="suite")


@asynccontextmanager
async def _desk() -> AsyncIterator[SuiteDesk]:
    """The suites, without a store or a model: most of what is asked needs none."""
    from adapters.home import open_database
    from adapters.suites import SuiteDesk
    from bot.store.audit import AuditTrail
    from bot.store.timing import utc_now
    from knowledge.ledger import Ledger

    config = settings()

    def none() -> Any:
        raise UsageError("Nothing can be searched here.")

    async with open_database(config) as database:
        yield SuiteDesk(
            settings=config, database=database, audit=AuditTrail(database),
            ledger=Ledger(database), retriever=none, clock=utc_now,
        )  # fmt: skip


@suite.command("propose", epilog="Example: wellspoken suite propose support --from both --count 60")
def propose_suite(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="The suite that they are for.")
    ] = "own",
    origin: Annotated[
        Origins, typer.Option("--from", help="What to make them of: documents, turns or both.")
    ] = Origins.DOCUMENTS,
    count: Annotated[
        int, typer.Option(min=1, max=5_000, metavar="N", help="How many new cases at most.")
    ] = 40,
    seed: Annotated[int, typer.Option(metavar="N", help="Another choice of cases.")] = 0,
    model: Annotated[
        bool, typer.Option("--model/--no-model", help="Have the model write questions, if set.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Propose questions with answers and gold documents; nothing counts until it is approved.

    Each is tried on the search first. What the suite has already stays as it is.
    """
    from adapters.suites import Wish

    wish = Wish(origin is not Origins.TURNS, origin is not Origins.DOCUMENTS, count, seed, model)
    done = run(_propose(name, wish))
    if as_json:
        print_json(
            {"suite": done.suite, "proposed": done.new, "known": done.known,
             "dropped": done.dropped, "model": done.model or None}
        )  # fmt: skip
        return
    _tell(done)


async def _propose(name: str, wish: Wish) -> Done:
    from adapters.assembly import assemble
    from adapters.cli.bars import bar
    from adapters.suites import desk_of

    async with assemble(settings(), warm=False) as app:
        with bar("cases") as shown:
            task = shown.add_task("proposing", total=wish.count)
            if shown.disable:
                remark("proposing cases …")
            return await desk_of(app).propose(
                name, wish, lambda done, total: shown.update(task, completed=done, total=total)
            )


def _tell(done: Done) -> None:
    sys.stdout.write(f"{counted(done.new, 'case')} proposed for {done.suite}\n")
    if done.known:
        sys.stdout.write(f"{done.known} it has already\n")
    if done.dropped:
        why = ", ".join(f"{number} × {reason}" for reason, number in done.dropped.items())
        remark(f"left out: {why}")
    if done.new:
        remark(
            "Review them in the console under Suites, or with "
            f"`wellspoken suite show {done.suite}`."
        )
    elif not done.known and not done.dropped:
        remark("Nothing could be made; add a case with `wellspoken suite add`.")


@suite.command("list", epilog="Example: wellspoken suite list")
def list_suites(as_json: AsJson = False) -> None:
    """List the suites with how many cases wait, count, and were rejected."""

    async def read() -> Any:
        async with _desk() as desk:
            return await desk.suites()

    lines = run(read())
    if as_json:
        print_json(
            [
                {"suite": x.name, "proposed": x.proposed, "approved": x.approved,
                 "rejected": x.rejected, "at": x.at.isoformat()}
                for x in lines
            ]
        )  # fmt: skip
        return
    if not lines:
        sys.stdout.write("no suites; propose one with `wellspoken suite propose`\n")
        return
    table(
        ("suite", "waiting", "approved", "rejected"),
        [(x.name, str(x.proposed), str(x.approved), str(x.rejected)) for x in lines],
    )


@suite.command("show", epilog="Example: wellspoken suite show support --state approved")
def show_suite(
    name: _Name,
    state: Annotated[States, typer.Option(help="Only these cases.")] = States.ALL,
    as_json: AsJson = False,
) -> None:
    """Show the cases of a suite with the words that answer them."""
    from bot.store.suites import CaseState

    wanted = None if state is States.ALL else CaseState(state.value)

    async def read() -> Any:
        async with _desk() as desk:
            await desk.counts(name)
            return await desk.cases(name, wanted)

    found = run(read())
    if as_json:
        print_json([case_json(each) for each in found])
        return
    for each in found:
        sys.stdout.write(told(each) + "\n")


def case_json(each: SuiteCase) -> dict[str, Any]:
    """A case as ``--json`` prints it: a line of the suite, with how it stands."""
    from adapters.suites import line_of

    return line_of(each.case) | {
        "answerable": each.case.answerable,
        "case": each.id,
        "suite": each.suite,
        "state": each.state.value,
        "origin": each.origin.value,
        "place": each.place or None,
        "quote": each.quote or None,
        "by": each.by or None,
    }


def told(each: SuiteCase) -> str:
    """A case for people."""
    case = each.case
    answers = " / ".join(case.answers) if case.answerable else "no answer"
    lines = [f"{case.id}  ({each.state.value})", f"  {case.question}", f"  → {answers}"]
    lines += [f"  = {other}" for other in case.paraphrases]
    if case.gold:
        groups = f", for {', '.join(case.groups)}" if case.groups else ""
        lines.append(f"  in {', '.join(case.gold)}{groups}")
    if each.quote:
        lines.append(f"  “{' '.join(each.quote.split())}”")
    return "\n".join(lines)


@suite.command("approve", epilog="Example: wellspoken suite approve support --all")
def approve_cases(
    name: _Name, cases: _Cases = None, every: _All = False, as_json: AsJson = False
) -> None:
    """Take proposed cases into the suite that `evaluate NAME` asks."""
    _decide(name, cases, "approved", every=every, as_json=as_json)


@suite.command("reject", epilog="Example: wellspoken suite reject support plans-3f2a9c")
def reject_cases(
    name: _Name, cases: _Cases = None, every: _All = False, as_json: AsJson = False
) -> None:
    """Keep cases out of the suite; they are not proposed again."""
    _decide(name, cases, "rejected", every=every, as_json=as_json)


@suite.command("undo", epilog="Example: wellspoken suite undo support plans-3f2a9c")
def undo_cases(name: _Name, cases: _Cases = None, as_json: AsJson = False) -> None:
    """Take decisions back: the cases wait again."""
    _decide(name, cases, "proposed", every=False, as_json=as_json)


def _decide(
    name: str, cases: Sequence[str] | None, state: str, *, every: bool, as_json: bool
) -> None:
    if bool(cases) == every:
        raise UsageError("Name the cases, as `wellspoken suite show` does, or say --all.")
    done = run(_decided(name, cases or (), state))
    if as_json:
        print_json({"suite": name, "state": state, "cases": done})
    else:
        words = {"proposed": "waiting again"}.get(state, state)
        sys.stdout.write(f"{counted(len(done), 'case')} of {name} {words}\n")


async def _decided(name: str, cases: Sequence[str], state: str) -> list[str]:
    from bot.store.suites import CaseState

    async with _desk() as desk:
        await desk.counts(name)
        if cases:
            found = [await desk.find(name, case) for case in cases]
        else:
            found = await desk.cases(name, CaseState.PROPOSED)
        await desk.decide([each.id for each in found], CaseState(state), OPERATOR)
        return [each.case.id for each in found]


@suite.command(
    "add",
    epilog='Example: wellspoken suite add support "How long is the trial?" --answer "14 days" '
    "--gold billing/plans.md",
)
def add_case(
    name: _Name,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What is asked.")],
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", help="What a right answer contains; repeat it: any is right."),
    ] = None,
    gold: Annotated[
        list[str] | None, typer.Option("--gold", help="A document that answers it; repeat it.")
    ] = None,
    unanswerable: Annotated[
        bool, typer.Option("--no-answer", help="The bot should say that it does not know.")
    ] = False,
    group: Annotated[
        list[str] | None, typer.Option("--group", help="A group of the asker; repeat it.")
    ] = None,
    paraphrase: Annotated[
        list[str] | None,
        typer.Option("--paraphrase", help="The same in other words; repeat it."),
    ] = None,
    case: Annotated[str, typer.Option("--id", help="Its name in the suite.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a question of your own: it counts at once."""
    from bot.store.suites import CaseDraft

    if unanswerable == bool(answer):
        raise UsageError("Say what a right answer contains with --answer, or --no-answer.")
    draft = CaseDraft(
        case, question, tuple(answer or ()), tuple(gold or ()), not unanswerable,
        tuple(group or ()), tuple(paraphrase or ()),
    )  # fmt: skip

    async def add() -> SuiteCase:
        async with _desk() as desk:
            return await desk.add(name, draft, OPERATOR)

    added = run(add())
    if as_json:
        print_json(case_json(added))
    else:
        sys.stdout.write(f"{added.case.id} added to {name}\n")


@suite.command(
    "export", epilog="Example: wellspoken suite export support --out suites/support.jsonl"
)
def export_suite(
    name: _Name,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to; else stdout.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there already.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the approved cases as JSON Lines, as `evaluate` and the gate read them."""
    if out is not None and out.exists() and not force:
        raise UsageError(f"{out} is there already; name another file, or add --force.")

    async def read() -> Any:
        async with _desk() as desk:
            return await desk.lines(name)

    lines = run(read())
    if out is None:
        for line in lines:
            print_json(line)
        return
    _write(out, lines)
    if as_json:
        print_json({"suite": name, "cases": len(lines), "file": str(out)})
    else:
        sys.stdout.write(f"{counted(len(lines), 'case')} of {name} in {out}\n")


def _write(out: Path, lines: Sequence[dict[str, Any]]) -> None:
    import json

    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.") from error
