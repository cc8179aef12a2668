"""The review as the command line and the console share it, and the command itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from adapters.chat.base import ChannelKind, Place
from adapters.teaching.reviewing import Review, review_of
from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Principal,
    Rating,
    Turn,
)
from bot.errors import NotFoundError, UsageError
from bot.handoff import HandoffBook
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.reviews import Verdict
from bot.store.rewrites import Draft
from bot.work.leases import Leases
from knowledge.embedder import BuiltinEmbedder
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger
from knowledge.retrieval import HybridRetriever
from knowledge.stores.embedded import EmbeddedStore
from tests.platforms.command import Cli
from tests.platforms.turns import turn_of

ASKER = Author(Platform.SLACK, "U1", "Ann")
COLLEAGUE = Author(Platform.SLACK, "U2", "Tom")
BY = "terminal:operator"
QUESTION = "Who holds the key of the pump house?"


@dataclass
class Home:
    """The parts of an application that the review needs, on real files."""

    database: Database
    feedback: FeedbackBook
    history: History
    audit: AuditTrail
    ledger: Ledger
    ingestor: Ingestor
    retriever: HybridRetriever

    @property
    def review(self) -> Review:
        return review_of(self)

    async def asked(self, *groups: str) -> str:
        """A turn that somebody asked; its id."""
        turn = turn_for(frozenset(groups))
        await self.history.record(turn)
        return turn.id

    async def proposed(self, *groups: str, kind: ChannelKind = ChannelKind.CHANNEL) -> str:
        """A turn whose answer by a person was proposed; its id."""
        turn = await self.asked(*groups)
        await propose(self.database, turn, kind)
        return turn

    async def found(self, *groups: str) -> list[str]:
        found = await self.retriever.retrieve(QUESTION, Principal(frozenset(groups)))
        return [p.chunk.text for p in found.passages]


def turn_for(audience: frozenset[str]) -> Turn:
    return turn_of(
        "I do not know that.",
        id=new_id("turn"),
        thread=new_id("thread"),
        question=QUESTION,
        author=ASKER,
        audience=audience,
        outcome=Outcome.ABSTAINED,
    )


async def propose(database: Database, turn: str, kind: ChannelKind) -> None:
    book = HandoffBook(database)
    place = Place(Platform.SLACK, "T1", "C1", "171.1", kind=kind)
    handoff = await book.open(turn, ASKER, asdict(place), QUESTION)
    await book.answered(handoff.id, "Tom holds the key.", COLLEAGUE.key)
    await book.propose(handoff.id, COLLEAGUE.key)


@pytest.fixture
async def home(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Home]:
    """A home with an empty knowledge base."""
    with closing(BuiltinEmbedder()) as embedder:
        store = EmbeddedStore(tmp_path / "k.db", embedder.model, embedder.dimensions)
        await store.open()
        ledger = Ledger(sqlite_database)
        yield Home(
            sqlite_database,
            FeedbackBook(sqlite_database),
            History(sqlite_database),
            AuditTrail(sqlite_database),
            ledger,
            Ingestor(ledger, store, Leases(sqlite_database), embedder),
            HybridRetriever(store, embedder),
        )
        await store.close()


async def test_an_approved_answer_is_knowledge_for_its_readers(home: Home) -> None:
    """Approved, it is found at once by those who could read it, leaves the queue, is audited."""
    turn = await home.proposed("staff")
    (waiting,) = (await home.review.queue()).proposals
    assert (waiting.handoff.turn, waiting.readers) == (turn, frozenset({"staff"}))
    assert await home.found("staff") == []
    judged = await home.review.judge(turn, Verdict.APPROVED, BY)
    assert (judged.document, judged.groups) == (waiting.handoff.id, frozenset({"staff"}))
    assert "Tom holds the key." in (await home.found("staff"))[0]
    assert await home.found() == []
    assert (await home.review.queue()).proposals == []
    (entry,) = await home.audit.listing(kind="operator")
    assert (entry.content["action"], entry.content["actor"]) == ("answer approved", BY)
    assert (entry.content["subject"], entry.content["groups"]) == (turn, ["staff"])
    assert await home.audit.verify() is None


async def test_a_rejected_answer_is_not_used(home: Home) -> None:
    """It leaves the queue and never becomes a document."""
    turn = await home.proposed()
    await home.review.judge(turn, Verdict.REJECTED, BY)
    assert await home.found() == []
    assert (await home.review.queue()).proposals == []
    with pytest.raises(NotFoundError):
        await home.review.judge(turn, Verdict.APPROVED, BY)


@pytest.mark.parametrize(
    ("groups", "kind"),
    [
        ((), ChannelKind.DIRECT),
        ((), ChannelKind.GROUP),
        (("board", "staff"), ChannelKind.CHANNEL),
    ],
)
async def test_where_it_is_not_clear_who_may_read_it_the_operator_says(
    home: Home, groups: tuple[str, ...], kind: ChannelKind
) -> None:
    """An answer given in private does not become public by itself, nor one for a few groups
    everybody's who has one of them."""
    turn = await home.proposed(*groups, kind=kind)
    with pytest.raises(UsageError, match="say who"):
        await home.review.judge(turn, Verdict.APPROVED, BY)
    assert len((await home.review.queue()).proposals) == 1
    await home.review.judge(turn, Verdict.APPROVED, BY, groups=frozenset({"board"}))
    assert await home.found("staff") == []
    assert len(await home.found("board")) == 1


