"""The losses of a round by step: what its trainer measured, or what its events tell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from persona.tuning.base import Event
from persona.tuning.trainer.folder import JobFolder, read_object


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss after a step: on the examples trained on, and on those kept to validate with;
    ``None`` where it was not measured."""

    step: int
    training: float | None = None
    validation: float | None = None


def kept_losses(folder: Path) -> list[Loss]:
    """What the trainer of a job's folder measured, by step; empty where it is on another machine.

    A trainer that kept no losses left the curve of its card, once it was done.
    """
    job = JobFolder(folder)
    told = job.read_losses()
    if not told:
        curve = read_object(job.adapter / "card.json").get("loss")
        pairs = [p for p in curve if isinstance(p, list)] if isinstance(curve, list) else []
        told = [{"step": p[0], "loss": p[1]} for p in pairs if len(p) == 2]
    return _by_step(_loss(t.get("step"), t.get("loss"), t.get("validation")) for t in told)


def told_losses(events: Iterable[Event]) -> list[Loss]:
    """What events say, by step: those of a trainer of ours, and the metrics of a service."""
    return _by_step(_told(event) for event in events)


def joined(first: Sequence[Loss], then: Sequence[Loss]) -> list[Loss]:
    """Both by step; where both know one, the second counts."""
    return _by_step((*first, *then))


def _told(event: Event) -> Loss | None:
    data = event.data
    if event.kind == "validation":
        return _loss(data.get("step"), None, data.get("loss"))
    if event.kind not in ("loss", "metrics"):
        return None
    validation = data.get("full_valid_loss", data.get("valid_loss"))
    return _loss(data.get("step"), data.get("loss", data.get("train_loss")), validation)


def _loss(step: Any, training: Any, validation: Any) -> Loss | None:
    """A loss of values that came from outside; ``None`` where they are none."""
    at = _number(step)
    if at is None:
        return None
    found = Loss(int(at), _number(training), _number(validation))
    return None if found.training is None and found.validation is None else found


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _by_step(losses: Iterable[Loss | None]) -> list[Loss]:
    """One a step, in order; what was measured last counts."""
    found: dict[int, Loss] = {}
    for loss in losses:
        if loss is None:
            continue
        known = found.get(loss.step, Loss(loss.step))
        training = known.training if loss.training is None else loss.training
        validation = known.validation if loss.validation is None else loss.validation
        found[loss.step] = replace(known, training=training, validation=validation)
    return [found[step] for step in sorted(found)]
