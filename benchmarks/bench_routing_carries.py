"""What routing knows of kinds that it was not trained on: each set left out in turn, and others.

    python -m benchmarks.bench_routing_carries --data ../shared/data

Trains the classifier anew without a set (scikit-learn, see ``train_routing``) and measures on all
of that set, rules and classifier together; then the shipped classifier on messages of our own
(``routing_cases``), questions of other sets by the share that is looked up, and its time.
"""

from __future__ import annotations

import argparse
import io
import random
import time
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import routing_data
from benchmarks.bench_routing import predict, table
from benchmarks.routing_cases import cases
from benchmarks.routing_data import QUESTION, Example
from benchmarks.train_routing import read as examples_of
from benchmarks.train_routing import train
from bot.routing import decide, policy
from bot.routing.classifier import Classifier, builtin
from bot.routing.classifier import read as classifier_of

SEED = 1


def balanced(examples: list[Example]) -> list[Example]:
    """As many questions as other messages."""
    wanted = [e for e in examples if e.route != QUESTION]
    asked = [e for e in examples if e.route == QUESTION]
    return wanted + random.Random(SEED).sample(asked, min(len(asked), max(len(wanted), 300)))


def _same(made: Classifier) -> Classifier:
    return made


def left_out(data: Path) -> None:
    """Train without a set, measure on it."""
    sets = {
        "clinc150": routing_data.clinc150,
        "bitext": routing_data.bitext,
        "banking77": routing_data.banking77,
    }
    for name, load in sets.items():
        content = io.BytesIO()
        np.savez_compressed(content, **train(examples_of(data, {name})))
        shipped = policy.builtin
        made = classifier_of(content.getvalue())
        policy.builtin = partial(_same, made)  # type: ignore[assignment]  # for this run alone
        try:
            found = balanced(load(data))
            table(f"trained without {name}, on {name}", [(e.route, predict(e)) for e in found])
        finally:
            policy.builtin = shipped


def own_cases() -> None:
    """Messages of our own, by kind."""
    count, right = Counter(), Counter()
    pairs: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for example, seen in cases():
        said = predict(example)
        count[example.label, seen] += 1
        right[example.label, seen] += said == example.route
        pairs[seen].append((example.route, said))
    print(f"\n{'kind':32} {'looked at':>10} {'not':>10}")
    for kind in dict.fromkeys(label for label, _ in count):
        cells = [f"{right[kind, seen]}/{count[kind, seen]}" for seen in (True, False)]
        print(f"{kind:32} {cells[0]:>10} {cells[1]:>10}")
    table("messages of our own, never looked at", pairs[False])


def times(data: Path) -> None:
    """Milliseconds of CPU for one decision, over the held-out messages."""
    texts = [e.text for e in routing_data.clinc150(data) + routing_data.bitext(data) if e.held_out]
    builtin()
    spent = []
    for text in texts:
        began = time.process_time()
        decide(text)
        spent.append((time.process_time() - began) * 1000)
    p50, p99 = np.quantile(spent, (0.5, 0.99))
    long = "The export of our data fails every night with a timeout. " * 140
    began = time.process_time()
    decide(long)
    last = (time.process_time() - began) * 1000
    print(f"\ndecide: median {p50:.3f} ms, p99 {p99:.3f} ms, 8,000 characters {last:.3f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    args = parser.parse_args()
    own_cases()
    for name in ("mtrag", "xstest", "plausible", "northwind"):
        asked = [e for e in routing_data.questions(args.data) if e.set == name]
        share = sum(predict(e) == QUESTION for e in asked) / len(asked)
        print(f"{name:12} {share:.3f} of {len(asked)} looked up, never trained on")
    times(args.data)
    left_out(args.data)


if __name__ == "__main__":
    main()
