"""One stage alone: ``route``, ``rewrite``, ``ground``, ``style``."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.cli.console import AsJson, Jsonl, print_json, run, settings
from bot.errors import MissingFileError, UsageError


def register(app: typer.Typer) -> None:
    app.command(epilog='Example: wellspoken route "Can I talk to a person?"')(route)
    app.command(epilog='Example: wellspoken rewrite "And the MG-400?" --history thread.json')(
        rewrite
    )
    app.command(
        epilog='Example: wellspoken ground "It needs 2 bar." --passage "The MG-200 needs 2 bar."'
    )(ground)
    app.command(epilog='Example: wellspoken style "We leverage synergies!!!"')(style)


def route(
    text: Annotated[str | None, typer.Argument(help="The message.")] = None,
    jsonl: Jsonl = None,
    as_json: AsJson = False,
) -> None:
    """Say which way a message would take, and why.

    By the home's learned thresholds, or by the shipped ones where there is no home yet.
    """
    from adapters.cli.jsonl import history_field, text_field
    from adapters.live import live_desk
    from adapters.thresholds import thresholds_of
    from bot.conversation import Principal
    from bot.guardrails import clean_question
    from bot.query import rewrite as rewrite_question
    from bot.routing import decide
    from bot.store.timing import utc_now

    config = settings()
    desk = live_desk(config, utc_now)
    thresholds = run(thresholds_of(config))

    async def handle(record: dict[str, Any]) -> dict[str, Any]:
        said = clean_question(text_field(record, "text"))
        history = history_field(record) or ()
        live = ""
        if desk is not None:  # as the public sees it: this command takes no groups
            live = desk.plan(said, rewrite_question(said, history), history, Principal()).reason
        decision = decide(said, history, live=live, thresholds=thresholds)
        return {
            "route": decision.route.value,
            "confidence": round(decision.confidence, 4),
            "reasons": list(decision.reasons),
        }

    def show(result: dict[str, Any]) -> str:
        reasons = "; ".join(result["reasons"])
        return f"{result['route']} ({result['confidence']:.0%}): {reasons}"

    _stage({"text": text}, "text", jsonl, as_json, handle, show)


def rewrite(
    question: Annotated[str | None, typer.Argument(help="The follow-up.")] = None,
    history: Annotated[
        Path | None,
        typer.Option(help='A JSON file with what was said: [{"role", "text"}, …].'),
    ] = None,
    jsonl: Jsonl = None,
    as_json: AsJson = False,
) -> None:
    """Make a follow-up a question that stands alone."""
    from adapters.cli.jsonl import history_field, text_field
    from bot.guardrails import clean_question
    from bot.query import rewrite as rewrite_question

    async def handle(record: dict[str, Any]) -> dict[str, Any]:
        asked = clean_question(text_field(record, "question"))
        return {"query": rewrite_question(asked, history_field(record) or ())}

    record = {"question": question, "history": _read_json(history) if history else None}
    _stage(record, "question", jsonl, as_json, handle, lambda result: str(result["query"]))


def ground(
    answer: Annotated[str | None, typer.Argument(help="The answer to check.")] = None,
    passage: Annotated[
        list[str] | None, typer.Option("--passage", help="A source's text; repeat it.")
    ] = None,
    question: Annotated[str, typer.Option(help="The question that was asked.")] = "",
    jsonl: Jsonl = None,
    as_json: AsJson = False,
) -> None:
    """Check an answer against passages, claim by claim."""
    from adapters.cli.jsonl import text_field, texts_field
    from adapters.judging import open_grounder
    from adapters.models import build_grounder
    from bot.guardrails import ground as ground_answer
    from bot.ports import Grounder

    configured = settings()
    opened: list[Grounder] = []

    @asynccontextmanager
    async def around() -> AsyncIterator[None]:
        async with open_grounder(configured, build_grounder(configured)) as grounder:
            opened.append(grounder)
            yield

    async def handle(record: dict[str, Any]) -> dict[str, Any]:
        grounding = await ground_answer(
            opened[0],
            text_field(record, "answer"),
            texts_field(record, "passages", required=True),
            text_field(record, "question", required=False),
        )
        return {
            "score": round(grounding.score, 4),
            "supported": grounding.supported,
            "unsupported": [
                {"start": c.start, "end": c.end, "text": c.text} for c in grounding.unsupported
            ],
        }

    def show(result: dict[str, Any]) -> str:
        lines = [f"{result['score']:.0%} of the claims are supported"]
        lines += [f"  not supported: {claim['text']}" for claim in result["unsupported"]]
        return "\n".join(lines)

    record = {"answer": answer, "passages": passage or [], "question": question}
    _stage(record, "answer", jsonl, as_json, handle, show, around())


def style(
    text: Annotated[str | None, typer.Argument(help="The text to score.")] = None,
    judge: Annotated[
        bool, typer.Option("--judge", help="Ask the model of WELLSPOKEN_MODEL too.")
    ] = False,
    jsonl: Jsonl = None,
    as_json: AsJson = False,
) -> None:
    """Score how well a text keeps to the persona.

    Each finding names the phrase that does not; those of the classifier that `persona learn`
    trained have the rule "voice".
    """
    from adapters.cli.jsonl import text_field
    from adapters.models import load_voice_persona
    from adapters.teaching.styling import StyleDesk, open_styling

    configured = settings()
    who = load_voice_persona(configured)
    opened: list[StyleDesk] = []

    @asynccontextmanager
    async def around() -> AsyncIterator[None]:
        async with open_styling(configured, who, judged=judge) as desk:
            opened.append(desk)
            yield

    async def handle(record: dict[str, Any]) -> dict[str, Any]:
        said = text_field(record, "text")
        result = await opened[0].styler.score(said)
        scored: dict[str, Any] = {
            "score": round(result.score, 4),
            "findings": [
                {"rule": f.rule, "start": f.start, "end": f.end, "text": f.text}
                | ({"reason": f.reason} if f.reason else {})
                for f in result.findings
            ],
        }
        if opened[0].judge is not None:
            judged = await opened[0].judge.judge(said)
            scored["judge"] = {"score": round(judged.score, 4), "reason": judged.reason}
        return scored

    _stage({"text": text}, "text", jsonl, as_json, handle, _show_style, around())


def _show_style(result: dict[str, Any]) -> str:
    lines = [f"style {result['score']:.2f}"]
    for found in result["findings"]:
        why = f" ({found['reason']})" if "reason" in found else ""
        lines.append(f'  {found["rule"]}: "{found["text"]}"{why}')
    if "judge" in result:
        lines.append(f"judge {result['judge']['score']:.2f}: {result['judge']['reason']}")
    return "\n".join(lines)


def _stage(
    record: dict[str, Any],
    field: str,
    jsonl: str | None,
    as_json: bool,
    handle: Any,
    show: Any,
    around: AbstractAsyncContextManager[None] | None = None,
) -> None:
    """Run one stage on the arguments or on JSON Lines, inside ``around``."""
    from adapters.cli.jsonl import run_jsonl

    async def within(work: Callable[[], Awaitable[Any]]) -> Any:
        async with around or nullcontext():
            return await work()

    if (record[field] is None) == (jsonl is None):
        raise UsageError(f"Give the {field}, or --jsonl FILE; see --help for an example.")
    if jsonl is not None:
        raise typer.Exit(run(within(lambda: run_jsonl(jsonl, handle))))
    result = run(within(lambda: handle(record)))
    if as_json:
        print_json(result)
    else:
        sys.stdout.write(show(result) + "\n")


def _read_json(path: Path) -> Any:
    if not path.is_file():
        raise MissingFileError(path=path)
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} holds no valid JSON: {error}") from error
