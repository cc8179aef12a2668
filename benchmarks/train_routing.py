"""Train the route classifier and write ``bot/routing/model.npz``.

Multinomial logistic regression over hashed features (``bot/routing/features.py``), three classes:
voice, handoff, question. Trained on the parts of clinc150, bitext_support and banking77 that
``routing_data`` does not hold out, on questions of other sets, and on ``routing_seeds``. NLU++,
mtrag, xstest, docs_plausible and northwind are never trained on: they measure what carries over.

Needs scikit-learn (training only):

    python -m benchmarks.train_routing --data ../shared/data --out bot/routing/model.npz
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from benchmarks import routing_data, routing_seeds, routing_talk
from benchmarks.routing_data import HANDOFF, QUESTION, VOICE, Example
from bot.query.phrases import phrases
from bot.routing.features import BUCKETS, buckets, place, spell

CLASSES = [VOICE, HANDOFF, QUESTION]
SEED = 7
NEVER = {"nlupp", "mtrag", "xstest", "plausible", "northwind"}


def read(data: Path, without: set[str]) -> list[Example]:
    """Everything to train on, augmented."""
    rng = random.Random(SEED)
    found = [
        *routing_data.clinc150(data),
        *routing_data.bitext(data),
        *routing_data.banking77(data),
        *routing_data.questions(data),
    ]
    found = [e for e in found if not e.held_out and e.set not in NEVER | without]
    found = list({e.text: e for e in found}.values())
    seeds = [Example(t, VOICE, "seeds") for t in routing_seeds.VOICE]
    seeds += [Example(t, HANDOFF, "seeds") for t in routing_seeds.handoffs(rng, 3000)]
    seeds += [Example(t, QUESTION, "seeds") for t in routing_seeds.QUESTION]
    seeds += [Example(t, VOICE, "talk") for t in routing_talk.VOICE]
    about = dict.fromkeys(routing_talk.about_the_bot(rng, 2000))
    seeds += [Example(t, VOICE, "about the bot") for t in about]
    seeds += [Example(t, VOICE, "german") for t in routing_talk.GERMAN_VOICE]
    seeds += [Example(t, HANDOFF, "german") for t in routing_talk.german_handoffs(rng, 400)]
    seeds += [Example(t, QUESTION, "german") for t in routing_talk.german_questions(rng, 1200)]
    nouns = sorted({p.text.lower() for e in found if e.route == QUESTION for p in phrases(e.text)})
    more = routing_seeds.templated(rng, nouns, 8000)
    seeds += [Example(t, QUESTION, "templates") for t in more]
    short = rng.sample([n for n in nouns if len(n.split()) < 3], 2000)
    seeds += [Example(t, QUESTION, "nouns") for t in short]
    seeds += [Example(t, QUESTION, "nouns") for t in routing_talk.GERMAN_NOUNS_ALONE]
    seeds += [Example(t, QUESTION, "follow-ups") for t in routing_seeds.FOLLOW_UPS]
    asked = [e for e in found if e.route == QUESTION]
    courteous = [
        Example(routing_seeds.courteous(e.text, rng), QUESTION, "seeds")
        for e in rng.choices(asked, k=3000)
    ]
    addressed = [
        Example(
            f"{e.text} {rng.choice(['juniper', 'bot', 'my friend', 'please'])}", e.route, "seeds"
        )
        for e in rng.choices([e for e in [*found, *seeds] if e.route == VOICE], k=300)
    ]
    misspelt = [
        Example(routing_seeds.misspelt(e.text, rng), e.route, "seeds")
        for route in CLASSES
        for e in rng.choices([e for e in [*found, *seeds] if e.route == route], k=1500)
    ]
    return [*found, *seeds, *courteous, *addressed, *misspelt]


def weights(examples: list[Example]) -> np.ndarray:
    """Each class alike; within a class each set by the root of its size; our own count for more."""
    size = Counter((e.route, e.set) for e in examples)
    more = {"seeds": 2.0, "templates": 2.0, "talk": 3.0, "about the bot": 0.7}
    share = {k: np.sqrt(n) * more.get(k[1], 1.0) for k, n in size.items()}
    total = Counter()
    for (route, _), value in share.items():
        total[route] += value
    prior = {VOICE: 1.0, HANDOFF: 0.8, QUESTION: 1.6}
    scale = len(examples) / sum(prior.values())
    return np.array(
        [
            scale * prior[e.route] * share[e.route, e.set] / total[e.route] / size[e.route, e.set]
            for e in examples
        ]
    )


def spoken(examples: list[Example]) -> np.ndarray:
    """How many messages of small talk hold each word, by bucket."""
    count = np.zeros(BUCKETS, np.int64)
    for text in {e.text for e in examples if e.route == VOICE}:
        for word in set(spell(text)):
            count[place(f"w:{word}")] += 1
    return count


def matrix(examples: list[Example], count: np.ndarray) -> csr_matrix:
    """Rows of unit length, one a message. Of small talk a word is known where another message has
    it too: so it is for messages that are not there yet."""
    others, any_ = count > 1, count > 0
    rows = [buckets(spell(e.text), others if e.route == VOICE else any_) for e in examples]
    ends = np.cumsum([0, *(len(r) for r in rows)])
    values = np.concatenate([np.full(len(r), 1 / np.sqrt(max(len(r), 1))) for r in rows])
    return csr_matrix((values, np.concatenate(rows), ends), shape=(len(rows), BUCKETS))


def train(examples: list[Example], strength: float = 5.0) -> dict[str, np.ndarray]:
    """The arrays of ``model.npz``; ``strength`` is inverse regularisation."""
    model = LogisticRegression(C=strength, max_iter=200)
    count = spoken(examples)
    y = [CLASSES.index(e.route) for e in examples]
    model.fit(matrix(examples, count), y, sample_weight=weights(examples))
    table = model.coef_.astype(np.float32)
    table -= table.mean(axis=0)
    scale = np.abs(table).max() / 127
    return {
        "table": np.rint(table / scale).astype(np.int8),
        "scale": np.float32(scale),
        "bias": (model.intercept_ - model.intercept_.mean()).astype(np.float32),
        "known": np.packbits(count > 0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("bot/routing/model.npz"))
    parser.add_argument("--without", nargs="*", default=[], help="sets to leave out")
    parser.add_argument("--strength", type=float, default=5.0, help="inverse regularisation")
    args = parser.parse_args()
    examples = read(args.data, set(args.without))
    print(Counter((e.set, e.route) for e in examples))
    arrays = train(examples, args.strength)
    np.savez_compressed(args.out, **arrays)
    weights_ = np.count_nonzero(arrays["table"])
    print(f"{args.out}: {args.out.stat().st_size:,} bytes, {weights_:,} weights")


if __name__ == "__main__":
    main()
