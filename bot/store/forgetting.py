"""What erasing a person means for each table: the operations, one each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from bot.conversation import Platform, Role
from bot.errors import UsageError
from bot.store.chat_tables import consent, handoffs, participation
from bot.store.columns import Moment, Words, to_json
from bot.store.cost_tables import answer_cache
from bot.store.gap_tables import gap_turns, gaps
from bot.store.review_tables import rewrites
from bot.store.tables import citations, feedback, messages, turns
from bot.store.wordless import erase_words, unborrow, verdict_alone

FORGOTTEN = "forgotten"
TABLES = tuple(
    """answer_cache audit_contents citations consent dataset_examples datasets document_texts
    documents feedback gap_turns gaps handoffs inbox messages participation reviews rewrites
    threads turns""".split()
)
"""Where most of what is erased was."""

FILES = "attachment"
"""The source of passages from files that came with a question (``bot.attaching``)."""

_SHORTEST_ID = 8

# The inbox belongs to bot.work, which stands on the store.
_inbox = sa.table(
    "inbox",
    sa.column("id", sa.BigInteger),
    sa.column("status", Words),
    sa.column("owner", Words),
    sa.column("lease_until", Moment),
    sa.column("finished_at", Moment),
    sa.column("payload", sa.Text),
    sa.column("state", sa.Text),
    sa.column("error", Words),
)
_is_open = _inbox.c.status.in_([sa.literal_column("'waiting'"), sa.literal_column("'running'")])


@dataclass(frozen=True, slots=True)
class Person:
    """Who is forgotten."""

    platform: str
    id: str

    @classmethod
    def of(cls, author: str) -> Person:
        """The person behind a key. Raises UsageError."""
        platform, _, id_ = author.partition(":")
        if platform not in set(Platform) or not id_:
            raise UsageError(f'"{author}" names nobody; write it like slack:U024BE7LH.')
        return cls(platform, id_)

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.id}"

    @property
    def nobody(self) -> str:
        """The author key that takes this one's place."""
        return f"{self.platform}:{FORGOTTEN}"

    @property
    def is_forgotten(self) -> bool:
        return self.id == FORGOTTEN

    @property
    def trace(self) -> str:
        """What to look for: the id where no other word can be meant by it, else the whole key."""
        telling = len(self.id) >= _SHORTEST_ID and not self.id.isalpha()
        return self.id if telling else self.key

    @property
    def traces(self) -> tuple[str, ...]:
        """The trace as it is, and as it stands in JSON, where a backslash or a quote differs."""
        return tuple(dict.fromkeys((self.trace, to_json(self.trace)[1:-1])))

    @property
    def pattern(self) -> re.Pattern[str]:
        """The trace as a word of its own, also behind the end of a line as JSON writes it; not
        where it stands for somebody on another platform."""
        others = "".join(f"(?<!{re.escape(p)}:)" for p in Platform if p != self.platform)
        forms = "|".join(re.escape(form) for form in reversed(self.traces))
        begins = r"(?:(?<![0-9A-Za-z])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4}))"
        return re.compile(rf"{begins}{others}(?:{forms})(?![0-9A-Za-z])")

    def without(self, text: str, instead: str = FORGOTTEN) -> str:
        """A text that names the person no more."""
        if self.trace == self.key:
            instead = f"{self.platform}:{instead}"
        return self.pattern.sub(lambda _: instead, text)


@dataclass(frozen=True, slots=True)
class Gone:
    """What an operation erased: how many, and which handoffs had become knowledge."""

    rows: int
    approved: tuple[str, ...] = ()


# -- the inbox ------------------------------------------------------------------------------------


