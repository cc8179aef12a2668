"""What the trainer says of itself on the way: progress, events, the loss curve."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

from persona.tuning.trainer.faults import DivergedError
from persona.tuning.trainer.folder import RUNNING, JobFolder

_EVERY_S = 0.5
_TOLD_LOSSES = 10
_POINTS = 400
"""Points of a loss curve that are kept."""


@dataclass(slots=True)
class Teller:
    """Writes how far a job is. ``stop`` is set by who wants it to end after the step at hand."""

    folder: JobFolder
    steps: int = 0
    stop: bool = False
    step: int = 0
    _began: float = field(default_factory=time.monotonic)
    _first_step: int | None = None
    _wrote: float = 0.0
    _loss: float | None = None
    _told_at: int = 0

    def begin(self, step: int, steps: int) -> None:
        """The training begins, or goes on, behind ``step``."""
        self.step, self.steps, self._first_step = step, steps, step
        self._began = time.monotonic()
        self._told_at = step
        self.write(step)

    def losses(self, step: int, logs: dict[str, float]) -> None:
        """What was measured in a step. Raises DivergedError."""
        if "eval_loss" in logs:
            value = logs["eval_loss"]
            said = f"loss on the validation set after step {step}: {value:.4f}"
            self.folder.tell("validation", said, step=step, loss=value)
            self.folder.measured(step, validation=float(value))
        if "loss" not in logs:
            return
        self._loss = float(logs["loss"])
        if not math.isfinite(self._loss):
            raise DivergedError(f"The loss is not a number any more in step {step}")
        self.folder.measured(step, loss=self._loss)
        if step - self._told_at >= max(1, self.steps // _TOLD_LOSSES) or step == self.steps:
            self._told_at = step
            said = f"step {step} of {self.steps}, loss {self._loss:.4f}"
            self.folder.tell("loss", said, step=step, loss=self._loss)

    def stepped(self, step: int) -> None:
        """A step is done."""
        self.step = step
        if time.monotonic() - self._wrote >= _EVERY_S or step == self.steps:
            self.write(step)

    def write(self, step: int, state: str = RUNNING, **more: Any) -> None:
        """Write the progress now."""
        self._wrote = time.monotonic()
        self.folder.write_progress(
            {
                "state": state,
                "step": step,
                "steps": self.steps,
                "loss": self._loss,
                "seconds_left": self._left(step),
                "at": time.time(),
                **more,
            }
        )

    def _left(self, step: int) -> float | None:
        """Seconds until the last step, at the pace of this process so far."""
        done = step - (self._first_step or 0)
        if done <= 0:
            return None
        return round((time.monotonic() - self._began) / done * (self.steps - step), 1)


def curve_of(history: list[dict[str, Any]]) -> list[list[float]]:
    """Steps and losses of a training, thinned out to some hundred points, the last one kept."""
    points = [[entry["step"], round(entry["loss"], 6)] for entry in history if "loss" in entry]
    thin = max(1, math.ceil(len(points) / _POINTS))
    kept = points[::thin]
    if points and kept[-1] != points[-1]:
        kept.append(points[-1])
    return kept


def callback_of(teller: Teller) -> Any:
    """The trainer's callback that feeds a teller."""
    from transformers import TrainerCallback

    class Telling(TrainerCallback):  # type: ignore[misc]  # transformers is not installed here
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            teller.begin(state.global_step, state.max_steps)

        def on_log(
            self,
            args: Any,  # noqa: ARG002
            state: Any,
            control: Any,  # noqa: ARG002
            logs: dict[str, float] | None = None,
            **_: Any,
        ) -> None:
            teller.losses(state.global_step, logs or {})

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            teller.stepped(state.global_step)
            if teller.stop:
                control.should_save = True
                control.should_training_stop = True

    return Telling()
