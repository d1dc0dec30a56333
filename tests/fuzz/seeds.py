"""Make the first inputs of both fuzzers: small files with a bit of everything.

python tests/fuzz/seeds.py
"""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from jpegqf.features import FEATURES
from jpegqf.model import METADATA_KEY, Width, load_model
from jpegqf.network import CandidateScorer

CORPUS = Path(__file__).parent / "corpus"
HEADERS: dict[str, dict[str, object]] = {
    "baseline": {"quality": 75},
    "progressive": {"quality": 30, "progressive": True, "comment": b"hello"},
    "restarts": {"quality": 92, "subsampling": 0, "restart_marker_blocks": 1, "optimize": True},
    "tables": {
        "qtables": [[8] * 64, list(range(1, 65))],
        "icc_profile": b"profile",
        "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0",
    },
}


def headers() -> None:
    """JPEGs of the kinds that the walk tells apart."""
    image = Image.linear_gradient("L").resize((17, 9))
    for name, options in HEADERS.items():
        out = io.BytesIO()
        image.convert("RGB").save(out, "JPEG", **options)
        (CORPUS / "header" / f"{name}.jpg").write_bytes(out.getvalue())
    for mode in ("L", "CMYK"):
        out = io.BytesIO()
        image.convert(mode).save(out, "JPEG", quality=50)
        (CORPUS / "header" / f"{mode.lower()}.jpg").write_bytes(out.getvalue())


def checkpoints() -> None:
    """The smallest checkpoints that load, and their metadata."""
    config = replace(load_model().config, width=Width(hidden=1, score=1), training={})
    folder = CORPUS / "checkpoint"
    (folder / "metadata.json").write_text(config.to_json())
    weights = CandidateScorer(config.width).state_dict()
    torch.save({METADATA_KEY: config.to_json(), "weights": weights}, folder / "model.pth")
    matrix = numpy_helper.from_array(np.zeros((FEATURES, 1), np.float32), "m")
    nodes = [
        helper.make_node("MatMul", ["x", "m"], ["y"]),
        helper.make_node("Squeeze", ["y", "axis"], ["z"]),
        helper.make_node("Pad", ["z", "pads"], ["out"]),
    ]
    constants = [
        matrix,
        numpy_helper.from_array(np.array([2]), "axis"),
        numpy_helper.from_array(np.array([0, 0, 0, 1]), "pads"),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 100, FEATURES])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 101])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: config.to_json()})
    onnx.save(model, folder / "model.onnx")


if __name__ == "__main__":
    headers()
    checkpoints()
