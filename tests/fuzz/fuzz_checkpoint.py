"""Fuzz the checkpoint loader, the file, its pickle and its metadata: no finding but CheckpointError is allowed.

python -m pip install atheris
python tests/fuzz/fuzz_checkpoint.py tests/fuzz/corpus/checkpoint -max_total_time=600 -max_len=16384 -timeout=20
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["jpegqf"]):
    from targets import load_any_checkpoint

FOLDER = Path(tempfile.mkdtemp())


def one(data: bytes) -> None:
    """Load bytes as what they look like."""
    load_any_checkpoint(data, FOLDER)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
