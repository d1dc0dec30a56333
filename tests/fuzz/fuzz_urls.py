"""Fuzz what is made of a server's answer: bytes, or one line that says what is wrong. No finding is allowed.

python -m pip install atheris
python tests/fuzz/fuzz_urls.py FOUND -max_total_time=600 -max_len=4096 -timeout=20
"""

import sys

import atheris

with atheris.instrument_imports(include=["jpegqf", "http.client", "urllib.request"]):
    from targets import fetch_any_answer

if __name__ == "__main__":
    atheris.Setup(sys.argv, fetch_any_answer)
    atheris.Fuzz()
