"""Network and configuration -> ``model.pth`` and ``model.onnx``, the same weights in both."""

import logging
import os
import warnings
from pathlib import Path

import onnx
import torch

from jpegqf.features import FEATURES
from jpegqf.model import METADATA_KEY, ModelConfig
from jpegqf.network import CandidateScorer


def save_pth(network: CandidateScorer, config: ModelConfig, target: Path) -> None:
    """A file of tensors and one JSON string, readable with ``weights_only=True``."""
    part = target.with_suffix(".part")
    weights = {name: value.cpu() for name, value in network.state_dict().items()}
    torch.save({METADATA_KEY: config.to_json(), "weights": weights}, part)
    os.replace(part, target)


def save_onnx(network: CandidateScorer, config: ModelConfig, target: Path) -> None:
    """The graph with its weights inside and the configuration as model metadata."""
    network = network.cpu().eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of torchvision, which is not used
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (torch.zeros(2, 100, FEATURES),),
            input_names=["evidence"],
            output_names=["log_probability"],
            dynamic_shapes=({0: torch.export.Dim("n")},),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("PyTorch exported no ONNX program")
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.helper.set_model_props(model, {METADATA_KEY: config.to_json()})
    onnx.checker.check_model(model, full_check=True)
    part = target.with_suffix(".part")
    onnx.save_model(model, part)
    os.replace(part, target)
