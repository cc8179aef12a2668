"""``gaps``: what could not be answered, by topic; the answers, which become documents."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli import gap_owners
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
from adapters.cli.reviewing import OPERATOR
from bot.errors import MissingFileError, UsageError

if TYPE_CHECKING:
    from adapters.gap_story import Answered, Near, Shown, Story
    from adapters.gaps import GapDesk
    from bot.store.base import Database
    from bot.store.gaps import Asked, Gap, GapState, Told
    from knowledge.gaps.drafting import Draft

gaps = typer.Typer(
    help="What could not be answered, by topic, and what answers it.",
    epilog="Example: wellspoken gaps list",
    no_args_is_help=True,
)
_Id = Annotated[str, typer.Argument(metavar="ID", help="The gap, as `gaps list` names it.")]


def register(app: typer.Typer) -> None:
    gap_owners.register(gaps)
    app.add_typer(gaps, name="gaps")


@gaps.command("list", epilog="Example: wellspoken gaps list --state all --search invoice")
def list_gaps(
    state: Annotated[
        str, typer.Option(help="Only these: open, answered, dismissed, or all.")
    ] = "open",
    search: Annotated[str, typer.Option(help="Only with a question that has these words.")] = "",
    owner: Annotated[
        str,
        typer.Option(metavar="KEY", help="Only this operator's; also me, nobody or anybody."),
    ] = "anybody",
    as_json: AsJson = False,
) -> None:
    """List the topics that could not be answered, the most asked for first.

    Each person who asked counts once, each further question of the same person a tenth, and all of
    it half as much for every 30 days that have gone by since.
    """
    run(_list(_state(state), search, owner, as_json))


def _state(word: str) -> GapState | None:
    from bot.store.gaps import GapState

    if word == "all":
        return None
    if word not in set(GapState):
        raise UsageError(f'"{word}" is no state; say open, answered, dismissed or all.')
    return GapState(word)


async def _list(state: GapState | None, search: str, owner: str, as_json: bool) -> None:
    from adapters.assembly import assemble
    from adapters.gap_story import in_words, since_answered
    from adapters.gaps import desk_of

    async with assemble(settings(), warm=False) as app:
        desk = desk_of(app)
        whose = await gap_owners.owner_asked_for(desk.owners, owner)
        await _gather(desk, app.database)
        listing = await desk.listing(state, search, owner=whose)
    if as_json:
        print_json([gap_json(shown) for shown in listing.gaps])
        return
    if not listing.gaps:
        sys.stdout.write("no gaps\n")
        return
    rows = [
        (
            shown.gap.id,
            shown.name.topic,
            in_words(shown.gap),
            _readers(shown.gap),
            since_answered(shown.gap) or shown.gap.state.value,
            shown.gap.owner.name if shown.gap.owner else "",
        )
        for shown in listing.gaps
    ]
    table(("gap", "topic", "asked", "by readers of", "state", "owner"), rows)


async def _gather(desk: GapDesk, database: Database) -> None:
    """All that is new; it takes long only where a great deal was never looked at."""
    from adapters.jobs.gathering import gathered, gathering
    from bot.work.foreground import JobRunningError, in_foreground

    if not await desk.pending():
        return
    waiting = await desk.waiting()
    if waiting > 1000:
        remark(f"Grouping {waiting:,} questions, which happens once.")
    with suppress(JobRunningError):  # what is there is shown; a worker adds the rest
        await in_foreground(
            database,
            gathering(OPERATOR),
            lambda job: gathered(desk, job),
            told=lambda done: {"questions": done},
        )


def _readers(gap: Gap) -> str:
    return " / ".join(", ".join(sorted(groups)) or "public" for groups in gap.audiences)


@gaps.command("show", epilog="Example: wellspoken gaps show gap0b6m3p5k2r8x1f4c")
def show_gap(
    gap: _Id,
    draft: Annotated[
        bool, typer.Option("--draft/--no-draft", help="Have the model draft an answer, if set.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Show what was asked, what is near, what people said, and a draft of the answer."""
    run(_show(gap, draft, as_json))


