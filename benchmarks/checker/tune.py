"""Trains the upper half of a checker further: on stances, and on whole answers that people rated.

    python -m benchmarks.checker.tune START.pt OUT.pt --stances STANCES.npz --replay PREPARED.npz…

The lower layers stay as they are, and what they make of each row is kept: a run over 6,000 rows
takes minutes on one core. Of a rated answer nobody has marked which claim is at fault: the soft
minimum of its claims' logits learns the verdict, and the most foreign word pieces its opposite.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.checker.network import Checker, load
from benchmarks.checker.prepare import tokenizer
from benchmarks.checker.rated import rated, taught
from benchmarks.checker.responses import read_answers
from benchmarks.checker.train import (
    MARKED,
    SMOOTHED,
    Prepared,
    batch_of,
    left_out,
    read,
    unlabelled,
)
from knowledge.checking.showing import SEPARATOR, encoded

KEPT_LAYERS = 3
SIZE = 16
MOST_CLAIMS = 20  # of the rated answers of one step
FOREIGN = 0.3  # weight of the most foreign pieces of an answer
DROPPED = 0.05


@dataclass(frozen=True)
class Halfway:
    """Rows and what the lower layers make of them, each of shape [n, 384]."""

    data: Prepared
    states: list[Tensor]


def halfway(model: Checker, data: Prepared, size: int = 32) -> Halfway:
    """The states of all rows after the layers that are kept."""
    model.eval()
    found: list[Tensor] = [torch.empty(0)] * len(data)
    order = np.argsort([len(i) for i in data.ids], kind="stable")
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(order), size):
            at = order[start : start + size]
            batch = batch_of(data, at)
            state = model.body.embeddings(input_ids=batch["ids"], token_type_ids=batch["types"])
            for layer in model.body.encoder.layer[:KEPT_LAYERS]:
                state = layer(state, batch["mask"].bool()[:, None, None, :])
            for row, i in enumerate(at):
                found[int(i)] = state[row, : len(data.ids[i])].to(torch.float16).clone()
    return Halfway(data, found)


def upper(model: Checker, states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The logits of pairs and of word pieces, from the states of the lower layers."""
    longest = -(-max(len(s) for s in states) // 8) * 8
    state = torch.zeros(len(states), longest, 384)
    mask = torch.zeros(len(states), longest, dtype=torch.bool)
    for row, held in enumerate(states):
        state[row, : len(held)] = held
        mask[row, : len(held)] = True
    with torch.autocast("cpu", torch.bfloat16):
        for layer in model.body.encoder.layer[KEPT_LAYERS:]:
            state = layer(state, mask[:, None, None, :])
        return model.pair(state[:, 0]).float(), model.piece(state).float()


def pair_loss(model: Checker, rows: Halfway, at: Sequence[int]) -> Tensor:
    """As :func:`benchmarks.checker.train.loss_of`, from halfway."""
    pair, piece = upper(model, [rows.states[i] for i in at])
    batch = batch_of(rows.data, np.array(at))
    wanted = batch["label"] * (1 - 2 * SMOOTHED) + SMOOTHED
    said = pair.gather(1, batch["head"][:, None])[:, 0]
    loss = functional.binary_cross_entropy_with_logits(said, wanted)
    marked = batch["marks"] >= 0
    if marked.any():
        heads = batch["head"][:, None, None].expand(-1, piece.shape[1], 1)
        each = piece.gather(2, heads)[..., 0][marked]
        wanted = batch["marks"][marked].float()
        loss = loss + MARKED * functional.binary_cross_entropy_with_logits(each, wanted)
    return loss


@dataclass(frozen=True)
class Rated:
    """An answer: its verdict, the rows of its claims, its weight."""

    right: bool
    rows: list[int]
    weight: float


def rated_rows() -> tuple[Prepared, list[Rated]]:
    """The claims of the rated answers that are trained on; both verdicts weigh the same."""
    answers, tool = taught(rated()), tokenizer()
    ids, types, held = [], [], []
    for answer, claims in zip(answers, read_answers(answers), strict=True):
        shown = [c.shown for c in claims if c.shown is not None]
        if shown and not any(c.fixed is not None and c.fixed < 0.5 for c in claims):
            held.append((answer.supported, list(range(len(ids), len(ids) + len(shown)))))
            for one in shown:
                row, kinds = encoded(tool, one)
                ids.append(row[0])
                types.append(kinds[0])
    share = sum(right for right, _ in held) / len(held)
    weighed = [Rated(r, at, 0.5 / (share if r else 1 - share)) for r, at in held]
    return unlabelled(ids, types), weighed


def answer_loss(model: Checker, rows: Halfway, answers: Sequence[Rated]) -> Tensor:
    """Of each answer the soft minimum of its claims, and its most foreign word pieces."""
    every = [i for a in answers for i in a.rows]
    pair, piece = upper(model, [rows.states[i] for i in every])
    total, start = torch.zeros(()), 0
    for answer in answers:
        end = start + len(answer.rows)
        wanted = torch.tensor(answer.right * (1 - 2 * SMOOTHED) + SMOOTHED)
        least = -torch.logsumexp(-pair[start:end, 0], 0)
        loss = functional.binary_cross_entropy_with_logits(least, wanted)
        most = []
        for row, i in enumerate(answer.rows, start):
            ends = np.flatnonzero(rows.data.ids[i] == SEPARATOR)
            said = piece[row, ends[-2] + 1 : ends[-1], 0]
            if len(said):
                most.append(said.topk(min(3, len(said))).values.mean())
        if most:
            foreign = torch.stack(most).max()
            loss = loss + FOREIGN * functional.binary_cross_entropy_with_logits(foreign, 1 - wanted)
        total, start = total + answer.weight * loss, end
    return total / len(answers)


def _grouped(answers: Sequence[Rated], dice: random.Random) -> Iterator[list[Rated]]:
    order = sorted(dice.sample(answers, len(answers)), key=lambda a: len(a.rows))
    held: list[Rated] = []
    for answer in order:
        if held and sum(len(a.rows) for a in held) + len(answer.rows) > MOST_CLAIMS:
            yield held
            held = []
        held.append(answer)
    if held:
        yield held


def tune(model: Checker, pairs: Sequence[Halfway], rows: Halfway, answers: Sequence[Rated], *,
         rate: float, rounds: int, seed: int) -> Checker:  # fmt: skip
    """One pass over the pairs, ``rounds`` over the rated answers; the rate rises and falls."""
    dice = random.Random(seed)
    torch.manual_seed(seed)
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = DROPPED
    steps: list[tuple[Halfway, list[int]] | list[Rated]] = []
    for part in pairs:
        order = dice.sample(range(len(part.data)), len(part.data))
        steps += [(part, order[i : i + SIZE]) for i in range(0, len(order), SIZE)]
    for _ in range(rounds):
        steps += _grouped(answers, dice)
    dice.shuffle(steps)
    model.requires_grad_(False)
    heads = [*model.pair.parameters(), *model.piece.parameters()]
    body = [*model.body.encoder.layer[KEPT_LAYERS:].parameters()]
    for value in (*heads, *body):
        value.requires_grad_(True)
    groups = [{"params": body, "base": rate}, {"params": heads, "base": 3 * rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    for number, step in enumerate(steps):
        past = number / len(steps)
        for group in optimiser.param_groups:
            group["lr"] = group["base"] * min(past / 0.06 + 0.02, 1.0) * min(1.0, 1.03 - past)
        given = isinstance(step, list)
        loss = answer_loss(model, rows, step) if given else pair_loss(model, *step)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*heads, *body], 1.0)
        optimiser.step()
        if number % 100 == 0:
            print(f"{number} of {len(steps)} steps, loss {loss.item():.3f}", flush=True)
    return model


def tested(group: str) -> bool:
    """Whether a group of stances lies in the fifth that is kept for tests."""
    return zlib.crc32(group.encode()) % 5 == 0


def report(model: Checker, rows: Halfway) -> str:
    """Balanced accuracy on stances of documents not trained on."""
    model.eval()
    said: list[float] = []
    with torch.no_grad():
        for start in range(0, len(rows.states), SIZE):
            said += upper(model, rows.states[start : start + SIZE])[0][:, 0].tolist()
    score, right = np.array(said), rows.data.label > 0
    both = ((score[right] > 0).mean() + (score[~right] <= 0).mean()) / 2
    return f"stances not seen: balanced accuracy {both:.3f} of {len(said)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("start", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--stances", type=Path, required=True)
    parser.add_argument(
        "--replay", type=Path, nargs="+", required=True, help="what was made before"
    )
    parser.add_argument("--replayed", type=int, default=1_600, help="rows of those")
    parser.add_argument("--rate", type=float, default=8e-5)
    parser.add_argument("--rounds", type=int, default=3, help="passes over the rated answers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--left-out", action="append", default=[], help="as in train")
    parser.add_argument("--fourth", action="append", default=[], help="as in train")
    given = parser.parse_args()
    torch.set_num_threads(1)
    model = load(given.start)
    stances, made = (
        rows.where(~left_out(rows, given.left_out, given.fourth))
        for rows in (read([given.stances]), read(given.replay))
    )
    away = np.array([tested(g) for g in stances.group])
    drawn = random.Random(given.seed).sample(range(len(made)), min(given.replayed, len(made)))
    replayed = made.where(np.isin(np.arange(len(made)), drawn))
    pairs = [halfway(model, stances.where(~away)), halfway(model, replayed)]
    kept = halfway(model, stances.where(away))
    rows, answers = rated_rows()
    print("before,", report(model, kept))
    tune(model, pairs, halfway(model, rows), answers, rate=given.rate, rounds=given.rounds,
         seed=given.seed)  # fmt: skip
    print("after,", report(model, kept))
    torch.save({"model": model.state_dict()}, given.out)


if __name__ == "__main__":
    main()
