"""``models``: the registry of the voice; promotions, canaries and rollbacks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli import gating
from adapters.cli.console import AsJson, counted, print_json, run, settings, table
from adapters.cli.reviewing import OPERATOR
from bot.errors import MissingFileError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from adapters.release.releasing import CanaryStory, ReleaseDesk, VersionStory
    from persona.registry import Change, ModelVersion, Trial

models = typer.Typer(
    help="Versions of the voice: the registry, the gate, canaries, promotions.",
    epilog="Example: wellspoken models list",
    no_args_is_help=True,
)

_Version = Annotated[str, typer.Argument(metavar="VERSION", help="As `models list` names it: v3.")]
_Force = Annotated[bool, typer.Option("--force", help="Without a pass; needs --reason.")]
_Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the audit trail.")]


def register(app: typer.Typer) -> None:
    models.command("gate", epilog=gating.EXAMPLE)(gating.gate)
    app.add_typer(models, name="models")


@models.command("list", epilog="Example: wellspoken models list --json")
def list_models(
    author: Annotated[
        str,
        typer.Option(metavar="KEY", help="Only those trained on this person's words: slack:U02…"),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List the versions of the voice, the newest first."""
    from adapters.release.releasing import version_json

    async def work(desk: ReleaseDesk) -> Any:
        return await desk.listing(author), desk.remarks()

    found, remarks = run(_at_desk(work))
    if as_json:
        print_json([version_json(version, share) for version, share in found])
        return
    if not found:
        sys.stdout.write("no versions; `wellspoken tune start` trains one\n")
        return
    rows = [
        (v.version, v.model, v.base, v.dataset, v.state, f"{share:.0%}" if share else "",
         f"{v.at:%Y-%m-%d %H:%M}", v.why)
        for v, share in found
    ]  # fmt: skip
    table(("version", "model", "base", "data set", "state", "threads", "made", "why"), rows)
    _say(remarks)


@models.command("show", epilog="Example: wellspoken models show v3")
def show_model(version: _Version, as_json: AsJson = False) -> None:
    """Show where a version came from and what became of it."""
    from adapters.release.releasing import story_json

    async def work(desk: ReleaseDesk) -> Any:
        return await desk.story(version), await desk.canary()

    story, canary = run(_at_desk(work))
    if as_json:
        print_json(story_json(story))
        return
    sys.stdout.write(told(story))
    if canary is not None and canary.trial.version == version:
        _figures(canary)


def told(story: VersionStory) -> str:
    """A version for people."""
    version, lineage = story.version, story.lineage
    came = f"{version.backend} {version.method}".strip()
    persona = version.persona or "not recorded"
    lines = [
        f"{version.version}  {version.model}  {version.state} ({version.why})",
        f"base: {version.base or 'unknown'}" + (f"; trained by: {came}" if came else ""),
        f"job: {version.job or 'none'}; data set: {version.dataset or 'none'}",
        f"adapter: {version.adapter or 'kept by the service'}; persona: {persona}",
        f"taught by {counted(lineage.examples, 'example')} of {counted(len(lineage.turns), 'turn')}"
        f" and {len(lineage.people)} people",
        f"registered {version.at:%Y-%m-%d %H:%M} by {version.by}",
    ]
    if story.gate is None:
        lines.append("gate: never")
    else:
        verdict = "passed" if story.gate.passed else "failed"
        lines += [f"gate: {verdict}", *(f"  {reason}" for reason in story.gate.reasons)]
    lines += [
        f"canary of {t.share:.0%} from {t.at:%Y-%m-%d %H:%M} by {t.by}: {t.state}"
        + (f" ({t.why})" if t.why else "")
        for t in story.canaries
    ]
    lines += [
        f"{p.at:%Y-%m-%d %H:%M} {p.how}: {p.before or 'no version'} -> {p.version or 'no version'}"
        f" by {p.by}" + (f" ({p.reason})" if p.reason else "")
        for p in story.promotions
    ]
    return "\n".join(lines) + "\n"


