"""Trains the checker on prepared pairs, on this machine's cores or on a GPU where there is one.

    python -m benchmarks.checker.train PREPARED.npz… --out model.pt --minutes 25 [--start other.pt]

Needs torch and transformers. The rate falls with the time that is left, so that a run that ends
when it must has been cooled down; every five minutes the weights are kept.
"""

from __future__ import annotations

import argparse
import random
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from benchmarks.checker.network import Checker, fresh, load

KEPT_EVERY = 300.0
MARKED = 0.3  # weight of the loss on single word pieces
SMOOTHED = 0.03
CHUNK = 2_048
MOST_TESTED = 4_000
Batch = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Prepared:
    """Rows of one or more prepared files."""

    ids: list[np.ndarray]
    types: list[np.ndarray]
    marks: list[np.ndarray]
    head: np.ndarray
    label: np.ndarray
    set: np.ndarray
    kind: np.ndarray
    group: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, kept: np.ndarray) -> Prepared:
        at = np.flatnonzero(kept)
        return Prepared(
            [self.ids[i] for i in at],
            [self.types[i] for i in at],
            [self.marks[i] for i in at],
            *(a[at] for a in (self.head, self.label, self.set, self.kind, self.group)),
        )


def read(paths: list[Path]) -> Prepared:
    parts: dict[str, list[np.ndarray]] = defaultdict(list)
    for path in paths:
        held = np.load(path)
        cuts = held["starts"][1:-1]
        for name in ("ids", "types", "marks"):
            parts[name] += np.split(held[name], cuts)
        for name in ("head", "label", "set", "kind", "group"):
            parts[name].append(held[name])
    flat = [np.concatenate(parts[n]) for n in ("head", "label", "set", "kind", "group")]
    return Prepared(parts["ids"], parts["types"], parts["marks"], *flat)


def unlabelled(ids: list[np.ndarray], types: list[np.ndarray]) -> Prepared:
    """Rows to be read only."""
    none, zero = np.full(len(ids), ""), np.zeros(len(ids), np.int8)
    marks = [np.full(len(i), -1) for i in ids]
    return Prepared(ids, types, marks, zero, zero, none, none, none)


