"""``ask``, ``search`` and ``chat``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import AsJson, Groups, Jsonl, principal, print_json, remark, run, settings
from bot.errors import UsageError

if TYPE_CHECKING:
    from knowledge.stores.base import VectorStore

_MOST_PASSAGES = 1000


def register(app: typer.Typer) -> None:
    app.command(epilog='Example: wellspoken ask "How do I reset the MG-200?" --group staff')(ask)
    app.command(epilog='Example: wellspoken search "reset" -k 3')(search)
    app.command(epilog="Example: wellspoken chat --group staff")(chat)


def ask(
    question: Annotated[str | None, typer.Argument(help="The question.")] = None,
    group: Groups = None,
    thread: Annotated[
        str | None, typer.Option("--thread", metavar="ID", help="Go on in this thread.")
    ] = None,
    jsonl: Jsonl = None,
    as_json: AsJson = False,
) -> None:
    """Answer one question, or a file of them, with sources."""
    _one_of(question, jsonl, "a question")
    raise typer.Exit(run(_ask(question, group, thread, jsonl, as_json)))


async def _ask(
    question: str | None,
    group: list[str] | None,
    thread: str | None,
    jsonl: str | None,
    as_json: bool,
) -> int:
    from adapters.assembly import assemble
    from adapters.cli.jsonl import groups_field, history_field, run_jsonl, text_field
    from adapters.rendering import answer_ansi, turn_json
    from bot.conversation import Author, Outcome, Platform, Question

    async with assemble(settings()) as app:
        author = Author(Platform.TERMINAL, "local")

        async def handle(record: dict[str, Any]) -> dict[str, Any]:
            turn = await app.engine.answer(
                Question(
                    text_field(record, "question"),
                    author,
                    principal(groups_field(record, group)),
                    history=history_field(record) or (),
                )
            )
            return turn_json(turn)

        if jsonl is not None:
            return await run_jsonl(jsonl, handle)
        turn = await app.engine.answer(
            Question(question or "", author, principal(group), thread=thread)
        )
        if as_json:
            print_json(turn_json(turn))
        elif turn.outcome is Outcome.ERROR:
            sys.stderr.write(f"wellspoken: {turn.error}\n")
        else:
            sys.stdout.write(answer_ansi(turn, color=sys.stdout.isatty()).rstrip("\n") + "\n")
        if turn.outcome is Outcome.ABSTAINED:
            await _hint_at_ingest(app.store)
        return 1 if turn.outcome is Outcome.ERROR else 0


def search(
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=_MOST_PASSAGES, help="How many passages.")] = 5,
    group: Groups = None,
    jsonl: Jsonl = None,
    as_json: AsJson = False,
) -> None:
    """Search the knowledge base, without an answer."""
    _one_of(query, jsonl, "a query")
    raise typer.Exit(run(_search(query, k, group, jsonl, as_json)))


async def _search(
    query: str | None, k: int, group: list[str] | None, jsonl: str | None, as_json: bool
) -> int:
    from adapters.cli.jsonl import count_field, groups_field, run_jsonl, text_field
    from adapters.indexes import open_knowledge
    from adapters.listing import passage_json, passages_text
    from bot.guardrails import clean_question

    async with open_knowledge(settings()) as knowledge:

        async def handle(record: dict[str, Any]) -> dict[str, Any]:
            found = await knowledge.retriever.retrieve(
                clean_question(text_field(record, "query")),
                principal(groups_field(record, group)),
                count_field(record, "k", k, most=_MOST_PASSAGES),
            )
            return {"passages": [passage_json(p) for p in found.passages]}

        if jsonl is not None:
            return await run_jsonl(jsonl, handle)
        found = await knowledge.retriever.retrieve(clean_question(query or ""), principal(group), k)
        for sentence in found.degraded:
            remark(sentence)
        if not found.passages:
            await _hint_at_ingest(knowledge.store)
        if as_json:
            print_json({"passages": [passage_json(p) for p in found.passages]})
        else:
            sys.stdout.write(passages_text(found.passages) + "\n")
        return 0


async def _hint_at_ingest(store: VectorStore) -> None:
    """Say so where nothing was found because nothing was ever read in."""
    if not (await store.stats()).documents:
        remark("Nothing has been read in yet: `wellspoken ingest FOLDER` does that.")


def chat(group: Groups = None) -> None:
    """Chat in the terminal.

    Answers stream and show their sources; + and - rate the last one.
    """
    run(_chat(group))


async def _chat(group: list[str] | None) -> None:
    from adapters.assembly import assemble
    from adapters.console import TerminalChat

    async with assemble(settings()) as app:
        chat = TerminalChat(app.engine, app.feedback, app.persona, principal(group))
        await chat.run()


def _one_of(argument: str | None, jsonl: str | None, what: str) -> None:
    if (argument is None) == (jsonl is None):
        raise UsageError(f"Give {what}, or --jsonl FILE; see --help for an example.")
