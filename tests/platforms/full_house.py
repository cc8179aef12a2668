"""A house in which everything is there: months of questions in every chat, and what came of them.

It is kept by the product's own books in the home of ``wellspoken init --sample`` whose documents
were read, so that every page of the console has something to show. :func:`furnish` does it all;
:func:`talk` only the questions with what people said of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from adapters.release.gate_records import GateBook, GateFiles
from adapters.teaching.datasets import DatasetDesk
from adapters.web.console.gate_report import report_page
from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Rating,
    Route,
    RouteDecision,
    Turn,
    Usage,
)
from bot.evidence import Chunk, Citation, Claim, Grounding, Passage, Rejected
from bot.handoff import HandoffBook
from bot.routing import SHIPPED
from bot.sentences import split
from bot.settings import load_settings
from bot.store.alerts import Alert, AlertBook, alert_id
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.consent import ConsentLedger
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.reviews import ReviewBook, Verdict
from bot.store.route_book import RouteBook
from bot.store.routing import RoutingVersions
from bot.store.suites import CaseDraft, Origin, Proposal, SuiteCaseBook
from bot.store.timing import utc_now
from bot.store.watch_figures import monday
from bot.work.claims import Claims, Patience
from bot.work.jobs import Jobs, Wanted
from knowledge.ledger import DocumentRecord, Ledger
from persona.curation.choosing import Format
from persona.profile import default_persona
from persona.registry import Registry
from persona.tuning.base import Backend, Event, Method, Progress, Report, Status
from persona.tuning.jobs import JobBook
from tests.platforms.gate_stories import story
from tests.platforms.scorecard_runs import keep_run

BY = "web:operator"
LIVE, CANARY = "juniper-7b-0301", "juniper-7b-0504"
PEOPLE = (
    Author(Platform.SLACK, "U024BE7LH", "Ann Archer"),
    Author(Platform.SLACK, "U0B7", "Ben"),
    Author(Platform.DISCORD, "80351110224678912", "Çağla"),
    Author(Platform.WEB, "visitor-1", ""),
    Author(Platform.API, "shop", "The shop"),
    Author(Platform.TERMINAL, "local", ""),
)
CHANNELS = {
    Platform.SLACK: ("slack:C0G9QF9GZ", "slack:D024BE7LH"),
    Platform.DISCORD: ("discord:613425648685547542", "discord:613425648685547543"),
}
QUESTIONS = (
    "How long does the warranty of the controller last?",
    "What does error code E4 mean?",
    "The valve does not open although the app says that it is open. What can I try before I send"
    " it in, and does the warranty still hold when I open the lid?",
    "Can I use it with well water?",
    "thanks, you are great",
    "Can I talk to a person?",
    "Where is the nearest shop in Reykjavík?",
)
UNKNOWN = "I could not find that in the documentation."
_TYPED = "I would like a reply that begins with the number of months."


def _passages(documents: Sequence[tuple[DocumentRecord, str]], number: int) -> tuple[Passage, ...]:
    """Pieces of three documents."""
    found = []
    for place in range(3):
        record, text = documents[(number + place) % len(documents)]
        piece = text[:700]
        chunk = Chunk(
            f"{record.document}#0", record.document, record.source, record.revision, 0,
            record.title, (record.title,), piece, 0, len(piece), record.uri, record.groups,
        )  # fmt: skip
        found.append(Passage(chunk, 0.9 - place / 4, 11.2 - place, 0.71 - place / 10))
    return tuple(found)


def _sentence(text: str) -> str:
    """The longest sentence that is none of a list or a table."""
    lines = [line for line in text.splitlines()[1:] if line[:1].isalpha()]
    spoken = [text[s.start : s.end] for text in lines for s in split(text)]
    return max(spoken, key=len, default=text[:100]).strip()


def _answered(turn: Turn, passages: tuple[Passage, ...]) -> Turn:
    """The turn with an answer from the first two of its passages, one sentence held back."""
    quotes = [_sentence(p.chunk.text) for p in passages[:2]]
    answer = "".join(f"{quote} [{n}]\n\n" for n, quote in enumerate(quotes, 1)).strip()
    cited = tuple(
        Citation(n, p.chunk.document, p.chunk.title, p.chunk.uri, quote, p.chunk.id,
                 p.chunk.revision, max(p.chunk.text.find(quote), 0),
                 max(p.chunk.text.find(quote), 0) + len(quote))
        for n, (p, quote) in enumerate(zip(passages, quotes, strict=False), 1)
    )  # fmt: skip
    claims = tuple(
        Claim(answer.find(q), answer.find(q) + len(q), q, True, 0.93, n)
        for n, q in enumerate(quotes)
    )
    kept_back = (Rejected("It also works under the sea.", "no passage says so", 0.08),)
    grounding = Grounding(claims, kept_back if turn.id.endswith("3") else ())
    return replace(turn, answer=answer, citations=cited, grounding=grounding)


def a_turn(
    number: int, at: datetime, documents: Sequence[tuple[DocumentRecord, str]], prefix: str = "t"
) -> Turn:
    """One of a thousand kinds: by its number everybody asks everything, everywhere."""
    author = PEOPLE[number % len(PEOPLE)]
    channels = CHANNELS.get(author.platform, ("",))
    channel = channels[number // 7 % len(channels)]
    question = QUESTIONS[number % len(QUESTIONS)]
    passages = _passages(documents, number)
    model = ("extractive", LIVE, LIVE, CANARY)[number % 4]
    turn = Turn(
        id=f"{prefix}{number:07d}", thread=f"{prefix}hread{number // 2}", question=question,
        query=question.lower(),
        author=author, channel=channel, audience=frozenset({"staff"} if number % 9 == 0 else ()),
        route=RouteDecision(Route.RAG, 0.94, ("asks for a fact",),
                            (("question", 0.94), ("voice", 0.04), ("handoff", 0.02))),
        answer=UNKNOWN, outcome=Outcome.ABSTAINED, citations=(), grounding=Grounding(),
        passages=passages, withheld=("staff/discounts.md",) if number % 11 == 0 else (),
        model=model, persona="Juniper@1f0c2d3e4a",
        usage=Usage(620 + number % 90, 80 + number % 40, 0.0011 + number % 5 / 10_000),
        timings_ms={"rewrite": 3.1, "route": 0.6, "retrieve": 12.4, "speak": 640.0 + number % 300,
                    "ground": 31.0, "total": 690.0 + number % 300},
        at=at, style=0.7 + number % 30 / 100,
    )  # fmt: skip
    kind = number % len(QUESTIONS)
    if kind == 4:
        close = RouteDecision(
            Route.VOICE, 0.51, ("small talk",), (("voice", 0.51), ("question", 0.47))
        )
        return replace(turn, route=close, answer="You are very welcome!", passages=(),
                       outcome=Outcome.ANSWERED)  # fmt: skip
    if kind == 5:
        person = RouteDecision(Route.HANDOFF, 0.97, ("asks for a person",))
        return replace(turn, route=person, answer="I have asked a person.", passages=(),
                       outcome=Outcome.HANDOFF)  # fmt: skip
    if kind == 6:
        return turn
    if number % 23 == 0:
        return replace(turn, outcome=Outcome.ERROR, answer="Something went wrong.", passages=(),
                       error="the model server did not answer within 15 s")  # fmt: skip
    if number % 19 == 0:
        return replace(turn, outcome=Outcome.CLARIFY, answer="Which model do you have?")
    return replace(_answered(turn, passages), outcome=Outcome.ANSWERED)


async def documents_in(database: Database) -> list[tuple[DocumentRecord, str]]:
    """The documents that were read in, with their texts."""
    ledger = Ledger(database)
    return [await ledger.show(record.document, record.source) for record in await ledger.listing()]


async def talk(database: Database, many: int, now: datetime, days: float = 60.0) -> list[Turn]:
    """Questions of the last ``days``, the newest a minute ago, and what was said of them."""
    documents = await documents_in(database)
    history, step = History(database), timedelta(days=days) / many
    told = [a_turn(n, now - timedelta(minutes=1) - step * n, documents) for n in range(many)]
    for turn in reversed(told):
        await history.record(turn)
    await _rated(database, told, now)
    return told


async def _rated(database: Database, told: Sequence[Turn], now: datetime) -> None:
    book, audit = FeedbackBook(database, lambda: now), AuditTrail(database)
    for number, turn in enumerate(told):
        if turn.outcome is Outcome.ERROR or number % 3 == 1:
            continue
        down = number % 4 == 0
        reason = "Not what I asked." if down else ""
        better = _TYPED if number % 8 == 0 else ""
        rating = Rating.DOWN if down else Rating.UP
        await book.rate(Feedback(turn.id, turn.author, rating, reason, better, number % 16 == 0))
    reviews = ReviewBook(database, audit, utc_now)
    for turn in [t for n, t in enumerate(told) if n % 24 == 0 and t.outcome is not Outcome.ERROR]:
        await reviews.judge(turn.id, Verdict.APPROVED, BY)


async def _release(database: Database, home: Path) -> None:
    """Three versions: one live, one canary, one that failed the gate."""
    registry, book, files = Registry(database), GateBook(database), GateFiles(home)
    for model in (LIVE, CANARY, "juniper-7b-0611"):
        await registry.register(model=model, base="qwen3-8b", backend="local", method="sft", by=BY)
    files.prepare()
    for told in (story(gate="gate-passed"), story(passed=False, gate="gate-failed")):
        await book.add(told, files.write(told, report_page(told)))
    await registry.promote("v1", by=BY, force=True, reason="the first that is ours")
    await registry.start_canary("v2", 0.25, by=BY, force=True, reason="it sounds better")


async def _rounds(database: Database, dataset: str) -> None:
    """A round under way, one that failed; a job of each kind of end."""
    book = JobBook(database)
    failed = await book.add(
        backend=Backend.LOCAL,
        method=Method.DPO,
        base="models/small",
        dataset=dataset,
        by=BY,
        options={},
    )
    await book.begun(failed.id, "18")
    why = "The trainer was killed at step 4."
    await book.seen(failed.id, Report(Status.FAILED, error=why, resumable=True))
    running = await book.add(
        backend=Backend.LOCAL,
        method=Method.SFT,
        base="models/small",
        dataset=dataset,
        by=BY,
        options={},
    )
    await book.begun(running.id, "17")
    losses = [(step, 4 / step) for step in range(1, 40)]
    events = [
        Event(
            str(step), "loss", f"step {step} of 90, loss {loss:.3f}", {"step": step, "loss": loss}
        )
        for step, loss in losses
    ]
    await book.seen(
        running.id, Report(Status.RUNNING, progress=Progress(39, 90, 0.1, 95.0), events=events)
    )
    jobs, worker = Jobs(database), Claims(database, "of the past")
    for number, source in enumerate(("docs", "wiki", "shop")):
        await jobs.put(Wanted("sync", f"Read {source} again", {"source": source}, by=BY))
        (job,) = await worker.claim("sync", 1, Patience())
        await worker.advance(job, 30, 120, "documents")
        if number == 0:
            await worker.succeed(job, {"added": 120})
        else:
            await worker.fail(job, f"{source} did not answer.", Patience(), retry=False)


async def _quality(database: Database, home: Path, now: datetime) -> None:
    """Scorecards, a suite with proposed cases, alerts, learned thresholds and labels."""
    await keep_run(database, home, "first", wrong=12)
    await keep_run(database, home, "second", wrong=2, hours=1, baseline="first")
    cases = SuiteCaseBook(database, AuditTrail(database))
    quote = "Hold the button for 10 seconds & wait."
    draft = CaseDraft("hub-0", "How long is the reset?", ("10 seconds",), ("hub.md",))
    await cases.propose("support", [
        Proposal(replace(draft, id=f"hub-{n}", question=f"{draft.question} {n}"),
                 Origin.DOCUMENT, "hub.md", quote) for n in range(24)
    ])  # fmt: skip
    week = monday(now) - timedelta(days=7)
    fell = Alert(
        alert_id(), now, week, "satisfaction", "all", {}, "Satisfaction fell from 85% to 65%"
    )
    slow = Alert(alert_id(), now, week, "p95", "route:rag", {}, "Answers take 4.1 s, before 1.2 s")
    alerts = AlertBook(database)
    await alerts.add([fell, slow])
    await alerts.see(slow.id, BY)
    figures = {"n": 40, "reason": "The learned thresholds are better: +0.050.",
               "before": {"macro_f1": 0.9}, "after": {"macro_f1": 0.95}}  # fmt: skip
    await RoutingVersions(database).add(SHIPPED.values() | {"voice": 0.7}, figures, BY, adopt=True)


async def furnish(home: Path, *, turns: int = 140, url: str = "") -> None:
    """Everything, into the home in the folder ``home`` (``.wellspoken`` of a bot), in its own
    database or in another one."""
    another = {"DATABASE_URL": url} if url else {}
    settings, now = load_settings(WELLSPOKEN_HOME=home, **another), utc_now()
    database = await Database.open(settings.database)
    try:
        told = await talk(database, turns, now)
        labels, handoffs = RouteBook(database), HandoffBook(database)
        for turn in told[:12]:
            await labels.label(turn.id, turn.route.route, BY)
        for turn in [t for t in told if t.outcome is Outcome.HANDOFF][:3]:
            await handoffs.open(turn.id, turn.author, {"channel": "C1"}, turn.question)
        consent = ConsentLedger(database)
        await consent.choose(PEOPLE[0].key, True, source="slack")
        await consent.choose(PEOPLE[2].key, False, channel=CHANNELS[Platform.DISCORD][0])
        await _release(database, home)
        await _quality(database, home, now)
        desk = DatasetDesk(
            settings=settings, database=database, persona=default_persona("Juniper"), clock=utc_now
        )
        made = await desk.build(Format.SFT)
        await _rounds(database, made.id)
    finally:
        await database.close()
