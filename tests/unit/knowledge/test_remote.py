"""Work elsewhere, with an executor that behaves as a cluster does."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from knowledge.document import RawDocument
from knowledge.reading import ReadingPool, Task, read_tasks
from knowledge.remote import (
    CODE,
    OtherMakeError,
    RemoteExecutor,
    WorkerLostError,
    checked,
    differences,
    make,
    sealed,
)

ROOT = Path(__file__).parents[3]
TYPES_ALONE = {"bot/conversation.py", "bot/errors.py", "bot/ports.py", "knowledge/__init__.py"}
NOBODY: frozenset[str] = frozenset()


class Elsewhere(RemoteExecutor):
    """Makes calls at once, on bytes alone. Items named in ``deadly`` end the worker; the first
    ``spoiled`` units lose it for no fault of theirs."""

    def __init__(self, deadly: frozenset[str] = NOBODY, spoiled: int = 0) -> None:
        self.units: list[list[str]] = []
        self._deadly = deadly
        self._spoiled = spoiled

    @property
    def places(self) -> int:
        return 2

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        tasks: list[Task] = args[0]
        assert all(task.raw.path is None for task in tasks), "a worker does not see our files"
        self.units.append([task.raw.name for task in tasks])
        future: Future[Any] = Future()
        self._spoiled -= 1
        if self._spoiled >= 0 or any(task.raw.name in self._deadly for task in tasks):
            future.set_exception(WorkerLostError("gone"))
        else:
            future.set_result(pickle.loads(sealed(checked, make(), fn, *args)))
        return future


def files(folder: Path, *names: str) -> list[Task]:
    for name in names:
        (folder / name).write_text(f"This is {name}.")
    return [Task(RawDocument("s", name, ".md", path=folder / name)) for name in names]


async def test_files_travel_as_bytes(tmp_path: Path) -> None:
    """What is read elsewhere is what is read here."""
    tasks = files(tmp_path, "a.md", "b.md")
    pool = ReadingPool(Elsewhere())
    assert await pool.read(tasks, NOBODY, 1) == read_tasks(tasks, NOBODY, 1_000)
    await pool.close()


async def test_a_file_that_ends_workers_fails_alone(tmp_path: Path) -> None:
    """It is listed after its second try, the others of its batch are read, and in their order."""
    tasks = files(tmp_path, "a.md", "bad.md", "c.md")
    elsewhere = Elsewhere(deadly=frozenset({"bad.md"}))
    pool = ReadingPool(elsewhere)
    readings = await pool.read(tasks, NOBODY, 1)
    await pool.close()
    assert [reading.raw.name for reading in readings] == ["a.md", "bad.md", "c.md"]
    assert [len(reading.documents) for reading in readings] == [1, 0, 1]
    (failure,) = readings[1].failures
    assert failure.error == (
        "The document cannot be read: it is broken: reading it ended the reader."
    )
    assert elsewhere.units == [["a.md", "bad.md", "c.md"], ["a.md"], ["bad.md"], ["c.md"]]


async def test_a_worker_lost_by_chance_fails_nothing(tmp_path: Path) -> None:
    """Where a worker ends for no fault of the files, all of them are read."""
    pool = ReadingPool(Elsewhere(spoiled=1))
    readings = await pool.read(files(tmp_path, "a.md", "b.md"), NOBODY, 1)
    await pool.close()
    assert [len(reading.documents) for reading in readings] == [1, 1]


async def test_failures_read_as_they_do_here(tmp_path: Path) -> None:
    """A file that is missing, oversized or empty is told in the same words."""
    tasks = files(tmp_path, "good.md", "large.md", "empty.md", "missing.md")
    (tmp_path / "large.md").write_text("x" * 2_000)
    (tmp_path / "empty.md").write_text("")
    (tmp_path / "missing.md").unlink()
    pool = ReadingPool(Elsewhere(), limit=1_000)
    there = await pool.read(tasks, NOBODY, 1)
    await pool.close()
    here = read_tasks(tasks, NOBODY, 1_000)
    assert [r.failures for r in there] == [r.failures for r in here]
    assert [len(r.failures) for r in there] == [0, 1, 1, 1]


def test_a_worker_of_another_make_does_nothing() -> None:
    """A call that was sent by another version is not made; the worker says what it is."""
    sent = sealed(checked, {**make(), "Wellspoken": "9.9"}, print, "never")
    with pytest.raises(OtherMakeError) as caught:
        pickle.loads(sent)
    said = differences({**make(), "Wellspoken": "9.9"}, caught.value.args[0])
    assert said == f"Wellspoken {make()['Wellspoken']} instead of 9.9"


def test_the_makes_of_two_processes_are_alike_where_nothing_differs() -> None:
    """Nothing about this process alone is part of its make, and no part of it is unknown."""
    assert differences(make(), pickle.loads(pickle.dumps(dict(make())))) == ""
    assert all(value for name, value in make().items() if name != "distributed")


def imported(path: Path) -> Iterator[Path]:
    """Our modules that a module imports when it runs."""
    nodes: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        nodes += ast.iter_child_nodes(node)
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            place = ROOT / name.replace(".", "/")
            for found in (place.with_suffix(".py"), place / "__init__.py"):
                if name.partition(".")[0] in {"bot", "knowledge"} and found.is_file():
                    yield found


def test_the_make_knows_all_code_that_decides() -> None:
    """Every module that reading and embedding import is part of the make, or holds types alone."""
    known = {path for name in CODE for path in [ROOT / name, *(ROOT / name).glob("*.py")]}
    todo, seen = [path for path in known if path.suffix == ".py"], set[Path]()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += imported(path)
    unknown = {path.relative_to(ROOT).as_posix() for path in seen - known}
    assert unknown <= TYPES_ALONE
