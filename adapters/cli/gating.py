"""``models gate``: a version against what is live, on held-out suites."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, print_json, remark, run, settings, table
from bot.conversation import Author, Platform

if TYPE_CHECKING:
    from adapters.release.gate_records import Story
    from persona.gate import Measure

OPERATOR = Author(Platform.TERMINAL, "operator").key
EXAMPLE = "Example: wellspoken models gate v2 --suite suites/support.jsonl"


def gate(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The version, like v2.")],
    suite: Annotated[
        list[str] | None,
        typer.Option(
            "--suite",
            metavar="SUITE",
            help="A suite: a file, or a name beside wellspoken.toml or in its folder suites; "
            "repeat it. Default: [release] suites.",
        ),
    ] = None,
    at_once: Annotated[
        int, typer.Option("--at-once", min=1, max=256, metavar="N", help="Cases side by side.")
    ] = 8,
    as_json: AsJson = False,
) -> None:
    """Hold a version to suites of questions, against what is live.

    Both answer every question from the same passages. Style must be better; correctness, grounding
    and refusals not worse; time and cost within [release]. A version that passes may be promoted.
    Interrupted, it goes on where it stood when it is started again. Exit code 1: it failed.
    """
    from adapters.cli.bars import bar
    from adapters.release.gating import gate as run_gate
    from adapters.web.console.gate_report import report_page

    with bar("cases") as shown:
        task = shown.add_task(f"asking {version} and what is live", total=None)

        def progress(done: int, total: int) -> None:
            if shown.disable and not done:
                remark(f"asking {version} and what is live …")
            shown.update(task, completed=done, total=total)

        story, report = run(
            run_gate(
                settings(), version, suite or (), by=OPERATOR, page=report_page,
                progress=progress, at_once=at_once,
            )
        )  # fmt: skip
    if as_json:
        remark(f"the answers side by side: {report}")
        print_json(story_json(story))
    else:
        _tell(story, str(report))
    if not story.passed:
        raise typer.Exit(1)


def story_json(story: Story) -> dict[str, Any]:
    """A run, for scripts."""
    return {
        "version": story.version,
        "verdict": story.verdict,
        "reasons": list(story.reasons),
        "candidate": dict(story.candidate),
        "live": {**story.live, "version": story.against},
    }


def _tell(story: Story, report: str) -> None:
    rows = [
        ("pass" if m.passed else "fail", m.name, _figure(m, m.candidate), _figure(m, m.live))
        for m in story.measures
    ]
    table(("", "measure", story.version, f"live: {story.against}"), rows)
    sys.stdout.write("\n")
    for reason in story.reasons:
        sys.stdout.write(f"{reason}\n")
    suites = ", ".join(f"{suite.name} ({suite.cases})" for suite in story.suites)
    sys.stdout.write(f"\n{story.version}: {story.verdict}, on {suites}\n")
    sys.stdout.write(f"the answers side by side: {report}\n")


def _figure(measure: Measure, value: float | None) -> str:
    from persona.gate import figure

    return figure(measure.name, value)
