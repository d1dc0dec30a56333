"""Fuzz the checkpoint loader, ONNX, PyTorch and metadata alike: no finding but CheckpointError is allowed.

python -m pip install atheris
python tests/fuzz/fuzz_checkpoint.py tests/fuzz/corpus/checkpoint -max_total_time=600 -max_len=16384 -timeout=20
"""

import os
import sys
import tempfile
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["jpegqf"]):
    from jpegqf.errors import CheckpointError, MissingExtraError
    from jpegqf.model import load_model, parse_config

with suppress(ImportError):
    import torch  # noqa: F401 - its import is not the time of the first input
import onnxruntime  # noqa: F401 - the same

FOLDER = tempfile.mkdtemp()


def one(data: bytes) -> None:
    """Load bytes as what they look like."""
    if data[:1] == b"{":
        with suppress(CheckpointError):
            parse_config(data.decode("utf-8", "replace"))
        return
    path = os.path.join(FOLDER, "x.pth" if data[:2] == b"PK" else "x.onnx")
    with open(path, "wb") as file:
        file.write(data)
    try:
        load_model(path, "cpu")
    except MissingExtraError:
        pass
    except CheckpointError as error:
        assert len(str(error).splitlines()) == 1


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
