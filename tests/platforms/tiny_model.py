"""A tiny causal model with random weights and a byte-level tokenizer: made in seconds, no download.

Run with the training interpreter: ``python tests/platforms/tiny_model.py FOLDER``.
"""

from __future__ import annotations

import sys
from pathlib import Path

WORDS = (
    "How do I reset the sensor? Hold the button for five seconds; the light turns green. "
    "Answer briefly and warmly. Can I leave it out in winter? Bring it in before the first frost. "
    "system user assistant ### "
)


def make(folder: Path) -> None:
    """Two layers of 64, a vocabulary of some hundred byte pairs, the same weights each time."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<end>", "<fill>"], initial_alphabet=alphabet
    )
    raw.train_from_iterator([WORDS] * 4, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<end>", pad_token="<fill>")
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=4096,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
