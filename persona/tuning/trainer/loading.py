"""Base models: any causal model that transformers can load, by its folder or its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

TEMPLATE = (
    "{% for m in messages %}{{ '### ' + m['role'] + '\\n' + m['content'] }}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### assistant\\n' }}{% endif %}"
)
"""For tokenizers that bring none: a question renders the same with and without its answer."""


class BaseModelError(Exception):
    """A base model that cannot be loaded; says why."""


def device() -> str:
    """Where is trained: ``cuda``, ``mps`` or ``cpu``."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def number_type(place: str) -> torch.dtype:
    """bfloat16 on a GPU that has it, else 32 bits: halves are slow on a CPU."""
    import torch

    bf16 = place == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if bf16 else torch.float32


def load_tokenizer(source: str) -> Any:
    """The tokenizer of a base or of an adapter's folder, with a chat template and a token to fill
    up with. Raises BaseModelError."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            source, local_files_only=is_folder(source), trust_remote_code=False
        )
    except Exception as error:
        raise BaseModelError(f"its tokenizer cannot be read: {first_line(error)}") from error
    if not getattr(tokenizer, "chat_template", None):
        tokenizer.chat_template = TEMPLATE
    if tokenizer.eos_token is None:
        raise BaseModelError("its tokenizer has no token that ends a text (eos_token)")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(base: str, place: str) -> Any:
    """The model, on its device. Raises BaseModelError; memory that runs out comes as it is."""
    import torch
    from transformers import AutoModelForCausalLM

    try:
        model = AutoModelForCausalLM.from_pretrained(
            base,
            dtype=number_type(place),
            local_files_only=is_folder(base),
            trust_remote_code=False,  # nobody is asked either: a model is data, not a program
        )
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        raise BaseModelError(first_line(error)) from error
    return model.to(place)


def is_folder(base: str) -> bool:
    """Whether a base is named by its folder: then nothing is asked of any hub."""
    return Path(base).is_dir()


def first_line(error: BaseException) -> str:
    """The first line of what a library said, shortened."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    text = (text or type(error).__name__).rstrip(".")
    return text if len(text) <= 300 else text[:299] + "…"
