"""Git repositories as sources, with the real git and repositories on this disk."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.errors import SourceUnavailableError, UsageError
from knowledge.document import FailedDocument, RawDocument
from knowledge.sources.base import Skipped
from knowledge.sources.git import BlobItem, GitSource, _without_secret
from knowledge.sources.gitcommand import end, shown

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

Found = RawDocument | FailedDocument | Skipped | None


class Repository:
    """A repository of somebody else's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "-b", "main")

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def git(self, *arguments: str) -> str:
        names = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        done = subprocess.run(
            ["git", *names, *arguments],
            cwd=self.folder, check=True, capture_output=True, text=True, env=kept,
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            path = self.folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".md").write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "x")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "upstream")
    made.commit(readme="# Readme", docs__plans="# Plans\n\nAbout quasars.")
    return made


async def read(source: GitSource, known: str = "") -> list[Found]:
    try:
        return [
            each if isinstance(each, Skipped | FailedDocument) else await each.load(known)
            async for each in source.items()
        ]
    finally:
        await source.close()


def documents(found: Sequence[Found]) -> dict[str, str]:
    return {f.name: f.content.decode() for f in found if isinstance(f, RawDocument)}


async def test_committed_files_are_read_with_their_commit(
    repository: Repository, tmp_path: Path
) -> None:
    """Only what is committed; the commit is kept, and the link leads to the file in it."""
    (repository.folder / "draft.md").write_text("Nobody is to see this.")
    link = "https://git.example/o/r/blob/{commit}/{path}"
    source = GitSource(repository.url, "repo", tmp_path / "home", link=link)
    found = await read(source)
    assert documents(found) == {
        "docs/plans.md": "# Plans\n\nAbout quasars.",
        "readme.md": "# Readme",
    }
    head = repository.git("rev-parse", "HEAD")
    plans = next(f for f in found if isinstance(f, RawDocument))
    assert plans.extra == {"commit": head}
    assert plans.uri == f"https://git.example/o/r/blob/{head}/docs/plans.md"
    assert source.commit == head


async def test_a_later_commit_is_fetched_and_the_rest_is_unchanged(
    repository: Repository, tmp_path: Path
) -> None:
    """A file with the same content is passed over, whatever the commit; removed files are gone."""
    source = GitSource(repository.url, "repo", tmp_path / "home", folder="docs")
    (first,) = await read(source)
    assert isinstance(first, RawDocument)
    assert first.name == "plans.md"
    repository.commit(docs__more="# More")
    again = await read(source, known=first.fingerprint)
    assert again.count(None) == 1
    assert documents(again) == {"more.md": "# More"}
    repository.git("rm", "--quiet", "docs/plans.md")
    repository.commit()
    assert documents(await read(source)) == {"more.md": "# More"}


async def test_branches_and_folders_are_chosen(repository: Repository, tmp_path: Path) -> None:
    """A branch, a tag, and sentences where there is no such branch or folder."""
    repository.git("tag", "v1")
    repository.git("switch", "--quiet", "-c", "next")
    repository.commit(next="# Next")
    home = tmp_path / "home"
    for branch, count in (("main", 2), ("v1", 2), ("next", 3)):
        source = GitSource(repository.url, "repo", home, branch=branch)
        assert len(documents(await read(source))) == count
    with pytest.raises(SourceUnavailableError, match="no such branch"):
        await read(GitSource(repository.url, "repo", home, branch="gone"))
    with pytest.raises(SourceUnavailableError, match='no folder "gone"'):
        await read(GitSource(repository.url, "repo", home, folder="gone"))


async def test_links_large_files_and_hidden_files_are_not_followed(
    repository: Repository, tmp_path: Path
) -> None:
    """What a link leads to is not the repository's; a pointer to a large file is told as such."""
    (repository.folder / "passwd.md").symlink_to("/etc/passwd")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    repository.commit(large=pointer, **{".github__secret": "x"})
    found = await read(GitSource(repository.url, "repo", tmp_path / "home"))
    skipped = {f.name for f in found if isinstance(f, Skipped)}
    assert skipped == {"passwd.md", ".github/secret.md"}
    (failed,) = (f for f in found if isinstance(f, FailedDocument))
    assert "Git LFS" in failed.error


async def test_nothing_of_a_repository_is_run(repository: Repository, tmp_path: Path) -> None:
    """Hooks and filters of a repository, or of the copy, are data."""
    trap = tmp_path / "trap"
    home = tmp_path / "home"
    script = f"#!/bin/sh\ntouch {trap}\n"
    await read(GitSource(repository.url, "repo", home))
    hooks = home / "repo" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-merge", "pre-auto-gc"):
        (hooks / name).write_text(script)
        (hooks / name).chmod(0o755)
    (repository.folder / ".gitattributes").write_text("*.md filter=evil\n")
    repository.commit(more="# More")
    await read(GitSource(repository.url, "repo", home))
    assert not trap.exists()


