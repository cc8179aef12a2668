"""A person who is forgotten leaves data sets, their files and their cards; others stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.errors import StorageError, UsageError
from bot.store.audit import AuditTrail
from bot.store.base import Database
from persona.datasets import Dataset, DatasetBook, Lineage
from persona.forgetting import DatasetErasure, Untaught
from persona.forgetting_files import both_digests, digest_of
from persona.registry import Registry
from persona.tables import dataset_examples, datasets
from persona.tuning.base import Backend, Method, Report, Status
from persona.tuning.jobs import JobBook

ANN, BEN = "slack:U024BE7LH", "slack:U0G9QF9C6"
LINES = (
    Lineage("train", 0, "t0", BEN),
    Lineage("train", 1, "t1", ANN),
    Lineage("train", 2, "t2", BEN, ANN),
    Lineage("train", 3, "t3", BEN),
    Lineage("validation", 0, "t4", ANN, BEN),
    Lineage("validation", 1, "t5", BEN),
)


class Stopped(Exception):  # noqa: N818 - a crash, no error of ours
    """The program was killed here."""


class Home:
    """A home with data sets of which Ann has three lines of six."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.book = DatasetBook(database)
        self.audit = AuditTrail(database)
        self.ended: list[str] = []

    async def built(self, id: str = "dataset1", out: Path | None = None, **changes: Any) -> Dataset:  # noqa: A002
        """A data set as curation writes it."""
        beside = self.folder / "datasets" / id
        beside.mkdir(parents=True)
        files = [(out or beside) / f"{split}.jsonl" for split in ("train", "validation")]
        wanted = changes.get("format", "sft")
        for path, split in zip(files, ("train", "validation"), strict=True):
            told = [line(each.turn, wanted) for each in LINES if each.split == split]
            path.write_text("".join(told))
        digest = both_digests(*map(digest_of, files))
        card = card_of(digest, wanted)
        made = Dataset(
            id, "sft", "Juniper@1", 6, 4, 2, {"duplicate": 3}, card, digest, files[0], files[1],
            datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        made = replace(made, **changes)
        (beside / "card.json").write_text(json.dumps(card))
        (beside / "card.md").write_text("# as built\n")
        await self.book.add(made, LINES)
        return made

    async def forget(self, author: str = ANN) -> Untaught:
        async def stop(job: str) -> None:
            self.ended.append(job)

        return await self.erasure.forget(author, by="terminal:operator", stop=stop)

    @property
    def erasure(self) -> DatasetErasure:
        return DatasetErasure(self.database, self.audit, self.folder)

    def bytes(self) -> str:
        """Every byte of every file, the database's too."""
        return "".join(
            path.read_bytes().decode("latin-1")
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        )


def line(turn: str, wanted: str = "sft") -> str:
    asked = [{"role": "user", "content": f"What about {turn}?"}]
    said = {"role": "assistant", "content": f"Words of {turn}."}
    row: dict[str, Any] = {"messages": [*asked, said]}
    if wanted == "dpo":
        bad = {"role": "assistant", "content": "No."}
        row = {
            "input": {"messages": asked},
            "preferred_output": [said],
            "non_preferred_output": [bad],
        }
    elif wanted == "kto":
        row = {"prompt": asked, "completion": [said], "label": turn in ("t0", "t1", "t4")}
    return json.dumps(row, separators=(",", ":")) + "\n"


def card_of(digest: str, wanted: str) -> dict[str, Any]:
    labels = {"true": 3, "false": 3, "true_to_false": 1.0} if wanted == "kto" else {}
    return {
        "format": wanted, "persona": "Juniper@1", "digest": digest, "rated_turns": 9,
        "examples": 6, "train": 4, "validation": 2, "threads": 6, "dropped": {"duplicate": 3},
        "taught": {"answer": 6}, "questions": {"made": 6}, "labels": labels,
        "topics": {"number": 1, "most": {"guide.md": 6}},
        "tokens": {"prompt": 60, "completion": 30, "train": 60, "validation": 30, "longest": 15},
        "cost_usd": 0.6, "checked": {"by the check": 6},
        "privacy": {"finder": "none", "consent": "opt-out", "messages_as_asked": False},
        "held_out_questions": 0,
    }  # fmt: skip


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Home:
    """A home on SQLite and on PostgreSQL."""
    return Home(database, tmp_path / "home")


@pytest.mark.parametrize("wanted", ["sft", "dpo", "kto"])
async def test_lines_of_a_person_leave_the_files(home: Home, wanted: str) -> None:
    """Asked or written by the person: what is left is as it was, in its order, and its figures,
    digest and lineage are those of the lines that are left."""
    await home.built(format=wanted)
    gone = await home.forget()
    assert gone == Untaught(examples=3, datasets=("dataset1",))
    made = await home.book.get("dataset1")
    assert made.train_file.read_text() == line("t0", wanted) + line("t3", wanted)
    assert made.validation_file.read_text() == line("t5", wanted)
    assert (made.examples, made.train, made.validation) == (3, 2, 1)
    assert made.dropped == {"duplicate": 3, "forgotten": 3}
    assert made.digest == both_digests(digest_of(made.train_file), digest_of(made.validation_file))
    assert await home.book.examples("dataset1") == [
        Lineage("train", 0, "t0", BEN),
        Lineage("train", 1, "t3", BEN),
        Lineage("validation", 0, "t5", BEN),
    ]
    beside = home.folder / "datasets" / "dataset1"
    card = json.loads((beside / "card.json").read_text())
    assert card == made.card
    assert (card["digest"], card["examples"], card["forgotten"]) == (made.digest, 3, 3)
    assert card["tokens"]["train"] < 60
    assert 0 < card["cost_usd"] < 0.6
    if wanted == "kto":
        assert card["labels"] == {"true": 1, "false": 2, "true_to_false": 0.5}
    assert "3 examples were taken out again" in (beside / "card.md").read_text()
    assert sorted(path.name for path in beside.iterdir()) == [
        "card.json", "card.md", "train.jsonl", "validation.jsonl"
    ]  # fmt: skip
    assert await home.audit.verify() is None


async def test_a_second_time_there_is_nothing(home: Home) -> None:
    """Nor of somebody who was never there: no file and no row changes."""
    await home.built()
    await home.forget()
    before = home.bytes()
    entries = len(await home.audit.listing())
    assert await home.forget() == Untaught()
    assert await home.forget("discord:80351110224678912") == Untaught()
    assert await home.forget("slack:forgotten") == Untaught()
    assert home.bytes() == before
    assert len(await home.audit.listing()) == entries


async def test_what_is_no_key_is_said_so(home: Home) -> None:
    """A name without a platform names nobody."""
    with pytest.raises(UsageError, match="names nobody"):
        await home.forget("Ann")


async def test_versions_that_were_trained_on_it_are_named(home: Home) -> None:
    """They cannot be untrained; nor can those that were trained on top of them."""
    await home.built()
    registry = Registry(home.database)
    await registry.register(model="a", by="x", dataset="dataset1", job="j1", base="small")
    await registry.register(model="b", by="x", dataset="other", job="j2", base="a")
    await registry.register(model="c", by="x", dataset="other", job="j3", base="small")
    gone = await home.forget()
    assert gone.models == ("v2", "v1")
    (*_, entry) = await home.audit.listing(kind="operator")
    assert (entry.content["models"], entry.content["examples"]) == (["v2", "v1"], 3)
    assert "U024BE7LH" not in str(entry.content)


@pytest.mark.parametrize(
    ("status", "resumable", "ends"),
    [
        (Status.RUNNING, False, True),
        (Status.FAILED, True, True),
        (Status.FAILED, False, False),
        (Status.SUCCEEDED, False, False),
    ],
)
async def test_rounds_on_it_are_ended(
    home: Home, status: Status, resumable: bool, ends: bool
) -> None:
    """What still trains on the lines, or could go on with them, is stopped; what is over is not."""
    await home.built()
    jobs = JobBook(home.database)
    job = await jobs.add(
        backend=Backend.LOCAL, method=Method.SFT, base="b", dataset="dataset1", by="x", options={}
    )
    await jobs.seen(job.id, Report(status, resumable=resumable))
    gone = await home.forget()
    assert list(gone.rounds) == home.ended == ([job.id] if ends else [])


async def test_a_file_given_with_out_is_cleaned_where_it_is(home: Home, tmp_path: Path) -> None:
    """With the rights that it has; one that was moved away is no error."""
    out = tmp_path / "out"
    out.mkdir()
    made = await home.built(out=out)
    made.train_file.chmod(0o640)
    made.validation_file.unlink()
    # without the second file the digest cannot be compared: it is left, and named
    gone = await home.forget()
    assert gone.left == (made.train_file,)
    whole = await home.built("dataset2", out=out)
    whole.train_file.chmod(0o640)
    gone = await home.forget()
    assert gone == Untaught(examples=3, datasets=("dataset2",))
    assert whole.train_file.read_text() == line("t0") + line("t3")
    assert whole.train_file.stat().st_mode & 0o777 == 0o640


async def test_a_changed_file_of_the_operator_is_left_and_named(home: Home, tmp_path: Path) -> None:
    """Whose its lines are cannot be told; in the home nothing is left to chance."""
    made = await home.built(out=tmp_path)
    made.train_file.write_text("mine\n" + made.train_file.read_text())
    gone = await home.forget()
    assert gone.left == (made.train_file, made.validation_file)
    assert made.train_file.read_text().startswith("mine\n")
    inside = await home.built("dataset2")
    inside.train_file.write_text("mine\n" + inside.train_file.read_text())
    assert (await home.forget()).examples == 3
    assert inside.train_file.read_text() == ""
    assert inside.validation_file.read_text() == line("t5")
    assert (await home.book.get("dataset2")).train == 0


async def test_a_later_set_in_the_same_file_counts(home: Home, tmp_path: Path) -> None:
    """The earlier one's lines are not cut out of the later one's."""
    await home.built(out=tmp_path)
    later = await home.built(
        "dataset2", out=tmp_path, at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1)
    )
    gone = await home.forget()
    assert (gone.examples, sorted(gone.datasets)) == (6, ["dataset1", "dataset2"])
    assert later.train_file.read_text() == line("t0") + line("t3")