async def test_all_of_a_turn_is_judged_together(home: Home) -> None:
    """Readers' words and the proposed answer; one reader's words alone where that is asked."""
    turn = await home.proposed()
    for author in (ASKER, COLLEAGUE):
        await home.feedback.rate(Feedback(turn, author, Rating.DOWN, "wrong", "Lee."))
    await home.review.judge_words(turn, ASKER.key, Verdict.REJECTED, BY)
    queue = await home.review.queue()
    assert ([r.author for r in queue.corrections], len(queue.proposals)) == ([COLLEAGUE.key], 1)
    judged = await home.review.judge(turn, Verdict.APPROVED, BY)
    assert judged.corrections == 1
    assert judged.document
    queue = await home.review.queue()
    assert (queue.corrections, queue.proposals) == ([], [])


async def test_an_unknown_turn_is_named(home: Home) -> None:
    """And so is one of which nothing waits."""
    with pytest.raises(NotFoundError, match='no turn "t0"'):
        await home.review.judge("t0", Verdict.APPROVED, BY)
    turn = await home.asked()
    with pytest.raises(NotFoundError, match="waits for review"):
        await home.review.judge(turn, Verdict.APPROVED, BY)


async def test_a_second_verdict_hears_of_the_first(home: Home) -> None:
    """Who judges a turn anew is told how the verdict before is taken back."""
    turn = await home.asked()
    await home.review.teach(turn, BY, Draft())
    with pytest.raises(UsageError, match=f"was approved before; .*review --undo {turn}"):
        await home.review.judge(turn, Verdict.REJECTED, BY)


# -- the command --------------------------------------------------------------------------------


async def _fill(folder: Path) -> tuple[str, str, str]:
    """Turns with a correction, a staff answer and a private answer that wait."""
    database = await Database.open(f"sqlite:///{folder / '.wellspoken' / 'wellspoken.db'}")
    history, turns = History(database), []
    for groups in (frozenset[str](), frozenset({"staff"}), frozenset[str]()):
        turn = turn_for(groups)
        await history.record(turn)
        turns.append(turn.id)
    corrected, staff, private = turns
    await FeedbackBook(database).rate(Feedback(corrected, ASKER, Rating.DOWN, "wrong", "Lee."))
    await propose(database, staff, ChannelKind.CHANNEL)
    await propose(database, private, ChannelKind.DIRECT)
    await database.close()
    return corrected, staff, private


def test_the_command_lists_and_judges(tmp_path: Path) -> None:
    """Several turns after one option; unknown ones and unclear readers exit 2 and judge nothing;
    an approved answer is answered with at once and can be removed as a document."""
    cli = Cli(tmp_path)
    assert cli.json("feedback", "review") == []
    corrected, staff, private = asyncio.run(_fill(tmp_path))
    waiting = cli.json("feedback", "review")
    assert [(w["kind"], w["turn"]) for w in waiting] == [
        ("correction", corrected),
        ("answer", staff),
        ("answer", private),
    ]
    assert [w["groups"] for w in waiting[1:]] == [["staff"], None]
    for arguments in (("--approve", staff, "t0"), ("--approve", corrected, private), (staff,)):
        refused = cli("feedback", "review", *arguments)
        assert refused.returncode == 2
        assert len(refused.stderr.strip().splitlines()) == 1
    assert len(cli.json("feedback", "review")) == 3
    done = cli.json("feedback", "review", "--approve", corrected, staff, "--reject", private)
    assert [(d["turn"], d["verdict"], d["corrections"]) for d in done] == [
        (corrected, "approved", 1),
        (staff, "approved", 0),
        (private, "rejected", 0),
    ]
    assert cli("feedback", "review").stdout == "nothing waits for review\n"
    answer = cli.json("ask", QUESTION, "--group", "staff")
    assert "Tom holds the key." in answer["answer"]
    assert cli.json("ask", QUESTION)["outcome"] == "abstained"
    actions = [e["action"] for e in cli.json("audit", "list", "--kind", "operator")]
    assert actions == ["correction approved", "answer approved", "answer rejected"]
    assert cli("documents", "remove", done[1]["document"]).returncode == 0
    assert cli.json("ask", QUESTION, "--group", "staff")["outcome"] == "abstained"


def test_the_command_edits_marks_gaps_and_takes_back(tmp_path: Path) -> None:
    """An edited answer, a gap, a liked answer approved as it is; undo lets all wait again."""
    cli = Cli(tmp_path)
    corrected, _, _ = asyncio.run(_fill(tmp_path))
    edited = ("--approve", corrected, "--text", "Tom has it [1].", "--prompt", "Who has it?")
    assert cli.json("feedback", "review", *edited)[0]["verdict"] == "approved"
    assert corrected not in [w["turn"] for w in cli.json("feedback", "review")]
    assert cli.json("feedback", "review", "--undo", corrected) == [
        {"turn": corrected, "verdict": "undone"}
    ]
    assert corrected in [w["turn"] for w in cli.json("feedback", "review")]
    assert cli.json("feedback", "review", "--gap", corrected)[0]["verdict"] == "gap"
    for wrong in (
        ("--undo", "t0"),
        ("--approve", corrected, "--reject", corrected),
        ("--reject", corrected, "--text", "x"),
    ):
        refused = cli("feedback", "review", *wrong)
        assert refused.returncode == 2
        assert len(refused.stderr.strip().splitlines()) == 1
