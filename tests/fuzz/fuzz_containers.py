"""Fuzz the readers of containers: other codecs, TIFFs, multi-picture JPEGs, PDF and DICOM. No finding is allowed.

python -m pip install atheris
python tests/fuzz/images.py SEEDS
python tests/fuzz/fuzz_containers.py FOUND SEEDS -max_total_time=600 -max_len=16384 -timeout=20
"""

import sys

import atheris

with atheris.instrument_imports(include=["jpegqf", "pypdf", "pydicom"]):
    from targets import read_any_container

if __name__ == "__main__":
    atheris.Setup(sys.argv, read_any_container)
    atheris.Fuzz()
