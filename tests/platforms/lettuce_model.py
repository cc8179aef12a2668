"""A tiny model for LettuceDetect, with random weights: it runs, and knows nothing."""

from __future__ import annotations

from pathlib import Path


def make_lettuce_model(folder: Path) -> Path:
    """A token classifier of two labels with a vocabulary of letters, in the form of the library.

    Needs torch and transformers, which come with the extra `grounding`.
    """
    import torch
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    signs = [chr(c) for c in range(33, 127)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *signs, *(f"##{s}" for s in signs)]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False).save_pretrained(str(folder))
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=4096,
        num_labels=2,
    )
    BertForTokenClassification(config).save_pretrained(str(folder))
    return folder
