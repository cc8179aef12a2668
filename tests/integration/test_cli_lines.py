"""JSON Lines as a strict reader of the contract meets them, in this process where that is equal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.console import print_json
from adapters.cli.jsonl import count_field, groups_field, run_jsonl
from bot.errors import MissingFileError, UsageError


async def echo(record: dict[str, Any]) -> dict[str, Any]:
    return {"said": record["text"]}


async def lines_of(
    path: Path, content: bytes, capsys: pytest.CaptureFixture[str], handler: Any = echo
) -> tuple[int, list[dict[str, Any]]]:
    file = path / "in.jsonl"
    file.write_bytes(content)
    code = await run_jsonl(str(file), handler)
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("ident", ["a", 7, 1.5, True, None, [1], {"x": 1}, 10**30, "é😀"])
async def test_an_id_of_any_kind_comes_back_as_it_was(
    ident: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever JSON an id is, the answer has the same."""
    line = json.dumps({"id": ident, "text": "x"}).encode()
    assert await lines_of(tmp_path, line, capsys) == (0, [{"id": ident, "said": "x"}])


async def test_a_mark_windows_line_ends_and_empty_lines_are_no_matter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files as Windows writes them read like any other, without a last line end too."""
    content = b'\xef\xbb\xbf{"id":1,"text":"a"}\r\n\r\n   \n{"id":2,"text":"b"}'
    code, results = await lines_of(tmp_path, content, capsys)
    assert (code, [r["said"] for r in results]) == (0, ["a", "b"])


@pytest.mark.parametrize(
    ("line", "ident", "words"),
    [
        (b"not json", None, "not valid JSON"),
        (b"[1]", None, "one JSON object"),
        (b'{"id": "z", "text": "caf\xe9"}', "z", "UTF-8"),
        (b'{"id": NaN, "text": "x"}', None, "NaN"),
        (b'{"id": ' + b"9" * 5000 + b"}", None, "not valid JSON"),
        (b"[" * 100_000, None, "nested too deeply"),
        (b'{"id": 3}', 3, "a fault in the program"),
    ],
)
async def test_a_bad_line_is_its_own_error_and_the_next_goes_on(
    line: bytes, ident: object, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Broken bytes, numbers, nesting or a fault met on the way: ``{id, error}``, exit code 1."""
    content = line + b'\n{"id": "next", "text": "x"}\n'
    code, (bad, good) = await lines_of(tmp_path, content, capsys)
    assert code == 1
    assert bad.keys() == {"id", "error"}
    assert bad["id"] == ident and words in bad["error"]
    assert good == {"id": "next", "said": "x"}


async def test_an_answer_that_failed_counts_for_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A turn with the outcome error is a line that failed."""

    async def failing(record: dict[str, Any]) -> dict[str, Any]:
        return {"outcome": "error", "answer": "Sorry"}

    code, _ = await lines_of(tmp_path, b'{"id": 1}\n', capsys, failing)
    assert code == 1


async def test_an_interrupted_batch_ends_what_is_under_way(tmp_path: Path) -> None:
    """A cancelled batch leaves no line running, though many wait."""
    begun = asyncio.Event()
    ended: list[int] = []

    async def slow(record: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(record["id"])
        return {}

    file = tmp_path / "in.jsonl"
    file.write_text("".join(f'{{"id": {n}}}\n' for n in range(100)), "utf-8")
    batch = asyncio.create_task(run_jsonl(str(file), slow))
    await begun.wait()
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(30):
            await batch
    assert ended, "a line that ran was told to end"
    assert not [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]


@pytest.mark.parametrize("name", ["nowhere.jsonl", "."])
async def test_a_file_that_cannot_be_read_is_one_sentence(name: str, tmp_path: Path) -> None:
    """A missing file and a folder are named."""
    with pytest.raises(UsageError, match=r"does not exist|cannot be read") as caught:
        await run_jsonl(str(tmp_path / name), echo)
    assert isinstance(caught.value, MissingFileError) == (name != ".")


def test_groups_of_a_line_come_before_those_of_the_command() -> None:
    """An empty list means public; without groups the command's count."""
    assert groups_field({"groups": []}, ["staff"]) == []
    assert groups_field({"groups": ["hr"]}, ["staff"]) == ["hr"]
    assert groups_field({"groups": None}, ["staff"]) == ["staff"]
    assert groups_field({}, None) is None
    with pytest.raises(UsageError, match="list of texts"):
        groups_field({"groups": "staff"}, None)


@pytest.mark.parametrize("value", [0, -1, 1001, "3", 2.0, True, [1]])
def test_a_count_is_a_whole_number_in_its_limits(value: object) -> None:
    """Everything else is refused; none at all, or null, is the default."""
    with pytest.raises(UsageError, match="whole number from 1 to 1000"):
        count_field({"k": value}, "k", 5, most=1000)
    assert count_field({"k": None}, "k", 5, most=1000) == 5


def test_half_a_surrogate_pair_is_printed_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    """What no encoding can write still comes out as JSON."""
    print_json({"id": "\ud83d"})
    assert capsys.readouterr().out == '{"id": "\\ud83d"}\n'
