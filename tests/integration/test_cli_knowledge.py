"""What ``ingest``, ``documents`` and ``doctor`` say; in this process, which starts once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.main import main
from bot.settings import environment_names
from tests.platforms.openai_server import Behaviour, Fault, OpenAIServer

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The command line, run here in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    for row in environment_names():
        monkeypatch.delenv(row.environment, raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["wellspoken", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, shown.out, shown.err

    return run


def report(command: Command, *arguments: str) -> dict[str, Any]:
    code, out, err = command("ingest", *arguments, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def listed(command: Command) -> list[tuple[str, str, tuple[str, ...]]]:
    documents = json.loads(command("documents", "list", "--json")[1])
    return [(d["source"], d["document"], tuple(d["groups"])) for d in documents]


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, "utf-8")


def test_a_source_is_the_folder_as_it_was_written(command: Command) -> None:
    """A slash, a dot or a full path are the same source; a link is a source of its own name."""
    write("hb/a.md", "# A\n\nAlpha costs 5 EUR.\n")
    Path("current").symlink_to("hb")
    assert report(command, "hb/")["added"] == 1
    for place in ("hb", "./hb/.", str(Path("hb").absolute())):
        assert report(command, place)["unchanged"] == 1
    assert report(command, "current")["added"] == 1
    assert listed(command) == [("current", "a.md", ()), ("hb", "a.md", ())]


def test_each_source_prunes_only_its_own(command: Command) -> None:
    """A rename is one added and one removed; other sources keep their document of that name."""
    write("one/a.md", "# A\n\nAlpha costs 5 EUR.\n")
    write("two/a.md", "# A\n\nAlpha costs 6 EUR.\n")
    report(command, "one")
    report(command, "two", "--source", "night")
    Path("one/a.md").rename("one/b.md")
    again = report(command, "one")
    assert (again["added"], again["removed"], again["failed"]) == (1, 1, [])
    assert listed(command) == [("night", "a.md", ()), ("one", "b.md", ())]
    Path("one/b.md").unlink()
    assert report(command, "one", "--no-prune")["removed"] == 0
    assert report(command, "one")["removed"] == 1


def test_one_source_that_is_down_stops_no_other(command: Command) -> None:
    """The others are read, the one is named with its reason, and the exit code is 1."""
    write("hb/a.md", "# A\n\nAlpha costs 5 EUR.\n")
    places = (("gone", "elsewhere"), ("handbook", "hb"))
    write(
        "wellspoken.toml",
        "".join(f'[[sources]]\nname = "{name}"\npath = "{path}"\n' for name, path in places),
    )
    code, out, err = command("ingest", "--json")
    assert code == 1
    assert json.loads(out)["added"] == 1
    assert [d["source"] for d in json.loads(out)["down"]] == ["gone"]
    assert "elsewhere does not exist" in err and "Traceback" not in err
    assert listed(command) == [("handbook", "a.md", ())]


def test_groups_of_the_command_are_for_documents_without_their_own(command: Command) -> None:
    """Front matter and lines keep theirs; a change of groups alone changes the rights at once."""
    write("g/plain.md", "# P\n\nPlain costs 5 EUR.\n")
    write("g/own.md", "---\ngroups: [hr]\n---\n# O\n\nOwn costs 6 EUR.\n")
    write("g/l.jsonl", '{"id": "l1", "title": "T", "text": "x y", "groups": ["hr"]}\n')
    report(command, "g", "--group", "staff")
    assert listed(command) == [
        ("g", "l1", ("hr",)),
        ("g", "own.md", ("hr",)),
        ("g", "plain.md", ("staff",)),
    ]
    write("g/own.md", "---\ngroups: []\n---\n# O\n\nOwn costs 6 EUR.\n")
    assert report(command, "g", "--group", "hr")["changed"] == 1
    found = json.loads(command("search", "Own costs", "--json")[1])["passages"]
    assert found == []
    assert report(command, "g")["changed"] == 2
    found = json.loads(command("search", "Own costs", "--json")[1])["passages"]
    assert [p["document"] for p in found] == ["own.md", "plain.md"]


def test_the_report_is_a_result_and_failures_do_not_change_the_exit_code(command: Command) -> None:
    """On stdout, failures in words below it; --strict ends with 1; other files are counted."""
    write("d/a.md", "# A\n\nAlpha.\n")
    write("d/empty.md", "")
    write("d/picture.png", "x")
    code, out, err = command("ingest", "d")
    assert code == 0
    assert "1 added" in out and "1 chunk in" in out
    assert "empty.md: The document cannot be read: it is empty." in out
    assert err == "d: 1 file of other kinds skipped\n"
    assert command("ingest", "d", "--strict", "--json")[0] == 1


def test_a_document_of_two_sources_is_not_removed_by_a_guess(command: Command) -> None:
    """Removing asks which; showing says that there are more."""
    for folder in ("one", "two"):
        write(f"{folder}/a.md", f"# {folder}\n\nAlpha of {folder}.\n")
        report(command, folder)
    code, _, err = command("documents", "remove", "a.md")
    assert code == 2
    assert '"a.md" is in the sources one and two; name one with --source.' in err
    _, out, err = command("documents", "show", "a.md")
    assert "Alpha of one." in out and "a.md is in two too" in err
    assert command("documents", "remove", "a.md", "--source", "two", "--json")[1] == (
        '{"removed": 1}\n'
    )
    assert listed(command) == [("one", "a.md", ())]


def test_lists_print_whole_names_into_a_pipe(command: Command) -> None:
    """Whatever the width of a terminal: names are there to be copied."""
    name = "folder/" + "long-name-" * 15 + ".md"
    write(f"d/{name}", "# A\n\nAlpha.\n")
    command("ingest", "d")
    assert name in command("documents", "list")[1]


def test_without_documents_the_way_to_them_is_shown(command: Command) -> None:
    """An abstaining answer and an empty search say what to do first."""
    for arguments in (("ask", "How much is Alpha?"), ("search", "Alpha")):
        code, _, err = command(*arguments)
        assert code == 0 and "wellspoken ingest" in err


@pytest.mark.parametrize("arguments", [("ask", "x"), ("search", "x"), ("ingest", ".")])
def test_a_group_without_a_name_is_refused(command: Command, arguments: tuple[str, ...]) -> None:
    """An empty group must not silently become public."""
    code, _, err = command(*arguments, "--group", "")
    assert code == 2 and "is no name of a group" in err


def test_doctor_asks_the_model_for_a_word(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong key and an unknown model are found, not only a server that is down."""
    monkeypatch.setenv("WELLSPOKEN_MODEL", "m")
    with OpenAIServer(Behaviour(answer="Hello.")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert command("doctor")[0] == 0
        server.behaviour = Behaviour(fault=Fault.UNAUTHORISED)
        code, out, _ = command("doctor", "--json")
    (fault,) = [c for c in json.loads(out) if not c["ok"]]
    assert code == 1
    assert fault["check"] == "model" and "OPENAI_API_KEY" in fault["detail"]


def test_doctor_blames_the_part_that_is_ill(command: Command) -> None:
    """A broken knowledge file is the fault of neither embedder nor database."""
    write(".wellspoken/knowledge.db", "this is no database, but long enough to be one" * 100)
    faults = [c for c in json.loads(command("doctor", "--json")[1]) if not c["ok"]]
    assert [c["check"] for c in faults] == ["knowledge"]


def test_what_fails_side_by_side_is_one_sentence_too(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An embedding model whose server is down: no traceback of a group of tasks."""
    monkeypatch.setenv("WELLSPOKEN_MODEL", "m")
    monkeypatch.setenv("WELLSPOKEN_EMBEDDING_MODEL", "e")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    code, _, err = command("ask", "hello")
    assert code == 1
    assert err.startswith("wellspoken: The model server at http://127.0.0.1:1/v1 cannot be reached")
