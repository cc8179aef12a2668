"""The starting weights: the built-in embedder's int8 file, taken back to floating point.

Nothing is downloaded: an encoder of six layers that was trained on pairs of sentences lies in the
repository already. ``python -m benchmarks.checker.starting`` says how near the two are.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from transformers import BertConfig, BertModel

EMBEDDER = Path(__file__).resolve().parents[2] / "knowledge" / "models" / "minilm-l6-v2-int8"


def configuration() -> BertConfig:
    """MiniLM-L6: six layers of 384, twelve heads."""
    return BertConfig(
        vocab_size=30_522,
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1_536,
        max_position_embeddings=512,
    )


def weights(path: Path) -> dict[str, torch.Tensor]:
    """The parameters of a :class:`BertModel` from the quantised graph."""
    graph = onnx.load(str(path)).graph
    held = {t.name: numpy_helper.to_array(t) for t in graph.initializer}

    def tensor(name: str) -> np.ndarray:
        scale = held[f"{name}_scale"].astype(np.float32)
        zero = held[f"{name}_zero_point"].astype(np.float32)
        return (held[f"{name}_quantized"].astype(np.float32) - zero) * scale

    found: dict[str, np.ndarray] = {}
    for name, value in held.items():
        plain = re.fullmatch(r"m\.(.+\.(?:weight|bias))", name)
        quantised = re.fullmatch(r"m\.(.+\.weight)_quantized", name)
        if plain:
            found[plain[1]] = value
        elif quantised:
            found[quantised[1]] = tensor(f"m.{quantised[1]}")
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            name = node.input[1].removesuffix("_quantized")
            module = re.fullmatch(r"/m/(.+)/MatMul_quant", node.name)
            if module is None:
                raise ValueError(f"an unknown node: {node.name}")
            found[module[1].replace("/", ".") + ".weight"] = tensor(name).T
    return {name: torch.tensor(np.ascontiguousarray(v)) for name, v in found.items()}


def starting_model(path: Path = EMBEDDER / "model.onnx") -> BertModel:
    """The embedder as a model that can be trained. Raises ValueError when a weight is missing."""
    model = BertModel(configuration(), add_pooling_layer=False)
    missing, unknown = model.load_state_dict(weights(path), strict=False)
    missing = [m for m in missing if "position_ids" not in m]
    if missing or unknown:
        raise ValueError(f"missing {missing}, unknown {unknown}")
    return model


def main() -> None:
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(EMBEDDER / "tokenizer.json"))
    session = onnxruntime.InferenceSession(str(EMBEDDER / "model.onnx"))
    model = starting_model().eval()
    for text in (
        "The warranty lasts 24 months.",
        "Restart the server after changing its configuration; otherwise nothing happens.",
    ):
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        kept = session.run(["sentence_embedding"], inputs)[0][0]
        with torch.no_grad():
            mean = model(torch.tensor(ids)).last_hidden_state[0].mean(0).numpy()
        print(f"{float(mean @ kept / np.linalg.norm(mean)):.5f}  {text}")


if __name__ == "__main__":
    main()