async def test_an_id_in_others_words_goes_everywhere(home: Home) -> None:
    """In lines, in reports of gates, in folders of jobs; weights and tokenizers are left alone."""
    made = await home.built()
    told = made.train_file.read_text().replace("What about t0", "What did <@U024BE7LH> say of t0")
    made.train_file.write_text(told)
    texts = [home.folder / "gates" / "g.html", home.folder / "tuning" / "j1" / "trainer.log"]
    alone = home.folder / "tuning" / "j1" / "adapter" / "tokenizer.json"
    for path in (*texts, alone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("by slack:U024BE7LH.\n")
    await home.forget()
    assert [path.read_text() for path in texts] == ["by slack:forgotten.\n"] * 2
    assert "What did <@forgotten> say of t0" in made.train_file.read_text()
    assert alone.read_text() == "by slack:U024BE7LH.\n"
    row = await home.book.get("dataset1")
    assert row.digest == both_digests(digest_of(made.train_file), digest_of(made.validation_file))


async def test_lines_that_show_a_withdrawn_document_go_too(home: Home) -> None:
    """Whoever asked: the document was made of the person's words; its versions are named."""
    made = await home.built()
    text = "The medlar key hangs\n  behind the boiler of the pump house."
    told = made.train_file.read_text().replace(
        "Words of t3", "As said: behind the boiler of the pump house"
    )
    made.train_file.write_text(told)
    reports = [home.folder / "gates" / name for name in ("g1.json", "g1.html", "g2.json")]
    reports[0].parent.mkdir()
    for path in reports:
        shown = text if path.stem == "g1" else "A guide."
        path.write_text(json.dumps({"rows": [{"sources": [{"text": shown}]}]}))
    registry = Registry(home.database)
    await registry.register(model="a", by="x", dataset="dataset1", job="j1", base="small")

    async def stop(_: str) -> None:
        """Nothing runs."""

    gone = await home.erasure.forget("web:cy", by="x", stop=stop, texts=[text, ""])
    assert gone == Untaught(examples=1, datasets=("dataset1",), models=("v1",))
    assert made.train_file.read_text() == "".join(line(f"t{n}") for n in range(3))
    assert [path.exists() for path in reports] == [False, False, True]


async def test_what_cannot_be_written_is_said(home: Home, tmp_path: Path) -> None:
    """One sentence that names the files; the lineage stays, and another time finishes it."""
    out = tmp_path / ("o" * 200)
    out.mkdir()
    made = await home.built()
    long = out / ("x" * 235 + ".jsonl")  # as long as names may be: nothing fits beside it
    made.train_file.rename(long)
    values = {"train_file": str(long)}
    await home.database.write(lambda c: c.execute(sa.update(datasets).values(values)))
    with pytest.raises(StorageError, match="cannot be written; make it writable or remove it"):
        await home.forget()
    assert len((await home.book.with_person(ANN))["dataset1"]) == 3
    short = home.folder / "datasets" / "dataset1" / "train.jsonl"
    long.rename(short)
    values = {"train_file": str(short)}
    await home.database.write(lambda c: c.execute(sa.update(datasets).values(values)))
    assert (await home.forget()).examples == 3


async def test_what_a_killed_build_left_is_removed(home: Home) -> None:
    """Half-written files, and a folder that no row knows of: nobody could tell whose it is."""
    made = await home.built()
    part = made.train_file.with_name(".train.jsonl.0a1b2c3d.part")
    part.write_text(line("t1"))
    orphan = home.folder / "datasets" / "dataset0"
    orphan.mkdir()
    (orphan / "train.jsonl").write_text(line("t1"))
    await home.forget()
    assert not part.exists()
    assert not orphan.exists()
    assert "t1" not in made.train_file.read_text()


def _crash(home: Home, where: str) -> Callable[[str], Any]:
    """Kills the forgetting while rounds are ended: files are cleaned, the database is not."""

    async def stop(_: str) -> None:
        raise Stopped(where)

    return stop


async def test_cut_off_behind_the_files_it_is_finished(home: Home, tmp_path: Path) -> None:
    """The words are gone already, and a second run finds all that is to be told."""
    await home.built()
    out = tmp_path / "out"
    out.mkdir()
    await home.built("dataset2", out=out)
    job = await JobBook(home.database).add(
        backend=Backend.LOCAL, method=Method.SFT, base="b", dataset="dataset1", by="x", options={}
    )
    with pytest.raises(Stopped):
        await home.erasure.forget(ANN, by="x", stop=_crash(home, "rounds"))
    assert "Words of t1" not in home.bytes()
    (gone) = await home.forget()
    assert (gone.examples, sorted(gone.datasets)) == (6, ["dataset1", "dataset2"])
    assert (gone.rounds, gone.left) == ((job.id,), ())
    for name in ("dataset1", "dataset2"):
        made = await home.book.get(name)
        assert made.train_file.read_text() == line("t0") + line("t3")
        assert made.validation_file.read_text() == line("t5")


async def test_cut_off_behind_the_database_it_is_finished(home: Home) -> None:
    """Empty lines and an old card are made good by the next forgetting, whoever is forgotten."""
    made = await home.built()
    await home.forget()
    now = await home.book.get("dataset1")
    holed = "".join(["\n" if n in (1, 2) else f"{line(f't{n}')}" for n in range(4)])
    made.train_file.write_text(holed)
    beside = home.folder / "datasets" / "dataset1"
    (beside / "card.json").write_text(json.dumps(made.card))
    assert await home.forget("slack:UNOBODY99") == Untaught()
    assert made.train_file.read_text() == line("t0") + line("t3")
    assert json.loads((beside / "card.json").read_text()) == now.card


async def test_a_set_of_one_person_is_left_empty(home: Home) -> None:
    """It stays on record, with nothing in it."""
    made = await home.built()
    await home.forget()
    await home.forget(BEN)
    assert made.train_file.read_text() == made.validation_file.read_text() == ""
    now = await home.book.get("dataset1")
    assert (now.examples, now.card["tokens"]["longest"]) == (0, 0)
    count = sa.select(sa.func.count()).select_from(dataset_examples)
    assert await home.database.read(lambda c: c.scalar(count)) == 0
