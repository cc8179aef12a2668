"""What people can tell the bot about itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.chat.base import Place
from bot.conversation import Author, Rating
from bot.store.consent import ConsentLedger
from knowledge.sources.folder import FolderSource
from persona.datasets import Dataset, DatasetBook, Lineage
from persona.registry import Registry
from tests.platforms.chat_desk import Office, office
from tests.platforms.chat_fake import CHANNEL, FakeChat, said

ADA = Author(CHANNEL.platform, "UADA1234", "Ada")


async def _docs(here: Office, folder: Path) -> None:
    (folder / "staff").mkdir(parents=True)
    (folder / "reset.md").write_text("# How do I reset the hub?\n\nHold the button for 10 s.\n")
    (folder / "staff" / "pay.md").write_text("---\ngroups: [staff]\n---\n# Pay\n\nOn the first.\n")
    await here.app.ingestor.ingest(FolderSource(folder, name="handbook"))


async def test_help_is_what_an_unknown_word_gives(tmp_path: Path) -> None:
    """Whatever is no command explains the commands."""
    async with office(tmp_path) as here:
        said_ = await here.desk.command("what?", ADA, CHANNEL)
        assert "/wellspoken sources" in said_


@pytest.mark.parametrize(("groups", "number"), [((), "1 document"), (("staff",), "2 documents")])
async def test_sources_are_counted_as_far_as_one_may_see(
    tmp_path: Path, groups: tuple[str, ...], number: str
) -> None:
    """Nobody learns how many documents there are for others."""
    chat = FakeChat(groups={"UADA1234": frozenset(groups)})
    async with office(tmp_path / "home", chat) as here:
        await _docs(here, tmp_path / "docs")
        listed = await here.desk.command("sources", ADA, CHANNEL)
        assert f"**handbook**: {number}" in listed


async def test_who_opts_out_is_remembered(tmp_path: Path) -> None:
    """The last choice counts, and shows in how the bot introduces itself."""
    async with office(tmp_path) as here:
        assert not (await here.desk.about(ADA, "T1")).opted_out
        await here.desk.command("opt-out", ADA, CHANNEL)
        assert (await here.desk.about(ADA, "T1")).opted_out
        assert await ConsentLedger(here.app.database).choice(ADA.key) is False
        await here.desk.command("opt-in", ADA, CHANNEL)
        assert not (await here.desk.about(ADA, "T1")).opted_out


async def test_mute_finds_the_thread_one_was_in_last(tmp_path: Path) -> None:
    """Outside a thread "mute" is about the last one of the channel in which one spoke."""
    async with office(tmp_path) as here:
        first = said("How often shall I water?", by="UADA1234", for_bot=True)
        await here.hear(first)
        answer = await here.desk.command("mute", ADA, Place(CHANNEL.platform, "T1", "C1"))
        assert "quiet" in answer
        await here.hear(said("And in winter?", by="UADA1234", place=first.home))
        assert len(here.engine.asked) == 1
        await here.desk.command("unmute", ADA, first.home)
        await here.hear(said("And in summer?", by="UADA1234", place=first.home))
        assert len(here.engine.asked) == 2


async def test_mute_without_a_thread_says_so(tmp_path: Path) -> None:
    """Where there is nothing to mute, it is told how."""
    async with office(tmp_path) as here:
        assert "link" in await here.desk.command("mute", ADA, CHANNEL)


async def test_forgetting_counts_what_is_gone(tmp_path: Path) -> None:
    """Messages and ratings are erased; a second time there is nothing left."""
    async with office(tmp_path) as here:
        question = said("My serial is 4711", by="UADA1234", for_bot=True)
        await here.hear(question)
        (post,) = here.chat.posts.values()
        await here.desk.rate(post.turn, ADA, Rating.UP, CHANNEL)
        assert await here.desk.forget(ADA) == "Done: 1 message and 1 rating of yours are erased."
        assert "nothing" in await here.desk.forget(ADA)
        assert "4711" not in (await here.app.history.turn(post.turn)).question


async def test_forgetting_reaches_what_is_learned_from(tmp_path: Path) -> None:
    """As on the command line: lines leave data sets, and it is said that a model cannot unlearn."""
    async with office(tmp_path) as here:
        files = [tmp_path / "datasets" / "dataset1" / f"{n}.jsonl" for n in ("train", "validation")]
        files[0].parent.mkdir(parents=True)
        files[0].write_text("{}\n")
        files[1].write_text("")
        made = Dataset(
            "dataset1", "sft", "j", 1, 1, 0, {}, {}, "", files[0], files[1], datetime.now(UTC)
        )
        book = DatasetBook(here.app.database)
        await book.add(made, [Lineage("train", 0, "t1", ADA.key)])
        await Registry(here.app.database).register(model="m", by="x", dataset="dataset1")
        assert await here.desk.forget(ADA) == (
            "Done: 0 messages and 0 ratings of yours are erased. 1 example made of them left what "
            "I learn from. A model that learned from them cannot unlearn; the people who run me "
            "see which one it is."
        )
        assert files[0].read_text() == ""
        (*_, entry) = await here.app.audit.listing(kind="operator")
        assert entry.content["actor"] == "slack:forgotten"
        assert "nothing" in await here.desk.forget(ADA)


async def test_suggestions_come_from_what_one_may_see(tmp_path: Path) -> None:
    """Questions of the documents are suggested, those of others' documents are not."""
    async with office(tmp_path / "home") as here:
        await _docs(here, tmp_path / "docs")
        about = await here.desk.about(ADA, "T1")
        assert [s.message for s in about.suggestions] == ["How do I reset the hub?"]


async def test_only_who_takes_part_mutes_a_thread(tmp_path: Path) -> None:
    """A link to other people's thread does not silence the bot there."""
    async with office(tmp_path) as here:
        first = said("How often shall I water?", by="UADA1234", for_bot=True)
        await here.hear(first)
        stranger = Author(CHANNEL.platform, "UEVE5678", "Eve")
        assert "link" in await here.desk.command("mute", stranger, first.home)
        await here.hear(said("And in winter?", by="UADA1234", place=first.home))
        assert len(here.engine.asked) == 2
