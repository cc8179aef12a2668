"""Training pairs as the encoder sees them: word pieces, token types, labels.

    python -m benchmarks.checker.prepare PAIRS_FOLDER OUT.npz [--most N]

The evidence of each pair is chosen by the product's own code. Beside the label of a pair there are
marks of single word pieces: in a claim those that no source carries (the difference to the whole
claim that it was made from), in the evidence of a question those of the answer.
"""

from __future__ import annotations

import argparse
import random
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from benchmarks.open_sets import lines
from bot.lexical import terms
from knowledge.checking.evidence import Evidence
from knowledge.checking.showing import encoded, show_claim, show_question
from knowledge.grounding import unwrapped
from knowledge.statements import read_passage, read_statement

TOKENIZER = (
    Path(__file__).resolve().parents[2]
    / "knowledge" / "models" / "minilm-l6-v2-int8" / "tokenizer.json"
)  # fmt: skip
CLAIM, QUESTION = 0, 1
UNMARKED, CARRIED, FOREIGN = -1, 0, 1
_ALIKE = 0.5
_WITHOUT_CONTEXT = 0.35  # of the claims, so that the encoder also does without a question

Row = dict[str, Any]


def tokenizer() -> Tokenizer:
    found = Tokenizer.from_file(str(TOKENIZER))
    found.no_truncation()
    found.encode_special_tokens = True
    return found


def marks(ids: list[int], whole: list[tuple[set[int], list[int]]]) -> list[int]:
    """Which word pieces of a damaged claim differ from the nearest claim that is carried."""
    best: SequenceMatcher[int] | None = None
    has = set(ids)
    near = sorted(whole, key=lambda other: -len(has & other[0]) / len(has | other[0]))[:2]
    for _, other in near:
        matcher = SequenceMatcher(None, other, ids, autojunk=False)
        if best is None or matcher.ratio() > best.ratio():
            best = matcher
    if best is None or best.ratio() < _ALIKE:
        return [UNMARKED] * len(ids)
    found = [CARRIED] * len(ids)
    for tag, _, _, start, end in best.get_opcodes():
        if tag in ("replace", "insert"):
            found[start:end] = [FOREIGN] * (end - start)
        elif tag == "delete":
            for at in (start - 1, start):
                if 0 <= at < len(found):
                    found[at] = FOREIGN
    return found


def claim_rows(pairs: list[Row], tool: Tokenizer, dice: random.Random) -> Iterator[Row]:
    carried: dict[tuple[str, str], list[tuple[set[int], list[int]]]] = defaultdict(list)
    for pair in pairs:
        if pair["label"]:
            text = unwrapped(pair["claim"]) or pair["claim"]
            ids = tool.encode(text, add_special_tokens=False).ids
            carried[pair["set"], pair["group"]].append((set(ids), ids))
    for pair in pairs:
        text = unwrapped(pair["claim"]) or pair["claim"]
        question = pair.get("context") or ""
        if question and dice.random() < _WITHOUT_CONTEXT:
            question = ""
        evidence = Evidence([read_passage(p) for p in pair["evidence"]])
        statement = read_statement(text, frozenset(terms(question)))
        found, types = encoded(tool, show_claim(evidence, statement, question))
        row = found[0].tolist()
        said = tool.encode(text, add_special_tokens=False).ids[: len(row)]
        start = len(row) - 1 - min(len(said), 60)
        held = row[start:-1]
        marked = [UNMARKED] * len(row)
        if pair["label"]:
            marked[start:-1] = [CARRIED] * len(held)
        else:
            marked[start:-1] = marks(held, carried[pair["set"], pair["group"]])
        yield {
            "ids": row, "types": types[0].tolist(), "marks": marked, "head": CLAIM,
            "label": pair["label"], "set": pair["set"], "kind": pair["kind"],
            "group": pair["group"],
        }  # fmt: skip


def _place(row: list[int], wanted: list[int], end: int) -> int | None:
    for at in range(1, end - len(wanted) + 1):
        if row[at : at + len(wanted)] == wanted:
            return at
    return None


def question_rows(pairs: list[Row], tool: Tokenizer) -> Iterator[Row]:
    for pair in pairs:
        evidence = Evidence([read_passage(p) for p in pair["evidence"]])
        ids, types = encoded(tool, show_question(evidence, pair["question"]))
        row = ids[0].tolist()
        end = types[0].tolist().index(1)
        marked = [UNMARKED] * len(row)
        label = pair["label"]
        span = pair.get("answer")
        if not label:
            marked[1 : end - 1] = [CARRIED] * (end - 2)
        elif span:
            answer = pair["evidence"][span["passage"]][span["start"] : span["end"]]
            wanted = tool.encode(answer, add_special_tokens=False).ids
            at = _place(row, wanted, end) if 0 < len(wanted) <= 40 else None
            if at is not None:
                marked[1 : end - 1] = [CARRIED] * (end - 2)
                marked[at : at + len(wanted)] = [FOREIGN] * len(wanted)
            elif 0 < len(wanted) <= 12:
                continue  # what is shown does not hold the answer
        yield {
            "ids": row, "types": types[0].tolist(), "marks": marked, "head": QUESTION,
            "label": label, "set": pair["set"], "kind": pair["kind"], "group": pair["group"],
        }  # fmt: skip


def packed(rows: list[Row]) -> dict[str, np.ndarray]:
    """Rows as flat arrays with offsets."""
    return {
        "ids": np.concatenate([np.array(r["ids"], np.int32) for r in rows]),
        "types": np.concatenate([np.array(r["types"], np.int8) for r in rows]),
        "marks": np.concatenate([np.array(r["marks"], np.int8) for r in rows]),
        "starts": np.cumsum([0, *(len(r["ids"]) for r in rows)]),
        "head": np.array([r["head"] for r in rows], np.int8),
        "label": np.array([r["label"] for r in rows], np.int8),
        "set": np.array([r["set"] for r in rows]),
        "kind": np.array([r["kind"] for r in rows]),
        "group": np.array([f"{r['set']}/{r['group']}" for r in rows]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--part", default="0/1", help="0/2 and 1/2: two processes, half each")
    given = parser.parse_args()
    dice = random.Random(3)
    tool = tokenizer()
    begun = time.perf_counter()
    rows: list[Row] = []
    for name in ("claims", "questions"):
        path = given.folder / f"{name}.jsonl.gz"
        if not path.exists():
            continue
        pairs = lines(path)
        number, of = (int(n) for n in given.part.split("/"))
        pairs = [p for p in pairs if zlib.crc32(p["group"].encode()) % of == number]
        pairs.sort(key=lambda p: p["group"])  # passages of one document are read once
        made = claim_rows(pairs, tool, dice) if name == "claims" else question_rows(pairs, tool)
        before = len(rows)
        rows += made
        lengths = [len(r["ids"]) for r in rows[before:]]
        print(f"{name}: {len(pairs)} pairs, {len(lengths)} rows, {np.mean(lengths):.0f} word pieces"
              f" on average, {time.perf_counter() - begun:.0f} s", flush=True)  # fmt: skip
    np.savez(given.out, **packed(rows))


if __name__ == "__main__":
    main()
