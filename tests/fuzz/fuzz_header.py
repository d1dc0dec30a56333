"""Fuzz the header walk and all that reads its result: no finding but HeaderError is allowed.

python -m pip install atheris
python tests/fuzz/fuzz_header.py tests/fuzz/corpus/header -max_total_time=600 -max_len=8192 -timeout=5
"""

import sys

import atheris

with atheris.instrument_imports(include=["jpegqf"]):
    from jpegqf.encoders import identify
    from jpegqf.errors import HeaderError
    from jpegqf.header import read_header
    from jpegqf.present import header_lines


def one(data: bytes) -> None:
    """Read a header with and without its scans, name the encoder, print it."""
    for scans in (True, False):
        try:
            header = read_header(data, scans)
        except HeaderError as error:
            assert len(str(error).splitlines()) == 1
        else:
            "\n".join(header_lines("x.jpg", header, identify(header))).encode("utf-8", "strict")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
