"""Network and configuration -> ``model.pth`` and ``model.onnx``, the same weights in both."""

import os
from pathlib import Path

import torch

from jpegqf.model import METADATA_KEY, ModelConfig
from jpegqf.network import CandidateScorer
from jpegqf.onnx_graph import write_file


def save_pth(network: CandidateScorer, config: ModelConfig, target: Path) -> None:
    """A file of tensors and one JSON string, readable with ``weights_only=True``."""
    part = target.with_suffix(".part")
    weights = {name: value.cpu() for name, value in network.state_dict().items()}
    torch.save({METADATA_KEY: config.to_json(), "weights": weights}, part)
    os.replace(part, target)


def save_onnx(network: CandidateScorer, config: ModelConfig, target: Path) -> None:
    """The graph of ``jpegqf.onnx_graph`` with the network's weights inside and the configuration as model metadata."""
    part = target.with_suffix(".part")
    weights = {name: value.cpu().numpy() for name, value in network.state_dict().items()}
    for layer in ("candidate", "narrow"):
        weights[f"{layer}.matrix"] = weights.pop(f"{layer}.weight").T
    part.write_bytes(write_file(weights, {METADATA_KEY: config.to_json()}))
    os.replace(part, target)
