"""Erasure: who asks to be forgotten is found nowhere, and nobody else misses anything."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import bot.attaching
from bot.conversation import Author, Feedback, Platform, Principal, Rating, Turn
from bot.errors import UsageError
from bot.evidence import Citation, Claim, Grounding, Passage, Rejected
from bot.handoff import HandoffBook
from bot.store import forgetting
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.columns import to_json
from bot.store.consent import ConsentLedger
from bot.store.erasure import Erased, Erasure
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.participation import Participation, Utterance
from bot.store.replies import Replies
from bot.store.reviews import ReviewBook, Verdict
from bot.store.rewrites import RewriteBook
from bot.work.inbox import Inbox
from persona.tables import dataset_examples, datasets

MakeTurn = Callable[..., Turn]
ANN = Author(Platform.SLACK, "U024BE7LH", "Ann Zwetschge")
BEN = Author(Platform.SLACK, "U0G9QF9C6", "Ben")
STAFF = Principal(frozenset({"staff"}))

WORDS = (
    "U024BE7LH",
    "Zwetschge",
    "quince marmalade",  # a question
    "qrx-query",  # what it was searched for
    "plum pudding",  # an answer that repeats it
    "walnut reason",
    "hazel correction",
    "medlar reply",  # to another's question, as the one who helps
    "sloe.txt",  # a file that came along
    "elderberry state",
    "rowan error",
    "juniper note",
    "sorbus claim",  # of the voice, kept back by the check
    "service tree",  # what it said instead
    "whitebeam",  # of hers, in a note on another's follow-up
)
"""What is found of Ann before, and nowhere afterwards."""


def _heard(author: Author, text: str, **more: object) -> dict[str, Any]:
    who = {"platform": "slack", "id": author.id, "name": author.name}
    return {"kind": "message", "heard": {"author": who, "text": text, "mentions": [], **more}}


class World:
    """What Ann and Ben left behind; the turns by name."""

    def __init__(self, db: Database, make_turn: MakeTurn) -> None:
        self.db = db
        self.make = make_turn
        self.audit = AuditTrail(db)
        self.history = History(db, self.audit)
        self.feedback = FeedbackBook(db)
        self.handoffs = HandoffBook(db)
        self.threads = Participation(db)
        self.consent = ConsentLedger(db)
        self.inbox = Inbox(db, "worker")
        self.turns: dict[str, Turn] = {}

    async def turn(self, name: str, author: Author, thread: str, **changes: Any) -> Turn:
        """Somebody asked something."""
        turn = self.make(author=author, thread=thread, channel="slack:C1", **changes)
        await self.history.record(turn, f"event:{name}")
        self.turns[name] = turn
        return turn

    async def talk(self) -> None:
        """Ann and Ben ask in one thread, and each in one of their own."""
        file = replace(
            self.make().passages[0].chunk,
            source="attachment",
            document="sloe.txt",
            title="sloe.txt",
        )
        ann = await self.turn(
            "ann",
            ANN,
            "slack:T1:C1:1",
            question="Where is the quince marmalade?",
            query="qrx-query",
            answer="No plum pudding.",
            error="rowan error",
            notes=("no passage holds juniper note",),
            grounding=Grounding((), (Rejected("A sorbus claim.", "not so", 0.1, "service tree"),)),
            passages=(*self.make().passages, Passage(file, 0.5)),
        )
        await self.turn("ann's own", ANN, "slack:T1:C1:2", question="More quince marmalade?")
        await self.turn(
            "ben",
            BEN,
            "slack:T1:C1:1",
            question="And the red one?",
            query="red quince marmalade",
            notes=("no passage holds whitebeam",),
        )
        ben = await self.turn(
            "ben's own", BEN, "slack:T1:C1:3", question="What did @U024BE7LH say?"
        )
        await self.feedback.rate(
            Feedback(ben.id, ANN, Rating.DOWN, "walnut reason", "hazel correction")
        )
        await self.feedback.rate(Feedback(ben.id, BEN, Rating.UP, "fine"))
        await self.feedback.rate(Feedback(ann.id, BEN, Rating.DOWN, "no use"))
        reviews = ReviewBook(self.db, self.audit)
        await reviews.judge(ben.id, Verdict.APPROVED, "web:operator")
        await reviews.judge(ann.id, Verdict.REJECTED, ANN.key)
        asked = await self.handoffs.open(ann.id, ANN, {"channel": "C1"}, ann.question)
        await self.handoffs.answered(asked.id, "As to plum pudding: no.", BEN.key)
        await self.handoffs.propose(asked.id, ANN.key)
        helped = await self.handoffs.open(ben.id, BEN, {"channel": "C1"}, "Where is it?")
        await self.handoffs.answered(helped.id, "medlar reply", ANN.key)
        await self.handoffs.answered(helped.id, "On the shelf.", BEN.key)
        await self.audit.operator("approve", ANN.key, turn=ben.id)
        for author in (ANN, BEN):
            await self.consent.choose(author.key, True)

    async def events(self) -> None:
        """Some are done, one is in work, some wait."""
        done = _heard(ANN, "quince marmalade")
        await self.inbox.put("slack:T1:C1:1", "slack:T1:C1:1", done)
        (claim,) = await self.inbox.claim(1)
        await self.inbox.complete(claim)
        await self.inbox.put("e-running", "running", _heard(ANN, "quince marmalade"))
        (claim,) = await self.inbox.claim(1)
        await self.inbox.checkpoint(claim, "posting", {"said": "elderberry state"})
        await self.inbox.put("e-waiting", "waiting", _heard(ANN, "quince marmalade"))
        await self.inbox.put(
            "react:1.1:U024BE7LH", "r", {"author": {"platform": "slack", "id": ANN.id}}
        )
        await self.inbox.put("handoff:1", "h", {"kind": "handoff", "turn": self.turns["ann"].id})
        await self.inbox.put("e-ben", "ben", _heard(BEN, "Ask <@U024BE7LH>", mentions=[ANN.id]))

    async def speak(self) -> None:
        """Who spoke in the thread, and the messages that carry the answer."""

        def op(connection: sa.Connection) -> None:
            self.threads.join_in(connection, "slack:T1:C1:1", "slack:T1:C1:1")
            for author in (ANN, BEN):
                said = Utterance(author.key, datetime.now(UTC), for_bot=True)
                self.threads.heard_in(connection, "slack:T1:C1:1", said)
            turn = self.turns["ann"].id
            Replies(self.db).keep_in(connection, Platform.SLACK, "C1", ["1.5"], turn)

        await self.db.write(op)

    async def forget(self, author: str = ANN.key) -> Erased:
        """Erase a person."""
        return await Erasure(self.db, self.audit).forget(author)

    async def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that is in the database, but for the fences of those who are forgotten."""

        def op(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
            return {
                name: [tuple(row) for row in connection.execute(sa.text(f'SELECT * FROM "{name}"'))]
                for name in sa.inspect(connection).get_table_names()
                if name != "leases"
            }

        return await self.db.read(op)


@pytest.fixture
async def world(database: Database, make_turn: MakeTurn) -> World:
    """A database that remembers Ann and Ben."""
    world = World(database, make_turn)
    await world.talk()
    await world.events()
    await world.speak()
    return world


@pytest.fixture
async def sqlite_world(sqlite_database: Database, make_turn: MakeTurn) -> World:
    """The same on SQLite, whose bytes can be looked at."""
    world = World(sqlite_database, make_turn)
    await world.talk()
    await world.events()
    await world.speak()
    return world


def _left(text: str, words: Sequence[str] = WORDS) -> list[str]:
    return [word for word in words if word in text]


def _bytes(db: Database) -> str:
    """The file, its write-ahead log and its shared memory."""
    files = [Path(db.name + end) for end in ("", "-wal", "-shm")]
    return "".join(file.read_bytes().decode("latin-1") for file in files if file.exists())


def _journal(db: Database) -> str:
    return Path(db.name + "-wal").read_bytes().decode("latin-1")


async def test_nothing_of_a_person_is_left_in_any_table(world: World) -> None:
    """Id, name and words are gone from every row of every table."""
    assert _left(str(await world.dump())) == list(WORDS)
    await world.forget()
    assert _left(str(await world.dump())) == []


async def test_nothing_of_a_person_is_left_in_any_byte(sqlite_world: World) -> None:
    """Neither in the file's unused space nor in what SQLite keeps beside it."""
    assert _left(_bytes(sqlite_world.db)) == list(WORDS)
    await sqlite_world.forget()
    assert _left(_bytes(sqlite_world.db)) == []


async def test_the_trail_still_verifies(world: World) -> None:
    """The redaction is told from tampering; documents that were used stay on record."""
    await world.forget()
    assert await world.audit.verify() is None
    content = (await world.audit.show(world.turns["ann"].id)).content
    assert content["author"] == "slack:forgotten"
    assert content["used"] == ["guide/filters.md"]
    assert [e["document"] for e in content["evidence"]] == ["guide/filters.md"]
    deeds = [entry.content for entry in await world.audit.listing(kind="operator")]
    assert [deed["actor"] for deed in deeds] == ["web:operator", *["slack:forgotten"] * 2]
    assert [deed.get("authors") for deed in deeds] == [["slack:forgotten"], [BEN.key], None]


async def test_the_skeleton_of_a_turn_stays(world: World) -> None:
    """When, how it was routed, how it ended and what it took: statistics stay true."""
    before = await world.history.turn(world.turns["ann"].id)
    await world.forget()
    turn = await world.history.turn(before.id)
    assert turn.author == Author(Platform.SLACK, "forgotten")
    for same in ("at", "route", "outcome", "model", "usage", "timings_ms", "audience", "withheld"):
        assert getattr(turn, same) == getattr(before, same)
    assert turn.grounding.score == before.grounding.score
    assert (turn.question, turn.query, turn.answer, turn.error) == ("", "", "", "")
    assert (turn.passages, turn.citations) == ((), ())
    assert await Replies(world.db).turn_of(Platform.SLACK, "C1", "1.5") == turn.id


async def test_others_lose_nothing(world: World) -> None:
    """What another person asked, rated, chose and is waiting for stays; the id in it goes."""
    own = world.turns["ben's own"]
    rated = (await world.feedback.of(own.id))[1:]
    await world.forget()
    assert await world.history.turn(own.id) == replace(own, question="What did @forgotten say?")
    assert await world.feedback.of(own.id) == rated
    assert [f.reason for f in await world.feedback.of(world.turns["ann"].id)] == ["no use"]
    assert await world.consent.choice(BEN.key) is True
    assert await world.consent.choice(ANN.key) is None
    thread = await world.threads.find("slack:T1:C1:1")
    assert thread is not None
    assert [said.author for said in thread.heard] == [BEN.key]
    (claim,) = await world.inbox.claim(10)
    assert claim.payload == _heard(BEN, "Ask <@forgotten>", mentions=["forgotten"])


async def test_a_follow_up_keeps_its_own_words_only(world: World) -> None:
    """What another's question was searched for loses the words that came from the person."""
    await world.forget()
    turn = await world.history.turn(world.turns["ben"].id)
    assert (turn.question, turn.query) == ("And the red one?", "And the red one?")


async def test_what_waits_for_a_person_is_closed(world: World) -> None:
    """No event of the person is worked on any more, and one delivered again stays known."""
    await world.forget()
    assert (await world.inbox.counts()) == {"done": 5, "waiting": 1}
    assert not await world.inbox.put("e-waiting", "waiting", _heard(ANN, "again"))
    assert not await world.inbox.put("slack:T1:C1:1", "slack:T1:C1:1", _heard(ANN, "again"))


async def test_handoffs_lose_the_person(world: World) -> None:
    """The question goes with its answers; of another's handoff only what the person replied."""
    await world.forget()
    asked = await world.handoffs.of_turn(world.turns["ann"].id)
    helped = await world.handoffs.of_turn(world.turns["ben's own"].id)
    assert asked is not None
    assert helped is not None
    assert (asked.question, asked.answer, asked.status) == ("", "", "closed")
    assert (asked.asker, asked.proposal) == (Author(Platform.SLACK, "forgotten"), "none")
    assert (helped.question, helped.answer, helped.status) == (
        "Where is it?",
        "On the shelf.",
        "answered",
    )
    assert helped.asker == BEN


async def test_what_became_knowledge_is_named(world: World) -> None:
    """Documents made of an approved answer lie elsewhere: whoever keeps them is told."""
    handoff = await world.handoffs.of_turn(world.turns["ann"].id)
    assert handoff is not None
    await world.handoffs.judge(handoff.id, True, "operator")
    assert (await world.forget()).approved == (handoff.id,)


async def test_what_may_be_taught_goes_with_the_person(world: World) -> None:
    """Rewrites of the person's turns, and the person's better answers to others, in whatever words
    they were approved; what an operator wrote for others' turns stays."""
    rewrites = RewriteBook(world.db, world.audit)
    own, bens = world.turns["ann's own"].id, world.turns["ben"].id
    taught = await rewrites.of(world.turns["ben's own"].id)
    assert taught is not None
    assert (taught.author, taught.text) == (ANN.key, "hazel correction")
    await rewrites.approve(own, by="web:operator", text="As to quince marmalade: here.")
    await rewrites.approve(bens, by=ANN.key, text="The red one is there.")
    await world.forget()
    assert await rewrites.of(world.turns["ben's own"].id) is None
    assert await rewrites.of(own) is None
    kept = await rewrites.of(bens)
    assert kept is not None
    assert (kept.text, kept.by) == ("The red one is there.", "slack:forgotten")


async def test_lineage_is_left_to_who_keeps_the_files(world: World) -> None:
    """Without it nobody could find the person's lines any more (``persona.forgetting``)."""

    def op(connection: sa.Connection) -> None:
        names = ("persona", "digest", "train_file", "validation_file")
        counts = dict.fromkeys(("examples", "train", "validation"), 0)
        row = {"id": "d1", "format": "sft", "dropped": {}, "card": {}, "at": datetime.now(UTC)}
        connection.execute(sa.insert(datasets), {**dict.fromkeys(names, ""), **counts, **row})
        line = {"dataset_id": "d1", "position": 0, "split": "train", "line": 0, "turn_id": "t"}
        connection.execute(sa.insert(dataset_examples), {**line, "asker": ANN.key, "author": ""})

    await world.db.write(op)
    await world.forget()
    query = sa.select(dataset_examples.c.asker)
    assert await world.db.read(lambda c: list(c.scalars(query))) == [ANN.key]


async def test_a_withdrawn_document_is_shown_to_nobody(world: World) -> None:
    """Others keep their answers, and the statements of them that stand on other passages."""
    handoff = await world.handoffs.of_turn(world.turns["ann"].id)
    assert handoff is not None
    await world.handoffs.judge(handoff.id, True, "operator")
    (first,) = world.make().passages
    answer = replace(
        first.chunk, id="a#0", document=handoff.id, source="answers", title="quince marmalade"
    )
    shown = await world.turn(
        "shown",
        BEN,
        "slack:T1:C1:7",
        passages=(Passage(answer, 1.0), first),
        citations=(Citation(1, handoff.id, "quince marmalade", "", "plum pudding", "a#0"),),
        grounding=Grounding((Claim(0, 5, "Every", True, 0.9, 0), Claim(6, 9, "400", True, 0.9, 1))),
    )
    assert await Erasure(world.db, world.audit).answers(ANN.key) == (handoff.id,)
    await world.forget()
    left = await world.history.turn(shown.id)
    assert (left.answer, left.passages, left.citations) == (shown.answer, (first,), ())
    assert [claim.passage for claim in left.grounding.claims] == [None, 0]
    assert _left(str(await world.dump())) == []
    assert [claim.text for claim in left.grounding.claims] == ["", "400"]
    assert await Erasure(world.db, world.audit).answers(ANN.key) == ()


async def test_answers_that_repeat_the_persons_own_document_go(world: World) -> None:
    """What Ann answered as a colleague was told to others in her words."""
    handoff = await world.handoffs.of_turn(world.turns["ben's own"].id)
    assert handoff is not None
    await world.handoffs.propose(handoff.id, BEN.key)
    await world.handoffs.judge(handoff.id, True, "operator")
    (first,) = world.make().passages
    words = replace(first.chunk, id="a#0", document=handoff.id, source="answers", text="medlar")
    told = {"passages": (Passage(words, 1.0), first), "answer": "As to that: medlar reply. [1]"}
    cited = (Citation(1, handoff.id, "Where?", "", "medlar reply", "a#0"),)
    repeats = await world.turn("repeats", BEN, "slack:T1:C1:7", citations=cited, **told)
    found = await world.turn("found", BEN, "slack:T1:C1:8", **told | {"answer": "Fine."})
    await world.forget()
    assert (await world.history.turn(repeats.id)).answer == ""
    assert (await world.history.turn(repeats.id)).question == repeats.question
    assert (await world.history.turn(found.id)).answer == "Fine."
    assert _left(str(await world.dump())) == []


async def test_it_is_counted_what_was_erased(world: World) -> None:
    """Messages, ratings and handoffs of the person; a second time there is nothing."""
    assert await world.forget() == Erased(messages=2, feedback=1, handoffs=2)
    before = await world.dump()
    assert await world.forget() == Erased()
    assert await world.dump() == before
    assert await world.audit.verify() is None


async def test_two_people_are_forgotten_one_after_the_other(world: World) -> None:
    """Both become nobody without getting in each other's way."""
    await world.inbox.put(
        "react:1.1:U0G9QF9C6", "r2", {"author": {"platform": "slack", "id": BEN.id}}
    )
    await world.forget()
    assert await world.forget(BEN.key) == Erased(messages=2, feedback=2, handoffs=1)
    assert _left(str(await world.dump()), [ANN.id, BEN.id, "On the shelf", "red one"]) == []
    assert await world.forget("slack:forgotten") == Erased()
    assert await world.audit.verify() is None


async def test_a_thread_named_after_a_person_gets_another_name(world: World) -> None:
    """As in the web chat, where the visitor's id begins the thread's; it stays one thread."""
    visitor = Author(Platform.WEB, "kX3-_9aQzP")
    thread = f"web:{visitor.id}:talk"
    first = await world.turn("first", visitor, thread)
    await world.turn("second", visitor, thread)
    await world.forget(visitor.key)
    assert _left(str(await world.dump()), [visitor.id]) == []
    assert await world.history.of_thread(thread) == []
    renamed = (await world.history.turn(first.id)).thread
    assert len(await world.history.of_thread(renamed)) == 2
    assert [m.text for m in await world.history.messages(renamed, STAFF)] == [""] * 4


async def test_a_common_word_as_an_id_is_no_word_to_erase(world: World) -> None:
    """An id like "visitor" goes where an author is meant, not from what people wrote."""
    visitor = Author(Platform.WEB, "visitor")
    turn = await world.turn("v", BEN, "slack:T1:C1:9", question="May a visitor enter?")
    await world.turn("w", visitor, "web:visitor:1", question="May I?")
    assert (await world.forget(visitor.key)).messages == 1
    assert (await world.history.turn(turn.id)).question == "May a visitor enter?"
    assert _left(str(await world.dump()), ["web:visitor", "May I?"]) == []


@pytest.mark.parametrize(
    "id_", ["CORP\\ann.lee7", 'ann"lee"7', "ann\tlee 77", "änne%lee_7", "O'Brien-77", "a/b?c=d&77"]
)
async def test_ids_with_odd_characters_go_everywhere(
    database: Database, make_turn: MakeTurn, id_: str
) -> None:
    """As they are, as JSON writes them, and at the beginning of a line in somebody's words."""
    person = Author(Platform.WEB, id_, "Ann")
    history = History(database)
    await history.record(make_turn(author=person))
    claims = Grounding((), (Rejected(f"It was\n{id_}\nwho said so."),))
    kept = make_turn(author=BEN, thread="b", notes=(f"by\n{id_}",), grounding=claims)
    await history.record(kept)
    trail = AuditTrail(database)
    await trail.operator("consent set", "web:operator", subject=person.key, told=f"said\n{id_}")
    assert (await Erasure(database, trail).forget(person.key)).messages == 1
    rows = (await World(database, make_turn).dump()).values()
    left = "\n".join(str(value) for table in rows for row in table for value in row)
    for form in (id_, to_json(id_)[1:-1]):
        assert form not in left
    assert (await history.turn(kept.id)).author == BEN
    assert await trail.verify() is None


async def test_the_same_id_on_another_platform_is_another_person(
    database: Database, make_turn: MakeTurn
) -> None:
    """Words, ratings, choices and the trail of the namesake stay as they are."""
    history, audit = History(database), AuditTrail(database)
    ledger = ConsentLedger(database)
    here, there = (Author(p, "same-id_10%") for p in (Platform.WEB, Platform.DISCORD))
    turns = {author: make_turn(author=author, question="plums?") for author in (here, there)}
    for author, turn in turns.items():
        await history.record(turn)
        await ledger.choose(author.key, True)
        await FeedbackBook(database).rate(Feedback(turn.id, author, Rating.UP, "good plums", ""))
    await Erasure(database, audit).forget(here.key)
    assert (await history.turn(turns[there].id)).author.key == there.key
    assert (await audit.show(turns[there].id)).content["author"] == there.key
    assert [each.author for each in await ledger.listing()] == [there.key]
    assert [each.author for each in await FeedbackBook(database).of(turns[there].id)] == [there]
    assert (await history.turn(turns[here].id)).author.id == "forgotten"
    assert await audit.verify() is None


async def test_a_longer_id_is_another_person(world: World) -> None:
    """An id that begins like the one to forget stays."""
    other = Author(Platform.SLACK, "U024BE7LHX", "Other")
    turn = await world.turn("other", other, "slack:T1:C1:8", question="Hello?")
    await world.forget()
    assert await world.history.turn(turn.id) == turn


@pytest.mark.parametrize("author", ["U024BE7LH", "myspace:U1", "slack:", ""])
async def test_what_is_no_author_is_said_so(sqlite_world: World, author: str) -> None:
    """A key without platform or id names nobody, in one sentence with an example."""
    with pytest.raises(UsageError, match="names nobody; write it like slack:U024BE7LH"):
        await sqlite_world.forget(author)


async def test_an_unknown_person_changes_nothing(world: World) -> None:
    """Whoever was never here is forgotten at once, without an entry in the trail."""
    before = await world.dump()
    assert await world.forget("discord:80351110224678912") == Erased()
    assert await world.dump() == before


async def test_an_interrupted_erasure_is_finished_by_the_next(world: World) -> None:
    """Cut off at any moment, a second run leaves nothing, and the trail verifies."""
    for milliseconds in (1, 5, 15, 40):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(milliseconds / 1000):
                await world.forget()
                raise TimeoutError
    await world.forget()
    assert _left(str(await world.dump())) == []
    assert await world.audit.verify() is None


async def test_a_file_with_much_traffic_keeps_no_trace(
    sqlite_database: Database, make_turn: MakeTurn
) -> None:
    """Pages that were divided, rows that grew and moved: no copy of a word is left behind."""
    world, chance = World(sqlite_database, make_turn), random.Random(7)
    for number in range(150):
        author = chance.choice((ANN, BEN))
        words = f"{author.name} says {'quince marmalade ' if author is ANN else 'tea '}"
        turn = await world.turn(
            f"{number}", author, f"thread-{number % 9}", question=words * chance.randint(1, 120)
        )
        await world.feedback.rate(
            Feedback(turn.id, author, Rating.UP, words * chance.randint(0, 9))
        )
        await world.inbox.put(f"e{number}", f"t{number}", _heard(author, turn.question))
        (claim,) = await world.inbox.claim(1)
        for step in range(3):
            claim = await world.inbox.checkpoint(claim, str(step), {"said": words * step * 40})
        await world.inbox.complete(claim)
    await world.inbox.purge(datetime.now(UTC))
    await world.forget()
    assert _left(_bytes(sqlite_database)) == []


def test_files_of_questions_are_known_by_their_source() -> None:
    """Both rooms call it the same; the store may not look into the other."""
    assert forgetting.FILES == bot.attaching.SOURCE


async def test_old_traces_make_the_file_be_written_anew(sqlite_database: Database) -> None:
    """What an older program left in unused space is found and goes as well."""
    file = sqlite3.connect(sqlite_database.name, isolation_level=None)
    file.execute("PRAGMA secure_delete = OFF")
    row = ("lease", "quince marmalade", 1, "2026-05-01 12:00:00.000000")
    file.execute("INSERT INTO leases VALUES (?, ?, ?, ?)", row)
    file.execute("DELETE FROM leases")
    file.close()
    await sqlite_database.scrub([], ["an apple"])
    assert "quince marmalade" in _bytes(sqlite_database)
    await sqlite_database.scrub([], ["quince marmalade"])
    assert "quince marmalade" not in _bytes(sqlite_database)


async def test_scrubbing_waits_for_a_reader(sqlite_database: Database) -> None:
    """While another process reads an old state the journal cannot be cut; then it is."""
    reader = sqlite3.connect(sqlite_database.name, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM turns").fetchone()
    await ConsentLedger(sqlite_database).choose("web:quince", True)
    scrubbing = asyncio.create_task(sqlite_database.scrub([], []))
    done, _ = await asyncio.wait([scrubbing], timeout=0.6)
    assert not done
    assert "web:quince" in _journal(sqlite_database)
    await ConsentLedger(sqlite_database).choose("web:medlar", True)  # writers get their turn
    reader.execute("COMMIT")
    reader.close()
    await scrubbing
    assert _journal(sqlite_database) == ""
