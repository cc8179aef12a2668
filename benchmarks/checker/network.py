"""The checker's network: the embedder's six layers with two heads, two more on word pieces."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import BertModel

from benchmarks.checker.starting import configuration, starting_model


class Checker(nn.Module):
    """``pair``: logits that the evidence carries the claim, that it answers the question.

    ``piece``: for every word piece the logits that nothing carries it (in a claim), that it belongs
    to the answer (in evidence). The second output trains the first, and is shipped for spans.
    """

    def __init__(self, body: BertModel) -> None:
        super().__init__()
        self.body = body
        self.pair = nn.Linear(384, 2)
        self.piece = nn.Linear(384, 2)

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(
            input_ids=ids, token_type_ids=types, attention_mask=mask
        ).last_hidden_state
        return self.pair(hidden[:, 0]), self.piece(hidden)


def fresh() -> Checker:
    """A checker that starts from the embedder's weights."""
    return Checker(starting_model())


def load(path: Path) -> Checker:
    """A checker from a checkpoint of :mod:`benchmarks.checker.train`."""
    model = Checker(BertModel(configuration(), add_pooling_layer=False))
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["model"])
    return model
