"""Work that is done elsewhere, by executors whose workers share nothing with this process.

A unit of work is a function of this program and its arguments as bytes. Before it runs, the worker
compares the make of its own program and model with that of who sent it: another version would cut
other chunks and make other vectors, silently.
"""

from __future__ import annotations

import pickle
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from bot.errors import KnowledgeError
from bot.ports import Vectors
from knowledge import chunking
from knowledge.embedder import MODEL

CODE = (
    *("bot/evidence.py", "bot/facts.py", "bot/lexical.py", "bot/sentences.py"),
    *("knowledge/access.py", "knowledge/chunking.py", "knowledge/days.py", "knowledge/document.py"),
    *("knowledge/embedder.py", "knowledge/reading.py", "knowledge/remote.py", "knowledge/readers"),
)
"""Modules that decide about chunks and vectors, and the words that go there and back."""

_MODEL_FILES = ("tokenizer.json", "model.onnx")
_LIBRARIES = (
    "numpy",
    "onnxruntime",
    "tokenizers",
    "markdown-it-py",
    "docutils",
    "pypdf",
    "python-docx",
    "selectolax",
    "charset-normalizer",
    "pyyaml",
    "distributed",
)
"""What reads and embeds, and what carries it there."""


class OtherMakeError(RuntimeError):
    """A worker is not made as who sent it work; its arguments are the worker's own make."""


class WorkerLostError(BrokenExecutor):
    """The worker that did a unit is gone, which may be the unit's own doing."""


class WorkersEndError(KnowledgeError):
    """Worker after worker of the cluster ended while it embedded the same texts; their logs say
    why, most likely for want of memory. What was read in until now stays; run it again then."""


class RemoteExecutor(Executor):
    """An executor on machines that see neither our files nor our database.

    ``places`` is how many units are worked on at once. A unit whose worker ends raises
    WorkerLostError; it is not tried again unasked.
    """

    @property
    def places(self) -> int:
        raise NotImplementedError


@runtime_checkable
class Portable(Protocol):
    """An embedder that other processes can stand in for."""

    def elsewhere(self) -> Callable[[Sequence[str]], Vectors]:
        """A function of a module, which makes the same vectors bit by bit in any process."""
        ...


@cache
def make() -> Mapping[str, str]:
    """What decides about chunks and vectors here: versions, and hashes of code and model."""
    found = {"Wellspoken": _version("wellspoken"), "chunking": str(chunking.VERSION)}
    root = Path(str(files("knowledge"))).parent
    found["code"] = _digest(path for name in CODE for path in _modules(root / name))
    folder = Path(str(files("knowledge"))) / "models" / MODEL
    found["model"] = _digest(folder / name for name in _MODEL_FILES)
    found["Python"] = ".".join(platform.python_version_tuple()[:2])
    return found | {name: _version(name) for name in _LIBRARIES}


def differences(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """What differs, in words; empty: nothing."""
    said = [
        f"{name} {theirs.get(name) or 'missing'} instead of {wanted}"
        for name, wanted in ours.items()
        if theirs.get(name) != wanted
    ]
    return ", ".join(said[:3]) + (" and more" if len(said) > 3 else "")


def sealed(call: Callable[..., Any], *args: object) -> bytes:
    """A call as bytes: unpickling them makes it. What merely carries them (a scheduler) needs no
    code of ours, and nothing in them is looked into on the way."""
    return pickle.dumps(_Call(call, args), protocol=5)


def checked(wanted: Mapping[str, str], call: Callable[..., Any], *args: object) -> Any:
    """Make a call here, where this program is made as wanted. Raises OtherMakeError."""
    if make() != wanted:
        raise OtherMakeError(dict(make()))
    return call(*args)


class _Call:
    def __init__(self, call: Callable[..., Any], args: tuple[object, ...]) -> None:
        self._made = (call, args)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self._made


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _modules(path: Path) -> list[Path]:
    return sorted(path.glob("*.py")) if path.is_dir() else [path]


def _digest(paths: Iterable[Path]) -> str:
    digest = sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0")
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
