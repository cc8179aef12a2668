"""What a step of the first run says; how the steps are found out is ``adapters.first_run``'s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """How a step stands."""

    DONE = "done"
    TODO = "to do"
    OPTIONAL = "optional"
    TROUBLE = "trouble"
    CHECKING = "checking"


@dataclass(frozen=True, slots=True)
class Lines:
    """What is to be written, and where."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step: how it stands and ``why``, what to write, and the page that helps."""

    name: str
    title: str
    way: Way
    why: str
    lines: tuple[Lines, ...] = ()
    address: str = ""
    words: str = ""


def is_waiting(steps: Sequence[Step]) -> bool:
    """Whether some step waits for others' answers."""
    return any(step.way is Way.CHECKING for step in steps)


def is_done(steps: Sequence[Step]) -> bool:
    """Whether nothing is left that must be done."""
    return all(step.way in (Way.DONE, Way.OPTIONAL) for step in steps)
