"""Folders and files as sources."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.errors import MissingFileError
from knowledge.document import FailedDocument, RawDocument
from knowledge.sources.base import Skipped, Source
from knowledge.sources.folder import FileItem, FolderSource
from knowledge.sources.joined import joined


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    return root


async def listing(source: Source) -> tuple[list[str], list[str], dict[str, str]]:
    """Names of items, of skipped files, and failures with their reason."""
    items, skipped, failed = [], [], {}
    async for each in source.items():
        if isinstance(each, Skipped):
            skipped.append(each.name)
        elif isinstance(each, FailedDocument):
            failed[each.document] = each.error
        else:
            items.append(each.name)
    return items, skipped, failed


async def test_a_folder_gives_its_files_in_the_order_of_names(tmp_path: Path) -> None:
    """Documents are named by their path below the folder, with slashes."""
    tree(tmp_path, "b.md", "a/z.md", "a/b/c.txt", "pic.png")
    items, skipped, failed = await listing(FolderSource(tmp_path))
    assert items == ["b.md", "a/z.md", "a/b/c.txt"]
    assert skipped == ["pic.png"]
    assert not failed


async def test_a_single_file_is_named_by_its_name(tmp_path: Path) -> None:
    """A file is a source of its own name with one document."""
    source = FolderSource(tree(tmp_path, "guide/plans.md") / "guide/plans.md")
    assert source.name == "plans.md"
    assert await listing(source) == (["plans.md"], [], {})


def test_a_source_is_called_after_its_folder_unless_named(tmp_path: Path) -> None:
    """The name of a folder is the default name, also for "."."""
    folder = tree(tmp_path, "handbook/a.md") / "handbook"
    assert FolderSource(folder).name == "handbook"
    assert FolderSource(folder, name="night").name == "night"
    assert FolderSource(folder / ".." / "handbook").name == "handbook"


async def test_hidden_files_are_passed_over(tmp_path: Path) -> None:
    """Hidden files and folders, and Word's lock files, are no documents."""
    tree(tmp_path, ".git/a.md", ".hidden.md", "~$a.docx", "a.md")
    assert await listing(FolderSource(tmp_path)) == (["a.md"], [], {})


async def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    """What does not exist is said at once: nothing is known to be gone."""
    with pytest.raises(MissingFileError):
        await listing(FolderSource(tmp_path / "nowhere"))


async def test_links_that_loop_end(tmp_path: Path) -> None:
    """Links to a folder above, to a sibling and to themselves do not go round."""
    tree(tmp_path, "a/one.md", "b/two.md")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/side").symlink_to(tmp_path / "b")
    (tmp_path / "b/back").symlink_to(tmp_path / "a")
    (tmp_path / "self.md").symlink_to(tmp_path / "self.md")
    (tmp_path / "lost.md").symlink_to(tmp_path / "nowhere.md")
    items, _, failed = await listing(FolderSource(tmp_path))
    assert sorted(Path(i).name for i in items) == ["one.md", "two.md"]
    assert sorted(failed) == ["lost.md", "self.md"]
    assert "levels of symbolic links" in failed["self.md"]
    assert "no such file" in failed["lost.md"]


async def test_links_out_of_the_folder_are_reported(tmp_path: Path) -> None:
    """A link cannot pull other places into the knowledge; the sentence says what to do."""
    tree(tmp_path, "docs/a.md", "secret/b.md")
    (tmp_path / "docs/out").symlink_to(tmp_path / "secret")
    (tmp_path / "docs/out.md").symlink_to(tmp_path / "secret/b.md")
    (tmp_path / "docs/alias.md").symlink_to(tmp_path / "docs/a.md")
    items, _, failed = await listing(FolderSource(tmp_path / "docs"))
    assert sorted(items) == ["a.md", "alias.md"]
    assert sorted(failed) == ["out", "out.md"]
    assert "out of the folder" in failed["out.md"]


async def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    """A pipe with the suffix of a document would wait for ever."""
    os.mkfifo(tmp_path / "a.md")
    _, _, failed = await listing(FolderSource(tmp_path))
    assert "no regular file" in failed["a.md"]


async def test_names_that_are_no_text_are_written_out(tmp_path: Path) -> None:
    """A name with bytes that are no UTF-8 can be stored and read."""
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("x")
    items, _, _ = await listing(FolderSource(tmp_path))
    assert items == ["caf\\xe9.md"]


async def test_a_file_that_did_not_change_is_not_loaded(tmp_path: Path) -> None:
    """The fingerprint tells an unchanged file, and notices a change that keeps size and date."""
    path = tmp_path / "a.md"
    path.write_text("one")

    async def item() -> FileItem:
        while True:  # a file that is only just written has no fingerprint yet
            (found,) = [i async for i in FolderSource(tmp_path).items()]
            assert isinstance(found, FileItem)
            if found.fingerprint:
                return found

    before = await item()
    dates = path.stat()
    assert await before.load(before.fingerprint) is None
    assert isinstance(await before.load(""), RawDocument)
    path.write_text("two")
    os.utime(path, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert isinstance(await (await item()).load(before.fingerprint), RawDocument)


async def test_sources_of_one_name_are_read_as_one(tmp_path: Path) -> None:
    """Two places under one name are one source; others stay by themselves."""
    tree(tmp_path, "a/one.md", "b/two.md", "c/three.md")
    sources = [
        FolderSource(tmp_path / "a", name="docs"),
        FolderSource(tmp_path / "c"),
        FolderSource(tmp_path / "b", name="docs"),
    ]
    together, alone = joined(sources)
    assert (together.name, alone.name) == ("docs", "c")
    assert (await listing(together))[0] == ["one.md", "two.md"]
