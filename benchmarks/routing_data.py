"""Messages with the route they should take, from the open sets, for training and measuring.

| route | from |
|---|---|
| voice | clinc150 domain small_talk, and yes, no, maybe, names of the two speakers |
| handoff | bitext_support contact_human_agent, and contact_customer_service where it asks to talk |
| question | everything else: both retrieving routes, rag and hybrid, count as one |

clinc150's commands to a loudspeaker (volume, accent, whisper, ...), "repeat" and "cancel" are left
out: they are neither. So are bitext's requests for customer service that ask for hours or
addresses in a way that could be either. Licences: see the data's README (clinc150 CC BY 3.0,
bitext CDLA-Sharing 1.0, banking77 and NLU++ CC BY 4.0).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.open_sets import lines

VOICE = "voice"
HANDOFF = "handoff"
QUESTION = "question"

_META_VOICE = {"yes", "no", "maybe", "user_name", "change_user_name", "change_ai_name"}
_META_QUESTION = {"reset_settings", "sync_device"}
_INFORMATION = re.compile(r"hour|time|mail|number|phone|when|open", re.IGNORECASE)
_NLUPP_VOICE = {"greet", "thank", "end_call", "affirm", "deny", "acknowledge"}


@dataclass(frozen=True)
class Example:
    """A message, the route it should take, and the set and label it comes from."""

    text: str
    route: str
    set: str
    label: str = ""

    @property
    def held_out(self) -> bool:
        """Whether it is kept for measuring: by a hash of its words, a fifth of each set; half
        of the few requests for a person."""
        key = " ".join(re.findall(r"\w+", self.text.lower()))
        share = 128 if self.route == HANDOFF else 51
        return hashlib.sha256(key.encode()).digest()[0] < share


def clinc150(data: Path) -> list[Example]:
    out = []
    for part in ("train", "val", "oos_train", "oos_val"):
        for row in lines(data / f"clinc150/{part}.jsonl.gz"):
            label, domain = row["label"], row.get("domain")
            if domain == "meta" and label not in _META_VOICE | _META_QUESTION:
                continue
            small = domain == "small_talk" or label in _META_VOICE
            out.append(Example(row["text"], VOICE if small else QUESTION, "clinc150", label))
    return out


def bitext(data: Path) -> list[Example]:
    out = []
    for row in lines(data / "bitext_support/train.jsonl.gz"):
        label, text = row["label"], row["text"]
        route = QUESTION
        if label == "contact_human_agent":
            route = HANDOFF
        elif label == "contact_customer_service":
            route = QUESTION if _INFORMATION.search(text) else HANDOFF
        out.append(Example(text, route, "bitext", label))
    return out


def banking77(data: Path) -> list[Example]:
    rows = lines(data / "banking77/train.jsonl.gz")
    return [Example(r["text"], QUESTION, "banking77", r["label"]) for r in rows]


def nlupp(data: Path) -> list[Example]:
    """NLU++: a message with "handoff" asks for a person; only courtesies make small talk."""
    out = []
    for domain in ("banking", "hotels"):
        for row in lines(data / f"nlupp/{domain}.jsonl.gz"):
            labels = set(row["labels"])
            courtesies = labels & {"greet", "thank", "end_call"}
            if "handoff" in labels:
                route = HANDOFF
            elif courtesies and labels <= _NLUPP_VOICE and not row["slots"]:
                route = VOICE
            elif labels & {"request_info", "how", "why", "how_much", "how_long", "limits"}:
                route = QUESTION
            else:
                continue
            out.append(Example(row["text"], route, "nlupp", "+".join(sorted(labels))))
    return out


def questions(data: Path) -> list[Example]:
    """Questions of other sets: documentation, handbooks, encyclopaedias."""
    files = {
        "squad2": "squad2/questions.jsonl.gz",
        "clapnq": "clapnq/questions.jsonl.gz",
        "ray": "ray_routing/train.jsonl.gz",
        "northwind": "northwind/questions.jsonl.gz",
        "mtrag": "mtrag/rewrites.jsonl.gz",
        "xstest": "xstest/prompts.jsonl.gz",
        "plausible": "docs_plausible/faq.jsonl.gz",
        "trec_cast": "trec_cast/cast2019.jsonl.gz",
    }
    out = []
    for name, file in files.items():
        for row in lines(data / file):
            text = row.get("rewrite") or row.get("question") or row.get("text")
            out.append(Example(text, QUESTION, name))
    return out