def events_of(connection: sa.Connection, person: Person, turn_ids: frozenset[str]) -> list[int]:
    """Events that the person caused, and open ones about the person's turns."""
    named = f'"id":{to_json(person.id)}'
    query = sa.select(_inbox.c.id, _is_open.label("is_open"), _inbox.c.payload, _inbox.c.state)
    query = query.where(
        sa.or_(
            _is_open,
            _inbox.c.payload.contains(named, autoescape=True),
            _inbox.c.state.contains(named, autoescape=True),
        )
    ).order_by(_inbox.c.id)
    found = []
    for row in connection.execute(query):
        payload, state = (orjson.loads(text) if text else None for text in (row.payload, row.state))
        about = payload.get("turn") if isinstance(payload, dict) else None
        if _names(payload, person) or _names(state, person) or (row.is_open and about in turn_ids):
            found.append(row.id)
    return found


def _names(value: object, person: Person) -> bool:
    """Whether an author inside a value is the person."""
    if isinstance(value, list):
        return any(_names(item, person) for item in value)
    if not isinstance(value, dict):
        return False
    if value.get("platform") == person.platform and value.get("id") == person.id:
        return True
    return any(_names(item, person) for item in value.values())


def close_events(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Close and empty events. Their ids stay, so that what is delivered again stays known; who
    works on one loses its lease."""
    here = _inbox.c.id.in_(ids)
    closed = {"status": "done", "owner": "", "lease_until": None, "finished_at": datetime.now(UTC)}
    connection.execute(sa.update(_inbox).where(here, _is_open).values(**closed))
    connection.execute(sa.update(_inbox).where(here).values(payload=None, state=None, error=""))


# -- handoffs -------------------------------------------------------------------------------------


def _is_theirs(person: Person) -> sa.ColumnElement[bool]:
    """Handoffs of the person's questions, whoever asked for them."""
    asked = sa.exists().where(turns.c.id == handoffs.c.turn_id, turns.c.author == person.key)
    return sa.or_(handoffs.c.asker == person.key, asked)


def _answered(person: Person) -> sa.ColumnElement[bool]:
    """Handoffs that the person replied to."""
    replies = sa.type_coerce(handoffs.c.replies, sa.Text)
    return replies.contains(f'"by":{to_json(person.key)}', autoescape=True)


def handoffs_of(connection: sa.Connection, person: Person) -> list[str]:
    """Handoffs that the person asked for or answered."""
    query = sa.select(handoffs.c.id).where(sa.or_(_is_theirs(person), _answered(person)))
    return list(connection.scalars(query.order_by(handoffs.c.id)))


def answers_of(connection: sa.Connection, person: Person) -> list[str]:
    """Those of them whose answer became a document, under the handoff's id."""
    found = sa.select(handoffs.c.id).where(
        handoffs.c.id.in_(handoffs_of(connection, person)), handoffs.c.proposal == "approved"
    )
    return list(connection.scalars(found.order_by(handoffs.c.id)))


def erase_handoffs(connection: sa.Connection, person: Person, ids: Sequence[str]) -> Gone:
    """Questions go with their answers, which may repeat them; of others' the person's replies.

    Without an answer nothing is left to propose.
    """
    query = sa.select(handoffs, _is_theirs(person).label("theirs"))
    approved = []
    for row in connection.execute(query.where(handoffs.c.id.in_(ids))).all():
        kept = [] if row.theirs else [r for r in row.replies if r["by"] != person.key]
        values: dict[str, object] = {"replies": kept}
        if row.theirs:
            values |= {"question": "", "asker": person.nobody, "asker_name": ""}
        if not kept:
            values["status"] = "closed"
            if row.proposal == "proposed":
                values["proposal"] = "none"
        if row.proposal == "approved":
            approved.append(row.id)
        connection.execute(sa.update(handoffs).where(handoffs.c.id == row.id).values(**values))
    return Gone(len(ids), tuple(approved))


def turns_showing(connection: sa.Connection, document: str) -> list[str]:
    """Turns that a document was found for."""
    named = f'"document":{to_json(document)}'
    shown = sa.type_coerce(turns.c.passages, sa.Text).contains(named, autoescape=True)
    return list(connection.scalars(sa.select(turns.c.id).where(shown).order_by(turns.c.id)))


def erase_shown(
    connection: sa.Connection, person: Person, document: str, ids: Sequence[str]
) -> None:
    """Of turns, what was shown and quoted of a document, and what was stated from it. Answers that
    cite the person's own words go; others were said to others, and stay."""
    cites = citations.c.turn_id.in_(ids), citations.c.document == document
    repeats = sa.select(citations.c.turn_id).where(*cites, sa.exists(_replies_in(person, document)))
    said = messages.c.turn_id.in_(repeats), messages.c.role == Role.ASSISTANT.value
    connection.execute(sa.update(messages).where(*said).values(text=""))
    erase_passages(connection, document, ids)


def erase_passages(connection: sa.Connection, document: str, ids: Sequence[str]) -> None:
    """Of turns, what was found and quoted of a document, and what was stated from it. Nobody is
    given their answers again."""
    cites = citations.c.turn_id.in_(ids), citations.c.document == document
    connection.execute(sa.delete(answer_cache).where(answer_cache.c.turn_id.in_(ids)))
    connection.execute(sa.delete(citations).where(*cites))
    query = sa.select(turns.c.id, turns.c.passages, turns.c.claims).where(turns.c.id.in_(ids))
    for row in connection.execute(query).all():
        left = [n for n, p in enumerate(row.passages) if p["chunk"]["document"] != document]
        moved = {old: new for new, old in enumerate(left)}
        claims = [
            verdict_alone(claim)
            if claim["passage"] is not None and claim["passage"] not in moved
            else {**claim, "passage": moved.get(claim["passage"])}
            for claim in row.claims
        ]
        change = sa.update(turns).where(turns.c.id == row.id)
        passages = [row.passages[n] for n in left]
        connection.execute(change.values(passages=passages, claims=claims))


def _replies_in(person: Person, handoff: str) -> sa.Select[Any]:
    """The handoff, where the person answered it."""
    return sa.select(handoffs.c.id).where(handoffs.c.id == handoff, _answered(person))


# -- turns ----------------------------------------------------------------------------------------


def words_of(connection: sa.Connection, ids: Sequence[str]) -> list[str]:
    """What was asked in turns."""
    asked = messages.c.turn_id.in_(ids), messages.c.role == Role.USER.value
    return list(connection.scalars(sa.select(messages.c.text).where(*asked)))


def better_answers(connection: sa.Connection, person: Person) -> list[str]:
    """What the person wrote with ratings."""
    query = sa.select(feedback.c.reason, feedback.c.correction)
    rows = connection.execute(query.where(feedback.c.author == person.key)).all()
    return [text for row in rows for text in row]


def is_there(connection: sa.Connection, person: Person) -> bool:
    """Whether the person asked or rated something that is still there."""
    asked = sa.exists().where(turns.c.author == person.key)
    rated = sa.exists().where(feedback.c.author == person.key)
    said = sa.exists().where(rewrites.c.author == person.key)
    handed = sa.exists().where(handoffs.c.asker == person.key)
    return bool(connection.scalar(sa.select(sa.or_(asked, rated, said, handed))))


def threads_of(connection: sa.Connection, person: Person) -> list[str]:
    """Threads in which the person asked."""
    query = sa.select(turns.c.thread_id).where(turns.c.author == person.key).distinct()
    return list(connection.scalars(query))


def erase_derived(connection: sa.Connection, person: Person, thread: str) -> None:
    """Others' follow-ups were searched for with words from before: where those are the person's,
    the question alone stays, and nothing that was noted about the query."""
    said = messages.c.thread_id == thread, messages.c.author == person.key
    unborrow(connection, thread, said, turns.c.author != person.key)


def erase_turns(connection: sa.Connection, person: Person, ids: Sequence[str]) -> int:
    """Leave the skeleton of turns; how many messages of the person there were."""
    mine = messages.c.turn_id.in_(ids), messages.c.author == person.key
    change = sa.update(messages).where(*mine).values(author=person.nobody)
    count = connection.execute(change).rowcount
    erase_words(connection, ids, key=None, author=person.nobody, author_name="")
    return count


def erase_from_gaps(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Take turns out of the gaps they belong to. What was made of their words goes with them, and
    is made anew from what is left (``knowledge.gaps.gathering``); so it is for others' turns in
    their threads, which may have been searched for with the person's words."""
    threads = sa.select(turns.c.thread_id).where(turns.c.id.in_(ids))
    beside = sa.select(turns.c.id).where(turns.c.thread_id.in_(threads))
    touched = sa.select(gap_turns.c.gap_id).where(gap_turns.c.turn_id.in_(beside))
    connection.execute(sa.update(gaps).where(gaps.c.id.in_(touched)).values(vector=None, leader=""))
    connection.execute(sa.delete(gap_turns).where(gap_turns.c.turn_id.in_(ids)))


def erase_verdicts(connection: sa.Connection, person: Person) -> None:
    """Gaps that the person judged keep the verdict alone; those that they had are nobody's."""
    change = sa.update(gaps).where(gaps.c.judged_by == person.key)
    connection.execute(change.values(judged_by=person.nobody))
    theirs = sa.update(gaps).where(gaps.c.owner == person.key)
    connection.execute(theirs.values(owner="", owner_name="", taken_at=None))


# -- what may be taught ---------------------------------------------------------------------------


def erase_rewrites(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Delete what operators made of the answers of turns: it tells what was asked."""
    connection.execute(sa.delete(rewrites).where(rewrites.c.turn_id.in_(ids)))


def erase_better_answers(connection: sa.Connection, person: Person) -> None:
    """Delete the person's better answers to others; an operator's own words on those stay."""
    connection.execute(sa.delete(rewrites).where(rewrites.c.author == person.key))


# -- feedback, consent, participation -------------------------------------------------------------


def erase_feedback(connection: sa.Connection, person: Person) -> int:
    """Delete the person's ratings with reasons and corrections; how many."""
    return connection.execute(sa.delete(feedback).where(feedback.c.author == person.key)).rowcount


def erase_consent(connection: sa.Connection, person: Person) -> None:
    """Delete the person's choices."""
    connection.execute(sa.delete(consent).where(consent.c.author == person.key))


def threads_heard(connection: sa.Connection, person: Person) -> list[str]:
    """Threads in which the person spoke lately."""
    named = f'"author":{to_json(person.key)}'
    spoke = sa.type_coerce(participation.c.heard, sa.Text).contains(named, autoescape=True)
    return list(connection.scalars(sa.select(participation.c.key).where(spoke)))


def erase_heard(connection: sa.Connection, person: Person, keys: Sequence[str]) -> None:
    """Forget that the person spoke in threads."""
    query = sa.select(participation.c.key, participation.c.heard)
    here = query.where(participation.c.key.in_(keys)).with_for_update()
    for row in connection.execute(here).all():
        heard = [said for said in row.heard if said["author"] != person.key]
        change = sa.update(participation).where(participation.c.key == row.key)
        connection.execute(change.values(heard=heard))


# -- the audit trail ------------------------------------------------------------------------------


def without(person: Person, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of an entry without the person; of their turns without names of their files."""
    redacted: dict[str, Any] = orjson.loads(person.without(to_json(content)))
    if content.get("actor") == person.key:
        redacted.pop("name", None)  # of an operator who signed in
    if content.get("author") == person.key and "evidence" in redacted:
        redacted = without_files(redacted) | {"author": person.nobody}
    return redacted


def without_files(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a turn's entry without the names of files that came with the question."""
    evidence = [each for each in content["evidence"] if each["source"] != FILES]
    left = {each["document"] for each in evidence}
    return {
        **content,
        "evidence": evidence,
        "used": [document for document in content["used"] if document in left],
        "cited": [each for each in content.get("cited", ()) if each["document"] in left],
    }
