"""Training of one job from its folder: the first time, or on from the last checkpoint."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import random
import shutil
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from persona.tuning.trainer.card import write_adapter
from persona.tuning.trainer.faults import (
    StoppedError,
    is_out_of_memory,
    may_go_on,
    sentence,
)
from persona.tuning.trainer.folder import FAILED, SUCCEEDED, JobFolder, read_object
from persona.tuning.trainer.lines import DataError, read_rows
from persona.tuning.trainer.recipes import (
    DEFAULT_RATES,
    EXAMPLES_A_STEP,
    SEED,
    Recipe,
    trainer_for,
)
from persona.tuning.trainer.telling import Teller, callback_of, curve_of

Rows = list[dict[str, Any]]


def run_job(path: Path, held: int | None = None) -> int:
    """Train the job of a folder. ``held`` is a descriptor with its lock. Exit codes: 0 done, 1
    failed (the reason is in the progress), 2 no job, 3 another trainer has it."""
    folder = JobFolder(path)
    job = read_object(folder.job)
    if not job:
        sys.stderr.write(f"{folder.job} cannot be read.\n")
        return 2
    held = folder.take_lock(patient=True) if held is None else held
    if held is None:
        sys.stderr.write(f"Another trainer has {path}.\n")
        return 3
    folder.sign(held)
    teller = Teller(folder)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: setattr(teller, "stop", True))
    try:
        folder.reserve()
        _train(job, folder, teller)
    except Exception as error:  # noqa: BLE001 - whatever it is, its sentence is the job's end
        traceback.print_exc()
        _told_failure(folder, teller, job, error)
        return 1
    finally:
        folder.free_reserve()
    return 0


def _told_failure(folder: JobFolder, teller: Teller, job: Any, error: Exception) -> None:
    folder.free_reserve()  # room for these words on a full disk
    step = teller.step
    text = (
        f"The training was stopped at step {step} of {teller.steps or '…'}; go on with it with "
        "`wellspoken tune watch`."
        if isinstance(error, StoppedError)
        else sentence(error, job.get("base", ""))
    )
    with contextlib.suppress(OSError):  # then the dead trainer itself is what is seen
        teller.write(step, FAILED, error=text, resumable=may_go_on(error))
        folder.tell("failed", text)


def _train(job: dict[str, Any], folder: JobFolder, teller: Teller) -> None:
    if folder.adapter.is_dir():  # killed between the last file and the last word
        _finished(folder, teller, read_object(folder.adapter / "card.json"))
        return
    import torch
    from transformers import set_seed

    from persona.tuning.trainer.loading import device

    set_seed(SEED)
    place = device()
    method = job["method"]
    digest = _digest(job)  # of what is read now: people may be forgotten while it trains
    rows = _rows(Path(job["train"]), method), _validation(job, method)
    found = folder.last_checkpoint()
    step = int(found.name.rpartition("-")[2]) if found else 0
    name = (
        torch.cuda.get_device_name(0) if place == "cuda" else {"cpu": "the CPU"}.get(place, place)
    )
    said = f"training on {name}: {len(rows[0])} examples, {len(rows[1])} to validate with"
    folder.tell(
        "resumed" if found else "started", f"{said}, on from step {step}" if found else said
    )
    trainer, recipe = _fitted(job, rows, folder, place, teller, found)
    if teller.stop:
        raise StoppedError
    write_adapter(
        folder,
        trainer.model,
        trainer.processing_class,
        job=job,
        recipe=recipe,
        place=place,
        digest=digest,
        curve=curve_of(trainer.state.log_history),
        validation=[e["eval_loss"] for e in trainer.state.log_history if "eval_loss" in e],
    )
    _finished(folder, teller, read_object(folder.adapter / "card.json"))


def _finished(folder: JobFolder, teller: Teller, card: dict[str, Any]) -> None:
    curve = card.get("loss", [])
    steps, loss = curve[-1] if curve else (0, None)
    teller.steps = teller.steps or steps
    folder.tell("finished", "the adapter is written", steps=steps, loss=loss)
    teller.write(teller.steps, SUCCEEDED, loss=loss, adapter=str(folder.adapter))
    shutil.rmtree(folder.checkpoints, ignore_errors=True)  # several times the adapter's size


def _fitted(
    job: dict[str, Any],
    rows: tuple[Rows, Rows],
    folder: JobFolder,
    place: str,
    teller: Teller,
    found: Path | None,
) -> tuple[Any, Recipe]:
    """A trained trainer; where memory runs out, half as many examples at a time are tried."""
    from persona.tuning.trainer.loading import load_model, load_tokenizer

    tokenizer = load_tokenizer(job["base"])
    batch = EXAMPLES_A_STEP if place == "cuda" else EXAMPLES_A_STEP // 2
    least = 2 if job["method"] == "kto" else 1  # its KL needs another example beside each
    while True:
        try:
            model = load_model(job["base"], place)
            recipe = _recipe(job, rows, model, batch)
            trainer = trainer_for(
                recipe, model, tokenizer, rows, folder.checkpoints, place, callback_of(teller)
            )
            _check_left(trainer.train_dataset, recipe, job, folder)
            trainer.train(resume_from_checkpoint=str(found) if found else None)
        except Exception as error:
            if not is_out_of_memory(error) or batch <= least:
                raise
        else:
            return trainer, recipe
        batch //= 2
        trainer = model = None
        found = folder.last_checkpoint()
        _forget_memory()
        folder.tell("memory", f"memory ran out; {batch} examples at a time are tried", batch=batch)


def _check_left(examples: Any, recipe: Recipe, job: Mapping[str, Any], folder: JobFolder) -> None:
    """TRL leaves out what would be cut before its answer. Raises DataError where that is all."""
    left = recipe.examples - len(examples)
    is_the_most = recipe.tokens < _tokens_wanted(job)
    advice = "take a base that reads more" if is_the_most else "allow more tokens ([tuning] tokens)"
    longer = f"longer than {recipe.tokens} tokens; {advice}"
    if not len(examples):
        raise DataError(f"every example is {longer}")
    if left:
        are = "is" if left == 1 else "are"
        said = f"{left} of {recipe.examples} examples {are} {longer}"
        folder.tell("left out", said, examples=left)


def _forget_memory() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _recipe(job: dict[str, Any], rows: tuple[Rows, Rows], model: Any, batch: int) -> Recipe:
    wanted = job.get("hyperparameters", {})
    tokens = _tokens_wanted(job)
    longest = getattr(model.config, "max_position_embeddings", None)
    return Recipe(
        method=job["method"],
        epochs=int(wanted.get("epochs") or 3),
        learning_rate=float(wanted.get("learning_rate") or DEFAULT_RATES[job["method"]]),
        rank=int(wanted.get("rank") or 16),
        tokens=min(tokens, longest) if isinstance(longest, int) and longest > 0 else tokens,
        examples=len(rows[0]),
        batch=batch,
        checkpoint_every=int(wanted.get("checkpoint_every") or 0),
    )


def _tokens_wanted(job: Mapping[str, Any]) -> int:
    return int(job.get("hyperparameters", {}).get("tokens") or 4096)


def _rows(path: Path, method: str) -> Rows:
    """The training examples, in a fixed order that mixes them. Raises DataError."""
    rows = read_rows(path, method)
    if not rows:
        raise DataError("it is empty")
    if method == "kto" and len({row["label"] for row in rows}) == 1:
        only = "good" if rows[0]["label"] else "bad"
        raise DataError(f"kto learns from good and bad answers, and all of these are {only}")
    random.Random(SEED).shuffle(rows)  # noqa: S311 - KTO goes through them in order
    return rows


def _validation(job: dict[str, Any], method: str) -> Rows:
    path = job.get("validation")
    return read_rows(Path(path), method) if path and Path(path).is_file() else []


def _digest(job: dict[str, Any]) -> str:
    """SHA-256 of both files as they were trained on."""
    found = hashlib.sha256()
    for name in ("train", "validation"):
        path = job.get(name)
        if path and Path(path).is_file():
            found.update(Path(path).read_bytes())
    return found.hexdigest()
