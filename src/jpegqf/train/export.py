"""Network and configuration -> ``model.pth``."""

import os
from pathlib import Path

import torch

from jpegqf.model.checkpoint import METADATA_KEY
from jpegqf.model.config import ModelConfig
from jpegqf.model.network import CandidateScorer


def save_pth(network: CandidateScorer, config: ModelConfig, target: Path) -> None:
    """A file of tensors and one JSON string, readable with ``weights_only=True``."""
    part = target.with_suffix(".part")
    weights = {name: value.cpu() for name, value in network.state_dict().items()}
    torch.save({METADATA_KEY: config.to_json(), "weights": weights}, part)
    os.replace(part, target)
