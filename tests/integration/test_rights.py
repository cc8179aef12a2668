"""Nothing leaks: random documents, groups and questions through the whole engine, on both stores.

Every hidden document holds a word of its own in its name, title, address and text. Whatever an
asker gets (answer as it streams, citations, search hits, what is near, suggestions, counts, a
repeated request, the sentence of an error) holds none of them, and is the same as in a knowledge
base in which the hidden documents do not exist.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation import Outcome, Principal
from bot.store.base import Database
from knowledge.embedder import BuiltinEmbedder
from knowledge.stores.base import DocumentKey
from knowledge.stores.embedded import EmbeddedStore
from tests.platforms.rights_stores import KINDS, Stores, stores
from tests.platforms.rights_world import (
    GROUPS,
    Page,
    RememberingEmbedder,
    World,
    hidden,
    marker,
    markers,
    visible,
)

_SETTINGS = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_PUMPS = ("Alpha", "Bravo", "Delta")
_audiences = st.frozensets(st.sampled_from(GROUPS), max_size=2)
_askers = st.frozensets(st.sampled_from((*GROUPS, "strangers")), max_size=2)


@st.composite
def _pages(draw: st.DrawFn) -> list[Page]:
    numbers = range(draw(st.integers(1, 7)))
    return [Page(n, draw(_audiences), draw(st.sampled_from(_PUMPS))) for n in numbers]


_questions = st.sampled_from(
    [f"How long does the {pump} pump run?" for pump in _PUMPS]
    + [f"How do I clean the {pump} pump?" for pump in _PUMPS]
    + ["Which pumps run on one battery?", "What is the price of the Zulu compressor?"]
)


@pytest.fixture(scope="module")
def embedder() -> Iterator[RememberingEmbedder]:
    """The built-in embedder."""
    with closing(BuiltinEmbedder()) as builtin:
        yield RememberingEmbedder(builtin)


class Worlds:
    """Makes empty worlds, each with a store and a database of its own."""

    def __init__(self, make: Stores, embedder: RememberingEmbedder, database: Path) -> None:
        self._make = make
        self._embedder = embedder
        self._template = database
        self._opened: list[Database] = []
        self._numbers = count()

    async def __call__(self) -> World:
        path = self._template.with_name(f"world-{next(self._numbers)}.db")
        shutil.copyfile(self._template, path)
        self._opened.append(await Database.open(f"sqlite:///{path}"))
        return World(await self._make(), self._opened[-1], self._embedder)

    async def anew(self) -> None:
        """Another example: what was made so far is let go of."""
        await self._make.released()
        for database in self._opened:
            await database.close()
        self._opened.clear()


@pytest.fixture(params=KINDS)
async def make_world(
    request: pytest.FixtureRequest,
    embedder: RememberingEmbedder,
    _sqlite_template: Path,
    tmp_path: Path,
) -> AsyncIterator[Worlds]:
    """Makes worlds over either store."""
    template = Path(shutil.copyfile(_sqlite_template, tmp_path / "template.db"))
    async with stores(request.param, request, tmp_path, embedder) as make:
        worlds = Worlds(make, embedder, template)
        yield worlds
        await worlds.anew()


@given(pages=_pages(), asker=_askers, questions=st.lists(_questions, min_size=1, max_size=3))
@_SETTINGS
async def test_no_word_of_a_hidden_document_reaches_an_asker(
    make_world: Worlds, pages: list[Page], asker: frozenset[str], questions: list[str]
) -> None:
    """Not in answers, pieces, citations, hits, suggestions or counts, in a thread where others
    were told more; and what was kept back is in the audit record alone."""
    await make_world.anew()
    world = await make_world()
    await world.hold(pages)
    secret = hidden(pages, asker)
    for question in questions:
        await world.ask(question, GROUPS, thread="together")
        heard = await world.ask(question, asker, thread="together")
        assert not markers(heard.everything) & secret
        kept_back = await world.withheld(heard.turn.id)
        assert markers(" ".join(kept_back)) <= secret
        assert heard.turn.withheld == tuple(kept_back)
    follow_up = await world.ask("And how do I clean it?", asker, thread="together")
    assert not markers(follow_up.everything) & secret
    assert not markers(await world.shown(asker, near="pump cleaning")) & secret
    remembered = await world.history.messages("together", Principal(asker))
    assert not markers(" ".join(m.text for m in remembered)) & secret


@given(
    pages=_pages(),
    asker=_askers,
    questions=st.lists(_questions, min_size=1, max_size=2),
    slip=st.integers(0, 6),
)
@_SETTINGS
async def test_hidden_documents_are_as_if_they_did_not_exist(
    make_world: Worlds,
    pages: list[Page],
    asker: frozenset[str],
    questions: list[str],
    slip: int,
) -> None:
    """What an asker may see is what a knowledge base without the rest would show, also where a
    hidden document's own word is asked for, or nearly. In the embedded store every word of the
    reply, every place and every score is the same."""
    await make_world.anew()
    world, without = await make_world(), await make_world()
    await world.hold(pages)
    await without.hold(visible(pages, asker))
    asked = [*questions, f"What is {marker(slip)}?", f"What is {marker(slip)[:-1]}c for?"]
    for question in asked:
        here, there = await world.ask(question, asker), await without.ask(question, asker)
        assert len(here.passages) == len(there.passages)
        if isinstance(world.store, EmbeddedStore):  # which weighs words by what the asker may see
            assert (here.reply, here.scores) == (there.reply, there.scores)
        known = {marker(p.number) for p in visible(pages, asker)}
        # Who says "I do not know" repeats what was asked, whether there is such a word or not.
        assert markers(here.everything) <= known | markers(question)
    assert await world.shown(asker) == await without.shown(asker)


@given(pages=_pages(), asker=_askers, question=_questions, how=st.sampled_from(["file", "store"]))
@_SETTINGS
async def test_a_change_of_rights_holds_for_the_next_question(
    make_world: Worlds, pages: list[Page], asker: frozenset[str], question: str, how: str
) -> None:
    """What is closed, opened or removed is so for the very next question: through the file's own
    words or through the store alone."""
    await make_world.anew()
    world = await make_world()
    await world.hold(pages)
    await world.ask(question, asker, thread="t")
    others = [replace(p, groups=frozenset(GROUPS) - p.groups) for p in pages[1:]]
    if how == "file":
        await world.hold(others)
    else:
        for page in others:
            await world.store.set_groups(DocumentKey(world.source, page.name), page.groups)
        await world.store.remove([DocumentKey(world.source, pages[0].name)])
    secret = hidden(others, asker) | {marker(pages[0].number)}
    heard = await world.ask(question, asker, thread="t2")
    assert not markers(heard.everything) & secret
    assert {p["document"] for p in heard.passages} <= {p.name for p in visible(others, asker)}
    suggested = await world.shown(asker)
    if how == "file":  # the ledger follows the store; counts are those of the ledger
        assert not markers(suggested) & secret


async def test_groups_of_the_source_reach_what_is_stored_already(make_world: Worlds) -> None:
    """Another word in the settings closes documents that did not change themselves."""
    world = await make_world()
    pages = [Page(1), Page(2, frozenset({"board"}))]
    await world.hold(pages)
    assert _names(await _found(world)) == {pages[0].name}
    await world.hold(pages, ["staff"])
    assert _names(await _found(world)) == set()
    assert _names(await _found(world, "staff")) == {pages[0].name}
    assert _names(await _found(world, "board")) == {pages[1].name}
    await world.hold(pages)
    assert _names(await _found(world)) == {pages[0].name}


async def test_a_repeated_request_brings_no_more_than_a_first(make_world: Worlds) -> None:
    """The same key, asked for the same readers, is the same turn; nothing is stored twice."""
    world = await make_world()
    await world.hold([Page(1, frozenset({"staff"}))])
    question = "How long does the Alpha pump run?"
    first = await world.ask(question, ["staff"], key="k")
    assert first.turn.outcome is Outcome.ANSWERED
    assert (await world.ask(question, ["staff"], key="k")).turn == first.turn


async def test_a_word_that_only_hidden_documents_hold_mends_no_slip(
    make_world: Worlds,
) -> None:
    """A misspelt word is respelled by what the asker may see, and by nothing else."""
    world = await make_world()
    await world.hold([Page(1), Page(2, frozenset({"staff"}), pump="Bravo")])
    for text in ("bravoo", "brvao pump", "What does brav0 mean?", marker(2)[:-1]):
        heard = await world.ask(text)
        assert markers(heard.everything) <= {marker(1)}
        assert "Bravo" not in heard.everything


async def test_what_cannot_be_told_is_told_alike(make_world: Worlds) -> None:
    """About a hidden document and about one that is nowhere an asker hears the same words."""
    world, without = await make_world(), await make_world()
    await world.hold([Page(1, frozenset({"staff"}))])
    question = "How long does the Alpha pump run?"
    here, there = await world.ask(question), await without.ask(question)
    assert here.reply == there.reply
    assert here.turn.outcome is Outcome.ABSTAINED
    assert await world.withheld(here.turn.id) == [Page(1).name]
    assert await world.shown() == await without.shown()


@pytest.mark.parametrize(
    "mark", ["public", "*", "everyone", "none", "null", "__public__", "-", "0"]
)
async def test_no_name_of_a_group_opens_or_closes_more_than_its_own(
    make_world: Worlds, mark: str
) -> None:
    """A group that is called like a mark of the store's is a group like any other."""
    world = await make_world()
    marked = Page(1, frozenset({mark}))
    await world.hold([marked, Page(2, frozenset({"staff"})), Page(3)])
    assert _names(await _found(world)) == {Page(3).name}
    assert _names(await _found(world, mark)) == {marked.name, Page(3).name}
    assert _names(await _found(world, "staff")) == {Page(2).name, Page(3).name}


async def _found(world: World, *groups: str) -> Sequence[object]:
    heard = await world.ask("How long does the Alpha pump run?", groups)
    return [p["document"] for p in heard.passages]


def _names(found: Sequence[object]) -> set[object]:
    return set(found)
