"""Fuzz ``Inspector.inspect`` on whole images: no exception at all is allowed.

python -m pip install atheris
python tests/fuzz/images.py FOLDER   # writes small images of every container
python tests/fuzz/fuzz_inspect.py FOLDER -max_total_time=600 -max_len=16384 -timeout=20
"""

import sys

import atheris

with atheris.instrument_imports(include=["jpegqf"]):
    from targets import inspect_anything

if __name__ == "__main__":
    atheris.Setup(sys.argv, inspect_anything)
    atheris.Fuzz()
