"""The ledger: what was read in, with its text, source by source."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import NotFoundError
from bot.store.base import Database
from knowledge.ledger import DocumentRecord, Ledger, RunRecord

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def record(document: str, source: str = "guide", **changes: Any) -> DocumentRecord:
    """A document's record, with anything changed."""
    made = DocumentRecord(
        source=source,
        document=document,
        title="Filters",
        uri="https://example.com/filters",
        groups=frozenset({"staff"}),
        hash="h1",
        revision="r1",
        chunks=2,
        characters=4,
        ingested_at=NOW,
        origin="/docs/filters.md",
        extra={"etag": "x", "n": [1, 2]},
    )
    return replace(made, **changes)


async def test_a_document_comes_back_with_its_text(database: Database) -> None:
    """Every field and the text survive; a second recording replaces both."""
    ledger, first = Ledger(database), record("a.md")
    await ledger.record([(first, "text 1")])
    assert await ledger.show("a.md") == (first, "text 1")
    second = record("a.md", revision="r2", hash="h2", groups=frozenset(), chunks=9)
    await ledger.record([(second, "text 2")])
    assert await ledger.show("a.md", "guide") == (second, "text 2")
    assert await ledger.state("guide") == {"a.md": second}


_names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=_names, title=_names, groups=st.frozensets(_names, max_size=3), text=_names)
async def test_any_words_are_kept(
    database: Database, name: str, title: str, groups: frozenset[str], text: str
) -> None:
    """Names, titles, groups and texts in any script come back as they were."""
    ledger, made = Ledger(database), record(name, title=title, groups=groups)
    await ledger.record([(made, text)])
    assert await ledger.show(name) == (made, text)


async def test_sources_do_not_touch_each_other(database: Database) -> None:
    """The same name in two sources is two documents, removed one by one."""
    ledger = Ledger(database)
    one, two = record("a.md", "guide"), record("a.md", "wiki")
    await ledger.record([(one, "1"), (two, "2")])
    assert await ledger.find("a.md") == [one, two]
    assert await ledger.show("a.md", "wiki") == (two, "2")
    assert await ledger.remove("guide", ["a.md", "unknown.md"]) == 1
    assert await ledger.find("a.md") == [two]
    assert await ledger.state("guide") == {}
    with pytest.raises(NotFoundError, match=r'no document "a\.md"'):
        await ledger.show("a.md", "guide")


async def test_recording_is_all_or_nothing(database: Database) -> None:
    """When one document of a batch cannot be stored, none of them is."""
    ledger = Ledger(database)
    broken = record("b.md", extra={"bad": object()})
    with pytest.raises(TypeError):
        await ledger.record([(record("a.md"), "1"), (broken, "2")])
    assert await ledger.listing() == []
    await ledger.record([])


def _last(paged: list[DocumentRecord]) -> tuple[str, str] | None:
    return (paged[-1].source, paged[-1].document) if paged else None


async def test_the_listing_is_in_order(database: Database) -> None:
    """Documents are listed by source and name, all of them or one source's."""
    ledger = Ledger(database)
    made = [record(f"{n:04}.md", source) for source in ("a", "b") for n in range(700)]
    await ledger.record([(r, "x") for r in reversed(made)])
    assert await ledger.listing() == made
    assert await ledger.listing("b") == made[700:]
    paged: list[DocumentRecord] = []
    while page := await ledger.page(300, _last(paged)):
        paged += page
    assert paged == made
    assert await ledger.page(2, ("a", "0699.md")) == made[700:702]
    assert await ledger.page(9, ("a", "0698.md"), "a") == made[699:700]
    assert await ledger.remove("a", (r.document for r in made)) == 700
    assert await ledger.listing() == made[700:]


async def test_groups_are_those_that_documents_name(database: Database) -> None:
    """Each group once, in order; public documents name none."""
    ledger = Ledger(database)
    assert await ledger.groups() == []
    named = [frozenset({"staff", "board"}), frozenset({"staff"}), frozenset()]
    made = [record(f"{n}.md", groups=groups) for n, groups in enumerate(named)]
    await ledger.record([(r, "x") for r in made])
    assert await ledger.groups() == ["board", "staff"]


async def test_every_change_gives_another_mark(database: Database) -> None:
    """Also one by a machine whose clock is behind that of the one that wrote the newest document,
    once its run is over."""
    ledger = Ledger(database)
    marks = [await ledger.mark()]
    await ledger.record([(record("a.md"), "text"), (record("b.md"), "text")])
    marks.append(await ledger.mark())
    later = NOW + timedelta(seconds=1)
    await ledger.record([(record("a.md", groups=frozenset(), ingested_at=later), "text")])
    marks.append(await ledger.mark())
    behind = NOW - timedelta(minutes=1)
    await ledger.record([(record("a.md", ingested_at=behind), "text")])
    await ledger.record([(record("b.md", ingested_at=later), "text")])
    await ledger.record_run("guide", {}, behind, behind)
    marks.append(await ledger.mark())
    await ledger.remove("guide", ["a.md"])
    marks.append(await ledger.mark())
    assert len(set(marks)) == len(marks)


async def test_sources_are_shown_in_figures(database: Database) -> None:
    """A source counts its documents and chunks and shows its last run, also when it is empty."""
    ledger = Ledger(database)
    await ledger.record([(record("a.md"), "1"), (record("b.md", chunks=3), "2")])
    for number in range(2):
        start = NOW + timedelta(hours=number)
        await ledger.record_run("guide", {"added": number}, start, start + timedelta(minutes=1))
    await ledger.record_run("empty", {"added": 0}, NOW, NOW)
    empty, guide = await ledger.sources()
    last = RunRecord(
        "guide", NOW + timedelta(hours=1), NOW + timedelta(hours=1, minutes=1), {"added": 1}
    )
    assert (guide.name, guide.documents, guide.chunks, guide.characters) == ("guide", 2, 5, 8)
    assert guide.last_run == last
    assert (empty.name, empty.documents, empty.chunks) == ("empty", 0, 0)
    assert [run.report["added"] for run in await ledger.runs("guide")] == [1, 0]
    assert await ledger.runs("guide", limit=1) == [last]