def batch_of(data: Prepared, at: np.ndarray) -> Batch:
    longest = -(-max(len(data.ids[i]) for i in at) // 8) * 8
    ids = np.zeros((len(at), longest), np.int64)
    types, mask = np.zeros_like(ids), np.zeros_like(ids)
    marks = np.full_like(ids, -1)
    for row, i in enumerate(at):
        n = len(data.ids[i])
        ids[row, :n], types[row, :n], mask[row, :n] = data.ids[i], data.types[i], 1
        marks[row, :n] = data.marks[i]
    return {
        "ids": torch.from_numpy(ids),
        "types": torch.from_numpy(types),
        "mask": torch.from_numpy(mask),
        "marks": torch.from_numpy(marks),
        "head": torch.from_numpy(data.head[at].astype(np.int64)),
        "label": torch.from_numpy(data.label[at].astype(np.float32)),
    }


def batches(
    data: Prepared, size: int, dice: random.Random, shares: dict[str, float]
) -> Iterator[np.ndarray]:
    """Endless batches of rows alike in length; ``shares``: how often a set is drawn (else 1)."""
    share = np.array([shares.get(str(s), shares.get(str(k), 1.0)) for s, k in
                      zip(data.set, data.kind, strict=True)])  # fmt: skip
    while True:
        times = [int(s) + (dice.random() < s % 1) for s in share]
        drawn = [i for i, n in enumerate(times) for _ in range(n)]
        dice.shuffle(drawn)
        for start in range(0, len(drawn), CHUNK):
            yield from _cut(data, drawn[start : start + CHUNK], size, dice)


def _cut(data: Prepared, chunk: list[int], size: int, dice: random.Random) -> Iterator[np.ndarray]:
    ordered = sorted(chunk, key=lambda i: len(data.ids[i]))
    cut = [np.array(ordered[i : i + size]) for i in range(0, len(ordered), size)]
    dice.shuffle(cut)
    yield from cut


def loss_of(model: Checker, batch: Batch) -> torch.Tensor:
    pair, piece = model(batch["ids"], batch["types"], batch["mask"])
    head, label = batch["head"], batch["label"]
    wanted = label * (1 - 2 * SMOOTHED) + SMOOTHED
    said = pair.float().gather(1, head[:, None])[:, 0]
    loss = functional.binary_cross_entropy_with_logits(said, wanted)
    marked = batch["marks"] >= 0
    if marked.any():
        of_head = piece.float().gather(2, head[:, None, None].expand(-1, piece.shape[1], 1))[..., 0]
        each = functional.binary_cross_entropy_with_logits(
            of_head[marked], batch["marks"][marked].float()
        )
        loss = loss + MARKED * each
    return loss


def logits(model: Checker, data: Prepared, device: torch.device, size: int = 64) -> np.ndarray:
    """The logit of each row's own head."""
    model.eval()
    found = np.zeros(len(data), np.float32)
    order = np.argsort([len(i) for i in data.ids], kind="stable")
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
        for start in range(0, len(order), size):
            at = order[start : start + size]
            batch = {k: v.to(device) for k, v in batch_of(data, at).items()}
            pair, _ = model(batch["ids"], batch["types"], batch["mask"])
            found[at] = pair.float().gather(1, batch["head"][:, None])[:, 0].cpu().numpy()
    model.train()
    return found


def balanced(score: np.ndarray, label: np.ndarray) -> float:
    """Balanced accuracy of logits at zero."""
    right = label > 0
    return float(((score[right] > 0).mean() + (score[~right] <= 0).mean()) / 2)


def report(model: Checker, data: Prepared, device: torch.device) -> str:
    """Balanced accuracy of each set and kind that holds both labels (else the share right)."""
    score = logits(model, data, device)
    said = []
    for head in (0, 1):
        for name in sorted(set(data.set[data.head == head].tolist())):
            at = (data.set == name) & (data.head == head)
            both = 0 < data.label[at].mean() < 1
            value = balanced(score[at], data.label[at]) if both else float(
                ((score[at] > 0) == (data.label[at] > 0)).mean())  # fmt: skip
            said.append(f"{'CQ'[head]}:{name} {value:.3f}/{at.sum()}")
            if both:
                for kind in sorted(set(data.kind[at].tolist())):
                    of = at & (data.kind == kind)
                    share = ((score[of] > 0) == (data.label[of] > 0)).mean()
                    said.append(f"   {kind} {share:.3f}/{of.sum()}")
    return "\n".join(said)


def train(
    model: Checker, data: Prepared, *, minutes: float, rate: float, size: int, device: torch.device,
    shares: dict[str, float], out: Path | None = None, seed: int = 1, frozen: bool = True,
    most_steps: int = 0,
) -> Checker:  # fmt: skip
    """Train for so many minutes (or steps); the rate rises for a twentieth and then falls."""
    dice = random.Random(seed)
    torch.manual_seed(seed)
    model.to(device).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0  # one pass over the data: there is nothing to forget
    if frozen:
        model.body.embeddings.word_embeddings.weight.requires_grad_(False)
    heads = [*model.pair.parameters(), *model.piece.parameters()]
    known = {id(p) for p in heads}
    body = [p for p in model.parameters() if p.requires_grad and id(p) not in known]
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": rate, "base": rate}, {"params": heads, "lr": 5 * rate,
                                                      "base": 5 * rate}],
        weight_decay=0.01,
    )  # fmt: skip
    begun = kept = time.monotonic()
    steps, seen, running = 0, 0, 0.0
    for at in batches(data, size, dice, shares):
        past = (time.monotonic() - begun) / (60 * minutes)
        if most_steps:
            past = steps / most_steps
        if past >= 1:
            break
        for part in optimiser.param_groups:
            part["lr"] = part["base"] * min(past / 0.05 + 0.02, 1.0) * min(1.0, 1.03 - past)
        batch = {k: v.to(device) for k, v in batch_of(data, at).items()}
        with torch.autocast(device.type, torch.bfloat16):
            loss = loss_of(model, batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        optimiser.step()
        steps, seen = steps + 1, seen + len(at)
        running = loss.item() if steps == 1 else 0.98 * running + 0.02 * loss.item()
        if steps % 50 == 0 and not most_steps:
            print(f"{(time.monotonic() - begun) / 60:6.1f} min {steps:6} steps {seen:8} rows"
                  f" loss {running:.4f}", flush=True)  # fmt: skip
        if out and time.monotonic() - kept > KEPT_EVERY:
            torch.save({"model": model.state_dict()}, out)
            kept = time.monotonic()
    if out:
        torch.save({"model": model.state_dict()}, out)
    return model


def in_fourth(group: str, sets: list[str]) -> bool:
    """Whether a group lies in the fourth of its set that is kept for tests."""
    of, _, name = group.partition("/")
    return of.removeprefix("made:") in sets and zlib.crc32(name.encode()) % 4 == 0


def left_out(data: Prepared, names: list[str], fourth: list[str]) -> np.ndarray:
    """Which rows belong to a set, a kind or a part of a group's name that is only tested on."""
    away = np.isin(data.set, names) | np.isin(data.kind, names)
    return away | np.array(
        [any(w in g for w in names) or in_fourth(g, fourth) for g in data.group], bool
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prepared", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", action="append", default=[], help="SET=0.5, how often drawn")
    parser.add_argument("--fourth", action="append", default=[], help="a set: a fourth for tests")
    parser.add_argument(
        "--left-out",
        action="append",
        default=[],
        help="a set, a kind or a part of a group's name: only tested on",
    )
    given = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(2)
    data = read(given.prepared)
    away = left_out(data, given.left_out, given.fourth)
    taught, test = data.where(~away), data.where(away)
    if len(test) > MOST_TESTED:
        few = random.Random(5).sample(range(len(test)), MOST_TESTED)
        test = test.where(np.isin(np.arange(len(test)), few))
    print(f"{len(taught)} rows to train on, {len(test)} to test on", flush=True)
    shares = {name: float(share) for name, share in (s.split("=") for s in given.share)}
    model = load(given.start) if given.start else fresh()
    train(model, taught, minutes=given.minutes, rate=given.rate, size=given.size, device=device,
          shares=shares, out=given.out, seed=given.seed)  # fmt: skip
    print("trained", flush=True)
    print(report(model, test, device), flush=True)


if __name__ == "__main__":
    main()
