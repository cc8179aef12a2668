"""How well messages are routed, and how fast.

Three classes: voice, handoff, question (rag, hybrid and live together). ``mix`` is what is held
out of clinc150, bitext_support and banking77: all of voice and handoff, and as many questions.
``never trained on``: NLU++ (banking and hotels) by class, and other sets of questions, of which
the share that is retrieved for is shown.

    .venv/bin/python -m benchmarks.bench_routing --data ../shared/data
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from pathlib import Path

from benchmarks import routing_data
from benchmarks.reporting import figure
from benchmarks.routing_data import HANDOFF, QUESTION, VOICE, Example
from bot.routing import decide
from bot.routing.classifier import builtin

CLASSES = (VOICE, HANDOFF, QUESTION)


def predict(example: Example) -> str:
    route = decide(example.text).route.value
    return route if route in CLASSES else QUESTION


def table(title: str, pairs: list[tuple[str, str]]) -> None:
    """Precision, recall and F1 of each class, and their mean."""
    print(f"\n{title}\n{'class':10} {'n':>6} {'precision':>9} {'recall':>7} {'f1':>6}")
    scores = []
    for name in CLASSES:
        hit = sum(a == b == name for a, b in pairs)
        said = sum(b == name for _, b in pairs)
        n = sum(a == name for a, _ in pairs)
        f1 = 2 * hit / (said + n) if said + n else 0.0
        scores.append(f1)
        print(f"{name:10} {n:6} {hit / max(said, 1):9.3f} {hit / max(n, 1):7.3f} {f1:6.3f}")
    there = [score for name, score in zip(CLASSES, scores, strict=True)
             if any(a == name for a, _ in pairs)]  # fmt: skip
    print(f"macro F1 {sum(there) / len(there):.3f}")
    figure(f"{title}: macro F1", sum(there) / len(there), unit="share", n=len(pairs))


def write(path: Path, pairs: list[tuple[str, str]]) -> None:
    """The matrix that the console shows, right by said, and which classifier it is of."""
    counts = Counter(pairs)
    rows = {a: {b: counts[a, b] for b in CLASSES} for a in CLASSES}
    about = {
        "classifier": builtin().id,
        "data": "parts of clinc150, bitext_support and banking77 that were held out, balanced",
    }
    path.write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", type=Path, help="write the held-out mix's matrix as JSON")
    parser.add_argument("--errors", type=int, default=0, help="print so many errors a set")
    args = parser.parse_args()
    data = args.data
    held = [
        e
        for read in (routing_data.clinc150, routing_data.bitext, routing_data.banking77)
        for e in read(data)
        if e.held_out
    ]
    rng = random.Random(1)
    wanted = [e for e in held if e.route != QUESTION]
    mix = wanted + rng.sample([e for e in held if e.route == QUESTION], len(wanted))
    other = routing_data.nlupp(data)
    began = time.perf_counter()
    said = {e: predict(e) for e in [*held, *other]}
    spent = (time.perf_counter() - began) / len(said) * 1000
    table("held out, balanced mix", [(e.route, said[e]) for e in mix])
    if args.write:
        write(args.write, [(e.route, said[e]) for e in mix])
    table("held out, everything", [(e.route, said[e]) for e in held])
    table("never trained on: NLU++", [(e.route, said[e]) for e in other])
    print("\nnever trained on: questions retrieved for")
    sets: dict[str, list[Example]] = {}
    for example in routing_data.questions(data):
        sets.setdefault(example.set, []).append(example)
    for name in ("mtrag", "xstest", "plausible", "northwind"):
        right = sum(predict(e) == QUESTION for e in sets[name])
        print(f"{name:10} {right / len(sets[name]):.3f} of {len(sets[name])}")
    routes = Counter(decide(e.text).route.value for e in sets["plausible"] + sets["ray"][:300])
    print(f"documentation questions by route: {dict(routes)}")
    print(f"decide: {spent:.3f} ms a message")
    figure("a decision", spent, unit="ms", speed=True)
    for group in (mix, other, sets["mtrag"], sets["plausible"]):
        wrong = [e for e in group if predict(e) != e.route]
        for e in wrong[: args.errors]:
            print(f"  {e.set} {e.label}: {e.route} -> {decide(e.text)} | {e.text[:100]}")


if __name__ == "__main__":
    main()
