"""The follow-ups of the open sets, and the texts that they are searched in.

trec_cast has user turns only and no texts that answer; ikat has answers, and the turn's own is what
should be found; canard has topic, section, then questions and answers in turn, and what should be
found is the section, as its collected answers; mtrag has passages marked as those that answer.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.open_sets import lines
from bot.conversation import Message, Role

SETS = ("trec_cast", "ikat", "canard", "mtrag")
FILES = {
    "trec_cast": ["trec_cast/cast2019.jsonl.gz", "trec_cast/cast2020.jsonl.gz"],
    "ikat": ["ikat/ikat2023.jsonl.gz"],
    "canard": ["canard/rewrites.jsonl.gz"],
    "mtrag": ["mtrag/rewrites.jsonl.gz"],
}
OTHERS = ("clapnq", "squad2", "multihop_rag", "northwind", "anthropic_docs_qa")
"""Sets whose passages stand around those that answer."""


@dataclass
class Case:
    """A follow-up of a set; ``targets`` name the documents that answer it."""

    set: str
    conversation: str
    history: tuple[Message, ...]
    question: str
    human: str
    targets: tuple[str, ...] = ()

    @property
    def stands_alone(self) -> bool:
        """Whether people found nothing to put in."""
        return self.human.strip() == self.question.strip()


def _messages(texts: list[str], answered: bool) -> tuple[Message, ...]:
    roles = (Role.USER, Role.ASSISTANT) if answered else (Role.USER, Role.USER)
    return tuple(Message(roles[i % 2], t) for i, t in enumerate(texts))


def read(data: Path) -> tuple[list[Case], dict[str, str]]:
    """Every follow-up of the sets, and the library: texts by name."""
    cases: list[Case] = []
    library = {
        f"{name}/{row['id']}": f"{row.get('title', '')}\n{row['text']}".strip()
        for name in OTHERS
        for row in lines(data / name / "corpus.jsonl.gz")
    }
    library |= {
        f"mtrag/{row['id']}": row["text"] for row in lines(data / "mtrag/corpus_pool.jsonl.gz")
    }
    for name in SETS:
        for row in (row for file in FILES[name] for row in lines(data / file)):
            conversation = re.split(r"#|<::>|_\d+$", str(row["id"]))[0]
            targets = _targets(name, row, conversation, library)
            history = _messages(row["history"], name in {"ikat", "canard"})
            if history:
                cases.append(
                    Case(name, conversation, history, row["question"], row["rewrite"], targets)
                )
    return cases, library


def _targets(name: str, row: dict, conversation: str, library: dict[str, str]) -> tuple[str, ...]:
    """The names of what answers a row; texts that come with it go into the library."""
    if name == "ikat":
        library[f"ikat/{row['id']}"] = row["response"]
        return (f"ikat/{row['id']}",)
    if name == "canard":
        section = f"canard/{conversation}"
        text = " ".join(row["history"][:2] + row["history"][3::2])
        library[section] = max(text, library.get(section, ""), key=len)
        return (section,)
    if name == "mtrag":
        return tuple(f"mtrag/{g}" for g in row["gold"] if f"mtrag/{g}" in library)
    return ()


def part_of(conversation: str) -> str:
    """``tune`` or ``report``, by a hash of the conversation's name."""
    return "tune" if hashlib.sha256(conversation.encode()).digest()[0] % 2 else "report"
