"""Fuzz the header walk and all that reads its result: no finding but HeaderError is allowed.

python -m pip install atheris
python tests/fuzz/fuzz_header.py tests/fuzz/corpus/header -max_total_time=600 -max_len=8192 -timeout=5
"""

import sys

import atheris

with atheris.instrument_imports(include=["jpegqf"]):
    from targets import read_any_header

if __name__ == "__main__":
    atheris.Setup(sys.argv, read_any_header)
    atheris.Fuzz()