@pytest.mark.parametrize("harm", ["HEAD", "objects", "all"])
async def test_a_broken_copy_is_made_anew(
    repository: Repository, tmp_path: Path, harm: str
) -> None:
    """The copy is no treasure: what is damaged is fetched again."""
    source = GitSource(repository.url, "repo", tmp_path / "home")
    await read(source)
    copy = tmp_path / "home" / "repo"
    for path in [copy / "HEAD"] if harm == "HEAD" else copy.rglob("*"):
        if path.is_file() and (harm != "objects" or "objects" in path.parts):
            path.chmod(0o600)
            path.write_bytes(b"junk")
    assert len(documents(await read(source))) == 2


@pytest.mark.parametrize(
    "url",
    ["--upload-pack=touch x", "ext::sh -c true", "https://", "ftp://x.test/a.git", "-x@host:path",
     "ssh://-oProxyCommand=true/x", "/srv/repo", "https://x.test/a b.git", "https://[x/"],
)  # fmt: skip
def test_addresses_that_are_none_are_a_sentence(url: str, tmp_path: Path) -> None:
    """Options, other transports and broken addresses never reach git."""
    with pytest.raises(UsageError):
        GitSource(url, "repo", tmp_path)


@pytest.mark.parametrize("branch", ["--all", "a:b", "+main", "a b", "../x\n"])
def test_branches_that_are_none_are_a_sentence(branch: str, tmp_path: Path) -> None:
    """A branch is a name, not an option or a rule."""
    with pytest.raises(UsageError):
        GitSource("https://x.test/a.git", "repo", tmp_path, branch=branch)


async def test_a_repository_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    """No repository, no server: which it is, without the password that is in the address."""
    with pytest.raises(SourceUnavailableError, match="no repository"):
        await read(GitSource(f"file://{tmp_path}/none", "repo", tmp_path / "home"))
    secret = "https://me:hunter2@127.0.0.1:1/x.git"
    with pytest.raises(SourceUnavailableError, match="cannot be reached") as refused:
        await read(GitSource(secret, "repo", tmp_path / "home", allow_private=True))
    assert "hunter2" not in str(refused.value)
    with pytest.raises(SourceUnavailableError, match="private address"):
        await read(GitSource(secret, "repo", tmp_path / "home"))
    kept = [p.read_bytes() for p in (tmp_path / "home").rglob("*") if p.is_file()]
    assert not any(b"hunter2" in content for content in kept)


async def test_no_git_is_a_sentence(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where git is missing it says so and how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceUnavailableError, match="git is not installed"):
        await read(GitSource(repository.url, "repo", tmp_path / "home"))


def test_a_sources_name_never_leads_out_of_the_home(tmp_path: Path) -> None:
    """However a source is called, its copy is one folder in the home."""
    for name in ("../../etc", "..", "a/b", "", "ü", ".hidden"):
        place = GitSource("https://x.test/a.git", name, tmp_path)._place
        assert place.parent == tmp_path
        assert place.name not in ("", ".", "..")


def test_passwords_are_not_shown() -> None:
    """An address without what stands before its host."""
    assert shown("fatal: https://me:secret@h.test/x: no") == "fatal: https://h.test/x: no"
    assert shown("https://me:p@ss=@h.test/x") == "https://h.test/x"


def test_a_password_is_put_back_whole() -> None:
    """Whatever characters it has; the address that others can read has none of it."""
    address, (setting,) = _without_secret("https://me:p=a:ss=@h.test/x.git")
    assert address == "https://h.test/x.git"
    assert setting == ("url.https://me:p=a:ss=@h.test/.insteadOf", "https://h.test/")


async def test_reading_is_broken_off_at_once(repository: Repository, tmp_path: Path) -> None:
    """Who stops in the middle of a large file does not wait for git, which still has it to say."""
    repository.commit(large="x" * 4_000_000)
    source = GitSource(repository.url, "repo", tmp_path / "home")
    (large,) = [i async for i in source.items() if isinstance(i, BlobItem) and "large" in i.name]
    for pause in (0, 0.002, 0.005, 0.01):
        reading = asyncio.create_task(large.load())
        await asyncio.sleep(pause)
        reading.cancel()
        await asyncio.wait({reading}, timeout=60)
        assert reading.done()
    whole = await large.load()
    assert isinstance(whole, RawDocument)
    assert len(whole.content) == 4_000_000
    await source.close()


async def test_what_a_command_left_unsaid_keeps_nobody() -> None:
    """A command that is ended while it writes more than anybody reads is over at once."""
    endless = await asyncio.create_subprocess_exec(
        "cat", "/dev/zero", stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
    )
    assert endless.stdout is not None
    await endless.stdout.readexactly(1)
    await asyncio.sleep(0.1)  # until its pipe is full
    async with asyncio.timeout(60):
        await end(endless)
    assert endless.returncode
