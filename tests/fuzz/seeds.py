"""Make the first inputs of both fuzzers: small files with a bit of everything.

python tests/fuzz/seeds.py
"""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image

from jpegqf.model.checkpoint import load_model
from jpegqf.model.config import Width
from jpegqf.model.network import CandidateScorer
from jpegqf.train.export import save_pth

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
    """The smallest checkpoint that loads, its metadata, and the pickle in it."""
    config = replace(load_model().config, width=Width(hidden=1, score=1), training={})
    folder = CORPUS / "checkpoint"
    (folder / "metadata.json").write_text(config.to_json())
    torch.manual_seed(0)
    network = CandidateScorer(config.width)
    save_pth(network, config, folder / "model.pth")
    with zipfile.ZipFile(folder / "model.pth") as archive:
        (folder / "data.pkl").write_bytes(archive.read("model/data.pkl"))


if __name__ == "__main__":
    headers()
    checkpoints()
