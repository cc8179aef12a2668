"""How each method is trained with TRL: the settings and the trainer that go with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_RATES = {"sft": 2e-4, "dpo": 5e-6, "kto": 5e-6}
"""LoRA's usual rate for imitation; a fortieth of it for preferences, which overfit sooner."""

EXAMPLES_A_STEP = 8
MOST_CHECKPOINT_STEPS = 50
SEED = 20260106


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is trained how. ``batch`` examples at a time on the device, ``EXAMPLES_A_STEP`` a step.

    ``tokens`` is the longest example; ``checkpoint_every`` counts steps, 0: chosen by their number.
    """

    method: str
    epochs: int
    learning_rate: float
    rank: int
    tokens: int
    examples: int
    batch: int
    checkpoint_every: int = 0

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return math.ceil(self.examples / EXAMPLES_A_STEP) * self.epochs

    def arguments(self, folder: Path, place: str, *, evaluate: bool) -> dict[str, Any]:
        """What all three trainers are told."""
        from persona.tuning.trainer.loading import number_type

        every = self.checkpoint_every or min(MOST_CHECKPOINT_STEPS, max(1, self.steps // 10))
        return {
            "output_dir": str(folder),
            "num_train_epochs": self.epochs,
            "per_device_train_batch_size": self.batch,
            "per_device_eval_batch_size": self.batch,
            "gradient_accumulation_steps": max(1, EXAMPLES_A_STEP // self.batch),
            "learning_rate": self.learning_rate,
            "warmup_steps": max(1, self.steps // 20),
            "lr_scheduler_type": "cosine",
            "logging_steps": 1,
            "save_strategy": "steps",
            "save_steps": every,
            "save_total_limit": 2,
            "eval_strategy": "epoch" if evaluate else "no",
            "max_length": self.tokens,
            "bf16": str(number_type(place)) == "torch.bfloat16",
            "use_cpu": place == "cpu",
            "gradient_checkpointing": place == "cuda",
            "dataloader_pin_memory": place == "cuda",
            "disable_tqdm": True,
            "report_to": [],
            "seed": SEED,
        }


def lora(rank: int) -> Any:
    """LoRA on every linear layer (QLoRA, arXiv 2305.14314, found all of them to matter)."""
    from peft import LoraConfig

    return LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.05,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def weights_of(labels: list[bool]) -> dict[str, float]:
    """Weights that make up for more examples of one label (KTO, arXiv 2402.01306, equation 8)."""
    good = sum(labels)
    bad = len(labels) - good
    if not good or not bad or good == bad:
        return {}
    if good < bad:
        return {"desirable_weight": bad / good}
    return {"undesirable_weight": good / bad}


def trainer_for(
    recipe: Recipe,
    model: Any,
    tokenizer: Any,
    rows: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    folder: Path,
    place: str,
    callback: Any,
) -> Any:
    """TRL's trainer of a method, ready to run. ``rows`` are to train on and to validate with."""
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

    train, validation = rows
    evaluate = len(validation) >= 2
    told = recipe.arguments(folder, place, evaluate=evaluate)
    configure: Any
    kind: Any
    if recipe.method == "sft":
        configure, kind = SFTConfig, SFTTrainer
        told["completion_only_loss"] = True
    elif recipe.method == "dpo":
        configure, kind = DPOConfig, DPOTrainer
    else:
        configure, kind = KTOConfig, KTOTrainer
        told |= weights_of([row["label"] for row in train])
    return kind(
        model=model,
        args=configure(**told),
        train_dataset=Dataset.from_list(train),
        eval_dataset=Dataset.from_list(validation) if evaluate else None,
        processing_class=tokenizer,
        peft_config=lora(recipe.rank),
        callbacks=[callback],
    )
