"""What went wrong in the trainer, in one sentence that says what to do."""

from __future__ import annotations

import errno

from persona.tuning.trainer.lines import DataError
from persona.tuning.trainer.loading import BaseModelError, first_line

_DISK_WORDS = (
    "No space left",
    "os error 28",  # safetensors
    "file write failed",  # torch, and the next two as well
    "PytorchStreamWriter failed",
    "inline_container",
)


class DivergedError(Exception):
    """The loss is no number any more."""


class StoppedError(Exception):
    """Somebody asked the trainer to stop; a checkpoint was written."""


def sentence(error: BaseException, base: str) -> str:
    """What a person reads in ``tune show``."""
    text = str(error).rstrip(".")
    told = {
        DataError: f"The data set cannot be trained on: {text}; build it anew with `wellspoken "
        "dataset build`.",
        BaseModelError: f'The base model "{base}" cannot be used: {text}; name another '
        "with --base.",
        DivergedError: f"{text}; lower [tuning] learning_rate and start a new round.",
        ImportError: f"The trainer lacks a package ({first_line(error)}); install "
        '"wellspoken[train]" into the Python of [tuning] python.',
    }
    for kind, words in told.items():
        if isinstance(error, kind):
            return words
    if is_out_of_memory(error):
        return (
            f'There is not enough memory to train "{base}", even with the fewest examples at a '
            "time; name a smaller model with --base, or lower [tuning] tokens or rank."
        )
    if is_disk_full(error):
        return (
            "The disk is full; free some space and go on from the last checkpoint with "
            "`wellspoken tune watch`."
        )
    return f"The training broke off ({type(error).__name__}: {first_line(error)})."


def is_out_of_memory(error: BaseException) -> bool:
    """Memory of the GPU or of the machine that ran out."""
    name = type(error).__name__
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or "OutOfMemory" in name
        or (
            isinstance(error, RuntimeError)
            and ("out of memory" in text or "can't allocate memory" in text)
        )
    )


def is_disk_full(error: BaseException) -> bool:
    """A disk that is full, as Python, torch and safetensors say it; or what followed from it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if any(words in str(seen) for words in _DISK_WORDS):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def may_go_on(error: BaseException) -> bool:
    """Whether the same job can go on from its last checkpoint once that is mended."""
    return is_disk_full(error) or isinstance(error, StoppedError)
