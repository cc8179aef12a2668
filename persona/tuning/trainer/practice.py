"""A tiny model with random weights, to practise the loop with: made in a second, it says nonsense.

Two layers of 64 and a byte-level vocabulary of 400, about 170,000 weights; always the same ones.
"""

from __future__ import annotations

import sys
from pathlib import Path

_WORDS = (
    "How do I reset the sensor? Hold the button for five seconds; the light turns green. "
    "Answer briefly and warmly. Can I leave it out in winter? Bring it in before the first frost. "
    "system user assistant ### "
)
_VOCABULARY = 400
_LONGEST = 8192
_SEED = 7
_END, _FILL = "<end>", "<fill>"


def make(folder: Path) -> int:
    """Write the model and its tokenizer; the exit code. What is there is kept."""
    if folder.exists() and any(folder.iterdir()):
        sys.stderr.write(f"{folder} is not empty; name a new folder.\n")
        return 2
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=[_END, _FILL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    raw.train_from_iterator([_WORDS] * 4, trainer)
    signs = {"eos_token": _END, "pad_token": _FILL}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, **signs)
    torch.manual_seed(_SEED)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=_LONGEST,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    folder.mkdir(parents=True, exist_ok=True)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return 0
