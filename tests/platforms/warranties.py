"""What the gate is tried with: pumps and their warranties, questions about them, and models that
answer them well or loudly."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from adapters.assembly import assemble
from bot.settings import load_settings
from knowledge.sources.folder import FolderSource
from tests.platforms.openai_answers import Message

PUMPS = 20
ODD = ("What colour is the moon rover?", "How do I bake a cake?", "Who won the cup in 1954?",
       "Does a whale sleep?")  # fmt: skip
CASES = PUMPS + len(ODD)
_ABOUT = re.compile(r"PX-(\d\d)")


def months(messages: list[Message]) -> tuple[str, int, str] | None:
    """What the passages say to the question: the pump, its months, the passage's number."""
    last = str(messages[-1]["content"])
    asked = _ABOUT.search(last.split("<question>")[1]) if "<question>" in last else None
    if asked is None:
        return None
    pump = asked.group()
    told = re.search(rf'n="(\d+)"[^\n]*\n(?:(?!</passage>).)*?The {pump} pump has', last, re.DOTALL)
    return (pump, int(asked.group(1)) + 12, told.group(1)) if told else None


def plain(messages: list[Message]) -> str:
    """As the persona wants it."""
    found = months(messages)
    if found is None:
        return "NO_ANSWER"
    pump, count, n = found
    return f"The {pump} pump has a warranty of {count} months [{n}]."


def loud(messages: list[Message]) -> str:
    """The same, shouted."""
    said = plain(messages)
    return "I don't know that!!!" if said == "NO_ANSWER" else f"{said[:-1]}!!! Great!!!"


def write_documents(folder: Path) -> None:
    """A document about each pump, one of them for staff alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(PUMPS):
        groups = "groups: [staff]\n" if n == 7 else ""
        (folder / f"px-{n:02d}.md").write_text(
            f"---\ntitle: PX-{n:02d}\n{groups}---\n# PX-{n:02d}\n\nThe PX-{n:02d} pump has a"
            f" warranty of {n + 12} months. It weighs {n + 3} kg.\n"
        )


async def read_documents(docs: Path, home: Path) -> None:
    """Read them into a home, as the source ``docs``."""
    write_documents(docs)
    async with assemble(load_settings(WELLSPOKEN_HOME=home), warm=False) as app:
        await app.ingestor.ingest(FolderSource(docs, name="docs"))


def write_suite(path: Path) -> Path:
    """Every pump's warranty, and questions that nothing answers."""
    cases: list[dict[str, Any]] = [
        {
            "id": f"w{n}",
            "question": f"How long is the warranty of the PX-{n:02d} pump?",
            "answers": [f"{n + 12} months"],
            "gold": [f"px-{n:02d}.md"],
            "groups": ["staff"],
            "paraphrases": [f"For how many months is a PX-{n:02d} under warranty?"],
        }
        for n in range(PUMPS)
    ]
    cases += [
        {"id": f"odd{n}", "question": q, "answers": [], "answerable": False}
        for n, q in enumerate(ODD)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(json.dumps, cases)))
    return path