async def _show(gap: str, draft: bool, as_json: bool) -> None:
    from adapters.assembly import assemble
    from adapters.gaps import desk_of

    async with assemble(settings(), warm=False) as app:
        desk = desk_of(app)
        await _gather(desk, app.database)
        story = await desk.story(gap, write=draft)
    if as_json:
        print_json(story_json(story))
    else:
        sys.stdout.write(told(story))


def told(story: Story) -> str:
    """A gap's story for people."""
    from adapters.gap_story import in_words, since_answered
    from knowledge.gaps.drafting import CHECK, Kind

    readers = "choose them" if story.readers is None else _names(story.readers)
    answered = since_answered(story.gap)
    lines = [
        f"{story.name.topic}  ({story.gap.id}, {story.gap.state.value})",
        in_words(story.gap) + (f"; {answered}" if answered else ""),
        *filter(None, [gap_owners.owner_words(story.gap.owner)]),
        f"readers of the answer: {readers}",
        "",
        "Asked",
        *(f"  {a.turn}  {a.why.value:<9}  {_names(a.audience)}: {a.question}" for a in story.asked),
        "",
        "Near",
        *(_near(near) for near in story.near),
    ]
    if story.told:
        lines += ["", "Said by people", *(f"  {t.turn}  {t.text}" for t in story.told)]
    lines += ["", f"Draft ({story.draft.kind.value})"]
    if story.draft.note:
        lines.append(f"  {story.draft.note}")
    if story.draft.kind is Kind.MODEL:
        lines.append(f"  {CHECK}")
    lines += [f"  {line}" for line in story.draft.text.splitlines()] or ["  none"]
    return "\n".join(lines) + "\n"


def _near(near: Near) -> str:
    chunk = near.passage.chunk
    hidden = "" if near.for_all else f"  (only for {', '.join(sorted(chunk.groups))})"
    return f"  {chunk.document}: {chunk.header or chunk.text[:80]}{hidden}"


def _names(groups: frozenset[str]) -> str:
    return ", ".join(sorted(groups)) or "public"


