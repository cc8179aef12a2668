"""Exports a trained checker as int8 ONNX, and says how near it stays and how fast it is.

    python -m benchmarks.checker.export CHECKPOINT.pt… FOLDER

Of several checkpoints of one course of training the mean of the weights is exported. Needs torch,
onnx and onnxruntime. One text a call: the graph has no attention mask. Weights are quantised per
channel to seven bits, which processors without VNNI multiply without saturation.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from torch import Tensor, nn

from benchmarks.checker.network import Checker, load


class _Single(nn.Module):
    """One text, no padding."""

    def __init__(self, model: Checker) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        pair, piece = self.model(input_ids, token_type_ids, torch.ones_like(input_ids))
        return pair, piece


def export(model: Checker, target: Path, *, fused: bool = False) -> Path:
    """Write ``target`` (int8) and return the path of its floating point twin."""
    model.eval()
    model.body.set_attn_implementation("eager")
    ids = torch.full((1, 16), 1_500)
    folder = Path(tempfile.mkdtemp())
    plain, whole = folder / "plain.onnx", folder / "whole.onnx"
    torch.onnx.export(
        _Single(model), (ids, torch.zeros_like(ids)), str(plain),
        input_names=["input_ids", "token_type_ids"], output_names=["pair", "piece"],
        opset_version=17, dynamo=False,
        dynamic_axes={n: {1: "s"} for n in ("input_ids", "token_type_ids", "piece")},
    )  # fmt: skip
    if fused:
        found = optimize_model(str(plain), "bert", num_heads=12, hidden_size=384)
        found.save_model_to_file(str(whole))
    else:
        whole = plain
    quantize_dynamic(
        str(whole), str(target), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )  # fmt: skip
    return whole


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def milliseconds(path: Path, length: int = 128, runs: int = 40) -> float:
    """The median time of a pass of so many word pieces on one core."""
    held = session(path)
    ids = np.random.default_rng(1).integers(1_000, 20_000, (1, length))
    inputs = {"input_ids": ids, "token_type_ids": np.zeros_like(ids)}
    taken = []
    for _ in range(runs):
        begun = time.thread_time()
        held.run(["pair"], inputs)
        taken.append(time.thread_time() - begun)
    return float(np.median(taken[5:])) * 1_000


def mean_of(checkpoints: Sequence[Path]) -> Checker:
    """The network with the mean of the checkpoints' weights."""
    model = load(checkpoints[0])
    states = [load(c).state_dict() for c in checkpoints]
    mean = {
        name: torch.stack([s[name] for s in states]).mean(0)
        if first.is_floating_point() else first
        for name, first in states[0].items()
    }  # fmt: skip
    model.load_state_dict(mean)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    target = given.folder / "model.onnx"
    twin = export(mean_of(given.checkpoints), target)
    print(target.stat().st_size, hashlib.sha256(target.read_bytes()).hexdigest())
    print(f"a pass of 128 word pieces: {milliseconds(target):.1f} ms, of floating point"
          f" {milliseconds(twin):.1f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