@models.command("register", epilog="Example: wellspoken models register juniper-7b --base qwen3-8b")
def register_model(
    model: Annotated[str, typer.Argument(metavar="MODEL_ID", help="As the server knows it.")],
    base: Annotated[str, typer.Option(metavar="MODEL", help="What it was trained from.")] = "",
    dataset: Annotated[str, typer.Option(metavar="ID", help="The data set it was taught.")] = "",
    adapter: Annotated[
        str, typer.Option(metavar="FOLDER", help="Its LoRA adapter, loaded when it is released.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Register a model that was trained elsewhere, as a candidate."""
    from adapters.models import load_voice_persona
    from adapters.release.releasing import version_json

    folder = Path(adapter).absolute() if adapter else None
    if folder is not None and not folder.is_dir():
        raise MissingFileError(path=adapter)

    async def work(desk: ReleaseDesk) -> ModelVersion:
        persona = load_voice_persona(settings()).label
        return await desk.register(
            model, by=OPERATOR, base=base, dataset=dataset, adapter=folder, persona=persona
        )

    made = run(_at_desk(work))
    if as_json:
        print_json(version_json(made, 0.0))
    else:
        sys.stdout.write(f"{made.model} is {made.version}, a candidate\n")


@models.command("canary", epilog="Example: wellspoken models canary v3 --share 0.2")
def canary_model(
    version: _Version,
    share: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of threads it answers, 0.01 to 1.")
    ] = 0.1,
    end: Annotated[bool, typer.Option("--end", help="End its canary instead.")] = False,
    force: _Force = False,
    reason: _Reason = "",
    as_json: AsJson = False,
) -> None:
    """Let a version answer a share of threads; where it does worse it is rolled back by itself.

    The same version again changes the share; threads that it answers stay with it.
    """
    from adapters.release.releasing import trial_json

    async def work(desk: ReleaseDesk) -> Any:
        if end:
            trial = await desk.end_canary(version, by=OPERATOR, reason=reason)
        else:
            trial = await desk.start_canary(version, share, by=OPERATOR, force=force, reason=reason)
        return trial, desk.remarks()

    trial, remarks = run(_at_desk(work))
    if as_json:
        print_json(trial_json(trial))
        return
    sys.stdout.write(_canary_line(trial, ended=end))
    _say(remarks)


def _canary_line(trial: Trial, *, ended: bool) -> str:
    if ended:
        return f"the canary of {trial.version} ended; {_name(trial.against)} answers every thread\n"
    return (
        f"{trial.version} answers {trial.share:.0%} of threads from now on, "
        f"{_name(trial.against)} the others\n"
    )


@models.command("promote", epilog="Example: wellspoken models promote v3")
def promote_model(
    version: _Version, force: _Force = False, reason: _Reason = "", as_json: AsJson = False
) -> None:
    """Make a version live, in all processes within seconds; it must have passed the gate."""

    async def work(desk: ReleaseDesk) -> Any:
        done = await desk.promote(version, by=OPERATOR, force=force, reason=reason)
        return done, desk.remarks()

    done, remarks = run(_at_desk(work))
    if as_json:
        print_json(_change_json(done))
        return
    if not done.changed:
        sys.stdout.write(f"{version} is live already; nothing was changed\n")
    else:
        sys.stdout.write(f"{version} is live now, in place of {_name(done.before)}\n")
        if done.ended:
            sys.stdout.write(f"the canary of {done.ended} ended with it\n")
    _say(remarks)


@models.command("rollback", epilog="Example: wellspoken models rollback")
def roll_back_model(reason: _Reason = "", as_json: AsJson = False) -> None:
    """Take the last step back: end the canary, or else go to what was live before."""

    async def work(desk: ReleaseDesk) -> Change:
        return await desk.roll_back(by=OPERATOR, reason=reason)

    done = run(_at_desk(work))
    if as_json:
        print_json(_change_json(done))
        return
    if done.changed:
        sys.stdout.write(f"{_name(done.version)} is live again, in place of {done.before}\n")
    else:
        sys.stdout.write(
            f"the canary of {done.ended} ended; {_name(done.version)} answers every thread\n"
        )


def _change_json(done: Change) -> dict[str, Any]:
    return {
        "version": done.version,
        "before": done.before,
        "changed": done.changed,
        "canary_ended": done.ended,
    }


def _figures(canary: CanaryStory) -> None:
    from persona.canary import Side
    from persona.canary_reading import interval, shown

    seen = canary.seen
    rows = [
        (m.name, *(f"{shown(m, s)}  {interval(m, s)}" for s in (Side.CANARY, Side.LIVE)),
         "worse" if m.worse else "")
        for m in seen.measures
    ]  # fmt: skip
    other = _name(canary.trial.against)
    table(("since the canary began", canary.trial.version, other, ""), rows)
    sys.stdout.write(f"{seen.why}\n")


def _name(version: str) -> str:
    return version or "the general model"


def _say(remarks: tuple[str, ...]) -> None:
    for remark in remarks:
        sys.stdout.write(f"{remark}\n")


async def _at_desk(work: Callable[[ReleaseDesk], Awaitable[Any]]) -> Any:
    from adapters.home import open_database
    from adapters.release.releasing import release_desk

    config = settings()
    async with open_database(config) as database:
        return await work(release_desk(config, database))