@gaps.command("answer", epilog='Example: wellspoken gaps answer gap0b6m3p5k2r8x1f4c --text "Yes."')
def answer_gap(
    gap: _Id,
    text: Annotated[str | None, typer.Option(help="The answer, in Markdown.")] = None,
    file: Annotated[
        str | None, typer.Option(metavar="F", help="A file with the answer; - for stdin.")
    ] = None,
    title: Annotated[str, typer.Option(help="The document's title; else the question.")] = "",
    group: Annotated[
        list[str] | None, typer.Option(metavar="G", help="Only this group reads it; repeat it.")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Everybody reads it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a gap: the answer becomes a reviewed document, and answers from now on.

    Without --text and --file it is what a colleague replied, or a reader said. Without --group and
    --public those read it who asked, or could read the answer that it replaces; where they have
    different groups, say who.
    """
    if text is not None and file is not None:
        raise UsageError("Say --text or --file, not both.")
    if group and public:
        raise UsageError("Say --group or --public, not both.")
    said = text if file is None else _read(file)
    groups = frozenset[str]() if public else (named_groups(group) if group else None)
    run(_answer(gap, said, title, groups, as_json))


def _read(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    path = Path(file)
    if not path.is_file():
        raise MissingFileError(path=path)
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text in UTF-8.") from error


async def _answer(
    gap: str, text: str | None, title: str, groups: frozenset[str] | None, as_json: bool
) -> None:
    from adapters.assembly import assemble
    from adapters.gaps import desk_of

    async with assemble(settings(), warm=False) as app:
        desk = desk_of(app)
        own = text is not None
        if text is None:
            text = await desk.reply(gap)
            if not text:
                raise UsageError(f"Nobody has said anything to {gap} yet; give --text or --file.")
        done = await desk.answer(gap, text, OPERATOR, title=title, groups=groups, own=own)
        await app.ingestor.embed_waiting()
    if as_json:
        print_json(answered_json(done))
        return
    readers = ", ".join(sorted(done.groups)) or "everybody"
    sys.stdout.write(
        f'{done.gap.id} answered; document {done.document} "{done.title}", for {readers}\n'
    )


@gaps.command("dismiss", epilog="Example: wellspoken gaps dismiss gap0b6m3p5k2r8x1f4c")
def dismiss_gap(gap: _Id, as_json: AsJson = False) -> None:
    """Put a gap aside. It is still counted, and stays aside until it is reopened."""
    run(_judge(gap, as_json, dismiss=True))


@gaps.command("reopen", epilog="Example: wellspoken gaps reopen gap0b6m3p5k2r8x1f4c")
def reopen_gap(gap: _Id, as_json: AsJson = False) -> None:
    """Take a gap up again."""
    run(_judge(gap, as_json, dismiss=False))


async def _judge(id_: str, as_json: bool, *, dismiss: bool) -> None:
    from adapters.assembly import assemble
    from adapters.gaps import desk_of

    async with assemble(settings(), warm=False) as app:
        desk = desk_of(app)
        gap = await (desk.dismiss if dismiss else desk.reopen)(id_, OPERATOR)
    if as_json:
        print_json({"gap": gap.id, "state": gap.state.value})
        return
    sys.stdout.write(f"{gap.id} {gap.state.value}, {counted(gap.turns, 'question')}\n")


# -- JSON ----------------------------------------------------------------------------------------


def gap_json(shown: Shown) -> dict[str, Any]:
    """As ``gaps list --json`` prints it."""
    gap = shown.gap
    return {
        "gap": gap.id,
        "topic": shown.name.topic,
        "question": shown.name.question,
        "state": gap.state.value,
        "turns": gap.turns,
        "askers": gap.askers,
        "first_at": gap.first_at.isoformat() if gap.first_at else None,
        "last_at": gap.last_at.isoformat() if gap.last_at else None,
        "audiences": [sorted(groups) for groups in gap.audiences],
        "document": gap.document or None,
        "answered_at": gap.answered_at.isoformat() if gap.answered_at else None,
        "again": gap.again,
        "owner": gap_owners.owner_json(gap.owner),
    }


def story_json(story: Story) -> dict[str, Any]:
    """As ``gaps show --json`` prints it."""
    from adapters.gap_story import Shown

    return {
        **gap_json(Shown(story.gap, story.name)),
        "title": story.title,
        "readers": None if story.readers is None else sorted(story.readers),
        "asked": [_asked_json(asked) for asked in story.asked],
        "near": [_near_json(near) for near in story.near],
        "told": [_told_json(said) for said in story.told],
        "draft": _draft_json(story.draft),
    }


def _asked_json(asked: Asked) -> dict[str, Any]:
    return {
        "turn": asked.turn,
        "at": asked.at.isoformat(),
        "why": asked.why.value,
        "platform": asked.platform,
        "audience": sorted(asked.audience),
        "question": asked.question,
    }


def _near_json(near: Near) -> dict[str, Any]:
    chunk = near.passage.chunk
    return {
        "document": chunk.document,
        "chunk": chunk.id,
        "title": chunk.title,
        "uri": chunk.uri,
        "text": chunk.text,
        "groups": sorted(chunk.groups),
        "for_all_askers": near.for_all,
    }


def _told_json(said: Told) -> dict[str, Any]:
    return {
        "turn": said.turn,
        "at": said.at.isoformat(),
        "kind": "reply" if said.handoff else "correction",
        "text": said.text,
    }


def _draft_json(draft: Draft) -> dict[str, Any]:
    return {
        "kind": draft.kind.value,
        "text": draft.text,
        "turn": draft.turn or None,
        "model": draft.model or None,
        "note": draft.note or None,
    }


def answered_json(done: Answered) -> dict[str, Any]:
    """As ``gaps answer --json`` prints it."""
    return {
        "gap": done.gap.id,
        "state": done.gap.state.value,
        "document": done.document,
        "title": done.title,
        "groups": sorted(done.groups),
    }
