"""The adapter's folder with its card: what it was made of, and how it went."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import Any

from persona.tuning.trainer.folder import JobFolder, write_object
from persona.tuning.trainer.installed import versions
from persona.tuning.trainer.recipes import EXAMPLES_A_STEP, SEED, Recipe


def write_adapter(
    folder: JobFolder,
    model: Any,
    tokenizer: Any,
    *,
    job: dict[str, Any],
    recipe: Recipe,
    place: str,
    digest: str,
    curve: list[list[float]],
    validation: list[float],
) -> None:
    """Write adapter, tokenizer and card; the folder appears when all of it is there."""
    draft = folder.path / "adapter.new"
    shutil.rmtree(draft, ignore_errors=True)
    model.save_pretrained(draft)
    tokenizer.save_pretrained(draft)
    card = {
        "job": job["job"],
        "base": job["base"],
        "method": recipe.method,
        "dataset": job.get("dataset", ""),
        "data_sha256": digest,
        "persona": job.get("persona", ""),
        "hyperparameters": {
            "epochs": recipe.epochs,
            "learning_rate": recipe.learning_rate,
            "lora_rank": recipe.rank,
            "longest_example_tokens": recipe.tokens,
            "examples_a_step": EXAMPLES_A_STEP,
            "examples_at_a_time": recipe.batch,
            "seed": SEED,
        },
        "examples": recipe.examples,
        "device": place,
        "loss": curve,
        "validation_loss": validation,
        "versions": versions(),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_object(draft / "card.json", card)
    (draft / "README.md").write_text(_in_words(card), "utf-8")
    draft.replace(folder.adapter)


def _in_words(card: dict[str, Any]) -> str:
    """The card for people, in place of the library's own."""
    curve = card["loss"]
    went = f"{curve[0][1]:.4f} to {curve[-1][1]:.4f}" if curve else "not measured"
    how = "\n".join(f"| {name} | {value} |" for name, value in card["hyperparameters"].items())
    made = ", ".join(f"{name} {number}" for name, number in card["versions"].items())
    return (
        f"# Adapter of job {card['job']}\n\n"
        f"A LoRA adapter of `{card['base']}`, trained with {card['method'].upper()} on "
        f"{card['examples']} examples of data set {card['dataset'] or 'unnamed'} "
        f"(SHA-256 {card['data_sha256']}), persona {card['persona'] or 'unnamed'}.\n\n"
        f"Loss: {went}. Made {card['made_at']} on {card['device']} with {made}.\n\n"
        f"| setting | value |\n|---|---|\n{how}\n"
    )
